//! Who is concerned by a spike, and where: the dimension that its cause speaks of, summed up.

use super::number::{share, thousands};
use crate::findings::{Cause, KeyCount, Spike};

/// Above this share of the denials, one value stands for all.
const NEARLY_ALL: f64 = 0.95;
/// Above this share, one value is worth naming first.
const MOST: f64 = 0.5;

/// `3.88.104.17 (axios)`, or `212 addresses, most 203.0.113.7 (10 %)`.
pub(super) fn who(spike: &Spike) -> Option<String> {
    let dimension = subject(spike);
    let mut who = summary(spike, dimension)?;
    if dimension == "client" {
        if let Some(count) = spike.distinct.get("ip") {
            who.push_str(&format!(" from {}", plural("ip", *count)));
        }
    } else if let Some(client) = dominant(spike, "client", 0.8) {
        who.push_str(&format!(" ({})", client.value));
    }
    Some(who)
}

/// `/api/v1/search`, or `131 routes, most / (29 %)`.
pub(super) fn place(spike: &Spike) -> Option<String> {
    let route = summary(spike, "route")?;
    let names_method = matches!(spike.cause, Cause::Cors | Cause::RequestShape);
    match dominant(spike, "method", NEARLY_ALL) {
        Some(method) if names_method => Some(format!("{} {route}", method.value)),
        _ => Some(route),
    }
}

/// The dimension that the cause tells apart.
fn subject(spike: &Spike) -> &'static str {
    let limited = spike
        .rule
        .as_ref()
        .and_then(|rule| rule.limit.as_ref())
        .and_then(|limit| limit.key.first())
        .map(String::as_str);
    let preferred = match (spike.cause, limited) {
        (Cause::RateLimit, Some("token")) | (Cause::Credential, _) => &["token", "ip"][..],
        (Cause::RateLimit, Some("user")) => &["user", "ip"],
        (Cause::RateLimit, Some("prefix")) => &["prefix", "ip"],
        (Cause::Permission, _) => &["user", "token", "ip"],
        (Cause::BotFilter, _) => &["client", "ip"],
        _ => &["ip"],
    };
    preferred
        .iter()
        .find(|dimension| {
            spike
                .keys
                .get(**dimension)
                .is_some_and(|keys| !keys.is_empty())
        })
        .copied()
        .unwrap_or("client")
}

/// The values of a dimension in a few words.
pub(super) fn summary(spike: &Spike, dimension: &str) -> Option<String> {
    let top = spike.keys.get(dimension)?.first()?;
    let listed = spike.keys.get(dimension).map_or(0, Vec::len) as u64;
    let distinct = spike
        .distinct
        .get(dimension)
        .copied()
        .unwrap_or(0)
        .max(listed);
    let part = fraction(top, spike);
    let share = share(top.denials, spike.denials);
    Some(if distinct <= 1 || part >= NEARLY_ALL {
        top.value.clone()
    } else if part >= MOST {
        format!(
            "{} ({share}) and {} more",
            top.value,
            thousands(distinct - 1)
        )
    } else {
        format!(
            "{}, most {} ({share})",
            plural(dimension, distinct),
            top.value
        )
    })
}

fn dominant<'a>(spike: &'a Spike, dimension: &str, least: f64) -> Option<&'a KeyCount> {
    let top = spike.keys.get(dimension)?.first()?;
    (fraction(top, spike) >= least).then_some(top)
}

fn fraction(key: &KeyCount, spike: &Spike) -> f64 {
    key.denials as f64 / spike.denials.max(1) as f64
}

/// `212 addresses`.
fn plural(dimension: &str, count: u64) -> String {
    let (one, many) = match dimension {
        "ip" => ("address", "addresses"),
        "prefix" => ("network", "networks"),
        "client" => ("client", "clients"),
        "user_agent" => ("user agent", "user agents"),
        "user" => ("user", "users"),
        "token" => ("token", "tokens"),
        "route" => ("route", "routes"),
        "method" => ("method", "methods"),
        "host" => ("host", "hosts"),
        "referer_host" => ("referring host", "referring hosts"),
        _ => ("value", "values"),
    };
    super::number::counted(count, one, many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn one_caller_is_named_with_its_client() {
        let spike = &sample::one_spike().spikes[0];
        assert_eq!(who(spike).unwrap(), "3.88.104.17 (axios)");
        assert_eq!(place(spike).unwrap(), "/api/v1/search");
    }

    #[test]
    fn many_callers_are_counted() {
        let spike = &sample::three_spikes().spikes[1];
        assert_eq!(
            who(spike).unwrap(),
            "212 addresses, most 203.0.113.7 (9.9 %)"
        );
        assert_eq!(place(spike).unwrap(), "131 routes, most / (29 %)");
    }

    #[test]
    fn a_credential_is_told_by_its_token_and_a_bot_by_its_client() {
        let mut spike = sample::standing_only().standing[1].clone();
        assert_eq!(who(&spike).unwrap(), "tok_77aa01c2d3e4 (python-requests)");
        spike.cause = Cause::BotFilter;
        assert_eq!(who(&spike).unwrap(), "python-requests from 1 address");
    }

    #[test]
    fn nothing_known_is_nothing_said() {
        let mut spike = sample::one_spike().spikes[0].clone();
        spike.keys.clear();
        assert_eq!(who(&spike), None);
        assert_eq!(place(&spike), None);
    }
}
