//! The limit behind a block that begins as its callers become busy and never ends while they go on.
//!
//! Nothing can be replayed: all that the log shows of the limit is the moment at which it was crossed. What was
//! admitted within the window before that is the budget. Of the usual windows the narrowest is taken that fits: nobody
//! was admitted above the budget before, and hardly anything was denied below it.

use super::Verdict;
use super::rule::dimension;
use crate::examine::table::{Column, Table};
use crate::findings::{Algorithm, Limit};
use crate::key::fast::{HashMap, HashSet};
use crate::policy::fit::USUAL_WINDOWS_S;

/// How far budgets of callers who are counted one by one may differ, as a share.
const SAME_BUDGET: f64 = 0.15;
/// The share of requests on the wrong side of a budget up to which it fits ...
const FEW_WRONG: f64 = 0.02;
/// ... and up to which it may be told at all.
const MOST_WRONG: f64 = 0.15;
/// The share of a budget from which a count is near it.
const NEAR: f64 = 0.9;
/// A smaller budget is crossed by chance.
const SMALLEST_BUDGET: u32 = 2;
/// Servers count about so exactly.
const MISCOUNT: f64 = 0.1;
/// Requests of a caller that are looked at; a moment needs no more.
const MOST_REQUESTS: usize = 20_000;

/// The limit that the moment of the block shows, if its callers were blocked as they became busy.
pub(super) fn limit(table: &Table<'_>, verdict: &Verdict) -> Option<Limit> {
    let facts = &verdict.facts;
    let unknown = Limit {
        algorithm: Algorithm::SlidingWindow,
        ..Limit::default()
    };
    if !facts.follows_surge() && !facts.follows_jump() {
        return facts.follows_pace().then_some(unknown);
    }
    let one = |column: &Column| facts.distinct(*column) == 1;
    let of_addresses = callers(table, verdict);
    let together = [together(&of_addresses)];
    let (key, crossing) = match [Column::Token, Column::User, Column::Ip]
        .into_iter()
        .find(one)
    {
        Some(column) => (Some(column), Crossing::of(&together)),
        None => match Crossing::of(&of_addresses).filter(|crossing| crossing.alike) {
            Some(crossing) => (Some(Column::Ip), Some(crossing)),
            None => (Some(Column::UserAgent).filter(one), Crossing::of(&together)),
        },
    };
    Some(Limit {
        key: key
            .map(|column| dimension(column).to_string())
            .into_iter()
            .collect(),
        limit: crossing.as_ref().map(|crossing| crossing.budget),
        window_s: crossing.map(|crossing| crossing.window_s),
        ..unknown
    })
}

/// The requests of one caller, in time order: when, and whether denied.
type Requests = Vec<(i64, bool)>;

/// The requests of each address of a verdict at its places, up to its last denial.
fn callers(table: &Table<'_>, verdict: &Verdict) -> Vec<Requests> {
    let mut lasts: HashMap<u32, i64> = HashMap::default();
    let mut places: HashSet<(u32, u8)> = HashSet::default();
    for index in &verdict.denials {
        let row = &table.rows[*index as usize];
        lasts.insert(row.ip, row.time_ms);
        places.insert((table.cell(*index).place(), row.method));
    }
    let mut callers: Vec<Requests> = lasts
        .into_iter()
        .map(|(ip, last_ms)| {
            let rows = table.lists().rows(Column::Ip, ip).iter();
            let here = rows.filter(|index| {
                let cell = table.cell(**index);
                places.contains(&(cell.place(), cell.method()))
            });
            let requests = here.map(|index| {
                let row = &table.rows[*index as usize];
                (row.time_ms, row.denied)
            });
            requests
                .take_while(|(time_ms, _)| *time_ms <= last_ms)
                .take(MOST_REQUESTS)
                .collect()
        })
        .collect();
    callers.sort_unstable();
    callers
}

/// All requests as those of one caller.
fn together(callers: &[Requests]) -> Requests {
    let mut all = callers.concat();
    all.sort_unstable();
    all.truncate(MOST_REQUESTS);
    all
}

/// A budget within a window at which callers were blocked.
#[derive(Debug, Clone, PartialEq)]
struct Crossing {
    budget: u32,
    window_s: f64,
    /// Whether all callers were blocked at about the same count.
    alike: bool,
}

impl Crossing {
    /// The narrowest usual window that fits, with its budget; else the one that fits best.
    fn of(callers: &[Requests]) -> Option<Crossing> {
        let found: Vec<(f64, Crossing)> = USUAL_WINDOWS_S
            .into_iter()
            .filter_map(|window_s| Crossing::within(callers, window_s))
            .filter(|(wrong, _)| *wrong <= MOST_WRONG)
            .collect();
        let fits = found.iter().find(|(wrong, _)| *wrong <= FEW_WRONG);
        let best = fits.or(found.iter().min_by(|a, b| a.0.total_cmp(&b.0)));
        best.map(|(_, crossing)| crossing.clone())
    }

    /// The budget within a window, with the share of requests that are on its wrong side.
    fn within(callers: &[Requests], window_s: f64) -> Option<(f64, Crossing)> {
        let counted: Vec<Vec<u32>> = callers
            .iter()
            .map(|caller| counts(caller, window_s))
            .collect();
        let at_first_denial = |(caller, counts): (&Requests, &Vec<u32>)| {
            let first = caller.iter().position(|(_, denied)| *denied)?;
            Some(counts[first] - 1)
        };
        let mut budgets: Vec<u32> = callers
            .iter()
            .zip(&counted)
            .filter_map(at_first_denial)
            .collect();
        budgets.sort_unstable();
        let (lowest, highest) = (*budgets.first()?, *budgets.last()?);
        let budget = budgets[budgets.len() / 2];
        if budget < SMALLEST_BUDGET {
            return None;
        }
        let slack = f64::from(budget) * MISCOUNT;
        let is_wrong = |denied: bool, count: u32| match denied {
            true => f64::from(count) + slack < f64::from(budget),
            false => f64::from(count) > f64::from(budget) + slack + 1.0,
        };
        let (mut wrong, mut all, mut near) = (0usize, 0usize, 0usize);
        for (caller, counts) in callers.iter().zip(&counted) {
            let answers = || caller.iter().zip(counts);
            all += caller.len();
            wrong += answers()
                .filter(|((_, denied), count)| is_wrong(*denied, **count))
                .count();
            near += answers()
                .take_while(|((_, denied), _)| !denied)
                .filter(|(_, count)| f64::from(**count) > NEAR * f64::from(budget))
                .count();
        }
        // On its way up a count passes the last tenth of the budget once. Where it stays there, the window is too
        // narrow to hold all that was counted.
        let most_near = (2.0 * (1.0 - NEAR) * f64::from(budget) + 2.0) * callers.len() as f64;
        if near as f64 > most_near {
            return None;
        }
        let crossing = Crossing {
            budget,
            window_s,
            alike: f64::from(highest - lowest) <= 1.0 + SAME_BUDGET * f64::from(highest),
        };
        Some((wrong as f64 / all.max(1) as f64, crossing))
    }
}

/// How many requests of a caller came within the window up to each.
fn counts(caller: &Requests, window_s: f64) -> Vec<u32> {
    let window_ms = (window_s * 1000.0) as i64;
    let mut oldest = 0;
    let count = |(at, (time_ms, _)): (usize, &(i64, bool))| {
        while caller[oldest].0 <= time_ms - window_ms {
            oldest += 1;
        }
        (at + 1 - oldest) as u32
    };
    caller.iter().enumerate().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests every `gap_ms` from a start to an end, denied from the budget on.
    fn caller(start_ms: i64, gap_ms: i64, budget: usize) -> Requests {
        (0..600)
            .map(|nth| (start_ms + nth as i64 * gap_ms, nth >= budget))
            .collect()
    }

    #[test]
    fn the_narrowest_usual_window_that_fits_is_told() {
        // 57 requests in 22 s: ten seconds would hold a third of them again and again.
        let crossing = Crossing::of(&[caller(0, 385, 57)]).expect("a crossing");
        assert_eq!((crossing.budget, crossing.window_s), (57, 60.0));
    }

    #[test]
    fn callers_who_are_counted_one_by_one_are_blocked_at_one_count() {
        let apart =
            Crossing::of(&[caller(0, 100, 40), caller(7_000, 130, 41)]).expect("a crossing");
        assert!(apart.alike, "{apart:?}");
        let shared = Crossing::of(&[caller(0, 100, 40), caller(3_000, 300, 4)]);
        assert!(shared.is_none_or(|crossing| !crossing.alike));
    }
}
