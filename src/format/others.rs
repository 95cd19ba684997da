//! Lines that their file's format refuses: how they are read all the same.
//!
//! Such a line is offered to every other format, as it stands and without what carries it. Most of those of
//! one file are of the same few kinds, so the ways in which those of its head are read are tried first.

use super::delimiters::Delimiters;
use super::envelope::{self, Envelope};
use super::registry::{Known, Parser};
use super::{Format, Lend};
use crate::record::Record;
use crate::time::Clock;

/// Most refused lines of a sample that are looked at: the search for each takes microseconds.
const MOST_LOOKED_AT: usize = 64;

/// The formats that a line is offered to after its file's own.
#[derive(Debug, Clone, Default)]
pub(super) struct Others {
    /// In the order of the registry.
    formats: Vec<(&'static Known, Parser)>,
    /// The ways in which refused lines of the head are read, in the order in which they would be found.
    usual: Vec<Way>,
}

/// A way to read a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    /// What carries the line.
    envelope: Envelope,
    /// The number of the format: 0 for the file's own, and `n` for the `n`-th of the others.
    format: usize,
}

impl Others {
    pub(super) fn new(formats: Vec<(&'static Known, Parser)>) -> Others {
        Others {
            formats,
            usual: Vec::new(),
        }
    }

    /// Takes note of how those lines of a sample are read that the file's own format refuses.
    pub(super) fn learn<F: Lend>(&mut self, primary: &F, sample: &[&[u8]], clock: &mut Clock) {
        let mut ways = Vec::new();
        let mut looked_at = 0;
        for line in sample.iter().copied() {
            if looked_at == MOST_LOOKED_AT {
                break;
            }
            if primary.lend_record(line.into(), clock, |_| {}) {
                continue;
            }
            looked_at += 1;
            self.search(primary, line, clock, &mut |way, _| {
                if !ways.contains(&way) {
                    ways.push(way);
                }
            });
        }
        ways.sort();
        self.usual = ways;
    }

    /// The name of the `n`-th format.
    pub(super) fn format_name(&self, n: usize) -> Option<&'static str> {
        let (known, _) = self.formats.get(n.checked_sub(1)?)?;
        Some(known.name)
    }

    /// Shows the record of a refused line to `take`, with the number of its format; false where it is none.
    pub(super) fn read<F: Lend>(
        &self,
        primary: &F,
        line: &[u8],
        clock: &mut Clock,
        mut take: impl FnMut(usize, &Record<'_>),
    ) -> bool {
        let as_usual = self.usual.iter().any(|way| {
            let Some(opened) = way.envelope.open(line) else {
                return false;
            };
            clock.carried(&opened.stamp);
            let is_taken = self.offer_to(way.format, primary, &opened.inner, clock, &mut take);
            clock.carried(b"");
            is_taken
        });
        as_usual
            || self.search(primary, line, clock, &mut |way, record| {
                take(way.format, record)
            })
    }

    /// Shows the record of a line with the first way in which it is read.
    fn search<F: Lend>(
        &self,
        primary: &F,
        line: &[u8],
        clock: &mut Clock,
        take: &mut impl FnMut(Way, &Record<'_>),
    ) -> bool {
        let mut offer = |envelope: &Envelope, line: &[u8], clock: &mut Clock| {
            let delimiters = Delimiters::of(line);
            let may_read = |format: &usize| match format.checked_sub(1) {
                Some(at) => self.formats[at].1.may_read(&delimiters),
                None => true,
            };
            let mut take = |format, record: &Record<'_>| {
                let envelope = envelope.clone();
                take(Way { envelope, format }, record);
            };
            (0..=self.formats.len())
                .filter(may_read)
                .any(|format| self.offer_to(format, primary, line, clock, &mut take))
        };
        let bare = offer(&Envelope::default(), line, clock);
        bare || envelope::any(line, |envelope, opened| {
            clock.carried(&opened.stamp);
            let is_taken = offer(envelope, &opened.inner, clock);
            clock.carried(b"");
            is_taken
        })
    }

    fn offer_to<F: Lend>(
        &self,
        format: usize,
        primary: &F,
        line: &[u8],
        clock: &mut Clock,
        take: &mut impl FnMut(usize, &Record<'_>),
    ) -> bool {
        match format.checked_sub(1).and_then(|at| self.formats.get(at)) {
            None => primary.lend_bare(line, clock, |record| take(0, record)),
            Some((_, other)) => {
                let record = other.parse(line, clock);
                record.map(|record| take(format, &record)).is_some()
            }
        }
    }
}
