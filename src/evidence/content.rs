//! Proposes causes from what a request asks for: preflights, attack arguments, expired links.
//!
//! Such denials are set apart before anything splits by client or route. But content does not decide
//! alone: where everything that an address sends is denied, its odd requests fall under that rule too.

use crate::examine::row::{Content, Row, SIGN_LINK_EXPIRED, SIGN_LINK_VALID};
use crate::examine::table::{Column, Table};
use crate::key::Method;
use crate::key::fast::{HashMap, HashSet};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// A class of content that is judged apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// The server states the cause: a group of the table's statements, which is one policy.
    Stated(u16),
    /// OPTIONS: preflights.
    Preflight,
    /// Arguments shaped as attacks.
    Attack,
    /// Signed links whose time had passed.
    ExpiredLink,
}

const STREAMS: [Stream; 3] = [Stream::ExpiredLink, Stream::Preflight, Stream::Attack];

impl Stream {
    /// The streams whose denials stand alone whatever else their addresses do.
    pub fn is_stated(self) -> bool {
        matches!(self, Stream::Stated(_))
    }

    fn holds(self, table: &Table<'_>, row: &Row) -> bool {
        match self {
            Stream::Stated(group) => table.stated_group(row) == Some(group),
            Stream::ExpiredLink => row.signs & SIGN_LINK_EXPIRED != 0,
            Stream::Preflight => Method::from_u8(row.method) == Method::Options,
            Stream::Attack => row.content == Content::Attack,
        }
    }
}

/// Takes each stream's denials out of `open`.
pub fn split(table: &Table<'_>, open: &mut [bool]) -> Vec<(Stream, Vec<u32>)> {
    let mut found = Vec::new();
    let stated = stated_groups(table).into_iter().map(Stream::Stated);
    let expiring = expiring_places(table, open);
    for stream in stated.chain(STREAMS) {
        let row = |index: &u32| &table.rows[*index as usize];
        let denials = table.denied().iter().copied();
        let mut denials: Vec<u32> = denials
            .filter(|index| {
                let holds = stream.holds(table, row(index))
                    || stream == Stream::ExpiredLink
                        && row(index).signs & SIGN_LINK_VALID != 0
                        && expiring.contains(&table.cell(*index).place());
                open[*index as usize] && holds
            })
            .collect();
        if !stream.is_stated() {
            let shut_out = shut_out(table, stream, denials.iter().map(|index| row(index).ip));
            denials.retain(|index| !shut_out.contains(&row(index).ip));
        }
        for index in &denials {
            open[*index as usize] = false;
        }
        if !denials.is_empty() {
            found.push((stream, denials));
        }
    }
    found
}

/// Places where links are denied mostly because their time had passed. Those that were denied there while it had not,
/// by the clock of the log, met the same check by another clock.
fn expiring_places(table: &Table<'_>, open: &[bool]) -> HashSet<u32> {
    let mut counts: HashMap<u32, (usize, usize)> = HashMap::default();
    for index in table.denied().iter().filter(|index| open[**index as usize]) {
        let signs = table.rows[*index as usize].signs;
        let (expired, valid) = counts.entry(table.cell(*index).place()).or_default();
        *expired += usize::from(signs & SIGN_LINK_EXPIRED != 0);
        *valid += usize::from(signs & SIGN_LINK_VALID != 0);
    }
    let mostly =
        |(_, (expired, valid)): &(u32, (usize, usize))| *expired >= 2 * *valid && *expired > 0;
    counts
        .into_iter()
        .filter(mostly)
        .map(|(place, _)| place)
        .collect()
}

/// The groups of statements that name a cause and that denials carry, in their order.
fn stated_groups(table: &Table<'_>) -> Vec<u16> {
    let denied = table.denied().iter();
    let groups: std::collections::BTreeSet<u16> = denied
        .filter_map(|index| table.stated_group(&table.rows[*index as usize]))
        .collect();
    groups.into_iter().collect()
}

/// Of the addresses of denials in a stream, those that are shut out whatever they ask for.
fn shut_out(
    table: &Table<'_>,
    stream: Stream,
    addresses: impl Iterator<Item = u32>,
) -> HashSet<u32> {
    let addresses: HashSet<u32> = addresses.collect();
    let addresses: Vec<u32> = addresses.into_iter().collect();
    let shut_out: Vec<u32> = addresses
        .into_par_iter()
        .filter(|ip| is_shut_out(table, stream, *ip))
        .collect();
    shut_out.into_iter().collect()
}

/// Whether a denied address's requests outside the stream were (nearly) all denied too, five at the least.
fn is_shut_out(table: &Table<'_>, stream: Stream, ip: u32) -> bool {
    let rows = table.lists().rows(Column::Ip, ip).iter();
    let others = rows
        .map(|index| &table.rows[*index as usize])
        .filter(|row| !stream.holds(table, row));
    let (mut denied, mut admitted) = (0usize, 0usize);
    for row in others {
        if row.denied {
            denied += 1
        } else {
            admitted += 1
        }
    }
    denied >= 5 && admitted * 5 <= denied
}
