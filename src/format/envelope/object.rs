//! JSON objects that hold a whole line in one of their strings.
//!
//! Docker's `json-file` (`log`, `time`), journald's JSON export (`MESSAGE`, `__REALTIME_TIMESTAMP`),
//! events of CloudWatch, Kinesis, Fluent Bit and Filebeat (`message`, `log`), of Google Cloud
//! (`textPayload`), of Splunk (`event`, `result._raw`), of Elasticsearch (`event.original`) and of Azure (`properties`,
//! where it is a string).

use super::Opened;
use crate::format::json::{Found, unescape, walk};
use std::borrow::Cow;

/// Keys that hold the line, the surest first.
const LINES: &[&[u8]] = &[
    b"MESSAGE",
    b"log",
    b"textPayload",
    b"message",
    b"original",
    b"_raw",
    b"@message",
    b"event",
    b"line",
    b"properties",
    b"raw_log",
    b"raw_line",
    b"raw_message",
    b"rawMessage",
    b"raw",
    b"msg",
    b"body",
];

/// Keys that hold the time, the surest first.
const STAMPS: [&[u8]; 6] = [
    b"__REALTIME_TIMESTAMP",
    b"time",
    b"timestamp",
    b"@timestamp",
    b"date",
    b"_SOURCE_REALTIME_TIMESTAMP",
];

/// The line that an object holds. One whose string could be no access log is refused.
pub(super) fn open(line: &[u8]) -> Option<Opened<'_>> {
    let body = line.trim_ascii_start();
    let body = body.strip_prefix(b"[").unwrap_or(body).trim_ascii_start();
    body.strip_prefix(b"{")?;
    let mut bytes = Vec::new();
    let mut found: [Option<Found<'_>>; LINES.len()] = [None; LINES.len()];
    let mut stamps: [&[u8]; 6] = [b""; 6];
    walk(body, &mut |key, value| {
        if key == b"MESSAGE" && !value.is_string {
            // journald writes what is not UTF-8, or holds control characters, as a list of its bytes.
            bytes.extend(byte(value.text));
        } else if let Some(at) = LINES.iter().position(|known| *known == key) {
            let better = found[at].is_none_or(|held| held.text.len() < value.text.len());
            if value.is_string && better {
                found[at] = Some(value);
            }
        } else if let Some(at) = STAMPS.iter().position(|known| *known == key)
            && stamps[at].is_empty()
        {
            stamps[at] = value.text;
        }
    })?;
    let stamp = stamps.into_iter().find(|stamp| !stamp.is_empty());
    if is_line(&bytes) {
        return Some(Opened {
            inner: Cow::Owned(without_line_end(bytes)),
            stamp: Cow::Borrowed(stamp.unwrap_or_default()),
        });
    }
    let found = found
        .into_iter()
        .flatten()
        .find(|found| is_line(found.text))?;
    let inner = match found.escaped {
        true => Cow::Owned(without_line_end(unescape(found.text))),
        false => Cow::Borrowed(found.text),
    };
    Some(Opened {
        inner,
        stamp: Cow::Borrowed(stamp.unwrap_or_default()),
    })
}

/// An element of a list of bytes.
fn byte(text: &[u8]) -> Option<u8> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a string may be a line of an access log: it has several words or pairs, or is an object or
/// carries one.
fn is_line(text: &[u8]) -> bool {
    let count = |mark: &[u8]| memchr::memmem::find_iter(text, mark).take(4).count();
    let has = |mark: &[u8]| memchr::memmem::find(text, mark).is_some();
    let begins = |with: &[u8]| text.trim_ascii_start().starts_with(with);
    let spaces = memchr::memchr_iter(b' ', text).take(4).count();
    // Escaped or not.
    let tabs = count(b"\\t").max(count(b"\t"));
    let is_object = begins(b"{") || begins(b"escape=") || has(b" {\\\"") || has(b" {\"");
    // Some formats have bars between their fields, or commas between quotes.
    let bars = count(b"|");
    let commas = count(b"\\\",\\\"").max(count(b"\",\""));
    let are_pairs = count(b"=") >= 3 && (spaces >= 2 || count(b",") >= 2);
    is_object || are_pairs || spaces == 4 || tabs == 4 || bars == 4 || commas == 4
}

fn without_line_end(mut line: Vec<u8>) -> Vec<u8> {
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    line
}
