//! The rule of a spike in a line or two: what it denies, how well it fits, when it was in force.
//!
//! The line is built from the conditions, not cut from `rule.text`: of long lists it shows the first
//! values, so that the route at its end is never lost. Times stand below it, in the log's own clock.

use super::clock::{Clock, Precision};
use super::number::percent;
use super::sheet::Sheet;
use super::spike::words;
use super::subject;
use super::wrap::fit;
use crate::findings::{Cause, Condition, Operator, Rule, Spike};
use crate::policy::rule::Policy;

/// Values of a condition that are shown of a longer list.
const SHOWN: usize = 3;
/// Lines of a rule: its values are shortened one by one, so that only hostile ones need as many.
const LINES: usize = 8;
/// The same where every value is shown.
const LINES_OF_ALL: usize = 40;

/// Said of a window that nothing in the log shows.
const GUESS: &str = "(the window is a guess: a block that does not end shows only when it began)";

/// The rule and its mechanism, or the mechanism alone; with `in_full` every value of its lists.
pub(super) fn write(spike: &Spike, in_full: bool, sheet: &mut Sheet) {
    let mechanism = spike.mechanism.as_deref().map(words);
    let (label, text) = match (&spike.rule, mechanism) {
        (None, None) => return,
        (None, Some(mechanism)) => ("mechanism", mechanism),
        (Some(rule), None) => {
            let text = text(rule, spike.cause, in_full, sheet);
            (
                "rule",
                if is_guess(rule) {
                    format!("{text} {GUESS}")
                } else {
                    text
                },
            )
        }
        (Some(rule), Some(mechanism)) => {
            let text = text(rule, spike.cause, in_full, sheet);
            ("rule", format!("{text} ({mechanism})"))
        }
    };
    let lines = if in_full { LINES_OF_ALL } else { LINES };
    sheet.entry(label, &text, lines);
}

/// Whether no limiter was replayed: then all that is known of it is when a block began.
fn is_guess(rule: &Rule) -> bool {
    rule.limit
        .as_ref()
        .is_some_and(|limit| limit.window_s.is_some())
}

/// How well the rule fits, and when it was in force.
pub(super) fn write_quality(rule: &Rule, clock: &Clock, sheet: &mut Sheet) {
    let mut text = format!(
        "covers {} of the denials; {} of what it would deny was denied",
        percent(rule.coverage),
        percent(rule.precision)
    );
    if let Some(since) = rule.since {
        let time = clock.time(since, Precision::Seconds);
        text.push_str(&format!("; in force since {time}"));
    }
    if let Some(until) = rule.until {
        let time = clock.time(until, Precision::Seconds);
        text.push_str(&format!("; lifted at {time}"));
    }
    sheet.entry("", &text, 3);
}

/// The rule without its times.
fn text(rule: &Rule, cause: Cause, in_full: bool, sheet: &Sheet) -> String {
    let mut policy = Policy {
        since: None,
        until: None,
        ..Policy::from_rule(rule)
    };
    if !in_full {
        shorten_values(&mut policy.conditions, sheet.width() / 2);
    }
    let at_most = if in_full { usize::MAX } else { SHOWN };
    let by_credential = matches!(cause, Cause::Credential | Cause::Permission);
    by_credential
        .then(|| unlogged_credential(&policy, at_most))
        .flatten()
        .unwrap_or_else(|| printed(policy, at_most))
}

/// Cuts the middle of each value longer than `limit` columns.
fn shorten_values(conditions: &mut [Condition], limit: usize) {
    for value in conditions.iter_mut().flat_map(|c| &mut c.values) {
        // ASCII on every terminal: the text of a policy escapes other marks.
        *value = fit(value, limit, "...");
    }
}

/// The text of a policy, with the first values of each list.
fn printed(mut policy: Policy, at_most: usize) -> String {
    let whole = policy.to_string();
    let markers: Vec<(String, String)> = policy
        .conditions
        .iter_mut()
        .filter_map(|condition| shorten_list(condition, at_most, &whole))
        .collect();
    let text = policy.to_string();
    markers.iter().fold(text, |text, (marker, more)| {
        text.replace(&format!(", {marker}"), more)
    })
}

/// Leaves the first values and a marker, which the text of a policy shows as it is; returns the
/// marker and what to say in its place.
fn shorten_list(
    condition: &mut Condition,
    at_most: usize,
    whole: &str,
) -> Option<(String, String)> {
    let more = condition.values.len().saturating_sub(at_most);
    if more == 0 {
        return None;
    }
    let mut marker = format!("and-{more}-more");
    while whole.contains(&marker) {
        marker.push('~');
    }
    // A slash at the end of all values is an operator.
    if condition.values.iter().all(|value| value.ends_with('/')) {
        marker.push('/');
    }
    condition.values.truncate(at_most);
    condition.values.push(marker.clone());
    Some((marker, format!(" and {more} more")))
}

/// `refuse the credential of 4 addresses (a, b, c and 1 more; it is not in the log) on /orders`: the
/// addresses only stand for what they sent. None where the rule does not go by addresses.
fn unlogged_credential(policy: &Policy, at_most: usize) -> Option<String> {
    let mut policy = policy.clone();
    let at = policy.conditions.iter().position(|condition| {
        condition.op == Operator::In && matches!(condition.field.as_str(), "ip" | "prefix")
    })?;
    let mut callers = policy.conditions.remove(at);
    let number = subject::plural(&callers.field, callers.values.len() as u64);
    let more = callers.values.len().saturating_sub(at_most);
    callers.values.truncate(at_most);
    let mut list = callers.values.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    // What else the rule looks at, as the text of a policy says it behind its first condition.
    let first = format!("deny {} x", callers.field);
    callers.values = vec!["x".to_owned()];
    policy.conditions.insert(0, callers);
    let rest = printed(policy, at_most);
    let rest = rest.strip_prefix(&first)?;
    let rest = match rest.strip_prefix(" and ") {
        Some(conditions) => format!(" for {conditions}"),
        None => rest.to_owned(),
    };
    Some(format!(
        "refuse the credential of {number} ({list}; it is not in the log){rest}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Context, sample};

    fn shown(policy: &str, cause: Cause, in_full: bool) -> String {
        let rule = policy.parse::<Policy>().unwrap().into_rule(1.0, 1.0);
        text(&rule, cause, in_full, &Sheet::new(&Context::default()))
    }

    #[test]
    fn of_a_long_list_the_first_values_are_shown_and_the_route_stays() {
        let policy = "deny ip 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5 on /a/, /b/, /c/, /d/ \
                      since 2026-03-14T08:00:00Z";
        assert_eq!(
            shown(policy, Cause::IpAcl, false),
            "deny ip 192.0.2.1, 192.0.2.2, 192.0.2.3 and 2 more on /a/, /b/, /c/ and 1 more"
        );
        assert_eq!(
            shown(policy, Cause::IpAcl, true),
            policy.split(" since").next().unwrap()
        );
    }

    #[test]
    fn a_value_that_reads_like_the_marker_is_kept() {
        assert_eq!(
            shown("deny client and-1-more, b, c, d", Cause::BotFilter, false),
            "deny client and-1-more, b, c and 1 more"
        );
    }

    #[test]
    fn a_long_value_loses_its_own_middle() {
        let policy = format!("deny ip 192.0.2.1 on {}", "/segment".repeat(20));
        let text = shown(&policy, Cause::IpAcl, false);
        assert!(text.starts_with("deny ip 192.0.2.1 on /segment"), "{text}");
        assert!(text.contains("...") && text.len() < 80, "{text}");
    }

    #[test]
    fn addresses_stand_for_a_credential_that_is_not_logged() {
        let policy = "deny ip 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 on /orders";
        assert_eq!(
            shown(policy, Cause::Credential, false),
            "refuse the credential of 4 addresses (192.0.2.1, 192.0.2.2, 192.0.2.3 and 1 more; \
             it is not in the log) on /orders"
        );
        assert_eq!(
            shown(
                "deny method GET and prefix 192.0.2.0/24",
                Cause::Permission,
                false
            ),
            "refuse the credential of 1 network (192.0.2.0/24; it is not in the log) for method GET"
        );
        assert_eq!(
            shown("deny token tok_1 on /orders", Cause::Credential, false),
            "deny token tok_1 on /orders"
        );
    }

    #[test]
    fn the_sample_rule_is_its_own_text() {
        let spike = &sample::one_spike().spikes[0];
        let rule = spike.rule.as_ref().unwrap();
        let sheet = Sheet::new(&Context::default());
        assert_eq!(text(rule, spike.cause, false, &sheet), rule.text);
    }
}
