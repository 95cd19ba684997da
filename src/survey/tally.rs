//! Requests and denials per key: a dictionary with a count per entry.
//!
//! Merging adds counts by the key's bytes, so it is commutative and associative; ids are not, and
//! mean nothing until all parts are merged.

use super::room::{Cut, OTHER};
use crate::key::familiar::{Familiar, Spot};
use crate::key::intern::{self, Interner};
use crate::prefetch::prefetch;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// What is counted of one key; aligned, so that it lies in one line of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(32))]
pub struct Tally {
    /// All requests.
    pub requests: u64,
    /// Denials among them.
    pub denials: u64,
    /// First denial in milliseconds since the epoch; `i64::MAX` without one.
    pub first_ms: i64,
    /// Last denial in milliseconds since the epoch; `i64::MIN` without one.
    pub last_ms: i64,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            requests: 0,
            denials: 0,
            first_ms: i64::MAX,
            last_ms: i64::MIN,
        }
    }
}

impl Tally {
    /// Counts one request.
    #[inline]
    pub fn count(&mut self, time_ms: i64, denied: bool) {
        self.requests += 1;
        if denied {
            self.denials += 1;
            self.first_ms = self.first_ms.min(time_ms);
            self.last_ms = self.last_ms.max(time_ms);
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Tally) {
        self.requests += other.requests;
        self.denials += other.denials;
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
    }
}

/// Keys that one thread looks up at least when tables are merged.
const LEAST_SIDE_BY_SIDE: usize = 4_096;

/// A dictionary of keys with their tallies.
#[derive(Debug, Default)]
pub struct KeyTable {
    /// The keys.
    pub keys: Interner,
    /// One tally per key, by id.
    pub tallies: Vec<Tally>,
    /// How often a key was pooled as `(other)`.
    pub pooled: u64,
}

impl KeyTable {
    /// The id of a key, which has a tally then.
    #[inline]
    pub fn id(&mut self, key: &[u8]) -> u32 {
        self.id_hashed(intern::hash(key), key)
    }

    #[inline]
    fn id_hashed(&mut self, hash: u64, key: &[u8]) -> u32 {
        let id = self.keys.intern_hashed(hash, key);
        if id as usize >= self.tallies.len() {
            self.tallies.resize(id as usize + 1, Tally::default());
        }
        id
    }

    /// Counts one request under a key.
    #[inline]
    pub fn count(&mut self, key: &[u8], time_ms: i64, denied: bool) {
        let id = self.id(key);
        self.count_id(id, time_ms, denied);
    }

    /// As [`KeyTable::id`], for a key that is likely to be `familiar`.
    #[inline]
    pub fn familiar_id(&mut self, familiar: &mut Familiar, spot: Spot, key: &[u8]) -> u32 {
        let id = familiar.id_at(
            spot,
            self,
            key,
            |table| &table.keys,
            |table| Some(table.id(key)),
        );
        id.unwrap_or(Interner::FULL)
    }

    /// Has the tally of an id brought near, for a count that comes later.
    #[inline]
    pub(super) fn prefetch(&self, id: u32) {
        if let Some(tally) = self.tallies.get(id as usize) {
            prefetch(tally);
        }
    }

    /// Counts one request under the key of an id that [`KeyTable::id`] gave.
    #[inline]
    pub fn count_id(&mut self, id: u32, time_ms: i64, denied: bool) {
        if let Some(tally) = self.tallies.get_mut(id as usize) {
            tally.count(time_ms, denied);
        }
    }

    /// Adds another table to this one. The ids that its keys have here, by the ids that they have there.
    pub fn merge(&mut self, other: &KeyTable) -> Vec<u32> {
        self.pooled += other.pooled;
        // Most keys are known here too, and each look-up waits for memory: they are made side by side.
        let mut ids: Vec<Option<u32>> = Vec::new();
        (0..other.keys.len() as u32)
            .into_par_iter()
            .with_min_len(LEAST_SIDE_BY_SIDE)
            .map(|id| {
                let key = other.keys.bytes(id);
                self.keys.get_hashed(other.keys.hash_of(id), key)
            })
            .collect_into_vec(&mut ids);
        let known = ids.into_iter().zip(other.keys.iter());
        let merged = known.map(|(known, (id, key))| {
            let mine = known.unwrap_or_else(|| self.id_hashed(other.keys.hash_of(id), key));
            self.tallies[mine as usize].add(&other.tallies[id as usize]);
            mine
        });
        merged.collect()
    }

    /// Pools the keys that a cut leaves out as `(other)`. The ids that keys have then, by the ids that
    /// they had; none if nothing was left out.
    pub(super) fn cut(&mut self, cut: Cut) -> Option<Vec<u32>> {
        let stays = |key, tally| cut.keeps(key, tally);
        let keys = || self.keys.iter().zip(&self.tallies);
        if keys().all(|((_, key), tally)| stays(key, tally)) {
            return None;
        }
        let mut kept = KeyTable {
            pooled: self.pooled,
            ..KeyTable::default()
        };
        let other = kept.id(OTHER);
        let ids = keys().map(|((id, key), tally)| {
            let id = match stays(key, tally) {
                true => kept.id_hashed(self.keys.hash_of(id), key),
                false => other,
            };
            kept.pooled += u64::from(id == other && key != OTHER);
            kept.tallies[id as usize].add(tally);
            id
        });
        let ids = ids.collect();
        *self = kept;
        Some(ids)
    }

    /// Bytes of memory that the table holds.
    pub(super) fn memory_bytes(&self) -> usize {
        self.keys.memory_bytes() + self.tallies.capacity() * size_of::<Tally>()
    }

    /// The id of a key, or of those that were pooled where it is not known; none if it was never seen.
    pub fn id_or_other(&self, key: &[u8]) -> Option<u32> {
        let known = self.keys.get(key);
        known.or_else(|| self.keys.get(OTHER).filter(|_| self.pooled > 0))
    }

    /// Keys with denials and their tallies.
    pub fn denied(&self) -> impl Iterator<Item = (&[u8], &Tally)> {
        self.keys.iter().filter_map(|(id, key)| {
            let tally = &self.tallies[id as usize];
            (tally.denials > 0).then_some((key, tally))
        })
    }
}
