//! What was last found out about a string: a cache with one slot for each value of a hash.
//!
//! A log asks for the same few thousand targets again and again; what follows from a target (its
//! route, its token, its shape) is found out once and then looked up. A newer string takes the slot of
//! an older one, so memory is fixed and no string can do harm. Strings are compared whole: a memo
//! never changes an answer.

/// Slots of a memo: those of the busiest strings fit a core's own cache.
const SLOTS: usize = 1 << 11;

/// Longest string that is remembered, in bytes; longer ones are rarely asked twice.
const MAX_BYTES: usize = 100;

/// A cache from strings to values.
#[derive(Debug)]
pub struct Memo<V> {
    slots: Vec<Slot<V>>,
}

#[derive(Debug, Clone)]
struct Slot<V> {
    value: Option<V>,
    length: u8,
    bytes: [u8; MAX_BYTES],
}

impl<V: Clone> Default for Memo<V> {
    fn default() -> Self {
        let empty = Slot { value: None, length: 0, bytes: [0; MAX_BYTES] };
        Memo { slots: vec![empty; SLOTS] }
    }
}

impl<V: Clone> Memo<V> {
    /// The value of a string: the one that is remembered, or what `find_out` says, which is
    /// remembered then. `None` where that says nothing. `hash` is the string's, by any function.
    #[inline]
    pub fn get_or<'m>(
        &'m mut self,
        hash: u64,
        string: &[u8],
        spare: &'m mut Option<V>,
        find_out: impl FnOnce() -> Option<V>,
    ) -> Option<&'m mut V> {
        let slot = &mut self.slots[hash as usize % SLOTS];
        if string.len() > MAX_BYTES {
            *spare = find_out();
            return spare.as_mut();
        }
        if usize::from(slot.length) != string.len() || slot.bytes[..string.len()] != *string || slot.value.is_none() {
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
            strings in prop::collection::vec("[ab]{0,3}|a{99,102}", 0..200), hashes in 1u64..4,
        ) {
            let mut memo = Memo::default();
            for string in &strings {
                let mut spare = None;
                let hash = string.len() as u64 % hashes;
                let found = memo.get_or(hash, string.as_bytes(), &mut spare, || Some(string.clone()));
                prop_assert_eq!(found.as_deref(), Some(string));
            }
        }
    }

    #[test]
    fn what_is_remembered_is_not_found_out_again() {
        let mut memo = Memo::default();
        assert_eq!(memo.get_or(1, b"a", &mut None, || Some(1)), Some(&mut 1));
        assert_eq!(memo.get_or(1, b"a", &mut None, || None), Some(&mut 1));
        assert_eq!(memo.get_or(1, b"b", &mut None, || None), None);
        assert_eq!(memo.get_or(1, b"b", &mut None, || Some(2)), Some(&mut 2));
    }
}
