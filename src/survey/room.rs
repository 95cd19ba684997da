//! How tables of keys stay within the memory that there is for them.
//!
//! Anybody can send ten million paths. Tables are exact until they fill their room; then keys that were
//! hardly seen are pooled as `(other)`, except those whose hash lies in a share that gets smaller with
//! each cut. Shares lie within one another, so what is kept of a share was always kept and is exact, and
//! stands for the rest by its weight; a key outside of it that comes back and grows is short by what it
//! had when it was pooled, which is bounded. Keys that were denied are cut only when they themselves
//! are too many.

use super::tally::Tally;
use crate::key::intern::{in_share, share_hash};

/// The name that pooled keys are counted under.
pub const OTHER: &[u8] = b"(other)";

/// Requests that a key may have and still be pooled by the first cut, halved.
const RARE: u64 = 2;

/// Least room of a thread's tables, in bytes: what is told of less is nothing.
const LEAST_BYTES: u64 = 4 << 20;

/// Bytes that the tables of one thread may take, so that all tables together, while they grow and are
/// merged, stay within a half of `max_memory` bytes; the rest is for rows and text. `groups` are
/// counted apart.
pub fn room(max_memory: u64, groups: usize) -> usize {
    let shards = rayon::current_num_threads().saturating_mul(groups.max(1));
    let bytes = (max_memory / 4 / shards.max(1) as u64).max(LEAST_BYTES);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Which keys are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Of rare keys that were never denied, one in this many is kept (a power of two); 1 keeps all.
    pub share: u32,
    /// The same, of rare keys that were denied.
    pub denied_share: u32,
    /// Keys with more requests than this are kept whatever their hash.
    rare: u64,
    /// By how many requests the count of a key outside the share may be short: what each time that keys
    /// were pooled may have taken from it.
    pub short_by: u64,
}

impl Default for Cut {
    fn default() -> Self {
        Cut {
            share: 1,
            denied_share: 1,
            rare: RARE,
            short_by: 0,
        }
    }
}

impl Cut {
    /// Whether anything is pooled.
    pub fn is_made(self) -> bool {
        self.share > 1
    }

    /// The next smaller share; of denied keys too, where `denied` says that most keys are denied ones.
    #[must_use]
    pub(super) fn closer(self, denied: bool) -> Cut {
        let half = |share: u32| share.saturating_mul(2).min(1 << 30);
        Cut {
            share: half(self.share),
            denied_share: match denied {
                true => half(self.denied_share),
                false => self.denied_share,
            },
            rare: self.rare.saturating_mul(2),
            ..self
        }
    }

    /// The same, made once more.
    #[must_use]
    pub(super) fn again(self) -> Cut {
        Cut {
            short_by: self.short_by.saturating_add(self.rare),
            ..self
        }
    }

    /// What is kept by both, of two parts of one log.
    #[must_use]
    pub(super) fn and(self, other: Cut) -> Cut {
        Cut {
            share: self.share.max(other.share),
            denied_share: self.denied_share.max(other.denied_share),
            rare: self.rare.max(other.rare),
            short_by: self.short_by.saturating_add(other.short_by),
        }
    }

    /// Whether a key stays.
    pub(super) fn keeps(self, key: &[u8], tally: &Tally) -> bool {
        let share = match tally.denials {
            0 => self.share,
            _ => self.denied_share,
        };
        tally.requests > self.rare || share <= 1 || key == OTHER || in_share(share_hash(key), share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(requests: u64, denials: u64) -> Tally {
        Tally {
            requests,
            denials,
            ..Tally::default()
        }
    }

    #[test]
    fn what_is_kept_by_a_closer_cut_was_kept_by_all_before() {
        let (wide, close) = (
            Cut::default().closer(true),
            Cut::default().closer(true).closer(true),
        );
        let keys: Vec<String> = (0..10_000).map(|number| format!("k{number}")).collect();
        let kept = |cut: Cut| {
            let stays = |key: &&String| cut.keeps(key.as_bytes(), &tally(1, 1));
            keys.iter().filter(stays).collect::<Vec<_>>()
        };
        let (many, few) = (kept(wide), kept(close));
        assert!(few.iter().all(|key| many.contains(key)));
        assert!((4_000..6_000).contains(&many.len()) && (2_000..3_000).contains(&few.len()));
        assert!(
            keys.iter()
                .all(|key| close.keeps(key.as_bytes(), &tally(1_000, 0)))
        );
        assert!(close.keeps(OTHER, &tally(1, 0)));
    }

    #[test]
    fn denied_keys_stay_while_others_are_the_many() {
        let cut = Cut::default().closer(false).again().closer(false).again();
        assert!((0..1_000).all(|number: u32| cut.keeps(&number.to_le_bytes(), &tally(1, 1))));
        assert_eq!((cut.share, cut.denied_share, cut.short_by), (4, 1, 4 + 8));
    }
}
