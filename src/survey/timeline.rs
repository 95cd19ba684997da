//! Requests and denials over time, in bins that widen as a log grows longer.
//!
//! A commutative monoid: the width of the merged timeline is the smallest one at which all seconds
//! seen by any part fit in `MOST_BINS`, whatever the order of merging. Bins are sparse, so a clock
//! that jumps by a century costs one page of them.

use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::ops::Range;

/// Bins kept before they are widened: three days of seconds, 6 MiB where they stand side by side, and
/// 70 MiB at worst.
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

/// Bins that stand side by side, so that a busy log asks the map once for all of them.
type Page = [Bin; PAGE as usize];
const PAGE: i64 = 16;

/// Requests and denials over time.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// By number of the first bin, divided by [`PAGE`].
    pages: HashMap<i64, Page, FixedState>,
    /// How many bins hold a request, apart from those of `current`.
    bins: usize,
    level: usize,
    /// The page being counted, by its seconds; log lines come mostly in order.
    current: (Range<i64>, Page),
}

impl Default for Timeline {
    fn default() -> Self {
        let current = (0..0, Page::default());
        Timeline {
            pages: HashMap::default(),
            bins: 0,
            level: 0,
            current,
        }
    }
}

impl Timeline {
    /// Counts one request that was completed in this second.
    #[inline]
    pub fn count(&mut self, second: i64, denied: bool) {
        if !self.current.0.contains(&second) {
            self.turn_to(second);
        }
        // Most logs are short enough for seconds, and a division is slow.
        let at = match second - self.current.0.start {
            seconds if self.level == 0 => seconds,
            seconds => seconds / self.width_s(),
        };
        if let Some(bin) = self.current.1.get_mut(at as usize) {
            bin.requests += 1;
            bin.denials += u64::from(denied);
        }
    }

    fn turn_to(&mut self, second: i64) {
        self.flush();
        let seconds = PAGE * self.width_s();
        let start = second.div_euclid(seconds).saturating_mul(seconds);
        self.current.0 = start..start.saturating_add(seconds);
    }

    fn flush(&mut self) {
        let (seconds, page) = std::mem::take(&mut self.current);
        if !seconds.is_empty() {
            self.add(seconds.start.div_euclid(PAGE * self.width_s()), &page);
        }
        while self.bins > MOST_BINS && self.level + 1 < WIDTHS.len() {
            self.widen(self.level + 1);
        }
    }

    fn add(&mut self, number: i64, page: &Page) {
        let mine = self.pages.entry(number).or_default();
        for (slot, bin) in mine.iter_mut().zip(page) {
            self.bins += usize::from(slot.requests == 0 && bin.requests > 0);
            slot.requests += bin.requests;
            slot.denials += bin.denials;
        }
    }

    fn widen(&mut self, level: usize) {
        let factor = WIDTHS[level] / WIDTHS[self.level];
        let narrow = std::mem::take(&mut self.pages);
        (self.bins, self.level) = (0, level);
        for (number, page) in narrow {
            for (bin, at) in page.into_iter().zip(number * PAGE..) {
                if bin.requests > 0 {
                    let wide = at.div_euclid(factor);
                    let mut single = Page::default();
                    single[wide.rem_euclid(PAGE) as usize] = bin;
                    self.add(wide.div_euclid(PAGE), &single);
                }
            }
        }
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
        for (number, page) in &other.pages {
            self.add(*number, page);
        }
        self.flush();
    }

    /// Width of a bin in seconds.
    pub fn width_s(&self) -> i64 {
        WIDTHS[self.level]
    }

    /// Requests by hour since the epoch, without those since the last merge; bins wider than an hour are
    /// divided among theirs.
    pub fn requests_by_hour(&self) -> HashMap<i64, u64, FixedState> {
        let mut hours: HashMap<i64, u64, FixedState> = HashMap::default();
        let bins_an_hour = (3_600 / self.width_s()).max(1);
        let hours_a_bin = (self.width_s() / 3_600).max(1);
        for (number, page) in &self.pages {
            for (bin, at) in page
                .iter()
                .zip(number * PAGE..)
                .filter(|(bin, _)| bin.requests > 0)
            {
                let first = at.div_euclid(bins_an_hour) * hours_a_bin;
                for hour in first..first + hours_a_bin {
                    *hours.entry(hour).or_default() += bin.requests.div_ceil(hours_a_bin as u64);
                }
            }
        }
        hours
    }

    /// The bins in order, as (first second, bin).
    pub fn sorted(&mut self) -> Vec<(i64, Bin)> {
        self.flush();
        let width = self.width_s();
        let mut pages: Vec<(&i64, &Page)> = self.pages.iter().collect();
        pages.sort_unstable_by_key(|(number, _)| **number);
        let bins = pages
            .into_iter()
            .flat_map(|(number, page)| page.iter().zip(number * PAGE..));
        bins.filter(|(bin, _)| bin.requests > 0)
            .map(|(bin, at)| (at * width, *bin))
            .collect()
    }
}

/// The seconds that hold all but 0.2 % of the requests, so that one absurd stamp stretches nothing.
pub fn robust_span(bins: &[(i64, Bin)], width_s: i64) -> Range<i64> {
    let (Some((first, _)), Some((last, _))) = (bins.first(), bins.last()) else {
        return 0..0;
    };
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
    let (start, end) = (
        edge(&mut bins.iter(), *first),
        edge(&mut bins.iter().rev(), *last),
    );
    // Only what lies further off than the log is long is stray: a quiet night at the edge is none.
    let core = (end - start).max(width_s);
    let seconds = || bins.iter().map(|(second, _)| *second);
    let start = seconds()
        .find(|second| *second >= start - core)
        .unwrap_or(start);
    let end = seconds()
        .rfind(|second| *second <= end + core)
        .unwrap_or(end);
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
