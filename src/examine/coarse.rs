//! Coarser columns: networks, families of clients and first segments of routes, by the id of the fine one.

use super::row::{NONE, Row};
use super::table::Dictionaries;
use crate::key::address::Address;
use crate::key::client::{self, Class};
use crate::key::intern::Interner;
use foldhash::fast::FixedState;
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;

/// Coarser columns by the ids of finer ones, and the values behind their ids.
#[derive(Debug)]
pub(super) struct Coarse {
    pub(super) networks: Networks,
    pub(super) clients: Clients,
    pub(super) segments: Segments,
}

/// Networks by the id of an address: as a rule would name them, and wide ones.
#[derive(Debug, Default)]
pub(super) struct Networks {
    pub(super) names: Interner,
    pub(super) of_ip: Vec<u32>,
    pub(super) wide_names: Interner,
    pub(super) wide_of_ip: Vec<u32>,
}

/// Families and classes of clients by the id of a user agent.
#[derive(Debug, Default)]
pub(super) struct Clients {
    pub(super) families: Interner,
    pub(super) of_agent: Vec<u32>,
    pub(super) class_of_agent: Vec<Class>,
}

/// The first one, two and three segments by the id of a route.
#[derive(Debug, Default)]
pub(super) struct Segments {
    pub(super) names: Interner,
    pub(super) of_route: [Vec<u32>; 3],
}

pub(super) fn lookup(map: &[u32], id: u32) -> u32 {
    map.get(id as usize).copied().unwrap_or(NONE)
}

impl Coarse {
    /// Only the addresses and user agents of the rows are looked at: a dictionary has those of the log.
    pub(super) fn of(names: &Dictionaries<'_>, rows: &[Row]) -> Coarse {
        let (ips, agents) = (names.ip, names.user_agent);
        let (networks, (clients, segments)) = rayon::join(
            || Networks::of(ips, &occurring(ips, rows, |row| row.ip)),
            || {
                rayon::join(
                    || Clients::of(agents, &occurring(agents, rows, |row| row.user_agent)),
                    || Segments::of(names.route),
                )
            },
        );
        Coarse {
            networks,
            clients,
            segments,
        }
    }
}

impl Networks {
    fn of(ips: &Interner, occurs: &[bool]) -> Networks {
        let mut networks = Networks::default();
        // A network is written out once, however many addresses it has.
        let mut known: HashMap<IpNet, u32, FixedState> = HashMap::default();
        let mut id_of = |names: &mut Interner, network: IpNet| {
            *known
                .entry(network)
                .or_insert_with(|| names.intern(network.to_string().as_bytes()))
        };
        for (id, occurs) in (0..).zip(occurs) {
            let address = if *occurs {
                Address::parse(ips.bytes(id))
            } else {
                Address::Absent
            };
            let network = address.prefix();
            let network = network.map_or(NONE, |net| id_of(&mut networks.names, net));
            let wide = address.ip().map(wide_prefix);
            let wide = wide.map_or(NONE, |net| id_of(&mut networks.wide_names, net));
            networks.of_ip.push(network);
            networks.wide_of_ip.push(wide);
        }
        networks
    }
}

impl Clients {
    fn of(agents: &Interner, occurs: &[bool]) -> Clients {
        let mut clients = Clients::default();
        for (id, occurs) in (0..).zip(occurs) {
            let client = occurs.then(|| client::classify(agents.bytes(id)));
            let family = client.as_ref();
            let family = family.map_or(NONE, |c| clients.families.intern(c.family.as_bytes()));
            clients.of_agent.push(family);
            let class = client.map_or(Class::Empty, |client| client.class);
            clients.class_of_agent.push(class);
        }
        clients
    }
}

impl Segments {
    fn of(routes: &Interner) -> Segments {
        let mut segments = Segments::default();
        for id in 0..routes.len() as u32 {
            let route = routes.bytes(id);
            for (depth, of_route) in segments.of_route.iter_mut().enumerate() {
                let head = first_segments(route, depth + 1);
                of_route.push(segments.names.intern(head));
            }
        }
        segments
    }
}

/// Which ids of a dictionary occur in the rows.
fn occurring(names: &Interner, rows: &[Row], id: impl Fn(&Row) -> u32) -> Vec<bool> {
    let mut occurs = vec![false; names.len()];
    for row in rows {
        if let Some(occurs) = occurs.get_mut(id(row) as usize) {
            *occurs = true;
        }
    }
    occurs
}

/// The /16 (IPv4) or /32 (IPv6) that an address lies in: roughly, one network's allocation.
fn wide_prefix(ip: IpAddr) -> IpNet {
    let length = if ip.is_ipv4() { 16 } else { 32 };
    IpNet::new(ip, length).map_or_else(|_| IpNet::from(ip), |network| network.trunc())
}

/// The first `count` segments of a route: `/api/v1` of `/api/v1/users` for two.
pub fn first_segments(route: &[u8], count: usize) -> &[u8] {
    let mut slashes = 0;
    for (at, byte) in route.iter().enumerate() {
        if *byte == b'/' {
            slashes += 1;
            if slashes > count {
                return &route[..at];
            }
        }
    }
    route
}

#[cfg(test)]
mod tests {
    use super::first_segments;

    #[test]
    fn segments_are_cut_at_slashes() {
        assert_eq!(first_segments(b"/api/v1/users/{id}", 2), b"/api/v1");
        assert_eq!(first_segments(b"/api", 2), b"/api");
        assert_eq!(first_segments(b"/", 1), b"/");
        assert_eq!(first_segments(b"*", 1), b"*");
    }
}
