//! Which machine the figures are of: without it they say nothing to anybody else.

use serde::Serialize;
use std::fs;
use std::thread;

/// What is known of the machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Model of the processor, where the system tells it.
    pub cpu: Option<String>,
    /// Threads that run at the same time, for this process.
    pub cores: usize,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// System and its release, such as `linux 6.8.0`.
    pub system: String,
}

impl Machine {
    /// The machine that this runs on.
    pub fn this() -> Machine {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let release = read("/proc/sys/kernel/osrelease");
        Machine {
            cpu: value(&read("/proc/cpuinfo"), "model name"),
            cores: cores(),
            memory_bytes: value(&read("/proc/meminfo"), "MemTotal").and_then(|text| {
                let kib: u64 = text.strip_suffix("kB")?.trim().parse().ok()?;
                kib.checked_mul(1024)
            }),
            system: format!("{} {}", std::env::consts::OS, release.trim())
                .trim_end()
                .to_owned(),
        }
    }
}

/// Memory in bytes that this process may take: the machine's, or less where its container says so.
pub fn memory_bytes() -> Option<u64> {
    const LIMITS: [&str; 2] = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    let limit = |path: &&str| fs::read_to_string(path).ok()?.trim().parse().ok();
    let limits = LIMITS.iter().filter_map(limit);
    limits.chain(Machine::this().memory_bytes).min()
}

/// Threads that run at the same time; 1 where that is not known.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The value of the first line `name : value`.
fn value(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nmodel name\t: other\n";
        assert_eq!(
            value(text, "model name").as_deref(),
            Some("Some CPU @ 2.0GHz")
        );
        assert_eq!(value(text, "model"), None);
        assert!(Machine::this().cores >= 1);
    }
}
