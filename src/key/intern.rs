//! Byte strings to dense ids: every key of a dimension is stored once and then spoken of as a `u32`.
//!
//! Ids are given in the order of first sight, so they differ between chunks: whoever merges two
//! interners maps ids through the bytes. Nothing is ever forgotten, and a known key costs one hash,
//! one probe and one comparison, without allocating. Tables are hashed with a seed of their run, so
//! that nobody can write keys that all meet in one place; sampling, which wants the same share in every
//! run, has a hash of its own with a fixed seed.

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Seed of the hash that shares are taken by; any number would do, as long as it stays.
const SEED: u64 = 0x466f_7262_6964_4c6f;

/// The seed of this run. Without the system's randomness, keys that collide cost time and nothing else.
static OF_THIS_RUN: LazyLock<FixedState> =
    LazyLock::new(|| FixedState::with_seed(getrandom::u64().unwrap_or(SEED)));

/// What [`Interner::bytes`] says of an id that the interner never gave out.
const OTHER: &[u8] = b"(other)";

/// The hash that interners use in this run, for callers who look one key up in several tables.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    hash_by(&OF_THIS_RUN, bytes)
}

/// The hash that shares of keys are taken by, the same in every run.
#[inline]
pub fn share_hash(bytes: &[u8]) -> u64 {
    hash_by(&FixedState::with_seed(SEED), bytes)
}

/// Whether a key, by its [`share_hash`], is of a share of one in so many. Shares of powers of two lie
/// within one another.
#[inline]
pub fn in_share(hash: u64, one_in: u32) -> bool {
    ((hash >> 32) as u32).is_multiple_of(one_in)
}

#[inline]
fn hash_by(state: &FixedState, bytes: &[u8]) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Longest key that stands in its entry; an IPv4 address fits.
const SHORT: usize = 16;

/// A key, and its hash, kept so that growth and merging never hash again. A short key stands right
/// here, so that looking it up touches one place of memory less; an entry lies in one line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Entry {
    hash: u64,
    length: u32,
    /// The key itself, or where in the arena it begins.
    place: [u8; SHORT],
}

/// A set of byte strings with dense ids from 0.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    arena: Vec<u8>,
    entries: Vec<Entry>,
    ids: HashTable<Known>,
}

/// An id with half of the hash of its key, so that a table of millions grows without a look at each entry,
/// which would wait for memory every time.
#[derive(Debug, Clone, Copy)]
struct Known {
    half: u32,
    id: u32,
}

impl Known {
    /// Where the table puts keys of this half: spread over all bits, as a table goes by both ends.
    #[inline]
    fn place(half: u32) -> u64 {
        u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The half of a hash that a table keeps.
#[inline]
fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl Interner {
    /// The id given to all new keys once 2³² - 1 are known; it names no single key.
    pub const FULL: u32 = u32::MAX;

    /// An empty interner.
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of `bytes`, which are stored if they are new.
    #[inline]
    pub fn intern(&mut self, bytes: &[u8]) -> u32 {
        self.intern_hashed(hash(bytes), bytes)
    }

    /// As [`Interner::intern`], for a caller who has [`hash`]ed the bytes already.
    #[inline]
    pub fn intern_hashed(&mut self, hash: u64, bytes: &[u8]) -> u32 {
        match self.get_hashed(hash, bytes) {
            Some(id) => id,
            None => self.add(hash, bytes),
        }
    }

    /// The id of `bytes`, if they are known.
    #[inline]
    pub fn get(&self, bytes: &[u8]) -> Option<u32> {
        self.get_hashed(hash(bytes), bytes)
    }

    /// As [`Interner::get`], for a caller who has [`hash`]ed the bytes already.
    #[inline]
    pub fn get_hashed(&self, hash: u64, bytes: &[u8]) -> Option<u32> {
        let half = half(hash);
        let same = |known: &Known| {
            known.half == half
                && self
                    .entries
                    .get(known.id as usize)
                    .is_some_and(|entry| self.slice(entry) == bytes)
        };
        let known = self.ids.find(Known::place(half), same)?;
        Some(known.id)
    }

    /// The bytes of a key; `(other)` for an id that this interner never gave.
    #[inline]
    pub fn bytes(&self, id: u32) -> &[u8] {
        match self.entries.get(id as usize) {
            Some(entry) => self.slice(entry),
            None => OTHER,
        }
    }

    /// The hash of a key, for interning it elsewhere without hashing it again.
    pub fn hash_of(&self, id: u32) -> u64 {
        match self.entries.get(id as usize) {
            Some(entry) => entry.hash,
            None => hash(OTHER),
        }
    }

    /// How many keys there are; ids are `0..len`.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All keys with their ids, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0u32..)
            .zip(&self.entries)
            .map(|(id, entry)| (id, self.slice(entry)))
    }

    /// Bytes of memory that the interner holds, for `--max-memory`.
    pub fn memory_bytes(&self) -> usize {
        self.arena.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.ids.allocation_size()
    }

    #[inline]
    fn slice<'k>(&'k self, entry: &'k Entry) -> &'k [u8] {
        let length = entry.length as usize;
        if let Some(short) = entry.place.get(..length) {
            return short;
        }
        let [start, ..] = *entry.place.as_chunks::<8>().0 else {
            return OTHER;
        };
        let start = u64::from_le_bytes(start) as usize;
        self.arena.get(start..start + length).unwrap_or(OTHER)
    }

    #[cold]
    fn add(&mut self, hash: u64, bytes: &[u8]) -> u32 {
        let id = u32::try_from(self.entries.len());
        let (Ok(id), Ok(length)) = (id, u32::try_from(bytes.len())) else {
            return Self::FULL;
        };
        if id == Self::FULL {
            return id;
        }
        let mut place = [0; SHORT];
        match place.get_mut(..bytes.len()) {
            Some(short) => short.copy_from_slice(bytes),
            None => {
                place[..8].copy_from_slice(&(self.arena.len() as u64).to_le_bytes());
                self.arena.extend_from_slice(bytes);
            }
        }
        self.entries.push(Entry {
            hash,
            length,
            place,
        });
        let half = half(hash);
        let known = Known { half, id };
        self.ids
            .insert_unique(Known::place(half), known, |known| Known::place(known.half));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn ids_are_dense_and_stable() {
        let mut keys = Interner::new();
        assert_eq!(keys.intern(b"a"), 0);
        assert_eq!(keys.intern(b""), 1);
        assert_eq!(keys.intern(b"a\0"), 2);
        assert_eq!(keys.intern(b"a"), 0);
        assert_eq!(keys.get(b""), Some(1));
        assert_eq!(keys.get(b"b"), None);
        assert_eq!(keys.len(), 3);
        assert_eq!(keys.bytes(2), b"a\0");
        assert_eq!(keys.bytes(9), b"(other)");
    }

    #[test]
    fn equal_hashes_are_told_apart() {
        let mut keys = Interner::new();
        let ids: Vec<u32> = [&b"x"[..], b"y", b"z", b"y"]
            .iter()
            .map(|bytes| keys.intern_hashed(7, bytes))
            .collect();
        assert_eq!(ids, [0, 1, 2, 1]);
    }

    proptest! {
        #[test]
        fn agrees_with_a_map(
            words in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..6),
                prop::collection::vec(b'a'..=b'b', 14..19),
            ], 0..300),
        ) {
            let mut keys = Interner::new();
            let mut model: HashMap<Vec<u8>, u32> = HashMap::new();
            for word in &words {
                let next = model.len() as u32;
                let expected = *model.entry(word.clone()).or_insert(next);
                prop_assert_eq!(keys.intern(word), expected);
                prop_assert_eq!(keys.bytes(expected), &word[..]);
            }
            prop_assert_eq!(keys.len(), model.len());
            for (id, bytes) in keys.iter() {
                prop_assert_eq!(model.get(bytes), Some(&id));
                prop_assert_eq!(keys.hash_of(id), hash(bytes));
            }
        }
    }
}
