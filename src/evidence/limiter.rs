//! Proposes rate limits: keys whose admissions are clamped, or whose answers a limiter replays.
//!
//! What is left after pure strata were peeled is asked key by key, finest first: a fleet's pool clamps
//! as tightly as each of its addresses, so the finest key that clamps is the limiter's. A coarser key
//! is taken only where it clamps clearly tighter: then callers share a budget.

mod scope;

use super::clamp::{self, Clamp};
use super::responder::Pages;
use crate::examine::row::{NONE, Row};
use crate::examine::table::{Column, Table};
use crate::key::client::Class;
use crate::key::fast::{HashMap, HashSet};
use crate::policy::fit::{self, Fitted};
use crate::policy::replay::{Arrival, Traffic};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use scope::{Reach, Scope};

/// Denials of a key needed to ask whether a limiter made them.
const LEAST_DENIALS: usize = 20;
/// A clamp counts from this ratio ...
const TIGHT: f64 = 0.45;
/// ... and from this many deviations below chance: many keys and widths are tried.
const TIGHT_DEVIATIONS: f64 = -3.5;
/// Where one key alone is asked about, so many are enough.
const ONE_KEY_DEVIATIONS: f64 = -3.0;
/// Replays look at no more arrivals than this; a limit shows in fewer.
const MOST_ARRIVALS: usize = 25_000;
/// Admitted requests that a scope must have: a limiter lets some pass, and without them nothing tells it
/// from a list.
const LEAST_ADMITTED: usize = 3;
/// Keys asked in one column, largest first.
const MOST_KEYS: usize = 48;
/// A family of browsers, or one version of it, on so many addresses is nobody that a limiter would count.
const MOST_STRANGERS: usize = 20;
/// Of all denials that are left, a key must have this share: in a log with a hundred thousand of them, twenty
/// are no limiter worth a replay.
const LEAST_KEY_SHARE: f64 = 0.002;

/// A limiter that explains a group of denials.
#[derive(Debug, Clone)]
pub struct LimiterFit {
    /// What it counts apart; none for all callers together.
    pub key: Option<Column>,
    /// The values of the key that were over the limit.
    pub members: Vec<u32>,
    /// Method and first three route segments of the places it guards.
    pub cells: Vec<(u8, u32)>,
    /// How tightly admissions are clamped.
    pub clamp: Option<Clamp>,
    /// The limit that replays the answers.
    pub fitted: Option<Fitted>,
}

impl LimiterFit {
    /// Sustained rate, requests per second.
    pub fn rate_per_s(&self) -> Option<f64> {
        let fitted = self.fitted.as_ref().and_then(|fit| {
            fit.limit.rate_per_s.or_else(|| {
                Some(f64::from(fit.limit.limit?) / fit.limit.window_s?)
                    .filter(|rate| rate.is_finite())
            })
        });
        fitted.or(self.clamp.map(|clamp| clamp.rate_per_s))
    }

    /// Whether both may be one limiter met by two callers.
    pub fn alike(&self, other: &LimiterFit) -> bool {
        let same_rate = match (self.rate_per_s(), other.rate_per_s()) {
            (Some(a), Some(b)) => a / b > 0.75 && a / b < 1.33,
            _ => true,
        };
        let holds = |fit: &LimiterFit| {
            fit.fitted
                .as_ref()
                .is_some_and(|f| f.limit.hold_s.is_some())
        };
        self.key == other.key && (same_rate || (holds(self) && holds(other)))
    }

    /// Takes in the values of another caller's fit; the better fit stays.
    pub fn join(&mut self, other: LimiterFit) {
        self.members.extend(other.members);
        for cell in other.cells {
            if !self.cells.contains(&cell) {
                self.cells.push(cell);
            }
        }
        let gain = |fit: &Option<Fitted>| fit.as_ref().map_or(f64::MIN, |f| f.score.over_coin);
        if gain(&other.fitted) > gain(&self.fitted) {
            self.fitted = other.fitted;
            self.clamp = other.clamp;
        }
    }

    /// Drops the address from the key, where addresses are not those of clients.
    pub fn forget_address(&mut self) {
        if matches!(self.key, Some(Column::Ip | Column::Prefix)) {
            self.key = None;
            self.members.clear();
        }
    }

    fn is_clamped(&self) -> bool {
        self.clamp
            .is_some_and(|c| c.ratio <= TIGHT && c.deviations <= TIGHT_DEVIATIONS)
    }

    fn convinces(&self) -> bool {
        self.is_clamped() || self.fitted.is_some()
    }
}

/// Takes the denials of limiters out of `open`.
pub fn find(table: &Table<'_>, pages: &Pages, open: &mut [bool]) -> Vec<(LimiterFit, Vec<u32>)> {
    let mut found = Vec::new();
    for key in [Some(Column::Token), Some(Column::User), Some(Column::Ip)] {
        single(table, pages, open, key, &mut found);
    }
    pooled_by_address(table, pages, open, &mut found);
    for key in [
        Some(Column::Prefix),
        Some(Column::UserAgent),
        Some(Column::Client),
        Some(Column::Route3),
        None,
    ] {
        single(table, pages, open, key, &mut found);
    }
    found
}

/// Asks each value of a column by itself.
fn single(
    table: &Table<'_>,
    pages: &Pages,
    open: &mut [bool],
    key: Option<Column>,
    found: &mut Vec<(LimiterFit, Vec<u32>)>,
) {
    let left = open_denials(table, open);
    // The values of one column are disjoint, so each can be asked by itself.
    let asked: Vec<(u32, Vec<u32>, Scope, LimiterFit)> = groups(table, pages, &left, key)
        .into_par_iter()
        .filter(|(_, denials)| !key.is_some_and(|key| are_strangers(table, key, denials)))
        .filter_map(|(value, denials)| {
            let is_open = |index: u32| open[index as usize];
            let scope = Scope::of(table, key, value, &denials);
            let rows = scope.rows(table, &is_open, &denials, Reach::OfReplay);
            let fit = assess(table, &rows, &|_| 0).filter(LimiterFit::convinces)?;
            let shared = key.is_some_and(|key| shared(table, open, &left, key, &fit, &denials));
            (!shared).then_some((value, denials, scope, fit))
        })
        .collect();
    for (value, denials, scope, mut fit) in asked {
        fit.key = limiter_key(key);
        fit.members = if key.is_some() {
            vec![value]
        } else {
            Vec::new()
        };
        fit.cells = scope.cells();
        let taken: Vec<u32> = denials
            .into_iter()
            .filter(|i| scope.covers(*i, table))
            .collect();
        for index in &taken {
            open[*index as usize] = false;
        }
        found.push((fit, taken));
    }
}

/// Whether a column's value is all that these callers share, and is a browser.
fn are_strangers(table: &Table<'_>, key: Column, denials: &[u32]) -> bool {
    let rows = || denials.iter().map(|index| &table.rows[*index as usize]);
    let of_browser = matches!(key, Column::UserAgent | Column::Client)
        && rows()
            .next()
            .is_some_and(|row| table.class(row) == Class::Browser);
    of_browser && rows().map(|row| row.ip).collect::<HashSet<u32>>().len() > MOST_STRANGERS
}

/// A limit per route is one for all callers of that route: the place goes into the rule's scope.
fn limiter_key(key: Option<Column>) -> Option<Column> {
    key.filter(|column| !matches!(column, Column::Route3))
}

/// Many addresses with few denials each, at one place: a limit per address that each crosses now and then.
fn pooled_by_address(
    table: &Table<'_>,
    pages: &Pages,
    open: &mut [bool],
    found: &mut Vec<(LimiterFit, Vec<u32>)>,
) {
    for (value, denials) in groups(
        table,
        pages,
        &open_denials(table, open),
        Some(Column::Route3),
    ) {
        let addresses: HashSet<u32> = denials.iter().map(|i| table.rows[*i as usize].ip).collect();
        if addresses.len() < 3 || addresses.len() * 3 > denials.len() {
            continue;
        }
        let scope = Scope::of(table, Some(Column::Route3), value, &denials);
        let scope = Scope {
            members: Some(&addresses),
            ..scope
        };
        let is_open = |index: u32| open[index as usize];
        let rows = scope.rows(table, &is_open, &denials, Reach::OfReplay);
        let Some(mut fit) = assess(table, &rows, &|row| row.ip) else {
            continue;
        };
        if fit.fitted.is_none() {
            continue;
        }
        fit.clamp = None; // of the pool, which says nothing of its members
        fit.key = Some(Column::Ip);
        fit.members = addresses.iter().copied().collect();
        fit.members
            .sort_unstable_by(|a, b| table.text(Column::Ip, *a).cmp(table.text(Column::Ip, *b)));
        fit.cells = scope.cells();
        for index in &denials {
            open[*index as usize] = false;
        }
        found.push((fit, denials));
    }
}

/// The denials that nothing explains yet, in time order.
fn open_denials(table: &Table<'_>, open: &[bool]) -> Vec<u32> {
    let denied = table.denied().iter().copied();
    denied.filter(|index| open[*index as usize]).collect()
}

/// Open denials by value of a column and by answer, for one limiter gives one answer: the largest groups
/// first; all of them for no column.
fn groups(
    table: &Table<'_>,
    pages: &Pages,
    left: &[u32],
    key: Option<Column>,
) -> Vec<(u32, Vec<u32>)> {
    let mut groups: HashMap<(u32, u32), Vec<u32>> = HashMap::default();
    for index in left {
        let row = &table.rows[*index as usize];
        let value = key.map_or(0, |column| table.value(column, row));
        if value != NONE {
            groups
                .entry((value, pages.answer(row.bytes)))
                .or_default()
                .push(*index);
        }
    }
    let least = LEAST_DENIALS.max((left.len() as f64 * LEAST_KEY_SHARE) as usize);
    let mut groups: Vec<(u32, Vec<u32>)> = groups
        .into_iter()
        .filter(|(_, denials)| denials.len() >= least)
        .map(|((value, _), denials)| (value, denials))
        .collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.1[0].cmp(&b.1[0])));
    groups.truncate(MOST_KEYS);
    if key.is_none() {
        groups
            .iter_mut()
            .for_each(|(_, denials)| keep_core(table, denials));
    }
    groups
}

/// Cuts denials down to the stretch in which most of them came: a budget that all share is exhausted by
/// a crowd, and what others were denied at other times is not its doing.
fn keep_core(table: &Table<'_>, denials: &mut Vec<u32>) {
    let at = |share: f64| {
        let position = ((denials.len() - 1) as f64 * share) as usize;
        table.rows[denials[position] as usize].time_ms
    };
    let (low, high) = (at(0.1), at(0.9));
    let slack = (high - low) / 4;
    denials.retain(|i| (low - slack..=high + slack).contains(&table.rows[*i as usize].time_ms));
}

/// Clamp and replay over these rows; `key` is what is counted apart. None where nothing was admitted.
fn assess(table: &Table<'_>, rows: &[u32], key: &dyn Fn(&Row) -> u32) -> Option<LimiterFit> {
    let rows = around_first_denial(table, rows);
    let admitted = rows
        .iter()
        .filter(|i| !table.rows[**i as usize].denied)
        .count();
    if admitted < LEAST_ADMITTED {
        return None;
    }
    let first = rows
        .iter()
        .position(|i| table.rows[*i as usize].denied)
        .unwrap_or(0);
    let last = rows
        .iter()
        .rposition(|i| table.rows[*i as usize].denied)
        .map_or(0, |at| at + 1);
    let seconds: Vec<(i64, bool)> = rows[first..last.max(first)]
        .iter()
        .map(|i| &table.rows[*i as usize])
        .map(|row| (row.time_ms.div_euclid(1000), row.denied))
        .collect();
    let arrivals: Vec<Arrival> = rows
        .iter()
        .map(|i| &table.rows[*i as usize])
        .map(|row| Arrival {
            time_ms: row.time_ms,
            key: key(row),
            denied: row.denied,
            duration_ms: (row.duration_ms != NONE).then_some(row.duration_ms),
        })
        .collect();
    let clamp = clamp::measure(&seconds);
    // A steady stream of admissions is a bucket or a budget; without it admissions may come before denials.
    let steady: &[fit::Fit] = &[
        fit::concurrency,
        fit::leaky_bucket,
        fit::fixed_window,
        fit::moving_window,
    ];
    let traffic = Traffic::new(&arrivals);
    let fitted = match clamp.is_some_and(|clamp| clamp.deviations <= TIGHT_DEVIATIONS) {
        true => fit::best_of(&traffic, steady).or_else(|| fit::hold(&traffic)),
        false => fit::best(&traffic),
    };
    Some(LimiterFit {
        key: None,
        members: Vec::new(),
        cells: Vec::new(),
        clamp,
        fitted,
    })
}

/// As many rows as a replay looks at: a quarter of them before the first denial at the most.
fn around_first_denial<'r>(table: &Table<'_>, rows: &'r [u32]) -> &'r [u32] {
    if rows.len() <= MOST_ARRIVALS {
        return rows;
    }
    let first = rows
        .iter()
        .position(|i| table.rows[*i as usize].denied)
        .unwrap_or(0);
    let start = first
        .saturating_sub(MOST_ARRIVALS / 4)
        .min(rows.len() - MOST_ARRIVALS);
    &rows[start..start + MOST_ARRIVALS]
}

/// Whether the callers beside this one share its budget: their pool clamps tighter. Clearly so, where the
/// key is one caller's own: a fleet's pool clamps as tightly as each of its members.
fn shared(
    table: &Table<'_>,
    open: &[bool],
    left: &[u32],
    key: Column,
    fit: &LimiterFit,
    denials: &[u32],
) -> bool {
    let alone = fit.clamp.map_or(1.0, |clamp| clamp.ratio);
    let personal = matches!(
        key,
        Column::Ip | Column::Token | Column::User | Column::Prefix
    );
    if personal && alone <= 0.12 {
        return false;
    }
    let tighter = if personal {
        (alone - 0.03) / 1.8
    } else {
        0.9 * alone
    };
    let first = &table.rows[denials[0] as usize];
    [Some(Column::UserAgent), Some(Column::Route3), None]
        .into_iter()
        .filter(|c| *c != Some(key))
        .any(|column| {
            let value = column.map_or(0, |column| table.value(column, first));
            let same = |row: &Row| column.is_none_or(|column| table.value(column, row) == value);
            let from = left.partition_point(|index| *index < denials[0]);
            let to = left.partition_point(|index| *index <= denials[denials.len() - 1]);
            let pool: Vec<u32> = left[from..to]
                .iter()
                .copied()
                .filter(|index| same(&table.rows[*index as usize]))
                .collect();
            if pool.len() * 10 < 13 * denials.len() {
                return false;
            }
            let scope = Scope::of(table, column, value, &pool);
            let is_open = |index: u32| open[index as usize];
            let rows = scope.rows(table, &is_open, &pool, Reach::OfDenials);
            let seconds: Vec<(i64, bool)> = rows
                .iter()
                .map(|i| &table.rows[*i as usize])
                .map(|row| (row.time_ms.div_euclid(1000), row.denied))
                .collect();
            clamp::measure(&seconds)
                .is_some_and(|pool| pool.deviations <= TIGHT_DEVIATIONS && pool.ratio < tighter)
        })
}

/// The limiter of a budget that all callers share, over all places where these denials came: what was
/// found place by place is only its share there.
pub fn refit_shared(table: &Table<'_>, denials: &[u32]) -> Option<LimiterFit> {
    let scope = Scope::of(table, None, 0, denials);
    let own = |index: u32| denials.binary_search(&index).is_ok();
    let rows = scope.rows(table, &own, denials, Reach::OfReplay);
    let mut fit = assess(table, &rows, &|_| 0)?;
    fit.cells = scope.cells();
    fit.convinces().then_some(fit)
}

/// Asks whether a limit on the one token or user that all these denials carry made them.
fn test_name(
    table: &Table<'_>,
    own: &impl Fn(u32) -> bool,
    denials: &[u32],
    key: Column,
) -> Option<LimiterFit> {
    let value = table.value_at(key, *denials.first()?);
    let is_same = |index: &u32| table.value_at(key, *index) == value;
    if value == NONE || !denials.iter().all(is_same) {
        return None;
    }
    let scope = Scope::of(table, Some(key), value, denials);
    let rows = scope.rows(table, own, denials, Reach::OfReplay);
    let mut fit = assess(table, &rows, &|_| 0)?;
    let tight = |clamp: Clamp| clamp.ratio <= TIGHT && clamp.deviations <= ONE_KEY_DEVIATIONS;
    if fit.fitted.is_none() && !fit.clamp.is_some_and(tight) {
        return None;
    }
    fit.key = Some(key);
    fit.members = vec![value];
    fit.cells = scope.cells();
    Some(fit)
}

/// Asks whether a limiter made a group of denials that something else proposed, such as a pure stratum:
/// a ban that every retry prolongs denies as purely as a list.
pub fn test_group(table: &Table<'_>, denials: &[u32]) -> Option<LimiterFit> {
    let mut addresses: HashMap<u32, usize> = HashMap::default();
    for index in denials {
        *addresses.entry(table.rows[*index as usize].ip).or_default() += 1;
    }
    let own = |index: u32| denials.binary_search(&index).is_ok();
    if addresses.len() > 1 {
        let of_name = [Column::Token, Column::User]
            .into_iter()
            .find_map(|key| test_name(table, &own, denials, key));
        if of_name.is_some() {
            return of_name;
        }
    }
    let many = addresses
        .values()
        .filter(|n| **n >= LEAST_DENIALS)
        .copied()
        .sum::<usize>();
    if many * 10 < denials.len() * 8 {
        return None; // too few denials per address to see a limit
    }
    let scope = Scope::of(table, None, 0, denials);
    let mut of_members = Vec::new();
    for ip in addresses.keys() {
        let alone = Scope {
            key: Some(Column::Ip),
            value: *ip,
            cells: scope.cells.clone(),
            methods: scope.methods.clone(),
            members: None,
        };
        of_members.extend(alone.rows(table, &own, denials, Reach::OfReplay));
    }
    of_members.sort_unstable();
    let mut fit = assess(table, &of_members, &|row| row.ip)?;
    fit.fitted.as_ref()?;
    if addresses.len() > 1 {
        fit.clamp = None;
    }
    fit.key = Some(Column::Ip);
    fit.members = addresses.into_keys().collect();
    fit.members
        .sort_unstable_by(|a, b| table.text(Column::Ip, *a).cmp(table.text(Column::Ip, *b)));
    fit.cells = scope.cells();
    Some(fit)
}
