//! What was last made of a string: as `key::memo`, for strings and values of any length.
//!
//! A slot for each value of a hash; a newer string takes the slot of an older one, so memory is fixed.
//! Strings are compared whole.

use crate::key::intern;

/// Longest string that is remembered, in bytes.
const LONGEST: usize = 512;
/// Slots; some thousand targets, referers and agents make up most of a log.
const SLOTS: usize = 1 << 12;

/// A cache from strings to values.
#[derive(Debug)]
pub(super) struct Remembered<V> {
    slots: Vec<Option<(Box<[u8]>, V)>>,
    /// The value of a string that is not remembered.
    spare: Option<V>,
}

impl<V> Remembered<V> {
    pub(super) fn new() -> Self {
        let mut slots = Vec::new();
        slots.resize_with(SLOTS, || None);
        Remembered { slots, spare: None }
    }

    /// The value that was made of a string, or is made now.
    #[inline]
    pub(super) fn get_or(&mut self, string: &[u8], make: impl FnOnce() -> V) -> &V {
        if string.len() > LONGEST {
            return self.spare.insert(make());
        }
        let slot = &mut self.slots[intern::hash(string) as usize % SLOTS];
        // Taken out and put back, so that the compiler sees that there is a value.
        let known = slot.take().filter(|(known, _)| **known == *string);
        let (_, value) = slot.insert(known.unwrap_or_else(|| (string.into(), make())));
        value
    }
}
