//! What to conclude of denials that were left out of the rows, in logs with too many to look at each.
//!
//! A denial is concluded like the rows that it is like most: those of its address and route, else of its
//! address, of its user agent and route, of its route, of its user agent, else like most of the rows of
//! its content. Of several conclusions the most frequent one counts whose time holds the denial: nothing
//! outside of a spike belongs to it. So counts of spikes come near those of the analysis, which are
//! estimates too; in sum both are exact.

use crate::analysis::Grounds;
use crate::examine::Routes;
use crate::examine::row::{Content, Row};
use crate::examine::table::Table;
use crate::findings::Spike;
use crate::key::{payload, route};
use crate::record::Record;
use crate::stated::Statements;
use crate::survey::Survey;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::ops::Range;

/// Ways of being alike, the closest first.
const WAYS: u8 = 6;

/// Rows by what denials may share with them.
pub(super) struct Likeness<'a> {
    survey: &'a Survey,
    routes: &'a Routes,
    /// Hash of what is shared, conclusion, and how many rows; by hash, then most rows first.
    counts: Vec<(u64, u32, u32)>,
    /// When each spike is, in milliseconds, by conclusion; conclusions beyond hold at any time.
    times: Vec<Range<i64>>,
}

/// What a denial shares with others.
#[derive(Debug, Clone, Copy)]
struct Traits {
    content: Content,
    stated: u16,
    ip: Option<u32>,
    user_agent: Option<u32>,
    route: Option<u32>,
}

impl<'a> Likeness<'a> {
    /// From the conclusion of each row that is denied.
    pub(super) fn new(grounds: Grounds<'a>, of_row: &[(u32, u32)], spikes: &[Spike]) -> Self {
        let traits = |row: u32| Traits::of_row(grounds.table, &grounds.table.rows[row as usize]);
        let time = |spike: &Spike| spike.start.timestamp_millis()..spike.end.timestamp_millis();
        Likeness {
            survey: grounds.survey,
            routes: grounds.routes,
            counts: counted(
                of_row
                    .iter()
                    .map(|(row, conclusion)| (traits(*row), *conclusion)),
            ),
            times: spikes.iter().map(time).collect(),
        }
    }

    /// What to conclude of a denial.
    pub(super) fn conclusion(&self, record: &Record<'_>, client: &[u8]) -> Option<u32> {
        self.of(self.traits(record, client), record.time_ms)
    }

    fn of(&self, traits: Traits, time_ms: i64) -> Option<u32> {
        let holds = |conclusion: u32| {
            let time = self.times.get(conclusion as usize);
            time.is_none_or(|time| time.contains(&time_ms))
        };
        (0..WAYS)
            .filter_map(|way| traits.shared(way))
            .find_map(|key| {
                let start = self.counts.partition_point(|(other, ..)| *other < key);
                let alike = self.counts[start..]
                    .iter()
                    .take_while(|(other, ..)| *other == key);
                alike
                    .map(|(_, conclusion, _)| *conclusion)
                    .find(|c| holds(*c))
            })
    }

    fn traits(&self, record: &Record<'_>, client: &[u8]) -> Traits {
        let survey = self.survey;
        let mut template = Vec::new();
        route::template(record.path(), &mut template);
        let template = survey.template.keys.get(&template);
        Traits {
            content: match payload::classify(&record.target) {
                None => Content::Plain,
                Some(attack) if !attack.is_payload() => Content::Probe,
                Some(_) => Content::Attack,
            },
            stated: Statements::of_line(record.stated),
            ip: survey.ip.keys.get(client),
            user_agent: survey.user_agent.keys.get(&record.user_agent),
            route: template.and_then(|id| self.routes.of_template.get(id as usize).copied()),
        }
    }
}

/// How many rows of each conclusion share what, as [`Likeness::counts`] are kept.
fn counted(rows: impl Iterator<Item = (Traits, u32)>) -> Vec<(u64, u32, u32)> {
    let mut keys: Vec<(u64, u32)> = Vec::new();
    for (traits, conclusion) in rows {
        keys.extend((0..WAYS).filter_map(|way| Some((traits.shared(way)?, conclusion))));
    }
    keys.sort_unstable();
    let mut counts: Vec<(u64, u32, u32)> = Vec::new();
    for (key, conclusion) in keys {
        match counts.last_mut() {
            Some(last) if (last.0, last.1) == (key, conclusion) => last.2 += 1,
            _ => counts.push((key, conclusion, 1)),
        }
    }
    counts.sort_unstable_by_key(|(key, conclusion, rows)| {
        (*key, std::cmp::Reverse(*rows), *conclusion)
    });
    counts
}

impl Traits {
    fn of_row(table: &Table<'_>, row: &Row) -> Traits {
        Traits {
            content: row.content,
            stated: table.statements.by_line(row.stated),
            ip: Some(row.ip),
            user_agent: Some(row.user_agent),
            route: Some(row.route),
        }
    }

    /// A hash of what is shared in a way of being alike; none where it is not known.
    fn shared(self, way: u8) -> Option<u64> {
        let (first, second) = match way {
            0 => (self.ip?, self.route?),
            1 => (self.ip?, 0),
            2 => (self.user_agent?, self.route?),
            3 => (self.route?, 0),
            4 => (self.user_agent?, 0),
            _ => (0, 0),
        };
        let key = (way, self.content, self.stated, first, second);
        Some(FixedState::with_seed(0).hash_one(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits(ip: u32, route: u32) -> Traits {
        Traits {
            content: Content::Plain,
            stated: 0,
            ip: Some(ip),
            user_agent: Some(7),
            route: Some(route),
        }
    }

    #[test]
    fn a_denial_is_concluded_like_the_rows_it_is_like_most() {
        let (survey, routes) = (Survey::default(), Routes::default());
        // Conclusion 0 is a spike of one second, 1 and 2 stand at any time.
        let rows = [
            (traits(1, 1), 0),
            (traits(1, 1), 0),
            (traits(1, 1), 1),
            (traits(2, 2), 2),
            (traits(3, 2), 1),
            (traits(4, 2), 1),
        ];
        let likeness = Likeness {
            survey: &survey,
            routes: &routes,
            counts: counted(rows.into_iter()),
            times: std::iter::once(1000..2000).collect(),
        };
        assert_eq!(likeness.of(traits(1, 1), 1500), Some(0));
        assert_eq!(
            likeness.of(traits(1, 1), 2500),
            Some(1),
            "outside of the spike"
        );
        assert_eq!(likeness.of(traits(2, 2), 1500), Some(2), "its own address");
        assert_eq!(
            likeness.of(traits(9, 2), 1500),
            Some(1),
            "most of its route"
        );
        assert_eq!(
            likeness.of(traits(9, 9), 2500),
            Some(1),
            "most of its agent"
        );
        let attack = Traits {
            content: Content::Attack,
            ..traits(1, 1)
        };
        assert_eq!(likeness.of(attack, 1500), None, "nothing of its content");
    }
}
