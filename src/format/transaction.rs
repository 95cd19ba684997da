//! ModSecurity's and Coraza's serial audit logs: a transaction on several lines, between boundaries.
//!
//! ```text
//! --5f1a2b3c-A--
//! [10/Mar/2026:09:39:02.292240 +0000] UNIQUE_ID 192.0.2.1 47157 198.51.100.1 443
//! --5f1a2b3c-B--
//! GET /a HTTP/1.1
//! Host: www.example.com
//! --5f1a2b3c-F--
//! HTTP/1.1 403 Forbidden
//! --5f1a2b3c-H--
//! Message: Access denied with code 403 (phase 2). ...
//! Action: Intercepted (phase 2)
//! --5f1a2b3c-Z--
//! ```
//! Input makes one line of it, with [`LINE_BREAK`] for each newline within. Sources: `msc_logging.c` (2),
//! `transaction.cc` (3). What a client sent cannot pass for a section, as it does not know the boundary.

use super::draft::Draft;
use super::json::header;
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::stated::firewall::is_refusal;
use crate::time::Clock;
use std::borrow::Cow;

/// What stands for a newline within a record that stood on several lines.
pub const LINE_BREAK: u8 = 0x1e;

/// Longest boundary line.
const LONGEST_BOUNDARY: usize = 64;

/// The name and the letter of the section that a boundary line begins: `--5f1a2b3c-H--`.
pub fn boundary(line: &[u8]) -> Option<(&[u8], u8)> {
    if line.len() > LONGEST_BOUNDARY {
        return None;
    }
    match line.strip_prefix(b"--")? {
        // Version 3 writes three dashes before and behind the name.
        [name @ .., b'-', letter @ b'A'..=b'Z', b'-', b'-'] if !name.is_empty() => {
            Some((name, *letter))
        }
        _ => None,
    }
}

/// Transactions of a serial audit log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transactions;

impl BuiltIn for Transactions {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(Transactions)
    }
}

impl Format for Transactions {
    fn name(&self) -> String {
        "modsecurity.serial".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let mut lines = line.split(|byte| *byte == LINE_BREAK);
        let (name, b'A') = boundary(lines.next()?)? else {
            return None;
        };
        let mut draft = Draft::new();
        let mut section = (b'A', 0);
        for line in lines {
            match boundary(line) {
                Some((other, letter)) if other == name => section = (letter, 0),
                _ => {
                    part(section, line, &mut draft, clock)?;
                    section.1 += 1;
                }
            }
        }
        draft.finish_without_client().filter(|_| section.0 == b'Z')
    }
}

/// Takes a line of a section, of which `number` stand before it; `None` where it cannot be one.
fn part<'a>(
    (section, number): (u8, usize),
    line: &'a [u8],
    draft: &mut Draft<'a>,
    clock: &mut Clock,
) -> Option<()> {
    let told = match (section, number) {
        (b'A', 0) => return about(line, draft, clock),
        (b'B', 0) => Some((Role::Request, line)),
        (b'B', _) => field(line).and_then(|(name, value)| Some((header(name)?, value))),
        (b'F', 0) => {
            let status = line.split(|byte| *byte == b' ').nth(1);
            status.map(|status| (Role::Status, status))
        }
        (b'F', _) => field(line)
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"content-length"))
            .map(|(_, size)| (Role::Bytes, size)),
        (b'H', _) => verdict(line),
        _ => None,
    };
    match told {
        Some((role, value)) => draft.put(role, 1, Cow::Borrowed(value), clock),
        None => Some(()),
    }
}

/// The first line: moment, id and client.
fn about<'a>(line: &'a [u8], draft: &mut Draft<'a>, clock: &mut Clock) -> Option<()> {
    let end = memchr::memchr(b']', line)?;
    let stamp = line.get(..end)?.strip_prefix(b"[")?;
    // The fraction stands where no stamp of an access log has one.
    let (seconds, behind) = stamp.split_at_checked(b"10/Mar/2026:09:39:02".len())?;
    let zone = behind.get(behind.len().checked_sub(b"+0000".len())?..)?;
    let mut instant = clock.read(&[seconds, b" ", zone].concat())?;
    if let [b'.', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] = behind {
        let digits = [a, b, c].map(|digit| i64::from(digit - b'0'));
        instant.ms += digits[0] * 100 + digits[1] * 10 + digits[2];
    }
    draft.put_instant(instant);
    let mut words = line[end + 1..]
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    draft.put(Role::Id, 1, Cow::Borrowed(words.next()?), clock)?;
    draft.put(Role::Address, 1, Cow::Borrowed(words.next()?), clock)
}

/// `Host: www.example.com`.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

/// What a line says of who refused: version 2 says that it intercepted, and before that by which rule, version 3 both at
/// once.
fn verdict(line: &[u8]) -> Option<(Role, &[u8])> {
    if let Some(mode) = line.strip_prefix(b"Engine-Mode: ") {
        let mode = mode.strip_prefix(b"\"").unwrap_or(mode);
        return Some((Role::WafMode, mode.strip_suffix(b"\"").unwrap_or(mode)));
    }
    if let Some(message) = line.strip_prefix(b"Message: ") {
        return is_refusal(message).then_some((Role::WafEvidence, message));
    }
    if let Some(message) = line.strip_prefix(b"ModSecurity: ") {
        return is_refusal(message).then_some((Role::Intercepted, message));
    }
    let intercepted = line.starts_with(b"Action: Intercepted");
    intercepted.then_some((Role::Intercepted, b"true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Line, Visitor, detect};
    use crate::record::Reject;

    const SECOND: &str = "--5f1a2b3c-A--|[10/Mar/2026:09:39:02.292240 +0100] aa_mo 192.0.2.1 47157 198.51.100.1 443|--5f1a2b3c-B--|GET /a?x=1 HTTP/1.1|Host: www.example.com|User-Agent: curl/8.1|Referer: http://x.example/||--5f1a2b3c-C--|--00000000-F--|HTTP/1.1 200 OK|--5f1a2b3c-F--|HTTP/1.1 403 Forbidden|Content-Length: 199||--5f1a2b3c-H--|Message: Access denied with code 403 (phase 2). Operator GE matched 5 at TX:anomaly_score. [id \"949110\"]|Action: Intercepted (phase 2)|Engine-Mode: \"ENABLED\"||--5f1a2b3c-Z--";
    const THIRD: &str = "---aBcDeFgH---A--|[10/Mar/2026:08:39:02 +0000] 17331 2001:db8::1 47157 198.51.100.1 443|---aBcDeFgH---B--|POST /b HTTP/1.1|host: www.example.com|---aBcDeFgH---F--|HTTP/1.1 403|---aBcDeFgH---H--|ModSecurity: Access denied with code 403 (phase 2). [id \"1\"]|---aBcDeFgH---Z--";

    fn line(text: &str) -> String {
        text.replace('|', "\u{1e}")
    }

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Visitor for Told {
        fn record(&mut self, _: Line<'_>, record: &Record<'_>, format: usize) {
            let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
            let stated = record.stated.map_or("", |stated| stated.reason().by);
            self.0.push(format!(
                "{format} {} {} {} {} {} {} {} {} {stated}",
                record.time_ms,
                text(&record.address),
                text(record.method),
                text(&record.target),
                record.status,
                text(&record.host),
                text(&record.user_agent),
                text(&record.referer),
            ));
        }
        fn skipped(&mut self, _: Line<'_>, why: Reject) {
            self.0.push(format!("{why:?}"));
        }
    }

    fn told(log: &str) -> (String, Vec<String>) {
        let detected = detect(log.as_bytes(), &FormatSettings::default()).unwrap();
        let mut told = Told::default();
        detected.visit(log.as_bytes(), &mut told);
        (detected.name.clone(), told.0)
    }

    #[test]
    fn transactions_of_both_versions_are_read() {
        let (name, lines) = told(&line(&format!("{SECOND}\n{THIRD}\n")));
        assert_eq!(name, "modsecurity.serial");
        assert_eq!(
            lines,
            [
                "0 1773131942292 192.0.2.1 GET /a?x=1 403 www.example.com curl/8.1 http://x.example/ audit:intercepted",
                "0 1773131942000 2001:db8::1 POST /b 403 www.example.com   audit:intercepted",
            ]
        );
    }

    #[test]
    fn what_others_refused_is_not_stated() {
        for (old, new) in [
            ("Action: Intercepted (phase 2)|", ""),
            ("\"ENABLED\"", "\"DETECTION_ONLY\""),
        ] {
            let (_, lines) = told(&line(&SECOND.replace(old, new)));
            assert!(lines[0].ends_with("http://x.example/ "), "{lines:?}");
        }
    }

    #[test]
    fn what_the_rule_looks_at_is_stated() {
        for (matched, by) in [
            (
                "Operator GT matched 60 at IP:requests. [id \"1\"]",
                "audit:count",
            ),
            (
                "IPmatch: \"x\" matched at REMOTE_ADDR. [id \"2\"]",
                "audit:address",
            ),
            (
                "Operator EQ matched 0 at REQUEST_HEADERS. [id \"920280\"]",
                "audit:protocol",
            ),
        ] {
            let message = "Operator GE matched 5 at TX:anomaly_score. [id \"949110\"]";
            let (_, lines) = told(&line(&SECOND.replace(message, matched)));
            assert!(lines[0].ends_with(by), "{lines:?}");
        }
    }

    #[test]
    fn a_transaction_without_its_end_is_none() {
        let torn = SECOND.replace("--5f1a2b3c-Z--", "--00000000-Z--");
        let (_, lines) = told(&line(&format!("{SECOND}\n{torn}\n")));
        assert_eq!(lines[1], "Malformed");
    }

    #[test]
    fn boundaries() {
        assert_eq!(boundary(b"--5f1a2b3c-A--"), Some((&b"5f1a2b3c"[..], b'A')));
        assert_eq!(boundary(b"---aBcD---H--"), Some((&b"-aBcD--"[..], b'H')));
        for line in [&b"--"[..], b"----", b"--x-a--", b"-A--", b"--A--"] {
            assert_eq!(boundary(line), None, "{line:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(text in "(--a-[ABFHZ]--|[\\[ a:.0-9]{0,40}|\u{1e}){0,12}") {
            let text = format!("--a-A--\u{1e}{text}");
            Transactions.parse(text.as_bytes(), &mut Clock::new(None));
        }
    }
}
