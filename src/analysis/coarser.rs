//! Survey's tallies under coarser keys: families of clients, and networks.

use crate::key::address::{self, Address};
use crate::key::client;
use crate::survey::tally::{KeyTable, Tally};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::net::IpAddr;

/// Tallies of user agents by family.
pub(super) fn by_client(agents: &KeyTable) -> HashMap<Vec<u8>, Tally, FixedState> {
    let mut families: HashMap<Vec<u8>, Tally, FixedState> = HashMap::default();
    for (id, agent) in agents.keys.iter() {
        let family = client::classify(agent).family.as_bytes().to_vec();
        let tally = families.entry(family).or_default();
        tally.add(&agents.tallies[id as usize]);
    }
    families
}

/// Tallies of addresses by network, of networks in which something was denied: the others are many.
pub(super) fn by_denied_network(ips: &KeyTable) -> Vec<(String, Tally)> {
    let parse = |key| Address::parse(key).ip();
    let mut networks: HashMap<u64, (IpAddr, Tally), FixedState> = HashMap::default();
    for (key, _) in ips.denied() {
        if let Some(ip) = parse(key) {
            networks
                .entry(network_of(ip))
                .or_insert_with(|| (ip, Tally::default()));
        }
    }
    for (id, key) in ips.keys.iter() {
        if let Some(ip) = parse(key)
            && let Some((_, tally)) = networks.get_mut(&network_of(ip))
        {
            tally.add(&ips.tallies[id as usize]);
        }
    }
    let named = |(ip, tally)| (address::prefix(ip).to_string(), tally);
    networks.into_values().map(named).collect()
}

/// What the addresses of one [`address::prefix`] share.
fn network_of(ip: IpAddr) -> u64 {
    const SIX: u64 = 1 << 63;
    match ip {
        IpAddr::V4(ip) => u64::from(u32::from(ip) >> 8),
        IpAddr::V6(ip) => SIX | (u128::from(ip) >> 80) as u64,
    }
}
