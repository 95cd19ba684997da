//! Sixteen bytes at once, by SSE2.
//!
//! The only `unsafe` is the promise that the processor has SSE2, which is part of x86-64 itself; bytes
//! are loaded by value, not through pointers. The words of the parent are its safe twin.

use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

/// A bit for each of the bytes that is the one sought, the lowest for the first.
#[inline(always)]
pub(crate) fn equal(block: &[u8; 16], sought: u8) -> u32 {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { equal_by_sse2(block, sought) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn equal_by_sse2(block: &[u8; 16], sought: u8) -> u32 {
    let word = u128::from_le_bytes(*block);
    let loaded = _mm_set_epi64x((word >> 64) as i64, word as i64);
    _mm_movemask_epi8(_mm_cmpeq_epi8(loaded, _mm_set1_epi8(sought as i8))) as u32
}
