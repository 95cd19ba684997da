//! logrus' text whose message is a whole line: `time="..." level=info msg="192.0.2.1 - - [...] \"GET / HTTP/1.1\" 200 5"`.
//!
//! So do programs write that give the handlers of an access log logrus to write to. Source:
//! <https://github.com/sirupsen/logrus> (`TextFormatter`).

use super::Opened;
use crate::format::json::unescape;
use std::borrow::Cow;

/// The message, where a quote of a request in it is escaped.
pub(super) fn of_logrus(line: &[u8]) -> Option<Opened<'_>> {
    const NAMED: &[u8] = b" msg=\"";
    let (stamp, _) = line
        .strip_prefix(b"time=\"")?
        .split_at_checked("2026-03-10T09:43:00Z".len())?;
    let start = memchr::memmem::find(line, NAMED)? + NAMED.len();
    let message = line.get(start..)?.trim_ascii_end().strip_suffix(b"\"")?;
    memchr::memmem::find(message, b" \\\"")?;
    Some(Opened {
        inner: Cow::Owned(unescape(message)),
        stamp: Cow::Borrowed(stamp),
    })
}
