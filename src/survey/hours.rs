//! In which hours which templates were denied: where Examine looks at a route closely.
//!
//! Only denials are counted, so that the many quiet hours of the many routes take no room.

use super::outline::Renamed;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// An hour in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// The hour that a moment lies in, counted from the epoch.
#[inline]
pub fn hour_of(time_ms: i64) -> i64 {
    time_ms.div_euclid(HOUR_MS)
}

/// Denials by template and hour.
#[derive(Debug, Default)]
pub struct DeniedHours {
    counts: HashMap<(u32, i64), u64, FixedState>,
}

impl DeniedHours {
    /// Counts a denial.
    pub(super) fn count(&mut self, template: u32, time_ms: i64) {
        *self.counts.entry((template, hour_of(time_ms))).or_default() += 1;
    }

    /// Every template and hour with denials, and how many, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, i64, u64)> {
        self.counts
            .iter()
            .map(|((template, hour), count)| (*template, *hour, *count))
    }

    /// Puts the counts under the ids that templates have now.
    pub(super) fn rename(&mut self, ids: &[u32]) {
        for ((id, hour), count) in std::mem::take(&mut self.counts) {
            let id = ids.get(id as usize).copied().unwrap_or(id);
            *self.counts.entry((id, hour)).or_default() += count;
        }
    }

    /// Adds the counts of others, whose tables were merged with ours.
    pub(super) fn merge(&mut self, mut other: DeniedHours, mine: &Renamed, theirs: &Renamed) {
        if let Some(ids) = &mine.template {
            self.rename(ids);
        }
        if let Some(ids) = &theirs.template {
            other.rename(ids);
        }
        for (place, count) in other.counts {
            *self.counts.entry(place).or_default() += count;
        }
    }
}
