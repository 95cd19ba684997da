//! Client addresses: parsing whatever stands in their place, networks, and trusted proxies.
//!
//! A log may hold a dotted quad, IPv6 (bracketed, with a port or a zone), a host name or `unix:`.
//! IPv4-mapped IPv6 (`::ffff:192.0.2.1`) is the IPv4 client that it stands for, so that one client
//! is one key whichever socket it came through.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Longest text that can be an address with zone and port; longer ones are names.
const MAX_ADDRESS_BYTES: usize = 80;

/// Most entries of an `X-Forwarded-For` that are looked at, from the right: the left ones are
/// the client's to invent.
const MAX_HOPS: usize = 32;

/// Who sent a request, as far as the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address<'a> {
    /// An address.
    Ip(IpAddr),
    /// A host name, or anything else that stands in the place of an address.
    Name(&'a [u8]),
    /// A Unix socket.
    Unix,
    /// Nothing, or `-`.
    Absent,
}

impl<'a> Address<'a> {
    /// Reads an address. Never fails: what is none is a name.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Address<'a> {
        match dotted_quad(bytes) {
            Some(address) => Address::Ip(IpAddr::V4(address)),
            None => Address::parse_rare(bytes),
        }
    }

    fn parse_rare(bytes: &'a [u8]) -> Address<'a> {
        if bytes.is_empty() || bytes == b"-" {
            return Address::Absent;
        }
        if bytes.starts_with(b"unix:") || bytes == b"@" {
            return Address::Unix;
        }
        match parse_ip(bytes) {
            Some(ip) => Address::Ip(ip),
            None => Address::Name(bytes),
        }
    }

    /// The address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Ip(ip) => Some(*ip),
            _ => None,
        }
    }

    /// Its network, the unit in which hosters and providers give addresses to one customer: /24 of
    /// IPv4, /48 of IPv6.
    pub fn prefix(&self) -> Option<IpNet> {
        self.ip().map(prefix)
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(ip) => ip.fmt(f),
            Address::Name(name) => f.write_str(&String::from_utf8_lossy(name)),
            Address::Unix => f.write_str("unix:"),
            Address::Absent => f.write_str("-"),
        }
    }
}

/// `192.0.2.1` and nothing else; leading zeros are taken as decimal.
#[inline]
fn dotted_quad(bytes: &[u8]) -> Option<Ipv4Addr> {
    if bytes.len() < 7 || bytes.len() > 15 {
        return None;
    }
    let mut octets = [0u8; 4];
    let mut part = 0;
    let mut value: u32 = 0;
    let mut digits = 0;
    for byte in bytes {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && part < 3 => {
                octets[part] = u8::try_from(value).ok()?;
                part += 1;
                value = 0;
                digits = 0;
            }
            _ => return None,
        }
    }
    if part != 3 || digits == 0 {
        return None;
    }
    octets[3] = u8::try_from(value).ok()?;
    Some(Ipv4Addr::from(octets))
}

/// An address in any of its textual forms: bracketed, quoted, with port or zone.
pub fn parse_ip(bytes: &[u8]) -> Option<IpAddr> {
    if bytes.len() > MAX_ADDRESS_BYTES {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?.trim().trim_matches('"');
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match text.split_once(':') {
            // One colon is a port, several are IPv6.
            Some((host, port)) if !port.contains(':') => host,
            _ => text,
        },
    };
    let host = host.split('%').next().unwrap_or(host);
    if let Some(quad) = dotted_quad(host.as_bytes()) {
        return Some(IpAddr::V4(quad));
    }
    let address: Ipv6Addr = host.parse().ok()?;
    Some(IpAddr::V6(address).to_canonical())
}

/// The network of an address: /24 or /48.
pub fn prefix(ip: IpAddr) -> IpNet {
    network(ip, if ip.is_ipv4() { 24 } else { 48 })
}

/// The address with its host part zeroed, for `--anonymize-ip`: the last octet of IPv4, all behind
/// /48 of IPv6.
pub fn anonymized(ip: IpAddr) -> IpAddr {
    prefix(ip).network()
}

/// The network of an address with a prefix of so many bits; all of them where there are not so many.
pub(super) fn network(ip: IpAddr, bits: u8) -> IpNet {
    match ip {
        IpAddr::V4(ip) => IpNet::V4(Ipv4Net::new_assert(ip, bits.min(32)).trunc()),
        IpAddr::V6(ip) => IpNet::V6(Ipv6Net::new_assert(ip, bits.min(128)).trunc()),
    }
}

/// The client behind trusted proxies: if `remote` is one, the rightmost address of
/// `X-Forwarded-For` (or the `for=` of `Forwarded`) that is none. Where all are trusted it is the
/// leftmost; an entry that is no address ends the search, for only a proxy vouches for what is left
/// of it.
pub fn client_from_forwarded<'a>(
    remote: &'a [u8],
    forwarded_for: &'a [u8],
    trusted: &[IpNet],
) -> &'a [u8] {
    let is_trusted = |bytes: &[u8]| match Address::parse(bytes) {
        Address::Ip(ip) => trusted.iter().any(|network| network.contains(&ip)),
        Address::Unix => !trusted.is_empty(),
        _ => false,
    };
    if trusted.is_empty() || !is_trusted(remote) {
        return remote;
    }
    let mut client = remote;
    for entry in forwarded_for.rsplit(|byte| *byte == b',').take(MAX_HOPS) {
        let entry = entry_address(entry);
        if parse_ip(entry).is_none() {
            break;
        }
        client = entry;
        if !is_trusted(entry) {
            break;
        }
    }
    client
}

/// The address of one entry: trimmed, and out of `for="[2001:db8::1]:4711";proto=https` (RFC 7239).
fn entry_address(entry: &[u8]) -> &[u8] {
    let entry = entry.trim_ascii();
    let is_forwarded = entry
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"for="));
    if !is_forwarded {
        return entry;
    }
    let value = &entry[4..];
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    value[..end].trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_in_all_their_forms() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:8080", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("010.000.002.001", "10.0.2.1"),
        ] {
            assert_eq!(
                Address::parse(text.as_bytes()),
                Address::Ip(ip(expected)),
                "{text}"
            );
        }
        for name in [
            "example.com",
            "192.0.2.256",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "[::1",
            "x:y:z",
            "\u{fffd}",
        ] {
            assert_eq!(
                Address::parse(name.as_bytes()),
                Address::Name(name.as_bytes()),
                "{name}"
            );
        }
        assert_eq!(Address::parse(b"unix:"), Address::Unix);
        assert_eq!(Address::parse(b"-"), Address::Absent);
        assert_eq!(Address::parse(b""), Address::Absent);
    }

    #[test]
    fn networks() {
        let prefix = |text: &str| {
            Address::parse(text.as_bytes())
                .prefix()
                .map(|net| net.to_string())
        };
        assert_eq!(prefix("192.0.2.77").as_deref(), Some("192.0.2.0/24"));
        assert_eq!(
            prefix("2001:db8:1:2::3").as_deref(),
            Some("2001:db8:1::/48")
        );
        assert_eq!(prefix("example.com"), None);
        assert_eq!(anonymized(ip("192.0.2.77")), ip("192.0.2.0"));
        assert_eq!(anonymized(ip("2001:db8:1:2::3")), ip("2001:db8:1::"));
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ];
        for (remote, forwarded, client) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            (
                "10.0.0.1",
                "6.6.6.6, 198.51.100.1, 10.0.0.2",
                "198.51.100.1",
            ),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "-", "10.0.0.1"),
            ("unix:", "198.51.100.1", "198.51.100.1"),
            (
                "[2001:db8::1]:9",
                "for=198.51.100.1;proto=https",
                "198.51.100.1",
            ),
        ] {
            let found = client_from_forwarded(remote.as_bytes(), forwarded.as_bytes(), &trusted);
            assert_eq!(found, client.as_bytes(), "{remote} {forwarded}");
            let unbelieved = client_from_forwarded(remote.as_bytes(), forwarded.as_bytes(), &[]);
            assert_eq!(unbelieved, remote.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn written_addresses_are_read(bits in any::<u128>(), v4 in any::<u32>(), port in any::<u16>()) {
            let six = IpAddr::V6(Ipv6Addr::from_bits(bits));
            let four = IpAddr::V4(Ipv4Addr::from_bits(v4));
            for (ip, text) in [
                (six, six.to_string()), (six, format!("[{six}]:{port}")),
                (four, four.to_string()), (four, format!("{four}:{port}")),
            ] {
                prop_assert_eq!(Address::parse(text.as_bytes()).ip(), Some(ip.to_canonical()));
            }
        }

        #[test]
        fn any_bytes_are_some_address(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            let shown = Address::parse(&bytes).to_string();
            prop_assert!(!shown.is_empty());
            client_from_forwarded(b"10.0.0.1", &bytes, &["10.0.0.0/8".parse().unwrap()]);
        }
    }
}
