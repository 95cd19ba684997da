//! What the analysis concludes for each denial.
//!
//! Verdicts hold rows, and a row knows its source and line: so a line finds its verdict, and the denials
//! of a spike are as many as the analysis counts. Spikes stand in the analysis in the order of the
//! verdicts; standing denials, which it lists in one entry per cause, have the mechanism and the confidence of
//! their own verdict. Of a log that is so large that denied requests were
//! left out of the rows, the others are concluded like those that they are like most ([`Likeness`]). A
//! denial that could not be read a second time is undetermined, as in the analysis.

use super::columns::COLUMNS;
use super::encoding::{Encoding, Row};
use super::likeness::Likeness;
use crate::analysis::Grounds;
use crate::findings::{Analysis, Cause, Spike};
use crate::record::Record;
use crate::verdict::{Judgement, Verdict};
use std::collections::BTreeMap;

/// Conclusions by line.
pub(super) struct Conclusions<'a> {
    /// The cells of each conclusion, to be put behind a record.
    cells: Vec<Vec<u8>>,
    /// By source: line from 0, and conclusion; in the order of lines.
    by_line: Vec<Vec<(u32, u32)>>,
    /// For denials without a row, where rows were left out.
    likeness: Option<Likeness<'a>>,
    /// The conclusion for denials of which nothing is known.
    unknown: u32,
}

impl<'a> Conclusions<'a> {
    /// The conclusions of an analysis.
    pub(super) fn new(
        analysis: &Analysis,
        grounds: Grounds<'a>,
        encoding: Encoding,
    ) -> Conclusions<'a> {
        let mut all: Vec<Vec<u8>> = analysis
            .spikes
            .iter()
            .map(|spike| of_spike(encoding, spike))
            .collect();
        let unknown = all.len() as u32;
        all.push(undetermined(encoding));
        let of_row = of_rows(grounds, encoding, &mut all);
        let mut by_line = vec![Vec::new(); grounds.input.sources().len()];
        for (row, conclusion) in &of_row {
            let row = &grounds.table.rows[*row as usize];
            if let Some(lines) = by_line.get_mut(row.source as usize) {
                lines.push((row.line, *conclusion));
            }
        }
        by_line.iter_mut().for_each(|lines| lines.sort_unstable());
        let likeness = grounds
            .table
            .is_thinned()
            .then(|| Likeness::new(grounds, &of_row, &analysis.spikes));
        Conclusions {
            cells: all,
            by_line,
            likeness,
            unknown,
        }
    }

    /// The cells of the conclusion for a denial, by its source and line (from 0).
    pub(super) fn of(&self, source: usize, line: u64, record: &Record<'_>, client: &[u8]) -> &[u8] {
        let with_row = || {
            let lines = self.by_line.get(source)?;
            let at = lines.binary_search_by_key(&line, |(line, _)| u64::from(*line));
            Some(lines[at.ok()?].1)
        };
        let alike = || self.likeness.as_ref()?.conclusion(record, client);
        let conclusion = with_row().or_else(alike).unwrap_or(self.unknown);
        self.cells
            .get(conclusion as usize)
            .map_or(&[], Vec::as_slice)
    }
}

/// The conclusion for each row that is denied: spikes are counted through, those of standing denials are put behind
/// what there is.
fn of_rows(grounds: Grounds<'_>, encoding: Encoding, all: &mut Vec<Vec<u8>>) -> Vec<(u32, u32)> {
    let mut next_spike = 0;
    let mut standing: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    let mut of_row = Vec::new();
    for verdict in grounds.verdicts {
        let conclusion = if verdict.is_spike {
            next_spike += 1;
            next_spike - 1
        } else {
            let cells = of_standing(encoding, verdict);
            *standing.entry(cells).or_insert_with_key(|cells| {
                all.push(cells.clone());
                all.len() as u32 - 1
            })
        };
        of_row.extend(verdict.denials.iter().map(|row| (*row, conclusion)));
    }
    of_row
}

fn of_spike(encoding: Encoding, spike: &Spike) -> Vec<u8> {
    let mechanism = spike.mechanism.as_deref();
    cells(
        encoding,
        Some(&spike.id),
        spike.cause,
        mechanism,
        spike.confidence,
    )
}

fn of_standing(encoding: Encoding, verdict: &Verdict) -> Vec<u8> {
    let Judgement {
        cause, confidence, ..
    } = verdict.judgement;
    cells(encoding, None, cause, verdict.mechanism, confidence)
}

fn undetermined(encoding: Encoding) -> Vec<u8> {
    cells(encoding, None, Cause::Undetermined, None, None)
}

fn cells(
    encoding: Encoding,
    spike: Option<&String>,
    cause: Cause,
    mechanism: Option<&str>,
    confidence: Option<f64>,
) -> Vec<u8> {
    let mut cells = Vec::new();
    let mut row = Row::at(COLUMNS.len(), encoding, &mut cells);
    spike_cell(encoding, &mut row, spike);
    row.word(cause.family().name().as_bytes());
    row.word(cause.name().as_bytes());
    row.word(mechanism.unwrap_or_default().as_bytes());
    let confidence = confidence.map(|confidence| confidence.to_string());
    row.cell(confidence.unwrap_or_default().as_bytes());
    cells
}

/// The id of the spike; null for standing denials, so that "standing" is told from "not concluded".
fn spike_cell(encoding: Encoding, row: &mut Row<'_>, id: Option<&String>) {
    match (id, encoding) {
        (Some(id), _) => row.word(id.as_bytes()),
        (None, Encoding::Ndjson) => row.cell(b"null"),
        (None, Encoding::Csv) => row.cell(b""),
    }
}
