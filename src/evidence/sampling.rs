//! Whether the log holds only some of the requests: sampled, or one node's share of them.
//!
//! Monitors and schedulers ask every so many seconds. Where one request in N was kept, by chance, the gaps
//! between theirs are whole multiples of that period, one period long in one case of N and longer in the
//! others. A caller that stopped for a while has long gaps too, but most of his are one period long. Several such
//! callers that agree on N show it; where there are none, nothing is said.

use crate::examine::row::NONE;
use crate::examine::table::Table;
use crate::key::fast::HashMap;

/// Rows looked at: what is regular shows in as many.
const MOST_ROWS: usize = 200_000;
/// Gaps of one caller from which his period is told.
const LEAST_GAPS: usize = 30;
/// The shortest period that stamps of whole seconds show, in milliseconds.
const LEAST_PERIOD_MS: i64 = 4_000;
/// How far a gap may lie beside a multiple: a share of the period, and the second of the stamp.
const JITTER: f64 = 0.08;
const STAMP_MS: f64 = 600.0;
/// Share of the gaps that must be multiples.
const REGULAR: f64 = 0.9;
/// How far the two estimates of the share that was kept may differ.
const AGREED: f64 = 0.15;
/// Regular callers that must show it.
const LEAST_CALLERS: usize = 3;
/// Share kept above which nothing is said: a lost request now and then is no sampling.
const MOST_KEPT: f64 = 0.6;

/// One request of how many the log seems to hold; none where it seems to hold all, or nothing shows it.
pub fn one_in(table: &Table<'_>) -> Option<u32> {
    let mut times: HashMap<(u32, u32, u32), Vec<i64>> = HashMap::default();
    for row in table.rows.iter().take(MOST_ROWS).filter(|r| r.ip != NONE) {
        let caller = (row.ip, row.user_agent, row.route);
        times.entry(caller).or_default().push(row.time_ms);
    }
    let mut kept: Vec<f64> = times.values().filter_map(|times| share(times)).collect();
    kept.sort_by(f64::total_cmp);
    let median = *kept.get(kept.len() / 2)?;
    let thinned = kept.iter().filter(|share| **share <= MOST_KEPT).count();
    let agree = thinned >= LEAST_CALLERS && thinned * 5 >= kept.len() * 4;
    agree.then(|| (1.0 / median).round() as u32)
}

/// The share of a regular caller's requests that the log holds, from the times of those that it holds, in order.
fn share(times: &[i64]) -> Option<f64> {
    if times.len() <= LEAST_GAPS {
        return None;
    }
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut sorted = gaps.clone();
    sorted.sort_unstable();
    let shortest = sorted[sorted.len() / 20];
    if shortest < LEAST_PERIOD_MS {
        return None;
    }
    let near = |gap: &&i64| (**gap - shortest).abs() as f64 <= 0.2 * shortest as f64;
    let one: Vec<i64> = sorted.iter().filter(near).copied().collect();
    let period = one[one.len() / 2] as f64;
    let (mut regular, mut single, mut periods) = (0usize, 0usize, 0.0);
    for gap in gaps.iter().map(|gap| *gap as f64) {
        let multiple = (gap / period).round().max(1.0);
        periods += multiple;
        single += usize::from(multiple < 1.5);
        regular += usize::from((gap - multiple * period).abs() <= JITTER * period + STAMP_MS);
    }
    let all = gaps.len() as f64;
    let (by_single, by_length) = (single as f64 / all, all / periods);
    let is_regular = regular as f64 >= REGULAR * all && (by_single - by_length).abs() <= AGREED;
    is_regular.then_some(by_length)
}

#[cfg(test)]
mod tests {
    use super::share;
    use crate::synth::Random;

    /// The times of a caller every ten seconds, each kept by chance.
    fn polls(kept: f64, jitter_ms: usize) -> Vec<i64> {
        let mut random = Random::new(9);
        let mut at = |i: i64| i * 10_000 + random.below(jitter_ms.max(1)) as i64;
        let times: Vec<i64> = (0..2_000).map(|i| at(i) / 1000 * 1000).collect();
        let mut random = Random::new(10);
        let by_chance = |_: &i64| (random.below(1_000) as f64) < kept * 1_000.0;
        times.into_iter().filter(by_chance).collect()
    }

    #[test]
    fn the_share_kept_is_told_from_the_gaps_of_who_is_regular() {
        for kept in [1.0, 0.5, 0.2, 0.1] {
            let told = share(&polls(kept, 300)).expect("it is regular");
            assert!((told - kept).abs() < 0.2 * kept, "{told} instead of {kept}");
        }
    }

    #[test]
    fn who_stopped_for_a_while_was_not_sampled() {
        let mut times = polls(1.0, 300);
        times.retain(|time| *time < 3_000_000 || *time > 9_000_000);
        assert!(share(&times).is_none_or(|kept| kept > 0.6));
    }

    #[test]
    fn who_comes_by_chance_tells_nothing() {
        let mut random = Random::new(11);
        let mut at_s = 0.0;
        let times: Vec<i64> = (0..2_000)
            .map(|_| {
                at_s += 4.0 + random.exponential(30.0);
                at_s as i64 * 1000
            })
            .collect();
        assert_eq!(share(&times), None);
    }
}
