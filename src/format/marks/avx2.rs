//! The bytes of a block that are one of two, as bit masks, by AVX2; and a whole window by it.
//!
//! The only `unsafe` is the promise that the processor has AVX2, BMI1 and POPCNT, which is asked before;
//! bytes are loaded by value, not through pointers. docs/performance.md has what it saves over SSE2.
//! `portable` in the parent is its safe twin.

use super::BLOCK;
use super::places::{Masks, Places};
use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_set_epi64x, _mm256_set1_epi8,
};

/// Notes the places of whole blocks; false if the processor cannot do it so.
pub(super) fn look(blocks: &[[u8; BLOCK]], places: &mut Places) -> bool {
    let able = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt");
    if able {
        // SAFETY: the processor has what the function uses, as was just asked.
        unsafe { look_by_avx2(blocks, places) }
    }
    able
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn look_by_avx2(blocks: &[[u8; BLOCK]], places: &mut Places) {
    let (line_feed, quote) = (_mm256_set1_epi8(b'\n' as i8), _mm256_set1_epi8(b'"' as i8));
    places.note_all(blocks, |block| {
        let ([low, high], _) = block.as_chunks::<32>() else {
            return Masks::default(); // never: there are two halves
        };
        let (low, high) = (load(low), load(high));
        Masks {
            line_feeds: equal(low, line_feed) | equal(high, line_feed) << 32,
            quotes: equal(low, quote) | equal(high, quote) << 32,
        }
    });
}

/// A bit for each byte that is the one sought.
#[inline]
#[target_feature(enable = "avx2")]
fn equal(bytes: __m256i, sought: __m256i) -> u64 {
    u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, sought)) as u32)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    let ([a, b, c, d], _) = bytes.as_chunks::<8>() else {
        return _mm256_set1_epi8(0); // never: there are four words
    };
    let [a, b, c, d] = [a, b, c, d].map(|word| i64::from_le_bytes(*word));
    _mm256_set_epi64x(d, c, b, a)
}
