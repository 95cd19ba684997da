//! Scores found spikes against true ones, which logs with labels have beside them.
//!
//! A true and a found spike match where they overlap, widened by a slack; each at most once, by the
//! assignment with the most matches, then the most agreement in time and in keys. A found spike that is
//! left over is false, unless it is a fragment of a matched one: it overlaps it, and shares a key or cause.

#![allow(dead_code)] // each user needs a part of it

use forbid_logs::findings::{Cause, Family, Spike};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Seconds that spikes are widened by on both sides; less where one is shorter than two minutes.
const SLACK_S: f64 = 60.0;
const SHORT_SLACK_S: f64 = 5.0;
const SHORT_S: f64 = 120.0;

/// What is true about a log: its `truth.json`.
#[derive(Deserialize)]
pub struct Truth {
    /// The log's name, beside it.
    pub log: String,
    /// Its lines.
    pub lines: u64,
    /// Mechanism and server, where a lab made it.
    #[serde(default)]
    pub scenario_family: String,
    /// Its spikes.
    pub spikes: Vec<TrueSpike>,
}

/// A true spike.
#[derive(Deserialize)]
pub struct TrueSpike {
    id: String,
    start: chrono::DateTime<chrono::Utc>,
    end: chrono::DateTime<chrono::Utc>,
    /// Its cause.
    pub cause: String,
    #[serde(default)]
    accept: Vec<String>,
    #[serde(default)]
    keys: BTreeMap<String, Value>,
}

impl TrueSpike {
    fn span(&self) -> (f64, f64) {
        (seconds(self.start), seconds(self.end))
    }

    fn accepts(&self, cause: Cause) -> bool {
        cause.name() == self.cause || self.accept.iter().any(|accepted| accepted == cause.name())
    }

    fn accepts_family(&self, family: Family) -> bool {
        Cause::ALL
            .into_iter()
            .any(|cause| self.accepts(cause) && cause.family() == family)
    }

    /// The share of the kinds of keys that the text of a found spike names.
    fn named_in(&self, text: &str) -> f64 {
        let named: Vec<bool> = self
            .keys
            .iter()
            .map(|(kind, values)| (kind, texts(values)))
            .filter(|(_, values)| !values.is_empty())
            .map(|(kind, values)| {
                values
                    .iter()
                    .any(|value| text.contains(searched(kind, value)))
            })
            .collect();
        if named.is_empty() {
            0.0
        } else {
            share(named.iter().filter(|hit| **hit).count(), named.len())
        }
    }
}

/// A network is named where an address of it is: by its first octets, and the point behind them.
fn searched<'a>(kind: &str, value: &'a str) -> &'a str {
    match value.split_once('/') {
        Some((address, _)) if kind == "cidr" => {
            address.rfind('.').map_or(address, |at| &address[..=at])
        }
        _ => value,
    }
}

/// The values of a key, longer than a letter; a list may be written with commas, and a comma before a
/// space belongs to the value, as in `(KHTML, like Gecko)`.
fn texts(value: &Value) -> Vec<String> {
    let all: Vec<String> = match value {
        Value::String(text) => text
            .replace(", ", "\0")
            .split(',')
            .map(|part| part.replace('\0', ", "))
            .collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(|v| v.as_str().map(String::from))
            .collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter(|text| text.len() > 1).collect()
}

/// A spike of an analysis.
pub struct Found {
    span: (f64, f64),
    cause: Cause,
    family: Family,
    confidence: Option<f64>,
    /// All strings of the spike, one a line.
    text: String,
}

impl Found {
    /// Of a spike.
    pub fn new(spike: &Spike) -> Found {
        let mut text = String::new();
        strings(
            &serde_json::to_value(spike).expect("a spike is JSON"),
            &mut text,
        );
        let span = (seconds(spike.start), seconds(spike.end));
        Found {
            span,
            cause: spike.cause,
            family: spike.family,
            confidence: spike.confidence,
            text,
        }
    }
}

fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(list) => list.iter().for_each(|value| strings(value, out)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            out.push_str(key);
            out.push('\n');
            strings(value, out);
        }),
        _ => {}
    }
}

/// How well a found spike fits a true one, where they overlap at all.
#[derive(Clone, Copy)]
struct Fit {
    score: f64,
    named: f64,
}

fn fit(truth: &TrueSpike, found: &Found, slack: f64) -> Option<Fit> {
    let ((start, end), (from, to)) = (truth.span(), found.span);
    let overlap = end.min(to) - start.max(from);
    let union = end.max(to) - start.min(from);
    let least = 0.1 * (end - start).min(to - from);
    let near = overlap + 2.0 * slack > 0.0
        && (overlap >= least || (overlap + 2.0 * slack >= least && overlap > -slack));
    let named = truth.named_in(&found.text);
    let in_time = if union > 0.0 {
        overlap.max(0.0) / union
    } else {
        1.0
    };
    let agrees = if truth.accepts(found.cause) {
        0.01
    } else {
        0.0
    };
    near.then_some(Fit {
        score: in_time + 1.5 * named + agrees,
        named,
    })
}

/// Pairs of true and found spikes: the most pairs, then the highest score.
fn assignment(fits: &[Vec<Option<Fit>>], found: usize, taken: u32) -> (f64, Vec<(usize, usize)>) {
    let Some(at) = found.checked_sub(1) else {
        return (0.0, Vec::new());
    };
    let mut best = assignment(fits, at, taken);
    for (n, row) in fits.iter().enumerate() {
        if taken >> n & 1 == 0
            && let Some(fit) = row[at]
        {
            let (score, mut pairs) = assignment(fits, at, taken | 1 << n);
            let score = score + fit.score + 10.0;
            if score > best.0 {
                pairs.push((n, at));
                best = (score, pairs);
            }
        }
    }
    best
}

/// What became of a true spike.
#[derive(Debug, Clone)]
pub struct Told {
    /// Mechanism and server.
    pub scenario_family: String,
    /// The true cause.
    pub truth: String,
    /// The cause that it was told as; none where it was missed.
    pub cause: Option<Cause>,
    /// How sure that was.
    pub confidence: Option<f64>,
    /// Whether that was right.
    pub is_right: bool,
}

/// How many were right.
#[derive(Default)]
pub struct Score {
    /// True spikes.
    pub truths: usize,
    /// Found spikes.
    pub found: usize,
    /// Pairs of both.
    pub matched: usize,
    /// Found ones that are a part of a matched one.
    pub fragments: usize,
    /// Pairs whose family is right.
    pub family: usize,
    /// Pairs whose cause is right.
    pub cause: usize,
    /// Found ones in logs without any.
    pub false_in_negatives: usize,
    /// Each true spike.
    pub told: Vec<Told>,
    /// What went wrong, a line each.
    pub remarks: Vec<String>,
}

impl Score {
    /// Adds a log.
    pub fn add(&mut self, name: &str, truth: &Truth, found: &[Found]) {
        let truths = &truth.spikes[..];
        let told = |spike: &TrueSpike, by: Option<&Found>| Told {
            scenario_family: truth.scenario_family.clone(),
            truth: spike.cause.clone(),
            cause: by.map(|found| found.cause),
            confidence: by.and_then(|found| found.confidence),
            is_right: by.is_some_and(|found| spike.accepts(found.cause)),
        };
        let lengths = truths.iter().map(|truth| truth.span().1 - truth.span().0);
        let slack = if lengths.fold(f64::MAX, f64::min) < SHORT_S {
            SHORT_SLACK_S
        } else {
            SLACK_S
        };
        let fits: Vec<Vec<Option<Fit>>> = truths
            .iter()
            .map(|truth| found.iter().map(|found| fit(truth, found, slack)).collect())
            .collect();
        let (_, pairs) = assignment(&fits, found.len(), 0);
        self.truths += truths.len();
        self.found += found.len();
        self.matched += pairs.len();
        for (n, at) in &pairs {
            let (truth, found) = (&truths[*n], &found[*at]);
            self.told.push(told(truth, Some(found)));
            self.cause += usize::from(truth.accepts(found.cause));
            self.family += usize::from(truth.accepts_family(found.family));
            if !truth.accepts(found.cause) {
                self.remarks.push(format!(
                    "{name}: {} is {}, told as {}",
                    truth.id,
                    truth.cause,
                    found.cause.name()
                ));
            }
        }
        for (n, truth) in truths
            .iter()
            .enumerate()
            .filter(|(n, _)| pairs.iter().all(|pair| pair.0 != *n))
        {
            self.told.push(told(truth, None));
            self.remarks.push(format!(
                "{name}: {} ({}) is missed, number {n}",
                truth.id, truth.cause
            ));
        }
        for (at, spike) in found
            .iter()
            .enumerate()
            .filter(|(at, _)| pairs.iter().all(|pair| pair.1 != *at))
        {
            let is_fragment = pairs.iter().any(|(n, _)| {
                fits[*n][at].is_some_and(|fit| fit.named > 0.0 || truths[*n].accepts(spike.cause))
            });
            if is_fragment {
                self.fragments += 1;
            } else {
                self.remarks
                    .push(format!("{name}: a {} that is none", spike.cause.name()));
                self.false_in_negatives += usize::from(truths.is_empty());
            }
        }
    }
}

fn seconds(moment: chrono::DateTime<chrono::Utc>) -> f64 {
    moment.timestamp_millis() as f64 / 1_000.0
}

/// A part of a whole; nothing of nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
