//! IIS's own format with commas, from before it wrote W3C logs, which an administrator may still choose.
//!
//! ```text
//! client, user, date, time, service, computer, server, taken, received, sent, status, windows, method, target, query,
//! ```
//!
//! Source: <https://learn.microsoft.com/en-us/previous-versions/iis/6.0-sdk/ms525807(v=vs.90)>. The date has the month
//! first, and two digits or four for the year; the time is the server's own. The client's address may be a name.

use super::draft::Draft;
use super::field::present;
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// IIS's lines with commas.
#[derive(Debug, Clone)]
pub(super) struct Iis;

/// Fields of a line before those that may hold commas themselves: method, target and query.
const FIXED: usize = 12;

impl BuiltIn for Iis {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(Iis)
    }
}

impl Format for Iis {
    fn name(&self) -> String {
        "iis.native".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let mut fields = [&b""[..]; FIXED];
        let mut rest = line;
        for field in &mut fields {
            let comma = memchr::memchr(b',', rest)?;
            *field = rest[..comma].trim_ascii();
            rest = &rest[comma + 1..];
        }
        let [
            client,
            user,
            date,
            time,
            service,
            _,
            _,
            taken,
            received,
            sent,
            status,
            windows,
        ] = fields;
        let numbers = [taken, received, sent, status, windows];
        let is_number =
            |text: &&[u8]| !text.is_empty() && present(text).iter().all(u8::is_ascii_digit);
        let is_name = !client.contains(&b' ');
        if service.is_empty() || !is_name || !numbers.iter().all(is_number) {
            return None;
        }
        let (method, target, query) = asked(rest)?;
        let stamp = stamp(date, time)?;
        let mut draft = Draft::new();
        for (role, value) in [
            (Role::Time, Cow::Owned(stamp)),
            (Role::Address, Cow::Borrowed(client)),
            (Role::User, Cow::Borrowed(user)),
            (Role::Status, Cow::Borrowed(status)),
            (Role::Method, Cow::Borrowed(method)),
            (Role::Target, Cow::Borrowed(target)),
            (Role::Query, Cow::Borrowed(query)),
            (Role::Bytes, Cow::Borrowed(sent)),
            (Role::Milliseconds, Cow::Borrowed(taken)),
        ] {
            draft.put(role, 1, value, clock)?;
        }
        draft.finish_timed()
    }
}

/// ` GET, /a.htm, -,`: method, target and query, of which the target may hold commas.
fn asked(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let comma = memchr::memchr(b',', text)?;
    let (method, rest) = (text[..comma].trim_ascii(), text[comma + 1..].trim_ascii());
    let rest = rest.strip_suffix(b",").unwrap_or(rest);
    let comma = memchr::memrchr(b',', rest).unwrap_or(rest.len());
    let query = rest.get(comma + 1..).unwrap_or_default();
    Some((method, rest[..comma].trim_ascii(), query.trim_ascii()))
}

/// `3/20/01` and `7:55:20` as `2001-03-20 07:55:20`.
fn stamp(date: &[u8], time: &[u8]) -> Option<Vec<u8>> {
    if matches!(date, [_, _, _, _, b'-', _, _, b'-', _, _]) {
        return Some([date, b" ", time].concat());
    }
    let number = |text: &[u8]| -> Option<u32> { std::str::from_utf8(text).ok()?.parse().ok() };
    let [month, day, year] = three(date, b'/')?.map(number);
    let [hour, minute, second] = three(time, b':')?.map(number);
    let year = match year? {
        // Two digits are of the years that there was this format in.
        year @ 0..=69 => 2000 + year,
        year @ 70..=99 => 1900 + year,
        year => year,
    };
    let stamp = format!(
        "{year:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        month?, day?, hour?, minute?, second?
    );
    Some(stamp.into_bytes())
}

fn three(text: &[u8], between: u8) -> Option<[&[u8]; 3]> {
    let mut parts = text.split(|byte| *byte == between);
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        Iis.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn a_line_of_its_documentation() {
        let line = "192.0.2.201, -, 03/20/01, 7:55:20, W3SVC2, SALES1, 198.51.100.45, 4502, 163, 3223, 403, 0, GET, /DeptLogo.gif, a=b,";
        let record = read(line).unwrap();
        assert_eq!(record.time_ms, 985_074_920_000);
        assert_eq!(&record.address[..], b"192.0.2.201");
        assert_eq!((record.method, record.status), (&b"GET"[..], 403));
        assert_eq!(&record.target[..], b"/DeptLogo.gif?a=b");
        assert_eq!(
            (record.bytes, record.duration_ms()),
            (Some(3223), Some(4502.0))
        );
        assert!(record.user.is_empty());
    }

    #[test]
    fn commas_of_the_target_and_a_long_year() {
        let line = "a.example, ann, 12/1/2025, 23:58:11, W3SVC, S, 192.0.2.1, 0, 1, 2, 200, 0, GET, /a,b, -,";
        let record = read(line).unwrap();
        assert_eq!(
            (&record.target[..], &record.user[..]),
            (&b"/a,b"[..], &b"ann"[..])
        );
    }

    #[test]
    fn what_is_none_of_them() {
        for line in [
            "",
            ",,,,,,,,,,,,,,",
            "192.0.2.1, -, 03/20/01, 7:55:20, W3SVC2, SALES1, 198.51.100.45, 4502, 163, 3223, ok, 0, GET, /a, -,",
            "192.0.2.1, -, 13/20/01, 7:55:20, W3SVC2, SALES1, 198.51.100.45, 4502, 163, 3223, 200, 0",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
