//! A verdict as the contract shows it: values by name, the rebuilt rule, sentences, commands.

mod lines;
mod part;

pub use part::describe_part;

use super::rule::{self, Rebuilt};
use super::{Verdict, advice};
use crate::examine::row::{NONE, Row};
use crate::examine::table::{Column, Table};
use crate::findings::*;
use crate::key::client::Class;
use crate::key::fast::HashSet;
use crate::spike::scan::Exposure;
use crate::stated::Claim;
use crate::survey::timeline::Bin;
use chrono::DateTime;
use std::collections::BTreeMap;

/// Dimensions of `keys`, in the order of the contract, with the column behind each.
const DIMENSIONS: [(&str, Column); 10] = [
    ("ip", Column::Ip),
    ("prefix", Column::Prefix),
    ("client", Column::Client),
    ("user_agent", Column::UserAgent),
    ("user", Column::User),
    ("token", Column::Token),
    ("route", Column::Route),
    ("method", Column::Method),
    ("host", Column::Host),
    ("referer_host", Column::RefererHost),
];

/// What descriptions need besides the verdict.
pub struct Setting<'a> {
    /// Rows and names.
    pub table: &'a Table<'a>,
    /// Exposure over the log.
    pub exposure: &'a Exposure,
    /// Width of a window, in seconds.
    pub window_s: i64,
    /// Values listed per dimension.
    pub top: usize,
    /// How a value of a dimension is shown: fingerprints, anonymised addresses.
    pub shown: &'a (dyn Fn(Column, &[u8]) -> String + Sync),
    /// A sentence without the secrets in it.
    pub redact: &'a (dyn Fn(&str) -> String + Sync),
    /// The LOGs as typed, quoted for a shell.
    pub logs: String,
    /// Last request of the log, in milliseconds.
    pub end_ms: i64,
    /// All denials of the log in each window, by window number.
    pub windows: &'a [(i64, Bin)],
}

/// Describes a verdict. Its id and examples are left empty: they need the others, and the files.
pub fn describe(setting: &Setting<'_>, verdict: &Verdict) -> Spike {
    let facts = &verdict.facts;
    let judgement = &verdict.judgement;
    let rebuilt = rule::rebuild(setting.table, verdict);
    let (start_s, end_s) = (
        facts.start_ms.div_euclid(1000),
        (facts.end_ms - 1).div_euclid(1000) + 1,
    );
    let mut rebuilt = rebuilt;
    let mut scope = Scope::count(setting.table, verdict, rebuilt.as_ref());
    let is_list = rebuilt
        .as_ref()
        .is_some_and(|rule| rule.policy.limit.is_none());
    let is_no_limit = is_list && verdict.judgement.cause == Cause::RateLimit;
    let denies_most_in_vain = is_list && scope.denied * 2 < scope.requests;
    if is_no_limit || denies_most_in_vain {
        // A list is none of a limiter's rules, nor what would deny more requests that passed than not.
        rebuilt = None;
        scope = Scope::count(setting.table, verdict, None);
    }
    let (keys, distinct) = keys(setting, verdict);
    let (peak, without) = peak(setting, &verdict.denials);
    let mechanism = verdict.mechanism;
    let pace_ms = (facts.end_ms - facts.start_ms) / facts.denials.max(1) as i64;
    let quiet_ms = (10 * pace_ms).clamp(60_000, 2 * setting.window_s.max(30) * 1000);
    let lifted = rebuilt
        .as_ref()
        .is_some_and(|rule| rule.policy.until.is_some());
    let still_open = !lifted && setting.end_ms - facts.end_ms <= quiet_ms;
    Spike {
        id: String::new(),
        state: if still_open {
            State::Open
        } else {
            State::Closed
        },
        start: moment(start_s),
        end: moment(end_s),
        requests: scope.requests,
        denials: facts.denials,
        expected: expected(setting, verdict, rebuilt.as_ref(), start_s, end_s),
        peak,
        family: judgement.cause.family(),
        cause: judgement.cause,
        mechanism: mechanism.map(str::to_string),
        confidence: judgement.confidence,
        band: judgement.band,
        reason: judgement.reason.clone(),
        known: None,
        alternatives: judgement.alternatives.clone(),
        rule: rebuilt
            .as_ref()
            .map(|rebuilt| shown_rule(setting, verdict, rebuilt, &scope)),
        keys,
        distinct,
        evidence: shown_evidence(setting, verdict, start_s, end_s),
        stated: statements(setting, verdict),
        configured: Vec::new(),
        collateral: collateral(setting.table, verdict),
        without,
        examples: Vec::new(),
        reproduce: reproduce(setting, start_s, end_s),
        settle: (judgement.band != Band::Certain)
            .then(|| {
                let named = named_rule(setting, verdict);
                named.unwrap_or_else(|| advice::settle(judgement.cause))
            })
            .map(str::to_owned),
        advice: advice::advice(judgement.cause, mechanism),
    }
}

/// Where to look the rule up that decided these denials, if the log names it and does not tell what it is.
fn named_rule(setting: &Setting<'_>, verdict: &Verdict) -> Option<&'static str> {
    let stated = verdict.facts.stated.keys();
    let mut statements = stated.filter_map(|number| setting.table.statements.get(*number));
    statements.find_map(|statement| match &statement.rule {
        _ if statement.is_bare_place => Some(advice::GIVE_CONFIGURATION),
        Some(_) if matches!(statement.claim, Claim::OneOf(_)) => Some(advice::LOOK_UP),
        _ => None,
    })
}

/// What the server stated about the denials, the most frequent first.
fn statements(setting: &Setting<'_>, verdict: &Verdict) -> Vec<StatedBy> {
    let shown = |text: &Option<String>| text.as_deref().map(setting.redact);
    let stated = verdict.facts.stated.iter();
    let mut all: Vec<StatedBy> = stated
        .filter_map(|(number, count)| {
            let statement = setting.table.statements.get(*number)?;
            if statement.is_silence {
                return None;
            }
            Some(StatedBy {
                by: statement.by.to_owned(),
                text: (setting.redact)(&statement.says),
                denials: *count,
                zone: shown(&statement.zone),
                rule: shown(&statement.rule),
                message: shown(&statement.message),
                place: shown(&statement.place),
                file: statement.file.clone(),
                line: (statement.line > 0).then_some(statement.line),
            })
        })
        .collect();
    all.sort_by_key(|entry| std::cmp::Reverse(entry.denials));
    all.truncate(setting.top);
    all
}

/// Sentences quote names from the log, which may hold secrets.
fn shown_evidence(
    setting: &Setting<'_>,
    verdict: &Verdict,
    start_s: i64,
    end_s: i64,
) -> Vec<Evidence> {
    let mut evidence = verdict.evidence.clone();
    for item in &mut evidence {
        item.text = (setting.redact)(&item.text);
        let command = lines::command(setting, &verdict.facts, &item.test, start_s, end_s);
        item.command = Some(command);
    }
    evidence
}

fn moment(second: i64) -> Moment {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}

/// Requests of the interval under the rule, and how many of them the verdict and others denied.
struct Scope {
    requests: u64,
    denied: u64,
    own: u64,
}

impl Scope {
    fn count(table: &Table<'_>, verdict: &Verdict, rebuilt: Option<&Rebuilt<'_>>) -> Scope {
        let covers = |row: &Row| rebuilt.is_none_or(|rule| rule.covers(row));
        let mut scope = Scope {
            requests: 0,
            denied: 0,
            own: 0,
        };
        let interval = table.between(verdict.facts.start_ms, verdict.facts.end_ms);
        let mut count = |row: &Row| {
            if covers(row) {
                scope.requests += 1;
                scope.denied += u64::from(row.denied);
            }
        };
        match rebuilt.and_then(|rule| rule.lists(table, &interval)) {
            Some(lists) => lists
                .into_iter()
                .flatten()
                .for_each(|index| count(&table.rows[*index as usize])),
            None => table.rows[interval].iter().for_each(count),
        }
        scope.own = verdict
            .denials
            .iter()
            .filter(|index| covers(&table.rows[**index as usize]))
            .count() as u64;
        scope
    }
}

fn shown_rule(
    setting: &Setting<'_>,
    verdict: &Verdict,
    rebuilt: &Rebuilt<'_>,
    scope: &Scope,
) -> Rule {
    let mut policy = rebuilt.policy.clone();
    for condition in &mut policy.conditions {
        let column = match condition.field.as_str() {
            "token" => Column::Token,
            "user" => Column::User,
            "ip" | "prefix" => Column::Ip,
            "client" => Column::Client,
            "user_agent" => Column::UserAgent,
            "host" => Column::Host,
            "referer_host" => Column::RefererHost,
            _ => continue,
        };
        for value in &mut condition.values {
            *value = (setting.shown)(column, value.as_bytes());
        }
    }
    let replay = verdict.limiter.as_ref().and_then(|fit| fit.fitted.as_ref());
    let is_limit = policy.limit.is_some();
    let (precision, coverage) = match replay {
        Some(fitted) if is_limit => (fitted.precision, fitted.coverage),
        _ => (
            scope.denied as f64 / scope.requests.max(1) as f64,
            scope.own as f64 / verdict.facts.denials.max(1) as f64,
        ),
    };
    policy.into_rule(digits(precision), digits(coverage))
}

fn digits(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}

fn keys(
    setting: &Setting<'_>,
    verdict: &Verdict,
) -> (BTreeMap<String, Vec<KeyCount>>, BTreeMap<String, u64>) {
    let facts = &verdict.facts;
    let (mut keys, mut distinct) = (BTreeMap::new(), BTreeMap::new());
    let interval = setting.table.between(facts.start_ms, facts.end_ms);
    for (name, column) in DIMENSIONS {
        let values: Vec<(u32, u64)> = facts
            .values
            .get(&column)
            .map(|values| {
                values
                    .iter()
                    .copied()
                    .filter(|(id, _)| *id != NONE)
                    .collect()
            })
            .unwrap_or_default();
        distinct.insert(name.to_string(), values.len() as u64);
        let listed: Vec<(u32, u64)> = values.into_iter().take(setting.top).collect();
        let requests = |id| {
            setting
                .table
                .lists()
                .rows_within(column, id, &interval)
                .len()
        };
        let counts = listed
            .iter()
            .map(|(id, denials)| KeyCount {
                value: (setting.shown)(column, setting.table.text(column, *id)),
                denials: *denials,
                requests: requests(*id) as u64,
            })
            .collect();
        keys.insert(name.to_string(), counts);
    }
    let responders: Vec<KeyCount> = facts
        .sizes
        .iter()
        .take(setting.top)
        .map(|(size, denials)| KeyCount {
            value: format!("{size} bytes"),
            denials: *denials,
            requests: *denials,
        })
        .collect();
    distinct.insert("responder".to_string(), facts.sizes.len() as u64);
    keys.insert("responder".to_string(), responders);
    (keys, distinct)
}

/// Denials that the time outside the verdict's interval lets expect inside it, in the rule's scope.
fn expected(
    setting: &Setting<'_>,
    verdict: &Verdict,
    rebuilt: Option<&Rebuilt<'_>>,
    start_s: i64,
    end_s: i64,
) -> f64 {
    if !verdict.is_spike {
        return verdict.facts.denials as f64;
    }
    let facts = &verdict.facts;
    let table = setting.table;
    let (all, inside) = (
        0..table.rows.len(),
        table.between(facts.start_ms, facts.end_ms),
    );
    let lists = rebuilt.and_then(|rule| rule.lists(table, &all));
    let fewer = |lists: &Vec<&[u32]>| {
        lists.iter().map(|list| list.len()).sum::<usize>() < table.denied().len()
    };
    let outside = lists
        .filter(fewer)
        .unwrap_or_else(|| vec![table.denied()])
        .into_iter()
        .flatten()
        .filter(|index| table.cell(**index).denied() && !inside.contains(&(**index as usize)))
        .map(|index| &table.rows[*index as usize])
        .filter(|row| rebuilt.is_none_or(|rule| rule.covers(row)))
        .count() as f64;
    let inside = setting.exposure.of(start_s, end_s);
    let rest = (setting.exposure.total() - inside).max(1e-9);
    (outside * inside / rest * 10.0).round() / 10.0
}

fn peak(setting: &Setting<'_>, denials: &[u32]) -> (Peak, Without) {
    let mut windows: BTreeMap<i64, u64> = BTreeMap::new();
    for index in denials {
        let second = setting.table.rows[*index as usize].time_ms.div_euclid(1000);
        *windows
            .entry(second.div_euclid(setting.window_s))
            .or_default() += 1;
    }
    let best = windows
        .iter()
        .max_by_key(|(window, denials)| (**denials, -**window));
    let (window, denials) = best.map_or((0, 0), |(window, denials)| (*window, *denials));
    let whole = setting
        .windows
        .binary_search_by_key(&window, |(number, _)| *number);
    let all = whole.map_or(denials, |at| setting.windows[at].1.denials);
    (
        Peak {
            start: moment(window * setting.window_s),
            denials,
        },
        Without {
            peak_denials: all.saturating_sub(denials),
        },
    )
}

fn collateral(table: &Table<'_>, verdict: &Verdict) -> Collateral {
    let facts = &verdict.facts;
    let is_false = |row: &Row| table.claims.is_genuine(table, row) == Some(false);
    let crawlers: HashSet<u32> = verdict
        .denials
        .iter()
        .map(|index| &table.rows[*index as usize])
        .filter(|row| table.class(row) == Class::SearchBot && !is_false(row))
        .map(|row| table.value(Column::Client, row))
        .collect();
    let (established, claimed) = (facts.ips_established, crawlers.len() as u64);
    let genuine = facts.genuine_crawlers.denied;
    let mut text = match (established, claimed) {
        (0, 0) => String::new(),
        (n, 0) => format!("{n} of the denied addresses had been admitted 20 times or more before"),
        (0, n) => format!("{n} of the denied clients claim to be search engines"),
        (n, m) => format!(
            "{n} of the denied addresses had been admitted 20 times or more before, {m} clients claim to be search engines"
        ),
    };
    if genuine > 0 {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&format!(
            "{genuine} denials met genuine crawlers, by the ranges that their owners publish"
        ));
    }
    Collateral {
        established_clients: established,
        claimed_crawlers: claimed,
        text,
    }
}

/// The command that narrows the report to the spike.
fn reproduce(setting: &Setting<'_>, start_s: i64, end_s: i64) -> Vec<String> {
    // With as much before and after: a cause shows only beside what was admitted.
    let around = (end_s - start_s).max(600);
    let (start_s, end_s) = (start_s.saturating_sub(around), end_s.saturating_add(around));
    let stamp = |second| moment(second).format("%Y-%m-%dT%H:%M:%SZ");
    vec![format!(
        "forbid-logs analyze {} --since {} --until {}",
        setting.logs,
        stamp(start_s),
        stamp(end_s),
    )]
}
