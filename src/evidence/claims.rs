//! Does a filter tell crawlers from those who only bear their name? With the ranges that their owners publish
//! (`--ranges`), the log shows it: impostors are denied, and the genuine ones pass.

use super::{Case, counted, evidence};
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};

/// Share of the denials that must be impostors' before they explain the rest.
const MOSTLY: f64 = 0.8;
/// Requests of the genuine crawler that show that its name alone is not denied.
const SHOWN_TO_PASS: u64 = 5;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let (genuine, impostors) = (facts.genuine_crawlers, facts.false_crawlers);
    if facts.share(impostors.denied) < MOSTLY {
        return Vec::new();
    }
    let genuine_pass = genuine.admitted >= SHOWN_TO_PASS && genuine.admitted_share() >= MOSTLY;
    let weight = match genuine_pass {
        true => 3.0,
        false => 1.5,
    };
    let name = match facts.top(Column::Client) {
        Some((id, _)) if facts.distinct(Column::Client) == 1 => case.name(Column::Client, id),
        _ => "crawlers".to_string(),
    };
    let passing = match genuine_pass {
        true => format!(", while {} from within were admitted", genuine.admitted),
        false => String::new(),
    };
    let text = format!(
        "{} that claimed to be {name} came from outside the ranges that its owner publishes{passing}",
        counted(impostors.denied, "request", "requests"),
    );
    vec![evidence(
        "false_crawler",
        EvidenceKind::Behaviour,
        Cause::BotFilter,
        weight,
        text,
        &[
            ("denied_outside", impostors.denied as f64),
            ("admitted_outside", impostors.admitted as f64),
            ("denied_within", genuine.denied as f64),
            ("admitted_within", genuine.admitted as f64),
        ],
    )]
}
