//! `forbid-logs formats`: the known formats, what a log's lines become, what a format string tells.

use super::arguments::{FieldMap, Formats};
use super::{message, terminal};
use crate::exit::ExitCode;
use crate::format::explain::{self, Explanation};
use crate::format::{self, FormatError};
use crate::input::{Input, Source, guard};
use crate::key::token::{self, TokenKey};
use crate::output::Context;
use crate::output::file::Destination;
use crate::output::text::formats::{self, Shown};
use crate::settings::{FormatSettings, InputSettings};
use anyhow::{Context as _, bail};
use std::io::{IsTerminal, stdout};

/// Lists, or explains.
pub fn run(arguments: &Formats) -> anyhow::Result<ExitCode> {
    let context = Context {
        width: terminal::width(stdout().is_terminal()),
        unicode: terminal::is_unicode(),
        ..Context::default()
    };
    let (text, code) = match (&arguments.log_format, arguments.logs.is_empty()) {
        (_, false) => logs(arguments, &context)?,
        (Some(format), true) => (string(format, &context)?, ExitCode::Analysed),
        (None, true) => (formats::list(format::list(), &context), ExitCode::Analysed),
    };
    Destination::stdout().deliver(|out| out.write_all(text.as_bytes()))?;
    Ok(code)
}

fn string(format: &str, context: &Context) -> anyhow::Result<String> {
    if !explain::is_template(format) {
        let known = format::list().iter().map(|known| known.name.to_owned());
        bail!(FormatError::NoSuchTemplate {
            text: format.to_owned(),
            known: known.collect(),
        });
    }
    let explained = explain::explain_template(format)?;
    Ok(formats::template(&explained, context))
}

/// What each log is; those that cannot be read are told of, and are an error where all are.
fn logs(arguments: &Formats, context: &Context) -> anyhow::Result<(String, ExitCode)> {
    guard::install().context("cannot guard mapped files against truncation")?;
    let input = InputSettings {
        logs: arguments.logs.clone(),
        ..InputSettings::default()
    };
    let opened = Input::open(&input)?;
    let key = TokenKey::load(
        arguments.token_key.as_deref(),
        token::state_home(|name| std::env::var_os(name)).as_deref(),
    )?;
    let shown = Shown {
        token_key: &key.key,
        show_tokens: arguments.privacy.show_tokens,
        anonymize_ip: arguments.privacy.anonymize_ip,
        anonymize_user: arguments.privacy.anonymize_user,
    };
    let mut problems: Vec<String> = opened.troubles.iter().map(ToString::to_string).collect();
    let mut texts = Vec::new();
    let mut usable = 0;
    for source in opened.input.sources() {
        match explanation(arguments, source) {
            Ok(explanation) => {
                let notices = explanation.notices.iter();
                notices.for_each(|notice| message::say(&format!("{}: {notice}", source.path)));
                match explanation.is_unusable() {
                    true => problems.push(unusable(&source.path, &explanation)),
                    false => usable += 1,
                }
                texts.push(formats::log(&source.path, &explanation, shown, context));
            }
            Err(error @ FormatError::Unknown { .. }) => {
                problems.push(format!("{}: {error}", source.path));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if texts.is_empty() {
        bail!(problems.join("\n"));
    }
    problems.iter().for_each(|problem| message::say(problem));
    let code = match (problems.is_empty(), usable) {
        (true, _) => ExitCode::Analysed,
        (false, 0) => ExitCode::NothingUsable,
        (false, _) => ExitCode::InPart,
    };
    Ok((texts.join("\n"), code))
}

/// What `analyze` would refuse.
fn unusable(path: &str, explanation: &Explanation) -> String {
    let (read, of, name) = (explanation.read, explanation.of, &explanation.detected.name);
    format!(
        "{path}: only {read} of {of} lines could be read as {name}; give the server's own format with \
         --log-format, --nginx-conf or --apache-conf"
    )
}

fn explanation(arguments: &Formats, source: &Source) -> Result<Explanation, FormatError> {
    let settings = FormatSettings {
        log_format: arguments.log_format.clone(),
        map: FieldMap::fields(&arguments.map),
        nginx_conf: arguments.nginx_conf.clone(),
        apache_conf: arguments.apache_conf.clone(),
        haproxy_conf: arguments.haproxy_conf.clone(),
        timezone: arguments.timezone,
    };
    explain::explain(source.head(), &settings)
}
