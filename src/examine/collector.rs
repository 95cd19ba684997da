//! One thread's part of Examine: the rows of the chunks that it reads.

use super::Routes;
use super::mark::Mark;
use super::row::*;
use super::rules::Rules;
use super::scope::{Outlined, Scope};
use crate::format::{Detected, Line, Visitor};
use crate::gate::Gate;
use crate::input::Chunk;
use crate::key::familiar::Familiar;
use crate::key::memo::{Memo, slots};
use crate::key::{Method, payload, referer_host, route, signed, token};
use crate::record::{Record, Reject, Upstream};
use crate::stated::Statements;
use crate::survey::Survey;
use crate::survey::tally::KeyTable;
use std::ops::Range;

/// Collects the rows of the chunks that one thread reads.
pub(super) struct Collector<'a> {
    formats: &'a [Option<Detected>],
    gate: &'a Gate,
    survey: &'a Survey,
    routes: &'a Routes,
    scope: &'a Scope,
    blocks: Vec<Vec<Row>>,
    pieces: Vec<Piece>,
    source: usize,
    first_line: u64,
    /// What Survey noted of the lines of the chunk.
    outlined: Option<Outlined<'a>>,
    /// The route of a path.
    paths: Memo<u32>,
    targets: Memo<Target>,
    referers: Memo<u32>,
    clients: Familiar,
    agents: Familiar,
    template: Vec<u8>,
    /// What other logs know the denials by, where that is wanted.
    marks: Option<Vec<Mark>>,
    /// The rules that lines of denials name.
    rules: Rules,
}

/// What one thread collected.
pub(super) struct Part {
    /// The rows, in blocks.
    pub(super) blocks: Vec<Vec<Row>>,
    /// Which chunk they are of.
    pub(super) pieces: Vec<Piece>,
    /// What other logs know the denials by.
    pub(super) marks: Vec<Mark>,
    /// The rules that lines of denials name.
    pub(super) rules: Rules,
}

/// Rows of a block: 32 MiB, of which only what is written to takes memory. A block is given back to
/// the system as a whole.
const BLOCK_ROWS: usize = 1 << 19;
/// Rows that a chunk may well have; with less room a new block is begun.
const CHUNK_ROWS: usize = 1 << 16;

/// Which of the rows of a block are those of a chunk.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) source: usize,
    pub(super) number: usize,
    pub(super) block: usize,
    pub(super) rows: Range<usize>,
}

/// What follows from a target.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// The token in its query, or [`NONE`].
    token: u32,
    nature: Nature,
}

/// What kind of thing a target asks for.
#[derive(Debug, Clone, Copy)]
struct Nature {
    content: Content,
    /// Those that the path shows.
    signs: u8,
    /// When the target's signature expires.
    not_after_ms: Option<i64>,
}

impl<'a> Collector<'a> {
    /// An empty part; `formats` has one entry per source, none where no format was found.
    pub(super) fn new(
        formats: &'a [Option<Detected>],
        gate: &'a Gate,
        survey: &'a Survey,
        routes: &'a Routes,
        scope: &'a Scope,
        marked: bool,
    ) -> Collector<'a> {
        Collector {
            formats,
            gate,
            survey,
            routes,
            scope,
            blocks: Vec::new(),
            pieces: Vec::new(),
            source: 0,
            first_line: 0,
            outlined: None,
            paths: Memo::new(slots::TARGETS),
            targets: Memo::new(slots::TARGETS),
            referers: Memo::new(slots::REFERERS),
            clients: Familiar::new(slots::CLIENTS),
            agents: Familiar::new(slots::AGENTS),
            template: Vec::new(),
            marks: marked.then(Vec::new),
            rules: Rules::default(),
        }
    }

    /// Collects the rows of a chunk; `starts` has the first line of each.
    pub(super) fn read(&mut self, chunk: &Chunk<'_>, starts: &[Vec<u64>]) {
        self.source = chunk.source;
        self.first_line = starts[chunk.source].get(chunk.number).copied().unwrap_or(0);
        if self
            .blocks
            .last()
            .is_none_or(|block| block.len() > BLOCK_ROWS - CHUNK_ROWS)
        {
            self.blocks.push(Vec::with_capacity(BLOCK_ROWS));
        }
        let block = self.blocks.len() - 1;
        let start = self.blocks[block].len();
        let formats = self.formats;
        if let Some(format) = &formats[chunk.source] {
            let (scope, survey, routes) = (self.scope, self.survey, self.routes);
            let selection = scope.selection(survey, routes, chunk.source, chunk.number);
            self.outlined = selection.as_ref().map(|selection| selection.lines);
            match selection {
                Some(selection) => {
                    format.visit_lines(chunk.directives, selection.of(chunk.bytes), self)
                }
                None => format.visit_chunk(chunk.directives, chunk.bytes, self),
            }
        }
        let rows = start..self.blocks[block].len();
        self.pieces.push(Piece {
            source: chunk.source,
            number: chunk.number,
            block,
            rows,
        });
    }

    /// What was collected.
    pub(super) fn finish(self) -> Part {
        Part {
            blocks: self.blocks,
            pieces: self.pieces,
            marks: self.marks.unwrap_or_default(),
            rules: self.rules,
        }
    }

    /// The address and the route of a request, as Survey noted or counted them.
    #[inline]
    fn ip_and_route(&mut self, line: Line<'_>, record: &Record<'_>) -> Option<(u32, u32)> {
        let (survey, routes) = (self.survey, self.routes);
        if let Some(outlined) = self.outlined {
            let (ip, template) = outlined.of(line.number)?;
            return Some((ip, *routes.of_template.get(template as usize)?));
        }
        let ip = known(&mut self.clients, &survey.ip, self.gate.client(record))?;
        let (path, text) = (record.path(), &mut self.template);
        let route = self.paths.get_or(path, || {
            route::template(path, text);
            let template = survey.template.id_or_other(text)?;
            routes.of_template.get(template as usize).copied()
        });
        Some((ip, *route?))
    }

    /// The row of a request that is kept; none for one that is not, or that Survey did not see
    /// because the file has changed since.
    #[inline]
    fn row(&mut self, line: Line<'_>, record: &Record<'_>) -> Option<Row> {
        let survey = self.survey;
        let denied = self.gate.is_denial(record.status);
        let (ip, route) = self.ip_and_route(line, record)?;
        if !self.scope.keeps(record.time_ms, denied, survey, ip, route) {
            return None;
        }
        let Target { token, nature } = *self.targets.get_or(&record.target, || {
            let token = token::find_in_query(record.query());
            Some(Target {
                token: id_in(&survey.token, token.unwrap_or_default()),
                nature: Nature::of(record),
            })
        })?;
        Some(Row {
            time_ms: record.time_ms,
            source: self.source as u32,
            line: (self.first_line + u64::from(line.number)) as u32,
            ip,
            user_agent: known(&mut self.agents, &survey.user_agent, &record.user_agent)
                .or_else(|| survey.user_agent.id_or_other(&record.user_agent))?,
            route,
            user: id_in(&survey.user, &record.user),
            token: match record.token.is_empty() {
                true => token,
                false => token::find(record).map_or(NONE, |token| id_in(&survey.token, token)),
            },
            host: id_in(&survey.host, &record.host),
            referer_host: match record.referer.is_empty() {
                true => NONE,
                false => self
                    .referers
                    .get_or(&record.referer, || referer(survey, record))
                    .map_or(NONE, |id| *id),
            },
            bytes: record
                .bytes
                .map_or(NONE, |bytes| bytes.min(u64::from(NONE - 1)) as u32),
            duration_ms: record.duration_us.map_or(NONE, |us| {
                us.saturating_add(500)
                    .div_euclid(1_000)
                    .min(u64::from(NONE - 1)) as u32
            }),
            status: record.status,
            stated: Statements::of_line(record.stated.filter(|_| denied)),
            upstream: match record.upstream {
                Upstream::Unknown => 0,
                Upstream::NotAsked => 1,
                Upstream::Status(status) => status,
            },
            method: Method::parse(record.method) as u8,
            content: nature.content,
            signs: nature.signs | signs_of(record, nature.not_after_ms),
            denied,
        })
    }
}

/// The id of a key that is likely to be familiar.
#[inline]
fn known(familiar: &mut Familiar, table: &KeyTable, key: &[u8]) -> Option<u32> {
    familiar.id(&mut &table.keys, key, |keys| keys, |keys| keys.get(key))
}

fn id_in(table: &KeyTable, key: &[u8]) -> u32 {
    if key.is_empty() {
        NONE
    } else {
        table.id_or_other(key).unwrap_or(NONE)
    }
}

fn referer(survey: &Survey, record: &Record<'_>) -> Option<u32> {
    Some(id_in(&survey.referer_host, referer_host(&record.referer)))
}

impl Nature {
    fn of(record: &Record<'_>) -> Nature {
        let (path, query) = (record.path(), record.query());
        let mut signs = 0;
        if path.last() == Some(&b'/') {
            signs |= SIGN_DIRECTORY;
        }
        if route::is_asset(path) {
            signs |= SIGN_ASSET;
        }
        let expiry = if query.is_empty() {
            None
        } else {
            signed::expiry(query)
        };
        Nature {
            content: match payload::classify(&record.target) {
                None => Content::Plain,
                Some(attack) if !attack.is_payload() => Content::Probe,
                Some(_) => Content::Attack,
            },
            signs,
            not_after_ms: expiry.map(|expiry| expiry.not_after_ms),
        }
    }
}

/// The signs that do not follow from the target alone.
fn signs_of(record: &Record<'_>, not_after_ms: Option<i64>) -> u8 {
    match not_after_ms {
        None => 0,
        Some(end_ms) if end_ms < record.time_ms => SIGN_LINK_EXPIRED,
        Some(_) => SIGN_LINK_VALID,
    }
}

impl Visitor for Collector<'_> {
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, _format: usize) {
        if self.gate.admits(record)
            && let Some(row) = self.row(line, record)
            && let Some(block) = self.blocks.last_mut()
        {
            block.push(row);
            if !row.denied {
                return;
            }
            self.rules.note(record, row.source, row.line);
            if let Some(marks) = &mut self.marks {
                let client = self.gate.client(record);
                marks.push(Mark::of(record, client, row.source, row.line));
            }
        }
    }

    fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
}
