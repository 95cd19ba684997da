//! What carries a line: syslog, a container's log, a log service's object, quotes.
//!
//! An envelope is opened before any format looks at a line, so each of them carries each format, and
//! one may carry another: a line of Docker's log may be one of syslog. Which envelopes a file has is
//! learned from its sample once; a strange line is tried with all. What an envelope tells of the time is
//! kept for formats that tell none.

mod fluentd;
pub(super) mod logger;
mod object;
mod prefix;

use super::lines::Line;
use super::marks::Quotes;
use super::{Format, Lend};
use crate::record::Record;
use crate::time::Clock;
use std::borrow::Cow;

/// Envelopes within envelopes that are opened; more are no log that anybody has.
const DEEPEST: usize = 4;

/// One kind of envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Syslog, RFC 5424, with or without the octet count before it.
    Syslog5424,
    /// Syslog as RFC 3164 saw it, and as rsyslog writes it to files.
    Syslog3164,
    /// The log of a Kubernetes container runtime.
    Cri,
    /// A JSON object with the line in one of its strings.
    Object,
    /// A stamp in front: `kubectl logs --timestamps`.
    Stamped,
    /// The name of a container and a bar: `docker compose logs`.
    Compose,
    /// The whole line in quotes.
    Quoted,
    /// The console encoder of Go's zap, which Caddy writes to a terminal: the fields in an object behind tabs.
    Console,
    /// Fluentd's files.
    Fluentd,
    /// Ruby's logger, and so Rails'.
    Ruby,
    /// A program's logger.
    Logger,
    /// Colours of a terminal.
    Coloured,
}

/// A line, and when its carrier took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opened<'a> {
    pub(super) inner: Cow<'a, [u8]>,
    /// Empty where the envelope has none.
    pub(super) stamp: &'a [u8],
}

impl<'a> Opened<'a> {
    /// A line that nothing carries.
    fn bare(line: &'a [u8]) -> Self {
        Opened {
            inner: Cow::Borrowed(line),
            stamp: b"",
        }
    }
}

impl Kind {
    const ALL: [Kind; 12] = [
        Kind::Coloured,
        Kind::Console,
        Kind::Fluentd,
        Kind::Ruby,
        Kind::Object,
        Kind::Cri,
        Kind::Syslog5424,
        Kind::Syslog3164,
        Kind::Compose,
        Kind::Quoted,
        Kind::Logger,
        Kind::Stamped,
    ];

    /// Its name, to be shown.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Syslog5424 => "syslog (RFC 5424)",
            Kind::Syslog3164 => "syslog",
            Kind::Cri => "a container runtime's log",
            Kind::Object => "JSON objects",
            Kind::Stamped => "stamps",
            Kind::Compose => "names of containers",
            Kind::Quoted => "quotes",
            Kind::Console => "zap's console lines",
            Kind::Fluentd => "Fluentd's files",
            Kind::Ruby => "Ruby's logger",
            Kind::Logger => "a program's logger",
            Kind::Coloured => "colours",
        }
    }

    fn open(self, line: &[u8]) -> Option<Opened<'_>> {
        match self {
            Kind::Syslog5424 => prefix::syslog_5424(line),
            Kind::Syslog3164 => prefix::syslog_3164(line),
            Kind::Cri => prefix::cri(line),
            Kind::Object => object::open(line),
            Kind::Stamped => prefix::stamped(line),
            Kind::Compose => prefix::compose(line),
            Kind::Quoted => prefix::quoted(line),
            Kind::Console => prefix::console(line),
            Kind::Fluentd => fluentd::out_file(line),
            Kind::Ruby => prefix::ruby(line),
            Kind::Logger => logger::logger(line),
            Kind::Coloured => prefix::coloured(line),
        }
    }
}

/// The envelopes of a file, the outermost first.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Envelope {
    kinds: Vec<Kind>,
}

impl Envelope {
    /// What carries most lines of a sample, and those lines without it; none where nothing does. Where the lines
    /// without it are objects, which may be the records or hold them, that is one answer and the envelope with these
    /// objects opened the next.
    pub(super) fn learn<'a>(sample: &[&'a [u8]]) -> Vec<(Envelope, Vec<Opened<'a>>)> {
        let mut found = Vec::new();
        let mut envelope = Envelope::default();
        let mut lines: Vec<Opened<'a>> = sample.iter().map(|line| Opened::bare(line)).collect();
        while envelope.kinds.len() < DEEPEST {
            let carries_most = |kind: &Kind| {
                let carried = lines.iter().filter(|line| kind.open(&line.inner).is_some());
                2 * carried.count() > lines.len()
            };
            let Some(kind) = Kind::ALL.into_iter().find(carries_most) else {
                break;
            };
            if kind == Kind::Object && !envelope.kinds.is_empty() {
                found.push((envelope.clone(), lines.clone()));
            }
            envelope.kinds.push(kind);
            lines = lines
                .into_iter()
                .filter_map(|line| within(kind, line))
                .collect();
        }
        if !envelope.kinds.is_empty() {
            found.push((envelope, lines));
        }
        found
    }

    /// Whether the lines of the file are JSON objects.
    pub(super) fn is_object(&self) -> bool {
        self.kinds.first() == Some(&Kind::Object)
    }

    /// Its name, to be shown.
    pub(super) fn name(&self) -> String {
        let names: Vec<_> = self.kinds.iter().rev().map(|kind| kind.name()).collect();
        names.join(" in ")
    }

    /// The line without the envelopes; `None` where it does not come in them.
    pub(super) fn open<'a>(&self, line: &'a [u8]) -> Option<Opened<'a>> {
        let mut opened = Opened::bare(line);
        for kind in &self.kinds {
            opened = within(*kind, opened)?;
        }
        Some(opened)
    }
}

/// Opens the next envelope. The outermost stamp counts; that of one whose line was copied is not kept.
fn within<'a>(kind: Kind, outer: Opened<'a>) -> Option<Opened<'a>> {
    match outer.inner {
        Cow::Borrowed(line) => {
            let opened = kind.open(line)?;
            let stamp = match outer.stamp {
                b"" => opened.stamp,
                stamp => stamp,
            };
            Some(Opened { stamp, ..opened })
        }
        Cow::Owned(line) => Some(Opened {
            inner: Cow::Owned(kind.open(&line)?.inner.into_owned()),
            stamp: outer.stamp,
        }),
    }
}

/// Shows a line without whatever carries it, and what that is: also where objects may be the record or hold it, until
/// `is_taken`.
pub(super) fn any(line: &[u8], mut is_taken: impl FnMut(&Envelope, &Opened<'_>) -> bool) -> bool {
    let mut envelope = Envelope::default();
    let mut opened = Opened::bare(line);
    loop {
        let may_be_deeper = envelope.kinds.len() < DEEPEST;
        let carries = |kind: &Kind| may_be_deeper && kind.open(&opened.inner).is_some();
        let kind = Kind::ALL.into_iter().find(carries);
        let may_be_a_record = matches!(kind, None | Some(Kind::Object));
        if !envelope.kinds.is_empty() && may_be_a_record && is_taken(&envelope, &opened) {
            return true;
        }
        match kind.and_then(|kind| Some((kind, within(kind, opened)?))) {
            Some((kind, inner)) => {
                envelope.kinds.push(kind);
                opened = inner;
            }
            None => return false,
        }
    }
}

/// A format whose lines come in envelopes.
pub(super) struct Enveloped<'p, F> {
    pub(super) envelope: &'p Envelope,
    pub(super) parser: &'p F,
}

impl<F: Format> Lend for Enveloped<'_, F> {
    fn lend_record(
        &self,
        line: Line<'_>,
        clock: &mut Clock,
        take: impl FnOnce(&Record<'_>),
    ) -> bool {
        let Some(opened) = self.envelope.open(line.bytes) else {
            return false;
        };
        clock.carried(opened.stamp);
        let inner = Line {
            bytes: &opened.inner,
            quotes: Quotes::of(&opened.inner),
            ..line
        };
        let taken = self.parser.lend(inner, clock, take);
        clock.carried(b"");
        taken
    }

    fn lend_bare(&self, line: &[u8], clock: &mut Clock, take: impl FnOnce(&Record<'_>)) -> bool {
        self.parser.parse(line, clock).inspect(take).is_some()
    }
}

#[cfg(test)]
mod tests;
