//! Analyses for tests: what the other modules would find in five made-up logs.

mod spikes;

use crate::findings::*;
use chrono::TimeDelta;
use spikes::{
    counts, evidence, key, pushed_list_spike, rate_limit_spike, standing_scan, undetermined_spike,
};
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
    expired.evidence = vec![evidence(
        Cause::Credential,
        EvidenceKind::Behaviour,
        1.2,
        "tok_77aa01c2d3e4 was admitted 12 times before 09:01:10 and never after, others are",
    )];
    expired.reproduce.clear();
    expired.peak.denials = 4;
    expired.advice = Advice {
        server: vec!["tell the owner of tok_77aa01c2d3e4 that its key has expired".to_owned()],
        client: vec!["ask for a new key".to_owned()],
    };
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
    analysis.groups.client.remove(0);
    analysis.groups.route.remove(0);
    analysis.groups.ip.remove(0);
    analysis.groups.window.clear();
    analysis.groups.token[0].value = "tok_77aa01c2d3e4".to_owned();
    analysis.groups.token[0].denials = 118;
    analysis.groups.token[0].requests = 130;
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
        side_logs: None,
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
            for condition in &mut rule.r#where {
                condition.values = vec![value.to_owned(); 5];
                condition.values[0] = "/a/very/long/route".repeat(40);
            }
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

fn shares(shares: &[(&str, f64)]) -> BTreeMap<String, f64> {
    shares
        .iter()
        .map(|(name, share)| ((*name).to_owned(), *share))
        .collect()
}
