//! Crossed cells: what a group's addresses did elsewhere, and what others did at its places.
//!
//! Only the rows of the group's addresses, places and identities are looked at, by their lists: a table
//! has many rows that are none of a group's business, and many groups.

use super::{Facts, Split};
use crate::evidence::clamp;
use crate::examine::index::{self, Bits};
use crate::examine::row::{Content, NONE, Row};
use crate::examine::table::{Column, Table};
use std::ops::Range;

/// Of a group this long, the seconds at both ends can be spared.
const LEAST_LENGTH_MS: i64 = 5_000;

/// Membership of the group's values.
pub(super) struct Group {
    pub(super) denials: Vec<u32>,
    pub(super) is_denial: Bits,
    ip: Bits,
    pub(super) agent: Bits,
    token: Bits,
    user: Bits,
    root: Bits,
    /// The group's addresses, agents, tokens, users and places, each once.
    pub(super) ips: Vec<u32>,
    agents: Vec<u32>,
    tokens: Vec<u32>,
    users: Vec<u32>,
    pub(super) places: Vec<u32>,
    /// Bit set of methods per route3 segment id.
    cell: Vec<u16>,
}

impl Group {
    pub(super) fn of(table: &Table<'_>, denials: &[u32]) -> Group {
        let bits = |column| Bits::new(table.width(column));
        let mut group = Group {
            denials: denials.to_vec(),
            is_denial: Bits::new(table.rows.len()),
            ip: bits(Column::Ip),
            agent: bits(Column::UserAgent),
            token: bits(Column::Token),
            user: bits(Column::User),
            root: bits(Column::Route1),
            ips: Vec::new(),
            agents: Vec::new(),
            tokens: Vec::new(),
            users: Vec::new(),
            places: Vec::new(),
            cell: vec![0; table.width(Column::Route3)],
        };
        let note = |bits: &mut Bits, ids: &mut Vec<u32>, id: u32| {
            if bits.insert(id) {
                ids.push(id);
            }
        };
        for index in denials {
            let row = &table.rows[*index as usize];
            group.is_denial.insert(*index);
            note(&mut group.ip, &mut group.ips, row.ip);
            note(&mut group.agent, &mut group.agents, row.user_agent);
            note(&mut group.token, &mut group.tokens, row.token);
            note(&mut group.user, &mut group.users, row.user);
            group.root.insert(table.value(Column::Route1, row));
            let place = table.value(Column::Route3, row);
            if let Some(bits) = group.cell.get_mut(place as usize) {
                if *bits == 0 {
                    group.places.push(place);
                }
                *bits |= method_bit(row.method);
            }
        }
        group
    }

    pub(super) fn methods(&self, place: u32) -> u16 {
        self.cell.get(place as usize).copied().unwrap_or(0)
    }

    pub(super) fn is_here(&self, table: &Table<'_>, index: u32) -> bool {
        let cell = table.cell(index);
        self.methods(cell.place()) & method_bit(cell.method()) != 0
    }

    /// Another cause's denial, which says nothing about this one in its cells.
    fn is_foreign(&self, index: u32, row: &Row) -> bool {
        row.denied && !self.is_denial.contains(index)
    }

    fn has_identity(&self, row: &Row) -> bool {
        self.token.contains(row.token) || self.user.contains(row.user)
    }
}

pub(super) fn method_bit(method: u8) -> u16 {
    1 << method.min(15)
}

/// The crossed cells, within the group's interval. The group's own denials count only for itself.
pub(super) fn contrast(table: &Table<'_>, group: &Group, facts: &mut Facts) {
    let interval = inner(table, facts);
    facts.admitted_meanwhile = table.passed_within(&interval);
    facts.requests_meanwhile = interval.len() as u64;
    own_addresses(table, group, &interval, facts);
    places(table, group, &interval, facts);
    identities(table, group, &interval, facts);
    facts.other_ip_same_agent = with_agents(table, group, &interval);
    facts.other_ip_same_agent.denied -= facts.same_ip_same_agent.denied;
    facts.other_ip_same_agent.admitted -= facts.same_ip_same_agent.admitted;
}

/// The interval of a group without the second in which it begins and the one in which it ends, where stamps are no
/// finer: in these stand requests from before and after. Short intervals have no second to spare.
fn inner(table: &Table<'_>, facts: &Facts) -> Range<usize> {
    let (start, last) = (facts.start_ms, facts.end_ms - 1);
    let spare = start % 1000 == 0 && last % 1000 == 0 && last - start >= LEAST_LENGTH_MS;
    match spare {
        true => table.between(start + 1000, last),
        false => table.between(start, facts.end_ms),
    }
}

/// What the group's addresses did.
fn own_addresses(table: &Table<'_>, group: &Group, interval: &Range<usize>, facts: &mut Facts) {
    // Requests and denials in the group's cells, of one address in one second each.
    let mut seconds: Vec<(u64, u64)> = Vec::new();
    for ip in &group.ips {
        let mut current = None;
        for index in table.lists().rows_within(Column::Ip, *ip, interval) {
            let row = &table.rows[*index as usize];
            let here = group.is_here(table, *index);
            let agent = group.agent.contains(row.user_agent);
            if agent {
                facts.same_ip_same_agent.count(row.denied);
            }
            if here && group.is_foreign(*index, row) {
                continue;
            }
            if !row.denied && row.content == Content::Attack {
                facts.attacks_admitted += 1;
            }
            if !agent {
                facts.same_ip_other_agent.count(row.denied);
            }
            if !here {
                facts.same_ip_elsewhere.count(row.denied);
                if !group.root.contains(table.value(Column::Route1, row)) {
                    facts.same_ip_other_root.count(row.denied);
                }
                continue;
            }
            facts.same_ip_here.count(row.denied);
            let second = row.time_ms.div_euclid(1000);
            if current != Some(second) {
                current = Some(second);
                seconds.push((0, 0));
            }
            if let Some(counts) = seconds.last_mut() {
                counts.0 += 1;
                counts.1 += u64::from(row.denied);
            }
        }
    }
    if (0.05..0.95).contains(&facts.same_ip_here.admitted_share()) {
        facts.load = clamp::load(seconds);
    }
}

/// What anybody did at the group's places.
fn places(table: &Table<'_>, group: &Group, interval: &Range<usize>, facts: &mut Facts) {
    let mut others_here = Bits::new(table.width(Column::Ip));
    for place in &group.places {
        let methods = group.methods(*place);
        for index in table.lists().rows_within(Column::Route3, *place, interval) {
            let row = &table.rows[*index as usize];
            if methods & method_bit(row.method) == 0 {
                facts.other_method_here.count(row.denied);
                continue;
            }
            let ip = group.ip.contains(row.ip);
            if !row.denied {
                facts.admitted_here += 1;
                facts.admitted_here_named += u64::from(row.token != NONE || row.user != NONE);
            } else if ip && group.is_foreign(*index, row) {
                continue;
            }
            if !ip {
                facts.other_ip_here.count(row.denied);
                if !row.denied {
                    facts.other_ips_admitted_here += u64::from(others_here.insert(row.ip));
                }
            }
            let named = row.token != NONE || row.user != NONE;
            if named && !group.has_identity(row) {
                facts.other_identity_here.count(row.denied);
            }
        }
    }
}

/// What the group's tokens and users did elsewhere.
fn identities(table: &Table<'_>, group: &Group, interval: &Range<usize>, facts: &mut Facts) {
    let mut follow = |column, id: &u32, counted_before: &dyn Fn(&Row) -> bool| {
        for index in table.lists().rows_within(column, *id, interval) {
            let row = &table.rows[*index as usize];
            if !group.is_here(table, *index) && !counted_before(row) {
                facts.same_identity_elsewhere.count(row.denied);
            }
        }
    };
    for token in &group.tokens {
        follow(Column::Token, token, &|_| false);
    }
    for user in &group.users {
        follow(Column::User, user, &|row| group.token.contains(row.token));
    }
}

/// All requests with the group's agents.
fn with_agents(table: &Table<'_>, group: &Group, interval: &Range<usize>) -> Split {
    let mut split = Split::default();
    for agent in &group.agents {
        let all = table
            .lists()
            .rows_within(Column::UserAgent, *agent, interval);
        let denials = table.lists().denials(Column::UserAgent, *agent);
        let denied = index::within(denials, interval).len();
        split.denied += denied as u64;
        split.admitted += (all.len() - denied) as u64;
    }
    split
}

/// What happened in the group's cells over the whole table.
pub(super) fn ever(table: &Table<'_>, group: &Group, facts: &mut Facts) {
    let mut others = Bits::new(table.width(Column::Ip));
    for place in &group.places {
        let methods = group.methods(*place);
        facts.admitted_here_ever +=
            table.admitted_at(*place, |method| methods & method_bit(method) != 0);
        for index in table.lists().denials(Column::Route3, *place) {
            let row = &table.rows[*index as usize];
            if methods & method_bit(row.method) != 0 && !group.ip.contains(row.ip) {
                facts.other_ips_denied_here_ever += u64::from(others.insert(row.ip));
            }
        }
    }
}
