//! Room for many logs at once: every log stays open from `open` to the last pass, so that a rotation
//! in between (a rename) changes nothing. The usual soft limit of 1024 descriptors exists for the
//! sake of `select`, which is not used here, so it may be raised to the hard one.

use std::mem::MaybeUninit;

/// Raises the soft limit of open files to the hard one if `wanted` files would not fit. Failing is
/// not an error: the file that does not open any more will say so.
pub(super) fn make_room(wanted: usize) {
    // Spool, terminal, sockets of the runtime and outputs want some, too.
    const OTHERS: libc::rlim_t = 64;
    // SAFETY: both calls get a pointer to an initialised structure and keep none.
    unsafe {
        let mut limit: libc::rlimit = MaybeUninit::zeroed().assume_init();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return;
        }
        if limit.rlim_cur < wanted as libc::rlim_t + OTHERS {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
