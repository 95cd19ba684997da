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
use super::thinning::Thinning;
use crate::format::Line;
use crate::survey::Survey;
use crate::survey::outline::{Entry, NOBODY, Outlines};
use crate::survey::tally::Tally;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::ops::Range;

/// Rows kept before anything is sampled: 96 MiB.
pub(super) const MOST_ROWS: u64 = 1_500_000;
/// Of the rows, one in this many may be contrast, once anything is sampled: enough to see whom a rule
/// leaves alone.
const CONTRAST: u64 = 6;
/// How long before a key's first denial and after its last its requests are kept, in milliseconds.
const CONTEXT_MS: i64 = 3_600_000;

/// Requests of a client are kept near its denials, or everywhere.
const KEPT: u8 = 1;
/// Requests of a client are kept on hot routes.
const KEPT_IF_HOT: u8 = 2;

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
    /// By shard and its ids: whether requests of a client are kept, and whether a template's route is
    /// hot.
    clients: Vec<Vec<u8>>,
    templates: Vec<Vec<bool>>,
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
        if survey.total.requests <= most_rows {
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
        let sample = share(contrast, most_rows / CONTRAST).max(hot.sample);
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
                let (hash, tally) = (survey.ip.keys.hash_of(ip), &survey.ip.tallies[ip as usize]);
                if self.thinning.weight(tally, hash) == 0 {
                    return 0;
                }
                let whole = tally.denials > 0 || sampled(hash, self.sample);
                let if_hot = sampled(hash, self.hot.sample);
                (u8::from(whole) * KEPT) | (u8::from(if_hot) * KEPT_IF_HOT)
            })
            .collect();
        for ids in &self.outlines.shards {
            let kept = |id: &u32| clients.get(*id as usize).copied().unwrap_or(KEPT);
            self.clients.push(ids.client.iter().map(kept).collect());
            let hot = |template: &u32| match routes.of_template.get(*template as usize) {
                Some(route) => self.hot.is_hot(*route),
                None => true,
            };
            self.templates.push(ids.template.iter().map(hot).collect());
        }
        let outlines = self.outlines.chunks.iter().enumerate();
        self.places = outlines
            .map(|(at, chunk)| ((chunk.source, chunk.number), at))
            .collect();
        self
    }

    /// Whether anything of a chunk is kept.
    pub(super) fn wants(&self, survey: &Survey, source: usize, number: usize) -> bool {
        let Some(tally) = survey.sources.get(source) else {
            return false;
        };
        let Ok(at) = tally
            .chunks
            .binary_search_by_key(&number, |chunk| chunk.number)
        else {
            return false;
        };
        let chunk = &tally.chunks[at];
        chunk.start_ms < self.near_ms.end && chunk.end_ms >= self.near_ms.start
    }

    /// What may be passed over in a chunk; `None` if nothing may.
    pub(super) fn outline(&self, source: usize, number: usize) -> Option<Selection<'_>> {
        let outline = self
            .outlines
            .chunks
            .get(*self.places.get(&(source, number))?)?;
        Some(Selection {
            lines: &outline.lines,
            clients: &self.clients[outline.shard],
            templates: &self.templates[outline.shard],
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
        let (hash, tally) = (survey.ip.keys.hash_of(ip), &survey.ip.tallies[ip as usize]);
        if !self.thinning.keeps(tally, hash, time_ms) {
            return false;
        }
        if denied || !self.near_ms.contains(&time_ms) {
            return denied;
        }
        sampled(hash, self.sample)
            || near(tally, time_ms)
            || (sampled(hash, self.hot.sample) && self.hot.holds(route, time_ms))
    }

    /// By address, how many requests one that is kept stands for; none where each stands for itself.
    pub(super) fn weights(&self, survey: &Survey) -> Option<Vec<u32>> {
        let hashes = (0..).map(|id| survey.ip.keys.hash_of(id));
        let weights = survey.ip.tallies.iter().zip(hashes);
        let weight = |(tally, hash)| self.thinning.weight(tally, hash);
        self.thinning
            .is_needed()
            .then(|| weights.map(weight).collect())
    }
}

/// The lines of a chunk that may be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'s> {
    lines: &'s [Entry],
    clients: &'s [u8],
    templates: &'s [bool],
}

impl<'s> Selection<'s> {
    /// Those lines, in the text that the outline was made of.
    pub(super) fn of<'c>(self, chunk: &'c [u8]) -> impl Iterator<Item = Line<'c>> + use<'s, 'c> {
        let chunk_end = chunk.len() - usize::from(chunk.ends_with(b"\n"));
        (0..).zip(self.lines).filter_map(move |(number, line)| {
            if !self.may_keep(line) {
                return None;
            }
            let next = self.lines.get(number as usize + 1);
            let end = next.map_or(chunk_end, |next| (next.offset as usize).saturating_sub(1));
            Line::within(chunk, number, line.offset as usize, end)
        })
    }

    /// False for a line that is certainly not kept.
    #[inline]
    fn may_keep(&self, line: &Entry) -> bool {
        if line.client == NOBODY {
            return false;
        }
        let kept = self
            .clients
            .get(line.client as usize)
            .copied()
            .unwrap_or(KEPT);
        kept & KEPT != 0
            || kept & KEPT_IF_HOT != 0
                && self
                    .templates
                    .get(line.template as usize)
                    .copied()
                    .unwrap_or(true)
    }
}

/// The least power of two of which one in that many of `requests` fits `room`.
pub(super) fn share(requests: u64, room: u64) -> u32 {
    let least = requests.div_ceil(room.max(1)).clamp(1, 1 << 30);
    least.next_power_of_two() as u32
}

/// Whether an address is among one in so many.
#[inline]
pub(super) fn sampled(hash: u64, one_in: u32) -> bool {
    ((hash >> 32) as u32).is_multiple_of(one_in)
}

fn near(tally: &Tally, time_ms: i64) -> bool {
    tally.denials > 0
        && time_ms >= tally.first_ms.saturating_sub(CONTEXT_MS)
        && time_ms <= tally.last_ms.saturating_add(CONTEXT_MS)
}
