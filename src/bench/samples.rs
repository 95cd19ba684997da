//! Figures that the tests of this room share.

use super::report::{Log, LogFile};
use super::round::Lap;
use super::stage::Stage;

/// A log of 200 MB and a million lines.
pub fn log() -> Log {
    Log {
        files: vec![LogFile {
            path: "access.log".to_owned(),
            format: "ncsa.combined".to_owned(),
            compression: None,
            bytes: 200_000_000,
        }],
        bytes: 200_000_000,
        lines: 1_000_000,
        parsed: 999_000,
        denials: 1_200,
        spikes: 3,
        ..Log::none()
    }
}

/// Three rounds of a few stages.
pub fn laps() -> Vec<Lap> {
    let lap = |stage, seconds, peak_mib: u64| Lap {
        stage,
        seconds,
        peak_bytes: Some(peak_mib << 20),
    };
    vec![
        lap(Stage::Lines, 0.5, 30),
        lap(Stage::Memory, 0.02, 140),
        lap(Stage::Newlines, 0.1, 10),
        lap(Stage::Lines, 0.6, 40),
        lap(Stage::Memory, 0.01, 140),
        lap(Stage::Newlines, 0.09, 10),
        lap(Stage::Lines, 0.4, 20),
        lap(Stage::Memory, 0.03, 140),
        lap(Stage::Newlines, 0.2, 10),
    ]
}
