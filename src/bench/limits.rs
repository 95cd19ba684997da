//! Passes over the log, and what the machine can do at most: each calls the input and the formats as
//! `analyze` does, with less and less to do per line.
//!
//! Every function opens the log first, outside of the time that is taken, and works on the threads of
//! the current rayon pool. What is counted goes through `black_box`, so that no work is left out.

use super::round::{Lap, timed};
use super::stage::Stage;
use crate::analysis::{self, AnalysisError};
use crate::format::{self, Line, Visitor};
use crate::input::{Chunk, Input, Trouble};
use crate::record::{Record, Reject};
use crate::settings::Settings;
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;
use std::hint::black_box;

/// More than the caches of any processor hold, and little enough for any machine.
const MEMORY_BYTES: usize = 128 << 20;
/// Words that one thread adds up at a time: 1 MiB.
const STRETCH: usize = 128 << 10;

/// Memory that is read to see how fast that goes.
pub struct Memory(Vec<u64>);

impl Memory {
    /// Takes the memory; every page of it is there afterwards.
    pub fn take() -> Memory {
        Memory(vec![1; MEMORY_BYTES / size_of::<u64>()])
    }

    /// Bytes that are read.
    pub const BYTES: u64 = MEMORY_BYTES as u64;

    /// Reads all of it.
    pub fn read(&self) -> Lap {
        let (sum, lap) = timed(Stage::Memory, || {
            self.0
                .par_chunks(STRETCH)
                .map(|words| words.iter().fold(0u64, |sum, word| sum.wrapping_add(*word)))
                .reduce(|| 0, u64::wrapping_add)
        });
        black_box(sum);
        lap
    }
}

/// Reads the log and adds up its words.
pub fn read(settings: &Settings, troubles: &mut Vec<Trouble>) -> Result<Lap, AnalysisError> {
    pass(settings, Stage::Read, troubles, |sum, chunk| {
        *sum = sum.wrapping_add(sum_of_words(chunk.bytes));
    })
}

/// Reads the log and counts its newlines.
pub fn newlines(settings: &Settings, troubles: &mut Vec<Trouble>) -> Result<Lap, AnalysisError> {
    pass(settings, Stage::Newlines, troubles, |count, chunk| {
        *count += memchr::memchr_iter(b'\n', chunk.bytes).count() as u64;
    })
}

/// Finds the lines of the log.
pub fn lines(settings: &Settings, troubles: &mut Vec<Trouble>) -> Result<Lap, AnalysisError> {
    pass(settings, Stage::Lines, troubles, |count, chunk| {
        let mut counter = Counter::default();
        format::visit_unknown(chunk.bytes, &mut counter);
        *count += counter.skipped;
    })
}

/// Parses the lines of the log.
pub fn parse(settings: &Settings, troubles: &mut Vec<Trouble>) -> Result<Lap, AnalysisError> {
    let input = open(settings)?;
    let formats = analysis::detect_all(&input, settings)?;
    Ok(only_pass(input, Stage::Parse, troubles, |count, chunk| {
        let mut counter = Counter::default();
        match formats.get(chunk.source).and_then(Option::as_ref) {
            Some(format) => format.visit_chunk(chunk.directives, chunk.bytes, &mut counter),
            None => format::visit_unknown(chunk.bytes, &mut counter),
        }
        *count += counter.records;
    }))
}

fn pass(
    settings: &Settings,
    stage: Stage,
    troubles: &mut Vec<Trouble>,
    step: impl Fn(&mut u64, &Chunk<'_>) + Sync,
) -> Result<Lap, AnalysisError> {
    Ok(only_pass(open(settings)?, stage, troubles, step))
}

fn only_pass(
    input: Input,
    stage: Stage,
    troubles: &mut Vec<Trouble>,
    step: impl Fn(&mut u64, &Chunk<'_>) + Sync,
) -> Lap {
    let (pass, lap) = timed(stage, || input.only_pass(|| 0, step, &|_| {}));
    black_box(pass.accumulators);
    troubles.extend(pass.troubles);
    lap
}

fn open(settings: &Settings) -> Result<Input, AnalysisError> {
    Ok(Input::open(&settings.input)?.input)
}

/// The sum of all words of eight bytes and of the bytes that are left.
fn sum_of_words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0u64, |sum, word| {
        sum.wrapping_add(u64::from_ne_bytes(*word))
    });
    rest.iter()
        .fold(words, |sum, byte| sum.wrapping_add(u64::from(*byte)))
}

/// Counts, and holds the compiler to making each record.
#[derive(Default)]
struct Counter {
    records: u64,
    skipped: u64,
}

impl Visitor for Counter {
    fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
        black_box(record);
        self.records += 1;
    }

    fn skipped(&mut self, line: Line<'_>, why: Reject) {
        black_box((line, why));
        self.skipped += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::sum_of_words;

    #[test]
    fn every_byte_is_in_the_sum() {
        for length in 0..40 {
            let zeros = vec![0u8; length];
            assert_eq!(sum_of_words(&zeros), 0);
            for at in 0..length {
                let mut bytes = zeros.clone();
                bytes[at] = 1;
                assert_ne!(sum_of_words(&bytes), 0, "{at} of {length}");
            }
        }
    }
}
