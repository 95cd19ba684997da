//! What the line itself states: a limiter's decision, an expired link, a refused referer.

use super::{Case, evidence};
use crate::findings::{Cause, Evidence, EvidenceKind};

/// Share of the denials that must be stated.
const LEAST_SHARE: f64 = 0.5;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let says = [
        (
            facts.limiter_stated,
            Cause::RateLimit,
            "the server logged that a limiter refused them (limit status REJECTED)",
        ),
        (
            facts.expiry_stated,
            Cause::Credential,
            "the server logged that the signed link had expired",
        ),
        (
            facts.referer_stated,
            Cause::RequestShape,
            "the server logged that the referer is not allowed",
        ),
    ];
    says.into_iter()
        .filter(|(count, _, _)| facts.share(*count) >= LEAST_SHARE)
        .map(|(count, cause, what)| {
            let text = format!("of {} denials {count}: {what}", facts.denials);
            evidence(
                "stated",
                EvidenceKind::Stated,
                cause,
                4.0,
                text,
                &[("stated", count as f64)],
            )
        })
        .collect()
}
