//! nginx's error log, with what ModSecurity-nginx and CrowdSec's bouncer write there.
//!
//! ```text
//! 2026/03/10 09:43:00 [error] 5417#5417: *23 limiting requests, excess: 10.708 by zone "search",
//!   client: 192.0.2.17, server: shop.example.com, request: "GET /a HTTP/1.1", host: "shop.example.com"
//! ```
//! Source: `ngx_log.c`, `ngx_http_request.c` and the modules that log. The time has no zone. The client
//! is the one after realip, as in `$remote_addr`. What a client chose stands behind `, client: `, or in
//! a path before it, so messages are told by how they begin.

use super::modsecurity;
use super::said::{About, Kind, Said, Target, Told, between, digits, holds, target_of};
use crate::time::Civil;
use memchr::memmem::find;

/// Width of `2026/03/10 09:43:00`.
const STAMP: usize = 19;

pub(super) fn read(line: &[u8]) -> Option<Told<'_>> {
    let local_ms = stamp(line)?;
    let rest = line.get(STAMP..)?.strip_prefix(b" [")?;
    let level_end = memchr::memchr(b']', rest.get(..12).unwrap_or(rest))?;
    let behind = rest.get(level_end + 1..)?;
    let told = |about| Told { local_ms, about };
    let Some((connection, message)) = connection(behind) else {
        return Some(told(None));
    };
    Some(told(about(connection, message)))
}

fn stamp(line: &[u8]) -> Option<i64> {
    let shape = [(4, b'/'), (7, b'/'), (10, b' '), (13, b':'), (16, b':')];
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

/// ` 5417#5417: *23 message`: the number of the connection, and the message.
fn connection(behind: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = find(behind.get(..48).unwrap_or(behind), b": *")? + 3;
    let rest = behind.get(start..)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    Some((rest.get(..end)?, rest.get(end..)?.strip_prefix(b" ")?))
}

fn about<'l>(connection: &'l [u8], message: &'l [u8]) -> Option<About<'l>> {
    let (said, own_end, own_id) = said(message)?;
    let context = message.get(own_end..)?;
    let client = between(context, b", client: ", b',').or_else(|| {
        let start = find(context, b", client: ")? + 10;
        context.get(start..)
    })?;
    let request = find(context, b", request: \"").and_then(|at| context.get(at + 12..));
    let target = match request {
        Some(request) => {
            let end = memchr::memchr(b'"', request).unwrap_or(request.len());
            target_of(&request[..end])
        }
        None => Target::Unknown,
    };
    Some(About {
        client,
        target,
        id: own_id,
        connection,
        said,
    })
}

/// What the message says, where its own text ends, and a request id within.
fn said(message: &[u8]) -> Option<(Said<'_>, usize, &[u8])> {
    let plain = |kind| {
        (
            Said {
                kind,
                ..Said::default()
            },
            0,
            &b""[..],
        )
    };
    let limit = |kind| {
        let head = message.get(..find(message, b", client: ")?)?;
        let zone = between(head, b"zone \"", b'"').unwrap_or_default();
        let said = Said {
            kind,
            zone,
            ..Said::default()
        };
        (!holds(head, b"dry run")).then_some((said, head.len(), &b""[..]))
    };
    match message {
        [
            b'l',
            b'i',
            b'm',
            b'i',
            b't',
            b'i',
            b'n',
            b'g',
            b' ',
            rest @ ..,
        ] => {
            if rest.starts_with(b"requests") {
                limit(Kind::LimitRequests)
            } else if rest.starts_with(b"connections") {
                limit(Kind::LimitConnections)
            } else {
                None
            }
        }
        _ if message.starts_with(b"access forbidden by rule") => Some(plain(Kind::AccessRule)),
        _ if message.starts_with(b"directory index of \"") => {
            ends(message, b"\" is forbidden", Kind::NginxDirectory)
        }
        [b'"', ..] => ends(
            message,
            b"\" is forbidden (13: Permission denied)",
            Kind::NginxFile,
        ),
        _ if message.starts_with(b"open() \"") || message.starts_with(b"opendir() \"") => {
            let denied = b"\" failed (13: Permission denied)";
            // ELOOP and EMLINK: `disable_symlinks` of ngx_open_file_cache.c.
            let links = [&b"\" failed (40: "[..], b"\" failed (31: "];
            let link = |mark: &&[u8]| ends(message, mark, Kind::NginxSymlink);
            let found = ends(message, denied, Kind::NginxFile);
            let found = found.or_else(|| links.iter().find_map(link));
            found.or_else(|| {
                let missing = b"passwd\" failed (2: No such file or directory)";
                ends(message, missing, Kind::NginxPasswords)
            })
        }
        [b'[', ..] => modsecurity_or_lua(message),
        _ => None,
    }
}

/// A message that quotes a path and goes on so behind it.
fn ends<'l>(message: &'l [u8], mark: &[u8], kind: Kind) -> Option<(Said<'l>, usize, &'l [u8])> {
    let end = find(message, mark)? + mark.len();
    Some((
        Said {
            kind,
            ..Said::default()
        },
        end,
        b"",
    ))
}

fn modsecurity_or_lua(message: &[u8]) -> Option<(Said<'_>, usize, &[u8])> {
    if let Some(at) = find(message, b"ModSecurity: ") {
        let (said, id) = modsecurity::read(message.get(at..)?)?;
        // The firewall's own fields quote the request; nginx's stand behind all of them.
        let end = memchr::memmem::rfind(message, b"], client: ").map_or(0, |at| at + 1);
        return Some((said, end, id));
    }
    let at = find(message, b"[Crowdsec] denied '")?;
    let text = message.get(at..)?;
    let by = between(text, b"(by ", b')').unwrap_or_default();
    // The bouncer names its list and its firewall: `lib/crowdsec.lua`, `lib/plugins/crowdsec/flag.lua`.
    let kind = match by {
        b"appsec" => Kind::CrowdSecFirewall,
        _ => Kind::CrowdSec,
    };
    let said = Said {
        kind,
        zone: by,
        ..Said::default()
    };
    holds(text, b"with 'ban'").then_some((said, at, b""))
}

#[cfg(test)]
#[path = "nginx_tests.rs"]
mod tests;
