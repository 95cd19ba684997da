//! Proposes challenges: many clients whose first request to a site is denied and whose next are not.
//!
//! It has to be asked before anything splits denials by client or route, for each piece of a challenge
//! looks like a permission or a list.

use super::responder::Pages;
use crate::examine::row::Row;
use crate::examine::table::{Column, Table};
use std::collections::HashMap;

/// Addresses that must show the pattern.
const LEAST_ADDRESSES: usize = 8;
/// Denials in a row that a client may need to solve the challenge.
const MOST_ATTEMPTS: usize = 3;
/// How soon it must be admitted, in milliseconds.
const SOON_MS: i64 = 5 * 60_000;
/// Share of all addresses with denials of this answer that must show the pattern.
const LEAST_SHARE: f64 = 0.5;

#[derive(Default)]
struct Visitor {
    early: Vec<u32>,
    first_ms: i64,
    passed: bool,
    later_denials: usize,
}

/// Takes the denials of challenges out of `open`: one group per answer.
pub fn find(table: &Table<'_>, pages: &Pages, open: &mut [bool]) -> Vec<Vec<u32>> {
    let mut by_size: HashMap<u32, HashMap<(u32, u32), Visitor>> = HashMap::new();
    let mut started: HashMap<(u32, u32), ()> = HashMap::new();
    let mut waiting: HashMap<(u32, u32), u32> = HashMap::new();
    for (index, row) in table.rows.iter().enumerate() {
        let client = (row.ip, row.user_agent);
        let known = started.insert(client, ()).is_some();
        if row.denied && open[index] {
            let answer = pages.answer(row.bytes);
            let visitors = by_size.entry(answer).or_default();
            note_denial(visitors, &mut waiting, (client, answer), known, index as u32, row);
        } else if !row.denied && let Some(size) = waiting.remove(&client) {
            if let Some(visitor) = by_size.get_mut(&size).and_then(|v| v.get_mut(&client)) {
                visitor.passed = row.time_ms - visitor.first_ms <= SOON_MS;
            }
        }
    }
    let mut sizes: Vec<u32> = by_size.keys().copied().collect();
    sizes.sort_unstable();
    sizes.into_iter().filter_map(|size| group(table, by_size.get(&size)?, open)).collect()
}

fn note_denial(
    visitors: &mut HashMap<(u32, u32), Visitor>,
    waiting: &mut HashMap<(u32, u32), u32>,
    (client, answer): ((u32, u32), u32),
    known: bool,
    index: u32,
    row: &Row,
) {
    let visitor = visitors.entry(client).or_default();
    if visitor.passed || (known && visitor.early.is_empty()) || visitor.early.len() >= MOST_ATTEMPTS {
        visitor.later_denials += 1;
        return;
    }
    if visitor.early.is_empty() {
        visitor.first_ms = row.time_ms;
        waiting.insert(client, answer);
    }
    visitor.early.push(index);
}

fn group(
    table: &Table<'_>,
    visitors: &HashMap<(u32, u32), Visitor>,
    open: &mut [bool],
) -> Option<Vec<u32>> {
    let solved: Vec<&Visitor> =
        visitors.values().filter(|v| v.passed && v.later_denials <= MOST_ATTEMPTS).collect();
    let mut addresses: Vec<u32> = solved
        .iter()
        .flat_map(|v| v.early.first())
        .map(|index| table.value(Column::Ip, &table.rows[*index as usize]))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.len() < LEAST_ADDRESSES
        || (solved.len() as f64) < LEAST_SHARE * visitors.len() as f64
    {
        return None;
    }
    let mut denials: Vec<u32> = visitors
        .values()
        .filter(|v| !v.early.is_empty() && v.later_denials <= MOST_ATTEMPTS)
        .flat_map(|v| v.early.iter().copied())
        .collect();
    denials.sort_unstable();
    for index in &denials {
        open[*index as usize] = false;
    }
    Some(denials)
}
