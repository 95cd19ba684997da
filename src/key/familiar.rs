//! The ids of strings that were just looked up, in front of an [`Interner`].
//!
//! Neighbouring lines share clients and user agents. A short string (an address) is known here by its
//! own bytes, without touching the dictionary; a long one by a `Glance`, and then compared.

use super::glance::Glance;
use super::intern::Interner;
use crate::prefetch::prefetch;

/// Longest string that a glance shows whole.
const SHORT: usize = 16;

/// A cache from strings to their ids in one interner, whose ids must not change.
#[derive(Debug)]
pub struct Familiar {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    glance: Glance,
    length: u32,
    id: u32,
}

/// Where a string may be known.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    glance: Glance,
    at: usize,
}

impl Familiar {
    /// An empty cache with so many slots of 24 bytes, at least one.
    pub fn new(slots: usize) -> Self {
        let empty = Slot {
            glance: Glance::default(),
            length: u32::MAX,
            id: 0,
        };
        Familiar {
            slots: vec![empty; slots.max(1).next_power_of_two()],
        }
    }

    /// The id of a string: the one that was seen last, or what `look_up` says.
    #[inline(always)]
    pub fn id<T>(
        &mut self,
        keys: &mut T,
        bytes: &[u8],
        dictionary: impl FnOnce(&T) -> &Interner,
        look_up: impl FnOnce(&mut T) -> Option<u32>,
    ) -> Option<u32> {
        self.id_at(self.spot(bytes), keys, bytes, dictionary, look_up)
    }

    /// Where a string is known, if it is. Its memory is on its way then: ask early, and do something else
    /// before looking there.
    #[inline(always)]
    pub fn spot(&self, bytes: &[u8]) -> Spot {
        let glance = Glance::at(bytes);
        let at = glance.hash(bytes) & (self.slots.len() - 1);
        prefetch(&self.slots[at]);
        Spot { glance, at }
    }

    /// As [`Familiar::id`], of a string whose spot is known.
    #[inline(always)]
    pub fn id_at<T>(
        &mut self,
        spot: Spot,
        keys: &mut T,
        bytes: &[u8],
        dictionary: impl FnOnce(&T) -> &Interner,
        look_up: impl FnOnce(&mut T) -> Option<u32>,
    ) -> Option<u32> {
        let Spot { glance, at } = spot;
        let slot = &mut self.slots[at];
        let looks_so = slot.length as usize == bytes.len() && slot.glance == glance;
        if looks_so && (bytes.len() <= SHORT || dictionary(keys).bytes(slot.id) == bytes) {
            return Some(slot.id);
        }
        let id = look_up(keys)?;
        *slot = Slot {
            glance,
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            id,
        };
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gives_the_ids_of_the_interner(words in prop::collection::vec("[ab]{0,3}|a{7,9}b?|[ab]{15,40}", 0..400)) {
            let (mut keys, mut familiar) = (Interner::new(), Familiar::new(16));
            for word in &words {
                let word = word.as_bytes();
                let id = familiar.id(&mut keys, word, |keys| keys, |keys| Some(keys.intern(word)));
                prop_assert_eq!(id, keys.get(word));
            }
        }
    }
}
