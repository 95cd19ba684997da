//! Kadane's scan over the rows of a value, or of several values together.
//!
//! Denials count for a stretch and admissions against it. A scan is done again only where rows of the
//! candidate were taken or given back since the last one.

use super::{ADMISSION_COST, Candidate, Cells, Stratum, discounted};
use crate::examine::index;
use crate::examine::table::{Column, Table};
use crate::key::fast::HashSet;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::ops::Range;

/// ln of the chance below which a caller's purity is none.
const LEAST_SURPRISE: f64 = -4.0;

/// A stretch of time in a candidate's rows.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// Positions in the list of rows that was scanned.
    members: Range<usize>,
    pub(super) denials: usize,
    pub(super) admitted: usize,
    start_ms: i64,
    end_ms: i64,
}

impl Stretch {
    pub(super) fn purity(&self) -> f64 {
        let denied = self.denials as f64;
        denied / (denied + self.admitted as f64).max(1.0)
    }

    pub(super) fn score(&self, rank: usize) -> f64 {
        discounted(self.denials as f64 * self.purity() * self.purity(), rank)
    }
}

/// What is known of a row: a byte for each, so that scans stay in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Admitted,
    Open,
    /// Denied, and explained.
    Closed,
}

/// Scans for the best stretch of each candidate, done again only where rows of it were taken since.
pub(super) struct Scans<'t, 's> {
    table: &'t Table<'s>,
    marks: Vec<Mark>,
    /// By candidate: how many changes there had been, and what was found.
    known: Vec<(usize, Option<Stretch>)>,
    changes: Vec<Change>,
}

/// Rows whose marks changed: the values that they have, by number of the column.
struct Change {
    values: Vec<HashSet<u32>>,
}

impl Change {
    fn of(table: &Table<'_>, rows: &[u32]) -> Change {
        let of_column = |column: &Column| {
            let values = rows
                .iter()
                .map(|row| table.value(*column, &table.rows[*row as usize]));
            values.collect()
        };
        Change {
            values: Column::ALL.iter().map(of_column).collect(),
        }
    }

    /// Whether rows with these values may be among them.
    fn concerns(&self, cells: &[(Column, u32)]) -> bool {
        cells
            .iter()
            .all(|(column, id)| self.values[*column as usize].contains(id))
    }
}

impl<'t, 's> Scans<'t, 's> {
    pub(super) fn new(
        table: &'t Table<'s>,
        open: &[bool],
        candidates: &[Candidate],
    ) -> Scans<'t, 's> {
        let mut marks = vec![Mark::Admitted; table.rows.len()];
        for row in table.denied() {
            marks[*row as usize] = match open[*row as usize] {
                true => Mark::Open,
                false => Mark::Closed,
            };
        }
        // Every candidate is asked sooner or later, and most before anything about it changes.
        let scan = |candidate: &Candidate| (0, scan(table, &marks, &candidate.cells));
        let known = candidates.par_iter().map(scan).collect();
        Scans {
            table,
            marks,
            known,
            changes: Vec::new(),
        }
    }

    /// The stretch of time in which the requests with these values were denied most purely.
    pub(super) fn best_stretch(&mut self, candidate: &Candidate) -> Option<Stretch> {
        let (seen, stretch) = &mut self.known[candidate.number];
        let cells = &candidate.cells;
        if self.changes[*seen..].iter().any(|c| c.concerns(cells)) {
            *stretch = scan(self.table, &self.marks, cells);
        }
        *seen = self.changes.len();
        stretch.clone()
    }

    /// Closes the open denials of a stretch, and says which they are.
    pub(super) fn take(&mut self, cells: &[(Column, u32)], stretch: &Stretch) -> Vec<u32> {
        let denials: Vec<u32> = rarer(self.table, cells)[stretch.members.clone()]
            .iter()
            .copied()
            .filter(|row| {
                self.marks[*row as usize] == Mark::Open && matches(self.table, cells, *row)
            })
            .collect();
        self.mark(&denials, Mark::Closed);
        denials
    }

    /// Reopens the denials of all strata with these values.
    pub(super) fn give_back(&mut self, cells: &Cells, found: &mut Vec<Stratum>) {
        found.retain(|stratum| {
            let keep = stratum.cells != *cells;
            if !keep {
                self.mark(&stratum.denials, Mark::Open);
            }
            keep
        });
    }

    fn mark(&mut self, rows: &[u32], mark: Mark) {
        for row in rows {
            self.marks[*row as usize] = mark;
        }
        self.changes.push(Change::of(self.table, rows));
    }

    /// Whether a caller is denied always only because nearly all others are denied at the same places too: of so
    /// many `candidates`, as pure a one is likely.
    pub(super) fn is_chance(
        &self,
        cells: &[(Column, u32)],
        stretch: &Stretch,
        candidates: usize,
    ) -> bool {
        let is_caller = |column| {
            matches!(
                column,
                Column::Ip | Column::Prefix | Column::Prefix16 | Column::UserAgent | Column::Client
            )
        };
        if !cells.iter().any(|(column, _)| is_caller(*column)) {
            return false;
        }
        let interval = self.table.between(stretch.start_ms, stretch.end_ms);
        let lists = self.table.lists();
        let mut places: Vec<u32> = rarer(self.table, cells)[stretch.members.clone()]
            .iter()
            .filter(|row| self.marks[**row as usize] == Mark::Open)
            .map(|row| self.table.cell(*row).place())
            .collect();
        places.sort_unstable();
        places.dedup();
        let (mut all, mut denied) = (0usize, 0usize);
        for place in places {
            all += lists.rows_within(Column::Route3, place, &interval).len();
            let denials = lists.denials(Column::Route3, place);
            denied += index::within(denials, &interval).len();
        }
        let others = all.saturating_sub(stretch.denials + stretch.admitted);
        let denied = denied.saturating_sub(stretch.denials).min(others);
        if others == 0 || denied == others {
            return false; // nobody passes: not for these to explain
        }
        let share = denied as f64 / others as f64;
        (candidates.max(1) as f64).ln() + stretch.denials as f64 * share.ln() > LEAST_SURPRISE
    }

    /// Whether no value can be left out: the others alone let requests pass that all together deny.
    pub(super) fn has_contrast(&self, cells: &[(Column, u32)], stretch: &Stretch) -> bool {
        let missed = 1.0 - stretch.purity();
        let interval = self.table.between(stretch.start_ms, stretch.end_ms);
        (0..cells.len()).all(|left_out| {
            let mut others = cells.to_vec();
            others.remove(left_out);
            let (mut rows, mut admitted) = (0usize, 0usize);
            for row in index::within(rarer(self.table, &others), &interval) {
                if matches(self.table, &others, *row) {
                    rows += 1;
                    admitted += usize::from(self.marks[*row as usize] == Mark::Admitted);
                }
            }
            let alone = admitted as f64 / rows.max(1) as f64;
            alone >= 0.02 && missed <= 0.25 * alone
        })
    }
}

fn matches(table: &Table<'_>, cells: &[(Column, u32)], row: u32) -> bool {
    // The list of one value holds no others.
    cells.len() == 1
        || cells
            .iter()
            .rev()
            .all(|(column, id)| table.value_at(*column, row) == *id)
}

/// Kadane's scan over the requests with these values.
fn scan(table: &Table<'_>, marks: &[Mark], cells: &[(Column, u32)]) -> Option<Stretch> {
    let list = rarer(table, cells);
    let counts = |row: u32| marks[row as usize] != Mark::Closed && matches(table, cells, row);
    let (mut sum, mut from) = (0.0, 0usize);
    // What was counted since `from`, and at the best.
    let (mut denials, mut admitted) = (0, 0);
    let mut best = (0.0, 0..0, 0, 0);
    for (at, row) in list.iter().enumerate() {
        let denied = marks[*row as usize] != Mark::Admitted;
        if sum <= 0.0 {
            if !denied {
                // No stretch begins with an admission.
                continue;
            }
            (sum, from, denials, admitted) = (0.0, at, 0, 0);
        }
        if !counts(*row) {
            continue;
        }
        if denied {
            (sum, denials) = (sum + 1.0, denials + 1);
        } else {
            (sum, admitted) = (sum - ADMISSION_COST, admitted + 1);
        }
        if sum > best.0 {
            best = (sum, from..at + 1, denials, admitted);
        }
    }
    let (_, members, denials, admitted) = best;
    let is_denial =
        |row: &&u32| marks[**row as usize] == Mark::Open && matches(table, cells, **row);
    let stretch = &list[members.clone()];
    let first = stretch.iter().find(is_denial)?;
    let last = stretch.iter().rfind(is_denial)?;
    Some(Stretch {
        members,
        denials,
        admitted,
        start_ms: table.rows[*first as usize].time_ms,
        end_ms: table.rows[*last as usize].time_ms + 1,
    })
}

/// The shortest list that holds all rows with these values.
fn rarer<'t>(table: &'t Table<'_>, cells: &[(Column, u32)]) -> &'t [u32] {
    cells
        .iter()
        .map(|(column, id)| table.lists().rows(*column, *id))
        .min_by_key(|list| list.len())
        .unwrap_or(&[])
}
