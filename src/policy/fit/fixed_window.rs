//! Fits a budget per window of absolute time.
//!
//! In every window with denials the admitted count is the budget, and the admits come first. Widths
//! that people use are tried, at round times first and then at other phases.

use super::{FEWEST_DENIALS, Fitted, convincing, quantile, usual};
use crate::findings::{Algorithm, Limit};
use crate::policy::replay::{self, Cell, Traffic};

/// Widths that limiters use, in seconds.
const WIDTHS_S: [f64; 11] = [
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 3600.0, 86_400.0,
];

/// Phases tried per width, beside the round one.
const PHASES: i64 = 12;

/// The share of the best score from which a narrower window is taken.
const NEARLY: f64 = 0.75;

/// In a window this short, in seconds, a budget of one or two is what any limit lets pass.
const SHORT_S: f64 = 5.0;
const LEAST_OF_SHORT: u32 = 3;

/// Fewer windows with denials may agree by chance.
const FEWEST_WINDOWS: usize = 4;

/// The share of windows with denials whose admits must be the budget.
const AGREE: f64 = 0.6;

/// The fixed window that explains the traffic, if one does.
pub fn fixed_window(traffic: &Traffic) -> Option<Fitted> {
    if traffic.denials() < FEWEST_DENIALS {
        return None;
    }
    let found: Vec<Fitted> = WIDTHS_S
        .into_iter()
        .filter_map(|width_s| one_width(traffic, width_s))
        .collect();
    // A multiple of the width with the multiple of the budget does nearly as well: the narrowest is meant.
    let best = found
        .iter()
        .map(|fit| fit.score.over_list)
        .fold(f64::MIN, f64::max);
    found
        .into_iter()
        .find(|fit| fit.score.over_list >= NEARLY * best)
}

/// The windows of one width, from round times or another phase, else from their first request.
fn one_width(traffic: &Traffic, width_s: f64) -> Option<Fitted> {
    let found = at_width(traffic, width_s).or_else(|| from_first(traffic, width_s));
    found.filter(|fit| width_s > SHORT_S || fit.limit.limit >= Some(LEAST_OF_SHORT))
}

/// The best phase of one width; other phases are asked only where the round one says nothing.
fn at_width(traffic: &Traffic, width_s: f64) -> Option<Fitted> {
    let width_ms = (width_s * 1000.0) as i64;
    if let Some(found) = at_phase(traffic, &Slices::whole(traffic, width_ms), 0) {
        return Some(found);
    }
    // Below this the edges cannot be told from the jitter of stamps.
    if width_s < 12.0 {
        return None;
    }
    let slices = Slices::of_phases(traffic, width_ms);
    (1..PHASES)
        .filter_map(|phase| at_phase(traffic, &slices, phase))
        .max_by(|a, b| a.score.over_list.total_cmp(&b.score.over_list))
}

/// Windows of one width that start with their first request.
fn from_first(traffic: &Traffic, width_s: f64) -> Option<Fitted> {
    let width_ms = (width_s * 1000.0) as i64;
    let (mut full, mut free) = (Vec::new(), Vec::new());
    for (_, cells) in traffic.keys() {
        let mut windows = windows_from_first(traffic, cells, width_ms);
        windows.pop(); // the log may end before the last one does
        for (admitted, denied) in windows {
            if denied { &mut full } else { &mut free }.push(f64::from(admitted));
        }
    }
    let budget = agreed(&mut full, &free)?;
    let limit = Limit {
        algorithm: Algorithm::FixedWindow,
        limit: Some(budget),
        window_s: Some(width_s),
        ..Limit::default()
    };
    let machine = replay::window_from_first(&limit)?;
    let mut fitted = convincing(traffic, limit, &machine)?;
    fitted.from_first = true;
    Some(fitted)
}

/// What was admitted in each window, and whether anything was denied. What comes under the stamp in which a window
/// ends belongs to it as long as it is denied.
fn windows_from_first(traffic: &Traffic, cells: &[Cell], width_ms: i64) -> Vec<(u32, bool)> {
    let stamp_ms = (traffic.stamp_s() * 1000.0) as i64;
    let mut windows: Vec<(u32, bool)> = Vec::new();
    let mut end_ms = i64::MIN;
    for cell in cells {
        let at_edge = cell.time_ms < end_ms.saturating_add(stamp_ms) && cell.admitted() == 0;
        if cell.time_ms >= end_ms && !at_edge {
            windows.push((0, false));
            end_ms = cell.time_ms.saturating_add(width_ms);
        }
        if let Some((admitted, denied)) = windows.last_mut() {
            *admitted += cell.admitted();
            *denied |= cell.denied > 0;
        }
    }
    windows
}

/// Requests of each key in slices of a window, counted once for all phases.
struct Slices {
    /// Width of the windows, and how many slices make one.
    width_ms: i64,
    per_window: i64,
    keys: Vec<Vec<Slice>>,
}

/// The requests of one slice.
struct Slice {
    number: i64,
    admitted: u32,
    denied: bool,
}

impl Slices {
    /// One slice is a window.
    fn whole(traffic: &Traffic, width_ms: i64) -> Slices {
        Slices::new(traffic, width_ms, 1)
    }

    /// Slices at whose edges windows of any phase begin.
    fn of_phases(traffic: &Traffic, width_ms: i64) -> Slices {
        Slices::new(traffic, width_ms, PHASES)
    }

    fn new(traffic: &Traffic, width_ms: i64, per_window: i64) -> Slices {
        let slice_ms = width_ms / per_window;
        let of_key = |cells: &[Cell]| {
            let mut slices: Vec<Slice> = Vec::new();
            let mut end_ms = i64::MIN;
            for cell in cells {
                match slices.last_mut() {
                    // Cells come in time order: most lie in the slice of the one before.
                    Some(slice) if cell.time_ms < end_ms => {
                        slice.admitted += cell.admitted();
                        slice.denied |= cell.denied > 0;
                    }
                    _ => {
                        let number = cell.time_ms.div_euclid(slice_ms);
                        end_ms = (number + 1).saturating_mul(slice_ms);
                        slices.push(Slice {
                            number,
                            admitted: cell.admitted(),
                            denied: cell.denied > 0,
                        });
                    }
                }
            }
            slices
        };
        Slices {
            width_ms,
            per_window,
            keys: traffic.keys().map(|(_, cells)| of_key(cells)).collect(),
        }
    }
}

/// Windows that start `phase` slices after the multiples of their width.
fn at_phase(traffic: &Traffic, slices: &Slices, phase: i64) -> Option<Fitted> {
    let budget = budget(slices, phase)?;
    let width_ms = slices.width_ms;
    let phase_ms = phase * width_ms / slices.per_window;
    let limit = Limit {
        algorithm: Algorithm::FixedWindow,
        limit: Some(budget),
        window_s: Some(width_ms as f64 / 1000.0),
        ..Limit::default()
    };
    let machine = replay::shifted_window(&limit, phase_ms)?;
    let mut fitted = convincing(traffic, limit, &machine)?;
    fitted.phase_s = phase_ms as f64 / 1000.0;
    Some(fitted)
}

/// The count that most windows with denials admitted, none without denials exceeding it by much.
fn budget(slices: &Slices, phase: i64) -> Option<u32> {
    let (mut full, mut free) = (Vec::new(), Vec::new());
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for of_key in &slices.keys {
        let mut left = of_key.iter().peekable();
        while let Some(slice) = left.peek() {
            let number = (slice.number - phase).div_euclid(slices.per_window);
            let end = (number + 1) * slices.per_window + phase;
            let (mut admitted, mut denied) = (0u32, false);
            while let Some(slice) = left.next_if(|slice| slice.number < end) {
                admitted += slice.admitted;
                denied |= slice.denied;
            }
            if denied {
                first = first.min(number);
                last = last.max(number);
            }
            if denied { &mut full } else { &mut free }.push(f64::from(admitted));
        }
    }
    // A budget shows by coming back: one window with denials could as well be a list.
    if last - first < 2 {
        return None;
    }
    agreed(&mut full, &free)
}

/// The count that most of the `full` windows agree on, which `free` ones do not exceed by much.
fn agreed(full: &mut [f64], free: &[f64]) -> Option<u32> {
    if full.len() < FEWEST_WINDOWS {
        return None;
    }
    let middle = quantile(full, 0.5)?;
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
