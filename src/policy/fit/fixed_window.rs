//! Fits a budget per window of absolute time.
//!
//! In every window with denials the admitted count is the budget, and the admits come first. Widths
//! that people use are tried, at round times first and then at other phases.

use super::{FEWEST_DENIALS, Fitted, quantile, usual};
use crate::findings::{Algorithm, Limit};
use crate::policy::replay::{self, Traffic};

/// Widths that limiters use, in seconds.
const WIDTHS_S: [f64; 11] = [
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 3600.0, 86_400.0,
];

/// Phases tried per width, beside the round one.
const PHASES: i64 = 12;

/// Fewer windows with denials may agree by chance.
const FEWEST_WINDOWS: usize = 4;

/// The share of windows with denials whose admits must be the budget.
const AGREE: f64 = 0.6;

/// Precision and coverage that a replay must reach.
const BEST: f64 = 0.8;

/// The fixed window that explains the traffic, if one does.
pub fn fixed_window(traffic: &Traffic) -> Option<Fitted> {
    if traffic.denials() < FEWEST_DENIALS {
        return None;
    }
    let found = WIDTHS_S
        .into_iter()
        .filter_map(|width_s| at_width(traffic, width_s));
    found.max_by(|a, b| a.score.over_list.total_cmp(&b.score.over_list))
}

/// The best phase of one width; other phases are asked only where the round one says nothing.
fn at_width(traffic: &Traffic, width_s: f64) -> Option<Fitted> {
    let width_ms = (width_s * 1000.0) as i64;
    if let Some(found) = at_phase(traffic, width_ms, 0) {
        return Some(found);
    }
    // Below this the edges cannot be told from the jitter of stamps.
    if width_s < 12.0 {
        return None;
    }
    let phases = (1..PHASES).map(|i| i * width_ms / PHASES);
    phases
        .filter_map(|phase_ms| at_phase(traffic, width_ms, phase_ms))
        .max_by(|a, b| a.score.over_list.total_cmp(&b.score.over_list))
}

fn at_phase(traffic: &Traffic, width_ms: i64, phase_ms: i64) -> Option<Fitted> {
    let budget = budget(traffic, width_ms, phase_ms)?;
    let limit = Limit {
        algorithm: Algorithm::FixedWindow,
        limit: Some(budget),
        window_s: Some(width_ms as f64 / 1000.0),
        ..Limit::default()
    };
    let machine = replay::shifted_window(&limit, phase_ms)?;
    let bin_ms = replay::bin_ms(&limit);
    // Counting is cheap and rules most candidates out; only the rest is worth a score.
    let agreement = replay::agreement(&machine, traffic, bin_ms);
    if agreement.precision() < BEST || agreement.coverage() < BEST {
        return None;
    }
    let replay = replay::replay_machine(&machine, traffic, bin_ms);
    let score = replay.score;
    if !score.convinces(score.over_coin) || !score.convinces(score.over_list) {
        return None;
    }
    let mut fitted = Fitted::new(limit, &replay);
    fitted.phase_s = phase_ms as f64 / 1000.0;
    Some(fitted)
}

/// The count that most windows with denials admitted, none without denials exceeding it by much.
fn budget(traffic: &Traffic, width_ms: i64, phase_ms: i64) -> Option<u32> {
    let (mut full, mut free) = (Vec::new(), Vec::new());
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for (_, cells) in traffic.keys() {
        let index = |time_ms: i64| (time_ms - phase_ms).div_euclid(width_ms);
        for window in cells.chunk_by(|a, b| index(a.time_ms) == index(b.time_ms)) {
            let admitted: u32 = window.iter().map(|cell| cell.admitted()).sum();
            let denied = window.iter().any(|cell| cell.denied > 0);
            if denied {
                first = first.min(index(window[0].time_ms));
                last = last.max(index(window[0].time_ms));
            }
            if denied { &mut full } else { &mut free }.push(f64::from(admitted));
        }
    }
    // A budget shows by coming back: one window with denials could as well be a list.
    if full.len() < FEWEST_WINDOWS || last - first < 2 {
        return None;
    }
    let middle = quantile(&mut full, 0.5)?;
    let near = |count: &f64| (count - middle).abs() <= (0.03 * middle).max(0.5);
    let agreeing = full.iter().filter(|count| near(count)).count() as f64;
    let above = free
        .iter()
        .filter(|count| **count > middle * 1.03 + 1.0)
        .count() as f64;
    if middle < 1.0
        || agreeing < AGREE * full.len() as f64
        || above > 0.02 * free.len() as f64 + 1.0
    {
        return None;
    }
    // Lines that straddle an edge make one window poorer by one or two: a round number near by wins.
    let usual = usual::numbers(middle, 0.02)
        .into_iter()
        .find(|n| n.fract() == 0.0);
    Some(usual.unwrap_or(middle) as u32)
}
