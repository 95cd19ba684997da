//! A record in the making, for formats whose fields come under names and in any order.
//!
//! Several fields of a line may tell the same thing (`client_ip` and `remote_ip`). Each comes with a
//! rank; the lowest that holds a value wins, so the order of the fields never matters.

use super::compound::Compound;
use super::field::{decimal, present};
use super::role::{Role, asked, credential, request, without_last_port};
use super::shape::is_ip;
use crate::record::{Field, Record, Upstream};
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
    /// What tells whether an upstream was asked.
    asked: Option<Field<'a>>,
    /// What stages of a request took together, in microseconds.
    stages_us: Option<u64>,
    /// What tells something together with other fields only.
    compound: Compound<'a>,
    ranks: [u8; Role::COUNT],
}

impl<'a> Draft<'a> {
    pub(super) fn new() -> Self {
        Draft {
            record: Record::default(),
            query: Cow::Borrowed(b""),
            asked: None,
            stages_us: None,
            compound: Compound::default(),
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
            // A `request_time` may be when the request came.
            Role::Seconds if value.get(4) == Some(&b'-') && value.get(13) == Some(&b':') => {
                self.put_time(UNTOLD - 1, &value, clock);
            }
            _ if role.is_of_several() => self.compound.take(role, value),
            Role::AuditStage if &value[..] != b"ResponseComplete" && &value[..] != b"Panic" => {
                return None;
            }
            Role::Query if self.claim(role, rank) => self.query = value,
            Role::Query => {}
            // The status may come only behind it.
            Role::UpstreamAsked if self.claim(role, rank) => self.asked = Some(value),
            Role::UpstreamAsked => {}
            Role::StageSeconds => {
                if let Some(us) = decimal(&value, 1_000_000) {
                    let stages = self.stages_us.get_or_insert(0);
                    *stages = stages.saturating_add(us);
                }
            }
            Role::Token => {
                let token = credential(value);
                if !token.is_empty() && self.claim(role, rank) {
                    self.record.token = token;
                }
            }
            // Either of two limits may have rejected, and either of two results tell more than `Error`.
            Role::LimitStatus | Role::EdgeResult => role.assign(&mut self.record, value, clock)?,
            Role::Logger => role.assign(&mut self.record, value, clock)?,
            _ if rank >= self.ranks[role.slot()] => {}
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
        let told = &mut self.ranks[role.slot()];
        let wins = rank < *told;
        if wins {
            *told = rank;
        }
        wins
    }

    fn told(&self, role: Role) -> bool {
        self.ranks[role.slot()] != UNTOLD
    }

    /// The record, if time, status and client were told.
    #[inline]
    pub(super) fn finish(mut self) -> Option<Record<'a>> {
        self.complete();
        let complete = self.told(Role::Time) && self.told(Role::Status);
        if !complete || self.record.address.is_empty() {
            return None;
        }
        Some(self.whole())
    }

    /// The record of a format string, which has places for all that is needed: a status may be `-` there, of a request
    /// that came to no answer.
    #[inline]
    pub(super) fn finish_placed(mut self) -> Option<Record<'a>> {
        self.complete();
        let asked = self.told(Role::Status) || self.told(Role::Target);
        let complete = self.told(Role::Time) && asked && !self.record.address.is_empty();
        complete.then(|| self.whole())
    }

    /// The record of a format whose lines need not tell the client or, of a request that came to no
    /// answer, a status: if the time was told and what was asked for.
    #[inline]
    pub(super) fn finish_without_client(mut self) -> Option<Record<'a>> {
        self.complete();
        let asked = self.told(Role::Status) || self.told(Role::Method) || self.told(Role::Target);
        (self.told(Role::Time) && asked).then(|| self.whole())
    }

    /// The record of a line with names of anyone's choice: a line that tells no time or no client must
    /// tell at least what was asked for and the answer, or it is anything.
    pub(super) fn finish_request(mut self) -> Option<Record<'a>> {
        let asked = self.told(Role::Method) && self.told(Role::Target) && self.told(Role::Status);
        if asked {
            self.complete();
            Some(self.whole())
        } else {
            self.finish()
        }
    }

    /// The record of a format that is known by the shape of its lines, which need tell no more than a time.
    #[inline]
    pub(super) fn finish_timed(mut self) -> Option<Record<'a>> {
        self.complete();
        self.told(Role::Time).then(|| self.whole())
    }

    /// The record of a row whose columns name a time and a status: it must tell both.
    pub(super) fn finish_timed_answer(mut self) -> Option<Record<'a>> {
        self.complete();
        (self.told(Role::Time) && self.told(Role::Status)).then(|| self.whole())
    }

    /// Takes the moment that the line's envelope tells, where it tells one and the line none.
    pub(super) fn put_envelope_time(&mut self, clock: &mut Clock) {
        if !self.told(Role::Time)
            && let Some(instant) = clock.read_carried()
        {
            self.put_instant(instant);
        }
    }

    /// Takes the moment that the line's envelope tells, where the line has told none.
    pub(super) fn put_carried(&mut self, clock: &mut Clock) {
        if !self.told(Role::Time) {
            self.put_instant(clock.read_carried().unwrap_or_default());
        }
    }

    /// Takes from other fields what the line does not tell by itself.
    fn complete(&mut self) {
        // A firewall's log tells what it did; the answer that it sent by default follows.
        if !self.told(Role::Status)
            && let Some(status) = self.compound.status()
        {
            self.record.status = super::role::status(status).unwrap_or_default();
            self.claim(Role::Status, UNTOLD - 1);
        }
        if self.record.address.is_empty() && self.told(Role::ForwardedFor) {
            self.record.address = first_of_list(&self.record.forwarded_for);
        }
    }

    fn whole(mut self) -> Record<'a> {
        self.record.duration_us = self.record.duration_us.or(self.stages_us);
        if !self.query.is_empty() && !self.record.target.contains(&b'?') {
            let mark: &[u8] = if self.query.starts_with(b"?") {
                b""
            } else {
                b"?"
            };
            self.record.target = Cow::Owned([&self.record.target, mark, &self.query].concat());
        }
        if self.record.host.is_empty()
            && let Some((start, end)) = authority(&self.record.target)
        {
            self.record.host = match &self.record.target {
                Cow::Borrowed(target) => Cow::Borrowed(&target[start..end]),
                Cow::Owned(target) => Cow::Owned(target[start..end].to_vec()),
            };
        }
        if let Some(value) = &self.asked
            && self.record.upstream == Upstream::Unknown
        {
            self.record.upstream = asked(value, self.record.status);
        }
        self.record.upstream = self
            .compound
            .upstream(self.record.upstream, self.record.status);
        self.record.stated = self.record.stated.or(self.compound.states(&self.record));
        self.record
    }
}

/// Where the host stands in a target that is a whole URL: it takes the place of the header (RFC 9112, 3.2.2).
fn authority(target: &[u8]) -> Option<(usize, usize)> {
    let scheme: &[u8] = [&b"http://"[..], b"https://"]
        .into_iter()
        .find(|scheme| target.starts_with(scheme))?;
    let rest = &target[scheme.len()..];
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let host = without_last_port(authority);
    // A name with a user before it is one to be careful with, and what is no name is none.
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:".contains(byte);
    let start = scheme.len() + usize::from(authority.starts_with(b"["));
    (!host.is_empty() && host.iter().all(is_name)).then_some((start, start + host.len()))
}

fn first_of_list<'a>(list: &Field<'a>) -> Field<'a> {
    let first = |list: &[u8]| list.iter().position(|&b| b == b',').unwrap_or(list.len());
    match list {
        Cow::Borrowed(list) => Cow::Borrowed(&list[..first(list)]),
        Cow::Owned(list) => Cow::Owned(list[..first(list)].to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls() {
        for (target, host) in [
            (
                "http://www.example.com:80/a?b=http://c/",
                Some("www.example.com"),
            ),
            ("https://www.example.com", Some("www.example.com")),
            ("https://[2001:db8::7]:443/", Some("2001:db8::7")),
            ("https://ann@www.example.com/", None),
            ("http:///", None),
            ("/http://www.example.com/", None),
            ("www.example.com:443", None),
        ] {
            let found = authority(target.as_bytes()).map(|(start, end)| &target[start..end]);
            assert_eq!(found, host, "{target}");
        }
    }

    #[test]
    fn a_request_time_may_be_a_moment() {
        let mut clock = Clock::new(None);
        for (value, moment, duration) in [
            ("2026-03-10T09:43:00Z", Some(1_773_135_780_000), None),
            ("0.25", None, Some(250_000)),
        ] {
            let mut draft = Draft::new();
            let value = Cow::Borrowed(value.as_bytes());
            draft.put(Role::Seconds, 1, value, &mut clock);
            assert_eq!(draft.record.duration_us, duration);
            assert_eq!(draft.finish_timed().map(|record| record.time_ms), moment);
        }
    }

    #[test]
    fn what_names_the_host_is_believed_before_the_url() {
        let mut clock = Clock::new(None);
        let mut draft = Draft::new();
        for (role, value) in [
            (Role::Time, "2026-03-10T09:43:00Z"),
            (Role::Target, "http://a.example/"),
            (Role::Host, "b.example"),
        ] {
            draft.put(role, 1, Cow::Borrowed(value.as_bytes()), &mut clock);
        }
        let record = draft.finish_timed().unwrap();
        assert_eq!(&record.host[..], b"b.example");
    }
}
