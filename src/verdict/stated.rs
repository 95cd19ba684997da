//! What statements of the server do to proposals: a policy that it names is a piece by itself, and
//! denials of which it says different things are never one policy's.

use crate::evidence::content::Stream;
use crate::evidence::limiter::{self, LimiterFit};
use crate::examine::table::Table;
use crate::findings::Cause;
use crate::stated::Claim;
use std::collections::BTreeSet;

/// The limiter behind denials that the server says it limited.
pub(super) fn limiter(table: &Table<'_>, stream: Stream, denials: &[u32]) -> Option<LimiterFit> {
    let first = &table.rows[*denials.first()? as usize];
    let statement = table.statement(first)?;
    let is_limit = stream.is_stated() && statement.claim == Claim::Is(Cause::RateLimit);
    is_limit.then(|| limiter::test_group(table, denials))?
}

/// The open denials, by the class of what was stated about them.
pub(super) fn classes(table: &Table<'_>, open: Vec<bool>) -> Vec<Vec<bool>> {
    let class_of = |index: &u32| table.stated_class(&table.rows[*index as usize]);
    let left = || table.denied().iter().filter(|index| open[**index as usize]);
    let classes: BTreeSet<u16> = left().map(class_of).collect();
    if classes.len() <= 1 {
        return vec![open];
    }
    let of_class = |class: u16| {
        let mut part = vec![false; open.len()];
        for index in left().filter(|index| class_of(index) == class) {
            part[*index as usize] = true;
        }
        part
    };
    classes.into_iter().map(of_class).collect()
}
