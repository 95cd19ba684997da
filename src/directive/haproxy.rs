//! HAProxy: `http-request deny`, `tarpit`, `return status 403`, `use_backend` never; by the conditions that
//! follow `if`, and the access lists that these name.
//!
//! Source: HAProxy's configuration manual, sections 4.3 and 7.

mod condition;

use super::{HERE, MAY, NAMED, STATED, Wanted};
use crate::findings::Cause;
use crate::format::config::placed::Placed;
pub(super) use condition::Grounds;

/// Sets of rules whose last one to decide HAProxy names.
const RULE_SETS: [&str; 5] = [
    "http-request",
    "http-response",
    "http-after-response",
    "tcp-request",
    "tcp-response",
];

/// What a directive does with a request that meets its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It answers, with this status.
    Answers(u16),
    /// A service of its own answers, with whatever status.
    Serves,
    /// It lets the request pass all further rules of its set.
    Passes,
    /// It decides nothing, or is no rule.
    None,
}

/// How a directive ends what is asked of a set of rules.
pub(super) fn ending(directive: &Placed) -> Ending {
    let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
    let (set, action) = match words.as_slice() {
        [set, "content", action, ..] => (*set, *action),
        [set, action, ..] => (*set, *action),
        _ => return Ending::None,
    };
    if !RULE_SETS.contains(&set) {
        return Ending::None;
    }
    let named = words
        .windows(2)
        .find(|pair| matches!(pair[0], "deny_status" | "status" | "code"))
        .and_then(|pair| pair[1].parse().ok());
    let usual = match action {
        "deny" if set == "http-response" => 502,
        "deny" => 403,
        "tarpit" => 500,
        "return" => 200,
        "auth" => 401,
        "redirect" => 302,
        "use-service" => return Ending::Serves,
        "allow" | "accept" => return Ending::Passes,
        _ => return Ending::None,
    };
    Ending::Answers(named.unwrap_or(usual))
}

/// Why a directive denies, as far as its condition tells.
pub(super) fn grounds(all: &[Placed], directive: &Placed) -> Grounds {
    if directive
        .words
        .get(1)
        .is_some_and(|action| action == "auth")
    {
        return Grounds {
            causes: &[Cause::Credential],
            mechanism: None,
        };
    }
    Grounds::of(&condition(directive), &lists(all, directive))
}

pub(super) fn weigh(all: &[Placed], at: usize, wanted: &Wanted<'_>) -> u8 {
    let Some(directive) = all.get(at) else {
        return 0;
    };
    if wanted.decided.contains(&at) {
        return STATED;
    }
    let denies = match ending(directive) {
        Ending::Answers(status) => wanted.statuses.contains(&status),
        Ending::Serves | Ending::Passes | Ending::None => false,
    };
    let condition = condition(directive);
    let grounds = grounds(all, directive);
    // What denies whatever it sees stands where nothing else should be.
    let fits = match condition.is_empty() {
        true => wanted.cause == Cause::RouteAcl,
        false => grounds.causes.contains(&wanted.cause),
    };
    if !denies || !fits {
        return 0;
    }
    let weight = weight(&texts(&condition, &lists(all, directive)), wanted);
    // A mark may be of a count that another rule made: it is named beside that rule, not before it.
    let is_mark = wanted.cause == Cause::RateLimit && grounds.causes.len() > 1;
    if is_mark { weight.min(MAY) } else { weight }
}

/// The words of a directive from its `if` or `unless` on.
fn condition(directive: &Placed) -> Vec<&str> {
    let words = directive.words.iter().map(String::as_str);
    words
        .skip_while(|word| !matches!(*word, "if" | "unless"))
        .collect()
}

/// The access lists of the section that a directive stands in.
fn lists<'a>(all: &'a [Placed], directive: &Placed) -> Vec<&'a Placed> {
    let same = all.iter().filter(|other| other.within == directive.within);
    same.filter(|other| other.name() == "acl").collect()
}

/// The words of a condition, and of the access lists that it names.
fn texts(condition: &[&str], lists: &[&Placed]) -> Vec<String> {
    let named = lists.iter().filter(|list| {
        let name = list.words.get(1).map_or("", String::as_str);
        condition
            .iter()
            .any(|word| word.trim_start_matches('!') == name)
    });
    let values = named.flat_map(|list| list.words.iter().skip(2).cloned());
    let words = condition.iter().skip(1).map(|word| (*word).to_owned());
    words.chain(values).collect()
}

fn weight(words: &[String], wanted: &Wanted<'_>) -> u8 {
    let is_place = |word: &&String| word.starts_with('/');
    let names_route = words.iter().filter(is_place).any(|word| {
        wanted
            .routes
            .iter()
            .any(|route| route.starts_with(word.as_str()))
    });
    let mut places = words.iter().filter(is_place);
    let names_other = places.any(|word| !word.contains('.')) && !names_route;
    let names_agent = |word: &String| {
        word.len() > 3
            && wanted
                .agents
                .iter()
                .any(|agent| agent.contains(word.as_str()))
    };
    let names_value = words
        .iter()
        .any(|word| wanted.has_address(word) || names_agent(word));
    match (names_value, names_route, names_other) {
        (true, _, _) => NAMED,
        (false, true, _) => HERE,
        (false, false, true) => 0,
        (false, false, false) => MAY,
    }
}
