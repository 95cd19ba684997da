//! What exactly denied: a mechanism of the cause.
//!
//! Where the server names it, it is what the server says; else what the facts tell. Denials of several
//! mechanisms have none: what holds for some of them only would be wrong for the others.

use super::{Judgement, Origin, Verdict};
use crate::evidence::content::Stream;
use crate::evidence::facts::Facts;
use crate::evidence::limiter::LimiterFit;
use crate::examine::table::Table;
use crate::findings::{Band, Cause, Evidence};
use crate::stated::Claim;
use std::collections::BTreeMap;

/// Share of the denials for which a mechanism must hold.
const LEAST_SHARE: f64 = 0.9;

/// A judged group of denials.
pub(super) struct Judged<'a> {
    pub(super) origin: &'a Origin,
    pub(super) limiter: Option<&'a LimiterFit>,
    pub(super) facts: &'a Facts,
    pub(super) evidence: &'a [Evidence],
    pub(super) judgement: &'a Judgement,
}

/// What exactly made these denials.
pub(super) fn of(table: &Table<'_>, case: &Judged<'_>) -> Option<&'static str> {
    let mut named: BTreeMap<Option<&'static str>, u64> = BTreeMap::new();
    if case.judgement.band == Band::Certain {
        for (number, count) in &case.facts.stated {
            let statement = table.statements.get(*number);
            if let Some(statement) = statement
                && statement.claim == Claim::Is(case.judgement.cause)
            {
                *named.entry(statement.mechanism).or_default() += count;
            }
        }
    }
    match named.keys().all(Option::is_none) {
        true => by_behaviour(case),
        false => most(named),
    }
}

/// That of several verdicts of one cause together.
pub(super) fn common(verdicts: &[&Verdict]) -> Option<&'static str> {
    let mut counts: BTreeMap<Option<&'static str>, u64> = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict.mechanism).or_default() += verdict.denials.len() as u64;
    }
    most(counts)
}

/// The mechanism that holds for nearly all.
fn most(counts: BTreeMap<Option<&'static str>, u64>) -> Option<&'static str> {
    let all: u64 = counts.values().sum();
    let (mechanism, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    mechanism.filter(|_| count as f64 >= LEAST_SHARE * all as f64)
}

/// What the facts tell of it.
fn by_behaviour(case: &Judged<'_>) -> Option<&'static str> {
    let facts = case.facts;
    let established = facts.came_into_force();
    let says = |tests: &[&str]| {
        let mut evidence = case.evidence.iter();
        evidence.any(|evidence| tests.contains(&evidence.test.as_str()))
    };
    Some(match case.judgement.cause {
        Cause::Undetermined => return None,
        Cause::RateLimit => {
            let fitted = case.limiter?.fitted.as_ref();
            fitted.map_or("leaky_bucket", |fitted| fitted.limit.algorithm.name())
        }
        Cause::IpAcl if established => "list_pushed",
        Cause::IpAcl => "list",
        Cause::RouteAcl if facts.share(facts.probes) > 0.6 => "probe_path",
        Cause::RouteAcl if facts.share(facts.directories) > 0.9 && !established => {
            "directory_index"
        }
        Cause::RouteAcl => "denied_location",
        Cause::Credential if facts.are_expired_links() => "expired_link",
        Cause::Credential if established => "revoked",
        Cause::Credential => "refused",
        Cause::Permission => "role",
        Cause::Cors => "preflight",
        Cause::RequestShape if facts.share(facts.foreign_referers) >= 0.8 => "hotlink",
        Cause::RequestShape if says(&["form", "own_form"]) => "csrf",
        Cause::RequestShape if says(&["body"]) => "content_type",
        Cause::RequestShape => "method",
        Cause::BotFilter if says(&["false_crawler"]) => "false_crawler",
        Cause::BotFilter if says(&["challenge", "unsolved"]) => "challenge",
        Cause::BotFilter if *case.origin == Origin::Content(Stream::Attack) => "waf_signature",
        Cause::BotFilter if facts.share(facts.attacks) >= 0.3 => "waf_signature",
        Cause::BotFilter => "user_agent",
    })
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn a_mechanism_holds_for_nearly_all_or_for_none() {
        let counted =
            |counts: &[(Option<&'static str>, u64)]| most(counts.iter().copied().collect());
        assert_eq!(counted(&[]), None);
        assert_eq!(counted(&[(Some("outage"), 3)]), Some("outage"));
        assert_eq!(
            counted(&[(Some("outage"), 95), (Some("list"), 5)]),
            Some("outage")
        );
        assert_eq!(counted(&[(Some("outage"), 40), (Some("list"), 160)]), None);
        assert_eq!(counted(&[(None, 95), (Some("list"), 5)]), None);
    }
}
