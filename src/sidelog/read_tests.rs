//! Whole files: the same is read whatever the chunks, and transactions are stitched.

use super::*;
use crate::settings::InputSettings;
use std::fmt::Write as _;

fn wanted() -> Wanted {
    Wanted {
        clients: [mark::of_client(b"192.0.2.1")].into_iter().collect(),
        ids: [mark::of_id(b"id7")].into_iter().collect(),
    }
}

fn read_text(text: &str, chunk_bytes: usize) -> SideLogs {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("it is written");
    let settings = InputSettings {
        logs: vec![file.path().display().to_string()],
        chunk_bytes,
        ..InputSettings::default()
    };
    let input = Input::open(&settings).expect("it opens").input;
    read(&input, &wanted(), &|_| {})
}

/// What is told of the entries, without what a run's hashes are.
fn told(logs: &SideLogs) -> Vec<(u32, i64, Kind, String)> {
    let entries = logs.entries.iter();
    entries
        .map(|entry| {
            let saying = &logs.sayings[entry.saying as usize];
            let zone = String::from_utf8_lossy(&saying.zone).into_owned();
            (entry.line, entry.local_ms, saying.kind, zone)
        })
        .collect()
}

fn nginx_log() -> String {
    let mut log = String::from("2026/03/10 09:43:00 [notice] 1#1: start\n");
    for n in 0..200 {
        let (second, zone, client) = (n / 4, n % 3, n % 5);
        let _ = writeln!(
            log,
            "2026/03/10 09:43:{second:02} [error] 1#1: *{n} limiting requests, excess: 1.0 by zone \"z{zone}\", client: 192.0.2.{client}, server: s, request: \"GET /a HTTP/1.1\""
        );
    }
    log
}

#[test]
fn chunks_change_nothing_and_only_denied_clients_are_kept() {
    let whole = read_text(&nginx_log(), 1 << 20);
    assert_eq!(
        (whole.files[0].lines, whole.files[0].statements),
        (201, 200)
    );
    assert_eq!(whole.files[0].format(), "nginx error log");
    assert_eq!(whole.entries.len(), 40);
    assert_eq!(whole.entries[0].line, 2);
    for chunk_bytes in [100, 1000, 5000] {
        assert_eq!(told(&read_text(&nginx_log(), chunk_bytes)), told(&whole));
    }
}

fn audit_log() -> String {
    let mut log = String::new();
    for n in 0..30 {
        let _ = write!(
            log,
            "--{n:08x}-A--\n[10/Mar/2026:09:39:02.292240 +0000] id{n} 192.0.2.1 47157 198.51.100.1 443\n--{n:08x}-B--\nGET /a?n={n} HTTP/1.1\nHost: h\n\n--{n:08x}-H--\nMessage: Warning. x [file \"/f\"] [line \"1\"] [id \"942100\"] [msg \"SQL\"]\nMessage: Access denied with code 403 (phase 2). Operator GE matched 5 at TX:x. [file \"/g\"] [line \"94\"] [id \"949110\"] [msg \"m\"]\nAction: Intercepted (phase 2)\n\n--{n:08x}-Z--\n\n"
        );
    }
    log
}

#[test]
fn a_transaction_that_a_chunk_cuts_is_read_whole() {
    let whole = read_text(&audit_log(), 1 << 20);
    assert_eq!(whole.entries.len(), 30);
    assert_eq!(whole.matches.len(), 30);
    assert_eq!(whole.files[0].format(), "ModSecurity audit log");
    for chunk_bytes in [40, 150, 700, 3000] {
        let cut = read_text(&audit_log(), chunk_bytes);
        assert_eq!(told(&cut), told(&whole), "{chunk_bytes}");
        assert_eq!(cut.matches.len(), 30);
        assert_eq!(cut.files[0].lines, whole.files[0].lines);
    }
}

#[test]
fn what_is_no_side_log_says_nothing() {
    let log = read_text(
        "192.0.2.1 - - [10/Mar/2026:09:39:02 +0000] \"GET / HTTP/1.1\" 403 1\n\u{0}\n\n",
        1 << 20,
    );
    assert_eq!((log.entries.len(), log.files[0].format()), (0, "unknown"));
    assert_eq!(log.files[0].lines, 3);
}
