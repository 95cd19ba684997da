//! The exact counts of one LOG's new lines: taken from its own survey, before that is merged with the
//! others and its ids change.

use super::causes::{Causes, Place};
use super::{Addition, Value, Window};
use crate::analysis::assemble::Assembly;
use crate::analysis::whole::divided;
use crate::examine::table::Column;
use crate::findings::{Moment, Skipped};
use crate::key::client;
use crate::survey::Survey;
use crate::survey::tally::{KeyTable, Tally};
use crate::survey::timeline::Bin;
use chrono::DateTime;
use std::collections::{BTreeMap, HashMap};

/// Values listed of a dimension. Nobody reads more; an attack from a million addresses would make
/// every set of a month as large as the log.
const MOST_VALUES: usize = 10_000;

/// Counts under keys.
type Keys = Vec<(Vec<u8>, Tally)>;

/// What was counted of one LOG.
pub(super) struct Counts {
    bytes: u64,
    parsed: u64,
    skipped: Skipped,
    start_ms: i64,
    end_ms: i64,
    total: Tally,
    bins: Vec<(i64, Bin)>,
    ip: Keys,
    client: Keys,
    user: Keys,
    token: Keys,
    /// All templates, as a route may be denied under one of its templates and admitted under another.
    template: Keys,
}

impl Counts {
    /// The counts of a survey of one LOG's new lines.
    pub(super) fn of(survey: &mut Survey) -> Counts {
        let mut clients: HashMap<Vec<u8>, Tally> = HashMap::new();
        for (id, agent) in survey.user_agent.keys.iter() {
            let family = client::classify(agent).family.as_bytes().to_vec();
            let tally = &survey.user_agent.tallies[id as usize];
            clients.entry(family).or_default().add(tally);
        }
        let templates = survey.template.keys.iter();
        let tallies = &survey.template.tallies;
        let mut counts = Counts {
            bytes: 0,
            parsed: 0,
            skipped: Skipped::default(),
            start_ms: i64::MAX,
            end_ms: i64::MIN,
            total: survey.total,
            bins: survey.timeline.sorted(),
            ip: denied(&survey.ip),
            client: clients.into_iter().collect(),
            user: denied(&survey.user),
            token: denied(&survey.token),
            template: templates
                .map(|(id, template)| (template.to_vec(), tallies[id as usize]))
                .collect(),
        };
        for source in &survey.sources {
            counts.bytes += source.bytes;
            counts.parsed += source.parsed;
            counts.skipped.malformed += source.skipped.malformed;
            counts.skipped.too_long += source.skipped.too_long;
            counts.skipped.filtered += source.skipped.filtered;
            counts.skipped.not_a_request += source.skipped.not_a_request;
            if source.parsed > 0 {
                counts.start_ms = counts.start_ms.min(source.start_ms);
                counts.end_ms = counts.end_ms.max(source.end_ms);
            }
        }
        counts
    }

    /// The counts as they are published.
    pub(super) fn addition(&self, assembly: &Assembly<'_>, causes: &Causes) -> Addition {
        let mut routes: HashMap<Vec<u8>, Tally> = HashMap::new();
        let mut name = Vec::new();
        for (template, tally) in &self.template {
            assembly.survey.routes.canonical(template, &mut name);
            routes.entry(name.clone()).or_default().add(tally);
        }
        let routes: Keys = routes.into_iter().collect();
        let ranked = |keys: &Keys, column: Column, place: Place| {
            ranked(keys, &|key| assembly.shown(column, key), causes, place)
        };
        Addition {
            interval: moment(self.start_ms)
                .zip(moment(self.end_ms))
                .filter(|_| self.parsed > 0),
            bytes: self.bytes,
            lines: self.parsed + self.skipped.total(),
            parsed: self.parsed,
            skipped: self.skipped,
            requests: self.total.requests,
            denials: self.total.denials,
            windows: self.windows(assembly.window_s, causes),
            ips: ranked(&self.ip, Column::Ip, Place::Ip),
            clients: ranked(&self.client, Column::Client, Place::Client),
            users: ranked(&self.user, Column::User, Place::User),
            tokens: ranked(&self.token, Column::Token, Place::Token),
            routes: ranked(&routes, Column::Route, Place::Route),
        }
    }

    fn windows(&self, width_s: i64, causes: &Causes) -> Vec<Window> {
        let mut windows: BTreeMap<i64, Bin> = BTreeMap::new();
        for (second, bin) in &self.bins {
            let window = windows.entry(second.div_euclid(width_s)).or_default();
            window.requests += bin.requests;
            window.denials += bin.denials;
        }
        let window = |(number, bin): (i64, Bin)| Window {
            start: second(number.saturating_mul(width_s)),
            end: second(number.saturating_add(1).saturating_mul(width_s)),
            requests: bin.requests,
            denials: bin.denials,
            families: families(bin.denials, causes.families(number)),
        };
        windows.into_iter().map(window).collect()
    }
}

/// The denials of a window by family: exact if every one was looked at, else in proportion to those
/// that were; undetermined if none was.
fn families(denials: u64, seen: [u64; 4]) -> [u64; 4] {
    let parts = divided(denials, &seen);
    match <[u64; 4]>::try_from(parts) {
        Ok(parts) if parts.iter().sum::<u64>() == denials => parts,
        _ => [0, 0, 0, denials],
    }
}

/// New requests and denials of all LOGs by minute, with the first second of each.
pub(super) fn minutes(counts: &[Counts]) -> Vec<(i64, u64, u64)> {
    let mut minutes: BTreeMap<i64, Bin> = BTreeMap::new();
    for (second, bin) in counts.iter().flat_map(|counts| &counts.bins) {
        let minute = minutes.entry(second.div_euclid(60) * 60).or_default();
        minute.requests += bin.requests;
        minute.denials += bin.denials;
    }
    minutes
        .into_iter()
        .map(|(second, bin)| (second, bin.requests, bin.denials))
        .collect()
}

fn denied(table: &KeyTable) -> Keys {
    let keys = table.denied();
    keys.map(|(key, tally)| (key.to_vec(), *tally)).collect()
}

/// The denied keys, the most denied first; ties by the key's bytes.
fn ranked(
    keys: &Keys,
    shown: &dyn Fn(&[u8]) -> String,
    causes: &Causes,
    place: Place,
) -> Vec<Value> {
    let mut keys: Vec<&(Vec<u8>, Tally)> = keys.iter().filter(|(_, t)| t.denials > 0).collect();
    keys.sort_unstable_by(|(a, x), (b, y)| y.denials.cmp(&x.denials).then_with(|| a.cmp(b)));
    keys.truncate(MOST_VALUES);
    let value = |(key, tally): &(Vec<u8>, Tally)| Value {
        value: shown(key),
        requests: tally.requests,
        denials: tally.denials,
        first: moment(tally.first_ms).unwrap_or_default(),
        last: moment(tally.last_ms).unwrap_or_default(),
        cause: causes.most(place, key),
    };
    united(keys.into_iter().map(value).collect())
}

/// Keys that are shown alike as one, as anonymised addresses may be: a value has one row.
fn united(values: Vec<Value>) -> Vec<Value> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut united: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        match places.get(&value.value) {
            Some(at) => {
                let first = &mut united[*at];
                first.requests += value.requests;
                first.denials += value.denials;
                first.first = first.first.min(value.first);
                first.last = first.last.max(value.last);
            }
            None => {
                places.insert(value.value.clone(), united.len());
                united.push(value);
            }
        }
    }
    united.sort_by_key(|value| std::cmp::Reverse(value.denials));
    united
}

fn moment(ms: i64) -> Option<Moment> {
    DateTime::from_timestamp_millis(ms)
}

fn second(second: i64) -> Moment {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}
