//! Keeps the process alive when a mapped log shrinks under it (`copytruncate`, a failing disk).
//!
//! Touching a page of a mapping that lies behind the end of its file raises SIGBUS, whose default is
//! death. The handler here puts a page of zeros in the place of the missing one and raises a flag for
//! that mapping; whoever reads it asks for the flag and distrusts what was read.
//! Faults outside every registered mapping go to whatever handler stood there before.
//!
//! The contract of the handler: it runs on the thread that faulted, at any instruction, and only
//! loads and stores atomics and calls `mmap`, `sigaction` and `raise`. On Linux and the BSDs these
//! are bare system calls; none allocates, locks or unwinds, and `errno` is put back.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Mappings that can be guarded at once. More logs than this are read instead; the handler walks
/// all slots, so the number also bounds its time.
const SLOTS: usize = 1024;

/// Bits of a slot's word that count pages (2^28 pages of 4 KiB are 1 TiB); the rest is the number
/// of the first page, for which 36 bits hold every user address of 48 bits.
const PAGES_BITS: u32 = 28;

/// One registered mapping. Start and length share one word, so that the handler can never see the
/// start of one mapping with the length of another and put its page in a stranger's memory.
struct Slot {
    taken: AtomicBool,
    /// First page and number of pages; zero when nothing is registered.
    range: AtomicU64,
    damaged: AtomicBool,
}

static REGISTRY: [Slot; SLOTS] = [const {
    Slot {
        taken: AtomicBool::new(false),
        range: AtomicU64::new(0),
        damaged: AtomicBool::new(false),
    }
}; SLOTS];

/// Bytes per page; zero until the guard is installed.
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// What handled SIGBUS before.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

/// Installs the handler, once per process; later calls do nothing. A binary calls this before it
/// opens any log. Without it plain files are read instead of mapped.
///
/// # Errors
/// What `sigaction` says; logs are then read instead of mapped.
pub fn install() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    INSTALLED
        .get_or_init(|| install_handler().map_err(|e| e.raw_os_error().unwrap_or(0)))
        .map_err(io::Error::from_raw_os_error)
}

fn install_handler() -> io::Result<()> {
    // SAFETY: `sysconf` only reads; `sigaction` gets valid pointers to initialised structures, and
    // the handler keeps the contract in this module's preface. `PREVIOUS` is set before the handler
    // can run.
    unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE);
        let page = usize::try_from(page).map_err(|_| io::Error::last_os_error())?;
        let mut previous = MaybeUninit::<libc::sigaction>::zeroed();
        if libc::sigaction(libc::SIGBUS, ptr::null(), previous.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let _ = PREVIOUS.set(previous.assume_init());

        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = on_bus_error as *const () as libc::sighandler_t;
        // On the alternate stack, because the previous handler may be Rust's own for stack overflow.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        if libc::sigaction(libc::SIGBUS, &action, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        PAGE_BYTES.store(page, Ordering::Release);
    }
    Ok(())
}

extern "C" fn on_bus_error(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: the kernel passes a valid `info`. A page is replaced only inside a registered mapping,
    // which is ours, read-only, and holds no Rust object but bytes.
    unsafe {
        let came_from_a_fault = (*info).si_code > 0;
        if came_from_a_fault && replace_page((*info).si_addr() as usize) {
            return;
        }
        if let Some(previous) = PREVIOUS.get() {
            libc::sigaction(libc::SIGBUS, previous, ptr::null_mut());
        }
        // A fault comes again by itself on return; a signal that another process sent does not.
        if !came_from_a_fault {
            libc::raise(signal);
        }
    }
}

/// Puts zeros under `address` if a guarded mapping covers it, and says whether it did.
///
/// # Safety
/// Only for the signal handler: `address` must be one that has just faulted on this thread.
unsafe fn replace_page(address: usize) -> bool {
    let page_bytes = PAGE_BYTES.load(Ordering::Acquire);
    let Some(page) = address.checked_div(page_bytes) else {
        return false;
    };
    for slot in &REGISTRY {
        let range = slot.range.load(Ordering::Acquire);
        let (first, count) = (range >> PAGES_BITS, range & ((1 << PAGES_BITS) - 1));
        if (first..first + count).contains(&(page as u64)) {
            slot.damaged.store(true, Ordering::Release);
            // SAFETY: see `on_bus_error`; the page belongs to the mapping of this slot, whose owner
            // unregisters before it unmaps. `errno` belongs to this thread.
            return unsafe {
                let errno = errno_location();
                let before = *errno;
                let zeros = libc::mmap(
                    (page * page_bytes) as *mut libc::c_void,
                    page_bytes,
                    libc::PROT_READ,
                    libc::MAP_FIXED | libc::MAP_ANONYMOUS | libc::MAP_PRIVATE,
                    -1,
                    0,
                );
                *errno = before;
                zeros != libc::MAP_FAILED
            };
        }
    }
    false
}

#[cfg(any(target_os = "linux", target_os = "emscripten"))]
unsafe fn errno_location() -> *mut libc::c_int {
    // SAFETY: always valid for the calling thread.
    unsafe { libc::__errno_location() }
}

#[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
unsafe fn errno_location() -> *mut libc::c_int {
    // SAFETY: always valid for the calling thread.
    unsafe { libc::__error() }
}

#[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
unsafe fn errno_location() -> *mut libc::c_int {
    // SAFETY: always valid for the calling thread.
    unsafe { libc::__errno() }
}

/// A registered range of memory; unregistered on drop, which must come before it is unmapped.
#[derive(Debug)]
pub(super) struct Guarded {
    slot: &'static Slot,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slot({:#x})", self.range.load(Ordering::Relaxed))
    }
}

impl Guarded {
    /// Registers `len` bytes from `start`, which must be the start of a page of a read-only file
    /// mapping. `None` if the guard is not installed or has no room: then do not read the mapping.
    pub(super) fn register(start: *const u8, len: usize) -> Option<Guarded> {
        let page_bytes = PAGE_BYTES.load(Ordering::Acquire);
        let first = (start as usize).checked_div(page_bytes)? as u64;
        let pages = len.div_ceil(page_bytes) as u64;
        let fits = pages < 1 << PAGES_BITS && first < 1 << (u64::BITS - PAGES_BITS);
        if !fits {
            return None;
        }
        let slot = REGISTRY
            .iter()
            .find(|slot| !slot.taken.swap(true, Ordering::AcqRel))?;
        slot.damaged.store(false, Ordering::Release);
        slot.range
            .store(first << PAGES_BITS | pages, Ordering::Release);
        Some(Guarded { slot })
    }

    /// True once a page of the mapping had to be replaced by zeros.
    pub(super) fn is_damaged(&self) -> bool {
        self.slot.damaged.load(Ordering::Acquire)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.slot.range.store(0, Ordering::Release);
        self.slot.taken.store(false, Ordering::Release);
    }
}
