//! Whether the rule that is rebuilt is the one that the server was given.
//!
//! Only rules of which the report is sure are held to it: of a block that never ended, or of callers that a log does
//! not tell apart, the report says so itself.

use crate::scenario::{Denial, Scenario};
use forbid_logs::findings::{Algorithm, Analysis, Band, Cause, Limit, Spike};

/// Share of a rule's requests that were denied, and of the denials that it explains, from which it is held to be right.
const WELL_REPLAYED: f64 = 0.9;
/// A list that lets more pass of what it names, or explains less, is not the server's.
const LEAST_OF_LIST: f64 = 0.9;
/// How far a rebuilt rate may lie from the one that was set: the lab's clock is stretched, and busy machines stretch it
/// more.
const NEAR: f64 = 1.3;

/// What is wrong with the rules of an analysis, where one policy of the scenario made its spikes.
pub fn check(scenario: &Scenario, analysis: &Analysis) -> Vec<String> {
    let Some(denial) = scenario.policies.first() else {
        return Vec::new();
    };
    let is_of_it = |spike: &&Spike| {
        let is_sure = matches!(spike.band, Band::Likely | Band::Certain);
        is_sure && spike.cause == denial.cause()
    };
    let spikes = analysis.spikes.iter().filter(is_of_it);
    let wrong = |spike: &Spike| match spike.cause {
        Cause::RateLimit => wrong_limit(scenario, denial, spike),
        _ => wrong_list(spike),
    };
    spikes.filter_map(wrong).collect()
}

fn wrong_limit(scenario: &Scenario, denial: &Denial, spike: &Spike) -> Option<String> {
    let set = denial.policy()?.limit?;
    let rule = spike.rule.as_ref()?;
    let told = rule.limit.as_ref()?;
    if rule.precision < WELL_REPLAYED || rule.coverage < WELL_REPLAYED {
        return None;
    }
    let complaint = |what: &str| {
        let set = denial.rule.as_deref().unwrap_or_default();
        Some(format!("the {what} of {:?} is that of {set:?}", rule.text))
    };
    if told.key != set.key && !is_one_caller(scenario, denial) {
        return complaint("key");
    }
    let is_bucket = |limit: &Limit| limit.algorithm == Algorithm::LeakyBucket;
    let (Some(rate), Some(rate_set)) = (told.rate_per_s, set.rate_per_s) else {
        return None;
    };
    let is_near = rate / rate_set <= NEAR && rate_set / rate <= NEAR;
    match is_bucket(told) && is_bucket(&set) && !is_near {
        true => complaint("rate"),
        false => None,
    }
}

/// Whether each spike is one caller's, whose address, name and credential tell nothing apart.
fn is_one_caller(scenario: &Scenario, denial: &Denial) -> bool {
    let mut streams = scenario.streams.iter();
    streams.all(|stream| !stream.spike || stream.addresses == 1 || !denial.meets(stream))
}

fn wrong_list(spike: &Spike) -> Option<String> {
    let rule = spike.rule.as_ref()?;
    let fits = rule.precision >= LEAST_OF_LIST && rule.coverage >= LEAST_OF_LIST;
    let of = |share: f64| (share * 100.0).round();
    (!fits).then(|| {
        format!(
            "{:?} explains {} % of spike {}, and {} % of what it names was denied",
            rule.text,
            of(rule.coverage),
            spike.id,
            of(rule.precision)
        )
    })
}
