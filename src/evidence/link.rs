//! Signed links: the request carries its own expiry, to be compared with the time it was logged.

use super::{Case, evidence, percent};
use crate::findings::{Cause, Evidence, EvidenceKind};

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let (expired, valid) = (facts.links_expired, facts.links_valid);
    if facts.are_expired_links() {
        let text = format!(
            "{} of the denied requests carry a signature that had expired when they came",
            percent(facts.share(expired))
        );
        return vec![evidence(
            "link",
            EvidenceKind::Behaviour,
            Cause::Credential,
            4.0,
            text,
            &[("expired", expired as f64)],
        )];
    }
    if facts.share(valid) >= 0.7 {
        let text = format!(
            "{} of the denied requests carry a signature that had not expired",
            percent(facts.share(valid))
        );
        return vec![evidence(
            "link",
            EvidenceKind::Behaviour,
            Cause::Credential,
            0.7,
            text,
            &[("valid", valid as f64)],
        )];
    }
    Vec::new()
}
