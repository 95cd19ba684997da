//! What the logger of a program puts before a line: a stamp, a level, a name, in any order and with any
//! marks between, as Python's `logging`, log4js, `env_logger`, loguru and the like are told to.
//!
//! The line itself begins where a client stands as access logs have it, or the request in its quotes.

use super::Opened;
use super::prefix::carried;
use crate::format::field::METHODS;
use crate::format::role::without_port;
use crate::format::shape::{is_ip, is_level};

/// Longest that a logger puts before a line.
const LONGEST: usize = 240;

/// `2026-03-10 09:43:00,123 - werkzeug - INFO - 192.0.2.1 - - [...`, and whatever else has a level or a stamp
/// before it.
pub(super) fn logger(line: &[u8]) -> Option<Opened<'_>> {
    let start = message_start(line)?;
    let (before, message) = line.split_at(start);
    let stamp = stamp_within(before);
    let is_logger = has_level(before) || is_asked_by(message) && is_named(before, stamp);
    is_logger.then(|| carried(stamp, message))?
}

/// Whether a stamp and a name stand before the line, and a mark behind them: many a format begins with a stamp alone.
fn is_named(before: &[u8], stamp: &[u8]) -> bool {
    let letters = |text: &[u8]| {
        text.iter()
            .filter(|byte| byte.is_ascii_alphabetic())
            .count()
    };
    let marked = matches!(
        before.trim_ascii_end().last(),
        Some(b':' | b'-' | b'|' | b']')
    );
    // Twisted's logger names nobody: `[-]`.
    let named = letters(before) > letters(stamp) || before.ends_with(b" [-] ");
    !stamp.is_empty() && marked && named
}

/// Whether a program's logger wrote the line: a stamp or a level stands at its beginning.
pub(in crate::format) fn is_logged(line: &[u8]) -> bool {
    /// How far stamp or level may be from the beginning.
    const NEAR: usize = 48;
    let line = line.trim_ascii_start();
    let near = &line[..line.len().min(NEAR)];
    let words = || near.split(|byte| !byte.is_ascii_alphanumeric());
    // A level may be the first word of a sentence: it stands in brackets or before a colon, or is in capitals.
    let is_marked = |word: &[u8]| {
        let marked = near.starts_with(b"[") || near.get(word.len()) == Some(&b':');
        is_level(word) && (marked || word.iter().all(u8::is_ascii_uppercase))
    };
    let first = words().find(|word| !word.is_empty());
    first.is_some_and(is_marked) || !stamp_within(near).is_empty() && begins_with_digit(near)
}

/// In brackets or not.
fn begins_with_digit(near: &[u8]) -> bool {
    let inner = near.strip_prefix(b"[").unwrap_or(near);
    inner.first().is_some_and(u8::is_ascii_digit)
}

/// Where the line begins that the logger was given.
fn message_start(line: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = line.get(at..)?;
        if at > 0 && (is_asked_by(rest) || is_quoted_request(rest) || is_answered(rest)) {
            return Some(at);
        }
        if at > 0 && are_fields(rest) {
            // Fields before are of the line, and with tabs between it is another's.
            return (!line[..at].iter().any(|byte| b"=\t".contains(byte))).then_some(at);
        }
        if at > LONGEST || matches!(rest.first()?, b'"' | b'{') {
            return None;
        }
        at += next_word(rest)?;
    }
}

/// How far the next word is: behind a space, or behind a colon or bracket without one.
fn next_word(rest: &[u8]) -> Option<usize> {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b']' | b':' | b'"' | b'{');
    let end = rest.iter().position(ends)?;
    match rest[end] {
        b'"' | b'{' if end > 0 => Some(end),
        _ => Some(end + 1),
    }
}

/// A client's address, and behind it what an access log goes on with.
fn is_asked_by(text: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b' ', text) else {
        return false;
    };
    let (address, behind) = text.split_at(end);
    // Twisted has the client in quotes.
    let unquoted = address
        .strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""));
    let address = unquoted.unwrap_or(address);
    let goes_on = [&b" - "[..], b" \"", b" ["];
    goes_on.iter().any(|begins| behind.starts_with(begins))
        && address
            .split(|byte| *byte == b',')
            .all(|address| is_ip(without_port(address)))
}

fn is_quoted_request(text: &[u8]) -> bool {
    text.strip_prefix(b"\"")
        .is_some_and(|text| asks(text).is_some())
}

/// `200 GET /path`, as Tornado has it, `200 OK: GET - /path` of Ktor, `Request finished HTTP/2 GET` of ASP.NET Core.
fn is_answered(text: &[u8]) -> bool {
    if text.starts_with(b"Request finished HTTP/") {
        return true;
    }
    let [a, b, c, b' ', request @ ..] = text else {
        return false;
    };
    let behind_reason = || {
        let colon = memchr::memmem::find(&request[..request.len().min(48)], b": ")?;
        request.get(colon + 2..)
    };
    let is_asked = asks(request).is_some()
        || behind_reason()
            .is_some_and(|text| asks(text).is_some_and(|text| text.starts_with(b"- ")));
    [a, b, c].iter().all(|byte| byte.is_ascii_digit()) && is_asked
}

/// An object, or pairs of which the first tells a method or where from.
fn are_fields(text: &[u8]) -> bool {
    text.starts_with(b"{\"") || text.starts_with(b"method=") || text.starts_with(b"at=info ")
}

/// What stands behind a method and its space.
fn asks(text: &[u8]) -> Option<&[u8]> {
    let behind = |method: &&[u8]| text.strip_prefix(*method)?.strip_prefix(b" ");
    METHODS.iter().find_map(behind)
}

fn has_level(before: &[u8]) -> bool {
    let mut words = before.split(|byte| !byte.is_ascii_alphanumeric());
    // A letter alone is a level only where it stands alone, too: `I [73] gunicorn.access - `.
    let letter = |word: &[u8]| matches!(word, b"D" | b"I" | b"W" | b"E");
    words.any(is_level) || before.split(|byte| *byte == b' ').any(letter)
}

/// `2026-03-10 09:43:00,123`, `2026/03/10T09:43:00.123Z`: the first one; empty where there is none.
fn stamp_within(text: &[u8]) -> &[u8] {
    /// `2026-03-10T09:43:00`; `0` stands for a digit.
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let stands = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'-' => matches!(byte, b'-' | b'/'),
        b'T' => matches!(byte, b'T' | b' '),
        other => byte == other,
    };
    let mut windows = text.windows(SHAPE.len());
    let Some(start) = windows.position(|window| window.iter().zip(SHAPE).all(stands)) else {
        return b"";
    };
    let mut end = start + SHAPE.len();
    let digits = |from: usize| {
        let digits = text.get(from..).unwrap_or_default().iter();
        digits.take_while(|byte| byte.is_ascii_digit()).count()
    };
    if matches!(text.get(end), Some(b'.' | b',')) && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    match text.get(end) {
        Some(b'Z') => end += 1,
        Some(b'+' | b'-') if digits(end + 1) == 4 => end += 5,
        Some(b'+' | b'-') if digits(end + 1) == 2 && text.get(end + 3) == Some(&b':') => end += 6,
        _ => {}
    }
    text.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(line: &str) -> Option<(String, String)> {
        let opened = logger(line.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(&opened.stamp), text(&opened.inner)))
    }

    #[test]
    fn loggers_stand_before_lines() {
        const LINE: &str = r#"192.0.2.1 - - [10/Mar/2026 09:43:00] "GET / HTTP/1.1" 200 -"#;
        const STAMP: &str = "2026-03-10 09:43:00,123";
        for (before, stamp) in [
            ("2026-03-10 09:43:00,123 - INFO - ", STAMP),
            ("2026-03-10 09:43:00,123 - werkzeug - INFO - ", STAMP),
            ("2026-03-10 09:43:00,123 | INFO | ", STAMP),
            ("[2026-03-10 09:43:00,123][INFO] ", STAMP),
            (
                "2026-03-10 09:43:00,123 INFO [werkzeug] [_internal.py:88] - ",
                STAMP,
            ),
            ("2026-03-10 09:43:00,123 I [73] gunicorn.access - ", STAMP),
            ("2026-03-10 09:43:00,123 7 web werkzeug: ", STAMP),
            ("INFO:werkzeug:", ""),
            ("INFO: ", ""),
            ("09:43:00 werkzeug INFO: ", ""),
            (
                "[2026-03-10T09:43:00.123] [INFO] access - ",
                "2026-03-10T09:43:00.123",
            ),
            (
                "2026-03-10T09:43:00.081+0200 7fb3e5aa8700  1 beast: 0x7fb3e5aa0740: ",
                "2026-03-10T09:43:00.081+0200",
            ),
            (
                "1|web | 2026-03-10T09:43:00: INFO:     ",
                "2026-03-10T09:43:00",
            ),
        ] {
            let line = format!("{before}{LINE}");
            assert_eq!(
                opened(&line),
                Some((stamp.to_owned(), LINE.to_owned())),
                "{line}"
            );
        }
    }

    #[test]
    fn requests_without_a_client_have_loggers_too() {
        let (stamp, line) =
            opened(r#"INFO 2026-03-10 09:43:00,123 basehttp "GET /a HTTP/1.1" 200 7"#).unwrap();
        assert_eq!(stamp, "2026-03-10 09:43:00,123");
        assert_eq!(line, r#""GET /a HTTP/1.1" 200 7"#);
        let (_, line) = opened("WARNING:tornado.access:404 GET /a (192.0.2.1) 1.04ms").unwrap();
        assert_eq!(line, "404 GET /a (192.0.2.1) 1.04ms");
        let (_, line) =
            opened("2026-03-10 09:43:00.067 [a-1] INFO  ktor - 403 Forbidden: GET - /a").unwrap();
        assert_eq!(line, "403 Forbidden: GET - /a");
        let (_, line) =
            opened("[INF] Request finished HTTP/2 GET https://www.example.com/ - 403 - - 5ms")
                .unwrap();
        assert!(line.starts_with("Request finished HTTP/2"));
        let (_, line) = opened(r#"2026-03-10 09:43:00+0000 [-] "192.0.2.1" - - [10/Mar/2026:09:43:00 +0000] "GET / HTTP/1.1" 200 7"#).unwrap();
        assert!(line.starts_with(r#""192.0.2.1" - - ["#));
    }

    #[test]
    fn other_lines_have_no_logger() {
        for line in [
            r#"192.0.2.1 - - [10/Mar/2026:09:43:00 +0000] "GET / HTTP/1.1" 200 -"#,
            r#"www.example.com 192.0.2.1 - - [10/Mar/2026:09:43:00 +0000] "GET / HTTP/1.1" 200 -"#,
            r#"2026-03-10 09:43:00 192.0.2.1 GET /info - 443"#,
            r#"{"level":"info","line":"192.0.2.1 - - "}"#,
            "INFO: nothing was asked",
            "INFO:",
            "",
        ] {
            assert_eq!(opened(line), None, "{line}");
        }
    }
}
