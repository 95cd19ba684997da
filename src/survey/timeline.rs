//! Requests and denials over time, in bins that widen as a log grows longer.
//!
//! A commutative monoid: the width of the merged timeline is the smallest one at which all seconds
//! seen by any part fit in [`MOST_BINS`], whatever the order of merging. Bins are sparse, so a clock
//! that jumps by a century costs one bin.

use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::ops::Range;

/// Bins kept before they are widened: three days of seconds, 6 MiB.
const MOST_BINS: usize = 1 << 18;
/// Widths in seconds; each is a multiple of the one before.
const WIDTHS: [i64; 6] = [1, 10, 60, 600, 3_600, 86_400];
/// Share of the requests that the robust span leaves out, half at each end.
const OUTSIDE_SPAN: f64 = 0.002;

/// Requests and denials of a bin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bin {
    /// All requests.
    pub requests: u64,
    /// Denials among them.
    pub denials: u64,
}

/// Requests and denials over time.
#[derive(Debug, Clone)]
pub struct Timeline {
    bins: HashMap<i64, Bin, FixedState>,
    level: usize,
    /// The bin being counted, by its seconds; log lines come mostly in order.
    current: (Range<i64>, Bin),
}

impl Default for Timeline {
    fn default() -> Self {
        Timeline { bins: HashMap::default(), level: 0, current: (0..0, Bin::default()) }
    }
}

impl Timeline {
    /// Counts one request that was completed in this second.
    #[inline]
    pub fn count(&mut self, second: i64, denied: bool) {
        if !self.current.0.contains(&second) {
            self.flush();
            let width = self.width_s();
            let start = second.div_euclid(width).saturating_mul(width);
            self.current.0 = start..start.saturating_add(width);
        }
        self.current.1.requests += 1;
        self.current.1.denials += u64::from(denied);
    }

    fn flush(&mut self) {
        let (seconds, bin) = std::mem::replace(&mut self.current, (0..0, Bin::default()));
        if bin.requests > 0 {
            self.add(seconds.start.div_euclid(self.width_s()), bin);
        }
    }

    fn add(&mut self, number: i64, bin: Bin) {
        let slot = self.bins.entry(number).or_default();
        slot.requests += bin.requests;
        slot.denials += bin.denials;
        while self.bins.len() > MOST_BINS && self.level + 1 < WIDTHS.len() {
            self.widen(self.level + 1);
        }
    }

    fn widen(&mut self, level: usize) {
        let factor = WIDTHS[level] / WIDTHS[self.level];
        let narrow = std::mem::take(&mut self.bins);
        for (number, bin) in narrow {
            let slot = self.bins.entry(number.div_euclid(factor)).or_default();
            slot.requests += bin.requests;
            slot.denials += bin.denials;
        }
        self.level = level;
    }

    /// Adds another timeline to this one.
    pub fn merge(&mut self, mut other: Timeline) {
        self.flush();
        other.flush();
        if other.level > self.level {
            self.widen(other.level);
        } else if self.level > other.level {
            other.widen(self.level);
        }
        for (number, bin) in other.bins {
            let factor = WIDTHS[self.level] / WIDTHS[other.level];
            self.add(number.div_euclid(factor), bin);
        }
    }

    /// Width of a bin in seconds.
    pub fn width_s(&self) -> i64 {
        WIDTHS[self.level]
    }

    /// The bins in order, as (first second, bin).
    pub fn sorted(&mut self) -> Vec<(i64, Bin)> {
        self.flush();
        let width = self.width_s();
        let mut bins: Vec<(i64, Bin)> =
            self.bins.iter().map(|(number, bin)| (number * width, *bin)).collect();
        bins.sort_unstable_by_key(|(second, _)| *second);
        bins
    }
}

/// The seconds that hold all but 0.2 % of the requests, so that one absurd stamp stretches nothing.
pub fn robust_span(bins: &[(i64, Bin)], width_s: i64) -> Range<i64> {
    let (Some((first, _)), Some((last, _))) = (bins.first(), bins.last()) else { return 0..0 };
    let all: u64 = bins.iter().map(|(_, bin)| bin.requests).sum();
    let leave = (all as f64 * OUTSIDE_SPAN / 2.0) as u64;
    let edge = |bins: &mut dyn Iterator<Item = &(i64, Bin)>, fallback: i64| {
        let mut passed = 0;
        for (second, bin) in bins {
            passed += bin.requests;
            if passed > leave {
                return *second;
            }
        }
        fallback
    };
    let (start, end) = (edge(&mut bins.iter(), *first), edge(&mut bins.iter().rev(), *last));
    // Only what lies further off than the log is long is stray: a quiet night at the edge is none.
    let core = (end - start).max(width_s);
    let seconds = || bins.iter().map(|(second, _)| *second);
    let start = seconds().find(|second| *second >= start - core).unwrap_or(start);
    let end = seconds().rfind(|second| *second <= end + core).unwrap_or(end);
    start..end + width_s
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(seconds: &[i64]) -> Timeline {
        let mut timeline = Timeline::default();
        for second in seconds {
            timeline.count(*second, second % 3 == 0);
        }
        timeline
    }

    proptest! {
        #[test]
        fn merging_parts_equals_counting_all(
            seconds in prop::collection::vec(-5_000_000i64..5_000_000, 0..300),
            cut in 0usize..300,
        ) {
            let cut = cut.min(seconds.len());
            let (mut left, right) = (of(&seconds[..cut]), of(&seconds[cut..]));
            left.merge(right);
            prop_assert_eq!(left.sorted(), of(&seconds).sorted());
        }
    }

    #[test]
    fn a_long_log_widens_its_bins_to_the_same_width_in_any_order() {
        let seconds: Vec<i64> = (0..(MOST_BINS as i64 + 100)).collect();
        let (mut left, right) = (of(&seconds[..1000]), of(&seconds[1000..]));
        left.merge(right);
        assert_eq!(left.width_s(), 10);
        assert_eq!(left.sorted(), of(&seconds).sorted());
    }

    #[test]
    fn one_absurd_stamp_does_not_stretch_the_span() {
        let mut seconds: Vec<i64> = (0..10_000).collect();
        seconds.push(4_000_000_000);
        let mut timeline = of(&seconds);
        let bins = timeline.sorted();
        assert_eq!(robust_span(&bins, 1).end, 10_000);
    }
}
