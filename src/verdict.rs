//! Verdicts: every denial is put under one policy, and every policy under one cause.
//!
//! In order: denials that their content or the line itself sets apart; challenges; pure strata, peeled
//! largest first; limiters over what is left; the rest. Then pieces of one policy are put together,
//! each policy's denials are split into spikes and standing denials, and each part is judged by its own
//! facts. Denials are assigned once, so the parts add up to all of them.

pub mod advice;
mod blocking;
mod calibration;
pub mod describe;
mod growth;
mod judge;
mod mechanism;
mod merge;
mod piece;
mod premises;
mod rest;
mod rule;
mod stated;

pub use judge::Judgement;
pub use piece::Origin;
pub use premises::Premises;

use crate::evidence::content::Stream;
use crate::evidence::facts::{self, Facts};
use crate::evidence::limiter::{self, LimiterFit};
use crate::evidence::responder::Pages;
use crate::evidence::{Case, TESTS, challenge, content, strata};
use crate::examine::table::{Column, Table};
use crate::findings::{Cause, Evidence};
use crate::key::client::Class;
use crate::spike::scan::{Burst, Exposure, bursts};
use piece::{Piece, Profile};
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelExtend,
    ParallelIterator,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// Fewer denials are no spike worth waking anyone for.
const LEAST_SPIKE: usize = 30;
/// Beside larger ones, a spike has so many denials, or this share of theirs.
const LEAST_BESIDE: usize = 100;
const LEAST_SHARE: f64 = 0.04;
/// Verdicts compared with each other, the largest first.
const MOST_COMPARED: usize = 300;
/// Probing scanners send bursts of up to this many; they are always there.
const LEAST_PROBE_SPIKE: usize = 110;

/// A group of denials with its cause.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Positions in the table, in time order.
    pub denials: Vec<u32>,
    /// Whether they stand out of the rest of the log.
    pub is_spike: bool,
    /// Who proposed the group.
    pub origin: Origin,
    /// The limiter that fits it.
    pub limiter: Option<LimiterFit>,
    /// Its counts.
    pub facts: Facts,
    /// What speaks for and against.
    pub evidence: Vec<Evidence>,
    /// Its cause.
    pub judgement: Judgement,
    /// What exactly denied, where it is one thing.
    pub mechanism: Option<&'static str>,
}

/// Reaches a verdict on every denial of the table; with what they rest on.
pub fn reach(table: &Table<'_>, exposure: &Exposure) -> (Premises, Vec<Verdict>) {
    let mut open: Vec<bool> = table.rows.iter().map(|row| row.denied).collect();
    let (premises, streams) =
        rayon::join(|| Premises::of(table), || content::split(table, &mut open));
    let proposed = propose(table, &premises.pages, streams, open);
    let mut pieces = merge::merge(table, proposed);
    if premises.hides_clients() {
        pieces
            .iter_mut()
            .filter_map(|piece| piece.limiter.as_mut())
            .for_each(LimiterFit::forget_address);
    }
    // Each part by itself, so that the largest piece does not keep one thread busy alone.
    let parts: Vec<(&Piece, Vec<u32>, bool)> = pieces
        .par_iter()
        .flat_map_iter(|piece| {
            let parts = split(table, exposure, piece).into_iter();
            parts.map(move |(denials, is_spike)| (piece, denials, is_spike))
        })
        .collect();
    let verdicts: Vec<Verdict> = parts
        .into_par_iter()
        .with_max_len(1)
        .map(|(piece, denials, is_spike)| {
            let limiter = piece.limiter.clone();
            weigh(table, &premises, &piece.origin, limiter, denials, is_spike)
        })
        .collect();
    let mut verdicts = unite(table, &premises, verdicts);
    let of_limit = |verdict: &&Verdict| verdict.judgement.cause == Cause::RateLimit;
    let limited = verdicts.iter().filter(of_limit).map(|v| v.denials.len());
    let (all, limited) = (table.denied().len(), limited.max().unwrap_or(0));
    verdicts
        .iter_mut()
        .for_each(|verdict| demote(verdict, all, limited));
    verdicts.sort_by(|a, b| {
        (a.facts.start_ms, &a.denials.first()).cmp(&(b.facts.start_ms, &b.denials.first()))
    });
    (premises, verdicts)
}

/// One entry per cause of verdicts that are no spikes, the largest first: what a report lists.
pub fn standing_by_cause(
    table: &Table<'_>,
    premises: &Premises,
    verdicts: &[Verdict],
) -> Vec<Verdict> {
    let mut causes: BTreeMap<Cause, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts.iter().filter(|verdict| !verdict.is_spike) {
        causes
            .entry(verdict.judgement.cause)
            .or_default()
            .push(verdict);
    }
    let mut standing: Vec<Verdict> = causes
        .into_values()
        .collect::<Vec<_>>()
        .into_par_iter()
        .filter_map(|group| together(table, premises, &group))
        .collect();
    standing.sort_by(|a, b| {
        b.denials
            .len()
            .cmp(&a.denials.len())
            .then(a.judgement.cause.cmp(&b.judgement.cause))
    });
    standing
}

/// Verdicts of one cause as one: the mean of their confidences, and the evidence of the largest, unless servers state
/// the cause: then what they state of all.
fn together(table: &Table<'_>, premises: &Premises, group: &[&Verdict]) -> Option<Verdict> {
    let largest = group
        .iter()
        .max_by_key(|v| (v.denials.len(), std::cmp::Reverse(v.denials.first())))?;
    if group.len() == 1 {
        return Some((*largest).clone());
    }
    let mut denials: Vec<u32> = group
        .iter()
        .flat_map(|v| v.denials.iter().copied())
        .collect();
    denials.sort_unstable();
    let weighed: Option<f64> = group
        .iter()
        .map(|v| v.judgement.confidence.map(|p| p * v.denials.len() as f64))
        .sum();
    let judgement = Judgement {
        confidence: weighed.map(|sum| (sum / denials.len() as f64 * 1000.0).round() / 1000.0),
        ..largest.judgement.clone()
    };
    let facts = facts::gather(table, &premises.pages, &denials);
    let is_stated = group.iter().any(|v| judge::is_stated(&v.evidence));
    let evidence = match is_stated {
        true => evidence(
            table,
            premises,
            &largest.origin,
            largest.limiter.as_ref(),
            &facts,
        ),
        false => largest.evidence.clone(),
    };
    Some(Verdict {
        facts,
        evidence,
        denials,
        judgement: judgement.in_its_band(),
        mechanism: mechanism::common(group),
        ..(*largest).clone()
    })
}

/// Puts the denials into pieces, each with a proposed explanation: those of streams, and those that
/// are left `open`.
fn propose(
    table: &Table<'_>,
    pages: &Pages,
    streams: Vec<(Stream, Vec<u32>)>,
    open: Vec<bool>,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    pieces.par_extend(streams.into_par_iter().map(|(stream, denials)| Piece {
        limiter: stated::limiter(table, stream, &denials),
        origin: Origin::Content(stream),
        denials,
    }));
    for mut open in stated::classes(table, open) {
        by_behaviour(table, pages, &mut open, &mut pieces);
    }
    pieces
}

/// The proposals for denials of which no content and no statement tells the cause.
fn by_behaviour(table: &Table<'_>, pages: &Pages, open: &mut [bool], pieces: &mut Vec<Piece>) {
    for denials in challenge::find(table, pages, open) {
        pieces.push(Piece {
            denials,
            origin: Origin::Challenge,
            limiter: None,
        });
    }
    let strata = strata::peel(table, open);
    pieces.par_extend(strata.into_par_iter().map(|stratum| Piece {
        limiter: limiter::test_group(table, &stratum.denials),
        origin: Origin::Strata(vec![stratum.cells]),
        denials: stratum.denials,
    }));
    for (fit, denials) in limiter::find(table, pages, open) {
        pieces.push(Piece {
            denials,
            origin: Origin::Limiter,
            limiter: Some(fit),
        });
    }
    pieces.extend(rest::collect(table, open));
}

/// The spikes of a piece, and what is left of it as standing denials.
fn split(table: &Table<'_>, exposure: &Exposure, piece: &Piece) -> Vec<(Vec<u32>, bool)> {
    let seconds: Vec<i64> = piece
        .denials
        .iter()
        .map(|index| table.rows[*index as usize].time_ms.div_euclid(1000))
        .collect();
    let mut parts = Vec::new();
    let mut standing = Vec::new();
    let mut done = 0;
    for burst in joined(&seconds, bursts(&seconds, exposure)) {
        if growth::explains(table, &piece.denials, &burst.members) {
            continue;
        }
        standing.extend_from_slice(&piece.denials[done..burst.members.start]);
        done = burst.members.end;
        parts.push((piece.denials[burst.members].to_vec(), true));
    }
    standing.extend_from_slice(&piece.denials[done..]);
    if !standing.is_empty() {
        parts.push((standing, false));
    }
    parts
}

/// The longest pause within one spike, as a share of the longer of the bursts on both sides.
const LONGEST_PAUSE: f64 = 0.3;

/// Bursts of one piece with a short pause between them, as one: clients that back off, a hold that runs out.
fn joined(seconds: &[i64], bursts: Vec<Burst>) -> Vec<Burst> {
    let mut joined: Vec<Burst> = Vec::new();
    for burst in bursts {
        let length = |members: &Range<usize>| seconds[members.end - 1] - seconds[members.start];
        match joined.last_mut() {
            Some(last)
                if {
                    let pause = seconds[burst.members.start] - seconds[last.members.end - 1];
                    let longer = length(&last.members).max(length(&burst.members));
                    pause as f64 <= LONGEST_PAUSE * longer as f64
                } =>
            {
                last.members.end = burst.members.end
            }
            _ => joined.push(burst),
        }
    }
    joined
}

fn weigh(
    table: &Table<'_>,
    premises: &Premises,
    origin: &Origin,
    limiter: Option<LimiterFit>,
    denials: Vec<u32>,
    is_spike: bool,
) -> Verdict {
    let facts = facts::gather(table, &premises.pages, &denials);
    let evidence = evidence(table, premises, origin, limiter.as_ref(), &facts);
    let judgement = judge::judge(&evidence, facts.denials, premises.is_bare);
    let judged = mechanism::Judged {
        origin,
        limiter: limiter.as_ref(),
        facts: &facts,
        evidence: &evidence,
        judgement: &judgement,
    };
    let mechanism = mechanism::of(table, &judged);
    Verdict {
        mechanism,
        denials,
        is_spike,
        origin: origin.clone(),
        limiter,
        facts,
        evidence,
        judgement,
    }
}

/// What speaks for and against each cause, the strongest first.
fn evidence(
    table: &Table<'_>,
    premises: &Premises,
    origin: &Origin,
    limiter: Option<&LimiterFit>,
    facts: &Facts,
) -> Vec<Evidence> {
    let case = Case {
        table,
        balanced: premises.hides_clients(),
        facts,
        limiter,
        challenged: *origin == Origin::Challenge,
    };
    let mut evidence: Vec<Evidence> = TESTS.iter().flat_map(|test| test(&case)).collect();
    evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    evidence
}

/// Unites spikes of one cause that overlap and share their clients or places: pieces that looked
/// different before they were judged.
fn unite(table: &Table<'_>, premises: &Premises, mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    verdicts.sort_by(|a, b| {
        b.denials
            .len()
            .cmp(&a.denials.len())
            .then(a.denials.first().cmp(&b.denials.first()))
    });
    let mut profiles: Vec<Profile> = verdicts
        .par_iter()
        .map(|v| Profile::of(table, &v.denials))
        .collect();
    let mut at = 0;
    while at < verdicts.len().min(MOST_COMPARED) {
        let compared = verdicts.len().min(MOST_COMPARED);
        let partner = (at + 1..compared).find(|other| {
            let (a, b) = (&verdicts[at], &verdicts[*other]);
            a.is_spike && b.is_spike && one_spike(a, &profiles[at], b, &profiles[*other])
        });
        let Some(other) = partner else {
            at += 1;
            continue;
        };
        let part = verdicts.remove(other);
        profiles.remove(other);
        let whole = &verdicts[at];
        let mut denials = [whole.denials.as_slice(), part.denials.as_slice()].concat();
        denials.sort_unstable();
        let limiter = match (whole.limiter.clone(), part.limiter) {
            (Some(mut mine), Some(theirs)) => {
                mine.join(theirs);
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
        let origin = whole.origin.clone();
        verdicts[at] = weigh(table, premises, &origin, limiter, denials, true);
        profiles[at] = Profile::of(table, &verdicts[at].denials);
    }
    verdicts
}

fn one_spike(a: &Verdict, large: &Profile, b: &Verdict, small: &Profile) -> bool {
    let (cause, other) = (a.judgement.cause, b.judgement.cause);
    let undetermined = other == Cause::Undetermined && b.denials.len() * 5 < a.denials.len();
    // Where a limit of all callers bites, whatever else is shut meanwhile is shut by it.
    let of_limit = is_for_all(a)
        && cause == Cause::RateLimit
        && matches!(other, Cause::Undetermined | Cause::RouteAcl)
        && b.denials.len() * 5 < a.denials.len();
    if cause != other && !undetermined && !of_limit {
        return false;
    }
    if !large.same_answer(small) || !small.within(large) {
        return false;
    }
    match cause {
        Cause::RateLimit if of_limit => true,
        Cause::RateLimit => {
            small.covered_by(large, Column::Ip) >= 0.8
                || (large.contact(small, Column::Route3) >= 0.8 && large.in_step(small))
        }
        Cause::IpAcl => {
            // Of the few who seldom come, the first and the last denial say little of when a list was in force.
            large.in_step(small)
                || small.covered_by(large, Column::Prefix) >= 0.5
                || large.contact(small, Column::Route2) >= 0.8
        }
        Cause::RouteAcl => {
            large.contact(small, Column::Route1) >= 0.8 || large.contact(small, Column::Ip) >= 0.8
        }
        Cause::Permission if large.contact(small, Column::Route3) >= 0.8 => true,
        Cause::Credential | Cause::Permission => {
            large.contact(small, Column::Ip) >= 0.5
                || (large.contact(small, Column::UserAgent) >= 0.8
                    && (large.in_step(small) || large.contact(small, Column::Route3) >= 0.8))
        }
        Cause::BotFilter => {
            // No list names browsers one after another: if several are denied always, they share something else.
            let of_browsers =
                |verdict: &Verdict| verdict.facts.class_share(&[Class::Browser]) > 0.7;
            large.contact(small, Column::Ip) >= 0.5
                || large.in_step(small)
                || large.contact(small, Column::UserAgent) >= 0.8
                || of_browsers(a) && of_browsers(b)
        }
        _ => true,
    }
}

/// Whether a limit is one for all callers.
fn is_for_all(verdict: &Verdict) -> bool {
    let mut tests = verdict
        .evidence
        .iter()
        .map(|evidence| evidence.test.as_str());
    match &verdict.limiter {
        Some(fit) => fit.key.is_none(),
        None => tests.any(|test| matches!(test, "anybody" | "rush")),
    }
}

/// Small bursts and those of probing scanners are part of every log, and beside far larger ones what is small and
/// cannot be told is no news; nor are those who ran into a limit a little that another ran into hard. `all` denials are
/// in the log, and `limited` in its largest burst at a limit.
fn demote(verdict: &mut Verdict, all: usize, limited: usize) {
    let denials = verdict.denials.len();
    let small_of = |whole: usize| (denials as f64) < LEAST_SHARE * whole as f64;
    let is_aside = denials < LEAST_BESIDE
        && match verdict.judgement.cause {
            Cause::Undetermined => small_of(all),
            Cause::RateLimit => small_of(limited),
            _ => false,
        };
    let probes = verdict.facts.share(verdict.facts.probes) > 0.6;
    if denials < LEAST_SPIKE || is_aside || (probes && denials < LEAST_PROBE_SPIKE) {
        verdict.is_spike = false;
    }
}
