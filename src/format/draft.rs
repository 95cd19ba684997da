//! A record in the making, for formats whose fields come under names and in any order.
//!
//! Several fields of a line may tell the same thing (`client_ip` and `remote_ip`). Each comes with a
//! rank; the lowest that holds a value wins, so the order of the fields never matters.

use super::field::present;
use super::role::{Role, credential, request};
use super::shape::is_ip;
use crate::record::{Field, Record};
use crate::time::{Clock, Instant};
use std::borrow::Cow;

/// Rank of a role that no field has told yet.
const UNTOLD: u8 = u8::MAX;
/// Rank of what the user chose: it is believed whatever it looks like.
const CHOSEN: u8 = 0;
/// Puts the rank of a client that is no address behind all that are: `client` may name a program.
const NO_ADDRESS: u8 = 0x80;

/// A record in the making.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    record: Record<'a>,
    query: Field<'a>,
    ranks: [u8; Role::COUNT],
}

impl<'a> Draft<'a> {
    pub(super) fn new() -> Self {
        Draft {
            record: Record::default(),
            query: Cow::Borrowed(b""),
            ranks: [UNTOLD; Role::COUNT],
        }
    }

    /// Takes a value. One that is absent or cannot be read leaves the place to the next in rank;
    /// `None` when the value says that the line is no request at all.
    #[inline]
    pub(super) fn put(
        &mut self,
        role: Role,
        rank: u8,
        value: Field<'a>,
        clock: &mut Clock,
    ) -> Option<()> {
        let absence_tells = matches!(role, Role::UpstreamStatus | Role::UpstreamAsked);
        if !absence_tells && present(&value).is_empty() {
            return Some(());
        }
        let rank = match role {
            Role::Address if rank > CHOSEN && !is_ip(&value) => (rank | NO_ADDRESS).min(UNTOLD - 1),
            _ => rank,
        };
        match role {
            Role::Time => self.put_time(rank, &value, clock),
            Role::Request => self.put_request(rank, value),
            Role::Query if self.claim(role, rank) => self.query = value,
            Role::Token => {
                let token = credential(value);
                if !token.is_empty() && self.claim(role, rank) {
                    self.record.token = token;
                }
            }
            // Either of two limits may have rejected.
            Role::LimitStatus => role.assign(&mut self.record, value, clock)?,
            Role::Logger => role.assign(&mut self.record, value, clock)?,
            _ if rank >= self.ranks[slot(role)] => {}
            _ => {
                if role.assign(&mut self.record, value, clock).is_some() {
                    self.claim(role, rank);
                }
            }
        }
        Some(())
    }

    /// A stamp with a zone tells the log's own clock even where a finer one gives the moment.
    fn put_time(&mut self, rank: u8, value: &[u8], clock: &mut Clock) {
        let Some(instant) = Role::instant(value, clock) else {
            return;
        };
        if instant.utc_offset_s != 0 {
            self.record.utc_offset_s = instant.utc_offset_s;
        }
        if self.claim(Role::Time, rank) {
            self.record.time_ms = instant.ms;
        }
    }

    /// Takes a moment that was put together from several fields.
    pub(super) fn put_instant(&mut self, instant: Instant) {
        (self.record.time_ms, self.record.utc_offset_s) = (instant.ms, instant.utc_offset_s);
        self.claim(Role::Time, 0);
    }

    fn put_request(&mut self, rank: u8, value: Field<'a>) {
        let (method, target) = request(value);
        if !method.is_empty() && self.claim(Role::Method, rank) {
            self.record.method = method;
        }
        if self.claim(Role::Target, rank) {
            self.record.target = target;
        }
    }

    fn claim(&mut self, role: Role, rank: u8) -> bool {
        let told = &mut self.ranks[slot(role)];
        let wins = rank < *told;
        if wins {
            *told = rank;
        }
        wins
    }

    fn told(&self, role: Role) -> bool {
        self.ranks[slot(role)] != UNTOLD
    }

    /// The record, if time, status and client were told.
    #[inline]
    pub(super) fn finish(mut self) -> Option<Record<'a>> {
        if !self.told(Role::Address) && self.told(Role::ForwardedFor) {
            self.record.address = first_of_list(&self.record.forwarded_for);
        }
        let complete = self.told(Role::Time) && self.told(Role::Status);
        if !complete || self.record.address.is_empty() {
            return None;
        }
        if !self.query.is_empty() && !self.record.target.contains(&b'?') {
            let mark: &[u8] = if self.query.starts_with(b"?") {
                b""
            } else {
                b"?"
            };
            self.record.target = Cow::Owned([&self.record.target, mark, &self.query].concat());
        }
        Some(self.record)
    }
}

/// Durations in different units are told in one place.
fn slot(role: Role) -> usize {
    match role {
        Role::Milliseconds | Role::Microseconds | Role::Nanoseconds => Role::Seconds as usize,
        role => role as usize,
    }
}

fn first_of_list<'a>(list: &Field<'a>) -> Field<'a> {
    let first = |list: &[u8]| list.iter().position(|&b| b == b',').unwrap_or(list.len());
    match list {
        Cow::Borrowed(list) => Cow::Borrowed(&list[..first(list)]),
        Cow::Owned(list) => Cow::Owned(list[..first(list)].to_vec()),
    }
}
