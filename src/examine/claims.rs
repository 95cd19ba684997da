//! Which requests come from the crawler that they claim to come from, by the ranges that its owner publishes.

use super::row::{NONE, Row};
use super::table::{Column, Table};
use crate::key::address::Address;
use crate::key::fast::HashMap;
use crate::key::ranges::Ranges;

/// Whether a crawler's name and an address belong together, of those whose ranges are known.
#[derive(Debug, Default)]
pub struct Claims(HashMap<(u32, u32), bool>);

impl Claims {
    /// Compares every client of a table that claims to be one of these crawlers.
    pub fn check(table: &Table<'_>, ranges: &Ranges) -> Claims {
        let mut claims = HashMap::default();
        if ranges.is_empty() {
            return Claims(claims);
        }
        let published: Vec<_> = (0..table.width(Column::Client))
            .map(|id| ranges.of(table.text(Column::Client, id as u32)))
            .collect();
        for row in &table.rows {
            let client = table.value(Column::Client, row);
            let Some(Some(published)) = published.get(client as usize) else {
                continue;
            };
            if row.ip == NONE {
                continue;
            }
            claims.entry((client, row.ip)).or_insert_with(|| {
                let address = Address::parse(table.text(Column::Ip, row.ip)).ip();
                address.is_some_and(|address| published.hold(address))
            });
        }
        Claims(claims)
    }

    /// Whether no request claims to come from a crawler whose ranges are known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request comes from the crawler that it names; none where it names none that is known.
    pub fn is_genuine(&self, table: &Table<'_>, row: &Row) -> Option<bool> {
        let client = table.value(Column::Client, row);
        self.0.get(&(client, row.ip)).copied()
    }
}
