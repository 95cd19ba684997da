//! `forbid-logs whatif`: other policies, replayed over the logs.

use super::arguments::WhatIf;
use super::message;
use super::overwrite;
use super::progress::Bar;
use super::reading::Requested;
use crate::exit::ExitCode;
use crate::input::guard;
use crate::key::token::{self, TokenKey};
use crate::output::file::{Delivery, Destination};
use crate::whatif;
use anyhow::Context as _;

/// Replays, and writes the answer.
pub fn run(arguments: &WhatIf) -> anyhow::Result<ExitCode> {
    let Requested {
        mut settings,
        notices,
        ..
    } = arguments
        .reading
        .settings(&arguments.logs, &arguments.privacy)?;
    settings.top = arguments.top;
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
    let (answer, troubles) = whatif::answer(&settings, &arguments.policy, &key.key, &bar)?;
    let written =
        destination.deliver(|out| whatif::shown::write(&answer, arguments.format, out))?;
    if written == Delivery::ClosedPipe {
        return Ok(ExitCode::Analysed);
    }
    answer.warnings.iter().for_each(|warning| say(warning));
    if answer.in_scope.requests == 0 {
        say("no request of the logs is in the scope of a policy");
    }
    let mut code = ExitCode::Analysed;
    for trouble in &troubles {
        message::say(&trouble.to_string());
        code = code.and(ExitCode::InPart);
    }
    Ok(code)
}
