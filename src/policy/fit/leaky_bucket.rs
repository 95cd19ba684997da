//! Fits a leaky bucket: its rate from saturated stretches, its burst from the level at denials.
//!
//! Whenever a request is denied the bucket is full, so between two denials of one key exactly
//! rate × time is admitted, as long as the bucket does not run empty in between. How long a gap
//! may be is not known beforehand: several are tried and replay decides.

use super::{Candidate, FEWEST_DENIALS, Fitted, median, quantile, usual};
use crate::findings::Limit;
use crate::policy::limiter::Machine;
use crate::policy::replay::{self, Cell, Traffic};
use crate::policy::rule::number::round_rate;

/// Longest silences within a stretch that still counts as saturated, in seconds.
const GAPS_S: [f64; 9] = [2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// Around the best rate, these are tried as well: stretches that ran empty give too low a rate.
const FACTORS: [f64; 12] = [
    0.85, 0.9, 0.94, 0.97, 0.985, 0.993, 1.007, 1.015, 1.03, 1.06, 1.11, 1.18,
];

/// Levels taken of each key: later ones drift with the error of the rate.
const LEVELS_PER_KEY: usize = 60;

/// Levels of a key before the error of the rate tells.
const FIRST_LEVELS: usize = 8;

/// Usual rates so near are taken if they replay as well.
const SNAP: f64 = 0.04;

/// Variance of the offered load, as a share of its mean, below which a client keeps a steady pace.
const LEAST_VARIATION: f64 = 0.2;

/// A replay with more errors than this share of the denials is no explanation.
const MOST_WRONG: f64 = 0.25;

/// The leaky bucket that explains the traffic, if one does.
pub fn leaky_bucket(traffic: &Traffic) -> Option<Fitted> {
    if traffic.denials() < FEWEST_DENIALS {
        return None;
    }
    let search = Search::new(traffic)?;
    let found = search.settle_burst(search.snap(search.refine(search.start()?)));
    let found = search.prefer_prompt(found);
    let machine = Machine::new(&found.limit).ok()?;
    let replay = replay::replay_machine(&machine, traffic, replay::bin_ms(&found.limit));
    let denials = traffic.denials() as f64;
    let wrong = (replay.agreement.false_denials + replay.agreement.missed_denials) as f64;
    let admitted = (traffic.requests() - traffic.denials()) as f64;
    let adrift = replay.agreement.admitted_difference as f64 > (0.06 * admitted).max(3.0);
    let score = replay.score;
    let convinces = score.convinces(score.over_coin) && score.convinces(score.over_list);
    if !convinces || adrift || wrong > MOST_WRONG * denials {
        return None;
    }
    let shows_burst = found.limit.burst >= Some(3);
    (shows_burst || load_varies(traffic, replay::bin_ms(&found.limit)))
        .then(|| Fitted::new(found.limit, &replay))
}

/// Whether the offered load varies while there are denials: only then is a steady admitted rate a
/// clamp, and not just the pace of a client that is refused every third request.
fn load_varies(traffic: &Traffic, bin_ms: i64) -> bool {
    let mut loads: Vec<f64> = Vec::new();
    for (_, cells) in traffic.keys() {
        let index = |cell: &Cell| cell.time_ms.div_euclid(bin_ms);
        for bin in cells.chunk_by(|a, b| index(a) == index(b)) {
            if bin.iter().any(|cell| cell.denied > 0) {
                loads.push(bin.iter().map(|cell| f64::from(cell.requests)).sum());
            }
        }
    }
    let mean = loads.iter().sum::<f64>() / loads.len().max(1) as f64;
    let squares: f64 = loads.iter().map(|load| (load - mean).powi(2)).sum();
    squares / loads.len().max(1) as f64 >= LEAST_VARIATION * mean
}

struct Search<'a> {
    traffic: &'a Traffic,
    rates: Vec<f64>,
    /// Rates that a bucket without a burst would have.
    prompt_rates: Vec<f64>,
    bin_ms: i64,
}

impl<'a> Search<'a> {
    fn new(traffic: &'a Traffic) -> Option<Search<'a>> {
        let paces: Vec<Pace> = GAPS_S
            .into_iter()
            .filter_map(|gap_s| pace(traffic, gap_s))
            .collect();
        let rates = distinct(paces.iter().map(|pace| pace.admitted));
        let prompt_rates = distinct(paces.iter().filter_map(Pace::without_burst));
        let limit = Limit {
            rate_per_s: median(&mut rates.clone()),
            ..Limit::default()
        };
        let bin_ms = replay::bin_ms(&limit);
        let search = Search {
            traffic,
            rates,
            prompt_rates,
            bin_ms,
        };
        (!search.rates.is_empty()).then_some(search)
    }

    fn start(&self) -> Option<Candidate> {
        let bursting = self.rates.iter().flat_map(|&rate| self.bursts(rate));
        let without = self.prompt_rates.iter().map(|&rate| (rate, 0));
        self.best_of(None, bursting.chain(without))
    }

    /// The first of the candidates with the fewest wrong, if it is better than what is known.
    fn best_of(
        &self,
        known: Option<Candidate>,
        candidates: impl Iterator<Item = (f64, u32)>,
    ) -> Option<Candidate> {
        candidates.fold(known, |best, (rate, burst)| {
            let most = best.as_ref().map_or(u64::MAX, |best| best.wrong);
            let next = self.candidate(rate, burst, most);
            match best {
                Some(best) if next.wrong >= best.wrong => Some(best),
                _ => Some(next),
            }
        })
    }

    /// Moves the rate and then the burst to where replay agrees best.
    fn refine(&self, mut best: Candidate) -> Candidate {
        for _ in 0..2 {
            let rate = best.limit.rate_per_s.unwrap_or(1.0);
            let burst = best.limit.burst.unwrap_or(0);
            let rates = FACTORS.map(|factor| (rate * factor, burst));
            best = self.better(best, rates.into_iter());
            let rate = best.limit.rate_per_s.unwrap_or(1.0);
            let bursts = burst_steps(burst).map(|burst| (rate, burst));
            best = self.better(best, bursts.into_iter());
        }
        best
    }

    fn better(&self, known: Candidate, candidates: impl Iterator<Item = (f64, u32)>) -> Candidate {
        self.best_of(Some(known.clone()), candidates)
            .unwrap_or(known)
    }

    /// Takes the burst from the levels at denials, which agree with each other only where the rate is exact; else from
    /// those at the first denials of each key, before the levels have drifted. Replay alone is a poor judge, for the
    /// burst matters to few requests.
    fn settle_burst(&self, found: Candidate) -> Candidate {
        let rate = found.limit.rate_per_s.unwrap_or(1.0);
        let settled = [usize::MAX, FIRST_LEVELS]
            .into_iter()
            .find_map(|most| self.agreed_level(rate, most));
        let Some(level) = settled else {
            return found;
        };
        let by_fives = (level / 5.0).round() * 5.0;
        // Levels are good to about one.
        let burst = if level >= 9.0 && (by_fives - level).abs() <= 1.0 {
            by_fives
        } else {
            level
        };
        let most = 2 * found.wrong + 10;
        let settled = self.candidate(rate, burst as u32, most);
        if settled.wrong <= most {
            settled
        } else {
            found
        }
    }

    /// The level that most denials agree on, of at most so many of each key.
    fn agreed_level(&self, rate: f64, most: usize) -> Option<f64> {
        let of_key = |cells| levels_at_denials(self.traffic, cells, rate, most);
        let mut levels: Vec<f64> = self
            .traffic
            .keys()
            .flat_map(|(_, cells)| of_key(cells))
            .collect();
        let quarters = [0.25, 0.5, 0.75].map(|share| quantile(&mut levels, share));
        let [Some(low), Some(middle), Some(high)] = quarters else {
            return None;
        };
        let level = (middle - 0.5).round().max(0.0);
        // Levels that differ more come from a rate that is not exact.
        (high - low <= (0.15 * level).max(2.0) && level >= 3.0).then_some(level)
    }

    /// Prefers no burst over a tiny one, which is what a bucket without one looks like where the
    /// gaps between requests are not logged. Its rate follows from the pace, and is told by the
    /// admitted count that drifts least: bin by bin, chance has the greater say.
    fn prefer_prompt(&self, found: Candidate) -> Candidate {
        if found.limit.burst > Some(2) {
            return found;
        }
        let usual = self
            .prompt_rates
            .iter()
            .flat_map(|&rate| usual::rates(rate, SNAP));
        let rates = usual.chain(self.prompt_rates.iter().copied());
        let prompt = rates.filter_map(|rate| {
            let limit = bucket(rate, 0);
            let machine = Machine::new(&limit).ok()?;
            let agreement = replay::agreement(&machine, self.traffic, self.bin_ms);
            let wrong = agreement.false_denials + agreement.missed_denials;
            Some((agreement.admitted_difference, Candidate { limit, wrong }))
        });
        let best = prompt
            .min_by_key(|(drift, _)| *drift)
            .map(|(_, candidate)| candidate);
        best.filter(|prompt| prompt.wrong <= 2 * found.wrong + 5)
            .unwrap_or(found)
    }

    /// Prefers numbers that people write where they replay about as well.
    fn snap(&self, found: Candidate) -> Candidate {
        let rate = found.limit.rate_per_s.unwrap_or(1.0);
        let burst = found.limit.burst.unwrap_or(0);
        let allowed = found.wrong + found.wrong / 10 + 2;
        let rates = usual::rates(rate, SNAP);
        rates
            .into_iter()
            .flat_map(|rate| {
                [burst, burst.saturating_sub(1), burst + 1]
                    .map(|burst| self.candidate(rate, burst, allowed))
            })
            .filter(|candidate| candidate.wrong <= allowed)
            .min_by_key(|candidate| candidate.wrong)
            .unwrap_or(found)
    }

    /// Bursts that the levels at denials suggest for a rate.
    fn bursts(&self, rate: f64) -> Vec<(f64, u32)> {
        let mut levels: Vec<f64> = Vec::new();
        for (_, cells) in self.traffic.keys() {
            levels.extend(levels_at_denials(self.traffic, cells, rate, LEVELS_PER_KEY));
        }
        let Some(level) = median(&mut levels) else {
            return Vec::new();
        };
        let burst = (level - 0.5).round().max(0.0) as u32;
        let mut bursts = vec![burst, burst + 1, burst.saturating_sub(1)];
        bursts.dedup();
        bursts.into_iter().map(|burst| (rate, burst)).collect()
    }

    fn candidate(&self, rate: f64, burst: u32, most: u64) -> Candidate {
        // Without a bound a pushed list passes as a huge bucket that happened to fill up.
        let burst = burst.min((120.0 * rate) as u32 + 20);
        let limit = bucket(rate, burst);
        match Machine::new(&limit) {
            Ok(machine) => Candidate::of(limit, &machine, self.traffic, self.bin_ms, most),
            Err(_) => Candidate {
                limit,
                wrong: u64::MAX,
            },
        }
    }
}

fn bucket(rate_per_s: f64, burst: u32) -> Limit {
    Limit {
        rate_per_s: Some(round_rate(rate_per_s).unwrap_or(rate_per_s)),
        burst: Some(burst),
        ..Limit::default()
    }
}

fn burst_steps(burst: u32) -> [u32; 8] {
    let part = (burst / 10).max(3);
    let down = |by| burst.saturating_sub(by);
    [
        down(1),
        burst + 1,
        down(2),
        burst + 2,
        down(part),
        burst + part,
        down(2 * part),
        burst + 2 * part,
    ]
}

/// Requests per second over the stretches in which the bucket was full.
struct Pace {
    offered: f64,
    admitted: f64,
}

impl Pace {
    /// Without a burst the bucket is ready 1/rate after an admit and then waits for the next
    /// request, so that the time between admits is 1/rate + 1/offered.
    fn without_burst(&self) -> Option<f64> {
        let rate = 1.0 / (1.0 / self.admitted - 1.0 / self.offered);
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }
}

/// Rates without those that hardly differ from another.
fn distinct(rates: impl Iterator<Item = f64>) -> Vec<f64> {
    rates.fold(Vec::new(), |mut kept, rate| {
        if kept.iter().all(|known| (known / rate - 1.0).abs() > 0.004) {
            kept.push(rate);
        }
        kept
    })
}

/// The pace between denials of a key that follow each other within `gap_s`.
fn pace(traffic: &Traffic, gap_s: f64) -> Option<Pace> {
    let (mut admitted, mut offered, mut ms, mut runs) = (0u64, 0u64, 0i64, 0u64);
    let gap_ms = (gap_s * 1000.0) as i64;
    for (_, cells) in traffic.keys() {
        let mut last_denial: Option<i64> = None;
        let (mut since_admitted, mut since) = (0u64, 0u64);
        for cell in cells {
            since_admitted += u64::from(cell.admitted());
            since += u64::from(cell.requests);
            if cell.denied == 0 {
                continue;
            }
            match last_denial {
                Some(last) if cell.time_ms - last <= gap_ms => {
                    admitted += since_admitted;
                    offered += since;
                    ms += cell.time_ms - last;
                }
                _ => runs += 1,
            }
            (since_admitted, since) = (0, 0);
            last_denial = Some(cell.time_ms);
        }
    }
    // Each run is uncertain by about one request at its ends.
    let enough = admitted >= 8 && admitted >= runs && ms > 0;
    let per_second = |count: u64| count as f64 * 1000.0 / ms as f64;
    enough.then(|| Pace {
        offered: per_second(offered),
        admitted: per_second(admitted),
    })
}

/// What the bucket's level would have become with the requests that were denied, once for each
/// stamp with denials up to `most` of them; it lies between the burst and one more. Admits are
/// taken to be spread over their stamp as all requests of it are, and to end before the denials.
fn levels_at_denials(traffic: &Traffic, cells: &[Cell], rate: f64, most: usize) -> Vec<f64> {
    let mut levels = Vec::new();
    let (mut level, mut last_ms): (f64, Option<i64>) = (0.0, None);
    let mut instants = Vec::new();
    let after = |level: f64, last_ms: Option<i64>, time: i64| {
        // A key's first request leaves the bucket empty.
        let leaked = last_ms.map_or(f64::INFINITY, |last| (time - last) as f64 * rate / 1000.0);
        (level - leaked + 1.0).max(0.0)
    };
    for cell in cells {
        let admits = Cell {
            requests: cell.admitted(),
            denied: 0,
            ..*cell
        };
        traffic.instants(&admits, false, &mut instants);
        for &time in &instants {
            (level, last_ms) = (after(level, last_ms, time), Some(time));
        }
        if cell.denied > 0 {
            levels.push(after(
                level,
                last_ms,
                last_ms.unwrap_or(cell.time_ms).max(cell.time_ms),
            ));
        }
        if levels.len() >= most {
            break;
        }
    }
    levels
}
