//! `forbid-logs report`: what is new, published for cron.

use super::arguments::{Publishing, Report};
use super::fail_on::fail_on;
use super::message;
use super::overwrite;
use super::progress::Bar;
use super::reading::Requested;
use super::skipped;
use crate::exit::ExitCode;
use crate::findings::{Rule, Spike};
use crate::input::guard;
use crate::key::token::{self, LoadedKey, TokenKey};
use crate::output::file::Destination;
use crate::policy::known::Known;
use crate::policy::rule::Policy;
use crate::report::{self, Options, text};
use anyhow::Context as _;
use std::path::Path;

/// Width of a window unless one is asked for, in seconds: the same for every run, so that they add up.
const WINDOW_S: u64 = 60;

/// Counts what is new, publishes it, and tells what has to be told.
pub fn run(arguments: &Report) -> anyhow::Result<ExitCode> {
    let publishing = &arguments.publishing;
    let Requested {
        mut settings,
        notices,
        ..
    } = arguments
        .reading
        .settings(&arguments.logs, &arguments.privacy)?;
    settings.window_s.get_or_insert(WINDOW_S);
    let mut seen = std::collections::HashSet::new();
    settings.input.logs.retain(|log| seen.insert(log.clone()));
    let known = arguments.reading.known()?;
    let say = |line: &str| {
        if !publishing.quiet {
            message::say(line);
        }
    };
    notices.iter().for_each(|notice| say(notice));
    let outputs = [
        ("--state", &publishing.state),
        ("--write-known", &publishing.write_known),
        ("--known", &arguments.reading.known),
    ];
    for (option, path) in outputs {
        if let Some(path) = path {
            overwrite::refuse(option, path, &settings.input.logs)?;
        }
    }
    let to_write = publishing.write_known.as_deref().map(KnownFile::open);
    let to_write = to_write.transpose()?;
    guard::install().context("cannot guard mapped files against truncation; try --no-mmap")?;
    let options = Options {
        out: publishing.out.clone(),
        state: publishing.state.clone(),
        keep: publishing.keep,
        context_ms: publishing.context,
        known,
    };
    let key_file = arguments.reading.token_key.as_deref();
    let token_key = |state: Option<&report::state::State>| {
        let kept = state.and_then(report::state::State::token_key);
        if let (None, Some(key)) = (key_file, kept) {
            return Ok(LoadedKey { key, warning: None });
        }
        let home = token::state_home(|name| std::env::var_os(name));
        let mut loaded = TokenKey::load(key_file, home.as_deref())?;
        if key_file.is_none() && state.is_some() {
            // One that could be kept nowhere else is kept in the state.
            loaded.warning = None;
        }
        Ok(loaded)
    };
    let bar = Bar::new(!publishing.quiet && !publishing.no_progress);
    // First the mail: rules that are written before it may be those of --known when it is done again.
    let tell = |report: &report::Report| {
        print(publishing, report)?;
        to_write.map_or(Ok(()), |file| file.add(&report.spikes))?;
        Ok(())
    };
    let report = report::run(&settings, &options, &token_key, &bar, tell)?;
    report.notices.iter().for_each(|notice| say(notice));
    let code = report.losses.iter().fold(ExitCode::Analysed, |code, loss| {
        message::say(loss);
        code.and(ExitCode::InPart)
    });
    Ok(code
        .and(skipped::check(
            publishing.max_skipped,
            report.unreadable,
            report.lines,
        ))
        .and(fail_on(&publishing.fail_on, &report.spikes, &|spike| {
            report.is_new(spike)
        })))
}

/// Prints what is new, where that is wanted and something is.
fn print(publishing: &Publishing, report: &report::Report) -> anyhow::Result<()> {
    let text = match publishing.print {
        true => text::whats_new(report, &publishing.out),
        false => String::new(),
    };
    Destination::stdout().deliver(|out| out.write_all(text.as_bytes()))?;
    Ok(())
}

/// The file of `--write-known`, checked before the run.
struct KnownFile {
    destination: Destination,
    known: Known,
    text: String,
}

impl KnownFile {
    /// Reads what stands there, and finds out whether it can be replaced.
    fn open(path: &Path) -> anyhow::Result<KnownFile> {
        let destination = Destination::open(path)
            .map_err(|error| anyhow::anyhow!("--write-known: {}", error.without_advice()))?;
        let (known, text) = match path.is_file() {
            true => (
                Known::read(path).context("--write-known")?,
                std::fs::read_to_string(path)
                    .with_context(|| format!("--write-known: cannot read {}", path.display()))?,
            ),
            false => (Known::default(), String::new()),
        };
        Ok(KnownFile {
            destination,
            known,
            text,
        })
    }

    /// Adds the rules of spikes that it does not expect yet; what stands in it stays.
    fn add(self, spikes: &[Spike]) -> anyhow::Result<()> {
        let mut text = self.text;
        let before = text.len();
        if before > 0 && !text.ends_with('\n') {
            text.push('\n');
        }
        for spike in spikes.iter().filter(|s| self.known.expects(s).is_none()) {
            let line = known_lines(spike);
            let is_there = match line.lines().next_back() {
                Some(last) => text.lines().any(|line| line == last),
                None => true,
            };
            if !is_there {
                text.push_str(&line);
            }
        }
        if text.len() > before || before == 0 {
            let written = self
                .destination
                .deliver(|out| out.write_all(text.as_bytes()));
            written
                .map_err(|error| anyhow::anyhow!("--write-known: {}", error.without_advice()))?;
        }
        Ok(())
    }
}

/// What a spike adds to a file of known rules; the last line is what makes it the same as another.
fn known_lines(spike: &Spike) -> String {
    let (id, cause) = (&spike.id, spike.cause.name());
    match spike.rule.as_ref().map(rule_text) {
        Some(rule) => {
            let start = spike.start.format("%Y-%m-%dT%H:%M:%SZ");
            format!("# spike {id}, {cause}, from {start}\n{rule}\n")
        }
        None => format!("# spike {id} ({cause}) has no rule\n"),
    }
}

/// A rule for whenever it applies again. One line: the text form escapes line breaks.
fn rule_text(rule: &Rule) -> String {
    let policy = Policy {
        since: None,
        until: None,
        ..Policy::from_rule(rule)
    };
    policy.to_string()
}
