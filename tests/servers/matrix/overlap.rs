//! A second spike by a mechanism of another kind on the same server, which begins while the first lasts.

use super::draft::Draft;
use super::{ALL, bots, limits, lists};
use crate::scenario::Reaction;
use crate::scenario::ServerKind::{self, Apache, Caddy, Haproxy, Lighttpd, Nginx};

/// What a mechanism looks at; two spikes of a log look at different things.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Address,
    Agent,
    Route,
    Shape,
    Limit,
    Caller,
}

/// A mechanism that may come second, on the servers that can do it.
struct Second {
    kind: Kind,
    servers: &'static [ServerKind],
    build: fn(&mut Draft),
}

const SECOND: [Second; 6] = [
    Second {
        kind: Kind::Address,
        servers: ALL,
        build: lists::ip_list,
    },
    Second {
        kind: Kind::Agent,
        servers: ALL,
        build: bots::crawlers,
    },
    Second {
        kind: Kind::Route,
        servers: ALL,
        build: lists::route_denied,
    },
    Second {
        kind: Kind::Shape,
        servers: &[Nginx, Apache, Lighttpd],
        build: lists::hotlink,
    },
    Second {
        kind: Kind::Shape,
        servers: &[Nginx, Haproxy, Caddy],
        build: lists::method,
    },
    Second {
        kind: Kind::Limit,
        servers: &[Nginx, Haproxy],
        build: limits::limit_by_ip,
    },
];

fn kind(mechanism: &str) -> Kind {
    match mechanism {
        "ip_list" | "country_list" => Kind::Address,
        "agent_list" | "agent_empty" | "scanner_agents" | "distributed_bots" | "challenge"
        | "waf" => Kind::Agent,
        "route_denied" | "no_index" | "file_permission" | "hidden_files" => Kind::Route,
        "hotlink" | "method" | "csrf" | "content_type" | "cors" => Kind::Shape,
        _ if mechanism.starts_with("credential") || mechanism.starts_with("permission") => {
            Kind::Caller
        }
        "signed_link" => Kind::Caller,
        _ => Kind::Limit,
    }
}

pub(super) fn add(draft: &mut Draft) {
    let (server, first) = (draft.scenario.server(), kind(&draft.scenario.mechanism));
    let builds: Vec<fn(&mut Draft)> = SECOND
        .iter()
        .filter(|second| second.kind != first && second.servers.contains(&server))
        .map(|second| second.build)
        .collect();
    let times = (draft.from, draft.until);
    let lasts = draft.until - draft.from;
    draft.from += lasts * draft.random.within(0.3, 0.7);
    draft.until = (draft.until + lasts * draft.random.within(0.2, 0.8)).min(draft.scenario.minutes);
    let before = draft.scenario.streams.len();
    let build = *draft.random.pick(&builds);
    build(draft);
    for stream in &mut draft.scenario.streams[before..] {
        stream.name += "-2";
        if let Some(other) = &mut stream.callers_of {
            *other += "-2";
        }
        // What one spike does to its callers is enough.
        stream.denied = Reaction::Ignore;
    }
    (draft.from, draft.until) = times;
}
