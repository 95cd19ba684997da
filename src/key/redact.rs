//! Secrets out of a raw log line: each is replaced by its fingerprint, the rest stays byte for byte.
//!
//! Five detectors mark spans, each in one pass over the line: values behind secret names (`token=`,
//! `"api_key": "`, `Authorization: Bearer `, also percent-encoded once or twice, as in a referer
//! inside a query), shapes that are secret wherever they stand (JWT, `ghp_`, `AKIA`, ...), user
//! information in URLs, bare `Bearer`/`Basic` values, and what a firewall matched in a secret field. A span that is too long is a nuisance, one
//! that is too short is a leak: doubt lengthens it. Redacting twice changes nothing.

use std::borrow::Cow;

use super::firewall_data;
use super::secret::{is_placeholder, percent_decoded, secret_from, without_scheme};
use super::shapes;
use super::token::TokenKey;

/// A part of the line: start and end.
pub(super) type Span = (usize, usize);

/// Most bytes before a separator in which its name is looked for.
const NAME_REACH: usize = 96;

/// A value that may be known from a field of the record is looked for in the line from this length.
const MIN_KNOWN_BYTES: usize = 4;

impl TokenKey {
    /// The line without its secrets. Linear in its length.
    pub fn redact<'l>(&self, line: &'l [u8]) -> Cow<'l, [u8]> {
        self.replace(line, secret_spans(line))
    }

    /// As [`TokenKey::redact`], and a secret known from elsewhere (the record's token field, whose
    /// place in the line only the format knows) is replaced wherever it stands.
    pub fn redact_known<'l>(&self, line: &'l [u8], secret: &[u8]) -> Cow<'l, [u8]> {
        let mut spans = secret_spans(line);
        let secret = without_scheme(secret);
        if secret.len() >= MIN_KNOWN_BYTES && !is_placeholder(secret) {
            let found = memchr::memmem::find_iter(line, secret);
            spans.extend(found.map(|start| (start, start + secret.len())));
        }
        self.replace(line, spans)
    }

    /// The query of a target without its secrets; for paths and referers too.
    pub fn redact_query<'q>(&self, query: &'q [u8]) -> Cow<'q, [u8]> {
        self.redact(query)
    }

    fn replace<'l>(&self, line: &'l [u8], mut spans: Vec<Span>) -> Cow<'l, [u8]> {
        if spans.is_empty() {
            return Cow::Borrowed(line);
        }
        spans.sort_unstable();
        let mut out = Vec::with_capacity(line.len());
        let mut copied = 0;
        let mut spans = spans.into_iter().peekable();
        while let Some((start, mut end)) = spans.next() {
            while let Some((_, further)) = spans.next_if(|(next, _)| *next < end) {
                end = end.max(further);
            }
            out.extend_from_slice(line.get(copied..start).unwrap_or_default());
            let secret = line.get(start..end).unwrap_or_default();
            out.extend_from_slice(self.fingerprint(secret).as_bytes());
            copied = end;
        }
        out.extend_from_slice(line.get(copied..).unwrap_or_default());
        Cow::Owned(out)
    }
}

fn secret_spans(line: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    named_values(line, &mut spans);
    shapes::find(line, &mut spans);
    firewall_data::find(line, &mut spans);
    spans
}

/// What stands between a name and its value, and so what ends the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// `=`
    Equals,
    /// `:`
    Colon,
    /// `%3D`, `%3A`, `%253D`, ...: an `&` encoded as often ends the value too.
    Encoded,
}

/// Marks the values behind secret names.
fn named_values(line: &[u8], spans: &mut Vec<Span>) {
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'=', b':', b'%', &line[at..]) {
        let start = at + found;
        let Some((separator, length)) = separator_at(&line[start..]) else {
            at = start + 1;
            continue;
        };
        at = start + length;
        let before = &line[start.saturating_sub(NAME_REACH)..start];
        let value = &line[at..];
        if let Some(least) = with_name(before, separator, secret_from) {
            let length = mark_value(value, separator, least, at, spans);
            at += length;
            // A value may be a name with a value of its own: `pw: token: ...`.
            if length > 0 && matches!(line[at - 1], b':' | b'=') {
                at -= 1;
            }
        }
    }
}

/// The separator that stands first in `bytes`, and its length.
fn separator_at(bytes: &[u8]) -> Option<(Separator, usize)> {
    match bytes {
        [b'=', ..] => Some((Separator::Equals, 1)),
        [b':', ..] => Some((Separator::Colon, 1)),
        _ => {
            let length = encoded(bytes, b"3d").or_else(|| encoded(bytes, b"3a"))?;
            Some((Separator::Encoded, length))
        }
    }
}

/// Length of `%HH` or `%25HH`, `%2525HH`, ... that stands first in `bytes`.
fn encoded(bytes: &[u8], hex: &[u8; 2]) -> Option<usize> {
    let mut at = 1;
    bytes.strip_prefix(b"%")?;
    while bytes.get(at..at + 2) == Some(b"25") && at < 9 {
        at += 2;
    }
    let digits = bytes.get(at..at + 2)?;
    digits.eq_ignore_ascii_case(hex).then_some(at + 2)
}

/// Asks about the name that ends where `before` ends. Encoded names are decoded twice.
fn with_name<T>(
    before: &[u8],
    separator: Separator,
    ask: impl Fn(&[u8]) -> Option<T>,
) -> Option<T> {
    let mut before = before;
    if separator == Separator::Colon {
        before = before.trim_ascii_end();
    }
    if memchr::memchr2(b'%', b'\\', before).is_some() {
        let once = unescaped(before);
        let twice = percent_decoded(&once);
        return ask(trailing_name(&twice)).or_else(|| ask(trailing_name(before)));
    }
    ask(trailing_name(before))
}

/// Percent-decoding, and `\xHH` as nginx and Apache write bytes (in the same number of steps).
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&out[at..], b"\\x") {
        at += found;
        out.splice(at..at + 2, *b"%");
    }
    percent_decoded(&out).into_owned()
}

/// The run of name bytes at the end, without a quote that closes it or the index of a list behind it.
fn trailing_name(before: &[u8]) -> &[u8] {
    let mut end = before.len();
    while end > 0 && matches!(before[end - 1], b'"' | b'\'' | b'\\' | b'+') {
        end -= 1;
    }
    end = without_index(&before[..end]).len();
    while end > 0 && before[end - 1] == b']' {
        end -= 1;
    }
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = before[..end].iter().rposition(|byte| !name(byte));
    &before[start.map_or(0, |at| at + 1)..end]
}

/// Without a last `[]` or `[3]`, raw or percent-encoded.
fn without_index(name: &[u8]) -> &[u8] {
    /// Longest index that is one; more is the name itself, as in `user[password]`.
    const MAX_INDEX: usize = 3;
    for (opening, closing) in [(&b"["[..], &b"]"[..]), (b"%5B", b"%5D"), (b"%5b", b"%5d")] {
        let Some(body) = name.strip_suffix(closing) else {
            continue;
        };
        let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let digits = digits.count();
        let before = &body[..body.len() - digits];
        if digits <= MAX_INDEX && before.ends_with(opening) {
            return &before[..before.len() - opening.len()];
        }
    }
    name
}

/// Marks one value (or each string of a JSON array of them), and says how far to go on. `at` is
/// where `value` begins in the line; values of fewer than `least` bytes are left alone.
fn mark_value(
    value: &[u8],
    separator: Separator,
    least: usize,
    at: usize,
    spans: &mut Vec<Span>,
) -> usize {
    let mut start = 0;
    if separator != Separator::Encoded {
        start += value.iter().take_while(|byte| **byte == b' ').count();
    }
    let array = separator == Separator::Colon && value.get(start) == Some(&b'[');
    start += usize::from(array);
    loop {
        let (opening, closing) = quotes(&value[start..]);
        start = value.len() - without_scheme(&value[start + opening..]).len();
        let end = start + value_length(&value[start..], separator, closing);
        let inner = &value[start..end];
        if inner.len() >= least && !is_placeholder(inner) {
            spans.push((at + start, at + end));
        }
        let rest = &value[end..];
        let next = match rest {
            [b'"', b',', b' ', ..] => 3,
            [b'"', b',', ..] => 2,
            _ => 0,
        };
        if !array || next == 0 {
            return end;
        }
        start = end + next;
    }
}

/// What closes a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// The next plain quote of this kind.
    Quote(u8),
    /// A quote that is itself escaped or encoded.
    EscapedQuote,
    /// A delimiter.
    Delimiter,
}

/// The length of an opening quote, and what closes it.
fn quotes(value: &[u8]) -> (usize, Closing) {
    match value {
        [quote @ (b'"' | b'\''), ..] => (1, Closing::Quote(*quote)),
        [b'\\', b'"', ..] => (2, Closing::EscapedQuote),
        [b'\\', b'x', b'2', b'2', ..] => (4, Closing::EscapedQuote),
        _ => match encoded(value, b"22") {
            Some(length) => (length, Closing::EscapedQuote),
            None => (0, Closing::Delimiter),
        },
    }
}

/// Where a value ends.
fn value_length(value: &[u8], separator: Separator, closing: Closing) -> usize {
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        let rest = &value[at..];
        let ends = match closing {
            Closing::Quote(quote) if byte == b'\\' && rest.len() > 1 => {
                // Apache writes \" inside of a field; nginx writes \x22.
                at += 2;
                if quote == b'\'' { break } else { continue }
            }
            Closing::Quote(quote) => byte == quote || byte == b'\n',
            Closing::EscapedQuote => is_quote(rest) || byte == b'\n',
            Closing::Delimiter => is_delimiter(rest, separator),
        };
        if ends {
            return at;
        }
        at += 1;
    }
    at.min(value.len())
}

fn is_quote(rest: &[u8]) -> bool {
    matches!(rest, [b'"', ..] | [b'\\', b'"', ..])
        || rest.starts_with(b"\\x22")
        || encoded(rest, b"22").is_some()
}

fn is_delimiter(rest: &[u8], separator: Separator) -> bool {
    let Some(&byte) = rest.first() else {
        return true;
    };
    match byte {
        b'&' | b'"' | b'#' | b'<' | b'>' | b'`' | b'\t' | b'\n' | b'\r' => true,
        // `Authorization: Bearer abc`: the space behind the scheme is part of the value.
        b' ' => true,
        b'\\' => {
            rest.starts_with(b"\\\"") || rest.starts_with(b"\\x22") || rest.starts_with(b"\\u0026")
        }
        b',' | b';' => separator_ahead(&rest[1..]),
        b'}' | b']' | b')' | b'\'' => separator == Separator::Colon,
        b'%' if separator == Separator::Encoded => [b"26", b"23", b"20", b"22"]
            .iter()
            .any(|hex| encoded(rest, hex).is_some()),
        _ => false,
    }
}

/// Whether a comma or semicolon with this behind it parts two pairs, rather than being in a value.
fn separator_ahead(behind: &[u8]) -> bool {
    let near = &behind[..behind.len().min(NAME_REACH)];
    let name_ends = near
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')));
    match name_ends {
        Some(0) => matches!(near[0], b' ' | b'"' | b'\\' | b'\''),
        Some(at) => near[at] == b'=',
        None => false,
    }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
