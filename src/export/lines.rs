//! One thread's part of an export: the lines of a chunk as records.

use super::Request;
use super::columns::{COLUMNS, VERDICT_COLUMNS};
use super::conclusions::Conclusions;
use super::encoding::{Encoding, Row};
use super::shown::Shown;
use crate::examine::Routes;
use crate::findings::Skipped;
use crate::format::{self, Detected, Line, Visitor};
use crate::gate::Gate;
use crate::input::{Chunk, Input};
use crate::key::token::TokenKey;
use crate::record::{Record, Reject, Upstream};
use crate::settings::Settings;
use crate::stated::{Claim, REASONS, Reason, Stated};
use crate::survey::Survey;
use chrono::DateTime;

/// Statuses from here on refuse something; below, there is no reason to state.
const LEAST_REFUSAL: u16 = 400;

/// What all threads of an export share.
pub(super) struct Plan<'a> {
    pub(super) settings: &'a Settings,
    pub(super) request: Request,
    pub(super) token_key: &'a TokenKey,
    pub(super) input: &'a Input,
    pub(super) formats: &'a [Option<Detected>],
    pub(super) gate: &'a Gate,
    /// What the analysis concludes, where it is asked for.
    pub(super) conclusions: Option<&'a Conclusions<'a>>,
    /// What it counted.
    pub(super) counted: Option<(&'a Survey, &'a Routes)>,
}

impl Plan<'_> {
    fn columns(&self) -> usize {
        match self.request.verdict {
            true => COLUMNS.len() + VERDICT_COLUMNS.len(),
            false => COLUMNS.len(),
        }
    }
}

/// The records of a chunk.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) source: usize,
    pub(super) bytes: Vec<u8>,
    /// Whether a fingerprint of a token seems to be among the bytes, or among those of a part before.
    pub(super) has_token: bool,
    pub(super) records: u64,
    pub(super) parsed: u64,
    pub(super) skipped: Skipped,
}

/// Makes records of lines.
pub(super) struct Lines<'a> {
    plan: &'a Plan<'a>,
    shown: Shown<'a>,
    /// The cell of each source's path.
    files: Vec<Vec<u8>>,
    stamp: Stamp,
    /// The cell of each reason that a line may state.
    stated: Vec<Vec<u8>>,
    part: Part,
    first_line: u64,
    /// Whether any chunk so far had a fingerprint of a token.
    has_token: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Lines<'a> {
        let sources = plan.input.sources().iter();
        let reasons = REASONS.iter();
        Lines {
            plan,
            shown: Shown::new(plan),
            files: sources.map(|source| plan.file(&source.path)).collect(),
            stamp: Stamp::default(),
            stated: reasons
                .map(|reason| plan.request.encoding.json(&cell(Some(reason), None)))
                .collect(),
            part: Part::default(),
            first_line: 0,
            has_token: false,
        }
    }

    /// The records of a chunk, before which its source has so many lines.
    pub(super) fn read(&mut self, chunk: &Chunk<'_>, first_line: u64) -> Part {
        self.first_line = first_line;
        self.part.source = chunk.source;
        if self.plan.request.all {
            self.part.bytes.reserve(chunk.bytes.len() * 5 / 2);
        }
        match self.plan.formats.get(chunk.source).and_then(Option::as_ref) {
            Some(format) => format.visit_chunk(chunk.directives, chunk.bytes, self),
            None => format::visit_unknown(chunk.bytes, self),
        }
        self.has_token =
            self.has_token || memchr::memmem::find(&self.part.bytes, b"tok_").is_some();
        self.part.has_token = self.has_token;
        std::mem::take(&mut self.part)
    }

    /// The number of a line in its file, from 1.
    fn number(&self, line: Line<'_>) -> u64 {
        self.first_line + u64::from(line.number) + 1
    }

    fn write(&mut self, line: Line<'_>, record: &Record<'_>, denied: bool) {
        let plan = self.plan;
        let number = self.number(line);
        let client = plan.gate.client(record);
        let cells = self.shown.cells(record);
        let mut row = Row::new(plan.request.encoding, &mut self.part.bytes);
        row.cell(&self.files[self.part.source]);
        row.number(Some(number));
        match record.time_ms {
            // The line tells no time.
            0 => row.cell(b""),
            ms => row.word(self.stamp.of(ms)),
        }
        row.text(&plan.address(client));
        row.text(record.method);
        row.part(&cells.path, 1);
        row.part(&cells.query, 1);
        row.number((record.status > 0).then_some(u64::from(record.status)));
        row.number(record.bytes);
        row.part(&cells.referer, 1);
        row.part(&cells.user_agent, 1);
        row.text(&plan.user(&record.user));
        row.text(&plan.redacted(&record.host));
        row.milliseconds(record.duration_us);
        row.number(upstream_status(record));
        row.part(&cells.token, 1);
        row.part(cells.client, 1);
        row.part(&cells.route, 1);
        match (record.stated, &record.rule) {
            _ if record.status < LEAST_REFUSAL => row.cell(b""),
            (None, None) => row.cell(b""),
            (Some(stated), None) => {
                row.cell(self.stated.get(stated.place()).map_or(b"", Vec::as_slice));
            }
            (stated, Some(rule)) => {
                let json = cell(stated.map(Stated::reason), Some(&plan.redacted(&rule.name)));
                row.cell(&plan.request.encoding.json(&json));
            }
        }
        match plan.conclusions.filter(|_| denied) {
            Some(conclusions) => {
                let cells = conclusions.of(self.part.source, number - 1, record, client);
                row.part(cells, VERDICT_COLUMNS.len());
            }
            None if plan.request.verdict => row.skip(VERDICT_COLUMNS.len()),
            None => {}
        }
        if plan.request.keep_unparsed && plan.request.encoding == Encoding::Csv {
            row.skip(1);
        }
        row.end();
        self.part.records += 1;
    }

    fn write_unparsed(&mut self, line: Line<'_>, error: &str) {
        let number = self.number(line);
        let mut row = Row::new(self.plan.request.encoding, &mut self.part.bytes);
        row.cell(&self.files[self.part.source]);
        row.number(Some(number));
        row.error(error, self.plan.columns());
        row.end();
    }
}

impl Visitor for Lines<'_> {
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, _format: usize) {
        if !self.plan.gate.admits(record) {
            self.part.skipped.filtered += 1;
            return;
        }
        self.part.parsed += 1;
        let denied = self.plan.gate.is_denial(record.status);
        if denied || self.plan.request.all {
            self.write(line, record, denied);
        }
    }

    fn skipped(&mut self, line: Line<'_>, why: Reject) {
        let error = match why {
            Reject::NotARequest => {
                self.part.skipped.not_a_request += 1;
                return;
            }
            Reject::Malformed => {
                self.part.skipped.malformed += 1;
                "malformed: the line is not of the format of its file"
            }
            Reject::TooLong => {
                self.part.skipped.too_long += 1;
                "too_long: the line is longer than 1 MiB"
            }
        };
        if self.plan.request.keep_unparsed {
            self.write_unparsed(line, error);
        }
    }
}

fn upstream_status(record: &Record<'_>) -> Option<u64> {
    match record.upstream {
        Upstream::Status(status) => Some(u64::from(status)),
        Upstream::Unknown | Upstream::NotAsked => None,
    }
}

/// What a line states by itself, as JSON; without a cause where it leaves several, or only goes with one. The mechanism of
/// a limiter may be absent: formats put the limits of requests and of connections in one field, and nginx writes the
/// same word for both. A rule that the line names stands with it, or alone.
fn cell(reason: Option<&Reason>, rule: Option<&[u8]>) -> String {
    let cause = match reason.map(|reason| reason.claim) {
        Some(Claim::Is(cause)) => Some(cause.name()),
        Some(Claim::Suggests(..) | Claim::OneOf(_) | Claim::NoneOf(_)) | None => None,
    };
    let text = |text: Option<&str>| text.map_or("null".to_owned(), |text| format!("\"{text}\""));
    let rule = rule.map(|name| {
        let name = Encoding::Ndjson.cell(name);
        format!(r#","rule":{}"#, String::from_utf8_lossy(&name))
    });
    format!(
        r#"{{"cause":{},"mechanism":{},"by":"{}"{}}}"#,
        text(cause),
        text(reason.and_then(|reason| reason.mechanism)),
        reason.map_or("rule", |reason| reason.by),
        rule.unwrap_or_default()
    )
}

/// Stamps as RFC 3339 in UTC; neighbouring lines share their second.
#[derive(Debug, Default)]
struct Stamp {
    second: Option<i64>,
    text: Vec<u8>,
    seconds_end: usize,
}

impl Stamp {
    /// `2026-03-10T09:43:00Z`, with three decimals where milliseconds were logged.
    fn of(&mut self, time_ms: i64) -> &[u8] {
        let (second, ms) = (time_ms.div_euclid(1000), time_ms.rem_euclid(1000));
        if self.second != Some(second) {
            let moment = DateTime::from_timestamp(second, 0).unwrap_or_default();
            self.text = moment.format("%Y-%m-%dT%H:%M:%S").to_string().into_bytes();
            self.seconds_end = self.text.len();
            self.second = Some(second);
        }
        self.text.truncate(self.seconds_end);
        if ms > 0 {
            let digit = |unit: i64| b'0' + (ms / unit % 10) as u8;
            self.text.extend([b'.', digit(100), digit(10), digit(1)]);
        }
        self.text.push(b'Z');
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn stamps_are_utc_and_as_fine_as_logged() {
        let mut stamp = Stamp::default();
        for (ms, text) in [
            (1_773_135_780_000, "2026-03-10T09:43:00Z"),
            (1_773_135_780_025, "2026-03-10T09:43:00.025Z"),
            (1_773_135_780_000, "2026-03-10T09:43:00Z"),
            (0, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(stamp.of(ms), text.as_bytes());
        }
    }
}
