//! Whole counts, where Examine kept only a share of the denied requests.
//!
//! Survey's totals are exact, and the counts of spikes must add up to them. A row stands for as many
//! requests as its address's share says; the denials of the log are then divided among the verdicts
//! in proportion, to the last one (largest remainders).

use crate::examine::table::Table;
use crate::findings::Spike;
use crate::verdict::Verdict;

/// Raises the counts of spikes, each described from the verdict in its place, to those of the log.
pub fn raise(table: &Table<'_>, verdicts: &[Verdict], spikes: &mut [&mut Spike], denials: u64) {
    if !table.is_thinned() {
        return;
    }
    let stands_for = |verdict: &Verdict| -> u64 {
        let rows = verdict
            .denials
            .iter()
            .map(|index| &table.rows[*index as usize]);
        rows.map(|row| u64::from(table.weight(row))).sum()
    };
    let weights: Vec<u64> = verdicts.iter().map(stands_for).collect();
    for (spike, whole) in spikes.iter_mut().zip(divided(denials, &weights)) {
        raise_one(spike, whole);
    }
}

fn raise_one(spike: &mut Spike, denials: u64) {
    let factor = denials as f64 / spike.denials.max(1) as f64;
    let raised = |count: u64| (count as f64 * factor).round() as u64;
    spike.denials = denials;
    spike.requests = raised(spike.requests).max(denials);
    spike.expected *= factor;
    spike.peak.denials = raised(spike.peak.denials).min(denials);
    for key in spike.keys.values_mut().flatten() {
        key.denials = raised(key.denials).min(denials);
        key.requests = raised(key.requests).max(key.denials);
    }
}

/// `total` divided in proportion to `weights`; the parts add up to it, if any weight is above zero.
pub(super) fn divided(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let share = |weight: u64| u128::from(total) * u128::from(weight);
    let mut parts: Vec<u64> = weights.iter().map(|w| (share(*w) / sum) as u64).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|at| (std::cmp::Reverse(share(weights[*at]) % sum), *at));
    let left = total - parts.iter().sum::<u64>();
    for at in by_remainder.into_iter().take(left as usize) {
        parts[at] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::divided;
    use proptest::prelude::*;

    #[test]
    fn the_largest_remainder_gets_the_rest() {
        assert_eq!(divided(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(divided(7, &[0, 4, 3]), [0, 4, 3]);
        assert_eq!(divided(5, &[0, 0]), [0, 0]);
    }

    proptest! {
        #[test]
        fn parts_add_up(total in 0u64..1 << 40, weights in prop::collection::vec(0u64..1 << 40, 1..20)) {
            let parts = divided(total, &weights);
            if weights.iter().any(|weight| *weight > 0) {
                prop_assert_eq!(parts.iter().sum::<u64>(), total);
            }
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *part == 0);
            }
        }
    }
}
