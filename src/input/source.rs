//! One input, opened: a plain file that can be read anywhere, or a stream that is read once.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Mutex;

use super::compression::{Compression, MAGIC_BYTES, unsupported};
use super::error::InputError;
use super::expand::{Candidate, Place};
use super::plain::PlainFile;
use super::queue::lock;
use super::stream::Stream;

/// Bytes of text at the beginning of a source that are shown before the first pass. Enough to see
/// behind a first line that is as long as any that is read; the same number for every way of reading,
/// so that the format found does not depend on it.
pub const HEAD_BYTES: usize = 2 << 20;

/// One input.
#[derive(Debug)]
pub struct Source {
    /// As given, or as found in a directory or by a glob; `-` for standard input.
    pub path: String,
    /// Compression, if its first bytes show one.
    pub compression: Option<Compression>,
    /// Bytes on disk at open; unknown for pipes and devices.
    pub disk_bytes: Option<u64>,
    /// Device and inode, by which the same file is known under another name.
    pub identity: (u64, u64),
    /// Which LOG it belongs to, counted from 0 in the order in which they were given.
    pub log: usize,
    /// What an earlier run counted, read again for exposure only.
    pub is_context: bool,
    /// The first bytes of text, unless they are in `body`, as they are in the file.
    head: Vec<u8>,
    pub(super) body: Body,
}

/// How the bytes of a source are had.
pub(super) enum Body {
    Plain(PlainFile),
    Stream(Mutex<Stream>),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Body::Plain(file) => file.fmt(f),
            Body::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl Body {
    /// The head with whole records, where they stand on several lines; else as it came.
    fn whole_head(&self, head: Vec<u8>) -> Vec<u8> {
        let (carrier, text) = match self {
            Body::Plain(file) => (file.carrier(), file.head()),
            Body::Stream(stream) => (lock(stream).carrier(), &head[..]),
        };
        let whole = carrier.map(|carrier| carrier.whole_head(text));
        whole.filter(|whole| !whole.is_empty()).unwrap_or(head)
    }
}

impl Source {
    /// The first bytes of text (at most 2 MiB), after decompression: for detecting the format.
    /// May end within a line.
    pub fn head(&self) -> &[u8] {
        match &self.body {
            Body::Plain(file) if self.head.is_empty() => file.head(),
            _ => &self.head,
        }
    }

    /// True while nothing that was read was found missing.
    pub(super) fn is_whole(&self) -> bool {
        match &self.body {
            Body::Plain(file) => file.is_whole(),
            Body::Stream(_) => true,
        }
    }

    /// True if the file is mapped into memory.
    pub fn is_mapped(&self) -> bool {
        matches!(&self.body, Body::Plain(file) if file.is_mapped())
    }
}

/// An input that is open, and of which nothing was read yet.
pub(super) struct OpenFile {
    path: String,
    log: usize,
    file: File,
    identity: (u64, u64),
    /// Length, if it is a regular file at its start.
    len: Option<u64>,
}

impl OpenFile {
    pub(super) fn open(candidate: Candidate) -> Result<OpenFile, InputError> {
        let (path, log) = (candidate.path, candidate.log);
        Self::try_open(&candidate.place)
            .map(|(file, identity, len)| OpenFile {
                file,
                identity,
                len,
                path: path.clone(),
                log,
            })
            .map_err(|error| InputError::from_io(&path, error))
    }

    fn try_open(place: &Place) -> io::Result<(File, (u64, u64), Option<u64>)> {
        let mut file = match place {
            Place::StandardInput => File::from(io::stdin().as_fd().try_clone_to_owned()?),
            Place::File(path) => File::open(path)?,
        };
        let metadata = file.metadata()?;
        // A shell's `<` shares its position with whoever read from it before.
        let mut at_start = || file.stream_position().is_ok_and(|at| at == 0);
        let len = (metadata.is_file() && at_start()).then_some(metadata.len());
        Ok((file, (metadata.dev(), metadata.ino()), len))
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Looks at the first bytes, and maps the file or gets ready to read it.
    pub(super) fn into_source(self, may_map: bool) -> Result<Source, InputError> {
        let OpenFile {
            path,
            log,
            file,
            identity,
            len: disk_bytes,
        } = self;
        let unreadable = |error| InputError::from_io(&path, error);
        let mut start = Vec::with_capacity(MAGIC_BYTES);
        match disk_bytes {
            Some(len) => read_start(&file, len, &mut start),
            None => (&file)
                .take(MAGIC_BYTES as u64)
                .read_to_end(&mut start)
                .map(|_| ()),
        }
        .map_err(unreadable)?;
        if let Some(kind) = unsupported(&start) {
            return Err(InputError::Unsupported { path, kind });
        }
        let compression = Compression::detect(&start);
        let (body, head) =
            body(file, disk_bytes, start, compression, may_map).map_err(unreadable)?;
        Ok(Source {
            path,
            compression,
            disk_bytes,
            identity,
            log,
            is_context: false,
            head: body.whole_head(head),
            body,
        })
    }
}

/// A part of a regular file, which lies between ends of lines.
#[derive(Debug)]
pub struct Part {
    /// As given or found.
    pub path: String,
    /// Which LOG it belongs to.
    pub log: usize,
    /// What an earlier run counted, read again for exposure only.
    pub is_context: bool,
    /// The file.
    pub file: File,
    /// Its compression.
    pub compression: Option<Compression>,
    /// Where the part begins, in bytes of text.
    pub start: u64,
    /// Where a plain file's part ends, in bytes; of a compressed one the bytes on disk, as it is read to
    /// the end of its text.
    pub end: u64,
}

impl Part {
    /// Gets ready to read it; a plain file from its start is mapped if `may_map`.
    pub(super) fn into_source(self, may_map: bool) -> Result<Source, InputError> {
        let unreadable = |error| InputError::from_io(&self.path, error);
        let metadata = self.file.metadata().map_err(unreadable)?;
        let (body, head, disk_bytes) = match self.compression {
            Some(compression) => {
                let (stream, head) =
                    Stream::stored(self.file, self.end, Some(compression), self.start)
                        .map_err(unreadable)?;
                (Body::Stream(Mutex::new(stream)), head, self.end)
            }
            None => {
                let plain = match self.start {
                    0 => PlainFile::new(self.file, self.end, may_map),
                    start => PlainFile::part(self.file, start, self.end),
                };
                let plain = plain.map_err(unreadable)?;
                let (body, head) = plain_body(plain, self.end, self.start).map_err(unreadable)?;
                let disk_bytes = match &body {
                    Body::Plain(file) => file.len(),
                    // It is read from the start of the file.
                    Body::Stream(_) => self.end,
                };
                (body, head, disk_bytes)
            }
        };
        Ok(Source {
            compression: self.compression,
            disk_bytes: Some(disk_bytes),
            identity: (metadata.dev(), metadata.ino()),
            log: self.log,
            is_context: self.is_context,
            path: self.path,
            head: body.whole_head(head),
            body,
        })
    }
}

fn body(
    file: File,
    len: Option<u64>,
    start: Vec<u8>,
    compression: Option<Compression>,
    may_map: bool,
) -> io::Result<(Body, Vec<u8>)> {
    let (stream, head) = match (len, compression) {
        (Some(len), None) => {
            return plain_body(PlainFile::new(file, len, may_map)?, len, 0);
        }
        (Some(len), compression) => Stream::stored(file, len, compression, 0)?,
        (None, compression) => Stream::pipe(start, file, compression)?,
    };
    Ok((Body::Stream(Mutex::new(stream)), head))
}

/// A plain file up to `end`, without the first `skip` bytes: as it is, or as a stream of elements.
fn plain_body(plain: PlainFile, end: u64, skip: u64) -> io::Result<(Body, Vec<u8>)> {
    if !plain.is_array() {
        return Ok((Body::Plain(plain), Vec::new()));
    }
    let (stream, head) = Stream::stored(plain.into_file(), end, None, skip)?;
    Ok((Body::Stream(Mutex::new(stream)), head))
}

fn read_start(file: &File, len: u64, start: &mut Vec<u8>) -> io::Result<()> {
    start.resize(
        MAGIC_BYTES.min(usize::try_from(len).unwrap_or(MAGIC_BYTES)),
        0,
    );
    file.read_exact_at(start, 0)
}
