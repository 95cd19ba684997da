//! A policy as data: which requests it looks at, what it limits, and since when.
//!
//! Its text form is what `rule.text` shows, what `--known` files hold and what `whatif` takes:
//!
//! ```text
//! limit 10/s burst 20 per ip on /api/search
//! limit 30 in 60s per ip on /api/v1/search          (windows at round times)
//! limit 90 in 60s sliding per ip                    (denied requests count too)
//! hold 30s after 15 in 4s per ip on /category/sale  (retries prolong it; `hold 30s fixed` if not)
//! limit 8 at once per ip for client axios, curl and method GET
//! deny prefix 203.0.113.0/24, 198.51.100.0/22 since 2026-02-11T21:46:41Z
//! deny user_agent containing "GPTBot" on /blog/
//! deny method not GET, HEAD and route is /upload/
//! ```
//!
//! Invariant: `parse(print(policy)) == policy` for every policy whose numbers are [rounded] and
//! whose limit carries only the numbers of its own algorithm ([`Policy::normal`] makes both true).
//!
//! [rounded]: number::round_rate

mod matching;
pub mod number;
mod parse;
mod print;

pub use matching::{BadNetwork, Matcher};
pub use parse::ParseError;

use crate::findings::{Algorithm, Condition, Limit, Moment, Rule};
use std::str::FromStr;

/// The fields that a condition or a limit's key may name: the dimensions of a log, and the raw
/// parts of a request.
pub const FIELDS: [&str; 20] = [
    "ip",
    "prefix",
    "client",
    "user_agent",
    "user",
    "token",
    "route",
    "method",
    "host",
    "referer_host",
    "country",
    "asn",
    "responder",
    "path",
    "query",
    "referer",
    "content",
    "payload",
    "status",
    "content_type",
];

/// A policy: all conditions hold together; without a limit it denies whatever they match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// Which requests it looks at; empty for all.
    pub conditions: Vec<Condition>,
    /// What it counts; none for a plain denial.
    pub limit: Option<Limit>,
    /// When it came into force.
    pub since: Option<Moment>,
    /// When it was lifted.
    pub until: Option<Moment>,
}

impl Policy {
    /// The policy of a rule.
    pub fn from_rule(rule: &Rule) -> Policy {
        Policy {
            conditions: rule.r#where.clone(),
            limit: rule.limit.clone(),
            since: rule.since,
            until: rule.until,
        }
    }

    /// The rule of this policy, with its text, numbers in normal form, and how well it fits.
    pub fn into_rule(self, precision: f64, coverage: f64) -> Rule {
        let policy = self.normal();
        Rule {
            text: policy.to_string(),
            r#where: policy.conditions,
            limit: policy.limit,
            since: policy.since,
            until: policy.until,
            precision,
            coverage,
        }
    }

    /// The same policy with numbers rounded as the text form shows them, and without numbers
    /// that its algorithm does not use.
    pub fn normal(mut self) -> Policy {
        self.limit = self.limit.map(normal_limit);
        self
    }
}

fn normal_limit(limit: Limit) -> Limit {
    let plain = Limit {
        key: limit.key,
        algorithm: limit.algorithm,
        ..Limit::default()
    };
    let window_s = limit.window_s.and_then(number::round_span);
    match limit.algorithm {
        Algorithm::LeakyBucket => Limit {
            rate_per_s: limit.rate_per_s.and_then(number::round_rate),
            burst: limit.burst,
            ..plain
        },
        Algorithm::FixedWindow => Limit {
            limit: limit.limit,
            window_s,
            ..plain
        },
        Algorithm::SlidingWindow => Limit {
            limit: limit.limit,
            window_s,
            renewed: limit.renewed.filter(|renewed| !renewed),
            ..plain
        },
        Algorithm::Hold => Limit {
            limit: limit.limit,
            window_s,
            hold_s: limit.hold_s.and_then(number::round_span),
            renewed: limit.renewed.filter(|renewed| !renewed),
            ..plain
        },
        Algorithm::Concurrency => Limit {
            limit: limit.limit,
            ..plain
        },
    }
}

impl FromStr for Policy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Policy, ParseError> {
        parse::policy(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Operator;
    use chrono::DateTime;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_the_documentation_read_and_print_the_same() {
        for text in [
            "limit 10/s burst 20 per ip on /api/search",
            "limit 90 in 60s sliding per ip",
            "limit 30 in 60s per ip on /api/v1/search",
            "limit 1000 in 1h per token",
            "limit 30/m burst 5 per ip, token",
            "limit 6/s burst 60 on /products",
            "limit ?/s burst 8 per ip",
            "hold 30s after 15 in 4s per ip on /category/sale",
            "hold 10m fixed after 100 in 10s per ip",
            "hold ? after 15 in ? per ip",
            "limit 8 at once per ip",
            "limit 8 at once per ip for client axios, curl and method GET",
            "limit 8 at once for client axios on /api/",
            "deny all",
            "deny prefix 203.0.113.0/24, 198.51.100.0/22 since 2026-02-11T21:46:41Z until 2026-02-12T00:00:00Z",
            "deny client scanner",
            "deny client GPTBot, Bytespider",
            "deny user_agent containing GPTBot",
            "deny user_agent containing \"GPTBot/1.0, (compatible; \\\"x\\\")\"",
            "deny route /admin/",
            "deny route is /admin/",
            "deny route under /admin",
            "deny route /users/{id}/orders",
            "deny method OPTIONS on /api/",
            "deny token tok_0123456789ab on /api/v1/exports",
            "deny referer_host forum.example.net on /static/img/",
            "deny method not GET, HEAD and client curl and route is /",
            "deny client \"and\"",
            "deny user_agent \"\"",
            "deny ip ()",
        ] {
            let policy: Policy = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(policy.to_string(), text);
        }
    }

    #[test]
    fn other_ways_to_write_the_same() {
        for (typed, shown) in [
            (
                "  limit  600/m   burst 20 per ip ",
                "limit 10/s burst 20 per ip",
            ),
            ("limit 0.5/s per ip", "limit 30/m per ip"),
            (
                "limit 90 in 1m sliding per ip",
                "limit 90 in 60s sliding per ip",
            ),
            (
                "deny user_agent containing \"GPTBot\"",
                "deny user_agent containing GPTBot",
            ),
            ("deny not method GET, HEAD", "deny method not GET, HEAD"),
            (
                "deny client scanner on /admin",
                "deny client scanner on /admin",
            ),
            (
                "deny ip 192.0.2.1,192.0.2.2",
                "deny ip 192.0.2.1, 192.0.2.2",
            ),
            ("deny on /admin/", "deny route /admin/"),
        ] {
            let policy: Policy = typed.parse().unwrap_or_else(|e| panic!("{typed}: {e}"));
            assert_eq!(policy.to_string(), shown);
        }
    }

    #[test]
    fn errors_point_at_the_column_and_say_what_was_expected() {
        for (text, column, expected) in [
            ("", 1, "`limit`, `hold` or `deny`"),
            ("block ip 1.2.3.4", 1, "`limit`, `hold` or `deny`"),
            ("limit ten/s per ip", 7, "a number"),
            ("limit 10/w per ip", 10, "`s`, `m`, `h` or `d`"),
            ("limit 10/s per clinet", 16, "a field"),
            ("deny clinet scanner", 6, "a field"),
            ("deny ip", 8, "a value"),
            ("deny ip 1.2.3.4 since yesterday", 23, "a moment"),
            ("deny client \"abc", 17, "a closing quote"),
            ("deny client a b", 15, "the end"),
            ("hold 30s after 15 in 4x", 23, "`ms`, `s`"),
        ] {
            let error = text.parse::<Policy>().unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    fn values() -> impl Strategy<Value = Vec<String>> {
        let value = prop_oneof![
            "[a-zA-Z0-9./_{}-]{1,12}",
            "/[a-z/]{0,8}",
            any::<String>(),
            "and|on|per|not|is|all"
        ];
        proptest::collection::vec(value, 0..4)
    }

    fn conditions() -> impl Strategy<Value = Vec<Condition>> {
        let field = proptest::sample::select(FIELDS.to_vec());
        let op = proptest::sample::select(vec![
            Operator::In,
            Operator::NotIn,
            Operator::Prefix,
            Operator::Contains,
        ]);
        let condition = (field, op, values()).prop_map(|(field, op, values)| Condition {
            field: field.to_string(),
            op,
            values,
        });
        proptest::collection::vec(condition, 0..4)
    }

    fn limits() -> impl Strategy<Value = Option<Limit>> {
        let algorithm = proptest::sample::select(vec![
            Algorithm::LeakyBucket,
            Algorithm::FixedWindow,
            Algorithm::SlidingWindow,
            Algorithm::Hold,
            Algorithm::Concurrency,
        ]);
        let keys = proptest::sample::subsequence(FIELDS.to_vec(), 0..3);
        let number =
            || proptest::option::of(prop_oneof![1e-5f64..1e6, 0.9f64..1.1, Just(1.0 / 60.0)]);
        let count = || proptest::option::of(any::<u32>());
        let limit = (
            algorithm,
            keys,
            number(),
            count(),
            count(),
            number(),
            number(),
            any::<Option<bool>>(),
        )
            .prop_map(
                |(algorithm, keys, rate_per_s, burst, limit, window_s, hold_s, renewed)| Limit {
                    key: keys.into_iter().map(String::from).collect(),
                    algorithm,
                    rate_per_s,
                    burst,
                    limit,
                    window_s,
                    hold_s,
                    renewed,
                },
            );
        proptest::option::of(limit)
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(
            conditions in conditions(), limit in limits(),
            since in proptest::option::of(-2_000_000_000i64..4_000_000_000), millis in 0u32..1000,
            until in proptest::option::of(0i64..4_000_000_000),
        ) {
            let policy = Policy {
                conditions,
                limit,
                since: since.and_then(|s| DateTime::from_timestamp(s, millis * 1_000_000)),
                until: until.and_then(|s| DateTime::from_timestamp(s, 0)),
            }.normal();
            let text = policy.to_string();
            let parsed: Policy = text.parse().map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
            prop_assert_eq!(&parsed, &policy, "{}", text);
            prop_assert_eq!(parsed.normal(), policy);
        }

        #[test]
        fn no_text_makes_the_parser_fall_over(text in any::<String>(), tail in "[a-z0-9/\", .()]{0,40}") {
            let _ = text.parse::<Policy>();
            let _ = format!("deny {tail}").parse::<Policy>();
            let _ = format!("limit {tail}").parse::<Policy>();
        }
    }
}
