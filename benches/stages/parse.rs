//! Lines to records, by format: the built-in ones, and a compiled format string.

use crate::corpus;
use crate::lines::Seen;
use criterion::{Criterion, Throughput};
use forbid_logs::format;
use forbid_logs::settings::FormatSettings;
use forbid_logs::synth::Format;
use std::hint::black_box;

const SIZE: usize = 2 << 20;

/// nginx's `combined`, as a string that is compiled.
const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

pub fn formats(criterion: &mut Criterion) {
    let by_itself = FormatSettings::default();
    for (name, format) in Format::ALL {
        let log = corpus::log(format, 12_000);
        parse(criterion, name, &log, &by_itself);
        if format == Format::Combined {
            let compiled = FormatSettings {
                log_format: Some(COMBINED.to_owned()),
                ..FormatSettings::default()
            };
            parse(criterion, "combined-compiled", &log, &compiled);
        }
    }
    for sample in ["haproxy-http", "json-caddy", "json-traefik"] {
        parse(
            criterion,
            sample,
            &corpus::repeated(sample, SIZE),
            &by_itself,
        );
    }
}

fn parse(criterion: &mut Criterion, name: &str, log: &[u8], settings: &FormatSettings) {
    let log = corpus::beginning(log, SIZE);
    let detected = format::detect(log, settings).expect("the format is known");
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut seen = Seen::default();
            detected.visit(black_box(log), &mut seen);
            assert!(seen.0 > 0, "no line of {name} is read");
        });
    });
    group.finish();
}
