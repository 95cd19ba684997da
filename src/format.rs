//! How a line becomes a [`Record`].
//!
//! ```text
//! head of the file → detect → Detected → visit(chunk) → Visitor::record | Visitor::skipped
//! ```
//!
//! A format is one file in here that implements `BuiltIn`, and one line in `registry`; one whose
//! lines follow a format string is a row in `preset`, one of JSON lines a table in `json/dialects`.
//! What carries a line (syslog, a container's log) is opened by `envelope` first. A line
//! that its file's format refuses is offered to the other built-in formats by `others`: in the ways
//! that the head of the file shows, then in the order of the registry. So a file may change its
//! format anywhere. Formats are strict enough that at most one of them takes a line, and the answer
//! for a line depends on that line and on the head, never on its chunk.

mod array;
mod azure_storage;
mod cef;
mod compound;
pub mod config;
mod csv;
mod delimiters;
mod detect;
mod draft;
mod duration;
mod envelope;
mod error;
pub mod explain;
mod field;
mod gorouter;
mod haproxy;
mod iis;
mod json;
mod lines;
mod logfmt;
mod ltsv;
mod marks;
mod ncsa;
mod notes;
mod others;
mod pairs;
mod preset;
mod quoted;
mod registry;
mod role;
mod several;
mod shape;
mod swift;
mod template;
mod transaction;
mod w3c;

pub use array::{Splitter, split_head};
pub use detect::{Detected, detect};
pub use error::{FormatError, Looks};
pub use lines::{Line, MAX_LINE, Visitor, end_before, visit_unknown};
pub use registry::{Known, list};
pub use transaction::{LINE_BREAK, boundary};

use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;

/// A way to read lines.
trait Format {
    /// Name of the variant, shown to users, e.g. `ncsa.combined`.
    fn name(&self) -> String;

    /// Reads a line without its line end; `None` when it is not of this format.
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>>;

    /// Whether its lines begin with `#`, which makes a directive or a comment of those of all others.
    fn begins_with_hash(&self) -> bool {
        false
    }

    /// As [`Format::parse`], but lends the record to `take`; false when the line is not of this format.
    /// A record is large: a busy format builds it where it is taken, and spares a copy for each line.
    #[inline(always)]
    fn lend(&self, line: Line<'_>, clock: &mut Clock, take: impl FnOnce(&Record<'_>)) -> bool {
        self.parse(line.bytes, clock).inspect(take).is_some()
    }
}

/// What lends records of lines: a format, or one whose lines come in an envelope.
trait Lend {
    /// Lends the record of a line; false when there is none.
    fn lend_record(
        &self,
        line: Line<'_>,
        clock: &mut Clock,
        take: impl FnOnce(&Record<'_>),
    ) -> bool;

    /// The same for bytes that come in no envelope.
    fn lend_bare(&self, line: &[u8], clock: &mut Clock, take: impl FnOnce(&Record<'_>)) -> bool;

    /// See [`Format::begins_with_hash`].
    fn begins_with_hash(&self) -> bool {
        false
    }
}

impl<F: Format> Lend for F {
    #[inline(always)]
    fn lend_record(
        &self,
        line: Line<'_>,
        clock: &mut Clock,
        take: impl FnOnce(&Record<'_>),
    ) -> bool {
        self.lend(line, clock, take)
    }

    fn lend_bare(&self, line: &[u8], clock: &mut Clock, take: impl FnOnce(&Record<'_>)) -> bool {
        self.parse(line, clock).inspect(take).is_some()
    }

    fn begins_with_hash(&self) -> bool {
        Format::begins_with_hash(self)
    }
}

/// A format that needs no more than a look at the file.
trait BuiltIn: Format + Sized {
    /// Learns from the sampled lines of a file what its variant of the format holds.
    /// Fails when the settings ask for what the format does not have.
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError>;

    /// Takes note of the directives between the lines, where the format has any.
    fn directed(self, _directives: &[&[u8]], _sample: &[&[u8]]) -> Self {
        self
    }
}

#[cfg(test)]
mod tests;
