//! Finds, for each line of a side log, the denial of the access log that it speaks of.
//!
//! By request id or connection where both logs have it; else by client, path and second; a file by its
//! last part. Each line gets one denial and each denial one line, same seconds first: under a burst of equal
//! requests it does not matter which. Side logs have no zone, so how far their clock is from the access
//! log's is learned: the distance at which most lines find a denial, none where that explains as many.

use super::read::Entry;
use crate::examine::mark::Mark;

/// Seconds between a decision and its line in the access log, in the order in which they are tried:
/// requests are logged when they are done, or with the time when they came, and may take a minute.
const TOLERANCES_S: [i64; 4] = [0, 2, 10, 60];
/// Clocks this near are one: a decision and its line may be so far apart.
const SAME_CLOCK_S: i64 = 5;
/// Lines of a file that its clock is learned from.
const SAMPLE: usize = 2048;
/// Denials of one client and path above which a line says nothing of the clock.
const MOST_ALIKE: usize = 512;
/// Largest distance of clocks: zones lie within it.
const FARTHEST_S: i64 = 15 * 3600;
/// Share of the best distance's lines from which a simpler one is taken.
const AS_GOOD: f64 = 0.9;

/// The entry of each mark, by their places.
pub(super) type Pairs = Vec<Option<u32>>;

/// The key by which a kind of pairs is told, 0 for none.
struct Way {
    of_mark: fn(&Mark) -> u64,
    of_entry: fn(&Entry) -> u64,
    /// Whether the clock matters: an id is unique without it.
    by_time: bool,
}

const fn both(one: u64, other: u64) -> u64 {
    if one == 0 || other == 0 {
        return 0;
    }
    (one.rotate_left(29) ^ other).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// The ways, the surest first.
const WAYS: [Way; 7] = [
    Way {
        of_mark: |mark| mark.id,
        of_entry: |entry| entry.id,
        by_time: false,
    },
    Way {
        of_mark: |mark| both(mark.id, mark.path),
        of_entry: |entry| both(entry.connection, entry.path),
        by_time: true,
    },
    Way {
        of_mark: |mark| both(mark.client, mark.path),
        of_entry: |entry| both(entry.client, entry.path),
        by_time: true,
    },
    Way {
        of_mark: |mark| both(mark.client, mark.leaf),
        of_entry: |entry| both(entry.client, entry.leaf),
        by_time: true,
    },
    // A line that names no path, or one that the server has rewritten beyond recognition.
    Way {
        of_mark: |mark| mark.client,
        of_entry: |entry| if entry.leaf == 0 { entry.client } else { 0 },
        by_time: true,
    },
    // A line that names no client.
    Way {
        of_mark: |mark| mark.path,
        of_entry: |entry| if entry.client == 0 { entry.path } else { 0 },
        by_time: true,
    },
    Way {
        of_mark: |mark| mark.leaf,
        of_entry: |entry| if entry.client == 0 { entry.leaf } else { 0 },
        by_time: true,
    },
];

/// Pairs denials with entries; with them comes the distance of each source's clock in seconds.
pub(super) fn pair(marks: &[Mark], entries: &[Entry], sources: usize) -> (Pairs, Vec<i64>) {
    let offsets: Vec<i64> = (0..sources)
        .map(|source| offset(marks, entries, source as u32))
        .collect();
    let mut pairs = vec![None; marks.len()];
    let mut is_free = vec![true; entries.len()];
    for way in &WAYS {
        let ours = keyed(marks.iter().zip(&pairs).map(|(mark, pair)| {
            let key = if pair.is_none() {
                (way.of_mark)(mark)
            } else {
                0
            };
            (key, mark.local_ms.div_euclid(1000))
        }));
        let theirs = keyed(entries.iter().zip(&is_free).map(|(entry, is_free)| {
            let key = if *is_free { (way.of_entry)(entry) } else { 0 };
            let offset = offsets.get(entry.source as usize).copied().unwrap_or(0);
            (key, entry.local_ms.div_euclid(1000) + offset)
        }));
        meet(&ours, &theirs, way.by_time, |mark, entry| {
            pairs[mark as usize] = Some(entry);
            is_free[entry as usize] = false;
        });
    }
    (pairs, offsets)
}

/// A key, a second, and a place.
type Keyed = (u64, i64, u32);

/// In the order of keys, seconds and places; those with key 0 left out.
fn keyed(items: impl Iterator<Item = (u64, i64)>) -> Vec<Keyed> {
    let mut keyed: Vec<Keyed> = (0..)
        .zip(items)
        .filter(|(_, (key, _))| *key != 0)
        .map(|(place, (key, second))| (key, second, place))
        .collect();
    keyed.sort_unstable();
    keyed
}

/// Calls `found` with each pair of places under one key.
fn meet(ours: &[Keyed], theirs: &[Keyed], by_time: bool, mut found: impl FnMut(u32, u32)) {
    let mut rest = theirs;
    for group in ours.chunk_by(|a, b| a.0 == b.0) {
        let key = group[0].0;
        let start = rest.partition_point(|(other, ..)| *other < key);
        let end = start + rest[start..].partition_point(|(other, ..)| *other == key);
        let (mut mine, mut other) = (group.to_vec(), rest[start..end].to_vec());
        rest = &rest[end..];
        let tolerances: &[i64] = if by_time { &TOLERANCES_S } else { &[i64::MAX] };
        for tolerance in tolerances {
            if mine.is_empty() || other.is_empty() {
                break;
            }
            (mine, other) = pass(&mine, &other, *tolerance, &mut found);
        }
    }
}

/// Pairs what lies within a tolerance, earliest first; what is left of both.
fn pass(
    ours: &[Keyed],
    theirs: &[Keyed],
    tolerance_s: i64,
    found: &mut impl FnMut(u32, u32),
) -> (Vec<Keyed>, Vec<Keyed>) {
    let (mut left, mut others_left) = (Vec::new(), Vec::new());
    let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
    while let (Some(one), Some(other)) = (ours.peek(), theirs.peek()) {
        let apart = one.1.saturating_sub(other.1);
        if apart.saturating_abs() <= tolerance_s {
            found(one.2, other.2);
            ours.next();
            theirs.next();
        } else if apart < 0 {
            left.extend(ours.next());
        } else {
            others_left.extend(theirs.next());
        }
    }
    left.extend(ours);
    others_left.extend(theirs);
    (left, others_left)
}

/// What must be added to the seconds of a source's entries.
fn offset(marks: &[Mark], entries: &[Entry], source: u32) -> i64 {
    let mine: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.source == source)
        .collect();
    let step = mine.len().div_ceil(SAMPLE).max(1);
    let mut votes = std::collections::BTreeMap::<i64, f64>::new();
    let mut asked = 0;
    for way in &WAYS[2..4] {
        let ours = keyed(
            marks
                .iter()
                .map(|mark| ((way.of_mark)(mark), mark.local_ms.div_euclid(1000))),
        );
        for entry in mine.iter().step_by(step) {
            let key = (way.of_entry)(entry);
            let start = ours.partition_point(|(other, ..)| *other < key);
            let alike = ours[start..].partition_point(|(other, ..)| *other == key);
            if key == 0 || alike == 0 || alike > MOST_ALIKE {
                continue;
            }
            asked += 1;
            let second = entry.local_ms.div_euclid(1000);
            let mut told: Vec<i64> = ours[start..start + alike]
                .iter()
                .map(|(_, other, _)| other - second)
                .filter(|apart| apart.abs() <= FARTHEST_S)
                .collect();
            told.dedup();
            for apart in told {
                *votes.entry(apart).or_default() += 1.0;
            }
        }
        if asked > 0 {
            break;
        }
    }
    simplest(&votes)
}

/// The distance with the most votes within two seconds of it; of those nearly as good, none at all, else
/// one of whole quarters of an hour as zones are apart, else the smallest.
fn simplest(votes: &std::collections::BTreeMap<i64, f64>) -> i64 {
    let near = |apart: i64| -> f64 { votes.range(apart - 2..=apart + 2).map(|(_, n)| n).sum() };
    let best = votes.keys().map(|apart| near(*apart)).fold(0.0, f64::max);
    let is_good = |apart: &i64| near(*apart) >= AS_GOOD * best;
    if best <= 0.0 || is_good(&0) {
        return 0;
    }
    let mut zones = (1..=FARTHEST_S / 900).flat_map(|n| [n * 900, -n * 900]);
    let other = votes.keys().copied().filter(is_good);
    zones
        .find(is_good)
        .or_else(|| other.min_by_key(|apart| (apart.abs(), *apart)))
        .filter(|apart| apart.abs() > SAME_CLOCK_S)
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "pair_tests.rs"]
mod tests;
