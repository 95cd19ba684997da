//! The best mark of a rate limit: the admitted count stays while the offered count varies.
//!
//! Per bin of time in which the key was saturated (denials in it and in its neighbours), the variance
//! of the admitted count over its mean is near 0 behind a bucket. Elsewhere it is what random thinning would
//! leave, `q·VMR(all) + 1 - q`, or, where the admitted are callers of their own who know nothing of the denied
//! ones (behind a challenge, a list), about 1 (Poisson). The ratio is taken against the smaller of both:
//! regular pollers vary little by themselves.

/// Widths of bins that are tried, in seconds.
const WIDTHS_S: [i64; 8] = [1, 2, 5, 10, 30, 60, 120, 300];
/// Saturated bins needed.
const LEAST_BINS: usize = 5;
/// Mean admitted requests per bin needed: below it counts are too coarse to vary.
const LEAST_MEAN: f64 = 4.0;

/// Variance over mean that the offered counts must have: chance has 1, a metronome 0.
const LEAST_VARIATION: f64 = 0.05;

/// Of the growth of the offered count, admissions may follow this much less than their share.
const MOST_FOLLOWING: f64 = 0.4;

/// How tightly admissions are clamped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clamp {
    /// Variance over mean of the admitted counts, relative to random thinning or to independent callers.
    pub ratio: f64,
    /// How many standard deviations the ratio lies below 1 (Wilson-Hilferty).
    pub deviations: f64,
    /// Width of the bins in seconds.
    pub width_s: i64,
    /// How many saturated bins there are.
    pub bins: usize,
    /// Admitted requests per second in them.
    pub rate_per_s: f64,
    /// Lowest and highest offered requests per bin.
    pub offered: (u64, u64),
    /// Lowest and highest admitted requests per bin.
    pub admitted: (u64, u64),
}

/// The tightest clamp over all widths; `arrivals` are (second, denied), in time order.
pub fn measure(arrivals: &[(i64, bool)]) -> Option<Clamp> {
    let mut binned: Vec<(i64, Vec<Bin>)> = vec![(1, by_second(arrivals))];
    for width in &WIDTHS_S[1..] {
        // From the widest bins that it is a multiple of.
        let finer = binned.iter().rev().find(|(finer, _)| width % finer == 0);
        if let Some((_, finer)) = finer {
            let bins = widened(finer, *width);
            binned.push((*width, bins));
        }
    }
    binned
        .iter()
        .filter_map(|(width, bins)| at_width(bins, *width))
        .max_by(|a, b| (-a.deviations).total_cmp(&-b.deviations))
}

fn at_width(bins: &[Bin], width_s: i64) -> Option<Clamp> {
    let denied = |at: Option<&Bin>, number: i64| {
        at.is_some_and(|bin| bin.number == number && bin.denied > 0)
    };
    let full: Vec<(u64, u64)> = (0..bins.len())
        .filter(|at| {
            let bin = &bins[*at];
            bin.denied > 0
                && denied(
                    at.checked_sub(1).and_then(|before| bins.get(before)),
                    bin.number - 1,
                )
                && denied(bins.get(at + 1), bin.number + 1)
        })
        .map(|at| (bins[at].admitted, bins[at].admitted + bins[at].denied))
        .collect();
    if full.len() < LEAST_BINS {
        return None;
    }
    let (mean, ratio) = spread(full.iter().map(|(admitted, _)| *admitted as f64));
    let (offered_mean, offered_ratio) = spread(full.iter().map(|(_, offered)| *offered as f64));
    if mean < LEAST_MEAN || mean > 0.97 * offered_mean {
        return None;
    }
    if offered_ratio < LEAST_VARIATION {
        return None; // of a count that never changes, a share does not either
    }
    let share = mean / offered_mean;
    let (slope, error) = slope(&full, mean, offered_mean);
    if slope - error > MOST_FOLLOWING * share {
        return None; // admissions follow what is offered
    }
    let thinned = share * offered_ratio + 1.0 - share;
    let ratio = ratio / thinned.clamp(1e-9, 1.0);
    let freedom = (full.len() - 1) as f64;
    let scale = (2.0 / (9.0 * freedom)).sqrt();
    let deviations = (ratio.cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / scale;
    let range = |values: &mut dyn Iterator<Item = u64>| {
        values.fold((u64::MAX, 0), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    Some(Clamp {
        ratio,
        deviations,
        width_s,
        bins: full.len(),
        rate_per_s: mean / width_s as f64,
        offered: range(&mut full.iter().map(|(_, offered)| *offered)),
        admitted: range(&mut full.iter().map(|(admitted, _)| *admitted)),
    })
}

#[derive(Clone, Copy)]
struct Bin {
    number: i64,
    /// Where the bin begins.
    start_s: i64,
    admitted: u64,
    denied: u64,
}

/// Arrivals in time order, counted per second; seconds without arrivals are left out.
fn by_second(arrivals: &[(i64, bool)]) -> Vec<Bin> {
    let of_second = |alike: &[(i64, bool)]| {
        let denied = alike.iter().filter(|(_, denied)| *denied).count();
        Bin {
            number: alike[0].0,
            start_s: alike[0].0,
            admitted: (alike.len() - denied) as u64,
            denied: denied as u64,
        }
    };
    arrivals
        .chunk_by(|a, b| a.0 == b.0)
        .map(of_second)
        .collect()
}

/// Bins put together in wider ones; those without arrivals are left out.
fn widened(finer: &[Bin], width_s: i64) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    let mut end_s = i64::MIN;
    for part in finer {
        match bins.last_mut() {
            Some(bin) if part.start_s < end_s => {
                bin.admitted += part.admitted;
                bin.denied += part.denied;
            }
            _ => {
                let number = part.start_s.div_euclid(width_s);
                let start_s = number.saturating_mul(width_s);
                end_s = start_s.saturating_add(width_s);
                bins.push(Bin {
                    number,
                    start_s,
                    ..*part
                });
            }
        }
    }
    bins
}

/// How many more requests are admitted for each that is offered more (least squares), and its standard error:
/// where hardly more was ever offered, nothing is known.
fn slope(bins: &[(u64, u64)], admitted_mean: f64, offered_mean: f64) -> (f64, f64) {
    let (mut together, mut alone, mut admitted) = (0.0, 0.0, 0.0);
    for (of_bin, offered) in bins {
        let distance = *offered as f64 - offered_mean;
        together += distance * (*of_bin as f64 - admitted_mean);
        alone += distance * distance;
        admitted += (*of_bin as f64 - admitted_mean).powi(2);
    }
    if alone <= 0.0 {
        return (0.0, 0.0);
    }
    let slope = together / alone;
    let left = (admitted - slope * together).max(0.0) / (bins.len() as f64 - 2.0).max(1.0);
    (slope, (left / alone).sqrt())
}

/// Mean, and variance over mean.
fn spread(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|v| (v - mean) * (v - mean)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, if mean > 0.0 { variance / mean } else { 0.0 })
}

/// Whether busier seconds of a key are denied more: a limiter's mark even where it counts something that
/// the log does not show, such as requests in flight.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// Share denied in the quieter half of the requests, and in the busier half.
    pub quiet: f64,
    /// See `quiet`.
    pub busy: f64,
    /// Standard deviations between the two.
    pub deviations: f64,
}

/// Compares busy with quiet seconds; `seconds` are (requests, denials) of one key in one second each.
pub fn load(mut seconds: Vec<(u64, u64)>) -> Option<Load> {
    seconds.sort_unstable();
    let all: u64 = seconds.iter().map(|(requests, _)| requests).sum();
    let middle = seconds.get(seconds.len() / 2)?.0;
    let (mut quiet, mut busy) = ((0u64, 0u64), (0u64, 0u64));
    for (requests, denials) in &seconds {
        let half = if *requests <= middle {
            &mut quiet
        } else {
            &mut busy
        };
        half.0 += requests;
        half.1 += denials;
    }
    if quiet.0 < 50 || busy.0 < 50 {
        return None;
    }
    let share = |half: (u64, u64)| half.1 as f64 / half.0 as f64;
    let pooled = (quiet.1 + busy.1) as f64 / all as f64;
    let error = (pooled * (1.0 - pooled) * (1.0 / quiet.0 as f64 + 1.0 / busy.0 as f64)).sqrt();
    let deviations = if error > 0.0 {
        (share(busy) - share(quiet)) / error
    } else {
        0.0
    };
    Some(Load {
        quiet: share(quiet),
        busy: share(busy),
        deviations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed sequence in place of chance.
    fn noise(at: i64) -> i64 {
        (at.wrapping_mul(2_654_435_761) >> 7) & 15
    }

    #[test]
    fn a_bucket_clamps_and_a_coin_does_not() {
        let mut bucket = Vec::new();
        let mut coin = Vec::new();
        for second in 0..1200 {
            for request in 0..2 + noise(second) {
                bucket.push((second, request >= 2));
                coin.push((second, noise(second * 31 + request) < 11));
            }
        }
        let tight = measure(&bucket).expect("saturated throughout");
        assert!(tight.ratio < 0.1 && tight.deviations < -5.0, "{tight:?}");
        assert!((tight.rate_per_s - 2.0).abs() < 0.1, "{tight:?}");
        assert!(measure(&coin).is_none_or(|loose| loose.deviations > -3.0));
    }
}
