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
const LINES: [&[u8]; 9] = [
    b"MESSAGE",
    b"log",
    b"textPayload",
    b"message",
    b"original",
    b"_raw",
    b"event",
    b"line",
    b"properties",
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
    let mut found: [Option<Found<'_>>; 9] = [None; 9];
    let mut stamps: [&[u8]; 6] = [b""; 6];
    walk(body, &mut |key, value| {
        if let Some(at) = LINES.iter().position(|known| *known == key) {
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
    let found = found
        .into_iter()
        .flatten()
        .find(|found| is_line(found.text))?;
    let inner = match found.escaped {
        true => Cow::Owned(without_line_end(unescape(found.text))),
        false => Cow::Borrowed(found.text),
    };
    let stamp = stamps.into_iter().find(|stamp| !stamp.is_empty());
    Some(Opened {
        inner,
        stamp: stamp.unwrap_or_default(),
    })
}

/// Whether a string may be a line of an access log: it has several words, or is an object or carries one.
fn is_line(text: &[u8]) -> bool {
    let spaces = memchr::memchr_iter(b' ', text).take(4).count();
    let tabs = memchr::memmem::find_iter(text, b"\\t").take(4).count();
    let is_object = text.trim_ascii_start().starts_with(b"{")
        || memchr::memmem::find(text, b" {\\\"").is_some();
    is_object || spaces == 4 || tabs == 4
}

fn without_line_end(mut line: Vec<u8>) -> Vec<u8> {
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    line
}
