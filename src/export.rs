//! `export`: the requests of the logs as normalised records, one per line, in the order of the input.
//!
//! ```text
//! chunks → lines → Record → cells (redacted, encoded) → bytes of a chunk → written in order
//! ```
//!
//! Chunks are formatted on every core and written in order; besides the chunks in work only a few
//! finished ones wait, so memory does not grow with the log. Without `--verdict` every line is read once.
//! With it the analysis runs first, and each denial carries what the analysis concludes for it.

mod columns;
mod conclusions;
mod encoding;
mod likeness;
mod lines;
mod remembered;
mod shown;

pub use columns::{COLUMNS, VERDICT_COLUMNS};
pub use encoding::Encoding;

use crate::analysis::{self, AnalysisError, Grounds, Logs, Progress};
use crate::findings::{Analysis, Skipped};
use crate::format::Detected;
use crate::gate::Gate;
use crate::input::{self, Input, Trouble};
use crate::key::token::TokenKey;
use crate::settings::Settings;
use conclusions::Conclusions;
use lines::{Lines, Part, Plan};
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Bytes of a chunk: small, because several chunks wait for their turn, and records may take three
/// times the room of their lines.
const CHUNK_BYTES: usize = 1 << 18;
/// Most bytes of output that are held back while it is doubtful whether the log can be read at all.
const MOST_HELD: usize = 16 << 20;

/// What is exported.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// How records are written.
    pub encoding: Encoding,
    /// All requests, not only denials.
    pub all: bool,
    /// With what the analysis concludes for each denial.
    pub verdict: bool,
    /// With a record for each line that could not be read.
    pub keep_unparsed: bool,
}

/// How an export went.
#[derive(Debug, Default)]
pub struct Exported {
    /// Records written, without those of lines that could not be read.
    pub records: u64,
    /// Whether any of them shows a fingerprint of a token.
    pub has_token: bool,
    /// Lines that are requests within the filters.
    pub parsed: u64,
    /// Lines that are not.
    pub skipped: Skipped,
    /// What one has to know to trust the records.
    pub warnings: Vec<String>,
    /// Inputs that could not be read, or not to their end.
    pub troubles: Vec<Trouble>,
}

impl Exported {
    /// Lines of the logs.
    pub fn lines(&self) -> u64 {
        self.parsed + self.skipped.total()
    }
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing can be read.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// The records cannot be written.
    #[error("cannot write the records: {0}")]
    Output(io::Error),
}

/// Exports the logs that the settings name.
///
/// # Errors
/// Nothing can be read, fewer than half of the lines are requests, or `out` fails.
pub fn export(
    settings: &Settings,
    request: Request,
    token_key: &TokenKey,
    progress: &dyn Progress,
    out: &mut (dyn Write + Send),
) -> Result<Exported, ExportError> {
    let mut settings = settings.clone();
    settings.input.chunk_bytes = CHUNK_BYTES;
    let settings = &settings;
    if request.verdict {
        let (outcome, exported) =
            analysis::analyze_and(settings, token_key, progress, |analysis, grounds| {
                with_verdicts(
                    settings, request, token_key, progress, analysis, grounds, out,
                )
            })?;
        let mut exported = exported?;
        let warnings = outcome.analysis.warnings;
        let known: Vec<String> = outcome.troubles.iter().map(ToString::to_string).collect();
        // The analysis has met the troubles of the files before.
        exported
            .troubles
            .retain(|trouble| !known.contains(&trouble.to_string()));
        exported.troubles.splice(0..0, outcome.troubles);
        return Ok(Exported {
            warnings,
            ..exported
        });
    }
    analysis::with_threads(settings, || {
        Logs::open(settings).map(|logs| at_once(settings, request, token_key, progress, logs, out))
    })?
}

/// Reads every line once.
fn at_once(
    settings: &Settings,
    request: Request,
    token_key: &TokenKey,
    progress: &dyn Progress,
    logs: Logs,
    out: &mut (dyn Write + Send),
) -> Result<Exported, ExportError> {
    let Logs {
        input,
        formats,
        gate,
        mut warnings,
        mut troubles,
        ..
    } = logs;
    let plan = Plan::new(settings, request, token_key, &input, &formats, &gate);
    progress.begin("exporting", input.total_bytes());
    let mut writer = Writer::new(&input, &formats, out);
    writer.begin(request)?;
    troubles.extend(pass(&plan, &|_, _| true, None, progress, &mut writer));
    let mut exported = writer.finish()?;
    for warning in formats.iter().flatten().flat_map(|format| &format.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    exported.warnings = warnings;
    exported.troubles = troubles;
    Ok(exported)
}

/// Goes back to the lines after an analysis.
fn with_verdicts(
    settings: &Settings,
    request: Request,
    token_key: &TokenKey,
    progress: &dyn Progress,
    analysis: &Analysis,
    grounds: Grounds<'_>,
    out: &mut (dyn Write + Send),
) -> Result<Exported, ExportError> {
    let Grounds {
        input,
        formats,
        gate,
        survey,
        ..
    } = grounds;
    let conclusions = Conclusions::new(analysis, grounds, request.encoding);
    let plan = Plan {
        conclusions: Some(&conclusions),
        counted: Some((survey, grounds.routes)),
        ..Plan::new(settings, request, token_key, input, formats, gate)
    };
    let first_lines = survey.line_starts();
    let everything = request.all || request.keep_unparsed;
    let wanted = |source, number| everything || survey.has_denials(source, number);
    progress.begin("exporting", input.total_bytes());
    let mut writer = Writer::new(input, formats, out);
    // The analysis has checked that the log can be read.
    writer.is_readable = true;
    writer.begin(request)?;
    let troubles = pass(&plan, &wanted, Some(&first_lines), progress, &mut writer);
    let exported = writer.finish()?;
    Ok(Exported {
        parsed: analysis.input.parsed,
        skipped: analysis.input.skipped,
        troubles,
        ..exported
    })
}

/// Formats the wanted chunks and writes them in order. `first_lines` has the first line of each chunk,
/// where not all are wanted.
fn pass(
    plan: &Plan<'_>,
    wanted: &(dyn Fn(usize, usize) -> bool + Sync),
    first_lines: Option<&[Vec<u64>]>,
    progress: &dyn Progress,
    writer: &mut Writer<'_>,
) -> Vec<Trouble> {
    let pass = plan.input.pass_in_order(
        wanted,
        || Lines::new(plan),
        // Some lines may hold several records, each of them a line.
        |chunk| match plan.formats.get(chunk.source).and_then(Option::as_ref) {
            Some(format) => format.lines(chunk.bytes).count() as u64,
            None => input::newlines(chunk),
        },
        |lines, chunk, counted| {
            let known = |starts: &[Vec<u64>]| starts.get(chunk.source)?.get(chunk.number).copied();
            lines.read(chunk, first_lines.and_then(known).unwrap_or(counted))
        },
        |part: Part| writer.take(&part),
        &|bytes| progress.advance(bytes),
    );
    progress.end();
    pass.troubles
}

/// Writes parts in their order, and counts.
struct Writer<'a> {
    input: &'a Input,
    formats: &'a [Option<Detected>],
    out: &'a mut (dyn Write + Send),
    /// Requests (filtered ones too) and skipped lines by source.
    counts: Vec<(u64, Skipped)>,
    exported: Exported,
    /// Output of a log that may turn out not to be readable.
    held: Vec<u8>,
    is_readable: bool,
    failure: Option<io::Error>,
}

impl<'a> Writer<'a> {
    fn new(
        input: &'a Input,
        formats: &'a [Option<Detected>],
        out: &'a mut (dyn Write + Send),
    ) -> Writer<'a> {
        Writer {
            input,
            formats,
            out,
            counts: vec![(0, Skipped::default()); formats.len()],
            exported: Exported::default(),
            held: Vec::new(),
            is_readable: false,
            failure: None,
        }
    }

    fn begin(&mut self, request: Request) -> Result<(), ExportError> {
        let header = request.encoding.header(request);
        self.write(header.as_bytes()).map_err(ExportError::Output)
    }

    fn take(&mut self, part: &Part) -> ControlFlow<()> {
        let exported = &mut self.exported;
        exported.records += part.records;
        exported.has_token |= part.has_token;
        exported.parsed += part.parsed;
        exported.skipped.add(&part.skipped);
        if let Some((parsed, skipped)) = self.counts.get_mut(part.source) {
            *parsed += part.parsed;
            skipped.add(&part.skipped);
        }
        self.is_readable |= part.parsed + part.skipped.filtered > part.skipped.unreadable();
        match self.write(&part.bytes) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Writes, or holds back what must not be written if the log turns out not to be readable.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_readable && self.held.len() + bytes.len() <= MOST_HELD {
            self.held.extend_from_slice(bytes);
            return Ok(());
        }
        self.out.write_all(&std::mem::take(&mut self.held))?;
        self.out.write_all(bytes)
    }

    fn finish(mut self) -> Result<Exported, ExportError> {
        if let Some(error) = self.failure {
            return Err(ExportError::Output(error));
        }
        analysis::check_readable(&self.counts, self.input, self.formats)?;
        self.out
            .write_all(&std::mem::take(&mut self.held))
            .map_err(ExportError::Output)?;
        Ok(self.exported)
    }
}

impl<'a> Plan<'a> {
    fn new(
        settings: &'a Settings,
        request: Request,
        token_key: &'a TokenKey,
        input: &'a Input,
        formats: &'a [Option<Detected>],
        gate: &'a Gate,
    ) -> Plan<'a> {
        Plan {
            settings,
            request,
            token_key,
            input,
            formats,
            gate,
            conclusions: None,
            counted: None,
        }
    }
}
