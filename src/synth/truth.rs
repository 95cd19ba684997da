//! What is true about a synthetic log: its spikes, and the cause of each denial.

use super::Scenario;
use super::server::{Answer, Post};
use crate::findings::{Algorithm, Cause, Limit};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Fewer denials than this are no spike.
const SMALLEST_SPIKE: u64 = 25;

/// The truth about one log, in the layout of the labelled corpora (`truth.json`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// Name of the log beside it.
    pub log: String,
    /// Name of its format.
    pub format: String,
    /// Seed.
    pub seed: u64,
    /// Offset of its clock from UTC.
    pub tz_minutes: i32,
    /// Lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
    /// Hostile lines, none of which is a denial.
    #[serde(skip_serializing_if = "is_zero")]
    pub hostile: u64,
    /// Lines with status 403.
    pub n403: u64,
    /// Of these, by cause.
    pub c403: BTreeMap<&'static str, u64>,
    /// The spikes.
    pub spikes: Vec<TruthSpike>,
    /// Every denial.
    #[serde(skip)]
    pub labels: Vec<Label>,
}

/// One true spike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthSpike {
    /// The stream.
    pub id: String,
    /// First denial, RFC 3339.
    pub start: String,
    /// Last denial, RFC 3339.
    pub end: String,
    /// The cause.
    pub cause: &'static str,
    /// Its family.
    pub family: &'static str,
    /// What happened.
    pub detail: String,
    /// Values by which it can be recognised.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Denials.
    pub n403: u64,
    /// Line of the first denial, from 1.
    pub first_line: u64,
    /// Line of the last denial.
    pub last_line: u64,
    /// Other right causes, where there are some (the cause itself included).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<&'static str>,
    /// The limit, for rate limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<serde_json::Value>,
    /// Why it is hard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard: Option<String>,
}

/// The cause of one denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Line, from 1.
    pub line: u64,
    /// The cause.
    pub cause: Cause,
    /// The guard that denied.
    pub tag: String,
}

/// Truths of logs without hostile lines do not speak of them.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Truth {
    /// Writes `labels.tsv`: line, status, cause and tag of each denial.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write_labels(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "line\tstatus\tcause\ttag")?;
        for label in &self.labels {
            writeln!(
                out,
                "{}\t403\t{}\t{}",
                label.line,
                label.cause.name(),
                label.tag
            )?;
        }
        out.flush()
    }
}

/// Denials of one guard.
#[derive(Debug, Clone, Default)]
struct Entry {
    denials: u64,
    first: (i64, u64),
    last: (i64, u64),
}

/// Keeps count while the log is written.
pub(super) struct Ledger {
    lines: u64,
    hostile: u64,
    entries: Vec<Entry>,
    labels: Vec<Label>,
}

impl Ledger {
    pub(super) fn new(guards: usize) -> Ledger {
        Ledger {
            lines: 0,
            hostile: 0,
            entries: vec![Entry::default(); guards],
            labels: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, stamp_ms: i64, answer: &Answer, posts: &[Post]) {
        self.lines += 1;
        let Some(index) = answer.guard.filter(|_| answer.status == 403) else {
            return;
        };
        let here = (stamp_ms, self.lines);
        let entry = &mut self.entries[index];
        if entry.denials == 0 {
            entry.first = here;
        }
        entry.last = here;
        entry.denials += 1;
        let guard = posts[index].guard();
        self.labels.push(Label {
            line: self.lines,
            cause: guard.cause,
            tag: guard.tag.clone(),
        });
    }

    /// Notes a line that is hostile, and no denial.
    pub(super) fn enter_hostile(&mut self) {
        self.lines += 1;
        self.hostile += 1;
    }

    pub(super) fn close(
        self,
        scenario: &Scenario,
        posts: &[Post],
        bytes: u64,
        offset_s: i32,
    ) -> Truth {
        let mut by_cause = BTreeMap::new();
        for label in &self.labels {
            *by_cause.entry(label.cause.name()).or_insert(0) += 1;
        }
        let spike = |stream: &super::Stream| {
            let of_stream = || {
                posts
                    .iter()
                    .zip(&self.entries)
                    .filter(|(post, _)| post.guard().tag == stream.id)
            };
            let denials: u64 = of_stream().map(|(_, entry)| entry.denials).sum();
            let denying = || of_stream().filter(|(_, entry)| entry.denials > 0);
            let first = denying().map(|(_, entry)| entry.first).min()?;
            let last = denying().map(|(_, entry)| entry.last).max()?;
            let guard = denying().next()?.0.guard();
            let accept = stream
                .accept
                .iter()
                .chain((!stream.accept.is_empty()).then_some(&guard.cause));
            (denials >= SMALLEST_SPIKE && !stream.standing).then(|| TruthSpike {
                id: stream.id.clone(),
                start: shown(first.0),
                end: shown(last.0),
                cause: guard.cause.name(),
                family: guard.cause.family().name(),
                detail: stream.detail.clone(),
                keys: stream.keys.clone(),
                n403: denials,
                first_line: first.1,
                last_line: last.1,
                accept: accept.map(|cause| cause.name()).collect(),
                policy: guard.policy.limit.as_ref().map(policy),
                hard: stream.hard.clone(),
            })
        };
        Truth {
            log: "access.log".to_string(),
            format: scenario.format.name().to_string(),
            seed: scenario.seed,
            tz_minutes: offset_s / 60,
            lines: self.lines,
            bytes,
            hostile: self.hostile,
            n403: self.labels.len() as u64,
            c403: by_cause,
            spikes: scenario.streams.iter().filter_map(spike).collect(),
            labels: self.labels,
        }
    }
}

fn shown(ms: i64) -> String {
    let moment = DateTime::from_timestamp(ms.div_euclid(1000), 0).unwrap_or_default();
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A limit with only the numbers of its algorithm; limits for all callers have the key `all`.
fn policy(limit: &Limit) -> serde_json::Value {
    let mut key = limit.key.clone();
    if key.is_empty() {
        key = vec!["all".to_string(), "route".to_string()];
    }
    let mut object = serde_json::json!({ "key": key, "algorithm": limit.algorithm.name() });
    let mut set = |name: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            object[name] = value;
        }
    };
    set("rate_per_s", limit.rate_per_s.map(Into::into));
    set("burst", limit.burst.map(Into::into));
    set("hold_s", limit.hold_s.map(Into::into));
    // Of a hold only the time counts: thresholds are told loosely.
    if limit.algorithm != Algorithm::Hold {
        set("window_s", limit.window_s.map(Into::into));
        set("limit", limit.limit.map(Into::into));
    }
    object
}
