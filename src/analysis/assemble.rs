//! Puts an [`Analysis`] together from what the passes counted and the verdicts say.

use super::coarser::{by_client, by_denied_network};
use super::{AnalysisError, Grounds, examples, unread, warnings, whole};
use crate::directive::Configurations;
use crate::escape;
use crate::examine::Routes;
use crate::examine::table::{Column, Table};
use crate::findings::*;
use crate::format::Detected;
use crate::gate::Gate;
use crate::input::Input;
use crate::key::address::{self, Address};
use crate::key::token::TokenKey;
use crate::settings::Settings;
use crate::spike::scan::Exposure;
use crate::survey::tally::Tally;
use crate::survey::timeline::Bin;
use crate::survey::{NEIGHBOURS, SourceTally, Survey};
use crate::verdict::describe::{Setting, describe};
use crate::verdict::{Premises, Verdict, standing_by_cause};
use chrono::DateTime;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::BTreeMap;

/// Everything that an analysis is put together from.
pub struct Assembly<'a> {
    pub settings: &'a Settings,
    pub token_key: &'a TokenKey,
    pub input: &'a Input,
    pub formats: &'a [Option<Detected>],
    pub gate: &'a Gate,
    pub survey: &'a Survey,
    pub routes: &'a Routes,
    pub table: &'a Table<'a>,
    pub exposure: &'a Exposure,
    pub premises: &'a Premises,
    pub verdicts: &'a [Verdict],
    pub bins: &'a [(i64, Bin)],
    pub window_s: i64,
    /// The requests and denials of each window, by its number, in order.
    pub windows: &'a [(i64, Bin)],
    pub warnings: Vec<String>,
    /// What the error logs stated.
    pub side_logs: Option<SideLogs>,
    /// What may have denied, by the servers' configurations.
    pub configurations: Configurations,
}

/// Fails where fewer than half of the non-blank lines are requests; `counts` has the requests of each
/// source and the lines that are none.
pub fn check_readable(
    counts: &[(u64, Skipped)],
    input: &Input,
    formats: &[Option<Detected>],
) -> Result<(), AnalysisError> {
    let read: u64 = counts
        .iter()
        .map(|(parsed, skipped)| parsed + skipped.filtered)
        .sum();
    let unreadable: u64 = counts.iter().map(|(_, skipped)| skipped.unreadable()).sum();
    if unreadable == 0 || read >= unreadable {
        return Ok(());
    }
    let worst = counts
        .iter()
        .enumerate()
        .max_by_key(|(_, (_, skipped))| skipped.unreadable());
    let (path, format) = worst.map_or(("", None), |(at, _)| {
        (input.sources()[at].path.as_str(), formats[at].as_ref())
    });
    let name = format.map_or("none", |format| format.name.as_str());
    let advice = match format.and_then(|format| format.misfit.as_ref()) {
        Some(misfit) => format!("correct the format string, or leave it out: {misfit}"),
        None => {
            "give the server's own format with --log-format, --nginx-conf or --apache-conf".into()
        }
    };
    Err(AnalysisError::UnknownFormat(format!(
        "{path}: only {read} of {} lines could be read as {name}; {advice}",
        read + unreadable
    )))
}

impl<'a> Assembly<'a> {
    /// What the analysis rests on.
    pub fn grounds(&self) -> Grounds<'a> {
        Grounds {
            input: self.input,
            formats: self.formats,
            gate: self.gate,
            survey: self.survey,
            routes: self.routes,
            table: self.table,
            verdicts: self.verdicts,
        }
    }

    /// The analysis.
    pub fn analysis(&self) -> Analysis {
        let ((spikes, standing), groups) = rayon::join(|| self.described(), || self.groups());
        let survey = self.survey;
        Analysis {
            schema: SCHEMA.to_string(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            input: self.input(),
            totals: Totals {
                requests: survey.total.requests,
                denials: survey.total.denials,
            },
            side_logs: self.side_logs.clone(),
            neighbours: NEIGHBOURS
                .iter()
                .zip(survey.neighbours)
                .map(|(status, count)| (status.to_string(), count))
                .collect(),
            window_s: self.window_s as u64,
            timeline: self.timeline(),
            shares: shares(&spikes, &standing, survey.total.denials),
            groups,
            warnings: warnings::collect(self, &spikes),
            utc_offset_s: survey.utc_offset_s(),
            spikes,
            standing,
        }
    }

    /// Calls `describer` with all that descriptions need.
    pub(super) fn describing<R>(&self, describer: impl FnOnce(&Setting<'_>) -> R) -> R {
        let shown = |column: Column, bytes: &[u8]| self.shown(column, bytes);
        let redact = |text: &str| match self.settings.show_tokens {
            true => text.to_string(),
            false => escape::utf8(&self.token_key.redact(text.as_bytes())).into_owned(),
        };
        let logs = self.settings.input.logs.iter();
        let sources = self.survey.sources.iter();
        describer(&Setting {
            table: self.table,
            exposure: self.exposure,
            window_s: self.window_s,
            top: self.settings.top,
            shown: &shown,
            redact: &redact,
            logs: logs
                .map(|log| escape::shell(log.as_bytes()))
                .collect::<Vec<_>>()
                .join(" "),
            end_ms: sources.map(|s| s.end_ms).max().unwrap_or(i64::MIN),
            windows: self.windows,
        })
    }

    fn described(&self) -> (Vec<Spike>, Vec<Spike>) {
        let mut shown_verdicts: Vec<Verdict> = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.is_spike)
            .cloned()
            .collect();
        shown_verdicts.extend(standing_by_cause(self.table, self.premises, self.verdicts));
        let samples = examples::fetch(self, &shown_verdicts);
        let mut spikes = Vec::new();
        let mut standing = Vec::new();
        let described: Vec<Spike> = self.describing(|setting| {
            let verdicts = shown_verdicts.par_iter();
            verdicts.map(|verdict| describe(setting, verdict)).collect()
        });
        for ((verdict, mut spike), sample) in shown_verdicts.iter().zip(described).zip(samples) {
            let list = if verdict.is_spike {
                &mut spikes
            } else {
                &mut standing
            };
            let prefix = if verdict.is_spike { "1" } else { "s" };
            spike.id = format!("{prefix}-{}", list.len() + 1);
            spike.reproduce.extend(sample.command);
            spike.examples = sample.lines;
            spike.configured = self.configured(&spike);
            list.push(spike);
        }
        let total = &self.survey.total;
        let mut all: Vec<&mut Spike> = spikes.iter_mut().chain(&mut standing).collect();
        whole::raise(self.table, &shown_verdicts, &mut all, total.denials);
        unread::add(&spikes, &mut standing, total, self.windows, self.window_s);
        standing.sort_by(|a, b| b.denials.cmp(&a.denials).then(a.cause.cmp(&b.cause)));
        for (at, spike) in standing.iter_mut().enumerate() {
            spike.id = format!("s-{}", at + 1);
        }
        (spikes, standing)
    }

    /// The directives behind a verdict, without the secrets in them.
    fn configured(&self, spike: &Spike) -> Vec<ConfiguredAt> {
        let statuses = &self.settings.denied_statuses;
        let mut found = self.configurations.behind(spike, statuses);
        for directive in &mut found {
            if !self.settings.show_tokens {
                let text = self.token_key.redact(directive.text.as_bytes());
                directive.text = escape::utf8(&text).into_owned();
            }
        }
        found
    }

    /// A value as outputs may show it.
    pub(super) fn shown(&self, column: Column, bytes: &[u8]) -> String {
        match column {
            Column::Ip | Column::Route if bytes.is_empty() => String::from("(none)"),
            Column::Token if !self.settings.show_tokens => self.token_key.fingerprint(bytes),
            Column::User if self.settings.anonymize_user => self
                .token_key
                .fingerprint(bytes)
                .replacen("tok_", "user_", 1),
            Column::Ip if self.settings.anonymize_ip && bytes.contains(&b'/') => {
                anonymous_network(bytes)
            }
            Column::Ip if self.settings.anonymize_ip => Address::parse(bytes).ip().map_or_else(
                || String::from("(withheld)"),
                |ip| address::anonymized(ip).to_string(),
            ),
            _ if self.settings.show_tokens => escape::utf8(bytes).into_owned(),
            Column::Ip | Column::Prefix | Column::Prefix16 | Column::Method => {
                escape::utf8(bytes).into_owned()
            }
            _ => escape::utf8(&self.token_key.redact(bytes)).into_owned(),
        }
    }

    fn input(&self) -> crate::findings::Input {
        let mut total = crate::findings::Input::default();
        for (at, tally) in self.survey.sources.iter().enumerate() {
            let file = self.file(at, tally);
            total.lines += file.lines;
            total.parsed += file.parsed;
            total.skipped.add(&file.skipped);
            total.start = [total.start, file.start].into_iter().flatten().min();
            total.end = [total.end, file.end].into_iter().flatten().max();
            total.files.push(file);
        }
        total
            .files
            .sort_by(|a, b| (a.start, &a.path).cmp(&(b.start, &b.path)));
        total
    }

    fn file(&self, at: usize, tally: &SourceTally) -> InputFile {
        let source = &self.input.sources()[at];
        let format = self.formats[at].as_ref();
        let others: Vec<String> = tally
            .formats
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, lines)| **lines > 0)
            .filter_map(|(n, lines)| Some(format!("{lines} lines as {}", format?.format_name(n))))
            .collect();
        let mut why = format.map_or("no line to tell by".to_string(), |format| {
            format.why.clone()
        });
        if !others.is_empty() {
            why.push_str(&format!("; the format changes: {}", others.join(", ")));
        }
        InputFile {
            path: source.path.clone(),
            format: format.map_or("unknown".to_string(), |format| format.name.clone()),
            detected_by: why,
            compression: source.compression.map(|c| c.name().to_string()),
            bytes: tally.bytes,
            lines: tally.lines(),
            parsed: tally.parsed,
            skipped: tally.skipped,
            start: moment_ms(tally.start_ms).filter(|_| tally.parsed > 0),
            end: moment_ms(tally.end_ms).filter(|_| tally.parsed > 0),
        }
    }

    fn timeline(&self) -> Vec<TimelineWindow> {
        self.windows
            .iter()
            .map(|(number, bin)| TimelineWindow {
                start: moment_s(number * self.window_s),
                requests: bin.requests,
                denials: bin.denials,
            })
            .collect()
    }

    fn groups(&self) -> Groups {
        let survey = self.survey;
        let (clients, prefixes) = rayon::join(
            || by_client(&survey.user_agent),
            || by_denied_network(&survey.ip),
        );
        let routes = self
            .routes
            .names
            .iter()
            .map(|(id, name)| (name, &self.routes.tallies[id as usize]));
        Groups {
            ip: self.ranked(Column::Ip, survey.ip.denied()),
            prefix: self.ranked(
                Column::Prefix,
                prefixes.iter().map(|(k, t)| (k.as_bytes(), t)),
            ),
            client: self.ranked(
                Column::Client,
                clients.iter().map(|(k, t)| (k.as_slice(), t)),
            ),
            user: self.ranked(Column::User, survey.user.denied()),
            token: self.ranked(Column::Token, survey.token.denied()),
            route: self.ranked(Column::Route, routes),
            window: self.windows(),
        }
    }

    /// The keys with the most denials; ties by the key's bytes.
    fn ranked<'k>(
        &self,
        column: Column,
        keys: impl Iterator<Item = (&'k [u8], &'k Tally)>,
    ) -> Vec<Group> {
        let mut keys: Vec<(&[u8], &Tally)> = keys.filter(|(_, tally)| tally.denials > 0).collect();
        let order = |a: &(&[u8], &Tally), b: &(&[u8], &Tally)| {
            b.1.denials.cmp(&a.1.denials).then(a.0.cmp(b.0))
        };
        let top = self.settings.top;
        if top > 0 && top < keys.len() {
            keys.select_nth_unstable_by(top - 1, order);
        }
        keys.truncate(top);
        keys.sort_unstable_by(order);
        keys.into_iter()
            .map(|(key, tally)| Group {
                value: self.shown(column, key),
                denials: tally.denials,
                requests: tally.requests,
                first: moment_ms(tally.first_ms).unwrap_or_default(),
                last: moment_ms(tally.last_ms).unwrap_or_default(),
            })
            .collect()
    }

    fn windows(&self) -> Vec<Group> {
        let mut windows = self.timeline();
        windows.retain(|window| window.denials > 0);
        windows.sort_by(|a, b| b.denials.cmp(&a.denials).then(a.start.cmp(&b.start)));
        windows.truncate(self.settings.top);
        windows
            .into_iter()
            .map(|window| Group {
                value: window
                    .start
                    .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                denials: window.denials,
                requests: window.requests,
                first: window.start,
                last: window
                    .start
                    .checked_add_signed(chrono::TimeDelta::seconds(self.window_s))
                    .unwrap_or(window.start),
            })
            .collect()
    }
}

/// A network no narrower than what `--anonymize-ip` leaves of an address.
fn anonymous_network(bytes: &[u8]) -> String {
    let network = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<ipnet::IpNet>().ok());
    network.map_or_else(
        || String::from("(withheld)"),
        |network| {
            let least = if network.addr().is_ipv4() { 24 } else { 48 };
            let length = network.prefix_len().min(least);
            ipnet::IpNet::new(network.addr(), length).map_or_else(
                |_| String::from("(withheld)"),
                |network| network.trunc().to_string(),
            )
        },
    )
}

fn shares(spikes: &[Spike], standing: &[Spike], denials: u64) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for spike in spikes.iter().chain(standing) {
        *counts.entry(spike.cause.name()).or_default() += spike.denials;
    }
    counts
        .into_iter()
        .map(|(cause, count)| (cause.to_string(), count as f64 / denials.max(1) as f64))
        .collect()
}

fn moment_s(second: i64) -> Moment {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}

fn moment_ms(ms: i64) -> Option<Moment> {
    DateTime::from_timestamp_millis(ms)
}
