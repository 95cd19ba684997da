//! The requests that a limiter on a key, at some places, would have looked at.

use super::MOST_ARRIVALS;
use crate::examine::table::{Column, Table};
use crate::key::fast::{HashMap, HashSet};
use std::ops::Range;

/// A cell (method and route) with less of a key's denials is not in the limiter's scope.
const LEAST_CELL_SHARE: f64 = 0.01;
/// Requests this long before the first and after the last denial take part in a replay.
const CONTEXT_MS: i64 = 60 * 60_000;
/// Rows of the table that are gone through before asking whether a replay has enough.
const STEP_ROWS: usize = 1 << 15;

/// The requests that a limiter on a key would look at.
pub(super) struct Scope<'a> {
    pub(super) key: Option<Column>,
    pub(super) value: u32,
    pub(super) cells: Vec<(u8, u32)>,
    /// By place, a bit for each method of its cells.
    pub(super) methods: Vec<u32>,
    /// Only these addresses, if any are given.
    pub(super) members: Option<&'a HashSet<u32>>,
}

/// How far a scope's requests are looked at.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reach {
    /// As far as the denials.
    OfDenials,
    /// [`CONTEXT_MS`] further, but not beyond what a replay looks at.
    OfReplay,
}

impl Scope<'_> {
    pub(super) fn of(
        table: &Table<'_>,
        key: Option<Column>,
        value: u32,
        denials: &[u32],
    ) -> Scope<'static> {
        let mut counts: HashMap<(u8, u32), usize> = HashMap::default();
        for row in denials.iter().map(|i| &table.rows[*i as usize]) {
            *counts
                .entry((row.method, table.value(Column::Route3, row)))
                .or_default() += 1;
        }
        let least = (denials.len() as f64 * LEAST_CELL_SHARE).ceil() as usize;
        let mut cells: Vec<(u8, u32)> = counts
            .into_iter()
            .filter(|(_, n)| *n >= least)
            .map(|(cell, _)| cell)
            .collect();
        cells.sort_unstable();
        let mut methods = vec![0; table.width(Column::Route3)];
        for (method, place) in &cells {
            if let Some(methods) = methods.get_mut(*place as usize) {
                *methods |= 1 << (method & 31);
            }
        }
        Scope {
            key,
            value,
            cells,
            methods,
            members: None,
        }
    }

    pub(super) fn covers(&self, index: u32, table: &Table<'_>) -> bool {
        let cell = table.cell(index);
        let methods = self.methods.get(cell.place() as usize);
        methods.is_some_and(|methods| methods & (1 << (cell.method() & 31)) != 0)
            && self
                .key
                .is_none_or(|column| table.value_at(column, index) == self.value)
    }

    /// Its requests in the denials' interval and around it, without the denials that something else
    /// explains.
    pub(super) fn rows(
        &self,
        table: &Table<'_>,
        is_open: &impl Fn(u32) -> bool,
        denials: &[u32],
        reach: Reach,
    ) -> Vec<u32> {
        let context_ms = match reach {
            Reach::OfDenials => 0,
            Reach::OfReplay => CONTEXT_MS,
        };
        let time = |index: Option<&u32>| index.map_or(0, |i| table.rows[*i as usize].time_ms);
        let (start, end) = (
            time(denials.first()) - context_ms,
            time(denials.last()) + context_ms,
        );
        let near = table.between(start, end + 1);
        let mut lists = self.lists(table, &near);
        let counts = |index: &u32| {
            let ip = || table.rows[*index as usize].ip;
            self.covers(*index, table)
                && (!table.cell(*index).denied() || is_open(*index))
                && self.members.is_none_or(|ips| ips.contains(&ip()))
        };
        let mut rows: Vec<u32> = Vec::new();
        let mut first_denial = None;
        // Step by step through time, for what comes late is often not needed.
        for start in near.clone().step_by(STEP_ROWS) {
            let (done, end) = (rows.len(), (start + STEP_ROWS).min(near.end));
            for list in &mut lists {
                let step;
                (step, *list) = list.split_at(list.partition_point(|row| (*row as usize) < end));
                rows.extend(step.iter().copied().filter(counts));
            }
            // Each list is in order already: a stable sort merges them.
            rows[done..].sort();
            first_denial = first_denial.or_else(|| {
                let new = rows[done..].iter();
                new.copied()
                    .position(|row| table.cell(row).denied())
                    .map(|at| done + at)
            });
            let enough = first_denial.is_some_and(|first| rows.len() >= first + MOST_ARRIVALS);
            if reach == Reach::OfReplay && enough {
                break;
            }
        }
        rows
    }

    /// The shortest lists that hold all of its requests within a stretch of the table.
    fn lists<'t>(&self, table: &'t Table<'_>, near: &Range<usize>) -> Vec<&'t [u32]> {
        let within = |column, id| table.lists().rows_within(column, id, near);
        let mut places: Vec<u32> = self.cells.iter().map(|(_, place)| *place).collect();
        places.sort_unstable();
        places.dedup();
        let of_places: Vec<&[u32]> = places
            .into_iter()
            .map(|place| within(Column::Route3, place))
            .collect();
        let of_key = self.key.map(|column| within(column, self.value));
        match of_key {
            Some(list) if list.len() < of_places.iter().map(|list| list.len()).sum() => vec![list],
            _ => of_places,
        }
    }

    pub(super) fn cells(&self) -> Vec<(u8, u32)> {
        self.cells.clone()
    }
}
