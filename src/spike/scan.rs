//! Finds the intervals in which denials exceed what the rest of the log and the exposure explain.
//!
//! A scan statistic (Kulldorff) over windows of growing width: the interval with the largest Poisson
//! log-likelihood ratio is taken out, and the rest is asked again. Exposure is the *admitted* traffic,
//! for a spike counted into its own exposure would hide itself.

use std::ops::Range;

/// Below this log-likelihood ratio an excess is noise: it allows for the thousands of windows looked at.
const LEAST_RATIO: f64 = 12.0;
/// Fewer denials are not a spike.
const LEAST_DENIALS: usize = 20;
/// The rate inside must be this many times the rate outside.
const LEAST_RISE: f64 = 3.0;
/// An interval that covers more of the log than this is how the log is, not a spike.
const LONGEST_SHARE: f64 = 0.85;
/// No log has more spikes of one cause than this worth telling apart.
const MOST_SPIKES: usize = 24;
/// Bins of a scan.
const MOST_BINS: i64 = 1440;

/// Exposure over the span of a log, in bins.
#[derive(Debug, Clone)]
pub struct Exposure {
    start_s: i64,
    width_s: i64,
    /// Cumulative exposure before each bin; one more entry than bins.
    before: Vec<f64>,
}

impl Exposure {
    /// From `(second, admitted requests)` pairs over `span_s`: smoothed, with mean 1, clipped to 0.25..4.
    pub fn new(span_s: Range<i64>, admitted: impl Iterator<Item = (i64, u64)>) -> Exposure {
        let length = (span_s.end - span_s.start).max(1);
        let width_s = ((length + MOST_BINS - 1) / MOST_BINS).max(1);
        let bins = ((length + width_s - 1) / width_s).max(1) as usize;
        let mut counts = vec![0.0; bins];
        for (second, count) in admitted {
            let bin = (second - span_s.start).div_euclid(width_s);
            if let Some(slot) = usize::try_from(bin)
                .ok()
                .and_then(|bin| counts.get_mut(bin))
            {
                *slot += count as f64;
            }
        }
        let smooth = smoothed(&counts, (bins / 48).max(5));
        let mean = smooth.iter().sum::<f64>() / bins as f64;
        let mut before = Vec::with_capacity(bins + 1);
        let mut total = 0.0;
        before.push(0.0);
        for value in smooth {
            total += if mean > 0.0 {
                (value / mean).clamp(0.25, 4.0)
            } else {
                1.0
            };
            before.push(total);
        }
        Exposure {
            start_s: span_s.start,
            width_s,
            before,
        }
    }

    /// The second in which it begins.
    pub fn start_s(&self) -> i64 {
        self.start_s
    }

    /// Width of its bins, in seconds.
    pub fn width_s(&self) -> i64 {
        self.width_s
    }

    fn bins(&self) -> usize {
        self.before.len() - 1
    }

    fn bin(&self, second: i64) -> usize {
        let bin = (second - self.start_s).div_euclid(self.width_s);
        bin.clamp(0, self.bins() as i64 - 1) as usize
    }

    /// Exposure of `[start_s, end_s)`, to the bin; the whole log is [`Exposure::total`].
    pub fn of(&self, start_s: i64, end_s: i64) -> f64 {
        let (first, last) = (self.bin(start_s), self.bin((end_s - 1).max(start_s)));
        self.before[last + 1] - self.before[first]
    }

    /// Exposure of the whole log.
    pub fn total(&self) -> f64 {
        self.before[self.bins()]
    }
}

fn smoothed(counts: &[f64], reach: usize) -> Vec<f64> {
    let mut before = vec![0.0];
    let mut total = 0.0;
    for count in counts {
        total += count;
        before.push(total);
    }
    (0..counts.len())
        .map(|at| {
            let (low, high) = (at.saturating_sub(reach), (at + reach + 1).min(counts.len()));
            (before[high] - before[low]) / (high - low) as f64
        })
        .collect()
}

/// Where a spike stands in the sorted seconds that were scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burst {
    /// Positions in `seconds`.
    pub members: Range<usize>,
}

/// The bursts in sorted denial times (seconds), earliest first; none overlap.
pub fn bursts(seconds: &[i64], exposure: &Exposure) -> Vec<Burst> {
    let mut taken = vec![false; exposure.bins()];
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut left = seconds.len();
    for _ in 0..MOST_SPIKES {
        let counts = bin_counts(seconds, exposure, &taken);
        let Some(window) = best_window(&counts, exposure, &taken) else {
            break;
        };
        let mut members = members_of(seconds, exposure, &window);
        if members.is_empty() {
            break;
        }
        grow(seconds, &mut members, exposure, &found);
        let inside = members.len();
        let cover =
            exposure.bin(seconds[members.start])..exposure.bin(seconds[members.end - 1]) + 1;
        for bin in cover {
            taken[bin] = true;
        }
        if accepted(seconds, &members, left, exposure) {
            found.push(members);
            left -= inside.min(left);
        }
    }
    found.sort_by_key(|members| members.start);
    found.into_iter().map(|members| Burst { members }).collect()
}

fn bin_counts(seconds: &[i64], exposure: &Exposure, taken: &[bool]) -> Vec<f64> {
    let mut counts = vec![0.0; exposure.bins()];
    for second in seconds {
        let bin = exposure.bin(*second);
        if !taken[bin] {
            counts[bin] += 1.0;
        }
    }
    counts
}

/// The free window with the largest likelihood ratio, if it is large enough.
fn best_window(counts: &[f64], exposure: &Exposure, taken: &[bool]) -> Option<Range<usize>> {
    let bins = counts.len();
    let mut count_before = vec![0.0];
    let mut exposure_before = vec![0.0];
    let mut taken_before = vec![0usize];
    for bin in 0..bins {
        taken_before.push(taken_before[bin] + usize::from(taken[bin]));
        count_before.push(count_before[bin] + counts[bin]);
        let free = if taken[bin] {
            0.0
        } else {
            exposure.before[bin + 1] - exposure.before[bin]
        };
        exposure_before.push(exposure_before[bin] + free);
    }
    let (all, all_exposure) = (count_before[bins], exposure_before[bins]);
    let mut best = (LEAST_RATIO, None);
    let mut width = 1usize;
    while width as f64 <= (bins as f64 * 0.9).max(1.0) {
        for start in 0..=bins - width {
            let inside = count_before[start + width] - count_before[start];
            // A window may not reach over a burst that was found before.
            if inside < 3.0 || taken_before[start + width] > taken_before[start] {
                continue;
            }
            let expected =
                all * (exposure_before[start + width] - exposure_before[start]) / all_exposure;
            let ratio = likelihood_ratio(inside, expected, all);
            if ratio > best.0 {
                best = (ratio, Some(start..start + width));
            }
        }
        width = (width + 1).max((width as f64 * 1.15) as usize);
    }
    best.1
}

/// Poisson log-likelihood ratio of `inside` of `all` events where `expected` were due; 0 for no excess.
pub fn likelihood_ratio(inside: f64, expected: f64, all: f64) -> f64 {
    if inside <= expected || expected <= 0.0 {
        return 0.0;
    }
    let outside = all - inside;
    let outside_term = if outside > 0.0 {
        outside * (outside / (all - expected)).ln()
    } else {
        0.0
    };
    inside * (inside / expected).ln() + outside_term
}

fn members_of(seconds: &[i64], exposure: &Exposure, window: &Range<usize>) -> Range<usize> {
    let start_s = exposure.start_s + window.start as i64 * exposure.width_s;
    let end_s = exposure.start_s + window.end as i64 * exposure.width_s;
    seconds.partition_point(|s| *s < start_s)..seconds.partition_point(|s| *s < end_s)
}

/// Moves the edges outwards over gaps that are no larger than the burst's own pace, or than chance
/// would leave at the standing rate.
fn grow(seconds: &[i64], members: &mut Range<usize>, exposure: &Exposure, found: &[Range<usize>]) {
    let floor = found
        .iter()
        .map(|f| f.end)
        .filter(|end| *end <= members.start)
        .max()
        .unwrap_or(0);
    let ceiling = found
        .iter()
        .map(|f| f.start)
        .filter(|start| *start >= members.end)
        .min();
    let ceiling = ceiling.unwrap_or(seconds.len());
    let length = (seconds[members.end - 1] - seconds[members.start]) as f64;
    let pace = length / members.len().max(1) as f64;
    let outside = (seconds.len() - members.len()) as f64;
    let span = exposure.bins() as f64 * exposure.width_s as f64;
    let standing_gap = if outside > 0.0 {
        0.35 * (span - length).max(1.0) / outside
    } else {
        f64::MAX
    };
    let twice = 2.0 * exposure.width_s as f64;
    let reach = (8.0 * pace).max(twice).min(standing_gap.max(twice)) as i64;
    while members.start > floor && seconds[members.start] - seconds[members.start - 1] <= reach {
        members.start -= 1;
    }
    while members.end < ceiling && seconds[members.end] - seconds[members.end - 1] <= reach {
        members.end += 1;
    }
}

fn accepted(seconds: &[i64], members: &Range<usize>, left: usize, exposure: &Exposure) -> bool {
    let (start_s, end_s) = (seconds[members.start], seconds[members.end - 1] + 1);
    let inside = members.len() as f64;
    let outside = left as f64 - inside;
    let (here, everywhere) = (exposure.of(start_s, end_s), exposure.total());
    let rate_outside = outside / (everywhere - here).max(1e-9);
    let span = exposure.bins() as f64 * exposure.width_s as f64;
    members.len() >= LEAST_DENIALS
        && inside / here >= LEAST_RISE * rate_outside
        && ((end_s - start_s) as f64) < LONGEST_SHARE * span
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(span: i64) -> Exposure {
        Exposure::new(0..span, (0..span).map(|s| (s, 10)))
    }

    #[test]
    fn a_burst_over_a_standing_rate_is_found_to_the_second() {
        let mut seconds: Vec<i64> = (0..36_000).step_by(300).collect();
        seconds.extend((10_001..10_601).step_by(2));
        seconds.sort_unstable();
        let found = bursts(&seconds, &flat(36_000));
        assert_eq!(found.len(), 1);
        let members = &found[0].members;
        assert!((seconds[members.start] - 10_001).abs() <= 120);
        assert!((seconds[members.end - 1] - 10_599).abs() <= 120);
    }

    #[test]
    fn a_steady_rate_has_no_burst() {
        let seconds: Vec<i64> = (0..36_000).step_by(37).collect();
        assert!(bursts(&seconds, &flat(36_000)).is_empty());
    }

    #[test]
    fn denials_that_rise_with_the_traffic_are_no_burst() {
        let exposure = Exposure::new(
            0..40_000,
            (0..40_000).map(|s| (s, if s / 10_000 == 2 { 40 } else { 10 })),
        );
        let mut seconds: Vec<i64> = (0..40_000).step_by(40).collect();
        seconds.extend((20_000..30_000).step_by(14));
        seconds.sort_unstable();
        assert!(bursts(&seconds, &exposure).is_empty());
    }
}
