//! Laws of `export`: what it says of single denials is what `analyze` says of all of them.

mod running;

use forbid_logs::analysis::Progress;
use forbid_logs::export::{Encoding, Request, export};
use forbid_logs::findings::{Analysis, Spike};
use forbid_logs::input::guard;
use forbid_logs::key::token::TokenKey;
use forbid_logs::settings::Settings;
use running::{analyze, settings};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &'static str, _bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}

const DENIALS: Request = Request {
    encoding: Encoding::Ndjson,
    all: false,
    verdict: true,
    keep_unparsed: false,
};

fn exported(settings: &Settings, request: Request) -> Vec<u8> {
    guard::install().expect("the guard of mapped files can be installed");
    let mut out = Vec::new();
    let key = TokenKey::from_bytes([7; 32]);
    let done = export(settings, request, &key, &Unwatched, &mut out).expect("it exports");
    assert!(done.troubles.is_empty(), "{:?}", done.troubles);
    out
}

fn records(settings: &Settings, request: Request) -> Vec<Value> {
    let out = exported(settings, request);
    let text = String::from_utf8(out).expect("records are UTF-8");
    let record = |line| serde_json::from_str(line).expect("a line is a JSON object");
    text.lines().map(record).collect()
}

/// The logs of the labelled cases.
fn labelled() -> Vec<PathBuf> {
    let cases = fs::read_dir("fixtures/labelled").expect("cases are there");
    let mut logs: Vec<PathBuf> = cases
        .map(|case| case.expect("an entry").path())
        .flat_map(|case| ["access.log", "access.log.gz"].map(|name| case.join(name)))
        .filter(|log| log.is_file())
        .collect();
    logs.sort();
    assert!(logs.len() > 10);
    logs
}

/// What an analysis says of its spikes and standing denials: by id (null for standing ones) and cause.
fn told(analysis: &Analysis) -> BTreeMap<String, u64> {
    let name = |spike: &Spike, id: Value| {
        let (family, cause) = (spike.family.name().into(), spike.cause.name().into());
        // Of standing denials each has the mechanism and the confidence of its own group.
        let (mechanism, confidence) = match id {
            Value::Null => Default::default(),
            _ => (spike.mechanism.clone().into(), spike.confidence.into()),
        };
        Value::from(vec![id, family, cause, mechanism, confidence]).to_string()
    };
    let spikes = analysis.spikes.iter();
    let spikes = spikes.map(|spike| (name(spike, spike.id.clone().into()), spike.denials));
    let standing = analysis.standing.iter();
    let standing = standing.map(|spike| (name(spike, Value::Null), spike.denials));
    spikes.chain(standing).collect()
}

fn counted(records: &[Value]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in records {
        assert!(record.get("spike").is_some(), "{record}");
        let said = ["spike", "family", "cause", "mechanism", "confidence"];
        let own = |column: &&str| {
            let is_of_group = matches!(*column, "mechanism" | "confidence");
            !(is_of_group && record["spike"].is_null())
        };
        let said = said.map(|column| {
            let cell = record.get(column).filter(|_| own(&column));
            cell.cloned().unwrap_or_default()
        });
        *counts
            .entry(Value::from(said.to_vec()).to_string())
            .or_default() += 1;
    }
    counts
}

#[test]
fn denials_of_spikes_and_standing_are_those_of_the_analysis() {
    for log in labelled() {
        let settings = settings(&[&log]);
        let (analysis, records) = (analyze(&settings), records(&settings, DENIALS));
        assert_eq!(counted(&records), told(&analysis), "{}", log.display());
        for spike in &analysis.spikes {
            let of_spike = || records.iter().filter(|r| r["spike"] == spike.id.as_str());
            let first = of_spike().filter_map(|r| r["time"].as_str()).min();
            let start = spike.start.format("%Y-%m-%dT%H:%M:%S").to_string();
            assert!(
                first.is_some_and(|first| first.starts_with(&start)),
                "{}",
                log.display()
            );
        }
    }
}

#[test]
fn every_request_is_exported_once_and_in_order() {
    for log in labelled() {
        let settings = settings(&[&log]);
        let analysis = analyze(&settings);
        let all = Request {
            all: true,
            verdict: false,
            ..DENIALS
        };
        let records = records(&settings, all);
        assert_eq!(records.len() as u64, analysis.totals.requests);
        let lines: Vec<u64> = records.iter().filter_map(|r| r["line"].as_u64()).collect();
        assert!(lines.len() == records.len() && lines.is_sorted_by(|a, b| a < b));
        let denied = records
            .iter()
            .filter(|record| record["status"] == 403)
            .count();
        assert_eq!(denied as u64, analysis.totals.denials, "{}", log.display());
        assert!(records.iter().all(|record| record.get("spike").is_none()));
    }
}

#[test]
fn neither_threads_nor_mapping_nor_the_verdict_change_a_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("access.log");
    // Several chunks of an export.
    let text = fs::read("fixtures/labelled/nginx-limit-req/access.log").expect("a log");
    fs::write(&path, text.repeat(4)).expect("a log is written");
    let plain = settings(&[&path]);
    for request in [
        DENIALS,
        Request {
            all: true,
            ..DENIALS
        },
        Request {
            all: true,
            verdict: false,
            encoding: Encoding::Csv,
            ..DENIALS
        },
    ] {
        let whole = exported(&plain, request);
        for (threads, no_mmap) in [(1, true), (4, false), (7, true)] {
            let mut other = plain.clone();
            (other.threads, other.input.no_mmap) = (threads, no_mmap);
            assert!(exported(&other, request) == whole, "{threads} {no_mmap}");
        }
    }
    let only_verdicts = records(&plain, DENIALS);
    let without = records(
        &plain,
        Request {
            verdict: false,
            ..DENIALS
        },
    );
    assert_eq!(only_verdicts.len(), without.len());
    for (with, without) in only_verdicts.iter().zip(&without) {
        for (name, value) in without.as_object().expect("an object") {
            assert_eq!(&with[name], value);
        }
    }
}

#[test]
fn csv_has_what_ndjson_has() {
    let log = Path::new("fixtures/labelled/nginx-four-overlapping-causes/access.log");
    let log = if log.is_file() {
        log.to_path_buf()
    } else {
        labelled().swap_remove(0)
    };
    let settings = settings(&[&log]);
    let csv = exported(
        &settings,
        Request {
            encoding: Encoding::Csv,
            ..DENIALS
        },
    );
    let mut reader = csv::Reader::from_reader(&csv[..]);
    let columns = reader.headers().expect("a header").clone();
    let expected: Vec<&str> = forbid_logs::export::COLUMNS
        .into_iter()
        .chain(forbid_logs::export::VERDICT_COLUMNS)
        .collect();
    assert_eq!(columns.iter().collect::<Vec<_>>(), expected);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let records = records(&settings, DENIALS);
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.iter().zip(&records) {
        for (name, cell) in columns.iter().zip(row) {
            let value = match &record[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let inert = cell.strip_prefix('\'').unwrap_or(cell);
            assert!(cell == value || inert == value, "{name}: {cell} {value}");
        }
    }
}

/// Whoever doubts a sentence of evidence pastes its command and counts the lines.
#[test]
fn the_command_of_each_sentence_shows_its_lines() {
    let tool = Path::new(env!("CARGO_BIN_EXE_forbid-logs"));
    let beside = tool
        .parent()
        .expect("the program is in a folder")
        .display()
        .to_string();
    let path = format!("{beside}:{}", std::env::var("PATH").unwrap_or_default());
    let mut exact = 0;
    for log in [
        "fixtures/labelled/nginx-limit-req/access.log",
        "fixtures/labelled/nginx-limit-req-over-denied-location/access.log.gz",
    ] {
        let analysis = analyze(&settings(&[log]));
        for spike in &analysis.spikes {
            assert!(!spike.evidence.is_empty());
            for evidence in &spike.evidence {
                let command = evidence.command.as_deref().expect("each sentence has one");
                let output = Command::new("sh")
                    .args(["-c", command])
                    .env("PATH", &path)
                    .output()
                    .expect("there is a shell");
                let lines = output.stdout.split(|byte| *byte == b'\n').count() as u64 - 1;
                assert!(output.status.success(), "{command}: {output:?}");
                if command.contains(" --all") {
                    assert!(lines >= spike.denials, "{command}: {lines} lines");
                } else {
                    assert_eq!(lines, spike.denials, "{command}");
                    exact += 1;
                }
            }
        }
    }
    assert!(
        exact >= 3,
        "{exact} sentences are about the denials themselves"
    );
}
