//! From an [`Analysis`] to bytes: text for people, JSON and CSV for programs.
//!
//! An output is one file here and one line in `OUTPUTS`. It gets the analysis and a [`Context`],
//! and nothing else: no clock, no environment, no terminal; the same findings give the same bytes.
//! Log text in findings is raw, and every output passes it through [`crate::escape`].

pub mod csv;
pub mod file;
pub mod json;
pub mod text;

#[cfg(test)]
mod sample;

use crate::findings::Analysis;
use std::fmt;
use std::io;
use std::str::FromStr;

/// Every output of `analyze`, in the order of the documentation.
const OUTPUTS: &[&dyn Output] = &[&text::Text, &json::Json, &csv::Csv];

/// A way to write findings down.
pub trait Output: Sync {
    /// What `--format` calls it.
    fn name(&self) -> &'static str;

    /// What it is for, in a few words, for `--help`.
    fn about(&self) -> &'static str;

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(
        &self,
        analysis: &Analysis,
        context: &Context,
        out: &mut dyn io::Write,
    ) -> io::Result<()>;
}

/// What an output has to know besides the findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The LOGs as typed, joined by spaces.
    pub source: String,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether the terminal shows more than ASCII.
    pub unicode: bool,
    /// Whether to colour with ANSI sequences.
    pub color: bool,
    /// Rows per table of the text report.
    pub top: usize,
    /// Everything, at the price of a long report.
    pub verbose: bool,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            source: String::new(),
            width: 80,
            unicode: true,
            color: false,
            top: text::ROWS,
            verbose: false,
        }
    }
}

/// One of the outputs, as `--format` names it.
#[derive(Clone, Copy)]
pub struct Format(&'static dyn Output);

impl Format {
    /// All formats, the default first.
    pub fn all() -> impl Iterator<Item = Format> {
        OUTPUTS.iter().map(|output| Format(*output))
    }

    /// What `--format` calls it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What it is for, in a few words.
    pub fn about(self) -> &'static str {
        self.0.about()
    }
}

impl Default for Format {
    fn default() -> Self {
        Format(&text::Text)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Format({})", self.name())
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Format {}

/// There is no output of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown output format `{}`; try one of: {}", crate::escape::terminal(.asked), names().join(", "))]
pub struct UnknownFormat {
    asked: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Format::all()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat {
                asked: name.to_owned(),
            })
    }
}

fn names() -> Vec<&'static str> {
    OUTPUTS.iter().map(|output| output.name()).collect()
}

/// Writes the findings in a format.
///
/// # Errors
/// Those of `out`.
pub fn render(
    format: Format,
    analysis: &Analysis,
    context: &Context,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    format.0.write(analysis, context, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name() {
        for format in Format::all() {
            assert_eq!(format.name().parse(), Ok(format));
            assert!(!format.about().is_empty());
        }
        assert_eq!(Format::default(), Format::all().next().unwrap());
    }

    #[test]
    fn an_unknown_format_names_the_known_ones() {
        let error = "xm\x1bl".parse::<Format>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r"unknown output format `xm\x1bl`; try one of: text, json, csv"
        );
    }

    #[test]
    fn the_same_findings_give_the_same_bytes() {
        let analysis = sample::three_spikes();
        for format in Format::all() {
            let mut first = Vec::new();
            let mut second = Vec::new();
            render(format, &analysis, &Context::default(), &mut first).unwrap();
            render(format, &analysis.clone(), &Context::default(), &mut second).unwrap();
            assert_eq!(first, second);
            assert!(first.ends_with(b"\n"));
        }
    }
}
