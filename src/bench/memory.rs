//! Peak memory of this process, from the kernel's own account.
//!
//! `VmHWM` of `/proc/self/status` is the most memory that was resident at once; writing 5 to
//! `/proc/self/clear_refs` sets it back to what is resident now. Source: proc_pid_status(5) and
//! proc_pid_clear_refs(5). Where either is missing nothing is told: a peak that cannot be set back would
//! be that of an earlier stage. It counts pages of mapped files too, and what the allocator has kept.

use std::fs;

/// How it is measured, for the report.
pub const METHOD: &str = "VmHWM of /proc/self/status, reset before each stage; holds the program itself and \
                          what the allocator kept of earlier stages";

/// Asks the allocator to give back what is free, so that a stage does not look as large as those before
/// it. Only glibc can be asked; elsewhere nothing happens.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim(3) takes no pointer, leaves what is in use alone, and locks its arenas itself.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A stretch of the run whose peak is asked for.
#[derive(Debug)]
pub struct Watch {
    was_reset: bool,
}

impl Watch {
    /// Sets the peak back to what is resident now.
    pub fn start() -> Watch {
        Watch {
            was_reset: fs::write("/proc/self/clear_refs", "5").is_ok(),
        }
    }

    /// The peak since the start, in bytes; none where the system does not tell it.
    pub fn peak_bytes(&self) -> Option<u64> {
        if !self.was_reset {
            return None;
        }
        high_water(&fs::read_to_string("/proc/self/status").ok()?)
    }
}

/// `VmHWM` of a status file, in bytes.
fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        let status = "Name:\tx\nVmPeak:\t  99 kB\nVmHWM:\t    1936 kB\nVmRSS:\t 5 kB\n";
        assert_eq!(high_water(status), Some(1936 * 1024));
        assert_eq!(high_water("VmHWM:\t many kB\n"), None);
        assert_eq!(high_water("VmHWM:\t18446744073709551615 kB\n"), None);
        assert_eq!(high_water(""), None);
    }

    #[test]
    fn a_peak_holds_what_was_touched() {
        let watch = Watch::start();
        let before = watch.peak_bytes();
        let block = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = watch.peak_bytes();
        drop(block);
        // Other tests of this process may release memory at the same time, so only growth is claimed.
        if let (Some(before), Some(after)) = (before, after) {
            assert!(after >= before);
            assert!(after >= 64 << 20);
        }
    }
}
