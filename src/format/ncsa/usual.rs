//! The usual line, read without looking back: nearly all lines of nearly all logs.
//!
//! ```text
//! 192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0" [more]
//! ```
//!
//! A line with anything unusual in it (a quote or a backslash before a quote, another order in front,
//! a status of `-`) is left to the full parser. What is read here is what that would read; a property
//! test holds it.

use super::front::{Front, is_address_byte};
use super::{Layout, size};
use crate::format::find::{find, quad_end};
use crate::format::role::without_port;
use crate::time::{Clock, Instant};

/// The fields of a usual line; `None` for any other, which may still be of the format.
#[inline(always)]
pub(super) fn usual<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Layout<'a>> {
    let (rest, front) = front(line)?;
    let (rest, time) = stamp(rest, clock)?;
    let (rest, request) = quoted(rest)?;
    let (rest, status) = status(rest)?;
    let (rest, bytes) = size(rest).ok()?;
    let (rest, referer) = match rest {
        [b' ', b'"', b'-', b'"', rest @ ..] => (rest, &b"-"[..]),
        [b' ', b'"', rest @ ..] => quoted(rest)?,
        _ => return None,
    };
    let (behind, user_agent) = match rest {
        [b' ', b'"', rest @ ..] => long_quoted(rest)?,
        _ => return None,
    };
    let headers = Some((referer, user_agent));
    matches!(behind.first(), None | Some(b' ')).then_some(Layout {
        front,
        time,
        request,
        status,
        bytes,
        headers,
        behind,
    })
}

/// `192.0.2.1 - frank `, and the user may be `-`.
#[inline(always)]
fn front(line: &[u8]) -> Option<(&[u8], Front<'_>)> {
    let quad = quad_end(line);
    let (client, rest) = match line.split_at_checked(quad)? {
        (client, rest @ [b' ', ..]) => (client, rest),
        _ => named_client(line)?,
    };
    if client.is_empty() {
        return None;
    }
    let mut front = Front {
        client,
        ..Front::default()
    };
    if let [b' ', b'-', b' ', b'-', b' ', time @ ..] = rest {
        return Some((time, front));
    }
    let [b' ', b'-', b' ', user @ ..] = rest else {
        return None;
    };
    let end = find(user, 0, b' ')?;
    (front.user, _) = user.split_at_checked(end)?;
    // A bracket may begin what the full parser takes for the time.
    (front.user.first() != Some(&b'[')).then_some((user.get(end + 1..)?, front))
}

/// A client that is an IPv6 address or a name.
fn named_client(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|&byte| !is_address_byte(byte))?;
    let (client, rest) = line.split_at_checked(end)?;
    Some((without_port(client), rest))
}

/// `[10/Oct/2000:13:55:36 -0700] "`.
#[inline(always)]
fn stamp<'a>(text: &'a [u8], clock: &mut Clock) -> Option<(&'a [u8], Instant)> {
    let [b'[', body @ ..] = text else { return None };
    match body.split_first_chunk() {
        Some((stamp, [b']', b' ', b'"', rest @ ..])) => Some((rest, clock.read_ncsa(stamp)?)),
        _ => None,
    }
}

/// ` 200 `: a status that is a number.
#[inline(always)]
fn status(text: &[u8]) -> Option<(&[u8], u16)> {
    let [
        b' ',
        a @ b'0'..=b'9',
        b @ b'0'..=b'9',
        c @ b'0'..=b'9',
        b' ',
        rest @ ..,
    ] = text
    else {
        return None;
    };
    let digit = |byte: &u8| u16::from(byte - b'0');
    Some((rest, digit(a) * 100 + digit(b) * 10 + digit(c)))
}

/// What stands before the next quote, if it is not escaped and a space follows.
#[inline(always)]
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    ended(text, find(text, 0, b'"')?)
}

/// As [`quoted`], for fields that are mostly long.
#[inline(always)]
fn long_quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    ended(text, memchr::memchr(b'"', text)?)
}

#[inline(always)]
fn ended(text: &[u8], end: usize) -> Option<(&[u8], &[u8])> {
    let (field, rest) = text.split_at_checked(end)?;
    let rest = rest.get(1..)?;
    (field.last() != Some(&b'\\')).then_some((rest, field))
}

#[cfg(test)]
mod tests {
    use super::super::any_layout;
    use super::*;
    use proptest::prelude::*;

    fn check(line: &[u8]) -> bool {
        let mut clock = Clock::new(None);
        let Some(usual) = usual(line, &mut clock) else {
            return false;
        };
        let (_, full) = any_layout(line, &mut clock).unwrap_or_else(|_| panic!("{line:?}"));
        assert_eq!(usual, full, "{}", line.escape_ascii());
        true
    }

    #[test]
    fn usual_lines_are_read_here() {
        for line in [
            r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0""#,
            r#"192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 304 - "-" "-""#,
            r#"2001:db8::1 - - [10/Oct/2000:13:55:36 -0700] "-" 400 0 "http://a/" "a b" 0.002"#,
            r#"[2001:db8::1]:80 - - [10/Oct/2000:13:55:36 -0700] "-" 400 0 "http://a/" "" x="y""#,
        ] {
            assert!(check(line.as_bytes()), "{line}");
        }
    }

    fn field(usual: &'static str) -> impl Strategy<Value = String> {
        prop_oneof![8 => Just(usual.to_owned()), 1 => "[ -~]{0,12}", 1 => "[\\[\\]\" :.0-9a\\\\-]{0,12}"]
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_full_parser_reads(
            client in field("192.0.2.1"), user in field("-"), stamp in field("10/Oct/2000:13:55:36 -0700"),
            request in field("GET /a?b=c HTTP/1.1"), status in field("403"), size in field("153"),
            referer in field("-"), user_agent in field("a b"), more in field(""),
        ) {
            let line = format!("{client} - {user} [{stamp}] \"{request}\" {status} {size} \"{referer}\" \"{user_agent}\"{more}");
            check(line.as_bytes());
        }

        #[test]
        fn a_changed_byte_changes_nothing_of_that(at: prop::sample::Index, byte: u8) {
            let mut line = br#"192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 612 "http://b/" "curl/8.5.0" 0.2"#.to_vec();
            let at = at.index(line.len());
            line[at] = byte;
            check(&line);
        }
    }
}
