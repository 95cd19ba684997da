//! A plain file as a slice of memory.
//!
//! The promise that Rust wants of a `&[u8]`, that nobody changes it, cannot be kept for a file that
//! a server goes on writing. What can be kept: the mapping is read-only, only bytes are read from
//! it, no value read twice is assumed to be the same, no index is trusted without a bounds check,
//! and a page that vanishes becomes zeros and a flag (`guard`). Appending beyond the mapped length,
//! which is what servers do, changes nothing in it.

use std::fs::File;

use memmap2::{Mmap, MmapOptions, UncheckedAdvice};

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

    /// Says that the bytes from `start` to `end` are done with, so that the memory of the process stays
    /// small however large the file is. They can still be read, from the system's cache or the disk.
    pub(super) fn release(&self, start: usize, end: usize) {
        let len = end.min(self.map.len()).saturating_sub(start);
        // SAFETY: the mapping is shared and never written, so its pages come back as they are in the
        // file, and a page of zeros (`guard`) as zeros: bytes that another thread reads do not change.
        // It is advice; if it is not taken nothing is lost.
        let _ = unsafe {
            self.map
                .unchecked_advise_range(UncheckedAdvice::DontNeed, start, len)
        };
    }

    /// True once a part of the mapping was found missing and reads as zeros.
    pub(super) fn is_damaged(&self) -> bool {
        self.guard.is_damaged()
    }
}
