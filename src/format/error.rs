//! Why a log cannot be read.

use std::path::PathBuf;

/// What the lines of a log that cannot be read look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Looks {
    Json,
    ErrorLog,
    Else,
}

/// No way was found to read a log's lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Not one of the sampled lines is of a format that we know.
    #[error(
        "none of the first {sampled} lines is of a known format (`forbid-logs formats` lists all {tried}); \
         the first is:\n  {first_line}\n{}",
        advice(*looks)
    )]
    Unknown {
        /// How many lines were looked at.
        sampled: usize,
        /// How many formats were tried.
        tried: usize,
        /// The first line without its secrets, escaped and cut.
        first_line: String,
        /// What most lines look like.
        looks: Looks,
    },
    /// `--log-format` names no format.
    #[error(
        "no format is named {name:?}; known are {}; a template holds $variables (nginx) or %directives (Apache)",
        known.join(", ")
    )]
    NoSuchName {
        /// What was given.
        name: String,
        /// Names of the built-in formats.
        known: Vec<String>,
    },
    /// A format string is wanted, and something else was given.
    #[error(
        "{text:?} is no format string: one holds $variables (nginx) or %directives (Apache); for a format \
         by its name ({}) give a LOG too",
        known.join(", ")
    )]
    NoSuchTemplate {
        /// What was given.
        text: String,
        /// Names of the built-in formats.
        known: Vec<String>,
    },
    /// `--map` names a field that no record has.
    #[error("--map knows no field {field:?}; it knows {}", known.join(", "))]
    NoSuchField {
        /// What was given.
        field: String,
        /// The names that `--map` takes.
        known: Vec<&'static str>,
    },
    /// A format string that cannot be compiled.
    #[error("{problem}\n  {template}\n  {:column$}^", "")]
    Template {
        /// The format string.
        template: String,
        /// Where it goes wrong, in characters from 0.
        column: usize,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A server's configuration that cannot be read.
    #[error("cannot read the configuration {}: {problem}", path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// What to give for lines of no known format.
fn advice(looks: Looks) -> &'static str {
    match looks {
        Looks::Json => {
            "its lines look like JSON objects with other keys: name those that hold the time, the status and \
             the client, as in --map time=KEY,status=KEY,ip=KEY (OUTER.INNER for a nested key); or give \
             --log-format or --nginx-conf or --apache-conf"
        }
        Looks::ErrorLog => {
            "its lines look like those of an error log, which tells of no request how it was answered: give it \
             with --error-log beside the access log of the server"
        }
        Looks::Else => {
            "give --log-format with the log_format (nginx) or LogFormat (Apache) string of the server, \
             or --nginx-conf or --apache-conf with its configuration"
        }
    }
}
