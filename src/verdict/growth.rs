//! Traffic that grows makes denials grow with it: where the same clients' share of denied requests stays what it
//! was, more denials are no spike.

use crate::examine::row::Row;
use crate::examine::table::{Column, Table};
use crate::key::fast::HashSet;
use std::ops::Range;

/// Requests of the clients, inside and outside, that must be known.
const LEAST_REQUESTS: usize = 50;
/// Denials outside that a share can be taken of.
const LEAST_DENIALS: usize = 10;
/// Denied nearly always, a client has no share that could stay.
const MOST_SHARE: f64 = 0.7;
/// How many times the share outside the share inside may be.
const MOST_RISE: f64 = 1.5;

/// Whether the clients of a burst (positions in `denials`) were denied as much of what they asked at other times.
pub(super) fn explains(table: &Table<'_>, denials: &[u32], burst: &Range<usize>) -> bool {
    let time = |at: usize| {
        denials
            .get(at)
            .map(|index| table.rows[*index as usize].time_ms)
    };
    let (Some(start), Some(end)) = (time(burst.start), time(burst.end - 1)) else {
        return false;
    };
    let outside_denials = denials.len() - burst.len();
    if outside_denials < LEAST_DENIALS {
        return false;
    }
    let of_burst = denials[burst.clone()].iter();
    let ips: HashSet<u32> = of_burst
        .map(|index| table.rows[*index as usize].ip)
        .collect();
    let (mut inside, mut outside) = (Counts::default(), Counts::default());
    for ip in &ips {
        for index in table.lists().rows(Column::Ip, *ip) {
            let row = &table.rows[*index as usize];
            let counts = match (start..=end).contains(&row.time_ms) {
                true => &mut inside,
                false => &mut outside,
            };
            counts.add(row, denials.binary_search(index).is_ok());
        }
    }
    let known = inside.requests() >= LEAST_REQUESTS
        && outside.requests() >= LEAST_REQUESTS
        && outside.denied >= LEAST_DENIALS;
    known && outside.share() <= MOST_SHARE && inside.share() <= MOST_RISE * outside.share()
}

#[derive(Default)]
struct Counts {
    denied: usize,
    admitted: usize,
}

impl Counts {
    /// Other causes' denials say nothing.
    fn add(&mut self, row: &Row, is_own: bool) {
        self.denied += usize::from(is_own);
        self.admitted += usize::from(!row.denied);
    }

    fn requests(&self) -> usize {
        self.denied + self.admitted
    }

    fn share(&self) -> f64 {
        self.denied as f64 / self.requests().max(1) as f64
    }
}
