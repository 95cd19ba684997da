//! Machines that count requests and answer admit or deny.
//!
//! Each machine is the state that a server keeps for *one* key (one address, one token, or all
//! callers together); time is in milliseconds and should not run backwards by more than the jitter
//! of a log. State is bounded by the limit itself, never by the length of the log.
//! The same machines replay a log, answer "what if", and generate synthetic logs.

mod concurrency;
mod fixed_window;
mod hold;
mod leaky_bucket;
mod sliding_window;
mod trailing;
mod weighted_window;

pub use concurrency::Concurrency;
pub use fixed_window::FixedWindow;
pub use hold::Hold;
pub use leaky_bucket::LeakyBucket;
pub use sliding_window::SlidingWindow;
pub use weighted_window::WeightedWindow;

use crate::findings::{Algorithm, Limit};

/// A state machine for one key that admits or denies each request as it comes.
pub trait Limiter {
    /// Takes a request that arrives at `time_ms`; true when it is admitted.
    fn admit(&mut self, time_ms: i64) -> bool;
}

/// Any of the machines, chosen at run time.
#[derive(Debug, Clone)]
pub enum Machine {
    /// See [`LeakyBucket`].
    LeakyBucket(LeakyBucket),
    /// See [`FixedWindow`].
    FixedWindow(FixedWindow),
    /// See [`SlidingWindow`].
    SlidingWindow(SlidingWindow),
    /// See [`WeightedWindow`]; no [`Limit`] builds it, it stands in for real proxies in tests.
    WeightedWindow(WeightedWindow),
    /// See [`Hold`].
    Hold(Hold),
    /// See [`Concurrency`].
    Concurrency(Concurrency),
}

/// A limit cannot be run because one of its numbers is missing or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {algorithm} limit cannot be run: {field} must be {expected}; name it, e.g. `{example}`")]
pub struct IncompleteLimit {
    algorithm: &'static str,
    field: &'static str,
    expected: &'static str,
    example: &'static str,
}

impl Machine {
    /// The machine of a limit, in the state of a key that was never seen.
    ///
    /// # Errors
    /// When a number that the algorithm needs is missing, negative or not finite.
    pub fn new(limit: &Limit) -> Result<Machine, IncompleteLimit> {
        let incomplete = |field, expected, example| IncompleteLimit {
            algorithm: limit.algorithm.name(),
            field,
            expected,
            example,
        };
        let budget = |example| {
            limit
                .limit
                .ok_or(incomplete("limit", "a whole number", example))
        };
        let window = |example| {
            milliseconds(limit.window_s).ok_or(incomplete("window_s", "above zero", example))
        };
        Ok(match limit.algorithm {
            Algorithm::LeakyBucket => {
                let rate = limit
                    .rate_per_s
                    .filter(|r| r.is_finite() && *r > 0.0)
                    .ok_or(incomplete(
                        "rate_per_s",
                        "above zero",
                        "limit 10/s burst 20 per ip",
                    ))?;
                Machine::LeakyBucket(LeakyBucket::new(rate, limit.burst.unwrap_or(0)))
            }
            Algorithm::FixedWindow => {
                let example = "limit 30 in 60s per ip";
                Machine::FixedWindow(FixedWindow::new(budget(example)?, window(example)?, 0))
            }
            Algorithm::SlidingWindow => {
                let example = "limit 90 in 60s sliding per ip";
                let (budget, window) = (budget(example)?, window(example)?);
                Machine::SlidingWindow(match limit.renewed {
                    Some(false) => SlidingWindow::of_admitted(budget, window),
                    _ => SlidingWindow::new(budget, window),
                })
            }
            Algorithm::Hold => {
                let example = "hold 30s after 15 in 4s per ip";
                let hold = milliseconds(limit.hold_s).ok_or(incomplete(
                    "hold_s",
                    "above zero",
                    example,
                ))?;
                let renewed = limit.renewed.unwrap_or(true);
                Machine::Hold(Hold::new(budget(example)?, window(example)?, hold, renewed))
            }
            Algorithm::Concurrency => {
                Machine::Concurrency(Concurrency::new(budget("limit 8 at once per ip")?))
            }
        })
    }

    /// Takes a request that arrives at `time_ms` and would be served for `duration_ms`.
    /// Only a concurrency limit looks at the duration.
    pub fn admit_for(&mut self, time_ms: i64, duration_ms: u32) -> bool {
        match self {
            Machine::Concurrency(machine) => machine.admit_for(time_ms, duration_ms),
            _ => self.admit(time_ms),
        }
    }
}

impl Limiter for Machine {
    fn admit(&mut self, time_ms: i64) -> bool {
        match self {
            Machine::LeakyBucket(machine) => machine.admit(time_ms),
            Machine::FixedWindow(machine) => machine.admit(time_ms),
            Machine::SlidingWindow(machine) => machine.admit(time_ms),
            Machine::WeightedWindow(machine) => machine.admit(time_ms),
            Machine::Hold(machine) => machine.admit(time_ms),
            Machine::Concurrency(machine) => machine.admit_for(time_ms, 0),
        }
    }
}

/// Seconds as whole milliseconds, at least one; none for what is no positive span of time.
fn milliseconds(seconds: Option<f64>) -> Option<i64> {
    let seconds = seconds.filter(|s| s.is_finite() && *s > 0.0)?;
    Some(((seconds * 1000.0).round() as i64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_without_its_numbers_is_refused_with_an_example() {
        let limit = Limit {
            algorithm: Algorithm::Hold,
            limit: Some(3),
            window_s: Some(1.0),
            ..Limit::default()
        };
        let error = Machine::new(&limit).unwrap_err().to_string();
        assert!(
            error.contains("hold_s") && error.contains("hold 30s after"),
            "{error}"
        );
        for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let limit = Limit {
                rate_per_s: Some(bad),
                ..Limit::default()
            };
            assert!(Machine::new(&limit).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_limit_runs_as_its_own_machine() {
        let limit = Limit {
            algorithm: Algorithm::FixedWindow,
            limit: Some(2),
            window_s: Some(10.0),
            ..Limit::default()
        };
        let mut machine = Machine::new(&limit).unwrap();
        let answers: Vec<bool> = [0, 1, 2, 10_000].map(|t| machine.admit(t)).to_vec();
        assert_eq!(answers, [true, true, false, true]);
    }
}
