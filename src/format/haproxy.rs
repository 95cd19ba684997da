//! HAProxy `option httplog` and `option httpslog`, with or without a syslog header.
//!
//! ```text
//! client:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes
//!   cookie cookie tsc conns queues [{request captures}] [{response captures}] "request" [...]
//! ```
//!
//! Source: <https://docs.haproxy.org/3.0/configuration.html#8.2.3>. The date is when the request came
//! in, and is kept as logged. Captures have no names: what each holds is learned from the sample.

use super::field::{Parsed, integer, quoted_before, refuse, request_line, size, up_to};
use super::role::{Role, without_port};
use super::shape::{is_host_name, is_ip_list};
use super::{BuiltIn, Format, FormatError};
use crate::record::{Record, Upstream};
use crate::settings::FormatSettings;
use crate::stated::{Source, Stated};
use crate::time::{Clock, Instant};
use memchr::memmem;
use nom::Parser;
use nom::bytes::complete::{tag, take};
use std::borrow::Cow;

/// HAProxy's HTTP log, with the meaning of the captures.
#[derive(Debug, Clone)]
pub(super) struct Haproxy {
    captures: Vec<Option<Role>>,
}

impl BuiltIn for Haproxy {
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError> {
        let mut clock = Clock::new(settings.timezone);
        let captures: Vec<_> = sample
            .iter()
            .filter_map(|line| Some(layout(line, &mut clock).ok()?.1.captures))
            .filter(|captures| !captures.is_empty())
            .collect();
        Ok(Haproxy {
            captures: roles_of_captures(&captures),
        })
    }
}

impl Format for Haproxy {
    fn name(&self) -> String {
        "haproxy.http".to_owned()
    }

    #[inline]
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let (_, layout) = layout(line, clock).ok()?;
        let (method, target) = request_line(layout.request);
        let mut record = Record {
            time_ms: layout.time.ms,
            utc_offset_s: layout.time.utc_offset_s,
            status: layout.status,
            address: Cow::Borrowed(layout.client),
            method,
            target: Cow::Borrowed(target),
            bytes: layout.bytes,
            duration_ms: layout.duration_ms,
            upstream: layout.upstream(),
            stated: Stated::by(
                Source::Termination,
                layout.termination.get(..2).unwrap_or_default(),
            ),
            ..Record::default()
        };
        let captures = layout.captures.split(|&byte| byte == b'|');
        for (value, role) in captures.zip(&self.captures) {
            if let Some(role) = role {
                role.assign(&mut record, Cow::Borrowed(value), clock)?;
            }
        }
        Some(record)
    }
}

/// The fields of a line, as logged.
struct Layout<'a> {
    client: &'a [u8],
    time: Instant,
    server: &'a [u8],
    duration_ms: Option<u32>,
    status: u16,
    bytes: Option<u64>,
    termination: &'a [u8],
    captures: &'a [u8],
    request: &'a [u8],
}

impl Layout<'_> {
    /// The answer is the server's unless there was none, or the proxy ended the session itself
    /// (`P`, `L`) while the server's answer passed through.
    fn upstream(&self) -> Upstream {
        match (self.server, self.termination.first()) {
            (b"<NOSRV>" | b"<STATS>", _) => Upstream::NotAsked,
            (_, Some(b'P' | b'L')) => Upstream::Unknown,
            _ if self.status == 0 => Upstream::Unknown,
            _ => Upstream::Status(self.status),
        }
    }
}

#[inline]
fn layout<'a>(line: &'a [u8], clock: &mut Clock) -> Parsed<'a, Layout<'a>> {
    let (rest, client) = client(line)?;
    let (rest, stamp) = up_to(b']')(rest)?;
    let Some(time) = clock.read(stamp) else {
        return refuse();
    };
    let (rest, _) = tag(&b" "[..]).parse(rest)?;
    let (rest, _frontend) = word(rest)?;
    let (rest, _backend) = up_to(b'/')(rest)?;
    let (rest, server) = word(rest)?;
    let (rest, timers) = word(rest)?;
    let (rest, status) = status(rest)?;
    let (rest, bytes) = size(rest.strip_prefix(b"+").unwrap_or(rest))?;
    let (rest, _) = tag(&b" "[..]).parse(rest)?;
    let (rest, _request_cookie) = word(rest)?;
    let (rest, _response_cookie) = word(rest)?;
    let (rest, termination) = take(4usize).parse(rest)?;
    let (rest, _) = tag(&b" "[..]).parse(rest)?;
    let (rest, _connections) = counters(rest, 5)?;
    let (rest, _queues) = counters(rest, 2)?;
    let (rest, captures) = captures(rest)?;
    let (rest, _response_captures) = self::captures(rest)?;
    let (rest, request) = quoted_before(rest, |rest| matches!(rest.first(), None | Some(b' ')))?;
    let duration_ms = duration(timers);
    let layout = Layout {
        client,
        time,
        server,
        duration_ms,
        status,
        bytes,
        termination,
        captures,
        request,
    };
    Ok((rest, layout))
}

/// The client, and the rest behind the `[` of the date. A syslog header ends in `: `.
#[inline]
fn client(line: &[u8]) -> Parsed<'_, &[u8]> {
    // The bracket of `haproxy[123]` follows no space.
    let Some(end) = memmem::find(line, b" [") else {
        return refuse();
    };
    let (head, rest) = (&line[..end], &line[end + 2..]);
    let client = match head.iter().rposition(|&byte| byte == b' ') {
        None => head,
        Some(space) if head[..space].ends_with(b":") => &head[space + 1..],
        Some(_) => return refuse(),
    };
    let address = match client.iter().rposition(|&byte| byte == b':') {
        // IPv6 comes without brackets, so the port is what follows the last colon.
        Some(colon) if !client.starts_with(b"unix:") && !client.starts_with(b"[") => {
            &client[..colon]
        }
        Some(_) => without_port(client),
        None => return refuse(),
    };
    if address.is_empty() {
        refuse()
    } else {
        Ok((rest, address))
    }
}

/// Up to the next space, which is consumed too; not empty.
#[inline]
fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    match up_to(b' ')(input)? {
        (_, b"") => refuse(),
        found => Ok(found),
    }
}

/// `403 ` or, when the client went away first, `-1 `.
fn status(input: &[u8]) -> Parsed<'_, u16> {
    let (input, text) = word(input)?;
    match text {
        b"-1" => Ok((input, 0)),
        _ => match super::field::status(text)? {
            (b"", status) => Ok((input, status)),
            _ => refuse(),
        },
    }
}

/// The total time, last of the timers; `+` marks one logged before the end, `-1` an aborted one.
fn duration(timers: &[u8]) -> Option<u32> {
    let total = timers.rsplit(|&byte| byte == b'/').next()?;
    let (rest, ms) = integer(total.strip_prefix(b"+").unwrap_or(total)).ok()?;
    if rest.is_empty() {
        u32::try_from(ms).ok()
    } else {
        None
    }
}

/// So many numbers with slashes between, and a space: what no other format has.
fn counters(input: &[u8], count: usize) -> Parsed<'_, ()> {
    let (rest, text) = word(input)?;
    let is_counter =
        |part: &[u8]| !part.is_empty() && part.iter().all(|b| b.is_ascii_digit() || *b == b'+');
    let mut parts = text.split(|&byte| byte == b'/');
    let fits = parts
        .by_ref()
        .take(count)
        .filter(|part| is_counter(part))
        .count()
        == count;
    if fits && parts.next().is_none() {
        Ok((rest, ()))
    } else {
        refuse()
    }
}

/// `{a|b} `, or nothing. A brace within is logged as `#7D`.
fn captures(input: &[u8]) -> Parsed<'_, &[u8]> {
    let [b'{', body @ ..] = input else {
        return Ok((input, b""));
    };
    let (rest, captures) = up_to(b'}')(body)?;
    let (rest, _) = tag(&b" "[..]).parse(rest)?;
    Ok((rest, captures))
}

/// What each capture holds, by what most sampled lines have in its place.
fn roles_of_captures(samples: &[&[u8]]) -> Vec<Option<Role>> {
    let mut votes: Vec<Vec<Role>> = Vec::new();
    for captures in samples {
        for (place, value) in captures.split(|&byte| byte == b'|').enumerate() {
            if votes.len() <= place {
                votes.push(Vec::new());
            }
            votes[place].extend(shape(value));
        }
    }
    let mut roles: Vec<Option<Role>> = Vec::new();
    for votes in &votes {
        let most =
            |role: &Role| 2 * votes.iter().filter(|vote| *vote == role).count() > votes.len();
        let role = votes.iter().copied().find(|role| most(role));
        roles.push(role.filter(|role| !roles.contains(&Some(*role))));
    }
    roles
}

/// What a header with this value is likely to be.
fn shape(value: &[u8]) -> Option<Role> {
    if matches!(value, b"" | b"-") {
        None
    } else if is_host_name(value) {
        Some(Role::Host)
    } else if is_ip_list(value) {
        Some(Role::ForwardedFor)
    } else if value.starts_with(b"http://") || value.starts_with(b"https://") {
        Some(Role::Referer)
    } else {
        Some(Role::UserAgent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Option<Record<'_>> {
        let haproxy = Haproxy::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        haproxy.parse(line.as_bytes(), &mut Clock::new(None))
    }

    const TAIL: &str = "[06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu|curl} {} \"GET /index.html HTTP/1.1\"";

    #[test]
    fn clients_with_and_without_header() {
        for (front, client) in [
            ("10.0.1.2:33317", "10.0.1.2"),
            (
                "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317",
                "10.0.1.2",
            ),
            (
                "<134>1 2009-02-06T12:14:14Z lb haproxy 14389 - - haproxy: 2001:db8::1:33317",
                "2001:db8::1",
            ),
            ("unix:1", "unix:1"),
        ] {
            let line = format!("{front} {TAIL}");
            let record = read(&line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(&record.address[..], client.as_bytes());
            assert_eq!(
                (record.time_ms, record.duration_ms),
                (1_233_922_454_655, Some(109))
            );
            assert_eq!(
                (&record.host[..], &record.user_agent[..]),
                (&b"1wt.eu"[..], &b"curl"[..])
            );
            assert_eq!((record.status, record.bytes), (200, Some(2750)));
            assert_eq!(record.upstream, Upstream::Status(200));
        }
    }

    #[test]
    fn who_answered() {
        for (server, termination, upstream) in [
            ("<NOSRV>", "PR--", Upstream::NotAsked),
            ("srv1", "----", Upstream::Status(200)),
            ("srv1", "PH--", Upstream::Unknown),
            ("srv1", "CD--", Upstream::Status(200)),
        ] {
            let line = format!("10.0.1.2:1 {TAIL}")
                .replace("srv1", server)
                .replace("----", termination);
            assert_eq!(read(&line).unwrap().upstream, upstream, "{line}");
        }
    }

    #[test]
    fn odd_lines() {
        let line = format!("10.0.1.2:1 {TAIL}");
        let aborted = line
            .replace(" 200 2750", " -1 +0")
            .replace("/109 ", "/+109 ");
        assert_eq!(
            read(&aborted).map(|r| (r.status, r.duration_ms)),
            Some((0, Some(109)))
        );
        let broken = line.replace("GET /index.html HTTP/1.1", "<BADREQ>");
        assert_eq!(
            read(&broken).map(|r| (r.method.len(), r.target.len())),
            Some((0, 8))
        );
        let https = format!("{line} 0/0000/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384");
        assert!(read(&https).is_some());
        for torn in [
            "",
            "haproxy[1]: Server x is DOWN.",
            "10.0.1.2:1 [06/Feb/2009:12:14:14.655] in/1: SSL handshake failure",
        ] {
            assert_eq!(read(torn), None, "{torn}");
        }
        for end in 0..line.len() {
            assert_eq!(read(&line[..end]), None, "{}", &line[..end]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(cut in 0usize..150, junk: Vec<u8>) {
            let mut line = format!("10.0.1.2:1 {TAIL}").into_bytes();
            line.truncate(cut);
            line.extend(junk);
            let haproxy = Haproxy::learn(&[&line], &FormatSettings::default()).unwrap();
            haproxy.parse(&line, &mut Clock::new(None));
        }
    }
}
