//! What stands before the time: client, user, and sometimes a virtual host.
//!
//! The variants are told apart by shape: `client - user` (nginx, Apache), `vhost client - user`
//! (Debian's `vhost_combined`), `client vhost user` (lighttpd), and a client that is itself an
//! `X-Forwarded-For` list. A user name may hold spaces.

use crate::format::field::{Parsed, present, refuse};
use crate::format::role::without_port;
use crate::format::shape::is_ip;
use memchr::memchr_iter;

/// The fields before the time, as logged; empty where absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Front<'a> {
    pub(super) vhost: &'a [u8],
    pub(super) client: &'a [u8],
    pub(super) user: &'a [u8],
    pub(super) forwarded_for: &'a [u8],
}

/// Reads up to the `[` of the time.
#[inline]
pub(super) fn front(line: &[u8]) -> Parsed<'_, Front<'_>> {
    let client_end = line
        .iter()
        .position(|&byte| !is_address_byte(byte))
        .unwrap_or(line.len());
    let (client, rest) = line.split_at(client_end);
    match rest {
        [b' ', b'-', b' ', b'-', b' ', time @ ..] if time.starts_with(b"[") && client_end > 0 => {
            Ok((
                time,
                Front {
                    client: without_port(client),
                    ..Front::default()
                },
            ))
        }
        _ => any_front(line),
    }
}

/// Bytes of addresses and host names, with or without port.
pub(super) fn is_address_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b':' | b'_' | b'-' | b'[' | b']' | b'%' | b'/')
}

fn any_front(line: &[u8]) -> Parsed<'_, Front<'_>> {
    // The time starts at the first " [" that a date follows: a user name may hold brackets too.
    let time = memchr_iter(b'[', line).find(|&at| {
        at > 0 && line[at - 1] == b' ' && line[at + 1..].iter().take(2).all(u8::is_ascii_digit)
    });
    let Some(time) = time else { return refuse() };
    match fields(&line[..time - 1]) {
        Some(front) => Ok((&line[time..], front)),
        None => refuse(),
    }
}

fn fields(text: &[u8]) -> Option<Front<'_>> {
    let (first, rest) = split_word(text)?;
    if first.ends_with(b",") {
        return forwarded(text);
    }
    let (second, user) = split_word(rest)?;
    if second == b"-" || first.is_empty() {
        let client = without_port(first);
        return is_address(first).then_some(Front {
            client,
            user,
            ..Front::default()
        });
    }
    // Not "client ident user": then the first may be the virtual host before it.
    if let Some((third, fourth)) = split_word(user)
        && (is_ip(second) || (third == b"-" && is_address(second)))
    {
        let (vhost, client) = (present(first), without_port(second));
        return Some(Front {
            vhost,
            client,
            user: fourth,
            ..Front::default()
        });
    }
    let vhost: &[u8] = if second.contains(&b'.') && !is_ip(second) {
        second
    } else {
        b""
    };
    is_address(first).then_some(Front {
        client: without_port(first),
        vhost,
        user,
        ..Front::default()
    })
}

/// `203.0.113.7, 198.51.100.2 - user`: the first of the list is who it began with.
fn forwarded(text: &[u8]) -> Option<Front<'_>> {
    let mut end = 0;
    loop {
        let (word, _) = split_word(&text[end..])?;
        end += word.len();
        if !word.ends_with(b",") {
            break;
        }
        end += 1;
    }
    let (list, rest) = text.split_at(end);
    let (_ident, user) = split_word(rest.strip_prefix(b" ")?)?;
    let client = list.split(|&byte| byte == b',').next()?;
    is_address(client).then_some(Front {
        client,
        user,
        forwarded_for: list,
        vhost: b"",
    })
}

fn split_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', text)?;
    Some((&text[..space], &text[space + 1..]))
}

fn is_address(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_address_byte(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(&str, &str, &str, &str)> {
        let (_, front) = front(line.as_bytes()).ok()?;
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        Some((
            text(front.vhost),
            text(front.client),
            text(front.user),
            text(front.forwarded_for),
        ))
    }

    #[test]
    fn every_front() {
        const T: &str = "[10/Oct/2000:13:55:36 -0700]";
        for (line, expected) in [
            ("192.0.2.1 - - ", ("", "192.0.2.1", "", "")),
            ("192.0.2.1 - frank ", ("", "192.0.2.1", "frank", "")),
            (
                "192.0.2.1 - John [x] Doe ",
                ("", "192.0.2.1", "John [x] Doe", ""),
            ),
            ("2001:db8::1 - - ", ("", "2001:db8::1", "", "")),
            ("host.example.net - - ", ("", "host.example.net", "", "")),
            ("unix: - - ", ("", "unix:", "", "")),
            ("192.0.2.1 identd frank ", ("", "192.0.2.1", "frank", "")),
            (
                "192.0.2.1 www.example.com - ",
                ("www.example.com", "192.0.2.1", "-", ""),
            ),
            (
                "www.example.com:443 192.0.2.1 - - ",
                ("www.example.com:443", "192.0.2.1", "-", ""),
            ),
            ("_ 2001:db8::1 - frank ", ("_", "2001:db8::1", "frank", "")),
            (
                "~^(www\\.)?x$ 192.0.2.1 - - ",
                ("~^(www\\.)?x$", "192.0.2.1", "-", ""),
            ),
            (
                "a.example b.example - frank ",
                ("a.example", "b.example", "frank", ""),
            ),
            (
                "192.0.2.1, 10.0.0.1 - frank ",
                ("", "192.0.2.1", "frank", "192.0.2.1, 10.0.0.1"),
            ),
        ] {
            let line = format!("{line}{T}");
            let (vhost, client, user, list) = read(&line).unwrap_or_else(|| panic!("{line}"));
            let user = if user == "-" && expected.2.is_empty() {
                ""
            } else {
                user
            };
            assert_eq!((vhost, client, user, list), expected, "{line}");
        }
    }

    #[test]
    fn no_front() {
        for line in [
            "",
            "[10/Oct/2000",
            " [10/Oct",
            "192.0.2.1 [10/Oct",
            "\u{1} - - [10/Oct",
            "{\"a\": [10",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
