//! Finds the limit that explains a scope's admits and denials: one file per algorithm.
//!
//! Each proposes a few candidates from what its algorithm leaves behind (admitted rate, budgets
//! per window, counts before the first denial, silences), lets replay choose among them, and
//! accepts only what beats chance and a list by far. All are linear in the arrivals.
//! A fit names no key: the caller knows which dimension it grouped by.

mod concurrency;
mod fixed_window;
mod hold;
mod leaky_bucket;
mod moving_window;
mod sliding_window;
mod usual;

pub use concurrency::concurrency;
pub use fixed_window::fixed_window;
pub use hold::hold;
pub use leaky_bucket::leaky_bucket;
pub use moving_window::moving_window;
pub use sliding_window::sliding_window;
pub use usual::WINDOWS as USUAL_WINDOWS_S;

use super::limiter::Machine;
use super::replay::{self, Agreement, Cell, Score, Traffic};
use crate::findings::{Algorithm, Limit};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// Fewer denials than this show no limit.
const FEWEST_DENIALS: u64 = 8;

/// Precision and coverage that the replay of a window must reach.
const GOOD_REPLAY: f64 = 0.8;

/// A limit that replays the log well enough to be believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The limit, with an empty key; numbers as [`Policy::normal`](super::rule::Policy::normal) has them.
    pub limit: Limit,
    /// Counts of the replay.
    pub agreement: Agreement,
    /// Nats gained over coin and list.
    pub score: Score,
    /// Of what the limit would deny, the share that was denied.
    pub precision: f64,
    /// Of the denials, the share that the limit explains.
    pub coverage: f64,
    /// For a hold: seconds of silence after which a request was still denied, and after which one
    /// was admitted (infinite if none was). The truth lies between.
    pub hold_between_s: Option<(f64, f64)>,
    /// For a fixed window: when windows start, in seconds after the multiples of their width.
    pub phase_s: f64,
    /// For a fixed window: whether it starts with the first request that finds none running.
    pub from_first: bool,
    /// For limits that deny everything once crossed: of the runs of denials, the share that begins
    /// just as the count crosses the limit.
    pub jumps: Option<f64>,
}

impl Fitted {
    fn new(limit: Limit, replay: &replay::Replay) -> Fitted {
        Fitted {
            limit,
            agreement: replay.agreement,
            score: replay.score,
            precision: replay.agreement.precision(),
            coverage: replay.agreement.coverage(),
            hold_between_s: None,
            phase_s: 0.0,
            from_first: false,
            jumps: None,
        }
    }

    /// The machine that this fit describes.
    pub fn machine(&self) -> Option<Machine> {
        match self.limit.algorithm {
            Algorithm::FixedWindow if self.from_first => replay::window_from_first(&self.limit),
            Algorithm::FixedWindow => {
                replay::shifted_window(&self.limit, (self.phase_s * 1000.0) as i64)
            }
            _ => Machine::new(&self.limit).ok(),
        }
    }
}

/// The limit, of any algorithm, that explains the traffic best, if one explains it.
pub fn best(traffic: &Traffic) -> Option<Fitted> {
    best_of(
        traffic,
        &[
            concurrency,
            leaky_bucket,
            fixed_window,
            moving_window,
            sliding_window,
            hold,
        ],
    )
}

/// Finds one algorithm's limit.
pub type Fit = fn(&Traffic) -> Option<Fitted>;

/// The limit of one of these algorithms that explains the traffic best, if one explains it.
pub fn best_of(traffic: &Traffic, fits: &[Fit]) -> Option<Fitted> {
    let fits: Vec<Fitted> = fits.par_iter().filter_map(|fit| fit(traffic)).collect();
    // What is in flight tells each answer by itself, which no other limit's count could do by accident.
    let at_once = |fit: &&Fitted| fit.limit.algorithm == Algorithm::Concurrency;
    if let Some(fit) = fits.iter().find(at_once) {
        return Some(fit.clone());
    }
    if fits.len() < 2 {
        return fits.into_iter().next();
    }
    // Scores compare only over the same bins. Fine ones show the order within a window, coarse
    // ones whether the numbers add up: both count.
    let widths: Vec<i64> = fits.iter().map(|fit| replay::bin_ms(&fit.limit)).collect();
    let (finest, coarsest) = (*widths.iter().min()?, *widths.iter().max()?);
    let gain = |fit: &Fitted| match fit.machine() {
        Some(machine) => {
            let at = |bin_ms| {
                replay::replay_machine(&machine, traffic, bin_ms)
                    .score
                    .over_coin
            };
            at(finest) + at(coarsest)
        }
        None => f64::NEG_INFINITY,
    };
    let mut ranked: Vec<(f64, Fitted)> = fits.into_iter().map(|fit| (gain(&fit), fit)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().next().map(|(_, fit)| fit)
}

/// The fit of a limit whose machine gives the log's answers, if it does.
fn convincing(traffic: &Traffic, limit: Limit, machine: &Machine) -> Option<Fitted> {
    let bin_ms = replay::bin_ms(&limit);
    // Counting is cheap and rules most candidates out; only the rest is worth a score.
    let agreement = replay::agreement(machine, traffic, bin_ms);
    if agreement.precision() < GOOD_REPLAY || agreement.coverage() < GOOD_REPLAY {
        return None;
    }
    let replay = replay::replay_machine(machine, traffic, bin_ms);
    let score = replay.score;
    let convinces = score.convinces(score.over_coin) && score.convinces(score.over_list);
    convinces.then(|| Fitted::new(limit, &replay))
}

/// A candidate during a search: its limit, its machine, and how many requests it gets wrong.
#[derive(Debug, Clone)]
struct Candidate {
    limit: Limit,
    wrong: u64,
}

impl Candidate {
    /// A candidate that is of no use with more than `most` wrong: how many more is then not counted.
    fn of(limit: Limit, machine: &Machine, traffic: &Traffic, bin_ms: i64, most: u64) -> Candidate {
        let wrong = replay::wrong(machine, traffic, bin_ms, most);
        Candidate { limit, wrong }
    }
}

/// The first cell of each run of denials: the cell before it, of the same key, has none.
fn run_starts<'a>(cells: &'a [Cell]) -> impl Iterator<Item = usize> + use<'a> {
    (0..cells.len()).filter(|&i| cells[i].denied > 0 && (i == 0 || cells[i - 1].denied == 0))
}

fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which `share` of the values lie.
fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let at = ((last as f64 * share).round() as usize).min(last);
    Some(*values.select_nth_unstable_by(at, f64::total_cmp).1)
}

#[cfg(test)]
mod tests;
