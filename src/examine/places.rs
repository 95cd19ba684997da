//! Where the rules stand that decided denials, as the access log itself says.
//!
//! HAProxy names file and line of the last rule that ended a set of rules. Where an application answered,
//! that rule let the request pass: its place says nothing of the denial, and is not kept.

use crate::key::intern::Interner;
use crate::record::{Record, Upstream};

/// A denial, and the place of its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// File that the line of the denial stands in.
    pub source: u32,
    /// That line, from 0.
    pub line: u32,
    /// Number of the place.
    pub place: u32,
}

/// The places of the rules that decided denials.
#[derive(Debug, Default)]
pub struct RulePlaces {
    /// `file:line`, each once.
    names: Interner,
    decided: Vec<Decided>,
    text: Vec<u8>,
}

impl RulePlaces {
    /// Notes what a denial's line says of its rule.
    pub(super) fn note(&mut self, record: &Record<'_>, source: u32, line: u32) {
        let Some((file, of_rule)) = record.rule_place() else {
            return;
        };
        if matches!(record.upstream, Upstream::Status(_)) {
            return;
        }
        self.text.clear();
        self.text.extend_from_slice(file);
        self.text
            .extend_from_slice(format!(":{of_rule}").as_bytes());
        self.decided.push(Decided {
            source,
            line,
            place: self.names.intern(&self.text),
        });
    }

    /// Takes over what another thread noted.
    pub(super) fn absorb(&mut self, other: RulePlaces) {
        let names = other.names.iter();
        let places: Vec<u32> = names.map(|(_, name)| self.names.intern(name)).collect();
        let decided = other.decided.into_iter().filter_map(|decided| {
            let place = *places.get(decided.place as usize)?;
            Some(Decided { place, ..decided })
        });
        self.decided.extend(decided);
    }

    /// The denials of which the log says it, in no order.
    pub fn decided(&self) -> &[Decided] {
        &self.decided
    }

    /// A place: its file, and its line from 1.
    pub fn place(&self, number: u32) -> (String, u32) {
        let name = String::from_utf8_lossy(self.names.bytes(number));
        let (file, line) = name.rsplit_once(':').unwrap_or((&name, ""));
        (file.to_owned(), line.parse().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn places_of_several_threads_are_one_list() {
        let record = |line: u32, upstream: Upstream| Record {
            rule_file: Cow::Borrowed(b"a.cfg"),
            rule_line: line,
            upstream,
            ..Record::default()
        };
        let (mut first, mut second) = (RulePlaces::default(), RulePlaces::default());
        first.note(&record(3, Upstream::NotAsked), 0, 0);
        second.note(&record(7, Upstream::Unknown), 0, 5);
        second.note(&record(3, Upstream::NotAsked), 0, 6);
        second.note(&record(3, Upstream::Status(403)), 0, 7);
        second.note(&record(0, Upstream::NotAsked), 0, 8);
        first.absorb(second);
        let read: Vec<(u32, String, u32)> = first
            .decided()
            .iter()
            .map(|decided| {
                let (file, line) = first.place(decided.place);
                (decided.line, file, line)
            })
            .collect();
        let at = |of_denial, line| (of_denial, "a.cfg".to_owned(), line);
        assert_eq!(read, [at(0, 3), at(5, 7), at(6, 3)]);
    }
}
