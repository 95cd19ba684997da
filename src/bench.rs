//! How fast this machine analyses a log: each stage measured, beside what the machine can do at most.
//!
//! ```text
//! log → rounds × numbers of threads × (memory, read, newlines, lines, parse, analyze and its parts)
//!     → laps → medians, rates, ratios → Report → text or JSON
//! ```
//!
//! A stage is measured by calling what `analyze` calls, never a copy of it: the passes are those of
//! `input` and `format`, and the parts of `analyze` are told by the pipeline itself while it runs. Stages
//! take turns within every round, so that whatever else the machine does disturbs all of them alike.

pub mod generate;
mod limits;
pub mod machine;
mod memory;
pub mod peers;
pub mod report;
mod round;
mod spread;
pub mod stage;
pub mod text;

#[cfg(test)]
mod samples;

use crate::analysis::AnalysisError;
use crate::input::{Input, InputError, Trouble};
use crate::settings::Settings;
use generate::Generated;
use machine::Machine;
use peers::Runner;
use report::{Log, Method, Report, Run};
use round::{Lap, Round};
use stage::Stage;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

pub use spread::Spread;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The logs and how they are read; `threads` is not looked at.
    pub settings: Settings,
    /// Numbers of threads, one after another.
    pub threads: Vec<usize>,
    /// Rounds that count, at least one.
    pub rounds: usize,
    /// Rounds before them that do not.
    pub warm_up: usize,
    /// Also run the other programs that are installed.
    pub peers: bool,
    /// How the log was made, if it was.
    pub generated: Option<Generated>,
    /// The log has no name that anybody could look for.
    pub unnamed: bool,
}

/// What was measured, and what went wrong on the way.
#[derive(Debug)]
pub struct Outcome {
    /// The figures.
    pub report: Report,
    /// Inputs that could not be read, or not to their end.
    pub troubles: Vec<Trouble>,
}

/// What stands for the path of a log without a name.
const UNNAMED: &str = "(generated)";

/// Why nothing can be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The log cannot be analysed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The log cannot be opened.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A pipe gives its bytes once.
    #[error(
        "{path}: can be read only once, and bench reads its logs in every round; save it to a file first"
    )]
    ReadOnce {
        /// As given.
        path: String,
    },
    /// The report could not be rendered.
    #[error("cannot render the analysis: {0}")]
    Render(io::Error),
    /// There is no place for what other programs write.
    #[error("cannot make a temporary directory: {0}; name one with --temp-dir")]
    Temporary(io::Error),
}

/// The numbers of threads to measure, up to and with `most`: 1, 2, 4, ...
pub fn thread_counts(most: usize) -> Vec<usize> {
    let most = most.max(1);
    let doubled = std::iter::successors(Some(1usize), |count| count.checked_mul(2));
    let mut counts: Vec<usize> = doubled.take_while(|count| *count < most).collect();
    counts.push(most);
    counts
}

/// Measures; `watch` is told what is being done, in a few words.
///
/// Files are mapped only if [`crate::input::guard::install`] was called before.
///
/// # Errors
/// When the log cannot be analysed, or not again and again.
pub fn run(plan: &Plan, watch: &dyn Fn(&str)) -> Result<Outcome, BenchError> {
    let mapped = check(&plan.settings)?;
    let mut peers = if plan.peers {
        peers::installed()
    } else {
        Vec::new()
    };
    let scratch = match &plan.settings.input.temp_dir {
        Some(directory) => tempfile::tempdir_in(directory),
        None => tempfile::tempdir(),
    }
    .map_err(BenchError::Temporary)?;
    let mut kept = Kept::new(plan);
    for round in 0..plan.warm_up + plan.rounds.max(1) {
        let counts = round >= plan.warm_up;
        let name = match counts {
            true => format!(
                "round {} of {}",
                round - plan.warm_up + 1,
                plan.rounds.max(1)
            ),
            false => "warming up".to_owned(),
        };
        for (at, threads) in plan.threads.iter().enumerate() {
            watch(&format!("{name}: {threads} thread(s)"));
            kept.add(at, round::measure(&plan.settings, *threads)?, counts);
        }
        for peer in &mut peers {
            watch(&format!("{name}: {}", peer.name()));
            // GoAccess tells what to write by the name.
            peer.run(&kept.paths(), &scratch.path().join("out.json"), counts);
        }
    }
    Ok(kept.outcome(plan, peers, mapped))
}

/// Sees whether the logs can be read again and again; and whether all of them are mapped.
fn check(settings: &Settings) -> Result<bool, BenchError> {
    let is_standard_input = |log: &String| log == "-" || Path::new(log) == Path::new("/dev/stdin");
    if let Some(path) = settings
        .input
        .logs
        .iter()
        .find(|log| is_standard_input(log))
    {
        return Err(BenchError::ReadOnce { path: path.clone() });
    }
    let input = Input::open(&settings.input)?.input;
    let once = |source: &&crate::input::Source| source.disk_bytes.is_none();
    match input.sources().iter().find(once) {
        Some(source) => Err(BenchError::ReadOnce {
            path: source.path.clone(),
        }),
        None => Ok(input.sources().iter().all(|source| source.is_mapped())),
    }
}

/// What is kept of the rounds.
struct Kept {
    generated: Option<Generated>,
    log: Option<Log>,
    laps: Vec<Vec<Lap>>,
    troubles: Vec<Trouble>,
    told: BTreeSet<String>,
    log_changed: bool,
}

impl Kept {
    fn new(plan: &Plan) -> Kept {
        Kept {
            generated: plan.generated.clone(),
            log: None,
            laps: vec![Vec::new(); plan.threads.len()],
            troubles: Vec::new(),
            told: BTreeSet::new(),
            log_changed: false,
        }
    }

    fn add(&mut self, at: usize, round: Round, counts: bool) {
        let log = Log::of(&round.analysis, self.generated.clone());
        let first = self.log.get_or_insert_with(|| log.clone());
        self.log_changed |= *first != log;
        for trouble in round.troubles {
            // Every pass of every round meets the same troubles.
            if self.told.insert(trouble.to_string()) {
                self.troubles.push(trouble);
            }
        }
        if counts && let Some(laps) = self.laps.get_mut(at) {
            laps.extend(round.laps);
        }
    }

    /// The files that were read.
    fn paths(&self) -> Vec<String> {
        let files = self.log.iter().flat_map(|log| &log.files);
        files.map(|file| file.path.clone()).collect()
    }

    fn outcome(self, plan: &Plan, peers: Vec<Runner>, mapped: bool) -> Outcome {
        let warnings = self.warnings(plan, &peers);
        let mut log = self.log.unwrap_or_else(Log::none);
        if plan.unnamed {
            let files = log.files.iter_mut();
            files.for_each(|file| file.path = UNNAMED.to_owned());
        }
        let runs: Vec<Run> = plan
            .threads
            .iter()
            .zip(&self.laps)
            .map(|(threads, laps)| Run::of(*threads, laps, &log))
            .collect();
        let measured = |stage| runs.last().and_then(|run| run.seconds(stage));
        let (newlines_s, analyze_s) = (measured(Stage::Newlines), measured(Stage::Analyze));
        let has_peaks = self
            .laps
            .iter()
            .flatten()
            .all(|lap| lap.peak_bytes.is_some());
        let report = Report {
            schema: report::SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            machine: Machine::this(),
            log,
            method: Method {
                rounds: plan.rounds.max(1),
                warm_up: plan.warm_up,
                statistic: "median",
                input: if mapped { "mmap" } else { "read" },
                memory: has_peaks.then_some(memory::METHOD),
            },
            peers: peers
                .into_iter()
                .map(|peer| peer.finish(newlines_s, analyze_s))
                .collect(),
            runs,
            warnings,
        };
        Outcome {
            report,
            troubles: self.troubles,
        }
    }

    fn warnings(&self, plan: &Plan, peers: &[Runner]) -> Vec<String> {
        let mut warnings: Vec<String> = self.troubles.iter().map(Trouble::to_string).collect();
        if self.log_changed {
            warnings.push(
                "the log changed while it was measured; rates are of what the first round read"
                    .to_owned(),
            );
        }
        if plan.warm_up == 0 {
            warnings.push(
                "the first round may have read from the disk: it was not warmed up".to_owned(),
            );
        }
        let cores = machine::cores();
        if plan.threads.iter().any(|threads| *threads > cores) {
            warnings.push(format!(
                "there are more threads than the {cores} core(s) of this machine"
            ));
        }
        let is_packed = |log: &Log| log.files.iter().any(|file| file.compression.is_some());
        if !peers.is_empty() && self.log.as_ref().is_some_and(is_packed) {
            warnings.push("other programs read compressed logs as they are".to_owned());
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::InputSettings;

    #[test]
    fn threads_are_doubled_up_to_the_most() {
        assert_eq!(thread_counts(0), [1]);
        assert_eq!(thread_counts(1), [1]);
        assert_eq!(thread_counts(2), [1, 2]);
        assert_eq!(thread_counts(6), [1, 2, 4, 6]);
        assert_eq!(thread_counts(8), [1, 2, 4, 8]);
    }

    fn plan(logs: &[&str]) -> Plan {
        Plan {
            settings: Settings {
                input: InputSettings {
                    logs: logs.iter().map(ToString::to_string).collect(),
                    ..InputSettings::default()
                },
                ..Settings::default()
            },
            threads: vec![1, 2],
            rounds: 2,
            warm_up: 1,
            peers: false,
            generated: None,
            unnamed: false,
        }
    }

    #[test]
    fn every_stage_is_measured_with_every_number_of_threads() {
        let outcome = run(&plan(&["fixtures/formats/mixed/sample.log"]), &|_| {}).unwrap();
        let report = outcome.report;
        assert!(
            outcome.troubles.is_empty() && report.warnings.is_empty(),
            "{report:?}"
        );
        assert_eq!(
            report.log.lines,
            report.log.parsed + report.log.skipped.total()
        );
        assert_eq!(
            report
                .runs
                .iter()
                .map(|run| run.threads)
                .collect::<Vec<_>>(),
            [1, 2]
        );
        for run in &report.runs {
            let stages: Vec<Stage> = run.stages.iter().map(|measure| measure.stage).collect();
            assert_eq!(stages, Stage::ALL);
        }
    }

    #[test]
    fn what_gives_its_bytes_once_is_refused() {
        let error = run(&plan(&["-"]), &|_| {}).unwrap_err();
        assert!(matches!(error, BenchError::ReadOnce { .. }), "{error}");
        let error = run(&plan(&["no/such.log"]), &|_| {}).unwrap_err();
        assert!(matches!(error, BenchError::Input(_)), "{error}");
    }
}
