//! What stands before the time: client, user, and sometimes a virtual host.
//!
//! The variants are told apart by shape: `client - user` (nginx, Apache), `vhost client - user`
//! (Debian's `vhost_combined`), `client vhost user` (lighttpd), and a client that is itself an
//! `X-Forwarded-For` list, with or without a virtual host before it or the peer behind. A user name may
//! hold spaces.

use crate::format::field::{Parsed, present, quoted, refuse};
use crate::format::role::without_port;
use crate::format::shape::{
    is_behind_level, is_host_name, is_ip, is_of_carrier, is_public, originator, public_of,
};
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
        [b' ', b'-', b' ', b'-', b' ', time @ ..]
            if time.starts_with(b"[")
                && client_end > 0
                && !is_of_logger(client)
                && behind_own_host(client).is_none() =>
        {
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
    let (quoted, line) = behind_quotes(line);
    let line = behind_tag(line);
    let time = memchr_iter(b'[', line).find(|&at| {
        let is_date = |date: &[u8]| match date {
            [day, b'/', ..] => day.is_ascii_digit(),
            date => date.iter().take(2).all(u8::is_ascii_digit) && !is_ip(first_listed(date)),
        };
        at > 0 && line[at - 1] == b' ' && is_date(&line[at + 1..])
    });
    let Some(time) = time else { return refuse() };
    match fields(&line[..time - 1]) {
        Some(front) if is_front(front.user) => refuse(),
        Some(front) if front.vhost.is_empty() && is_host_name(quoted) => {
            let vhost = host(quoted);
            Ok((&line[time..], Front { vhost, ..front }))
        }
        Some(front) => Ok((&line[time..], front)),
        _ => refuse(),
    }
}

/// Whether what would be a user is a client with an identity and a user: then something else stands before the line.
fn is_front(user: &[u8]) -> bool {
    let (client, rest) = split_word(user);
    let (_identity, user) = split_word(rest);
    !user.is_empty() && is_ip(client)
}

/// The first item of a list in brackets, behind the opening one.
fn first_listed(list: &[u8]) -> &[u8] {
    let end = list.iter().position(|byte| matches!(byte, b']' | b','));
    &list[..end.unwrap_or(list.len())]
}

/// What stands in quotes before the client, and the rest: the name of the thread, as JBoss and WildFly write it
/// (`"default task-1" 127.0.0.1 - [`), or a virtual host.
pub(super) fn behind_quotes(line: &[u8]) -> (&[u8], &[u8]) {
    let before_client = || {
        let (behind, name) = quoted(line).ok()?;
        let behind = behind.strip_prefix(b" ")?;
        is_ip(split_word(behind).0).then_some((name, behind))
    };
    match line {
        [b'"', ..] => before_client().unwrap_or((b"", line)),
        _ => (b"", line),
    }
}

/// Behind what loggers put in brackets before the line: their name, as InfluxDB writes it (`[httpd] 192.0.2.1 - - `),
/// or a stamp of their own, as WEBrick's do (`[2026-03-10 09:43:00] 192.0.2.1 - - `).
fn behind_tag(line: &[u8]) -> &[u8] {
    /// Longest stamp: `2026-03-10T09:43:00.123456789+01:00`.
    const LONGEST: usize = 35;
    let tagged = line.strip_prefix(b"[").and_then(|body| {
        let end = body
            .iter()
            .take(LONGEST + 1)
            .position(|&byte| byte == b']')?;
        let (tag, behind) = body.split_at(end);
        let is_name = tag.iter().all(u8::is_ascii_alphabetic);
        let stands = |at: usize, byte| tag.get(at) == Some(&byte);
        let is_stamp = tag.starts_with(b"20") && stands(4, b'-') && stands(13, b':');
        (is_name || is_stamp).then(|| behind.strip_prefix(b"] "))?
    });
    tagged.unwrap_or(line)
}

fn fields(text: &[u8]) -> Option<Front<'_>> {
    let text = behind_spaces(text);
    let end = text.iter().rposition(|&byte| byte != b' ');
    let text = text.get(..end.map_or(0, |end| end + 1))?;
    if let Some(front) = forwarded(text) {
        return Some(front);
    }
    let (first, rest) = split_word(text);
    let (second, user) = split_word(rest);
    if second.is_empty() || is_of_carrier(first) || matches!(second, b"|" | b"stdout" | b"stderr") {
        return None;
    }
    if let Some((list, user)) = in_parentheses(rest) {
        return behind_proxy(first, list, user);
    }
    let mut words = rest.split(|&byte| byte == b' ');
    if words.all(|word| memchr::memchr(b'=', word).is_some_and(|equals| equals > 0)) {
        return with_names(first, rest);
    }
    match second {
        b"-" => client_first(first, user),
        // LANCache: `client / X-Forwarded-For - user`.
        b"/" if is_ip(first)
            && let Some(end) = memchr::memmem::find(user, b" - ") =>
        {
            Some(Front {
                user: &user[end + 3..],
                forwarded_for: present(&user[..end]),
                ..asked_by(first)
            })
        }
        _ => with_host(first, rest),
    }
}

/// Nothing but the client.
fn asked_by(client: &[u8]) -> Front<'_> {
    Front {
        client: without_port(client),
        ..Front::default()
    }
}

/// `peer (list) ident user`: a proxy is believed about whom it forwards.
fn behind_proxy<'a>(peer: &'a [u8], list: &'a [u8], user: &'a [u8]) -> Option<Front<'a>> {
    let is_proxy = is_ip(peer) && !is_public(peer);
    let client = match public_of(list) {
        Some(public) if is_proxy => public,
        _ => peer,
    };
    is_address(peer).then_some(Front {
        user,
        forwarded_for: present(list),
        ..asked_by(client)
    })
}

/// `www.example.com:192.0.2.1`: Apache's `%v:%h`, the virtual host and the client.
pub(super) fn behind_own_host(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (host, client) = text.split_at(memchr::memchr(b':', text)?);
    let client = &client[1..];
    (is_host_name(host) && is_ip(client)).then_some((host, client))
}

/// `client - user`, and what some have between.
fn client_first<'a>(first: &'a [u8], user: &'a [u8]) -> Option<Front<'a>> {
    let (own, client) = behind_own_host(first).unwrap_or((b"", first));
    let plain = Front {
        vhost: own,
        ..asked_by(client)
    };
    let front = if let Some((list, user)) = listed_before(user) {
        Front {
            user,
            forwarded_for: list,
            ..plain
        }
    } else if let Some((vhost, user)) = behind_two_hosts(user) {
        Front {
            vhost,
            user,
            ..plain
        }
    } else if names_nobody(user) {
        plain
    } else {
        // One more field than there should be, and nothing in it: `client - - user`.
        let user = match split_word(user) {
            (b"-", behind) if !behind.is_empty() => behind,
            _ => user,
        };
        Front { user, ..plain }
    };
    is_address(client).then_some(front)
}

/// Not `client ident user`: the first may be the virtual host before it, or the second the one behind.
fn with_host<'a>(first: &'a [u8], rest: &'a [u8]) -> Option<Front<'a>> {
    if is_of_logger(first) || first.ends_with(b"]") && !is_ip(first) {
        return None;
    }
    let plain = asked_by;
    let (second, user) = split_word(rest);
    let (third, fourth) = split_word(user);
    if fourth.is_empty() && is_ip(first) && is_ip(second) {
        // `client vhost user`, and the virtual host is the server's own address.
        return Some(Front {
            vhost: host(second),
            user: third,
            ..plain(first)
        });
    }
    // An address is rarely a virtual host: whom `X-Forwarded-For` names, and the peer. A machine without a name calls
    // itself by its loopback address.
    let is_server =
        has_port(first) || first.starts_with(b"127.") || !is_public(first) && is_public(second);
    if is_ip(first) && is_ip(second) && !is_server {
        return Some(Front {
            user: fourth,
            ..plain(first)
        });
    }
    if is_ip(second) || third == b"-" && is_address(second) && !is_ip(first) {
        let vhost = host(first);
        return match forwarded(rest) {
            Some(front) => Some(Front { vhost, ..front }),
            None => Some(Front {
                vhost,
                user: behind_request_id(fourth),
                ..plain(second)
            }),
        };
    }
    if third == b"-" && is_address(second) && is_ip(first) && !fourth.is_empty() {
        // Only a server stands with its port beside a name without: `address:port name - user`.
        let (served, asked) = (has_port(first), has_port(second));
        if asked || !served {
            return Some(Front {
                vhost: host(second),
                user: fourth,
                ..plain(first)
            });
        }
        let vhost = host(first);
        return Some(Front {
            vhost,
            user: fourth,
            ..plain(second)
        });
    }
    if let Some(front) = forwarded(rest) {
        let vhost = host(first);
        return Some(Front { vhost, ..front });
    }
    // Only an address tells that what follows is no message with a stamp before it.
    if user.contains(&b' ') && !is_ip(first) {
        return None;
    }
    let has_letters = second.iter().any(u8::is_ascii_alphabetic);
    let is_host = second.contains(&b'.') && has_letters && !is_ip(second)
        || second == b"localhost"
        || has_port(second);
    let vhost: &[u8] = if is_host { host(second) } else { b"" };
    is_address(first).then_some(Front {
        vhost,
        // `client user`, where nothing stands for the identity.
        user: if user.is_empty() && !is_host {
            second
        } else {
            user
        },
        ..plain(first)
    })
}

/// `client realip=... host=... user=...`: what stands behind the client has names.
fn with_names<'a>(first: &'a [u8], named: &'a [u8]) -> Option<Front<'a>> {
    let value = |name: &[u8]| {
        let mut words = named.split(|&byte| byte == b' ');
        words
            .find_map(|word| word.strip_prefix(name))
            .unwrap_or_default()
    };
    is_ip(first).then_some(Front {
        vhost: host(value(b"host=")),
        user: value(b"user="),
        ..asked_by(first)
    })
}

/// `[203.0.113.7, 198.51.100.2] - user`, the list and the user, as ingress-nginx wrote it up to its version 0.26.
fn listed_before(user: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = user.strip_prefix(b"[")?;
    let (list, behind) = body.split_at(memchr::memchr(b']', body)?);
    let user = behind.strip_prefix(b"] - ")?;
    is_ip(first_listed(list)).then_some((list, user))
}

/// `(203.0.113.7, 198.51.100.2) ident user`, the list and the user: Apache's `%h (%{X-Forwarded-For}i) %l %u`.
fn in_parentheses(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = text.strip_prefix(b"(")?;
    let (list, behind) = body.split_at(memchr::memchr(b')', body)?);
    let (_ident, user) = split_word(behind.strip_prefix(b") ")?);
    let first = list.split(|&byte| byte == b',').next()?;
    (present(list).is_empty() || is_ip(first)).then_some((list, user))
}

/// `www.example.com www.example.com user`, a virtual host and the user: `%h %l %v %V %u`, as Virtualmin has Apache write.
fn behind_two_hosts(user: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = split_word(user);
    let (second, user) = split_word(rest);
    let one_word = !user.is_empty() && !user.contains(&b' ');
    (one_word && is_host_name(first) && is_host_name(second)).then(|| (host(first), user))
}

/// Whether several words are no name: addresses and dashes only.
fn names_nobody(user: &[u8]) -> bool {
    let mut words = user.split(|&byte| byte == b' ');
    user.contains(&b' ') && words.all(|word| present(word).is_empty() || is_ip(word))
}

/// Whether a port stands behind a name or an address.
fn has_port(text: &[u8]) -> bool {
    host(text).len() < text.len()
}

/// A virtual host without its port, which stands behind the only colon.
fn host(vhost: &[u8]) -> &[u8] {
    let vhost = without_port(present(vhost));
    let port = |port: &[u8]| !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    match memchr::memchr(b':', vhost) {
        Some(colon) if port(&vhost[colon + 1..]) => &vhost[..colon],
        _ => vhost,
    }
}

/// The user behind an id of 32 hex digits, which BunkerWeb writes before it.
fn behind_request_id(user: &[u8]) -> &[u8] {
    let (id, behind) = split_word(user);
    let is_id = id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit);
    if is_id && !behind.is_empty() {
        behind
    } else {
        user
    }
}

/// `203.0.113.7, 198.51.100.2 - user`, in quotes or not, with or without the peer's own address
/// behind: the client is the first of the list that is no address of a private network.
fn forwarded(text: &[u8]) -> Option<Front<'_>> {
    let (list, rest) = match text.strip_prefix(b"\"") {
        Some(body) => {
            let end = memchr::memchr(b'"', body)?;
            (&body[..end], &body[end + 1..])
        }
        None => {
            let mut end = 0;
            loop {
                let (word, _) = split_word(text.get(end..)?);
                let comma = word.ends_with(b",");
                end += word.len();
                if !comma {
                    break;
                }
                end += 1;
            }
            text.split_at_checked(end)?
        }
    };
    if !list.contains(&b',') && !text.starts_with(b"\"") {
        return None;
    }
    let (ident, user) = split_word(behind_spaces(rest));
    let user = match is_ip(ident) {
        true => split_word(user).1,
        false => user,
    };
    let client = originator(list)?;
    is_address(client).then_some(Front {
        client: without_port(client),
        user,
        forwarded_for: list,
        vhost: b"",
    })
}

/// A word and what stands behind it, without the spaces between.
pub(super) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b' ', text) {
        Some(space) => (&text[..space], behind_spaces(&text[space + 1..])),
        None => (text, b""),
    }
}

/// Behind the spaces at the start: only they stand between fields, other white space is of a field.
fn behind_spaces(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| byte != b' ');
    &text[start.unwrap_or(text.len())..]
}

fn is_address(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_address_byte(byte)) && !is_of_logger(text)
}

/// Whether it is a time of day, or begins with a level: what a logger puts before the line is nobody's address.
fn is_of_logger(text: &[u8]) -> bool {
    let digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let clock = matches!(text, [_, _, b':', _, _, b':', _, _]) && digit(0) && digit(3) && digit(6);
    clock || is_behind_level(text)
}

#[cfg(test)]
mod tests;
