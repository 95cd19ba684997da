//! The spool: text that cannot be read twice, kept for the second pass.
//!
//! Each chunk is appended to a file without a name, which the system removes with the process, however
//! that ends. Chunks are kept in the order in which threads finish them; an [`Extent`] finds one again.
//! The first of them are kept as they are, which costs a fifth of packing and unpacking them; what comes
//! behind is compressed chunk by chunk, so that a log of any length takes a quarter of its text. When the
//! room is used up or the disk full, the chunks that follow are not kept, and the reason is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// zstd's level. -3 packs an access log to a quarter at 0.8 GB/s and core, 1 to a sixth at 0.7; the
/// time of a core is dearer here than room on disk.
const LEVEL: i32 = -3;

/// Text that is kept as it is: what the system's own cache of files holds without writing it to the disk
/// soon.
const UNPACKED_BYTES: u64 = 2 << 30;

/// Text kept on disk.
#[derive(Debug)]
pub(super) struct Spool {
    file: Option<File>,
    limit: u64,
    used: AtomicU64,
    full: OnceLock<String>,
}

/// Where a chunk lies in the spool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    at: u64,
    /// How many bytes it takes there, where it is packed.
    packed_bytes: Option<usize>,
    text_bytes: usize,
}

/// A thread's means to pack and unpack, used again for every chunk.
#[derive(Default)]
pub(super) struct Packer {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
    packed: Vec<u8>,
}

impl Spool {
    /// A spool in `directory`, or where the system puts temporary files, of at most `limit` bytes.
    /// If it cannot be made it is full from the start, for that reason.
    pub(super) fn new(directory: Option<&Path>, limit: u64) -> Spool {
        let made = match directory {
            Some(directory) => tempfile::tempfile_in(directory),
            None => tempfile::tempfile(),
        };
        let full = OnceLock::new();
        let file = made
            .map_err(|error| {
                let directory = directory.map_or_else(std::env::temp_dir, Path::to_path_buf);
                let reason = format!("no temporary file in {}: {error}", directory.display());
                full.set(reason)
            })
            .ok();
        Spool {
            file,
            limit,
            used: AtomicU64::new(0),
            full,
        }
    }

    /// Keeps `text`, unless the spool is full.
    pub(super) fn keep(&self, text: &[u8], packer: &mut Packer) -> Option<Extent> {
        let file = self.file.as_ref()?;
        if self.full.get().is_some() {
            return None;
        }
        let kept = self.write(file, text, packer);
        kept.map_err(|error| self.full.set(error.to_string())).ok()
    }

    fn write(&self, file: &File, text: &[u8], packer: &mut Packer) -> io::Result<Extent> {
        // Of a small limit, only a part is spent so freely.
        let unpacked = UNPACKED_BYTES.min(self.limit / 8);
        let is_packed = self.used.load(Ordering::Relaxed) + text.len() as u64 > unpacked;
        let bytes = if is_packed { packer.pack(text)? } else { text };
        let at = self.reserve(bytes.len() as u64)?;
        file.write_all_at(bytes, at)?;
        Ok(Extent {
            at,
            packed_bytes: is_packed.then_some(bytes.len()),
            text_bytes: text.len(),
        })
    }

    /// Puts the text of `extent` into `text`.
    pub(super) fn read(
        &self,
        extent: Extent,
        packer: &mut Packer,
        text: &mut Vec<u8>,
    ) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let Some(packed_bytes) = extent.packed_bytes else {
            text.resize(extent.text_bytes, 0);
            return file.read_exact_at(text, extent.at);
        };
        packer.packed.resize(packed_bytes, 0);
        file.read_exact_at(&mut packer.packed, extent.at)?;
        packer.unpack(extent.text_bytes, text)
    }

    /// Why some text was not kept.
    pub(super) fn full(&self) -> Option<&str> {
        self.full.get().map(String::as_str)
    }

    fn reserve(&self, bytes: u64) -> io::Result<u64> {
        let at = self.used.fetch_add(bytes, Ordering::Relaxed);
        if at.saturating_add(bytes) > self.limit {
            let reason = format!("the limit of {} bytes is reached", self.limit);
            return Err(io::Error::other(reason));
        }
        Ok(at)
    }
}

impl Packer {
    fn pack(&mut self, text: &[u8]) -> io::Result<&[u8]> {
        let compressor = match self.compressor.take() {
            Some(compressor) => compressor,
            None => zstd::bulk::Compressor::new(LEVEL)?,
        };
        let compressor = self.compressor.insert(compressor);
        self.packed.clear();
        self.packed
            .reserve(zstd::zstd_safe::compress_bound(text.len()));
        compressor.compress_to_buffer(text, &mut self.packed)?;
        Ok(&self.packed)
    }

    fn unpack(&mut self, text_bytes: usize, text: &mut Vec<u8>) -> io::Result<()> {
        let decompressor = match self.decompressor.take() {
            Some(decompressor) => decompressor,
            None => zstd::bulk::Decompressor::new()?,
        };
        let decompressor = self.decompressor.insert(decompressor);
        text.clear();
        text.reserve(text_bytes);
        decompressor.decompress_to_buffer(&self.packed, text)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(limit: u64) -> Spool {
        Spool::new(None, limit)
    }

    #[test]
    fn what_is_kept_comes_back() {
        // Room for the first as it is; the others are packed.
        let (spool, mut packer) = (spool(8 * 5), Packer::default());
        let texts: [&[u8]; 3] = [b"one\n", b"", b"\0\xff two\n"];
        let extents: Vec<_> = texts
            .iter()
            .map(|text| spool.keep(text, &mut packer).unwrap())
            .collect();
        let mut text = Vec::new();
        for (extent, expected) in extents.iter().zip(texts).rev() {
            spool.read(*extent, &mut packer, &mut text).unwrap();
            assert_eq!(text, expected);
        }
        assert_eq!(spool.full(), None);
    }

    #[test]
    fn a_full_spool_keeps_what_it_has_and_says_why() {
        let (spool, mut packer) = (spool(30), Packer::default());
        let first = spool.keep(b"short\n", &mut packer).unwrap();
        assert!(spool.keep(b"no room for this one", &mut packer).is_none());
        assert!(spool.keep(b"nor", &mut packer).is_none());
        assert!(spool.full().unwrap().contains("30 bytes"));
        let mut text = Vec::new();
        spool.read(first, &mut packer, &mut text).unwrap();
        assert_eq!(text, b"short\n");
    }

    #[test]
    fn a_spool_that_cannot_be_made_is_full() {
        let spool = Spool::new(Some(Path::new("/nonexistent/directory")), 1 << 20);
        assert!(spool.keep(b"x", &mut Packer::default()).is_none());
        assert!(spool.full().unwrap().contains("/nonexistent/directory"));
    }
}
