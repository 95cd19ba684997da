//! Who asks for what, when: the ordinary traffic of a shop, and the streams of a scenario.
//!
//! Arrivals do not wait for answers, as those of many callers do not; what a denied caller does is up to
//! its reaction. Times are seconds of the log's clock.

mod ordinary;

use crate::agents;
use crate::clock;
use crate::scenario::{Reaction, Scenario, Shape, Stream};
use forbid_logs::synth::Random;
use hmac::{Hmac, Mac};
use ipnet::Ipv4Net;
use ordinary::ordinary;
use sha2::Sha256;
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// A beginning that is nearer than this is now, by rounding.
const LEAST_S: f64 = 1e-3;

/// Requests of the ordinary traffic have this name in the labels.
pub const BACKGROUND: &str = "background";

/// Denials in a row after which [`Reaction::GiveUp`] does.
const GIVE_UP: u32 = 20;
/// Seconds of silence after a first denial, and the longest one.
const QUIET_S: (f64, f64) = (5.0, 600.0);
/// How often [`Reaction::Storm`] asks again, and after how many seconds.
const STORM: (u32, f64) = (8, 0.4);
/// Seconds of a burst and of the silence behind it.
const BURST_S: (f64, f64) = (30.0, 120.0);

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    /// `Name: value` each.
    pub headers: Vec<String>,
    pub body: Option<String>,
    /// The address that it is to come from.
    pub address: Ipv4Addr,
    /// Which of the sources sends it, and which of its callers.
    pub source: usize,
    pub caller: usize,
    /// How often it was denied before.
    pub attempts: u32,
}

/// Requests in order of time: the ordinary traffic or a stream.
pub struct Source {
    pub name: String,
    kind: Kind,
    /// By caller: denials in a row, and until when it is silent.
    callers: HashMap<usize, (u32, f64)>,
    random: Random,
    end_s: f64,
}

enum Kind {
    /// Times and requests, the last first.
    Ordinary(Vec<(f64, Request)>),
    Stream(Box<Stream>, Vec<Ipv4Addr>),
}

/// The sources of a scenario that this program drives itself.
pub fn sources(scenario: &Scenario) -> Vec<Source> {
    let mut random = Random::new(scenario.seed ^ 0x7261_6666);
    let end_s = scenario.minutes * 60.0;
    let source = |name: &str, kind, random: &mut Random| Source {
        name: name.to_string(),
        kind,
        callers: HashMap::new(),
        random: Random::new(random.bits()),
        end_s,
    };
    let mut all = vec![source(
        BACKGROUND,
        Kind::Ordinary(ordinary(scenario)),
        &mut random,
    )];
    let mut known: HashMap<&str, Vec<Ipv4Addr>> = HashMap::new();
    for stream in &scenario.streams {
        let own = addresses(stream, &mut random);
        let addresses = match &stream.callers_of {
            Some(other) => known.get(other.as_str()).cloned().unwrap_or_else(|| {
                panic!("{}: no stream before it is called {other:?}", stream.name)
            }),
            None => own,
        };
        known.insert(&stream.name, addresses.clone());
        let kind = Kind::Stream(Box::new(stream.clone()), addresses);
        all.push(source(&stream.name, kind, &mut random));
    }
    all
}

/// A stream on its own, for what is to be known of it beforehand.
pub fn alone(stream: &Stream, end_s: f64, seed: u64) -> Source {
    let mut random = Random::new(seed);
    let addresses = addresses(stream, &mut random);
    Source {
        name: stream.name.clone(),
        kind: Kind::Stream(Box::new(stream.clone()), addresses),
        callers: HashMap::new(),
        random,
        end_s,
    }
}

impl Source {
    /// The addresses of a stream.
    pub fn addresses(&self) -> &[Ipv4Addr] {
        match &self.kind {
            Kind::Ordinary(_) => &[],
            Kind::Stream(_, addresses) => addresses,
        }
    }

    /// When the first request is due.
    pub fn first_s(&mut self) -> Option<f64> {
        match &self.kind {
            Kind::Ordinary(requests) => requests.last().map(|(at, _)| *at),
            Kind::Stream(..) => self.next_after(0.0),
        }
    }

    /// The request that is due now, unless its caller is silent; and when the next one is.
    pub fn take(&mut self, index: usize, now_s: f64) -> (Option<Request>, Option<f64>) {
        match &mut self.kind {
            Kind::Ordinary(requests) => {
                let due = requests.pop().map(|(_, request)| request);
                (due, requests.last().map(|(at, _)| *at))
            }
            Kind::Stream(stream, addresses) => {
                let caller = self.random.below(addresses.len().max(stream.callers));
                let is_silent = self
                    .callers
                    .get(&caller)
                    .is_some_and(|(_, until)| now_s < *until);
                let request = (!is_silent)
                    .then(|| request(stream, index, caller, addresses, &mut self.random));
                (request, self.next_after(now_s))
            }
        }
    }

    /// Takes an answer; the seconds after which the request is to be sent again, if it is.
    pub fn answered(&mut self, request: &Request, status: u16, now_s: f64) -> Option<f64> {
        let Kind::Stream(stream, _) = &self.kind else {
            return None;
        };
        let (denials, until) = self.callers.entry(request.caller).or_default();
        if status != 403 {
            *denials = 0;
            return None;
        }
        *denials += 1;
        match stream.denied {
            Reaction::Ignore => None,
            Reaction::Retry => (request.attempts < 2).then_some(0.5),
            Reaction::Storm => (request.attempts < STORM.0).then_some(STORM.1),
            Reaction::BackOff => {
                let silence = QUIET_S.0 * f64::from(1u32 << (*denials - 1).min(10));
                *until = now_s + silence.min(QUIET_S.1) * self.random.within(0.8, 1.2);
                None
            }
            Reaction::GiveUp => {
                if *denials >= GIVE_UP {
                    *until = f64::INFINITY;
                }
                None
            }
        }
    }

    fn next_after(&mut self, now_s: f64) -> Option<f64> {
        let Kind::Stream(stream, _) = &self.kind else {
            return None;
        };
        let (from, until) = (stream.from * 60.0, (stream.until * 60.0).min(self.end_s));
        let is_busy = (from..until).contains(&now_s);
        let rate = if is_busy {
            busy_rate(stream, now_s, from, until)
        } else {
            stream.calm * by_day(stream, now_s)
        };
        let next = match stream.shape {
            _ if rate <= 0.0 => f64::INFINITY,
            Shape::Regular => now_s + self.random.within(0.95, 1.05) / rate,
            _ => now_s + self.random.exponential(1.0 / rate),
        };
        // A busy time that begins, or a burst, does not wait for a calm pace.
        let begins = [from, next_burst(stream, now_s, from)];
        let next = begins
            .into_iter()
            .filter(|begin| *begin > now_s + LEAST_S && *begin < until)
            .fold(next, f64::min);
        (next < self.end_s).then_some(next)
    }
}

/// The rate within the busy time.
fn busy_rate(stream: &Stream, now_s: f64, from: f64, until: f64) -> f64 {
    let part = (now_s - from) / (until - from).max(1.0);
    match stream.shape {
        Shape::Random | Shape::Regular => stream.rate,
        Shape::Diurnal => stream.rate * by_day(stream, now_s),
        Shape::Flash => stream.rate * (-4.0 * part).exp(),
        Shape::Hill => stream.rate * (0.05 + 3.8 * part * (1.0 - part)),
        Shape::Bursts if (now_s - from).rem_euclid(BURST_S.0 + BURST_S.1) < BURST_S.0 => {
            stream.rate
        }
        Shape::Bursts => stream.calm,
    }
}

/// The part of its rate that a stream has by the time of day: the most at 15:00, a tenth of it at 3:00.
fn by_day(stream: &Stream, now_s: f64) -> f64 {
    if stream.shape != Shape::Diurnal {
        return 1.0;
    }
    let since_noon = clock::begins_at() as f64 + now_s - 15.0 * 3600.0;
    0.55 + 0.45 * (since_noon / 86_400.0 * std::f64::consts::TAU).cos()
}

fn next_burst(stream: &Stream, now_s: f64, from: f64) -> f64 {
    if stream.shape != Shape::Bursts || now_s < from {
        return f64::INFINITY;
    }
    let period = BURST_S.0 + BURST_S.1;
    from + (((now_s - from) / period).floor() + 1.0) * period
}

fn request(
    stream: &Stream,
    source: usize,
    caller: usize,
    addresses: &[Ipv4Addr],
    random: &mut Random,
) -> Request {
    let address = addresses[caller % addresses.len()];
    let fill = |text: &str, random: &mut Random| filled(text, caller, random);
    let mut headers: Vec<String> = stream
        .headers
        .iter()
        .map(|header| fill(header, random))
        .collect();
    // A caller stays with its browser.
    let sharing = (caller / addresses.len()) as u64;
    let mut of_caller = Random::new(u64::from(u32::from(address)) | sharing << 32);
    let agent = agents::user_agent(&stream.client, &mut of_caller);
    headers.extend((!agent.is_empty()).then(|| format!("User-Agent: {agent}")));
    headers.extend(
        stream
            .referer
            .iter()
            .map(|referer| format!("Referer: {referer}")),
    );
    if stream.answer_s > 0.0 {
        let seconds = stream.answer_s * random.within(0.5, 1.5);
        headers.push(format!("X-Lab-Answer-S: {seconds:.3}"));
    }
    if let Some(user) = &stream.user {
        let user = fill(user, random);
        headers.push(format!(
            "Authorization: Basic {}",
            base64(&format!("{user}:lab"))
        ));
    }
    let path: &String = random.pick(&stream.paths);
    let mut target = fill(path, random);
    if let Some(minute) = stream.links_expire {
        target = signed(&target, minute);
    }
    Request {
        method: stream.method.clone(),
        target,
        headers,
        body: stream.body.clone(),
        address,
        source,
        caller,
        attempts: 0,
    }
}

/// A link as the applications sign them, which expires in a minute of the log.
fn signed(path: &str, minute: f64) -> String {
    let expires = clock::begins_at() + (minute * 60.0) as i64;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"lab").expect("a key of any length will do");
    mac.update(format!("{path}{expires}").as_bytes());
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{path}?expires={expires}&sig={digits}")
}

/// A pattern with its places filled: `{n}`, `{word}`, and `{caller}` for the number of the caller.
fn filled(pattern: &str, caller: usize, random: &mut Random) -> String {
    const WORDS: [&str; 12] = [
        "shoes", "lamp", "desk", "jacket", "mug", "poster", "cable", "chair", "tent", "bike",
        "rope", "pen",
    ];
    let mut text = pattern.replace("{caller}", &caller.to_string());
    while text.contains("{n}") {
        text = text.replacen("{n}", &random.below(2400).to_string(), 1);
    }
    while text.contains("{word}") {
        text = text.replacen("{word}", random.pick::<&str>(&WORDS), 1);
    }
    text
}

/// First octets of networks that clouds and providers have.
const ANYWHERE: [u8; 28] = [
    3, 13, 18, 23, 34, 35, 45, 46, 51, 52, 62, 77, 78, 80, 86, 91, 93, 104, 109, 139, 142, 151,
    159, 167, 176, 185, 188, 195,
];

/// The addresses of a stream, in its networks or anywhere.
fn addresses(stream: &Stream, random: &mut Random) -> Vec<Ipv4Addr> {
    let anywhere = ANYWHERE.map(|first| format!("{first}.0.0.0/8")).join(", ");
    let networks: Vec<Ipv4Net> = stream
        .network
        .as_deref()
        .unwrap_or(&anywhere)
        .split(", ")
        .map(|network| {
            network
                .parse()
                .unwrap_or_else(|error| panic!("{network}: {error}"))
        })
        .collect();
    let mut address = || {
        let network = random.pick(&networks);
        let size = 1u64 << (32 - network.prefix_len());
        let host = 1 + random.below(size.saturating_sub(2).max(1) as usize) as u32;
        Ipv4Addr::from(u32::from(network.network()) + host)
    };
    (0..stream.addresses.max(1)).map(|_| address()).collect()
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= three.len() {
                digit as char
            } else {
                '='
            });
        }
    }
    out
}
