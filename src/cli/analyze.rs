//! `forbid-logs analyze`: the main job.

use super::arguments::{Analyze, When, Writing};
use super::fail_on::fail_on;
use super::message;
use super::progress::Bar;
use super::reading::Requested;
use super::{overwrite, skipped, terminal};
use crate::analysis::{self, Outcome};
use crate::exit::ExitCode;
use crate::input::guard;
use crate::key::token::{self, TokenKey};
use crate::output::file::{Delivery, Destination};
use crate::output::{self, Context, text};
use anyhow::Context as _;
use std::io::{IsTerminal, stdout};

/// Analyses the logs and writes the report.
pub fn run(arguments: &Analyze) -> anyhow::Result<ExitCode> {
    let Requested {
        mut settings,
        source,
        notices,
    } = arguments
        .reading
        .settings(&arguments.logs, &arguments.privacy)?;
    settings.top = arguments.writing.top.unwrap_or(settings.top);
    let known = arguments.reading.known()?;
    let destination = match &arguments.writing.output {
        Some(path) => {
            overwrite::refuse("-o", path, &settings.input.logs)?;
            Destination::open(path)?
        }
        None => Destination::stdout(),
    };
    let quiet = arguments.writing.quiet;
    let say = |line: &str| {
        if !quiet {
            message::say(line);
        }
    };
    notices.iter().for_each(|notice| say(notice));
    guard::install().context("cannot guard mapped files against truncation; try --no-mmap")?;
    let key = TokenKey::load(
        arguments.reading.token_key.as_deref(),
        token::state_home(|name| std::env::var_os(name)).as_deref(),
    )?;
    let bar = Bar::new(!quiet && !arguments.writing.no_progress);
    let Outcome {
        mut analysis,
        troubles,
    } = analysis::analyze(&settings, &key.key, &bar)?;
    if !analysis.groups.token.is_empty() {
        analysis.warnings.extend(key.warning);
    }
    for trouble in &troubles {
        analysis.warnings.push(trouble.to_string());
    }
    for spike in &mut analysis.spikes {
        spike.known = known.expects(spike).map(str::to_owned);
    }
    let context = context(&arguments.writing, source);
    let written = destination
        .deliver(|out| output::render(arguments.writing.format, &analysis, &context, out))?;
    if written == Delivery::ClosedPipe {
        return Ok(ExitCode::Analysed);
    }
    if analysis.input.parsed == 0 {
        say("no requests: the logs are empty, or --since, --until and --where leave nothing");
    }
    let mut code = ExitCode::Analysed;
    for trouble in &troubles {
        message::say(&trouble.to_string());
        code = code.and(ExitCode::InPart);
    }
    Ok(code
        .and(skipped::check(
            arguments.writing.max_skipped,
            analysis.input.skipped.unreadable(),
            analysis.input.lines,
        ))
        .and(fail_on(
            &arguments.writing.fail_on,
            &analysis.spikes,
            &|_| true,
        )))
}

fn context(writing: &Writing, source: String) -> Context {
    let to_terminal = writing.output.is_none() && stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Context {
        source,
        width: terminal::width(to_terminal),
        unicode: terminal::is_unicode(),
        color: match writing.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                to_terminal
                    && !no_color
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        },
        top: writing.top.unwrap_or(text::ROWS),
        verbose: writing.verbose,
    }
}
