//! Whether places are shut just while they are asked for many times as often as otherwise, and open before and after.
//!
//! A limit that all callers share does that by itself. A rule on the place would have to be put in force and lifted
//! at the very moments at which the crowd comes and goes.

use super::{Facts, Group};
use crate::examine::row::Row;
use crate::examine::table::{Column, Table};

/// Admitted requests before and after that show the places open.
const LEAST_ADMITTED: u64 = 5;
/// And their share there.
const LEAST_SHARE: f64 = 0.8;
/// And of all that the whole server is asked: something is always denied.
const LEAST_SHARE_OF_SERVER: f64 = 0.5;
/// Around the denials the pace rises and falls: so much of their length is left out on both sides.
const MARGIN: f64 = 0.25;
/// Length of the rest of the log against the denials', at the least.
const LEAST_REST: f64 = 0.3;

/// Where others pass, only what is denied at so many places may be a limit on all of them.
pub const LEAST_PLACES: usize = 5;

/// Requests per second at a group's places, by anyone; of the whole server where nobody passes anywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// While they were denied.
    pub inside: f64,
    /// At other times, when they were admitted.
    pub outside: f64,
}

/// The two paces, where the group's places are open outside of its interval.
pub(super) fn compare(table: &Table<'_>, group: &Group, facts: &Facts) -> Option<Pace> {
    if facts.others_pass() && facts.distinct(Column::Route3) < LEAST_PLACES {
        return None; // neither shut nor a limit that everybody feels
    }
    let (first, last) = (table.rows.first()?.time_ms, table.rows.last()?.time_ms);
    let length_ms = (facts.end_ms - facts.start_ms).max(1_000);
    let margin_ms = (length_ms as f64 * MARGIN) as i64;
    let (from, to) = (facts.start_ms - margin_ms, facts.end_ms + margin_ms);
    let rest_ms = (from - first).max(0) + (last - to).max(0);
    if (rest_ms as f64) < LEAST_REST * length_ms as f64 {
        return None;
    }
    let (mut inside, mut admitted, mut denied) = (0u64, 0u64, 0u64);
    let mut note = |row: &Row| match row.time_ms {
        at if (facts.start_ms..facts.end_ms).contains(&at) => inside += 1,
        at if (from..to).contains(&at) => {}
        _ if row.denied => denied += 1,
        _ => admitted += 1,
    };
    if facts.server_is_shut() {
        table.rows.iter().for_each(note);
    } else {
        for place in &group.places {
            for index in table.lists().rows(Column::Route3, *place) {
                if group.is_here(table, *index) {
                    note(&table.rows[*index as usize]);
                }
            }
        }
    }
    let outside = admitted + denied;
    let least_share = match facts.server_is_shut() {
        true => LEAST_SHARE_OF_SERVER,
        false => LEAST_SHARE,
    };
    (admitted >= LEAST_ADMITTED && admitted as f64 >= least_share * outside as f64).then(|| Pace {
        inside: inside as f64 * 1000.0 / length_ms as f64,
        outside: outside as f64 * 1000.0 / rest_ms as f64,
    })
}
