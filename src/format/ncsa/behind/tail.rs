//! Fields behind that a server writes by default: Traefik's, ingress-nginx's, Skipper's, Nexus' and InfluxDB's.
//!
//! Sources: <https://docs.influxdata.com/influxdb/v1/administration/logs/> (id of the request, response time in
//! microseconds), Traefik's `logger_formatters.go` (count, router, service URL, duration) and the `log-format`
//! of ingress-nginx (length, time, one or two names in brackets, address, length, time and status of
//! the upstream, id), and Skipper's `logging/access.go` (milliseconds, requested host, id of the flow, audit). They are known by one line, where those of no name need a whole sample.

use super::{Fields, More};
use crate::format::role::Role;
use crate::format::shape::is_host_name;

/// Whose fields they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format::ncsa) enum Tail {
    Traefik,
    InfluxDb,
    /// With so many names in brackets.
    Ingress(usize),
    Skipper,
    /// Nexus Repository's, and others' that log by logback-access: `%bytesSent %elapsedTime "%header{User-Agent}" [%thread]`.
    Nexus,
    /// Squid's at the caches of CERN's Frontier: result, milliseconds, what Frontier asks by, referer, user agent.
    Frontier,
}

impl Tail {
    /// What the fields mean, by their place.
    pub(super) fn places(self) -> Vec<Option<Role>> {
        match self {
            Tail::InfluxDb => vec![Some(Role::Id), Some(Role::Microseconds)],
            Tail::Traefik => vec![
                None,
                None,
                Some(Role::UpstreamAsked),
                Some(Role::Milliseconds),
            ],
            Tail::Nexus => vec![
                Some(Role::Bytes),
                Some(Role::Milliseconds),
                Some(Role::UserAgent),
            ],
            Tail::Frontier => vec![
                None,
                Some(Role::Milliseconds),
                None,
                Some(Role::Referer),
                Some(Role::UserAgent),
            ],
            Tail::Skipper => vec![Some(Role::Milliseconds), Some(Role::Host)],
            Tail::Ingress(names) => {
                let mut places = vec![None; names + 6];
                places[1] = Some(Role::Seconds);
                places[names + 5] = Some(Role::UpstreamStatus);
                places
            }
        }
    }
}

/// Those that are known by their fields alone.
pub(in crate::format::ncsa) const KNOWN_ALONE: &[Tail] = &[
    Tail::Traefik,
    Tail::Ingress(2),
    Tail::Ingress(1),
    Tail::Skipper,
    Tail::Nexus,
    Tail::Frontier,
];

/// The one of `tails` whose fields most lines have, of those that have any.
pub(super) fn known(lines: &[&[u8]], tails: &[Tail]) -> Option<Tail> {
    let extended: Vec<_> = lines.iter().filter(|line| !line.is_empty()).collect();
    tails.iter().copied().find(|tail| {
        let have = extended
            .iter()
            .filter(|line| of(line) == Some(*tail))
            .count();
        have > 0 && 2 * have >= extended.len()
    })
}

fn of(line: &[u8]) -> Option<Tail> {
    let fields: Vec<More<'_>> = Fields(line).take(8).collect();
    let is_number = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    match fields[..] {
        [
            More::Bare(count),
            // Without a router there is a `-`, which older versions write without quotes.
            More::Quoted(_) | More::Bare(b"-"),
            More::Quoted(_) | More::Bare(b"-"),
            More::Bare(duration),
        ] if is_number(count) && duration.ends_with(b"ms") => Some(Tail::Traefik),
        [More::Bare(id), More::Bare(time)] if id.len() == 36 && is_number(time) => {
            Some(Tail::InfluxDb)
        }
        [
            More::Bare(length),
            More::Bare(time),
            More::Bracketed(_),
            second,
            _,
            _,
            _,
            ..,
        ] if is_number(length) && time.contains(&b'.') => {
            let names = 1 + usize::from(matches!(second, More::Bracketed(_)));
            Some(Tail::Ingress(names))
        }
        [
            More::Bare(sent),
            More::Bare(time),
            More::Quoted(_),
            More::Bracketed(_),
        ] if is_number(sent) && is_number(time) => Some(Tail::Nexus),
        [
            More::Bare(result),
            More::Bare(time),
            More::Quoted(_),
            More::Quoted(_),
            More::Quoted(_),
            ..,
        ] if result.starts_with(b"TCP_") && is_number(time) => Some(Tail::Frontier),
        // Duration, host, id of the flow, audit.
        [
            More::Bare(time),
            More::Bare(host),
            More::Bare(_),
            More::Bare(_),
        ] if is_number(time) && is_host_name(host) => Some(Tail::Skipper),
        _ => None,
    }
}
