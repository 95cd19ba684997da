//! One pass over the chunks: workers that fetch, step and keep, and the account of what was lost.
//!
//! Workers are the threads of the current rayon pool, each with its own accumulator and buffers. A
//! chunk is worked on where it was made. Troubles are counted by source and told after the pass.

mod in_order;

pub use in_order::newlines;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Trouble;
use super::plain::{Lost, PlainFile};
use super::queue::{Queue, Task, Turn, lock};
use super::source::{Body, Source};
use super::spool::{Extent, Packer, Spool};
use super::stream::Stream;
use super::{Chunk, Pass};

/// A chunk of a stream that was kept for the second pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) number: usize,
    offset: u64,
    extent: Extent,
}

/// Which chunks are wanted, by source and number.
pub(super) type Wanted<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// A pass: what it reads and what it notes.
pub(super) struct Reading<'a> {
    pub(super) sources: &'a [Source],
    pub(super) chunk_bytes: usize,
    /// Where chunks of streams are kept (first pass) or come from (second pass).
    pub(super) spool: Option<&'a Spool>,
    /// Which chunks were kept, by source; empty in a first pass.
    pub(super) kept: &'a [Vec<Kept>],
    /// Absent in a first pass, where all are.
    pub(super) wanted: Option<Wanted<'a>>,
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
}

/// What happened to one source.
#[derive(Default)]
struct Account {
    analysed: AtomicU64,
    lost: Mutex<Option<Lost>>,
    newly_kept: Mutex<Vec<Kept>>,
}

/// What a worker uses again for every chunk.
#[derive(Default)]
struct Desk {
    text: Vec<u8>,
    /// The lines of a plain file with whole records, where they stand on several lines.
    records: Vec<u8>,
    packer: Packer,
}

impl Reading<'_> {
    /// Runs the pass; with the result come the chunks that were kept, by source and in order.
    pub(super) fn run<A: Send>(
        &self,
        new: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, &Chunk<'_>) + Sync,
    ) -> (Pass<A>, Vec<Vec<Kept>>) {
        let queue = self.queue();
        let mut accounts = Vec::new();
        accounts.resize_with(self.sources.len(), Account::default);
        let results = rayon::broadcast(|_| self.work(&queue, &accounts, &new, &step));
        let pass = Pass {
            accumulators: results.into_iter().flatten().collect(),
            troubles: self.troubles(&accounts),
            text_bytes: self.sources.iter().map(text_bytes).collect(),
        };
        let kept = accounts.into_iter().map(|account| {
            let mut kept = lock(&account.newly_kept).split_off(0);
            kept.sort_unstable_by_key(|kept| kept.number);
            kept
        });
        (pass, kept.collect())
    }

    /// The queue, with streams in the order of the sources.
    fn queue_in_order(&self) -> Queue {
        let mut streams = Vec::new();
        let mut pieces = Vec::new();
        for (number, source) in self.sources.iter().enumerate() {
            pieces.push(match &source.body {
                Body::Plain(file) => file.chunks(self.chunk_bytes),
                Body::Stream(_) => self.kept.get(number).map_or(0, Vec::len),
            });
            if self.wanted.is_none() && matches!(source.body, Body::Stream(_)) {
                streams.push(number);
            }
        }
        Queue::new(streams, pieces)
    }

    /// The longest stream first, so that no core is left alone with it in the end; pipes before all.
    fn queue(&self) -> Queue {
        let mut queue = self.queue_in_order();
        let length = |source: &usize| self.sources[*source].disk_bytes.unwrap_or(u64::MAX);
        queue.prefer(|source| std::cmp::Reverse(length(source)));
        queue
    }

    /// What one worker does; `None` if there was nothing to do for it.
    fn work<A>(
        &self,
        queue: &Queue,
        accounts: &[Account],
        new: impl Fn() -> A,
        step: impl Fn(&mut A, &Chunk<'_>),
    ) -> Option<A> {
        let mut desk = Desk::default();
        let mut accumulator = None;
        let mut step = |chunk: &Chunk<'_>| step(accumulator.get_or_insert_with(&new), chunk);
        while let Some(task) = queue.next() {
            self.perform(task, accounts, &mut desk, &mut step);
        }
        accumulator
    }

    /// Does one thing; `step` gets the chunk, if it has one.
    fn perform(
        &self,
        task: Task<'_>,
        accounts: &[Account],
        desk: &mut Desk,
        step: &mut impl FnMut(&Chunk<'_>),
    ) {
        match task {
            Task::Stream(turn) => self.stream(turn, accounts, desk, step),
            Task::Piece { source, index } => {
                let account = &accounts[source];
                match &self.sources[source].body {
                    Body::Plain(file) => self.plain(file, (source, index), account, desk, step),
                    Body::Stream(_) => self.kept((source, index), account, desk, step),
                }
            }
        }
    }

    /// The next chunk of a stream.
    fn stream(
        &self,
        mut turn: Turn<'_>,
        accounts: &[Account],
        desk: &mut Desk,
        step: &mut impl FnMut(&Chunk<'_>),
    ) {
        let source = turn.source();
        let Body::Stream(stream) = &self.sources[source].body else {
            return;
        };
        let (place, directives, read) = {
            let mut stream = lock(stream);
            let place = stream.next_chunk(self.chunk_bytes, &mut desk.text);
            let directives = place.map_or(Vec::new(), |place| stream.directives_at(place.offset));
            if !stream.has_ended() {
                turn.stream_goes_on();
            }
            (place, directives, stream.take_progress())
        };
        drop(turn);
        if let Some(place) = place {
            let chunk = Chunk {
                source,
                number: place.number,
                offset: place.offset,
                bytes: &desk.text,
                directives: &directives,
            };
            step(&chunk);
            let extent = self
                .spool
                .and_then(|spool| spool.keep(&desk.text, &mut desk.packer));
            if let Some(extent) = extent {
                lock(&accounts[source].newly_kept).push(Kept {
                    number: place.number,
                    offset: place.offset,
                    extent,
                });
            }
        }
        (self.progress)(read);
    }

    /// A chunk of a plain file.
    fn plain(
        &self,
        file: &PlainFile,
        (source, number): (usize, usize),
        account: &Account,
        desk: &mut Desk,
        step: &mut impl FnMut(&Chunk<'_>),
    ) {
        if self.wanted.is_some_and(|wanted| !wanted(source, number)) {
            return;
        }
        match file.chunk(number, self.chunk_bytes, &mut desk.text) {
            Ok(Some(piece)) => {
                let directives = file.directives_at(piece.offset);
                match (file.records(&piece, &mut desk.records), directives) {
                    (Ok(bytes), Ok(directives)) => step(&Chunk {
                        source,
                        number,
                        offset: piece.offset,
                        bytes,
                        directives: &directives,
                    }),
                    (Err(lost), _) | (_, Err(lost)) => return account.lose(lost),
                }
                if file.is_whole() {
                    let bytes = piece.bytes.len() as u64;
                    account.analysed.fetch_add(bytes, Ordering::Relaxed);
                }
                file.release(piece.offset, piece.bytes.len());
            }
            Ok(None) => {}
            Err(lost) => account.lose(lost),
        }
        (self.progress)(file.nominal_bytes(number, self.chunk_bytes));
    }

    /// A chunk of a stream, from the spool.
    fn kept(
        &self,
        (source, index): (usize, usize),
        account: &Account,
        desk: &mut Desk,
        step: &mut impl FnMut(&Chunk<'_>),
    ) {
        let kept = self.kept.get(source).and_then(|kept| kept.get(index));
        let (Some(kept), Some(spool)) = (kept, self.spool) else {
            return;
        };
        if self
            .wanted
            .is_some_and(|wanted| !wanted(source, kept.number))
        {
            return;
        }
        match spool.read(kept.extent, &mut desk.packer, &mut desk.text) {
            Ok(()) => {
                step(&Chunk {
                    source,
                    number: kept.number,
                    offset: kept.offset,
                    bytes: &desk.text,
                    directives: &self.directives_of_stream(source, kept.offset),
                });
                let bytes = desk.text.len() as u64;
                account.analysed.fetch_add(bytes, Ordering::Relaxed);
                (self.progress)(bytes);
            }
            Err(error) => account.lose(Lost::Failed(error)),
        }
    }

    /// The directives in force at a place of a stream that was read.
    fn directives_of_stream(&self, source: usize, offset: u64) -> Vec<u8> {
        match &self.sources[source].body {
            Body::Stream(stream) => lock(stream).directives_at(offset),
            Body::Plain(_) => Vec::new(),
        }
    }

    fn troubles(&self, accounts: &[Account]) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        for (number, (source, account)) in self.sources.iter().zip(accounts).enumerate() {
            let trouble = match &source.body {
                Body::Plain(file) => account.plain_trouble(&source.path, file),
                Body::Stream(stream) if self.wanted.is_none() => {
                    stream_trouble(source, &lock(stream))
                }
                Body::Stream(stream) => {
                    troubles.extend(self.not_kept(number, &lock(stream)));
                    account.read_trouble(&source.path)
                }
            };
            troubles.extend(trouble);
        }
        let first_pass = self.wanted.is_none();
        let full = self.spool.filter(|_| first_pass).and_then(Spool::full);
        troubles.extend(full.map(|reason| Trouble::SpoolFull {
            reason: reason.to_owned(),
        }));
        troubles
    }

    /// The wanted chunks of a stream that the spool does not have.
    fn not_kept(&self, source: usize, stream: &Stream) -> Option<Trouble> {
        let wanted = self.wanted?;
        let kept = self.kept.get(source)?;
        let is_kept = |n: usize| kept.binary_search_by_key(&n, |kept| kept.number).is_ok();
        let chunks = (0..stream.chunks())
            .filter(|&n| !is_kept(n) && wanted(source, n))
            .count();
        (chunks > 0).then(|| Trouble::NotKept {
            path: self.sources[source].path.clone(),
            chunks,
        })
    }
}

impl Account {
    /// Notes why a chunk is lost; the first reason of a source is told.
    fn lose(&self, lost: Lost) {
        lock(&self.lost).get_or_insert(lost);
    }

    fn plain_trouble(&self, path: &str, file: &PlainFile) -> Option<Trouble> {
        self.read_trouble(path).or_else(|| {
            let shrank = lock(&self.lost).is_some() || !file.is_unchanged();
            shrank.then(|| Trouble::Shrank {
                path: path.to_owned(),
                analysed: self.analysed.load(Ordering::Relaxed),
                expected: file.len(),
            })
        })
    }

    fn read_trouble(&self, path: &str) -> Option<Trouble> {
        match &*lock(&self.lost) {
            Some(Lost::Failed(error)) => Some(Trouble::ReadFailed {
                path: path.to_owned(),
                analysed: self.analysed.load(Ordering::Relaxed),
                reason: error.to_string(),
            }),
            _ => None,
        }
    }
}

fn stream_trouble(source: &Source, stream: &Stream) -> Option<Trouble> {
    let failure = stream.failure()?;
    let reason = failure.to_string();
    let (path, analysed) = (source.path.clone(), stream.text_bytes());
    let ends_early = failure.kind() == std::io::ErrorKind::UnexpectedEof;
    Some(match (source.compression, source.disk_bytes) {
        (Some(compression), _) => Trouble::Damaged {
            path,
            compression,
            analysed,
            reason,
        },
        (None, Some(expected)) if ends_early => Trouble::Shrank {
            path,
            analysed,
            expected,
        },
        (None, _) => Trouble::ReadFailed {
            path,
            analysed,
            reason,
        },
    })
}

fn text_bytes(source: &Source) -> u64 {
    match &source.body {
        Body::Plain(file) => file.len(),
        Body::Stream(stream) => lock(stream).text_bytes(),
    }
}
