//! What is new, in a few lines of plain text: fit for the mail that cron sends.
//!
//! Nothing is said of spikes that an earlier run has told of, nor of those that are expected. Every
//! text of a log is escaped; times are in the log's own offset, which is named once.

use super::Report;
use crate::escape;
use crate::findings::{Band, Moment, Spike, State};
use crate::output::text::number::thousands;
use chrono::FixedOffset;
use std::fmt::Write;
use std::path::Path;

/// Spikes that are told of one by one.
const MOST_SPIKES: usize = 20;
/// Bytes of a rule that are shown.
const LONGEST: usize = 300;

/// The text; empty where nothing is new.
pub fn whats_new(report: &Report, out: &Path) -> String {
    let new: Vec<&Spike> = report
        .spikes
        .iter()
        .filter(|spike| report.is_new(spike) && spike.known.is_none())
        .collect();
    if new.is_empty() {
        return String::new();
    }
    let clock = Clock::new(report.utc_offset_s);
    let mut text = String::new();
    let spikes = match new.len() {
        1 => "1 new spike".to_owned(),
        n => format!("{n} new spikes"),
    };
    let logs: Vec<_> = report
        .logs
        .iter()
        .map(|log| escape::terminal(log))
        .collect();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{spikes} of denied requests in {} (times in {})",
        logs.join(" "),
        clock.name()
    );
    let usual = report
        .usual_per_minute
        .map(|usual| format!(", usually {} a minute", thousands(usual)));
    let _ = writeln!(
        text,
        "run {}: {} of {} new requests denied{}",
        report.run,
        thousands(report.denials),
        thousands(report.requests),
        usual.unwrap_or_default()
    );
    for spike in new.iter().take(MOST_SPIKES) {
        let _ = write!(text, "\n{}", one(spike, &clock));
    }
    if new.len() > MOST_SPIKES {
        let _ = writeln!(text, "\nand {} more", new.len() - MOST_SPIKES);
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "\nwarning: {}", escape::terminal(warning));
    }
    let set = out.join("runs").join(format!("{:06}", report.run));
    let _ = writeln!(
        text,
        "\nall of it: {}",
        escape::terminal(&set.to_string_lossy())
    );
    text
}

/// One spike in some lines.
fn one(spike: &Spike, clock: &Clock) -> String {
    let mut text = String::new();
    let cause = spike.cause.name().replace('_', " ").to_uppercase();
    let sure = match (spike.band, spike.confidence) {
        (Band::Certain, _) => "  certain".to_owned(),
        (Band::Undetermined, _) | (_, None) => String::new(),
        (band, Some(confidence)) => {
            format!(
                "  {} ({:.0} %)",
                band.name(),
                (confidence * 100.0).min(99.0)
            )
        }
    };
    let state = match spike.state {
        State::Open => ", still going on",
        State::Closed => "",
    };
    let _ = writeln!(
        text,
        "{}  {cause}{sure}  {} denials  {} to {}{state}",
        spike.id,
        thousands(spike.denials),
        clock.show(spike.start),
        clock.show(spike.end),
    );
    if let Some(reason) = &spike.reason {
        let _ = writeln!(text, "  reason: {}", shown(reason));
    }
    if let Some(rule) = &spike.rule {
        let _ = writeln!(text, "  rule:   {}", shown(&rule.text));
    }
    for (label, dimension) in [
        ("who:   ", "ip"),
        ("client:", "client"),
        ("where: ", "route"),
    ] {
        let most = spike.keys.get(dimension).and_then(|values| values.first());
        let distinct = spike.distinct.get(dimension).copied().unwrap_or(0);
        if let Some(most) = most {
            let others = match distinct {
                0 | 1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            let _ = writeln!(text, "  {label} {}{others}", shown(&most.value));
        }
    }
    if let Some(evidence) = spike.evidence.first() {
        let _ = writeln!(text, "  as:     {}", shown(&evidence.text));
    }
    text
}

fn shown(text: &str) -> String {
    let escaped = escape::terminal(text);
    match escaped.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &escaped[..at]),
        None => escaped.into_owned(),
    }
}

/// The log's own clock.
struct Clock(FixedOffset);

impl Clock {
    fn new(offset_s: i32) -> Clock {
        let utc = FixedOffset::east_opt(0);
        let offset = FixedOffset::east_opt(offset_s).or(utc);
        Clock(offset.unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc)))
    }

    fn name(&self) -> String {
        match self.0.local_minus_utc() {
            0 => "UTC".to_owned(),
            _ => format!("UTC{}", self.0),
        }
    }

    fn show(&self, moment: Moment) -> String {
        let local = moment.with_timezone(&self.0);
        local.format("%Y-%m-%d %H:%M:%S").to_string()
    }
}
