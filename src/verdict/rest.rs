//! What no proposal explained, in groups that at least share something.

use super::piece::{Origin, Piece};
use crate::examine::row::{Content, NONE};
use crate::examine::table::{Column, Table};
use crate::key::fast::HashMap;

/// A group needs as many denials.
const LEAST_DENIALS: usize = 20;
/// Columns by which the rest is grouped, the most telling first; each step costs [`RANK_COST`].
const COLUMNS: [Column; 8] = [
    Column::Token,
    Column::User,
    Column::RefererHost,
    Column::UserAgent,
    Column::Route3,
    Column::Ip,
    Column::Prefix,
    Column::Route1,
];
const RANK_COST: f64 = 0.02;

/// Takes all open denials, in groups.
pub fn collect(table: &Table<'_>, open: &mut [bool]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let probes: Vec<u32> = taken(table, open, |index| {
        table.rows[index].content == Content::Probe
    });
    if !probes.is_empty() {
        pieces.push(Piece {
            denials: probes,
            origin: Origin::Rest(Vec::new()),
            limiter: None,
        });
    }
    while let Some((column, value)) = heaviest(table, open) {
        let denials = taken(table, open, |index| {
            table.value(column, &table.rows[index]) == value
        });
        pieces.push(Piece {
            denials,
            origin: Origin::Rest(vec![(column, value)]),
            limiter: None,
        });
    }
    let last = taken(table, open, |_| true);
    if !last.is_empty() {
        pieces.push(Piece {
            denials: last,
            origin: Origin::Rest(Vec::new()),
            limiter: None,
        });
    }
    pieces
}

fn taken(table: &Table<'_>, open: &mut [bool], wanted: impl Fn(usize) -> bool) -> Vec<u32> {
    let mut denials = Vec::new();
    for index in table.denied() {
        let flag = &mut open[*index as usize];
        if *flag && wanted(*index as usize) {
            *flag = false;
            denials.push(*index);
        }
    }
    denials
}

/// The value with the most denials, weighed by the share of its requests that were denied.
fn heaviest(table: &Table<'_>, open: &[bool]) -> Option<(Column, u32)> {
    let mut best: Option<(f64, Column, u32)> = None;
    let left: Vec<u32> = table
        .denied()
        .iter()
        .copied()
        .filter(|index| open[*index as usize])
        .collect();
    for (rank, column) in COLUMNS.iter().enumerate() {
        let mut counts: HashMap<u32, usize> = HashMap::default();
        for row in left.iter().map(|index| &table.rows[*index as usize]) {
            *counts.entry(table.value(*column, row)).or_default() += 1;
        }
        counts.retain(|value, denied| *value != NONE && *denied >= LEAST_DENIALS);
        for (value, denied) in counts {
            let requests = table.lists().rows(*column, value).len();
            let share = denied as f64 / requests as f64;
            let score = denied as f64 * (0.3 + share) * (1.0 - RANK_COST * rank as f64);
            let better = match best {
                None => true,
                Some((other, c, v)) => {
                    score > other
                        || (score == other
                            && c == *column
                            && table.text(c, value) < table.text(c, v))
                }
            };
            if better {
                best = Some((score, *column, value));
            }
        }
    }
    best.map(|(_, column, value)| (column, value))
}
