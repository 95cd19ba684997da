//! What is new: an analysis that looks at the lines of earlier runs too, and counts only the others.
//!
//! Causes, rules and the intervals of spikes are told from everything that is read. Counts are kept
//! apart by LOG and leave out what a source gives as context only, so that the runs of `report` add up
//! to what was written, line for line.

mod causes;
mod counts;

use super::assemble::Assembly;
use super::{AnalysisError, Job, Logs, Readability, Stage, run, warnings, with_threads};
use crate::examine::row::Row;
use crate::findings::{Family, Moment, Skipped, Spike};
use crate::input::{Opened, Source, Trouble};
use crate::key::route_tree::Answer;
use crate::survey;
use crate::verdict::Verdict;
use crate::verdict::describe::{Setting, describe, describe_part};
use counts::Counts;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// Verdicts that are no spikes, the largest first, which may yet go on with one of an earlier run.
const MOST_STANDING: usize = 100;

/// What an analysis found in the lines that are new.
#[derive(Debug)]
pub struct Additions {
    /// Per LOG, in the order in which they were given.
    pub logs: Vec<Addition>,
    /// Verdicts with new denials: the spikes, then others, each in the order of time.
    pub findings: Vec<Finding>,
    /// Width of a window, in seconds.
    pub window_s: u64,
    /// New requests and denials by minute since the epoch, with the first second of each.
    pub minutes: Vec<(i64, u64, u64)>,
    /// The first second of all that was read, and the one behind the last; absurd stamps left out.
    pub span_s: std::ops::Range<i64>,
    /// Offset of the log's own clock from UTC, in seconds.
    pub utc_offset_s: i32,
    /// Templates of routes, for the next run to name routes alike.
    pub templates: Vec<(Vec<u8>, Answer)>,
    /// Bytes of text of each source.
    pub text_bytes: Vec<u64>,
    /// What the reader has to know to trust the rest.
    pub warnings: Vec<String>,
}

/// The new lines of one LOG.
#[derive(Debug, Default)]
pub struct Addition {
    /// First and last request; none without one.
    pub interval: Option<(Moment, Moment)>,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that are requests within the filters.
    pub parsed: u64,
    /// Lines that are not.
    pub skipped: Skipped,
    /// Requests.
    pub requests: u64,
    /// Denials.
    pub denials: u64,
    /// By time; windows without requests are left out.
    pub windows: Vec<Window>,
    /// Denied addresses, the most denied first.
    pub ips: Vec<Value>,
    /// Families of user agents.
    pub clients: Vec<Value>,
    /// User names.
    pub users: Vec<Value>,
    /// Fingerprints of tokens.
    pub tokens: Vec<Value>,
    /// Templates of paths.
    pub routes: Vec<Value>,
}

/// One window of a LOG.
#[derive(Debug)]
pub struct Window {
    /// Its start.
    pub start: Moment,
    /// Its end, exclusive.
    pub end: Moment,
    /// Requests.
    pub requests: u64,
    /// Denials.
    pub denials: u64,
    /// Denials by family, in the order of [`FAMILIES`]; they add up.
    pub families: [u64; FAMILIES.len()],
}

/// The order of [`Window::families`].
pub const FAMILIES: [Family; 4] = [
    Family::RateLimit,
    Family::Acl,
    Family::BotFilter,
    Family::Undetermined,
];

/// One denied value of a dimension.
#[derive(Debug)]
pub struct Value {
    /// As outputs show it.
    pub value: String,
    /// All its requests.
    pub requests: u64,
    /// Denials among them.
    pub denials: u64,
    /// First denial.
    pub first: Moment,
    /// Last denial.
    pub last: Moment,
    /// The cause of most of its denials, with the mean confidence; none where they could not be looked at.
    pub cause: Option<(crate::findings::Cause, Option<f64>)>,
}

/// A verdict that new denials are put under.
#[derive(Debug)]
pub struct Finding {
    /// All of it, context included.
    pub whole: Spike,
    /// Whether it stands out of what was read.
    pub is_spike: bool,
    /// Its new denials by LOG: the LOG's number, and the description of its part.
    pub parts: Vec<(usize, Spike)>,
}

/// Analyses an open input. `logs` is how many LOGs were given, `templates` are those of earlier runs;
/// `readability` says whether a stretch of which most cannot be read is an error.
///
/// # Errors
/// As [`super::analyze`].
pub fn analyze(
    opened: Opened,
    logs: usize,
    templates: &[(Vec<u8>, Answer)],
    readability: Readability,
    job: Job<'_>,
) -> Result<(Additions, Vec<Trouble>), AnalysisError> {
    with_threads(job.settings, move || {
        let portions: Vec<usize> = opened.input.sources().iter().map(portion).collect();
        let groups = logs + 1;
        let group = |source: usize| portions.get(source).copied().unwrap_or(0);
        job.progress.stage(Stage::Open);
        run(
            Logs::new(opened, job.settings)?,
            job,
            readability,
            |logs, read| {
                let groups = (groups, &group as &_);
                let Logs {
                    input,
                    formats,
                    gate,
                    ..
                } = logs;
                let max_memory = job.settings.max_memory;
                let (surveys, troubles) =
                    survey::run_apart(input, formats, gate, max_memory, groups, read);
                let mut surveys = surveys.into_iter();
                let mut all = surveys.next().unwrap_or_default();
                let mut counts = Vec::new();
                for mut survey in surveys {
                    counts.push(Counts::of(&mut survey));
                    all.merge(survey);
                }
                for source in &mut all.sources {
                    source.chunks.sort_unstable_by_key(|chunk| chunk.number);
                }
                for (template, answer) in templates {
                    all.routes.insert(template, *answer);
                }
                (all, counts, troubles)
            },
            |assembly, counts| additions(&assembly, &counts),
        )
    })
}

/// 0 for context, else the number of the LOG, counted from 1.
fn portion(source: &Source) -> usize {
    match source.is_context {
        true => 0,
        false => source.log + 1,
    }
}

fn additions(assembly: &Assembly<'_>, counts: &[Counts]) -> Additions {
    let portions: Vec<usize> = assembly.input.sources().iter().map(portion).collect();
    let of_log = |row: &Row, log: usize| portions.get(row.source as usize) == Some(&(log + 1));
    let logs = counts.iter().enumerate().map(|(log, counts)| {
        let causes = causes::Causes::of(assembly, &|row| of_log(row, log));
        counts.addition(assembly, &causes)
    });
    let bins = assembly.bins;
    Additions {
        logs: logs.collect(),
        findings: findings(assembly, counts.len(), &of_log),
        window_s: assembly.window_s.unsigned_abs(),
        minutes: counts::minutes(counts),
        span_s: survey::timeline::robust_span(bins, assembly.survey.timeline.width_s()),
        utc_offset_s: assembly.survey.utc_offset_s(),
        templates: assembly.survey.routes.templates(),
        text_bytes: assembly.survey.sources.iter().map(|s| s.bytes).collect(),
        warnings: warnings::collect(assembly, &[]),
    }
}

/// Describes the verdicts with new denials, whole and LOG by LOG.
fn findings(
    assembly: &Assembly<'_>,
    logs: usize,
    of_log: &(dyn Fn(&Row, usize) -> bool + Sync),
) -> Vec<Finding> {
    let rows = &assembly.table.rows;
    let is_new = |index: &u32| {
        let row = rows.get(*index as usize);
        row.is_some_and(|row| (0..logs).any(|log| of_log(row, log)))
    };
    let with_new = |is_spike: bool| {
        let verdicts = assembly.verdicts.iter();
        verdicts.filter(move |v| v.is_spike == is_spike && v.denials.iter().any(is_new))
    };
    let mut standing: Vec<&Verdict> = with_new(false).collect();
    standing.sort_by_key(|verdict| std::cmp::Reverse(verdict.denials.len()));
    standing.truncate(MOST_STANDING);
    standing.sort_by_key(|verdict| verdict.facts.start_ms);
    let verdicts: Vec<&Verdict> = with_new(true).chain(standing).collect();
    assembly.describing(|setting| {
        let describe = |verdict: &&Verdict| {
            let whole = describe(setting, verdict);
            let part = |log| part(setting, verdict, &whole, log, of_log);
            Finding {
                parts: (0..logs).filter_map(part).collect(),
                is_spike: verdict.is_spike,
                whole,
            }
        };
        verdicts.par_iter().map(describe).collect()
    })
}

fn part(
    setting: &Setting<'_>,
    verdict: &Verdict,
    whole: &Spike,
    log: usize,
    of_log: &(dyn Fn(&Row, usize) -> bool + Sync),
) -> Option<(usize, Spike)> {
    let mut part = describe_part(setting, verdict, whole, &|row| of_log(row, log))?;
    // Where only a share of the denials could be kept, each row stands for several of them.
    if setting.table.is_thinned() {
        let rows = verdict
            .denials
            .iter()
            .map(|index| &setting.table.rows[*index as usize]);
        let rows = rows.filter(|row| of_log(row, log));
        part.denials = rows.map(|row| u64::from(setting.table.weight(row))).sum();
        part.requests = part.requests.max(part.denials);
    }
    Some((log, part))
}
