//! States and logs that are lost, damaged, old, newer or held, and a disk that is full.

use super::logs::Logs;
use super::place::{Place, assert_counted};
use std::fs;
use std::process::Command;

#[test]
fn what_is_lost_is_told() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(100);
    place.run_well(&["a.log"]);
    // Beside the old one first, so that it has another inode.
    fs::write(place.path("b.log"), "").unwrap();
    fs::rename(place.path("b.log"), place.path("a.log")).unwrap();
    log.append(10);
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said.contains("a.log: the file that was read before is gone"),
        "{said}"
    );
    assert_counted(&place, &[&log]);
    fs::write(place.path("a.log"), "").unwrap();
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("a.log: the file was truncated"), "{said}");
    place.run_well(&["a.log"]);
}

#[test]
fn a_file_that_comes_back_is_not_counted_again() {
    let place = Place::new();
    fs::create_dir(place.path("logs")).unwrap();
    let mut log = Logs::new(place.path("logs/a.log"));
    log.append(100);
    fs::write(place.path("logs/b.log"), "").unwrap();
    place.run_well(&["logs"]);
    fs::rename(place.path("logs/a.log"), place.path("away")).unwrap();
    let output = place.run(&["logs"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said.contains("the file that was read before is gone"),
        "{said}"
    );
    // Told once, and remembered.
    place.run_well(&["logs"]);
    fs::rename(place.path("away"), place.path("logs/a.log")).unwrap();
    log.append(5);
    place.run_well(&["logs"]);
    let summary = fs::read_to_string(place.path("out/summary.csv")).unwrap();
    let lines = |row: &str| row.split(',').nth(6)?.parse::<u64>().ok();
    assert_eq!(
        summary.lines().skip(1).filter_map(lines).sum::<u64>(),
        105,
        "{summary}"
    );
}

#[test]
fn a_clock_that_goes_back_is_no_matter() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for back_s in [0, 7200, 86_400 * 9, -3600] {
        log.append(200);
        place.run_well(&["a.log"]);
        log.seconds -= back_s;
    }
    log.append(200);
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
}

#[test]
fn a_state_that_is_lost_or_damaged_is_found_in_the_published_set() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for damage in [
        None,
        Some("{\"version\":1,"),
        Some(""),
        Some("\0\u{ff}"),
        None,
    ] {
        log.append(60);
        place.run_well(&["a.log"]);
        log.append(5);
        match damage {
            None => fs::remove_file(place.path("state")).unwrap(),
            Some(text) => fs::write(place.path("state"), text).unwrap(),
        }
        let output = place.run(&["a.log"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains("going on from the copy in the set of run"),
            "{said}"
        );
        assert_counted(&place, &[&log]);
    }
    assert_eq!(place.table("summary.csv").len(), 10);
}

#[test]
fn an_old_state_beside_newer_sets_is_not_gone_on_from() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    place.run_well(&["a.log"]);
    let old = fs::read(place.path("state")).unwrap();
    for _ in 0..3 {
        log.append(10);
        place.run_well(&["a.log"]);
    }
    fs::write(place.path("state"), old).unwrap();
    log.append(10);
    let output = place.run(&["a.log"]);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is of run 1, and run 4 is published")
    );
    assert_counted(&place, &[&log]);
}

#[test]
fn a_newer_state_is_refused() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    fs::write(place.path("state"), "{\"version\": 9, \"what\": []}").unwrap();
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("has version 9") && said.contains("newer forbid-logs"),
        "{said}"
    );
    assert!(!place.path("out/current").exists());
    assert!(
        fs::read_to_string(place.path("state"))
            .unwrap()
            .contains("what")
    );
}

#[test]
fn a_pipe_is_no_state() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    let made = Command::new("mkfifo").arg(place.path("state")).status();
    assert!(made.unwrap().success());
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("is no state of forbid-logs"), "{said}");
    assert!(!place.path("out/current").exists());
}

#[test]
fn a_number_of_runs_that_cannot_be_is_damage() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    place.run_well(&["a.log"]);
    let state = fs::read_to_string(place.path("state")).unwrap();
    let changed = state.replacen("\"run\":1,", &format!("\"run\":{},", u64::MAX), 1);
    assert_ne!(changed, state);
    fs::write(place.path("state"), changed).unwrap();
    log.append(10);
    place.run(&["a.log"]);
    assert_counted(&place, &[&log]);
}

#[test]
fn a_second_run_says_who_is_at_work() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    let lock = fs::File::create(place.path("state.lock")).unwrap();
    fs::write(
        place.path("state.lock"),
        "process 4711, since 2026-03-10T00:00:00Z\n",
    )
    .unwrap();
    lock.lock().unwrap();
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("the state state is held by another run (process 4711"),
        "{said}"
    );
    assert!(!place.path("out/current").exists());
    lock.unlock().unwrap();
    place.run_well(&["a.log"]);
}

#[test]
fn a_disk_that_is_full_leaves_the_run_for_later() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(300);
    place.run_well(&["a.log"]);
    log.append(6000);
    // A limit on the size of files fails writes as a full disk does, and no signal ends the run.
    let tool = env!("CARGO_BIN_EXE_forbid-logs");
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {tool} report a.log --out out --state state --threads 1"
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.path(""))
        .env("XDG_STATE_HOME", place.path("xdg"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write"), "{said}");
    place.check_current();
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
    assert_eq!(place.table("summary.csv").len(), 2);
}

#[test]
fn a_stretch_of_another_format_is_told_once_and_stops_nothing() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(1000);
    place.run_well(&["a.log"]);
    log.append_raw(&b"what is this\n".repeat(300));
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("skipped 300 of 300 new lines of a.log"),
        "{said}"
    );
    log.append(10);
    place.run_well(&["a.log"]);
    log.lines += 300;
    assert_counted(&place, &[&log]);
}

#[test]
fn two_states_on_one_directory_are_refused() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    let mut other = Logs::new(place.path("b.log"));
    log.append(10);
    other.append(10);
    place.run_well(&["a.log"]);
    let output = place.command(&["b.log", "--state", "s2"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("they are of other LOGs"), "{said}");
    // A state of its own elsewhere, then brought here.
    let second = Place::new();
    let mut elsewhere = Logs::new(second.path("a.log"));
    elsewhere.append(10);
    second.run_well(&["a.log"]);
    fs::copy(second.path("state"), place.path("s2")).unwrap();
    let output = place.command(&["a.log", "--state", "s2"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("published with another state"), "{said}");
    // Moved together, they go on.
    log.append(5);
    fs::rename(place.path("state"), place.path("s2")).unwrap();
    let output = place.command(&["a.log", "--state", "s2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_counted(&place, &[&log]);
}
