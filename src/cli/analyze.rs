//! `forbid-logs analyze`: the main job.

use super::arguments::{Analyze, Reading, When, Writing};
use super::message;
use super::progress::Bar;
use crate::analysis::{self, Outcome};
use crate::exit::ExitCode;
use crate::findings::Analysis;
use crate::input::{Input, guard};
use crate::key::token::{self, TokenKey};
use crate::output::file::{Delivery, Destination};
use crate::output::{self, Context, text};
use crate::settings::{FormatSettings, InputSettings, Settings};
use crate::time::{self, Moment};
use anyhow::{Context as _, bail};
use std::io::{IsTerminal, stdout};

/// Values listed per dimension in JSON and CSV.
const TOP: usize = 10;
/// Columns where the width is not known.
const WIDTH: usize = 80;

/// Analyses the logs and writes the report.
pub fn run(arguments: &Analyze) -> anyhow::Result<ExitCode> {
    let (settings, source, notices) = settings(arguments)?;
    let destination = match &arguments.writing.output {
        Some(path) => Destination::open(path)?,
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
        .and(skipped(&arguments.writing, &analysis))
        .and(fail_on(&arguments.writing, &analysis)))
}

fn fail_on(writing: &Writing, analysis: &Analysis) -> ExitCode {
    let Some(spike) = writing
        .fail_on
        .iter()
        .find_map(|condition| condition.met(analysis))
    else {
        return ExitCode::Analysed;
    };
    message::say(&format!(
        "--fail-on: spike {} ({}) has {} denials",
        spike.id,
        spike.cause.name(),
        spike.denials
    ));
    ExitCode::FailOnMet
}

fn skipped(writing: &Writing, analysis: &Analysis) -> ExitCode {
    let Some(most) = writing.max_skipped else {
        return ExitCode::Analysed;
    };
    let unreadable = analysis.input.skipped.unreadable();
    let share = unreadable as f64 / analysis.input.lines.max(1) as f64;
    if share <= most {
        return ExitCode::Analysed;
    }
    message::say(&format!(
        "--max-skipped: {unreadable} of {} lines could not be read ({:.2} %)",
        analysis.input.lines,
        share * 100.0
    ));
    ExitCode::InPart
}

/// Settings, the LOGs as typed, and what to tell beforehand.
fn settings(arguments: &Analyze) -> anyhow::Result<(Settings, String, Vec<String>)> {
    let Analyze {
        logs,
        reading,
        writing,
    } = arguments;
    let mut notices = Vec::new();
    let mut logs = logs.clone();
    if logs.is_empty() {
        logs = Input::usual_places();
        if logs.is_empty() {
            bail!(
                "no LOG given, and none in the usual places of nginx, Apache, Caddy and HAProxy under /var/log; \
                 give a file, a directory, or - for standard input"
            );
        }
        notices.push(format!("no LOG given; reading {}", logs.join(" ")));
    }
    let (since, until) = interval(reading)?;
    let source = logs.join(" ");
    let settings = Settings {
        input: InputSettings {
            logs,
            no_mmap: reading.no_mmap,
            temp_dir: reading.temp_dir.clone(),
            max_temp_bytes: reading.max_temp,
            ..InputSettings::default()
        },
        format: FormatSettings {
            log_format: reading.log_format.clone(),
            map: reading.map.clone(),
            nginx_conf: reading.nginx_conf.clone(),
            apache_conf: reading.apache_conf.clone(),
            timezone: reading.timezone,
        },
        denied_statuses: reading.status.clone(),
        window_s: reading.window,
        since,
        until,
        conditions: reading.conditions.clone(),
        top: writing.top.unwrap_or(TOP),
        sampled: reading.sampled,
        show_tokens: writing.show_tokens,
        anonymize_ip: writing.anonymize_ip,
        anonymize_user: writing.anonymize_user,
        trusted_proxies: reading.trusted_proxy.clone(),
        threads: reading.threads,
    };
    Ok((settings, source, notices))
}

fn interval(reading: &Reading) -> anyhow::Result<(Option<Moment>, Option<Moment>)> {
    let moment = |name: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| time::parse_moment(text, reading.timezone))
            .transpose()
            .with_context(|| format!("--{name}"))
    };
    let (since, until) = (
        moment("since", &reading.since)?,
        moment("until", &reading.until)?,
    );
    let empty = match (since, until) {
        (Some(Moment::Absolute(since)), Some(Moment::Absolute(until))) => since >= until,
        (Some(Moment::BeforeEnd(since)), Some(Moment::BeforeEnd(until))) => since <= until,
        _ => false,
    };
    if empty {
        bail!("--since is not before --until, so no request can lie between; swap them");
    }
    Ok((since, until))
}

fn context(writing: &Writing, source: String) -> Context {
    let to_terminal = writing.output.is_none() && stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Context {
        source,
        width: terminal_size::terminal_size()
            .filter(|_| to_terminal)
            .map_or(WIDTH, |(width, _)| usize::from(width.0)),
        unicode: is_unicode(),
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

/// Whether the locale shows more than ASCII; UTF-8 is assumed where none is set, as in containers.
fn is_unicode() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}
