//! `LogFormat`, `CustomLog` and `TransferLog` of an Apache configuration.
//!
//! Source: <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html> and `ap_getword_conf`.

use super::{Declared, Files, included};
use crate::format::FormatError;
use crate::format::template::Template;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The formats that the configuration at `path` declares, those in use first.
pub(in crate::format) fn declared(path: &Path) -> Result<Vec<Declared>, FormatError> {
    let directory = path.parent().unwrap_or(Path::new(".")).to_owned();
    let mut found = Found {
        root: directory.clone(),
        directory,
        ..Found::default()
    };
    let Some(text) = found.files.read(path)? else {
        return Ok(Vec::new());
    };
    found.read(path, &text);
    let used = found.used;
    let mut declared: Vec<_> = found
        .formats
        .iter()
        .map(|format| Declared {
            place: format.place.clone(),
            used: format
                .nickname
                .as_ref()
                .is_none_or(|name| used.contains(name)),
            template: Template::from_apache(&format.format, &format.name()),
            name: format.name(),
        })
        .collect();
    declared.sort_by_key(|format| !format.used);
    Ok(declared)
}

#[derive(Default)]
struct Found {
    files: Files,
    directory: PathBuf,
    root: PathBuf,
    formats: Vec<Nicknamed>,
    used: BTreeSet<String>,
}

struct Nicknamed {
    /// `None` for a format given in place, which is in use by that.
    nickname: Option<String>,
    place: String,
    format: String,
}

impl Nicknamed {
    fn name(&self) -> String {
        format!("apache.{}", self.nickname.as_deref().unwrap_or("custom"))
    }
}

impl Found {
    fn read(&mut self, path: &Path, text: &str) {
        for (line, text) in logical_lines(text) {
            let words = words(&text);
            let place = || format!("{}:{line}", path.display());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let [directive, arguments @ ..] = &words[..] else {
                continue;
            };
            match (directive.to_ascii_lowercase().as_str(), arguments) {
                ("serverroot", [root, ..]) => self.root = PathBuf::from(root),
                ("include" | "includeoptional", [pattern, ..]) => self.include(pattern),
                ("logformat", [format, nickname @ ..]) => self.formats.push(Nicknamed {
                    nickname: nickname.first().map(|name| (*name).to_owned()),
                    place: place(),
                    format: (*format).to_owned(),
                }),
                ("customlog", [_, format, ..]) if format.contains('%') => {
                    self.formats.push(Nicknamed {
                        nickname: None,
                        place: place(),
                        format: (*format).to_owned(),
                    });
                }
                ("customlog", [_, nickname, ..]) => {
                    self.used.insert((*nickname).to_owned());
                }
                _ => {}
            }
        }
    }

    /// Relative to the server root; where that is not on this machine, to the main file.
    fn include(&mut self, pattern: &str) {
        let mut paths = included(&self.root, pattern);
        if paths.is_empty() {
            paths = included(&self.directory, pattern);
        }
        for path in paths {
            // An include that cannot be read is Apache's to complain about.
            if let Ok(Some(text)) = self.files.read(&path) {
                self.read(&path, &text);
            }
        }
    }
}

/// Lines joined at a backslash before the line end, with the number of their first; no comments.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1..).zip(text.lines()) {
        let (part, continued) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some((_, joined)) if goes_on => joined.push_str(part),
            _ => lines.push((number, part.trim_start().to_owned())),
        }
        goes_on = continued;
    }
    lines.retain(|(_, line)| !line.starts_with('#'));
    lines
}

/// The words of a directive; within quotes only the quote itself is unescaped, as Apache does.
pub(in crate::format) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        let quote = letters.next_if(|letter| matches!(letter, '"' | '\''));
        let mut word = String::new();
        while let Some(letter) = letters.next() {
            match (letter, quote) {
                ('\\', Some(quote)) if letters.peek() == Some(&quote) => {
                    word.extend(letters.next())
                }
                (_, Some(quote)) if letter == quote => break,
                (_, None) if letter.is_whitespace() => break,
                _ => word.push(letter),
            }
        }
        if word.is_empty() && quote.is_none() {
            return words;
        }
        words.push(word);
    }
}
