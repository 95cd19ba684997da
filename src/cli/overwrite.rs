//! An output that is an input would destroy the log: it is refused before anything is read.
//!
//! Files are the same if device and inode are, by whatever name or link they are reached. Only regular
//! files count: `/dev/null` may be both.

use crate::input;
use anyhow::bail;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Fails if the file of an option is one of those that the LOGs stand for.
///
/// # Errors
/// It is one.
pub fn refuse(option: &str, output: &Path, logs: &[String]) -> anyhow::Result<()> {
    let Some(output_file) = regular(output) else {
        return Ok(());
    };
    let is_same = |path: &Path| {
        regular(path)
            .is_some_and(|log| (log.dev(), log.ino()) == (output_file.dev(), output_file.ino()))
    };
    for log in input::files_of(logs) {
        if is_same(&log) {
            bail!(
                "{option} {} is the log {} itself, which would be lost; give {option} another file",
                output.display(),
                log.display()
            );
        }
    }
    Ok(())
}

fn regular(path: &Path) -> Option<Metadata> {
    fs::metadata(path).ok().filter(Metadata::is_file)
}
