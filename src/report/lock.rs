//! One run at a time: a lock that the system gives back however the run ends.
//!
//! The lock is on a file of its own, because the state is replaced by renames. The file says who holds
//! it, and stays: removing it would let two runs lock two files of one name.

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Bytes of the note on who holds the lock.
const MOST_NOTE: u64 = 200;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] File);

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run is at work.
    #[error("{what} {path} is held by another run ({holder}); wait until it ends, or end it", path = path.display())]
    Held {
        /// What the lock is for.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Process and time of the other run.
        holder: String,
    },
    /// The lock file cannot be made.
    #[error("cannot make {lock} for {what}: {source}; give a place that you may write to", lock = lock.display())]
    Failed {
        /// What the lock is for.
        what: &'static str,
        /// The lock file.
        lock: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the lock file `lock` of `path`, or says who holds it. Does not wait.
    ///
    /// # Errors
    /// When another run holds it, or the file cannot be made.
    pub fn take(what: &'static str, path: &Path, lock: PathBuf) -> Result<Lock, LockError> {
        let failed = |source| LockError::Failed {
            what,
            lock: lock.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut note = Vec::new();
                // Between lock and note there is a moment; then nobody is named.
                let _ = file.take(MOST_NOTE).read_to_end(&mut note);
                let note = String::from_utf8_lossy(&note).trim().to_owned();
                return Err(LockError::Held {
                    what,
                    path: path.to_owned(),
                    holder: match note.is_empty() {
                        true => "it has just begun".to_owned(),
                        false => note,
                    },
                });
            }
            Err(error) => return Err(failed(error.into())),
        }
        let note = format!(
            "process {}, since {}\n",
            std::process::id(),
            chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ")
        );
        // The note is a courtesy: on a full disk the lock holds all the same.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()));
        Ok(Lock(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_learns_who_the_first_is() {
        let directory = tempfile::tempdir().unwrap();
        let (path, lock) = (directory.path().join("s"), directory.path().join("s.lock"));
        let first = Lock::take("the state", &path, lock.clone()).unwrap();
        let error = Lock::take("the state", &path, lock.clone())
            .unwrap_err()
            .to_string();
        let process = format!("process {}, since 2", std::process::id());
        assert!(
            error.contains(&process) && error.starts_with("the state "),
            "{error}"
        );
        drop(first);
        Lock::take("the state", &path, lock).unwrap();
    }

    #[test]
    fn a_place_that_is_not_there_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join("missing/x.lock");
        let error = Lock::take("the state", Path::new("x"), lock);
        assert!(matches!(error, Err(LockError::Failed { .. })));
    }
}
