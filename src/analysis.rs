//! The pipeline on one page: from settings to an [`Analysis`].
//!
//! ```text
//! open the logs → detect each format → Survey: count every line → Examine: rows around denials
//!   → verdicts: propose, merge, judge → describe: names, rules, sentences → Analysis
//! ```

pub mod additions;
mod assemble;
mod coarser;
mod examples;
mod side;
mod unread;
mod warnings;
mod whole;
mod window;

pub(crate) use assemble::check_readable;

use crate::directive::Configurations;
use crate::examine::claims::Claims;
use crate::examine::table::Table;
use crate::examine::{self, Routes};
use crate::findings::Analysis;
use crate::format::{self, Detected, FormatError};
use crate::gate::Gate;
use crate::input::{Input, InputError, Opened, Trouble};
use crate::key::token::TokenKey;
use crate::settings::Settings;
use crate::spike::scan::Exposure;
use crate::survey::{self, Survey};
use crate::time::Moment;
use crate::verdict::{self, Verdict};
use assemble::Assembly;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// No input could be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// `--log-format` or a server's configuration cannot be used.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// No format fits, or fewer than half of the non-blank lines parse.
    #[error("{0}")]
    UnknownFormat(String),
    /// The machine gave no threads.
    #[error("cannot start {threads} threads: {source}; try a smaller --threads")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
}

/// An analysis, and what went wrong on the way to it.
#[derive(Debug)]
pub struct Outcome {
    /// What was found.
    pub analysis: Analysis,
    /// Inputs that could not be read, or not to their end.
    pub troubles: Vec<Trouble>,
}

/// What it means that most lines cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readability {
    /// It is an error: the format is not known.
    Needed,
    /// A log that was readable before has such a stretch; the caller tells of it.
    NotNeeded,
}

/// A stage of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Opening the logs and detecting their formats.
    Open,
    /// The first pass.
    Survey,
    /// Routes and the second pass.
    Examine,
    /// Proposing, merging and judging.
    Verdict,
    /// Names, rules and sentences; it ends with the run.
    Describe,
}

/// How far a run has come, for whoever watches.
pub trait Progress: Sync {
    /// A pass begins; it reads this many bytes, where known.
    fn begin(&self, what: &'static str, bytes: Option<u64>);
    /// So many more bytes were read.
    fn advance(&self, bytes: u64);
    /// All is read.
    fn end(&self);
    /// A stage begins, and the one before it is over: for whoever measures.
    fn stage(&self, _stage: Stage) {}
}

/// What every analysis is given besides its input.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What is asked for.
    pub settings: &'a Settings,
    /// What tokens are shown by.
    pub token_key: &'a TokenKey,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

/// What an analysis rests on, for whoever goes back to single requests.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// The logs; they can be read once more.
    pub input: &'a Input,
    /// How each log is read; none for one without a readable line.
    pub formats: &'a [Option<Detected>],
    /// Which requests count.
    pub gate: &'a Gate,
    /// What the first pass counted.
    pub survey: &'a Survey,
    /// The final names of routes.
    pub routes: &'a Routes,
    /// The rows that verdicts were reached on.
    pub table: &'a Table<'a>,
    /// The verdicts; those that are spikes are in the order of the analysis.
    pub verdicts: &'a [Verdict],
}

/// Analyses the logs that the settings name.
///
/// # Errors
/// There is nothing to show: no input, no format, no threads.
pub fn analyze(
    settings: &Settings,
    token_key: &TokenKey,
    progress: &dyn Progress,
) -> Result<Outcome, AnalysisError> {
    analyze_and(settings, token_key, progress, |_, _| ()).map(|(outcome, ())| outcome)
}

/// As [`analyze`]; `then` looks at the analysis and at what it rests on before that is let go.
///
/// # Errors
/// As [`analyze`].
pub fn analyze_and<T: Send>(
    settings: &Settings,
    token_key: &TokenKey,
    progress: &dyn Progress,
    then: impl FnOnce(&Analysis, Grounds<'_>) -> T + Send,
) -> Result<(Outcome, T), AnalysisError> {
    let job = Job {
        settings,
        token_key,
        progress,
    };
    with_threads(settings, || {
        progress.stage(Stage::Open);
        let logs = Logs::open(settings)?;
        let count = |logs: &mut Logs, read: Read<'_>| {
            let (survey, troubles) = survey::run(
                &mut logs.input,
                &logs.formats,
                &logs.gate,
                settings.max_memory,
                read,
            );
            (survey, (), troubles)
        };
        let finish = |assembly: Assembly<'_>, ()| {
            let analysis = assembly.analysis();
            let after = then(&analysis, assembly.grounds());
            (analysis, after)
        };
        let ((analysis, after), troubles) = run(logs, job, Readability::Needed, count, finish)?;
        Ok((Outcome { analysis, troubles }, after))
    })
}

/// Runs on as many threads as the settings say.
pub(crate) fn with_threads<T: Send>(
    settings: &Settings,
    run: impl FnOnce() -> Result<T, AnalysisError> + Send,
) -> Result<T, AnalysisError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads)
        .build()
        .map_err(|source| AnalysisError::Threads {
            threads: settings.threads,
            source,
        })?;
    pool.install(run)
}

/// The logs, open, with how each is read and which of its requests count.
#[derive(Debug)]
pub(crate) struct Logs {
    pub(crate) input: Input,
    pub(crate) formats: Vec<Option<Detected>>,
    pub(crate) gate: Gate,
    pub(crate) warnings: Vec<String>,
    pub(crate) troubles: Vec<Trouble>,
    /// The error logs, where there are any.
    side: Option<Input>,
    /// What the servers were told.
    configurations: Configurations,
}

impl Logs {
    /// Opens what the settings name; reads it only where `--since` or `--until` count from its end.
    pub(crate) fn open(settings: &Settings) -> Result<Logs, AnalysisError> {
        Logs::new(Input::open(&settings.input)?, settings)
    }

    /// The same, of an input that is open.
    fn new(opened: Opened, settings: &Settings) -> Result<Logs, AnalysisError> {
        let Opened {
            mut input,
            mut warnings,
            mut troubles,
        } = opened;
        let formats = detect_all(&input, settings)?;
        let gate = Gate::new(settings, end_of_log(&mut input, &formats, settings));
        let side = side::open(settings, &mut warnings, &mut troubles)?;
        let configurations = Configurations::read(
            settings.format.nginx_conf.as_deref(),
            settings.format.apache_conf.as_deref(),
            settings.format.haproxy_conf.as_deref(),
        )?;
        Ok(Logs {
            side,
            configurations,
            input,
            formats,
            gate,
            warnings,
            troubles,
        })
    }
}

/// Who is told how many bytes more were read.
type Read<'a> = &'a (dyn Fn(u64) + Sync);

/// What the first pass gives: its counts, and what else the end needs of them.
type Counted<S> = (Survey, S, Vec<Trouble>);

/// The passes; `count` makes the first, `finish` puts together what was asked for.
fn run<S, R>(
    mut logs: Logs,
    job: Job<'_>,
    readability: Readability,
    count: impl FnOnce(&mut Logs, Read<'_>) -> Counted<S>,
    finish: impl FnOnce(Assembly<'_>, S) -> R,
) -> Result<(R, Vec<Trouble>), AnalysisError> {
    let Job {
        settings,
        token_key,
        progress,
    } = job;
    progress.stage(Stage::Survey);
    progress.begin("reading", logs.input.total_bytes());
    let (mut survey, counted, trouble) = count(&mut logs, &|bytes| progress.advance(bytes));
    let Logs {
        input,
        formats,
        gate,
        mut warnings,
        mut troubles,
        side: logs,
        mut configurations,
    } = logs;
    troubles.extend(trouble);
    let counts = survey
        .sources
        .iter()
        .map(|tally| (tally.parsed, tally.skipped));
    if readability == Readability::Needed {
        check_readable(&counts.collect::<Vec<_>>(), &input, &formats)?;
    }

    progress.stage(Stage::Examine);
    let routes = Routes::new(&survey);
    let bins = survey.timeline.sorted();
    let span = survey::timeline::robust_span(&bins, survey.timeline.width_s());
    let admitted = bins
        .iter()
        .map(|(second, bin)| (*second, bin.requests - bin.denials));
    let exposure = Exposure::new(span.clone(), admitted);

    progress.begin("examining", input.total_bytes());
    let outlines = std::mem::take(&mut survey.outlines);
    let grounds = examine::Counted {
        survey: &survey,
        routes: &routes,
        outlines,
        marked: logs.is_some(),
    };
    let (mut table, trouble) = examine::run(&input, &formats, &gate, grounds, &|bytes| {
        progress.advance(bytes)
    });
    troubles.extend(trouble);
    progress.end();
    warnings.extend(configurations.state(&mut table, &settings.denied_statuses));
    let side_logs = logs.map(|logs| {
        let joined = side::join(logs, &mut table, progress);
        warnings.extend(joined.warnings);
        troubles.extend(joined.troubles);
        joined.logs
    });

    progress.stage(Stage::Verdict);
    table.claims = Claims::check(&table, &settings.crawler_ranges);
    let (premises, verdicts) = verdict::reach(&table, &exposure);
    progress.stage(Stage::Describe);
    let window_s = window::width(settings.window_s, &span, survey.timeline.width_s());
    let assembly = Assembly {
        settings,
        token_key,
        input: &input,
        formats: &formats,
        gate: &gate,
        survey: &survey,
        routes: &routes,
        table: &table,
        exposure: &exposure,
        premises: &premises,
        verdicts: &verdicts,
        bins: &bins,
        window_s,
        windows: &window::sums(&bins, window_s),
        side_logs,
        configurations,
        warnings,
    };
    Ok((finish(assembly, counted), troubles))
}

/// The last request of the log in milliseconds, read only where `--since` or `--until` count back from it.
fn end_of_log(input: &mut Input, formats: &[Option<Detected>], settings: &Settings) -> i64 {
    let relative = |moment| matches!(moment, Some(Moment::BeforeEnd(_)));
    if !relative(settings.since) && !relative(settings.until) {
        return i64::MAX;
    }
    let all = Gate::new(
        &Settings {
            since: None,
            until: None,
            ..settings.clone()
        },
        i64::MAX,
    );
    let (mut survey, _) = survey::run(input, formats, &all, settings.max_memory, &|_| {});
    let bins = survey.timeline.sorted();
    survey::timeline::robust_span(&bins, survey.timeline.width_s()).end * 1000
}

/// The format of each source; none for a source without a readable line.
///
/// # Errors
/// No source has a known format, or the settings name one that cannot be used.
pub fn detect_all(
    input: &Input,
    settings: &Settings,
) -> Result<Vec<Option<Detected>>, AnalysisError> {
    let mut formats = Vec::new();
    let mut unknown = None;
    for source in input.sources() {
        if source.head().is_empty() {
            formats.push(None);
            continue;
        }
        match format::detect(source.head(), &settings.format) {
            Ok(detected) => formats.push(Some(detected)),
            Err(error @ FormatError::Unknown { .. }) => {
                formats.push(None);
                unknown = unknown.or_else(|| Some(format!("{}: {error}", source.path)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    match unknown {
        Some(error) if formats.iter().all(Option::is_none) => {
            Err(AnalysisError::UnknownFormat(error))
        }
        _ => Ok(formats),
    }
}
