//! What a run publishes.

use super::logs::Logs;
use super::place::{Place, assert_counted};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn appends_are_counted_once() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for lines in [100, 0, 1, 500, 0] {
        log.append(lines);
        place.run_well(&["a.log"]);
        assert_counted(&place, &[&log]);
    }
    assert_eq!(place.table("summary.csv").len(), 5);
}

#[test]
fn an_empty_log_gives_a_row() {
    let place = Place::new();
    fs::write(place.path("a.log"), "").unwrap();
    place.run_well(&["a.log"]);
    let output = place.command(&["a.log"]).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "the sets are those of a state"
    );
    let summary = place.table("summary.csv");
    assert_eq!(
        summary
            .iter()
            .map(|row| row[6].to_owned())
            .collect::<Vec<_>>(),
        ["0"]
    );
}

#[test]
fn without_a_state_all_is_run_1_again() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for _ in 0..3 {
        log.append(50);
        let output = place.command(&["a.log"]).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
        place.check_current();
        assert_counted(&place, &[&log]);
        assert_eq!(&place.table("summary.csv")[0][1], "1");
    }
}

#[test]
fn python_reads_what_hostile_logs_leave() {
    let place = Place::new();
    let name = "=cmd, \"quoted\".log";
    let hostile = ["bytes.log", "json.log", "numbers.log"]
        .map(|name| fs::read(Path::new("fixtures/hostile").join(name)).unwrap());
    let mut log = Logs::new(place.path(name));
    log.append(400);
    log.append_raw(&hostile.concat());
    let output = place.run(&[name]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    place.check_current();
    let script = r#"
import csv, pathlib
for path in sorted(pathlib.Path("out").glob("*.csv")):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert all(None not in row and None not in row.values() for row in rows), path
    assert all(row["source"] == "'=cmd, \"quoted\".log" for row in rows), path
    print(path.name, len(rows) > 0)
"#;
    let python = Command::new("python3")
        .args(["-c", script])
        .current_dir(place.path(""))
        .output()
        .expect("the tests need Python 3");
    let told = String::from_utf8_lossy(&python.stdout).into_owned();
    assert!(
        python.status.success(),
        "{}",
        String::from_utf8_lossy(&python.stderr)
    );
    assert!(
        told.contains("ips.csv True") && told.contains("windows.csv True"),
        "{told}"
    );
}

#[test]
fn what_is_new_is_told_once_and_can_be_made_known() {
    let text = fs::read("fixtures/labelled/nginx-limit-req/access.log").unwrap();
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (first, rest) = lines.split_at(6000);
    let run = |place: &Place, more: &[&str]| {
        let arguments = [&["a.log", "--state", "state", "--print"], more].concat();
        let output = place.command(&arguments).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), told)
    };
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append_raw(&first.concat());
    let (code, told) = run(
        &place,
        &["--fail-on", "new:100", "--write-known", "rules.txt"],
    );
    assert_eq!(code, Some(1));
    for text in [
        "1 new spike",
        "1-1  RATE LIMIT",
        "limit 1/s burst 10 per ip",
        "out/runs/000001",
    ] {
        assert!(told.contains(text), "{told}");
    }
    log.append_raw(&rest.concat());
    // It goes on under its id, so it is new no more.
    let goes_on = run(&place, &["--fail-on", "new"]);
    assert_eq!(goes_on, (Some(0), String::new()));
    assert_eq!(&place.table("spikes.csv")[0][3], "1-1");
    let rules = fs::read_to_string(place.path("rules.txt")).unwrap();
    assert!(
        rules.ends_with("\nlimit 1/s burst 10 per ip on /api/v1/search\n"),
        "{rules}"
    );

    let other = Place::new();
    Logs::new(other.path("a.log")).append_raw(&text);
    let rules = place.path("rules.txt");
    let expected = run(
        &other,
        &["--fail-on", "any", "--known", rules.to_str().unwrap()],
    );
    assert_eq!(expected, (Some(0), String::new()));
    assert_eq!(other.table("spikes.csv").len(), 1);
}
