//! `--format text`: the report for people, in the middle of an incident.
//!
//! One screen for the common case, the answer first: what was read, when denials rose, then each
//! spike with its verdict, its rule and what to do; then what is left. It reads well without colour
//! and in 80 columns, and no line is ever wider than the terminal. Every string goes through
//! `sheet::Sheet`, which escapes and measures it: there is no other way onto the page.

mod clock;
mod command;
pub mod formats;
mod header;
mod notices;
pub(crate) mod number;
mod reasons;
mod rule;
mod sheet;
mod spike;
mod standing;
mod subject;
mod tables;
mod timeline;
mod wrap;

use super::{Context, Output};
use crate::findings::Analysis;
use clock::Clock;
use sheet::Sheet;
use std::io;

/// Rows per table unless `--top` says otherwise: what fits on one screen.
pub const ROWS: usize = 3;

/// The text output.
#[derive(Debug)]
pub struct Text;

impl Output for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn about(&self) -> &'static str {
        "a report for people"
    }

    fn write(
        &self,
        analysis: &Analysis,
        context: &Context,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut sheet = Sheet::new(context);
        report(analysis, context, &mut sheet);
        out.write_all(sheet.into_text().as_bytes())
    }
}

fn report(analysis: &Analysis, context: &Context, sheet: &mut Sheet) {
    let clock = Clock::of(analysis);
    header::write(analysis, context, &clock, sheet);
    timeline::write(analysis, &clock, sheet);
    if analysis.spikes.is_empty() {
        standing::write_in_full(analysis, context, &clock, sheet);
    } else {
        spike::write_all(&analysis.spikes, context, &clock, sheet);
        standing::write_briefly(analysis, sheet);
    }
    tables::write(analysis, context, &clock, sheet);
    notices::write(analysis, context, sheet);
}

#[cfg(test)]
mod tests;
