//! Secrets in what a firewall says that it matched: the value stands apart from its name.
//!
//! ```text
//! [data "Matched Data: VALUE found within ARGS:password: VALUE"]
//! Pattern match "x" at ARGS:password. [file "f"] ... [data "VALUE"]
//! ```
//! Source: ModSecurity's `re.c` (2) and `rule_message.cc` (3), and the Core Rule Set's `logdata`.

use super::redact::Span;
use super::secret::secret_from;
use memchr::memmem::{Finder, rfind};
use std::sync::LazyLock;

const MATCHED: &[u8] = b"Matched Data: ";
const WITHIN: &[u8] = b" found within ";
const DATA: &[u8] = b"[data ";

// Most texts hold neither, so looking for them must cost next to nothing.
static FIND_WITHIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(WITHIN));
static FIND_DATA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(DATA));

/// How far before its data a rule says where it looked.
const REACH: usize = 4096;

/// Marks what was matched in fields with secret names.
pub(super) fn find(line: &[u8], spans: &mut Vec<Span>) {
    for within in FIND_WITHIN.find_iter(line) {
        let Some(start) = rfind(&line[..within], MATCHED).map(|at| at + MATCHED.len()) else {
            continue;
        };
        if is_secret(&line[within + WITHIN.len()..]) {
            spans.push((start, within));
        }
    }
    for data in FIND_DATA.find_iter(line) {
        let before = &line[data.saturating_sub(REACH)..data];
        let places =
            [&b" at "[..], b"variable `"].map(|mark| Some(rfind(before, mark)? + mark.len()));
        let start = data + DATA.len();
        if let Some(place) = places.into_iter().flatten().max()
            && is_secret(&before[place..])
            && let Some(length) = memchr::memchr(b']', &line[start..])
        {
            let quotes = |byte: &&u8| matches!(byte, b'"' | b'\\');
            let value = &line[start..start + length];
            let opening = value.iter().take_while(quotes).count();
            let closing = value[opening..].iter().rev().take_while(quotes).count();
            if opening + closing < length {
                spans.push((start + opening, start + length - closing));
            }
        }
    }
}

/// Whether a variable (`ARGS:password`, `REQUEST_COOKIES:token`) has a name that is one of a secret.
fn is_secret(variable: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let collection = variable.iter().take_while(is_part).count();
    let name = variable[collection..]
        .strip_prefix(b":")
        .unwrap_or_default();
    let name = &name[..name.iter().take_while(is_part).count()];
    secret_from(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(line: &str) -> Vec<&str> {
        let mut spans = Vec::new();
        find(line.as_bytes(), &mut spans);
        spans
            .into_iter()
            .map(|(start, end)| &line[start..end])
            .collect()
    }

    #[test]
    fn values_of_fields_with_secret_names() {
        for (line, expected) in [
            (
                r#"[data "Matched Data: SEKRET found within ARGS:password: SEKRET"]"#,
                &["SEKRET"][..],
            ),
            (
                r#"{"data":"Matched Data: a b found within ARGS_POST:token: a b"}"#,
                &["a b"],
            ),
            (
                r#"Pattern match "x" at ARGS:password. [id "1"] [data "SEKRET"] [x "y"]"#,
                &["SEKRET"],
            ),
            (
                r#"against variable `ARGS:api_key' (Value: `x' ) [data \"SEKRET\"]"#,
                &["SEKRET"],
            ),
            (
                r#"[data "Matched Data: 1=1 found within ARGS:id: 1=1"]"#,
                &[],
            ),
            (r#"Pattern match "x" at ARGS:id. [data "1=1"]"#, &[]),
            ("Matched Data: x", &[]),
            ("[data ", &[]),
        ] {
            assert_eq!(marked(line), expected, "{line}");
        }
    }
}
