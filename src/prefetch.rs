//! Asks the processor for memory that will be read soon.
//!
//! A count stands where its key's hash puts it, mostly in no near cache. A load that waits for it holds up
//! all that comes behind; what was asked for here does not. docs/performance.md has what it saves.

/// Has the processor bring in the line of its cache that this begins in. Nothing else comes of it.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
pub(crate) fn prefetch<T: ?Sized>(place: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: every x86-64 processor has SSE, and a prefetch may be of any address; this one is that of a
    // reference.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) }
}

/// Other processors are not asked: they look ahead by themselves.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn prefetch<T: ?Sized>(_: &T) {}
