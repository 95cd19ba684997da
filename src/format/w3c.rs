//! W3C extended logs: a `#Fields` line names the fields of the lines behind it.
//!
//! Sources: the W3C working draft (<https://www.w3.org/TR/WD-logfile.html>), IIS
//! (<https://learn.microsoft.com/en-us/windows/win32/http/w3c-logging>), the error log of HTTP.sys,
//! CloudFront's standard log, and Zeek's log of HTTP with tabs
//! (<https://docs.zeek.org/en/master/logs/http.html>). A file may change its fields anywhere; a line is read
//! with the last directive before it, else with one of the head's, else with a set that servers write by
//! default, else as one of IIS. A line must have as many fields as are named, and a method and a status where
//! they belong.

mod bare;
mod names;
mod usual;

use super::draft::Draft;
use super::field::is_method;
use super::role::Role;
use super::shape::is_host_name;
use super::{BuiltIn, Format, FormatError};
use crate::find::find;
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::{Clock, Directives, Instant};
use names::{Column, column};
use std::borrow::Cow;
use usual::USUAL;

/// Most fields of a line.
const MOST_FIELDS: usize = 256;

/// W3C extended lines, with the sets of fields that the head of the file names.
#[derive(Debug, Clone, Default)]
pub(super) struct W3c {
    layouts: Vec<Layout>,
    /// How many of them, the first, the file itself names.
    named: usize,
    name: &'static str,
}

/// One set of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layout {
    /// As the directive spells it.
    spelled: Vec<u8>,
    columns: Vec<Column>,
    /// Fields that a line must have: some servers have added to theirs over the years.
    least: usize,
    /// Whether tabs stand between the fields, and nothing else.
    by_tabs: bool,
    /// Whether more fields may stand behind those.
    is_open: bool,
    /// Whether no directive says so: values must look like what they are taken for.
    is_assumed: bool,
    /// Whether a value may stand in quotes between tabs: Zeek writes none.
    has_quotes: bool,
}

impl Layout {
    fn new(fields: &[u8]) -> Layout {
        let columns: Vec<Column> = words(fields, fields.contains(&b'\t'))
            .take(MOST_FIELDS)
            .map(column)
            .collect();
        let columns = in_milliseconds(fields, columns);
        Layout {
            spelled: fields.to_vec(),
            least: columns.len(),
            columns,
            by_tabs: false,
            is_open: false,
            is_assumed: false,
            has_quotes: memchr::memmem::find(fields, b"id.orig_h").is_none(),
        }
    }
}

/// ASP.NET Core gives `time-taken` in milliseconds with a fraction; it writes its fields in one order, in which
/// the protocol or the host follows (`W3CLoggerOptions.LoggingFields`).
fn in_milliseconds(fields: &[u8], columns: Vec<Column>) -> Vec<Column> {
    let has = |pair: &[u8]| memchr::memmem::find(fields, pair).is_some();
    if !has(b"time-taken cs-version") && !has(b"time-taken cs-host") {
        return columns;
    }
    let columns = columns.into_iter().map(|column| match column {
        Column::Field(Role::TimeTaken, rank) => Column::Field(Role::Milliseconds, rank),
        column => column,
    });
    columns.collect()
}

impl BuiltIn for W3c {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(W3c {
            layouts: USUAL.iter().map(usual::Usual::layout).collect(),
            named: 0,
            name: "w3c",
        })
    }

    fn directed(mut self, directives: &[&[u8]], sample: &[&[u8]]) -> Self {
        let mut layouts: Vec<Layout> = Vec::new();
        // The last is the likeliest to be in force where no directive is in sight.
        for directive in directives.iter().rev() {
            let layout = Directives::fields_of(directive).map(Layout::new);
            if let Some(layout) = layout
                && !layouts.contains(&layout)
            {
                layouts.push(layout);
            }
        }
        self.named = layouts.len();
        layouts.append(&mut self.layouts);
        self.layouts = layouts;
        let mut clock = Clock::new(None);
        for directive in directives.iter().filter(|line| line.starts_with(b"#Date:")) {
            clock.direct(directive);
        }
        self.name = self.kind(sample, &mut clock);
        self
    }
}

impl W3c {
    /// Whose log it is, by fields that only they have; of the usual sets, the one that reads most is tried first from
    /// then on.
    fn kind(&mut self, sample: &[&[u8]], clock: &mut Clock) -> &'static str {
        let (named, usual) = self.layouts.split_at_mut(self.named);
        let mut count = |layout: &Layout| {
            let read = sample
                .iter()
                .filter(|line| layout.read(line, clock).is_some());
            read.count()
        };
        let named = kind_of(named.iter().filter(|layout| count(layout) > 0));
        let is_bare = |line: &&[u8]| bare::read(line, &mut Clock::new(None)).is_some();
        let counts: Vec<usize> = usual.iter().map(&mut count).collect();
        let fitting = usual.iter().zip(&counts).filter(|(_, count)| **count > 0);
        let kind = match named {
            None if sample.iter().any(is_bare) => "iis",
            named => named
                .or_else(|| kind_of(fitting.map(|(layout, _)| layout)))
                .unwrap_or(GENERAL),
        };
        let most = counts.iter().max();
        if let Some(at) = counts.iter().position(|count| Some(count) == most) {
            usual[..=at].rotate_right(1);
        }
        kind
    }
}

/// Whose the first of some layouts is that tells.
fn kind_of<'l>(fitting: impl Iterator<Item = &'l Layout>) -> Option<&'static str> {
    let mut kinds = fitting.map(Layout::kind).peekable();
    let first = kinds.peek().copied();
    kinds.find(|kind| *kind != GENERAL).or(first)
}

/// The name where nothing tells whose log it is.
const GENERAL: &str = "w3c";

impl Layout {
    /// Whose it is, by fields that only they have.
    fn kind(&self) -> &'static str {
        let has = |field: &str| memchr::memmem::find(&self.spelled, field.as_bytes()).is_some();
        match () {
            _ if has("x-edge-") => "cloudfront",
            _ if has("s-reason") => "httperr",
            _ if has("id.orig_h") => "zeek",
            _ if has("sc-substatus") || has("sc-win32-status") || has("s-sitename") => "iis",
            _ => GENERAL,
        }
    }
}

impl Format for W3c {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let fields = &clock.directives().fields;
        if fields.is_empty() {
            return self.by_head(line, clock);
        }
        let known = self.layouts.iter().find(|layout| layout.spelled == *fields);
        let in_force = match known {
            Some(layout) => layout.read(line, clock),
            None => Layout::new(fields).read(line, clock),
        };
        in_force.or_else(|| self.by_head(line, clock))
    }
}

impl W3c {
    fn by_head<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let (named, usual) = self.layouts.split_at(self.named);
        let read = |layouts: &[Layout], clock: &mut Clock| {
            layouts.iter().find_map(|layout| layout.read(line, clock))
        };
        read(named, clock)
            .or_else(|| bare::read(line, clock))
            .or_else(|| read(usual, clock))
    }
}

/// What a line tells of its moment.
#[derive(Debug, Clone, Copy, Default)]
struct Moment<'a> {
    date: &'a [u8],
    time: &'a [u8],
    local: bool,
}

impl<'a> Moment<'a> {
    /// Date and time in one: the time of W3C logs is UTC, unless the field says that it is local.
    fn read(self, clock: &mut Clock) -> Option<Instant> {
        let date = match self.date {
            b"" => &clock.directives().day[..],
            date => date,
        };
        let mut stamp = [b' '; 40];
        stamp.get_mut(..date.len())?.copy_from_slice(date);
        let end = date.len() + 1 + self.time.len();
        stamp
            .get_mut(date.len() + 1..end)?
            .copy_from_slice(self.time);
        let end = if self.local {
            end
        } else {
            *stamp.get_mut(end)? = b'Z';
            end + 1
        };
        clock.read(stamp.get(..end)?)
    }
}

impl Layout {
    fn read<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let mut draft = Draft::new();
        let mut moment = Moment::default();
        let mut count = 0;
        let by_tabs = line.contains(&b'\t');
        if self.by_tabs && !by_tabs {
            return None;
        }
        for field in words(line, by_tabs) {
            let Some(column) = self.columns.get(count) else {
                match self.is_open {
                    true => break,
                    false => return None,
                }
            };
            let field = match field {
                [b'"', inner @ .., b'"'] if by_tabs && self.has_quotes => inner,
                field => field,
            };
            if self.is_assumed && !column.may_hold(field, by_tabs) {
                return None;
            }
            column.put(field, &mut draft, &mut moment, clock)?;
            count += 1;
        }
        if count < self.least {
            return None;
        }
        if !moment.time.is_empty() {
            draft.put_instant(moment.read(clock)?);
        }
        // HTTP.sys writes of idle connections, too, which asked for nothing.
        draft.finish_without_client()
    }
}

impl Column {
    /// Puts a value where it belongs; `None` where it cannot be what the column is named.
    fn put<'a>(
        &self,
        field: &'a [u8],
        draft: &mut Draft<'a>,
        moment: &mut Moment<'a>,
        clock: &mut Clock,
    ) -> Option<()> {
        match *self {
            Column::Other | Column::Protocol => Some(()),
            Column::Port => (field == b"-" || field.iter().all(u8::is_ascii_digit)).then_some(()),
            Column::Date { local } => {
                (moment.date, moment.local) = (field, local);
                (field.len() == 10).then_some(())
            }
            Column::Time { local } => {
                (moment.time, moment.local) = (field, local);
                (field.get(2) == Some(&b':')).then_some(())
            }
            Column::Field(Role::Method, _)
                if field != b"-"
                    && !(is_method(field)
                        && field.first().is_some_and(u8::is_ascii_alphabetic)) =>
            {
                None
            }
            Column::Field(Role::Status, rank) => {
                draft.put(Role::Status, rank, Cow::Borrowed(field), clock)?;
                matches!(field, [] | [b'-'] | [b'0'] | [b'0'..=b'9', _, _]).then_some(())
            }
            // Imperva's log has the host before the path, without a scheme.
            Column::Field(Role::Target, rank) => match host_before(field) {
                Some((host, path)) => {
                    draft.put(Role::Host, u8::MAX - 1, Cow::Borrowed(host), clock)?;
                    draft.put(Role::Target, rank, Cow::Borrowed(path), clock)
                }
                None => draft.put(Role::Target, rank, Cow::Borrowed(field), clock),
            },
            Column::Field(role @ Role::UserAgent, rank) => {
                draft.put(role, rank, unescaped(field), clock)
            }
            Column::Field(role, rank) => draft.put(role, rank, Cow::Borrowed(field), clock),
        }
    }
}

/// `www.example.com/a` in its two parts.
fn host_before(target: &[u8]) -> Option<(&[u8], &[u8])> {
    if target.starts_with(b"/") {
        return None;
    }
    let slash = memchr::memchr(b'/', target)?;
    let (host, path) = target.split_at(slash);
    is_host_name(host).then_some((host, path))
}

/// The fields of a line: between tabs, or between spaces, where quotes hold one together.
fn words(line: &[u8], by_tabs: bool) -> impl Iterator<Item = &[u8]> {
    let mut rest = line.trim_ascii();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if by_tabs {
            let end = memchr::memchr(b'\t', rest).unwrap_or(rest.len());
            let word = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            return Some(word);
        }
        let (word, behind) = quoted(rest)
            .unwrap_or_else(|| rest.split_at(find(rest, 0, b' ').unwrap_or(rest.len())));
        rest = match behind {
            [b' ', next @ ..] if next.first().is_some_and(u8::is_ascii_graphic) => next,
            _ => behind.trim_ascii_start(),
        };
        Some(word)
    })
}

/// A word in quotes, without them, and what stands behind. A quote within is doubled, so that one before a
/// space may still be none that closes.
#[inline(always)]
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let [b'"', body @ ..] = text else { return None };
    let closes = |end: &usize| {
        let before = body[..*end].iter().rev().take_while(|byte| **byte == b'"');
        matches!(body.get(end + 1), None | Some(b' ')) && (*end == 0 || before.count() % 2 == 0)
    };
    let end = memchr::memchr_iter(b'"', body).find(closes)?;
    Some((&body[..end], &body[end + 1..]))
}

/// A user agent as it was sent: IIS writes `+` for a space, CloudFront escapes once or twice. What holds an escaped
/// space is escaped, and its `+` is one.
pub(super) fn unescaped(agent: &[u8]) -> Cow<'_, [u8]> {
    let has = |byte| memchr::memchr(byte, agent).is_some();
    if has(b' ') {
        return Cow::Borrowed(agent);
    }
    let holds = |text: &[u8]| memchr::memmem::find(agent, text).is_some();
    let is_escaped = has(b'%') && (!has(b'+') || holds(b"%20") || holds(b"%2520"));
    if is_escaped {
        return Cow::Owned(names::percent_decoded(&names::percent_decoded(agent)));
    }
    if !has(b'+') {
        return Cow::Borrowed(agent);
    }
    let spaced = |byte: &u8| if *byte == b'+' { b' ' } else { *byte };
    let mut plain: Vec<u8> = agent.iter().map(spaced).collect();
    // `++` was a space and a plus: no agent has two spaces there.
    let behind = agent.iter().skip(1);
    let doubled = agent.iter().zip(behind).fold(0, |seen, (byte, next)| {
        seen | (u8::from(*byte == b'+') & u8::from(*next == b'+'))
    });
    let mut from = 0;
    while doubled != 0
        && let Some(at) = memchr::memmem::find(&agent[from..], b"++")
    {
        plain[from + at + 1] = b'+';
        from += at + 2;
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests;
