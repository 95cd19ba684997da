//! Where bytes come from: files, globs, directories, pipes; plain, mapped, compressed, rotated.
//!
//! ```text
//! LOG... → expand → open → Source → Chunk → step (on every core) → accumulators
//!                                 ↘ spool (what cannot be read twice) → Chunk of the second pass
//! ```
//!
//! Invariant: the lines are the same whatever the size of chunks, the way of reading, the compression
//! and the number of threads. Elements of an array on one line over [`LONGEST_LINE`] are lines; only other lines over [`LONGEST_LINE`] may be cut, to one byte more than that.

mod compression;
pub mod cursor;
mod descriptors;
mod directives;
mod elements;
mod error;
mod expand;
pub mod follow;
mod fragments;
pub mod guard;
mod line;
mod mapping;
mod pass;
mod plain;
mod queue;
mod rotation;
mod source;
mod spool;
mod stream;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::ControlFlow;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use compression::Compression;
pub use error::{InputError, Trouble};
pub use line::LONGEST_LINE;
pub use pass::newlines;
pub use source::{HEAD_BYTES, Part, Source};

use crate::settings::InputSettings;
use pass::{Kept, Reading};
use source::OpenFile;
use spool::Spool;

/// The logs of one run, open.
#[derive(Debug)]
pub struct Input {
    sources: Vec<Source>,
    settings: InputSettings,
    /// Present after the first pass, if there are streams.
    spool: Option<Spool>,
    /// Chunks of streams in the spool, by source; empty before the first pass.
    kept: Vec<Vec<Kept>>,
    /// Bytes of text by source, once the streams are read.
    text_bytes: Option<Vec<u64>>,
}

/// What [`Input::open`] gives.
#[derive(Debug)]
pub struct Opened {
    /// The logs that can be read, at least one.
    pub input: Input,
    /// What is worth a remark, such as a file that was given twice.
    pub warnings: Vec<String>,
    /// The inputs that cannot be read.
    pub troubles: Vec<Trouble>,
}

/// A part of a source that holds whole lines.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// Index of the source.
    pub source: usize,
    /// Rises with the offset; numbers of a source may be missing, where a line spans several chunks.
    pub number: usize,
    /// Where the chunk starts in the text of its source, after decompression, in bytes.
    pub offset: u64,
    /// Lines, each with its newline; only the last line of a source may lack it. The last line of a
    /// chunk may be cut to `LONGEST_LINE + 1` bytes and its newline, if it is longer than that.
    pub bytes: &'a [u8],
    /// Of a W3C extended log, the directives before the chunk that are in force at its start, one a line.
    pub directives: &'a [u8],
}

/// What a pass gives.
#[derive(Debug)]
pub struct Pass<A> {
    /// One for each worker that had something to do, in no order.
    pub accumulators: Vec<A>,
    /// What could not be read, or not kept.
    pub troubles: Vec<Trouble>,
    /// Bytes of text of every source, after decompression.
    pub text_bytes: Vec<u64>,
}

/// The files that LOGs stand for now, standard input by its name in `/dev`; those that are missing are
/// left out.
pub fn files_of(logs: &[String]) -> Vec<std::path::PathBuf> {
    let (candidates, _) = expand::expand(logs);
    let path = |candidate: expand::Candidate| match candidate.place {
        expand::Place::StandardInput => "/dev/stdin".into(),
        expand::Place::File(path) => path,
    };
    candidates.into_iter().map(path).collect()
}

impl Input {
    /// Expands what was typed and opens all of it, in canonical order: by directory, by the name of
    /// the rotated set, the oldest file first, standard input last. Compression is recognised by
    /// content. The same file under several names is read once.
    ///
    /// Plain files are mapped only if [`guard::install`] was called before; else they are read.
    ///
    /// # Errors
    /// If no input can be read; those that fail while others work are troubles.
    pub fn open(settings: &InputSettings) -> Result<Opened, InputError> {
        if settings.logs.is_empty() {
            return Err(InputError::NoLog);
        }
        let (candidates, mut errors) = expand::expand(&settings.logs);
        descriptors::make_room(candidates.len());
        let mut files = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            match OpenFile::open(candidate) {
                Ok(file) => files.push(file),
                Err(error) => errors.push(error),
            }
        }
        let (files, warnings) = once(files);
        let may_map = !settings.no_mmap;
        // In parallel, because the head of a compressed file has to be decoded.
        let looked_at: Vec<_> = files
            .into_par_iter()
            .map(|file| file.into_source(may_map))
            .collect();
        let mut sources = Vec::with_capacity(looked_at.len());
        for source in looked_at {
            match source {
                Ok(source) => sources.push(source),
                Err(error) => errors.push(error),
            }
        }
        if sources.is_empty() {
            return Err(InputError::of_all(errors));
        }
        Ok(Opened {
            input: Input::new(sources, settings),
            warnings,
            troubles: errors.into_iter().map(Trouble::NotOpened).collect(),
        })
    }

    /// The parts of files that a run goes on with ([`follow`]), in their order. There may be none.
    ///
    /// # Errors
    /// If one of them cannot be read any more.
    pub fn of_parts(parts: Vec<Part>, settings: &InputSettings) -> Result<Input, InputError> {
        let may_map = !settings.no_mmap;
        let sources = parts.into_iter().map(|part| part.into_source(may_map));
        Ok(Input::new(sources.collect::<Result<_, _>>()?, settings))
    }

    fn new(sources: Vec<Source>, settings: &InputSettings) -> Input {
        let mut settings = settings.clone();
        settings.chunk_bytes = settings.chunk_bytes.max(1);
        Input {
            sources,
            settings,
            spool: None,
            kept: Vec::new(),
            text_bytes: None,
        }
    }

    /// The inputs, in canonical order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Bytes on disk of all inputs: what the progress of the first pass adds up to. Unknown if one
    /// of them is a pipe.
    pub fn total_bytes(&self) -> Option<u64> {
        self.sources.iter().map(|source| source.disk_bytes).sum()
    }

    /// First pass: every chunk of every source, on the threads of the current rayon pool, in any
    /// order. `step` is called once for every chunk, with the accumulator of its thread. Chunks of
    /// streams are kept in the spool. `progress` gets the bytes on disk read since it was last called.
    ///
    /// If a mapped file shrinks while `step` looks at one of its chunks, the missing part reads as
    /// zeros; the file is then a [`Trouble::Shrank`], which does not count that chunk as analysed.
    ///
    /// Called again, streams come from the spool, as far as it kept them.
    pub fn first_pass<A: Send>(
        &mut self,
        new: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, &Chunk<'_>) + Sync,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Pass<A> {
        if self.text_bytes.is_some() {
            return self.second_pass(&|_, _| true, new, step, progress);
        }
        let has_streams = |source: &Source| matches!(source.body, source::Body::Stream(_));
        if self.sources.iter().any(has_streams) {
            let directory = self.settings.temp_dir.as_deref();
            self.spool = Some(Spool::new(directory, self.settings.max_temp_bytes));
        }
        let (pass, kept) = self.reading(None, progress).run(new, step);
        self.kept = kept;
        self.text_bytes = Some(pass.text_bytes.clone());
        pass
    }

    /// The only pass: as the first one, but nothing is kept for a second.
    pub fn only_pass<A: Send>(
        self,
        new: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, &Chunk<'_>) + Sync,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Pass<A> {
        self.reading(None, progress).run(new, step).0
    }

    /// Second pass: the chunks for which `wanted(source, number)` holds, with the same edges as in
    /// the first. `progress` gets bytes of the file (plain) or of text (from the spool), of wanted
    /// chunks only. A chunk that was lost between the passes is a trouble.
    pub fn second_pass<A: Send>(
        &self,
        wanted: &(dyn Fn(usize, usize) -> bool + Sync),
        new: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, &Chunk<'_>) + Sync,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Pass<A> {
        self.reading(Some(wanted), progress).run(new, step).0
    }

    /// A pass whose results come out in the order of the input: `step` makes one of each wanted chunk,
    /// on every core, and `take` gets them one by one, until it breaks off. `step` is also told how many
    /// lines of its source stand before the chunk, as far as chunks are wanted: `count` says how many one
    /// has, such as [`newlines`]. Besides the chunks in
    /// work, at most two results for each core wait for their turn.
    ///
    /// After a first pass, streams come from the spool; without one they are read now, and only now.
    pub fn pass_in_order<A: Send, T: Send>(
        &self,
        wanted: &(dyn Fn(usize, usize) -> bool + Sync),
        new: impl Fn() -> A + Sync,
        count: impl Fn(&Chunk<'_>) -> u64 + Sync,
        step: impl Fn(&mut A, &Chunk<'_>, u64) -> T + Sync,
        take: impl FnMut(T) -> ControlFlow<()> + Send,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Pass<A> {
        let wanted = self.text_bytes.is_some().then_some(wanted);
        self.reading(wanted, progress)
            .run_in_order(new, count, step, take)
    }

    /// The usual places of access logs on this machine, as patterns that match at least one file.
    pub fn usual_places() -> Vec<String> {
        expand::usual_places("/")
    }

    fn reading<'a>(
        &'a self,
        wanted: Option<pass::Wanted<'a>>,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> Reading<'a> {
        Reading {
            sources: &self.sources,
            chunk_bytes: self.settings.chunk_bytes,
            spool: self.spool.as_ref(),
            kept: &self.kept,
            wanted,
            progress,
        }
    }
}

/// Drops files that were given before under this or another name, with a warning for each.
fn once(files: Vec<OpenFile>) -> (Vec<OpenFile>, Vec<String>) {
    let mut seen: HashMap<(u64, u64), String> = HashMap::new();
    let mut warnings = Vec::new();
    let mut kept = Vec::with_capacity(files.len());
    for file in files {
        let path = file.path();
        match seen.get(&file.identity()) {
            Some(first) if first == path => {
                warnings.push(format!("{path} was given more than once; it is read once"));
            }
            Some(first) => warnings.push(format!(
                "{path} is the same file as {first}; it is read once"
            )),
            None => {
                seen.insert(file.identity(), path.to_owned());
                kept.push(file);
            }
        }
    }
    (kept, warnings)
}
