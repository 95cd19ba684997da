//! The few networks that an operator would have written to deny a set of addresses.
//!
//! A network stands for addresses that were never seen, so it needs evidence: it is wide only where
//! denied members lie in several of its parts, and it never holds an admitted address. Candidates
//! are the widths that people write (/32, /24, /22, /20, /16; /128, /64, /56, /48, /32), tried from
//! wide to narrow; what no network is justified for stays single.

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::network;

/// A width to try: bits, and how many denied members and how many different parts (networks of
/// `part_bits`) it takes to believe in it.
struct Width {
    bits: u8,
    members: usize,
    part_bits: u8,
    parts: usize,
}

/// A wide network takes members all over it: with a quarter of the /24s of a /20 hit, and none
/// admitted, chance is no explanation.
const IPV4_WIDTHS: &[Width] = &[
    Width {
        bits: 16,
        members: 32,
        part_bits: 20,
        parts: 8,
    },
    Width {
        bits: 20,
        members: 12,
        part_bits: 22,
        parts: 3,
    },
    Width {
        bits: 22,
        members: 8,
        part_bits: 24,
        parts: 3,
    },
    Width {
        bits: 24,
        members: 3,
        part_bits: 32,
        parts: 3,
    },
];

/// A customer has a /64 at least, often a /56 or /48.
const IPV6_WIDTHS: &[Width] = &[
    Width {
        bits: 32,
        members: 32,
        part_bits: 48,
        parts: 8,
    },
    Width {
        bits: 48,
        members: 4,
        part_bits: 64,
        parts: 3,
    },
    Width {
        bits: 56,
        members: 3,
        part_bits: 64,
        parts: 3,
    },
    Width {
        bits: 64,
        members: 2,
        part_bits: 128,
        parts: 2,
    },
];

/// The cover of `denied`: disjoint networks in order, each address in one of them, and none that
/// holds an address of `admitted`, except that a denied address is always covered by itself.
pub fn cover(denied: &[IpAddr], admitted: &[IpAddr]) -> Vec<IpNet> {
    let (denied, admitted) = (in_order(denied), in_order(admitted));
    let mut networks = Vec::new();
    let four = denied.partition_point(IpAddr::is_ipv4);
    split(&denied[..four], IPV4_WIDTHS, 32, &admitted, &mut networks);
    split(&denied[four..], IPV6_WIDTHS, 128, &admitted, &mut networks);
    networks
}

fn in_order(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Covers sorted addresses by the first of `widths` that is justified, and by narrower ones else.
fn split(
    denied: &[IpAddr],
    widths: &[Width],
    all_bits: u8,
    admitted: &[IpAddr],
    out: &mut Vec<IpNet>,
) {
    let Some((width, narrower)) = widths.split_first() else {
        out.extend(denied.iter().map(|ip| network(*ip, all_bits)));
        return;
    };
    for members in denied.chunk_by(|a, b| network(*a, width.bits) == network(*b, width.bits)) {
        let Some(first) = members.first() else {
            continue;
        };
        let whole = network(*first, width.bits);
        if justified(width, members) && none_within(admitted, whole) {
            out.push(whole);
        } else {
            split(members, narrower, all_bits, admitted, out);
        }
    }
}

fn justified(width: &Width, members: &[IpAddr]) -> bool {
    let parts = members
        .chunk_by(|a, b| network(*a, width.part_bits) == network(*b, width.part_bits))
        .count();
    members.len() >= width.members && parts >= width.parts
}

fn none_within(admitted: &[IpAddr], whole: IpNet) -> bool {
    let first = admitted.partition_point(|ip| *ip < whole.network());
    admitted.get(first).is_none_or(|ip| *ip > whole.broadcast())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn covered(denied: &[&str], admitted: &[&str]) -> Vec<String> {
        let parse = |texts: &[&str]| {
            texts
                .iter()
                .map(|t| t.parse().unwrap())
                .collect::<Vec<IpAddr>>()
        };
        cover(&parse(denied), &parse(admitted))
            .iter()
            .map(IpNet::to_string)
            .collect()
    }

    #[test]
    fn few_members_stay_single() {
        assert_eq!(covered(&[], &[]), [""; 0]);
        assert_eq!(
            covered(
                &["192.0.2.1", "192.0.2.9", "198.51.100.7", "2001:db8::1"],
                &[]
            ),
            [
                "192.0.2.1/32",
                "192.0.2.9/32",
                "198.51.100.7/32",
                "2001:db8::1/128"
            ]
        );
    }

    #[test]
    fn a_network_is_believed_until_somebody_in_it_is_admitted() {
        let denied = ["192.0.2.1", "192.0.2.100", "192.0.2.200", "192.0.2.200"];
        assert_eq!(covered(&denied, &["192.0.3.1"]), ["192.0.2.0/24"]);
        assert_eq!(
            covered(&denied, &["192.0.2.7"]),
            ["192.0.2.1/32", "192.0.2.100/32", "192.0.2.200/32"]
        );
        let customer = ["2001:db8:1:1::1", "2001:db8:1:1::2"];
        assert_eq!(covered(&customer, &[]), ["2001:db8:1:1::/64"]);
    }

    #[test]
    fn wide_networks_need_members_all_over() {
        let spread: Vec<IpAddr> = (0..64u8)
            .map(|n| IpAddr::from([198, 18, n * 4, 1 + n]))
            .collect();
        assert_eq!(
            cover(&spread, &[]),
            ["198.18.0.0/16".parse::<IpNet>().unwrap()]
        );
        let dense: Vec<IpAddr> = (0..64u8).map(|n| IpAddr::from([198, 18, 7, n])).collect();
        assert_eq!(
            cover(&dense, &[]),
            ["198.18.7.0/24".parse::<IpNet>().unwrap()]
        );
    }

    fn addresses(most: usize) -> impl Strategy<Value = Vec<IpAddr>> {
        let four =
            (0u32..1 << 13).prop_map(|n| IpAddr::V4(Ipv4Addr::from_bits(0xc612_0000 | n << 3)));
        let six = (0u128..1 << 9)
            .prop_map(|n| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | n << 60)));
        prop::collection::vec(prop_oneof![3 => four, 1 => six], 0..most)
    }

    proptest! {
        #[test]
        fn all_denied_none_admitted_and_disjoint(denied in addresses(300), admitted in addresses(20)) {
            let networks = cover(&denied, &admitted);
            for ip in &denied {
                prop_assert_eq!(networks.iter().filter(|net| net.contains(ip)).count(), 1);
            }
            for ip in admitted.iter().filter(|ip| !denied.contains(ip)) {
                prop_assert!(!networks.iter().any(|net| net.contains(ip)));
            }
            let mut shuffled = denied.clone();
            shuffled.reverse();
            shuffled.extend(&denied);
            prop_assert_eq!(cover(&shuffled, &admitted), networks);
        }
    }
}
