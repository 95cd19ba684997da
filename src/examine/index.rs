//! For each wanted value of a column, its rows in time order.
//!
//! The lists of a column stand one behind the other, so that a few hundred thousand denied addresses
//! cost four bytes for each of their rows and not an allocation each.

use super::row::Row;
use super::table::{Column, Table};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// No list for this value.
const NO_LIST: u32 = u32::MAX;

/// Lists of rows by value, for some values of some columns.
#[derive(Debug, Default)]
pub struct Index {
    columns: Vec<Lists>,
}

#[derive(Debug)]
struct Lists {
    column: Column,
    /// The list of each id.
    slots: Vec<u32>,
    /// Where each list begins in `rows`; the next one begins where it ends.
    starts: Vec<usize>,
    rows: Vec<u32>,
}

impl Index {
    /// Lists the rows of the wanted values: pairs of a column and a flag per id. Columns are listed at
    /// the same time.
    pub fn new(table: &Table<'_>, wanted: Vec<(Column, Vec<bool>)>) -> Index {
        let listed = |(column, flags)| Lists::new(table, column, flags);
        Index {
            columns: wanted.into_par_iter().map(listed).collect(),
        }
    }

    /// The rows of a value, in time order; empty for a value that was not wanted.
    pub fn rows(&self, column: Column, id: u32) -> &[u32] {
        self.columns
            .iter()
            .find(|lists| lists.column == column)
            .and_then(|lists| lists.of(id))
            .unwrap_or_default()
    }
}

impl Lists {
    fn new(table: &Table<'_>, column: Column, flags: Vec<bool>) -> Lists {
        let mut lists = 0;
        let slots: Vec<u32> = flags
            .into_iter()
            .map(|flag| {
                let slot = if flag { lists } else { NO_LIST };
                lists += u32::from(flag);
                slot
            })
            .collect();
        let slot = |row: &Row| {
            let slot = slots.get(table.value(column, row) as usize).copied();
            slot.filter(|slot| *slot != NO_LIST)
                .map(|slot| slot as usize)
        };
        // Counted first, then put in their places: `starts[slot + 1]` runs from the list's start to its end.
        let mut starts = vec![0; lists as usize + 2];
        for slot in table.rows.iter().filter_map(slot) {
            starts[slot + 2] += 1;
        }
        for at in 2..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut rows = vec![0; starts.last().copied().unwrap_or(0)];
        for (index, row) in (0..).zip(&table.rows) {
            if let Some(slot) = slot(row) {
                rows[starts[slot + 1]] = index;
                starts[slot + 1] += 1;
            }
        }
        Lists {
            column,
            slots,
            starts,
            rows,
        }
    }

    fn of(&self, id: u32) -> Option<&[u32]> {
        let slot = *self.slots.get(id as usize)? as usize;
        self.rows
            .get(*self.starts.get(slot)?..*self.starts.get(slot.checked_add(1)?)?)
    }
}
