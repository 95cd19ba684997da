//! Formats that one format string describes, known by name.
//!
//! Each is a row of `preset/known.rs`: format strings in nginx's spelling, compiled once by the same
//! compiler as those of users. Of several strings for one name, those of newer versions, with more
//! fields, come first. Their lines need not tell the client.

mod known;

use super::Format;
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
    templates: Vec<Template>,
}

/// The named formats.
pub(super) fn all() -> &'static [Preset] {
    static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        let compiled = |row: &'static Row| Preset {
            known: &row.known,
            templates: row
                .strings
                .iter()
                .filter_map(|text| Template::named(text, row.known.name, row.timeless).ok())
                .collect(),
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

impl Format for Preset {
    fn name(&self) -> String {
        self.known.name.to_owned()
    }

    #[inline]
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        self.templates
            .iter()
            .find_map(|template| template.parse(line, clock))
    }
}

#[cfg(test)]
mod tests;
