//! What carries a line: syslog, a container's log, a log service's object, quotes.
//!
//! An envelope is opened before any format looks at a line, so each of them carries each format, and
//! one may carry another: a line of Docker's log may be one of syslog. Which envelopes a file has is
//! learned from its sample once; a strange line is tried with all. What an envelope tells of the time is
//! kept for formats that tell none.

mod fluentd;
pub(super) mod logger;
mod message;
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
    /// The name of a file, as `grep` writes it before what it found there.
    File,
    /// logrus' text, whose message is the line.
    Message,
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
    /// Tabs or bars between fields, where others have spaces.
    Tabbed,
    /// Colours of a terminal.
    Coloured,
}

/// A line, and when its carrier took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opened<'a> {
    pub(super) inner: Cow<'a, [u8]>,
    /// Empty where the envelope has none.
    pub(super) stamp: Cow<'a, [u8]>,
}

impl<'a> Opened<'a> {
    /// A line that nothing carries.
    fn bare(line: &'a [u8]) -> Self {
        Opened {
            inner: Cow::Borrowed(line),
            stamp: Cow::Borrowed(b""),
        }
    }
}

impl Kind {
    const ALL: [Kind; 15] = [
        Kind::File,
        Kind::Coloured,
        Kind::Console,
        Kind::Fluentd,
        Kind::Ruby,
        Kind::Object,
        Kind::Message,
        Kind::Cri,
        Kind::Syslog5424,
        Kind::Syslog3164,
        Kind::Compose,
        Kind::Quoted,
        Kind::Logger,
        Kind::Tabbed,
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
            Kind::File => "names of files",
            Kind::Quoted => "quotes",
            Kind::Console => "zap's console lines",
            Kind::Fluentd => "Fluentd's files",
            Kind::Ruby => "Ruby's logger",
            Kind::Logger => "a program's logger",
            Kind::Message => "logrus' messages",
            Kind::Tabbed => "tabs or bars",
            Kind::Coloured => "colours",
        }
    }

    /// Whether records themselves may look so: objects, lines between quotes, lines with a stamp or a level first.
    fn may_be_of_a_record(self) -> bool {
        matches!(
            self,
            Kind::Object | Kind::Quoted | Kind::Logger | Kind::Stamped
        )
    }

    /// Whether what stands behind a stamp is taken with it: a level may pass for a tag, and both be of the record.
    fn takes_stamp_and_more(self) -> bool {
        matches!(self, Kind::Logger | Kind::Syslog3164)
    }

    /// Whether no record looks so by itself: a line between quotes with those within escaped, or behind the name of a pod
    /// or a file.
    pub(super) fn surely_carries(line: &[u8]) -> bool {
        let opened = prefix::quoted(line);
        let is_escaped = opened.is_some_and(|opened| matches!(opened.inner, Cow::Owned(_)));
        is_escaped || line.starts_with(prefix::POD) || prefix::of_grep(line).is_some()
    }

    fn open(self, line: &[u8]) -> Option<Opened<'_>> {
        match self {
            Kind::Syslog5424 => prefix::syslog_5424(line),
            Kind::Syslog3164 => prefix::syslog_3164(line),
            Kind::Cri => prefix::cri(line),
            Kind::Object => object::open(line),
            Kind::Stamped => prefix::stamped(line),
            Kind::Compose => prefix::compose(line),
            Kind::File => prefix::of_grep(line),
            Kind::Quoted => prefix::quoted(line),
            Kind::Console => prefix::console(line),
            Kind::Fluentd => fluentd::out_file(line),
            Kind::Ruby => prefix::ruby(line),
            Kind::Logger => logger::logger(line),
            Kind::Message => message::of_logrus(line),
            Kind::Tabbed => prefix::tabbed(line),
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
    /// What carries at least half of the lines of a sample, and those lines without it; none where nothing does. Where
    /// the lines without it may be the records or hold them, or some are in no further one, that is one answer and the
    /// envelope with these opened the next.
    pub(super) fn learn<'a>(sample: &[&'a [u8]]) -> Vec<(Envelope, Vec<Opened<'a>>)> {
        let (mut found, mut unlikely) = (Vec::new(), Vec::new());
        let mut envelope = Envelope::default();
        let mut lines: Vec<Opened<'a>> = sample.iter().map(|line| Opened::bare(line)).collect();
        while envelope.kinds.len() < DEEPEST {
            let Some((most, kind)) = carrier_of(&lines) else {
                break;
            };
            let is_open = kind.may_be_of_a_record() || most < lines.len();
            if is_open && !envelope.kinds.is_empty() {
                found.push((envelope.clone(), lines.clone()));
            }
            let inner = |kind: Kind| {
                let inner = lines.iter().filter_map(|line| within(kind, line.clone()));
                inner.collect::<Vec<_>>()
            };
            if kind.takes_stamp_and_more() {
                let stamped = (envelope.and(Kind::Stamped), inner(Kind::Stamped));
                // A tag is rarely of the record.
                match kind {
                    _ if stamped.1.is_empty() => {}
                    Kind::Logger => found.push(stamped),
                    _ => unlikely.push(stamped),
                }
            }
            lines = inner(kind);
            envelope.kinds.push(kind);
        }
        if !envelope.kinds.is_empty() {
            found.push((envelope, lines));
        }
        found.append(&mut unlikely);
        found
    }

    /// The same around one more.
    fn and(&self, kind: Kind) -> Envelope {
        let kinds = self.kinds.iter().copied().chain([kind]);
        Envelope {
            kinds: kinds.collect(),
        }
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

/// What carries most of some lines, and at least half of them, and how many: of those that carry as many, the first; a
/// stamp alone only where nothing else does, as others begin with one.
fn carrier_of(lines: &[Opened<'_>]) -> Option<(usize, Kind)> {
    let carried = |kind: Kind| {
        let carried = lines.iter().filter(|line| kind.open(&line.inner).is_some());
        (carried.count(), kind)
    };
    let is_likely = |(count, _): &(usize, Kind)| *count > 0 && 2 * *count >= lines.len();
    let others = Kind::ALL
        .into_iter()
        .rev()
        .filter(|kind| *kind != Kind::Stamped);
    let most = others
        .map(carried)
        .filter(is_likely)
        .max_by_key(|(count, _)| *count);
    most.or_else(|| Some(carried(Kind::Stamped)).filter(is_likely))
}

/// Opens the next envelope. The outermost stamp counts, but for one within that tells its zone: it is nearer to the
/// request.
fn within<'a>(kind: Kind, outer: Opened<'a>) -> Option<Opened<'a>> {
    let opened = match outer.inner {
        Cow::Borrowed(line) => kind.open(line)?,
        Cow::Owned(line) => {
            let opened = kind.open(&line)?;
            Opened {
                inner: Cow::Owned(opened.inner.into_owned()),
                stamp: Cow::Owned(opened.stamp.into_owned()),
            }
        }
    };
    let is_nearer = outer.stamp.is_empty() || tells_zone(&opened.stamp);
    let stamp = if is_nearer { opened.stamp } else { outer.stamp };
    Some(Opened { stamp, ..opened })
}

/// Whether a stamp is one of ISO 8601 with a zone: `2026-03-10T09:43:00Z`, `2026-03-10 09:43:00.123+01:00`.
fn tells_zone(stamp: &[u8]) -> bool {
    let is_iso = stamp.get(4) == Some(&b'-') && stamp.get(13) == Some(&b':');
    let behind_seconds = stamp.get(19..).unwrap_or_default();
    is_iso
        && behind_seconds
            .iter()
            .any(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-'))
}

/// Shows a line without whatever carries it, and what that is: also where objects may be the record or hold it, until
/// `is_taken`.
pub(super) fn any(line: &[u8], mut is_taken: impl FnMut(&Envelope, &Opened<'_>) -> bool) -> bool {
    let mut envelope = Envelope::default();
    let mut opened = Opened::bare(line);
    let mut unlikely = None;
    loop {
        let may_be_deeper = envelope.kinds.len() < DEEPEST;
        let carries = |kind: &Kind| may_be_deeper && kind.open(&opened.inner).is_some();
        let kind = Kind::ALL.into_iter().find(carries);
        let may_be_a_record = kind.is_none_or(Kind::may_be_of_a_record);
        if !envelope.kinds.is_empty() && may_be_a_record && is_taken(&envelope, &opened) {
            return true;
        }
        // The level and the name behind a carrier's stamp may be of the record; a tag is rarely.
        if let Some(kind) = kind.filter(|kind| kind.takes_stamp_and_more())
            && let Some(inner) = within(Kind::Stamped, opened.clone())
        {
            let stamped = (envelope.and(Kind::Stamped), inner);
            match kind {
                Kind::Logger if is_taken(&stamped.0, &stamped.1) => return true,
                Kind::Logger => {}
                _ => unlikely = Some(stamped),
            }
        }
        match kind.and_then(|kind| Some((kind, within(kind, opened)?))) {
            Some((kind, inner)) => {
                envelope.kinds.push(kind);
                opened = inner;
            }
            None => return unlikely.is_some_and(|(envelope, opened)| is_taken(&envelope, &opened)),
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
        clock.carried(&opened.stamp);
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
