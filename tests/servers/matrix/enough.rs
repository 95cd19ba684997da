//! Sees to it that what is to be a spike becomes one: what a stream will be denied is counted beforehand, by
//! the machines of the product's own limiters, and the stream is made stronger until it suffices.
//!
//! The truth does not come from here: it says only what servers did.

use super::draft::{Draft, MOST_PER_REAL_SECOND};
use crate::scenario::{Denial, Reaction, Scenario, Shape, Stream};
use crate::traffic;
use forbid_logs::findings::Limit;
use forbid_logs::policy::limiter::Machine;
use std::collections::HashMap;

/// Denials that a spike is to have; a log counts as one from 25 on.
const WANTED: usize = 70;
/// How much stronger a stream becomes in a step, and how many steps it has.
const STEP: f64 = 1.35;
const STEPS: u32 = 16;

pub(super) fn ensure(draft: &mut Draft) {
    let scenario = draft.scenario.clone();
    let most = MOST_PER_REAL_SECOND / scenario.factor;
    for stream in draft.scenario.streams.iter_mut().filter(|one| one.spike) {
        let times = match stream.denied {
            Reaction::Storm => 9.0,
            Reaction::Retry => 3.0,
            _ => 1.0,
        };
        let most = most / times;
        stream.rate = stream.rate.min(most);
        let is_keyed = limits(&scenario, stream).next().is_some();
        for step in 0..STEPS {
            if denials(&scenario, stream) >= WANTED {
                break;
            }
            stream.rate = (stream.rate * STEP).min(most);
            // Who waits, or comes in bursts, may stay below a limit for good.
            if is_keyed && step >= STEPS / 3 {
                (stream.shape, stream.denied) = (Shape::Random, Reaction::Ignore);
            }
            if is_keyed && step >= STEPS / 2 {
                (stream.addresses, stream.callers) = (1, stream.callers.max(1));
            }
            if stream.denied == Reaction::BackOff && step >= STEPS / 2 {
                stream.denied = Reaction::Retry;
            }
        }
    }
}

/// The limits that a stream meets.
fn limits<'a>(scenario: &'a Scenario, stream: &'a Stream) -> impl Iterator<Item = Limit> + 'a {
    let policies = scenario.policies.iter();
    let met = policies.filter(|denial: &&Denial| denial.forbids() && denial.meets(stream));
    met.filter_map(|denial| denial.policy()?.limit)
}

/// About how many of its requests a stream will be denied, up to [`WANTED`].
fn denials(scenario: &Scenario, stream: &Stream) -> usize {
    let limit = limits(scenario, stream).next();
    let end_s = scenario.minutes * 60.0;
    let mut source = traffic::alone(stream, end_s, scenario.seed);
    let mut machines: HashMap<String, Machine> = HashMap::new();
    let (mut denied, mut next) = (0, source.first_s());
    while let (Some(at_s), true) = (next, denied < WANTED) {
        let (request, after) = source.take(0, at_s);
        next = after;
        let Some(request) = request else { continue };
        let is_denied = match &limit {
            None => (stream.from * 60.0..stream.until * 60.0).contains(&at_s),
            Some(limit) => {
                let by_address = limit.key.iter().any(|field| field == "ip");
                let key = if by_address {
                    request.address.to_string()
                } else {
                    String::new()
                };
                let machine = machines
                    .entry(key)
                    .or_insert_with(|| Machine::new(limit).expect("limits of ours are whole"));
                let lasts_ms = (stream.answer_s * 1000.0) as u32;
                !machine.admit_for((at_s * 1000.0) as i64, lasts_ms)
            }
        };
        denied += usize::from(is_denied);
        let status = if is_denied { 403 } else { 200 };
        source.answered(&request, status, at_s);
    }
    denied
}
