//! Is it the address? All that these addresses ask is denied, everywhere, and others pass.

use super::agents::UNWANTED;
use super::{Case, counted, evidence};
use crate::examine::row::NONE;
use crate::examine::table::{Column, Table};
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::key::address::Address;
use crate::key::client::Class;
use crate::key::fast::HashSet;
use std::net::IpAddr;

/// What each e-fold of networks takes from a list of addresses.
const NETWORK_COST: f64 = 0.8;
/// A crowd of another country lies in few blocks; one that lies in more is anybody.
const MOST_BLOCKS: usize = 16;
/// So many addresses in each /16 are rarely one caller's.
const DENSE: usize = 20;

/// Requests that a balancer must have sent to be seen as one.
const BALANCED_REQUESTS: usize = 1_000;
/// Share of the requests that the three busiest addresses must have sent.
const BALANCED_SHARE: f64 = 0.9;
/// User agents behind them: one client has few, however busy it is.
const BALANCED_AGENTS: usize = 10;

/// Whether the log sees a balancer instead of clients: three addresses at the most send nearly everything,
/// with many user agents.
pub fn are_balanced(table: &Table<'_>) -> bool {
    let mut counts = vec![0usize; table.width(Column::Ip)];
    for row in &table.rows {
        if let Some(count) = counts.get_mut(row.ip as usize) {
            *count += 1;
        }
    }
    let mut busiest: Vec<usize> = (0..counts.len()).collect();
    if busiest.len() > 3 {
        busiest.select_nth_unstable_by_key(2, |ip| std::cmp::Reverse(counts[*ip]));
        busiest.truncate(3);
    }
    let sent: usize = busiest.iter().map(|ip| counts[*ip]).sum();
    if table.rows.len() < BALANCED_REQUESTS
        || sent as f64 <= BALANCED_SHARE * table.rows.len() as f64
    {
        return false;
    }
    let agents: HashSet<u32> = table
        .rows
        .iter()
        .filter(|row| busiest.contains(&(row.ip as usize)))
        .map(|row| row.user_agent)
        .collect();
    agents.len() >= BALANCED_AGENTS
}

/// Whether nearly no request tells its client: what all of them share is no address.
pub fn are_unknown(table: &Table<'_>) -> bool {
    let Some(nobody) = table.names.ip.get(b"") else {
        return false;
    };
    let without = table.rows.iter().filter(|row| row.ip == nobody).count();
    without as f64 > BALANCED_SHARE * table.rows.len() as f64
}

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    if case.balanced {
        return Vec::new();
    }
    [shut_out(case), pass_elsewhere(case)]
        .into_iter()
        .flatten()
        .collect()
}

fn shut_out(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let passed = facts.same_ip_here.admitted + facts.same_ip_elsewhere.admitted;
    if passed as f64 > 0.05 * facts.denials as f64 {
        return None;
    }
    let (ips, agents) = (
        facts.distinct(Column::Ip),
        facts.distinct(Column::UserAgent),
    );
    let (networks, wide) = (
        facts.distinct(Column::Prefix),
        facts.distinct(Column::Prefix16),
    );
    let places = facts.distinct(Column::Route3);
    let others_pass = facts.others_pass();
    let mut weight = match others_pass {
        true => 1.2,
        false if facts.other_ip_here.requests() == 0 => 0.0, // nobody else asked
        false => -1.5,
    };
    // A crawler's addresses lie together, and so do those of monitors, whatever denies them.
    let scattered = 1.0 - facts.class_share(&UNWANTED) - facts.class_share(&[Class::Monitor]);
    weight += match places {
        1 => -1.0,
        2..=3 => 0.0,
        _ => 0.8 * scattered, // a crawler asks at many, whatever denies it
    };
    // Each network that a list must name costs: few agents or places that cover all are simpler.
    // Countries are lists of blocks that are wider than a /16.
    let blocks = first_octets(case);
    let is_of_blocks = ips >= 20 && blocks * 8 <= ips && blocks <= MOST_BLOCKS;
    let named = if is_of_blocks {
        wide.min(4 * blocks)
    } else {
        wide
    };
    weight -= NETWORK_COST * (named.max(1) as f64).ln();
    let fewest = if is_of_blocks {
        blocks
    } else {
        networks.min(wide)
    };
    if ips >= 3 * fewest {
        let more = (ips as f64 / fewest.max(1) as f64).ln().min(2.0) - 1.0;
        // Nor is it strange that the programs of one fleet lie together.
        weight += 1.0 + more.max(0.0) * facts.class_share(&[Class::Browser]); // neighbours
    }
    if ips >= DENSE && ips >= DENSE * wide {
        weight += 0.8 * scattered; // more of them than a fleet has
    }
    if ips >= 3 && networks == 1 && facts.distinct(Column::Route1) >= 2 {
        weight += scattered; // one network, wherever it asks
    }
    weight -= facts.class_share(&[Class::Monitor]); // who lists the addresses of a monitor?
    if facts.follows_surge() {
        weight -= 0.8;
    }
    if agents >= 3 {
        weight += scattered; // whoever it is; of crawlers, a list of agents names several too
    }
    if agents == 1 && ips >= 2 {
        weight -= 1.0; // the agent, or what it carries, says as much
    }
    let browsers = facts.class_share(&[Class::Browser]);
    if browsers > 0.5 && ips >= 2 {
        weight += 0.6; // browsers carry no credential of an API
    }
    let synchronous =
        facts.ips_established >= 2 && facts.ips_denied_at_onset * 10 >= facts.ips_established * 7;
    if synchronous {
        // Different programs shut out at one moment share nothing but a list.
        weight += if facts.distinct(Column::Client) >= 3 {
            1.6 * scattered
        } else {
            0.6
        };
    }
    let onset = if synchronous {
        format!(
            ", {} of {} from one moment on",
            facts.ips_denied_at_onset,
            counted(
                facts.ips_established,
                "established client",
                "established clients"
            )
        )
    } else {
        String::new()
    };
    let text = format!(
        "all that {} in {} asked was denied, at {}{onset}{}",
        counted(ips as u64, "address", "addresses"),
        counted(networks as u64, "network", "networks"),
        counted(places as u64, "place", "places"),
        if others_pass {
            ", while others passed there"
        } else {
            ""
        }
    );
    Some(evidence(
        "shut_out",
        EvidenceKind::Behaviour,
        Cause::IpAcl,
        weight,
        text,
        &[
            ("addresses", ips as f64),
            ("networks", networks as f64),
            ("places", places as f64),
            ("admitted", passed as f64),
        ],
    ))
}

/// How many first octets the denied IPv4 addresses have; as many as there are addresses where some are not IPv4.
fn first_octets(case: &Case<'_>) -> usize {
    let values = case.facts.values.get(&Column::Ip);
    let ids = values
        .into_iter()
        .flatten()
        .map(|(id, _)| *id)
        .filter(|id| *id != NONE);
    let octet = |id| match Address::parse(case.table.text(Column::Ip, id)).ip() {
        Some(IpAddr::V4(ip)) => Some(ip.octets()[0]),
        _ => None,
    };
    let octets: Option<HashSet<u8>> = ids.map(octet).collect();
    octets.map_or(case.facts.distinct(Column::Ip), |octets| octets.len())
}

fn pass_elsewhere(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let (elsewhere, here) = (facts.same_ip_elsewhere, facts.same_ip_here);
    let admitted = elsewhere.admitted + here.admitted;
    if admitted < 5 || (admitted as f64) < 0.1 * facts.denials as f64 {
        return None;
    }
    let share = admitted as f64 / (admitted + facts.denials) as f64;
    let text = format!(
        "the same addresses had {} admitted meanwhile ({} elsewhere, {} at the same places)",
        counted(admitted, "request", "requests"),
        elsewhere.admitted,
        here.admitted
    );
    let weight = -(1.5 + 2.5 * share);
    Some(evidence(
        "not_shut_out",
        EvidenceKind::Behaviour,
        Cause::IpAcl,
        weight,
        text,
        &[
            ("elsewhere", elsewhere.admitted as f64),
            ("here", here.admitted as f64),
        ],
    ))
}
