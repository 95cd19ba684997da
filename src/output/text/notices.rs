//! What the reader has to know to trust the rest: warnings, skipped lines, and with `-v` the files.

use super::number::{bytes, counted, thousands};
use super::sheet::{Sheet, Tint};
use crate::findings::{Analysis, Skipped};
use crate::output::Context;

pub(super) fn write(analysis: &Analysis, context: &Context, sheet: &mut Sheet) {
    let skipped = skipped(&analysis.input.skipped, analysis.input.lines);
    if !analysis.warnings.is_empty() || skipped.is_some() || context.verbose {
        sheet.blank();
    }
    let most_lines = if context.verbose { 12 } else { 3 };
    for warning in &analysis.warnings {
        sheet.sentence(0, Tint::Warning, &format!("warning: {warning}"), most_lines);
    }
    if let Some(skipped) = skipped {
        sheet.sentence(0, Tint::Faint, &skipped, most_lines);
    }
    if context.verbose {
        files(analysis, sheet);
    }
}

/// `skipped 13 of 48,225 lines: 13 malformed`.
fn skipped(skipped: &Skipped, lines: u64) -> Option<String> {
    let reasons: Vec<String> = [
        (skipped.malformed, "malformed"),
        (skipped.too_long, "longer than 1 MiB"),
        (skipped.filtered, "outside of --since, --until or --where"),
        (skipped.not_a_request, "not requests"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, reason)| format!("{} {reason}", thousands(*count)))
    .collect();
    if reasons.is_empty() {
        return None;
    }
    Some(format!(
        "skipped {} of {}: {}",
        thousands(skipped.total()),
        counted(lines, "line", "lines"),
        reasons.join(", ")
    ))
}

fn files(analysis: &Analysis, sheet: &mut Sheet) {
    for file in &analysis.input.files {
        let compression = match &file.compression {
            Some(name) => format!(", {name}"),
            None => String::new(),
        };
        let text = format!(
            "{}: {} ({}), {}{compression}, {}, {}",
            file.path,
            file.format,
            file.detected_by,
            bytes(file.bytes),
            counted(file.lines, "line", "lines"),
            counted(file.parsed, "request", "requests"),
        );
        sheet.sentence(0, Tint::Faint, &text, 3);
    }
}
