//! NCSA's fields where each stands in quotes of its own, the numbers and the time too.
//!
//! ```text
//! "client" ["-"] ["user"] "[time]" "METHOD target HTTP/x" "status" "size" ["referer"] ["agent"] [more]...
//! ```
//!
//! So G-Core's CDN writes (<https://gcore.com/docs/cdn/logs/log-fields>), GlassFish by default (`%client.name%
//! %auth-user-name% %datetime% %request% %status% %response.length%`, which leaves the numbers without quotes), and many
//! a hand-written `log_format`. Nothing is named, so each field must look like what it is taken for: one time and one
//! address stand before the request line, in either order, and a status and a size behind it.

use super::draft::Draft;
use super::field::{present, quoted, request_line};
use super::role::Role;
use super::shape::{is_blank, is_ip};
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// Lines whose fields stand in quotes.
#[derive(Debug, Clone)]
pub(super) struct QuotedFields;

/// Most fields that are looked at; more may stand behind.
const MOST: usize = 12;

impl BuiltIn for QuotedFields {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(QuotedFields)
    }
}

impl Format for QuotedFields {
    fn name(&self) -> String {
        "ncsa_quoted".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let mut all = [&b""[..]; MOST];
        let mut rest = line.starts_with(b"\"").then_some(line)?;
        let mut count = 0;
        for field in &mut all {
            if rest.is_empty() {
                break;
            }
            (rest, *field) = word(rest)?;
            count += 1;
        }
        let fields = &all[..count];
        let request = fields.iter().position(|field| is_request(field))?;
        let (front, behind) = (&fields[..request], &fields[request + 1..]);
        let (&[status, size], behind) = behind.split_first_chunk()?;
        if !is_status(status) || !is_size(size) || !(2..=4).contains(&front.len()) {
            return None;
        }
        let at = front.iter().position(|field| is_ip(field))?;
        let mut others = front.iter().enumerate().filter(|(other, _)| *other != at);
        let (timed, time) = others.find(|(_, field)| Role::instant(field, clock).is_some())?;
        // Who it is stands between client and time; in its place may be the word for nobody.
        let user = front.get(at + 1..timed).and_then(|between| between.last());
        let user = user.filter(|user| **user != b"NULL-AUTH-USER");
        let (referer, agent) = headers(behind);
        let mut draft = Draft::new();
        for (role, value) in [
            (Role::Time, *time),
            (Role::Address, front[at]),
            (Role::User, user.copied().unwrap_or_default()),
            (Role::Request, fields[request]),
            (Role::Status, status),
            (Role::Bytes, size),
            (Role::Referer, referer),
            (Role::UserAgent, agent),
        ] {
            draft.put(role, 1, Cow::Borrowed(value), clock)?;
        }
        draft.finish()
    }
}

/// The next field, in quotes or not, and the rest behind the space.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, field) = match text {
        [b'"', ..] => quoted(text).ok()?,
        _ => {
            let end = memchr::memchr(b' ', text).unwrap_or(text.len());
            (&text[end..], &text[..end])
        }
    };
    Some((rest.strip_prefix(b" ").unwrap_or(rest), field))
}

fn is_request(field: &[u8]) -> bool {
    let ends_in_protocol = memchr::memmem::rfind(field, b" HTTP/").is_some();
    ends_in_protocol && !request_line(field).0.is_empty()
}

fn is_status(field: &[u8]) -> bool {
    matches!(field, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}

fn is_size(field: &[u8]) -> bool {
    is_blank(field) || field.iter().all(u8::is_ascii_digit)
}

/// Referer and agent: the referer is a URL or absent, and some leave it out.
fn headers<'a>(fields: &[&'a [u8]]) -> (&'a [u8], &'a [u8]) {
    let is_referer =
        |field: &[u8]| present(field).is_empty() || memchr::memmem::find(field, b"://").is_some();
    let is_agent =
        |field: &[u8]| field.first().is_some_and(u8::is_ascii_alphabetic) && !is_ip(field);
    match *fields {
        [referer, agent, ..] if is_referer(referer) => (referer, agent),
        [agent, ..] if is_agent(agent) && memchr::memchr(b'/', agent).is_some() => (b"", agent),
        _ => (b"", b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        QuotedFields.parse(line.as_bytes(), &mut Clock::new(None))
    }

    /// Time, client, user, target, status, size, referer and agent.
    fn told(line: &str) -> Option<String> {
        let record = read(line)?;
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        Some(format!(
            "{} {} {:?} {} {} {:?} {:?} {:?}",
            record.time_ms,
            text(&record.address),
            text(&record.user),
            text(&record.target),
            record.status,
            record.bytes,
            text(&record.referer),
            text(&record.user_agent)
        ))
    }

    #[test]
    fn in_several_orders() {
        for (line, expected) in [
            (
                r#""192.0.2.1" "-" "ann" "[10/Mar/2026:09:43:00 +0000]" "GET /a HTTP/1.1" "403" "12" "https://b/" "agent/1" "13" "-""#,
                r#"1773135780000 192.0.2.1 "ann" /a 403 Some(12) "https://b/" "agent/1""#,
            ),
            (
                r#""192.0.2.1" "NULL-AUTH-USER" "10/Mar/2026:09:43:00 +0000" "GET /a HTTP/1.1" 200 52598"#,
                r#"1773135780000 192.0.2.1 "" /a 200 Some(52598) "" """#,
            ),
            (
                r#""10/Mar/2026:09:43:00 +0000" "192.0.2.1" "GET /a HTTP/1.1" "200" "-" "-" "-""#,
                r#"1773135780000 192.0.2.1 "" /a 200 None "" """#,
            ),
            (
                r#""192.0.2.1" "[10/Mar/2026:09:43:00 +0000]" "GET /a HTTP/1.1" "200" "23" "agent/1 (a)" "0/168290""#,
                r#"1773135780000 192.0.2.1 "" /a 200 Some(23) "" "agent/1 (a)""#,
            ),
        ] {
            assert_eq!(told(line).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn what_is_none_of_them() {
        for line in [
            "",
            r#""192.0.2.1" "GET /a HTTP/1.1" "200" "23""#,
            r#""10/Mar/2026:09:43:00 +0000" "GET /a HTTP/1.1" "200" "23""#,
            r#""192.0.2.1" "10/Mar/2026:09:43:00 +0000" "GET /a HTTP/1.1" "ok" "23""#,
            r#""192.0.2.1" "10/Mar/2026:09:43:00 +0000" "GET /a HTTP/1.1" "200""#,
            r#"192.0.2.1 - - [10/Mar/2026:09:43:00 +0000] "GET /a HTTP/1.1" 200 23"#,
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(line in "(\"[a-zA-Z0-9/: .\\\\]{0,9}\" ?){0,14}") {
            read(&line);
        }
    }
}
