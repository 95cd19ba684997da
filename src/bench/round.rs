//! One round: every stage once, with one number of threads.

use super::BenchError;
use super::limits::{self, Memory};
use super::memory::{Watch, give_back};
use super::stage::Stage;
use crate::analysis::{self, AnalysisError, Outcome, Progress};
use crate::findings::Analysis;
use crate::input::Trouble;
use crate::key::token::TokenKey;
use crate::output::{Context, Output, json::Json};
use crate::settings::Settings;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One measure of one stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lap {
    /// The stage.
    pub stage: Stage,
    /// By the clock on the wall.
    pub seconds: f64,
    /// Most memory that was resident meanwhile, in bytes.
    pub peak_bytes: Option<u64>,
}

/// What a round gave.
#[derive(Debug)]
pub struct Round {
    /// A lap per stage, in the order of the stages.
    pub laps: Vec<Lap>,
    /// What `analyze` found.
    pub analysis: Analysis,
    /// What could not be read.
    pub troubles: Vec<Trouble>,
}

/// Does some work and takes its time.
pub fn timed<T>(stage: Stage, work: impl FnOnce() -> T) -> (T, Lap) {
    let clock = Clock::start(stage);
    let done = work();
    (done, clock.stop())
}

/// Measures all stages once.
pub fn measure(settings: &Settings, threads: usize) -> Result<Round, BenchError> {
    let settings = Settings {
        threads,
        ..settings.clone()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|source| AnalysisError::Threads { threads, source })?;
    let mut troubles = Vec::new();
    let mut laps = vec![pool.install(|| Memory::take().read())];
    for pass in [limits::read, limits::newlines, limits::lines, limits::parse] {
        give_back();
        laps.push(pool.install(|| pass(&settings, &mut troubles))?);
    }
    // `analyze` brings its own threads.
    drop(pool);
    give_back();
    let (outcome, parts) = analyze(&settings)?;
    laps.extend(&parts);
    laps.push(whole(&parts));
    troubles.extend(outcome.troubles);
    Ok(Round {
        laps,
        analysis: outcome.analysis,
        troubles,
    })
}

/// Runs `analyze` and takes the time of its parts.
fn analyze(settings: &Settings) -> Result<(Outcome, Vec<Lap>), BenchError> {
    // No fingerprint is shown, so any key will do.
    let key = TokenKey::from_bytes([0; 32]);
    // Threads are started before the first stage begins; that belongs to opening.
    let stopwatch = Stopwatch::start(Stage::Open);
    let outcome = analysis::analyze(settings, &key, &stopwatch)?;
    let mut parts = stopwatch.stop();
    let (written, lap) = timed(Stage::Write, || {
        Json.write(&outcome.analysis, &Context::default(), &mut io::sink())
    });
    written.map_err(BenchError::Render)?;
    parts.push(lap);
    Ok((outcome, parts))
}

/// All parts as one: their times add up, and the highest peak counts.
fn whole(parts: &[Lap]) -> Lap {
    Lap {
        stage: Stage::Analyze,
        seconds: parts.iter().map(|lap| lap.seconds).sum(),
        peak_bytes: parts.iter().map(|lap| lap.peak_bytes).max().flatten(),
    }
}

/// A stage that is being measured.
struct Clock {
    stage: Stage,
    watch: Watch,
    since: Instant,
}

impl Clock {
    fn start(stage: Stage) -> Clock {
        Clock {
            stage,
            watch: Watch::start(),
            // Last, so that asking for memory is not timed.
            since: Instant::now(),
        }
    }

    fn stop(self) -> Lap {
        let seconds = self.since.elapsed().as_secs_f64();
        Lap {
            stage: self.stage,
            seconds,
            peak_bytes: self.watch.peak_bytes(),
        }
    }
}

/// Takes the time of the stages that an analysis tells of.
struct Stopwatch(Mutex<Running>);

struct Running {
    clock: Option<Clock>,
    laps: Vec<Lap>,
}

impl Stopwatch {
    fn start(stage: Stage) -> Stopwatch {
        Stopwatch(Mutex::new(Running {
            clock: Some(Clock::start(stage)),
            laps: Vec::new(),
        }))
    }

    fn stop(self) -> Vec<Lap> {
        let running = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut laps = running.laps;
        laps.extend(running.clock.map(Clock::stop));
        laps
    }
}

impl Progress for Stopwatch {
    fn begin(&self, _what: &'static str, _bytes: Option<u64>) {}

    fn advance(&self, _bytes: u64) {}

    fn end(&self) {}

    fn stage(&self, stage: analysis::Stage) {
        let stage = Stage::from(stage);
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first stage was begun before the analysis was asked for.
        if running
            .clock
            .as_ref()
            .is_some_and(|clock| clock.stage == stage)
        {
            return;
        }
        // Stopped before the next one starts, which sets the peak of memory back.
        let ended = running.clock.take().map(Clock::stop);
        running.laps.extend(ended);
        running.clock = Some(Clock::start(stage));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_the_highest_peak_counts() {
        let lap = |seconds, peak_bytes| Lap {
            stage: Stage::Survey,
            seconds,
            peak_bytes,
        };
        let sum = whole(&[lap(1.0, Some(5)), lap(0.5, Some(9)), lap(0.25, Some(7))]);
        assert_eq!((sum.seconds, sum.peak_bytes), (1.75, Some(9)));
        assert_eq!(whole(&[lap(1.0, None)]).peak_bytes, None);
    }

    #[test]
    fn a_stage_ends_where_the_next_begins() {
        let stopwatch = Stopwatch::start(Stage::Open);
        stopwatch.stage(analysis::Stage::Open);
        stopwatch.stage(analysis::Stage::Survey);
        stopwatch.stage(analysis::Stage::Verdict);
        let laps = stopwatch.stop();
        let stages: Vec<Stage> = laps.iter().map(|lap| lap.stage).collect();
        assert_eq!(stages, [Stage::Open, Stage::Survey, Stage::Verdict]);
        assert!(laps.iter().all(|lap| lap.seconds >= 0.0));
    }
}
