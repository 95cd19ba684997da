//! The log formats that a server's own configuration declares.
//!
//! Both readers follow includes as the server does: relative to the main file's directory or the
//! `ServerRoot`, with globs, each file once. Only log directives are looked at; everything else,
//! nesting and conditions included, is passed over.

pub(super) mod apache;
mod haproxy;
pub(super) mod nginx;
pub mod placed;

use super::FormatError;
use super::template::Template;
use crate::settings::FormatSettings;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most files that one configuration is read from; more is a mistake in an include.
const MAX_FILES: usize = 10_000;

/// Most bytes of a configuration file that are read.
const LARGEST_CONFIGURATION: u64 = 16 << 20;

/// A format as declared.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// Server and name, e.g. `nginx.main`.
    pub(super) name: String,
    /// Where: `file:line`.
    pub(super) place: String,
    /// Whether a log uses it.
    pub(super) used: bool,
    /// The compiled format, or why it cannot be compiled.
    pub(super) template: Result<Template, FormatError>,
}

impl Declared {
    /// Whether `name` is the name of the format, with or without the server before it.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name == name
            || self
                .name
                .split_once('.')
                .is_some_and(|(_, own)| own == name)
    }
}

/// The formats that the configurations given in the settings declare, those in use first.
pub(super) fn declared(settings: &FormatSettings) -> Result<Vec<Declared>, FormatError> {
    let mut declared = Vec::new();
    if let Some(path) = &settings.nginx_conf {
        declared.extend(nginx::declared(path)?);
    }
    if let Some(path) = &settings.apache_conf {
        declared.extend(apache::declared(path)?);
    }
    if let Some(path) = &settings.haproxy_conf {
        declared.extend(haproxy::declared(path)?);
    }
    Ok(declared)
}

/// The files of a configuration, each read once.
#[derive(Debug, Default)]
struct Files {
    seen: BTreeSet<PathBuf>,
}

impl Files {
    /// The text of a file; `None` if it was read before, so that includes may form a circle.
    fn read(&mut self, path: &Path) -> Result<Option<String>, FormatError> {
        let unreadable = |error: std::io::Error| FormatError::Configuration {
            path: path.to_owned(),
            problem: format!("{error}; check the path, and that you may read it"),
        };
        let real = path.canonicalize().map_err(unreadable)?;
        if self.seen.len() >= MAX_FILES || !self.seen.insert(real) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(unreadable(std::io::Error::other("it is not a file")));
        }
        // A device or a log named by mistake must not fill the memory.
        file.take(LARGEST_CONFIGURATION)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// The files that an include names, sorted; a directory stands for the files in it.
fn included(base: &Path, pattern: &str) -> Vec<PathBuf> {
    let full = base.join(pattern);
    let mut paths: Vec<PathBuf> = match glob::glob(&full.to_string_lossy()) {
        Ok(paths) => paths.flatten().collect(),
        Err(_) => Vec::new(),
    };
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| {
            if path.is_dir() {
                included(&path, "*")
            } else {
                vec![path]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
