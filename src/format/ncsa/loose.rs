//! Lines like NCSA's with a field more or less, as hand-written format strings and a few servers give them.
//!
//! ```text
//! client [ident user] [time] [more]... "METHOD target HTTP/x" [more]... status [bytes] [more]... ["referer" "user agent"] [more]...
//! ```
//!
//! Only an address in front, a request line with its protocol and a status behind it make a line one of these, and
//! only where neither NCSA's parser nor a format with a name takes it. Where two numbers may be the status the line is
//! refused: `$request_length` looks like one. The time may lack its brackets, or be that of what carries the line.

use super::behind::{Behind, KNOWN_ALONE};
use super::front::{Front, behind_quotes, front, split_word};
use super::{Layout, any_headers, any_layout, behind, ends_in_protocol, headers, stamp};
use crate::format::delimiters::Delimiters;
use crate::format::field::{ends_in_escape, is_method, quoted, request_line, size};
use crate::format::role::{Role, without_port};
use crate::format::shape::{is_host_name, is_ip, is_three_decimals};
use crate::format::{BuiltIn, Format, FormatError, gorouter, preset};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::{Clock, Instant};
use std::borrow::Cow;

/// Most fields that are passed over before the request, and as many before the status.
const MOST: usize = 8;

/// Lines that nearly are of NCSA's format.
#[derive(Debug, Clone)]
pub(in crate::format) struct Loose {
    behind: Behind,
}

/// A line's fields.
struct Found<'a> {
    layout: Layout<'a>,
    /// Of the fields that were passed over, the first that is seconds as nginx writes them.
    seconds: &'a [u8],
}

impl BuiltIn for Loose {
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError> {
        let mut clock = Clock::new(settings.timezone);
        let found: Vec<_> = sample
            .iter()
            .filter_map(|line| Some(found(line, &mut clock)?.layout))
            .collect();
        let extras = found.iter().map(|layout| (layout.behind, layout.status));
        Ok(Loose {
            behind: Behind::learn(extras, KNOWN_ALONE),
        })
    }
}

impl Format for Loose {
    fn name(&self) -> String {
        "ncsa_like".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let Found { layout, seconds } = found(line, clock)?;
        let mut record = layout.record();
        if !seconds.is_empty() {
            let _ = Role::Seconds.assign(&mut record, Cow::Borrowed(seconds), clock);
        }
        behind::assign_between(layout.between, &mut record, clock);
        self.behind.assign(layout.behind, &mut record, clock);
        Some(record)
    }
}

/// The fields of a line that no stricter format takes.
fn found<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Found<'a>> {
    let found = layout(line, clock)?;
    // Their clock is one of their own: what it meets is not told of this line.
    let mut clock = Clock::new(None);
    let is_strict = any_layout(line, &mut clock).is_ok() || gorouter::is_named_in(line) || {
        let delimiters = Delimiters::of(line);
        let mut presets = preset::all()
            .iter()
            .filter(|preset| preset.may_read(&delimiters));
        presets.any(|preset| preset.parse(line, &mut clock).is_some())
    };
    (!is_strict).then_some(found)
}

fn layout<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Found<'a>> {
    let Beginning {
        mut front,
        time,
        rest,
    } = beginning(line, clock)?;
    let mut seconds: &[u8] = b"";
    let mut passed_over = |word: &'a [u8]| {
        if seconds.is_empty() && is_three_decimals(word) {
            seconds = word;
        }
    };
    let (rest, request) = request_behind(rest, |word| {
        passed_over(word);
        if front.vhost.is_empty() && is_host_name(word) {
            front.vhost = word;
        }
    })?;
    let may_lack_size = time.is_some();
    let (rest, status, bytes) = answer_behind(rest, may_lack_size, passed_over)?;
    let (behind, between, headers) = any_headers(rest);
    Some(Found {
        layout: Layout {
            front,
            time: match time {
                Some(time) => time,
                None => clock.read_carried().unwrap_or_default(),
            },
            request,
            status,
            bytes,
            between,
            headers,
            behind,
        },
        seconds,
    })
}

/// What stands before the request.
struct Beginning<'a> {
    front: Front<'a>,
    time: Option<Instant>,
    rest: &'a [u8],
}

fn beginning<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Beginning<'a>> {
    if let Ok((rest, front)) = front(line) {
        let (rest, time) = stamp(rest, clock).ok()?;
        return is_ip(front.client).then_some(Beginning {
            front,
            time: Some(time),
            rest,
        });
    }
    let (_, line) = behind_quotes(line);
    if let Some(time) = clientless(line, clock) {
        return Some(time);
    }
    let (client, rest) = split_word(line);
    if !is_ip(client) {
        return None;
    }
    let client = Front {
        client: without_port(client),
        ..Front::default()
    };
    let begun = |front, time, rest| Some(Beginning { front, time, rest });
    if rest.starts_with(b"[") {
        let (rest, time) = stamp(rest, clock).ok()?;
        return begun(client, Some(time), rest);
    }
    // `- ann 10/Oct/2000:13:55:36 -0700 "`, and user or time may not be there.
    let rest = rest.strip_prefix(b"- ")?;
    for (user, rest) in [(&b""[..], rest), split_word(rest)] {
        let front = Front { user, ..client };
        if rest.starts_with(b"[") {
            let (rest, time) = stamp(rest, clock).ok()?;
            return begun(front, Some(time), rest);
        }
        if let Some((time, behind)) = rest.split_first_chunk::<26>()
            && behind.starts_with(b" ")
            && let Some(time) = clock.read_ncsa(time)
        {
            return begun(front, Some(time), behind);
        }
        // `2000-10-10T13:55:36-07:00`, as AWStats takes it.
        let (word, behind) = split_word(rest);
        if word.get(4) == Some(&b'-')
            && let Some(time) = clock.read(word)
        {
            return begun(front, Some(time), behind);
        }
        if rest.starts_with(b"\"") {
            return begun(front, None, rest);
        }
    }
    None
}

/// A line that begins with the request, or with the time and the request: it does not tell who asked.
fn clientless<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Beginning<'a>> {
    let (rest, time) = match line {
        [b'"', ..] => (line, None),
        [b'[', ..] => stamp(line, clock)
            .map(|(rest, time)| (rest, Some(time)))
            .ok()?,
        _ => return None,
    };
    let (behind, _) = quoted_request(rest)?;
    let (word, _) = split_word(behind.trim_ascii_start());
    status(word, true).is_some().then_some(Beginning {
        front: Front::default(),
        time,
        rest,
    })
}

/// The request line behind a few words; each is shown to `passed_over`.
fn request_behind<'a>(
    text: &'a [u8],
    mut passed_over: impl FnMut(&'a [u8]),
) -> Option<(&'a [u8], &'a [u8])> {
    let mut rest = text.trim_ascii_start();
    for _ in 0..=MOST {
        if rest.starts_with(b"\"") {
            return quoted_request(rest);
        }
        if let Some(found) = bare_request(rest) {
            return Some(found);
        }
        let (word, behind) = split_word(rest);
        passed_over(word);
        rest = behind;
    }
    None
}

fn quoted_request(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = text.strip_prefix(b"\"")?;
    let end = memchr::memchr_iter(b'"', body).find(|&end| {
        let request = &body[..end];
        body[end + 1..].starts_with(b" ") && ends_in_protocol(request) && !ends_in_escape(request)
    })?;
    let request = &body[..end];
    let has_method = !request_line(request).0.is_empty();
    has_method.then(|| (&body[end + 1..], request))
}

/// `GET / HTTP/1.1`, three words without quotes.
fn bare_request(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut words = text.splitn(4, |&byte| byte == b' ');
    let (method, target, protocol) = (words.next()?, words.next()?, words.next()?);
    let end = method.len() + target.len() + protocol.len() + 2;
    let (request, rest) = text.split_at_checked(end)?;
    let is_request = is_method(method)
        && method.iter().all(u8::is_ascii_uppercase)
        && (target.starts_with(b"/") || target.starts_with(b"http"))
        && ends_in_protocol(request);
    is_request.then_some((rest, request))
}

/// Status and size behind a few fields, each of which is shown to `passed_over`, and what stands behind them.
fn answer_behind<'a>(
    text: &'a [u8],
    may_lack_size: bool,
    mut passed_over: impl FnMut(&'a [u8]),
) -> Option<(&'a [u8], u16, Option<u64>)> {
    let mut rest = text;
    let mut found = None;
    for place in 0..MOST {
        let Some((field, is_quoted, behind)) = any_field(rest) else {
            break;
        };
        // No status, as Envoy and others write it: what looks like one is something else.
        if place == 0 && !is_quoted && matches!(field, b"0" | b"-") {
            return None;
        }
        let status = status(field, place == 0);
        let answer = status.and_then(|status| {
            let (size_field, _, behind) = any_field(behind)?;
            let (unread, bytes) = size(size_field).ok()?;
            unread.is_empty().then_some((behind, status, bytes))
        });
        match (answer, &found) {
            (Some(answer), _) if place == 0 => return Some(answer),
            (Some(_), Some(_)) => return None,
            (Some(answer), None) => found = Some(answer),
            (None, None) if place == 0 && status.is_some() => {
                let status = status?;
                // Behind it, names with a colon, or seconds as nginx writes them.
                let is_named = || {
                    behind
                        .split(|&byte| byte == b' ')
                        .any(|word| word.ends_with(b":"))
                };
                let took = any_field(behind).filter(|(field, ..)| is_three_decimals(field));
                if let Some((field, false, behind)) = took {
                    passed_over(field);
                    return Some((behind, status, None));
                }
                let is_whole =
                    may_lack_size && (behind.is_empty() || is_named()) || headers(behind).is_ok();
                return is_whole.then_some((behind, status, None));
            }
            // The headers: nothing but what was added stands behind them.
            (None, _) if is_quoted && field != b"-" => break,
            (None, None) => passed_over(field),
            (None, Some(_)) => {}
        }
        rest = behind;
    }
    found
}

/// The next field, whether it stands in quotes, and what stands behind.
fn any_field(text: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let text = text.trim_ascii_start();
    if text.starts_with(b"\"") {
        let (rest, value) = quoted(text).ok()?;
        return Some((value, true, rest));
    }
    let end = memchr::memchr(b' ', text).unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], false, &text[end..]))
}

/// A status: right behind the request any of three digits, further behind only one that servers send.
fn status(field: &[u8], is_first: bool) -> Option<u16> {
    if field.len() != 3 {
        return None;
    }
    let status = crate::format::role::status(field)?;
    let is_sent = matches!(
        status,
        // Registered ones, and those of Laravel (419), nginx (444, 494 to 499) and Cloudflare (52x, 530).
        100..=103 | 200..=208 | 226 | 300..=308 | 400..=419 | 421..=426 | 428 | 429 | 431 | 444 | 451
            | 494..=508 | 510 | 511 | 520..=527 | 530
    );
    (is_sent || is_first && (100..=599).contains(&status)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Option<Record<'_>> {
        Loose::learn(&[line.as_bytes()], &FormatSettings::default())
            .unwrap()
            .parse(line.as_bytes(), &mut Clock::new(None))
    }

    const STAMP: &str = "[10/Oct/2000:13:55:36 -0700]";
    const REQUEST: &str = "\"GET /a?b=c HTTP/1.1\"";
    const HEADERS: &str = "\"http://b/\" \"c d\"";

    #[test]
    fn fields_that_others_do_not_have() {
        for (line, duration_ms, host) in [
            (
                format!("192.0.2.1 - ann {STAMP} {REQUEST} 0.005 403 153 {HEADERS}"),
                Some(5.0),
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} {REQUEST} 0.010 471 403 153 {HEADERS}"),
                Some(10.0),
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} 0.067 0.066 {REQUEST} 403 153 {HEADERS}"),
                Some(67.0),
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} 24891 {REQUEST} 403 153 {HEADERS} 15099834"),
                None,
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} - {REQUEST} 403 153 {HEADERS}"),
                None,
                "",
            ),
            (
                format!(
                    "192.0.2.1 - ann {STAMP} {REQUEST} to: 10.0.0.1:80 403 153 {HEADERS} request_time 0.026"
                ),
                Some(26.0),
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} {REQUEST} \"-\" 403 153 {HEADERS}"),
                None,
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} {REQUEST} \"403\" 153 {HEADERS}"),
                None,
                "",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} GET /a?b=c HTTP/1.1 \"403\" 153 {HEADERS}"),
                None,
                "",
            ),
            (
                format!("www.example.com 192.0.2.1 - ann {STAMP} - {REQUEST} 403 153 {HEADERS}"),
                None,
                "www.example.com",
            ),
            (
                format!("192.0.2.1 - ann {STAMP} www.example.com - {REQUEST} 403 153 {HEADERS}"),
                None,
                "www.example.com",
            ),
            (
                format!("192.0.2.1 - ann 10/Oct/2000:13:55:36 -0700 {REQUEST} 403 153 {HEADERS}"),
                None,
                "",
            ),
            (
                format!("192.0.2.1 - ann {REQUEST} 403 153 {HEADERS}"),
                None,
                "",
            ),
        ] {
            let record = read(&line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                (
                    &record.address[..],
                    &record.user[..],
                    record.method,
                    &record.target[..]
                ),
                (&b"192.0.2.1"[..], &b"ann"[..], &b"GET"[..], &b"/a?b=c"[..]),
                "{line}"
            );
            assert_eq!((record.status, record.bytes), (403, Some(153)), "{line}");
            assert_eq!(
                (&record.referer[..], &record.user_agent[..]),
                (&b"http://b/"[..], &b"c d"[..]),
                "{line}"
            );
            assert_eq!(
                (record.duration_ms(), &record.host[..]),
                (duration_ms, host.as_bytes()),
                "{line}"
            );
            let has_time = line.contains("2000");
            assert_eq!(
                record.time_ms,
                if has_time { 971_211_336_000 } else { 0 },
                "{line}"
            );
        }
    }

    #[test]
    fn fields_that_are_not_there() {
        for (line, bytes, user_agent) in [
            (format!("192.0.2.1 {STAMP} {REQUEST} 403"), None, ""),
            (
                format!("192.0.2.1 {STAMP} {REQUEST} 403 153 1122 0.112 0.112 {HEADERS}"),
                Some(153),
                "c d",
            ),
            (
                format!("192.0.2.1 - - {STAMP} {REQUEST} 403 {HEADERS}"),
                None,
                "c d",
            ),
            (format!("192.0.2.1 - {REQUEST} 403 153"), Some(153), ""),
            (
                format!("192.0.2.1 - - 10/Oct/2000:13:55:36 -0700 {REQUEST} 403 153 -"),
                Some(153),
                "",
            ),
        ] {
            let record = read(&line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((record.status, record.bytes), (403, bytes), "{line}");
            assert_eq!(record.user_agent, user_agent.as_bytes(), "{line}");
        }
    }

    #[test]
    fn what_is_in_doubt_is_refused() {
        for line in [
            // Either may be the status.
            format!("192.0.2.1 - - {STAMP} {REQUEST} 0.005 403 404 153 {HEADERS}"),
            format!("192.0.2.1 - - {STAMP} {REQUEST} 0 DC \"-\" 403 153 {HEADERS}"),
            format!("192.0.2.1 - - {STAMP} {REQUEST} 0.005 471 153 {HEADERS}"),
            // Broken off.
            format!("192.0.2.1 - - {STAMP} {REQUEST} 403"),
            format!("192.0.2.1 - {REQUEST} 403"),
            // No request, or of nobody.
            format!("192.0.2.1 - - {STAMP} - \"hello\" 0.005 403 153 {HEADERS}"),
            format!("host - - {STAMP} {REQUEST} 0.005 403 153 {HEADERS}"),
            format!("Mar 10 09:43:00 192.0.2.1 - - {STAMP} {REQUEST} 0.005 403 153 {HEADERS}"),
            // Others' lines.
            format!("192.0.2.1 - - {STAMP} {REQUEST} 403 153 {HEADERS}"),
            format!("192.0.2.1 {STAMP} {REQUEST} 403 153 {HEADERS}"),
        ] {
            assert_eq!(read(&line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line: Vec<u8>, text in "[ -~]{0,20}|[0-9 \"-]{0,20}", place in 0usize..8) {
            let loose = Loose::learn(&[], &FormatSettings::default()).unwrap();
            loose.parse(&line, &mut Clock::new(None));
            let mut fields = ["192.0.2.1", "- -", STAMP, "0.005", REQUEST, "0.005", "403 153", HEADERS].map(str::to_owned);
            fields[place] = text;
            read(&fields.join(" "));
        }
    }
}
