//! The logs that are measured on: some hours of the scenario with every cause, the same in every run.

use forbid_logs::input::guard;
use forbid_logs::settings::{InputSettings, Settings};
use forbid_logs::synth::{Format, generate, scenarios};
use std::fs;
use std::path::Path;
use tempfile::NamedTempFile;

const SEED: u64 = 1;

/// A log of some hours and about so many ordinary requests.
pub fn log(format: Format, requests: u64) -> Vec<u8> {
    let scenario =
        scenarios::build("mixed-days", SEED, 3.0, requests, format).expect("the scenario is there");
    let mut bytes = Vec::new();
    generate(&scenario, &mut bytes).expect("memory takes all");
    bytes
}

/// The first lines of a log, up to about `size` bytes.
pub fn beginning(log: &[u8], size: usize) -> &[u8] {
    let end = memchr::memrchr(b'\n', &log[..log.len().min(size)]);
    &log[..end.map_or(log.len(), |at| at + 1)]
}

/// A sample of the repository, repeated to about `size` bytes.
pub fn repeated(sample: &str, size: usize) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/formats")
        .join(sample);
    let sample = fs::read(path.join("sample.log")).expect("the sample is there");
    sample.repeat(size / sample.len().max(1) + 1)
}

/// A log on disk, and the settings that read it, mapped.
pub fn on_disk(log: &[u8]) -> (NamedTempFile, Settings) {
    guard::install().expect("mapped files can be guarded");
    let file = NamedTempFile::new().expect("there is a temporary directory");
    fs::write(file.path(), log).expect("there is room for the log");
    let settings = Settings {
        input: InputSettings {
            logs: vec![file.path().display().to_string()],
            ..InputSettings::default()
        },
        ..Settings::default()
    };
    (file, settings)
}
