//! Which requests Examine keeps.
//!
//! Of a log that is small enough, all that lie near any denial. Of a larger one:
//! - every denial, unless denied addresses alone have more requests than can be kept ([`Thinning`]);
//! - of an address that was denied, every request from an hour before its first denial to an hour
//!   after its last one;
//! - of a route with a fair share of denials, every request of the hours where they are, and of the
//!   hours around them; where that is too much, those of a share of the addresses;
//! - of everything else, which is contrast only, the requests of a smaller share of the addresses.
//!
//! Shares are taken by a hash of the address, so what is kept of an address is whole.

use super::Routes;
use super::hot::HotRoutes;
use super::index::Bits;
use super::thinning::Thinning;
use crate::format::{Line, end_before};
use crate::key::intern::{in_share, share_hash};
use crate::survey::outline::{Entry, Ids, NOBODY, Outlines};
use crate::survey::tally::Tally;
use crate::survey::{ChunkTally, Survey};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

/// Rows kept before anything is sampled: 96 MiB.
pub(super) const MOST_ROWS: u64 = 1_500_000;
/// Of the rows, one in this many may be contrast, once anything is sampled: enough to see whom a rule
/// leaves alone.
const CONTRAST: u64 = 12;
/// How long before a key's first denial and after its last its requests are kept, in milliseconds.
const CONTEXT_MS: i64 = 3_600_000;

/// Requests of a client are kept everywhere, as contrast.
const KEPT: u8 = 1;
/// Requests of a client are kept on hot routes.
const KEPT_IF_HOT: u8 = 2;
/// Requests of a client are kept near its denials.
const KEPT_IF_NEAR: u8 = 4;

/// In the place of the route of a template that has none.
const NO_ROUTE: u32 = u32::MAX;

/// Which requests are kept.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Whether all requests are.
    all: bool,
    /// Of the requests outside every scope, those of one address in this many are.
    pub(super) sample: u32,
    near_ms: Range<i64>,
    /// What is kept of denied addresses.
    pub(super) thinning: Thinning,
    hot: HotRoutes,
    /// By shard and its ids of clients: which of their requests are kept.
    clients: Vec<Vec<u8>>,
    /// By shard and its ids of templates: the route.
    routes: Vec<Vec<u32>>,
    outlines: Outlines,
    /// Where the outline of a chunk stands.
    places: HashMap<(usize, usize), usize, FixedState>,
}

impl Scope {
    /// The scope of a log, of which some `most_rows` are to be kept.
    pub(super) fn new(
        survey: &Survey,
        routes: &Routes,
        outlines: Outlines,
        most_rows: u64,
    ) -> Scope {
        let near_ms = if survey.total.denials == 0 {
            0..0
        } else {
            survey.total.first_ms.saturating_sub(CONTEXT_MS)
                ..survey.total.last_ms.saturating_add(CONTEXT_MS)
        };
        let scope = Scope {
            all: true,
            sample: 1,
            near_ms,
            ..Scope::default()
        };
        if survey.total.requests <= most_rows && !survey.cut.is_made() {
            return scope;
        }
        let thinning = Thinning::to_fit(survey, most_rows);
        let room = most_rows.saturating_sub(thinning.kept(survey));
        let hot = HotRoutes::new(
            survey,
            routes,
            &scope.near_ms,
            room.max(most_rows / 4),
            most_rows,
        );
        let denied: u64 = survey.ip.denied().map(|(_, tally)| tally.requests).sum();
        let contrast = survey.total.requests.saturating_sub(denied);
        let sample = share(contrast, most_rows / CONTRAST)
            .max(hot.sample)
            .max(survey.cut.share);
        Scope {
            all: false,
            sample,
            thinning,
            hot,
            outlines,
            ..scope
        }
        .with_places(survey, routes)
    }

    /// Translates what is kept into the ids of the outlines.
    fn with_places(mut self, survey: &Survey, routes: &Routes) -> Scope {
        let clients: Vec<u8> = (0..survey.ip.keys.len() as u32)
            .map(|ip| {
                let (hash, tally) = (
                    share_hash(survey.ip.keys.bytes(ip)),
                    &survey.ip.tallies[ip as usize],
                );
                if self.thinning.weight(tally, hash) == 0 {
                    return 0;
                }
                (u8::from(in_share(hash, self.sample)) * KEPT)
                    | (u8::from(in_share(hash, self.hot.sample)) * KEPT_IF_HOT)
                    | (u8::from(tally.denials > 0) * KEPT_IF_NEAR)
            })
            .collect();
        for ids in &self.outlines.shards {
            let kept = |id: &u32| clients.get(*id as usize).copied().unwrap_or(KEPT);
            self.clients.push(ids.client.iter().map(kept).collect());
            let route = |id: &u32| routes.of_template.get(*id as usize);
            let route = |id: &u32| route(id).copied().unwrap_or(NO_ROUTE);
            self.routes.push(ids.template.iter().map(route).collect());
        }
        let outlines = self.outlines.chunks.iter().enumerate();
        self.places = outlines
            .map(|(at, chunk)| ((chunk.source, chunk.number), at))
            .collect();
        self
    }

    /// Whether anything of a chunk is kept.
    pub(super) fn wants(&self, survey: &Survey, source: usize, number: usize) -> bool {
        chunk_tally(survey, source, number).is_some_and(|chunk| {
            chunk.start_ms < self.near_ms.end && chunk.end_ms >= self.near_ms.start
        })
    }

    /// What may be passed over in a chunk; `None` if nothing may.
    pub(super) fn selection<'s>(
        &'s self,
        survey: &'s Survey,
        routes: &Routes,
        source: usize,
        number: usize,
    ) -> Option<Selection<'s>> {
        let outlines = &self.outlines;
        let outline = outlines.chunks.get(*self.places.get(&(source, number))?)?;
        let chunk = chunk_tally(survey, source, number)?;
        Some(Selection {
            lines: Outlined {
                entries: &outline.lines,
                ids: &outlines.shards[outline.shard],
            },
            clients: &self.clients[outline.shard],
            survey,
            routes: &self.routes[outline.shard],
            hot: self
                .hot
                .within(chunk.start_ms, chunk.end_ms, routes.names.len()),
            chunk_ms: chunk.start_ms..=chunk.end_ms,
        })
    }

    /// Whether a request is kept, by its address and route.
    #[inline]
    pub(super) fn keeps(
        &self,
        time_ms: i64,
        denied: bool,
        survey: &Survey,
        ip: u32,
        route: u32,
    ) -> bool {
        if self.all {
            return denied || self.near_ms.contains(&time_ms);
        }
        let (hash, tally) = (
            share_hash(survey.ip.keys.bytes(ip)),
            &survey.ip.tallies[ip as usize],
        );
        if !self.thinning.keeps(tally, hash, time_ms) {
            return false;
        }
        if denied || !self.near_ms.contains(&time_ms) {
            return denied;
        }
        in_share(hash, self.sample)
            || near(tally, time_ms..=time_ms)
            || (in_share(hash, self.hot.sample) && self.hot.holds(route, time_ms))
    }

    /// By address, how many requests one that is kept stands for; none where each stands for itself.
    pub(super) fn weights(&self, survey: &Survey) -> Option<Vec<u32>> {
        let hashes = survey.ip.keys.iter().map(|(_, ip)| share_hash(ip));
        let weights = survey.ip.tallies.iter().zip(hashes);
        let weight = |(tally, hash)| self.thinning.weight(tally, hash);
        self.thinning
            .is_needed()
            .then(|| weights.map(weight).collect())
    }
}

fn chunk_tally(survey: &Survey, source: usize, number: usize) -> Option<&ChunkTally> {
    let chunks = &survey.sources.get(source)?.chunks;
    let at = chunks.binary_search_by_key(&number, |chunk| chunk.number);
    chunks.get(at.ok()?)
}

/// Whose the lines of a chunk are, in the ids of the merged tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlined<'s> {
    entries: &'s [Entry],
    ids: &'s Ids,
}

impl Outlined<'_> {
    /// The address and the template of a line that is a request.
    #[inline]
    pub(super) fn of(self, line: u32) -> Option<(u32, u32)> {
        let entry = self.entries.get(line as usize)?;
        let client = *self.ids.client.get(entry.client as usize)?;
        let template = *self.ids.template.get(entry.template as usize)?;
        Some((client, template))
    }
}

/// The lines of a chunk that may be kept.
#[derive(Debug)]
pub(super) struct Selection<'s> {
    pub(super) lines: Outlined<'s>,
    /// Which requests are kept, by client.
    clients: &'s [u8],
    survey: &'s Survey,
    /// The route of each template.
    routes: &'s [u32],
    /// Routes that are hot while the chunk lasts, if any is.
    hot: Option<Bits>,
    chunk_ms: RangeInclusive<i64>,
}

impl Selection<'_> {
    /// Those lines, in the text that the outline was made of.
    pub(super) fn of<'c>(&self, chunk: &'c [u8]) -> impl Iterator<Item = Line<'c>> {
        let chunk_end = chunk.len() - usize::from(chunk.ends_with(b"\n"));
        let entries = self.lines.entries;
        (0..).zip(entries).filter_map(move |(number, entry)| {
            // What is no request may be a directive for the lines behind it.
            let is_directive =
                || entry.client == NOBODY && chunk.get(entry.offset as usize) == Some(&b'#');
            if !self.may_keep(entry) && !is_directive() {
                return None;
            }
            let next = entries.get(number as usize + 1);
            let end = next.map_or(chunk_end, |next| end_before(chunk, next.offset as usize));
            Line::within(chunk, number, entry.offset as usize, end)
        })
    }

    /// False for a line that is certainly not kept.
    #[inline]
    fn may_keep(&self, entry: &Entry) -> bool {
        if entry.client == NOBODY {
            return false;
        }
        match self.clients.get(entry.client as usize) {
            Some(0) => false,
            Some(kept) if kept & KEPT == 0 => {
                kept & KEPT_IF_NEAR != 0 && self.is_near(entry)
                    || kept & KEPT_IF_HOT != 0 && self.is_hot(entry)
            }
            _ => true,
        }
    }

    /// False if the client's denials are far from the chunk.
    fn is_near(&self, entry: &Entry) -> bool {
        let client = self.lines.ids.client.get(entry.client as usize);
        let tally = client.and_then(|id| self.survey.ip.tallies.get(*id as usize));
        tally.is_none_or(|tally| near(tally, self.chunk_ms.clone()))
    }

    /// False if the route is not hot.
    fn is_hot(&self, entry: &Entry) -> bool {
        let Some(hot) = &self.hot else { return false };
        let route = self.routes.get(entry.template as usize);
        route.is_none_or(|route| *route == NO_ROUTE || hot.contains(*route))
    }
}

/// The least power of two of which one in that many of `requests` fits `room`.
pub(super) fn share(requests: u64, room: u64) -> u32 {
    let least = requests.div_ceil(room.max(1)).clamp(1, 1 << 30);
    least.next_power_of_two() as u32
}

/// Whether an interval lies near the denials of a tally.
fn near(tally: &Tally, interval_ms: RangeInclusive<i64>) -> bool {
    tally.denials > 0
        && *interval_ms.end() >= tally.first_ms.saturating_sub(CONTEXT_MS)
        && *interval_ms.start() <= tally.last_ms.saturating_add(CONTEXT_MS)
}
