//! The log and what is true about it, in the layout of labelled logs: `access.log`, `labels.tsv`,
//! `truth.json`, the configuration and the error log.

use crate::scenario::{Scenario, Stream};
use crate::server::{ERROR_LOG, RAW_LOG, Server, Site};
use chrono::{DateTime, Utc};
use forbid_logs::findings::{Algorithm, Cause};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::Ipv4Addr;

/// Fewer denials than this are no spike.
const SMALLEST_SPIKE: usize = 25;
/// A log that is shorter than this part of what it should be has another clock.
const SHORTEST: f64 = 0.8;
/// More addresses than this are not listed in the truth.
const MOST_ADDRESSES: usize = 40;

/// What is true of one line.
#[derive(Debug, Clone)]
pub struct Label {
    pub status: u16,
    pub at: DateTime<Utc>,
    pub stream: String,
    /// The tail behind the stream, as the server wrote it.
    pub fields: Vec<String>,
    pub cause: Option<Cause>,
}

/// A log that is made.
pub struct Made {
    pub labels: Vec<Label>,
    pub truth: Value,
    /// What is not as it should be.
    pub complaints: Vec<String>,
}

/// Takes the tails off the raw log, and writes log, labels and truth.
///
/// # Errors
/// A file cannot be read or written.
pub fn finish(
    server: &dyn Server,
    site: &Site<'_>,
    sources: &[(String, Vec<Ipv4Addr>)],
) -> io::Result<Made> {
    let raw = String::from_utf8_lossy(&fs::read(site.path(RAW_LOG))?).into_owned();
    let mut log = String::with_capacity(raw.len());
    let mut labels = Vec::new();
    let mut complaints = Vec::new();
    for line in raw.lines() {
        let Some((line, stream, fields)) = server.parted(line) else {
            complaints.push(format!("a line without a tail: {line}"));
            continue;
        };
        // Only the wait for the server to listen has no stream.
        if matches!(&*stream, "" | "-") {
            continue;
        }
        let line = server.finish(&line, site);
        let Some((at, status)) = read(&line) else {
            complaints.push(format!("a line without a time or a status: {line}"));
            continue;
        };
        let told: Vec<&str> = fields.iter().map(String::as_str).collect();
        let cause = (status == 403).then(|| server.cause(&told)).flatten();
        if status == 403 && cause.is_none() {
            complaints.push(format!("a denial without a cause: {line} {fields:?}"));
        }
        log += &line;
        log.push('\n');
        labels.push(Label {
            status,
            at,
            stream,
            fields,
            cause,
        });
    }
    complaints.truncate(5);
    complaints.extend(jump(site.scenario, &labels));
    let error_log = fs::read(site.path(ERROR_LOG)).unwrap_or_default();
    for stated in server.stated(&String::from_utf8_lossy(&error_log), &labels) {
        if stated.in_error_log != stated.in_labels {
            complaints.push(format!("labels and error log differ: {stated:?}"));
        }
    }
    let truth = truth(site.scenario, &labels, sources);
    complaints.extend(missing(site.scenario, &truth));
    fs::write(site.path("access.log"), &log)?;
    fs::remove_file(site.path(RAW_LOG))?;
    fs::write(site.path("labels.tsv"), table(&labels))?;
    fs::write(site.path("truth.json"), format!("{truth:#}\n"))?;
    Ok(Made {
        labels,
        truth,
        complaints,
    })
}

/// Complains of a log whose clock is not the stretched one. A busy machine only makes it longer.
fn jump(scenario: &Scenario, labels: &[Label]) -> Option<String> {
    let first = labels.iter().map(|label| label.at).min()?;
    let last = labels.iter().map(|label| label.at).max()?;
    let minutes = (last - first).as_seconds_f64() / 60.0;
    let is_stretched = minutes >= SHORTEST * scenario.minutes;
    (!is_stretched).then(|| format!("the log goes from {first} to {last}, {minutes:.1} minutes"))
}

/// The moment and the status of a line of any format that the lab writes.
fn read(line: &str) -> Option<(DateTime<Utc>, u16)> {
    if line.starts_with('{') {
        let value: Value = serde_json::from_str(line).ok()?;
        let status = value.get("status")?.as_u64()? as u16;
        let at = match value.get("time").or(value.get("ts"))? {
            Value::String(text) => DateTime::parse_from_rfc3339(text).ok()?.to_utc(),
            number => DateTime::from_timestamp_millis((number.as_f64()? * 1000.0) as i64)?,
        };
        return Some((at, status));
    }
    let (_, rest) = line.split_once('[')?;
    let (stamp, rest) = rest.split_once(']')?;
    let at = DateTime::parse_from_str(stamp, "%d/%b/%Y:%H:%M:%S %z").map(|at| at.to_utc());
    if let Ok(at) = at {
        let status = rest.split('"').nth(2)?.split_whitespace().next()?;
        return Some((at, status.parse().ok()?));
    }
    // HAProxy: milliseconds, no offset; the status stands behind frontend, backend and timers.
    let at = chrono::NaiveDateTime::parse_from_str(stamp, "%d/%b/%Y:%H:%M:%S%.3f")
        .ok()?
        .and_utc();
    let status = rest.split_whitespace().nth(3)?;
    Some((at, status.parse().ok()?))
}

fn table(labels: &[Label]) -> String {
    let mut text = "line\tstatus\tcause\ttag\n".to_string();
    for (number, label) in (1..).zip(labels) {
        let cause = label.cause.map_or("", Cause::name);
        text += &format!("{number}\t{}\t{cause}\t{}\n", label.status, label.stream);
    }
    text
}

fn truth(scenario: &Scenario, labels: &[Label], sources: &[(String, Vec<Ipv4Addr>)]) -> Value {
    let mut by_status: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_cause: BTreeMap<&str, usize> = BTreeMap::new();
    for label in labels {
        *by_status.entry(label.status.to_string()).or_default() += 1;
        if let Some(cause) = label.cause {
            *by_cause.entry(cause.name()).or_default() += 1;
        }
    }
    let spikes: Vec<Value> = scenario
        .streams
        .iter()
        .filter(|stream| stream.spike)
        .filter_map(|stream| spike(scenario, stream, labels, sources))
        .collect();
    json!({
        "log": "access.log",
        "server": scenario.server().name(),
        "mechanism": scenario.mechanism,
        "scenario_family": scenario.family(),
        "timezone": "UTC",
        "time_factor": scenario.factor,
        "traffic": scenario.traffic,
        "around": scenario.around,
        "lines": labels.len(),
        "status": by_status,
        "c403": by_cause,
        "spikes": spikes,
    })
}

/// The spike of a stream: its denials of the cause that it has most of.
fn spike(
    scenario: &Scenario,
    stream: &Stream,
    labels: &[Label],
    sources: &[(String, Vec<Ipv4Addr>)],
) -> Option<Value> {
    let denied = |label: &&Label| label.stream == stream.name && label.cause.is_some();
    let mut by_cause: BTreeMap<&str, usize> = BTreeMap::new();
    for label in labels.iter().filter(denied) {
        *by_cause.entry(label.cause?.name()).or_default() += 1;
    }
    let (cause, _) = by_cause.into_iter().max_by_key(|(_, count)| *count)?;
    let cause = crate::scenario::cause_named(cause);
    let of_it: Vec<(usize, &Label)> = (1..)
        .zip(labels)
        .filter(|(_, label)| label.stream == stream.name && label.cause == Some(cause))
        .collect();
    if of_it.len() < SMALLEST_SPIKE {
        return None;
    }
    let start = of_it.iter().map(|(_, label)| label.at).min()?;
    let end = of_it.iter().map(|(_, label)| label.at).max()?;
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut spike = json!({
        "id": stream.name,
        "start": stamp(start),
        "end": stamp(end),
        "cause": cause.name(),
        "family": cause.family().name(),
        "detail": details(scenario),
        "keys": keys(stream, sources),
        "n403": of_it.len(),
        "n_requests_stream": labels.iter().filter(|label| label.stream == stream.name).count(),
        "first_line": of_it.first()?.0,
        "last_line": of_it.last()?.0,
    });
    if !stream.accept.is_empty() {
        let mut accept = vec![cause.name().to_string()];
        accept.extend(stream.accept.iter().cloned());
        spike["accept"] = json!(accept);
    }
    if let Some(policy) = (cause == Cause::RateLimit)
        .then(|| limit(scenario, stream))
        .flatten()
    {
        spike["policy"] = policy;
    }
    Some(spike)
}

fn details(scenario: &Scenario) -> String {
    let policies = scenario.policies.iter();
    let texts = policies.filter_map(|denial| denial.rule.as_deref().or(denial.feature.as_deref()));
    texts.collect::<Vec<_>>().join("; ")
}

fn keys(stream: &Stream, sources: &[(String, Vec<Ipv4Addr>)]) -> Value {
    let mut keys = serde_json::Map::new();
    let addresses = sources.iter().find(|(name, _)| *name == stream.name);
    if let Some((_, addresses)) = addresses
        && addresses.len() <= MOST_ADDRESSES
    {
        let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        keys.insert("ip".to_string(), json!(texts));
    }
    if let [path] = &stream.paths[..] {
        let path = path.split(['?', '{']).next().unwrap_or_default();
        keys.insert("route".to_string(), json!(path));
    }
    let agent = crate::agents::user_agent(&stream.client, &mut forbid_logs::synth::Random::new(0));
    if stream.client != "browser" && !agent.is_empty() {
        let name = agent.split(['/', ' ']).next().unwrap_or_default();
        keys.insert("user_agent".to_string(), json!(name));
    }
    Value::Object(keys)
}

/// The limiter, where there is just one that a stream can meet.
fn limit(scenario: &Scenario, stream: &Stream) -> Option<Value> {
    let policies = scenario.policies.iter();
    let policies = policies.filter(|denial| denial.forbids() && denial.meets(stream));
    let limits: Vec<_> = policies
        .filter_map(|denial| denial.policy()?.limit)
        .collect();
    let [limit] = &limits[..] else { return None };
    let key = if limit.key.is_empty() {
        vec!["all".to_string()]
    } else {
        limit.key.clone()
    };
    let mut policy = json!({ "key": key, "algorithm": limit.algorithm.name() });
    match limit.algorithm {
        Algorithm::LeakyBucket => {
            policy["rate_per_s"] = json!(limit.rate_per_s);
            policy["burst"] = json!(limit.burst.unwrap_or(0));
        }
        Algorithm::Concurrency => policy["limit"] = json!(limit.limit),
        Algorithm::FixedWindow | Algorithm::SlidingWindow | Algorithm::Hold => {
            policy["limit"] = json!(limit.limit);
            policy["window_s"] = json!(limit.window_s);
        }
    }
    if let Some(hold) = limit.hold_s {
        policy["hold_s"] = json!(hold);
    }
    Some(policy)
}

/// Streams that were to be a spike and are none.
fn missing(scenario: &Scenario, truth: &Value) -> Vec<String> {
    let spikes = truth["spikes"].as_array().cloned().unwrap_or_default();
    let streams = scenario.streams.iter().filter(|stream| stream.spike);
    let absent = streams.filter(|stream| {
        !spikes
            .iter()
            .any(|spike| spike["id"] == stream.name.as_str())
    });
    absent
        .map(|stream| {
            format!(
                "stream {:?} was to be a spike, and was hardly denied",
                stream.name
            )
        })
        .collect()
}
