//! The width of a window: chosen so that a log has a few hundred to fifteen hundred of them.

use crate::survey::timeline::Bin;
use std::ops::Range;

/// Widths that people can read off a clock, in seconds.
const WIDTHS_S: [i64; 12] = [
    1,
    5,
    10,
    30,
    60,
    300,
    900,
    3_600,
    6 * 3_600,
    86_400,
    7 * 86_400,
    30 * 86_400,
];
/// A day in minutes, and a little.
const MOST_WINDOWS: i64 = 1_500;

/// The width asked for, else one that fits the span; never finer than the timeline.
pub fn width(asked: Option<u64>, span_s: &Range<i64>, timeline_width_s: i64) -> i64 {
    let length = (span_s.end - span_s.start).max(1);
    let chosen = match asked {
        Some(width) => width.clamp(1, i64::MAX as u64 / 4) as i64,
        None => WIDTHS_S
            .into_iter()
            .find(|width| length / width <= MOST_WINDOWS)
            .unwrap_or(WIDTHS_S[WIDTHS_S.len() - 1]),
    };
    // Bins of the timeline go into windows whole.
    (chosen + timeline_width_s - 1) / timeline_width_s * timeline_width_s
}

/// The requests and denials of each window that has some, by its number, of seconds in order.
pub fn sums(bins: &[(i64, Bin)], width_s: i64) -> Vec<(i64, Bin)> {
    let mut windows: Vec<(i64, Bin)> = Vec::new();
    for (second, bin) in bins {
        let number = second.div_euclid(width_s);
        match windows.last_mut() {
            Some((last, window)) if *last == number => {
                window.requests += bin.requests;
                window.denials += bin.denials;
            }
            _ => windows.push((number, *bin)),
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::width;

    #[test]
    fn a_day_has_minutes_and_an_hour_has_seconds() {
        assert_eq!(width(None, &(0..86_400), 1), 60);
        assert_eq!(width(None, &(0..3_600), 1), 5);
        assert_eq!(width(None, &(0..1), 1), 1);
        assert_eq!(width(Some(7), &(0..86_400), 1), 7);
        assert_eq!(width(Some(7), &(0..86_400), 10), 10);
    }
}
