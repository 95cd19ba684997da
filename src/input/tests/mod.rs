//! Tests of the room as a whole: the same lines whatever the way of reading, and what is said when
//! something is wrong.

mod elements;
mod fragments;
mod in_order;
mod lines;
mod opening;
mod troubles;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::*;

/// A way for text to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Mapped,
    Read,
    Piped,
    PipedGzip,
    Packed(Compression),
}

const WAYS: [Way; 8] = [
    Way::Mapped,
    Way::Read,
    Way::Piped,
    Way::PipedGzip,
    Way::Packed(Compression::Gzip),
    Way::Packed(Compression::Zstd),
    Way::Packed(Compression::Bzip2),
    Way::Packed(Compression::Xz),
];

/// A chunk, kept for comparison.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    source: usize,
    number: usize,
    offset: u64,
    bytes: Vec<u8>,
}

/// `text` in one stream of `compression`.
fn pack(compression: Compression, text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    match compression {
        Compression::Gzip => flate2::bufread::GzEncoder::new(text, flate2::Compression::fast())
            .read_to_end(&mut packed),
        Compression::Zstd => zstd::stream::read::Encoder::new(text, 1)
            .unwrap()
            .read_to_end(&mut packed),
        Compression::Bzip2 => bzip2::bufread::BzEncoder::new(text, bzip2::Compression::fast())
            .read_to_end(&mut packed),
        Compression::Xz => liblzma::bufread::XzEncoder::new(text, 0).read_to_end(&mut packed),
    }
    .unwrap();
    packed
}

/// `text` in two streams, one behind the other.
fn pack_twice(compression: Compression, text: &[u8]) -> Vec<u8> {
    let (first, second) = text.split_at(text.len() / 2);
    let mut packed = pack(compression, first);
    packed.extend(pack(compression, second));
    packed
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> String {
    let path = directory.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A pipe that gives `bytes`, as a shell's `<(...)` makes it. The reader must live until it is
/// opened by its path.
fn pipe(bytes: Vec<u8>) -> (String, std::io::PipeReader, JoinHandle<()>) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let thread = std::thread::spawn(move || {
        // The other end may stop reading.
        let _ = writer.write_all(&bytes);
    });
    (path, reader, thread)
}

fn settings(logs: &[String], chunk_bytes: usize) -> InputSettings {
    InputSettings {
        logs: logs.to_vec(),
        chunk_bytes,
        ..InputSettings::default()
    }
}

/// Opens the text in the given way, and does something with it.
fn with_input<T>(way: Way, text: &[u8], chunk_bytes: usize, run: impl FnOnce(Input) -> T) -> T {
    guard::install().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let name = "access.log";
    let mut writer = None;
    let path = match way {
        Way::Mapped | Way::Read => write(directory.path(), name, text),
        Way::Packed(compression) => write(directory.path(), name, &pack_twice(compression, text)),
        Way::Piped | Way::PipedGzip => {
            let bytes = match way {
                Way::PipedGzip => pack_twice(Compression::Gzip, text),
                _ => text.to_vec(),
            };
            let (path, reader, thread) = pipe(bytes);
            writer = Some((reader, thread));
            path
        }
    };
    let mut settings = settings(&[path], chunk_bytes);
    settings.no_mmap = way == Way::Read;
    let opened = Input::open(&settings).unwrap();
    assert!(opened.warnings.is_empty() && opened.troubles.is_empty());
    let is_mapped = opened.input.sources()[0].is_mapped();
    let may_be_mapped = !text.is_empty() && crate::format::split_head(text).is_none();
    assert_eq!(is_mapped, way == Way::Mapped && may_be_mapped);
    let result = run(opened.input);
    if let Some((reader, thread)) = writer {
        drop(reader);
        thread.join().unwrap();
    }
    result
}

fn remember(seen: &mut Vec<Seen>, chunk: &Chunk<'_>) {
    seen.push(Seen {
        source: chunk.source,
        number: chunk.number,
        offset: chunk.offset,
        bytes: chunk.bytes.to_vec(),
    });
}

fn sorted(pass: Pass<Vec<Seen>>) -> Vec<Seen> {
    let mut seen = pass.accumulators.concat();
    seen.sort();
    seen
}

/// A first pass, with its chunks in order.
fn first_pass(input: &mut Input) -> (Vec<Seen>, Vec<Trouble>) {
    let mut pass = input.first_pass(Vec::new, remember, &|_| {});
    let troubles = std::mem::take(&mut pass.troubles);
    (sorted(pass), troubles)
}

/// A second pass over all chunks, in order.
fn second_pass(input: &Input) -> (Vec<Seen>, Vec<Trouble>) {
    let mut pass = input.second_pass(&|_, _| true, Vec::new, remember, &|_| {});
    let troubles = std::mem::take(&mut pass.troubles);
    (sorted(pass), troubles)
}

fn text_of(seen: &[Seen]) -> Vec<u8> {
    seen.iter().flat_map(|seen| seen.bytes.clone()).collect()
}
