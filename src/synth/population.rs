//! Who visits: addresses, networks behind one address, agents, and the programs that always run.

use super::server::Sender;
use super::session::user_name;
use super::stream::{Caller, Pace, Reaction, Shape, Targets};
use super::{Random, site};
use std::net::Ipv4Addr;
use std::rc::Rc;

/// Browsers, with their weights.
const BROWSERS: [(&str, f64); 9] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        24.0,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0",
        9.0,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        10.0,
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        20.0,
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        21.0,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
        6.0,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
        6.0,
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
        2.0,
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
        3.0,
    ),
];

/// Programs that call the API; several customers share each.
pub(super) const PROGRAMS: [&str; 12] = [
    "axios/1.7.2",
    "axios/0.27.2",
    "python-requests/2.32.3",
    "python-httpx/0.27.0",
    "okhttp/4.12.0",
    "Go-http-client/1.1",
    "Java/17.0.11",
    "Apache-HttpClient/4.5.14 (Java/11.0.22)",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "GuzzleHttp/7",
    "Dart/3.4 (dart:io)",
    "PostmanRuntime/7.39.0",
];

/// Crawlers: agent, first address of their block, requests per hour.
const CRAWLERS: [(&str, [u8; 4], f64); 5] = [
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        [66, 249, 66, 1],
        260.0,
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
        [157, 55, 39, 10],
        140.0,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)",
        [17, 58, 101, 3],
        50.0,
    ),
    (
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        [54, 36, 148, 20],
        90.0,
    ),
    (
        "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
        [20, 191, 45, 212],
        25.0,
    ),
];

/// Monitors: agent and seconds between their checks.
const MONITORS: [(&str, f64); 3] = [
    (
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        300.0,
    ),
    ("kube-probe/1.29", 15.0),
    (
        "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        60.0,
    ),
];

/// Activity by hour of the day (UTC), around 1.
const BY_HOUR: [f64; 24] = [
    0.35, 0.26, 0.21, 0.19, 0.2, 0.29, 0.5, 0.8, 1.1, 1.3, 1.4, 1.45, 1.4, 1.42, 1.45, 1.4, 1.38,
    1.4, 1.5, 1.62, 1.6, 1.35, 0.93, 0.5,
];

/// How much more or less is going on than on average.
pub(super) fn time_of_day(time_ms: i64) -> f64 {
    let hours = time_ms.rem_euclid(86_400_000) as f64 / 3_600_000.0;
    let hour = (hours as usize).min(23);
    let part = hours - hour as f64;
    BY_HOUR[hour] * (1.0 - part) + BY_HOUR[(hour + 1) % 24] * part
}

/// The browsers that may visit.
pub(super) struct Visitors {
    agents: Vec<Rc<str>>,
    /// Addresses behind which many people sit: offices, schools, mobile carriers.
    shared: Vec<Ipv4Addr>,
}

impl Visitors {
    pub(super) fn new(random: &mut Random) -> Visitors {
        Visitors {
            agents: BROWSERS.iter().map(|(agent, _)| Rc::from(*agent)).collect(),
            shared: (0..24).map(|_| home_ip(random)).collect(),
        }
    }

    /// Someone who comes to visit.
    pub(super) fn next(&self, random: &mut Random) -> Sender {
        let weights = BROWSERS.map(|(_, weight)| weight);
        let shared = random.happens(0.18);
        Sender {
            ip: if shared {
                *random.pick(&self.shared)
            } else {
                home_ip(random)
            },
            user_agent: self.agents[random.weighted(&weights)].clone(),
            token: None,
            user: user_name(random),
        }
    }
}

/// An address of someone at home or on the road.
pub(super) fn home_ip(random: &mut Random) -> Ipv4Addr {
    let first = *random.pick(&[
        24u8, 37, 62, 71, 77, 81, 84, 86, 91, 93, 98, 109, 151, 178, 188, 201, 213,
    ]);
    Ipv4Addr::new(
        first,
        random.below(256) as u8,
        random.below(256) as u8,
        1 + random.below(254) as u8,
    )
}

/// An address of a machine in a data centre.
pub(super) fn cloud_ip(random: &mut Random) -> Ipv4Addr {
    let first = *random.pick(&[
        3u8, 13, 18, 34, 35, 44, 51, 52, 54, 104, 138, 139, 159, 165, 167,
    ]);
    Ipv4Addr::new(
        first,
        random.below(256) as u8,
        random.below(256) as u8,
        1 + random.below(254) as u8,
    )
}

/// A key as customers get it.
pub(super) fn api_key(random: &mut Random) -> String {
    format!("sk_live_{}", random.hex(24))
}

/// An even pace over the whole log.
pub(super) fn always(per_s: f64, shape: Shape, diurnal: bool) -> Pace {
    Pace {
        calm_per_s: per_s,
        busy_per_s: per_s,
        from_s: 0.0,
        until_s: 0.0,
        shape,
        diurnal,
    }
}

/// The programs that always run, together about `per_s` requests a second.
pub(super) fn programs(per_s: f64, random: &mut Random) -> Vec<Caller> {
    let count = 26;
    let weights: Vec<f64> = (0..count).map(|_| random.exponential(1.0) + 0.05).collect();
    let sum: f64 = weights.iter().sum();
    weights
        .iter()
        .map(|weight| {
            let routes: Vec<String> = (0..1 + random.below(5))
                .map(|_| random.pick(&site::API_ROUTES).to_string())
                .collect();
            let key = api_key(random);
            // A few put their key into the address, where it gets logged.
            let in_url = random.happens(0.12);
            let with_key = |route: String| {
                let sign = if route.contains('?') { '&' } else { '?' };
                if in_url {
                    format!("{route}{sign}api_key={key}")
                } else {
                    route
                }
            };
            let regular = random.happens(0.4);
            Caller {
                ips: (0..1 + random.below(3)).map(|_| cloud_ip(random)).collect(),
                user_agents: vec![random.pick(&PROGRAMS).to_string()],
                targets: Targets::Methods(
                    vec![
                        ("GET", 0.9),
                        ("POST", if random.happens(0.4) { 0.1 } else { 0.0 }),
                    ],
                    routes.into_iter().map(with_key).collect(),
                ),
                token: Some(key.clone()),
                user: None,
                pace: always(
                    per_s * weight / sum,
                    if regular {
                        Shape::Regular
                    } else {
                        Shape::Random
                    },
                    random.happens(0.5),
                ),
                reaction: Reaction::Ignore,
                referer: "-".to_string(),
            }
        })
        .collect()
}

/// Search engines and the like.
pub(super) fn crawlers(random: &mut Random) -> Vec<Caller> {
    CRAWLERS
        .iter()
        .map(|(agent, [a, b, c, d], per_hour)| Caller {
            ips: (0..8)
                .map(|i| Ipv4Addr::new(*a, *b, *c, d.wrapping_add(i * 3)))
                .collect(),
            user_agents: vec![agent.to_string()],
            token: None,
            user: None,
            targets: Targets::Pages,
            pace: always(
                per_hour * random.within(0.6, 1.4) / 3600.0,
                Shape::Random,
                false,
            ),
            reaction: Reaction::Ignore,
            referer: "-".to_string(),
        })
        .collect()
}

/// Checks that the site is up.
pub(super) fn monitors(random: &mut Random) -> Vec<Caller> {
    MONITORS
        .iter()
        .map(|(agent, every_s)| Caller {
            ips: vec![cloud_ip(random)],
            user_agents: vec![agent.to_string()],
            token: None,
            user: None,
            targets: Targets::Methods(
                vec![("GET", 0.7), ("HEAD", 0.3)],
                vec!["/health".to_string()],
            ),
            pace: always(1.0 / every_s, Shape::Regular, false),
            reaction: Reaction::Ignore,
            referer: "-".to_string(),
        })
        .collect()
}

/// Scanners that come by: some dozens of probes each, dot files among them.
pub(super) fn scanners(hours: f64, random: &mut Random) -> Vec<Caller> {
    let agents = [
        "Mozilla/5.0 zgrab/0.x",
        "python-requests/2.28.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.4758.102 Safari/537.36",
        "curl/7.88.1",
        "-",
    ];
    (0..(hours * 0.5) as usize + random.below(4))
        .map(|_| {
            let probes = 6 + random.below(24);
            let from_s = random.unit() * hours * 3600.0;
            Caller {
                ips: vec![cloud_ip(random)],
                user_agents: vec![random.pick(&agents).to_string()],
                token: None,
                user: None,
                targets: Targets::Once(
                    (0..probes)
                        .map(|_| random.pick(&site::PROBES).to_string())
                        .collect(),
                ),
                pace: Pace {
                    calm_per_s: 0.0,
                    busy_per_s: random.within(0.3, 6.0),
                    from_s,
                    until_s: from_s + 900.0,
                    shape: Shape::Random,
                    diurnal: false,
                },
                reaction: Reaction::Ignore,
                referer: "-".to_string(),
            }
        })
        .collect()
}
