//! Runs a limit over the requests as they really arrived, and counts how well its answers agree.
//!
//! The machine runs free: it is never set back to what the log shows, so an error stays and costs.
//! Where stamps are whole seconds the order within a second says nothing; arrivals are then spread
//! evenly over their second, and only the *number* denied in a bin of time is compared.

mod score;
mod traffic;

pub use score::Score;
pub use traffic::{Arrival, Cell, Traffic};

use super::limiter::{FixedWindow, IncompleteLimit, Limiter, Machine};
use crate::findings::{Algorithm, Limit};

/// How the answers of a policy compare with those of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Requests replayed.
    pub requests: u64,
    /// Denied by the log and by the policy.
    pub true_denials: u64,
    /// Denied by the policy, admitted by the log.
    pub false_denials: u64,
    /// Denied by the log, admitted by the policy.
    pub missed_denials: u64,
    /// The largest distance between the admitted counts of policy and log, over time and keys.
    pub admitted_difference: u64,
}

impl Agreement {
    /// Of what the policy denies, the share that the log denied; 1 where it denies nothing.
    pub fn precision(&self) -> f64 {
        share(self.true_denials, self.true_denials + self.false_denials)
    }

    /// Of what the log denied, the share that the policy denies; 1 where there is nothing.
    pub fn coverage(&self) -> f64 {
        share(self.true_denials, self.true_denials + self.missed_denials)
    }

    /// The share of requests on which both agree.
    pub fn accuracy(&self) -> f64 {
        share(
            self.requests - self.false_denials - self.missed_denials,
            self.requests,
        )
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// A replay: the counts, and the score against what chance or a list would have done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replay {
    /// Counts over bins of [`bin_ms`].
    pub agreement: Agreement,
    /// Nats gained over the null explanations.
    pub score: Score,
}

/// Requests of one key in one bin of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bin {
    pub(crate) key: u32,
    pub(crate) requests: u32,
    pub(crate) denied: u32,
    pub(crate) predicted: u32,
}

/// Replays `limit` over the traffic, one machine per key.
///
/// # Errors
/// When the limit lacks a number that its algorithm needs.
pub fn replay(limit: &Limit, traffic: &Traffic) -> Result<Replay, IncompleteLimit> {
    let machine = Machine::new(limit)?;
    Ok(replay_machine(&machine, traffic, bin_ms(limit)))
}

/// The width of a bin in which answers are compared, in milliseconds: long enough for about four
/// admissions at the limit, short enough to see the order of admits and denials in a window.
pub fn bin_ms(limit: &Limit) -> i64 {
    let per_window = limit
        .limit
        .zip(limit.window_s)
        .map(|(n, w)| f64::from(n.max(1)) / w);
    let rate = limit.rate_per_s.or(per_window).unwrap_or(1.0);
    let mut seconds = 4.0 / rate.max(1e-9);
    if limit.algorithm == Algorithm::FixedWindow {
        seconds = seconds.min(limit.window_s.unwrap_or(60.0) / 6.0);
    }
    (seconds.round().clamp(1.0, 600.0) * 1000.0) as i64
}

/// A machine for windows that do not start at multiples of their width since the epoch.
pub(crate) fn shifted_window(limit: &Limit, phase_ms: i64) -> Option<Machine> {
    let window_ms = (limit.window_s? * 1000.0) as i64;
    Some(Machine::FixedWindow(FixedWindow::new(
        limit.limit?,
        window_ms,
        phase_ms,
    )))
}

/// A machine for windows that start with their first request.
pub(crate) fn window_from_first(limit: &Limit) -> Option<Machine> {
    let window_ms = (limit.window_s? * 1000.0) as i64;
    Some(Machine::FixedWindow(FixedWindow::from_first_request(
        limit.limit?,
        window_ms,
    )))
}

/// The replay behind bins that were counted elsewhere.
pub(crate) fn of_bins(bins: &[Bin]) -> Replay {
    Replay {
        agreement: count(bins),
        score: Score::of(bins),
    }
}

pub(crate) fn replay_machine(machine: &Machine, traffic: &Traffic, bin_ms: i64) -> Replay {
    let (bins, admitted_difference) = run(machine, traffic, bin_ms);
    let mut agreement = count(&bins);
    agreement.admitted_difference = admitted_difference;
    let mut score = Score::of(&bins);
    let finer_ms = (bin_ms / 4000).max(1) * 1000;
    if finer_ms < bin_ms {
        // A client that backs off keeps its share of denials even; only the order then tells.
        let finer = Score::of(&run(machine, traffic, finer_ms).0);
        if finer.over_list > score.over_list {
            score = finer;
        }
    }
    Replay { agreement, score }
}

/// How many requests a policy gets wrong: what choosing between many candidates needs. Where the
/// gaps between requests matter and are not logged, the kinder guess at them counts. Above `most` the
/// replay is given up, and the answer is some number above `most`.
pub(crate) fn wrong(machine: &Machine, traffic: &Traffic, bin_ms: i64, most: u64) -> u64 {
    let even = wrong_spread(machine, traffic, bin_ms, false, most);
    if sees_gaps(machine) {
        even.min(wrong_spread(machine, traffic, bin_ms, true, most))
    } else {
        even
    }
}

/// As [`wrong`], for one way to spread arrivals over their second.
fn wrong_spread(
    machine: &Machine,
    traffic: &Traffic,
    bin_ms: i64,
    scattered: bool,
    most: u64,
) -> u64 {
    let bin_ms = bin_ms.max(1);
    let mut wrong = 0;
    let mut instants = Vec::new();
    for (_, cells) in traffic.keys() {
        let mut machine = machine.clone();
        let (mut denied, mut predicted) = (0u32, 0u32);
        let mut end_ms = i64::MIN;
        for cell in cells {
            if cell.time_ms >= end_ms {
                wrong += u64::from(denied.abs_diff(predicted));
                if wrong > most {
                    return wrong;
                }
                (denied, predicted) = (0, 0);
                end_ms = (cell.time_ms.div_euclid(bin_ms) + 1).saturating_mul(bin_ms);
            }
            traffic.instants(cell, scattered, &mut instants);
            denied += cell.denied;
            predicted += instants
                .iter()
                .filter(|&&time| !machine.admit(time))
                .count() as u32;
        }
        wrong += u64::from(denied.abs_diff(predicted));
    }
    wrong
}

/// The counts alone, without a score.
pub(crate) fn agreement(machine: &Machine, traffic: &Traffic, bin_ms: i64) -> Agreement {
    let (bins, admitted_difference) = run(machine, traffic, bin_ms);
    Agreement {
        admitted_difference,
        ..count(&bins)
    }
}

fn count(bins: &[Bin]) -> Agreement {
    let mut agreement = Agreement::default();
    for bin in bins {
        let both = bin.denied.min(bin.predicted);
        agreement.requests += u64::from(bin.requests);
        agreement.true_denials += u64::from(both);
        agreement.false_denials += u64::from(bin.predicted - both);
        agreement.missed_denials += u64::from(bin.denied - both);
    }
    agreement
}

/// Buckets with a smaller burst see the gaps between requests, not only their number.
const SMALL_BURST: u32 = 3;

fn sees_gaps(machine: &Machine) -> bool {
    matches!(machine, Machine::LeakyBucket(bucket) if bucket.burst() < SMALL_BURST)
}

fn run(machine: &Machine, traffic: &Traffic, bin_ms: i64) -> (Vec<Bin>, u64) {
    run_spread(machine, traffic, bin_ms, sees_gaps(machine))
}

/// Runs a fresh machine over each key; the bins, and the largest distance of admitted counts.
fn run_spread(
    machine: &Machine,
    traffic: &Traffic,
    bin_ms: i64,
    scattered: bool,
) -> (Vec<Bin>, u64) {
    let mut bins: Vec<Bin> = Vec::new();
    let mut farthest = 0;
    let mut instants = Vec::new();
    for (key, cells) in traffic.keys() {
        let mut machine = machine.clone();
        let mut ahead: i64 = 0;
        let bin_ms = bin_ms.max(1);
        let mut end_ms = i64::MIN;
        for cell in cells {
            traffic.instants(cell, scattered, &mut instants);
            let predicted = instants
                .iter()
                .filter(|&&time| !machine.admit(time))
                .count() as u32;
            ahead += i64::from(predicted) - i64::from(cell.denied);
            // Cells of a key come in time order.
            match bins.last_mut() {
                Some(bin) if cell.time_ms < end_ms => {
                    bin.requests += cell.requests;
                    bin.denied += cell.denied;
                    bin.predicted += predicted;
                }
                _ => {
                    farthest = farthest.max(ahead.unsigned_abs());
                    end_ms = (cell.time_ms.div_euclid(bin_ms) + 1).saturating_mul(bin_ms);
                    bins.push(Bin {
                        key,
                        requests: cell.requests,
                        denied: cell.denied,
                        predicted,
                    });
                }
            }
        }
        farthest = farthest.max(ahead.unsigned_abs());
    }
    (bins, farthest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bucket(rate_per_s: f64, burst: u32) -> Limit {
        Limit {
            rate_per_s: Some(rate_per_s),
            burst: Some(burst),
            ..Limit::default()
        }
    }

    fn run_through(limit: &Limit, times: &[i64]) -> Vec<Arrival> {
        let mut machine = Machine::new(limit).unwrap();
        times
            .iter()
            .map(|&time_ms| Arrival {
                time_ms,
                key: 0,
                denied: !machine.admit(time_ms),
                duration_ms: None,
            })
            .collect()
    }

    #[test]
    fn the_true_limit_agrees_even_where_stamps_are_whole_seconds() {
        let limit = bucket(2.0, 10);
        let times: Vec<i64> = (0..6000).map(|i| i * 137 + (i % 5) * 11).collect();
        let mut arrivals = run_through(&limit, &times);
        for arrival in &mut arrivals {
            arrival.time_ms -= arrival.time_ms.rem_euclid(1000);
        }
        let replay = replay(&limit, &Traffic::new(&arrivals)).unwrap();
        assert!(replay.agreement.accuracy() > 0.98, "{replay:?}");
        let wrong = super::replay(&bucket(4.0, 10), &Traffic::new(&arrivals)).unwrap();
        assert!(wrong.agreement.accuracy() < 0.8, "{wrong:?}");
    }

    proptest! {
        #[test]
        fn counts_add_up_and_with_exact_stamps_the_machine_agrees_with_itself(
            gaps in proptest::collection::vec(0i64..3000, 1..300), rate in 0.1f64..20.0, burst in 0u32..30,
        ) {
            let times: Vec<i64> = gaps.iter().scan(1, |t, g| { *t += g; Some(*t) }).collect();
            prop_assume!(times.iter().any(|t| t % 1000 != 0));
            let limit = bucket(rate, burst);
            let arrivals = run_through(&limit, &times);
            let agreement = replay(&limit, &Traffic::new(&arrivals)).unwrap().agreement;
            let denials = arrivals.iter().filter(|a| a.denied).count() as u64;
            prop_assert_eq!(agreement.requests, times.len() as u64);
            prop_assert_eq!(agreement.true_denials, denials);
            prop_assert_eq!((agreement.false_denials, agreement.missed_denials), (0, 0));
            prop_assert_eq!(agreement.admitted_difference, 0);
        }
    }
}
