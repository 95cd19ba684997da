//! Challenges: the first request of a client is denied, and soon after the same request is admitted; or a crowd
//! of browsers never passes where others always do, for it does not solve what it is asked.

use super::{Case, evidence, percent};
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::key::client::Class;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let ips = facts.distinct(Column::Ip).max(1) as f64;
    let passed = facts.ips_denied_then_admitted as f64 / ips;
    if !case.challenged || passed < LEAST_PASSED {
        return unsolved(case).into_iter().collect();
    }
    let first = facts.ips_first_denied as f64 / ips;
    let text = format!(
        "{} of {ips:.0} addresses were denied on their first request, and {} were admitted to the same place within minutes",
        percent(first),
        percent(passed)
    );
    vec![evidence(
        "challenge",
        EvidenceKind::Behaviour,
        Cause::BotFilter,
        4.0,
        text,
        &[("passed", passed), ("first_denied", first)],
    )]
}

/// Of the addresses of a solved challenge, the share that passes.
const LEAST_PASSED: f64 = 0.4;
/// Addresses that make a crowd.
const LEAST_CROWD: usize = 30;

/// A crowd of unrelated browsers reads pages that everybody else may read, and each of them is denied always:
/// what sets them apart is nothing that a list could name, and no right, but something that they do not carry.
fn unsolved(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let (ips, agents) = (
        facts.distinct(Column::Ip),
        facts.distinct(Column::UserAgent),
    );
    let browsers = facts.class_share(&[Class::Browser, Class::MobileApp]);
    let reads = 1.0 - facts.share(facts.writes + facts.options);
    let odd = facts.share(facts.attacks + facts.probes + facts.foreign_referers);
    let others = facts.other_ip_here.admitted;
    let is_crowd = ips >= LEAST_CROWD && agents >= 3 && 3 * facts.distinct(Column::Prefix16) >= ips;
    let always =
        facts.denials as f64 >= 2.0 * ips as f64 && facts.same_ip_here.admitted_share() < 0.1;
    let nameless = facts.distinct(Column::User) + facts.distinct(Column::Token) == 0;
    if !(case.challenged || is_crowd && always)
        || !nameless
        || browsers < 0.7
        || reads < 0.9
        || odd > 0.3
    {
        return None;
    }
    if others < 10 || !facts.others_pass() {
        return None;
    }
    let by_application = facts.application_share().is_some_and(|share| share >= 0.8);
    // Who may read all else lacks a right here, more likely.
    let elsewhere = facts.same_ip_elsewhere;
    let pass_elsewhere = elsewhere.admitted >= facts.denials && elsewhere.admitted_share() >= 0.9;
    let weight = if by_application || pass_elsewhere {
        1.0
    } else {
        3.0
    };
    let text = format!(
        "{ips} addresses with {agents} browsers share nothing, read what {} others may read, and never pass",
        facts.other_ips_admitted_here
    );
    Some(evidence(
        "unsolved",
        EvidenceKind::Behaviour,
        Cause::BotFilter,
        weight,
        text,
        &[
            ("addresses", ips as f64),
            ("others_admitted", others as f64),
        ],
    ))
}
