//! Every stage of an analysis by itself, on small logs: `cargo bench`, or `cargo bench -- parse`.
//!
//! For whoever changes a stage: run before and after, and criterion says whether it got slower. How the
//! stages share the time of a large log, `forbid-logs bench` says.

mod corpus;
mod lines;
mod parse;
mod passes;
mod replay;
mod route;

use criterion::{Criterion, criterion_group, criterion_main};
use std::time::Duration;

/// Short, so that all of them take a minute or two; `-- --measurement-time 10` asks for more.
fn short() -> Criterion {
    Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = stages;
    config = short();
    targets = lines::all, parse::formats, route::templates, passes::all, replay::limits
}
criterion_main!(stages);
