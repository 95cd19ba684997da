//! The spikes of the made-up logs.

use super::at;
use crate::findings::*;
use std::collections::BTreeMap;

pub(super) fn rate_limit_spike() -> Spike {
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
        known: None,
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
        stated: Vec::new(),
        configured: Vec::new(),
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

pub(super) fn evidence(cause: Cause, kind: EvidenceKind, weight: f64, text: &str) -> Evidence {
    Evidence {
        test: "made up".to_owned(),
        kind,
        r#for: cause,
        weight,
        text: text.to_owned(),
        counts: BTreeMap::new(),
        command: None,
    }
}

pub(super) fn pushed_list_spike() -> Spike {
    let mut rule = rate_limit_spike().rule.unwrap();
    rule.text =
        "deny prefix 203.0.113.0/24, 198.51.100.0/25 on / since 2026-03-14T08:45:10Z".to_owned();
    rule.r#where = vec![
        condition(
            "prefix",
            Operator::In,
            &["203.0.113.0/24", "198.51.100.0/25"],
        ),
        condition("route", Operator::Prefix, &["/"]),
    ];
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
        stated: Vec::new(),
        configured: Vec::new(),
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

pub(super) fn undetermined_spike() -> Spike {
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
        stated: Vec::new(),
        configured: Vec::new(),
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

pub(super) fn standing_scan(denials: u64) -> Spike {
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
            text: "deny route under /.env, /.git".to_owned(),
            r#where: vec![condition("route", Operator::Prefix, &["/.env", "/.git"])],
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
        stated: Vec::new(),
        configured: Vec::new(),
        evidence: vec![evidence(
            Cause::RouteAcl,
            EvidenceKind::Behaviour,
            2.4,
            "every one of the requests for /.env and /.git was denied, whoever asked",
        )],
        collateral: Collateral::default(),
        settle: None,
        reproduce: vec!["curl -i https://shop.example/.env".to_owned()],
        peak: Peak {
            start: at(8, 4, 0),
            denials: 8,
        },
        advice: Advice {
            server: vec!["nothing: these denials are meant".to_owned()],
            client: Vec::new(),
        },
        ..rate_limit_spike()
    }
}

fn condition(field: &str, op: Operator, values: &[&str]) -> Condition {
    Condition {
        field: field.to_owned(),
        op,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

pub(super) fn key(value: &str, denials: u64, requests: u64) -> KeyCount {
    KeyCount {
        value: value.to_owned(),
        denials,
        requests,
    }
}

pub(super) fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(name, n)| ((*name).to_owned(), *n))
        .collect()
}
