//! What a value looks like: how a field without a name is given its meaning.

use super::field::present;
use super::role::without_port;
use std::net::IpAddr;

/// Whether the text is an IP address, with or without port.
pub(super) fn is_ip(text: &[u8]) -> bool {
    is_quad(text) || may_be_ip(text) && is_any_ip(text)
}

/// Whether a text begins as an IP address does: most names do not.
fn may_be_ip(text: &[u8]) -> bool {
    let first = text.first();
    first.is_some_and(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'['))
}

fn is_any_ip(text: &[u8]) -> bool {
    std::str::from_utf8(without_port(text)).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

/// Whether the text is an IPv4 address, which most addresses are, in one look at each byte.
fn is_quad(text: &[u8]) -> bool {
    if text.len() > 15 {
        return false;
    }
    let (mut points, mut digits, mut number) = (0, 0, 0);
    for &byte in text {
        match byte {
            b'.' if digits > 0 => {
                points += 1;
                (digits, number) = (0, 0);
            }
            // A zero that stands before other digits makes it octal for some readers: it is none.
            b'0'..=b'9' if digits == 0 || number > 0 => {
                digits += 1;
                number = 10 * number + u32::from(byte - b'0');
            }
            _ => return false,
        }
        if number > 255 {
            return false;
        }
    }
    points == 3 && digits > 0
}

/// Whether a word is what carriers put before a line, and so no name or address in it: a priority, a stamp, the
/// beginning of an object or of a quoted line.
pub(super) fn is_of_carrier(word: &[u8]) -> bool {
    match word {
        [b'<', digit, ..] => digit.is_ascii_digit(),
        [b'{' | b'"' | b'|', ..] => true,
        // `2026-03-10T09:43:05.123Z`; a name may begin with a digit, and is not dated.
        [
            first,
            _,
            _,
            _,
            b'-',
            _,
            _,
            b'-',
            _,
            _,
            b'T' | b't',
            _,
            _,
            b':',
            ..,
        ] => first.is_ascii_digit(),
        _ => is_behind_level(word),
    }
}

/// `INFO:`, `INFO:werkzeug:192.0.2.1`: what stands behind the level that a program's logger writes.
pub(super) fn is_behind_level(text: &[u8]) -> bool {
    // Addresses, which most texts are, begin with a digit.
    text.first().is_some_and(u8::is_ascii_alphabetic) && {
        let colon = memchr::memchr(b':', text);
        colon.is_some_and(|colon| is_level(&text[..colon]))
    }
}

/// Whether a field is absent.
pub(super) fn is_blank(value: &[u8]) -> bool {
    matches!(value, b"" | b"-")
}

/// Addresses with commas between, as in `X-Forwarded-For`.
pub(super) fn is_ip_list(value: &[u8]) -> bool {
    value.split(|&byte| byte == b',').all(|item| {
        std::str::from_utf8(item.trim_ascii()).is_ok_and(|t| t.parse::<IpAddr>().is_ok())
    })
}

/// Whom an `X-Forwarded-For` began with: the first address that is not of a private network, else
/// the first.
pub(super) fn originator(list: &[u8]) -> Option<&[u8]> {
    public_of(list).or_else(|| items(list).next())
}

/// The first address of a list that is not of a private network.
pub(super) fn public_of(list: &[u8]) -> Option<&[u8]> {
    items(list).find(|item| is_public(item))
}

fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',')
        .map(|item| item.trim_ascii())
        .filter(|item| !present(item).is_empty())
}

/// Whether this is an address that is not of a private network.
pub(super) fn is_public(address: &[u8]) -> bool {
    let text = std::str::from_utf8(without_port(address)).unwrap_or_default();
    match text.parse() {
        Ok(IpAddr::V4(v4)) => !(v4.is_private() || v4.is_loopback() || v4.is_link_local()),
        Ok(IpAddr::V6(v6)) => !(v6.is_loopback() || matches!(v6.segments()[0], 0xfc00..=0xfeff)),
        Err(_) => false,
    }
}

/// A name with a dot and a top-level domain of letters, with or without port.
pub(super) fn is_host_name(value: &[u8]) -> bool {
    let mut halves = value.split(|&byte| byte == b':');
    let (name, port) = (halves.next().unwrap_or_default(), halves.next());
    let last_label = name.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    !is_ip(value)
        && halves.next().is_none()
        && port.is_none_or(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit))
        && (name.len() > last_label.len() + 1 || name == b"localhost")
        && (last_label.len() >= 2
            && last_label
                .iter()
                .all(|b| b.is_ascii_alphabetic() || *b == b'-'))
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Whether a word tells how much a message matters, as loggers have it.
pub(super) fn is_level(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 16] = [
        b"inf",
        b"wrn",
        b"dbg",
        b"ftl",
        b"trace",
        b"debug",
        b"info",
        b"notice",
        b"warn",
        b"warning",
        b"error",
        b"err",
        b"critical",
        b"crit",
        b"fatal",
        b"alert",
    ];
    LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// Whether a text begins with `product/version`, as all but the strangest user agents do (RFC 9110, 10.1.5).
pub(super) fn is_user_agent(text: &[u8]) -> bool {
    let Some(slash) = memchr::memchr(b'/', text) else {
        return false;
    };
    let (product, version) = text.split_at(slash);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(byte);
    product.first().is_some_and(u8::is_ascii_alphabetic)
        && product.iter().all(is_part)
        && version.get(1).is_some_and(u8::is_ascii_digit)
        && !matches!(product, b"HTTP" | b"TLS" | b"SSL")
}

/// Seconds as nginx writes them: `0.509`.
pub(super) fn is_three_decimals(value: &[u8]) -> bool {
    has_decimals(value, 3)
}

/// Seconds as Rack and Puma write them: `0.0024`.
pub(super) fn is_four_decimals(value: &[u8]) -> bool {
    has_decimals(value, 4)
}

/// Seconds as gevent's pywsgi writes them: `0.066509`.
pub(super) fn is_six_decimals(value: &[u8]) -> bool {
    has_decimals(value, 6)
}

fn has_decimals(value: &[u8], count: usize) -> bool {
    let point = value.iter().position(|&byte| byte == b'.');
    point.is_some_and(|at| at > 0 && value.len() == at + 1 + count)
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// Statuses as nginx lists those of its upstreams: `502, 403`.
pub(super) fn is_status_list(value: &[u8]) -> bool {
    value
        .split(|byte| b",: ".contains(byte))
        .filter(|item| !is_blank(item))
        .all(|item| matches!(item, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn addresses_are_those_of_the_standard_library(
            text in "[0-9]{1,3}(\\.[0-9]{0,3}){2,4}(:[0-9]{0,3})?|\\[?[0-9a-f:]{0,12}\\]?(:80)?|[a-z.]{0,8}|\\PC{0,8}",
        ) {
            prop_assert_eq!(is_ip(text.as_bytes()), is_any_ip(text.as_bytes()));
        }
    }
}
