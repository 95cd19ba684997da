//! `log_format` and `access_log` of an nginx configuration.
//!
//! Source: <https://nginx.org/en/docs/http/ngx_http_log_module.html> and `ngx_conf_file.c`.

use super::{Declared, Files, included};
use crate::format::FormatError;
use crate::format::template::Template;
use std::collections::BTreeSet;
use std::path::Path;

/// The format that nginx knows without being told.
const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";

/// The formats that the configuration at `path` declares, those in use first.
pub(in crate::format) fn declared(path: &Path) -> Result<Vec<Declared>, FormatError> {
    let mut found = Found::default();
    let base = path.parent().unwrap_or(Path::new("."));
    let Some(text) = found.files.read(path)? else {
        return Ok(Vec::new());
    };
    found.read(base, path, &text);
    let combined = Named {
        name: "combined".to_owned(),
        place: "predefined by nginx".to_owned(),
        escape: String::new(),
        format: COMBINED.to_owned(),
    };
    found.formats.push(combined);
    let used = found.used;
    let mut declared: Vec<_> = found
        .formats
        .iter()
        .map(|format| format.compile(&used))
        .collect();
    declared.sort_by_key(|format| !format.used);
    Ok(declared)
}

#[derive(Default)]
struct Found {
    files: Files,
    formats: Vec<Named>,
    used: BTreeSet<String>,
}

struct Named {
    name: String,
    place: String,
    escape: String,
    format: String,
}

impl Named {
    fn compile(&self, used: &BTreeSet<String>) -> Declared {
        let name = format!("nginx.{}", self.name);
        Declared {
            place: self.place.clone(),
            used: used.contains(&self.name),
            template: Template::from_nginx(&self.format, &self.escape, &name),
            name,
        }
    }
}

impl Found {
    fn read(&mut self, base: &Path, path: &Path, text: &str) {
        for directive in directives(text) {
            let mut words = directive.words.into_iter();
            match words.next().as_deref() {
                Some("include") => {
                    for path in words.flat_map(|pattern| included(base, &pattern)) {
                        // An include that cannot be read is nginx's to complain about.
                        if let Ok(Some(text)) = self.files.read(&path) {
                            self.read(base, &path, &text);
                        }
                    }
                }
                Some("log_format") => {
                    let name = words.next().unwrap_or_default();
                    let mut words = words.peekable();
                    let escape = words
                        .next_if(|word| word.starts_with("escape="))
                        .unwrap_or_default();
                    self.formats.push(Named {
                        name,
                        place: format!("{}:{}", path.display(), directive.line),
                        escape: escape.trim_start_matches("escape=").to_owned(),
                        format: words.collect(),
                    });
                }
                Some("access_log") => {
                    let path = words.next();
                    let format = words.next().filter(|word| !word.contains('='));
                    if path.is_some_and(|path| path != "off") {
                        self.used
                            .insert(format.unwrap_or_else(|| "combined".to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
}

/// A directive of a configuration.
#[derive(Debug, Clone)]
pub(super) struct Directive {
    pub(super) line: usize,
    pub(super) words: Vec<String>,
    /// How many blocks it stands in.
    pub(super) depth: usize,
}

/// The words of one directive, without its quotes and semicolon.
pub(in crate::format) fn words(text: &str) -> Vec<String> {
    directives(text)
        .into_iter()
        .next()
        .map_or_else(Vec::new, |directive| directive.words)
}

/// Every directive with its words, blocks laid flat. The last may lack its semicolon.
pub(super) fn directives(text: &str) -> Vec<Directive> {
    let mut directives = Vec::new();
    let mut depth = 0usize;
    let mut words: Vec<String> = Vec::new();
    let (mut line, mut first_line) = (1, 1);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if words.is_empty() {
            first_line = line;
        }
        let used = match letter {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            ';' | '{' | '}' => {
                let is_lua =
                    letter == '{' && words.first().is_some_and(|w| w.ends_with("_by_lua_block"));
                let complete = std::mem::take(&mut words);
                if !complete.is_empty() {
                    directives.push(Directive {
                        line: first_line,
                        words: complete,
                        depth,
                    });
                }
                match letter {
                    '{' if !is_lua => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if is_lua { block_len(rest) } else { 1 }
            }
            '"' | '\'' => {
                let (word, used) = quoted(rest, letter);
                words.push(word);
                used
            }
            letter if letter.is_whitespace() => letter.len_utf8(),
            _ => {
                let (word, used) = plain(rest);
                words.push(word);
                used
            }
        };
        line += rest[..used].matches('\n').count();
        rest = &rest[used..];
    }
    if !words.is_empty() {
        directives.push(Directive {
            line: first_line,
            words,
            depth,
        });
    }
    directives
}

/// A word in quotes at the start of `text`, and the bytes that it takes.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut word = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => word.push_str(&unescaped(letters.next().map(|(_, letter)| letter))),
            _ if letter == quote => return (word, at + 1),
            _ => word.push(letter),
        }
    }
    (word, text.len())
}

fn plain(text: &str) -> (String, usize) {
    let mut word = String::new();
    let mut letters = text.char_indices();
    let mut braces = false;
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => word.push_str(&unescaped(letters.next().map(|(_, letter)| letter))),
            // ${name} belongs to its word.
            '{' if word.ends_with('$') => {
                braces = true;
                word.push(letter);
            }
            '}' if braces => {
                braces = false;
                word.push(letter);
            }
            ';' | '{' | '}' => return (word, at),
            _ if letter.is_whitespace() => return (word, at),
            _ => word.push(letter),
        }
    }
    (word, text.len())
}

/// What nginx makes of a backslash and the letter behind it.
fn unescaped(letter: Option<char>) -> String {
    match letter {
        Some('t') => "\t".to_owned(),
        Some('r') => "\r".to_owned(),
        Some('n') => "\n".to_owned(),
        Some(letter @ ('"' | '\'' | '\\')) => letter.to_string(),
        Some(letter) => format!("\\{letter}"),
        None => "\\".to_owned(),
    }
}

/// Bytes of a block of Lua code, whose braces need only match.
fn block_len(text: &str) -> usize {
    let mut open = 0usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return at + 1;
        }
    }
    text.len()
}
