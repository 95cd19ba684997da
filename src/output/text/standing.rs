//! Denials outside every spike: one line per cause, or, where there is no spike, in full; then how
//! all denials divide among the causes.

use super::clock::Clock;
use super::number::{counted, percent, share};
use super::sheet::{HANGING, Piece, Sheet, Tint};
use super::spike::{self, Depth, Told, words};
use super::subject;
use crate::findings::{Analysis, Spike};
use crate::output::Context;

/// One line per cause, below the spikes.
pub(super) fn write_briefly(analysis: &Analysis, sheet: &mut Sheet) {
    if !analysis.standing.is_empty() {
        let denials = analysis
            .standing
            .iter()
            .map(|standing| standing.denials)
            .sum();
        sheet.heading(&format!(
            "Outside of spikes: {} ({} of all)",
            counted(denials, "denial", "denials"),
            share(denials, analysis.totals.denials)
        ));
        for standing in &analysis.standing {
            one_line(standing, sheet);
        }
    }
    shares(analysis, sheet);
}

/// As much as is said of a spike, for a log without one.
pub(super) fn write_in_full(
    analysis: &Analysis,
    context: &Context,
    clock: &Clock,
    sheet: &mut Sheet,
) {
    let requests = analysis.totals.requests;
    if requests == 0 {
        return;
    }
    if analysis.totals.denials == 0 {
        sheet.heading("No denials: nothing to explain.");
        return;
    }
    sheet.heading("No spike: denials come steadily. What they are:");
    let depth = Depth::of(analysis.standing.len(), context.verbose);
    let mut told = Told::default();
    for (at, standing) in analysis.standing.iter().enumerate() {
        sheet.blank();
        spike::verdict(standing, clock, sheet);
        if at < spike::EXPLAINED || context.verbose {
            spike::explain(standing, depth, &mut told, clock, sheet);
        }
    }
    told.write_what_is_left(sheet);
    busiest_window(analysis, clock, sheet);
    shares(analysis, sheet);
}

fn one_line(standing: &Spike, sheet: &mut Sheet) {
    let mut pieces = vec![
        Piece::plain(standing.id.clone()),
        Piece::new(spike::tint(standing.family), spike::name(standing)),
    ];
    pieces.extend(spike::confidence(standing).map(Piece::plain));
    pieces.push(Piece::plain(counted(standing.denials, "denial", "denials")));
    pieces.extend(subject::place(standing, sheet).map(Piece::plain));
    pieces.extend(subject::who(standing, sheet).map(|who| Piece::plain(format!("by {who}"))));
    sheet.flow(HANGING, &pieces);
}

/// Without a spike, people ask for the worst minute.
fn busiest_window(analysis: &Analysis, clock: &Clock, sheet: &mut Sheet) {
    let Some(worst) = analysis
        .timeline
        .iter()
        .rev()
        .max_by_key(|window| window.denials)
    else {
        return;
    };
    sheet.blank();
    let text = format!(
        "The most in one window: {} of {} at {}.",
        counted(worst.denials, "denial", "denials"),
        counted(worst.requests, "request", "requests"),
        clock.window(worst.start)
    );
    sheet.sentence(0, Tint::Plain, &text, 2);
}

/// How all denials divide among the causes, largest share first.
fn shares(analysis: &Analysis, sheet: &mut Sheet) {
    let mut shares: Vec<(&str, f64)> = analysis
        .shares
        .iter()
        .map(|(cause, share)| (cause.as_str(), *share))
        .filter(|(_, share)| *share > 0.0)
        .collect();
    if shares.is_empty() {
        return;
    }
    shares.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    let mut pieces = vec![Piece::new(Tint::Strong, "all denials")];
    pieces.extend(
        shares
            .into_iter()
            .map(|(cause, share)| Piece::plain(format!("{} {}", words(cause), percent(share)))),
    );
    sheet.flow(HANGING, &pieces);
}
