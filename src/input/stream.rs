//! Text that comes once and in order: compressed files, pipes, devices, and files that are one long array.
//!
//! A chunk is what fills the nominal size, cut behind its last newline; the rest opens the next one.
//! Whoever holds the stream makes one chunk and lets go of it, so a single decoder feeds all cores
//! and the memory is one chunk per thread (`pass`).
//!
//! Text from a decoder that fails, or a pipe, ends with the last whole line before the failure: half
//! a line is not what the server wrote.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compression::Compression;
use super::directives::Directives;
use super::elements::Elements;
use super::fragments::{AFTER, BEFORE, Carrier};
use super::line::{BLOCK_BYTES, extend_line, last_line_start};
use super::source::HEAD_BYTES;
use crate::format::split_head;

type Reader = Box<dyn Read + Send>;

/// Text that is read once, in order.
pub(super) struct Stream {
    /// A file that waits for its turn: a decoder takes up to 100 MiB of memory and there
    /// may be hundreds of files, so each is decoded from its start when its first chunk is wanted.
    waiting: Option<StoredFile>,
    /// What gives the text, once it flows.
    reader: Option<Reader>,
    /// Bytes of the source that were taken since they were last asked for, before decompression.
    taken: Arc<AtomicU64>,
    /// Text behind the last chunk.
    carry: Vec<u8>,
    /// Whose records may stand on several lines here.
    carrier: Option<Carrier>,
    /// Text before the last chunk's end, where records may stand on several lines.
    behind: Vec<u8>,
    /// Of a W3C extended log, the directives so far.
    directives: Option<Directives>,
    /// Bytes of text before `carry`.
    offset: u64,
    /// Chunks made.
    chunks: usize,
    ended: bool,
    failure: Option<io::Error>,
}

/// Place of a chunk within its stream; its bytes are in the buffer that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: usize,
    pub(super) offset: u64,
}

impl Stream {
    /// The first `len` bytes of a file, without the first `skip` bytes of its text; with it the first
    /// bytes of the whole text.
    pub(super) fn stored(
        file: File,
        len: u64,
        compression: Option<Compression>,
        skip: u64,
    ) -> io::Result<(Stream, Vec<u8>)> {
        let mut file = StoredFile {
            file,
            len,
            compression,
            skip,
            is_array: false,
        };
        // A file that is damaged within its head is a trouble of the pass, like any other.
        let mut head = file.head(HEAD_BYTES)?;
        if let Some(split) = split_head(&head) {
            (file.is_array, head) = (true, split);
        }
        let mut stream = Stream::new(Arc::default());
        stream.waiting = Some(file);
        stream.look_at(&head);
        Ok((stream, head))
    }

    /// A pipe or device, of which `start` was read already; with it the first bytes of its text.
    pub(super) fn pipe(
        start: Vec<u8>,
        pipe: File,
        compression: Option<Compression>,
    ) -> io::Result<(Stream, Vec<u8>)> {
        let mut stream = Stream::new(Arc::default());
        let counted = Counted {
            reader: Cursor::new(start).chain(pipe),
            taken: Arc::clone(&stream.taken),
        };
        let mut rest: Reader = match compression {
            Some(compression) => compression.decoder(counted)?,
            None => Box::new(counted),
        };
        let mut head = Vec::new();
        let read = Read::by_ref(&mut rest)
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut head);
        let text = Cursor::new(head.clone());
        let mut reader: Reader = match read {
            Ok(_) => Box::new(text.chain(rest)),
            Err(error) => {
                stream.failure = Some(error);
                Box::new(text)
            }
        };
        if let Some(split) = split_head(&head) {
            (reader, head) = (Box::new(Elements::new(reader)), split);
        }
        stream.look_at(&head);
        stream.reader = Some(reader);
        Ok((stream, head))
    }

    fn new(taken: Arc<AtomicU64>) -> Stream {
        Stream {
            waiting: None,
            reader: None,
            taken,
            carry: Vec::new(),
            carrier: None,
            behind: Vec::new(),
            directives: None,
            offset: 0,
            chunks: 0,
            ended: false,
            failure: None,
        }
    }

    /// Learns from the first bytes of the text what has to be known of it.
    fn look_at(&mut self, head: &[u8]) {
        self.carrier = Carrier::of(head);
        self.directives = Directives::of(head);
    }

    /// The directives in force at a place of the text that was read.
    pub(super) fn directives_at(&self, offset: u64) -> Vec<u8> {
        let directives = self.directives.as_ref();
        directives.map_or(Vec::new(), |directives| directives.in_force(offset))
    }

    /// Whose records may stand on several lines here.
    pub(super) fn carrier(&self) -> Option<Carrier> {
        self.carrier
    }

    /// True when there is no chunk any more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Bytes of text in the chunks so far, dropped parts of long lines included.
    pub(super) fn text_bytes(&self) -> u64 {
        self.offset
    }

    /// Number of chunks so far.
    pub(super) fn chunks(&self) -> usize {
        self.chunks
    }

    /// What ended the stream before its time.
    pub(super) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Bytes of the source that were taken since the last call, before decompression.
    pub(super) fn take_progress(&self) -> u64 {
        self.taken.swap(0, Ordering::Relaxed)
    }

    /// Puts the next chunk into `chunk`; `None` at the end.
    pub(super) fn next_chunk(&mut self, chunk_bytes: usize, chunk: &mut Vec<u8>) -> Option<Place> {
        chunk.clear();
        if self.ended {
            return None;
        }
        let bytes_of_text = match self.fill(chunk_bytes, chunk) {
            Ok(bytes_of_text) => bytes_of_text,
            Err(error) => {
                self.fail(error);
                chunk.truncate(last_line_start(chunk));
                chunk.len() as u64
            }
        };
        self.make_records_whole(chunk);
        if self.ended {
            // Frees the decoder and the descriptor while other streams are still read.
            self.reader = None;
        }
        if chunk.is_empty() {
            return None;
        }
        let place = Place {
            number: self.chunks,
            offset: self.offset,
        };
        if let Some(directives) = &mut self.directives {
            directives.look_through(chunk, bytes_of_text);
        }
        self.chunks += 1;
        self.offset += bytes_of_text;
        Some(place)
    }

    /// Fills `chunk` with whole lines and gives how much text they were before any was dropped.
    fn fill(&mut self, chunk_bytes: usize, chunk: &mut Vec<u8>) -> io::Result<u64> {
        std::mem::swap(chunk, &mut self.carry);
        let missing = chunk_bytes.saturating_sub(chunk.len());
        if missing > 0 {
            let reader = self.reader()?;
            let got = reader.take(missing as u64).read_to_end(chunk)?;
            if got < missing {
                self.end()?;
                return Ok(chunk.len() as u64);
            }
        }
        let within = chunk.get(..chunk_bytes).unwrap_or(chunk);
        let newline = memchr::memrchr(b'\n', within)
            .or_else(|| memchr::memchr(b'\n', &chunk[within.len()..]).map(|at| within.len() + at));
        match newline {
            Some(newline) => {
                self.carry.extend_from_slice(&chunk[newline + 1..]);
                chunk.truncate(newline + 1);
                Ok(chunk.len() as u64)
            }
            None => self.finish_line(chunk),
        }
    }

    /// Reads on until the one line that `chunk` holds ends.
    fn finish_line(&mut self, chunk: &mut Vec<u8>) -> io::Result<u64> {
        let mut bytes_of_text = chunk.len() as u64;
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        loop {
            block.clear();
            let got = self
                .reader()?
                .take(BLOCK_BYTES as u64)
                .read_to_end(&mut block)?;
            if got == 0 {
                self.end()?;
                return Ok(bytes_of_text);
            }
            match extend_line(chunk, 0, &block) {
                Some(rest) => {
                    self.carry.extend_from_slice(rest);
                    return Ok(bytes_of_text + (block.len() - rest.len()) as u64);
                }
                None => bytes_of_text += block.len() as u64,
            }
        }
    }

    /// Puts records together that stand on several lines.
    fn make_records_whole(&mut self, chunk: &mut Vec<u8>) {
        let Some(carrier) = self.carrier else {
            return;
        };
        let behind = std::mem::take(&mut self.behind);
        let before = &behind[behind.len().saturating_sub(BEFORE)..];
        let mut records = Vec::new();
        let after = || Ok::<_, std::convert::Infallible>(Cow::Owned(self.ahead(AFTER).to_vec()));
        let Ok(joined) = carrier.join(before, chunk, after, &mut records);
        self.behind = behind;
        if self.behind.len() > 2 * BEFORE {
            self.behind.drain(..self.behind.len() - BEFORE);
        }
        self.behind.extend_from_slice(chunk);
        if joined {
            std::mem::swap(chunk, &mut records);
        }
    }

    /// The next `bytes` of text, or what there is, which stay the next.
    fn ahead(&mut self, bytes: usize) -> &[u8] {
        let missing = bytes.saturating_sub(self.carry.len());
        if missing > 0 && !self.ended {
            let mut carry = std::mem::take(&mut self.carry);
            let read = self
                .reader()
                .and_then(|reader| reader.take(missing as u64).read_to_end(&mut carry));
            if let Err(error) = read {
                // Told when the text before it is used up.
                self.failure = Some(error);
                self.reader = Some(Box::new(io::empty()));
            }
            self.carry = carry;
        }
        &self.carry[..self.carry.len().min(bytes)]
    }

    /// The end of the text; an error if a failure had ended it early.
    fn end(&mut self) -> io::Result<()> {
        self.ended = true;
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    fn fail(&mut self, error: io::Error) {
        self.ended = true;
        self.failure = Some(error);
    }

    fn reader(&mut self) -> io::Result<&mut Reader> {
        let reader = match (self.reader.take(), self.waiting.take()) {
            (Some(reader), _) => reader,
            (None, Some(file)) => {
                let mut reader = file.text(&self.taken)?;
                io::copy(
                    &mut Read::by_ref(&mut reader).take(file.skip),
                    &mut io::sink(),
                )?;
                reader
            }
            (None, None) => Box::new(io::empty()),
        };
        Ok(self.reader.insert(reader))
    }
}

/// The first `bytes` of the text in the first `len` bytes of a compressed file, as they are there; fewer, if
/// it is shorter or damaged.
pub(super) fn compressed_head(
    file: &File,
    len: u64,
    compression: Compression,
    bytes: usize,
) -> io::Result<Vec<u8>> {
    let file = StoredFile {
        file: file.try_clone()?,
        len,
        compression: Some(compression),
        skip: 0,
        is_array: false,
    };
    file.head(bytes)
}

/// A regular file that is read from its start.
struct StoredFile {
    file: File,
    len: u64,
    compression: Option<Compression>,
    /// Bytes of text at its start that are not wanted.
    skip: u64,
    /// Whether it is an array on one line, whose elements become lines.
    is_array: bool,
}

impl StoredFile {
    /// The first bytes of the text.
    fn head(&self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        let _ = self
            .text(&Arc::default())?
            .take(bytes as u64)
            .read_to_end(&mut head);
        Ok(head)
    }

    /// The text from the start of the file.
    fn text(&self, taken: &Arc<AtomicU64>) -> io::Result<Reader> {
        let counted = Counted {
            reader: Positioned {
                file: self.file.try_clone()?,
                at: 0,
                end: self.len,
            },
            taken: Arc::clone(taken),
        };
        let text: Reader = match self.compression {
            Some(compression) => compression.decoder(counted)?,
            None => Box::new(counted),
        };
        Ok(match self.is_array {
            true => Box::new(Elements::new(text)),
            false => text,
        })
    }
}

/// A part of a file, read by position: the descriptor's own position is shared with others.
struct Positioned {
    file: File,
    at: u64,
    end: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let want = buffer.len().min(left);
        let got = std::os::unix::fs::FileExt::read_at(&self.file, &mut buffer[..want], self.at)?;
        if got == 0 && want > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += got as u64;
        Ok(got)
    }
}

/// Counts what is read through it.
struct Counted<R> {
    reader: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(buffer)?;
        self.taken.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}
