//! The pieces that lines are made of, as nom parsers on bytes.
//!
//! All of them are complete (a line is all there is) and zero-copy.

use crate::find::find;
use memchr::{memchr, memchr_iter, memrchr};
use nom::bytes::complete::tag;
use nom::{Err, IResult, Parser};

/// What a parser here yields. Its error says nothing: a line is of the format or is not.
pub(super) type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// The answer of a parser that refuses.
pub(super) const fn refuse<T>() -> Parsed<'static, T> {
    Err(Err::Error(()))
}

/// The bytes up to `byte`, which is consumed too.
#[inline]
pub(super) fn up_to(byte: u8) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| match memchr(byte, input) {
        Some(end) => Ok((&input[end + 1..], &input[..end])),
        None => refuse(),
    }
}

/// A field in double quotes, as logged, when `follows` accepts what stands behind it.
///
/// nginx writes a quote within as `\x22`, Apache as `\"`; programs that escape nothing write `"`.
/// So a quote ends the field if no odd number of backslashes precedes it and the line goes on as it must.
#[inline]
pub(super) fn quoted_before<'a>(
    input: &'a [u8],
    follows: impl Fn(&'a [u8]) -> bool,
) -> Parsed<'a, &'a [u8]> {
    let (body, _) = tag(&b"\""[..]).parse(input)?;
    for end in memchr_iter(b'"', body) {
        let (field, rest) = (&body[..end], &body[end + 1..]);
        if follows(rest) && !ends_in_escape(field) {
            return Ok((rest, field));
        }
    }
    refuse()
}

/// A field in double quotes, up to a space or the end of the line.
#[inline]
pub(super) fn quoted(input: &[u8]) -> Parsed<'_, &[u8]> {
    quoted_before(input, |rest| matches!(rest.first(), None | Some(b' ')))
}

/// Whether an odd number of backslashes stands at the end, so that the byte behind is escaped.
#[inline]
pub(super) fn ends_in_escape(field: &[u8]) -> bool {
    field.last() == Some(&b'\\')
        && field
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count()
            % 2
            == 1
}

/// A status: three digits, or `-` for a request that got none.
#[inline]
pub(super) fn status(input: &[u8]) -> Parsed<'_, u16> {
    match *input {
        [
            a @ b'0'..=b'9',
            b @ b'0'..=b'9',
            c @ b'0'..=b'9',
            ref rest @ ..,
        ] if !rest.first().is_some_and(u8::is_ascii_digit) => {
            let digit = |byte: u8| u16::from(byte - b'0');
            Ok((rest, digit(a) * 100 + digit(b) * 10 + digit(c)))
        }
        [b'-', ref rest @ ..] => Ok((rest, 0)),
        [b'0', ref rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => Ok((rest, 0)),
        _ => refuse(),
    }
}

/// The whole number that a text begins with.
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    integer(text).ok().map(|(_, number)| number)
}

/// A whole number of at most 19 digits.
#[inline]
pub(super) fn integer(input: &[u8]) -> Parsed<'_, u64> {
    let mut value = 0u64;
    let mut digits = 0;
    for &byte in input.iter().take(20) {
        match byte {
            b'0'..=b'9' => value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            _ => break,
        }
        digits += 1;
    }
    // 19 digits fit; 20 may not, and no response is that large.
    if (1..=19).contains(&digits) {
        Ok((&input[digits..], value))
    } else {
        refuse()
    }
}

/// A size in bytes, or `-` for none.
#[inline]
pub(super) fn size(input: &[u8]) -> Parsed<'_, Option<u64>> {
    match input {
        [b'-', rest @ ..] => Ok((rest, None)),
        _ => integer(input).map(|(rest, bytes)| (rest, Some(bytes))),
    }
}

/// `-` and `""` stand for an absent value.
#[inline]
pub(super) fn present(field: &[u8]) -> &[u8] {
    match field {
        [_, _, _, _, ..] => field,
        b"-" | b"\"\"" | b"\"-\"" => b"",
        _ => field,
    }
}

/// Method and target of a request line; a line that is no HTTP request is all target.
///
/// The protocol is cut off the end, so that a path may hold spaces. A request without one is
/// HTTP/0.9 if its target looks like one.
#[inline(always)]
pub(super) fn request_line(line: &[u8]) -> (&[u8], &[u8]) {
    match usual_request(line) {
        Some(request) => request,
        None => any_request(line),
    }
}

/// Method and target of a request line that ends in a protocol of today.
#[inline(always)]
fn usual_request(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (line, protocol) = line.split_last_chunk::<8>()?;
    // As numbers, so that each is one comparison.
    const KNOWN: [u64; 4] = [
        u64::from_le_bytes(*b"HTTP/1.1"),
        u64::from_le_bytes(*b"HTTP/2.0"),
        u64::from_le_bytes(*b"HTTP/1.0"),
        u64::from_le_bytes(*b"HTTP/3.0"),
    ];
    if !KNOWN.contains(&u64::from_le_bytes(*protocol)) {
        return None;
    }
    let (b' ', line) = line.split_last()? else {
        return None;
    };
    match line {
        [b'G', b'E', b'T', b' ', target @ ..] if !target.starts_with(b" ") => {
            return Some((b"GET", target));
        }
        [b'P', b'O', b'S', b'T', b' ', target @ ..] if !target.starts_with(b" ") => {
            return Some((b"POST", target));
        }
        _ => {}
    }
    let (method, target) = line.split_at_checked(find(line, 0, b' ')?)?;
    let usual = (1..=MAX_METHOD).contains(&method.len()) && !target.starts_with(b"  ");
    (usual && method.iter().all(u8::is_ascii_uppercase)).then(|| (method, &target[1..]))
}

#[inline(never)]
fn any_request(line: &[u8]) -> (&[u8], &[u8]) {
    let line = without_colours(line);
    // Load balancers write `- - -` for a request that they could not read.
    if line.iter().all(|byte| matches!(byte, b'-' | b' ')) {
        return (b"", b"");
    }
    let broken = (&b""[..], present(line));
    let Some(space) = memchr(b' ', line) else {
        return broken;
    };
    // Whoever puts several spaces between, does so on both sides of the target.
    let rest = line[space + 1..].trim_ascii_start();
    let is_spaced = space + 1 + rest.len() < line.len();
    let method = &line[..space];
    if !is_method(method) {
        return broken;
    }
    let method = present(method);
    let cut = memrchr(b' ', rest)
        .filter(|&cut| is_protocol(&rest[cut + 1..]) || lacks_protocol(&rest[..cut], &rest[cut..]))
        .or_else(|| before_bare_version(rest));
    match cut {
        // Envoy writes `- - HTTP/1.1` for what it could not read.
        Some(cut) if method.is_empty() => (method, present(&rest[..cut])),
        Some(cut) if is_spaced => (method, rest[..cut].trim_ascii_end()),
        Some(cut) => (method, &rest[..cut]),
        None if is_target(rest) => (method, rest.trim_ascii_end()),
        None => broken,
    }
}

/// The methods of RFC 9110 and RFC 5789, the usual ones first, and then those of WebDAV, caches and others that servers
/// meet.
pub(super) const METHODS: [&[u8]; 19] = [
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"PATCH",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"REPORT",
    b"PURGE",
    b"LOCK",
    b"UNLOCK",
    b"M-SEARCH",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
];

/// Longest method that is still taken for one; the longest registered is `UPDATEREDIRECTREF`.
const MAX_METHOD: usize = 32;

/// A token of RFC 9110, which methods are.
#[inline]
pub(super) fn is_method(text: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    (1..=MAX_METHOD).contains(&text.len())
        && (text.iter().all(u8::is_ascii_uppercase) || text.iter().all(token))
}

/// A text in which a quote is doubled, with each of them once (RFC 4180).
pub(super) fn undoubled(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        plain.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// A request line without the colours of a terminal around it, with which Werkzeug tells answers apart.
fn without_colours(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let Some(behind) = line.strip_prefix(b"\x1b[")
        && let Some(end) = memchr(b'm', behind)
    {
        line = &behind[end + 1..];
    }
    line.strip_suffix(b"\x1b[0m").unwrap_or(line)
}

/// Where ` HTTP 1.1` or ` 1.1` begins, as exports to Splunk and Hypercorn write the protocol behind a path.
fn before_bare_version(rest: &[u8]) -> Option<usize> {
    const VERSIONS: [&[u8]; 5] = [b"1.0", b"1.1", b"2", b"2.0", b"3"];
    let cut = memrchr(b' ', rest).filter(|&cut| VERSIONS.contains(&&rest[cut + 1..]))?;
    let target = rest[..cut].strip_suffix(b" HTTP").unwrap_or(&rest[..cut]);
    (target.starts_with(b"/") && !target.contains(&b' ')).then_some(target.len())
}

/// Whether a target is followed by ` -` in the place of the protocol: so AWS's load balancers write what they could
/// not read, and Apache a request without one.
fn lacks_protocol(target: &[u8], behind: &[u8]) -> bool {
    behind == b" -" && is_target(target) && !target.contains(&b' ')
}

#[inline]
fn is_protocol(text: &[u8]) -> bool {
    text.starts_with(b"HTTP/")
        // The scheme alone.
        || text == b"http"
        || matches!(
            text,
            [b'A'..=b'Z', .., b'/', b'0'..=b'9', b'.', b'0'..=b'9']
        )
}

/// Whether a text may be what is asked for: a path, a URL or all of a server.
pub(super) fn is_target(text: &[u8]) -> bool {
    text.starts_with(b"/") || text == b"*" || memchr::memmem::find(text, b"://").is_some()
}

/// A decimal number times `factor`, rounded: seconds to microseconds with a million.
pub(super) fn decimal(text: &[u8], factor: u32) -> Option<u64> {
    let text = text.trim_ascii();
    let (digits, decimals) = match memchr(b'.', text) {
        None => (text.len(), 0),
        Some(point) => (text.len() - 1, text.len() - point - 1),
    };
    if !(1..=12).contains(&digits) || decimals > 9 {
        return by_float(text, factor);
    }
    let mut value = 0u64;
    let mut point_ahead = true;
    for &byte in text {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b'.' if std::mem::replace(&mut point_ahead, false) => {}
            _ => return by_float(text, factor),
        }
    }
    let unit = 10u64.pow(decimals as u32);
    Some(
        value
            .checked_mul(u64::from(factor))?
            .checked_add(unit / 2)?
            / unit,
    )
}

/// As above for what is long or has an exponent.
#[cold]
fn by_float(text: &[u8], factor: u32) -> Option<u64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let scaled = value * f64::from(factor);
    // From 2⁵³ on, a number of this kind skips whole ones.
    (0.0..=9_007_199_254_740_992.0)
        .contains(&scaled)
        .then(|| scaled.round() as u64)
}

/// The last value of an nginx list: `502, 403` (retries) or `403 : 200` (internal redirects).
pub(super) fn last_of_list(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .rposition(|byte| matches!(byte, b',' | b':' | b' '));
    start.map_or(text, |start| &text[start + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals() {
        for (text, ms) in [
            ("0.509", Some(509)),
            ("1", Some(1000)),
            (".5", Some(500)),
            ("1.", Some(1000)),
            ("0.0005", Some(1)),
            ("4.2e-1", Some(420)),
            ("0.1234567890123", Some(123)),
            ("", None),
            (".", None),
            ("-1", None),
            ("1.2.3", None),
            ("x", None),
            ("inf", None),
            ("99999999", Some(99_999_999_000)),
            ("1e30", None),
        ] {
            assert_eq!(decimal(text.as_bytes(), 1000), ms, "{text}");
        }
    }

    #[test]
    fn requests_without_a_protocol() {
        for (line, method, target) in [
            ("GET /a -", "GET", "/a"),
            ("- http://a.example:80- -", "", "http://a.example:80-"),
            ("GET /a b -", "GET", "/a b -"),
            ("- - -", "", ""),
        ] {
            let read = request_line(line.as_bytes());
            assert_eq!(read, (method.as_bytes(), target.as_bytes()), "{line}");
        }
    }

    #[test]
    fn escaped_quotes() {
        for (text, field) in [
            (r#""a" b"#, Some("a")),
            (r#""a\" b""#, Some(r#"a\" b"#)),
            (r#""a\\" b"#, Some(r"a\\")),
            (r#""a"b""#, Some(r#"a"b"#)),
            (r#""a\""#, None),
            (r#"a""#, None),
        ] {
            let found = quoted(text.as_bytes()).ok().map(|(_, field)| field);
            assert_eq!(found, field.map(str::as_bytes), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decimals_agree_with_floats(value in 0u32..4_000_000, decimals in 0usize..4) {
            let text = format!("{:.decimals$}", f64::from(value) / 1000.0);
            let exact = text.parse::<f64>().unwrap() * 1000.0;
            prop_assert_eq!(decimal(text.as_bytes(), 1000), Some(exact.round() as u64));
        }

        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            decimal(&text, 1000);
            let _ = (quoted(&text), size(&text), status(&text));
            request_line(&text);
        }

        #[test]
        fn a_usual_request_is_read_as_any(
            line in "[A-Z]{0,4}[ a-z/]{0,3}.{0,6}( HTTP/[1-3].[01])?|[A-Z]{1,40} /[ -~]{0,9} HTTP/1.1",
        ) {
            if let Some(usual) = usual_request(line.as_bytes()) {
                prop_assert_eq!(usual, any_request(line.as_bytes()));
            }
        }
    }
}
