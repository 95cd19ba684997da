//! `report`, for cron: what came since the last run, published as a set of tables.
//!
//! ```text
//! lock → state → gather: new lines and context → analyse → carry spikes over → tables
//!      → publish: a whole set, then one rename of a link → tell → commit the state by one rename → tidy
//! ```
//!
//! Invariant: a run is counted when its state is committed. One that dies before is done again under
//! the same number, and replaces what it had published; so who keys on `(run, source)` counts each
//! line once. A file that is truncated while it is read makes the run begin anew, before it has
//! published anything.

mod carry_over;
mod context;
mod gather;
mod lock;
mod publish;
pub mod state;
pub mod tables;
pub mod text;

use crate::analysis::additions::{self, Additions};
use crate::analysis::{AnalysisError, Job, Progress, Readability};
use crate::findings::Spike;
use crate::input::{InputError, Trouble};
use crate::key::token::{LoadedKey, TokenKey, TokenKeyError};
use crate::policy::known::Known;
use crate::settings::Settings;
use carry_over::{Carried, Usual, carry_over};
use gather::Gathered;
use lock::{Lock, LockError};
use publish::{PublishError, Shelf};
use state::{Loaded, State, StateError, Templates, VERSION};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use tables::Tables;

/// How often a run begins anew because a file was truncated while it was read.
const MOST_ATTEMPTS: u32 = 4;
/// The copy of the state in a published set.
const STATE_COPY: &str = "state.json";

/// What a run is asked for besides the settings of reading.
#[derive(Debug)]
pub struct Options {
    /// Where sets are published.
    pub out: PathBuf,
    /// What the last run left; none to count all, as run 1.
    pub state: Option<PathBuf>,
    /// How many sets stay.
    pub keep: u64,
    /// How long before the first new line lines are read again, in milliseconds.
    pub context_ms: i64,
    /// Rules that are expected.
    pub known: Known,
}

/// What a run found, once it is committed.
#[derive(Debug)]
pub struct Report {
    /// Its number.
    pub run: u64,
    /// The LOGs that were read, as typed.
    pub logs: Vec<String>,
    /// The spikes with new denials, all LOGs together.
    pub spikes: Vec<Spike>,
    /// Ids of those that no earlier run has seen.
    new: HashSet<String>,
    /// New requests.
    pub requests: u64,
    /// New denials.
    pub denials: u64,
    /// New lines.
    pub lines: u64,
    /// New lines that should have been requests and could not be read.
    pub unreadable: u64,
    /// Denials in a usual minute of the week before, where that is known.
    pub usual_per_minute: Option<u64>,
    /// Offset of the log's own clock from UTC, in seconds.
    pub utc_offset_s: i32,
    /// What the reader has to know to trust the rest.
    pub warnings: Vec<String>,
    /// What is to be told, whatever was found.
    pub notices: Vec<String>,
    /// What could not be read, or is lost: the run is one in part.
    pub losses: Vec<String>,
}

impl Report {
    /// Whether no earlier run has seen a spike.
    pub fn is_new(&self, spike: &Spike) -> bool {
        self.new.contains(&spike.id)
    }
}

/// Why a run is not committed.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nothing can be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What is there makes no sense.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// Another run is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The state cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The set cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// There is no token key.
    #[error(transparent)]
    TokenKey(#[from] TokenKeyError),
    /// The sets there belong to runs that go on from each other.
    #[error("the sets in {out} were published with a state; give its --state, or another --out", out = .0.display())]
    NoState(PathBuf),
    /// What was found could not be told.
    #[error("{source}; run {run} is published, but not committed: the next run does it again")]
    Untold {
        /// The number of the run.
        run: u64,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The sets there are of other runs than the state.
    #[error("the sets in {out} are not of the state {state}: {why}; give the --out and --state that belong together, or another --out", out = .out.display(), state = .state.display())]
    OtherState {
        /// Where the sets are.
        out: PathBuf,
        /// The state.
        state: PathBuf,
        /// How that is known.
        why: String,
    },
    /// The state cannot be a file of that name.
    #[error("the state {path} is no file; give --state the name of a file", path = .0.display())]
    NoFile(PathBuf),
    /// Tables are written to memory, so this does not happen.
    #[error("cannot render the tables: {0}")]
    Render(#[from] io::Error),
    /// The logs are truncated again and again.
    #[error(
        "the logs were truncated each of {MOST_ATTEMPTS} times that they were read; nothing is counted, and the next run does it again"
    )]
    NeverStill,
}

/// Counts what is new, publishes it, tells it and commits it. `token_key` is asked where the state holds
/// no key; `tell` comes before the commit, so that what nobody was told of is found again.
///
/// # Errors
/// Whatever leaves the run uncommitted.
pub fn run(
    settings: &Settings,
    options: &Options,
    token_key: &dyn Fn(Option<&State>) -> Result<LoadedKey, TokenKeyError>,
    progress: &dyn Progress,
    tell: impl FnOnce(&Report) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Result<Report, ReportError> {
    let _lock = options.state.as_deref().map(lock_state).transpose()?;
    let shelf = Shelf::open(&options.out)?;
    let mut notices = Vec::new();
    let before = before(settings, options, &shelf, &mut notices)?;
    let mut state = before.clone().unwrap_or_else(first_state);
    state.run += 1;
    let run = state.run;
    let key = token_key(before.as_ref())?;
    state.keep_token_key(&key.key);

    let job = Job {
        settings,
        token_key: &key.key,
        progress,
    };
    let read = Read::run(before.as_ref(), options, job)?;
    if read.shows_tokens() {
        notices.extend(key.warning);
    }
    let usual = Usual::before(&state, read.additions.span_s.start);
    let mut spikes = carry_over(&mut state, run, &read.additions);
    for spike in &mut spikes {
        let expected = options.known.expects(&spike.finding.whole);
        spike.known = expected.map(str::to_owned);
    }
    read.remember(&mut state, &settings.input.logs);
    let set = set(&shelf, run, settings, &read, &spikes, &mut notices)?;
    let mut report = Report {
        usual_per_minute: usual.map(|usual| usual.median),
        notices,
        ..read.report(run, &settings.input.logs, &spikes)
    };
    let tell = || tell(&report).map_err(|source| ReportError::Untold { run, source });
    let left = finish(&shelf, &state, options, set, tell)?;
    report.notices.extend(left);
    Ok(report)
}

/// Publishes the set, tells of it, commits the state, and tidies up, in this order. What is left over
/// from the last is a notice.
fn finish(
    shelf: &Shelf,
    state: &State,
    options: &Options,
    mut set: publish::Set,
    tell: impl FnOnce() -> Result<(), ReportError>,
) -> Result<Option<String>, ReportError> {
    if options.state.is_some() {
        set.push((STATE_COPY, state.to_public_bytes()?));
    }
    shelf.publish(state.run, &set)?;
    tell()?;
    if let Some(path) = &options.state {
        state.commit(path)?;
    }
    let tidied = shelf.tidy(state.run, options.keep);
    let run = state.run;
    Ok(tidied
        .err()
        .map(|error| format!("run {run} is published, but old sets stay: {error}")))
}

/// The state to go on from; none for a run that counts all.
fn before(
    settings: &Settings,
    options: &Options,
    shelf: &Shelf,
    notices: &mut Vec<String>,
) -> Result<Option<State>, ReportError> {
    let Some(path) = &options.state else {
        // All is run 1 then, which would take the place of what the runs with a state have summed up.
        return match shelf.current(STATE_COPY)? {
            Some(_) => Err(ReportError::NoState(options.out.clone())),
            None => Ok(None),
        };
    };
    let mut state = last_state(path, options, settings, shelf, notices)?;
    if state.id.is_empty() {
        state.id = TokenKey::random_id()?;
    }
    if gather::meet(&mut state, settings) {
        state.commit(path)?;
    }
    Ok(Some(state))
}

fn lock_state(path: &Path) -> Result<Lock, ReportError> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(ReportError::NoFile(path.to_owned()));
    }
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    Ok(Lock::take("the state", path, lock.into())?)
}

fn first_state() -> State {
    State {
        version: VERSION,
        ..State::default()
    }
}

/// The state to go on from: that of the file, or if that is lost, damaged or older than what is
/// published, the copy in the set that was published last.
fn last_state(
    path: &Path,
    options: &Options,
    settings: &Settings,
    shelf: &Shelf,
    notices: &mut Vec<String>,
) -> Result<State, ReportError> {
    let loaded = State::load(path)?;
    let published = match shelf.current(STATE_COPY)? {
        Some(_) => match State::load(&shelf.current_path(STATE_COPY))? {
            Loaded::State(state) => Some(*state),
            Loaded::Absent | Loaded::Damaged(_) => None,
        },
        None => None,
    };
    if let Some(published) = &published
        && let Some(why) = is_of_another(&loaded, published, &settings.input.logs)
    {
        return Err(ReportError::OtherState {
            out: options.out.clone(),
            state: path.to_owned(),
            why,
        });
    }
    let shown = path.display();
    let why = match loaded {
        // What was published last may be the next run, which was not committed.
        Loaded::State(state) => match &published {
            Some(published) if published.run > state.run + 1 => {
                format!(
                    "the state {shown} is of run {}, and run {} is published",
                    state.run, published.run
                )
            }
            _ => return Ok(*state),
        },
        Loaded::Absent if published.is_none() => return Ok(first_state()),
        Loaded::Absent => format!("the state {shown} is not there"),
        Loaded::Damaged(error) => {
            let aside = with_ending(path, ".damaged");
            // A copy for whoever wants to know; what replaces it is written by a rename.
            let _ = copy_privately(path, &aside);
            format!(
                "the state {shown} is damaged ({error}; kept as {})",
                aside.display()
            )
        }
    };
    match published {
        Some(state) => {
            notices.push(format!(
                "{why}: going on from the copy in the set of run {}, nothing is lost but the token key",
                state.run
            ));
            Ok(state)
        }
        None => {
            notices.push(format!(
                "{why}, and no copy of it is published: all of the logs is counted again, as run 1"
            ));
            Ok(first_state())
        }
    }
}

/// Why the newest set cannot be of the runs of a state; none if it can.
fn is_of_another(loaded: &Loaded, published: &State, logs: &[String]) -> Option<String> {
    match loaded {
        Loaded::State(state) => {
            let has_ids = !state.id.is_empty() && !published.id.is_empty();
            if has_ids && state.id != published.id {
                Some("they were published with another state".to_owned())
            } else if published.run < state.run {
                let (newest, run) = (published.run, state.run);
                Some(format!(
                    "the newest is of run {newest}, and run {run} was published elsewhere"
                ))
            } else {
                None
            }
        }
        Loaded::Absent | Loaded::Damaged(_) => {
            let is_any = logs.iter().any(|log| published.logs.contains_key(log));
            (!is_any).then(|| "they are of other LOGs".to_owned())
        }
    }
}

/// Copies a damaged state, which may hold the key still.
fn copy_privately(from: &Path, to: &Path) -> io::Result<()> {
    let bytes = std::fs::read(from)?;
    let directory = match to.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    io::Write::write_all(&mut file, &bytes)?;
    file.persist(to).map(drop).map_err(|error| error.error)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The files of the run's set.
fn set(
    shelf: &Shelf,
    run: u64,
    settings: &Settings,
    read: &Read,
    spikes: &[Carried<'_>],
    notices: &mut Vec<String>,
) -> Result<publish::Set, ReportError> {
    let summary = shelf.current("summary.csv")?.unwrap_or_default();
    let (earlier, unreadable) = tables::summary_before(run, &summary);
    if unreadable > 0 {
        let path = shelf.current_path("summary.csv");
        let path = path.display();
        notices.push(format!(
            "{path}: {unreadable} rows make no sense and are left out; the sets under runs/ have them as they were"
        ));
    }
    let tables = Tables {
        run,
        logs: &settings.input.logs,
        is_readable: &read.gathered.is_readable,
        additions: &read.additions,
        spikes,
    };
    Ok(tables.render(&earlier)?)
}

/// What a run has read, and what it found in it.
struct Read {
    gathered: Gathered,
    additions: Additions,
    troubles: Vec<Trouble>,
}

impl Read {
    /// Reads what is new, once more if a file was truncated meanwhile.
    fn run(before: Option<&State>, options: &Options, job: Job<'_>) -> Result<Read, ReportError> {
        let logs = job.settings.input.logs.len();
        // A stretch of another format must not stop all later runs.
        let readability = match before {
            Some(state) if state.run > 0 => Readability::NotNeeded,
            _ => Readability::Needed,
        };
        for _ in 0..MOST_ATTEMPTS {
            let gathered = match before {
                Some(state) => gather::since(state, job.settings, options.context_ms),
                None => gather::whole(job.settings),
            };
            let (opened, gathered) = match gathered {
                Err(error) if before.is_some() && error.is_truncation() => continue,
                gathered => gathered?,
            };
            let templates = before.map(|state| state.routes.answers());
            let found = {
                let templates = templates.unwrap_or_default();
                additions::analyze(opened, logs, &templates, readability, job)
            };
            // Asked before what was found is looked at: it may be nonsense.
            if before.is_none() || gathered.is_still() {
                let (additions, troubles) = found?;
                return Ok(Read {
                    gathered,
                    additions,
                    troubles,
                });
            }
        }
        Err(ReportError::NeverStill)
    }

    /// Whether fingerprints of tokens are published.
    fn shows_tokens(&self) -> bool {
        let logs = &self.additions.logs;
        logs.iter().any(|log| !log.tokens.is_empty())
    }

    /// Keeps in the state what the next run goes on from.
    fn remember(&self, state: &mut State, logs: &[String]) {
        let damaged = self.troubles.iter().filter_map(|trouble| match trouble {
            Trouble::Damaged { path, .. } | Trouble::ReadFailed { path, .. } => Some(path.clone()),
            _ => None,
        });
        let text_bytes = &self.additions.text_bytes;
        let cursors = self.gathered.cursors(logs, text_bytes, &damaged.collect());
        state.logs.extend(cursors);
        state.add_minutes(&self.additions.minutes, self.additions.span_s.end);
        state.routes = Templates::of(self.additions.templates.clone());
    }

    fn report(&self, run: u64, logs: &[String], spikes: &[Carried<'_>]) -> Report {
        let added = &self.additions.logs;
        let sum = |count: fn(&additions::Addition) -> u64| added.iter().map(count).sum();
        let is_read = self.gathered.is_readable.iter();
        let new = spikes.iter().filter(|spike| spike.is_new);
        let lost = self.gathered.lost.iter().map(ToString::to_string);
        let skipped = logs.iter().zip(added).filter_map(|(log, added)| {
            let unreadable = added.skipped.unreadable();
            let read = added.parsed + added.skipped.filtered;
            (unreadable > read).then(|| {
                let lines = read + unreadable;
                format!(
                    "skipped {unreadable} of {lines} new lines of {log}: they are in another format"
                )
            })
        });
        Report {
            run,
            logs: logs
                .iter()
                .zip(is_read)
                .filter(|(_, is_read)| **is_read)
                .map(|(log, _)| log.clone())
                .collect(),
            new: new.map(|spike| spike.id.clone()).collect(),
            spikes: spikes.iter().map(Carried::everywhere).collect(),
            requests: sum(|log| log.requests),
            denials: sum(|log| log.denials),
            lines: sum(|log| log.lines),
            unreadable: sum(|log| log.skipped.unreadable()),
            usual_per_minute: None,
            utc_offset_s: self.additions.utc_offset_s,
            warnings: self.additions.warnings.clone(),
            notices: Vec::new(),
            losses: lost
                .chain(self.troubles.iter().map(ToString::to_string))
                .chain(skipped)
                .collect(),
        }
    }
}
