//! What the server states: in a field of the line, or in its error log.
//!
//! A named cause is certain. A statement that leaves a few causes speaks against all others, and so does
//! the silence of an error log against those that it would have told. What only goes with a cause
//! speaks for it.

use super::{Case, evidence};
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::stated::{Claim, Statement};
use std::collections::BTreeMap;

/// Share of the denials that must be stated.
const LEAST_SHARE: f64 = 0.5;
/// Against causes that a statement leaves no room for.
const RULED_OUT: f64 = -4.0;
/// Against causes that an error log does not tell of although it tells of others: an application behind
/// the server may still have them.
const UNTOLD: f64 = -3.0;
/// Name of the test of a statement that leaves a few causes: one of them it is.
pub const LEAVES_A_FEW: &str = "stated_of";
/// Clauses quoted in one sentence.
const MOST_QUOTED: usize = 3;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let mut found = named(case);
    found.extend(restricted(case));
    found.extend(suggested(case));
    found
}

/// The statements about the denials, the most frequent first.
fn statements<'a>(case: &'a Case<'_>) -> Vec<(&'a Statement, u64)> {
    let stated = case.facts.stated.iter();
    let mut all: Vec<(&Statement, u64)> = stated
        .filter_map(|(number, count)| Some((case.table.statements.get(*number)?, *count)))
        .collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

/// Causes that the server names.
fn named(case: &Case<'_>) -> Vec<Evidence> {
    let mut causes: BTreeMap<Cause, Vec<(&Statement, u64)>> = BTreeMap::new();
    for (statement, count) in statements(case) {
        if let Claim::Is(cause) = statement.claim {
            causes.entry(cause).or_default().push((statement, count));
        }
    }
    let denials = case.facts.denials;
    causes
        .into_iter()
        .filter_map(|(cause, said)| {
            let count: u64 = said.iter().map(|(_, count)| count).sum();
            (case.facts.share(count) >= LEAST_SHARE).then(|| {
                let text = format!(
                    "{count} of {denials} denials stated by the {}: {}",
                    source(&said),
                    quoted(&said)
                );
                evidence(
                    "stated",
                    EvidenceKind::Stated,
                    cause,
                    4.0,
                    text,
                    &[("stated", count as f64)],
                )
            })
        })
        .collect()
}

/// Error logs by their name, everything else as a field of the access log; just that where it is several.
fn source(said: &[(&Statement, u64)]) -> String {
    let by = said.first().map_or("", |(statement, _)| statement.by);
    let is_one = said.iter().all(|(statement, _)| statement.by == by);
    match by.split_once("reason:") {
        _ if !is_one && !by.contains(' ') => "access log".to_owned(),
        _ if by.contains(' ') => by.to_owned(),
        Some(("", _)) => "access log".to_owned(),
        _ => format!("access log ({by})"),
    }
}

/// `limiting requests by zone "search" (error.log:12); ...`.
fn quoted(said: &[(&Statement, u64)]) -> String {
    let clause = |(statement, count): &(&Statement, u64)| {
        let times = match said {
            [_] => String::new(),
            _ => format!("{count} × "),
        };
        match &statement.file {
            Some(file) => format!("{times}{} ({file}:{})", statement.says, statement.line),
            None => format!("{times}{}", statement.says),
        }
    };
    let clauses: Vec<String> = said.iter().take(MOST_QUOTED).map(clause).collect();
    let more = match said.len().saturating_sub(MOST_QUOTED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{}{more}", clauses.join("; "))
}

/// Causes that are ruled out.
fn restricted(case: &Case<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    for (statement, count) in statements(case) {
        if case.facts.share(count) < LEAST_SHARE {
            continue;
        }
        let (test, out, weight): (&str, Vec<Cause>, f64) = match statement.claim {
            Claim::OneOf(left) => {
                let all = Cause::ALL.into_iter();
                let is_out = |cause: &Cause| *cause != Cause::Undetermined && !left.contains(cause);
                (LEAVES_A_FEW, all.filter(is_out).collect(), RULED_OUT)
            }
            Claim::NoneOf(out) => ("silence", out.to_vec(), UNTOLD * case.by_the_server()),
            Claim::Is(_) | Claim::Suggests(..) => continue,
        };
        let text = format!(
            "{count} of {} denials: {}",
            case.facts.denials,
            quoted(&[(statement, count)])
        );
        if weight == 0.0 {
            continue;
        }
        found.extend(out.into_iter().map(|cause| {
            evidence(
                test,
                EvidenceKind::Responder,
                cause,
                weight,
                text.clone(),
                &[("stated", count as f64)],
            )
        }));
    }
    found
}

impl Case<'_> {
    /// How far the server itself answered, from 0 to 1: what an application refuses leaves no line.
    fn by_the_server(&self) -> f64 {
        match self.facts.application_share() {
            Some(share) if share < 0.2 => 1.0,
            Some(_) => 0.0,
            None => 0.3,
        }
    }
}

/// Causes that a statement goes with.
fn suggested(case: &Case<'_>) -> Vec<Evidence> {
    let all = statements(case).into_iter();
    all.filter_map(|(statement, count)| {
        let Claim::Suggests(cause, weight) = statement.claim else {
            return None;
        };
        let share = case.facts.share(count);
        (share >= LEAST_SHARE).then(|| {
            let text = format!(
                "{count} of {} denials: {}",
                case.facts.denials, statement.says
            );
            evidence(
                "suggested",
                EvidenceKind::Responder,
                cause,
                weight * share,
                text,
                &[("stated", count as f64)],
            )
        })
    })
    .collect()
}
