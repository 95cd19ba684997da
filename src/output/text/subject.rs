//! Who is concerned by a spike, and where: the dimension that its cause speaks of, summed up.

use super::number::{counted, share, thousands};
use super::sheet::Sheet;
use crate::findings::{Cause, KeyCount, Spike};

/// Above this share of the denials, one value stands for all.
const NEARLY_ALL: f64 = 0.95;
/// Above this share, one value is worth naming first.
const MOST: f64 = 0.5;

/// `3.88.104.17 (axios)`, or `212 addresses, most 203.0.113.7 (10 %)`.
pub(super) fn who(spike: &Spike, sheet: &Sheet) -> Option<String> {
    let dimension = subject(spike);
    let mut who = summary(spike, dimension, sheet)?;
    if dimension == "client" {
        if let Some(count) = spike.distinct.get("ip") {
            who.push_str(&format!(" from {}", plural("ip", *count)));
        }
    } else if let Some(client) = dominant(spike, "client", 0.8) {
        let client = sheet.fitted(&client.value, sheet.width() / 4);
        who.push_str(&format!(" ({client})"));
    }
    Some(who)
}

/// `/api/v1/search`, or `131 routes, most / (29 %)`.
pub(super) fn place(spike: &Spike, sheet: &Sheet) -> Option<String> {
    let route = summary(spike, "route", sheet)?;
    let names_method = matches!(spike.cause, Cause::Cors | Cause::RequestShape);
    match dominant(spike, "method", NEARLY_ALL) {
        Some(method) if names_method => {
            let method = sheet.fitted(&method.value, sheet.width() / 8);
            Some(format!("{method} {route}"))
        }
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

/// The values of a dimension in a few words. Only the value is cut, never the words around it.
fn summary(spike: &Spike, dimension: &str, sheet: &Sheet) -> Option<String> {
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
    let value = sheet.fitted(&top.value, sheet.width() / 2 - 4);
    Some(if distinct <= 1 || part >= NEARLY_ALL {
        value
    } else if part >= MOST {
        format!("{value} ({share}) and {} more", thousands(distinct - 1))
    } else {
        format!("{}, most {value} ({share})", plural(dimension, distinct))
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
pub(super) fn plural(dimension: &str, count: u64) -> String {
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
    counted(count, one, many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Context, sample};

    fn sheet() -> Sheet {
        Sheet::new(&Context::default())
    }

    #[test]
    fn one_caller_is_named_with_its_client() {
        let spike = &sample::one_spike().spikes[0];
        assert_eq!(who(spike, &sheet()).unwrap(), "3.88.104.17 (axios)");
        assert_eq!(place(spike, &sheet()).unwrap(), "/api/v1/search");
    }

    #[test]
    fn many_callers_are_counted() {
        let spike = &sample::three_spikes().spikes[1];
        assert_eq!(
            who(spike, &sheet()).unwrap(),
            "212 addresses, most 203.0.113.7 (9.9 %)"
        );
        assert_eq!(place(spike, &sheet()).unwrap(), "131 routes, most / (29 %)");
    }

    #[test]
    fn a_credential_is_told_by_its_token_and_a_bot_by_its_client() {
        let mut spike = sample::standing_only().standing[1].clone();
        assert_eq!(
            who(&spike, &sheet()).unwrap(),
            "tok_77aa01c2d3e4 (python-requests)"
        );
        spike.cause = Cause::BotFilter;
        assert_eq!(
            who(&spike, &sheet()).unwrap(),
            "python-requests from 1 address"
        );
    }

    #[test]
    fn nothing_known_is_nothing_said() {
        let mut spike = sample::one_spike().spikes[0].clone();
        spike.keys.clear();
        assert_eq!(who(&spike, &sheet()), None);
        assert_eq!(place(&spike, &sheet()), None);
    }
}
