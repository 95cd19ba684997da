//! Survey, the first pass: reads every line once and counts.
//!
//! What it yields is a commutative monoid of integers: requests and denials over time and per key, the
//! templates of routes, and for each file what was read and skipped. Parts are counted by one thread
//! each and merged; no order of chunks, threads or files changes the result.

pub mod hours;
pub mod outline;
pub mod room;
mod shard;
pub mod tally;
pub mod timeline;

pub use shard::Shard;

use crate::findings::Skipped;
use crate::format::Detected;
use crate::gate::Gate;
use crate::input::{Input, Trouble};
use crate::key::route_tree::RouteTree;
use hours::DeniedHours;
use outline::{Outlines, Renamed};
use room::Cut;
use tally::{KeyTable, Tally};
use timeline::Timeline;

/// What the first pass counted.
#[derive(Debug, Default)]
pub struct Survey {
    /// Per source, in the order of the input.
    pub sources: Vec<SourceTally>,
    /// Requests and denials over time.
    pub timeline: Timeline,
    /// Client addresses.
    pub ip: KeyTable,
    /// User agents.
    pub user_agent: KeyTable,
    /// Route templates before the tree's collapses.
    pub template: KeyTable,
    /// User names.
    pub user: KeyTable,
    /// Tokens in clear.
    pub token: KeyTable,
    /// Virtual hosts.
    pub host: KeyTable,
    /// Hosts of referers.
    pub referer_host: KeyTable,
    /// Where templates collapse.
    pub routes: RouteTree,
    /// In which hours templates were denied, by the ids of `template`.
    pub denied_hours: DeniedHours,
    /// Whose each line is.
    pub outlines: Outlines,
    /// Which keys are kept apart, where there were too many.
    pub cut: Cut,
    /// Requests and denials.
    pub total: Tally,
    /// Requests answered 401, 429 and 503.
    pub neighbours: [u64; 3],
    /// Largest offset from UTC in use, with how many requests have it, by offset in seconds.
    pub offsets: std::collections::BTreeMap<i32, u64>,
}

/// Statuses that stand near denials, in the order of [`Survey::neighbours`].
pub const NEIGHBOURS: [u16; 3] = [401, 429, 503];

/// What was read of one source.
#[derive(Debug, Clone, Default)]
pub struct SourceTally {
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines that are requests within the filters.
    pub parsed: u64,
    /// Lines that are not.
    pub skipped: Skipped,
    /// First and last request in milliseconds; `i64::MAX` and `i64::MIN` without one.
    pub start_ms: i64,
    /// See `start_ms`.
    pub end_ms: i64,
    /// Requests by the format that read them: the file's own first, then its fallbacks.
    pub formats: Vec<u64>,
    /// Its chunks, by number once complete.
    pub chunks: Vec<ChunkTally>,
}

/// What one chunk holds: the zone map that lets Examine pass over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkTally {
    /// Its number in its source.
    pub number: usize,
    /// Its lines.
    pub lines: u64,
    /// First and last request in milliseconds; `i64::MAX` and `i64::MIN` without one.
    pub start_ms: i64,
    /// See `start_ms`.
    pub end_ms: i64,
    /// Denials in it.
    pub denials: u64,
}

impl SourceTally {
    fn new() -> SourceTally {
        SourceTally {
            start_ms: i64::MAX,
            end_ms: i64::MIN,
            ..SourceTally::default()
        }
    }

    /// Lines of the source.
    pub fn lines(&self) -> u64 {
        self.parsed + self.skipped.total()
    }

    fn merge(&mut self, other: SourceTally) {
        self.bytes += other.bytes;
        self.parsed += other.parsed;
        self.skipped.add(&other.skipped);
        self.start_ms = self.start_ms.min(other.start_ms);
        self.end_ms = self.end_ms.max(other.end_ms);
        if self.formats.len() < other.formats.len() {
            self.formats.resize(other.formats.len(), 0);
        }
        for (mine, theirs) in self.formats.iter_mut().zip(&other.formats) {
            *mine += theirs;
        }
        self.chunks.extend(other.chunks);
    }
}

/// Reads every line of the input and counts, within some `max_memory` bytes.
pub fn run(
    input: &mut Input,
    formats: &[Option<Detected>],
    gate: &Gate,
    max_memory: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> (Survey, Vec<Trouble>) {
    let room = room::room(max_memory, 1);
    let pass = input.first_pass(
        || Shard::new(formats, gate, room),
        |shard, chunk| shard.read(chunk),
        progress,
    );
    let mut survey = Survey::default();
    for shard in pass.accumulators {
        survey.merge(shard.finish());
    }
    survey.sources.resize_with(formats.len(), SourceTally::new);
    for source in &mut survey.sources {
        source.chunks.sort_unstable_by_key(|chunk| chunk.number);
    }
    (survey, pass.troubles)
}

/// As [`run`], with a survey of each group of sources; `group` says which one a source is of.
pub fn run_apart(
    input: &mut Input,
    formats: &[Option<Detected>],
    gate: &Gate,
    max_memory: u64,
    (groups, group): (usize, &(dyn Fn(usize) -> usize + Sync)),
    progress: &(dyn Fn(u64) + Sync),
) -> (Vec<Survey>, Vec<Trouble>) {
    let room = room::room(max_memory, groups);
    let no_shards = || -> Vec<Option<Shard<'_>>> { (0..groups).map(|_| None).collect() };
    let pass = input.first_pass(
        no_shards,
        |shards, chunk| {
            if let Some(shard) = shards.get_mut(group(chunk.source)) {
                let shard = shard.get_or_insert_with(|| Shard::new(formats, gate, room));
                shard.read(chunk);
            }
        },
        progress,
    );
    let mut surveys: Vec<Survey> = (0..groups).map(|_| Survey::default()).collect();
    for shards in pass.accumulators {
        for (survey, shard) in surveys.iter_mut().zip(shards) {
            if let Some(shard) = shard {
                survey.merge(shard.finish());
            }
        }
    }
    for survey in &mut surveys {
        survey.sources.resize_with(formats.len(), SourceTally::new);
        for source in &mut survey.sources {
            source.chunks.sort_unstable_by_key(|chunk| chunk.number);
        }
    }
    (surveys, pass.troubles)
}

impl Survey {
    /// Adds another survey to this one.
    pub fn merge(&mut self, other: Survey) {
        for (at, source) in other.sources.into_iter().enumerate() {
            if at >= self.sources.len() {
                self.sources.push(SourceTally::new());
            }
            self.sources[at].merge(source);
        }
        let (client, template) = rayon::join(
            || merge_tables(&mut self.ip, other.ip),
            || {
                self.timeline.merge(other.timeline);
                merge_tables(&mut self.user_agent, other.user_agent);
                merge_tables(&mut self.user, other.user);
                merge_tables(&mut self.token, other.token);
                merge_tables(&mut self.host, other.host);
                merge_tables(&mut self.referer_host, other.referer_host);
                self.routes.merge(other.routes);
                merge_tables(&mut self.template, other.template)
            },
        );
        let mine = Renamed {
            client: client.0,
            template: template.0,
        };
        let theirs = Renamed {
            client: client.1,
            template: template.1,
        };
        self.denied_hours.merge(other.denied_hours, &mine, &theirs);
        self.outlines.merge(other.outlines, &mine, &theirs);
        self.cut_to(self.cut.and(other.cut));
        self.total.add(&other.total);
        for (mine, theirs) in self.neighbours.iter_mut().zip(other.neighbours) {
            *mine += theirs;
        }
        for (offset, count) in other.offsets {
            *self.offsets.entry(offset).or_default() += count;
        }
    }

    /// Pools what a cut leaves out. Ids change with it.
    fn cut_to(&mut self, cut: Cut) {
        if !cut.is_made() {
            return;
        }
        self.cut = cut;
        self.outlines.give_up();
        for table in self.tables_but_templates() {
            table.cut(cut);
        }
        if let Some(ids) = self.template.cut(cut) {
            self.denied_hours.rename(&ids);
        }
    }

    fn tables_but_templates(&mut self) -> [&mut KeyTable; 6] {
        [
            &mut self.ip,
            &mut self.user_agent,
            &mut self.user,
            &mut self.token,
            &mut self.host,
            &mut self.referer_host,
        ]
    }

    /// Its tables of keys, with what their keys are.
    pub fn tables(&self) -> [(&KeyTable, &'static str); 7] {
        [
            (&self.ip, "addresses"),
            (&self.user_agent, "user agents"),
            (&self.template, "routes"),
            (&self.user, "users"),
            (&self.token, "tokens"),
            (&self.host, "hosts"),
            (&self.referer_host, "hosts of referers"),
        ]
    }

    /// Whether a chunk has denials.
    pub fn has_denials(&self, source: usize, number: usize) -> bool {
        self.sources.get(source).is_some_and(|tally| {
            let chunks = &tally.chunks;
            let at = chunks.binary_search_by_key(&number, |chunk| chunk.number);
            at.is_ok_and(|at| chunks[at].denials > 0)
        })
    }

    /// By source, the line (from 0) that each chunk begins with, by the chunk's number.
    pub fn line_starts(&self) -> Vec<Vec<u64>> {
        let starts = |source: &SourceTally| {
            let mut line = 0;
            let mut starts = Vec::new();
            for chunk in &source.chunks {
                starts.resize(chunk.number, line);
                starts.push(line);
                line += chunk.lines;
            }
            starts
        };
        self.sources.iter().map(starts).collect()
    }

    /// The offset from UTC that most requests were logged with, in seconds.
    pub fn utc_offset_s(&self) -> i32 {
        let most = self
            .offsets
            .iter()
            .max_by_key(|(offset, count)| (**count, **offset));
        most.map_or(0, |(offset, _)| *offset)
    }
}

/// Merges the smaller table into the larger one. What the ids of both became, where they changed.
fn merge_tables(mine: &mut KeyTable, mut theirs: KeyTable) -> (Option<Vec<u32>>, Option<Vec<u32>>) {
    if mine.tallies.len() < theirs.tallies.len() {
        std::mem::swap(mine, &mut theirs);
        return (Some(mine.merge(&theirs)), None);
    }
    (None, Some(mine.merge(&theirs)))
}
