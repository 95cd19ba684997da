//! OpenStack Swift's account, container and object servers.
//!
//! ```text
//! client - - [time] "METHOD path" status size "referer" "transaction" "agent" seconds "information" process policy
//! ```
//!
//! Source: <https://docs.openstack.org/swift/latest/logs.html>, "Storage Logs". It would be NCSA's with more behind, but
//! what stands in the agent's place is the transaction; so it comes before NCSA's. The request has no protocol.

use super::template::Template;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::sync::LazyLock;

/// Swift's lines.
#[derive(Debug, Clone)]
pub(super) struct Swift;

const NAME: &str = "swift.storage";

static LINE: LazyLock<Option<Template>> = LazyLock::new(|| {
    let text = r#"$remote_addr - - [$time_local] "$request" $status $size "$http_referer" "$_transaction" "$http_user_agent" $seconds "$_information" $_process $_policy"#;
    Template::named(text, NAME, false).ok()
});

/// Quotes of a line that has none within its fields.
const QUOTES: usize = 10;

impl BuiltIn for Swift {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(Swift)
    }
}

impl Format for Swift {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let ends = |word: &[u8]| word == b"-" || word.iter().all(u8::is_ascii_digit);
        let mut last = line.rsplitn(3, |byte| *byte == b' ');
        let (policy, process) = (last.next()?, last.next()?);
        let is_end = !process.is_empty() && process != b"-" && ends(process) && ends(policy);
        if !is_end || memchr::memchr_iter(b'"', line).take(QUOTES).count() < QUOTES {
            return None;
        }
        // With a protocol it is another's.
        if memchr::memmem::find(line, b" HTTP/").is_some() {
            return None;
        }
        let record = LINE.as_ref()?.parse(line, clock)?;
        (!record.method.is_empty()).then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        Swift.parse(line.as_bytes(), &mut Clock::new(None))
    }

    const LINE: &str = r#"192.0.2.1 - - [10/Mar/2026:09:43:00 +0000] "HEAD /sda1/p/a/c/o" 403 91 "-" "tx0123" "proxy-server 7" 1.2000 "-" 1234 0"#;

    #[test]
    fn a_line_becomes_a_record() {
        let record = read(LINE).unwrap();
        assert_eq!((record.time_ms, record.status), (1_773_135_780_000, 403));
        assert_eq!(
            (record.method, &record.target[..]),
            (&b"HEAD"[..], &b"/sda1/p/a/c/o"[..])
        );
        assert_eq!(&record.user_agent[..], b"proxy-server 7");
        assert_eq!(
            (record.bytes, record.duration_ms()),
            (Some(91), Some(1200.0))
        );
        assert!(read(&LINE.replace(" 1234 0", " 1234 -")).is_some());
    }

    #[test]
    fn what_is_none_of_them() {
        for line in [
            "",
            "- -",
            &LINE.replace("/o\"", "/o HTTP/1.1\""),
            &LINE.replace(" 1234 0", " 1234"),
            &LINE.replace(" 1234 0", " host 0"),
            &LINE.replace("\"tx0123\" ", ""),
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
