//! A limiter's marks: clamped admissions, and a replay that gives the log's own answers.

use super::{Case, counted, evidence, percent};
use crate::evidence::facts::LEAST_PLACES;
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let sudden = surged(case)
        .or_else(|| jumped(case))
        .or_else(|| rushed(case));
    [
        clamped(case),
        replayed(case),
        sudden,
        loaded(case),
        anybody(case),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn clamped(case: &Case<'_>) -> Option<Evidence> {
    let clamp = case.limiter?.clamp?;
    if clamp.deviations > -2.5 || clamp.ratio > 0.6 {
        return None;
    }
    let text = format!(
        "per {} s {} to {} requests came and {} to {} were admitted: {:.2} of the spread that chance would leave, in {} full bins",
        clamp.width_s,
        clamp.offered.0,
        clamp.offered.1,
        clamp.admitted.0,
        clamp.admitted.1,
        clamp.ratio,
        clamp.bins
    );
    let weight = (-clamp.deviations / 1.6).min(3.5);
    Some(evidence(
        "clamp",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        weight,
        text,
        &[("ratio", clamp.ratio), ("rate_per_s", clamp.rate_per_s)],
    ))
}

fn replayed(case: &Case<'_>) -> Option<Evidence> {
    let fitted = case.limiter?.fitted.as_ref()?;
    let text = format!(
        "replayed over the arrivals, {} gives {} of the denials, and {} of those it gives are right",
        described(fitted),
        percent(fitted.coverage),
        percent(fitted.precision)
    );
    let weight = 1.0 + (fitted.score.over_coin.min(fitted.score.over_list) / 15.0).clamp(0.0, 3.0);
    Some(evidence(
        "replay",
        EvidenceKind::Replay,
        Cause::RateLimit,
        weight,
        text,
        &[
            ("nats_over_chance", fitted.score.over_coin),
            ("nats_over_list", fitted.score.over_list),
            ("precision", fitted.precision),
            ("coverage", fitted.coverage),
        ],
    ))
}

/// Callers become busy and are denied at once, at the very place; a list needs no surge.
fn surged(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let surge = facts.surge.filter(|_| facts.follows_surge())?; // else what is admitted meanwhile tells more
    let chance = surge.chance();
    let weight = (0.5 / chance).ln().min(3.5);
    let text = format!(
        "{} admitted within {:.1} s of a new pace, then denied for {:.0} s: a list's moment would fall there with a chance of {}",
        counted(surge.admitted, "request was", "requests were"),
        surge.before_s,
        surge.denied_s,
        percent(chance)
    );
    Some(evidence(
        "surge",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        weight,
        text,
        &[("admitted", surge.admitted as f64), ("chance", chance)],
    ))
}

/// Places are shut for all just while a crowd asks for them.
fn rushed(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let pace = facts.pace.filter(|_| facts.follows_pace())?;
    let times = pace.inside / pace.outside;
    let text = format!(
        "shut for all while asked for {times:.0} times as often as before and after, when they are open"
    );
    Some(evidence(
        "rush",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        (1.0 + times.log10()).min(3.0),
        text,
        &[
            ("inside_per_s", pace.inside),
            ("outside_per_s", pace.outside),
        ],
    ))
}

/// The rate of a caller jumps just before its first denial, at the very place; a list needs no jump.
fn jumped(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let ips = facts.distinct(Column::Ip) as u64;
    if !facts.follows_jump() {
        return None;
    }
    let text = format!(
        "{} of {} had asked there many times faster in the minute before the first denial than ever",
        facts.ips_with_jump,
        counted(ips, "address", "addresses")
    );
    Some(evidence(
        "jump",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        2.2,
        text,
        &[("jumped", facts.ips_with_jump as f64)],
    ))
}

/// Busier seconds of the same callers at the same places are denied more.
fn loaded(case: &Case<'_>) -> Option<Evidence> {
    let load = case.facts.load?;
    let fits = case
        .limiter
        .is_some_and(|fit| fit.fitted.is_some() || fit.clamp.is_some());
    if fits || load.deviations < 4.0 || load.busy < load.quiet + 0.08 {
        return None;
    }
    let text = format!(
        "{} of the requests in the callers' busy seconds were denied and {} in their quiet ones",
        percent(load.busy),
        percent(load.quiet)
    );
    Some(evidence(
        "load",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        2.2,
        text,
        &[("busy", load.busy), ("quiet", load.quiet)],
    ))
}

/// Kinds of clients that are anybody.
const LEAST_KINDS: usize = 3;
/// Addresses of one kind that are, and the networks that they must lie in.
const LEAST_STRANGERS: usize = 40;
/// How many times the usual pace strangers of one kind ask together.
const CROWD: f64 = 3.0;
/// Share of the addresses that may be denied at first sight: where nearly all are, they met a challenge.
const MOST_AT_FIRST_SIGHT: f64 = 0.8;

/// While more is asked than usual, some of everything is denied: people, crawlers and monitors alike, or a crowd of
/// strangers, wherever they go.
fn anybody(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let some = |count: &&u64| **count as f64 >= 0.02 * facts.denials as f64;
    let classes = facts.classes.values().filter(some).count();
    let places = facts.distinct(Column::Route3);
    let (own, others) = (facts.same_ip_here, facts.other_ip_here);
    let is_partly = (0.1..0.98).contains(&own.admitted_share()) && others.admitted > 0;
    let pace = facts.pace?;
    let times = pace.inside / pace.outside;
    let (ips, networks) = (facts.distinct(Column::Ip), facts.distinct(Column::Prefix16));
    let are_strangers = ips.min(networks) >= LEAST_STRANGERS
        && times >= CROWD
        && facts.ips_first_denied as f64 <= MOST_AT_FIRST_SIGHT * ips as f64;
    let is_anybody = classes >= LEAST_KINDS || are_strangers;
    if !is_anybody || places < LEAST_PLACES || !is_partly || times < 1.5 || facts.denials < 30 {
        return None;
    }
    let who = match classes {
        0..LEAST_KINDS => format!("{ips} addresses in {networks} networks"),
        _ => format!("{classes} kinds of clients"),
    };
    let text = format!(
        "{who} at {places} places are denied some of what they ask, while {times:.1} times as much is asked as before and after"
    );
    Some(evidence(
        "anybody",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        2.0,
        text,
        &[("kinds", classes as f64), ("times", times)],
    ))
}

fn described(fitted: &crate::policy::fit::Fitted) -> String {
    let policy = crate::policy::rule::Policy {
        limit: Some(fitted.limit.clone()),
        ..crate::policy::rule::Policy::default()
    };
    format!("\"{policy}\"")
}
