//! The program itself, run on a log of the lab.

use forbid_logs::analysis::{self, Progress};
use forbid_logs::export::{self, Encoding, Request};
use forbid_logs::findings::Analysis;
use forbid_logs::key::token::TokenKey;
use forbid_logs::settings::{InputSettings, Settings};
use std::io;
use std::path::Path;

struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &'static str, _bytes: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}

/// What to export.
#[derive(Clone, Copy)]
pub enum Exported {
    /// All requests as they are read.
    Requests,
    /// The denials, each with what is said about it.
    Verdicts,
}

/// The default settings for a log.
pub fn settings(log: &Path) -> Settings {
    Settings {
        input: InputSettings {
            logs: vec![log.display().to_string()],
            ..InputSettings::default()
        },
        ..Settings::default()
    }
}

/// A JSON record a line.
///
/// # Errors
/// A log cannot be read.
pub fn exported(settings: &Settings, what: Exported) -> io::Result<String> {
    let request = Request {
        encoding: Encoding::Ndjson,
        all: matches!(what, Exported::Requests),
        verdict: matches!(what, Exported::Verdicts),
        keep_unparsed: false,
    };
    let mut out = Vec::new();
    export::export(settings, request, &key(), &Unwatched, &mut out).map_err(io::Error::other)?;
    String::from_utf8(out).map_err(io::Error::other)
}

/// What is said about a log.
///
/// # Errors
/// A log cannot be read.
pub fn analyzed(settings: &Settings) -> io::Result<Analysis> {
    let outcome = analysis::analyze(settings, &key(), &Unwatched).map_err(io::Error::other)?;
    Ok(outcome.analysis)
}

fn key() -> TokenKey {
    TokenKey::from_bytes([7; 32])
}
