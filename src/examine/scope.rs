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
use super::thinning::Thinning;
use crate::format::Line;
use crate::survey::Survey;
use crate::survey::hours::hour_of;
use crate::survey::outline::{Entry, NOBODY, Outline};
use crate::survey::tally::Tally;
use foldhash::fast::FixedState;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Rows kept before anything is sampled: 96 MiB.
const MOST_ROWS: u64 = 1_500_000;
/// How long before a key's first denial and after its last its requests are kept, in milliseconds.
const CONTEXT_MS: i64 = 3_600_000;
/// A route with this many denials, and this share of its requests denied, is a scope of its own.
const SCOPE_DENIALS: u64 = 50;
const SCOPE_SHARE: f64 = 0.02;
/// Denials that make an hour of such a route worth a look, where the route is little used.
const HOUR_DENIALS: u64 = 10;

/// Hours that a chunk of a quiet log may span.
const LONG_CHUNK_HOURS: i64 = 24 * 31;

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
    /// Where the outline of a chunk stands.
    outlines: HashMap<(usize, usize), usize, FixedState>,
}

/// Routes with a fair share of denials, and their hours.
#[derive(Debug, Default)]
struct HotRoutes {
    routes: Vec<bool>,
    hours: HashSet<(u32, i64), FixedState>,
    /// Of their requests, those of one address in this many are kept.
    sample: u32,
}

impl Scope {
    /// The scope of a log.
    pub(super) fn new(survey: &Survey, routes: &Routes) -> Scope {
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
        if survey.total.requests <= MOST_ROWS {
            return scope;
        }
        let mut hot = HotRoutes::new(survey, routes, &scope.near_ms);
        let thinning = Thinning::to_fit(survey, MOST_ROWS);
        let denied: u64 = survey.ip.denied().map(|(_, tally)| tally.requests).sum();
        let scoped = thinning.kept(survey);
        let in_hot_hours = hot.requests(survey, routes);
        let room = MOST_ROWS.saturating_sub(scoped);
        hot.sample = share(in_hot_hours, room.max(MOST_ROWS / 4));
        let room = room.saturating_sub(in_hot_hours / u64::from(hot.sample));
        let contrast = survey.total.requests.saturating_sub(denied);
        let sample = share(contrast, room.max(MOST_ROWS / 4)).max(hot.sample);
        Scope {
            all: false,
            sample,
            thinning,
            hot,
            ..scope
        }
        .with_outlines(survey, routes)
    }

    /// Translates what is kept into the ids of the outlines.
    fn with_outlines(mut self, survey: &Survey, routes: &Routes) -> Scope {
        let clients: Vec<u8> = (0..survey.ip.keys.len() as u32)
            .map(|ip| {
                let (hash, tally) = (survey.ip.keys.hash_of(ip), &survey.ip.tallies[ip as usize]);
                if self.thinning.weight(tally, hash) == 0 {
                    return 0;
                }
                let whole = tally.denials > 0 || sampled(hash, self.sample);
                (u8::from(whole) * KEPT) | (u8::from(sampled(hash, self.hot.sample)) * KEPT_IF_HOT)
            })
            .collect();
        for ids in &survey.outlines.shards {
            let kept = |id: &u32| clients.get(*id as usize).copied().unwrap_or(KEPT);
            self.clients.push(ids.client.iter().map(kept).collect());
            let hot = |template: &u32| match routes.of_template.get(*template as usize) {
                Some(route) => self.hot.routes[*route as usize],
                None => true,
            };
            self.templates.push(ids.template.iter().map(hot).collect());
        }
        let outlines = survey.outlines.chunks.iter().enumerate();
        self.outlines = outlines
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
    pub(super) fn outline<'s>(
        &'s self,
        survey: &'s Survey,
        source: usize,
        number: usize,
    ) -> Option<Selection<'s>> {
        let outline = &survey.outlines.chunks[*self.outlines.get(&(source, number))?];
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
        routes: &Routes,
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
            || (sampled(hash, self.hot.sample)
                && self.hot.holds(route, time_ms)
                && near(&routes.tallies[route as usize], time_ms))
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

impl HotRoutes {
    fn new(survey: &Survey, routes: &Routes, near_ms: &Range<i64>) -> HotRoutes {
        let is_hot = |tally: &Tally| {
            tally.denials >= SCOPE_DENIALS
                && tally.denials as f64 >= SCOPE_SHARE * tally.requests as f64
        };
        let hot: Vec<bool> = routes.tallies.iter().map(is_hot).collect();
        let mut denials: HashMap<(u32, i64), u64, FixedState> = HashMap::default();
        for (template, hour, count) in survey.denied_hours.iter() {
            let route = routes.of_template[template as usize];
            if hot[route as usize] {
                *denials.entry((route, hour)).or_default() += count;
            }
        }
        let all_hours = (hour_of(near_ms.end) - hour_of(near_ms.start)).max(1);
        let mut hours = HashSet::default();
        for ((route, hour), count) in denials {
            let usual = routes.tallies[route as usize].requests as f64 / all_hours as f64;
            if count >= HOUR_DENIALS && count as f64 >= SCOPE_SHARE * usual {
                hours.extend((hour - 1..=hour + 1).map(|hour| (route, hour)));
            }
        }
        HotRoutes {
            routes: hot,
            hours,
            sample: 1,
        }
    }

    #[inline]
    fn holds(&self, route: u32, time_ms: i64) -> bool {
        self.routes[route as usize] && self.hours.contains(&(route, hour_of(time_ms)))
    }

    /// About how many requests there are in the hot hours: of the chunks that have an outline, those
    /// of hot routes whose hours the chunk touches, and in proportion for all chunks.
    fn requests(&self, survey: &Survey, routes: &Routes) -> u64 {
        let count = |outline: &Outline| {
            let hot = self.templates(outline, survey, routes);
            let is_hot = |line: &&Entry| hot.get(line.template as usize).copied().unwrap_or(false);
            (
                outline.lines.iter().filter(is_hot).count() as u64,
                outline.lines.len() as u64,
            )
        };
        let (hot, lines) = survey
            .outlines
            .chunks
            .par_iter()
            .map(count)
            .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        match lines {
            0 => survey.total.requests,
            _ => (hot as f64 * (survey.total.requests as f64 / lines as f64).max(1.0)) as u64,
        }
    }

    /// Which templates, by the ids of an outline, are of routes that are hot while its chunk lasts.
    fn templates(&self, outline: &Outline, survey: &Survey, routes: &Routes) -> Vec<bool> {
        let chunks = &survey.sources[outline.source].chunks;
        let Ok(at) = chunks.binary_search_by_key(&outline.number, |chunk| chunk.number) else {
            return Vec::new();
        };
        let (first, last) = (hour_of(chunks[at].start_ms), hour_of(chunks[at].end_ms));
        // A chunk that spans more holds strange stamps: it may hold any hour.
        let any_hour = last.saturating_sub(first) > LONG_CHUNK_HOURS;
        let hot = |template: &u32| {
            let route = routes.of_template[*template as usize];
            let mut hours = first..=last;
            self.routes[route as usize]
                && (any_hour || hours.any(|hour| self.hours.contains(&(route, hour))))
        };
        survey.outlines.shards[outline.shard]
            .template
            .iter()
            .map(hot)
            .collect()
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
fn share(requests: u64, room: u64) -> u32 {
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
