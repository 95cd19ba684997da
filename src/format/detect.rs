//! Which format a file has, from a sample of its first lines.
//!
//! Every built-in format reads the same sample; the one that takes most lines wins, at a tie the
//! first of the registry. The sample depends on the head alone, so detection does not depend on chunks.

use super::error::FormatError;
use super::lines::{Visitor, lines, reject_unread};
use super::registry::{Known, Parser, list};
use crate::settings::FormatSettings;
use crate::time::Clock;
use chrono_tz::Tz;

/// Lines of the head that are tried. A thousand tell a share to within a few per cent and take
/// less than a millisecond.
const SAMPLE_LINES: usize = 1000;

/// How a file is read.
#[derive(Debug, Clone)]
pub struct Detected {
    /// Name of the format, e.g. `ncsa.combined`.
    pub name: String,
    /// Why this format, in a sentence for users.
    pub why: String,
    /// What the user has to know to trust the records.
    pub warnings: Vec<String>,
    parser: Parser,
    /// The other built-in formats in the order of the registry, with their names.
    fallbacks: Vec<Parser>,
    fallback_names: Vec<String>,
    zone: Option<Tz>,
}

impl Detected {
    /// Calls the visitor for every line of a chunk, which begins at the start of a line.
    pub fn visit<V: Visitor>(&self, chunk: &[u8], visitor: &mut V) {
        self.parser
            .visit(&self.fallbacks, self.zone, chunk, visitor);
    }

    /// Name of the format that a record was read with, by the number that the visitor was given.
    pub fn format_name(&self, format: usize) -> &str {
        match format.checked_sub(1) {
            None => &self.name,
            Some(fallback) => self
                .fallback_names
                .get(fallback)
                .map_or("unknown", |name| name),
        }
    }
}

/// Chooses how a file is read, from its first bytes: at most 1 MiB of decompressed text, which may
/// end within a line.
///
/// # Errors
/// [`FormatError::Unknown`] when no line of the sample is of a known format; the other variants when
/// the settings name a format that does not exist or cannot be compiled.
pub fn detect(head: &[u8], settings: &FormatSettings) -> Result<Detected, FormatError> {
    let sample = sample(head);
    let candidates = Parser::learn_all(&sample, settings)?;
    if let Some(name) = &settings.log_format {
        return named(name, candidates, &sample, settings);
    }
    let mut scored: Vec<_> = candidates
        .into_iter()
        .map(|(known, parser)| (score(&parser, &sample, settings), known, parser))
        .collect();
    let best = (0..scored.len())
        .rev()
        .max_by_key(|&at| scored[at].0.parsed)
        .unwrap_or(0);
    let (score, _, parser) = scored.remove(best);
    if score.parsed == 0 && !sample.is_empty() {
        return Err(unknown(&sample));
    }
    let name = if sample.is_empty() {
        "unknown".to_owned()
    } else {
        parser.name()
    };
    let others = scored
        .iter()
        .map(|(score, known, _)| (score.parsed, known.name));
    Ok(Detected {
        why: reason(&name, score.parsed, sample.len(), others),
        name,
        warnings: warnings(score, settings),
        fallback_names: scored
            .iter()
            .map(|(_, known, _)| known.name.to_owned())
            .collect(),
        fallbacks: scored.into_iter().map(|(_, _, parser)| parser).collect(),
        parser,
        zone: settings.timezone,
    })
}

/// A format that the user named: no other is tried, so that what was asked for is what is read.
fn named(
    name: &str,
    candidates: Vec<(&'static Known, Parser)>,
    sample: &[&[u8]],
    settings: &FormatSettings,
) -> Result<Detected, FormatError> {
    let found = candidates
        .into_iter()
        .find(|(known, _)| known.is_named(name));
    let Some((_, parser)) = found else {
        let known = list().iter().map(|known| known.name.to_owned()).collect();
        return Err(FormatError::NoSuchName {
            name: name.to_owned(),
            known,
        });
    };
    let score = score(&parser, sample, settings);
    Ok(Detected {
        name: parser.name(),
        why: format!(
            "given by --log-format; {} of the first {} lines parse",
            score.parsed,
            sample.len()
        ),
        warnings: warnings(score, settings),
        parser,
        fallbacks: Vec::new(),
        fallback_names: Vec::new(),
        zone: settings.timezone,
    })
}

/// Lines spread evenly over the head, without those that are no requests in any format.
fn sample(head: &[u8]) -> Vec<&[u8]> {
    let mut found: Vec<&[u8]> = lines(head).map(|line| line.bytes).collect();
    let cut_off = head.last().is_some_and(|&byte| byte != b'\n');
    if cut_off && found.len() > 1 {
        found.pop();
    }
    found.retain(|line| reject_unread(line).is_none());
    let count = found.len().min(SAMPLE_LINES);
    (0..count)
        .map(|at| found[at * found.len() / count])
        .collect()
}

#[derive(Debug, Clone, Copy)]
struct Score {
    parsed: usize,
    zoneless: bool,
}

fn score(parser: &Parser, sample: &[&[u8]], settings: &FormatSettings) -> Score {
    let mut clock = Clock::new(settings.timezone);
    let parsed = sample
        .iter()
        .filter(|line| parser.parse(line, &mut clock).is_some())
        .count();
    Score {
        parsed,
        zoneless: clock.met_zoneless_stamp(),
    }
}

fn reason<'a>(
    name: &str,
    parsed: usize,
    sampled: usize,
    others: impl Iterator<Item = (usize, &'a str)>,
) -> String {
    if sampled == 0 {
        return "there is no line that could be a request".to_owned();
    }
    let next = others.max_by_key(|&(parsed, _)| parsed);
    let next = next.map_or(String::new(), |(parsed, name)| {
        format!("; next best {name} with {parsed}")
    });
    format!("{parsed} of the first {sampled} lines parse as {name}{next}")
}

fn warnings(score: Score, settings: &FormatSettings) -> Vec<String> {
    if score.zoneless && settings.timezone.is_none() {
        vec!["the stamps of this log name no time zone and are read as UTC; give --timezone if they are not".to_owned()]
    } else {
        Vec::new()
    }
}

fn unknown(sample: &[&[u8]]) -> FormatError {
    /// Enough of a line to recognise it by.
    const SHOWN: usize = 200;
    let first = sample.first().copied().unwrap_or_default();
    FormatError::Unknown {
        sampled: sample.len(),
        tried: list().iter().map(|known| known.name.to_owned()).collect(),
        first_line: first[..first.len().min(SHOWN)].escape_ascii().to_string(),
    }
}
