//! What a worker does next.
//!
//! A stream is a turnstile: one worker at a time goes through, makes a chunk, lets go, and works on
//! what it made. So one decoder feeds every core, several decoders run on several cores, there is no
//! thread besides the workers, and memory is one chunk for each of them. Streams come before plain
//! files, because a stream's chunks are made one after another: begun last, it would end alone.
//! A worker waits only while another one is inside a turnstile, so a single worker never waits.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Everything there is to do in a pass.
pub(super) struct Queue {
    /// Sources that are streams, in the order of preference.
    streams: Vec<usize>,
    /// Pieces of every source that can be had in any order.
    pieces: Vec<usize>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Streams nobody is in, as indices of `streams`.
    waiting: BTreeSet<usize>,
    /// How many streams somebody is in.
    entered: usize,
    /// Next piece: source and index.
    source: usize,
    piece: usize,
    /// Tasks handed out in order.
    handed_out: u64,
}

/// One thing to do.
pub(super) enum Task<'a> {
    /// Make the next chunk of a stream.
    Stream(Turn<'a>),
    /// Read a piece of a source.
    Piece { source: usize, index: usize },
}

/// The right to be the only one at a stream. Dropped, it lets the next one in, unless
/// [`Turn::stream_goes_on`] was not called.
pub(super) struct Turn<'a> {
    queue: &'a Queue,
    rank: usize,
    goes_on: bool,
}

impl Queue {
    /// A queue of `streams`, the most preferred first, and of so many `pieces` for each source.
    pub(super) fn new(streams: Vec<usize>, pieces: Vec<usize>) -> Queue {
        Queue {
            state: Mutex::new(State {
                waiting: (0..streams.len()).collect(),
                entered: 0,
                source: 0,
                piece: 0,
                handed_out: 0,
            }),
            streams,
            pieces,
            changed: Condvar::new(),
        }
    }

    /// Puts the streams into another order of preference.
    pub(super) fn prefer<K: Ord>(&mut self, key: impl FnMut(&usize) -> K) {
        self.streams.sort_by_key(key);
    }

    /// As [`Queue::next`], but in the order of the sources, with the number of the task, from 0. Nobody
    /// gets one while somebody is inside a turnstile: what comes out of it has no place yet.
    pub(super) fn next_in_order(&self) -> Option<(u64, Task<'_>)> {
        let mut state = lock(&self.state);
        while state.entered > 0 {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let number = state.handed_out;
        state.handed_out += 1;
        loop {
            let source = state.source;
            let is_here = |rank: &usize| self.streams.get(*rank) == Some(&source);
            if let Some(rank) = state.waiting.iter().copied().find(is_here) {
                state.waiting.remove(&rank);
                state.entered += 1;
                let turn = Turn {
                    queue: self,
                    rank,
                    goes_on: false,
                };
                return Some((number, Task::Stream(turn)));
            }
            if state.piece < *self.pieces.get(source)? {
                let index = state.piece;
                state.piece += 1;
                return Some((number, Task::Piece { source, index }));
            }
            (state.source, state.piece) = (source + 1, 0);
        }
    }

    /// What to do next; `None` when all is done or being done.
    pub(super) fn next(&self) -> Option<Task<'_>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(rank) = state.waiting.pop_first() {
                state.entered += 1;
                return Some(Task::Stream(Turn {
                    queue: self,
                    rank,
                    goes_on: false,
                }));
            }
            if let Some((source, index)) = state.next_piece(&self.pieces) {
                return Some(Task::Piece { source, index });
            }
            if state.entered == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn next_piece(&mut self, pieces: &[usize]) -> Option<(usize, usize)> {
        while *pieces.get(self.source)? <= self.piece {
            self.source += 1;
            self.piece = 0;
        }
        self.piece += 1;
        Some((self.source, self.piece - 1))
    }
}

impl Turn<'_> {
    /// The source whose turn it is.
    pub(super) fn source(&self) -> usize {
        self.queue.streams[self.rank]
    }

    /// Says that the stream has more.
    pub(super) fn stream_goes_on(&mut self) {
        self.goes_on = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.queue.state);
        state.entered -= 1;
        if self.goes_on {
            state.waiting.insert(self.rank);
        }
        drop(state);
        self.queue.changed.notify_all();
    }
}

/// Locks, also after a panic elsewhere: it ends the pass by itself, and what is locked here is whole
/// between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_once_and_in_order() {
        let queue = Queue::new(Vec::new(), vec![2, 0, 1]);
        let mut seen = Vec::new();
        while let Some(Task::Piece { source, index }) = queue.next() {
            seen.push((source, index));
        }
        assert_eq!(seen, [(0, 0), (0, 1), (2, 0)]);
    }

    #[test]
    fn in_order_a_stream_comes_where_its_source_stands() {
        let queue = Queue::new(vec![1], vec![1, 0, 2]);
        let mut seen = Vec::new();
        let mut chunks_left = 2;
        while let Some((number, task)) = queue.next_in_order() {
            match task {
                Task::Piece { source, index } => seen.push((number, source, index)),
                Task::Stream(mut turn) => {
                    seen.push((number, turn.source(), 9));
                    if chunks_left > 0 {
                        chunks_left -= 1;
                        turn.stream_goes_on();
                    }
                }
            }
        }
        let expected = [
            (0, 0, 0),
            (1, 1, 9),
            (2, 1, 9),
            (3, 1, 9),
            (4, 2, 0),
            (5, 2, 1),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_stream_is_entered_by_one_and_again_while_it_goes_on() {
        let queue = Queue::new(vec![5, 3], vec![0; 6]);
        let Some(Task::Stream(mut first)) = queue.next() else {
            panic!("a stream waits");
        };
        let Some(Task::Stream(second)) = queue.next() else {
            panic!("another stream waits");
        };
        assert_eq!((first.source(), second.source()), (5, 3));
        drop(second);
        first.stream_goes_on();
        drop(first);
        let Some(Task::Stream(again)) = queue.next() else {
            panic!("the first goes on");
        };
        assert_eq!(again.source(), 5);
        drop(again);
        assert!(queue.next().is_none());
    }
}
