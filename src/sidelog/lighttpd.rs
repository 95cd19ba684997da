//! lighttpd's error log.
//!
//! ```text
//! 2026-03-10 09:16:20: (http-header-glue.c.333) file open failed: /srv/www/a: Permission denied
//! ```
//! Source: `log.c`, `http-header-glue.c`, `mod_access.c`. The time has no zone, and no line names a
//! client: a line is joined by the file and the second. Most 403s have no line at all.

use super::said::{About, Kind, Said, Target, Told, digits};
use crate::time::Civil;

/// Width of `2026-03-10 09:16:20`.
const STAMP: usize = 19;

pub(super) fn read(line: &[u8]) -> Option<Told<'_>> {
    let local_ms = stamp(line)?;
    let rest = line.get(STAMP..)?.strip_prefix(b": (")?;
    let end = memchr::memchr(b')', rest.get(..60).unwrap_or(rest))?;
    let message = rest.get(end + 1..)?.trim_ascii_start();
    Some(Told {
        local_ms,
        about: about(message),
    })
}

fn stamp(line: &[u8]) -> Option<i64> {
    let shape = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
    if !shape.iter().all(|(at, byte)| line.get(*at) == Some(byte)) {
        return None;
    }
    let part = |at: usize| digits(line.get(at..)?, 2);
    let civil = Civil {
        year: i64::from(digits(line, 4)?),
        month: part(5)?,
        day: part(8)?,
        hour: part(11)?,
        minute: part(14)?,
        second: part(17)?,
        ms: 0,
    };
    Some(civil.seconds()? * 1000)
}

fn about(message: &[u8]) -> Option<About<'_>> {
    let file = message
        .strip_prefix(b"file open failed: ")
        .and_then(|text| text.strip_suffix(b": Permission denied"));
    // As 1.4.79 words them; with `debug.log-request-handling` only.
    let denied = message
        .strip_prefix(b"url denied as we match access_deny ")
        .or_else(|| message.strip_prefix(b"url denied as failed to match any from access_allow "));
    let (kind, target) = match (file, denied) {
        (Some(path), _) => (Kind::LighttpdFile, Target::File(path)),
        (None, Some(path)) if path.starts_with(b"/") => (Kind::LighttpdRule, Target::Asked(path)),
        _ => return None,
    };
    Some(About {
        target,
        said: Said {
            kind,
            ..Said::default()
        },
        ..About::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_not_be_read_is_named() {
        let line = b"2026-03-10 09:16:20: (http-header-glue.c.333) file open failed: /srv/www/private/ledger.txt: Permission denied";
        let told = read(line).unwrap();
        assert_eq!(told.local_ms, 1_773_134_180_000);
        let about = told.about.unwrap();
        assert_eq!(about.said.kind, Kind::LighttpdFile);
        assert_eq!(about.target, Target::File(b"/srv/www/private/ledger.txt"));
        assert!(about.client.is_empty());
    }

    #[test]
    fn a_path_that_is_denied_is_named() {
        for message in [
            "url denied as we match access_deny /a/b.inc",
            "url denied as failed to match any from access_allow /a/b.inc",
        ] {
            let line = format!("2026-03-10 09:16:20: (mod_access.c.89) {message}");
            let about = read(line.as_bytes()).unwrap().about.unwrap();
            assert_eq!(about.said.kind, Kind::LighttpdRule, "{message}");
            assert_eq!(about.target, Target::Asked(b"/a/b.inc"), "{message}");
        }
    }

    #[test]
    fn other_lines() {
        let line = b"2026-03-10 09:16:20: (response.c.422) Request-URI     : /private/ledger.txt";
        assert_eq!(read(line).unwrap().about, None);
        assert_eq!(read(b"2026/03/10 09:43:00 [error] 1#1: *1 x"), None);
        assert_eq!(read(b"2026-03-10 09:16:20: no module"), None);
    }
}
