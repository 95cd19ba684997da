//! A pass whose results are taken in the order of the input, whoever made them.
//!
//! Tasks are numbered as they are handed out, which here is the order of sources and chunks. A worker
//! counts the lines of its chunk first and tells the next one, so that every chunk knows the number of
//! its first line long before the chunks before it are done. Whoever finishes the result that is due
//! takes it, and those that wait behind it; the others work on, until they are a window ahead.
//! The lowest number at work never waits for a higher one, so the pass always goes on.

use super::{Account, Desk, Reading};
use crate::input::queue::lock;
use crate::input::{Chunk, Pass};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

impl Reading<'_> {
    /// Runs the pass; `step` gets a chunk and how many lines of its source stand before it, by `count`.
    pub(in crate::input) fn run_in_order<A: Send, T: Send>(
        &self,
        new: impl Fn() -> A + Sync,
        count: impl Fn(&Chunk<'_>) -> u64 + Sync,
        step: impl Fn(&mut A, &Chunk<'_>, u64) -> T + Sync,
        take: impl FnMut(T) -> ControlFlow<()> + Send,
    ) -> Pass<A> {
        let queue = self.queue_in_order();
        let mut accounts = Vec::new();
        accounts.resize_with(self.sources.len(), Account::default);
        let order = Order::new(2 * rayon::current_num_threads() as u64, take);
        let results = rayon::broadcast(|_| {
            let mut desk = Desk::default();
            let mut accumulator = None;
            while let Some((number, task)) = queue.next_in_order() {
                let Some(mut place) = order.place(number) else {
                    break;
                };
                let mut result = None;
                let mut in_place = |chunk: &Chunk<'_>| {
                    let first = place.first_line(chunk.source, count(chunk));
                    let accumulator = accumulator.get_or_insert_with(&new);
                    let made = step(accumulator, chunk, first);
                    // Of a file that was cut meanwhile, it may have been made of zeros.
                    result = self.sources[chunk.source].is_whole().then_some(made);
                };
                self.perform(task, &accounts, &mut desk, &mut in_place);
                place.fill(result);
            }
            accumulator
        });
        Pass {
            accumulators: results.into_iter().flatten().collect(),
            troubles: self.troubles(&accounts),
            text_bytes: self.sources.iter().map(super::text_bytes).collect(),
        }
    }
}

/// The lines of a chunk by their newlines; the last one may lack its own.
pub fn newlines(chunk: &Chunk<'_>) -> u64 {
    let unterminated = chunk.bytes.last().is_some_and(|&byte| byte != b'\n');
    memchr::memchr_iter(b'\n', chunk.bytes).count() as u64 + u64::from(unterminated)
}

/// Who is next, at counting lines and at being taken.
struct Order<T, F> {
    state: Mutex<State<T>>,
    changed: Condvar,
    take: Mutex<F>,
    /// How far a worker may be ahead of the result that is due.
    window: u64,
}

struct State<T> {
    /// The number whose lines are counted next, its source, and the lines of that before it.
    counted: u64,
    source: usize,
    lines: u64,
    /// The number of the result that is due.
    due: u64,
    /// Results that wait; tasks without a chunk have none.
    waiting: BTreeMap<u64, Option<T>>,
    /// Whether somebody is taking results.
    taking: bool,
    /// Nothing more is wanted.
    stopped: bool,
}

impl<T, F: FnMut(T) -> ControlFlow<()>> Order<T, F> {
    fn new(window: u64, take: F) -> Self {
        Order {
            state: Mutex::new(State {
                counted: 0,
                source: 0,
                lines: 0,
                due: 0,
                waiting: BTreeMap::new(),
                taking: false,
                stopped: false,
            }),
            changed: Condvar::new(),
            take: Mutex::new(take),
            window,
        }
    }

    /// The place of a task, once it is near enough to its turn; `None` when nothing more is wanted.
    fn place(&self, number: u64) -> Option<Place<'_, T, F>> {
        let ahead = |state: &State<T>| number >= state.due.saturating_add(self.window);
        let is_wanted = !self.wait_while(ahead).stopped;
        is_wanted.then(|| Place {
            order: self,
            number,
            is_counted: false,
            is_filled: false,
        })
    }

    /// The state as soon as `waits` no longer holds, or nothing more is wanted.
    fn wait_while(&self, waits: impl Fn(&State<T>) -> bool) -> MutexGuard<'_, State<T>> {
        let mut state = lock(&self.state);
        while !state.stopped && waits(&state) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn stop(&self) {
        lock(&self.state).stopped = true;
        self.changed.notify_all();
    }

    /// Takes the results that are due, unless somebody else does.
    fn take_due(&self) {
        let mut state = lock(&self.state);
        if state.taking {
            return;
        }
        state.taking = true;
        while !state.stopped {
            let due = state.due;
            let Some(result) = state.waiting.remove(&due) else {
                break;
            };
            drop(state);
            let goes_on = match result {
                Some(result) => lock(&self.take)(result),
                None => ControlFlow::Continue(()),
            };
            state = lock(&self.state);
            state.due += 1;
            state.stopped |= goes_on.is_break();
            self.changed.notify_all();
        }
        state.taking = false;
    }
}

/// The place of a task. Dropped unfilled, by a panic, it ends the pass, so that nobody waits for it.
struct Place<'o, T, F: FnMut(T) -> ControlFlow<()>> {
    order: &'o Order<T, F>,
    number: u64,
    is_counted: bool,
    is_filled: bool,
}

impl<T, F: FnMut(T) -> ControlFlow<()>> Place<'_, T, F> {
    /// How many lines of `source` come before the chunk of this place, which has so many `lines`.
    fn first_line(&mut self, source: usize, lines: u64) -> u64 {
        let mut state = self.order.wait_while(|state| state.counted < self.number);
        if state.source != source {
            (state.source, state.lines) = (source, 0);
        }
        let first = state.lines;
        state.lines += lines;
        state.counted += 1;
        self.is_counted = true;
        drop(state);
        self.order.changed.notify_all();
        first
    }

    /// Hands the result over.
    fn fill(mut self, result: Option<T>) {
        if !self.is_counted {
            let mut state = self.order.wait_while(|state| state.counted < self.number);
            state.counted += 1;
            self.is_counted = true;
            drop(state);
            self.order.changed.notify_all();
        }
        lock(&self.order.state).waiting.insert(self.number, result);
        self.order.take_due();
        self.is_filled = true;
    }
}

impl<T, F: FnMut(T) -> ControlFlow<()>> Drop for Place<'_, T, F> {
    fn drop(&mut self) {
        if !self.is_filled {
            self.order.stop();
        }
    }
}
