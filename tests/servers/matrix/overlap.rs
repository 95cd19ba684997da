//! A second spike by a mechanism of another kind on the same server, which begins while the first lasts.

use super::draft::Draft;
use super::{bots, limits, lists};
use crate::scenario::Reaction;
use crate::scenario::ServerKind::{self, Apache, Haproxy, Lighttpd, Nginx};

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

/// Mechanisms that may come second. Caddy can all of them that are no limit and look at no referer.
const SECOND: [(Kind, &[ServerKind], fn(&mut Draft)); 5] = [
    (
        Kind::Address,
        &[Nginx, Apache, Haproxy, Lighttpd],
        lists::ip_list,
    ),
    (
        Kind::Agent,
        &[Nginx, Apache, Haproxy, Lighttpd, ServerKind::Caddy],
        bots::crawlers,
    ),
    (
        Kind::Route,
        &[Nginx, Apache, Haproxy, Lighttpd, ServerKind::Caddy],
        lists::route_denied,
    ),
    (Kind::Shape, &[Nginx, Apache, Lighttpd], lists::hotlink),
    (Kind::Limit, &[Nginx, Haproxy], limits::limit_by_ip),
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
        .filter(|(kind, servers, _)| *kind != first && servers.contains(&server))
        .map(|(_, _, build)| *build)
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
        // What one spike does to its callers is enough.
        stream.denied = Reaction::Ignore;
    }
    (draft.from, draft.until) = times;
}
