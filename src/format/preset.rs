//! Formats that one format string describes, known by name.
//!
//! Each is a row of `preset/known.rs`: format strings in nginx's spelling, compiled once by the same
//! compiler as those of users. Of several strings for one name, those of newer versions, with more
//! fields, come first. Their lines need not tell the client.

mod known;

use super::Format;
use super::delimiters::Delimiters;
use super::registry::Known;
use super::template::Template;
use crate::record::Record;
use crate::time::Clock;
use std::sync::LazyLock;

/// A row of the table.
struct Row {
    known: Known,
    strings: &'static [&'static str],
    /// Whether the lines tell no time: that of their envelope is taken.
    timeless: bool,
}

/// A named format, compiled.
#[derive(Debug)]
pub(super) struct Preset {
    pub(super) known: &'static Known,
    /// With the delimiters that a line of each must have.
    templates: Vec<(Delimiters, Template)>,
    /// The delimiters that a line of any of them must have.
    least: Delimiters,
    /// Whether the quotes of a line tell some of the templates apart.
    by_quotes: bool,
}

const QUOTE: u8 = b'"';

/// The named formats.
pub(super) fn all() -> &'static [Preset] {
    static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        let compiled = |row: &'static Row| {
            let named = |text: &&str| Template::named(text, row.known.name, row.timeless).ok();
            let templates = row.strings.iter().filter_map(named);
            let templates: Vec<_> = templates
                .map(|template| (template.least(), template))
                .collect();
            let each = templates.iter().map(|(least, _)| *least);
            Preset {
                least: each.reduce(|a, b| a.common(&b)).unwrap_or_default(),
                known: &row.known,
                by_quotes: templates
                    .iter()
                    .any(|(least, _)| least.quotes() != templates[0].0.quotes()),
                templates,
            }
        };
        known::ROWS.iter().map(compiled).collect()
    });
    &ALL
}

/// The named formats with their format strings.
#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = (&'static Preset, &'static [&'static str])> {
    all().iter().zip(known::ROWS.iter().map(|row| row.strings))
}

impl Preset {
    /// Whether a line with these delimiters may be one of its lines.
    pub(super) fn may_read(&self, delimiters: &Delimiters) -> bool {
        delimiters.cover(&self.least)
            && self
                .templates
                .iter()
                .any(|(least, _)| delimiters.cover(least))
    }
}

impl Format for Preset {
    fn name(&self) -> String {
        self.known.name.to_owned()
    }

    #[inline]
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        // Most lines are of one version: the templates of newer ones, which have more fields in quotes, are
        // passed over without a look at the fields before.
        let quotes = match self.by_quotes {
            true => memchr::memchr_iter(QUOTE, line).count(),
            false => usize::MAX,
        };
        let mut read = |line| {
            let templates = self.templates.iter();
            let mut fitting = templates.filter(|(least, _)| least.quotes() <= quotes);
            fitting.find_map(|(_, template)| template.parse(line, clock))
        };
        // Some carriers leave spaces around the line.
        read(line).or_else(|| {
            let trimmed = line.trim_ascii();
            (trimmed.len() < line.len()).then(|| read(trimmed))?
        })
    }
}

#[cfg(test)]
mod tests;
