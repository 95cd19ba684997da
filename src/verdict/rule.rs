//! Rebuilds the rule: the conditions that the server must have looked at, and the limit it kept.
//!
//! The conditions are read off the denials for the cause that was found, as few values as cover them,
//! then narrowed while requests pass that they cover, and checked against every request of the interval:
//! precision and coverage are counted, not guessed.

use super::{Verdict, blocking};
use crate::evidence::facts::Facts;
use crate::examine::index::Bits;
use crate::examine::row::{Content, NONE, Row};
use crate::examine::table::{Column, Table};
use crate::findings::{Algorithm, Cause, Condition, Limit, Operator};
use crate::key::address::Address;
use crate::key::cover;
use crate::policy::rule::Policy;
use chrono::DateTime;
use std::net::IpAddr;
use std::ops::Range;

/// Share of the denials that a list of values must cover.
const COVER: f64 = 0.95;
/// Places are first sought that cover nearly all.
const COVER_ROUTES: f64 = 0.998;
/// Values in a condition before a coarser column is taken.
const MOST_VALUES: usize = 6;
/// A rule asks for so many things at most; with more, it describes the log.
const MOST_CONDITIONS: usize = 3;
/// Share of admitted requests under a rule that are put down to chance and to clocks.
const FEW_ADMITTED: f64 = 0.02;
/// Share of the admitted requests under a rule that another condition must let pass.
const WORTH_A_CONDITION: f64 = 0.5;
/// Addresses listed one by one; beyond, networks.
const MOST_ADDRESSES: usize = 64;

/// A rebuilt rule, with the test that it is.
pub struct Rebuilt<'t> {
    /// As data.
    pub policy: Policy,
    clauses: Vec<Clause<'t>>,
}

struct Clause<'t> {
    condition: Condition,
    /// The denied values that it lists, if it is no more than a list of them.
    values: Option<(Column, Vec<u32>)>,
    matches: Box<dyn Fn(&Row) -> bool + 't>,
}

impl Rebuilt<'_> {
    /// Whether a request falls under the rule's conditions, whenever it came.
    pub fn covers(&self, row: &Row) -> bool {
        self.clauses.iter().all(|clause| (clause.matches)(row))
    }

    /// Lists of rows that together hold all requests of a stretch that fall under the conditions, each
    /// once; none where no condition lists values.
    pub fn lists<'r>(
        &self,
        table: &'r Table<'_>,
        stretch: &Range<usize>,
    ) -> Option<Vec<&'r [u32]>> {
        lists(&self.clauses, table, stretch)
    }
}

/// See [`Rebuilt::lists`].
fn lists<'r>(
    clauses: &[Clause<'_>],
    table: &'r Table<'_>,
    stretch: &Range<usize>,
) -> Option<Vec<&'r [u32]>> {
    let of_clause = |clause: &Clause<'_>| -> Option<Vec<&'r [u32]>> {
        let (column, ids) = clause.values.as_ref()?;
        let ids = ids.iter();
        Some(
            ids.map(|id| table.lists().rows_within(*column, *id, stretch))
                .collect(),
        )
    };
    clauses
        .iter()
        .filter_map(of_clause)
        .min_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>())
}

/// The rule behind a verdict; none where the cause is undetermined or nothing narrows it.
pub fn rebuild<'t>(table: &'t Table<'_>, verdict: &Verdict) -> Option<Rebuilt<'t>> {
    let facts = &verdict.facts;
    let limit = (verdict.judgement.cause == Cause::RateLimit)
        .then(|| limit(table, verdict))
        .flatten();
    let clauses = match verdict.judgement.cause {
        Cause::Undetermined => return None,
        Cause::RateLimit if limit.is_some() => vec![places(table, facts)],
        // No limit could be rebuilt: at least say who was over it.
        Cause::RateLimit => vec![values(table, facts, Column::Ip), places(table, facts)],
        Cause::IpAcl => vec![addresses(table, verdict)],
        Cause::RouteAcl => vec![places(table, facts)],
        Cause::Credential | Cause::Permission => identity(table, verdict),
        Cause::Cors => vec![values(table, facts, Column::Method), places(table, facts)],
        Cause::RequestShape => shape(table, facts),
        Cause::BotFilter => bots(table, verdict),
    };
    let mut clauses: Vec<Clause> = clauses.into_iter().flatten().collect();
    if verdict.judgement.cause != Cause::RateLimit {
        narrow(table, facts, &mut clauses);
    }
    if clauses.is_empty() && limit.is_none() {
        return None;
    }
    let moment = |ms: i64| DateTime::from_timestamp(ms.div_euclid(1000), 0);
    let established = facts.came_into_force() && verdict.judgement.cause != Cause::RateLimit;
    let policy = Policy {
        conditions: clauses
            .iter()
            .map(|clause| clause.condition.clone())
            .collect(),
        limit,
        since: if established {
            moment(facts.start_ms)
        } else {
            None
        },
        until: if established && facts.ips_admitted_here_after > 0 {
            moment(facts.end_ms + 999)
        } else {
            None
        },
    };
    Some(Rebuilt {
        policy: policy.normal(),
        clauses,
    })
}

/// Adds the conditions without which requests fall under the rule that were let pass: the smallest rule
/// that tells denied from admitted.
fn narrow<'t>(table: &'t Table<'_>, facts: &Facts, clauses: &mut Vec<Clause<'t>>) {
    if clauses.is_empty() {
        return;
    }
    let interval = table.between(facts.start_ms, facts.end_ms);
    let is_covered = |row: &&'t Row| clauses.iter().all(|clause| (clause.matches)(row));
    let mut covered: Vec<&Row> = match lists(clauses, table, &interval) {
        Some(lists) => {
            let rows = lists.into_iter().flatten();
            let rows = rows.map(|index| &table.rows[*index as usize]);
            rows.filter(is_covered).collect()
        }
        None => table.rows[interval].iter().filter(is_covered).collect(),
    };
    while clauses.len() < MOST_CONDITIONS {
        let admitted = covered.iter().filter(|row| !row.denied).count();
        if (admitted as f64) < FEW_ADMITTED * covered.len() as f64 {
            return;
        }
        let is_new = |clause: &Clause<'_>| {
            let mut known = clauses.iter();
            known.all(|other| other.condition.field != clause.condition.field)
        };
        let let_pass = |clause: &Clause<'_>| {
            let rows = covered.iter().filter(|row| !row.denied);
            rows.filter(|row| !(clause.matches)(row)).count()
        };
        let others = [
            values(table, facts, Column::Method),
            places(table, facts),
            values(table, facts, Column::Host),
            values(table, facts, Column::Client),
        ];
        // Of equals the last one is taken, so that it is the first of these.
        let others = others.into_iter().rev().flatten().filter(is_new);
        let Some(best) = others.max_by_key(let_pass) else {
            return;
        };
        if (let_pass(&best) as f64) < WORTH_A_CONDITION * admitted as f64 {
            return;
        }
        covered.retain(|row| (best.matches)(row));
        clauses.push(best);
    }
}

fn limit(table: &Table<'_>, verdict: &Verdict) -> Option<Limit> {
    let Some(fit) = verdict.limiter.as_ref() else {
        return blocking::limit(table, verdict);
    };
    let key: Vec<String> = fit
        .key
        .map(|column| dimension(column).to_string())
        .into_iter()
        .collect();
    if let Some(fitted) = &fit.fitted {
        return Some(Limit {
            key,
            ..fitted.limit.clone()
        });
    }
    Some(Limit {
        key,
        algorithm: Algorithm::LeakyBucket,
        rate_per_s: Some(fit.clamp?.rate_per_s),
        burst: Some(0),
        ..Limit::default()
    })
}

/// The name of a column's dimension in conditions and limits.
pub fn dimension(column: Column) -> &'static str {
    match column {
        Column::UserAgent => "user_agent",
        Column::Client => "client",
        Column::Prefix16 | Column::Prefix => "prefix",
        Column::Token => "token",
        Column::User => "user",
        Column::Route1 | Column::Route2 | Column::Route3 | Column::Route => "route",
        Column::RefererHost => "referer_host",
        Column::Ip => "ip",
        Column::Method => "method",
        Column::Host => "host",
    }
}

/// The fewest most frequent ids that cover the denials, if they are few enough.
fn covering(facts: &Facts, column: Column, most: usize, cover: f64) -> Option<Vec<u32>> {
    let mut covered = 0;
    let mut ids = Vec::new();
    for (id, count) in facts.values.get(&column)? {
        if covered as f64 >= cover * facts.denials as f64 && ids.len() >= most.min(3) {
            break;
        }
        if *id == NONE {
            return None;
        }
        ids.push(*id);
        covered += count;
        if ids.len() > most {
            return None;
        }
    }
    (!ids.is_empty()).then_some(ids)
}

fn text(table: &Table<'_>, column: Column, id: u32) -> String {
    String::from_utf8_lossy(table.text(column, id)).into_owned()
}

fn listed<'t>(table: &'t Table<'_>, column: Column, ids: Vec<u32>, op: Operator) -> Clause<'t> {
    let field = dimension(column).to_string();
    let values = ids.iter().map(|id| text(table, column, *id)).collect();
    let listed = (column, ids.clone());
    let matches = Box::new(move |row: &Row| ids.contains(&table.value(column, row)));
    Clause {
        condition: Condition { field, op, values },
        values: Some(listed),
        matches,
    }
}

fn values<'t>(table: &'t Table<'_>, facts: &Facts, column: Column) -> Option<Clause<'t>> {
    let ids = covering(facts, column, MOST_VALUES, COVER)?;
    Some(listed(table, column, ids, Operator::In))
}

/// Routes: whole templates where few cover all, else the longest prefix that does, else a few prefixes.
fn places<'t>(table: &'t Table<'_>, facts: &Facts) -> Option<Clause<'t>> {
    const CHOICES: [(Column, usize); 7] = [
        (Column::Route, 3),
        (Column::Route3, 1),
        (Column::Route2, 1),
        (Column::Route1, 1),
        (Column::Route2, 2),
        (Column::Route3, MOST_VALUES),
        (Column::Route1, MOST_VALUES),
    ];
    for cover in [COVER_ROUTES, COVER] {
        for (column, most) in CHOICES {
            let Some(ids) = covering(facts, column, most, cover) else {
                continue;
            };
            let op = match column {
                Column::Route => Operator::In,
                _ if ids.iter().any(|id| table.text(column, *id) == b"/") => continue,
                _ => Operator::Prefix,
            };
            return Some(listed(table, column, ids, op));
        }
    }
    None
}

fn bots<'t>(table: &'t Table<'_>, verdict: &Verdict) -> Vec<Option<Clause<'t>>> {
    let facts = &verdict.facts;
    if facts.share(facts.attacks) >= 0.3 {
        let condition = Condition {
            field: "payload".into(),
            op: Operator::In,
            values: vec!["attack".into()],
        };
        let matches = Box::new(|row: &Row| row.content == Content::Attack);
        return vec![Some(Clause {
            condition,
            values: None,
            matches,
        })];
    }
    let clients = covering(facts, Column::Client, MOST_VALUES, COVER);
    if facts.share(facts.false_crawlers.denied) > 0.5 && facts.genuine_crawlers.admitted > 0 {
        let clients = clients.map(|ids| listed(table, Column::Client, ids, Operator::In));
        return vec![clients, addresses(table, verdict)];
    }
    let agents = covering(facts, Column::UserAgent, 3, COVER);
    let browser = facts.class_share(&[crate::key::client::Class::Browser]) > 0.5;
    match (clients, agents) {
        (_, Some(agents)) if browser => {
            vec![Some(listed(table, Column::UserAgent, agents, Operator::In))]
        }
        (Some(clients), _) => vec![Some(listed(table, Column::Client, clients, Operator::In))],
        (None, Some(agents)) => vec![Some(listed(table, Column::UserAgent, agents, Operator::In))],
        (None, None) => vec![places(table, facts)],
    }
}

fn shape<'t>(table: &'t Table<'_>, facts: &Facts) -> Vec<Option<Clause<'t>>> {
    if facts.share(facts.foreign_referers) >= 0.8 {
        return vec![
            values(table, facts, Column::RefererHost),
            places(table, facts),
        ];
    }
    vec![values(table, facts, Column::Method), places(table, facts)]
}

fn identity<'t>(table: &'t Table<'_>, verdict: &Verdict) -> Vec<Option<Clause<'t>>> {
    let facts = &verdict.facts;
    let place = match verdict.judgement.cause {
        Cause::Permission => places(table, facts),
        _ => None,
    };
    let who = values(table, facts, Column::Token)
        .or_else(|| values(table, facts, Column::User))
        .or_else(|| addresses(table, verdict));
    vec![who, place]
}

/// Addresses one by one, or the networks that an operator would have written.
fn addresses<'t>(table: &'t Table<'_>, verdict: &Verdict) -> Option<Clause<'t>> {
    let facts = &verdict.facts;
    let ids: Vec<u32> = facts
        .values
        .get(&Column::Ip)?
        .iter()
        .map(|(id, _)| *id)
        .collect();
    if ids.is_empty() {
        return None;
    }
    if ids.len() <= 3 {
        return Some(listed(table, Column::Ip, ids, Operator::In));
    }
    let parse = |id: &u32| Address::parse(table.text(Column::Ip, *id)).ip();
    let denied: Vec<IpAddr> = ids.iter().filter_map(parse).collect();
    if denied.len() < ids.len() {
        return (ids.len() <= MOST_ADDRESSES).then(|| listed(table, Column::Ip, ids, Operator::In));
    }
    let mut admitted = Bits::new(table.width(Column::Ip));
    for row in &table.rows[table.between(facts.start_ms, facts.end_ms)] {
        if !row.denied {
            admitted.insert(row.ip);
        }
    }
    for id in &ids {
        admitted.remove(*id);
    }
    let known = table.addresses();
    let admitted: Vec<IpAddr> = known
        .iter()
        .filter(|(_, id)| admitted.contains(*id))
        .map(|(ip, _)| *ip)
        .collect();
    let networks = cover::cover(&denied, &admitted);
    let mut inside = Bits::new(table.width(Column::Ip));
    for network in &networks {
        let first = known.partition_point(|(ip, _)| *ip < network.network());
        let within = known[first..].iter();
        for (_, id) in within.take_while(|(ip, _)| *ip <= network.broadcast()) {
            inside.insert(*id);
        }
    }
    let single = networks
        .iter()
        .all(|n| n.prefix_len() == n.max_prefix_len());
    let values = networks
        .iter()
        .map(|n| {
            if single {
                n.addr().to_string()
            } else {
                n.to_string()
            }
        })
        .collect();
    let field = if single { "ip" } else { "prefix" }.to_string();
    let matches = Box::new(move |row: &Row| inside.contains(row.ip));
    Some(Clause {
        condition: Condition {
            field,
            op: Operator::In,
            values,
        },
        values: None,
        matches,
    })
}
