//! Fits a sliding window in which only admitted requests count.
//!
//! Whenever a request is denied, exactly the budget was admitted within the window before it; and never more. So for
//! each width the counts before denials must agree, and replay decides.

use super::{FEWEST_DENIALS, Fitted, convincing, quantile};
use crate::findings::{Algorithm, Limit};
use crate::policy::limiter::Machine;
use crate::policy::replay::{Cell, Traffic};

/// Widths that limiters use, in seconds.
const WIDTHS_S: [f64; 9] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3600.0];

/// Smaller budgets agree by chance.
const SMALLEST_LIMIT: f64 = 3.0;

/// How often the budget must have come back after the first denial.
const RETURNS: f64 = 2.0;

/// The share of denials before which the budget must have been admitted.
const AGREE: f64 = 0.85;

/// The window that explains the traffic, if one does.
pub fn moving_window(traffic: &Traffic) -> Option<Fitted> {
    if traffic.denials() < FEWEST_DENIALS {
        return None;
    }
    let found = WIDTHS_S
        .into_iter()
        .filter_map(|width_s| at_width(traffic, width_s));
    found.max_by(|a, b| a.score.over_list.total_cmp(&b.score.over_list))
}

fn at_width(traffic: &Traffic, width_s: f64) -> Option<Fitted> {
    let (mut at_denials, mut at_admits) = (Vec::new(), Vec::new());
    let mut returned = 0u64;
    for (_, cells) in traffic.keys() {
        let first = cells.iter().position(|cell| cell.denied > 0);
        let later = first.map_or(&[][..], |first| &cells[first + 1..]);
        returned += later
            .iter()
            .map(|cell| u64::from(cell.admitted()))
            .sum::<u64>();
        counts(traffic, cells, width_s, &mut at_denials, &mut at_admits);
    }
    let budget = quantile(&mut at_denials, 0.5)?;
    let near = |count: &&f64| (**count - budget).abs() <= (0.05 * budget).max(1.0);
    let agreeing = at_denials.iter().filter(near).count() as f64;
    let above = at_admits
        .iter()
        .filter(|count| **count > 1.05 * budget + 1.0);
    let well = agreeing >= AGREE * at_denials.len() as f64
        && above.count() as f64 <= 0.02 * at_admits.len() as f64;
    // A budget shows by coming back: admitted once and then denied is what many things do.
    if budget < SMALLEST_LIMIT || !well || (returned as f64) < RETURNS * budget {
        return None;
    }
    let limit = Limit {
        algorithm: Algorithm::SlidingWindow,
        limit: Some(budget as u32),
        window_s: Some(width_s),
        renewed: Some(false),
        ..Limit::default()
    };
    let machine = Machine::new(&limit).ok()?;
    convincing(traffic, limit, &machine)
}

/// What was admitted within the window before each denied request, and up to each admitted one, of one key.
fn counts(
    traffic: &Traffic,
    cells: &[Cell],
    width_s: f64,
    at_denials: &mut Vec<f64>,
    at_admits: &mut Vec<f64>,
) {
    let width_ms = ((width_s - traffic.stamp_s() / 2.0) * 1000.0) as i64;
    let (mut oldest, mut count) = (0, 0u32);
    for (at, cell) in cells.iter().enumerate() {
        while oldest < at && cell.time_ms - cells[oldest].time_ms > width_ms {
            count = count.saturating_sub(cells[oldest].admitted());
            oldest += 1;
        }
        count += cell.admitted();
        // Under one stamp the admitted ones came first.
        if cell.denied > 0 {
            at_denials.push(f64::from(count));
        }
        if cell.admitted() > 0 {
            at_admits.push(f64::from(count));
        }
    }
}
