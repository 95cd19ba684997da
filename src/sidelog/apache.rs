//! Apache's error log, with what ModSecurity 2 and mod_evasive write there.
//!
//! ```text
//! [Tue Mar 10 09:39:02.292240 2026] [authz_core:error] [pid 1:tid 2] [client 192.0.2.1:0] AH01630:
//!   client denied by server configuration: /srv/www/admin
//! ```
//! Source: `server/log.c` and the modules that log. The time has no zone. Messages are told by their
//! number; mod_evasive has none and is told by the name of its module. Of a denied path only the last
//! part may be what was asked: it is a file, or the address of the application.

use super::modsecurity;
use super::said::{About, Kind, Said, Target, Told, between, digits, holds};
use crate::time::Civil;
use memchr::memmem::find;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

pub(super) fn read(line: &[u8]) -> Option<Told<'_>> {
    let inner = line.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner.get(..40).unwrap_or(inner))?;
    let local_ms = stamp(&inner[..end])?;
    let about = inner.get(end + 1..).and_then(about);
    Some(Told { local_ms, about })
}

/// `Tue Mar 10 09:39:02.292240 2026`; older servers write no fraction.
pub(super) fn stamp(text: &[u8]) -> Option<i64> {
    let month = text.get(4..7)?;
    let month = MONTHS.iter().position(|name| name[..] == *month)? as u32 + 1;
    let part = |at: usize| digits(text.get(at..)?, 2);
    let day = match text.get(8)? {
        b' ' => digits(text.get(9..)?, 1)?,
        _ => part(8)?,
    };
    let ms = match text.get(19)? {
        b'.' => digits(text.get(20..)?, 3)?,
        _ => 0,
    };
    let year = digits(text.get(text.len().checked_sub(4)?..)?, 4)?;
    let civil = Civil {
        year: i64::from(year),
        month,
        day,
        hour: part(11)?,
        minute: part(14)?,
        second: part(17)?,
        ms,
    };
    Some(civil.seconds()? * 1000 + i64::from(ms))
}

/// What stands behind the time: ` [module:level] [pid 1:tid 2] [R:id] (13)text: [client A:P] message`.
fn about(rest: &[u8]) -> Option<About<'_>> {
    let client_at = find(rest, b"[client ").or_else(|| find(rest, b"[remote "))?;
    let head = rest.get(..client_at)?;
    let behind = rest.get(client_at + 8..)?;
    let end = memchr::memchr(b']', behind)?;
    let message = behind.get(end + 1..)?.trim_ascii_start();
    let client = without_port(behind.get(..end)?);
    let module = between(head, b"[", b']').unwrap_or_default();
    let own_id = between(head, b"[R:", b']').unwrap_or_default();
    if let Some(at) = find(message.get(..300).unwrap_or(message), b"ModSecurity: ") {
        let (said, id) = modsecurity::read(message.get(at..)?)?;
        let uri = memchr::memmem::rfind(message, b"[uri \"")
            .and_then(|at| between(message.get(at..)?, b"[uri \"", b'"'));
        return Some(About {
            client,
            target: uri.map_or(Target::Unknown, Target::Asked),
            id,
            connection: b"",
            said,
        });
    }
    let (kind, target) = denied(module, head, message)?;
    Some(About {
        client,
        target,
        id: own_id,
        connection: b"",
        said: Said {
            kind,
            rule: number(message).unwrap_or_default(),
            ..Said::default()
        },
    })
}

/// The port stands behind the last colon; an IPv6 address has no brackets.
fn without_port(client: &[u8]) -> &[u8] {
    match memchr::memrchr(b':', client) {
        Some(colon) if client[colon + 1..].iter().all(u8::is_ascii_digit) => &client[..colon],
        _ => client,
    }
}

/// `AH01630`.
fn number(message: &[u8]) -> Option<&[u8]> {
    let number = message.get(..memchr::memchr(b':', message.get(..8)?)?)?;
    (number.len() == 7 && number.starts_with(b"AH")).then_some(number)
}

fn denied<'l>(module: &[u8], head: &[u8], message: &'l [u8]) -> Option<(Kind, Target<'l>)> {
    let path = || {
        let text = find(message, b"configuration: ").map(|at| at + 15);
        let text = message.get(text?..)?;
        let text = text.get(..find(text, b", referer: ").unwrap_or(text.len()))?;
        Some(target(text))
    };
    let file = |mark: &[u8]| {
        let start = find(message, mark).map(|at| at + mark.len());
        let text = start
            .and_then(|start| message.get(start..))
            .unwrap_or_default();
        let end = find(text, b", referer: ").unwrap_or(text.len());
        target(&text[..end])
    };
    let unknown = Target::Unknown;
    let Some(number) = number(message) else {
        let evasive = module.starts_with(b"evasive")
            && message.starts_with(b"client denied by server configuration");
        return evasive.then(|| (Kind::Evasive, path().unwrap_or(unknown)));
    };
    Some(match number {
        b"AH01630" | b"AH01797" => (Kind::Require, path().unwrap_or(unknown)),
        b"AH01631" => (Kind::AuthorizationFailed, asked(message, b" for \"", b'"')),
        b"AH01276" => {
            let path = find(message, b"directory ").and_then(|at| {
                let text = message.get(at + 10..)?;
                text.get(..find(text, b": No matching")?)
            });
            (Kind::ApacheDirectory, path.map_or(unknown, Target::File))
        }
        b"AH00035" => (Kind::ApacheFile, asked(message, b"access to ", b' ')),
        b"AH00132" if holds(head, b"Permission denied") => {
            (Kind::ApacheFile, file(b"deny server access: "))
        }
        b"AH00132" => (Kind::ApacheFile, file(b"server access: ")),
        b"AH00036" | b"AH00038" | b"AH00031" | b"AH00127" | b"AH00529" => {
            match holds(head, b"Permission denied") || number != b"AH00036" && number != b"AH00127"
            {
                true => (Kind::ApacheFile, unknown),
                false => (Kind::ApachePath, unknown),
            }
        }
        b"AH00037" => (Kind::ApacheSymlink, file(b"not accessible: ")),
        b"AH02219" => (Kind::ApacheTls, unknown),
        b"AH02229" => (Kind::ApacheSslRequire, unknown),
        // The rewriting or the expression is not allowed, or fails, as it is configured.
        b"AH00669" | b"AH00670" | b"AH10160" | b"AH02265" => (Kind::ApacheConfiguration, unknown),
        b"AH02261" | b"AH02262" | b"AH02263" | b"AH10158" | b"AH10421" => {
            (Kind::ApacheCertificate, unknown)
        }
        b"AH10508" => (Kind::ApacheTarget, unknown),
        [b'A', b'H', b'1', b'0', b'4', b'0', b'6'..=b'9']
        | [b'A', b'H', b'1', b'0', b'4', b'1', b'0'..=b'9']
        | b"AH10420" => (Kind::ApacheTarget, unknown),
        b"AH02809" | b"AH02810" | b"AH02812" | b"AH03194" => (Kind::ApacheScript, unknown),
        [b'A', b'H', b'0', b'1', b'2', b'6', b'2'..=b'7'] => (Kind::ApacheScript, unknown),
        b"AH02398" | b"AH02400" => (Kind::ApacheHandler, unknown),
        _ => return None,
    })
}

fn asked<'l>(message: &'l [u8], from: &[u8], to: u8) -> Target<'l> {
    between(message, from, to).map_or(Target::Unknown, Target::Asked)
}

/// `uri /x` as asked; a file or `proxy:http://host/x` by what it ends in.
fn target(text: &[u8]) -> Target<'_> {
    match text.strip_prefix(b"uri ") {
        Some(uri) => Target::Asked(uri),
        None => Target::File(text),
    }
}

#[cfg(test)]
#[path = "apache_tests.rs"]
mod tests;
