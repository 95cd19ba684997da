//! Routes that are denied so often that every request of them may matter, and in which hours.
//!
//! A route may be denied by a rule about it, or all its callers may share one limit: then the admitted
//! requests of the hour tell, whoever made them. Of a busy route whose denials come in one hour, the rest
//! of the day is not needed.

use super::Routes;
use super::index::Bits;
use super::scope::share;
use crate::survey::Survey;
use crate::survey::hours::hour_of;
use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A route with so many denials may be a scope of its own,
const SCOPE_DENIALS: u64 = 50;
/// in the hours in which this share of its usual requests is denied,
const SCOPE_SHARE: f64 = 0.02;
/// and so many of them, where the route is little used.
const HOUR_DENIALS: u64 = 10;
/// How far the rows of hot routes may exceed what is expected of them, in shares of all rows.
const EXCESS: u64 = 2;

/// Routes with a fair share of denials, and their hours.
#[derive(Debug, Default)]
pub(super) struct HotRoutes {
    hours: HashSet<(u32, i64), FixedState>,
    /// The same, by hour.
    by_hour: HashMap<i64, Vec<u32>, FixedState>,
    /// Of the requests of hot routes in their hours, those of one address in this many are kept.
    pub(super) sample: u32,
}

impl HotRoutes {
    /// The hot routes of a log. There is room for so many of their rows, and at worst for a multiple of
    /// `most_rows`.
    pub(super) fn new(
        survey: &Survey,
        routes: &Routes,
        near_ms: &Range<i64>,
        room: u64,
        most_rows: u64,
    ) -> HotRoutes {
        let hours = hot_hours(survey, routes, near_ms);
        let (expected, most) = requests_within(survey, routes, &hours);
        let sample = share(expected, room).max(share(most, EXCESS * most_rows));
        let mut by_hour: HashMap<i64, Vec<u32>, FixedState> = HashMap::default();
        for (route, hour) in &hours {
            by_hour.entry(*hour).or_default().push(*route);
        }
        HotRoutes {
            hours,
            by_hour,
            sample,
        }
    }

    /// The routes, of so many, that are hot at some time of an interval; `None` if none is.
    pub(super) fn within(&self, start_ms: i64, end_ms: i64, routes: usize) -> Option<Bits> {
        let hours = hour_of(start_ms)..=hour_of(end_ms);
        // A clock that jumps may make the interval longer than all hot hours together.
        let mut found = None;
        let hot = self
            .by_hour
            .iter()
            .filter(|(hour, _)| hours.contains(*hour));
        for route in hot.flat_map(|(_, routes)| routes) {
            found
                .get_or_insert_with(|| Bits::new(routes))
                .insert(*route);
        }
        found
    }

    /// Whether a route is hot at a time.
    #[inline]
    pub(super) fn holds(&self, route: u32, time_ms: i64) -> bool {
        self.hours.contains(&(route, hour_of(time_ms)))
    }
}

/// The routes and hours in which a fair share of a route's usual requests is denied, and the hours around
/// those.
fn hot_hours(
    survey: &Survey,
    routes: &Routes,
    near_ms: &Range<i64>,
) -> HashSet<(u32, i64), FixedState> {
    let mut denials: HashMap<(u32, i64), u64, FixedState> = HashMap::default();
    for (template, hour, count) in survey.denied_hours.iter() {
        let route = routes.of_template[template as usize];
        if routes.tallies[route as usize].denials >= SCOPE_DENIALS {
            *denials.entry((route, hour)).or_default() += count;
        }
    }
    let all_hours = (hour_of(near_ms.end) - hour_of(near_ms.start)).max(1) as f64;
    let mut hours = HashSet::default();
    for ((route, hour), count) in denials {
        let usual = routes.tallies[route as usize].requests as f64 / all_hours;
        if count >= HOUR_DENIALS && count as f64 >= SCOPE_SHARE * usual {
            hours.extend((hour - 1..=hour + 1).map(|hour| (route, hour)));
        }
    }
    hours
}

/// How many requests of routes there are in their hours: as expected, if a route has the same share of
/// the log in every hour, and at most.
fn requests_within(
    survey: &Survey,
    routes: &Routes,
    hours: &HashSet<(u32, i64), FixedState>,
) -> (u64, u64) {
    let by_hour = survey.timeline.requests_by_hour();
    let in_hour = |hour: &i64| by_hour.get(hour).copied().unwrap_or(0);
    let mut by_route: HashMap<u32, u64, FixedState> = HashMap::default();
    for (route, hour) in hours {
        *by_route.entry(*route).or_default() += in_hour(hour);
    }
    let all = survey.total.requests.max(1);
    let (mut expected, mut most) = (0u128, 0);
    for (route, around) in by_route {
        let own = routes.tallies[route as usize].requests;
        expected += u128::from(own) * u128::from(around) / u128::from(all);
        most += own.min(around);
    }
    let any: HashSet<i64, FixedState> = hours.iter().map(|(_, hour)| *hour).collect();
    (expected as u64, most.min(any.iter().map(in_hour).sum()))
}
