//! Whether a value of a log meets a condition.
//!
//! Compiled once per condition: networks become sorted lists, texts a set, so that a test costs a
//! hash or a short search, whatever the length of a list.

use crate::findings::{Condition, Operator};
use ipnet::IpNet;
use std::collections::HashSet;
use std::net::IpAddr;

/// A condition made ready to test values.
#[derive(Debug, Clone)]
pub struct Matcher {
    op: Operator,
    texts: HashSet<Vec<u8>>,
    networks: Vec<IpNet>,
}

/// A value of a `prefix` condition is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address or network; write it as 203.0.113.0/24 or 2001:db8::/48")]
pub struct BadNetwork(String);

impl Matcher {
    /// Makes a condition ready.
    ///
    /// # Errors
    /// When a value of a `prefix` condition is neither an address nor a network. Values of `ip` may
    /// be anything that stands in the place of an address, such as a host name.
    pub fn new(condition: &Condition) -> Result<Matcher, BadNetwork> {
        let by_address = matches!(condition.field.as_str(), "ip" | "prefix");
        let exact = matches!(condition.op, Operator::In | Operator::NotIn);
        let mut networks = Vec::new();
        if by_address && exact {
            for value in &condition.values {
                match network(value) {
                    Some(network) => networks.push(network),
                    None if condition.field == "prefix" => return Err(BadNetwork(value.clone())),
                    None => {}
                }
            }
        }
        Ok(Matcher {
            op: condition.op,
            texts: condition
                .values
                .iter()
                .map(|value| value.clone().into_bytes())
                .collect(),
            networks: IpNet::aggregate(&networks),
        })
    }

    /// Whether `value` meets the condition; for `ip` and `prefix` the value is an address or a
    /// network as text.
    pub fn holds(&self, value: &[u8]) -> bool {
        match self.op {
            Operator::In => self.lists(value),
            Operator::NotIn => !self.lists(value),
            Operator::Prefix => self.texts.iter().any(|text| is_below(value, text)),
            Operator::Contains => self
                .texts
                .iter()
                .any(|text| memchr::memmem::find(value, text).is_some()),
        }
    }

    fn lists(&self, value: &[u8]) -> bool {
        if self.texts.contains(value) {
            return true;
        }
        if self.networks.is_empty() {
            return false;
        }
        let asked = std::str::from_utf8(value).ok().and_then(network);
        asked.is_some_and(|asked| {
            // Aggregated networks are sorted and disjoint: only the last that starts before it can hold it.
            let next = self.networks.partition_point(|network| network <= &asked);
            let near = next.saturating_sub(1)..self.networks.len().min(next + 1);
            self.networks[near]
                .iter()
                .any(|network| network.contains(&asked))
        })
    }
}

fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) => Some(network.trunc()),
        Err(_) => text.parse::<IpAddr>().ok().map(IpNet::from),
    }
}

/// Whether `route` is `place` or lies below it, at a segment.
fn is_below(route: &[u8], place: &[u8]) -> bool {
    match route.strip_prefix(place) {
        Some(rest) => place.ends_with(b"/") || rest.is_empty() || rest.starts_with(b"/"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matcher(field: &str, op: Operator, values: &[&str]) -> Matcher {
        Matcher::new(&Condition {
            field: field.to_string(),
            op,
            values: values.iter().map(|v| v.to_string()).collect(),
        })
        .unwrap()
    }

    #[test]
    fn addresses_lie_within_networks() {
        let list = matcher(
            "ip",
            Operator::In,
            &[
                "203.0.113.0/24",
                "198.51.100.7",
                "2001:db8::/32",
                "balancer",
            ],
        );
        for (value, expected) in [
            ("203.0.113.200", true),
            ("203.0.114.1", false),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("2001:db8:1::9", true),
            ("2001:db9::1", false),
            ("balancer", true),
            ("unix:", false),
        ] {
            assert_eq!(list.holds(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn routes_match_at_segments() {
        let below = matcher("route", Operator::Prefix, &["/admin"]);
        assert!(below.holds(b"/admin") && below.holds(b"/admin/users"));
        assert!(!below.holds(b"/administrator"));
        assert!(matcher("route", Operator::Prefix, &["/api/"]).holds(b"/api/v1"));
    }

    #[test]
    fn a_prefix_must_be_a_network() {
        let condition = Condition {
            field: "prefix".into(),
            op: Operator::In,
            values: vec!["10.0.0".into()],
        };
        assert!(
            Matcher::new(&condition)
                .unwrap_err()
                .to_string()
                .contains("`10.0.0`")
        );
    }

    proptest! {
        #[test]
        fn the_sorted_search_agrees_with_trying_every_network(
            networks in proptest::collection::vec((any::<[u8; 4]>(), 0u8..=32), 1..20), address in any::<[u8; 4]>(),
        ) {
            let values: Vec<String> = networks.iter().map(|(a, n)| format!("{}/{n}", IpAddr::from(*a))).collect();
            let condition = Condition { field: "prefix".into(), op: Operator::In, values: values.clone() };
            let address = IpAddr::from(address);
            let plain = values.iter().any(|v| v.parse::<IpNet>().unwrap().contains(&address));
            prop_assert_eq!(Matcher::new(&condition).unwrap().holds(address.to_string().as_bytes()), plain);
        }
    }
}
