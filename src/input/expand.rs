//! From what was typed to the files that are meant: files, globs, directories and `-`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::InputError;
use super::rotation::Rotation;

/// A file that is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As given or found, for people.
    pub(super) path: String,
    pub(super) place: Place,
    /// Which LOG it belongs to, counted from 0.
    pub(super) log: usize,
}

/// Where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    StandardInput,
    File(PathBuf),
}

/// How many of the files left out an error names.
const NAMED: usize = 5;

/// Places where servers put their access logs by default (Debian, RHEL, Alpine, official packages).
const USUAL_PLACES: [&str; 6] = [
    "var/log/nginx/access.log*",
    "var/log/apache2/access.log*",
    "var/log/apache2/other_vhosts_access.log*",
    "var/log/httpd/access_log*",
    "var/log/caddy/*.log",
    "var/log/haproxy.log*",
];

/// The patterns of the usual places below `root` that match a file now.
pub(super) fn usual_places(root: &str) -> Vec<String> {
    USUAL_PLACES
        .iter()
        .map(|place| format!("{root}{place}"))
        .filter(|pattern| expand_glob(pattern).is_ok())
        .collect()
}

/// Expands what was typed. The result is in canonical order, which does not depend on the order of
/// `logs`: directory by directory, set by set, the oldest rotation first, standard input last.
pub(super) fn expand(logs: &[String]) -> (Vec<Candidate>, Vec<InputError>) {
    let (mut candidates, mut errors) = (Vec::new(), Vec::new());
    for (number, log) in logs.iter().enumerate() {
        let of_log = |candidate| Candidate {
            log: number,
            ..candidate
        };
        match expand_one(log) {
            Ok(found) => candidates.extend(found.into_iter().map(of_log)),
            Err(error) => errors.push(error),
        }
    }
    candidates.sort_by_cached_key(canonical_order);
    (candidates, errors)
}

fn expand_one(log: &str) -> Result<Vec<Candidate>, InputError> {
    if log == "-" {
        return Ok(vec![Candidate {
            path: "-".to_owned(),
            place: Place::StandardInput,
            log: 0,
        }]);
    }
    match fs::metadata(log) {
        Ok(metadata) if metadata.is_dir() => expand_directory(log),
        Ok(_) => Ok(vec![Candidate::file(PathBuf::from(log))]),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(log) => {
            expand_glob(log)
        }
        Err(error) => Err(InputError::from_io(log, error)),
    }
}

fn is_pattern(log: &str) -> bool {
    log.contains(['*', '?', '['])
}

/// As a shell would: hidden files are not matched by `*`, and directories are left out.
fn expand_glob(pattern: &str) -> Result<Vec<Candidate>, InputError> {
    let options = glob::MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..glob::MatchOptions::default()
    };
    let bad = |error| InputError::BadGlob {
        pattern: pattern.to_owned(),
        error,
    };
    let mut found = Vec::new();
    if let Some((directory, name)) = last_part(pattern) {
        // The crate gives up on names that are not UTF-8, which anybody may leave in a directory.
        let name = glob::Pattern::new(name).map_err(bad)?;
        found.extend(matching(directory, &name, options));
        return some(pattern, found);
    }
    let paths = glob::glob_with(pattern, options).map_err(bad)?;
    for path in paths {
        let path = path.map_err(|e| {
            InputError::from_io(
                &e.path().to_string_lossy(),
                io::Error::from(e.error().kind()),
            )
        })?;
        if !path.is_dir() {
            found.push(Candidate::file(path));
        }
    }
    some(pattern, found)
}

fn some(pattern: &str, found: Vec<Candidate>) -> Result<Vec<Candidate>, InputError> {
    if found.is_empty() {
        return Err(InputError::NoMatch {
            pattern: pattern.to_owned(),
        });
    }
    Ok(found)
}

/// The directory and the pattern of a name, where only the name is a pattern.
fn last_part(pattern: &str) -> Option<(&str, &str)> {
    let (directory, name) = match pattern.rfind('/') {
        Some(0) => ("/", &pattern[1..]),
        Some(at) => (&pattern[..at], &pattern[at + 1..]),
        None => (".", pattern),
    };
    (!is_pattern(directory) && !name.is_empty() && !name.contains("**"))
        .then_some((directory, name))
}

/// The files of a directory whose names match.
fn matching(directory: &str, name: &glob::Pattern, options: glob::MatchOptions) -> Vec<Candidate> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| name.matches_with(&entry.file_name().to_string_lossy(), options))
        .map(|entry| match directory {
            "." => PathBuf::from(entry.file_name()),
            _ => entry.path(),
        })
        .filter(|path| !path.is_dir())
        .map(Candidate::file)
        .collect()
}

/// The access logs right in `directory`.
fn expand_directory(directory: &str) -> Result<Vec<Candidate>, InputError> {
    let unreadable = |error| InputError::from_io(directory, error);
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match reason_to_leave_out(&entry.path(), &name) {
            None => found.push(Candidate::file(entry.path())),
            Some(reason) => left_out.push(format!("{name}: {reason}")),
        }
    }
    if found.is_empty() {
        return Err(InputError::NoLogsInDirectory {
            path: directory.to_owned(),
            left_out: describe(left_out),
        });
    }
    Ok(found)
}

fn reason_to_leave_out(path: &Path, name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if name.starts_with('.') {
        Some("hidden")
    } else if !path.is_file() {
        Some("not a file")
    } else if lower.contains("error") {
        Some("an error log")
    } else if lower.contains("audit") {
        Some("an audit log")
    } else if !looks_like_log(&lower) {
        Some("not named like a log")
    } else {
        None
    }
}

/// Endings of copies, locks and checksums beside logs: reading them would count requests twice.
const BESIDE_LOGS: [&str; 10] = [
    "~", ".bak", ".swp", ".tmp", ".lock", ".pid", ".offset", ".md5", ".sha256", ".sig",
];

/// Whether a file of this name, in lower case, is a log that may be taken without being named.
fn looks_like_log(name: &str) -> bool {
    const ENDINGS: [&str; 4] = [".json", ".ndjson", ".jsonl", ".clf"];
    if BESIDE_LOGS.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    let base = Rotation::of(name).base;
    ENDINGS.iter().any(|ending| base.ends_with(ending))
        || ["log", "log.txt"]
            .iter()
            .any(|ending| base.ends_with(ending))
        || [".log", "access_log", "access-log"]
            .iter()
            .any(|part| base.contains(part))
}

/// Whether a file beside the log `base` may have been made of it by rotation: `NAME.*`, `NAME-*`, or
/// another name of the same set.
pub(super) fn is_rotation_of(base: &str, name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if name == base || BESIDE_LOGS.iter().any(|ending| lower.ends_with(ending)) {
        return false;
    }
    let behind = name.strip_prefix(base);
    behind.is_some_and(|rest| rest.starts_with(['.', '-'])) || Rotation::of(name).base == base
}

fn describe(mut left_out: Vec<String>) -> String {
    left_out.sort_unstable();
    match left_out.len() {
        0 => "it is empty".to_owned(),
        n if n > NAMED => format!("{}; and {} more", left_out[..NAMED].join("; "), n - NAMED),
        _ => left_out.join("; "),
    }
}

impl Candidate {
    pub(super) fn file(path: PathBuf) -> Candidate {
        Candidate {
            path: path.to_string_lossy().into_owned(),
            place: Place::File(path),
            log: 0,
        }
    }
}

pub(super) fn canonical_order(
    candidate: &Candidate,
) -> (bool, Option<PathBuf>, Option<Rotation>, String) {
    let Place::File(path) = &candidate.place else {
        return (true, None, None, String::new());
    };
    let name = path
        .file_name()
        .map(|name| Rotation::of(&name.to_string_lossy()));
    let directory = path.parent().map(Path::to_path_buf);
    (false, directory, name, candidate.path.clone())
}
