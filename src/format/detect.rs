//! Which format a file has, from a sample of its first lines.
//!
//! Every candidate reads the same sample; the one that takes most lines wins, at a tie the first.
//! The sample depends on the head alone, so detection does not depend on chunks. Candidates are the
//! formats of a given configuration, else the built-in ones; a format that the user names has no rival.

mod sample;

use super::Format;
use super::config::{Declared, declared};
use super::envelope::{Envelope, Enveloped, Kind};
use super::error::FormatError;
use super::lines::{Line, Visitor, lines_for};
use super::others::Others;
use super::registry::{Known, Parser, list};
use super::template::{Dialect, Template};
use crate::settings::FormatSettings;
use crate::time::Clock;
use chrono_tz::Tz;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
pub(super) use sample::sampled;
use sample::{Sample, TIMELESS, directives, sampled_without_notes};

/// How a file is read.
#[derive(Debug, Clone)]
pub struct Detected {
    /// Name of the format, e.g. `ncsa.combined`.
    pub name: String,
    /// Why this format, in a sentence for users.
    pub why: String,
    /// What the user has to know to trust the records.
    pub warnings: Vec<String>,
    /// Where the first line that does not fit the given format string stops to do so, in a sentence.
    pub misfit: Option<String>,
    parser: Parser,
    /// What carries the lines.
    envelope: Option<Envelope>,
    /// The built-in formats that a line is offered to next.
    others: Others,
    zone: Option<Tz>,
}

impl Detected {
    /// Calls the visitor for every line of a text, which begins at the start of a line.
    pub fn visit<V: Visitor>(&self, text: &[u8], visitor: &mut V) {
        self.visit_chunk(b"", text, visitor);
    }

    /// The same for a chunk, at whose start `directives` are in force, one a line.
    pub fn visit_chunk<V: Visitor>(&self, directives: &[u8], chunk: &[u8], visitor: &mut V) {
        self.visit_lines(directives, self.lines(chunk), visitor);
    }

    /// The lines of a chunk, and the elements of those that hold several.
    pub fn lines<'c>(&self, chunk: &'c [u8]) -> impl Iterator<Item = Line<'c>> {
        let by_quotes = self.envelope.is_none() && self.parser.reads_by_quotes();
        let of_objects = self.is_json() || self.envelope.as_ref().is_some_and(Envelope::is_object);
        lines_for(chunk, by_quotes, of_objects)
    }

    /// The same for some lines of a chunk, and the directives among them.
    pub fn visit_lines<'c, V: Visitor>(
        &self,
        directives: &[u8],
        lines: impl Iterator<Item = Line<'c>>,
        visitor: &mut V,
    ) {
        let mut clock = Clock::new(self.zone);
        if !directives.is_empty() {
            directives
                .split(|&byte| byte == b'\n')
                .for_each(|line| clock.direct(line));
        }
        self.parser
            .visit(self.envelope.as_ref(), &self.others, clock, lines, visitor);
    }

    /// The same for lines that come in an envelope.
    fn carried_by(self, envelope: Envelope) -> Detected {
        let mut warnings = self.warnings;
        warnings.retain(|warning| warning != TIMELESS);
        Detected {
            why: format!("{}, carried by {}", self.why, envelope.name()),
            envelope: Some(envelope),
            warnings,
            ..self
        }
    }

    /// The same with what the sample shows of lines that are not of this format.
    fn with_others_of(mut self, sample: &Sample<'_>) -> Detected {
        let mut clock = Clock::new(self.zone);
        let (lines, parser) = (&sample.lines, &self.parser);
        match &self.envelope {
            None => self.others.learn(parser, lines, &mut clock),
            Some(envelope) => {
                let enveloped = Enveloped { envelope, parser };
                self.others.learn(&enveloped, lines, &mut clock);
            }
        }
        self
    }

    fn is_template(&self) -> bool {
        matches!(self.parser, Parser::Template(_))
    }

    /// Whether the lines are JSON, so that `--map` applies.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.parser, Parser::Json(_))
    }

    /// Where a line stops to fit a template: how many bytes fit, and what is expected behind them.
    pub(super) fn stops_at(&self, line: &[u8]) -> Option<(usize, String)> {
        match &self.parser {
            Parser::Template(template) => template.stops_at(line, &mut Clock::new(self.zone)),
            _ => None,
        }
    }

    /// Name of the format that a record was read with, by the number that the visitor was given.
    pub fn format_name(&self, format: usize) -> &str {
        match format {
            0 => &self.name,
            other => self.others.format_name(other).unwrap_or("unknown"),
        }
    }
}

/// Chooses how a file is read, from its first bytes: at most 1 MiB of decompressed text, which may
/// end within a line.
///
/// # Errors
/// [`FormatError::Unknown`] when no line of the sample is of a known format; the other variants when
/// the settings name a format that does not exist or cannot be compiled, or a file that cannot be read.
pub fn detect(head: &[u8], settings: &FormatSettings) -> Result<Detected, FormatError> {
    let usual = detect_by(sampled(head), head, settings);
    if !matches!(usual, Err(FormatError::Unknown { .. })) {
        return usual;
    }
    // Requests may be few among what else a program writes.
    match sampled_without_notes(head) {
        lines if lines.is_empty() => usual,
        lines => detect_by(lines, head, settings).or(usual),
    }
}

/// The same by some lines of the head.
fn detect_by(
    lines: Vec<&[u8]>,
    head: &[u8],
    settings: &FormatSettings,
) -> Result<Detected, FormatError> {
    let sample = Sample::of(lines, directives(head), settings);
    let bare = by_lines(&sample, settings);
    let all = sample.lines.len();
    // The first fields of a format string may take what carries the line for their own: it is looked for in any case.
    // A lenient format may take what surely is no part of a record, too.
    let mut lines = sample.lines.iter();
    let is_carried = all > 0 && lines.all(|line| Kind::surely_carries(line));
    let is_likelier_bare = |detected: &Detected| {
        !(detected.is_template() || is_carried && detected.envelope.is_none())
    };
    let is_sure =
        |(detected, parsed): &(Detected, usize)| *parsed == all && is_likelier_bare(detected);
    if bare.as_ref().is_ok_and(is_sure) {
        return bare.map(|(detected, _)| detected);
    }
    let best = Envelope::learn(&sample.lines)
        .into_iter()
        .fold(bare, |best, (envelope, inner)| {
            let lines = inner.iter().map(|line| &line.inner[..]).collect();
            let stamps = inner.iter().map(|line| line.stamp.clone()).collect();
            let mut inner = Sample::of(lines, Vec::new(), settings);
            inner.stamps = stamps;
            match (best, by_lines(&inner, settings)) {
                (Ok((best, most)), Ok((_, parsed)))
                    if most > 0 && (parsed < most || parsed == most && is_likelier_bare(&best)) =>
                {
                    Ok((best, most))
                }
                (_, Ok((carried, parsed))) if parsed > 0 => {
                    Ok((carried.carried_by(envelope), parsed))
                }
                (best, _) => best,
            }
        });
    best.map(|(detected, _)| detected.with_others_of(&sample))
}

/// How the lines of a sample are read, and how many of them.
fn by_lines(
    sample: &Sample<'_>,
    settings: &FormatSettings,
) -> Result<(Detected, usize), FormatError> {
    let built_in = Parser::learn_all(&sample.lines, &sample.directives, settings)?;
    let declared = declared(settings)?;
    let detected = if let Some(format) = &settings.log_format {
        named(format, declared, built_in, sample)?
    } else {
        let mut warnings = Vec::new();
        let any_declared = !declared.is_empty();
        let best = match declared.is_empty() {
            true => None,
            false => best_declared(declared, sample)?,
        };
        match best {
            Some((parser, place)) => configured(parser, &place, built_in, sample),
            None => {
                if any_declared {
                    warnings.push(NONE_DECLARED_FITS.to_owned());
                }
                best_built_in(built_in, warnings, sample)?
            }
        }
    };
    let parsed = sample.score(&detected.parser).parsed;
    Ok((detected, parsed))
}

/// A built-in format, and how much of a sample it reads.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) name: &'static str,
    /// Name of the variant that the sample showed.
    pub(super) variant: String,
    pub(super) parsed: usize,
    /// Its place in the registry; at a tie the first is chosen.
    pub(super) rank: usize,
}

/// How much of the sample each built-in format reads, and how many lines the sample has.
pub(super) fn candidates(
    head: &[u8],
    settings: &FormatSettings,
) -> Result<(Vec<Candidate>, usize), FormatError> {
    let sample = Sample::of(sampled(head), directives(head), settings);
    let built_in = Parser::learn_all(&sample.lines, &sample.directives, settings)?;
    let candidates = (0..)
        .zip(built_in)
        .map(|(rank, (known, parser))| Candidate {
            name: known.name,
            variant: parser.name(),
            parsed: sample.score(&parser).parsed,
            rank,
        });
    Ok((candidates.collect(), sample.lines.len()))
}

const NONE_DECLARED_FITS: &str = "no log_format or LogFormat of the given configuration fits this log; \
                                  it is read by its looks";

/// The built-in format that reads `option httplog`.
const HTTPLOG: &str = "haproxy";

/// A format that the user gives: no other is tried, so that what was asked for is what is read.
fn named(
    format: &str,
    declared: Vec<Declared>,
    built_in: Vec<(&'static Known, Parser)>,
    sample: &Sample<'_>,
) -> Result<Detected, FormatError> {
    let mut lack = None;
    let parser = if format.contains(['$', '%']) {
        let (template, lacks) = Template::with_what_it_lacks(format)?;
        lack = lacks;
        let mut built_in = built_in.into_iter();
        let own =
            built_in.find(|(known, _)| known.name == HTTPLOG && Dialect::of(format).is_httplog());
        own.map_or(Parser::Template(template), |(_, parser)| parser)
    } else if let Some(declared) = declared
        .into_iter()
        .find(|declared| declared.is_named(format))
    {
        Parser::Template(declared.template?)
    } else if let Some((_, parser)) = built_in
        .into_iter()
        .find(|(known, _)| known.is_named(format))
    {
        parser
    } else {
        let known = list().iter().map(|known| known.name.to_owned()).collect();
        return Err(FormatError::NoSuchName {
            name: format.to_owned(),
            known,
        });
    };
    let score = sample.score(&parser);
    let (parsed, of) = (score.parsed, sample.lines.len());
    Ok(Detected {
        name: parser.name(),
        why: format!("given by --log-format; {parsed} of {of} sampled lines parse"),
        warnings: lack
            .into_iter()
            .chain(warnings(&parser, score, sample))
            .collect(),
        misfit: misfit(&parser, sample),
        parser,
        envelope: None,
        others: Others::default(),
        zone: sample.zone,
    })
}

/// See [`Detected::misfit`].
fn misfit(parser: &Parser, sample: &Sample<'_>) -> Option<String> {
    let Parser::Template(template) = parser else {
        return None;
    };
    let mut clock = Clock::new(sample.zone);
    let mut lines = sample.lines.iter();
    let (fitting, expected) = lines.find_map(|line| template.stops_at(line, &mut clock))?;
    Some(format!(
        "of the first line that it does not fit, the first {fitting} bytes fit; behind them {expected} is expected"
    ))
}

/// What to know of a format that is not chosen by its looks.
fn warnings(parser: &Parser, score: sample::Score, sample: &Sample<'_>) -> Vec<String> {
    let mut warnings = score.warnings(sample.zone);
    if let Parser::Template(template) = parser {
        warnings.extend(template.ambiguity().map(str::to_owned));
    }
    warnings
}

/// The declared format that takes most of the sample, and where it is declared. Fails when there
/// are formats and none of them can be compiled.
fn best_declared(
    declared: Vec<Declared>,
    sample: &Sample<'_>,
) -> Result<Option<(Parser, String)>, FormatError> {
    let mut failed = None;
    let mut best = None;
    for Declared {
        place, template, ..
    } in declared
    {
        match template {
            Ok(template) => {
                let parser = Parser::Template(template);
                let parsed = sample.score(&parser).parsed;
                if best.as_ref().is_none_or(|(most, _, _)| parsed > *most) {
                    best = Some((parsed, parser, place));
                }
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match (best, failed) {
        (None, Some(error)) => Err(error),
        (Some((parsed, parser, place)), _) if parsed > 0 || sample.lines.is_empty() => {
            Ok(Some((parser, place)))
        }
        _ => Ok(None),
    }
}

fn configured(
    parser: Parser,
    place: &str,
    built_in: Vec<(&'static Known, Parser)>,
    sample: &Sample<'_>,
) -> Detected {
    let (name, score) = (parser.name(), sample.score(&parser));
    let (parsed, of) = (score.parsed, sample.lines.len());
    Detected {
        why: format!("{parsed} of {of} sampled lines parse as {name}, {place}"),
        name,
        warnings: warnings(&parser, score, sample),
        misfit: misfit(&parser, sample),
        parser,
        envelope: None,
        others: Others::new(built_in),
        zone: sample.zone,
    }
}

fn best_built_in(
    mut built_in: Vec<(&'static Known, Parser)>,
    mut warnings: Vec<String>,
    sample: &Sample<'_>,
) -> Result<Detected, FormatError> {
    let scores: Vec<sample::Score> = built_in
        .par_iter()
        .map(|(_, parser)| sample.score(parser))
        .collect();
    let best = (0..scores.len())
        .rev()
        .max_by_key(|&at| scores[at].parsed)
        .unwrap_or(0);
    let next = (0..scores.len())
        .rev()
        .filter(|&at| at != best)
        .max_by_key(|&at| scores[at].parsed);
    let next = next.map_or(String::new(), |at| {
        format!(
            "; next best {} with {}",
            built_in[at].0.name, scores[at].parsed
        )
    });
    let (_, parser) = built_in.remove(best);
    let (parsed, of) = (scores[best].parsed, sample.lines.len());
    if parsed == 0 && of > 0 {
        return Err(sample.unknown());
    }
    warnings.extend(scores[best].warnings(sample.zone));
    let (name, why) = match of {
        0 => (
            "unknown".to_owned(),
            "there is no line that could be a request".to_owned(),
        ),
        _ => {
            let name = parser.name();
            let why = format!("{parsed} of {of} sampled lines parse as {name}{next}");
            (name, why)
        }
    };
    Ok(Detected {
        name,
        why,
        warnings,
        misfit: None,
        parser,
        envelope: None,
        others: Others::new(built_in),
        zone: sample.zone,
    })
}
