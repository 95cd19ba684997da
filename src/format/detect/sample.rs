//! The lines of a head that the candidates are tried on, and how a parser does on them.

use crate::escape;
use crate::format::Format;
use crate::format::delimiters::Delimiters;
use crate::format::error::{FormatError, Looks};
use crate::format::lines::{lines, reject_unread};
use crate::format::notes::{is_note, is_of_error_log};
use crate::format::registry::{Parser, list};
use crate::key::token::TokenKey;
use crate::settings::FormatSettings;
use crate::time::{Clock, Directives};
use chrono_tz::Tz;
use std::borrow::Cow;

/// Lines of the head that are tried. So many tell a share to within five per cent, and every format reads
/// them all in some milliseconds.
const SAMPLE_LINES: usize = 400;

/// Lines to try the candidates on.
pub(super) struct Sample<'a> {
    pub(super) lines: Vec<&'a [u8]>,
    /// The delimiters of each of them.
    delimiters: Vec<Delimiters>,
    /// The lines of the head that say what the fields of the others are.
    pub(super) directives: Vec<&'a [u8]>,
    /// What the envelopes of the lines tell of their time; empty where they come in none.
    pub(super) stamps: Vec<Cow<'a, [u8]>>,
    pub(super) zone: Option<Tz>,
}

/// Bytes of the head that are looked at: hundreds of lines of most logs, two dozen of the most talkative
/// JSON. Only where they hold no two lines, what follows is looked at too.
pub(in crate::format) const USUAL_HEAD: usize = 64 << 10;

/// Lines spread evenly over the head, without those that are no requests in any format.
pub(in crate::format) fn sampled(head: &[u8]) -> Vec<&[u8]> {
    let near = sampled_within(&head[..head.len().min(USUAL_HEAD)], |_| true);
    match near.len() {
        // Nearly all logs show what they are long before; this one begins with very long lines.
        0..=1 => sampled_within(head, |_| true),
        _ => near,
    }
}

/// Lines spread over the whole head, without those that evidently are no requests.
pub(super) fn sampled_without_notes(head: &[u8]) -> Vec<&[u8]> {
    sampled_within(head, |line| !is_note(line))
}

/// Most directives of a head that are looked at: a server writes one whenever it starts.
const MAX_DIRECTIVES: usize = 64;

/// The directives of the head: `#Fields: ...`, and `#Date: ...`.
pub(super) fn directives(head: &[u8]) -> Vec<&[u8]> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = text.starts_with(b"#").then_some(0);
    let others = memchr::memmem::find_iter(text, b"\n#").map(|at| at + 1);
    let tells = |line: &&[u8]| Directives::fields_of(line).is_some() || line.starts_with(b"#Date:");
    first
        .into_iter()
        .chain(others)
        .filter_map(|at| lines(&text[at..]).next())
        .map(|line| line.bytes)
        .filter(tells)
        .take(MAX_DIRECTIVES)
        .collect()
}

fn sampled_within(head: &[u8], may_be_a_request: impl Fn(&[u8]) -> bool) -> Vec<&[u8]> {
    let mut found: Vec<&[u8]> = lines(head).map(|line| line.bytes).collect();
    // A shorter head is the whole of its file.
    let cut_off = head.len() >= USUAL_HEAD && head.last().is_some_and(|&byte| byte != b'\n');
    if cut_off && found.len() > 1 {
        found.pop();
    }
    found.retain(|line| reject_unread(line).is_none() && may_be_a_request(line));
    let count = found.len().min(SAMPLE_LINES);
    (0..count)
        .map(|at| found[at * found.len() / count])
        .collect()
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    pub(super) parsed: usize,
    zoneless: bool,
    timeless: bool,
}

impl<'a> Sample<'a> {
    pub(super) fn of(
        lines: Vec<&'a [u8]>,
        directives: Vec<&'a [u8]>,
        settings: &FormatSettings,
    ) -> Self {
        Sample {
            delimiters: lines.iter().map(|line| Delimiters::of(line)).collect(),
            lines,
            directives,
            stamps: Vec::new(),
            zone: settings.timezone,
        }
    }

    pub(super) fn score(&self, parser: &Parser) -> Score {
        let mut clock = Clock::new(self.zone);
        // Lines may tell the time of day only.
        let day = self
            .directives
            .iter()
            .find(|line| line.starts_with(b"#Date:"));
        if let Some(day) = day {
            clock.direct(day);
        }
        let (mut parsed, mut timeless) = (0, false);
        let lines = self.lines.iter().zip(&self.delimiters).enumerate();
        for (at, (line, _)) in lines.filter(|(_, (_, delimiters))| parser.may_read(delimiters)) {
            clock.carried(self.stamps.get(at).map_or(b"", |stamp| stamp));
            if let Some(record) = parser.parse(line, &mut clock) {
                parsed += 1;
                timeless |= record.time_ms == 0;
            }
        }
        Score {
            parsed,
            zoneless: parsed > 0 && clock.met_zoneless_stamp(),
            timeless,
        }
    }

    pub(super) fn unknown(&self) -> FormatError {
        let first = self.lines.first().copied().unwrap_or_default();
        let is_object = |line: &[u8]| line.trim_ascii_start().starts_with(b"{");
        let most = |looks: fn(&[u8]) -> bool| {
            2 * self.lines.iter().filter(|line| looks(line)).count() > self.lines.len()
        };
        FormatError::Unknown {
            sampled: self.lines.len(),
            tried: list().len(),
            first_line: recognisable(first),
            looks: if most(is_object) {
                Looks::Json
            } else if most(is_of_error_log) {
                Looks::ErrorLog
            } else {
                Looks::Else
            },
        }
    }
}

/// Enough of a line to recognise it by, escaped and without its secrets.
fn recognisable(line: &[u8]) -> String {
    /// Bytes that are looked at, and characters that are shown.
    const LOOKED_AT: usize = 4096;
    const SHOWN: usize = 400;
    let line = &line[..line.len().min(LOOKED_AT)];
    // Its fingerprints are compared to nothing, so a key for once will do.
    let Ok(key) = TokenKey::random() else {
        return "(withheld: there is no random key to hide its secrets with)".to_owned();
    };
    let line = key.redact(line);
    let text = escape::terminal_bytes(&line);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}

impl Score {
    pub(super) fn warnings(self, zone: Option<Tz>) -> Vec<String> {
        let zoneless = self.zoneless && zone.is_none();
        let told = [(zoneless, ZONELESS), (self.timeless, TIMELESS)];
        let told = told.into_iter().filter(|(holds, _)| *holds);
        told.map(|(_, warning)| warning.to_owned()).collect()
    }
}

pub(super) const TIMELESS: &str = "the lines of this format tell no time: unless syslog or a container's log carries \
                        them, rates, spikes and limits cannot be known";
const ZONELESS: &str = "the stamps of this log name no time zone and are read as UTC; \
                        give --timezone if they are not";
