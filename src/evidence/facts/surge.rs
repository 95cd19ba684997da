//! How soon denials follow a surge: callers who begin to ask in earnest and are denied at once ran into a limit.
//!
//! A list that is pushed, or a credential that is revoked, takes no notice of when its callers became busy. That
//! its moment falls into the first `before_s` of a busy time of `before_s + denied_s` has the chance
//! `before_s / (before_s + denied_s)`.

use super::{Facts, Group};
use crate::examine::row::NONE;
use crate::examine::table::{Column, Table};

/// Lengths of a surge that are tried, in milliseconds.
const LENGTHS_MS: [i64; 10] = [
    1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000,
];
/// Admitted requests that make a surge.
const LEAST_ADMITTED: usize = 2;
/// Stamps of milliseconds tell no shorter one.
const SHORTEST_MS: i64 = 100;
/// Before it, so many times its length is looked at, as far as the log goes ...
const QUIET_LENGTHS: i64 = 8;
/// ... and at least so many lengths must be in the log.
const LEAST_QUIET: i64 = 2;
/// How many times faster than before callers must ask.
const RISE: f64 = 4.0;
/// At the pace of the denials so many more would have come before: else the quiet is chance.
const LEAST_MISSED: f64 = 5.0;
/// And at least so fast, against the pace at which they go on while they are denied.
const LEAST_PACE: f64 = 0.3;

/// The share of a group's denials that makes one of its callers busy ...
const LEAST_OF_BUSY: f64 = 0.1;
/// ... and the share that the busy ones must have.
const MOST_OF_BUSY: f64 = 0.9;

/// A faster pace that began just before the first denial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surge {
    /// How long it had lasted, in seconds.
    pub before_s: f64,
    /// What was admitted meanwhile.
    pub admitted: u64,
    /// How long the denials went on, in seconds.
    pub denied_s: f64,
}

impl Surge {
    /// The chance that a moment which takes no notice of the callers falls into the surge.
    pub fn chance(&self) -> f64 {
        self.before_s / (self.before_s + self.denied_s)
    }
}

/// The surge before a group's first denial, of its callers in its cells, if there was one.
pub(super) fn before(table: &Table<'_>, group: &Group, facts: &Facts) -> Option<Surge> {
    let (callers, start_ms) = callers(table, group, facts);
    let longest_ms = LENGTHS_MS.last()? * (1 + QUIET_LENGTHS);
    let earlier = table.between(start_ms - longest_ms, start_ms + 1);
    let mut ages: Vec<i64> = Vec::new();
    let mut whole_seconds = start_ms % 1000 == 0;
    for (column, id) in &callers {
        for index in table.lists().rows_within(*column, *id, &earlier) {
            let row = &table.rows[*index as usize];
            if !row.denied && group.is_here(table, *index) {
                ages.push(start_ms - row.time_ms);
                whole_seconds &= row.time_ms % 1000 == 0;
            }
        }
    }
    ages.sort_unstable();
    // What stands under one stamp may lie as far apart as the stamp is wide.
    let stamp_ms = if whole_seconds { 1_000 } else { SHORTEST_MS };
    let known_ms = start_ms - table.rows.first()?.time_ms;
    let denied_s = (facts.end_ms - start_ms) as f64 / 1000.0;
    let pace = facts.denials as f64 / denied_s.max(1.0);
    let younger = |age: i64| ages.partition_point(|at| *at < age);
    LENGTHS_MS.into_iter().find_map(|length_ms| {
        let quiet_ms = (QUIET_LENGTHS * length_ms).min(known_ms - length_ms);
        let admitted = younger(length_ms);
        if admitted < LEAST_ADMITTED || quiet_ms < LEAST_QUIET * length_ms {
            return None;
        }
        let earlier = younger(length_ms + quiet_ms) - admitted;
        let before_ms = (ages[admitted - 1] + stamp_ms) as f64;
        let missed = pace * quiet_ms as f64 / 1000.0 - earlier as f64;
        let rises = missed >= LEAST_MISSED
            && admitted as f64 / before_ms >= RISE * (earlier as f64 + 0.5) / quiet_ms as f64;
        let before_s = before_ms / 1000.0;
        (rises && admitted as f64 / before_s >= LEAST_PACE * pace).then_some(Surge {
            before_s,
            admitted: admitted as u64,
            denied_s,
        })
    })
}

/// Whose pace tells of a group, and when they were first denied: the few addresses, tokens or users that most denials
/// are of, where there are such, else all addresses. A block of one caller is told by his pace, not by that of those
/// who were denied for other reasons besides.
fn callers(table: &Table<'_>, group: &Group, facts: &Facts) -> (Vec<(Column, u32)>, i64) {
    let busiest = [Column::Ip, Column::Token, Column::User]
        .into_iter()
        .filter_map(|column| Some((column, busiest(facts, column)?)))
        .min_by_key(|(_, ids)| ids.len()); // of equals the first
    let Some((column, ids)) = busiest else {
        let ips = group.ips.iter().map(|ip| (Column::Ip, *ip));
        return (ips.collect(), facts.start_ms);
    };
    let mut rows = group
        .denials
        .iter()
        .map(|index| &table.rows[*index as usize]);
    let first = rows.find(|row| ids.contains(&table.value(column, row)));
    let start_ms = first.map_or(facts.start_ms, |row| row.time_ms);
    (ids.into_iter().map(|id| (column, id)).collect(), start_ms)
}

/// The few values of a column that most denials are of.
fn busiest(facts: &Facts, column: Column) -> Option<Vec<u32>> {
    let counts = facts.values.get(&column)?;
    let many = |(_, count): &&(u32, u64)| *count as f64 >= LEAST_OF_BUSY * facts.denials as f64;
    let busy = counts.iter().take_while(many).filter(|(id, _)| *id != NONE);
    let (mut ids, mut covered) = (Vec::new(), 0);
    for (id, count) in busy {
        ids.push(*id);
        covered += count;
    }
    (covered as f64 >= MOST_OF_BUSY * facts.denials as f64).then_some(ids)
}
