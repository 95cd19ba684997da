//! An uncompressed regular file: chunks in any order, by as many threads as there are.
//!
//! Chunk `k` of nominal size `c` holds the lines whose first byte lies in `[k·c, (k+1)·c)`. So every
//! thread finds its chunk's edges by itself, from the bytes around `k·c` and `(k+1)·c`, whether they
//! are mapped or read; a chunk inside a long line is empty. Only the length at open counts: what is
//! appended later belongs to the next run.
//!
//! The file stays open, so a rotation by rename changes nothing. Truncation and rewriting do: the
//! size is looked at before every chunk, and size and beginning after every pass.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use super::directives::Directives;
use super::fragments::{AFTER, BEFORE, Carrier};
use super::line::{BLOCK_BYTES, extend_line, last_line_start};
use super::mapping::Mapping;
use super::queue::lock;
use super::source::HEAD_BYTES;
use crate::format::split_head;

/// Bytes at the beginning of a file that tell it from another.
const FINGERPRINT_BYTES: usize = 4096;

/// Pages are given back by so many bytes: each time, all threads must forget where they were.
const RELEASED_BYTES: usize = 16 << 20;

/// A regular file, opened.
#[derive(Debug)]
pub(super) struct PlainFile {
    file: File,
    /// Where the text begins in the file; not at its start where only a part of it is read.
    base: u64,
    len: u64,
    fingerprint: blake3::Hash,
    /// Whose records may stand on several lines here.
    carrier: Option<Carrier>,
    /// Of a W3C extended log, the directives of the file so far.
    directives: Option<Mutex<Directives>>,
    text: Text,
}

#[derive(Debug)]
enum Text {
    Mapped(Mapping),
    Read { head: Vec<u8> },
}

/// A part of a file that holds whole lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

/// Why a chunk cannot be had.
#[derive(Debug)]
pub(super) enum Lost {
    /// The file is shorter than it was, or a page of its mapping is gone.
    Shrank,
    Failed(io::Error),
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Lost {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Lost::Shrank,
            _ => Lost::Failed(error),
        }
    }
}

impl PlainFile {
    /// Takes the first `len` bytes of `file`, mapped if `may_map` and possible.
    pub(super) fn new(file: File, len: u64, may_map: bool) -> io::Result<PlainFile> {
        let fingerprint = fingerprint(&file, len)?;
        let text = match may_map.then(|| Mapping::new(&file, len)).flatten() {
            Some(mapping) => Text::Mapped(mapping),
            None => {
                let mut head = Vec::new();
                read_range(&file, 0, len.min(HEAD_BYTES as u64), &mut head)?;
                Text::Read { head }
            }
        };
        let mut file = PlainFile {
            file,
            base: 0,
            len,
            fingerprint,
            carrier: None,
            directives: None,
            text,
        };
        file.carrier = Carrier::of(file.head());
        file.directives = Directives::of(file.head()).map(Mutex::new);
        Ok(file)
    }

    /// Takes the bytes of `file` from `start` to `end`, between two ends of lines. The head is that of
    /// the file all the same: what is read of it must not change its format.
    pub(super) fn part(file: File, start: u64, end: u64) -> io::Result<PlainFile> {
        let mut head = Vec::new();
        read_range(&file, 0, end.min(HEAD_BYTES as u64), &mut head)?;
        Ok(PlainFile {
            fingerprint: fingerprint(&file, end)?,
            file,
            base: start,
            len: end.saturating_sub(start),
            carrier: Carrier::of(&head),
            directives: Directives::of(&head).map(Mutex::new),
            text: Text::Read { head },
        })
    }

    pub(super) fn head(&self) -> &[u8] {
        match &self.text {
            Text::Mapped(mapping) => {
                let text = mapping.bytes();
                &text[..text.len().min(HEAD_BYTES)]
            }
            Text::Read { head } => head,
        }
    }

    /// Whether it is one long array, of which no line can be had from the middle.
    pub(super) fn is_array(&self) -> bool {
        split_head(self.head()).is_some()
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_mapped(&self) -> bool {
        matches!(self.text, Text::Mapped(_))
    }

    /// How many chunks of nominally `chunk_bytes` there are, the empty ones included.
    pub(super) fn chunks(&self, chunk_bytes: usize) -> usize {
        usize::try_from(self.len.div_ceil(chunk_bytes as u64)).unwrap_or(usize::MAX)
    }

    /// Bytes of the file between the nominal edges of a chunk: what it adds to the progress.
    pub(super) fn nominal_bytes(&self, number: usize, chunk_bytes: usize) -> u64 {
        let start = number as u64 * chunk_bytes as u64;
        self.len.saturating_sub(start).min(chunk_bytes as u64)
    }

    /// The lines of chunk `number`; `None` if no line starts there.
    pub(super) fn chunk<'a>(
        &'a self,
        number: usize,
        chunk_bytes: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<Piece<'a>>, Lost> {
        let start = number as u64 * chunk_bytes as u64;
        let edges = Edges {
            // The byte before the first possible start of a line, which ends the line before.
            look_from: start.saturating_sub(1),
            // The byte that ends the last possible line, if it is short.
            last: (start.saturating_add(chunk_bytes as u64)).min(self.len) - 1,
            is_first: number == 0,
        };
        match &self.text {
            Text::Mapped(mapping) => {
                let piece = mapped_piece(mapping.bytes(), edges);
                self.check(&piece)?;
                Ok(piece)
            }
            Text::Read { .. } => self.read_piece(edges, buffer),
        }
    }

    /// The lines of a piece with whole records; in `buffer`, if that makes a difference.
    pub(super) fn records<'a>(
        &self,
        piece: &Piece<'a>,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Lost> {
        let Some(carrier) = self.carrier else {
            return Ok(piece.bytes);
        };
        let end = piece.offset + piece.bytes.len() as u64;
        let before = self.around(piece.offset.saturating_sub(BEFORE as u64), piece.offset)?;
        let after = || self.around(end, self.len.min(end + AFTER as u64));
        Ok(match carrier.join(&before, piece.bytes, after, buffer)? {
            true => buffer,
            false => piece.bytes,
        })
    }

    /// The directives in force at a place of the text where a line starts. Of a part, those before it too.
    pub(super) fn directives_at(&self, offset: u64) -> Result<Vec<u8>, Lost> {
        let Some(directives) = &self.directives else {
            return Ok(Vec::new());
        };
        let mut directives = lock(directives);
        directives.look_on(self.base + offset, |start, end| match &self.text {
            Text::Mapped(_) => self.around(start, end),
            Text::Read { .. } => {
                let mut text = Vec::new();
                read_range(&self.file, start, end, &mut text)?;
                Ok(Cow::Owned(text))
            }
        })?;
        Ok(directives.in_force(self.base + offset))
    }

    /// The text from `start` to `end`, which a piece does not hold.
    fn around(&self, start: u64, end: u64) -> Result<Cow<'_, [u8]>, Lost> {
        match &self.text {
            // Within the mapping, so it fits.
            Text::Mapped(mapping) => {
                let text = mapping.bytes().get(start as usize..end as usize);
                text.map(Cow::Borrowed).ok_or(Lost::Shrank)
            }
            Text::Read { .. } => {
                let mut text = Vec::new();
                self.read(start, end, &mut text)?;
                Ok(Cow::Owned(text))
            }
        }
    }

    /// Whose records may stand on several lines here.
    pub(super) fn carrier(&self) -> Option<Carrier> {
        self.carrier
    }

    /// Gives back memory behind a chunk that is done with, now and then.
    pub(super) fn release(&self, offset: u64, len: usize) {
        if let Text::Mapped(mapping) = &self.text {
            // Within the mapping, so it fits.
            let (start, end) = (offset as usize, offset as usize + len);
            let passed = end - end % RELEASED_BYTES;
            if passed > start {
                mapping.release(passed - RELEASED_BYTES, passed);
            }
        }
    }

    /// True while nothing was found missing in the mapping.
    pub(super) fn is_whole(&self) -> bool {
        match &self.text {
            Text::Mapped(mapping) => !mapping.is_damaged(),
            Text::Read { .. } => true,
        }
    }

    /// True if size and beginning are (still) those of the file that was opened.
    pub(super) fn is_unchanged(&self) -> bool {
        let end = self.base + self.len;
        let same_start = fingerprint(&self.file, end).is_ok_and(|f| f == self.fingerprint);
        same_start && self.is_whole() && self.file.metadata().is_ok_and(|m| m.len() >= end)
    }

    fn check(&self, piece: &Option<Piece<'_>>) -> Result<(), Lost> {
        let end = piece
            .as_ref()
            .map_or(0, |piece| piece.offset + piece.bytes.len() as u64);
        if !self.is_whole() || self.file.metadata()?.len() < end {
            return Err(Lost::Shrank);
        }
        Ok(())
    }

    fn read_piece<'a>(
        &self,
        edges: Edges,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<Piece<'a>>, Lost> {
        self.read(edges.look_from, edges.last + 1, buffer)?;
        let Some(skip) = edges.first_line(buffer) else {
            return Ok(None);
        };
        self.read_to_newline(edges.last + 1, buffer)?;
        Ok(Some(Piece {
            offset: edges.look_from + skip as u64,
            bytes: &buffer[skip..],
        }))
    }

    /// Reads the text from `start` to `end`.
    fn read(&self, start: u64, end: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
        read_range(&self.file, self.base + start, self.base + end, buffer)
    }

    /// Completes the last line of `buffer`, which ends at `at` of the text.
    fn read_to_newline(&self, mut at: u64, buffer: &mut Vec<u8>) -> Result<(), Lost> {
        if buffer.ends_with(b"\n") {
            return Ok(());
        }
        let line_start = last_line_start(buffer);
        let mut block = Vec::new();
        while at < self.len {
            let end = self.len.min(at + BLOCK_BYTES as u64);
            self.read(at, end, &mut block)?;
            if extend_line(buffer, line_start, &block).is_some() {
                break;
            }
            at = end;
        }
        Ok(())
    }
}

/// Where to look for the lines of a chunk, in bytes from the start of the text.
#[derive(Debug, Clone, Copy)]
struct Edges {
    look_from: u64,
    last: u64,
    is_first: bool,
}

impl Edges {
    /// Where the first line of the chunk starts in `text`, the bytes from `look_from` to `last`.
    fn first_line(self, text: &[u8]) -> Option<usize> {
        if self.is_first {
            return Some(0);
        }
        let before_end = text.len().checked_sub(1)?;
        memchr::memchr(b'\n', &text[..before_end]).map(|at| at + 1)
    }
}

/// The chunk within `edges` of a text in memory.
fn mapped_piece(text: &[u8], edges: Edges) -> Option<Piece<'_>> {
    // Both are below the length of `text`, which fits.
    let (look_from, last) = (edges.look_from as usize, edges.last as usize);
    let skip = edges.first_line(text.get(look_from..=last)?)?;
    let end = memchr::memchr(b'\n', text.get(last..)?).map_or(text.len(), |at| last + at + 1);
    let start = look_from + skip;
    text.get(start..end).map(|bytes| Piece {
        offset: start as u64,
        bytes,
    })
}

fn fingerprint(file: &File, len: u64) -> io::Result<blake3::Hash> {
    let mut start = Vec::new();
    read_range(file, 0, len.min(FINGERPRINT_BYTES as u64), &mut start)?;
    Ok(blake3::hash(&start))
}

/// Reads the bytes from `start` to `end`; a file that ends before is an `UnexpectedEof`.
fn read_range(file: &File, start: u64, end: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    let len = usize::try_from(end.saturating_sub(start)).map_err(io::Error::other)?;
    // Grows the buffer at the first chunks only; it is not cleared, as every byte is overwritten.
    buffer.resize(len, 0);
    file.read_exact_at(buffer, start)
}
