//! Challenges: the first request of a client is denied, and soon after the same request is admitted.

use super::{Case, evidence, percent};
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    if !case.challenged {
        return Vec::new();
    }
    let facts = case.facts;
    let ips = facts.distinct(Column::Ip).max(1) as f64;
    let passed = facts.ips_denied_then_admitted as f64 / ips;
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
