//! Preflights: browsers ask by OPTIONS before a cross-origin request, and give up when it is denied.

use super::{Case, evidence, percent};
use crate::findings::{Cause, Evidence, EvidenceKind};

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let share = facts.share(facts.options);
    if share < 0.9 {
        return Vec::new();
    }
    let text = format!(
        "{} of the denied requests are OPTIONS, the preflight of a cross-origin request",
        percent(share)
    );
    vec![evidence(
        "preflight",
        EvidenceKind::Behaviour,
        Cause::Cors,
        4.0,
        text,
        &[("options", facts.options as f64)],
    )]
}
