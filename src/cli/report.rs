//! `forbid-logs report`: what is new, published for cron.

use super::arguments::{Publishing, Report};
use super::fail_on::fail_on;
use super::message;
use super::progress::Bar;
use super::reading::Requested;
use super::skipped;
use crate::exit::ExitCode;
use crate::findings::{Rule, Spike};
use crate::input::guard;
use crate::key::token::{self, LoadedKey, TokenKey};
use crate::output::file::{Delivery, Destination};
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
    let bar = Bar::new(!publishing.quiet);
    let report = report::run(&settings, &options, &token_key, &bar)?;
    report.notices.iter().for_each(|notice| say(notice));
    if let Some(path) = &publishing.write_known {
        write_known(path, &report.spikes)?;
    }
    let code = report.losses.iter().fold(ExitCode::Analysed, |code, loss| {
        message::say(loss);
        code.and(ExitCode::InPart)
    });
    print(publishing, &report)?;
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
fn print(publishing: &Publishing, report: &report::Report) -> anyhow::Result<Delivery> {
    let text = match publishing.print {
        true => text::whats_new(report, &publishing.out),
        false => String::new(),
    };
    Ok(Destination::stdout().deliver(|out| out.write_all(text.as_bytes()))?)
}

/// Adds the rules of spikes that a file does not expect yet; what stands in it stays.
fn write_known(path: &Path, spikes: &[Spike]) -> anyhow::Result<()> {
    let (known, mut text) = match path.exists() {
        true => (Known::read(path)?, std::fs::read_to_string(path)?),
        false => (Known::default(), String::new()),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let before = text.len();
    for spike in spikes.iter().filter(|spike| known.expects(spike).is_none()) {
        let Some(rule) = spike.rule.as_ref().map(rule_text) else {
            continue;
        };
        if !text.lines().any(|line| line == rule) {
            let start = spike.start.format("%Y-%m-%dT%H:%M:%SZ");
            let cause = spike.cause.name();
            let id = &spike.id;
            text.push_str(&format!("# spike {id}, {cause}, from {start}\n{rule}\n"));
        }
    }
    if text.len() > before || before == 0 {
        Destination::open(path)?.deliver(|out| out.write_all(text.as_bytes()))?;
    }
    Ok(())
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
