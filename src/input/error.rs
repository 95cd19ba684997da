//! What can go wrong with input: errors, after which there is nothing to analyse, and troubles,
//! after which there is less. Each message says what to do next.

use std::io;

use super::compression::Compression;

/// No byte can be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// No LOG was given.
    #[error("no log given: name a file, a directory, a quoted glob, or `-` for standard input")]
    NoLog,
    /// There is no such file.
    #[error(
        "{path}: no such file or directory; check the path, or quote a pattern such as 'access.log*'"
    )]
    Missing {
        /// As given.
        path: String,
    },
    /// The file is there and may not be read.
    #[error(
        "{path}: permission denied; run as a user who may read it (often root or the group `adm`)"
    )]
    Forbidden {
        /// As given or found.
        path: String,
    },
    /// Opening or reading the beginning failed otherwise.
    #[error("{path}: cannot be read: {error}; try `cat` on it, and pass the others without it")]
    Unreadable {
        /// As given or found.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// An archive or a compression that is not supported.
    #[error(
        "{path}: is {kind}, which is not supported; unpack it and pass the result, or pipe it to `-`"
    )]
    Unsupported {
        /// As given or found.
        path: String,
        /// What the first bytes say it is.
        kind: &'static str,
    },
    /// A directory without a file whose name looks like an access log.
    #[error(
        "{path}: no access log in this directory ({left_out}); name the files themselves to read them"
    )]
    NoLogsInDirectory {
        /// As given.
        path: String,
        /// Which files were left out, and why.
        left_out: String,
    },
    /// Standard input, a pipe or a device, where files are wanted that can be read on from a place.
    #[error(
        "{path}: not a regular file, so the next run could not go on from a place in it; name the file itself, or leave out --state"
    )]
    NoPlaceToKeep {
        /// As given or found.
        path: String,
    },
    /// A pattern that cannot be understood.
    #[error("{pattern}: not a pattern: {error}; write [[] for a bracket that stands for itself")]
    BadGlob {
        /// As given.
        pattern: String,
        /// What is wrong with it, and at which character.
        error: glob::PatternError,
    },
    /// A pattern that matches no file.
    #[error("{pattern}: no file matches; try `ls -d` with the same pattern, and mind hidden files")]
    NoMatch {
        /// As given.
        pattern: String,
    },
    /// Several inputs were given and none can be read.
    #[error("none of the inputs can be read:{}", .0.iter().map(|e| format!("\n  {e}")).collect::<String>())]
    All(
        /// One for each.
        Vec<InputError>,
    ),
}

impl InputError {
    /// One error for all inputs, none of which can be read.
    pub fn of_all(mut errors: Vec<InputError>) -> InputError {
        match errors.len() {
            1 => errors.remove(0),
            _ => InputError::All(errors),
        }
    }

    /// Whether the input became shorter while it was looked at.
    pub fn is_truncation(&self) -> bool {
        match self {
            InputError::Unreadable { error, .. } => error.kind() == io::ErrorKind::UnexpectedEof,
            InputError::All(errors) => errors.iter().any(InputError::is_truncation),
            _ => false,
        }
    }

    /// The error of opening or reading `path`.
    pub fn from_io(path: &str, error: io::Error) -> InputError {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => InputError::Missing { path },
            io::ErrorKind::PermissionDenied => InputError::Forbidden { path },
            _ => InputError::Unreadable { path, error },
        }
    }
}

/// A part of the input could not be read; the rest was. Exit code 3.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// One input of several cannot be read at all.
    #[error("left out: {0}")]
    NotOpened(
        /// Why.
        InputError,
    ),
    /// The file lost bytes, or was written anew from its start, while it was read.
    #[error(
        "{path}: the file shrank or was overwritten while it was read: {analysed} of {expected} bytes analysed; run again, and prefer rotation by rename to `copytruncate`"
    )]
    Shrank {
        /// As given or found.
        path: String,
        /// Bytes of the chunks that were whole when they were analysed.
        analysed: u64,
        /// Bytes when the file was opened.
        expected: u64,
    },
    /// Reading failed on the way.
    #[error(
        "{path}: reading failed after {analysed} bytes: {reason}; what came before is analysed"
    )]
    ReadFailed {
        /// As given or found.
        path: String,
        /// Bytes of text that were analysed.
        analysed: u64,
        /// What the system says.
        reason: String,
    },
    /// Compressed data end too early or make no sense.
    #[error("{path}: {compression} data are truncated or damaged after {analysed} bytes of text ({reason}); what came before is analysed, test the file with `{} -t`", .compression.program())]
    Damaged {
        /// As given or found.
        path: String,
        /// The compression.
        compression: Compression,
        /// Bytes of text that were analysed, up to the last whole line.
        analysed: u64,
        /// What the decoder says.
        reason: String,
    },
    /// Text that cannot be read twice could not all be kept for the second pass.
    #[error(
        "compressed or piped input could not all be kept for the second pass: {reason}; counts are whole, causes are not; pass --temp-dir DIR or --max-temp SIZE, or unpack the logs"
    )]
    SpoolFull {
        /// What stopped it.
        reason: String,
    },
    /// The second pass lacks chunks that were not kept.
    #[error(
        "{path}: {chunks} chunks were not kept from the first pass and cannot be looked at again"
    )]
    NotKept {
        /// As given or found.
        path: String,
        /// How many of the wanted ones.
        chunks: usize,
    },
}
