//! Every folder of `fixtures/formats`: what `sample.log` must give, line by line, stands in
//! `expected.ndjson`; `settings.json` holds settings that are not the default.
//!
//! The first line of the expectation names the format. Absent fields are left out; a line that is no
//! record has the reason; a line that another format read has that format's name. After a wanted change:
//! run with `UPDATE_SNAPSHOTS=1`, then read the difference line by line.

mod carriers;
mod round_trip;

use super::lines::lines;
use super::registry::Parser;
use super::*;
use crate::record::{Reject, Upstream};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let mut folders: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= list().len());
    folders
}

fn settings(folder: &Path) -> FormatSettings {
    let text = fs::read_to_string(folder.join("settings.json")).unwrap_or_else(|_| "{}".to_owned());
    let value: Value = serde_json::from_str(&text).unwrap();
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    FormatSettings {
        log_format: text("log_format"),
        timezone: text("timezone").map(|zone| zone.parse().unwrap()),
        ..FormatSettings::default()
    }
}

/// What a visitor is told, as JSON.
struct Told<'d> {
    detected: &'d Detected,
    lines: Vec<Value>,
}

impl Visitor for Told<'_> {
    fn record(&mut self, _: Line<'_>, record: &Record<'_>, format: usize) {
        let mut object = as_json(record);
        if format > 0 {
            object.insert("format".into(), self.detected.format_name(format).into());
        }
        self.lines.push(object.into());
    }

    fn skipped(&mut self, _: Line<'_>, why: Reject) {
        self.lines.push(json!({ "skipped": format!("{why:?}") }));
    }
}

fn as_json(record: &Record<'_>) -> Map<String, Value> {
    let time = chrono::DateTime::from_timestamp_millis(record.time_ms).unwrap();
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put(
        "time",
        time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
            .into(),
    );
    if record.utc_offset_s != 0 {
        put("utc_offset_s", record.utc_offset_s.into());
    }
    let text = |bytes: &[u8]| -> Value {
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        text.unwrap_or_else(|_| bytes.escape_ascii().to_string())
            .into()
    };
    put("status", record.status.into());
    for (name, field) in [
        ("ip", &record.address[..]),
        ("forwarded_for", &record.forwarded_for),
        ("method", record.method),
        ("target", &record.target),
        ("referer", &record.referer),
        ("user_agent", &record.user_agent),
        ("user", &record.user),
        ("host", &record.host),
        ("token", &record.token),
    ] {
        if !field.is_empty() {
            put(name, text(field));
        }
    }
    if let Some(bytes) = record.bytes {
        put("bytes", bytes.into());
    }
    if let Some(ms) = record.duration_ms() {
        let is_whole = ms.fract() == 0.0;
        let ms = if is_whole {
            (ms as u64).into()
        } else {
            ms.into()
        };
        put("duration_ms", ms);
    }
    match record.upstream {
        Upstream::Unknown => {}
        Upstream::NotAsked => drop(put("upstream", "not asked".into())),
        Upstream::Status(status) => drop(put("upstream", status.into())),
    }
    if let Some(stated) = record.stated {
        put("stated", stated.reason().by.into());
    }
    if let Some(rule) = &record.rule {
        put("rule", text(&rule.name));
        if !rule.message.is_empty() {
            put("rule_message", text(&rule.message));
        }
    }
    if let Some((file, line)) = record.rule_place() {
        put(
            "rule_place",
            format!("{}:{line}", file.escape_ascii()).into(),
        );
    }
    object
}

fn told(detected: &Detected, chunks: &[&[u8]]) -> Vec<Value> {
    let mut told = Told {
        detected,
        lines: Vec::new(),
    };
    chunks
        .iter()
        .for_each(|chunk| detected.visit(chunk, &mut told));
    told.lines
}

#[test]
fn every_sample_gives_what_is_expected() {
    for folder in folders() {
        let sample = fs::read(folder.join("sample.log")).unwrap();
        let detected = detect(&sample, &settings(&folder)).unwrap();
        let header = json!({ "name": detected.name, "warnings": detected.warnings.len() });
        let all: Vec<Value> = std::iter::once(header)
            .chain(told(&detected, &[&sample]))
            .collect();
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            let lines: Vec<_> = all.iter().map(|value| format!("{value}\n")).collect();
            fs::write(folder.join("expected.ndjson"), lines.concat()).unwrap();
        }
        let expected = fs::read_to_string(folder.join("expected.ndjson")).unwrap_or_default();
        let mut expected = expected
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        for (number, found) in all.into_iter().enumerate() {
            assert_eq!(
                Some(found),
                expected.next(),
                "{}: line {number}",
                folder.display()
            );
        }
        assert_eq!(expected.next(), None, "{}", folder.display());
    }
}

#[test]
fn a_first_line_as_long_as_any_that_is_read_hides_nothing() {
    let usual = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"a\"\n";
    let mut head = usual.replace("\"a\"", &format!("\"{}\"", "a".repeat(900_000)));
    head.push_str(&usual.repeat(100));
    let detected = detect(head.as_bytes(), &FormatSettings::default()).unwrap();
    assert_eq!(detected.name, "ncsa.combined");
    let junk = format!("{}\n{}", "x".repeat(1_500_000), usual.repeat(100));
    let detected = detect(junk.as_bytes(), &FormatSettings::default()).unwrap();
    assert_eq!(detected.name, "ncsa.combined");
}

#[test]
fn the_first_64_kib_tell_the_format() {
    let usual = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 1 \"-\" \"a\"\n";
    let head = usual.repeat((64 << 10) / usual.len() + 1);
    let alone = detect(head.as_bytes(), &FormatSettings::default()).unwrap();
    // What follows is another's, and ten times as much.
    let json = "{\"time\":1,\"status\":403,\"ip\":\"192.0.2.1\"}\n".repeat(20_000);
    let more = detect(
        format!("{head}{json}").as_bytes(),
        &FormatSettings::default(),
    )
    .unwrap();
    assert_eq!((alone.name, alone.why), (more.name, more.why));
}

#[test]
fn requests_may_be_few_among_events_of_other_kinds() {
    let event = |kind: &str, of: &str| {
        format!(
            "{{\"timestamp\":\"2026-03-10T09:43:00.1+0100\",\"flow_id\":1,\"event_type\":\"{kind}\",\"src_ip\":\"203.0.113.7\",{of}}}\n"
        )
    };
    let others = event(
        "dns",
        "\"dns\":{\"rrname\":\"www.example.com\",\"rcode\":\"NOERROR\"}",
    )
    .repeat(1000);
    let request = event(
        "http",
        "\"http\":{\"http_method\":\"GET\",\"url\":\"/a\",\"status\":403}",
    );
    assert!(others.len() > 64 << 10);
    let log = format!("{others}{request}");
    let detected = detect(log.as_bytes(), &FormatSettings::default()).unwrap();
    assert_eq!(detected.name, "suricata");
    let told = told(&detected, &[log.as_bytes()]);
    let notes = told.iter().filter(|line| line["skipped"] == "NotARequest");
    assert_eq!((notes.count(), told.len()), (1000, 1001));
    assert!(detect(others.as_bytes(), &FormatSettings::default()).is_err());
}

#[test]
fn the_answer_never_depends_on_chunks() {
    for folder in folders() {
        let sample = fs::read(folder.join("sample.log")).unwrap();
        let detected = detect(&sample, &settings(&folder)).unwrap();
        let whole = told(&detected, &[&sample]);
        // Chunks end where lines do, and elements of one line are never cut apart.
        let starts = |offset: usize| offset == 0 || sample[offset - 1] == b'\n';
        for line in lines(&sample).filter(|line| starts(line.offset)) {
            let (before, behind) = sample.split_at(line.offset);
            assert_eq!(
                told(&detected, &[before, behind]),
                whole,
                "{} {}",
                folder.display(),
                line.number
            );
        }
    }
}

#[test]
fn at_most_one_format_takes_a_line() {
    for folder in folders() {
        let sample = fs::read(folder.join("sample.log")).unwrap();
        let found: Vec<_> = lines(&sample).map(|line| line.bytes).collect();
        let parsers = Parser::learn_all(&found, &[], &FormatSettings::default()).unwrap();
        for line in found {
            let takers = parsers
                .iter()
                .filter(|(_, parser)| parser.parse(line, &mut Clock::new(None)).is_some());
            // Of several strings of a format's family the first that fits is taken.
            let names: Vec<_> = takers.map(|(known, _)| known.name).collect();
            // Swift's are NCSA's, but for a transaction in the agent's place: they are offered to Swift first.
            let rivals = names.strip_prefix(&["swift.storage"]).unwrap_or(&names);
            assert!(rivals.len() <= 1, "{names:?} take {}", line.escape_ascii());
        }
    }
}
