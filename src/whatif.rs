//! `whatif`: other policies replayed over the requests of the logs as they really arrived.
//!
//! ```text
//! lines → requests in some policy's scope → policies one after the other → answers against the log's
//! ```
//! Policies take their turn on a request in the order in which they are given, as the phases of a server
//! do: what an earlier one denies, a later one does not see. A request in no policy's scope is left as it
//! was. Stamps of whole seconds say only that requests came within it: they are spread evenly over it.

mod replay;
mod scope;
pub mod shown;

use crate::analysis::{self, AnalysisError, Logs, Progress};
use crate::format;
use crate::input::{self, Trouble};
use crate::key::intern::Interner;
use crate::key::token::TokenKey;
use crate::policy::limiter::IncompleteLimit;
use crate::policy::rule::{BadNetwork, Policy};
use crate::settings::Settings;
use schemars::JsonSchema;
use scope::{Arrivals, Compiled, Reader};
use serde::Serialize;
use std::ops::ControlFlow;

/// Name and version of the schema of an answer.
pub const SCHEMA: &str = "forbid-logs.whatif/1";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// Nothing can be read.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A limit lacks a number.
    #[error("--policy '{policy}': {source}")]
    Incomplete {
        /// As it was given.
        policy: String,
        /// What is missing.
        source: IncompleteLimit,
    },
    /// A list of networks holds something else.
    #[error("--policy '{policy}': {source}")]
    Network {
        /// As it was given.
        policy: String,
        /// What is none.
        source: BadNetwork,
    },
    /// A field of which log lines tell nothing.
    #[error("--policy '{policy}': a log line does not tell the {field}; name one of {known}")]
    Field {
        /// As it was given.
        policy: String,
        /// The field.
        field: String,
        /// Those that can be told.
        known: String,
    },
}

/// What would have happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// Name and version of this schema.
    pub schema: String,
    /// Requests of the log.
    pub requests: u64,
    /// Denials of the log.
    pub denials: u64,
    /// Requests in the scope of some policy, as they were answered and as they would have been.
    pub in_scope: Change,
    /// Each policy, in the order in which they take their turn.
    pub policies: Vec<OfPolicy>,
    /// Addresses in scope, those whose answers change most first.
    pub ip: Vec<OfValue>,
    /// Families of clients in scope.
    pub client: Vec<OfValue>,
    /// What the reader has to know.
    pub warnings: Vec<String>,
}

/// Requests by the answer they got and the one they would have got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// All of them.
    pub requests: u64,
    /// Denied then.
    pub denied_then: u64,
    /// Denied by the policies.
    pub denied: u64,
    /// Admitted then, denied by the policies.
    pub newly_denied: u64,
    /// Denied then, admitted by the policies.
    pub newly_admitted: u64,
}

impl Change {
    fn count(&mut self, denied_then: bool, denied: bool) {
        self.requests += 1;
        self.denied_then += u64::from(denied_then);
        self.denied += u64::from(denied);
        self.newly_denied += u64::from(denied && !denied_then);
        self.newly_admitted += u64::from(denied_then && !denied);
    }

    /// Requests whose answer changes.
    pub fn changed(&self) -> u64 {
        self.newly_denied + self.newly_admitted
    }
}

/// What one policy does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OfPolicy {
    /// The policy, as it is printed.
    pub text: String,
    /// Requests in its scope.
    pub requests: u64,
    /// Requests that came as far as this policy and that it denied.
    pub denied: u64,
}

/// What happens to one value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OfValue {
    /// The value.
    pub value: String,
    /// Its requests in scope.
    #[serde(flatten)]
    pub change: Change,
}

/// Replays the policies over the logs that the settings name.
///
/// # Errors
/// Nothing can be read, or a policy cannot be run.
pub fn answer(
    settings: &Settings,
    policies: &[Policy],
    token_key: &TokenKey,
    progress: &dyn Progress,
) -> Result<(Answer, Vec<Trouble>), WhatIfError> {
    let compiled: Vec<Compiled> = policies
        .iter()
        .map(Compiled::new)
        .collect::<Result<_, _>>()?;
    let mut troubles = Vec::new();
    let mut warnings = Vec::new();
    let arrivals = analysis::with_threads(settings, || {
        let logs = Logs::open(settings)?;
        let (arrivals, trouble) = read(&logs, &compiled, token_key, progress)?;
        troubles.extend(logs.troubles);
        troubles.extend(trouble);
        warnings.extend(logs.warnings);
        Ok(arrivals)
    })?;
    let (denied_by, spread) = replay::run(&arrivals, &compiled);
    if spread && compiled.iter().any(Compiled::is_limit) {
        warnings.push(
            "the log's stamps are whole seconds: requests are spread evenly over theirs, so that limits with small \
             bursts may differ by a few requests"
                .to_owned(),
        );
    }
    let mut answer = count(&arrivals, &denied_by, policies, &compiled, settings);
    answer.warnings = warnings;
    Ok((answer, troubles))
}

/// The requests of the logs that some policy looks at.
fn read(
    logs: &Logs,
    compiled: &[Compiled],
    token_key: &TokenKey,
    progress: &dyn Progress,
) -> Result<(Arrivals, Vec<Trouble>), AnalysisError> {
    progress.begin("reading", logs.input.total_bytes());
    let mut arrivals = Arrivals::new(compiled.len());
    let mut counts = vec![(0, crate::findings::Skipped::default()); logs.formats.len()];
    let pass = logs.input.pass_in_order(
        &|_, _| true,
        || (),
        input::newlines,
        |(), chunk, _| {
            let mut reader = Reader::new(&logs.gate, compiled, token_key);
            match logs.formats.get(chunk.source).and_then(Option::as_ref) {
                Some(format) => format.visit_chunk(chunk.directives, chunk.bytes, &mut reader),
                None => format::visit_unknown(chunk.bytes, &mut reader),
            }
            (chunk.source, reader.part)
        },
        |(source, part)| {
            if let Some((parsed, skipped)) = counts.get_mut(source) {
                *parsed += part.requests;
                skipped.add(&part.skipped);
            }
            arrivals.take(part);
            ControlFlow::Continue(())
        },
        &|bytes| progress.advance(bytes),
    );
    progress.end();
    analysis::check_readable(&counts, &logs.input, &logs.formats)?;
    Ok((arrivals, pass.troubles))
}

fn count(
    arrivals: &Arrivals,
    denied_by: &[Option<u8>],
    policies: &[Policy],
    compiled: &[Compiled],
    settings: &Settings,
) -> Answer {
    let mut answer = Answer {
        schema: SCHEMA.to_owned(),
        requests: arrivals.requests,
        denials: arrivals.denials,
        policies: policies
            .iter()
            .map(|policy| OfPolicy {
                text: policy.to_string(),
                ..OfPolicy::default()
            })
            .collect(),
        ..Answer::default()
    };
    let mut ips = vec![Change::default(); arrivals.ips.len()];
    let mut clients = vec![Change::default(); arrivals.clients.len()];
    for (at, (arrival, denied_by)) in arrivals.all.iter().zip(denied_by).enumerate() {
        let denied = denied_by.is_some();
        answer.in_scope.count(arrival.denied, denied);
        let lists = [(&mut ips, arrival.ip), (&mut clients, arrival.client)];
        for (changes, id) in lists {
            if let Some(change) = changes.get_mut(id as usize) {
                change.count(arrival.denied, denied);
            }
        }
        for (number, policy) in answer.policies.iter_mut().enumerate().take(compiled.len()) {
            policy.requests += u64::from(arrivals.key(at, number).is_some());
            policy.denied += u64::from(*denied_by == u8::try_from(number).ok());
        }
    }
    let shown_ip = |bytes: &[u8]| shown::address(bytes, settings.anonymize_ip);
    answer.ip = ranked(&arrivals.ips, &ips, settings.top, shown_ip);
    answer.client = ranked(&arrivals.clients, &clients, settings.top, shown::text);
    answer
}

/// The values whose answers change most, then those with the most requests; ties by their bytes.
fn ranked(
    names: &Interner,
    changes: &[Change],
    top: usize,
    shown: impl Fn(&[u8]) -> String,
) -> Vec<OfValue> {
    let mut all: Vec<(&[u8], &Change)> = names
        .iter()
        .zip(changes)
        .map(|((_, name), change)| (name, change))
        .collect();
    all.sort_by(|a, b| {
        let weight = |change: &Change| (change.changed(), change.denied, change.requests);
        weight(b.1).cmp(&weight(a.1)).then(a.0.cmp(b.0))
    });
    all.truncate(top);
    all.into_iter()
        .map(|(name, change)| OfValue {
            value: shown(name),
            change: *change,
        })
        .collect()
}
