//! HAProxy `option httplog` and `option httpslog`, with or without a syslog header.
//!
//! ```text
//! client:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes
//!   cookie cookie tsc conns queues [{request captures}] [{response captures}] "request" [...]
//! ```
//! Behind the request may stand what a format of the user's own adds: of that, the place of the last rule
//! (`%[last_rule_file]:%[last_rule_line]`) is known by its shape.
//!
//! Source: <https://docs.haproxy.org/3.0/configuration.html#8.2.3>. The date is when the request came
//! in, and is kept as logged. Captures have no names: what each holds is learned from the sample.

use super::field::{
    Parsed, integer, is_method, present, quoted_before, refuse, request_line, size, up_to,
};
use super::role::{Role, without_port};
use super::shape::{is_host_name, is_ip_list, is_user_agent};
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
        let Ok((behind, layout)) = layout(line, clock) else {
            return tcp(line, clock).ok().map(|(_, record)| record);
        };
        let (method, target) = request_line(layout.request);
        let mut record = Record {
            time_ms: layout.time.ms,
            utc_offset_s: layout.time.utc_offset_s,
            status: layout.status,
            address: Cow::Borrowed(present(layout.client)),
            host: Cow::Borrowed(layout.host),
            method,
            target: Cow::Borrowed(target),
            bytes: layout.bytes,
            duration_us: layout.duration_us,
            upstream: layout.upstream(),
            stated: Stated::by(
                Source::Termination,
                layout.termination.get(..2).unwrap_or_default(),
            ),
            ..Record::default()
        };
        let mut words = behind.split(|&byte| byte == b' ');
        if let Some(place) = words.find(|word| is_rule_place(word)) {
            Role::RuleFile.assign(&mut record, Cow::Borrowed(place), clock)?;
        }
        // What formats of users' own capture without braces.
        if let [b' ', b'"', ..] = behind
            && let Ok((_, agent)) = super::field::quoted(&behind[1..])
            && is_user_agent(agent)
        {
            record.user_agent = Cow::Borrowed(agent);
        }
        let captures = layout.captures.split(|&byte| byte == b'|');
        for (value, role) in captures.zip(&self.captures) {
            // What was not captured leaves what the line says elsewhere.
            if let Some(role) = role
                && !present(value).is_empty()
            {
                role.assign(&mut record, Cow::Borrowed(value), clock)?;
            }
        }
        Some(record)
    }
}

/// The fields of a line, as logged.
struct Layout<'a> {
    /// What a format of the user's own has behind the server.
    host: &'a [u8],
    client: &'a [u8],
    time: Instant,
    server: &'a [u8],
    duration_us: Option<u64>,
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
    let (rest, backend) = word(rest)?;
    let server = match memchr::memchr(b'/', backend) {
        Some(slash) => &backend[slash + 1..],
        None => return refuse(),
    };
    let (rest, host, timers) = timers(rest)?;
    // Some relays set the columns.
    let (rest, status) = status(rest.trim_ascii_start())?;
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
    let (rest, request) = request(behind_encryption(rest))?;
    let duration_us = duration(timers);
    let layout = Layout {
        host,
        client,
        time,
        server,
        duration_us,
        status,
        bytes,
        termination,
        captures,
        request,
    };
    Ok((rest, layout))
}

/// A line of `option tcplog`: no request, no status.
///
/// `client:port [date] frontend backend/server Tw/Tc/Tt bytes tsc conns queues`
#[cold]
fn tcp<'a>(line: &'a [u8], clock: &mut Clock) -> Parsed<'a, Record<'a>> {
    let (rest, client) = client(line)?;
    let (rest, stamp) = up_to(b']')(rest)?;
    let Some(time) = clock.read(stamp) else {
        return refuse();
    };
    let (rest, _) = tag(&b" "[..]).parse(rest)?;
    let (rest, _frontend) = word(rest)?;
    let (rest, backend) = word(rest)?;
    let (rest, timers) = word(rest)?;
    let (rest, bytes) = size(rest.strip_prefix(b"+").unwrap_or(rest))?;
    let (rest, _) = tag(&b" "[..]).parse(rest)?;
    let (rest, termination) = word(rest)?;
    let (rest, _connections) = counters(rest, 5)?;
    let slashes = |text: &[u8]| text.iter().filter(|byte| **byte == b'/').count();
    let queues = slashes(rest) == 1 && rest.iter().all(|b| b.is_ascii_digit() || *b == b'/');
    if !backend.contains(&b'/') || slashes(timers) != 2 || termination.len() != 2 || !queues {
        return refuse();
    }
    let record = Record {
        time_ms: time.ms,
        utc_offset_s: time.utc_offset_s,
        address: Cow::Borrowed(present(client)),
        bytes,
        duration_us: duration(timers),
        ..Record::default()
    };
    Ok((b"", record))
}

/// Behind a host name, which some formats have there, the timers.
#[allow(clippy::type_complexity)]
fn timers(input: &[u8]) -> Result<(&[u8], &[u8], &[u8]), nom::Err<()>> {
    let (rest, first) = word(input)?;
    if first.contains(&b'/') {
        return Ok((rest, b"", first));
    }
    let (rest, timers) = word(rest)?;
    match is_host_name(first) && timers.contains(&b'/') {
        true => Ok((rest, first, timers)),
        false => Err(nom::Err::Error(())),
    }
}

/// Behind what a format of the user's own has before the request: the version of TLS and the cipher (`%sslv %sslc`),
/// either of which may be absent.
fn behind_encryption(input: &[u8]) -> &[u8] {
    let is_encryption = |word: &[u8]| {
        word == b"-" || word.starts_with(b"TLS") || word.starts_with(b"SSL") || is_cipher(word)
    };
    let mut rest = input;
    for _ in 0..2 {
        match word(rest) {
            Ok((behind, word)) if !word.starts_with(b"\"") && is_encryption(word) => rest = behind,
            _ => break,
        }
    }
    rest
}

/// `ECDHE-RSA-AES128-GCM-SHA256`, as OpenSSL names those before TLS 1.3.
fn is_cipher(word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-';
    word.len() > 6 && word.contains(&b'-') && word.iter().all(is_part)
}

/// The request in quotes. The closing one is missing where the line was cut at what HAProxy itself or syslog takes
/// (1024 bytes by default, `log ... len`): everything before is there, and of the target what was left of it.
fn request(input: &[u8]) -> Parsed<'_, &[u8]> {
    let whole = quoted_before(input, |rest| matches!(rest.first(), None | Some(b' ')));
    match (whole, input) {
        (Err(_), [b'"', request @ ..]) if !request.contains(&b'"') => cut_request(request),
        (whole, _) => whole,
    }
}

/// A method, and what is asked for as far as it goes.
#[cold]
fn cut_request(request: &[u8]) -> Parsed<'_, &[u8]> {
    let (target, method) = word(request)?;
    let target = target
        .split(|&byte| byte == b' ')
        .next()
        .unwrap_or_default();
    let begins = target.starts_with(b"/") || memmem::find(target, b"://").is_some();
    match is_method(method) && begins && target.len() >= CUT_TARGET {
        true => Ok((b"", &request[..method.len() + 1 + target.len()])),
        false => refuse(),
    }
}

/// Bytes that are left of a target that made its line too long. A short one is of a line that is still being written.
const CUT_TARGET: usize = 64;

/// The client, and the rest behind the `[` of the date. A syslog header ends in `: `.
#[inline]
fn client(line: &[u8]) -> Parsed<'_, &[u8]> {
    // What collects syslog may leave the space behind the tag.
    let line = line.strip_prefix(b" ").unwrap_or(line);
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
    let is_part = |byte: &u8| byte.is_ascii_graphic() && !b"<>\"{}|".contains(byte);
    if address.is_empty() || !address.iter().all(is_part) {
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
fn duration(timers: &[u8]) -> Option<u64> {
    let total = timers.rsplit(|&byte| byte == b'/').next()?;
    let (rest, ms) = integer(total.strip_prefix(b"+").unwrap_or(total)).ok()?;
    rest.is_empty().then(|| ms.saturating_mul(1_000))
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
    } else if is_rule_place(value) {
        Some(Role::RuleFile)
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

/// Whether a word is the place of a rule, `haproxy.cfg:12`. Whatever else has a number behind a colon is a host
/// with its port: a file is known by its path or by how its name ends.
fn is_rule_place(word: &[u8]) -> bool {
    let Some(colon) = memchr::memrchr(b':', word) else {
        return false;
    };
    let (file, line) = (&word[..colon], &word[colon + 1..]);
    let is_file = file.starts_with(b"/") || file.ends_with(b".cfg") || file.ends_with(b".conf");
    is_file && !line.is_empty() && line.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests;
