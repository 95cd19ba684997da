//! Denials that Survey counted and Examine could not read again, because a file shrank or a stream was
//! not kept. They stay counted, without a cause: whoever adds up spikes and standing denials gets all.

use crate::findings::*;
use crate::survey::tally::Tally;
use crate::survey::timeline::Bin;
use chrono::{DateTime, TimeDelta};
use std::collections::BTreeMap;

const REASON: &str = "the lines could not be read a second time, see the warnings";

/// Adds the denials that nothing tells of to the undetermined standing ones.
pub fn add(
    spikes: &[Spike],
    standing: &mut Vec<Spike>,
    total: &Tally,
    windows: &[(i64, Bin)],
    window_s: i64,
) {
    let told: u64 = spikes
        .iter()
        .chain(standing.iter())
        .map(|spike| spike.denials)
        .sum();
    let unread = total.denials.saturating_sub(told);
    if unread == 0 {
        return;
    }
    match standing
        .iter_mut()
        .find(|spike| spike.cause == Cause::Undetermined)
    {
        Some(spike) => {
            spike.denials += unread;
            let reason = spike.reason.take().unwrap_or_default();
            spike.reason = Some(format!("{reason}; of {unread} denials {REASON}"));
        }
        None => standing.push(spike(total, unread, peak(windows, window_s))),
    }
}

fn peak(windows: &[(i64, Bin)], window_s: i64) -> Peak {
    let most = windows
        .iter()
        .max_by_key(|(number, bin)| (bin.denials, -number));
    let (number, denials) = most.map_or((0, 0), |(number, bin)| (*number, bin.denials));
    Peak {
        start: moment(number.saturating_mul(window_s).saturating_mul(1000)),
        denials,
    }
}

fn spike(total: &Tally, unread: u64, peak: Peak) -> Spike {
    Spike {
        id: String::new(),
        state: State::Open,
        start: moment(total.first_ms),
        end: moment(total.last_ms) + TimeDelta::seconds(1),
        requests: total.requests,
        denials: unread,
        expected: unread as f64,
        peak,
        family: Family::Undetermined,
        cause: Cause::Undetermined,
        mechanism: None,
        confidence: None,
        band: Band::Undetermined,
        reason: Some(REASON.to_string()),
        known: None,
        alternatives: Vec::new(),
        rule: None,
        keys: BTreeMap::new(),
        distinct: BTreeMap::new(),
        stated: Vec::new(),
        configured: Vec::new(),
        evidence: Vec::new(),
        collateral: Collateral::default(),
        without: Without::default(),
        examples: Vec::new(),
        reproduce: Vec::new(),
        settle: None,
        advice: Advice::default(),
    }
}

/// To the second, as all moments of spikes are.
fn moment(ms: i64) -> Moment {
    DateTime::from_timestamp(ms.div_euclid(1000), 0).unwrap_or_default()
}
