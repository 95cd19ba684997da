//! For each wanted value of a column, its rows in time order.

use super::row::Row;
use super::table::{Column, Table};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

/// No list for this value.
const NO_LIST: u32 = u32::MAX;
/// Rows that one thread lists at a time.
const PART: usize = 100_000;

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
    lists: Vec<Vec<u32>>,
}

impl Index {
    /// Lists the rows of the wanted values: pairs of a column and a flag per id. All columns are listed in
    /// one pass over the rows.
    pub fn new(table: &Table<'_>, wanted: Vec<(Column, Vec<bool>)>) -> Index {
        let mut columns: Vec<Lists> = wanted
            .into_iter()
            .map(|(column, flags)| {
                let mut next = 0;
                let slots = flags
                    .into_iter()
                    .map(|flag| {
                        let slot = if flag { next } else { NO_LIST };
                        next += u32::from(flag);
                        slot
                    })
                    .collect();
                Lists { column, slots, lists: vec![Vec::new(); next as usize] }
            })
            .collect();
        let parts: Vec<Vec<Vec<Vec<u32>>>> = table
            .rows
            .par_chunks(PART)
            .enumerate()
            .map(|(part, rows)| listed(table, &columns, rows, (part * PART) as u32))
            .collect();
        for part in parts {
            for (column, lists) in columns.iter_mut().zip(part) {
                for (whole, more) in column.lists.iter_mut().zip(lists) {
                    whole.extend(more);
                }
            }
        }
        Index { columns }
    }

    /// The rows of a value, in time order; empty for a value that was not wanted.
    pub fn rows(&self, column: Column, id: u32) -> &[u32] {
        self.columns
            .iter()
            .find(|lists| lists.column == column)
            .and_then(|lists| lists.lists.get(*lists.slots.get(id as usize)? as usize))
            .map_or(&[], Vec::as_slice)
    }
}

fn listed(table: &Table<'_>, columns: &[Lists], rows: &[Row], first: u32) -> Vec<Vec<Vec<u32>>> {
    let mut parts: Vec<Vec<Vec<u32>>> =
        columns.iter().map(|column| vec![Vec::new(); column.lists.len()]).collect();
    for (index, row) in (first..).zip(rows) {
        for (column, lists) in columns.iter().zip(&mut parts) {
            let id = table.value(column.column, row) as usize;
            let slot = column.slots.get(id).copied().unwrap_or(NO_LIST);
            if let Some(list) = lists.get_mut(slot as usize) {
                list.push(index);
            }
        }
    }
    parts
}
