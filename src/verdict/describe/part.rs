//! A part of a verdict's denials: what one run, or one LOG, adds to a spike.
//!
//! The cause, the rule and how well it fits are those of the whole, for they were told from all of it.
//! Counts are of the part only, so that parts add up.

use super::{DIMENSIONS, Setting, moment, peak};
use crate::examine::row::{NONE, Row};
use crate::examine::table::Column;
use crate::findings::{KeyCount, Spike};
use crate::verdict::{Verdict, rule};
use std::collections::HashMap;

/// Describes those denials of a verdict that are `counted`; none if there are none. `whole` is the
/// description of all of them, and the part begins where the whole does.
pub fn describe_part(
    setting: &Setting<'_>,
    verdict: &Verdict,
    whole: &Spike,
    counted: &(dyn Fn(&Row) -> bool + Sync),
) -> Option<Spike> {
    let rows = &setting.table.rows;
    let is_counted = |index: &u32| counted(&rows[*index as usize]);
    let denials: Vec<u32> = verdict.denials.iter().copied().filter(is_counted).collect();
    let last = &rows[*denials.last()? as usize];
    // The description may have found that no rule is better than this one.
    let rebuilt = whole
        .rule
        .as_ref()
        .and(rule::rebuild(setting.table, verdict));
    let covers = |row: &Row| rebuilt.as_ref().is_none_or(|rule| rule.covers(row));
    let interval = setting
        .table
        .between(verdict.facts.start_ms, verdict.facts.end_ms);
    let interval: Vec<&Row> = rows[interval].iter().filter(|row| counted(row)).collect();
    let requests = interval.iter().filter(|row| covers(row)).count() as u64;
    let share = requests as f64 / whole.requests.max(1) as f64;
    let (peak, without) = peak(setting, &denials);
    let mut part = Spike {
        end: moment(last.time_ms.div_euclid(1000).saturating_add(1)),
        requests,
        denials: denials.len() as u64,
        expected: (whole.expected * share * 10.0).round() / 10.0,
        peak,
        without,
        ..whole.clone()
    };
    for (name, column) in DIMENSIONS {
        let (values, distinct) = values(setting, column, &denials, &interval);
        part.keys.insert(name.to_string(), values);
        part.distinct.insert(name.to_string(), distinct);
    }
    Some(part)
}

/// The values with the most denials, and how many there are.
fn values(
    setting: &Setting<'_>,
    column: Column,
    denials: &[u32],
    interval: &[&Row],
) -> (Vec<KeyCount>, u64) {
    let table = setting.table;
    let mut counts: HashMap<u32, KeyCount> = HashMap::new();
    for index in denials {
        let id = table.value(column, &table.rows[*index as usize]);
        let count = counts.entry(id).or_insert_with(|| KeyCount {
            value: String::new(),
            denials: 0,
            requests: 0,
        });
        count.denials += 1;
    }
    counts.remove(&NONE);
    for row in interval {
        if let Some(count) = counts.get_mut(&table.value(column, row)) {
            count.requests += 1;
        }
    }
    let distinct = counts.len() as u64;
    let mut listed: Vec<(u32, KeyCount)> = counts.into_iter().collect();
    listed.sort_unstable_by(|(a, x), (b, y)| {
        let by_text = || table.text(column, *a).cmp(table.text(column, *b));
        y.denials.cmp(&x.denials).then_with(by_text)
    });
    listed.truncate(setting.top);
    let shown = listed.into_iter().map(|(id, count)| KeyCount {
        value: (setting.shown)(column, table.text(column, id)),
        ..count
    });
    (shown.collect(), distinct)
}
