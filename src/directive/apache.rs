//! Apache: `Require`, `Deny`, `RewriteRule ... [F]`, `Redirect 403`, `SecRule` by its number, `DOSPageCount`
//! and kin of mod_evasive, `Options`, `AuthzSendForbiddenOnFailure`.
//!
//! Source: the documentation of mod_authz_core, mod_authz_host, mod_access_compat, mod_rewrite and
//! mod_setenvif. A section of places counts where a denied route lies in it; one of directories may hold
//! any route.

mod evasive;

use super::{HERE, MAY, NAMED, STATED, Wanted};
use crate::findings::Cause;
use crate::format::config::placed::Placed;

pub(super) fn weigh(all: &[Placed], at: usize, wanted: &Wanted<'_>) -> u8 {
    let Some(directive) = all.get(at) else {
        return 0;
    };
    let arguments = directive.words.get(1..).unwrap_or_default();
    let text = arguments.join(" ");
    let name = directive.name();
    let weight = match name.as_str() {
        "secrule" | "secaction" => rule(&text, wanted),
        "require" => require(&text.to_ascii_lowercase(), all, directive, wanted),
        "deny" if wanted.cause == Cause::IpAcl => match arguments.last() {
            Some(entry) if wanted.has_address(entry) => NAMED,
            _ => 0,
        },
        "deny" if wanted.cause == Cause::RouteAcl && text.ends_with("all") => MAY,
        "rewriterule" if forbids(arguments.get(2)) => rewrite(all, at, arguments, wanted),
        "redirect" if text.starts_with("403 ") && wanted.cause == Cause::RouteAcl => {
            let place = arguments.get(1).map_or("", String::as_str);
            let is_here = wanted.routes.iter().any(|route| route.starts_with(place));
            if is_here { NAMED } else { 0 }
        }
        name if name.starts_with("dos") && wanted.cause == Cause::RateLimit => {
            match evasive::may_deny(all, name, wanted) {
                true => MAY,
                false => 0,
            }
        }
        "browsermatch" | "browsermatchnocase" if wanted.cause == Cause::BotFilter => {
            let any_case = name == "browsermatchnocase";
            agent(arguments.first(), any_case, wanted)
        }
        "setenvif" | "setenvifnocase" if wanted.cause == Cause::BotFilter => {
            let is_agent = arguments
                .first()
                .is_some_and(|name| name.eq_ignore_ascii_case("user-agent"));
            let any_case = name == "setenvifnocase";
            if is_agent {
                agent(arguments.get(1), any_case, wanted)
            } else {
                0
            }
        }
        "options" if wanted.mechanism == "directory_index" && text.contains("-Indexes") => MAY,
        _ => 0,
    };
    match (weight, section(all, directive, wanted)) {
        (0, _) | (_, None) => 0,
        (MAY, Some(true)) => HERE,
        (weight, _) => weight,
    }
}

/// A rule of ModSecurity with a number that was stated.
fn rule(text: &str, wanted: &Wanted<'_>) -> u8 {
    let number = text
        .split("id:")
        .nth(1)
        .map(|rest| rest.trim_start_matches('\''));
    let number = number.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    let is_stated = number.is_some_and(|number| wanted.rules.contains(&number));
    if is_stated { STATED } else { 0 }
}

fn require(text: &str, all: &[Placed], directive: &Placed, wanted: &Wanted<'_>) -> u8 {
    let (negated, asked) = match text.strip_prefix("not ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let excepts = directive.within.iter().filter_map(|at| all.get(*at));
    let by_method = excepts
        .into_iter()
        .any(|block| block.name().starts_with("<limit"));
    match (wanted.cause, asked.split(' ').next().unwrap_or_default()) {
        (Cause::RequestShape, _) if by_method => NAMED,
        (Cause::RequestShape, "method") => NAMED,
        (Cause::RouteAcl, "all") if asked == "all denied" && !by_method => MAY,
        (Cause::IpAcl, "ip" | "host" | "forward-dns") if negated => {
            let named = asked
                .split(' ')
                .skip(1)
                .any(|entry| wanted.has_address(entry));
            if named { NAMED } else { 0 }
        }
        (Cause::IpAcl, "ip" | "local" | "host") => MAY,
        (Cause::IpAcl | Cause::BotFilter, "env" | "expr") => MAY,
        (Cause::RequestShape | Cause::Cors, "expr" | "env") => MAY,
        (Cause::Permission, "user" | "group" | "ldap-group" | "valid-user" | "expr") => MAY,
        (Cause::Credential, "valid-user" | "expr" | "env" | "ssl") => MAY,
        _ => 0,
    }
}

/// Whether the flags of a rewrite rule have `F`, or a status of 403.
fn forbids(flags: Option<&String>) -> bool {
    let Some(flags) = flags.and_then(|flags| flags.strip_prefix('[')) else {
        return false;
    };
    let mut flags = flags.trim_end_matches(']').split(',').map(str::trim);
    flags.any(|flag| matches!(flag, "F" | "forbidden" | "R=403"))
}

/// A rule that forbids, by the conditions right before it.
fn rewrite(all: &[Placed], at: usize, arguments: &[String], wanted: &Wanted<'_>) -> u8 {
    let before = all.get(..at).unwrap_or_default().iter().rev();
    let conditions: Vec<String> = before
        .take_while(|directive| directive.name() == "rewritecond")
        .map(|directive| directive.words.join(" "))
        .collect();
    let about = |names: &[&str]| {
        let mut texts = conditions.iter().map(|text| text.to_ascii_uppercase());
        texts.any(|text| names.iter().any(|name| text.contains(name)))
    };
    let fits = match wanted.cause {
        Cause::BotFilter => about(&["USER_AGENT", "COOKIE", "BOT"]),
        Cause::IpAcl => about(&["REMOTE_ADDR", "REMOTE_HOST", "COUNTRY", "GEO"]),
        Cause::RequestShape => about(&[
            "REFERER",
            "METHOD",
            "CONTENT-TYPE",
            "CONTENT_TYPE",
            "CSRF",
            "COOKIE",
        ]),
        Cause::Cors => about(&["ORIGIN", "METHOD"]),
        Cause::Credential => about(&["KEY", "TOKEN", "AUTHORIZATION", "EXPIRES", "TIME", "COOKIE"]),
        Cause::Permission => about(&["USER", "ROLE", "PLAN", "SCOPE"]),
        Cause::RateLimit => about(&["LIMIT", "RATE", "BAN", "BLOCK"]),
        Cause::RouteAcl => conditions.is_empty() || about(&["REQUEST_URI"]),
        Cause::Undetermined => false,
    };
    let pattern = arguments.first().map_or("", String::as_str);
    // Within a directory the path has no slash in front.
    let is_here = wanted.has_route(pattern, false)
        || wanted.has_route(&pattern.replacen('^', "^/", 1), false);
    if fits && is_here { NAMED } else { 0 }
}

fn agent(pattern: Option<&String>, any_case: bool, wanted: &Wanted<'_>) -> u8 {
    let named = pattern.is_some_and(|pattern| wanted.has_agent(pattern, any_case));
    if named { NAMED } else { 0 }
}

/// Whether the innermost section of places holds a denied route; none if it does not, false where there
/// is no such section.
fn section(all: &[Placed], directive: &Placed, wanted: &Wanted<'_>) -> Option<bool> {
    let mut is_place = false;
    for block in directive.within.iter().filter_map(|at| all.get(*at)) {
        let pattern = block.words.last().map_or("", String::as_str);
        let holds = match block.name().as_str() {
            "<locationmatch" => wanted.has_route(pattern, false),
            "<location" if block.words.len() > 2 => wanted.has_route(pattern, false),
            "<location" => wanted.routes.iter().any(|route| {
                route
                    .strip_prefix(pattern.trim_end_matches('/'))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }),
            // The root of all files is denied everywhere, and opened again where files are served.
            "<directory" if pattern == "/" => false,
            _ => continue,
        };
        if !holds {
            return None;
        }
        is_place = true;
    }
    Some(is_place)
}
