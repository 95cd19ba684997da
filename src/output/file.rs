//! Where an output goes: standard output, or a file that appears whole or not at all.
//!
//! A destination is opened before the long run, so that a bad path fails at once; nothing is left
//! behind when the run is interrupted. The output is rendered into memory first: a failure while
//! rendering writes nothing. A regular file is replaced by one rename after a sync, and keeps its
//! permissions; what cannot be replaced (a pipe, a device, `/dev/fd/3`) is written to as it is.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Links followed before a path is held to be a loop; the limit of Linux.
const MOST_LINKS: usize = 40;

/// Where an output goes, checked and ready.
#[derive(Debug)]
pub struct Destination(Target);

#[derive(Debug)]
enum Target {
    /// Standard output.
    Stdout,
    /// A regular file, or one that does not exist yet; links are resolved.
    Replaced(PathBuf),
    /// A pipe, a device or an open descriptor.
    Opened(File, PathBuf),
}

/// How a delivery ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All of it was written.
    Complete,
    /// The reader closed the pipe; whoever reads has seen enough, so this is no error.
    ClosedPipe,
}

/// An output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}; {}", shown(.path), advice(.source))]
pub struct FileError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Destination {
    /// Standard output.
    pub fn stdout() -> Self {
        Destination(Target::Stdout)
    }

    /// A file, which stays as it is until [`Destination::deliver`]; `-` is standard output.
    ///
    /// # Errors
    /// When the path is a directory, its directory is missing, or one of them may not be written.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        if path == Path::new("-") || path == Path::new("/dev/stdout") {
            return Ok(Destination::stdout());
        }
        let target = resolve(path).map_err(|source| FileError::new("open", path, source))?;
        target
            .check()
            .map_err(|source| FileError::new("write to", path, source))?;
        Ok(Destination(target))
    }

    /// Renders the output into memory, then writes it whole.
    ///
    /// # Errors
    /// When rendering fails (nothing is written then), or the file cannot be written or replaced.
    pub fn deliver(
        self,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Delivery, FileError> {
        let mut bytes = Vec::new();
        render(&mut bytes).map_err(|source| FileError::new("render", self.path(), source))?;
        let written = match &self.0 {
            Target::Stdout => write_all(&mut io::stdout().lock(), &bytes),
            Target::Opened(file, _) => write_all(&mut &*file, &bytes),
            Target::Replaced(path) => replace(path, &bytes),
        };
        match written {
            Ok(()) => Ok(Delivery::Complete),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Delivery::ClosedPipe),
            Err(source) => Err(FileError::new("write", self.path(), source)),
        }
    }

    /// Begins to write as the output comes, for outputs too large for memory. A regular file still
    /// appears whole or not at all: only [`Stream::finish`] puts it in its place.
    ///
    /// # Errors
    /// When the temporary file beside the file cannot be made.
    pub fn stream(self) -> Result<Stream, FileError> {
        let path = self.path().to_owned();
        let failed = |source| FileError::new("write to", &path, source);
        let sink = match self.0 {
            // A descriptor of its own, because the one of the library holds lines back.
            Target::Stdout => Sink::Opened(stdout_file().map_err(failed)?),
            Target::Opened(file, _) => Sink::Opened(file),
            Target::Replaced(path) => Sink::Replaced(temporary_beside(&path).map_err(failed)?),
        };
        Ok(Stream { sink, path })
    }

    fn path(&self) -> &Path {
        match &self.0 {
            Target::Stdout => Path::new("standard output"),
            Target::Replaced(path) | Target::Opened(_, path) => path,
        }
    }
}

impl Target {
    /// Fails now if writing would fail later.
    fn check(&self) -> io::Result<()> {
        let Target::Replaced(path) = self else {
            return Ok(());
        };
        if path.exists() {
            // A rename would replace a read-only file; its owner did not mean that.
            OpenOptions::new().write(true).open(path)?;
        }
        temporary_beside(path).map(drop)
    }
}

impl FileError {
    /// What happened, for callers whose option is not `-o`, to which the advice belongs.
    pub fn without_advice(&self) -> String {
        let path = shown(&self.path);
        format!("cannot {} {path}: {}", self.doing, self.source)
    }

    fn new(doing: &'static str, path: &Path, source: io::Error) -> Self {
        FileError {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// An output that is written as it comes. Dropped before [`Stream::finish`], a file is as it was.
#[derive(Debug)]
pub struct Stream {
    sink: Sink,
    path: PathBuf,
}

#[derive(Debug)]
enum Sink {
    /// Standard output, a pipe, a device.
    Opened(File),
    /// What will take the place of a regular file.
    Replaced(NamedTempFile),
}

impl Stream {
    /// Puts a file in its place.
    ///
    /// # Errors
    /// When it cannot be synced or renamed.
    pub fn finish(self) -> Result<Delivery, FileError> {
        if let Sink::Replaced(temporary) = self.sink {
            put_in_place(temporary, &self.path)
                .map_err(|source| FileError::new("write", &self.path, source))?;
        }
        Ok(Delivery::Complete)
    }

    /// What an error of writing to this output means.
    ///
    /// # Errors
    /// Whatever it is, unless the reader closed the pipe.
    pub fn failed(self, error: io::Error) -> Result<Delivery, FileError> {
        match error.kind() {
            ErrorKind::BrokenPipe => Ok(Delivery::ClosedPipe),
            _ => Err(FileError::new("write", &self.path, error)),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Opened(file) => file.write(bytes),
            Sink::Replaced(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Opened(file) => file.flush(),
            Sink::Replaced(file) => file.flush(),
        }
    }
}

fn stdout_file() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Follows links one by one: a link into `/dev` or `/proc` stands for something already open.
fn resolve(path: &Path) -> io::Result<Target> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if path.starts_with("/dev") || path.starts_with("/proc") {
            return open_as_it_is(path);
        }
        let Ok(link) = fs::read_link(&path) else {
            return match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => Err(ErrorKind::IsADirectory.into()),
                Ok(metadata) if !metadata.is_file() => open_as_it_is(path),
                _ if path.file_name().is_none() => Err(ErrorKind::InvalidInput.into()),
                _ => Ok(Target::Replaced(path)),
            };
        };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Appends, so that a file behind `/dev/fd/3` keeps what it has.
fn open_as_it_is(path: PathBuf) -> io::Result<Target> {
    let file = OpenOptions::new().append(true).open(&path)?;
    Ok(Target::Opened(file, path))
}

fn write_all(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)?;
    out.flush()
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = temporary_beside(path)?;
    temporary.write_all(bytes)?;
    put_in_place(temporary, path)
}

fn put_in_place(temporary: NamedTempFile, path: &Path) -> io::Result<()> {
    if let Ok(existing) = fs::metadata(path) {
        keep_owner_and_permissions(temporary.as_file(), &existing)?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // The file is in place; a file system that cannot sync a directory does not make it less so.
    let _ = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
    Ok(())
}

/// A file in the same directory, because a rename does not cross file systems. Dropped, it is gone.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".forbid-logs-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a new file gets; the umask of the user is taken off, as by any other program.
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder
        .tempfile_in(directory_of(path))
        .map_err(without_temporary_name)
}

/// tempfile adds the name of the temporary file, which is news to whoever typed `path`.
fn without_temporary_name(error: io::Error) -> io::Error {
    use rustix::io::Errno;
    // By number where there is one, so that the sentence is that of the system.
    match error.kind() {
        ErrorKind::Other => error,
        ErrorKind::NotFound => Errno::NOENT.into(),
        ErrorKind::PermissionDenied => Errno::ACCESS.into(),
        ErrorKind::NotADirectory => Errno::NOTDIR.into(),
        ErrorKind::ReadOnlyFilesystem => Errno::ROFS.into(),
        ErrorKind::StorageFull => Errno::NOSPC.into(),
        kind => kind.into(),
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

fn keep_owner_and_permissions(file: &File, existing: &fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Only root may give files away; the group alone may still be allowed.
        let given = std::os::unix::fs::fchown(file, Some(existing.uid()), Some(existing.gid()));
        if given.is_err() {
            let _ = std::os::unix::fs::fchown(file, None, Some(existing.gid()));
        }
    }
    file.set_permissions(existing.permissions())
}

fn shown(path: &Path) -> String {
    crate::escape::terminal_bytes(path.as_os_str().as_encoded_bytes()).into_owned()
}

/// What to do about an error, for whoever typed the path.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "create its directory first",
        ErrorKind::PermissionDenied => {
            "choose a file and directory that you may write to, or leave out -o and redirect"
        }
        ErrorKind::ReadOnlyFilesystem => "choose a file on a writable file system",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space or choose another file system"
        }
        ErrorKind::IsADirectory => "name a file in it",
        ErrorKind::NotADirectory => "a part of the path is a file, not a directory",
        ErrorKind::InvalidInput => "give the name of a file",
        _ => "choose another file with -o",
    }
}

#[cfg(test)]
mod tests;
