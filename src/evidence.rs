//! Evidence: what proposes explanations of denials, and what speaks for and against a cause.
//!
//! *Proposers* (`content`, `strata`, `limiter`, `challenge`) split denials into groups that one policy
//! may have made. *Tests* read the facts of a group and return weighed sentences. A test is a file with
//! a function and a line in [`TESTS`]; it stays silent where the log cannot tell. Weights are
//! log-likelihood ratios bounded to ±4, and no test repeats what another one has said.

pub mod addresses;
pub mod challenge;
pub mod clamp;
pub mod content;
pub mod exposure;
pub mod facts;
pub mod limiter;
pub mod responder;
pub mod sampling;
pub mod strata;

mod agents;
mod attack;
mod claims;
mod identity;
mod limits;
mod link;
mod places;
mod preflight;
mod recovery;
mod shape;
pub mod stated;

use crate::examine::table::{Column, Table};
use crate::findings::{Cause, Evidence, EvidenceKind};
use facts::Facts;
use limiter::LimiterFit;
use std::collections::BTreeMap;

/// Largest weight of one piece of evidence: no single behaviour proves a cause.
pub const BOUND: f64 = 4.0;

/// What a test looks at.
pub struct Case<'a> {
    /// Rows and their names.
    pub table: &'a Table<'a>,
    /// The counts of the group.
    pub facts: &'a Facts,
    /// The limiter that fits the group, where one was found.
    pub limiter: Option<&'a LimiterFit>,
    /// Whether addresses are those of a balancer, so that nothing can be told by address.
    pub balanced: bool,
    /// Whether the group was found as first denied, then admitted.
    pub challenged: bool,
}

impl Case<'_> {
    /// The text of an id, for sentences; outputs escape it.
    pub fn name(&self, column: Column, id: u32) -> String {
        String::from_utf8_lossy(self.table.text(column, id)).into_owned()
    }
}

/// Reads the facts of a group and says what they speak for.
pub type Test = fn(&Case<'_>) -> Vec<Evidence>;

/// Every test, in the order in which its sentences are shown at equal weight.
pub const TESTS: &[Test] = &[
    stated::weigh,
    limits::weigh,
    link::weigh,
    preflight::weigh,
    attack::weigh,
    shape::weigh,
    recovery::weigh,
    places::weigh,
    agents::weigh,
    claims::weigh,
    addresses::weigh,
    identity::weigh,
    responder::weigh,
];

/// One piece of evidence.
pub(crate) fn evidence(
    test: &str,
    kind: EvidenceKind,
    cause: Cause,
    weight: f64,
    text: String,
    counts: &[(&str, f64)],
) -> Evidence {
    Evidence {
        test: test.to_string(),
        kind,
        r#for: cause,
        weight: weight.clamp(-BOUND, BOUND),
        text,
        counts: counts
            .iter()
            .map(|(k, v)| (k.to_string(), *v))
            .collect::<BTreeMap<_, _>>(),
        command: None,
    }
}

/// `1 address`, `12 addresses`: a count with its noun.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

/// A share as whole per cent, but never 100 % or 0 % where it is not exactly that.
pub(crate) fn percent(share: f64) -> String {
    match share {
        s if s >= 1.0 => "100 %".into(),
        s if s > 0.99 => "over 99 %".into(),
        s if s <= 0.0 => "0 %".into(),
        s if s < 0.01 => "under 1 %".into(),
        s => format!("{:.0} %", s * 100.0),
    }
}
