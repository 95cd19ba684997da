//! logfmt: `key=value` pairs with spaces between, as Heroku's router and many programs in Go write them.
//!
//! Source: <https://brandur.org/logfmt>; Heroku's router log
//! (<https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format>). The keys mean what
//! they mean in JSON lines. A line must tell method, target and status; it may leave the time to syslog.

use super::draft::Draft;
use super::json::{Names, USUAL, names_by_keys, unescape};
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// logfmt lines, with the names of their fields.
#[derive(Debug, Clone)]
pub(super) struct Logfmt {
    names: Names,
    /// Those of the service whose keys the sample shows: they come first.
    own: Option<&'static Names>,
}

impl BuiltIn for Logfmt {
    fn learn(sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        // Keys of the user's own are for JSON, which says so where they are wrong.
        let mut names = Names::new(&[], USUAL).map_err(|field| FormatError::NoSuchField {
            field,
            known: Vec::new(),
        })?;
        let lines: Vec<Vec<&[u8]>> = sample.iter().map(|line| keys(line)).collect();
        names.learn_spellings(lines.iter().flatten().copied());
        let own = names_by_keys(&lines);
        Ok(Logfmt { names, own })
    }
}

impl Format for Logfmt {
    fn name(&self) -> String {
        "logfmt".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let own = self.own.and_then(|names| read(names, line, clock));
        own.or_else(|| read(&self.names, line, clock))
    }
}

/// Reads a line by some names.
fn read<'a>(names: &Names, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
    let mut draft = Draft::new();
    let (stamp, mut rest) = behind_stamp(line.trim_ascii());
    draft.put(Role::Time, 1, Cow::Borrowed(stamp), clock)?;
    while !rest.is_empty() {
        let (key, value, behind) = pair(rest)?;
        if let Some((role, rank)) = names.find(0, key).and_then(|key| key.role) {
            draft.put(role, rank, value, clock)?;
        }
        rest = behind.trim_ascii_start();
    }
    draft.put_envelope_time(clock);
    draft.finish_request()
}

/// A name, its value, and what stands behind them.
type Pair<'a> = (&'a [u8], Cow<'a, [u8]>, &'a [u8]);

/// The stamp that stands without a name before the pairs, in quotes or brackets, as NGINX's own example for
/// measuring applications has it; and the pairs.
fn behind_stamp(line: &[u8]) -> (&[u8], &[u8]) {
    /// Longest stamp with a zone, with some room.
    const LONGEST: usize = 40;
    let closing = match line.first() {
        Some(b'"') => b'"',
        Some(b'[') => b']',
        _ => return (b"", line),
    };
    let end = line
        .iter()
        .take(LONGEST)
        .skip(1)
        .position(|byte| *byte == closing);
    match end.map(|end| (&line[1..=end], &line[end + 2..])) {
        Some((stamp, [b' ', pairs @ ..])) => (stamp, pairs.trim_ascii_start()),
        _ => (b"", line),
    }
}

/// The keys of a line that is nothing but pairs; none of another.
fn keys(line: &[u8]) -> Vec<&[u8]> {
    let (_, mut rest) = behind_stamp(line.trim_ascii());
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let Some((key, _, behind)) = pair(rest) else {
            return Vec::new();
        };
        keys.push(key);
        rest = behind.trim_ascii_start();
    }
    keys
}

/// The pair that a text begins with, and what stands behind it. A key alone has no value.
fn pair(text: &[u8]) -> Option<Pair<'_>> {
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-@/".contains(byte);
    let end = text
        .iter()
        .position(|byte| !is_key(byte))
        .unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    match rest {
        _ if key.is_empty() => None,
        [] | [b' ', ..] => Some((key, Cow::Borrowed(b""), rest)),
        [b'=', b'"', body @ ..] => {
            let mut escaped = false;
            let end = body.iter().position(|&byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            })?;
            let (value, behind) = (&body[..end], &body[end + 1..]);
            let value = match value.contains(&b'\\') {
                true => Cow::Owned(unescape(value)),
                false => Cow::Borrowed(value),
            };
            Some((key, value, behind))
        }
        [b'=', body @ ..] => {
            let end = memchr::memchr(b' ', body).unwrap_or(body.len());
            Some((key, Cow::Borrowed(&body[..end]), &body[end..]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        let logfmt = Logfmt::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        logfmt.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn pairs_become_a_record() {
        let record = read(
            r#"time="2026-03-10T09:43:00Z" level=info method=GET path="/a?b=\"c\"" status=403 remote_addr=192.0.2.1:5000 duration=12.5ms debug"#,
        )
        .unwrap();
        assert_eq!((record.method, record.status), (&b"GET"[..], 403));
        assert_eq!(&record.target[..], b"/a?b=\"c\"");
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!(record.duration_ms(), Some(12.5));
    }

    #[test]
    fn a_service_is_known_by_its_keys() {
        let line = "method=GET path=/a format=json controller=A action=show status=403 duration=58.33 view=40.43 db=15.26";
        assert_eq!(read(line).unwrap().duration_ms(), Some(58.33));
    }

    #[test]
    fn a_stamp_may_stand_before_the_pairs() {
        let pairs = r#"client=203.0.113.7 method=GET request="GET /a HTTP/1.1" status=403 bytes_sent=12 request_time=0.012"#;
        for stamp in [
            "\"10/Mar/2026:09:43:00 +0000\"",
            "[10/Mar/2026:09:43:00 +0000]",
            "[2026-03-10 09:43:00] INFO",
        ] {
            let line = format!("{stamp} {pairs}");
            let record = read(&line).unwrap();
            assert_eq!((record.time_ms, record.status), (1_773_135_780_000, 403));
            assert_eq!(&record.address[..], b"203.0.113.7");
        }
    }

    #[test]
    fn what_is_no_request() {
        for line in [
            "",
            "time=2026-03-10T09:43:00Z level=info msg=started",
            "time=2026-03-10T09:43:00Z method=GET path=/a status=\"403",
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700]",
            "\"10/Oct/2000:13:55:36 -0700\"",
            "[\"",
            "[]",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(line in "([a-z]{0,3}=?\"?[a-z\\\\\" ]{0,3}){0,9}") {
            read(&line);
        }
    }
}
