//! Small logs, written request by request, for tests that need one thing to be so and nothing else.

#![allow(dead_code)] // each test uses a part of it

use forbid_logs::findings::Analysis;
use forbid_logs::synth::Random;
use std::fs;
use std::path::PathBuf;

use crate::running::{analyze, settings};

/// Browsers that ordinary visitors have.
pub const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
];
/// A program that calls an interface.
pub const PROGRAM: &str = "python-requests/2.32.3";
/// Another one.
pub const OTHER_PROGRAM: &str = "axios/1.7.2";
/// Size of nginx's own page of a denial, as most agents get it.
pub const SERVER_PAGE: u32 = 153;
/// Size of an application's answer.
pub const APPLICATION_BODY: u32 = 47;

/// One line of a log in the making.
#[derive(Debug, Clone)]
pub struct Request {
    /// Seconds after nine o'clock.
    pub at_s: f64,
    pub ip: String,
    pub method: &'static str,
    pub path: String,
    pub status: u16,
    pub bytes: u32,
    pub referer: String,
    pub agent: String,
}

/// An admitted GET.
pub fn get(at_s: f64, ip: &str, path: &str, agent: &str) -> Request {
    Request {
        at_s,
        ip: ip.to_string(),
        method: "GET",
        path: path.to_string(),
        status: 200,
        bytes: 2_000 + path.len() as u32,
        referer: "-".to_string(),
        agent: agent.to_string(),
    }
}

impl Request {
    /// The same, denied by the server itself.
    pub fn denied(self) -> Request {
        self.answered(403, SERVER_PAGE)
    }

    pub fn answered(self, status: u16, bytes: u32) -> Request {
        Request {
            status,
            bytes,
            ..self
        }
    }

    pub fn denied_if(self, denied: bool) -> Request {
        if denied { self.denied() } else { self }
    }

    /// The same as a POST of a page's form.
    pub fn posted_from(self, referer: &str) -> Request {
        Request {
            method: "POST",
            referer: referer.to_string(),
            ..self
        }
    }

    fn line(&self, zone: &str) -> String {
        let second = self.at_s as u64;
        format!(
            "{} - - [10/Mar/2026:{:02}:{:02}:{:02} {zone}] \"{} {} HTTP/1.1\" {} {} \"{}\" \"{}\"\n",
            self.ip,
            9 + second / 3600,
            second / 60 % 60,
            second % 60,
            self.method,
            self.path,
            self.status,
            self.bytes,
            self.referer,
            self.agent,
        )
    }
}

/// The requests of a log.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    pub requests: Vec<Request>,
}

impl Traffic {
    /// An hour of ordinary visitors and programs, all admitted, from a seed.
    pub fn ordinary(seed: u64) -> Traffic {
        let mut traffic = Traffic::default();
        let mut random = Random::new(seed);
        let mut at_s = 0.0;
        while at_s < 3_600.0 {
            at_s += random.exponential(0.7);
            let visitor = random.below(90);
            let (path, agent) = match visitor {
                0..8 => (
                    format!("/api/v1/orders/{}", random.below(900)),
                    OTHER_PROGRAM,
                ),
                8..14 => ("/api/v1/search".to_string(), "okhttp/4.12.0"),
                _ => (
                    ["/", "/products", "/about", "/cart", "/blog/oak", "/search"][random.below(6)]
                        .to_string(),
                    BROWSERS[visitor % BROWSERS.len()],
                ),
            };
            let ip = format!("{}.{}.7.{}", 60 + visitor % 30, 10 + visitor, 1 + visitor);
            traffic.requests.push(get(at_s, &ip, &path, agent));
        }
        traffic
    }

    /// Requests by chance, so many per second from one second to another.
    pub fn stream(
        &mut self,
        seed: u64,
        from_s: f64,
        until_s: f64,
        rate: f64,
        mut request: impl FnMut(f64, &mut Random) -> Request,
    ) {
        let mut random = Random::new(seed);
        let mut at_s = from_s;
        loop {
            at_s += random.exponential(1.0 / rate);
            if at_s >= until_s {
                return;
            }
            let request = request(at_s, &mut random);
            self.requests.push(request);
        }
    }

    /// The text of the log.
    pub fn text(&self) -> String {
        let mut requests: Vec<&Request> = self.requests.iter().collect();
        requests.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        requests
            .iter()
            .map(|request| request.line("+0000"))
            .collect()
    }

    /// Writes the log, and what is said about it.
    pub fn analyzed(&self, name: &str) -> Analysis {
        analyzed(name, &self.text())
    }
}

/// What is said about a log.
pub fn analyzed(name: &str, text: &str) -> Analysis {
    analyze(&settings(&[written(name, text)]))
}

/// Writes a log where tests write.
pub fn written(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
    fs::write(&path, text).expect("the log can be written");
    path
}
