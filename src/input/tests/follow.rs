use super::*;
use std::io::Write;

/// A directory with logs, and what is known of them.
struct Directory(tempfile::TempDir, Option<Vec<Cursor>>);

impl Directory {
    fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap(), None)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let file = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// What a run reads of `typed`: the name of each file, and its new part where that is known.
    fn read(&mut self, typed: &str) -> Vec<(String, u64, Option<u64>)> {
        let typed = self.path(typed).to_str().unwrap().to_owned();
        let followed = follow(&typed, 0, self.1.as_deref(), &HashSet::new()).unwrap();
        assert!(followed.lost.is_empty(), "{:?}", followed.lost);
        self.1 = Some(followed.files.iter().map(|file| file.cursor(ALL)).collect());
        let new = followed
            .files
            .into_iter()
            .filter(|file| file.end != Some(file.start));
        new.map(|file| {
            let name = Path::new(&file.path)
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            (name, file.start, file.end)
        })
        .collect()
    }
}

fn named(name: &str, start: u64, end: u64) -> (String, u64, Option<u64>) {
    (name.to_owned(), start, Some(end))
}

#[test]
fn what_was_rotated_before_the_first_run_is_not_read() {
    let mut logs = Directory::new();
    logs.append("a.log.1", "old\n");
    logs.append("a.log", "one\ntwo\nthr");
    assert_eq!(logs.read("a.log"), [named("a.log", 0, 8)]);
    assert_eq!(logs.read("a.log"), []);
    logs.append("a.log", "ee\n");
    logs.append("a.log.1", "late\n");
    assert_eq!(
        logs.read("a.log"),
        [named("a.log.1", 4, 9), named("a.log", 8, 14)]
    );
}

#[test]
fn a_part_of_a_record_waits_for_the_last_one() {
    let mut logs = Directory::new();
    let line = |rest: &str| format!("2026-03-10T09:00:00Z {rest}\n");
    let whole = line("stdout F one");
    let (n, end) = (whole.len() as u64, |lines: u64| {
        Some(lines * whole.len() as u64)
    });
    logs.append(
        "a.log",
        &[whole.clone(), line("stdout P two"), line("stderr F six")].concat(),
    );
    assert_eq!(logs.read("a.log"), [("a.log".to_owned(), 0, end(1))]);
    logs.append("a.log", &line("stdout P ten"));
    assert_eq!(logs.read("a.log"), []);
    logs.append("a.log", &line("stdout F end"));
    assert_eq!(logs.read("a.log"), [("a.log".to_owned(), n, end(5))]);
    // One that never comes is waited for only while it would be joined.
    logs.append("a.log", &line("stdout P two"));
    logs.append(
        "a.log",
        &line("stderr F six").repeat((1 << 20) / n as usize - 2),
    );
    assert_eq!(logs.read("a.log"), []);
    logs.append("a.log", &line("stderr F six").repeat(4));
    let lines = (1 << 20) / n + 3;
    assert_eq!(
        logs.read("a.log"),
        [("a.log".to_owned(), 5 * n, end(5 + lines))]
    );
}

#[test]
fn files_of_equal_text_are_told_apart_by_their_inodes() {
    let mut logs = Directory::new();
    logs.append("a.log", "same\nsame\n");
    assert_eq!(logs.read("a.log"), [named("a.log", 0, 10)]);
    fs::rename(logs.path("a.log"), logs.path("a.log.1")).unwrap();
    logs.append("a.log", "same\nsame\n");
    assert_eq!(logs.read("a.log"), [named("a.log", 0, 10)]);
    fs::rename(logs.path("a.log.1"), logs.path("a.log.2")).unwrap();
    fs::rename(logs.path("a.log"), logs.path("a.log.1")).unwrap();
    logs.append("a.log", "same\n");
    assert_eq!(logs.read("a.log"), [named("a.log", 0, 5)]);
}

#[test]
fn a_file_that_was_truncated_and_has_grown_again_is_another() {
    let mut logs = Directory::new();
    // Alike for longer than the hash of the beginning reaches.
    let head = "the same beginning\n".repeat(300);
    logs.append("a.log", &format!("{head}old end\n"));
    assert_eq!(logs.read("a.log").len(), 1);
    fs::copy(logs.path("a.log"), logs.path("a.log.1")).unwrap();
    fs::write(logs.path("a.log"), format!("{head}new end\nand more\n")).unwrap();
    let size = head.len() as u64 + 17;
    assert_eq!(logs.read("a.log"), [named("a.log", 0, size)]);
}

#[test]
fn a_copy_without_the_last_lines_is_not_read_again() {
    let mut logs = Directory::new();
    logs.append("a.log", &"some line\n".repeat(500));
    assert_eq!(logs.read("a.log"), [named("a.log", 0, 5000)]);
    fs::copy(logs.path("a.log"), logs.path("a.log.1")).unwrap();
    logs.append("a.log", "the last one\n");
    // Read before the truncation, which loses the last line.
    assert_eq!(logs.read("a.log"), [named("a.log", 5000, 5013)]);
    fs::write(logs.path("a.log"), "new\n").unwrap();
    assert_eq!(logs.read("a.log"), [named("a.log", 0, 4)]);
    assert_eq!(logs.read("a.log"), []);
}

#[test]
fn names_that_are_no_rotation_are_left_alone() {
    let mut logs = Directory::new();
    logs.append("a.log", "one\n");
    assert_eq!(logs.read("a.log").len(), 1);
    for name in [
        "a.log.bak",
        "a.log.offset",
        "a.log.state",
        "a.log-notes.txt",
        "b.log",
    ] {
        logs.append(name, "what?\n");
    }
    assert_eq!(logs.read("a.log"), []);
    for name in [
        "a.log.7",
        "a.log-20260310",
        "a.log-1773100800",
        "a.log.2026-03-10-15",
    ] {
        logs.append(name, name);
        logs.append(name, "\n");
        assert_eq!(logs.read("a.log").len(), 1, "{name}");
    }
}

#[test]
fn a_pipe_has_no_place_to_go_on_from() {
    let error = follow("-", 0, None, &HashSet::new())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("-: not a regular file"), "{error}");
    let error = follow("/dev/null", 0, None, &HashSet::new())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/dev/null: not a regular file"),
        "{error}"
    );
}
