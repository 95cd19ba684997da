//! What is said on standard error: one message, with the name of the program before it.
//!
//! Messages quote names of files and lines of logs, so they are escaped as all output is. A standard
//! error that cannot be written to is no reason to fail.

use crate::escape;
use std::io::{Write, stderr};

/// Says a message; its line breaks are its own.
pub fn say(message: &str) {
    let lines: Vec<_> = message.split('\n').map(escape::terminal).collect();
    let _ = writeln!(stderr(), "forbid-logs: {}", lines.join("\n"));
}

/// Says an error and its causes, without a cause that is already told.
pub fn say_error(error: &anyhow::Error) {
    say(&error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |told, cause| {
            match (told.is_empty(), told.contains(&cause)) {
                (true, _) => cause,
                (_, true) => told,
                _ => format!("{told}: {cause}"),
            }
        }));
}
