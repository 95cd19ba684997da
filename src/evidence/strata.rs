//! Proposes access rules: pure strata, values of a column (or of two or three) whose requests were all
//! denied during some interval.
//!
//! A stratum is found by Kadane's scan over its requests in time order, denials counting for it and
//! admissions against: the best stretch gives the interval of a pushed and lifted list in one pass.
//! The coarsest value that stays pure wins, because five agents explain what five thousand addresses
//! explain. Several columns are taken only where none of them can be left out: without it, requests pass
//! (a crossed cell).

mod scan;

use crate::examine::row::NONE;
use crate::examine::table::{Column, Table};
use crate::key::fast::HashMap;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use scan::Scans;
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

/// Columns, pairs and triples, coarsest first: their place is their rank.
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
    &[Column::Host, Column::Method, Column::Route1],
    &[Column::Token, Column::Method, Column::Route3],
    &[Column::User, Column::Method, Column::Route3],
    &[Column::UserAgent, Column::Method, Column::Route3],
    &[Column::RefererHost, Column::Method, Column::Route3],
    &[Column::Prefix, Column::Method, Column::Route3],
    &[Column::Ip, Column::Method, Column::Route3],
    &[Column::Ip, Column::UserAgent, Column::Route3],
];

/// Most columns of one shape.
const MOST_COLUMNS: usize = 3;

/// Requests with these values, in this interval, were denied.
#[derive(Debug, Clone)]
pub struct Stratum {
    /// One to three columns, each with the id that it must have.
    pub cells: Vec<(Column, u32)>,
    /// Its denials: positions in the table, in time order.
    pub denials: Vec<u32>,
    /// Requests of the interval that match and were admitted.
    pub admitted: usize,
}

/// Takes pure strata out of the `open` denials (a flag per row), largest first.
pub fn peel(table: &Table<'_>, open: &mut [bool]) -> Vec<Stratum> {
    let denials: Vec<u32> = table
        .denied()
        .iter()
        .copied()
        .filter(|row| open[*row as usize])
        .collect();
    if denials.len() < LEAST_DENIALS {
        return Vec::new();
    }
    let least = LEAST_DENIALS.max((denials.len() as f64 * LEAST_SHARE) as usize);
    let candidates = candidates(table, &denials, least);
    let mut of_shape = [0usize; SHAPES.len()];
    for candidate in &candidates {
        of_shape[candidate.rank] += 1;
    }
    let candidates_of = |candidate: &Candidate| of_shape[candidate.rank];
    let mut scans = Scans::new(table, open, &candidates);
    let mut heap = BinaryHeap::from(candidates);
    let mut found: Vec<Stratum> = Vec::new();
    let mut stretches: HashMap<Cells, usize> = HashMap::default();
    while let Some(best) = heap.pop() {
        if found.len() >= MOST_STRATA {
            break;
        }
        if best.size < least {
            continue;
        }
        let Some(stretch) = scans.best_stretch(&best) else {
            continue;
        };
        let score = stretch.score(best.rank);
        if heap.peek().is_some_and(|next| next.bound > score) {
            // Others may be better: ask again with what this one is really worth.
            heap.push(Candidate {
                bound: score,
                size: stretch.denials,
                ..best
            });
            continue;
        }
        if stretch.purity() < PURE || stretch.denials < least {
            continue;
        }
        if best.cells.len() > 1 && !scans.has_contrast(&best.cells, &stretch) {
            continue;
        }
        if stretch.denials <= MOST_BY_CHANCE
            && scans.is_chance(&best.cells, &stretch, candidates_of(&best))
        {
            continue; // where nearly all are denied, some are so always
        }
        let count = stretches.entry(best.cells.clone()).or_default();
        *count += 1;
        if *count > MOST_STRETCHES {
            // Admitted and denied by turns: no list does that, so it is left to whoever looks for limits.
            scans.give_back(&best.cells, &mut found);
            continue;
        }
        let denials = scans.take(&best.cells, &stretch);
        // The same value may have been denied in another interval too.
        heap.push(Candidate {
            bound: score,
            ..best.clone()
        });
        found.push(Stratum {
            cells: best.cells,
            denials,
            admitted: stretch.admitted,
        });
    }
    for stratum in &found {
        for row in &stratum.denials {
            open[*row as usize] = false;
        }
    }
    found
}

/// Callers with more denials than this are not pure by chance.
const MOST_BY_CHANCE: usize = 200;

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
    /// Its place among all candidates.
    number: usize,
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

/// Every value, pair and triple of values with enough denials.
fn candidates(table: &Table<'_>, denials: &[u32], least: usize) -> Vec<Candidate> {
    let frequent = Frequent::of(table, denials, least);
    let of_shape = |(rank, shape): (usize, &&'static [Column])| {
        let shape: &'static [Column] = shape;
        let mut sizes: HashMap<[u32; MOST_COLUMNS], usize> = HashMap::default();
        for at in 0..denials.len() {
            // Where several values have enough denials together, each has enough.
            if let Some(ids) = frequent.values(shape, at) {
                *sizes.entry(ids).or_default() += 1;
            }
        }
        sizes.retain(|_, size| *size >= least);
        let candidate = move |(ids, size): ([u32; MOST_COLUMNS], usize)| {
            let cells: Cells = shape.iter().copied().zip(ids).collect();
            let name = cells
                .iter()
                .flat_map(|(c, id)| table.text(*c, *id).to_vec())
                .collect();
            Candidate {
                bound: discounted(size as f64, rank),
                size,
                rank,
                cells,
                name,
                number: 0,
            }
        };
        sizes.into_iter().map(candidate)
    };
    let shapes = SHAPES.par_iter().enumerate();
    let mut candidates: Vec<Candidate> = shapes.flat_map_iter(of_shape).collect();
    for (number, candidate) in candidates.iter_mut().enumerate() {
        candidate.number = number;
    }
    candidates
}

/// The values of each denial, by number of the column; [`NONE`] for one with too few denials.
struct Frequent {
    values: Vec<Vec<u32>>,
}

impl Frequent {
    fn of(table: &Table<'_>, denials: &[u32], least: usize) -> Frequent {
        let of_column = |column: &Column| {
            let values = denials.iter().map(|row| table.value_at(*column, *row));
            let mut values: Vec<u32> = values.collect();
            let mut sizes: HashMap<u32, usize> = HashMap::default();
            for value in &values {
                *sizes.entry(*value).or_default() += 1;
            }
            sizes.retain(|_, size| *size >= least);
            for value in &mut values {
                if !sizes.contains_key(value) {
                    *value = NONE;
                }
            }
            values
        };
        Frequent {
            values: Column::ALL.par_iter().map(of_column).collect(),
        }
    }

    /// The values of the denial at a position in the list of them; none where one of them is rare.
    fn values(&self, shape: &[Column], at: usize) -> Option<[u32; MOST_COLUMNS]> {
        let mut ids = [0; MOST_COLUMNS];
        for (id, column) in ids.iter_mut().zip(shape) {
            *id = self.values[*column as usize][at];
            if *id == NONE {
                return None;
            }
        }
        Some(ids)
    }
}

fn discounted(score: f64, rank: usize) -> f64 {
    score * (1.0 - RANK_COST * rank as f64)
}
