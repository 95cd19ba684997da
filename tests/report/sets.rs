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
