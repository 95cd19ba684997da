//! IIS's lines without a directive in sight, read by the shapes of their fields.
//!
//! IIS writes the fields that its administrator chose, always in one order
//! (<https://learn.microsoft.com/en-us/iis/configuration/system.applicationhost/sites/site/logfile/>):
//!
//! ```text
//! date time [site] [computer] [server] method stem query port user client [version] [agent] [cookie] [referer] [host]
//!   status substatus win32 [sent received] [taken] [fields of one's own]...
//! ```
//!
//! Method, client and the three numbers of the answer are found by what they look like; what stands between
//! them follows from the order.

use super::Moment;
use crate::format::draft::Draft;
use crate::format::field::is_method;
use crate::format::role::Role;
use crate::format::shape::{is_host_name, is_ip_list};
use crate::record::Record;
use crate::time::Clock;
use std::borrow::Cow;

/// Most fields of a line that are looked at.
const MOST: usize = 48;

/// The record of a line; `None` where it is none of IIS's.
pub(super) fn read<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
    let mut all = [&b""[..]; MOST];
    let mut count = 0;
    for (place, word) in all.iter_mut().zip(line.split(|&byte| byte == b' ')) {
        *place = word;
        count += 1;
    }
    let words = all.get(..count)?;
    let (&[date, time], rest) = words.split_first_chunk()?;
    if date.len() != 10 || time.get(2) != Some(&b':') {
        return None;
    }
    // A computer's name in capitals looks like a method, too, but no path follows it.
    let is_asked_for =
        |pair: &[&[u8]]| matches!(pair, [word, stem] if is_asked(word) && is_stem(stem));
    let method = rest.windows(2).take(4).position(is_asked_for)?;
    let (&[method, stem, query, port, user, client], rest) =
        rest.get(method..)?.split_first_chunk()?;
    let (headers, answer) = rest.split_at(rest.windows(3).take(6).position(is_answer)?);
    let (&[status, substatus, _win32], behind) = answer.split_first_chunk()?;
    if !is_number(port) || !(client == b"-" || is_client(client)) {
        return None;
    }
    let moment = Moment {
        date,
        time,
        local: false,
    };
    let headers = Headers::of(headers);
    let mut draft = Draft::new();
    draft.put_instant(moment.read(clock)?);
    for (role, value) in [
        (Role::Method, method),
        (Role::Target, stem),
        (Role::Query, query),
        (Role::User, user),
        (Role::Address, client),
        (Role::Status, status),
        (Role::Substatus, substatus),
        (Role::Referer, headers.referer),
        (Role::Host, headers.host),
    ]
    .into_iter()
    .chain(told_behind(behind))
    {
        draft.put(role, 1, Cow::Borrowed(value), clock)?;
    }
    draft.put(Role::UserAgent, 1, super::unescaped(headers.agent), clock)?;
    draft.finish_timed()
}

/// Header fields of a request, as far as they are logged.
#[derive(Debug, Default)]
struct Headers<'a> {
    agent: &'a [u8],
    referer: &'a [u8],
    host: &'a [u8],
}

impl<'a> Headers<'a> {
    /// Of cookie, referer and host any may be missing; what is there tells which.
    fn of(words: &[&'a [u8]]) -> Self {
        let words = match words {
            [version, rest @ ..] if version.starts_with(b"HTTP/") => rest,
            words => words,
        };
        let Some((agent, others)) = words.split_first() else {
            return Headers::default();
        };
        let is_url = |word: &&&[u8]| memchr::memmem::find(word, b"://").is_some();
        let is_host = |word: &&&[u8]| is_host_name(word) || word.starts_with(b"localhost");
        let last = others.last().filter(is_host).copied();
        let referer = match *others {
            [_cookie, referer, _host] => Some(referer),
            _ => others.iter().rev().find(is_url).copied(),
        };
        Headers {
            agent,
            referer: referer.unwrap_or_default(),
            host: last.unwrap_or_default(),
        }
    }
}

/// What stands behind the answer: bytes sent and received, the time taken, and perhaps the addresses that
/// proxies told.
fn told_behind<'a>(words: &[&'a [u8]]) -> Vec<(Role, &'a [u8])> {
    let numbers = words.iter().take_while(|word| is_number(word)).count();
    let mut told = Vec::new();
    match *words {
        [sent, _received, taken, ..] if numbers >= 3 => {
            told.extend([(Role::Bytes, sent), (Role::TimeTaken, taken)]);
        }
        [taken, ..] if numbers == 1 => told.push((Role::TimeTaken, taken)),
        // Of two numbers nothing tells whether they are bytes or a time and something else.
        _ => {}
    }
    let list = words.iter().skip(numbers).find(|word| is_ip_list(word));
    told.extend(list.map(|list| (Role::ForwardedFor, *list)));
    told
}

/// A method; a status or a name of a computer is none.
fn is_asked(word: &[u8]) -> bool {
    is_method(word) && word.len() >= 3 && word.iter().all(u8::is_ascii_uppercase)
}

fn is_stem(word: &[u8]) -> bool {
    word.starts_with(b"/") || matches!(word, b"-" | b"*")
}

/// Status, substatus and the code of Windows.
fn is_answer(words: &[&[u8]]) -> bool {
    let [status, substatus, win32] = words else {
        return false;
    };
    let is_status = matches!(status, [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9']);
    is_status && is_number(substatus) && is_number(win32)
}

fn is_number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

/// An address, with the zone that IIS writes behind link-local ones: `fe80::1%3`.
fn is_client(word: &[u8]) -> bool {
    let address = word.split(|&byte| byte == b'%').next().unwrap_or_default();
    let address = std::str::from_utf8(address).unwrap_or_default();
    address.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method, target, status, address, bytes, duration, referer, host, agent and addresses of proxies.
    fn told(line: &str) -> Option<String> {
        let record = read(line.as_bytes(), &mut Clock::new(None))?;
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        Some(format!(
            "{} {} {} {} {:?} {:?} {:?} {:?} {:?} {:?}",
            text(record.method),
            text(&record.target),
            record.status,
            text(&record.address),
            record.bytes,
            record.duration_ms(),
            text(&record.referer),
            text(&record.host),
            text(&record.user_agent),
            text(&record.forwarded_for),
        ))
    }

    #[test]
    fn whatever_its_administrator_chose() {
        for (line, expected) in [
            (
                "2026-01-01 08:00:00 10.0.0.1 GET /a q=1 443 - 192.0.2.1 agent/1 - 403 6 0 17",
                r#"GET /a?q=1 403 192.0.2.1 None Some(17.0) "" "" "agent/1" """#,
            ),
            (
                "2026-01-01 08:00:00 10.0.0.1 GET /a - 80 - 192.0.2.1 - 200 0 0 15",
                r#"GET /a 200 192.0.2.1 None Some(15.0) "" "" "" """#,
            ),
            (
                "2026-01-01 08:00:00 W3SVC1 HOST1 fe80::1%3 POST /b - 444 ann fe80::2%3 HTTP/1.1 a+b sid=1 https://c/ www.example.com 200 0 0 100 200 3 203.0.113.9,198.51.100.2 36391",
                r#"POST /b 200 fe80::2%3 Some(100) Some(3.0) "https://c/" "www.example.com" "a b" "203.0.113.9,198.51.100.2""#,
            ),
            (
                "2026-01-01 08:00:00 W3SVC1 WILLOW 10.0.0.1 GET /a - 80 - 192.0.2.1 a/1 - www.example.com 200 0 0 15",
                r#"GET /a 200 192.0.2.1 None Some(15.0) "" "www.example.com" "a/1" """#,
            ),
            (
                "2026-01-01 08:00:00 10.0.0.1 GET / - 80 - 192.0.2.1 a/1 sid=1 www.example.com 200 0 0",
                r#"GET / 200 192.0.2.1 None None "" "www.example.com" "a/1" """#,
            ),
            (
                "2026-01-01 08:00:00 10.0.0.1 GET / - 80 - 192.0.2.1 a/1 sid=1 http://d/ 200 0 0 5 6",
                r#"GET / 200 192.0.2.1 None None "http://d/" "" "a/1" """#,
            ),
        ] {
            assert_eq!(told(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_none_of_them() {
        for line in [
            "",
            "2026-01-01 08:00:00",
            "2026-01-01 08:00:00 login authenticator failed for (pc) [192.0.2.1]: 535 Incorrect data: 1 Time(s)",
            "2026-01-01 08:00:00 10.0.0.1 GET /a - 80 - name agent/1 - 403 6 0 17",
            "2026-01-01 08:00:00 10.0.0.1 GET a - 80 - 192.0.2.1 agent/1 - 403 6 0 17",
            "2026-01-01 08:00:00 10.0.0.1 GET /a - 80 - 192.0.2.1 agent/1 - 403",
            "2026-13-01 08:00:00 10.0.0.1 GET /a - 80 - 192.0.2.1 agent/1 - 403 6 0 17",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_words_are_survived(line in "2026-01-01 08:00:00( [A-Z0-9/.:%=-]{0,9}){0,20}") {
            told(&line);
        }
    }
}
