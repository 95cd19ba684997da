//! Runs an analysis through the library, as the program does.

#![allow(dead_code)] // each test uses a part of it

use forbid_logs::analysis::{self, AnalysisError, Outcome, Progress};
use forbid_logs::findings::Analysis;
use forbid_logs::input::guard;
use forbid_logs::key::token::TokenKey;
use forbid_logs::settings::{InputSettings, Settings};
use std::path::Path;

/// Nobody watches.
struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &'static str, _bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}

/// The default settings for these logs.
pub fn settings<P: AsRef<Path>>(logs: &[P]) -> Settings {
    let logs = logs
        .iter()
        .map(|log| log.as_ref().display().to_string())
        .collect();
    Settings {
        input: InputSettings {
            logs,
            ..InputSettings::default()
        },
        ..Settings::default()
    }
}

/// Analyses with a fixed token key.
pub fn try_analyze(settings: &Settings) -> Result<Outcome, AnalysisError> {
    guard::install().expect("the guard of mapped files can be installed");
    analysis::analyze(settings, &TokenKey::from_bytes([7; 32]), &Unwatched)
}

/// Analyses logs that can be read whole.
pub fn analyze(settings: &Settings) -> Analysis {
    let outcome =
        try_analyze(settings).unwrap_or_else(|e| panic!("{:?}: {e}", settings.input.logs));
    assert!(
        outcome.troubles.is_empty(),
        "{:?}: {:?}",
        settings.input.logs,
        outcome.troubles
    );
    outcome.analysis
}

/// Nothing is dropped without being counted: lines and denials add up.
pub fn assert_sums(analysis: &Analysis, name: &str) {
    let input = &analysis.input;
    assert_eq!(
        input.lines,
        input.parsed + input.skipped.total(),
        "{name}: lines"
    );
    for file in &input.files {
        assert_eq!(
            file.lines,
            file.parsed + file.skipped.total(),
            "{name}: lines of {}",
            file.path
        );
    }
    assert_eq!(
        input.lines,
        input.files.iter().map(|f| f.lines).sum::<u64>(),
        "{name}: files"
    );
    assert_eq!(input.parsed, analysis.totals.requests, "{name}: requests");
    let told: u64 = analysis
        .spikes
        .iter()
        .chain(&analysis.standing)
        .map(|s| s.denials)
        .sum();
    assert_eq!(
        told, analysis.totals.denials,
        "{name}: denials of spikes and standing"
    );
    let timeline = |count: fn(&forbid_logs::findings::TimelineWindow) -> u64| {
        analysis.timeline.iter().map(count).sum::<u64>()
    };
    assert_eq!(
        timeline(|w| w.requests),
        analysis.totals.requests,
        "{name}: timeline"
    );
    assert_eq!(
        timeline(|w| w.denials),
        analysis.totals.denials,
        "{name}: denials of the timeline"
    );
    if analysis.totals.denials > 0 {
        let shares: f64 = analysis.shares.values().sum();
        assert!(
            (shares - 1.0).abs() < 1e-9,
            "{name}: shares add up to {shares}"
        );
    }
}
