//! A plain file as a slice of memory.
//!
//! The promise that Rust wants of a `&[u8]`, that nobody changes it, cannot be kept for a file that
//! a server goes on writing. What can be kept: the mapping is read-only, only bytes are read from
//! it, no value read twice is assumed to be the same, no index is trusted without a bounds check,
//! and a page that vanishes becomes zeros and a flag (`guard`). Appending beyond the mapped length,
//! which is what servers do, changes nothing in it.

use std::fs::File;

use memmap2::{Mmap, MmapOptions};

use super::guard::Guarded;

/// The first bytes of a file, mapped and guarded.
#[derive(Debug)]
pub(super) struct Mapping {
    // Dropped in this order: unregistered first, then unmapped.
    guard: Guarded,
    map: Mmap,
}

impl Mapping {
    /// Maps the first `len` bytes of `file`. `None` where that is not possible or cannot be guarded;
    /// the file is then read instead.
    pub(super) fn new(file: &File, len: u64) -> Option<Mapping> {
        let len = usize::try_from(len).ok().filter(|len| *len > 0)?;
        // SAFETY: see the preface.
        let map = unsafe { MmapOptions::new().len(len).map(file) }.ok()?;
        let guard = Guarded::register(map.as_ptr(), map.len())?;
        Some(Mapping { guard, map })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// True once a part of the mapping was found missing and reads as zeros.
    pub(super) fn is_damaged(&self) -> bool {
        self.guard.is_damaged()
    }
}
