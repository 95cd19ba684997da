//! JSON text, scanned once and without building anything.
//!
//! Only as strict as telling the fields apart takes: a number is not checked to be one, because
//! what reads it does. Nesting that nobody asked for is passed over in a loop, so depth costs no stack.

use crate::find::find_either;
use crate::format::field::{Parsed, refuse};
use crate::record::Field;
use std::borrow::Cow;

/// A string between its quotes, or a number, `true`, `false`, `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scalar<'a> {
    pub(super) text: &'a [u8],
    pub(super) escaped: bool,
}

impl<'a> Scalar<'a> {
    /// The value; only one that holds a backslash is copied.
    pub(super) fn field(self) -> Field<'a> {
        if self.escaped {
            Cow::Owned(unescape(self.text))
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

/// Skips white space.
#[inline]
pub(super) fn space(input: &[u8]) -> &[u8] {
    match input {
        [b' ' | b'\t' | b'\r', ..] => input.trim_ascii_start(),
        _ => input,
    }
}

/// A string, behind its opening quote.
#[inline]
pub(super) fn string(input: &[u8]) -> Parsed<'_, Scalar<'_>> {
    let mut from = 0;
    let mut escaped = false;
    while let Some(at) = input
        .get(from..)
        .and_then(|rest| find_either(rest, *b"\"\\"))
    {
        let end = from + at;
        if input[end] == b'"' {
            return Ok((
                &input[end + 1..],
                Scalar {
                    text: &input[..end],
                    escaped,
                },
            ));
        }
        escaped = true;
        from = end + 2;
    }
    refuse()
}

/// A number or a word; `null` is empty.
pub(super) fn bare(input: &[u8]) -> Parsed<'_, Scalar<'_>> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let end = input
        .iter()
        .position(|byte| !is_part(byte))
        .unwrap_or(input.len());
    let (text, rest) = input.split_at(end);
    match text {
        b"" => refuse(),
        b"null" => Ok((
            rest,
            Scalar {
                text: b"",
                escaped: false,
            },
        )),
        _ => Ok((
            rest,
            Scalar {
                text,
                escaped: false,
            },
        )),
    }
}

/// Passes over a value of any kind.
pub(super) fn skip(input: &[u8]) -> Parsed<'_, ()> {
    match input {
        [b'"', rest @ ..] => string(rest).map(|(rest, _)| (rest, ())),
        [b'{' | b'[', rest @ ..] => close(rest),
        _ => bare(input).map(|(rest, _)| (rest, ())),
    }
}

fn is_structure(byte: u8) -> bool {
    matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')
}

/// Passes over what is left of an object or array, whose opening bracket is behind us.
pub(in crate::format) fn close(mut input: &[u8]) -> Parsed<'_, ()> {
    let mut open = 1u32;
    loop {
        let Some(at) = input.iter().position(|byte| is_structure(*byte)) else {
            return refuse();
        };
        let (byte, rest) = (input[at], &input[at + 1..]);
        input = match byte {
            b'"' => string(rest)?.0,
            _ => rest,
        };
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Ok((input, ()));
        }
    }
}

/// The bytes that a JSON string stands for. A broken escape stands for itself.
pub(in crate::format) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (plain, used): (u8, usize) = match rest.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b't') => (b'\t', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0c, 2),
            Some(&byte @ (b'"' | b'\\' | b'/')) => (byte, 2),
            Some(b'u') if let Some((letter, used)) = unicode(&rest[at..]) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[at + used..];
                continue;
            }
            _ => (b'\\', 1),
        };
        out.push(plain);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    out
}

/// The letter at `\u00e9` or at a pair of surrogates, and how many bytes it takes.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = text.get(from..from + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let high = unit(0)?;
    if let Some(letter) = char::from_u32(high) {
        return Some((letter, 6));
    }
    match (high, unit(6)) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            let letter = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            Some((char::from_u32(letter)?, 12))
        }
        _ => Some((char::REPLACEMENT_CHARACTER, 6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes() {
        for (text, expected) in [
            (r#"a\"b\\c\/d"#, "a\"b\\c/d"),
            (r"\n\t\u0026\u00e9", "\n\t&é"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\u12", r"\u12"),
            (r"\q\", r"\q\"),
        ] {
            assert_eq!(unescape(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn unescapes_what_serde_escapes(text: String) {
            let quoted = serde_json::to_string(&text).unwrap();
            let (rest, scalar) = string(&quoted.as_bytes()[1..]).unwrap();
            prop_assert_eq!(rest, b"");
            prop_assert_eq!(&scalar.field()[..], text.as_bytes());
        }

        #[test]
        fn any_bytes_are_survived(text in "[\"\\\\{}\\[\\],:u0-9a-f ]{0,60}") {
            let _ = skip(text.as_bytes());
            unescape(text.as_bytes());
        }

        #[test]
        fn skips_what_serde_writes(depth in 0usize..300, key: String) {
            let text = format!("{}{}{}", "[".repeat(depth), serde_json::json!({ key: [1.5, null] }), "]".repeat(depth));
            prop_assert_eq!(skip(text.as_bytes()), Ok((&b""[..], ())));
        }
    }
}
