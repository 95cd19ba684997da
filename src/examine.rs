//! Examine, the second pass: reads again only the chunks near denials, and keeps rows.
//!
//! Every denial becomes a row, and so does every request of the scopes that a verdict may be about:
//! the addresses that were denied and the routes where a fair share is. Requests outside every scope
//! are contrast only; of them a fixed share of *addresses* is kept where the log is large, so that what
//! is kept of an address is whole. The choice depends on the address alone, never on chunks.

pub mod row;
pub mod table;

use crate::format::{Detected, Line, Visitor};
use crate::gate::Gate;
use crate::input::{Chunk, Input, Trouble};
use crate::key::intern::{self, Interner};
use crate::key::{Method, payload, referer_host, route, signed, token};
use crate::record::{Record, Reject, Stated, Upstream};
use crate::survey::Survey;
use crate::survey::tally::{KeyTable, Tally};
use rayon::slice::ParallelSliceMut;
use row::*;
use table::{Dictionaries, Table};

/// Rows kept before contrast is sampled: 96 MiB.
const MOST_ROWS: u64 = 1_500_000;
/// How long before a key's first denial and after its last its requests are kept, in milliseconds.
const CONTEXT_MS: i64 = 3_600_000;
/// A route with this many denials, and this share of its requests denied, is a scope of its own.
const SCOPE_DENIALS: u64 = 50;
const SCOPE_SHARE: f64 = 0.02;

/// The dictionaries of the second pass: those of Survey, and the final names of routes.
#[derive(Debug, Default)]
pub struct Routes {
    /// Final route names.
    pub names: Interner,
    /// The route of each template, by id.
    pub of_template: Vec<u32>,
    /// Requests and denials per route, by id.
    pub tallies: Vec<Tally>,
}

impl Routes {
    /// The routes after all collapses of the tree.
    pub fn new(survey: &Survey) -> Routes {
        let mut routes = Routes::default();
        let mut name = Vec::new();
        for (id, template) in survey.template.keys.iter() {
            survey.routes.canonical(template, &mut name);
            let route = routes.names.intern(&name);
            routes.of_template.push(route);
            if route as usize >= routes.tallies.len() {
                routes.tallies.resize(route as usize + 1, Tally::default());
            }
            routes.tallies[route as usize].add(&survey.template.tallies[id as usize]);
        }
        routes
    }
}

/// Reads the chunks near denials again and builds the table that verdicts are reached on.
pub fn run<'s>(
    input: &Input,
    formats: &[Option<Detected>],
    gate: &Gate,
    survey: &'s Survey,
    routes: &'s Routes,
    progress: &(dyn Fn(u64) + Sync),
) -> (Table<'s>, Vec<Trouble>) {
    let scope = Scope::new(survey, routes);
    let starts = line_starts(survey);
    let wanted = |source: usize, number: usize| scope.wants(survey, source, number);
    let pass = input.second_pass(
        &wanted,
        || Collector {
            formats,
            gate,
            survey,
            routes,
            scope: &scope,
            rows: Vec::new(),
            source: 0,
            first_line: 0,
            template: Vec::new(),
        },
        |collector, chunk| collector.read(chunk, &starts),
        progress,
    );
    let mut rows: Vec<Row> = Vec::new();
    for collector in pass.accumulators {
        rows.extend(collector.rows);
    }
    rows.par_sort_unstable_by_key(|row| (row.time_ms, row.source, row.line));
    let names = Dictionaries {
        ip: &survey.ip.keys,
        user_agent: &survey.user_agent.keys,
        route: &routes.names,
        user: &survey.user.keys,
        token: &survey.token.keys,
        host: &survey.host.keys,
        referer_host: &survey.referer_host.keys,
    };
    (Table::new(rows, names, scope.sample), pass.troubles)
}

/// The line that each chunk of each source begins with.
fn line_starts(survey: &Survey) -> Vec<Vec<u64>> {
    survey
        .sources
        .iter()
        .map(|source| {
            let mut line = 0;
            let mut starts = Vec::new();
            for chunk in &source.chunks {
                starts.resize(chunk.number, line);
                starts.push(line);
                line += chunk.lines;
            }
            starts
        })
        .collect()
}

/// Which requests are kept.
struct Scope {
    /// Whether all requests are.
    all: bool,
    /// Of the requests outside every scope, those of one address in this many are.
    sample: u32,
    near_ms: std::ops::Range<i64>,
    hot_routes: Vec<bool>,
}

impl Scope {
    fn new(survey: &Survey, routes: &Routes) -> Scope {
        let hot_routes: Vec<bool> = routes
            .tallies
            .iter()
            .map(|tally| {
                tally.denials >= SCOPE_DENIALS
                    && tally.denials as f64 >= SCOPE_SHARE * tally.requests as f64
            })
            .collect();
        let scoped: u64 = survey.ip.denied().map(|(_, tally)| tally.requests).sum();
        let contrast = survey.total.requests.saturating_sub(scoped);
        let room = MOST_ROWS.saturating_sub(scoped).max(MOST_ROWS / 4);
        let all = survey.total.requests <= MOST_ROWS;
        let sample = if all { 1 } else { contrast.div_ceil(room).next_power_of_two() as u32 };
        let near_ms = if survey.total.denials == 0 {
            0..0
        } else {
            survey.total.first_ms.saturating_sub(CONTEXT_MS)
                ..survey.total.last_ms.saturating_add(CONTEXT_MS)
        };
        Scope { all, sample, near_ms, hot_routes }
    }

    fn wants(&self, survey: &Survey, source: usize, number: usize) -> bool {
        let Some(tally) = survey.sources.get(source) else { return false };
        let Ok(at) = tally.chunks.binary_search_by_key(&number, |chunk| chunk.number) else {
            return false;
        };
        let chunk = &tally.chunks[at];
        chunk.start_ms < self.near_ms.end && chunk.end_ms >= self.near_ms.start
    }

    /// Whether an admitted request is kept, by its address and route.
    fn keeps(&self, time_ms: i64, ip: &Tally, ip_hash: u64, route: u32, route_tally: &Tally) -> bool {
        if !self.near_ms.contains(&time_ms) {
            return false;
        }
        self.all
            || near(ip, time_ms)
            || (self.hot_routes[route as usize] && near(route_tally, time_ms))
            || ((ip_hash >> 32) as u32).is_multiple_of(self.sample)
    }
}

fn near(tally: &Tally, time_ms: i64) -> bool {
    tally.denials > 0
        && time_ms >= tally.first_ms.saturating_sub(CONTEXT_MS)
        && time_ms <= tally.last_ms.saturating_add(CONTEXT_MS)
}

/// Collects the rows of the chunks that one thread reads.
struct Collector<'a> {
    formats: &'a [Option<Detected>],
    gate: &'a Gate,
    survey: &'a Survey,
    routes: &'a Routes,
    scope: &'a Scope,
    rows: Vec<Row>,
    source: usize,
    first_line: u64,
    template: Vec<u8>,
}

impl Collector<'_> {
    fn read(&mut self, chunk: &Chunk<'_>, starts: &[Vec<u64>]) {
        self.source = chunk.source;
        self.first_line = starts[chunk.source].get(chunk.number).copied().unwrap_or(0);
        let formats = self.formats;
        if let Some(format) = &formats[chunk.source] {
            format.visit(chunk.bytes, self);
        }
    }

    /// The ids of a request that is kept; none for one that is not, or that Survey did not see
    /// because the file has changed since.
    fn row(&mut self, line: Line<'_>, record: &Record<'_>) -> Option<Row> {
        let survey = self.survey;
        let denied = self.gate.is_denial(record.status);
        let client = self.gate.client(record);
        let hash = intern::hash(client);
        let ip = survey.ip.keys.get_hashed(hash, client)?;
        route::template(record.path(), &mut self.template);
        let route = self.routes.of_template[survey.template.keys.get(&self.template)? as usize];
        let tally = &survey.ip.tallies[ip as usize];
        let route_tally = &self.routes.tallies[route as usize];
        if !denied && !self.scope.keeps(record.time_ms, tally, hash, route, route_tally) {
            return None;
        }
        Some(Row {
            time_ms: record.time_ms,
            source: self.source as u32,
            line: (self.first_line + u64::from(line.number)) as u32,
            ip,
            user_agent: survey.user_agent.keys.get(&record.user_agent)?,
            route,
            user: id_in(&survey.user, &record.user),
            token: token::find(record).map_or(NONE, |token| id_in(&survey.token, token)),
            host: id_in(&survey.host, &record.host),
            referer_host: if record.referer.is_empty() {
                NONE
            } else {
                id_in(&survey.referer_host, referer_host(&record.referer))
            },
            bytes: record.bytes.map_or(NONE, |bytes| bytes.min(u64::from(NONE - 1)) as u32),
            duration_ms: record.duration_ms.unwrap_or(NONE),
            status: record.status,
            upstream: match record.upstream {
                Upstream::Unknown => 0,
                Upstream::NotAsked => 1,
                Upstream::Status(status) => status,
            },
            method: Method::parse(record.method) as u8,
            content: content_of(record),
            signs: signs_of(record),
            denied,
        })
    }
}

fn id_in(table: &KeyTable, key: &[u8]) -> u32 {
    if key.is_empty() { NONE } else { table.keys.get(key).unwrap_or(NONE) }
}

fn content_of(record: &Record<'_>) -> Content {
    match payload::classify(&record.target) {
        None => Content::Plain,
        Some(attack) if !attack.is_payload() => Content::Probe,
        Some(_) => Content::Attack,
    }
}

fn signs_of(record: &Record<'_>) -> u8 {
    let mut signs = 0;
    let query = record.query();
    if !query.is_empty() && let Some(expiry) = signed::expiry(query) {
        signs |= if expiry.not_after_ms < record.time_ms { SIGN_LINK_EXPIRED } else { SIGN_LINK_VALID };
    }
    signs |= match record.stated {
        None => 0,
        Some(Stated::LimitRejected) => SIGN_LIMIT_STATED,
        Some(Stated::LinkExpired) => SIGN_EXPIRY_STATED,
        Some(Stated::InvalidReferer) => SIGN_REFERER_STATED,
    };
    let path = record.path();
    if path.last() == Some(&b'/') {
        signs |= SIGN_DIRECTORY;
    }
    if route::is_asset(path) {
        signs |= SIGN_ASSET;
    }
    signs
}

impl Visitor for Collector<'_> {
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, _format: usize) {
        if self.gate.admits(record) && let Some(row) = self.row(line, record) {
            self.rows.push(row);
        }
    }

    fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
}
