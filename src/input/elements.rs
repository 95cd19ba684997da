//! Text that is an array on one line over 1 MiB, with its elements on lines of their own.
//!
//! No line of such a text could be had from its middle, so a plain file is read once and in order too (`stream`):
//! what the bytes become is settled where there is one reader, before there are chunks.

use std::io::{self, Read};

use crate::format::Splitter;

/// Reads a text, and makes lines of the elements of its arrays.
pub(super) struct Elements<R> {
    text: R,
    splitter: Splitter,
}

impl<R: Read> Elements<R> {
    /// Of a text from its start.
    pub(super) fn new(text: R) -> Elements<R> {
        Elements {
            text,
            splitter: Splitter::default(),
        }
    }
}

impl<R: Read> Read for Elements<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.text.read(buffer)?;
        self.splitter.split(&mut buffer[..got]);
        Ok(got)
    }
}
