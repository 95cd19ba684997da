//! Spikes that go on from run to run keep their id: the run that saw them first, and a number.
//!
//! A finding goes on with a spike of an earlier run if the cause is the same, the rules overlap, and
//! not more than two windows lie between. Of one run's findings each spike is continued by one, the
//! largest. A finding that stands out of nothing, because the spike fills all that was read, is a spike
//! too if it goes on with one at about the same pace, or if the timeline of the state shows that
//! denials were far fewer before.

use super::state::{Earlier, State};
use crate::analysis::additions::{Additions, Finding};
use crate::findings::{Condition, Operator, Spike};
use crate::policy::rule::{Matcher, Policy};
use chrono::DateTime;
use std::collections::BTreeMap;
use std::ops::Range;

/// Windows that may lie between two parts of one spike.
const MOST_GAP: i64 = 2;
/// A finding that is no spike goes on with one if it has this part of its pace.
const LEAST_PACE: f64 = 0.25;
/// Denials of a finding that becomes a spike by the timeline alone.
const LEAST_SPIKE: u64 = 30;
/// It lasts so large a part of all that was read, where no scan can find it.
const LEAST_SHARE: f64 = 0.8;
/// How much higher its pace must be than that of all denials of the week.
const LEAST_RISE: f64 = 3.0;
/// Minutes with requests that the timeline must know to say what is usual.
const LEAST_MINUTES: usize = 60;
/// Spikes that are kept for later runs, and for how many seconds after their end: more than any clock
/// goes back or any line is late.
const MOST_KEPT: usize = 1000;
const KEPT_S: i64 = 86_400;
/// Values of a dimension that are kept of a spike.
const MOST_VALUES: usize = 5;
/// Dimensions by which spikes are compared where their rules have no field in common.
const COMPARED: [&str; 5] = ["ip", "prefix", "token", "client", "route"];

/// A spike of this run.
#[derive(Debug)]
pub struct Carried<'a> {
    /// What was found.
    pub finding: &'a Finding,
    /// Its id.
    pub id: String,
    /// Its first denial, in seconds: perhaps that of an earlier run.
    pub start: i64,
    /// Whether no earlier run has seen it.
    pub is_new: bool,
    /// The known rule that expects it.
    pub known: Option<String>,
}

impl Carried<'_> {
    /// A description of its new denials, with what is known from earlier runs.
    pub fn shown(&self, part: &Spike) -> Spike {
        Spike {
            id: self.id.clone(),
            start: DateTime::from_timestamp(self.start, 0).unwrap_or(part.start),
            known: self.known.clone(),
            ..part.clone()
        }
    }

    /// Its new denials in all LOGs.
    pub fn everywhere(&self) -> Spike {
        let parts = &self.finding.parts;
        let mut spike = match parts.as_slice() {
            [(_, part)] => self.shown(part),
            _ => self.shown(&self.finding.whole),
        };
        spike.denials = parts.iter().map(|(_, part)| part.denials).sum();
        spike.requests = parts.iter().map(|(_, part)| part.requests).sum();
        spike
    }
}

/// Gives the spikes of a run their ids, in the order of the findings, and keeps them in the state.
pub fn carry_over<'a>(state: &mut State, run: u64, additions: &'a Additions) -> Vec<Carried<'a>> {
    let usual = Usual::before(state, additions.span_s.start);
    let gap_s = MOST_GAP * additions.window_s.min(i64::MAX as u64 / 4) as i64;
    let findings = &additions.findings;
    let mut by_size: Vec<usize> = (0..findings.len()).collect();
    by_size.sort_by_key(|at| {
        (
            !findings[*at].is_spike,
            std::cmp::Reverse(findings[*at].whole.denials),
        )
    });
    let mut continued: BTreeMap<usize, usize> = BTreeMap::new();
    for at in by_size {
        let finding = &findings[at];
        let mut spikes = state.spikes.iter().enumerate();
        let goes_on = spikes.find(|(number, earlier)| {
            !continued.values().any(|taken| taken == number)
                && goes_on(earlier, finding, gap_s)
                && (finding.is_spike || pace(&finding.whole) >= LEAST_PACE * pace_before(earlier))
        });
        if let Some((number, _)) = goes_on {
            continued.insert(at, number);
        }
    }
    let mut carried = Vec::new();
    let mut new = 0;
    for (at, finding) in findings.iter().enumerate() {
        let earlier = continued
            .get(&at)
            .and_then(|number| state.spikes.get(*number));
        let start = finding.whole.start.timestamp();
        match earlier {
            Some(earlier) => carried.push(Carried {
                finding,
                id: earlier.id.clone(),
                start: earlier.start.min(start),
                is_new: false,
                known: None,
            }),
            None if finding.is_spike || has_risen(&finding.whole, &additions.span_s, usual) => {
                new += 1;
                carried.push(Carried {
                    finding,
                    id: format!("{run}-{new}"),
                    start,
                    is_new: true,
                    known: None,
                });
            }
            None => {}
        }
    }
    for spike in &carried {
        keep(state, spike);
    }
    let newest = state
        .spikes
        .iter()
        .map(|spike| spike.end)
        .max()
        .unwrap_or(0);
    let newest = newest.min(additions.span_s.end.max(additions.span_s.start));
    state
        .spikes
        .retain(|spike| spike.end >= newest.saturating_sub(KEPT_S.max(gap_s)));
    state
        .spikes
        .sort_by(|a, b| b.end.cmp(&a.end).then_with(|| a.id.cmp(&b.id)));
    state.spikes.truncate(MOST_KEPT);
    carried
}

/// Keeps a spike for the next run.
fn keep(state: &mut State, carried: &Carried<'_>) {
    let whole = &carried.finding.whole;
    let parts = carried.finding.parts.iter();
    let denials: u64 = parts.map(|(_, part)| part.denials).sum();
    let before = state.spikes.iter().find(|earlier| earlier.id == carried.id);
    let (denials_before, end_before) = before.map_or((0, i64::MIN), |b| (b.denials, b.end));
    let values = |name: &&str| {
        let values = whole.keys.get(*name)?.iter().take(MOST_VALUES);
        let values: Vec<String> = values.map(|key| key.value.clone()).collect();
        Some((name.to_string(), values))
    };
    let earlier = Earlier {
        id: carried.id.clone(),
        cause: whole.cause.name().to_owned(),
        start: carried.start,
        end: whole.end.timestamp().max(end_before),
        denials: denials_before + denials,
        rule: whole.rule.as_ref().map(|rule| rule.text.clone()),
        keys: COMPARED.iter().filter_map(values).collect(),
    };
    state.spikes.retain(|spike| spike.id != carried.id);
    state.spikes.push(earlier);
}

fn goes_on(earlier: &Earlier, finding: &Finding, gap_s: i64) -> bool {
    let whole = &finding.whole;
    let (start, end) = (whole.start.timestamp(), whole.end.timestamp());
    earlier.cause() == Some(whole.cause)
        && start <= earlier.end.saturating_add(gap_s)
        && end >= earlier.start.saturating_sub(gap_s)
        && overlap(earlier, whole)
}

/// Whether the rules look at the same requests, at least in part; where they have no field in common,
/// or there is no rule, whether the same clients or places were denied.
fn overlap(earlier: &Earlier, spike: &Spike) -> bool {
    let policy = earlier
        .rule
        .as_deref()
        .and_then(|text| text.parse::<Policy>().ok());
    let before = policy.map(|policy| policy.conditions).unwrap_or_default();
    let now = spike.rule.as_ref().map_or(&[][..], |rule| &rule.r#where);
    let mut common = before
        .iter()
        .filter_map(|a| Some((a, now.iter().find(|b| is_same_field(a, b))?)))
        .peekable();
    if common.peek().is_some() {
        return common.all(|(a, b)| meet(a, b));
    }
    COMPARED.iter().any(|name| {
        let mine = earlier.keys.get(*name).map_or(&[][..], |values| values);
        let theirs = spike.keys.get(*name).map_or(&[][..], |values| values);
        theirs.iter().any(|key| mine.contains(&key.value))
    })
}

/// Whether two conditions look at the same field: addresses and networks are one.
fn is_same_field(a: &Condition, b: &Condition) -> bool {
    let is_address = |c: &Condition| matches!(c.field.as_str(), "ip" | "prefix");
    a.field == b.field || (is_address(a) && is_address(b))
}

/// Whether some value meets both conditions, as far as their values tell.
fn meet(a: &Condition, b: &Condition) -> bool {
    if a.op == Operator::NotIn || b.op == Operator::NotIn {
        return true;
    }
    let holds_any = |condition: &Condition, values: &[String]| {
        Matcher::new(condition).is_ok_and(|m| values.iter().any(|v| m.holds(v.as_bytes())))
    };
    holds_any(a, &b.values) || holds_any(b, &a.values)
}

/// Denials per second.
fn pace(spike: &Spike) -> f64 {
    let seconds = (spike.end - spike.start).num_seconds().max(1);
    spike.denials as f64 / seconds as f64
}

fn pace_before(earlier: &Earlier) -> f64 {
    earlier.denials as f64 / earlier.end.saturating_sub(earlier.start).max(1) as f64
}

/// Whether a finding fills all that was read, so that it stands out of nothing there, and stands out of
/// the week before.
fn has_risen(whole: &Spike, span_s: &Range<i64>, usual: Option<Usual>) -> bool {
    let Some(usual) = usual else {
        return false;
    };
    let seconds = (whole.end - whole.start).num_seconds() as f64;
    seconds >= LEAST_SHARE * (span_s.end - span_s.start) as f64
        && whole.denials >= LEAST_SPIKE
        && pace(whole) * 60.0 >= LEAST_RISE * usual.mean.max(1.0)
}

/// Denials per minute, over minutes with requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Of the minute in the middle, so that spikes do not count.
    pub median: u64,
    /// Spikes included.
    pub mean: f64,
}

impl Usual {
    /// What was usual before `start_s`; none where too little is known.
    pub fn before(state: &State, start_s: i64) -> Option<Usual> {
        let minutes = state.minutes.range(..start_s);
        let mut denials: Vec<u64> = minutes.map(|(_, (_, denials))| *denials).collect();
        if denials.len() < LEAST_MINUTES {
            return None;
        }
        let mean = denials.iter().sum::<u64>() as f64 / denials.len() as f64;
        let middle = denials.len() / 2;
        let (_, median, _) = denials.select_nth_unstable(middle);
        Some(Usual {
            median: *median,
            mean,
        })
    }
}

#[cfg(test)]
#[path = "carry_over_tests.rs"]
mod tests;
