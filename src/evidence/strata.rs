//! Proposes access rules: pure strata, values of a column (or of two) whose requests were all denied
//! during some interval.
//!
//! A stratum is found by Kadane's scan over its requests in time order, denials counting for it and
//! admissions against: the best stretch gives the interval of a pushed and lifted list in one pass.
//! The coarsest value that stays pure wins, because five agents explain what five thousand addresses
//! explain. A pair of columns is taken only where each of them alone is impure (a crossed cell).

use crate::examine::index::Index;
use crate::examine::row::{NONE, Row};
use crate::examine::table::{Column, Table};
use crate::key::fast::HashMap;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Fewer denials are left to what remains.
pub const LEAST_DENIALS: usize = 15;
/// Or this share of all denials, if it is more: fragments of a large log are no rules of their own.
const LEAST_SHARE: f64 = 0.0003;
/// Share of denied requests from which a stratum is pure. Lists deny all; limiters rarely more than this.
const PURE: f64 = 0.93;
/// What an admission costs against a denial in the scan: a stretch needs four denials for three of them.
const ADMISSION_COST: f64 = 4.0 / 3.0;
/// A list denies a value in a few stretches: while it is in force. More are turns of a limiter.
const MOST_STRETCHES: usize = 6;
/// More rules than this no server has, and no reader wants.
const MOST_STRATA: usize = 400;
/// Each step down this list costs so much of a candidate's score, so that ties go to the coarser key.
const RANK_COST: f64 = 0.004;

/// Columns and pairs, coarsest first: their place is their rank.
const SHAPES: &[&[Column]] = &[
    &[Column::UserAgent],
    &[Column::Client],
    &[Column::Prefix16],
    &[Column::Prefix],
    &[Column::Token],
    &[Column::User],
    &[Column::RefererHost],
    &[Column::Route1],
    &[Column::Route2],
    &[Column::Route3],
    &[Column::Route],
    &[Column::Ip],
    &[Column::Host, Column::Route1],
    &[Column::Token, Column::Route3],
    &[Column::User, Column::Route3],
    &[Column::Method, Column::Route1],
    &[Column::Method, Column::Route3],
    &[Column::UserAgent, Column::Route3],
    &[Column::RefererHost, Column::Route1],
    &[Column::Method, Column::Route],
    &[Column::Client, Column::Route3],
    &[Column::UserAgent, Column::Method],
    &[Column::Prefix, Column::Route3],
    &[Column::Ip, Column::Method],
    &[Column::Ip, Column::UserAgent],
    &[Column::Ip, Column::Route3],
    &[Column::Ip, Column::Route],
];

/// Requests with these values, in this interval, were denied.
#[derive(Debug, Clone)]
pub struct Stratum {
    /// One or two columns, each with the id that it must have.
    pub cells: Vec<(Column, u32)>,
    /// Its denials: positions in the table, in time order.
    pub denials: Vec<u32>,
    /// Requests of the interval that match and were admitted.
    pub admitted: usize,
}

/// Takes pure strata out of the `open` denials (a flag per row), largest first.
pub fn peel(table: &Table<'_>, open: &mut [bool]) -> Vec<Stratum> {
    let denials: Vec<u32> = (0..table.rows.len() as u32)
        .filter(|row| open[*row as usize])
        .collect();
    if denials.len() < LEAST_DENIALS {
        return Vec::new();
    }
    let least = LEAST_DENIALS.max((denials.len() as f64 * LEAST_SHARE) as usize);
    let index = heavy_values(table, &denials, least);
    let mut heap = candidates(table, &denials, least);
    let mut found: Vec<Stratum> = Vec::new();
    let mut stretches: HashMap<Cells, usize> = HashMap::default();
    while let Some(best) = heap.pop() {
        if found.len() >= MOST_STRATA {
            break;
        }
        if best.size < least {
            continue;
        }
        let Some(stretch) = best_stretch(table, &index, open, &best.cells) else {
            continue;
        };
        let score = stretch.score(best.rank);
        if heap.peek().is_some_and(|next| next.bound > score) {
            // Others may be better: ask again with what this one is really worth.
            heap.push(Candidate {
                bound: score,
                size: stretch.denials.len(),
                ..best
            });
            continue;
        }
        if stretch.purity() < PURE || stretch.denials.len() < least {
            continue;
        }
        if best.cells.len() == 2 && !has_contrast(table, &index, &best.cells, &stretch) {
            continue;
        }
        let count = stretches.entry(best.cells.clone()).or_default();
        *count += 1;
        if *count > MOST_STRETCHES {
            // Admitted and denied by turns: no list does that, so it is left to whoever looks for limits.
            give_back(&best.cells, &mut found, open);
            continue;
        }
        for row in &stretch.denials {
            open[*row as usize] = false;
        }
        // The same value may have been denied in another interval too.
        heap.push(Candidate {
            bound: score,
            ..best.clone()
        });
        found.push(Stratum {
            cells: best.cells,
            denials: stretch.denials,
            admitted: stretch.admitted,
        });
    }
    found
}

/// Reopens the denials of all strata with these values.
fn give_back(cells: &Cells, found: &mut Vec<Stratum>, open: &mut [bool]) {
    found.retain(|stratum| {
        if stratum.cells != *cells {
            return true;
        }
        for row in &stratum.denials {
            open[*row as usize] = true;
        }
        false
    });
}

/// Columns with the ids that they must have.
type Cells = Vec<(Column, u32)>;

#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    /// Upper bound of the score: scores only fall while denials are taken out.
    bound: f64,
    size: usize,
    rank: usize,
    cells: Vec<(Column, u32)>,
    /// The values' text, so that ties do not depend on ids.
    name: Vec<u8>,
}

impl Eq for Candidate {}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound
            .total_cmp(&other.bound)
            .then(other.rank.cmp(&self.rank))
            .then_with(|| other.name.cmp(&self.name))
    }
}

fn candidates(table: &Table<'_>, denials: &[u32], least: usize) -> BinaryHeap<Candidate> {
    let mut heap = BinaryHeap::new();
    for (rank, shape) in SHAPES.iter().enumerate() {
        let mut sizes: HashMap<(u32, u32), usize> = HashMap::default();
        for row in denials {
            let row = &table.rows[*row as usize];
            let first = table.value(shape[0], row);
            let second = shape.get(1).map_or(0, |column| table.value(*column, row));
            if first != NONE && second != NONE {
                *sizes.entry((first, second)).or_default() += 1;
            }
        }
        for ((first, second), size) in sizes {
            if size < least {
                continue;
            }
            let mut cells = vec![(shape[0], first)];
            cells.extend(shape.get(1).map(|column| (*column, second)));
            let name = cells
                .iter()
                .flat_map(|(c, id)| table.text(*c, *id).to_vec())
                .collect();
            heap.push(Candidate {
                bound: discounted(size as f64, rank),
                size,
                rank,
                cells,
                name,
            });
        }
    }
    heap
}

fn discounted(score: f64, rank: usize) -> f64 {
    score * (1.0 - RANK_COST * rank as f64)
}

struct Stretch {
    denials: Vec<u32>,
    admitted: usize,
    start_ms: i64,
    end_ms: i64,
}

impl Stretch {
    fn purity(&self) -> f64 {
        let denied = self.denials.len() as f64;
        denied / (denied + self.admitted as f64).max(1.0)
    }

    fn score(&self, rank: usize) -> f64 {
        discounted(
            self.denials.len() as f64 * self.purity() * self.purity(),
            rank,
        )
    }
}

/// The stretch of time in which the requests with these values were denied most purely.
fn best_stretch(
    table: &Table<'_>,
    index: &Index,
    open: &[bool],
    cells: &[(Column, u32)],
) -> Option<Stretch> {
    let list = rarer(index, cells);
    let matching = |row: &Row| {
        cells
            .iter()
            .all(|(column, id)| table.value(*column, row) == *id)
    };
    let (mut sum, mut from) = (0.0, 0usize);
    let (mut best, mut best_range) = (0.0, 0..0);
    for (at, index) in list.iter().enumerate() {
        let row = &table.rows[*index as usize];
        if !matching(row) || (row.denied && !open[*index as usize]) {
            continue;
        }
        if sum <= 0.0 {
            (sum, from) = (0.0, at);
        }
        sum += if row.denied { 1.0 } else { -ADMISSION_COST };
        if sum > best {
            (best, best_range) = (sum, from..at + 1);
        }
    }
    if best_range.is_empty() {
        return None;
    }
    let mut stretch = Stretch {
        denials: Vec::new(),
        admitted: 0,
        start_ms: 0,
        end_ms: 0,
    };
    for index in &list[best_range] {
        let row = &table.rows[*index as usize];
        if !matching(row) {
            continue;
        }
        if !row.denied {
            stretch.admitted += 1;
        } else if open[*index as usize] {
            stretch.denials.push(*index);
        }
    }
    stretch.start_ms = table.rows[*stretch.denials.first()? as usize].time_ms;
    stretch.end_ms = table.rows[*stretch.denials.last()? as usize].time_ms + 1;
    Some(stretch)
}

/// Whether each of the two values alone lets requests pass that the pair denies.
fn has_contrast(
    table: &Table<'_>,
    index: &Index,
    cells: &[(Column, u32)],
    stretch: &Stretch,
) -> bool {
    let missed = 1.0 - stretch.purity();
    cells.iter().all(|cell| {
        let (mut denied, mut admitted) = (0usize, 0usize);
        for index in rarer(index, std::slice::from_ref(cell)) {
            let row = &table.rows[*index as usize];
            if row.time_ms < stretch.start_ms || row.time_ms >= stretch.end_ms {
                continue;
            }
            if row.denied {
                denied += 1
            } else {
                admitted += 1
            }
        }
        let alone = admitted as f64 / (denied + admitted).max(1) as f64;
        alone >= 0.02 && missed <= 0.25 * alone
    })
}

/// The rows of each value with enough denials.
fn heavy_values(table: &Table<'_>, denials: &[u32], least: usize) -> Index {
    let mut columns: Vec<Column> = SHAPES
        .iter()
        .flat_map(|shape| shape.iter().copied())
        .collect();
    columns.sort_unstable();
    columns.dedup();
    let wanted = columns
        .into_iter()
        .map(|column| {
            let mut sizes = vec![0usize; table.width(column)];
            for index in denials {
                let id = table.value(column, &table.rows[*index as usize]);
                if let Some(size) = sizes.get_mut(id as usize) {
                    *size += 1;
                }
            }
            (
                column,
                sizes.into_iter().map(|size| size >= least).collect(),
            )
        })
        .collect();
    Index::new(table, wanted)
}

/// The shortest list that holds all rows with these values.
fn rarer<'i>(index: &'i Index, cells: &[(Column, u32)]) -> &'i [u32] {
    cells
        .iter()
        .map(|(column, id)| index.rows(*column, *id))
        .min_by_key(|list| list.len())
        .unwrap_or(&[])
}
