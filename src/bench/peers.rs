//! Other programs on the same log, those that are installed.
//!
//! None of them does what `analyze` does, so each is named by what it does: the ratio says what that
//! costs beside, not who is better. They run in the same rounds as the stages, with their standard
//! output thrown away, as processes of their own: starting them counts.

use super::spread::Spread;
use serde::Serialize;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

/// A program to compare with.
struct Program {
    name: &'static str,
    does: &'static str,
    version: &'static [&'static str],
    /// What comes before the logs.
    arguments: &'static [&'static str],
    /// What comes after them; `{out}` is a file that may be written.
    after: &'static [&'static str],
    /// Whether an exit code means that it has done its work.
    succeeded: fn(Option<i32>) -> bool,
}

/// The programs, from the least work to the most.
const PROGRAMS: &[Program] = &[
    Program {
        name: "wc",
        does: "counts newlines",
        version: &["--version"],
        arguments: &["-l", "--"],
        after: &[],
        succeeded: |code| code == Some(0),
    },
    Program {
        name: "rg",
        does: "counts the lines that hold `\" 403 `",
        version: &["--version"],
        arguments: &[
            "--no-config",
            "--count",
            "--fixed-strings",
            "--text",
            "--",
            "\" 403 ",
        ],
        after: &[],
        // 1: no line does.
        succeeded: |code| matches!(code, Some(0 | 1)),
    },
    Program {
        name: "mawk",
        does: "counts the lines whose ninth word is 403, by the first",
        version: &["-W", "version"],
        arguments: &["$9 == 403 { n[$1]++ } END { for (ip in n) print n[ip], ip }"],
        after: &[],
        succeeded: |code| code == Some(0),
    },
    Program {
        name: "rhit",
        does: "parses lines up to the first that is not UTF-8; tables of 403s by date, time, address, path",
        version: &["--version"],
        arguments: &[
            "--silent-load",
            "--no-name-check",
            "--color",
            "no",
            "-s",
            "403",
            "-a",
            "-f",
            "date,time,ip,path",
            "-l",
            "6",
        ],
        after: &[],
        succeeded: |code| code == Some(0),
    },
    Program {
        name: "goaccess",
        does: "parses combined lines; its full report of all requests as JSON",
        version: &["--version"],
        arguments: &[
            "--no-global-config",
            "--no-progress",
            "--log-format=COMBINED",
        ],
        after: &["-o", "{out}"],
        succeeded: |code| code == Some(0),
    },
];

/// A program as it did on this log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Peer {
    /// Its name.
    pub name: &'static str,
    /// What it does with the log.
    pub does: &'static str,
    /// The first line of what it says its version is.
    pub version: String,
    /// The command, without the logs.
    pub command: String,
    /// Its times, if it did its work every time.
    pub seconds: Option<Spread>,
    /// Why there is no time.
    pub failed: Option<String>,
    /// Its time as a multiple of that of the newlines, with as many threads as there may be.
    pub times_newlines: Option<f64>,
    /// The time of `analyze` as a multiple of its time, with as many threads as there may be.
    pub analyze_takes_times: Option<f64>,
}

/// A program that is installed, with the times that it took.
pub struct Runner {
    program: &'static Program,
    version: String,
    seconds: Vec<f64>,
    failed: Option<String>,
}

/// The names of all programs that are compared with, where they are installed.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().map(|program| program.name)
}

/// Those of the programs that are installed.
pub fn installed() -> Vec<Runner> {
    PROGRAMS
        .iter()
        .filter_map(|program| {
            Some(Runner {
                program,
                version: version(program)?,
                seconds: Vec::new(),
                failed: None,
            })
        })
        .collect()
}

impl Runner {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.program.name
    }

    /// Runs it once over the logs; `out` is a file that it may write. Not again once it failed.
    pub fn run(&mut self, logs: &[String], out: &Path, counts: bool) {
        if self.failed.is_some() {
            return;
        }
        let since = Instant::now();
        match command(self.program, logs, out).status() {
            Ok(status) if (self.program.succeeded)(status.code()) => {
                if counts {
                    self.seconds.push(since.elapsed().as_secs_f64());
                }
            }
            Ok(status) => self.failed = Some(ended(status)),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// Its figures beside those of the newlines and of `analyze`.
    pub fn finish(self, newlines_s: Option<f64>, analyze_s: Option<f64>) -> Peer {
        let seconds = match self.failed {
            None => Spread::of(&self.seconds),
            Some(_) => None,
        };
        let own_s = seconds.map(|spread| spread.median);
        let Program {
            name,
            does,
            arguments,
            after,
            ..
        } = self.program;
        let shown = [&[*name], *arguments, &["LOG"], *after].concat();
        let shown = shown.iter().map(|word| quoted(word));
        Peer {
            name,
            does,
            version: self.version,
            command: shown.collect::<Vec<_>>().join(" "),
            seconds,
            failed: self.failed,
            times_newlines: super::report::ratio(own_s, newlines_s),
            analyze_takes_times: super::report::ratio(analyze_s, own_s),
        }
    }
}

fn command(program: &Program, logs: &[String], out: &Path) -> Command {
    let mut command = Command::new(program.name);
    command.args(program.arguments);
    // A name that begins with a dash is no option.
    command.args(logs.iter().map(|log| match log.starts_with('-') {
        true => format!("./{log}"),
        false => log.clone(),
    }));
    command.args(program.after.iter().map(|word| match *word {
        "{out}" => out.as_os_str().to_owned(),
        word => OsString::from(word),
    }));
    quiet(&mut command);
    command
}

fn quiet(command: &mut Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
}

/// The first line that a program says of its version; none if it is not installed.
fn version(program: &Program) -> Option<String> {
    let mut command = Command::new(program.name);
    command.args(program.version).stdin(Stdio::null());
    match command.output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let first = said
                .split(|byte| *byte == b'\n')
                .find(|line| !line.is_empty());
            Some(
                String::from_utf8_lossy(first.unwrap_or_default())
                    .trim()
                    .to_owned(),
            )
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        // There, but it cannot be run; the first run says why.
        Err(_) => Some(String::new()),
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => "was ended by a signal".to_owned(),
    }
}

fn quoted(word: &str) -> String {
    match word {
        "{out}" => "FILE".to_owned(),
        word => crate::escape::shell(word.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that is on every Unix, and does not read.
    const TRUE: Program = Program {
        name: "true",
        does: "nothing",
        version: &[],
        arguments: &[],
        after: &["{out}"],
        succeeded: |code| code == Some(0),
    };
    const FALSE: Program = Program {
        name: "false",
        ..TRUE
    };

    fn runner(program: &'static Program) -> Runner {
        Runner {
            program,
            version: String::new(),
            seconds: Vec::new(),
            failed: None,
        }
    }

    #[test]
    fn warm_ups_do_not_count_and_failures_are_told() {
        let mut good = runner(&TRUE);
        good.run(&[], Path::new("x"), false);
        assert!(good.seconds.is_empty());
        good.run(&[], Path::new("x"), true);
        let peer = good.finish(None, Some(1.0));
        assert!(peer.seconds.is_some() && peer.analyze_takes_times.is_some());
        assert_eq!(peer.times_newlines, None);
        assert_eq!(peer.command, "true LOG FILE");

        let mut bad = runner(&FALSE);
        bad.run(&[], Path::new("x"), true);
        let peer = bad.finish(Some(1.0), Some(1.0));
        assert_eq!(peer.failed.as_deref(), Some("ended with exit code 1"));
        assert_eq!((peer.seconds, peer.analyze_takes_times), (None, None));
    }

    #[test]
    fn a_log_that_looks_like_an_option_is_none() {
        let logs = ["-rf".to_owned(), "a.log".to_owned()];
        let command = command(&TRUE, &logs, Path::new("/tmp/out.json"));
        let words: Vec<_> = command.get_args().collect();
        assert_eq!(words, ["./-rf", "a.log", "/tmp/out.json"]);
    }

    #[test]
    fn what_is_not_installed_has_no_version() {
        const MISSING: Program = Program {
            name: "forbid-logs-no-such-program",
            ..TRUE
        };
        assert_eq!(version(&MISSING), None);
    }
}
