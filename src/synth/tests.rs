//! The simulation keeps its promises: same bytes for a seed, labels that hold, every cause present.

use super::*;
use crate::findings::Cause;
use std::collections::BTreeSet;

fn small(name: &str, seed: u64) -> Scenario {
    scenarios::build(name, seed, 6.0, 20_000, Format::Combined).expect("a known scenario")
}

#[test]
fn a_seed_gives_the_same_bytes_and_another_seed_gives_others() {
    let log = |seed| {
        let mut bytes = Vec::new();
        generate(&small("limit-token", seed), &mut bytes).unwrap();
        bytes
    };
    assert_eq!(log(1), log(1));
    assert_ne!(log(1), log(2));
}

#[test]
fn labels_name_exactly_the_denied_lines() {
    let mut bytes = Vec::new();
    let truth = generate(&small("mixed-many", 3), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let denied: Vec<u64> = text
        .lines()
        .zip(1..)
        .filter(|(line, _)| line.contains("\" 403 "))
        .map(|(_, number)| number)
        .collect();
    let labelled: Vec<u64> = truth.labels.iter().map(|label| label.line).collect();
    assert_eq!(denied, labelled);
    assert_eq!(truth.n403, denied.len() as u64);
    assert_eq!(truth.lines, text.lines().count() as u64);
    assert_eq!(truth.bytes, text.len() as u64);
}

#[test]
fn stamps_never_run_backwards() {
    let mut bytes = Vec::new();
    generate(&small("plain", 5), &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let clock = |line: &str| {
        line.split('[')
            .nth(1)
            .and_then(|t| t.get(12..20))
            .unwrap()
            .to_string()
    };
    let steps_back = text
        .lines()
        .zip(text.lines().skip(1))
        .filter(|(a, b)| clock(a) > clock(b))
        .count();
    // Only midnights.
    assert!(steps_back <= 1, "{steps_back}");
}

#[test]
fn every_scenario_has_the_spikes_that_it_says() {
    let names: BTreeSet<&str> = scenarios::all().map(|named| named.name).collect();
    assert_eq!(names.len(), scenarios::all().count());
    assert!(names.len() >= 30);
    let mut causes = BTreeSet::new();
    for named in scenarios::all() {
        let truth = generate(&small(named.name, 11), &mut std::io::sink()).unwrap();
        let quiet = named.name.starts_with("none") || named.name == "plain";
        assert_eq!(
            truth.spikes.is_empty(),
            quiet,
            "{}: {:?}",
            named.name,
            truth.c403
        );
        for spike in &truth.spikes {
            assert!(
                spike.n403 >= 25 && spike.first_line < spike.last_line,
                "{}: {spike:?}",
                named.name
            );
            assert!(!spike.keys.is_empty(), "{}", named.name);
        }
        causes.extend(truth.spikes.iter().map(|spike| spike.cause));
    }
    let all: BTreeSet<&str> = Cause::ALL
        .iter()
        .map(|cause| cause.name())
        .filter(|name| *name != "undetermined")
        .collect();
    assert_eq!(causes, all);
}

#[test]
fn every_format_writes_whole_lines() {
    for (name, format) in Format::ALL {
        let scenario = Scenario {
            format,
            ..small("limit-bucket-ip", 2)
        };
        let mut bytes = Vec::new();
        let truth = generate(&scenario, &mut bytes).unwrap();
        assert_eq!(truth.format, name);
        assert_eq!(
            bytes.iter().filter(|byte| **byte == b'\n').count() as u64,
            truth.lines
        );
        if format == Format::Json {
            let lines = bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty());
            assert!(
                lines
                    .take(50)
                    .all(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok())
            );
        }
    }
}
