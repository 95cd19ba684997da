//! A log that shrinks while it is read, as `copytruncate` does it: no crash, and it is told.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const LINE: &str =
    "203.0.113.7 - - [10/Mar/2026:09:43:00 +0000] \"GET / HTTP/1.1\" 403 5 \"-\" \"a\"\n";
const LINES: usize = 100_000;

/// Starts the program on a log and on a pipe. The pipe makes it wait after the log is open and before
/// it is read, so that the log shrinks at a known moment.
fn analyze_while(options: &[&str], change: impl FnOnce(&File)) -> Output {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("access.log");
    fs::write(&path, LINE.repeat(LINES)).expect("a log is written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_forbid-logs"))
        .args([
            "analyze",
            "access.log",
            "-",
            "--format",
            "json",
            "--threads",
            "2",
        ])
        .args(options)
        .current_dir(directory.path())
        .env("XDG_STATE_HOME", directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_until_open(&mut child, &path);
    change(
        &File::options()
            .write(true)
            .open(&path)
            .expect("the log opens"),
    );
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(LINE.as_bytes()).expect("the program reads");
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

/// The head of the log is read or mapped right after it is opened, which takes far less than the pause.
fn wait_until_open(child: &mut Child, path: &std::path::Path) {
    let descriptors = format!("/proc/{}/fd", child.id());
    let is_open = || {
        fs::read_dir(&descriptors).is_ok_and(|mut all| {
            all.any(|fd| fd.is_ok_and(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path)))
        })
    };
    let start = Instant::now();
    while !is_open() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the log is never opened"
        );
        assert!(
            child.try_wait().expect("a child").is_none(),
            "the program ends early"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
}

fn assert_told(output: &Output) -> serde_json::Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("access.log: the file shrank or was overwritten while it was read"),
        "{stderr}"
    );
    assert!(stderr.contains("copytruncate"), "{stderr}");
    let analysis: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("the output is whole");
    let number = |pointer: &str| {
        analysis
            .pointer(pointer)
            .and_then(|v| v.as_u64())
            .expect("a number")
    };
    let skipped: u64 = ["malformed", "too_long", "filtered", "not_a_request"]
        .map(|why| number(&format!("/input/skipped/{why}")))
        .iter()
        .sum();
    assert_eq!(number("/input/lines"), number("/input/parsed") + skipped);
    assert!(
        number("/input/parsed") < LINES as u64,
        "what is gone is not counted"
    );
    let told: u64 = ["spikes", "standing"]
        .iter()
        .flat_map(|list| analysis[list].as_array().expect("a list"))
        .map(|spike| spike["denials"].as_u64().expect("a count"))
        .sum();
    assert_eq!(told, number("/totals/denials"));
    analysis
}

#[test]
fn a_mapped_log_that_shrinks_is_analysed_in_part() {
    let half = (LINE.len() * LINES / 2) as u64;
    let analysis = assert_told(&analyze_while(&[], |log| {
        log.set_len(half).expect("it shrinks")
    }));
    assert!(analysis["warnings"].to_string().contains("shrank"));
}

#[test]
fn a_mapped_log_that_is_emptied_is_analysed_in_part() {
    assert_told(&analyze_while(&[], |log| {
        log.set_len(0).expect("it shrinks")
    }));
}

#[test]
fn a_log_that_is_read_and_shrinks_is_analysed_in_part() {
    let part = (LINE.len() * 1_000 + 7) as u64;
    assert_told(&analyze_while(&["--no-mmap"], |log| {
        log.set_len(part).expect("it shrinks")
    }));
}
