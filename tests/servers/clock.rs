//! The log's clock, which runs some times faster than the real one.
//!
//! libfaketime gives it to the server; this is the same clock for everything else.

use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// When every log of the lab begins, in UTC: a Tuesday morning.
pub const BEGINS: &str = "2026-03-10 09:00:00";

/// The log's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    begins: Instant,
    factor: f64,
}

impl Clock {
    /// A clock that begins now.
    pub fn start(factor: f64) -> Clock {
        Clock {
            begins: Instant::now(),
            factor,
        }
    }

    /// Seconds of the log so far.
    pub fn now_s(self) -> f64 {
        self.begins.elapsed().as_secs_f64() * self.factor
    }

    /// The real instant of a second of the log.
    pub fn instant(self, at_s: f64) -> Instant {
        self.begins + self.real(at_s)
    }

    /// Sleeps until a second of the log.
    pub fn wait_until(self, at_s: f64) {
        thread::sleep(self.instant(at_s).saturating_duration_since(Instant::now()));
    }

    /// How long seconds of the log take.
    pub fn real(self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds.max(0.0) / self.factor)
    }
}

/// The unix second of [`BEGINS`].
pub fn begins_at() -> i64 {
    let begins = chrono::NaiveDateTime::parse_from_str(BEGINS, "%Y-%m-%d %H:%M:%S");
    begins
        .map(|at| at.and_utc().timestamp())
        .unwrap_or_default()
}

/// Lets a server live by a clock of this factor that begins when it starts.
pub fn stretch(command: &mut Command, factor: f64, threads: bool) {
    let library = if threads {
        "libfaketimeMT.so.1"
    } else {
        "libfaketime.so.1"
    };
    let found = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("faketime").join(library))
        .find(|path: &PathBuf| path.exists());
    let library = found.expect("libfaketime is not installed: tests/servers/setup installs it");
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("@{BEGINS} x{factor}"))
        // Some servers clear their environment; then it must not be looked at again.
        .env("FAKETIME_CACHE_DURATION", "1000000")
        .env("TZ", "UTC");
}
