//! Compression, recognised by the first bytes and never by the name.
//!
//! Sources of the magic numbers: RFC 1952 (gzip), RFC 8878 (zstd and its skippable frames), the
//! bzip2 file format, the .xz file format 1.2.0. All four allow several streams in one file, as
//! appending compressed files makes; all of them are read.

use std::fmt;
use std::io::{self, BufReader, Read};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// Burrows-Wheeler, `.bz2`.
    Bzip2,
    /// LZMA2 in an `.xz` container.
    Xz,
}

/// Bytes that suffice to recognise a compression.
pub(super) const MAGIC_BYTES: usize = 10;

/// Buffer between file and decoder.
const COMPRESSED_BUFFER: usize = 64 << 10;

/// Most bytes asked of a decoder at once. A decoder that finds its data corrupt drops what it made
/// in that call, so this bounds how much good text is lost before the bad spot.
const STEP_BYTES: usize = 32 << 10;

/// Most memory for an xz dictionary. `xz -9` needs 65 MiB; more is taken for an attack.
const XZ_MEMORY: u64 = 256 << 20;

impl Compression {
    /// The compression of data that start with `start`.
    pub fn detect(start: &[u8]) -> Option<Compression> {
        match start {
            [0x1f, 0x8b, 8, ..] => Some(Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Compression::Zstd)
            }
            // The block header is pi, the end of an empty stream the root of pi, in BCD.
            [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x31,
                0x41,
                0x59,
                0x26,
                0x53,
                0x59,
                ..,
            ]
            | [
                b'B',
                b'Z',
                b'h',
                b'1'..=b'9',
                0x17,
                0x72,
                0x45,
                0x38,
                0x50,
                0x90,
                ..,
            ] => Some(Compression::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Compression::Xz),
            _ => None,
        }
    }

    /// Name for outputs.
    pub fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
        }
    }

    /// The program that tests such a file with `-t`.
    pub(super) fn program(self) -> &'static str {
        self.name()
    }

    /// A reader of the text inside `compressed`, through all its streams.
    ///
    /// # Errors
    /// When the decoder cannot get its memory.
    pub(super) fn decoder<R: Read + Send + 'static>(
        self,
        compressed: R,
    ) -> io::Result<Box<dyn Read + Send>> {
        let buffered = BufReader::with_capacity(COMPRESSED_BUFFER, compressed);
        Ok(match self {
            Compression::Gzip => stepwise(flate2::bufread::MultiGzDecoder::new(buffered)),
            Compression::Zstd => stepwise(zstd::stream::read::Decoder::with_buffer(buffered)?),
            Compression::Bzip2 => stepwise(bzip2::bufread::MultiBzDecoder::new(buffered)),
            Compression::Xz => {
                let flags = liblzma::stream::CONCATENATED;
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, flags)?;
                stepwise(liblzma::bufread::XzDecoder::new_stream(buffered, stream))
            }
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the data are, if they are packed in a way that is not supported. All of these
/// have control bytes at the start, which no log has.
pub(super) fn unsupported(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4, ..] => Some("a zip archive"),
        [0x1f, 0x9d, ..] => Some("compressed by `compress` (.Z)"),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some("compressed by lz4"),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some("a 7z archive"),
        _ => None,
    }
}

/// A decoder that is asked for little at a time; see [`STEP_BYTES`].
struct Stepwise<R>(R);

fn stepwise<R: Read + Send + 'static>(decoder: R) -> Box<dyn Read + Send> {
    Box::new(Stepwise(decoder))
}

impl<R: Read> Read for Stepwise<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = buffer.len().min(STEP_BYTES);
        self.0.read(&mut buffer[..step])
    }
}
