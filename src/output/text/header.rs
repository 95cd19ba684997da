//! The first lines: what was read, of which time, and how much of it was denied.

use super::clock::Clock;
use super::number::{counted, duration, share, thousands};
use super::sheet::{Piece, Sheet, Tint};
use crate::findings::{Analysis, InputFile, SideLogs};
use crate::output::Context;

pub(super) fn write(analysis: &Analysis, context: &Context, clock: &Clock, sheet: &mut Sheet) {
    sheet.flow(2, &read(analysis, context, clock, sheet));
    let totals = analysis.totals;
    if totals.requests == 0 {
        sheet.sentence(2, Tint::Strong, &why_nothing(analysis), 4);
        return;
    }
    let mut counts = vec![
        Piece::plain(counted(totals.requests, "request", "requests")),
        Piece::new(
            Tint::Strong,
            match totals.denials {
                0 => "no denials".to_owned(),
                denials => format!(
                    "{} denied ({})",
                    thousands(denials),
                    share(denials, totals.requests)
                ),
            },
        ),
        Piece::plain(format!("{} windows", duration(analysis.window_s))),
    ];
    counts.extend(neighbours(analysis).map(Piece::plain));
    if !analysis.warnings.is_empty() {
        let warnings = counted(analysis.warnings.len() as u64, "warning", "warnings");
        counts.push(Piece::new(Tint::Warning, format!("{warnings} below")));
    }
    sheet.flow(2, &counts);
    if let Some(logs) = &analysis.side_logs {
        sheet.flow(2, &[Piece::plain(stated(logs))]);
    }
}

/// `2,852 of 2,866 denials stated by the error log, 14 without a line`.
fn stated(logs: &SideLogs) -> String {
    let mut text = format!(
        "{} of {} stated by the error log",
        thousands(logs.stated),
        counted(logs.denials, "denial", "denials"),
    );
    if logs.named < logs.stated {
        text.push_str(&format!(", {} with the cause", thousands(logs.named)));
    }
    if logs.silent > 0 {
        text.push_str(&format!("; it is silent about {}", thousands(logs.silent)));
    }
    text
}

fn read(analysis: &Analysis, context: &Context, clock: &Clock, sheet: &Sheet) -> Vec<Piece> {
    let files = &analysis.input.files;
    let name = match files.as_slice() {
        [] => context.source.clone(),
        [file] => file.path.clone(),
        [first, rest @ ..] => {
            let others = counted(rest.len() as u64, "more file", "more files");
            format!(
                "{} and {others}",
                sheet.fitted(&first.path, sheet.width() / 3)
            )
        }
    };
    let mut pieces = vec![Piece::new(
        Tint::Strong,
        sheet.fitted(&name, sheet.width() * 2 / 3),
    )];
    pieces.extend(formats(files).map(Piece::plain));
    if let (Some(start), Some(end)) = (analysis.input.start, analysis.input.end) {
        pieces.push(Piece::plain(clock.span(start, end)));
    }
    pieces
}

/// The format of the files, or how many there are.
fn formats(files: &[InputFile]) -> Option<String> {
    let mut formats: Vec<&str> = files.iter().map(|file| file.format.as_str()).collect();
    formats.retain(|format| !format.is_empty());
    formats.sort_unstable();
    formats.dedup();
    match formats.as_slice() {
        [] => None,
        [format] => Some((*format).to_owned()),
        several => Some(format!("{} formats", several.len())),
    }
}

/// `also 12 × 401, 3,400 × 429`.
fn neighbours(analysis: &Analysis) -> Option<String> {
    let seen: Vec<String> = analysis
        .neighbours
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(status, count)| format!("{} × {status}", thousands(*count)))
        .collect();
    (!seen.is_empty()).then(|| format!("also {}", seen.join(", ")))
}

fn why_nothing(analysis: &Analysis) -> String {
    let input = &analysis.input;
    let lines = counted(input.lines, "line", "lines");
    if input.lines == 0 {
        "Nothing to analyse: the log is empty.".to_owned()
    } else if input.skipped.filtered > 0 {
        format!(
            "Nothing to analyse: of {lines}, {} outside of --since, --until and --where.",
            match input.skipped.filtered {
                1 => "1 lies".to_owned(),
                several => format!("{} lie", thousands(several)),
            }
        )
    } else {
        format!("Nothing to analyse: none of {lines} is a request.")
    }
}
