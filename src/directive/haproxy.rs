//! HAProxy: `http-request deny`, `tarpit`, `return status 403`, `use_backend` never; by the conditions that
//! follow `if`, and the access lists that these name.
//!
//! Source: HAProxy's configuration manual, sections 4.3 and 7.

use super::{HERE, MAY, NAMED, Wanted};
use crate::findings::Cause;
use crate::format::config::placed::Placed;

pub(super) fn weigh(all: &[Placed], at: usize, wanted: &Wanted<'_>) -> u8 {
    let Some(directive) = all.get(at) else {
        return 0;
    };
    let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
    let denies = match words.as_slice() {
        ["http-request" | "http-response" | "tcp-request", action, ..]
            if action.starts_with("deny")
                || action.starts_with("tarpit")
                || action.starts_with("reject") =>
        {
            true
        }
        ["http-request", "return", rest @ ..] => rest.contains(&"status"),
        _ => false,
    };
    if !denies || answers_otherwise(&words, wanted.statuses) {
        return 0;
    }
    let start = words
        .iter()
        .position(|word| matches!(*word, "if" | "unless"));
    let condition = start.map_or(&[][..], |start| &words[start + 1..]);
    let mut texts = vec![condition.join(" ")];
    texts.extend(lists(all, directive, condition));
    weight(&texts.join(" "), wanted)
}

/// Whether a directive answers with a status that is none of these: where it names none, a tarpit with 500, else 403.
fn answers_otherwise(words: &[&str], statuses: &[u16]) -> bool {
    let named = words
        .windows(2)
        .find(|pair| matches!(pair[0], "deny_status" | "status"))
        .and_then(|pair| pair[1].parse::<u16>().ok());
    let usual = match words.get(1) {
        Some(&"tarpit") => 500,
        _ => 403,
    };
    !statuses.contains(&named.unwrap_or(usual))
}

/// The access lists of the same section that a condition names.
fn lists(all: &[Placed], directive: &Placed, condition: &[&str]) -> Vec<String> {
    let same = all.iter().filter(|other| other.within == directive.within);
    same.filter(|other| other.name() == "acl")
        .filter(|other| {
            let name = other.words.get(1).map_or("", String::as_str);
            condition
                .iter()
                .any(|word| word.trim_start_matches('!') == name)
        })
        .map(|other| other.words.get(2..).unwrap_or_default().join(" "))
        .collect()
}

fn weight(text: &str, wanted: &Wanted<'_>) -> u8 {
    let lower = text.to_ascii_lowercase();
    let about = |names: &[&str]| names.iter().any(|name| lower.contains(name));
    let fits = match wanted.cause {
        Cause::RateLimit => about(&[
            "_rate", "sc_", "sc0_", "sc1_", "sc2_", "gpc", "conn_cur", "table_",
        ]),
        Cause::IpAcl => {
            about(&["src", "geo", "country", "map_ip"]) && !about(&["_rate", "gpc", "sc_"])
        }
        Cause::BotFilter => about(&[
            "user-agent",
            "req.fhdr(user",
            "hdr(user",
            "bot",
            "cook(",
            "challenge",
        ]),
        Cause::RequestShape => about(&[
            "method",
            "meth_",
            "referer",
            "content-type",
            "csrf",
            "hdr(host",
        ]),
        Cause::Cors => about(&["origin", "meth_options", "method options"]),
        Cause::Credential => about(&["key", "token", "authorization", "url_param", "jwt", "date"]),
        Cause::Permission => about(&["role", "plan", "scope", "group", "http_auth"]),
        Cause::RouteAcl => about(&["path", "url"]) || text.is_empty(),
        Cause::Undetermined => false,
    };
    if !fits {
        return 0;
    }
    let words = || text.split_whitespace();
    let names_route = words().any(|word| {
        word.starts_with('/') && wanted.routes.iter().any(|route| route.starts_with(word))
    });
    let names_other =
        words().any(|word| word.starts_with('/') && !word.contains('.')) && !names_route;
    let names_value = words().any(|word| wanted.has_address(word))
        || words()
            .any(|word| word.len() > 3 && wanted.agents.iter().any(|agent| agent.contains(word)));
    match (names_value, names_route, names_other) {
        (true, _, _) => NAMED,
        (false, true, _) => HERE,
        (false, false, true) => 0,
        (false, false, false) => MAY,
    }
}
