//! What was last found out about a string: a cache with one slot for each value of a hash.
//!
//! A log asks for the same few thousand targets again and again; what follows from a target (its
//! route, its token, its shape) is found out once and then looked up. A newer string takes the slot of
//! an older one, so memory is fixed and no string can do harm. Strings are compared whole: a memo
//! never changes an answer.

use super::glance::Glance;
use crate::find::are_same;
use crate::prefetch::prefetch;

/// Longest string that is remembered, in bytes; longer ones are rarely seen twice.
const MAX_BYTES: usize = 55;

/// Slots of the caches that a pass asks for each line: 0.75 MiB together, for a core's own cache.
pub mod slots {
    /// Of targets or their paths; most logs have some thousand that come again and again.
    pub const TARGETS: usize = 1 << 13;
    /// Of queries.
    pub const QUERIES: usize = 1 << 11;
    /// Of referers.
    pub const REFERERS: usize = 1 << 11;
    /// Of client addresses.
    pub const CLIENTS: usize = 1 << 12;
    /// Of user agents.
    pub const AGENTS: usize = 1 << 9;
}

/// A cache from strings to values.
#[derive(Debug)]
pub struct Memo<V> {
    slots: Vec<Slot<V>>,
    /// The value of a string that is too long to be remembered.
    spare: Option<V>,
}

/// Aligned to lines of the cache, so that looking at a slot of 64 bytes waits for one of them.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Slot<V> {
    value: Option<V>,
    length: u8,
    bytes: [u8; MAX_BYTES],
}

/// Where a string may be remembered.
#[derive(Debug, Clone, Copy)]
pub struct Spot(usize);

impl<V: Clone> Memo<V> {
    /// An empty memo with so many slots, at least one. A slot takes some 64 bytes; a memo is of use as
    /// long as it fits a core's own cache beside whatever else is looked up for each line.
    pub fn new(slots: usize) -> Self {
        let empty = Slot {
            value: None,
            length: 0,
            bytes: [0; MAX_BYTES],
        };
        Memo {
            slots: vec![empty; slots.max(1).next_power_of_two()],
            spare: None,
        }
    }

    /// The value of a string: the one that is remembered, or what `find_out` says, which is
    /// remembered then. `None` where that says nothing.
    #[inline(always)]
    pub fn get_or(
        &mut self,
        string: &[u8],
        find_out: impl FnOnce() -> Option<V>,
    ) -> Option<&mut V> {
        self.get_or_at(self.spot(string), string, find_out)
    }

    /// Where a string is remembered, if it is. Its memory is on its way then: ask early, and do something
    /// else before looking there.
    #[inline(always)]
    pub fn spot(&self, string: &[u8]) -> Spot {
        let last = self.slots.len() - 1;
        let at = Glance::at(string).hash(string) & last;
        prefetch(&self.slots[at]);
        Spot(at)
    }

    /// As [`Memo::get_or`], of a string whose spot is known.
    #[inline(always)]
    pub fn get_or_at(
        &mut self,
        spot: Spot,
        string: &[u8],
        find_out: impl FnOnce() -> Option<V>,
    ) -> Option<&mut V> {
        if string.len() > MAX_BYTES {
            self.spare = find_out();
            return self.spare.as_mut();
        }
        let slot = &mut self.slots[spot.0];
        let known = usize::from(slot.length) == string.len()
            && are_same(&slot.bytes[..string.len()], string)
            && slot.value.is_some();
        if !known {
            slot.value = find_out();
            slot.length = string.len() as u8;
            slot.bytes[..string.len()].copy_from_slice(string);
        }
        slot.value.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn remembers_right_whatever_collides(
            strings in prop::collection::vec("[ab]{0,3}|[ab]{8}[ab]{0,20}|a{54,57}", 0..400),
        ) {
            let mut memo = Memo::new(4);
            for string in &strings {
                let found = memo.get_or(string.as_bytes(), || Some(string.clone()));
                prop_assert_eq!(found.as_deref(), Some(string));
            }
        }
    }

    #[test]
    fn what_is_remembered_is_not_found_out_again() {
        let mut memo = Memo::new(4);
        assert_eq!(memo.get_or(b"a", || Some(1)), Some(&mut 1));
        assert_eq!(memo.get_or(b"a", || None), Some(&mut 1));
        assert_eq!(memo.get_or(b"b", || None), None);
        assert_eq!(memo.get_or(b"b", || Some(2)), Some(&mut 2));
    }
}
