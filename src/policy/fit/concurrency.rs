//! Fits a limit on requests in flight, where the log tells how long requests took.
//!
//! A request is denied if and only if the budget is being served when it comes. So the number in flight before each
//! request, read off the log, separates what was admitted from what was denied. No rate does that: under a bucket as
//! many are in flight at an admission as at a denial.

use super::{FEWEST_DENIALS, Fitted};
use crate::findings::{Algorithm, Limit};
use crate::policy::limiter::Concurrency;
use crate::policy::replay::{self, Arrival, Bin, Traffic};

/// The share of the admitted, or of the denied if they are fewer, that the number in flight may tell wrongly: stamps of
/// whole seconds leave that much open.
const MOST_WRONG: f64 = 0.35;

/// Budgets tried.
const MOST_BUDGET: usize = 256;

/// The limit on requests in flight that explains the traffic, if one does.
pub fn concurrency(traffic: &Traffic) -> Option<Fitted> {
    let timed = traffic.timed()?;
    if traffic.denials() < FEWEST_DENIALS || !are_long(traffic, timed) {
        return None;
    }
    let (_, budget, requests) = [Stamp::OfEnd, Stamp::OfStart]
        .into_iter()
        .filter_map(|stamp| {
            let requests: Vec<Vec<Request>> = timed
                .chunk_by(|a, b| a.key == b.key)
                .map(|of_key| in_order_of_arrival(of_key, stamp))
                .collect();
            let (wrong, budget) = separate(&requests)?;
            Some((wrong, budget, requests))
        })
        .min_by_key(|(wrong, ..)| *wrong)?;
    let limit = Limit {
        algorithm: Algorithm::Concurrency,
        limit: Some(budget),
        ..Limit::default()
    };
    let replay = replay::of_bins(&replayed(&requests, budget));
    let score = replay.score;
    let convinces = score.convinces(score.over_coin) && score.convinces(score.over_list);
    convinces.then(|| Fitted::new(limit, &replay))
}

/// Whether admitted requests mostly outlast the width of a stamp: the order within one is not known.
fn are_long(traffic: &Traffic, timed: &[Arrival]) -> bool {
    let least_ms = (traffic.stamp_s() * 1000.0) as u32;
    let admitted = timed.iter().filter(|arrival| !arrival.denied);
    let (mut long, mut all) = (0usize, 0usize);
    for arrival in admitted {
        all += 1;
        long += usize::from(arrival.duration_ms.is_some_and(|ms| ms >= least_ms.max(20)));
    }
    2 * long > all
}

/// A request with the number in flight before it.
#[derive(Debug, Clone, Copy)]
struct Request {
    key: u32,
    came_ms: i64,
    duration_ms: u32,
    denied: bool,
    in_flight: u32,
}

/// What a line's stamp tells of a request. nginx and Caddy write its end, Apache and HAProxy its start; a format that
/// was given by hand says neither, so both are tried.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stamp {
    OfEnd,
    OfStart,
}

/// The requests of one key by when they came.
fn in_order_of_arrival(of_key: &[Arrival], stamp: Stamp) -> Vec<Request> {
    // Of what stands under one stamp, an end comes before what is logged after it: denials end as they come.
    let mut events: Vec<(i64, bool, usize)> = Vec::with_capacity(2 * of_key.len());
    for (at, arrival) in of_key.iter().enumerate() {
        let duration_ms = arrival.duration_ms.unwrap_or(0);
        let (came_ms, done_ms) = match stamp {
            Stamp::OfEnd => (arrival.time_ms - i64::from(duration_ms), arrival.time_ms),
            Stamp::OfStart => (arrival.time_ms, arrival.time_ms + i64::from(duration_ms)),
        };
        if arrival.denied {
            events.push((arrival.time_ms, true, at));
        } else {
            events.push((came_ms, false, at));
            events.push((done_ms, true, at));
        }
    }
    events.sort_unstable();
    let mut requests = Vec::with_capacity(of_key.len());
    let mut in_flight = 0u32;
    for (time_ms, ends, at) in events {
        let arrival = &of_key[at];
        if ends && !arrival.denied {
            in_flight = in_flight.saturating_sub(1);
            continue;
        }
        requests.push(Request {
            key: arrival.key,
            came_ms: time_ms,
            duration_ms: arrival.duration_ms.unwrap_or(0),
            denied: arrival.denied,
            in_flight,
        });
        in_flight += u32::from(!arrival.denied);
    }
    requests
}

/// The budget with the fewest errors, and how many these are, if they are few: denied where so many are in flight,
/// admitted where fewer are.
fn separate(requests: &[Vec<Request>]) -> Option<(u64, u32)> {
    let mut counts = [(0u64, 0u64); MOST_BUDGET + 1];
    for of_key in requests {
        let first = of_key.iter().position(|request| request.denied);
        let last = of_key.iter().rposition(|request| request.denied);
        let (Some(first), Some(last)) = (first, last) else {
            continue;
        };
        for request in &of_key[first..=last] {
            let slot = &mut counts[(request.in_flight as usize).min(MOST_BUDGET)];
            match request.denied {
                true => slot.1 += 1,
                false => slot.0 += 1,
            }
        }
    }
    let admitted: u64 = counts.iter().map(|(admitted, _)| admitted).sum();
    let denied: u64 = counts.iter().map(|(_, denied)| denied).sum();
    // Errors of a budget: denials below it, and admissions from it on.
    let mut wrong = admitted;
    let mut best: Option<(u64, u32)> = None;
    for (budget, (admitted, denied)) in counts.iter().enumerate() {
        if budget > 0 && best.is_none_or(|(fewest, _)| wrong < fewest) {
            best = Some((wrong, budget as u32));
        }
        wrong = wrong + denied - admitted;
    }
    let (wrong, budget) = best?;
    (wrong as f64 <= MOST_WRONG * admitted.min(denied) as f64).then_some((wrong, budget))
}

/// The answers of a machine that runs free, second by second.
fn replayed(requests: &[Vec<Request>], budget: u32) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for of_key in requests {
        let mut machine = Concurrency::new(budget);
        let mut second = None;
        // How long a denied request would have been served is not known: as long as the one before it.
        let mut usual_ms = 0;
        for request in of_key {
            if !request.denied {
                usual_ms = request.duration_ms;
            }
            let predicted = !machine.admit_for(request.came_ms, usual_ms);
            if second != Some(request.came_ms.div_euclid(1000)) {
                second = Some(request.came_ms.div_euclid(1000));
                bins.push(Bin {
                    key: request.key,
                    requests: 0,
                    denied: 0,
                    predicted: 0,
                });
            }
            if let Some(bin) = bins.last_mut() {
                bin.requests += 1;
                bin.denied += u32::from(request.denied);
                bin.predicted += u32::from(predicted);
            }
        }
    }
    bins
}
