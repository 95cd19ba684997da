//! From what was typed to the files that are read.

use super::*;

fn open(logs: &[&str]) -> Result<Opened, InputError> {
    let logs: Vec<_> = logs.iter().map(|log| (*log).to_owned()).collect();
    Input::open(&settings(&logs, 1 << 20))
}

/// Names of the files that are read, in order.
fn names(opened: &Opened) -> Vec<&str> {
    let name = |source: &'_ Source| source.path.rfind('/').map_or(0, |at| at + 1);
    let sources = opened.input.sources();
    sources
        .iter()
        .map(|source| &source.path[name(source)..])
        .collect()
}

struct Place(tempfile::TempDir);

impl Place {
    fn with(files: &[&str]) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        for name in files {
            // Different files, so that none is taken for another.
            write(place.0.path(), name, name.as_bytes());
        }
        place
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

const SET: [&str; 5] = [
    "access.log-20251231.gz",
    "access.log.10",
    "access.log.2.gz",
    "access.log.1",
    "access.log",
];

#[test]
fn a_set_is_in_time_order_however_it_is_given() {
    let place = Place::with(&SET);
    let paths = SET.map(|name| place.path(name));
    let mut backwards: Vec<_> = paths.iter().map(String::as_str).collect();
    backwards.reverse();
    let pattern = place.path("access.log*");
    let directory = place.path("");
    for given in [&backwards[..], &[&pattern], &[&directory]] {
        let opened = open(given).unwrap();
        assert_eq!(names(&opened), SET);
        assert!(opened.warnings.is_empty() && opened.troubles.is_empty());
        assert_eq!(
            opened.input.total_bytes(),
            Some(SET.iter().map(|s| s.len() as u64).sum())
        );
    }
}

#[test]
fn a_directory_gives_its_access_logs() {
    let place = Place::with(&[
        "access.log",
        "api.ndjson",
        "other_vhosts_access.log.1",
        "access_log",
        "caddy.json",
        "error.log",
        "site_error_log.1",
        "modsec_audit.log",
        ".access.log",
        "access.log.bak",
        "access.log~",
        "nginx.pid",
        "README",
    ]);
    fs::create_dir(place.path("deep.log")).unwrap();
    let opened = open(&[&place.path("")]).unwrap();
    let expected = [
        "access.log",
        "access_log",
        "api.ndjson",
        "caddy.json",
        "other_vhosts_access.log.1",
    ];
    assert_eq!(names(&opened), expected);
}

#[test]
fn a_directory_without_logs_says_what_it_left_out() {
    let place = Place::with(&["error.log", "README", "a", "b", "c", "d", "e"]);
    let message = open(&[&place.path("")]).unwrap_err().to_string();
    assert!(
        message.contains("README: not named like a log"),
        "{message}"
    );
    assert!(message.contains("and 2 more"), "{message}");
    let empty = Place::with(&[]);
    let message = open(&[&empty.path("")]).unwrap_err().to_string();
    assert!(message.contains("it is empty"), "{message}");
}

#[test]
fn the_same_file_is_read_once() {
    let place = Place::with(&["access.log", "b.log"]);
    let (log, link, other) = (
        place.path("access.log"),
        place.path("link"),
        place.path("hard"),
    );
    std::os::unix::fs::symlink(&log, &link).unwrap();
    fs::hard_link(&log, &other).unwrap();
    let opened = open(&[&link, &log, &other, &log, &place.path("*.log")]).unwrap();
    assert_eq!(names(&opened), ["access.log", "b.log"]);
    assert_eq!(opened.warnings.len(), 4, "{:?}", opened.warnings);
    assert!(opened.warnings.iter().all(|w| w.contains("read once")));
}

#[test]
fn every_error_says_what_to_do() {
    let place = Place::with(&["plain.log"]);
    let missing = place.path("missing.log");
    let cases = [
        (open(&[]), "name a file"),
        (open(&[&missing]), "check the path"),
        (open(&[&place.path("*.gz")]), "no file matches"),
        (open(&[&place.path("[a")]), "not a pattern"),
        (open(&[&missing, &place.path("*.gz")]), "none of the inputs"),
    ];
    for (result, expected) in cases {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let zip = write(place.0.path(), "zip.log", b"PK\x03\x04archive");
    let message = open(&[&zip]).unwrap_err().to_string();
    assert!(
        message.contains("zip archive") && message.contains("unpack"),
        "{message}"
    );
}

#[test]
fn what_cannot_be_read_is_a_trouble_if_something_can() {
    let place = Place::with(&["access.log"]);
    let opened = open(&[&place.path("access.log"), &place.path("gone.log")]).unwrap();
    assert_eq!(names(&opened), ["access.log"]);
    let troubles: Vec<_> = opened.troubles.iter().map(Trouble::to_string).collect();
    assert!(
        troubles.len() == 1 && troubles[0].contains("gone.log"),
        "{troubles:?}"
    );
}

#[test]
fn compression_is_told_by_content() {
    let place = Place::with(&["plain.log.gz"]);
    let all = [
        Compression::Gzip,
        Compression::Zstd,
        Compression::Bzip2,
        Compression::Xz,
    ];
    for compression in all {
        for text in [&b"one line\n"[..], b""] {
            let log = write(place.0.path(), "packed.log", &pack(compression, text));
            let opened = open(&[&log]).unwrap();
            assert_eq!(opened.input.sources()[0].compression, Some(compression));
            assert_eq!(opened.input.sources()[0].head(), text);
        }
    }
    let opened = open(&[&place.path("plain.log.gz")]).unwrap();
    assert_eq!(opened.input.sources()[0].compression, None);
}

#[test]
fn usual_places_are_those_with_files() {
    let root = tempfile::tempdir().unwrap();
    let nginx = root.path().join("var/log/nginx");
    fs::create_dir_all(&nginx).unwrap();
    let root = format!("{}/", root.path().display());
    assert!(expand::usual_places(&root).is_empty());
    write(&nginx, "access.log.1", b"");
    let expected = format!("{root}var/log/nginx/access.log*");
    assert_eq!(expand::usual_places(&root), [expected]);
}
