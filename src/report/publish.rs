//! The published sets: `OUT/runs/000012/` with its tables, and the link `OUT/current`.
//!
//! A set is written beside the others, synced, named, and only then does `current` lead to it, by one
//! rename; `OUT/spikes.csv` and its like lead through `current`. So whoever reads finds a whole set of
//! one run, whatever happens to the run that writes. A run that is done again replaces the set of its
//! number: while that is exchanged, `current` leads to a second copy of the new one.

use super::lock::{Lock, LockError};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What a set is of: the name of each file, and its bytes.
pub type Set = Vec<(&'static str, Vec<u8>)>;

/// The directory of the sets, locked.
#[derive(Debug)]
pub struct Shelf {
    out: PathBuf,
    _lock: Lock,
}

/// The sets cannot be kept there.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another run writes there, or nothing can be written there.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Something failed.
    #[error("cannot {doing} {path}: {source}; {advice}", path = path.display())]
    Failed {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
        /// What to do about it.
        advice: &'static str,
    },
    /// A file of somebody else stands where a link or a set should be.
    #[error("{path} is in the way: it is no part of a published set; move it away, or give another --out", path = path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
}

/// Adds to an error what was tried, and what to do.
fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PublishError {
    move |source| PublishError::Failed {
        doing,
        path: path.to_owned(),
        advice: match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                "free some space; the run is not committed, and the next one does it again"
            }
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                "give --out a directory that you may write to"
            }
            ErrorKind::NotFound => "create the directory above it first",
            _ => "the run is not committed, and the next one does it again",
        },
        source,
    }
}

impl Shelf {
    /// Opens the directory, makes it at need, and locks it.
    ///
    /// # Errors
    /// When it cannot be made or written, or another run is at work there.
    pub fn open(out: &Path) -> Result<Shelf, PublishError> {
        let runs = out.join("runs");
        for directory in [out, &runs] {
            match fs::create_dir(directory) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => made.map_err(failed("make the directory", directory))?,
            }
        }
        let lock = Lock::take("the directory", out, out.join(".lock"))?;
        Ok(Shelf {
            out: out.to_owned(),
            _lock: lock,
        })
    }

    /// A file of the current set; none where there is no set, or no such file in it.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn current(&self, name: &str) -> Result<Option<Vec<u8>>, PublishError> {
        let path = self.out.join("current").join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path)(error)),
        }
    }

    /// The path of the current set's file.
    pub fn current_path(&self, name: &str) -> PathBuf {
        self.out.join("current").join(name)
    }

    /// Publishes a set as that of a run.
    ///
    /// # Errors
    /// When it cannot be written whole; `current` leads to the set before then, or to this one.
    pub fn publish(&self, run: u64, set: &Set) -> Result<(), PublishError> {
        self.check_links(set)?;
        let runs = self.out.join("runs");
        let (name, interim) = (format!("{run:06}"), format!(".{run:06}.new"));
        let path = runs.join(&name);
        if path.is_file() {
            return Err(PublishError::InTheWay { path });
        }
        if path.exists() {
            // Of an attempt that was not committed. Who reads it must not find it half gone.
            if !self.leads_to(&interim) {
                write_set(&runs.join(&interim), set)?;
                self.lead_to(&interim)?;
            }
            remove_set(&path)?;
        }
        let second = runs.join(format!(".{run:06}.copy"));
        write_set(&second, set)?;
        fs::rename(&second, &path).map_err(failed("name", &path))?;
        sync(&runs)?;
        self.lead_to(&name)?;
        self.make_links(set)
    }

    /// Removes all sets but the newest `keep` up to `run`, and what killed runs have left behind.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn tidy(&self, run: u64, keep: u64) -> Result<(), PublishError> {
        let runs = self.out.join("runs");
        let oldest = run.saturating_sub(keep.max(1) - 1);
        let mut tidied = Ok(());
        for entry in fs::read_dir(&runs).map_err(failed("read", &runs))? {
            let entry = entry.map_err(failed("read", &runs))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_old = is_number(name) && name.parse::<u64>().is_ok_and(|n| n < oldest);
            if (is_old || is_interim(name)) && entry.path().is_dir() {
                // One that cannot be removed is no reason to let the others pile up.
                tidied = tidied.and(remove_set(&entry.path()));
            }
        }
        tidied
    }

    fn leads_to(&self, set: &str) -> bool {
        fs::read_link(self.out.join("current")).is_ok_and(|to| to == Path::new("runs").join(set))
    }

    /// Lets `current` lead to a set, by one rename.
    fn lead_to(&self, set: &str) -> Result<(), PublishError> {
        let (link, interim) = (self.out.join("current"), self.out.join(".current.new"));
        remove_file(&interim)?;
        symlink(Path::new("runs").join(set), &interim)
            .map_err(failed("make the link", &interim))?;
        fs::rename(&interim, &link).map_err(failed("swap the link", &link))?;
        sync(&self.out)
    }

    /// Fails before anything is written if a link cannot be made in the end.
    fn check_links(&self, set: &Set) -> Result<(), PublishError> {
        let names = set.iter().map(|(name, _)| *name).filter(|n| has_link(n));
        for name in names.chain(["current"]) {
            let path = self.out.join(name);
            let is_file = fs::symlink_metadata(&path).is_ok_and(|m| !m.file_type().is_symlink());
            if is_file {
                return Err(PublishError::InTheWay { path });
            }
        }
        Ok(())
    }

    fn make_links(&self, set: &Set) -> Result<(), PublishError> {
        for (name, _) in set.iter().filter(|(name, _)| has_link(name)) {
            let (link, to) = (self.out.join(name), Path::new("current").join(name));
            if fs::read_link(&link).is_ok_and(|there| there == to) {
                continue;
            }
            let interim = self.out.join(".link.new");
            remove_file(&interim)?;
            symlink(&to, &interim).map_err(failed("make the link", &interim))?;
            fs::rename(&interim, &link).map_err(failed("make the link", &link))?;
        }
        sync(&self.out)
    }
}

/// Tables are for everybody; what else stands in a set is for the next run.
fn has_link(name: &str) -> bool {
    name.ends_with(".csv")
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a run that died may have left it.
fn is_interim(name: &str) -> bool {
    let name = name.strip_prefix('.').unwrap_or_default();
    let ends = [".new", ".copy"].into_iter();
    ends.filter_map(|end| name.strip_suffix(end)).any(is_number)
}

/// Removes a set, and nothing that is not of one.
fn remove_set(directory: &Path) -> Result<(), PublishError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed("read", directory))? {
        let path = entry.map_err(failed("read", directory))?.path();
        let name = path.file_name().unwrap_or_default().to_str();
        if !name.is_some_and(|name| name.ends_with(".csv") || name.ends_with(".json")) {
            return Err(PublishError::InTheWay { path });
        }
        files.push(path);
    }
    for file in files {
        remove_file(&file)?;
    }
    fs::remove_dir(directory).map_err(failed("remove", directory))
}

/// Writes a set into a directory of its own, to the disk.
fn write_set(directory: &Path, set: &Set) -> Result<(), PublishError> {
    if directory.exists() {
        remove_set(directory)?;
    }
    fs::create_dir(directory).map_err(failed("make the directory", directory))?;
    for (name, bytes) in set {
        let path = directory.join(name);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(failed("write", &path))?;
    }
    sync(directory)
}

/// Makes the names in a directory outlast a power cut.
fn sync(directory: &Path) -> Result<(), PublishError> {
    let synced = File::open(directory).and_then(|file| file.sync_all());
    synced.map_err(failed("sync", directory))
}

fn remove_file(path: &Path) -> Result<(), PublishError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(failed("remove", path)),
    }
}

#[cfg(test)]
#[path = "publish_tests.rs"]
mod tests;
