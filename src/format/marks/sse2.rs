//! The bytes of a block that are one of two, as bit masks, by SSE2.
//!
//! The only `unsafe` is the promise that the processor has SSE2, which is part of x86-64 itself; bytes
//! are loaded by value, not through pointers. `portable` in the parent is its safe twin.

use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

/// For each of the two bytes, a mask with a bit for every place where it stands.
#[inline(always)]
pub(super) fn masks(block: &[u8; 64], bytes: [u8; 2]) -> [u64; 2] {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { masks_by_sse2(block, bytes) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn masks_by_sse2(block: &[u8; 64], [first, second]: [u8; 2]) -> [u64; 2] {
    let (first, second) = (_mm_set1_epi8(first as i8), _mm_set1_epi8(second as i8));
    let mut masks = [0; 2];
    let (sixteens, _) = block.as_chunks::<16>();
    for (number, sixteen) in sixteens.iter().enumerate() {
        let word = u128::from_le_bytes(*sixteen);
        let loaded = _mm_set_epi64x((word >> 64) as i64, word as i64);
        let is_first = _mm_movemask_epi8(_mm_cmpeq_epi8(loaded, first)) as u16;
        let is_second = _mm_movemask_epi8(_mm_cmpeq_epi8(loaded, second)) as u16;
        masks[0] |= u64::from(is_first) << (16 * number);
        masks[1] |= u64::from(is_second) << (16 * number);
    }
    masks
}
