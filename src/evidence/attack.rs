//! Requests shaped as attacks, denied while the same clients' clean requests pass: a filter on content.

use super::{Case, evidence, percent};
use crate::findings::{Cause, Evidence, EvidenceKind};

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let share = facts.share(facts.attacks);
    if share < 0.3 {
        return Vec::new();
    }
    let here = facts.same_ip_here.admitted + facts.same_ip_elsewhere.admitted;
    let clean = here.saturating_sub(facts.attacks_admitted);
    let contrast = if clean >= 5 {
        format!(", while {clean} clean requests of the same addresses were admitted")
    } else {
        String::new()
    };
    let text = format!(
        "{} of the denied requests carry an attack in path or query{contrast}",
        percent(share)
    );
    let weight = 4.0 * ((share - 0.3) / 0.4).clamp(0.3, 1.0) + if clean >= 5 { 0.5 } else { -0.5 };
    vec![evidence(
        "attack",
        EvidenceKind::Behaviour,
        Cause::BotFilter,
        weight,
        text,
        &[
            ("attacks", facts.attacks as f64),
            ("clean_admitted", clean as f64),
        ],
    )]
}
