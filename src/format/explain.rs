//! What a format makes of a log: why it was chosen, what came second, and which bytes of a line became
//! which field.
//!
//! The bytes of a field are found by asking the parser itself: one byte of the line is changed, the line is
//! read again, and if just one field has another value, the byte belongs to that field. So the answer holds
//! for every format, built in or compiled, and cannot differ from what is really read.

mod map;
mod next;
mod template;

pub use next::{Paste, pastes};
pub use template::{Addition, ExplainedTemplate, Server, Variable, explain_template, is_template};

use super::detect::{self, Candidate};
use super::lines::{Line, Visitor};
use super::{Detected, FormatError};
use crate::record::{Record, Reject, Upstream};
use crate::settings::FormatSettings;
use std::ops::Range;

/// Lines that are shown.
const MOST_LINES: usize = 3;
/// Longest line whose bytes are told apart; each byte costs a parse or two.
const LONGEST_LINE: usize = 4096;
/// Bytes that may stand within a field although changing them changes nothing, or makes the line
/// unreadable: the name of a month with its slashes.
const WIDEST_GAP: usize = 6;
const DENIED: u16 = 403;

/// A part of a record, by its name in exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Field {
    Time,
    Ip,
    ForwardedFor,
    Method,
    Path,
    Query,
    Status,
    Bytes,
    Referer,
    UserAgent,
    User,
    Host,
    DurationMs,
    UpstreamStatus,
    Token,
    Stated,
    Rule,
    RulePlace,
}

impl Field {
    /// Every field, in the order of exports.
    pub const ALL: [Field; 18] = [
        Field::Time,
        Field::Ip,
        Field::ForwardedFor,
        Field::Method,
        Field::Path,
        Field::Query,
        Field::Status,
        Field::Bytes,
        Field::Referer,
        Field::UserAgent,
        Field::User,
        Field::Host,
        Field::DurationMs,
        Field::UpstreamStatus,
        Field::Token,
        Field::Stated,
        Field::Rule,
        Field::RulePlace,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Field::Time => "time",
            Field::Ip => "ip",
            Field::ForwardedFor => "forwarded_for",
            Field::Method => "method",
            Field::Path => "path",
            Field::Query => "query",
            Field::Status => "status",
            Field::Bytes => "bytes",
            Field::Referer => "referer",
            Field::UserAgent => "user_agent",
            Field::User => "user",
            Field::Host => "host",
            Field::DurationMs => "duration_ms",
            Field::UpstreamStatus => "upstream_status",
            Field::Token => "token",
            Field::Stated => "stated",
            Field::Rule => "rule",
            Field::RulePlace => "rule_place",
        }
    }

    /// Whether changing a byte of it may make one value of the other. Text keeps its length, else the
    /// byte was one that ends or begins the field.
    fn may_become(self, read: &[u8], now: &[u8]) -> bool {
        let is_text = !matches!(
            self,
            Field::Time
                | Field::Status
                | Field::Bytes
                | Field::DurationMs
                | Field::UpstreamStatus
                | Field::Stated
        );
        !read.is_empty() && !now.is_empty() && (!is_text || read.len() == now.len())
    }

    /// Its value in a record, as bytes to compare; empty where the line does not tell it.
    fn value(self, record: &Record<'_>) -> Vec<u8> {
        let number = |number: Option<u64>| number.map_or(String::new(), |n| n.to_string());
        let text = match self {
            Field::Time => record.time_ms.to_string(),
            Field::Status => number((record.status > 0).then_some(u64::from(record.status))),
            Field::Bytes => number(record.bytes),
            Field::DurationMs => {
                let ms = record.duration_ms();
                ms.map_or(String::new(), |ms| ms.to_string())
            }
            Field::UpstreamStatus => match record.upstream {
                Upstream::Status(status) => status.to_string(),
                Upstream::Unknown | Upstream::NotAsked => String::new(),
            },
            Field::Stated => record.stated.map_or(String::new(), |s| format!("{s:?}")),
            Field::Rule => {
                let rule = record.rule.as_ref();
                return rule.map_or_else(Vec::new, |rule| rule.name.clone());
            }
            Field::RulePlace => match record.rule_line {
                0 => return record.rule_file.to_vec(),
                line => format!("{}:{line}", record.rule_file.escape_ascii()),
            },
            Field::Ip => return record.address.to_vec(),
            Field::ForwardedFor => return record.forwarded_for.to_vec(),
            Field::Method => return record.method.to_vec(),
            Field::Path => return record.path().to_vec(),
            Field::Query => return record.query().to_vec(),
            Field::Referer => return record.referer.to_vec(),
            Field::UserAgent => return record.user_agent.to_vec(),
            Field::User => return record.user.to_vec(),
            Field::Host => return record.host.to_vec(),
            Field::Token => return record.token.to_vec(),
        };
        text.into_bytes()
    }
}

/// What a format makes of a log.
#[derive(Debug)]
pub struct Explanation {
    /// How the log is read.
    pub detected: Detected,
    /// Why, without what came second.
    pub why: String,
    /// Lines of the sample that detection looked at.
    pub sampled: usize,
    /// The format that would read most of the sample besides the chosen one, and how many lines.
    pub runner_up: Option<(&'static str, usize)>,
    /// A few lines, and what became of them.
    pub lines: Vec<ExplainedLine>,
    /// The first line that could not be read, and its number.
    pub unread: Option<(u64, Vec<u8>)>,
    /// How many bytes of that line fit the template, and what is expected behind them.
    pub stop: Option<(usize, String)>,
    /// Lines of the head that could be read.
    pub read: u64,
    /// Lines of the head that could be read, or should have been.
    pub of: u64,
    /// What `--map` does not do although it was given.
    pub notices: Vec<String>,
}

impl Explanation {
    /// Whether too few lines can be read for an analysis.
    pub fn is_unusable(&self) -> bool {
        2 * self.read < self.of
    }
}

/// A line, and what became of it.
#[derive(Debug)]
pub struct ExplainedLine {
    /// Its number in the log, from 1.
    pub number: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Completion time in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Which of its bytes became which field, from left to right.
    pub spans: Vec<Span>,
    /// A credential of the line, which must not be shown.
    pub token: Vec<u8>,
}

/// Bytes of a line that became a field, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The field.
    pub field: Field,
    /// Places in the line, from 0.
    pub bytes: Range<usize>,
}

/// Explains a log by its first bytes.
///
/// # Errors
/// As [`super::detect`].
pub fn explain(head: &[u8], settings: &FormatSettings) -> Result<Explanation, FormatError> {
    let detected = super::detect(head, settings)?;
    let (candidates, sampled) = detect::candidates(head, settings)?;
    let chosen = |candidate: &Candidate| {
        candidate.name == detected.name
            || candidate.variant == detected.name
            || detected.name.starts_with(&format!("{}.", candidate.name))
    };
    let runner_up = candidates
        .iter()
        .filter(|candidate| !chosen(candidate))
        .max_by(|a, b| a.parsed.cmp(&b.parsed).then(b.rank.cmp(&a.rank)))
        .map(|candidate| (candidate.name, candidate.parsed));
    let mut seen = Seen::default();
    detected.visit(whole_lines(head), &mut seen);
    let lines = seen.chosen().into_iter();
    let lines = lines.map(|(number, bytes)| explained(&detected, number, bytes));
    let unread = seen.unread.as_ref();
    let stop = unread.map(|(_, line)| detected.stops_at(line));
    let why = detected.why.split("; next best").next();
    Ok(Explanation {
        why: why.unwrap_or_default().to_owned(),
        lines: lines.collect(),
        stop: stop.flatten(),
        unread: seen.unread,
        read: seen.read,
        of: seen.of,
        notices: map::notices(&settings.map, &detected, &detect::sampled(head)),
        detected,
        sampled,
        runner_up,
    })
}

/// The head without a line that it cuts off.
fn whole_lines(head: &[u8]) -> &[u8] {
    match memchr::memrchr(b'\n', head) {
        Some(end) => &head[..=end],
        None => head,
    }
}

/// The lines of a head that are worth showing.
#[derive(Default)]
struct Seen {
    first: Option<(u64, Vec<u8>)>,
    denied: Option<(u64, Vec<u8>)>,
    last: Option<(u64, Vec<u8>)>,
    unread: Option<(u64, Vec<u8>)>,
    read: u64,
    of: u64,
}

impl Seen {
    /// The first request, the first denial and the last request, each once and in their order.
    fn chosen(&self) -> Vec<(u64, Vec<u8>)> {
        let mut lines: Vec<_> = [&self.first, &self.denied, &self.last]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        lines.sort();
        lines.dedup();
        lines.truncate(MOST_LINES);
        lines
    }
}

impl Visitor for Seen {
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, _format: usize) {
        let this = || (u64::from(line.number) + 1, line.bytes.to_vec());
        (self.read, self.of) = (self.read + 1, self.of + 1);
        self.first.get_or_insert_with(this);
        if record.status == DENIED {
            self.denied.get_or_insert_with(this);
        }
        self.last = Some(this());
    }

    fn skipped(&mut self, line: Line<'_>, why: Reject) {
        if why != Reject::NotARequest {
            self.of += 1;
            let this = || (u64::from(line.number) + 1, line.bytes.to_vec());
            self.unread.get_or_insert_with(this);
        }
    }
}

fn explained(detected: &Detected, number: u64, bytes: Vec<u8>) -> ExplainedLine {
    let mut line = ExplainedLine {
        number,
        time_ms: 0,
        spans: Vec::new(),
        token: Vec::new(),
        bytes,
    };
    let read = values(detected, &line.bytes, &mut |record| {
        line.time_ms = record.time_ms;
        line.token = record.token.to_vec();
    });
    if let Some(read) = read.filter(|_| line.bytes.len() <= LONGEST_LINE) {
        let spans = spans(&owners(detected, &line.bytes, &read));
        line.spans = bare_numbers(whole_stamps(spans, &line.bytes), &line.bytes);
    }
    line
}

/// The values of all fields of a line; `None` if it cannot be read.
fn values(
    detected: &Detected,
    line: &[u8],
    tell: &mut dyn FnMut(&Record<'_>),
) -> Option<Vec<Vec<u8>>> {
    struct Reader<'a>(Option<Vec<Vec<u8>>>, &'a mut dyn FnMut(&Record<'_>));
    impl Visitor for Reader<'_> {
        fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
            (self.1)(record);
            self.0 = Some(Field::ALL.iter().map(|field| field.value(record)).collect());
        }
        fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
    }
    let mut reader = Reader(None, tell);
    detected.visit(line, &mut reader);
    reader.0
}

/// The field that each byte belongs to.
fn owners(detected: &Detected, line: &[u8], read: &[Vec<u8>]) -> Vec<Option<Field>> {
    let mut changed = line.to_vec();
    let is_name = names(line);
    (0..line.len())
        .map(|at| {
            if is_name[at] {
                return None;
            }
            let owner = others(line[at]).into_iter().find_map(|other| {
                changed[at] = other;
                owner(read, &values(detected, &changed, &mut |_| {})?)
            });
            changed[at] = line[at];
            owner
        })
        .collect()
}

/// Bytes that may stand in the place of one.
fn others(byte: u8) -> [u8; 2] {
    match byte {
        b'0' => *b"12",
        b'9' => *b"87",
        b'1'..=b'8' => [byte - 1, byte + 1],
        b'a' | b'A' => [byte + 1, byte + 2],
        b'b'..=b'z' | b'B'..=b'Z' => [byte - 1, b'a'],
        _ => *b"a0",
    }
}

/// The one field that has another value.
fn owner(read: &[Vec<u8>], now: &[Vec<u8>]) -> Option<Field> {
    let mut differing = Field::ALL
        .into_iter()
        .zip(read.iter().zip(now))
        .filter(|(_, (read, now))| read != now);
    match (differing.next(), differing.next(), differing.next()) {
        (Some((field, (read, now))), None, _) if field.may_become(read, now) => Some(field),
        // Where the upstream's answer is passed on, its status follows that of the line.
        (Some((Field::Status, (read, now))), Some((Field::UpstreamStatus, _)), None) => {
            Field::Status.may_become(read, now).then_some(Field::Status)
        }
        _ => None,
    }
}

/// Which bytes of a JSON line are in the name of a key: changed, another key takes its place, which says
/// nothing of the byte.
fn names(line: &[u8]) -> Vec<bool> {
    let mut is_name = vec![false; line.len()];
    if !line.trim_ascii_start().starts_with(b"{") && !line.starts_with(b"[") {
        return is_name;
    }
    let mut start = None;
    for at in 0..line.len() {
        let escaped = at > 0 && line[at - 1] == b'\\';
        if line[at] != b'"' || escaped {
            continue;
        }
        match start.take() {
            None => start = Some(at),
            Some(from) if line[at + 1..].trim_ascii_start().starts_with(b":") => {
                is_name[from..=at].fill(true);
            }
            Some(_) => {}
        }
    }
    is_name
}

/// Runs of bytes of one field, small gaps closed.
fn spans(owners: &[Option<Field>]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (at, owner) in owners.iter().enumerate() {
        let Some(field) = *owner else { continue };
        match spans.last_mut() {
            Some(last) if last.field == field && at - last.bytes.end <= WIDEST_GAP => {
                last.bytes.end = at + 1;
            }
            _ => spans.push(Span {
                field,
                bytes: at..at + 1,
            }),
        }
    }
    spans
}

/// Stamps with the digits and letters that touch them: no year but of this century is read, so its first
/// digit cannot be changed, nor can a `Z`.
fn whole_stamps(mut spans: Vec<Span>, line: &[u8]) -> Vec<Span> {
    for span in spans.iter_mut().filter(|span| span.field == Field::Time) {
        let (before, behind) = (&line[..span.bytes.start], &line[span.bytes.end..]);
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric();
        span.bytes.start -= before.iter().rev().take_while(is_part).count();
        span.bytes.end += behind.iter().take_while(is_part).count();
    }
    spans
}

/// Numbers without the separators that touch them: a digit in the place of one lengthens the number.
fn bare_numbers(mut spans: Vec<Span>, line: &[u8]) -> Vec<Span> {
    let is_number = |span: &&mut Span| {
        matches!(
            span.field,
            Field::Status | Field::Bytes | Field::DurationMs | Field::UpstreamStatus
        )
    };
    for span in spans.iter_mut().filter(is_number) {
        let bytes = &line[span.bytes.clone()];
        let Some(first) = bytes.iter().position(u8::is_ascii_digit) else {
            continue;
        };
        // A unit may stand behind, such as `ms` or `µs`.
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let last = bytes.iter().rposition(is_part).unwrap_or(first);
        span.bytes = span.bytes.start + first..span.bytes.start + last + 1;
    }
    spans
}

#[cfg(test)]
mod tests;
