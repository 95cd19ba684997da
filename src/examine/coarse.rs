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

#[derive(Debug, Default)]
pub(super) struct Coarse {
    pub(super) prefixes: Interner,
    pub(super) wide_prefixes: Interner,
    pub(super) clients: Interner,
    pub(super) segments: Interner,
    pub(super) ip_prefix: Vec<u32>,
    pub(super) ip_wide: Vec<u32>,
    pub(super) agent_client: Vec<u32>,
    pub(super) agent_class: Vec<Class>,
    pub(super) route_segments: [Vec<u32>; 3],
}

pub(super) fn lookup(map: &[u32], id: u32) -> u32 {
    map.get(id as usize).copied().unwrap_or(NONE)
}

impl Coarse {
    /// Only the addresses and user agents of the rows are looked at: a dictionary has those of the log.
    pub(super) fn of(names: &Dictionaries<'_>, rows: &[Row]) -> Coarse {
        let mut coarse = Coarse::default();
        coarse.add_networks(names.ip, &occurring(names.ip, rows, |row| row.ip));
        let agents = occurring(names.user_agent, rows, |row| row.user_agent);
        for (id, occurs) in (0..).zip(agents) {
            let client = occurs.then(|| client::classify(names.user_agent.bytes(id)));
            let family = client
                .as_ref()
                .map_or(NONE, |c| coarse.clients.intern(c.family.as_bytes()));
            coarse.agent_client.push(family);
            coarse
                .agent_class
                .push(client.map_or(Class::Empty, |client| client.class));
        }
        for id in 0..names.route.len() as u32 {
            let route = names.route.bytes(id);
            for depth in 0..3 {
                let head = first_segments(route, depth + 1);
                let segment = coarse.segments.intern(head);
                coarse.route_segments[depth].push(segment);
            }
        }
        coarse
    }
}

impl Coarse {
    fn add_networks(&mut self, ips: &Interner, occurs: &[bool]) {
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
            let prefix = address
                .prefix()
                .map_or(NONE, |net| id_of(&mut self.prefixes, net));
            let wide = address
                .ip()
                .map_or(NONE, |ip| id_of(&mut self.wide_prefixes, wide_prefix(ip)));
            self.ip_prefix.push(prefix);
            self.ip_wide.push(wide);
        }
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
