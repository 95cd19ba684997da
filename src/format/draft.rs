//! A record in the making, for formats whose fields come under names and in any order.
//!
//! Several fields of a line may tell the same thing (`client_ip` and `remote_ip`). Each comes with a
//! rank; the lowest that holds a value wins, so the order of the fields never matters.

use super::compound::Compound;
use super::field::{METHODS, decimal, is_target, present};
use super::role::{Role, asked, credential, request, without_last_port};
use super::shape::{is_ip, is_of_carrier, is_three_decimals, originator};
use crate::record::{Field, Record, Upstream};
use crate::time::{Clock, Instant};
use std::borrow::Cow;

/// Rank of a role that no field has told yet.
const UNTOLD: u8 = u8::MAX;
/// Rank of what the user chose: it is believed whatever it looks like.
const CHOSEN: u8 = 0;
/// Puts the rank of a client that is no address behind all that are: `client` may name a program. So it does with
/// what stands for a request and is none.
const UNLIKELY: u8 = 0x80;

/// A record in the making.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    record: Record<'a>,
    query: Field<'a>,
    /// A day or a time of day, which tells the time together with the other one only.
    part_of_time: Field<'a>,
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
            part_of_time: Cow::Borrowed(b""),
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
            Role::ServingSeconds if value.contains(&b'.') => CHOSEN,
            _ => rank,
        };
        match role {
            Role::Address if !is_ip(&value) => return self.put_client(rank, value, clock),
            // `web-1 | 203.0.113.7 - GET /a`: what stands before the line is none of it.
            Role::Request if value.starts_with(b"| ") => return None,
            Role::AddressPort | Role::Host | Role::HostPort if is_of_carrier(&value) => {
                return None;
            }
            Role::Time => self.put_time(rank, value, clock),
            Role::Request => self.put_request(rank, value),
            // A `request_time` may be when the request came.
            Role::Seconds | Role::Took
                if value.get(4) == Some(&b'-') && value.get(13) == Some(&b':') =>
            {
                self.put_time(UNTOLD - 1, value, clock);
            }
            _ if role.is_of_several() => self.compound.take(role, value),
            Role::AuditStage if &value[..] != b"ResponseComplete" && &value[..] != b"Panic" => {
                return None;
            }
            // `GET / HTTP/1.1` under a name of the target.
            Role::Target
                if value.first().is_some_and(u8::is_ascii_uppercase)
                    && is_whole_request(&value) =>
            {
                self.put_request(rank, value);
            }
            // A `target` may be the name of a module, and that one of Rust's.
            Role::Target if rank != CHOSEN && is_path_of_module(&value) => {}
            Role::Target if rank != CHOSEN && !is_target(&value) && rank & UNLIKELY == 0 => {
                return self.put(role, unlikely(rank), value, clock);
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

    /// Takes a client that is no address: of a list who asked first, else a name behind whatever is an address.
    #[cold]
    fn put_client(&mut self, rank: u8, value: Field<'a>, clock: &mut Clock) -> Option<()> {
        if is_of_carrier(&value) {
            return None;
        }
        let asked_first = match &value {
            Cow::Borrowed(list) if list.contains(&b',') => originator(list),
            _ => None,
        };
        let (rank, client) = match asked_first {
            Some(client) if is_ip(client) => {
                if !self.told(Role::ForwardedFor) {
                    self.record.forwarded_for = value;
                }
                (rank, Cow::Borrowed(client))
            }
            _ => (unlikely(rank), value),
        };
        if rank < self.ranks[Role::Address.slot()]
            && Role::Address
                .assign(&mut self.record, client, clock)
                .is_some()
        {
            self.claim(Role::Address, rank);
        }
        Some(())
    }

    /// A stamp with a zone tells the log's own clock even where a finer one gives the moment.
    fn put_time(&mut self, rank: u8, value: Field<'a>, clock: &mut Clock) {
        // A `requestTime` may be how long it took: so few seconds are no moment.
        const LONGEST_DURATION: usize = 9;
        let took = value.len() <= LONGEST_DURATION && is_three_decimals(&value);
        let instant = match took {
            true => None,
            false => Role::instant(&value, clock),
        };
        match instant {
            Some(instant) => self.put_moment(rank, instant),
            None => self.put_part_of_time(took, value, clock),
        }
    }

    /// A duration, or a day or a time of day: it is the time with the other one, which has a name of its own.
    #[cold]
    fn put_part_of_time(&mut self, took: bool, value: Field<'a>, clock: &mut Clock) {
        if took {
            self.put(Role::Seconds, UNTOLD - 1, value, clock);
            return;
        }
        let is_day =
            |part: &[u8]| matches!(part, [_, _, _, _, b'-' | b'/', _, _, b'-' | b'/', _, _]);
        let is_of_day = |part: &[u8]| matches!(part, [_, _, b':', _, _, b':', _, _, ..]);
        let stamp = match (&self.part_of_time[..], &value[..]) {
            (day, time) | (time, day) if is_day(day) && is_of_day(time) => {
                [day, b" ", time].concat()
            }
            (_, part) if is_day(part) || is_of_day(part) => {
                self.part_of_time = value;
                return;
            }
            _ => return,
        };
        if let Some(instant) = Role::instant(&stamp, clock) {
            self.put_moment(UNTOLD - 1, instant);
        }
    }

    fn put_moment(&mut self, rank: u8, instant: Instant) {
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
        // A `request` may be the number of one.
        let rank = match method {
            b"" if !is_target(&target) => unlikely(rank),
            _ => rank,
        };
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

    /// Whether a time was told.
    pub(super) fn tells_a_time(&self) -> bool {
        self.told(Role::Time)
    }

    /// Whether an answer was told.
    pub(super) fn tells_an_answer(&self) -> bool {
        self.told(Role::Status)
    }

    /// Whether an answer was told, and what it answers.
    pub(super) fn tells_a_request(&self) -> bool {
        self.told(Role::Status) && self.told(Role::Method) && self.told(Role::Target)
    }

    /// Whether a client was told.
    pub(super) fn tells_a_client(&self) -> bool {
        self.told(Role::Address)
    }

    /// The record, if time, status and client were told.
    #[inline]
    pub(super) fn finish(&mut self) -> Option<Record<'a>> {
        self.complete();
        let complete = self.told(Role::Time) && self.told(Role::Status);
        if !complete || self.record.address.is_empty() {
            return None;
        }
        Some(self.whole())
    }

    /// The record of a format string, which has places for all that is needed: a status may be `-` there, of a request
    /// that came to no answer, and a client, of one that no proxy forwarded.
    #[inline]
    pub(super) fn finish_placed(&mut self) -> Option<Record<'a>> {
        self.complete();
        let asked = self.told(Role::Status) || self.told(Role::Target);
        (self.told(Role::Time) && asked).then(|| self.whole())
    }

    /// The record of a format whose lines need not tell the client or, of a request that came to no
    /// answer, a status: if the time was told and what was asked for.
    #[inline]
    pub(super) fn finish_without_client(&mut self) -> Option<Record<'a>> {
        self.complete();
        self.is_timed_request().then(|| self.whole())
    }

    fn is_timed_request(&self) -> bool {
        let asked = self.told(Role::Status) || self.told(Role::Method) || self.told(Role::Target);
        self.told(Role::Time) && asked
    }

    /// The record of a line with names of anyone's choice: a line that tells no time or no client must
    /// tell at least what was asked for and the answer, or when the answer was and how long it took, or it is anything.
    pub(super) fn finish_request(&mut self) -> Option<Record<'a>> {
        let is_timed_answer = self.told(Role::Time) && self.told(Role::Status);
        let tells_more = self.told(Role::Target) || self.record.duration_us.is_some();
        let is_answer = self.told(Role::Status) && self.told(Role::Target);
        let is_served =
            is_answer && (self.told(Role::Address) || self.record.duration_us.is_some());
        if self.tells_a_request() || is_served || is_timed_answer && tells_more {
            self.complete();
            Some(self.whole())
        } else {
            self.finish()
        }
    }

    /// The record of an event of a firewall, which tells who asked for what and maybe neither when nor with what answer.
    pub(super) fn finish_event(&mut self) -> Option<Record<'a>> {
        self.complete();
        let asked = self.told(Role::Target) && (self.told(Role::Method) || self.told(Role::Status));
        (asked && !self.record.address.is_empty()).then(|| self.whole())
    }

    /// The record of a line with the names of a service: one without a time tells what was asked for and the answer.
    pub(super) fn finish_of_service(&mut self) -> Option<Record<'a>> {
        self.complete();
        let answered = self.told(Role::Status) && self.told(Role::Target);
        (self.is_timed_request() || answered).then(|| self.whole())
    }

    /// The record of a format that is known by the shape of its lines, which need tell no more than a time.
    #[inline]
    pub(super) fn finish_timed(&mut self) -> Option<Record<'a>> {
        self.complete();
        self.told(Role::Time).then(|| self.whole())
    }

    /// The record of a row whose columns name a time and a status: it must tell both.
    pub(super) fn finish_timed_answer(&mut self) -> Option<Record<'a>> {
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
        // A firewall's log tells what it did; the answer that it sent by default follows. F5's has a 0 for it.
        if (!self.told(Role::Status) || self.record.status == 0)
            && let Some(status) = self.compound.status()
        {
            self.record.status = super::role::status(status).unwrap_or_default();
            self.claim(Role::Status, UNTOLD - 1);
        }
        if self.record.address.is_empty() && self.told(Role::ForwardedFor) {
            self.record.address = match &self.record.forwarded_for {
                Cow::Borrowed(list) => Cow::Borrowed(originator(list).unwrap_or_default()),
                Cow::Owned(list) => Cow::Owned(originator(list).unwrap_or_default().to_vec()),
            };
        }
    }

    fn whole(&mut self) -> Record<'a> {
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
        if let Some(rule) = self.compound.rule(&self.record) {
            self.record.rule = Some(Box::new(rule));
        }
        std::mem::take(&mut self.record)
    }
}

/// `tower_http::trace`.
fn is_path_of_module(text: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_:".contains(byte);
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(is_part)
        && memchr::memmem::find(text, b"::").is_some()
}

/// Whether a text is a whole request line: method, target and protocol.
fn is_whole_request(text: &[u8]) -> bool {
    let mut words = text.splitn(3, |&byte| byte == b' ');
    let is_known = words.next().is_some_and(|method| METHODS.contains(&method));
    is_known
        && words
            .nth(1)
            .is_some_and(|protocol| protocol.starts_with(b"HTTP/"))
}

/// The rank of what is hardly what its name says: behind all that is, unless the user chose it.
fn unlikely(rank: u8) -> u8 {
    match rank {
        CHOSEN => CHOSEN,
        _ => (rank | UNLIKELY).min(UNTOLD - 1),
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
    // AWS's load balancers write `http://a.example:80-` where nothing was asked for that they could read.
    let authority = match authority.strip_suffix(b"-") {
        Some(read) if without_last_port(read).len() < read.len() => read,
        _ => authority,
    };
    let host = without_last_port(authority);
    // A name with a user before it is one to be careful with, and what is no name is none.
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:".contains(byte);
    let start = scheme.len() + usize::from(authority.starts_with(b"["));
    (!host.is_empty() && host.iter().all(is_name)).then_some((start, start + host.len()))
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
            ("http://www.example.com:80-", Some("www.example.com")),
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

    fn of(fields: &[(Role, u8, &'static str)]) -> Record<'static> {
        let mut clock = Clock::new(None);
        let mut draft = Draft::new();
        for (role, rank, value) in fields {
            draft.put(*role, *rank, Cow::Borrowed(value.as_bytes()), &mut clock);
        }
        draft.finish_timed().unwrap_or_default()
    }

    #[test]
    fn of_a_list_of_clients_the_one_who_asked_first() {
        let time = (Role::Time, 1, "2026-03-10T09:43:00Z");
        for (list, client) in [
            ("203.0.113.7, 127.0.0.1", "203.0.113.7"),
            ("10.0.0.1, 203.0.113.7", "203.0.113.7"),
            ("127.0.0.1, 127.0.0.1", "127.0.0.1"),
        ] {
            let record = of(&[
                time,
                (Role::Address, 1, list),
                (Role::Address, 2, "192.0.2.1"),
            ]);
            assert_eq!(&record.address[..], client.as_bytes());
            assert_eq!(&record.forwarded_for[..], list.as_bytes());
            let record = of(&[time, (Role::ForwardedFor, 1, list)]);
            assert_eq!(&record.address[..], client.as_bytes());
        }
        // Other names with a comma are behind all addresses.
        let record = of(&[
            time,
            (Role::Address, 1, "a, b"),
            (Role::Address, 2, "192.0.2.1"),
        ]);
        assert_eq!(&record.address[..], b"192.0.2.1");
    }

    #[test]
    fn day_and_time_of_day_may_come_apart() {
        let day = (Role::Time, 1, "2026-03-10");
        let time = (Role::Time, 2, "09:43:00.5");
        let whole = (Role::Time, 3, "2026-03-10T09:43:01Z");
        assert_eq!(of(&[day, time]).time_ms, 1_773_135_780_500);
        assert_eq!(of(&[time, day]).time_ms, 1_773_135_780_500);
        assert_eq!(of(&[time, day, whole]).time_ms, 1_773_135_781_000);
        assert_eq!(of(&[whole, time, day]).time_ms, 1_773_135_781_000);
        assert_eq!(of(&[time, time]).time_ms, 0);
    }

    #[test]
    fn a_time_may_be_a_duration() {
        let time = (Role::Time, 2, "2026-03-10T09:43:00Z");
        let record = of(&[(Role::Time, 1, "0.003"), time]);
        assert_eq!(
            (record.time_ms, record.duration_ms()),
            (1_773_135_780_000, Some(3.0))
        );
    }

    #[test]
    fn a_request_may_be_a_number() {
        let time = (Role::Time, 1, "2026-03-10T09:43:00Z");
        let number = (Role::Request, 1, "0x7fad9e44ac00");
        let record = of(&[time, number, (Role::Target, 2, "/a")]);
        assert_eq!(&record.target[..], b"/a");
        assert_eq!(&of(&[time, number]).target[..], b"0x7fad9e44ac00");
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
