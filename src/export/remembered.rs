//! What was last made of a string: as `key::memo`, for strings of any length and the parts of a record made of them.
//!
//! A slot for each value of a hash; a newer string takes the slot of an older one, so memory is fixed.
//! Strings are compared whole.

use crate::key::intern;

/// Longest string that is remembered, in bytes.
const LONGEST: usize = 512;
/// Bytes of a string that stand in the slot itself, so that a slot is a cache line and short strings are
/// compared without a second look into memory.
const HEAD: usize = 32;
/// The length of a string that there is not.
const NONE: u32 = u32::MAX;

/// A cache from strings to two cells each.
#[derive(Debug)]
pub(super) struct Remembered {
    slots: Vec<Slot>,
    /// The cells of a string that is not remembered.
    spare: Slot,
}

/// A string and its cells.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Slot {
    length: u32,
    /// Where the second cell begins in `bytes`.
    second: u32,
    head: [u8; HEAD],
    /// What of the string is not in `head`, and the cells.
    bytes: Vec<u8>,
}

impl Remembered {
    /// An empty cache with so many slots, at least one.
    pub(super) fn new(slots: usize) -> Self {
        let empty = Slot {
            length: NONE,
            second: 0,
            head: [0; HEAD],
            bytes: Vec::new(),
        };
        Remembered {
            slots: vec![empty.clone(); slots.next_power_of_two()],
            spare: empty,
        }
    }

    /// The two cells that were made of a string, or are made now.
    #[inline]
    pub(super) fn get_or(
        &mut self,
        string: &[u8],
        first: impl FnOnce(&mut Vec<u8>),
        second: impl FnOnce(&mut Vec<u8>),
    ) -> (&[u8], &[u8]) {
        if string.len() > LONGEST {
            self.spare.fill(&[], first, second);
            return self.spare.cells(0);
        }
        let last = self.slots.len() - 1;
        let slot = &mut self.slots[intern::hash(string) as usize & last];
        if !slot.is_of(string) {
            slot.fill(string, first, second);
        }
        slot.cells(string.len())
    }
}

impl Slot {
    #[inline]
    fn is_of(&self, string: &[u8]) -> bool {
        let (head, rest) = split(string);
        self.length as usize == string.len()
            && self.head[..head.len()] == *head
            && (rest.is_empty() || self.bytes[..rest.len()] == *rest)
    }

    fn fill(
        &mut self,
        string: &[u8],
        first: impl FnOnce(&mut Vec<u8>),
        second: impl FnOnce(&mut Vec<u8>),
    ) {
        let (head, rest) = split(string);
        self.length = string.len() as u32;
        self.head[..head.len()].copy_from_slice(head);
        self.bytes.clear();
        self.bytes.extend_from_slice(rest);
        first(&mut self.bytes);
        self.second = self.bytes.len() as u32;
        second(&mut self.bytes);
    }

    /// The cells of the string of this length.
    #[inline]
    fn cells(&self, length: usize) -> (&[u8], &[u8]) {
        let (first, second) = self.bytes.split_at(self.second as usize);
        (&first[length.saturating_sub(HEAD)..], second)
    }
}

#[inline]
fn split(string: &[u8]) -> (&[u8], &[u8]) {
    string.split_at(string.len().min(HEAD))
}
