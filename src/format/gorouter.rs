//! Cloud Foundry: its router, and the nginx before its Cloud Controller. The host comes first, the client behind.
//!
//! ```text
//! host - [time] "request" status received sent "referer" "user agent" "client:port" "backend:port"
//!   x_forwarded_for:"..." x_forwarded_proto:"..." vcap_request_id:"..." response_time:seconds ...
//! host - [time] "request" status sent "referer" "user agent" X-Forwarded-For vcap_request_id:... response_time:seconds
//! ```
//!
//! Sources: <https://github.com/cloudfoundry/gorouter#access-log>, and the `log_format` of the Cloud Controller's
//! nginx (`cloud_controller_ng` of capi-release). The client is the first of `X-Forwarded-For` that is of no private
//! network, else who connected to the router.

use super::field::{Parsed, present, quoted, quoted_before, refuse, size, status, up_to};
use super::role::{Role, asked, without_last_port};
use super::shape::{originator, public_of};
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::{Clock, Instant};
use memchr::memmem;
use nom::Parser;
use nom::bytes::complete::tag;
use std::borrow::Cow;

/// Cloud Foundry's lines.
#[derive(Debug, Clone)]
pub(super) struct Gorouter;

impl BuiltIn for Gorouter {
    fn learn(_: &[&[u8]], _: &FormatSettings) -> Result<Self, FormatError> {
        Ok(Gorouter)
    }
}

impl Format for Gorouter {
    fn name(&self) -> String {
        "gorouter".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let named = request_id_in(line)?;
        let (rest, host) = host(line).ok()?;
        let (rest, time) = stamp(rest, clock).ok()?;
        let mut record = Record {
            time_ms: time.ms,
            utc_offset_s: time.utc_offset_s,
            host: Cow::Borrowed(without_last_port(host)),
            ..Record::default()
        };
        let (rest, request) = quoted_before(rest, |rest| answer(rest).is_ok()).ok()?;
        Role::Request.assign(&mut record, Cow::Borrowed(request), clock)?;
        let (rest, (status, bytes)) = answer(rest).ok()?;
        (record.status, record.bytes) = (status, bytes);
        let (rest, referer) = spaced(rest).ok()?;
        let (rest, user_agent) = spaced(rest).ok()?;
        record.referer = Cow::Borrowed(present(referer));
        record.user_agent = Cow::Borrowed(present(user_agent));
        let peer = match spaced(rest).and_then(|(rest, peer)| Ok((spaced(rest)?, peer))) {
            Ok(((_, backend), peer)) => {
                record.upstream = asked(backend, record.status);
                without_last_port(peer)
            }
            // The Cloud Controller's: a list without quotes, up to the first name.
            Err(_) => {
                let length = named.checked_sub(line.len() - rest.len())?;
                record.forwarded_for = Cow::Borrowed(present(rest.get(..length)?.trim_ascii()));
                b""
            }
        };
        for (name, value) in Named(rest) {
            match name {
                b"x_forwarded_for" => record.forwarded_for = Cow::Borrowed(present(value)),
                // It is `-` where nobody answered.
                b"response_time" => {
                    let _ = Role::Seconds.assign(&mut record, Cow::Borrowed(value), clock);
                }
                b"vcap_request_id" => Role::Id.assign(&mut record, Cow::Borrowed(value), clock)?,
                _ => {}
            }
        }
        let Cow::Borrowed(list) = record.forwarded_for else {
            return None;
        };
        let client = match present(peer) {
            b"" => originator(list).unwrap_or_default(),
            peer => public_of(list).unwrap_or(peer),
        };
        record.address = Cow::Borrowed(client);
        Some(record)
    }
}

/// Whether a line, or what stands behind its size, is of Cloud Foundry.
pub(super) fn is_named_in(text: &[u8]) -> bool {
    request_id_in(text).is_some()
}

/// Where the request's id stands, which every line names so and few others do.
fn request_id_in(text: &[u8]) -> Option<usize> {
    memmem::find(text, b" vcap_request_id:")
}

/// The host, which nothing precedes but what the platform's own logs put there: `... [RTR/0] OUT host - `.
fn host(line: &[u8]) -> Parsed<'_, &[u8]> {
    let Some(end) = memmem::find(line, b" - [") else {
        return refuse();
    };
    let (before, rest) = (&line[..end], &line[end + 3..]);
    let start = memchr::memrchr(b' ', before).map_or(0, |space| space + 1);
    let is_carried = memmem::find(before, b"[RTR/").is_some();
    if start == before.len() || start > 0 && !is_carried {
        return refuse();
    }
    Ok((rest, &before[start..]))
}

/// `[2026-03-10T09:43:00.123456789Z] `.
fn stamp<'a>(input: &'a [u8], clock: &mut Clock) -> Parsed<'a, Instant> {
    let (input, _) = tag(&b"["[..]).parse(input)?;
    let (input, stamp) = up_to(b']')(input)?;
    let (input, _) = tag(&b" "[..]).parse(input)?;
    match clock.read(&month_first(stamp)) {
        Some(instant) => Ok((input, instant)),
        None => refuse(),
    }
}

/// Older routers wrote the day as a number too, before the month: `25/02/2026:09:43:00 +0000` is shown as other stamps
/// with two numbers are.
fn month_first(stamp: &[u8]) -> Cow<'_, [u8]> {
    match *stamp {
        [d, dd, b'/', m, mm, b'/', ref rest @ ..] if m.is_ascii_digit() => {
            Cow::Owned([&[m, mm, b'/', d, dd, b'/'], rest].concat())
        }
        _ => Cow::Borrowed(stamp),
    }
}

/// ` 200 0 153`: status, bytes received and sent, or ` 200 153`. Without an answer the status is `"-"`.
fn answer(input: &[u8]) -> Parsed<'_, (u16, Option<u64>)> {
    let (input, _) = tag(&b" "[..]).parse(input)?;
    let (input, status) = match input.strip_prefix(b"\"-\"") {
        Some(rest) => (rest, 0),
        None => status(input)?,
    };
    let (input, _) = tag(&b" "[..]).parse(input)?;
    let (rest, first) = size(input)?;
    let second = rest.strip_prefix(b" ").map(size);
    match second {
        Some(Ok((rest, second))) => Ok((rest, (status, second))),
        _ => Ok((rest, (status, first))),
    }
}

/// A field in quotes, behind a space.
fn spaced(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (input, _) = tag(&b" "[..]).parse(input)?;
    quoted(input)
}

/// `name:value` and `name:"value"`, with spaces between; others are passed over.
struct Named<'a>(&'a [u8]);

impl<'a> Iterator for Named<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = self.0.trim_ascii_start();
            let end = text.iter().position(|byte| b" :\"".contains(byte))?;
            let (name, behind) = text.split_at(end);
            let Some(value) = behind.strip_prefix(b":") else {
                let word = memchr::memchr(b' ', text)?;
                self.0 = &text[word..];
                continue;
            };
            let (rest, value) = match quoted(value) {
                Ok(read) => read,
                Err(_) => {
                    let end = memchr::memchr(b' ', value).unwrap_or(value.len());
                    (&value[end..], &value[..end])
                }
            };
            self.0 = rest;
            return Some((name, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_client_is_behind_the_proxies() {
        for (peer, list, client) in [
            ("10.0.0.1:5000", "203.0.113.7, 10.0.0.1", "203.0.113.7"),
            ("10.0.0.1:5000", "10.0.0.9, 10.0.0.1", "10.0.0.1"),
            ("203.0.113.9:5000", "-", "203.0.113.9"),
        ] {
            let line = format!(
                "a.example:443 - [2026-03-10T09:43:00.123456789Z] \"GET /a HTTP/1.1\" \"-\" 7 8 \"-\" \"b\" \"{peer}\" \"-\" x_forwarded_for:\"{list}\" vcap_request_id:\"c\" response_time:5.001"
            );
            let record = Gorouter
                .parse(line.as_bytes(), &mut Clock::new(None))
                .unwrap();
            assert_eq!(record.address, client.as_bytes(), "{line}");
            assert_eq!(
                (&record.host[..], record.status, record.bytes),
                (&b"a.example"[..], 0, Some(8))
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line: Vec<u8>, text in "[ -~]{0,20}", place in 0usize..8) {
            Gorouter.parse(&line, &mut Clock::new(None));
            let good = ["a", "-", "[2026-03-10T09:43:00Z]", "\"GET / HTTP/1.1\"", "200 0 1", "\"-\" \"b\"", "\"c:1\" \"-\"", "vcap_request_id:\"d\""];
            let mut fields = good.map(str::to_owned);
            fields[place] = text;
            Gorouter.parse(fields.join(" ").as_bytes(), &mut Clock::new(None));
        }
    }
}
