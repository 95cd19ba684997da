//! Limits replayed over arrivals: what the search for a rule does thousands of times.

use criterion::{Criterion, Throughput};
use forbid_logs::findings::{Algorithm, Limit};
use forbid_logs::policy::limiter::{Limiter, Machine};
use forbid_logs::policy::replay::{Arrival, Traffic, replay};
use forbid_logs::synth::Random;
use std::hint::black_box;

const ARRIVALS: usize = 50_000;
const KEYS: usize = 20;

pub fn limits(criterion: &mut Criterion) {
    let window = |algorithm| Limit {
        algorithm,
        limit: Some(60),
        window_s: Some(60.0),
        ..Limit::default()
    };
    let limits = [
        Limit {
            rate_per_s: Some(1.0),
            burst: Some(10),
            ..Limit::default()
        },
        window(Algorithm::FixedWindow),
        window(Algorithm::SlidingWindow),
        Limit {
            hold_s: Some(120.0),
            ..window(Algorithm::Hold)
        },
    ];
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(ARRIVALS as u64));
    for limit in &limits {
        let traffic = Traffic::new(&arrivals(limit));
        group.bench_function(limit.algorithm.name(), |bencher| {
            bencher.iter(|| replay(black_box(limit), &traffic).expect("the limit is whole"));
        });
    }
    group.finish();
}

/// Requests of some clients at twice the limit, answered by it, with stamps of whole seconds.
fn arrivals(limit: &Limit) -> Vec<Arrival> {
    let mut random = Random::new(1);
    let machine = Machine::new(limit).expect("the limit is whole");
    let mut machines = vec![machine; KEYS];
    let mut time_ms = 0.0;
    (0..ARRIVALS)
        .map(|_| {
            time_ms += random.exponential(500.0 / KEYS as f64);
            let key = random.below(KEYS);
            Arrival {
                time_ms: time_ms as i64 / 1000 * 1000,
                key: key as u32,
                denied: !machines[key].admit(time_ms as i64),
                duration_ms: None,
            }
        })
        .collect()
}
