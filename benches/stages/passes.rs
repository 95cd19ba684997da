//! Survey, Examine and verdicts on a log on disk, with a thread per core.

use crate::corpus;
use criterion::{Criterion, Throughput};
use forbid_logs::examine::{self, Counted, Routes};
use forbid_logs::format::Detected;
use forbid_logs::gate::Gate;
use forbid_logs::input::Input;
use forbid_logs::settings::Settings;
use forbid_logs::spike::scan::Exposure;
use forbid_logs::survey::{self, Survey, timeline};
use forbid_logs::synth::Format;
use forbid_logs::{analysis, verdict};
use std::hint::black_box;
use std::time::{Duration, Instant};

pub fn all(criterion: &mut Criterion) {
    let log = corpus::log(Format::Combined, 60_000);
    let (_file, settings) = corpus::on_disk(&log);
    let mut group = criterion.benchmark_group("passes");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("survey", |bencher| {
        bencher.iter_custom(|times| total(times, || Open::new(&settings).survey().2));
    });
    group.bench_function("examine", |bencher| {
        bencher.iter_custom(|times| total(times, || examined(&settings, |_| Duration::ZERO).0));
    });
    group.bench_function("verdicts", |bencher| {
        bencher.iter_custom(|times| examined(&settings, |reach| total(times, || timed(reach).1)).1);
    });
    group.finish();
}

fn total(times: u64, mut run: impl FnMut() -> Duration) -> Duration {
    (0..times).map(|_| run()).sum()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let since = Instant::now();
    let done = work();
    (done, since.elapsed())
}

/// A log that was opened and not yet read.
struct Open {
    input: Input,
    formats: Vec<Option<Detected>>,
    gate: Gate,
}

impl Open {
    fn new(settings: &Settings) -> Open {
        let input = Input::open(&settings.input)
            .expect("the log is there")
            .input;
        Open {
            formats: analysis::detect_all(&input, settings).expect("the format is known"),
            gate: Gate::new(settings, i64::MAX),
            input,
        }
    }

    fn survey(mut self) -> (Open, Survey, Duration) {
        let ((survey, _), took) = timed(|| {
            survey::run(
                &mut self.input,
                &self.formats,
                &self.gate,
                u64::MAX,
                &|_| {},
            )
        });
        (self, survey, took)
    }
}

/// The time of Examine, and what `with` makes of reaching verdicts on its table.
fn examined(settings: &Settings, with: impl FnOnce(&dyn Fn()) -> Duration) -> (Duration, Duration) {
    let (open, mut survey, _) = Open::new(settings).survey();
    let routes = Routes::new(&survey);
    let bins = survey.timeline.sorted();
    let span = timeline::robust_span(&bins, survey.timeline.width_s());
    let admitted = bins
        .iter()
        .map(|(second, bin)| (*second, bin.requests - bin.denials));
    let exposure = Exposure::new(span, admitted);
    let outlines = std::mem::take(&mut survey.outlines);
    let counted = Counted {
        survey: &survey,
        routes: &routes,
        outlines,
        marked: false,
    };
    let ((table, _), took) =
        timed(|| examine::run(&open.input, &open.formats, &open.gate, counted, &|_| {}));
    let reached = with(&|| {
        black_box(verdict::reach(&table, &exposure));
    });
    (took, reached)
}
