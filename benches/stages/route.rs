//! Paths to route templates, without the memory of targets that spares most of it in Survey.

use crate::corpus;
use criterion::{Criterion, Throughput};
use forbid_logs::format::{self, Line, Visitor};
use forbid_logs::key::route;
use forbid_logs::record::{Record, Reject};
use forbid_logs::settings::FormatSettings;
use forbid_logs::synth::Format;
use std::hint::black_box;

#[derive(Default)]
struct Paths(Vec<Vec<u8>>);

impl Visitor for Paths {
    fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
        self.0.push(record.path().to_vec());
    }

    fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
}

pub fn templates(criterion: &mut Criterion) {
    let log = corpus::log(Format::Combined, 20_000);
    let detected = format::detect(&log, &FormatSettings::default()).expect("the format is known");
    let mut paths = Paths::default();
    detected.visit(&log, &mut paths);
    let mut group = criterion.benchmark_group("route");
    group.throughput(Throughput::Elements(paths.0.len() as u64));
    group.bench_function("template", |bencher| {
        let mut template = Vec::new();
        bencher.iter(|| {
            for path in &paths.0 {
                route::template(black_box(path), &mut template);
                black_box(&template);
            }
        });
    });
    group.finish();
}
