//! One spike: its verdict in one line, then the rule, the reasons and what to do.

use super::clock::{Clock, Precision, between};
use super::number::{counted, probability, share, thousands};
use super::sheet::{HANGING, Piece, Sheet, Tint};
use super::{command, reasons, rule, subject};
use crate::findings::{Band, Cause, Family, Spike, State};
use crate::output::Context;
use std::cmp::Reverse;
use std::collections::HashSet;

/// Spikes that are explained in full unless `-v` asks for all; the others keep their verdict.
pub(super) const EXPLAINED: usize = 3;
/// Lines of a configuration that are shown where several could have done it.
const CONFIGURED: usize = 3;
/// A cause this likely is worth a line besides the first.
pub(super) const NEAR: f64 = 0.05;

/// All spikes, in the order of time; the largest are explained.
pub(super) fn write_all(spikes: &[Spike], context: &Context, clock: &Clock, sheet: &mut Sheet) {
    // What is expected needs no explanation.
    let mut by_size: Vec<&Spike> = spikes.iter().filter(|s| s.known.is_none()).collect();
    by_size.sort_by_key(|spike| Reverse(spike.denials));
    let smallest = by_size
        .get(EXPLAINED.min(by_size.len()).saturating_sub(1))
        .map_or(0, |spike| spike.denials);
    let depth = Depth::of(spikes.len(), context.verbose);
    let mut left = EXPLAINED;
    let mut told = Told::default();
    for spike in spikes {
        sheet.blank();
        verdict(spike, clock, sheet);
        let is_large = spike.denials >= smallest && spike.known.is_none();
        if context.verbose || (is_large && left > 0) {
            left = left.saturating_sub(1);
            explain(spike, depth, &mut told, clock, sheet);
        } else if spike.rule.is_some() {
            rule::write(spike, false, sheet);
        }
    }
    if by_size.len() > EXPLAINED && !context.verbose {
        sheet.blank();
        let note = "Only the largest spikes are explained; -v explains all, with commands to \
                    reproduce them.";
        sheet.sentence(0, Tint::Faint, note, 2);
    } else {
        told.write_what_is_left(sheet);
    }
}

/// What the report has said so far, and what it has left out.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Causes and mechanisms with advice: it is the same for all of their spikes.
    advised: HashSet<(Cause, Option<String>)>,
    evidence_left: bool,
    commands_left: bool,
}

impl Told {
    /// How to get what was left out, where something was.
    pub(super) fn write_what_is_left(&self, sheet: &mut Sheet) {
        let note = match (self.evidence_left, self.commands_left) {
            (false, false) => return,
            (true, false) => "more evidence: -v",
            (true, true) => "more evidence, and commands to reproduce the denials: -v",
            (false, true) => "commands to reproduce the denials: -v",
        };
        sheet.blank();
        sheet.sentence(0, Tint::Faint, note, 2);
    }
}

/// How much is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depth {
    pub(super) sentences: usize,
    commands: usize,
    pub(super) lines: usize,
    /// Nothing is left out; the log's own lines are added.
    is_full: bool,
}

impl Depth {
    /// The more there is to explain, the less is said of each, so that it stays on one screen.
    pub(super) fn of(explained: usize, verbose: bool) -> Self {
        match explained {
            _ if verbose => Depth {
                sentences: usize::MAX,
                commands: usize::MAX,
                lines: 12,
                is_full: true,
            },
            0 | 1 => Depth {
                sentences: 3,
                commands: 2,
                lines: 3,
                is_full: false,
            },
            2 => Depth {
                sentences: 2,
                commands: 1,
                lines: 2,
                is_full: false,
            },
            _ => Depth {
                sentences: 1,
                commands: 0,
                lines: 2,
                is_full: false,
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
    if spike.known.is_some() {
        pieces.push(Piece::new(Tint::Faint, "expected".to_owned()));
    }
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
pub(super) fn explain(
    spike: &Spike,
    depth: Depth,
    told: &mut Told,
    clock: &Clock,
    sheet: &mut Sheet,
) {
    if let Some(reason) = &spike.reason {
        sheet.entry("reason", &causes_in_words(reason), depth.lines);
    }
    rule::write(spike, depth.is_full, sheet);
    if let Some(rule) = &spike.rule {
        rule::write_quality(rule, clock, sheet);
    }
    configured(spike, depth, sheet);
    sheet.entry("size", &size(spike, clock), 3);
    told.evidence_left |= reasons::write(spike, depth, sheet);
    alternatives(spike, sheet);
    if !spike.collateral.text.is_empty() {
        sheet.entry("also hit", &spike.collateral.text, depth.lines);
    }
    if let Some(settle) = &spike.settle {
        sheet.entry("to settle", settle, depth.lines);
    }
    let kind = (spike.cause, spike.mechanism.clone());
    if told.advised.insert(kind) || depth.is_full {
        advice(spike, depth, sheet);
    }
    commands(spike, depth, sheet);
    told.commands_left |= spike.reproduce.len() > depth.commands;
    if depth.is_full {
        for example in &spike.examples {
            let text = format!("{}:{}: {}", example.file, example.line, example.text);
            sheet.entry("line", &text, depth.lines);
        }
    }
}

/// The lines of the configuration that do it.
fn configured(spike: &Spike, depth: Depth, sheet: &mut Sheet) {
    let mut label = "set in";
    let most = if depth.is_full {
        usize::MAX
    } else {
        CONFIGURED
    };
    for directive in spike.configured.iter().take(most) {
        let text = format!("{}:{}  {}", directive.file, directive.line, directive.text);
        sheet.entry(label, &text, 2);
        label = "";
    }
    if spike.configured.len() > most {
        let more = spike.configured.len() - most;
        sheet.entry(
            label,
            &format!("or {}", counted(more as u64, "more line", "more lines")),
            1,
        );
    }
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
        let expected = spike.expected.round() as u64;
        text.push_str(&format!(", normally {}", thousands(expected)));
    }
    text.push_str(&format!(
        ", peak {} per {} at {}",
        thousands(spike.peak.denials),
        clock.window_width(),
        clock.window(spike.peak.start)
    ));
    if spike.without.peak_denials > spike.peak.denials / 10 {
        let others = thousands(spike.without.peak_denials);
        text.push_str(&format!(", and {others} of other causes"));
    }
    text
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

/// A sentence of ours with the names of causes spelt as everywhere in the report.
fn causes_in_words(sentence: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    sentence
        .split_inclusive(|c| !is_part(c))
        .map(|word| {
            let name = word.trim_end_matches(|c| !is_part(c));
            match Cause::ALL.iter().any(|cause| cause.name() == name) {
                true => word.replacen(name, &words(name), 1),
                false => word.to_owned(),
            }
        })
        .collect()
}
