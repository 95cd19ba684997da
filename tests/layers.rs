//! Holds the direction of the arrows: a room may use those below it, never one above.
//!
//! Read from the text of `src/`: every `crate::room` in code counts, in `use` lines or elsewhere, in
//! tests too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A new one is entered above everything that it uses.
const LAYERS: [&str; 31] = [
    "prefetch",
    "find",
    "small_file",
    "findings",
    "stated",
    "record",
    "escape",
    "exit",
    "time",
    "key",
    "filter",
    "settings",
    "gate",
    "format",
    "input",
    "policy",
    "synth",
    "spike",
    "survey",
    "examine",
    "sidelog",
    "evidence",
    "verdict",
    "directive",
    "analysis",
    "whatif",
    "output",
    "export",
    "report",
    "bench",
    "cli",
];

#[test]
fn no_room_uses_one_above_it() {
    let mut upward = Vec::new();
    for file in sources(Path::new("src")) {
        let Some(mine) = layer_of(&file) else {
            continue;
        };
        let text = fs::read_to_string(&file).expect("a source is text");
        for room in rooms_in(&text) {
            let theirs = LAYERS.iter().position(|layer| *layer == room);
            if theirs.is_none_or(|theirs| theirs > mine) {
                upward.push(format!("{} uses {room}", file.display()));
            }
        }
    }
    assert!(
        upward.is_empty(),
        "these point up; move what they need down:\n{}",
        upward.join("\n")
    );
}

#[test]
fn every_room_has_its_layer() {
    let rooms: BTreeSet<String> = fs::read_to_string("src/lib.rs")
        .expect("the library has a root")
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pub ")
                .unwrap_or(line)
                .strip_prefix("mod ")?
                .strip_suffix(';')
                .map(String::from)
        })
        .collect();
    assert_eq!(
        rooms,
        LAYERS.iter().map(|layer| layer.to_string()).collect()
    );
}

#[test]
fn rooms_are_found_in_code_and_not_in_comments() {
    assert_eq!(rooms_in("use crate::key::{Method, route};"), ["key"]);
    assert_eq!(
        rooms_in("pub use crate::{time, escape::utf8, key::{self, route}};"),
        ["time", "escape", "key"]
    );
    assert_eq!(
        rooms_in("    let x = crate::evidence::percent(crate::time::now());"),
        ["evidence", "time"]
    );
    assert_eq!(
        rooms_in("use crate::{\n    time,\n    key::route,\n};"),
        ["time", "key"]
    );
    assert!(rooms_in("    //! see [`crate::cli`]\npub(crate) fn f() {}").is_empty());
}

/// The layer of a file, by the first part of its path; none for the roots of library and program.
fn layer_of(file: &Path) -> Option<usize> {
    let room = file.iter().nth(1)?.to_str()?.trim_end_matches(".rs");
    LAYERS.iter().position(|layer| *layer == room)
}

/// The rooms that code names, comments left out.
fn rooms_in(text: &str) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    code.join("\n")
        .split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => outer_names(list),
            None => vec![name(rest)],
        })
        .map(String::from)
        .collect()
}

/// The names of a list `{a, b::c, d::{e, f}}` that stand directly in it.
fn outer_names(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut names = vec![name(list.trim_start())];
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b',' if depth == 0 => names.push(name(list[at + 1..].trim_start())),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("src is a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
