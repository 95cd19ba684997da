//! Whether a policy explains the answers better than chance or a list would.
//!
//! One scale for all: the log-likelihood, in nats, of the number denied in each bin of time. Under
//! every hypothesis that number lies around a prediction with a two-sided geometric spread that is
//! free to fit, so none is punished for traffic that comes in clumps. A policy predicts by replay;
//! the *coin* denies a share of all requests at random; the *list* a share between a key's first
//! denial and its last, and nothing outside, one share for all keys or each its own. Neither is as
//! even as a machine: their spread is that of chance or wider. A random filter that denies 70 %
//! replays as a leaky bucket with an accuracy of .95: only the coin tells.

use super::Bin;

/// How far the number denied may lie from its prediction: each step more is this much less likely.
const SPREADS: [f64; 10] = [0.002, 0.01, 0.03, 0.07, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9];

/// Spreads as wide as chance makes them, or wider.
const WIDE_SPREADS: [f64; 4] = [0.5, 0.65, 0.8, 0.93];

/// Nats that a policy gains over the null explanations, its own parameters paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    /// Over one share of all requests denied at random.
    pub over_coin: f64,
    /// Over a share denied between a first and a last moment.
    pub over_list: f64,
    /// Bins with a denial, in the log or by the policy.
    pub bins: u32,
}

impl Score {
    /// Whether the gain is large enough to speak of a policy: over `nulls`, more than 12 nats in
    /// all and .15 per bin with denials.
    pub(crate) fn convinces(&self, over: f64) -> bool {
        over > 12.0 && over > 0.15 * f64::from(self.bins)
    }

    pub(super) fn of(bins: &[Bin]) -> Score {
        let size = (bins.len().max(2) as f64).ln();
        // A family of policies, two or three numbers and two spreads.
        let own_cost = 2.0 + 2.0 * size;
        let (calm, busy): (Vec<Bin>, Vec<Bin>) = bins.iter().partition(|bin| bin.predicted == 0);
        // A machine errs where it is at its limit, and hardly where it is not.
        let spread = |bins: &[Bin]| best_spread(bins, &SPREADS, |bin| f64::from(bin.predicted));
        let policy = spread(&calm) + spread(&busy) - own_cost;
        let coin = binomial_or_clumped(bins, share_of(bins)) - 0.5 * size;
        let together = list(bins) - 1.5 * size;
        let apart = list_per_key(bins, size);
        Score {
            over_coin: policy - coin,
            over_list: policy - together.max(apart).max(coin),
            bins: bins
                .iter()
                .filter(|bin| bin.denied + bin.predicted > 0)
                .count() as u32,
        }
    }
}

fn share_of(bins: &[Bin]) -> f64 {
    let requests: u64 = bins.iter().map(|bin| u64::from(bin.requests)).sum();
    let denied: u64 = bins.iter().map(|bin| u64::from(bin.denied)).sum();
    denied as f64 / requests.max(1) as f64
}

/// The better of "each request by chance" and "that share of each bin, but in clumps".
fn binomial_or_clumped(bins: &[Bin], share: f64) -> f64 {
    let clumped = best_spread(bins, &WIDE_SPREADS, |bin| share * f64::from(bin.requests));
    clumped.max(binomial(bins, share))
}

fn binomial(bins: &[Bin], share: f64) -> f64 {
    let share = share.clamp(1e-6, 1.0 - 1e-6);
    let (denied_ln, admitted_ln) = (share.ln(), (1.0 - share).ln());
    let term = |bin: &Bin| {
        let (n, d) = (f64::from(bin.requests), f64::from(bin.denied));
        ln_choose(bin.requests, bin.denied) + d * denied_ln + (n - d) * admitted_ln
    };
    bins.iter().map(term).sum()
}

/// One interval for all keys: bins between the first and the last with a denial, whatever the key.
fn list(bins: &[Bin]) -> f64 {
    // Bins come key by key, so the interval of all keys is that of each: nothing outside is denied.
    bins.chunk_by(|a, b| a.key == b.key)
        .map(denied_stretch)
        .fold(None, |shared: Option<Stretch>, (stretch, _)| {
            Some(stretch.join(shared))
        })
        .map_or(0.0, |stretch| stretch.log_likelihood())
}

/// An interval and a share for each key, each of which must pay for itself.
fn list_per_key(bins: &[Bin], size: f64) -> f64 {
    bins.chunk_by(|a, b| a.key == b.key)
        .map(|of_key| {
            let (stretch, denied) = denied_stretch(of_key);
            stretch.log_likelihood() - if denied { 1.5 * size } else { 0.0 }
        })
        .sum()
}

/// The bins in which a list would act.
#[derive(Default)]
struct Stretch {
    bins: Vec<Bin>,
}

impl Stretch {
    fn join(mut self, other: Option<Stretch>) -> Stretch {
        self.bins.extend(other.unwrap_or_default().bins);
        self
    }

    fn log_likelihood(&self) -> f64 {
        binomial_or_clumped(&self.bins, share_of(&self.bins))
    }
}

/// The bins of one key from its first denial to its last, and whether there are any.
fn denied_stretch(of_key: &[Bin]) -> (Stretch, bool) {
    let first = of_key.iter().position(|bin| bin.denied > 0);
    let last = of_key.iter().rposition(|bin| bin.denied > 0);
    match first.zip(last) {
        Some((first, last)) => (
            Stretch {
                bins: of_key[first..=last].to_vec(),
            },
            true,
        ),
        None => (Stretch::default(), false),
    }
}

/// How probable the numbers denied are around a prediction, at the best of the spreads.
fn best_spread(bins: &[Bin], spreads: &[f64], predict: impl Fn(&Bin) -> f64) -> f64 {
    let outcome = |bin: &Bin| {
        let predicted = (predict(bin).round() as u32).min(bin.requests);
        (
            bin.denied.abs_diff(predicted),
            predicted,
            bin.requests - predicted,
        )
    };
    // Most bins are alike, quiet ones above all: each kind is weighed once.
    let mut kinds: Vec<(u32, u32, u32)> = bins.iter().map(outcome).collect();
    kinds.sort_unstable();
    let at = |spread: &f64| {
        let weigh = |alike: &[(u32, u32, u32)]| alike.len() as f64 * ln_around(alike[0], *spread);
        kinds.chunk_by(|a, b| a == b).map(weigh).sum()
    };
    spreads.iter().map(at).fold(f64::NEG_INFINITY, f64::max)
}

/// ln of `spread^off` over its sum for every number that could have been denied: `below` of them
/// under the prediction and `above` over it.
fn ln_around((off, below, above): (u32, u32, u32), spread: f64) -> f64 {
    let tail = |length: u32| spread * (1.0 - spread.powf(f64::from(length))) / (1.0 - spread);
    f64::from(off) * spread.ln() - (1.0 + tail(below) + tail(above)).ln()
}

fn ln_choose(n: u32, k: u32) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k.min(n))
}

/// Stirling's series; exact to nine digits from 10 on, below by product.
fn ln_factorial(n: u32) -> f64 {
    if n < 10 {
        return (1..=n).map(f64::from).product::<f64>().ln();
    }
    let x = f64::from(n);
    x * x.ln() - x + 0.5 * (std::f64::consts::TAU * x).ln() + 1.0 / (12.0 * x)
        - 1.0 / (360.0 * x.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(cells: &[(u32, u32, u32)]) -> Vec<Bin> {
        let bin = |&(requests, denied, predicted): &_| Bin {
            key: 0,
            requests,
            denied,
            predicted,
        };
        cells.iter().map(bin).collect()
    }

    #[test]
    fn a_prediction_that_follows_the_load_beats_any_share() {
        let cells: Vec<_> = (0..60).map(|i| (4 + i % 9, i % 9, i % 9)).collect();
        let score = Score::of(&bins(&cells));
        assert!(score.convinces(score.over_list), "{score:?}");
    }

    #[test]
    fn what_chance_denies_gains_nothing() {
        // Shares of eight in twelve that wander as chance lets them, against an even prediction.
        let wander = [
            8, 6, 9, 10, 7, 8, 5, 9, 8, 11, 7, 8, 10, 6, 9, 8, 7, 10, 8, 9,
        ];
        let cells: Vec<_> = (0..60).map(|i| (12, wander[i % wander.len()], 8)).collect();
        let score = Score::of(&bins(&cells));
        assert!(
            !score.convinces(score.over_list) && !score.convinces(score.over_coin),
            "{score:?}"
        );
    }

    #[test]
    fn one_run_of_denials_is_a_list_until_more_speaks_for_a_limit() {
        let mut cells = vec![(5, 0, 0); 50];
        cells.extend([(5, 5, 5); 50]);
        let score = Score::of(&bins(&cells));
        assert!(
            score.convinces(score.over_coin) && !score.convinces(score.over_list),
            "{score:?}"
        );
    }

    #[test]
    fn factorials_are_right_on_both_sides_of_the_switch() {
        let by_product = |n: u32| (1..=n).map(|i| f64::from(i).ln()).sum::<f64>();
        for n in [0, 1, 5, 9, 10, 11, 50, 1000] {
            assert!((ln_factorial(n) - by_product(n)).abs() < 1e-8, "{n}");
        }
    }
}
