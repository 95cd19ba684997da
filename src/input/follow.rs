//! From a LOG and the cursors of the run before to the text that nobody has read yet.
//!
//! Looked at are the files that the LOG means now, and beside each live one those that rotation may
//! have made of it: `NAME.*` and `NAME-*`. Each cursor is found again in one of them ([`cursor`]). Of
//! a file with a cursor the rest is read; of one without, all, because it came since; but when a LOG is
//! met for the first time, rotated files beside it are older than it, and only get a cursor.
//!
//! A rotation may be under way. An unfinished copy or archive of a file that is still there is left
//! for later, and where a cursor cannot be found everything is looked at again: names may have moved
//! between the listing of the directory and the opening of its files.
//!
//! [`cursor`]: super::cursor

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::cursor::{Cursor, LogFile};
use super::error::InputError;
use super::expand::{Candidate, Place, canonical_order, expand, is_rotation_of};
use super::{descriptors, rotation};

/// How often a LOG is looked at while its files change places.
const MOST_LOOKS: u32 = 5;
/// Rotated files that are looked at; who keeps more has the oldest of them read long ago.
const MOST_ROTATED: usize = 1000;

/// The offset behind all of a compressed file: its length is not known without unpacking it, nor
/// needed, as it does not grow.
pub const ALL: u64 = u64::MAX;

/// What a LOG holds.
#[derive(Debug)]
pub struct Followed {
    /// Its files, the oldest first.
    pub files: Vec<LogFile>,
    /// Live files of the run before that are gone, with what was not yet read of them.
    pub lost: Vec<Lost>,
    /// The cursors of files that are nowhere to be found.
    pub missing: Vec<Cursor>,
    /// Whether every cursor was found, or had nothing before it.
    is_complete: bool,
}

/// Most cursors of missing files that are kept for a LOG.
const MOST_MISSING: usize = 32;

/// A file that was being written to, and is nowhere to be found.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// It was truncated where it stood, and there is no copy of it.
    #[error(
        "{path}: the file was truncated, and no copy of it is there under {path}.* or {path}-*: lines that came after byte {offset} of it are lost; let logrotate rename instead of truncate, or keep a copy"
    )]
    Truncated {
        /// Where it stood.
        path: String,
        /// How far it was read.
        offset: u64,
    },
    /// It is gone.
    #[error(
        "{path}: the file that was read before is gone, and is not there under {path}.* or {path}-*: lines that came after byte {offset} of it are lost; let logrotate keep at least one rotated file"
    )]
    Gone {
        /// Where it stood.
        path: String,
        /// How far it was read.
        offset: u64,
    },
}

/// Finds the files of LOG number `log` and what is new in each; `cursors` are absent when the LOG is
/// met for the first time. Files in `claimed` belong to a LOG before.
///
/// # Errors
/// When the LOG cannot be read, or is not a regular file, so that no place in it can be kept.
pub fn follow(
    typed: &str,
    log: usize,
    cursors: Option<&[Cursor]>,
    claimed: &HashSet<(u64, u64)>,
) -> Result<Followed, InputError> {
    let mut looks = 0;
    loop {
        looks += 1;
        let look = Look {
            typed,
            log,
            cursors,
            claimed,
        };
        match look.followed() {
            Ok(followed) if followed.is_complete || looks == MOST_LOOKS => {
                return Ok(followed);
            }
            Ok(_) => {}
            // A file that vanished between its listing and its opening was renamed or packed.
            Err(error) if looks < MOST_LOOKS && is_passing(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether a second look may see it otherwise.
fn is_passing(error: &InputError) -> bool {
    matches!(error, InputError::Missing { .. }) || error.is_truncation()
}

/// One look at the files of a LOG.
struct Look<'a> {
    typed: &'a str,
    log: usize,
    cursors: Option<&'a [Cursor]>,
    claimed: &'a HashSet<(u64, u64)>,
}

/// A file with what is known of it.
struct Found {
    file: LogFile,
    /// Whether the LOG means it, or its name says that rotation made it.
    is_meant: bool,
    /// Whether the LOG itself means it.
    is_named: bool,
    /// The place where the cursor stood, if the file is there still.
    in_place: bool,
    /// Whether a cursor was found in it.
    cursor: Option<Cursor>,
}

impl Look<'_> {
    fn followed(&self) -> Result<Followed, InputError> {
        // The live files first: what is renamed after that is found twice, as one and the same inode.
        let mut found = self.named()?;
        self.add_rotated(&mut found)?;
        let left = self.match_cursors(&mut found);
        let lost = lost(&left, &found);
        let missing = missing(&left, &found);
        let is_complete = left.iter().all(|c| c.offset == 0 || c.is_missing);
        leave_out_archives_under_way(&mut found);
        leave_out_copies(&mut found);
        let mut files = Vec::new();
        for mut found in found {
            if self.is_read(&found) {
                self.set_range(&mut found)
                    .map_err(|error| InputError::from_io(&found.file.path, error))?;
                files.push(found.file);
            }
        }
        files.sort_by_cached_key(|file| {
            canonical_order(&Candidate::file(PathBuf::from(&file.path)))
        });
        Ok(Followed {
            files,
            lost,
            missing,
            is_complete,
        })
    }

    /// The files that the LOG means now. There may be none for a moment, if it was read before.
    fn named(&self) -> Result<Vec<Found>, InputError> {
        let (candidates, errors) = expand(&[self.typed.to_owned()]);
        if let Some(error) = errors.into_iter().next() {
            let is_between = matches!(
                error,
                InputError::Missing { .. }
                    | InputError::NoMatch { .. }
                    | InputError::NoLogsInDirectory { .. }
            );
            if !is_between || self.cursors.is_none_or(<[_]>::is_empty) {
                return Err(error);
            }
        }
        descriptors::make_room(candidates.len());
        let is_single = candidates.len() == 1;
        let mut found = Vec::new();
        for candidate in candidates {
            let Place::File(path) = &candidate.place else {
                return Err(InputError::NoPlaceToKeep {
                    path: candidate.path,
                });
            };
            let is_live = is_single || rotation::is_live(path);
            if let Some(mut new) = self.open(path, &candidate.path)? {
                (new.file.is_live, new.is_meant, new.is_named) = (is_live, true, true);
                add(&mut found, new);
            }
        }
        Ok(found)
    }

    /// What rotation may have made of the live files, of those that were live before too.
    fn add_rotated(&self, found: &mut Vec<Found>) -> Result<(), InputError> {
        let mut bases: Vec<PathBuf> = found
            .iter()
            .filter(|found| found.file.is_live)
            .map(|found| PathBuf::from(&found.file.path))
            .collect();
        let before = self.cursors.unwrap_or_default().iter();
        bases.extend(before.filter(|c| c.is_live).map(|c| PathBuf::from(&c.path)));
        bases.sort_unstable();
        bases.dedup();
        for base in bases {
            for path in beside(&base) {
                let shown = path.to_string_lossy().into_owned();
                match self.open(&path, &shown) {
                    Ok(Some(mut new)) => {
                        new.is_meant = rotation::is_made_by_rotation(&base, &path);
                        add(found, new);
                    }
                    // Renamed or packed since it was listed.
                    Err(error) if is_passing(&error) => return Err(error),
                    // Not ours to read: it matters only if a cursor is not found without it.
                    Ok(None) | Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path, shown: &str) -> Result<Option<Found>, InputError> {
        let unreadable = |error| InputError::from_io(shown, error);
        // Asked before it is opened: opening a pipe would wait for its writer.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(InputError::NoPlaceToKeep {
                path: shown.to_owned(),
            });
        }
        let file = File::open(path).map_err(unreadable)?;
        let file = LogFile::new(shown.to_owned(), self.log, file).map_err(unreadable)?;
        Ok((!self.claimed.contains(&file.identity)).then_some(Found {
            file,
            is_meant: false,
            is_named: false,
            in_place: false,
            cursor: None,
        }))
    }

    /// Finds every cursor again; gives those that cannot be found.
    fn match_cursors(&self, found: &mut [Found]) -> Vec<&Cursor> {
        let mut left: Vec<&Cursor> = self.cursors.unwrap_or_default().iter().collect();
        // Of two cursors in one file, as after a copy, the one that is further counts.
        left.sort_by(|a, b| b.offset.cmp(&a.offset).then_with(|| a.path.cmp(&b.path)));
        left.retain(|cursor| {
            let same = found
                .iter_mut()
                .find(|f| f.file.identity == cursor.identity && f.file.holds(cursor));
            let Some(same) = same else {
                return true;
            };
            same.in_place |= same.file.path == cursor.path;
            same.take(cursor);
            false
        });
        left.retain(|cursor| {
            let is_copy = |f: &&mut Found| cursor.head_bytes > 0 && f.file.holds(cursor);
            let copy = found.iter_mut().filter(is_copy);
            // Rather one without a cursor of its own.
            match copy.min_by_key(|f| f.cursor.is_some()) {
                Some(copy) => {
                    copy.take(cursor);
                    false
                }
                None => true,
            }
        });
        left.retain(|cursor| {
            // A copy from before the last lines that were read: `copytruncate` loses those.
            let is_shorter =
                |f: &&mut Found| !f.file.is_live && f.cursor.is_none() && f.file.holds_less(cursor);
            let copy = found.iter_mut().find(is_shorter);
            copy.map(|copy| copy.take(cursor)).is_none()
        });
        left
    }

    /// Whether a file is of this LOG: who made the others beside it is not known.
    fn is_read(&self, found: &Found) -> bool {
        found.cursor.is_some() || found.is_meant
    }

    fn set_range(&self, found: &mut Found) -> io::Result<()> {
        let file = &mut found.file;
        let is_elder = self.cursors.is_none() && !found.is_named;
        match (&found.cursor, file.compression) {
            (Some(cursor), Some(_)) => {
                file.start = cursor.offset;
                let is_same = cursor.identity == file.identity && cursor.size == file.size;
                let is_done = cursor.is_complete && (is_same || cursor.offset == ALL);
                file.end = is_done.then_some(cursor.offset);
            }
            (None, Some(_)) if is_elder => (file.start, file.end) = (ALL, Some(ALL)),
            (None, Some(_)) => {}
            (cursor, None) => {
                let read = cursor.as_ref().map_or(0, |cursor| cursor.offset);
                file.start = read.min(file.size);
                // What stands at the end of a file that nobody writes to any more is a line.
                let is_done = cursor.as_ref().is_some_and(|cursor| {
                    !file.is_live && !cursor.is_live && cursor.size == file.size
                });
                file.end = Some(match is_done {
                    true => file.size.max(file.start),
                    false => file.end_of_records(file.start)?,
                });
                if is_elder {
                    file.start = file.end.unwrap_or(file.start);
                }
            }
        }
        file.take_prints()
    }
}

impl Found {
    /// Notes a cursor that was found in the file.
    fn take(&mut self, cursor: &Cursor) {
        if self
            .cursor
            .as_ref()
            .is_none_or(|c| c.offset < cursor.offset)
        {
            self.cursor = Some(cursor.clone());
        }
    }
}

/// What is lost with the live files that cannot be found.
fn lost(left: &[&Cursor], found: &[Found]) -> Vec<Lost> {
    // What is missing since an earlier run was told then.
    let live = left
        .iter()
        .filter(|c| c.is_live && c.offset > 0 && !c.is_missing);
    live.map(|cursor| {
        let (path, offset) = (cursor.path.clone(), cursor.offset);
        match found.iter().any(|f| f.file.identity == cursor.identity) {
            true => Lost::Truncated { path, offset },
            false => Lost::Gone { path, offset },
        }
    })
    .collect()
}

/// Cursors of files that are nowhere, for the case that they come back: those that were read last, so that
/// what rotation has deleted for good does not pile up.
fn missing(left: &[&Cursor], found: &[Found]) -> Vec<Cursor> {
    let is_there = |cursor: &Cursor| found.iter().any(|f| f.file.identity == cursor.identity);
    let gone = left.iter().filter(|c| c.offset > 0 && !is_there(c));
    let mut missing: Vec<Cursor> = gone
        .map(|cursor| Cursor {
            is_missing: true,
            ..(*cursor).clone()
        })
        .collect();
    missing.sort_by_key(|cursor| (!cursor.is_live, cursor.path.clone()));
    missing.truncate(MOST_MISSING);
    missing
}

/// Adds a file, unless it is there under another name.
fn add(found: &mut Vec<Found>, new: Found) {
    if !found.iter().any(|f| f.file.identity == new.file.identity) {
        found.push(new);
    }
}

/// The files beside a live one that rotation may have made of it.
fn beside(base: &Path) -> Vec<PathBuf> {
    let directory = match base.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Some(name) = base.file_name().map(OsStr::to_string_lossy) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| is_rotation_of(&name, &entry.file_name().to_string_lossy()))
        .map(|entry| base.with_file_name(entry.file_name()))
        .filter(|path| path.is_file())
        .collect();
    paths.sort_by_cached_key(|path| canonical_order(&Candidate::file(path.clone())));
    let oldest = paths.len().saturating_sub(MOST_ROTATED);
    paths.split_off(oldest)
}

/// Leaves out archives that are being made of files that are still there.
fn leave_out_archives_under_way(found: &mut Vec<Found>) {
    let plain: HashSet<String> = found
        .iter()
        .filter(|f| f.file.compression.is_none() && f.file.size > 0)
        .map(|f| f.file.path.clone())
        .collect();
    found.retain(|f| {
        let unpacked = rotation::strip_compression(&f.file.path);
        f.cursor.is_some() || unpacked == f.file.path || !plain.contains(unpacked)
    });
}

/// Leaves out copies that are being made of a file that stands where it stood: `copytruncate` before
/// it has truncated.
fn leave_out_copies(found: &mut Vec<Found>) {
    let copies: Vec<bool> = found
        .iter()
        .map(|f| {
            f.cursor.is_none()
                && !f.file.is_live
                && f.file.compression.is_none()
                && f.file.size > 0
                && found
                    .iter()
                    .any(|other| other.in_place && other.file.is_live && f.file.begins(&other.file))
        })
        .collect();
    let mut copies = copies.into_iter();
    found.retain(|_| !copies.next().unwrap_or(false));
}

#[cfg(test)]
#[path = "tests/follow.rs"]
mod tests;
