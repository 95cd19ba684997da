//! ModSecurity's serial audit log (2 and 3): transactions of several lines, told apart by a boundary.
//!
//! ```text
//! --5f1a2b3c-A--
//! [10/Mar/2026:09:39:02.292240 +0000] UNIQUE_ID 192.0.2.1 47157 198.51.100.1 443
//! --5f1a2b3c-B--
//! GET /a HTTP/1.1
//! --5f1a2b3c-H--
//! Message: Access denied with code 403 (phase 2). ...
//! Action: Intercepted (phase 2)
//! --5f1a2b3c-Z--
//! ```
//! Source: `msc_logging.c` (2), `transaction.cc` (3). An audit log repeats what others refused as well:
//! only `Action: Intercepted`, or a denial in the words of version 3, is ModSecurity's own.

use super::modsecurity;
use super::said::{About, Kind, Target, Told, digits, target_of};
use crate::format::{LINE_BREAK, boundary};
use crate::time::Clock;

/// The letter of the section that a boundary line begins: `--5f1a2b3c-H--`.
pub(super) fn section(line: &[u8]) -> Option<u8> {
    boundary(line).map(|(_, letter)| letter)
}

/// Whether a line is a whole transaction, with its newlines replaced.
pub(super) fn is_whole(line: &[u8]) -> bool {
    let first = line.split(|byte| *byte == LINE_BREAK).next();
    first.is_some_and(|first| first.len() < line.len() && section(first) == Some(b'A'))
}

/// Reads a transaction, boundary lines included, and gives what it says to `take`.
pub(super) fn read<'t>(text: &'t [u8], mut take: impl FnMut(Told<'t>)) {
    let mut header = None;
    let mut request = None;
    let mut intercepted = false;
    let mut messages = Vec::new();
    let mut part = 0;
    for line in text.split(|byte| matches!(*byte, b'\n' | LINE_BREAK)) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(letter) = section(line) {
            part = letter;
            continue;
        }
        match part {
            b'A' if header.is_none() => header = self::header(line),
            b'B' if request.is_none() && !line.is_empty() => request = Some(target_of(line)),
            b'H' => {
                intercepted |= line.starts_with(b"Action: Intercepted");
                let message = line.strip_prefix(b"Message: ").unwrap_or(line);
                if let Some((said, _)) = modsecurity::read(message) {
                    intercepted |= line.starts_with(b"ModSecurity: ") && said.kind != Kind::Matched;
                    messages.push(said);
                }
            }
            _ => {}
        }
    }
    let Some((local_ms, id, client)) = header else {
        return;
    };
    for mut said in messages {
        if said.kind != Kind::Matched && !intercepted {
            said.kind = Kind::Matched;
        }
        take(Told {
            local_ms,
            about: Some(About {
                client,
                target: request.unwrap_or(Target::Unknown),
                id,
                connection: b"",
                said,
            }),
        });
    }
}

/// The moment as the server's clock shows it, the transaction's id and the client.
fn header(line: &[u8]) -> Option<(i64, &[u8], &[u8])> {
    let inner = line.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner.get(..48).unwrap_or(inner))?;
    let local_ms = stamp(&inner[..end])?;
    let rest = inner.get(end + 1..)?;
    let mut words = rest
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    Some((local_ms, words.next()?, words.next()?))
}

/// `10/Mar/2026:09:39:02.292240 +0000`, `10/Mar/2026:09:39:02 +0000`, with dashes in newer versions.
fn stamp(text: &[u8]) -> Option<i64> {
    let seconds = text.get(..20)?;
    let zone = text.get(text.len().checked_sub(5)?..)?;
    let plain = [seconds, b" ", zone].concat();
    let instant = Clock::new(None).read(&plain)?;
    let ms = match text.get(20)? {
        b'.' | b':' => digits(text.get(21..)?, 3)?,
        _ => 0,
    };
    Some(instant.ms + i64::from(instant.utc_offset_s) * 1000 + i64::from(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = "--5f1a2b3c-A--\n[10/Mar/2026:10:39:02.292240 +0100] aa_mo 192.0.2.1 47157 198.51.100.1 443\n--5f1a2b3c-B--\nGET /a?x=1 HTTP/1.1\nHost: h\n\n--5f1a2b3c-F--\nHTTP/1.1 403 Forbidden\n\n--5f1a2b3c-H--\nMessage: Warning. Pattern match \"x\" at ARGS. [file \"/f\"] [line \"1\"] [id \"942100\"] [msg \"SQL\"]\nMessage: Access denied with code 403 (phase 2). Operator GE matched 5 at TX:anomaly_score. [file \"/g\"] [line \"94\"] [id \"949110\"]\nAction: Intercepted (phase 2)\nStopwatch: 1\n\n--5f1a2b3c-Z--\n";

    fn kinds(text: &str) -> Vec<(Kind, String)> {
        let mut kinds = Vec::new();
        read(text.as_bytes(), |told| {
            assert_eq!(told.local_ms, 1_773_139_142_292);
            let about = told.about.unwrap();
            assert_eq!((about.client, about.id), (&b"192.0.2.1"[..], &b"aa_mo"[..]));
            assert_eq!(about.target, Target::Asked(b"/a?x=1"));
            kinds.push((
                about.said.kind,
                String::from_utf8_lossy(about.said.rule).into(),
            ));
        });
        kinds
    }

    #[test]
    fn what_was_intercepted_is_modsecuritys() {
        assert_eq!(
            kinds(DENIED),
            [
                (Kind::Matched, "942100".into()),
                (Kind::Firewall, "949110".into())
            ]
        );
    }

    #[test]
    fn the_echo_of_a_refusal_by_others_is_not() {
        let echo = DENIED.replace("Action: Intercepted (phase 2)\n", "");
        assert!(kinds(&echo).iter().all(|(kind, _)| *kind == Kind::Matched));
    }
}
