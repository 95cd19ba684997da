//! Analyses for tests: what the other modules would find in five made-up logs.

use crate::findings::*;
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// A moment of 14 March 2026, or of the days after it.
fn at(hour: i64, minute: i64, second: i64) -> Moment {
    let midnight: Moment = "2026-03-14T00:00:00Z".parse().unwrap();
    midnight + TimeDelta::seconds(hour * 3600 + minute * 60 + second)
}

/// One client runs into a rate limit; somebody scans for hidden files all the time.
pub(super) fn one_spike() -> Analysis {
    let mut analysis = quiet();
    let in_spike =
        |window: &TimelineWindow| window.start >= at(8, 43, 0) && window.start < at(9, 4, 36);
    for window in &mut analysis.timeline {
        if in_spike(window) {
            window.denials += 130 + window.requests % 34;
            window.requests += 190;
        }
    }
    analysis.totals = Totals {
        requests: 48_210,
        denials: 3_098,
    };
    analysis.neighbours = BTreeMap::from([("401".to_owned(), 12), ("429".to_owned(), 3_400)]);
    analysis.spikes = vec![rate_limit_spike()];
    analysis.standing = vec![standing_scan(246)];
    analysis.shares = shares(&[("rate_limit", 0.92), ("route_acl", 0.08)]);
    analysis.groups = groups();
    analysis.input.lines = 48_225;
    analysis.input.skipped.malformed = 13;
    analysis.input.skipped.not_a_request = 2;
    analysis
}

/// Three spikes at about the same time, over two days: a rate limit, a pushed list, one unknown.
pub(super) fn three_spikes() -> Analysis {
    let mut analysis = one_spike();
    analysis.timeline = (0..2 * 24 * 12)
        .map(|n| TimelineWindow {
            start: at(0, n * 5, 0),
            requests: 400 + (n as u64 * 37) % 90,
            denials: match n {
                100..=130 => 140 + (n as u64 * 13) % 60,
                300..=330 => 40 + (n as u64 * 7) % 30,
                _ => u64::from(n % 9 == 0),
            },
        })
        .collect();
    analysis.window_s = 300;
    analysis.input.start = Some(at(0, 0, 3));
    analysis.input.end = Some(at(47, 59, 58));
    analysis.input.files.push(InputFile {
        path: "access.log.1.gz".to_owned(),
        compression: Some("gzip".to_owned()),
        ..analysis.input.files[0].clone()
    });
    analysis.totals = Totals {
        requests: 1_204_331,
        denials: 6_830,
    };
    analysis.spikes.push(pushed_list_spike());
    analysis.spikes.push(undetermined_spike());
    analysis.shares = shares(&[
        ("rate_limit", 0.418),
        ("ip_acl", 0.46),
        ("route_acl", 0.036),
        ("undetermined", 0.086),
    ]);
    analysis.warnings = vec![
        "the log starts inside a wave of denials: what was before is not known".to_owned(),
        "access.log.1.gz ended early: 1,048,576 bytes could be read; fetch it again".to_owned(),
    ];
    analysis
}

/// No spike: a scanner, and a partner whose key has expired.
pub(super) fn standing_only() -> Analysis {
    let mut analysis = quiet();
    let mut expired = standing_scan(118);
    expired.id = "s2".to_owned();
    expired.cause = Cause::Credential;
    expired.mechanism = Some("expired".to_owned());
    expired.confidence = Some(0.71);
    expired.band = Band::Leaning;
    expired.rule = None;
    expired
        .keys
        .insert("token".to_owned(), vec![key("tok_77aa01c2d3e4", 118, 118)]);
    expired
        .keys
        .insert("ip".to_owned(), vec![key("198.51.100.24", 118, 130)]);
    expired
        .keys
        .insert("client".to_owned(), vec![key("python-requests", 118, 130)]);
    expired.keys.insert(
        "route".to_owned(),
        vec![key("/partner/feed/{id}", 118, 130)],
    );
    expired.distinct = counts(&[("ip", 1), ("client", 1), ("token", 1), ("route", 1)]);
    expired.alternatives = vec![Alternative {
        cause: Cause::Permission,
        confidence: 0.22,
    }];
    analysis.totals = Totals {
        requests: 36_000,
        denials: 364,
    };
    analysis.standing = vec![standing_scan(246), expired];
    analysis.shares = shares(&[("route_acl", 0.676), ("credential", 0.324)]);
    analysis.groups = groups();
    analysis.groups.client.truncate(2);
    analysis
}

/// A log without a line.
pub(super) fn empty() -> Analysis {
    Analysis {
        schema: SCHEMA.to_owned(),
        version: "0.1.0".to_owned(),
        input: Input {
            files: vec![InputFile {
                path: "access.log".to_owned(),
                ..InputFile::default()
            }],
            ..Input::default()
        },
        totals: Totals::default(),
        neighbours: BTreeMap::new(),
        window_s: 60,
        timeline: Vec::new(),
        spikes: Vec::new(),
        standing: Vec::new(),
        shares: BTreeMap::new(),
        groups: Groups::default(),
        warnings: Vec::new(),
        utc_offset_s: 0,
    }
}

/// Clients that send terminal commands, marks that turn text around, formulas and 5 KB of names.
pub(super) fn hostile() -> Analysis {
    hostile_with(
        "\x1b]0;owned\x07\x1b[2J\u{202e}gpj.exe\u{9b}31m\r\n403\t\u{200b}=cmd|'/C calc'!A0",
    )
}

/// As [`hostile`], with the value given.
pub(super) fn hostile_with(value: &str) -> Analysis {
    let mut analysis = three_spikes();
    let long = format!("Mozilla/5.0 {value} {}", "(like Gecko) ".repeat(400));
    analysis.input.files[0].path = format!("logs/{value}.log");
    analysis.warnings.push(format!("a warning about {value}"));
    analysis.groups.client[0].value = long.clone();
    analysis.groups.route[0].value = format!("={value}");
    analysis.groups.window[0].value = value.to_owned();
    analysis.spikes.push(rate_limit_spike());
    for spike in analysis.spikes.iter_mut().chain(&mut analysis.standing) {
        spike.mechanism = Some(value.to_owned());
        spike.reason = Some(long.clone());
        spike.settle = Some(value.to_owned());
        spike.reproduce = vec![format!("curl -A '{long}' {value}")];
        spike.advice.client = vec![long.clone()];
        spike.collateral.text = value.to_owned();
        for evidence in &mut spike.evidence {
            evidence.text = format!("{value} {value}");
        }
        for values in spike.keys.values_mut() {
            values[0].value = format!("={value}");
        }
        if let Some(rule) = &mut spike.rule {
            rule.text = format!("{value} on {}", "/a/very/long/route".repeat(40));
        }
        spike.examples = vec![Example {
            file: value.to_owned(),
            line: 7,
            text: long.clone(),
        }];
    }
    analysis
}

/// Two hours with some denials everywhere.
fn quiet() -> Analysis {
    let file = InputFile {
        path: "access.log".to_owned(),
        format: "nginx.combined".to_owned(),
        detected_by: "200 of the first 200 lines parse".to_owned(),
        compression: None,
        bytes: 9_845_120,
        lines: 48_225,
        parsed: 48_210,
        skipped: Skipped::default(),
        start: Some(at(8, 0, 0)),
        end: Some(at(9, 59, 58)),
    };
    Analysis {
        input: Input {
            start: file.start,
            end: file.end,
            files: vec![file],
            lines: 48_210,
            parsed: 48_210,
            skipped: Skipped::default(),
        },
        totals: Totals {
            requests: 48_210,
            denials: 246,
        },
        timeline: (0..120)
            .map(|n| TimelineWindow {
                start: at(8, n, 0),
                requests: 320 + (n as u64 * 53) % 110,
                denials: u64::from(n % 4 == 0) * 8,
            })
            .collect(),
        utc_offset_s: 3_600,
        ..empty()
    }
}

fn rate_limit_spike() -> Spike {
    Spike {
        id: "1-1".to_owned(),
        state: State::Closed,
        start: at(8, 43, 0),
        end: at(9, 4, 36),
        requests: 4_141,
        denials: 2_852,
        expected: 3.2,
        peak: Peak {
            start: at(8, 51, 0),
            denials: 163,
        },
        family: Family::RateLimit,
        cause: Cause::RateLimit,
        mechanism: Some("leaky_bucket".to_owned()),
        confidence: Some(0.97),
        band: Band::Likely,
        reason: None,
        alternatives: vec![Alternative {
            cause: Cause::BotFilter,
            confidence: 0.02,
        }],
        rule: Some(Rule {
            text: "limit 1/s burst 10 per ip on /api/v1/search".to_owned(),
            r#where: vec![Condition {
                field: "route".to_owned(),
                op: Operator::In,
                values: vec!["/api/v1/search".to_owned()],
            }],
            limit: Some(Limit {
                key: vec!["ip".to_owned()],
                algorithm: Algorithm::LeakyBucket,
                rate_per_s: Some(1.0),
                burst: Some(10),
                ..Limit::default()
            }),
            since: None,
            until: None,
            precision: 0.99,
            coverage: 0.98,
        }),
        keys: BTreeMap::from([
            ("ip".to_owned(), vec![key("3.88.104.17", 2_848, 4_100)]),
            ("client".to_owned(), vec![key("axios", 2_852, 4_110)]),
            (
                "token".to_owned(),
                vec![key("tok_5f0e9c1b7a21", 2_852, 4_110)],
            ),
            (
                "route".to_owned(),
                vec![key("/api/v1/search", 2_852, 4_141)],
            ),
        ]),
        distinct: counts(&[("ip", 2), ("client", 1), ("token", 1), ("route", 1)]),
        evidence: rate_limit_evidence(),
        collateral: Collateral {
            established_clients: 1,
            claimed_crawlers: 0,
            text: "1 address with at least 20 admitted requests before is denied too".to_owned(),
        },
        without: Without { peak_denials: 2 },
        examples: vec![Example {
            file: "access.log".to_owned(),
            line: 17_204,
            text:
                "3.88.104.17 - - [14/Mar/2026:09:43:00 +0100] \"GET /api/v1/search?q=a HTTP/1.1\" \
                   403 153 \"-\" \"axios/1.6.2\""
                    .to_owned(),
        }],
        reproduce: vec![
            "forbid-logs export access.log --where ip=3.88.104.17 --where route=/api/v1/search"
                .to_owned(),
            "curl -i -A axios/1.6.2 'https://shop.example/api/v1/search?q=a'".to_owned(),
        ],
        settle: Some("log $limit_req_status to know for certain".to_owned()),
        advice: Advice {
            server: vec![
                "answer 429 with Retry-After instead of 403, so that clients slow down".to_owned(),
            ],
            client: vec![
                "stay below 1 request per second, or send bursts of at most 10".to_owned(),
            ],
        },
    }
}

fn rate_limit_evidence() -> Vec<Evidence> {
    vec![
        evidence(
            Cause::RateLimit,
            EvidenceKind::Behaviour,
            2.1,
            "admitted requests of 3.88.104.17 stay at 1.0 per second while it asks for 3.2 per second",
        ),
        evidence(
            Cause::RateLimit,
            EvidenceKind::Replay,
            3.8,
            "a leaky bucket of 1/s with burst 10 gives the logged answer for 4,087 of 4,141 requests",
        ),
        evidence(
            Cause::RateLimit,
            EvidenceKind::Responder,
            0.7,
            "all denials are 153 bytes long: the server answered by itself",
        ),
        evidence(
            Cause::RateLimit,
            EvidenceKind::Behaviour,
            -0.4,
            "after 12 of 14 pauses the first request was admitted, after 2 it was not",
        ),
    ]
}

fn evidence(cause: Cause, kind: EvidenceKind, weight: f64, text: &str) -> Evidence {
    Evidence {
        test: "made up".to_owned(),
        kind,
        r#for: cause,
        weight,
        text: text.to_owned(),
        counts: BTreeMap::new(),
    }
}

fn pushed_list_spike() -> Spike {
    let mut rule = rate_limit_spike().rule.unwrap();
    rule.text = "deny ip in 203.0.113.0/24, 198.51.100.0/25 on /".to_owned();
    rule.limit = None;
    rule.since = Some(at(8, 45, 10));
    let ips = ["203.0.113.7", "203.0.113.19", "198.51.100.3"];
    Spike {
        id: "1-2".to_owned(),
        state: State::Open,
        start: at(8, 45, 10),
        end: at(47, 59, 58),
        requests: 3_144,
        denials: 3_144,
        expected: 0.0,
        peak: Peak {
            start: at(25, 0, 0),
            denials: 66,
        },
        family: Family::Acl,
        cause: Cause::IpAcl,
        mechanism: Some("list_pushed".to_owned()),
        confidence: Some(0.83),
        alternatives: vec![Alternative {
            cause: Cause::BotFilter,
            confidence: 0.14,
        }],
        rule: Some(rule),
        keys: BTreeMap::from([
            ("ip".to_owned(), ips.map(|ip| key(ip, 310, 310)).to_vec()),
            ("client".to_owned(), vec![key("Chrome", 1_800, 1_800)]),
            ("route".to_owned(), vec![key("/", 900, 900)]),
        ]),
        distinct: counts(&[("ip", 212), ("client", 9), ("route", 131)]),
        evidence: vec![
            evidence(
                Cause::IpAcl,
                EvidenceKind::Behaviour,
                3.1,
                "all 212 addresses are denied from 09:45:10 on and never before",
            ),
            evidence(
                Cause::IpAcl,
                EvidenceKind::Behaviour,
                1.9,
                "210 of the 212 addresses lie in two networks, others there were not seen",
            ),
            evidence(
                Cause::BotFilter,
                EvidenceKind::Behaviour,
                0.3,
                "9 kinds of clients, of which none is admitted from these networks",
            ),
        ],
        reproduce: vec![
            "forbid-logs export access.log --where ip=203.0.113.0/24 --since 2026-03-14T08:45:10Z"
                .to_owned(),
        ],
        settle: Some("compare with the change log of the deny list".to_owned()),
        collateral: Collateral {
            established_clients: 48,
            claimed_crawlers: 1,
            text: "48 of the 212 addresses were regular visitors before; 1 claims to be Googlebot"
                .to_owned(),
        },
        advice: Advice {
            server: vec!["take 203.0.113.0/24 off the list, or narrow it".to_owned()],
            client: vec!["ask the operator; nothing that a client sends will help".to_owned()],
        },
        ..rate_limit_spike()
    }
}

fn undetermined_spike() -> Spike {
    Spike {
        id: "1-3".to_owned(),
        start: at(9, 1, 12),
        end: at(9, 30, 0),
        requests: 2_100,
        denials: 588,
        expected: 40.0,
        peak: Peak {
            start: at(9, 5, 0),
            denials: 97,
        },
        family: Family::Undetermined,
        cause: Cause::Undetermined,
        mechanism: None,
        confidence: None,
        band: Band::Undetermined,
        reason: Some(
            "the denied and the admitted requests of the same callers do not differ in anything \
             that is logged"
                .to_owned(),
        ),
        alternatives: vec![
            Alternative {
                cause: Cause::BotFilter,
                confidence: 0.41,
            },
            Alternative {
                cause: Cause::RateLimit,
                confidence: 0.33,
            },
        ],
        rule: None,
        state: State::Closed,
        evidence: vec![evidence(
            Cause::BotFilter,
            EvidenceKind::Responder,
            0.9,
            "588 denials have the same size as those of 1-2, and 40 another one",
        )],
        advice: Advice::default(),
        without: Without { peak_denials: 61 },
        collateral: Collateral::default(),
        settle: Some("log the body size and $upstream_status".to_owned()),
        ..pushed_list_spike()
    }
}

fn standing_scan(denials: u64) -> Spike {
    Spike {
        id: "s1".to_owned(),
        start: at(8, 0, 4),
        end: at(9, 59, 50),
        requests: denials + 3,
        denials,
        expected: denials as f64,
        family: Family::Acl,
        cause: Cause::RouteAcl,
        mechanism: Some("hidden_file".to_owned()),
        confidence: Some(0.9),
        alternatives: Vec::new(),
        rule: Some(Rule {
            text: "deny route prefix /.env, /.git".to_owned(),
            limit: None,
            precision: 1.0,
            coverage: 0.94,
            ..rate_limit_spike().rule.unwrap()
        }),
        keys: BTreeMap::from([
            (
                "ip".to_owned(),
                vec![key("192.0.2.77", denials / 5, denials / 5)],
            ),
            (
                "client".to_owned(),
                vec![key("curl", denials / 3, denials / 3)],
            ),
            (
                "route".to_owned(),
                vec![key("/.env", denials / 2 + 1, denials / 2 + 1)],
            ),
        ]),
        distinct: counts(&[("ip", 41), ("client", 6), ("route", 23)]),
        evidence: vec![evidence(
            Cause::RouteAcl,
            EvidenceKind::Behaviour,
            2.4,
            "every one of the requests for /.env and /.git was denied, whoever asked",
        )],
        collateral: Collateral::default(),
        settle: None,
        reproduce: vec!["curl -i https://shop.example/.env".to_owned()],
        advice: Advice {
            server: vec!["nothing: these denials are meant".to_owned()],
            client: Vec::new(),
        },
        ..rate_limit_spike()
    }
}

fn groups() -> Groups {
    let group = |value: &str, denials, requests| Group {
        value: value.to_owned(),
        denials,
        requests,
        first: at(8, 0, 4),
        last: at(9, 59, 50),
    };
    let in_spike = |value: &str, denials, requests| Group {
        first: at(8, 43, 0),
        last: at(9, 4, 35),
        ..group(value, denials, requests)
    };
    Groups {
        ip: vec![
            in_spike("3.88.104.17", 2_848, 5_120),
            group("192.0.2.77", 49, 49),
            group("2001:db8:4:1a00:5054:ff:fe12:3456", 31, 31),
            group("198.51.100.24", 12, 890),
            group("192.0.2.8", 9, 9),
        ],
        prefix: vec![in_spike("3.88.104.0/24", 2_848, 5_120)],
        client: vec![
            in_spike("axios", 2_852, 5_301),
            group("curl", 82, 310),
            group("Chrome", 51, 30_112),
            group("python-requests", 40, 1_200),
            group("(none)", 21, 22),
        ],
        user: vec![group("alice", 4, 210)],
        token: vec![in_spike("tok_5f0e9c1b7a21", 2_852, 5_301)],
        route: vec![
            in_spike("/api/v1/search", 2_852, 9_411),
            group("/.env", 124, 124),
            group("/.git/{}", 61, 61),
            group("/wp-content/plugins/{name}/assets/js/{file}", 33, 33),
            group("/admin", 12, 40),
        ],
        window: (0..5)
            .map(|n| Group {
                value: at(8, 51 + n, 0).to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                first: at(8, 51 + n, 0),
                last: at(8, 51 + n, 59),
                ..group("", 163 - n as u64, 560)
            })
            .collect(),
    }
}

fn key(value: &str, denials: u64, requests: u64) -> KeyCount {
    KeyCount {
        value: value.to_owned(),
        denials,
        requests,
    }
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(name, n)| ((*name).to_owned(), *n))
        .collect()
}

fn shares(shares: &[(&str, f64)]) -> BTreeMap<String, f64> {
    shares
        .iter()
        .map(|(name, share)| ((*name).to_owned(), *share))
        .collect()
}
