//! Fits a threshold with a hold: too many requests, then denied for a while.
//!
//! The hold shows in the silences: the longest after which a request was still denied, and the
//! shortest after which one was admitted. The threshold shows in the count before each first
//! denial. Where a client never pauses for long, the hold is known only from one side.

use super::{Candidate, FEWEST_DENIALS, Fitted, quantile, run_starts, usual};
use crate::findings::{Algorithm, Limit};
use crate::policy::limiter::Machine;
use crate::policy::replay::{self, Cell, Traffic};
use std::cell::OnceCell;

/// Widths of the window that the threshold is counted over, in seconds.
const WIDTHS_S: [f64; 12] = [
    1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0,
];

/// Silences may contradict a hold in this share of cases: clocks, late lines, other rules.
const CONTRADICTING: f64 = 0.03;

/// Admitted requests are stamped when they are done: for so long a hold may look mixed.
const LATE_S: f64 = 2.5;

/// How far timers of servers differ from one time to the next, as a share.
const TIMERS: f64 = 0.03;

/// Nats by which a hold of fixed length must be better than a renewed one.
const CLEARLY_BETTER: f64 = 8.0;

/// Smaller thresholds are crossed by chance.
const SMALLEST_LIMIT: u32 = 3;

/// A single run of denials must begin at this many times the count that is usual.
const LEAP: f64 = 2.5;

/// The share of runs of denials that must begin as the threshold is crossed.
const FEWEST_JUMPS: f64 = 0.7;

/// The hold that explains the traffic, if one does.
pub fn hold(traffic: &Traffic) -> Option<Fitted> {
    if traffic.denials() < FEWEST_DENIALS {
        return None;
    }
    // The threshold over a width is the same whatever renews the hold.
    let known = WIDTHS_S.map(|_| OnceCell::new());
    let thresholds = WIDTHS_S.iter().copied().zip(&known);
    let fit = |renewed| {
        let interval = Interval::of(traffic, renewed)?;
        let longest_s = 4.0 * interval.guess_s();
        let near = thresholds
            .clone()
            .filter(|(width_s, _)| *width_s <= longest_s);
        let thresholds =
            near.filter_map(|(width_s, known)| *known.get_or_init(|| threshold(traffic, width_s)));
        with_interval(traffic, &interval, thresholds)
    };
    match (fit(true), fit(false)) {
        // Where a client never fell silent for less than the hold both fit; retries that prolong
        // it are the rule.
        (Some(renewed), Some(fixed)) => {
            let fixed_gains = fixed.score.over_coin - renewed.score.over_coin;
            Some(if fixed_gains > CLEARLY_BETTER {
                fixed
            } else {
                renewed
            })
        }
        (renewed, fixed) => renewed.or(fixed),
    }
}

/// The best of the thresholds (limit, width in seconds, share of runs that begin at it) with this hold.
fn with_interval(
    traffic: &Traffic,
    interval: &Interval,
    thresholds: impl Iterator<Item = (u32, f64, f64)>,
) -> Option<Fitted> {
    let hold_s = interval.guess_s();
    let candidates = thresholds.filter_map(|(limit, window_s, jumps)| {
        let limit = Limit {
            algorithm: Algorithm::Hold,
            limit: Some(limit),
            window_s: Some(window_s),
            hold_s: Some(hold_s),
            renewed: (!interval.renewed).then_some(false),
            ..Limit::default()
        };
        let machine = Machine::new(&limit).ok()?;
        Some((
            Candidate::of(limit, &machine, traffic, 2000, u64::MAX),
            jumps,
        ))
    });
    let (best, jumps) = candidates.min_by_key(|(candidate, _)| {
        (
            candidate.wrong,
            usual::roughness(candidate.limit.limit.unwrap_or(1)),
        )
    })?;
    let machine = Machine::new(&best.limit).ok()?;
    let replay = replay::replay_machine(&machine, traffic, replay::bin_ms(&best.limit));
    let explained = replay.agreement.precision() > 0.85 && replay.agreement.coverage() > 0.85;
    if !explained || !replay.score.convinces(replay.score.over_coin) {
        return None;
    }
    let mut fitted = Fitted::new(best.limit, &replay);
    fitted.hold_between_s = Some((interval.denied_s, interval.admitted_s));
    fitted.jumps = Some(jumps);
    Some(fitted)
}

/// What silences say of the hold.
#[derive(Debug, Clone, PartialEq)]
struct Interval {
    renewed: bool,
    denied_s: f64,
    admitted_s: f64,
}

impl Interval {
    /// The interval, if denied and admitted silences do not contradict each other.
    fn of(traffic: &Traffic, renewed: bool) -> Option<Interval> {
        let (mut denied, mut admitted) = (Vec::new(), Vec::new());
        for (_, cells) in traffic.keys() {
            silences(cells, renewed, &mut denied, &mut admitted);
        }
        let longest = quantile(&mut denied, 1.0).unwrap_or(0.0);
        let shortest = quantile(&mut admitted, 0.0).unwrap_or(f64::INFINITY);
        let stamp_s = traffic.stamp_s();
        if longest <= shortest + stamp_s.max(TIMERS * shortest) {
            return Some(Interval {
                renewed,
                denied_s: longest,
                admitted_s: shortest,
            });
        }
        // A few contradictions are forgiven where the bulk of both sides lies apart.
        let longest = quantile(&mut denied, 1.0 - CONTRADICTING)?;
        let shortest = quantile(&mut admitted, CONTRADICTING)?;
        let apart = longest <= shortest + stamp_s && denied.len() > 30 && admitted.len() > 30;
        apart.then_some(Interval {
            renewed,
            denied_s: longest,
            admitted_s: shortest,
        })
    }

    /// The usual span within the interval that is nearest to its middle, as ratios go; without
    /// one, the middle itself. Where no silence was long enough, the shortest usual span.
    fn guess_s(&self) -> f64 {
        let low = self.denied_s.max(1.0);
        let inside = |span: &&f64| **span >= low - 1.0 && **span <= self.admitted_s + 1.0;
        let usual = usual::HOLDS.iter().filter(inside);
        if self.admitted_s.is_infinite() {
            return usual.copied().next().unwrap_or(low);
        }
        let middle = (low * self.admitted_s.max(1.0)).sqrt();
        let away = |span: f64| {
            if span > middle {
                span / middle
            } else {
                middle / span
            }
        };
        let nearest = usual.min_by(|a, b| away(**a).total_cmp(&away(**b)));
        nearest.copied().unwrap_or(middle.round().max(1.0))
    }
}

/// For each request that follows a denial: how long after (after the last request if the hold is
/// renewed, else after the run's first denial), apart by how it was answered.
fn silences(cells: &[Cell], renewed: bool, denied: &mut Vec<f64>, admitted: &mut Vec<f64>) {
    let mut since: Option<i64> = None;
    for cell in cells {
        if let Some(since_ms) = since {
            let seconds = (cell.time_ms - since_ms) as f64 / 1000.0;
            if seconds < LATE_S && cell.denied > 0 {
                // What was admitted before the hold may complete, and be stamped, after it began.
                continue;
            }
            if cell.admitted() > 0 {
                admitted.push(seconds);
            } else if seconds > 0.0 {
                denied.push(seconds);
            }
        }
        // A cell with both answers ends the hold that ran, or begins one where none did.
        let ends = since.is_some() && cell.admitted() > 0;
        let keep = !renewed && since.is_some();
        if ends {
            since = None;
        } else if !keep {
            since = (cell.denied > 0).then_some(cell.time_ms);
        }
    }
}

/// The threshold over one width: the count before the first denials, which no admits exceed; and
/// the share of runs that begin as it is crossed.
fn threshold(traffic: &Traffic, width_s: f64) -> Option<(u32, f64, f64)> {
    let width_ms = ((width_s - traffic.stamp_s() / 2.0) * 1000.0) as i64;
    let (mut at_start, mut free) = (Vec::new(), Vec::new());
    for (_, cells) in traffic.keys() {
        let mut starts = run_starts(cells).peekable();
        let (mut oldest, mut count) = (0, 0u32);
        for (i, cell) in cells.iter().enumerate() {
            while cell.time_ms - cells[oldest].time_ms > width_ms && oldest < i {
                count = count.saturating_sub(cells[oldest].admitted());
                oldest += 1;
            }
            count += cell.admitted();
            let is_start = starts.next_if_eq(&i).is_some();
            match cell.denied {
                0 => free.push(f64::from(count)),
                _ if is_start => at_start.push(f64::from(count)),
                _ => {}
            }
        }
    }
    let limit = quantile(&mut at_start, 0.5)?;
    // A list that comes once begins one run, at whatever count the client then had.
    let mut leaps = || limit >= LEAP * quantile(&mut free, 0.75).unwrap_or(0.0);
    let round = usual::roughness(limit as u32) <= 1;
    if at_start.len() < 3 && !(round && leaps()) {
        return None;
    }
    let near = |count: &f64| (count - limit).abs() <= (0.1 * limit).max(1.0);
    let jumps = at_start.iter().filter(|count| near(count)).count() as f64 / at_start.len() as f64;
    let above = free
        .iter()
        .filter(|count| **count > limit * 1.05 + 1.0)
        .count() as f64;
    let plausible = limit >= f64::from(SMALLEST_LIMIT) && jumps >= FEWEST_JUMPS;
    let never_above = above <= 0.01 * free.len() as f64;
    (plausible && never_above).then_some((limit as u32, width_s, jumps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_bound_the_hold_from_both_sides() {
        let cell = |time_s: i64, denied: u32| Cell {
            time_ms: time_s * 1000,
            requests: 1,
            denied,
        };
        let cells = [
            cell(0, 1),
            cell(5, 1),
            cell(12, 1),
            cell(42, 0),
            cell(43, 1),
            cell(80, 0),
        ];
        let (mut denied, mut admitted) = (Vec::new(), Vec::new());
        silences(&cells, true, &mut denied, &mut admitted);
        assert_eq!((denied, admitted), (vec![5.0, 7.0], vec![30.0, 37.0]));
        let (mut denied, mut admitted) = (Vec::new(), Vec::new());
        silences(&cells, false, &mut denied, &mut admitted);
        assert_eq!((denied, admitted), (vec![5.0, 12.0], vec![42.0, 37.0]));
    }
}
