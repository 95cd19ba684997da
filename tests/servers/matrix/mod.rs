//! Scenarios by seed: each mechanism in turn, on each server that can do it, with everything else by chance.
//!
//! What varies: the log's format and length (a minute to a week), when the spike begins and ends (at the edge
//! of the log too), the shape of its traffic, how many addresses it has, how clients take a denial, how far a
//! limit is exceeded (1.2 to 50 times), the ordinary traffic, and what else goes on: scanners, or denials that
//! stand all day.

mod bots;
mod identity;
mod limits;
mod lists;

use crate::scenario::{
    Application, Denial, LogFormat, Reaction, Scenario, ServerKind, Shape, Stream,
};
use ServerKind::{Apache, Caddy, Haproxy, Lighttpd, Nginx};
use forbid_logs::synth::Random;

/// What this program can send and two cores can answer.
const MOST_PER_REAL_SECOND: f64 = 700.0;

/// A way to deny, the servers that have it, and how a scenario of it is made.
struct Mechanism {
    name: &'static str,
    servers: &'static [ServerKind],
    build: fn(&mut Draft),
}

const fn mechanism(
    name: &'static str,
    servers: &'static [ServerKind],
    build: fn(&mut Draft),
) -> Mechanism {
    Mechanism {
        name,
        servers,
        build,
    }
}

const MECHANISMS: [Mechanism; 28] = [
    mechanism("limit_by_ip", &[Nginx], limits::limit_by_ip),
    mechanism("sliding_window", &[Haproxy], limits::sliding_window),
    mechanism("limit_by_token", &[Nginx, Haproxy], limits::limit_by_token),
    mechanism("limit_by_user", &[Nginx], limits::limit_by_user),
    mechanism("limit_for_all", &[Nginx], limits::limit_for_all),
    mechanism("connections", &[Nginx, Haproxy], limits::connections),
    mechanism("hold", &[Apache, Haproxy], limits::hold),
    mechanism("fixed_window", &[Nginx, Apache], limits::fixed_window),
    mechanism(
        "ip_list",
        &[Nginx, Apache, Haproxy, Lighttpd],
        lists::ip_list,
    ),
    mechanism("country_list", &[Nginx, Haproxy], lists::country_list),
    mechanism(
        "route_denied",
        &[Nginx, Apache, Haproxy, Caddy, Lighttpd],
        lists::route_denied,
    ),
    mechanism("no_index", &[Nginx, Apache, Lighttpd], lists::no_index),
    mechanism(
        "file_permission",
        &[Nginx, Apache, Lighttpd],
        lists::file_permission,
    ),
    mechanism(
        "credential_revoked",
        &[Nginx, Apache],
        identity::credential_revoked,
    ),
    mechanism(
        "credential_missing",
        &[Nginx, Apache],
        identity::credential_missing,
    ),
    mechanism("signed_link", &[Nginx, Apache], identity::signed_link),
    mechanism(
        "permission_plan",
        &[Nginx, Apache],
        identity::permission_plan,
    ),
    mechanism("permission_role", &[Nginx], identity::permission_role),
    mechanism("cors", &[Nginx], identity::cors),
    mechanism("method", &[Nginx, Apache], lists::method),
    mechanism("hotlink", &[Nginx, Lighttpd], lists::hotlink),
    mechanism("csrf", &[Nginx, Apache], identity::csrf),
    mechanism("content_type", &[Nginx, Apache], identity::content_type),
    mechanism(
        "agent_list",
        &[Nginx, Apache, Haproxy, Caddy, Lighttpd],
        bots::agent_list,
    ),
    mechanism("waf", &[Apache], bots::waf),
    mechanism("challenge", &[Nginx], bots::challenge),
    mechanism(
        "distributed_bots",
        &[Nginx, Haproxy],
        bots::distributed_bots,
    ),
    mechanism("none", &[Nginx, Apache, Haproxy], lists::negative),
];

/// The scenarios of a seed.
pub fn generate(count: usize, seed: u64) -> Vec<Scenario> {
    let mut random = Random::new(seed ^ 0x6d61_7472_6978);
    (0..count)
        .map(|number| {
            let mechanism = &MECHANISMS[number % MECHANISMS.len()];
            let round = number / MECHANISMS.len();
            let server = mechanism.servers[round % mechanism.servers.len()];
            let mut draft = Draft::new(mechanism.name, server, number, Random::new(random.bits()));
            (mechanism.build)(&mut draft);
            draft.finish()
        })
        .collect()
}

/// A scenario in the making.
struct Draft {
    scenario: Scenario,
    random: Random,
    /// The busy time of the spike, in minutes.
    from: f64,
    until: f64,
    /// Whether the log is so short, or so long and thin, that rates have to fit to it.
    pace: f64,
}

impl Draft {
    fn new(name: &str, server: ServerKind, number: usize, mut random: Random) -> Draft {
        // Usual logs, a log of a minute, and a thin one of a week.
        let (minutes, factor, pace) = match random.below(12) {
            0 => (1.0, 3.0, 4.0),
            1 => (random.within(2880.0, 10_080.0), 6_000.0, 0.02),
            2 | 3 => (random.within(90.0, 150.0), 240.0, 1.0),
            _ => (random.within(30.0, 75.0), 120.0, 1.0),
        };
        // HAProxy's timers do not keep a clock that is much faster.
        let (minutes, factor, pace) = match server {
            Haproxy if factor > 120.0 => (random.within(30.0, 75.0), 120.0, 1.0),
            _ => (minutes, factor, pace),
        };
        let format = match random.below(4) {
            0 => LogFormat::Vhost,
            1 => LogFormat::Json,
            _ => LogFormat::Usual,
        };
        let (from, until) = match random.below(8) {
            0 => (0.0, random.within(0.2, 0.5)),
            1 => (random.within(0.5, 0.8), 1.0),
            _ => {
                let from = random.within(0.25, 0.5);
                (from, from + random.within(0.15, 0.4))
            }
        };
        Draft {
            scenario: Scenario {
                name: format!("{number:03}-{name}"),
                servers: vec![server],
                mechanism: name.to_string(),
                minutes,
                factor,
                format: if server == Nginx {
                    format
                } else {
                    LogFormat::Usual
                },
                background: random.within(0.8, 4.0) * pace,
                policies: Vec::new(),
                streams: Vec::new(),
                events: Vec::new(),
                application: Application::Plain,
                seed: random.bits(),
            },
            from: from * minutes,
            until: until * minutes,
            pace,
            random,
        }
    }

    /// Adds what else goes on.
    fn finish(mut self) -> Scenario {
        // One caller that waits longer and longer is no spike.
        for stream in &mut self.scenario.streams {
            if stream.denied == Reaction::BackOff && stream.addresses < 20 {
                stream.denied = Reaction::Retry;
            }
        }
        match self.random.below(5) {
            0 => self.scanners(),
            1 if self.scenario.server() != Caddy => self.standing_denials(),
            _ => {}
        }
        self.scenario
    }

    fn scanners(&mut self) {
        let paths = [
            "/.env",
            "/.git/config",
            "/wp-login.php",
            "/phpmyadmin/",
            "/.aws/credentials",
            "/admin.php",
        ];
        let mut stream = self.stream("scanners", "requests", &paths);
        (stream.from, stream.until) = (0.0, f64::INFINITY);
        stream.rate = 0.05 * self.pace;
        stream.addresses = 6;
        stream.spike = false;
        self.scenario.streams.push(stream);
    }

    fn standing_denials(&mut self) {
        self.deny("deny route under /legacy/");
        let mut stream = self.stream("standing", "java", &["/legacy/sync"]);
        (stream.from, stream.until) = (0.0, f64::INFINITY);
        stream.rate = 0.1 * self.pace;
        stream.shape = Shape::Regular;
        stream.spike = false;
        self.scenario.streams.push(stream);
    }

    /// A stream that is busy in the time of the spike, and the spike.
    fn stream(&mut self, name: &str, client: &str, paths: &[&str]) -> Stream {
        let shapes = [
            Shape::Random,
            Shape::Random,
            Shape::Regular,
            Shape::Bursts,
            Shape::Hill,
        ];
        let reactions = [
            Reaction::Ignore,
            Reaction::Ignore,
            Reaction::Retry,
            Reaction::BackOff,
            Reaction::GiveUp,
        ];
        let rate = self.random.within(0.6, 2.5) * self.pace;
        Stream {
            name: name.to_string(),
            client: client.to_string(),
            real: false,
            known_as: None,
            rate,
            from: self.from,
            until: self.until,
            calm: 0.0,
            shape: if self.scenario.minutes < 5.0 {
                Shape::Random
            } else {
                *self.random.pick(&shapes)
            },
            addresses: 1,
            callers_of: None,
            network: None,
            method: "GET".to_string(),
            paths: paths.iter().map(ToString::to_string).collect(),
            denied: *self.random.pick(&reactions[..4]),
            headers: Vec::new(),
            user: None,
            referer: None,
            body: None,
            answer_s: 0.0,
            links_expire: None,
            spike: true,
            accept: Vec::new(),
        }
    }

    /// What the callers of a stream do besides, and are admitted to.
    fn besides(&mut self, like: &Stream, name: &str, change: impl FnOnce(&mut Stream)) {
        let mut besides = like.clone();
        besides.name = name.to_string();
        besides.callers_of = Some(like.name.clone());
        besides.spike = false;
        change(&mut besides);
        self.push(besides);
    }

    fn push(&mut self, stream: Stream) {
        self.scenario.streams.push(stream);
    }

    /// Others of the same kind, who are admitted.
    fn others(&mut self, like: &Stream, change: impl FnOnce(&mut Stream)) {
        let mut others = like.clone();
        others.name = "others".to_string();
        (others.from, others.until, others.calm) = (0.0, f64::INFINITY, 0.0);
        others.shape = Shape::Random;
        others.rate = self.random.within(0.3, 1.0) * self.pace;
        others.addresses = 6 + self.random.below(40);
        others.spike = false;
        change(&mut others);
        self.push(others);
    }

    fn deny(&mut self, rule: &str) {
        self.policy(Some(rule.to_string()), None, None, None);
    }

    fn feature(&mut self, feature: &str) {
        self.policy(None, Some(feature.to_string()), None, None);
    }

    /// A rule that comes into force with the spike, and is lifted when it ends if the log goes on.
    fn deny_meanwhile(&mut self, rule: String) {
        let from = Some(self.from).filter(|from| *from > 0.0);
        let until = Some(self.until).filter(|until| *until < self.scenario.minutes);
        self.policy(Some(rule), None, from, until);
    }

    fn policy(
        &mut self,
        rule: Option<String>,
        feature: Option<String>,
        from: Option<f64>,
        until: Option<f64>,
    ) {
        self.scenario.policies.push(Denial {
            rule,
            feature,
            cause: None,
            application: false,
            from,
            until,
        });
    }

    /// By how much a limit is exceeded: 1.2 to 50 times, small ones more often.
    fn overload(&mut self) -> f64 {
        1.2 * (50.0f64 / 1.2).powf(self.random.unit().powf(1.5))
    }

    fn program(&mut self) -> String {
        let programs = [
            "axios",
            "requests",
            "httpx",
            "okhttp",
            "go",
            "java",
            "node-fetch",
            "guzzle",
            "curl",
        ];
        self.random.pick::<&str>(&programs).to_string()
    }

    /// An allowed rate and the rate that exceeds it, in requests per second: about `usual` allowed, less where
    /// a machine could not send what exceeds it.
    fn exceeded(&mut self, usual: f64) -> (f64, f64) {
        let overload = self.overload();
        let most = MOST_PER_REAL_SECOND / self.scenario.factor;
        let allowed = (usual * self.pace.max(0.02)).min(most / overload);
        (allowed, allowed * overload)
    }

    /// The same with an allowed rate that nginx can say, and its text.
    fn exceeded_by_minute(&mut self, low: f64, high: f64) -> (String, f64) {
        let usual = self.random.within(low, high);
        let (allowed, offered) = self.exceeded(usual);
        let per_minute = (allowed * 60.0).round().max(1.0);
        (
            format!("{per_minute}/m"),
            offered.max(per_minute / 60.0 * 1.2),
        )
    }

    fn application(&mut self) {
        self.scenario.application = match self.random.below(2) {
            0 => Application::Express,
            _ => Application::Flask,
        };
    }
}
