//! For each value that was denied, its rows in time order; and for some columns its denials alone.
//!
//! The rows of a value are asked for again and again: while strata are peeled, limits fitted, facts
//! gathered and keys described. The lists of a column stand one behind the other, so that a few hundred
//! thousand denied addresses cost four bytes for each of their rows and not an allocation each.

use super::table::{Column, Table};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use std::ops::Range;

/// No list for this value.
const NO_LIST: u32 = u32::MAX;

/// Columns of which denials are listed apart.
const DENIALS_OF: [Column; 2] = [Column::UserAgent, Column::Route3];

/// Lists of rows by value, for the denied values of every column.
#[derive(Debug, Default)]
pub struct Index {
    /// By number of the column.
    columns: Vec<Lists>,
    denials: Vec<Lists>,
}

/// The rows of a column's values, or some of them.
#[derive(Debug)]
struct Lists {
    column: Column,
    /// The list of each id.
    slots: Vec<u32>,
    /// Where each list begins in `rows`; the next one begins where it ends.
    starts: Vec<usize>,
    rows: Vec<u32>,
}

/// A column that rows hold themselves: each row's id, and how many rows each id has.
struct Base {
    ids: Vec<u32>,
    counts: Vec<usize>,
}

impl Index {
    /// Lists the rows of all denied values; `denied` are the positions of the denials.
    pub fn new(table: &Table<'_>, denied: &[u32]) -> Index {
        let of_base = |base: &Column| -> Vec<Lists> {
            let columns: Vec<Column> = Column::ALL
                .into_iter()
                .filter(|column| column.base() == *base)
                .collect();
            let base = Base::of(table, *base);
            columns
                .into_par_iter()
                .map(|column| Lists::of_rows(table, column, &base, denied))
                .collect()
        };
        let mut columns: Vec<Lists> = BASES.par_iter().flat_map(of_base).collect();
        columns.sort_unstable_by_key(|lists| lists.column as usize);
        let denials = DENIALS_OF
            .into_par_iter()
            .map(|column| Lists::of_denials(table, column, denied))
            .collect();
        Index { columns, denials }
    }

    /// The rows of a value, in time order; empty for a value that was never denied.
    pub fn rows(&self, column: Column, id: u32) -> &[u32] {
        let lists = self.columns.get(column as usize);
        lists.and_then(|lists| lists.of(id)).unwrap_or_default()
    }

    /// The rows of a value that lie within a stretch of the table.
    pub fn rows_within(&self, column: Column, id: u32, stretch: &Range<usize>) -> &[u32] {
        within(self.rows(column, id), stretch)
    }

    /// The denials of a user agent or place ([`Column::Route3`]), in time order.
    pub fn denials(&self, column: Column, id: u32) -> &[u32] {
        let lists = self.denials.iter().find(|lists| lists.column == column);
        lists.and_then(|lists| lists.of(id)).unwrap_or_default()
    }
}

/// Of rows in time order, those that lie within a stretch of the table.
pub fn within<'r>(rows: &'r [u32], stretch: &Range<usize>) -> &'r [u32] {
    let from = rows.partition_point(|row| (*row as usize) < stretch.start);
    let to = rows.partition_point(|row| (*row as usize) < stretch.end);
    &rows[from..to.max(from)]
}

/// Columns that rows hold themselves.
const BASES: [Column; 8] = [
    Column::Ip,
    Column::UserAgent,
    Column::Route,
    Column::Token,
    Column::User,
    Column::Host,
    Column::RefererHost,
    Column::Method,
];

impl Base {
    /// Copied out of the rows once: the columns derived from it then read 4 bytes of a row and not 64.
    fn of(table: &Table<'_>, column: Column) -> Base {
        let mut counts = vec![0; table.width(column)];
        let mut ids = Vec::new();
        if counts.is_empty() {
            // No row has a value here: most formats log no tokens, users or hosts.
            return Base { ids, counts };
        }
        ids.reserve_exact(table.rows.len());
        for row in &table.rows {
            let id = table.value(column, row);
            ids.push(id);
            if let Some(count) = counts.get_mut(id as usize) {
                *count += 1;
            }
        }
        Base { ids, counts }
    }
}

impl Lists {
    fn of_rows(table: &Table<'_>, column: Column, base: &Base, denied: &[u32]) -> Lists {
        let id_of = |index: &u32| base.ids.get(*index as usize).copied();
        let values = denied
            .iter()
            .filter_map(id_of)
            .map(|id| table.coarse_of(column, id));
        let mut lists = Lists::empty(table, column, values);
        // The list of each of the base's ids, which saves looking up the coarse id of every row.
        let slot_of: Vec<u32> = (0..base.counts.len() as u32)
            .map(|id| lists.slot(table.coarse_of(column, id)))
            .collect();
        for (slot, count) in slot_of.iter().zip(&base.counts) {
            if *slot != NO_LIST {
                lists.starts[*slot as usize + 2] += count;
            }
        }
        let slots = base.ids.iter().map(|id| match slot_of.get(*id as usize) {
            Some(slot) => *slot,
            None => NO_LIST,
        });
        let rows = (0..).zip(slots);
        lists.place(rows);
        lists
    }

    fn of_denials(table: &Table<'_>, column: Column, denied: &[u32]) -> Lists {
        let values = denied.iter().map(|index| table.value_at(column, *index));
        let mut lists = Lists::empty(table, column, values.clone());
        let slots: Vec<u32> = values.map(|value| lists.slot(value)).collect();
        for slot in slots.iter().filter(|slot| **slot != NO_LIST) {
            lists.starts[*slot as usize + 2] += 1;
        }
        lists.place(denied.iter().copied().zip(slots));
        lists
    }

    /// A list, still empty, for each of these values.
    fn empty(table: &Table<'_>, column: Column, values: impl Iterator<Item = u32>) -> Lists {
        let mut slots = vec![NO_LIST; table.width(column)];
        let mut lists = 0;
        for value in values {
            if let Some(slot) = slots.get_mut(value as usize)
                && *slot == NO_LIST
            {
                *slot = lists;
                lists += 1;
            }
        }
        Lists {
            column,
            slots,
            // Until rows are placed, the length of list n stands at n + 2.
            starts: vec![0; lists as usize + 2],
            rows: Vec::new(),
        }
    }

    /// Puts rows, each with the list that it is of, in their places.
    fn place(&mut self, rows: impl Iterator<Item = (u32, u32)>) {
        for at in 2..self.starts.len() {
            self.starts[at] += self.starts[at - 1];
        }
        self.rows = vec![0; self.starts.last().copied().unwrap_or(0)];
        for (row, slot) in rows.filter(|(_, slot)| *slot != NO_LIST) {
            // The next free place of the list; in the end that is where the next list begins.
            let next = &mut self.starts[slot as usize + 1];
            self.rows[*next] = row;
            *next += 1;
        }
    }

    fn slot(&self, id: u32) -> u32 {
        self.slots.get(id as usize).copied().unwrap_or(NO_LIST)
    }

    fn of(&self, id: u32) -> Option<&[u32]> {
        let slot = self.slot(id);
        if slot == NO_LIST {
            return None;
        }
        let slot = slot as usize;
        self.rows
            .get(*self.starts.get(slot)?..*self.starts.get(slot + 1)?)
    }
}

/// A set of small numbers: rows, addresses, agents.
#[derive(Debug, Clone, Default)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set with room for numbers below `width`.
    pub fn new(width: usize) -> Bits {
        Bits {
            words: vec![0; width.div_ceil(64)],
        }
    }

    /// Adds a number, if there is room for it; whether it was added now.
    #[inline]
    pub fn insert(&mut self, number: u32) -> bool {
        let Some(word) = self.words.get_mut(number as usize / 64) else {
            return false;
        };
        let bit = 1 << (number % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Takes a number out.
    #[inline]
    pub fn remove(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Whether a number is in the set.
    #[inline]
    pub fn contains(&self, number: u32) -> bool {
        let word = self.words.get(number as usize / 64);
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::row::NONE;

    #[test]
    fn bits_hold_what_was_put_in() {
        let mut bits = Bits::new(70);
        assert!(bits.insert(69) && !bits.insert(69) && !bits.insert(NONE));
        assert!(bits.contains(69) && !bits.contains(68) && !bits.contains(NONE));
        bits.remove(69);
        assert!(!bits.contains(69));
    }

    #[test]
    fn a_stretch_cuts_rows_at_both_ends() {
        let rows = [2, 5, 7, 11];
        assert_eq!(within(&rows, &(5..11)), [5, 7]);
        assert_eq!(within(&rows, &(0..0)), [0; 0]);
        assert_eq!(within(&rows, &(12..30)), [0; 0]);
    }
}
