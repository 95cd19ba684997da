//! `forbid-logs bench`: how fast this machine is, on a log that is given or made.

use super::arguments::{Privacy, Reading};
use super::message;
use super::progress::Bar;
use super::size;
use crate::analysis::Progress;
use crate::bench::generate::{self, Generated};
use crate::bench::{self, Outcome, Plan, machine, text};
use crate::exit::ExitCode;
use crate::input::guard;
use crate::output::file::{Delivery, Destination};
use crate::output::json;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process;
use tempfile::TempPath;

/// Measure this machine: each stage of analyze on a log, beside what the machine can do at most.
///
/// Without a LOG one is made: days of traffic with every cause and some hostile lines, by a seed, in
/// a temporary file without a name. Times are medians of several rounds. --threads is the most that is
/// measured: 1, 2, 4 and so on up to it [default: one per core].
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  forbid-logs bench
  forbid-logs bench access.log --peers
  forbid-logs bench --generate 7 --size 1G --keep bench.log
  forbid-logs bench access.log --format json -o bench.json")]
pub struct Arguments {
    /// Access logs; they are read several times
    #[arg(value_name = "LOG", conflicts_with_all = ["generate", "size", "keep"])]
    pub logs: Vec<String>,
    /// Make a log by this seed: the same seed and size give the same log on any machine [default: 1]
    #[arg(long, value_name = "SEED")]
    pub generate: Option<u64>,
    /// About how large the log is made, some 2 MB at least
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = made_size)]
    pub size: u64,
    /// Keep the log that was made in FILE, which must not exist
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
    /// Rounds of which the median is taken
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rounds: u16,
    /// Rounds before them that do not count
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub warm_up: u16,
    /// Also run other programs that are installed: wc, ripgrep, mawk, rhit, GoAccess
    #[arg(long)]
    pub peers: bool,
    #[command(flatten)]
    pub reading: Reading,
    /// text or json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Writing"
    )]
    pub format: Format,
    /// Write to a file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Writing")]
    pub output: Option<PathBuf>,
    /// No progress, no notices
    #[arg(short, long, help_heading = "Writing")]
    pub quiet: bool,
    /// No progress
    #[arg(long, help_heading = "Writing")]
    pub no_progress: bool,
}

/// How the figures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// Measures and writes the figures.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let destination = match &arguments.output {
        Some(path) => Destination::open(path)?,
        None => Destination::stdout(),
    };
    guard::install().context("cannot guard mapped files against truncation; try --no-mmap")?;
    let bar = Bar::new(!arguments.quiet && !arguments.no_progress);
    let made = match arguments.logs.is_empty() {
        true => Some(Made::new(arguments, &bar)?),
        false => None,
    };
    let logs = match &made {
        Some(made) => std::slice::from_ref(&made.path),
        None => arguments.logs.as_slice(),
    };
    let most = match arguments.reading.threads {
        0 => machine::cores(),
        threads => threads,
    };
    let plan = Plan {
        settings: arguments
            .reading
            .settings(logs, &Privacy::default())?
            .settings,
        threads: bench::thread_counts(most),
        rounds: arguments.rounds.into(),
        warm_up: arguments.warm_up.into(),
        peers: arguments.peers,
        unnamed: made.is_some() && arguments.keep.is_none(),
        generated: made.as_ref().map(|made| made.how.clone()),
    };
    let outcome = bench::run(&plan, &|what| bar.tell(what));
    bar.end();
    deliver(arguments, destination, &outcome?)
}

fn deliver(
    arguments: &Arguments,
    destination: Destination,
    outcome: &Outcome,
) -> anyhow::Result<ExitCode> {
    let report = &outcome.report;
    let written = destination.deliver(|out| match arguments.format {
        Format::Text => text::write(report, out),
        Format::Json => json::pretty(report, out),
    })?;
    if written == Delivery::ClosedPipe {
        return Ok(ExitCode::Analysed);
    }
    let mut code = ExitCode::Analysed;
    for trouble in &outcome.troubles {
        message::say(&trouble.to_string());
        code = code.and(ExitCode::InPart);
    }
    Ok(code)
}

/// A log that was made. Unless it is kept, nothing is left of it when this is dropped.
struct Made {
    /// Where it can be read, by other programs too.
    path: String,
    how: Generated,
    _file: File,
    /// Its name, where a file without one cannot be opened again; it is deleted in the end.
    _name: Option<TempPath>,
}

impl Made {
    fn new(arguments: &Arguments, bar: &Bar) -> anyhow::Result<Made> {
        let (file, path, name) = match &arguments.keep {
            Some(path) => kept(path)?,
            None => temporary(arguments.reading.temp_dir.as_deref())
                .context("cannot make a file for the log; name a directory with --temp-dir")?,
        };
        bar.begin("generating", Some(arguments.size));
        let seed = arguments.generate.unwrap_or(1);
        let advance = |bytes| bar.advance(bytes);
        let how = generate::write(seed, arguments.size, &file, &advance).inspect_err(|_| {
            // A part of a log would be taken for one.
            if let Some(path) = &arguments.keep {
                let _ = fs::remove_file(path);
            }
        });
        Ok(Made {
            how: how.context("cannot write the log; try a smaller --size or another place")?,
            path,
            _file: file,
            _name: name,
        })
    }
}

fn kept(path: &Path) -> anyhow::Result<(File, String, Option<TempPath>)> {
    let shown = path.display();
    let file = File::create_new(path).with_context(|| format!("--keep {shown}: cannot be made"))?;
    // Not a bare name, because `-` would be standard input.
    let path = fs::canonicalize(path).with_context(|| format!("--keep {shown}"))?;
    let name = path.to_str();
    let name = name.with_context(|| format!("--keep {shown}: write a name that is UTF-8"))?;
    Ok((file, name.to_owned(), None))
}

/// A file that can be read by its path, and of which nothing is left however the program ends.
fn temporary(directory: Option<&Path>) -> io::Result<(File, String, Option<TempPath>)> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("forbid-logs-").suffix(".log");
    let named = match directory {
        Some(directory) => builder.tempfile_in(directory)?,
        None => builder.tempfile()?,
    };
    let (file, name) = named.into_parts();
    let unnamed = format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd());
    if Path::new(&unnamed).exists() {
        name.close()?;
        return Ok((file, unnamed, None));
    }
    let path = name.to_string_lossy().into_owned();
    Ok((file, path, Some(name)))
}

/// A size that is worth a log and fits on a disk.
fn made_size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 1 << 20;
    const MOST: u64 = 1 << 44;
    match size::parse(text)? {
        size @ LEAST..=MOST => Ok(size),
        _ => Err("write a size from 1M to 16T".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_temporary_log_can_be_read_by_its_path_and_has_no_name() {
        let directory = tempfile::tempdir().unwrap();
        let (mut file, path, name) = temporary(Some(directory.path())).unwrap();
        file.write_all(b"x\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x\n");
        let names = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(names, usize::from(name.is_some()));
        drop((file, name));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_log_that_is_there_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.log");
        fs::write(&path, "precious").unwrap();
        assert!(kept(&path).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn sizes_are_within_reason() {
        assert_eq!(made_size("1M"), Ok(1 << 20));
        assert!(made_size("1K").is_err() && made_size("99T").is_err());
    }
}
