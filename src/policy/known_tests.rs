use super::*;
use crate::findings::*;
use std::collections::BTreeMap;

fn known(text: &str) -> Known {
    Known::parse(Path::new("rules.txt"), text.as_bytes()).unwrap()
}

/// A spike with this rule, of these addresses.
fn spike(rule: &str, ips: &[&str]) -> Spike {
    let policy: Policy = rule.parse().unwrap();
    let values = ips.iter().map(|ip| KeyCount {
        value: ip.to_string(),
        denials: 1,
        requests: 1,
    });
    Spike {
        id: "1-1".into(),
        state: State::Closed,
        start: Default::default(),
        end: Default::default(),
        requests: 1,
        denials: 1,
        expected: 0.0,
        peak: Peak {
            start: Default::default(),
            denials: 1,
        },
        family: Family::Acl,
        cause: Cause::IpAcl,
        mechanism: None,
        confidence: None,
        band: Band::Likely,
        reason: None,
        known: None,
        alternatives: Vec::new(),
        rule: Some(policy.into_rule(1.0, 1.0)),
        keys: BTreeMap::from([("ip".to_string(), values.collect())]),
        distinct: BTreeMap::from([("ip".to_string(), ips.len() as u64)]),
        stated: Vec::new(),
        configured: Vec::new(),
        evidence: Vec::new(),
        collateral: Collateral::default(),
        without: Without::default(),
        examples: Vec::new(),
        reproduce: Vec::new(),
        settle: None,
        advice: Advice::default(),
    }
}

#[test]
fn a_rule_expects_what_lies_within_it() {
    for (rule, of_spike, expected) in [
        (
            "deny prefix 203.0.113.0/24",
            "deny prefix 203.0.113.0/25",
            true,
        ),
        (
            "deny prefix 203.0.113.0/24",
            "deny prefix 203.0.0.0/16",
            false,
        ),
        ("deny route /admin/", "deny route is /admin/users", true),
        ("deny route /admin/users", "deny route /admin/", false),
        ("deny client curl", "deny client curl on /a", true),
        ("deny client curl on /a", "deny client curl", false),
        (
            "deny method not GET, HEAD",
            "deny method not GET, HEAD",
            true,
        ),
        ("deny method not GET, HEAD", "deny method PUT", true),
        ("deny method not GET, HEAD", "deny method GET", false),
        (
            "deny user_agent containing Bot",
            "deny user_agent GoogleBot",
            true,
        ),
        ("deny all", "deny client curl", true),
        ("deny all", "limit 10/s per ip", false),
        (
            "limit 10/s burst 20 per ip on /a",
            "limit 11/s burst 5 per ip on /a",
            true,
        ),
        ("limit 10/s per ip", "limit 600 in 60s per ip", true),
        ("limit 10/s per ip", "limit 20/s per ip", false),
        ("limit 10/s per ip", "limit 10/s per token", false),
        ("limit ?/s per ip", "limit 20/s per ip on /a", true),
    ] {
        let rules = known(rule);
        let found = rules.expects(&spike(of_spike, &["203.0.113.7"]));
        assert_eq!(found.is_some(), expected, "{rule} of {of_spike}");
    }
}

#[test]
fn a_field_that_the_rule_leaves_out_is_asked_of_all_that_were_denied() {
    let rule = known("deny ip 203.0.113.0/24 on /a");
    assert!(
        rule.expects(&spike("deny route /a", &["203.0.113.7", "203.0.113.8"]))
            .is_some()
    );
    assert!(
        rule.expects(&spike("deny route /a", &["203.0.113.7", "192.0.2.1"]))
            .is_none()
    );
    let mut more = spike("deny route /a", &["203.0.113.7"]);
    more.distinct.insert("ip".to_string(), 40);
    assert!(rule.expects(&more).is_none());
}

#[test]
fn comments_and_blank_lines_are_no_rules() {
    assert_eq!(
        known("\u{feff}# these are ours\n\n  deny all\r\n").0.len(),
        1
    );
}

#[test]
fn errors_name_file_line_and_column() {
    let error = Known::parse(Path::new("rules.txt"), b"# ours\n  deny clinet curl\n").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("rules.txt:2:8: expected a field"),
        "{error}"
    );
    let error = Known::parse(Path::new("r"), b"deny prefix 10.0\n").unwrap_err();
    assert!(error.to_string().starts_with("r:1:1: `10.0`"), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_file_makes_it_fall_over(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = Known::parse(Path::new("r"), &bytes);
    }
}
