//! Fits a sliding window in which denied requests count too.
//!
//! A request is denied if and only if more than the limit came within the window, itself included.
//! For every width a histogram of those counts, apart for admits and denials, gives the limit with
//! the fewest errors. Retry storms against a list would pass that test by their sheer number, so
//! the *first* denials of runs must cross the limit too.

use super::{FEWEST_DENIALS, Fitted, run_starts, usual};
use crate::findings::{Algorithm, Limit};
use crate::policy::limiter::Machine;
use crate::policy::replay::{self, Cell, Traffic};

/// Widths tried, in seconds.
const WIDTHS_S: [f64; 14] = [
    1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 3600.0,
];

/// Smaller limits are crossed by chance.
const SMALLEST_LIMIT: u32 = 3;

/// Or it is a record: this many times the highest count before, which for counts from
/// [`LEAST_RECORD`] on is more than chance brings about.
const RECORD: f64 = 1.25;
const LEAST_RECORD: u32 = 30;

/// How far real proxies miscount, as a share.
const MISCOUNT: f64 = 0.15;

/// In the first run of a key, limits below this are crossed by chance.
const SMALLEST_ALONE: u32 = 10;

/// The share of requests that may be answered otherwise than the limit says; real proxies count
/// approximately.
const MOST_WRONG: f64 = 0.08;

/// Precision and coverage that a replay must reach: this limit is all or nothing, and leaves errors
/// only to proxies that count approximately.
const BEST: f64 = 0.97;

/// The share of admitted requests that may come above the limit: a retry storm makes denials many,
/// so errors among the admits are bounded apart.
const MOST_ABOVE: f64 = 0.03;

/// A first run of denials must begin at this many times the count that the key had before.
const LEAP: f64 = 2.5;

/// The share of denials whose runs must begin as the limit is crossed.
const FEWEST_JUMPS: f64 = 0.7;

/// So many keys may be denied at one moment by accident ...
const FEWEST_AT_ONCE: usize = 3;

/// ... which is as long, in milliseconds.
const AT_ONCE_MS: i64 = 3_000;

/// How far the counts of keys at their first denials may differ, as a share of the limit.
const SAME_COUNT: f64 = 0.05;

/// The sliding window that explains the traffic, if one does.
pub fn sliding_window(traffic: &Traffic) -> Option<Fitted> {
    if traffic.denials() < FEWEST_DENIALS {
        return None;
    }
    let thresholds = WIDTHS_S
        .into_iter()
        .filter_map(|width_s| threshold(traffic, width_s));
    let mut found: Vec<(f64, Threshold)> = thresholds
        .map(|threshold| (jumps(traffic, &threshold), threshold))
        .filter(|(jumps, threshold)| *jumps >= FEWEST_JUMPS && !is_one_moment(traffic, threshold))
        .collect();
    let fewest = found.iter().map(|(_, threshold)| threshold.wrong).min()?;
    // Widths that do equally well differ in how usual they are and in how round a number they ask for; of equals the
    // narrowest claims least.
    found.retain(|(_, threshold)| threshold.wrong <= 2 * fewest + 2);
    let oddness = |t: &Threshold| {
        let unusual = 2 * u32::from(!usual::WINDOWS.contains(&t.width_s));
        unusual + u32::from(usual::roughness(t.limit) > 2)
    };
    found.sort_by(|(_, a), (_, b)| {
        (oddness(a).cmp(&oddness(b))).then(a.width_s.total_cmp(&b.width_s))
    });
    let (jumps, threshold) = found.into_iter().next()?;
    let limit = Limit {
        algorithm: Algorithm::SlidingWindow,
        limit: Some(threshold.limit),
        window_s: Some(threshold.width_s),
        ..Limit::default()
    };
    let machine = Machine::new(&limit).ok()?;
    let replay = replay::replay_machine(&machine, traffic, replay::bin_ms(&limit));
    let explained = replay.agreement.precision() > BEST && replay.agreement.coverage() > BEST;
    if !explained || !replay.score.convinces(replay.score.over_coin) {
        return None;
    }
    let mut fitted = Fitted::new(limit, &replay);
    fitted.jumps = Some(jumps);
    Some(fitted)
}

#[derive(Debug, Clone)]
struct Threshold {
    width_s: f64,
    limit: u32,
    wrong: u64,
}

/// The limit that separates admits from denials best at one width.
fn threshold(traffic: &Traffic, width_s: f64) -> Option<Threshold> {
    let mut admits: Vec<u64> = Vec::new();
    let mut denials: Vec<u64> = Vec::new();
    for (_, cells) in traffic.keys() {
        for (cell, before) in with_counts(traffic, cells, width_s) {
            let last = (before + cell.requests) as usize;
            if admits.len() <= last {
                admits.resize(last + 1, 0);
                denials.resize(last + 1, 0);
            }
            // Within a stamp the admits come first, as they do for a count that only grows.
            let (low, high) = (before as usize + 1, (before + cell.admitted()) as usize);
            admits[low..=high].iter_mut().for_each(|n| *n += 1);
            denials[high + 1..=last].iter_mut().for_each(|n| *n += 1);
        }
    }
    let (limit, wrong) = separate(&admits, &denials);
    let admitted: u64 = admits.iter().sum();
    let admits_above: u64 = admits.iter().skip(limit as usize + 1).sum();
    let right_enough = wrong as f64 <= MOST_WRONG * traffic.requests() as f64
        && admits_above as f64 <= MOST_ABOVE * admitted as f64 + 2.0;
    let useful = wrong < traffic.denials() / 2 && limit >= SMALLEST_LIMIT;
    (right_enough && useful).then_some(Threshold {
        width_s,
        limit,
        wrong,
    })
}

/// The count that separates admits from denials with the fewest errors; where several do about as
/// well, the roundest. Also the fewest number of errors.
fn separate(admits: &[u64], denials: &[u64]) -> (u32, u64) {
    let mut wrong: u64 = admits.iter().sum();
    let errors_at = |(admitted, denied): (&u64, &u64)| {
        wrong = wrong + denied - admitted;
        wrong
    };
    let errors: Vec<u64> = admits.iter().zip(denials).map(errors_at).collect();
    let fewest = errors.iter().min().copied().unwrap_or(0);
    let Some(best) = errors.iter().position(|wrong| *wrong == fewest) else {
        return (0, 0);
    };
    let allowed = 2 * fewest + 1;
    let below = errors[..best]
        .iter()
        .rev()
        .take_while(|wrong| **wrong <= allowed)
        .count();
    let above = errors[best..]
        .iter()
        .take_while(|wrong| **wrong <= allowed)
        .count();
    let limit = usual::roundest((best - below) as u32, (best + above - 1) as u32);
    (limit, fewest)
}

/// Each cell with the number of requests of the key within the window before it.
fn with_counts<'a>(
    traffic: &Traffic,
    cells: &'a [Cell],
    width_s: f64,
) -> impl Iterator<Item = (&'a Cell, u32)> + use<'a> {
    let width_ms = ((width_s - traffic.stamp_s() / 2.0) * 1000.0) as i64;
    let (mut oldest, mut count) = (0, 0);
    cells.iter().enumerate().map(move |(at, cell)| {
        let gone = cells[oldest..at]
            .iter()
            .take_while(|old| cell.time_ms - old.time_ms > width_ms);
        for old in gone {
            count -= old.requests;
            oldest += 1;
        }
        let before = count;
        count += cell.requests;
        (cell, before)
    })
}

/// Of the denials, the share whose run begins as the count crosses the limit, and for the first run
/// of a key by a leap of its rate: a list that comes in the middle finds counts as they always were.
fn jumps(traffic: &Traffic, threshold: &Threshold) -> f64 {
    let (mut all, mut jumping) = (0u64, 0u64);
    let limit = f64::from(threshold.limit);
    let tolerance = (MISCOUNT * limit).max(1.0);
    for (_, cells) in traffic.keys() {
        let counts: Vec<u32> = with_counts(traffic, cells, threshold.width_s)
            .map(|(_, before)| before)
            .collect();
        for (nth, start) in run_starts(cells).enumerate() {
            let run = cells[start..].iter().take_while(|cell| cell.denied > 0);
            let denials: u64 = run.map(|cell| u64::from(cell.denied)).sum();
            let before = f64::from(counts[start]);
            // Not the whole cell: after a list's first denial retries may cross any limit at once.
            let reached = before + f64::from(cells[start].admitted()) >= limit - tolerance;
            let crossing = reached && before <= limit + tolerance;
            all += denials;
            if crossing && (nth > 0 || leaps(&cells[..=start], &counts[..=start], threshold)) {
                jumping += denials;
            }
        }
    }
    jumping as f64 / all.max(1) as f64
}

/// Whether all keys were denied from one moment on, each at a count of its own: a limit on each of them would deny
/// each at the same count and at a moment of its own.
fn is_one_moment(traffic: &Traffic, threshold: &Threshold) -> bool {
    let mut firsts: Vec<(i64, u32)> = Vec::new();
    for (_, cells) in traffic.keys() {
        let first =
            with_counts(traffic, cells, threshold.width_s).find(|(cell, _)| cell.denied > 0);
        firsts.extend(first.map(|(cell, before)| (cell.time_ms, before + cell.admitted())));
    }
    if firsts.len() < FEWEST_AT_ONCE {
        return false;
    }
    firsts.sort_unstable();
    let spread_ms = firsts[firsts.len() - 1].0 - firsts[0].0;
    let counts = || firsts.iter().map(|(_, count)| *count);
    let (lowest, highest) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    spread_ms <= AT_ONCE_MS
        && f64::from(highest - lowest) > SAME_COUNT * f64::from(threshold.limit) + 1.0
}

/// Whether the rate of a key leaps before its first denial, the last of `cells`; `counts` are the
/// requests within the window before each.
fn leaps(cells: &[Cell], counts: &[u32], threshold: &Threshold) -> bool {
    let Some((first, last)) = cells.first().zip(cells.last()) else {
        return false;
    };
    if threshold.limit < SMALLEST_ALONE {
        return false;
    }
    let width_ms = (threshold.width_s * 1000.0) as i64;
    let history_ms = last.time_ms - first.time_ms - width_ms;
    if history_ms < width_ms / 2 {
        // It has just come: all that speaks is that it was fast, and that the count is round.
        let fast = last.time_ms - first.time_ms <= width_ms / 2;
        return fast && usual::roughness(threshold.limit) <= 1;
    }
    let limit = f64::from(threshold.limit);
    let earlier = cells.partition_point(|cell| cell.time_ms < last.time_ms - width_ms);
    let highest = counts[..earlier].iter().max().copied().unwrap_or(0);
    let is_record = threshold.limit >= LEAST_RECORD && limit >= RECORD * f64::from(highest);
    let count: u64 = cells[..earlier]
        .iter()
        .map(|cell| u64::from(cell.requests))
        .sum();
    let usual_count = count as f64 * width_ms as f64 / history_ms as f64;
    is_record || limit >= LEAP * usual_count
}
