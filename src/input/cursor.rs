//! A file as a run left it: how far it was read, and how to know it again under another name.
//!
//! Rotation renames a file (the inode stays), copies it or packs it (the text stays). So a file is
//! known by the first 4 KiB of its text, and a plain one by the 4 KiB before the cursor too, which
//! tell a file that was truncated and has grown again from the one before. Nothing behind the cursor
//! is compared: what a file gets to hold later does not make it another one. Where two files fit, as
//! after a copy, the inode decides.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use serde::{Deserialize, Serialize};

use super::compression::{Compression, MAGIC_BYTES};
use super::fragments::{BEFORE, Carrier};
use super::source::HEAD_BYTES;
use super::stream::compressed_head;

/// Bytes of text at the start of a file, and before the cursor, that tell it from others.
const PRINT_BYTES: u64 = 4096;

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Where it stood.
    pub path: String,
    /// Its device and inode.
    pub identity: (u64, u64),
    /// Its bytes on disk when it was last looked at.
    pub size: u64,
    /// Bytes of text that were read, to the end of a line.
    pub offset: u64,
    /// How many bytes of text `head` is the hash of.
    pub head_bytes: u64,
    /// BLAKE3 of the first bytes of text, in hexadecimal.
    pub head: String,
    /// The same of the last bytes before `offset`; absent for compressed files.
    pub tail: Option<String>,
    /// Whether the server was writing to it: it stood under the LOG's own name.
    pub is_live: bool,
    /// A compressed file of which all was read.
    pub is_complete: bool,
    /// It was looked for in vain. It is kept all the same: a file that comes back is not new.
    #[serde(default)]
    pub is_missing: bool,
}

/// A regular file of a LOG, open.
#[derive(Debug)]
pub struct LogFile {
    /// As given or found.
    pub path: String,
    /// Which LOG it belongs to, counted from 0.
    pub log: usize,
    /// Device and inode.
    pub identity: (u64, u64),
    /// Bytes on disk when it was opened.
    pub size: u64,
    /// Its compression.
    pub compression: Option<Compression>,
    /// Whether the server writes to it: it stands under the LOG's own name.
    pub is_live: bool,
    /// Where the text begins that no run has read.
    pub start: u64,
    /// Where it ends: behind the last whole line of a plain file. Unknown for a compressed one, which
    /// ends where it ends, unless nothing is to be read of it.
    pub end: Option<u64>,
    head: Vec<u8>,
    tail_print: Option<String>,
    file: File,
}

impl LogFile {
    /// Looks at an open file.
    pub(super) fn new(path: String, log: usize, file: File) -> io::Result<LogFile> {
        let metadata = file.metadata()?;
        let size = metadata.len();
        let head = read_at(&file, 0, size.min(PRINT_BYTES))?;
        let compression = Compression::detect(&head[..head.len().min(MAGIC_BYTES)]);
        let head = match compression {
            Some(compression) => compressed_head(&file, size, compression, PRINT_BYTES as usize)?,
            None => head,
        };
        Ok(LogFile {
            path,
            log,
            identity: (metadata.dev(), metadata.ino()),
            size,
            compression,
            is_live: false,
            start: 0,
            end: None,
            head,
            tail_print: None,
            file,
        })
    }

    /// Whether the text before the cursor is what this file holds there.
    pub(super) fn holds(&self, cursor: &Cursor) -> bool {
        let Some(head) = self.head.get(..cursor.head_bytes as usize) else {
            return false;
        };
        if hash(head) != cursor.head {
            return false;
        }
        match (&cursor.tail, self.compression) {
            (Some(tail), None) => {
                cursor.offset <= self.size && self.tail(cursor.offset).is_ok_and(|t| t == *tail)
            }
            _ => true,
        }
    }

    /// Whether this plain file begins as the text before the cursor, and ends before it.
    pub(super) fn holds_less(&self, cursor: &Cursor) -> bool {
        let head = self.head.get(..cursor.head_bytes as usize);
        cursor.head_bytes > 0
            && self.compression.is_none()
            && self.size < cursor.offset
            && head.is_some_and(|head| hash(head) == cursor.head)
    }

    /// Whether this file begins as `other` does, as far as it goes: an unfinished copy of it.
    pub(super) fn begins(&self, other: &LogFile) -> bool {
        other.size >= self.size
            && other.head.starts_with(&self.head)
            && self
                .tail(self.size)
                .is_ok_and(|mine| other.tail(self.size).is_ok_and(|theirs| mine == theirs))
    }

    fn tail(&self, offset: u64) -> io::Result<String> {
        let start = offset.saturating_sub(PRINT_BYTES);
        Ok(hash(&read_at(&self.file, start, offset - start)?))
    }

    /// Behind the last whole record between `start` and the end of the file; `start` if there is none.
    pub(super) fn end_of_records(&self, start: u64) -> io::Result<u64> {
        let end = self.end_of_lines(start)?;
        let head = self.read(0, HEAD_BYTES as u64)?;
        let Some(carrier) = Carrier::of(&head) else {
            return Ok(end);
        };
        let from = end.saturating_sub(BEFORE as u64).max(start);
        let text = read_at(&self.file, from, end - from)?;
        // It may begin within a line, and that line is no part then.
        Ok(from + carrier.end_of_records(&text) as u64)
    }

    /// Behind the last newline between `start` and the end of the file; `start` if there is none.
    fn end_of_lines(&self, start: u64) -> io::Result<u64> {
        const STEP: u64 = 64 << 10;
        let mut end = self.size;
        while end > start {
            let from = end.saturating_sub(STEP).max(start);
            let block = read_at(&self.file, from, end - from)?;
            if let Some(at) = memchr::memrchr(b'\n', &block) {
                return Ok(from + at as u64 + 1);
            }
            end = from;
        }
        Ok(start)
    }

    /// Up to `bytes` of a plain file from `offset` on; fewer where it ends.
    ///
    /// # Errors
    /// Those of the system.
    pub fn read(&self, offset: u64, bytes: u64) -> io::Result<Vec<u8>> {
        read_at(
            &self.file,
            offset,
            bytes.min(self.size.saturating_sub(offset)),
        )
    }

    /// Another handle of the file.
    ///
    /// # Errors
    /// When there are no more descriptors.
    pub fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Takes the prints of what this run will have read, before it reads.
    pub(super) fn take_prints(&mut self) -> io::Result<()> {
        if let (Some(end), None) = (self.end, self.compression) {
            self.tail_print = Some(self.tail(end)?);
        }
        Ok(())
    }

    /// The cursor behind what was read: `end`, or for a compressed file so many bytes of `text`.
    pub fn cursor(&self, text: u64) -> Cursor {
        let offset = self.end.unwrap_or(self.start.saturating_add(text));
        let head_bytes = offset.min(self.head.len() as u64);
        Cursor {
            path: self.path.clone(),
            identity: self.identity,
            size: self.size,
            offset,
            head_bytes,
            head: hash(&self.head[..head_bytes as usize]),
            tail: self.tail_print.clone(),
            is_live: self.is_live,
            is_missing: false,
            is_complete: self.compression.is_some(),
        }
    }

    /// The cursor before what is to be read, of a file that was never read: at its start, or behind all
    /// of it if there is nothing to read.
    pub fn first_cursor(&self) -> Cursor {
        if self.end == Some(self.start) {
            return self.cursor(0);
        }
        Cursor {
            offset: 0,
            head_bytes: 0,
            head: hash(b""),
            tail: self.compression.is_none().then(|| hash(b"")),
            is_missing: false,
            is_complete: false,
            ..self.cursor(0)
        }
    }

    /// Whether the file still holds what it held when it was opened. If so, what was read in between
    /// is that text too, because a log is only appended to or truncated.
    pub fn is_still(&self, cursor: &Cursor) -> bool {
        if self.compression.is_some() {
            return true;
        }
        let head = read_at(&self.file, 0, cursor.head_bytes);
        head.is_ok_and(|head| hash(&head) == cursor.head)
            && self
                .tail(cursor.offset)
                .is_ok_and(|tail| Some(tail) == cursor.tail)
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Exactly `bytes` from `offset` on; a file that ends before is an `UnexpectedEof`.
fn read_at(file: &File, offset: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer)
}
