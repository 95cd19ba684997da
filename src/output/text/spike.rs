//! One spike: its verdict in one line, then the rule, the reasons and what to do.

use std::collections::HashSet;
use super::clock::{Clock, Precision, between};
use super::number::{counted, percent, probability, share, thousands};
use super::sheet::{HANGING, Piece, Sheet, Tint};
use super::{command, subject};
use crate::findings::{Band, Evidence, Family, Rule, Spike, State};
use crate::output::Context;
use std::cmp::Reverse;

/// Spikes that are explained in full unless `-v` asks for all; the others keep their verdict.
pub(super) const EXPLAINED: usize = 3;
/// A cause this likely is worth a line besides the first.
const NEAR: f64 = 0.05;

/// All spikes, in the order of time; the largest are explained.
pub(super) fn write_all(spikes: &[Spike], context: &Context, clock: &Clock, sheet: &mut Sheet) {
    let mut by_size: Vec<&Spike> = spikes.iter().collect();
    by_size.sort_by_key(|spike| Reverse(spike.denials));
    let smallest = by_size
        .get(EXPLAINED.min(by_size.len()).saturating_sub(1))
        .map_or(0, |spike| spike.denials);
    let depth = Depth::of(spikes.len(), context.verbose);
    let mut left = EXPLAINED;
    for spike in spikes {
        sheet.blank();
        verdict(spike, clock, sheet);
        if context.verbose || (spike.denials >= smallest && left > 0) {
            left = left.saturating_sub(1);
            explain(spike, depth, clock, sheet);
        }
    }
    if spikes.len() > 1 && !context.verbose {
        let note = if spikes.len() > EXPLAINED {
            "Only the largest spikes are explained; -v explains all, with commands to reproduce them."
        } else {
            "More evidence, and commands to reproduce the denials: -v"
        };
        sheet.blank();
        sheet.sentence(0, Tint::Faint, note, 2);
    }
}

/// How much is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depth {
    sentences: usize,
    commands: usize,
    lines: usize,
    examples: bool,
}

impl Depth {
    /// The more there is to explain, the less is said of each, so that it stays on one screen.
    pub(super) fn of(explained: usize, verbose: bool) -> Self {
        match explained {
            _ if verbose => Depth {
                sentences: usize::MAX,
                commands: usize::MAX,
                lines: 12,
                examples: true,
            },
            0 | 1 => Depth {
                sentences: 3,
                commands: 2,
                lines: 3,
                examples: false,
            },
            2 => Depth {
                sentences: 2,
                commands: 1,
                lines: 2,
                examples: false,
            },
            _ => Depth {
                sentences: 1,
                commands: 0,
                lines: 2,
                examples: false,
            },
        }
    }
}

/// `1-1  RATE LIMIT  97 % likely  2,852 denials  09:43:00-10:04:36 (21 min)  who: …  where: …`.
pub(super) fn verdict(spike: &Spike, clock: &Clock, sheet: &mut Sheet) {
    let mut pieces = vec![
        Piece::new(Tint::Strong, spike.id.clone()),
        Piece::new(tint(spike.family), name(spike)),
    ];
    pieces.extend(confidence(spike).map(Piece::plain));
    let time = clock.range(spike.start, spike.end, Precision::Seconds);
    let goes_on = match spike.state {
        State::Open => ", still going on",
        State::Closed => "",
    };
    let lasted = between(spike.start, spike.end);
    pieces.push(Piece::new(
        Tint::Strong,
        counted(spike.denials, "denial", "denials"),
    ));
    pieces.push(Piece::plain(format!("{time} ({lasted}{goes_on})")));
    pieces.extend(subject::who(spike, sheet).map(|who| Piece::plain(format!("who: {who}"))));
    pieces
        .extend(subject::place(spike, sheet).map(|place| Piece::plain(format!("where: {place}"))));
    sheet.flow(HANGING, &pieces);
}

/// `RATE LIMIT`.
pub(super) fn name(spike: &Spike) -> String {
    words(spike.cause.name()).to_uppercase()
}

/// The colour of a family.
pub(super) fn tint(family: Family) -> Tint {
    match family {
        Family::RateLimit => Tint::RateLimit,
        Family::Acl => Tint::Acl,
        Family::BotFilter => Tint::BotFilter,
        Family::Undetermined => Tint::Strong,
    }
}

/// `97 % likely`; nothing when undetermined.
pub(super) fn confidence(spike: &Spike) -> Option<String> {
    match spike.band {
        Band::Undetermined => None,
        Band::Certain => Some("certain".to_owned()),
        Band::Likely => Some(format!("{} likely", probability(spike.confidence?))),
        Band::Leaning => Some(format!("leaning, {}", probability(spike.confidence?))),
    }
}

/// Everything below the verdict.
pub(super) fn explain(spike: &Spike, depth: Depth, clock: &Clock, sheet: &mut Sheet) {
    if let Some(reason) = &spike.reason {
        sheet.entry("reason", reason, depth.lines);
    }
    rule(spike, depth, clock, sheet);
    sheet.entry("size", &size(spike, clock), 2);
    evidence(spike, depth, sheet);
    alternatives(spike, sheet);
    if !spike.collateral.text.is_empty() {
        sheet.entry("also hit", &spike.collateral.text, depth.lines);
    }
    advice(spike, depth, sheet);
    commands(spike, depth, sheet);
    if depth.examples {
        for example in &spike.examples {
            let text = format!("{}:{}: {}", example.file, example.line, example.text);
            sheet.entry("line", &text, depth.lines);
        }
    }
}

fn rule(spike: &Spike, depth: Depth, clock: &Clock, sheet: &mut Sheet) {
    let mechanism = spike.mechanism.as_deref().map(words);
    let Some(rule) = &spike.rule else {
        if let Some(mechanism) = mechanism {
            sheet.entry("mechanism", &mechanism, depth.lines);
        }
        return;
    };
    let text = match mechanism {
        Some(mechanism) => format!("{} ({mechanism})", rule.text),
        None => rule.text.clone(),
    };
    sheet.entry("rule", &text, depth.lines);
    sheet.entry("", &quality(rule, clock), 2);
}

/// How well the rule fits, and when it was in force.
fn quality(rule: &Rule, clock: &Clock) -> String {
    let mut text = format!(
        "explains {} of the denials, right on {}",
        percent(rule.coverage),
        percent(rule.precision)
    );
    if let Some(since) = rule.since {
        let time = clock.time(since, Precision::Seconds);
        text.push_str(&format!("; in force since {time}"));
    }
    if let Some(until) = rule.until {
        let time = clock.time(until, Precision::Seconds);
        text.push_str(&format!("; lifted at {time}"));
    }
    text
}

/// How large the spike is against what was to be expected.
fn size(spike: &Spike, clock: &Clock) -> String {
    let mut text = format!(
        "{} of {} denied",
        share(spike.denials, spike.requests),
        counted(spike.requests, "request", "requests"),
    );
    // Standing denials are what is expected: the number would say nothing.
    if spike.expected.is_finite() && spike.expected < spike.denials as f64 / 2.0 {
        let expected = thousands(spike.expected.round() as u64);
        text.push_str(&format!(", {expected} expected"));
    }
    text.push_str(&format!(
        ", peak {} at {}",
        thousands(spike.peak.denials),
        clock.window(spike.peak.start)
    ));
    if spike.without.peak_denials > spike.peak.denials / 10 {
        let others = thousands(spike.without.peak_denials);
        text.push_str(&format!(", and {others} of other causes"));
    }
    text
}

/// Evidence of less weight is not worth a line.
const WEAK: f64 = 0.3;

/// The strongest sentences for the verdict, and the strongest against it.
fn evidence(spike: &Spike, depth: Depth, sheet: &mut Sheet) {
    let mut sorted: Vec<&Evidence> = spike
        .evidence
        .iter()
        .filter(|evidence| evidence.weight.abs() >= WEAK)
        .collect();
    // What speaks for the cause itself comes before what speaks against others.
    sorted.sort_by(|one, other| {
        let direct = |evidence: &Evidence| evidence.r#for == spike.cause && evidence.weight > 0.0;
        direct(other)
            .cmp(&direct(one))
            .then(other.weight.abs().total_cmp(&one.weight.abs()))
    });
    // One test may weigh on several causes with one sentence.
    let mut said = HashSet::new();
    sorted.retain(|evidence| said.insert(evidence.text.as_str()));
    let is_open = spike.band == Band::Undetermined;
    let speaks_for = |evidence: &&Evidence| {
        is_open || (evidence.r#for == spike.cause) == (evidence.weight > 0.0)
    };
    let (support, against): (Vec<&Evidence>, Vec<&Evidence>) =
        sorted.into_iter().partition(speaks_for);
    let mut label = if is_open { "seen" } else { "because" };
    for evidence in support.into_iter().take(depth.sentences) {
        sheet.entry(label, &evidence.text, depth.lines);
        label = "";
    }
    let mut label = "but";
    for evidence in against.into_iter().take(depth.sentences.div_ceil(3)) {
        sheet.entry(label, &evidence.text, depth.lines);
        label = "";
    }
}

fn alternatives(spike: &Spike, sheet: &mut Sheet) {
    let near: Vec<String> = spike
        .alternatives
        .iter()
        .filter(|other| other.confidence >= NEAR)
        .map(|other| {
            format!(
                "{} {}",
                words(other.cause.name()),
                probability(other.confidence)
            )
        })
        .collect();
    if !near.is_empty() {
        let label = match spike.band {
            Band::Undetermined => "maybe",
            _ => "or else",
        };
        sheet.entry(label, &near.join(", "), 2);
    }
}

fn advice(spike: &Spike, depth: Depth, sheet: &mut Sheet) {
    if let Some(settle) = &spike.settle {
        sheet.entry("to settle", settle, depth.lines);
    }
    for (label, sentences) in [
        ("server", &spike.advice.server),
        ("client", &spike.advice.client),
    ] {
        let mut label = label;
        for sentence in sentences.iter().take(depth.sentences) {
            sheet.entry(label, sentence, depth.lines);
            label = "";
        }
    }
}

fn commands(spike: &Spike, depth: Depth, sheet: &mut Sheet) {
    let mut label = "reproduce";
    for text in spike.reproduce.iter().take(depth.commands) {
        let shown = sheet.shown(text);
        let lines = command::lines(&shown, sheet.entry_width(), sheet.ellipsis());
        sheet.labelled(label, &lines);
        label = "";
    }
}

/// `leaky_bucket` as `leaky bucket`.
pub(super) fn words(name: &str) -> String {
    name.replace('_', " ")
}
