//! Finding lines, beside counting newlines and adding up words: what memory and SIMD allow.

use crate::corpus;
use criterion::{Criterion, Throughput};
use forbid_logs::format::{self, Line, Visitor};
use forbid_logs::record::{Record, Reject};
use forbid_logs::synth::Format;
use std::hint::black_box;

/// Sees lines and records, and holds the compiler to making them.
#[derive(Default)]
pub struct Seen(pub u64);

impl Visitor for Seen {
    fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
        black_box(record);
        self.0 += 1;
    }

    fn skipped(&mut self, line: Line<'_>, _why: Reject) {
        black_box(line);
    }
}

pub fn all(criterion: &mut Criterion) {
    let log = corpus::log(Format::Combined, 40_000);
    let mut group = criterion.benchmark_group("lines");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("newlines", |bencher| {
        bencher.iter(|| memchr::memchr_iter(b'\n', black_box(&log)).count());
    });
    group.bench_function("found", |bencher| {
        bencher.iter(|| format::visit_unknown(black_box(&log), &mut Seen::default()));
    });
    group.finish();
}
