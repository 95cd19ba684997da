//! The table that verdicts are reached on: rows, their dictionaries, and coarser columns.
//!
//! A column gives each row one id. Coarse columns (networks, families of clients, first segments of a
//! route) are looked up through the id of the fine one, so a row stays small.

use super::claims::Claims;
use super::coarse::{Coarse, lookup};
use super::index::Index;
use super::mark::Mark;
use super::row::{Cell, NONE, Row};
use super::rules::Rules;
use crate::key::address::Address;
use crate::key::client::Class;
use crate::key::intern::Interner;
use crate::stated::{Claim, NOTHING, Statement, Statements};
use foldhash::fast::FixedState;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::OnceLock;

/// A way to put each row under one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Column {
    UserAgent,
    Client,
    Prefix16,
    Prefix,
    Token,
    User,
    Route1,
    Route2,
    Route3,
    Route,
    RefererHost,
    Ip,
    Method,
    Host,
}

impl Column {
    /// How many columns there are.
    pub const COUNT: usize = 14;

    /// All columns, in the order of their numbers.
    pub const ALL: [Column; Column::COUNT] = [
        Column::UserAgent,
        Column::Client,
        Column::Prefix16,
        Column::Prefix,
        Column::Token,
        Column::User,
        Column::Route1,
        Column::Route2,
        Column::Route3,
        Column::Route,
        Column::RefererHost,
        Column::Ip,
        Column::Method,
        Column::Host,
    ];

    /// The column that rows hold themselves, of which this one is a coarser form, or itself.
    pub(super) fn base(self) -> Column {
        match self {
            Column::Prefix | Column::Prefix16 => Column::Ip,
            Column::Client => Column::UserAgent,
            Column::Route1 | Column::Route2 | Column::Route3 => Column::Route,
            own => own,
        }
    }
}

/// The values behind the ids.
#[derive(Debug, Clone, Copy)]
pub struct Dictionaries<'s> {
    /// Client addresses as logged.
    pub ip: &'s Interner,
    /// User agents as logged.
    pub user_agent: &'s Interner,
    /// Route templates.
    pub route: &'s Interner,
    /// User names.
    pub user: &'s Interner,
    /// Tokens in clear: never shown but as fingerprints.
    pub token: &'s Interner,
    /// Virtual hosts.
    pub host: &'s Interner,
    /// Hosts of referers.
    pub referer_host: &'s Interner,
}

/// Rows around the denials, with everything needed to put them under keys.
#[derive(Debug)]
pub struct Table<'s> {
    /// Sorted by time, then by place.
    pub rows: Vec<Row>,
    /// The values behind the rows' ids.
    pub names: Dictionaries<'s>,
    /// Of the requests outside every scope, one in this many was kept.
    pub sample: u32,
    /// What rows' statements say.
    pub statements: Statements,
    /// What other logs know the denials by; empty unless it was asked for, in no order.
    pub marks: Vec<Mark>,
    /// The rules that lines of denials name.
    pub rules: Rules,
    /// Which requests come from the crawler that they name; empty without published ranges.
    pub claims: Claims,
    /// By address, how many requests a row stands for; absent where each stands for itself.
    weights: Option<Vec<u32>>,
    coarse: Coarse,
    denied: Vec<u32>,
    /// How many requests were let pass before each row; one more entry than rows.
    passed_before: Vec<u32>,
    /// By row: its place, method and answer, which are asked for most.
    cells: Vec<Cell>,
    lists: Index,
    /// Admitted requests of each place ([`Column::Route3`]) by method.
    admitted: HashMap<(u32, u8), u64, FixedState>,
    addresses: OnceLock<Vec<(IpAddr, u32)>>,
}

impl<'s> Table<'s> {
    /// Prepares the coarse columns of rows that are sorted. `weights` says by address how many requests
    /// a row stands for, where denied ones had to be left out.
    pub fn new(
        rows: Vec<Row>,
        names: Dictionaries<'s>,
        sample: u32,
        weights: Option<Vec<u32>>,
    ) -> Table<'s> {
        let coarse = Coarse::of(&names, &rows);
        let place = |row: &Row| lookup(&coarse.segments.of_route[2], row.route);
        let cells: Vec<Cell> = rows
            .par_iter()
            .map(|row| Cell::of(row, place(row)))
            .collect();
        let denied: Vec<u32> = (0..)
            .zip(&cells)
            .filter(|(_, cell)| cell.denied())
            .map(|(index, _)| index)
            .collect();
        let mut table = Table {
            rows,
            passed_before: Vec::new(),
            names,
            sample,
            statements: Statements::default(),
            marks: Vec::new(),
            rules: Rules::default(),
            claims: Claims::default(),
            weights,
            coarse,
            denied,
            cells,
            lists: Index::default(),
            admitted: HashMap::default(),
            addresses: OnceLock::new(),
        };
        let (lists, (admitted, passed_before)) = rayon::join(
            || Index::new(&table, &table.denied),
            || (table.admitted(), passed_before(&table.rows)),
        );
        (table.lists, table.admitted, table.passed_before) = (lists, admitted, passed_before);
        table
    }

    /// How many requests of a stretch were let pass: neither denied nor turned away otherwise.
    pub fn passed_within(&self, stretch: &Range<usize>) -> u64 {
        let before = |at: usize| self.passed_before.get(at).copied().unwrap_or_default();
        u64::from(before(stretch.end).saturating_sub(before(stretch.start)))
    }

    /// Whether denied requests were left out, so that rows stand for more than themselves.
    pub fn is_thinned(&self) -> bool {
        self.weights.is_some()
    }

    /// What was stated about a request.
    pub fn statement(&self, row: &Row) -> Option<&Statement> {
        self.statements.get(row.stated)
    }

    /// The group of the statement that names the cause of a denial.
    pub fn stated_group(&self, row: &Row) -> Option<u16> {
        if row.stated == NOTHING {
            return None;
        }
        let statement = self.statement(row)?;
        matches!(statement.claim, Claim::Is(_)).then_some(statement.group)
    }

    /// A number that only denials share which one policy may have made, as far as statements tell: 0
    /// where nothing was stated that tells policies apart.
    pub fn stated_class(&self, row: &Row) -> u16 {
        if row.stated == NOTHING {
            return 0;
        }
        match self.statement(row) {
            Some(statement) if !matches!(statement.claim, Claim::Suggests(..)) => statement.group,
            _ => 0,
        }
    }

    /// How many requests a row stands for.
    pub fn weight(&self, row: &Row) -> u32 {
        let weights = self.weights.as_ref();
        weights
            .and_then(|weights| weights.get(row.ip as usize))
            .copied()
            .unwrap_or(1)
    }

    fn admitted(&self) -> HashMap<(u32, u8), u64, FixedState> {
        // By place first: a row then costs one step in a small table.
        let methods = 1 + usize::from(crate::key::Method::Absent as u8);
        let mut counts = vec![0; self.width(Column::Route3) * methods];
        for cell in self.cells.iter().filter(|cell| !cell.denied()) {
            let at = cell.place() as usize * methods + usize::from(cell.method());
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        let cell = |at: usize| ((at / methods) as u32, (at % methods) as u8);
        let counts = counts.into_iter().enumerate();
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(at, count)| (cell(at), count))
            .collect()
    }

    /// Admitted requests of a place ([`Column::Route3`]) with one of some methods.
    pub fn admitted_at(&self, place: u32, of_methods: impl Fn(u8) -> bool) -> u64 {
        (0..=crate::key::Method::Absent as u8)
            .filter(|method| of_methods(*method))
            .filter_map(|method| self.admitted.get(&(place, method)))
            .sum()
    }

    /// The addresses of the rows with their ids, in order; without names and whatever else is no address.
    pub fn addresses(&self) -> &[(IpAddr, u32)] {
        self.addresses.get_or_init(|| {
            let ids = (0..).zip(&self.coarse.networks.of_ip);
            let mut addresses: Vec<(IpAddr, u32)> = ids
                .filter(|(_, prefix)| **prefix != NONE)
                .filter_map(|(id, _)| Some((Address::parse(self.names.ip.bytes(id)).ip()?, id)))
                .collect();
            addresses.sort_unstable();
            addresses
        })
    }

    /// Place, method and answer of a row, by its position.
    #[inline]
    pub fn cell(&self, index: u32) -> Cell {
        self.cells[index as usize]
    }

    /// As [`Table::value`], by the row's position: without looking the row up where its cell says as much.
    #[inline]
    pub fn value_at(&self, column: Column, index: u32) -> u32 {
        match column {
            Column::Route3 => self.cell(index).place(),
            Column::Method => u32::from(self.cell(index).method()),
            _ => self.value(column, &self.rows[index as usize]),
        }
    }

    /// The positions of all denials, in time order.
    pub fn denied(&self) -> &[u32] {
        &self.denied
    }

    /// The position of each denial's row, by its file and line.
    pub fn denied_by_line(&self) -> HashMap<(u32, u32), u32, FixedState> {
        let place = |index: &u32| {
            let row = &self.rows[*index as usize];
            ((row.source, row.line), *index)
        };
        self.denied.iter().map(place).collect()
    }

    /// The rows of each denied value of every column.
    pub fn lists(&self) -> &Index {
        &self.lists
    }

    /// The id in a column of what has `id` in the column's [`Column::base`].
    pub(super) fn coarse_of(&self, column: Column, id: u32) -> u32 {
        match column {
            Column::Prefix => lookup(&self.coarse.networks.of_ip, id),
            Column::Prefix16 => lookup(&self.coarse.networks.wide_of_ip, id),
            Column::Client => lookup(&self.coarse.clients.of_agent, id),
            Column::Route1 => lookup(&self.coarse.segments.of_route[0], id),
            Column::Route2 => lookup(&self.coarse.segments.of_route[1], id),
            Column::Route3 => lookup(&self.coarse.segments.of_route[2], id),
            _ => id,
        }
    }

    /// The id of a row in a column; [`NONE`] where the row has no value there.
    #[inline]
    pub fn value(&self, column: Column, row: &Row) -> u32 {
        match column {
            Column::Ip => row.ip,
            Column::Prefix | Column::Prefix16 => self.coarse_of(column, row.ip),
            Column::UserAgent => row.user_agent,
            Column::Client => self.coarse_of(column, row.user_agent),
            Column::Token => row.token,
            Column::User => row.user,
            Column::Route => row.route,
            Column::Route1 | Column::Route2 | Column::Route3 => self.coarse_of(column, row.route),
            Column::Method => row.method as u32,
            Column::Host => row.host,
            Column::RefererHost => row.referer_host,
        }
    }

    /// The text of an id; tokens in clear.
    pub fn text(&self, column: Column, id: u32) -> &[u8] {
        let names = &self.names;
        match column {
            Column::Ip => names.ip.bytes(id),
            Column::Prefix => self.coarse.networks.names.bytes(id),
            Column::Prefix16 => self.coarse.networks.wide_names.bytes(id),
            Column::UserAgent => names.user_agent.bytes(id),
            Column::Client => self.coarse.clients.families.bytes(id),
            Column::Token => names.token.bytes(id),
            Column::User => names.user.bytes(id),
            Column::Route => names.route.bytes(id),
            Column::Route1 | Column::Route2 | Column::Route3 => {
                self.coarse.segments.names.bytes(id)
            }
            Column::Method => crate::key::Method::from_u8(id as u8).name().as_bytes(),
            Column::Host => names.host.bytes(id),
            Column::RefererHost => names.referer_host.bytes(id),
        }
    }

    /// How many ids a column may have.
    pub fn width(&self, column: Column) -> usize {
        let names = &self.names;
        match column {
            Column::Ip => names.ip.len(),
            Column::Prefix => self.coarse.networks.names.len(),
            Column::Prefix16 => self.coarse.networks.wide_names.len(),
            Column::UserAgent => names.user_agent.len(),
            Column::Client => self.coarse.clients.families.len(),
            Column::Token => names.token.len(),
            Column::User => names.user.len(),
            Column::Route => names.route.len(),
            Column::Route1 | Column::Route2 | Column::Route3 => self.coarse.segments.names.len(),
            Column::Method => 256,
            Column::Host => names.host.len(),
            Column::RefererHost => names.referer_host.len(),
        }
    }

    /// The class of a row's user agent.
    pub fn class(&self, row: &Row) -> Class {
        self.coarse
            .clients
            .class_of_agent
            .get(row.user_agent as usize)
            .copied()
            .unwrap_or(Class::Empty)
    }

    /// The rows with `start_ms <= time < end_ms`.
    pub fn between(&self, start_ms: i64, end_ms: i64) -> Range<usize> {
        let start = self.rows.partition_point(|row| row.time_ms < start_ms);
        let end = self.rows.partition_point(|row| row.time_ms < end_ms);
        start..end.max(start)
    }
}

/// Answers that turn a caller away without being denials: a login, a limit, an overload.
const TURNED_AWAY: [u16; 3] = [401, 429, 503];

fn passed_before(rows: &[Row]) -> Vec<u32> {
    let mut passed = 0;
    let mut before = Vec::with_capacity(rows.len() + 1);
    before.push(0);
    for row in rows {
        passed += u32::from(!row.denied && !TURNED_AWAY.contains(&row.status));
        before.push(passed);
    }
    before
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn columns_stand_in_the_order_of_their_numbers() {
        let numbers = Column::ALL.map(|column| column as usize);
        assert!(numbers.into_iter().eq(0..Column::COUNT));
    }
}
