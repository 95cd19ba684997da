//! nginx: `limit_req` and its zone, `deny`, `location`, `limit_except`, entries of `map` and `geo`, `if`
//! with `return`, `valid_referers`, `secure_link`, `auth_request`, ModSecurity.
//!
//! Source: the documentation of those modules. Of the locations of a server the one that nginx chooses
//! for a path counts: exact, then the longest prefix unless a pattern matches first.

use super::{HERE, MAY, NAMED, STATED, Wanted};
use crate::findings::Cause;
use crate::format::config::placed::Placed;

pub(super) fn weigh(all: &[Placed], at: usize, wanted: &Wanted<'_>) -> u8 {
    let Some(directive) = all.get(at) else {
        return 0;
    };
    let name = directive.name();
    let arguments = directive.words.get(1..).unwrap_or_default();
    let stated = stated(&name, arguments, wanted);
    if stated > 0 {
        return stated;
    }
    let weight = match (wanted.cause, name.as_str()) {
        (Cause::RateLimit, "limit_req" | "limit_conn") => MAY,
        (Cause::IpAcl, "deny") => match arguments {
            [entry, ..] if entry == "all" => MAY,
            [entry, ..] if wanted.has_address(entry) => NAMED,
            _ => 0,
        },
        (Cause::RouteAcl, "deny")
            if arguments == ["all"] && !in_block(all, directive, "limit_except") =>
        {
            MAY
        }
        (Cause::RouteAcl, "return")
            if refuses(arguments)
                && in_block(all, directive, "location")
                && !in_block(all, directive, "if") =>
        {
            MAY
        }
        (Cause::RouteAcl, "internal") => MAY,
        (Cause::RouteAcl, "location")
            if wanted.mechanism == "directory_index" || wanted.mechanism == "file_permission" =>
        {
            MAY
        }
        (Cause::RequestShape, "limit_except")
            if !wanted
                .methods
                .iter()
                .all(|method| arguments.iter().any(|one| one == method)) =>
        {
            MAY
        }
        (Cause::RequestShape, "valid_referers") if wanted.mechanism == "hotlink" => NAMED,
        (Cause::Credential, "secure_link" | "secure_link_md5")
            if wanted.mechanism.contains("link") =>
        {
            NAMED
        }
        (Cause::Credential | Cause::Permission, "auth_request" | "auth_basic" | "auth_jwt") => MAY,
        (Cause::BotFilter, "modsecurity_rules_file" | "modsecurity")
            if wanted.mechanism == "waf_signature" =>
        {
            MAY
        }
        (_, "return") if refuses(arguments) => conditional(all, directive, wanted),
        _ => entry(all, directive, wanted),
    };
    match weight {
        0 => 0,
        _ if !stands_here(all, at, wanted) => 0,
        MAY if in_block(all, directive, "location") || name == "location" => HERE,
        weight => weight,
    }
}

/// A directive with the zone that was stated, or its declaration.
fn stated(name: &str, arguments: &[String], wanted: &Wanted<'_>) -> u8 {
    let is_zone = |argument: &String, zone: &str| {
        let named = argument.strip_prefix("zone=").unwrap_or(argument);
        named == zone
            || named
                .strip_prefix(zone)
                .is_some_and(|rest| rest.starts_with(':'))
    };
    let limits = [
        "limit_req",
        "limit_conn",
        "limit_req_zone",
        "limit_conn_zone",
    ];
    let named = wanted.cause == Cause::RateLimit
        && limits.contains(&name)
        && wanted
            .zones
            .iter()
            .any(|zone| arguments.iter().any(|one| is_zone(one, zone)));
    if named { STATED } else { 0 }
}

fn refuses(arguments: &[String]) -> bool {
    arguments.first().is_some_and(|status| status == "403")
}

/// `return 403` in an `if`: what the condition looks at tells what it is for.
fn conditional(all: &[Placed], directive: &Placed, wanted: &Wanted<'_>) -> u8 {
    let mut condition = directive.within.iter().rev().filter_map(|at| all.get(*at));
    let Some(condition) = condition.find(|block| block.name() == "if") else {
        return 0;
    };
    let text = condition.words.join(" ").to_ascii_lowercase();
    let about = |names: &[&str]| names.iter().any(|name| text.contains(name));
    let fits = match wanted.cause {
        Cause::IpAcl => about(&["remote_addr", "geo", "country", "ban", "block", "deny"]),
        Cause::BotFilter => about(&[
            "user_agent",
            "bot",
            "agent",
            "crawler",
            "challenge",
            "cookie",
        ]),
        Cause::Cors => about(&["origin", "cors", "request_method", "options"]),
        Cause::RequestShape => about(&[
            "referer",
            "request_method",
            "content_type",
            "csrf",
            "cookie",
            "method",
        ]),
        Cause::Credential => about(&[
            "secure_link",
            "api_key",
            "token",
            "key",
            "authorization",
            "cookie",
        ]),
        Cause::Permission => about(&["role", "plan", "scope", "user", "group", "authorization"]),
        Cause::RouteAcl => about(&["uri"]),
        Cause::RateLimit | Cause::Undetermined => false,
    };
    if fits { MAY } else { 0 }
}

/// An entry of a `map` or `geo` block that names a value of the denials.
fn entry(all: &[Placed], directive: &Placed, wanted: &Wanted<'_>) -> u8 {
    let Some(block) = directive.within.last().and_then(|at| all.get(*at)) else {
        return 0;
    };
    let (Some(key), Some(value)) = (directive.words.first(), directive.words.get(1)) else {
        return 0;
    };
    if value == "0" || value.is_empty() || key == "default" {
        return 0;
    }
    let source = block.words.get(1).map_or("", String::as_str);
    let named = match (block.name().as_str(), wanted.cause) {
        ("geo", Cause::IpAcl) => wanted.has_address(key),
        ("map", Cause::IpAcl) if source.contains("addr") => wanted.has_address(key),
        ("map", Cause::BotFilter) if source.contains("user_agent") => match key.strip_prefix('~') {
            Some(pattern) => {
                let any_case = pattern.starts_with('*');
                wanted.has_agent(pattern.trim_start_matches('*'), any_case)
            }
            None => wanted.agents.contains(&key.as_str()),
        },
        _ => false,
    };
    if named { NAMED } else { 0 }
}

fn in_block(all: &[Placed], directive: &Placed, name: &str) -> bool {
    let mut blocks = directive.within.iter().filter_map(|at| all.get(*at));
    blocks.any(|block| block.name() == name)
}

/// Whether the location that a directive stands in, or is, is chosen for a denied route.
fn stands_here(all: &[Placed], at: usize, wanted: &Wanted<'_>) -> bool {
    let Some(directive) = all.get(at) else {
        return false;
    };
    let is_location = |at: &usize| all.get(*at).is_some_and(|block| block.name() == "location");
    let outermost = directive
        .within
        .iter()
        .copied()
        .chain([at])
        .find(is_location);
    let Some(location) = outermost else {
        return true;
    };
    let Some(server) = all.get(location).and_then(|block| block.within.last()) else {
        return true;
    };
    let siblings: Vec<usize> = (0..all.len())
        .filter(|other| is_location(other) && all[*other].within.last() == Some(server))
        .collect();
    wanted.routes.is_empty()
        || wanted
            .routes
            .iter()
            .any(|route| chosen(all, &siblings, route) == Some(location))
}

/// The location that nginx takes for a path.
fn chosen(all: &[Placed], siblings: &[usize], route: &str) -> Option<usize> {
    let parts = |at: usize| {
        let words = all.get(at).map_or(&[][..], |block| &block.words);
        match words {
            [_, pattern] => ("", pattern.as_str()),
            [_, modifier, pattern, ..] => (modifier.as_str(), pattern.as_str()),
            _ => ("", ""),
        }
    };
    let exact = siblings.iter().find(|at| parts(**at) == ("=", route));
    if let Some(exact) = exact {
        return Some(*exact);
    }
    let prefixes = siblings.iter().filter(|at| {
        let (modifier, pattern) = parts(**at);
        matches!(modifier, "" | "^~") && route.starts_with(pattern) && !pattern.starts_with('@')
    });
    let longest = prefixes.max_by_key(|at| parts(**at).1.len()).copied();
    if longest.is_some_and(|at| parts(at).0 == "^~") {
        return longest;
    }
    let pattern = siblings.iter().find(|at| {
        let (modifier, pattern) = parts(**at);
        modifier.starts_with('~')
            && super::matches_any(pattern, modifier == "~*", std::iter::once(route))
    });
    pattern.copied().or(longest)
}
