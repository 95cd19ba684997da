//! `forbid-logs export`: the requests as normalised records.

use super::arguments::Export;
use super::progress::Bar;
use super::reading::Requested;
use super::{message, overwrite, skipped};
use crate::exit::ExitCode;
use crate::export::{self, ExportError, Exported, Request};
use crate::input::guard;
use crate::key::token::{self, TokenKey};
use crate::output::file::{Delivery, Destination};
use anyhow::Context as _;

/// Exports the logs.
pub fn run(arguments: &Export) -> anyhow::Result<ExitCode> {
    let Requested {
        settings, notices, ..
    } = arguments
        .reading
        .settings(&arguments.logs, &arguments.privacy)?;
    let destination = match &arguments.output {
        Some(path) => {
            overwrite::refuse("-o", path, &settings.input.logs)?;
            Destination::open(path)?
        }
        None => Destination::stdout(),
    };
    let say = |line: &str| {
        if !arguments.quiet {
            message::say(line);
        }
    };
    notices.iter().for_each(|notice| say(notice));
    guard::install().context("cannot guard mapped files against truncation; try --no-mmap")?;
    let key = TokenKey::load(
        arguments.reading.token_key.as_deref(),
        token::state_home(|name| std::env::var_os(name)).as_deref(),
    )?;
    let bar = Bar::new(!arguments.quiet && !arguments.no_progress);
    let mut stream = destination.stream()?;
    let exported = match export::export(&settings, request(arguments), &key.key, &bar, &mut stream)
    {
        Ok(exported) => exported,
        Err(ExportError::Output(error)) => {
            stream.failed(error)?;
            return Ok(ExitCode::Analysed);
        }
        Err(error) => return Err(error.into()),
    };
    if stream.finish()? == Delivery::ClosedPipe {
        return Ok(ExitCode::Analysed);
    }
    tell(&exported, key.warning.as_deref(), &say);
    let mut code = ExitCode::Analysed;
    for trouble in &exported.troubles {
        message::say(&trouble.to_string());
        code = code.and(ExitCode::InPart);
    }
    let lines = exported.lines();
    Ok(code.and(skipped::check(
        arguments.max_skipped,
        exported.skipped.unreadable(),
        lines,
    )))
}

fn request(arguments: &Export) -> Request {
    Request {
        encoding: arguments.format,
        all: arguments.all,
        verdict: arguments.verdict,
        keep_unparsed: arguments.keep_unparsed,
    }
}

/// What one has to know to trust the records.
fn tell(exported: &Exported, key_warning: Option<&str>, say: &impl Fn(&str)) {
    exported.warnings.iter().for_each(|warning| say(warning));
    key_warning
        .into_iter()
        .filter(|_| exported.has_token)
        .for_each(say);
    let unreadable = exported.skipped.unreadable();
    if unreadable > 0 {
        say(&format!(
            "skipped {unreadable} of {} lines that could not be read; --keep-unparsed shows which",
            exported.lines()
        ));
    }
    if exported.parsed == 0 {
        say("no requests: the logs are empty, or --since, --until and --where leave nothing");
    }
}
