//! The usual line, read by its quotes and without looking back: nearly all lines of nearly all logs.
//!
//! ```text
//! 192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 612 "-" "curl/8.5.0" [more]
//! ```
//!
//! A line with anything unusual in it (a quote or a backslash before a quote, another order in front,
//! a status of `-`) is left to the full parser. What is read here is what that would read; a property
//! test holds it.

use super::front::{Front, behind_own_host, is_address_byte};
use super::{Layout, size};
use crate::find::{last_digits, quad_end};
use crate::format::marks::Quotes;
use crate::format::role::without_port;
use crate::format::shape::is_behind_level;
use crate::time::Clock;

/// The fields of a usual line; `None` for any other, which may still be of the format.
#[inline(always)]
pub(super) fn usual<'a>(line: &'a [u8], quotes: &Quotes, clock: &mut Clock) -> Option<Layout<'a>> {
    let [request, answer, referer, between, user_agent, end] = quotes.six()?;
    let (front, stamp) = line.get(..request)?.split_last_chunk::<30>()?;
    let [b' ', b'[', stamp @ .., b']', b' '] = stamp else {
        return None;
    };
    let front = self::front(front)?;
    let time = clock.read_ncsa(stamp)?;
    let request = field(line, request, answer)?;
    let (status, bytes) = self::answer(line.get(answer + 1..referer)?)?;
    let referer = field(line, referer, between)?;
    let b" " = line.get(between + 1..user_agent)? else {
        return None;
    };
    let headers = Some((referer, field(line, user_agent, end)?));
    let behind = line.get(end + 1..)?;
    matches!(behind.first(), None | Some(b' ')).then_some(Layout {
        front,
        time,
        request,
        status,
        bytes,
        between: b"",
        headers,
        behind,
    })
}

/// `192.0.2.1 - frank`, and the user may be `-`.
#[inline(always)]
fn front(text: &[u8]) -> Option<Front<'_>> {
    let client_end = quad_end(text);
    let (client, rest) = match text.split_at_checked(client_end)? {
        (client, rest @ [b' ', ..]) => (client, rest),
        _ => named_client(text)?,
    };
    let [b' ', b'-', b' ', user @ ..] = rest else {
        return None;
    };
    if client.is_empty() {
        return None;
    }
    let user = match user {
        b"-" => b"",
        // A bracket may begin what the full parser takes for the time.
        [] | [b'[', ..] => return None,
        _ if user.contains(&b' ') => return None,
        _ => user,
    };
    Some(Front {
        client,
        user,
        ..Front::default()
    })
}

/// A client that is an IPv6 address or a name.
fn named_client(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&byte| !is_address_byte(byte))?;
    let (client, rest) = text.split_at_checked(end)?;
    if is_behind_level(client) || behind_own_host(client).is_some() {
        return None;
    }
    Some((without_port(client), rest))
}

/// ` 200 612 `: a status that is a number, and a size.
#[inline(always)]
fn answer(text: &[u8]) -> Option<(u16, Option<u64>)> {
    let [
        b' ',
        a @ b'0'..=b'9',
        b @ b'0'..=b'9',
        c @ b'0'..=b'9',
        b' ',
        bytes @ ..,
        b' ',
    ] = text
    else {
        return None;
    };
    let digit = |byte: &u8| u16::from(byte - b'0');
    let status = digit(a) * 100 + digit(b) * 10 + digit(c);
    // The digits with what stands before them, without the space behind.
    let before = text.split_last()?.1.last_chunk::<8>();
    if let Some(word) = before
        && let Some(number) = last_digits(u64::from_le_bytes(*word), bytes.len())
    {
        return Some((status, Some(number)));
    }
    let (rest, bytes) = size(bytes).ok()?;
    rest.is_empty().then_some((status, bytes))
}

/// What stands between two quotes, if the second is not escaped.
#[inline(always)]
fn field(line: &[u8], opening: usize, closing: usize) -> Option<&[u8]> {
    let field = line.get(opening + 1..closing)?;
    (field.last() != Some(&b'\\')).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::super::any_layout;
    use super::*;
    use proptest::prelude::*;

    fn check(line: &[u8]) -> bool {
        let mut clock = Clock::new(None);
        let Some(usual) = usual(line, &Quotes::of(line), &mut clock) else {
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
    }

    #[test]
    fn a_changed_byte_changes_nothing_of_that() {
        let usual = br#"192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 612 "http://b/" "curl/8.5.0" 0.2"#;
        for at in 0..usual.len() {
            for byte in 0..=u8::MAX {
                let mut line = usual.to_vec();
                line[at] = byte;
                check(&line);
            }
        }
    }
}
