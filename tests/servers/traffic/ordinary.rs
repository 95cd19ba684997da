//! The ordinary traffic of a shop.

use super::Request;
use crate::scenario::Scenario;
use forbid_logs::synth::{self, Format, Random};
use std::net::Ipv4Addr;

/// The ordinary traffic, from the simulation of a shop: its requests, without its answers but for what
/// the application has to answer.
pub(super) fn ordinary(scenario: &Scenario) -> Vec<(f64, Request)> {
    let hours = scenario.minutes / 60.0;
    let simulated = synth::Scenario {
        seed: scenario.seed ^ 0x6f72_6469,
        hours,
        requests: (scenario.background * hours * 3600.0) as u64,
        streams: Vec::new(),
        hostile: 0.0,
        format: Format::Combined,
    };
    let mut log = Vec::new();
    synth::generate(&simulated, &mut log).expect("writing to memory");
    let log = String::from_utf8(log).expect("the simulation writes UTF-8");
    let lines: Vec<(i64, Request)> = log.lines().filter_map(parse).collect();
    let begins = lines.iter().map(|(at, _)| *at).min().unwrap_or_default();
    let mut random = Random::new(scenario.seed);
    let mut requests: Vec<(f64, Request)> = lines
        .into_iter()
        .map(|(at, request)| ((at - begins) as f64 + random.unit(), request))
        .collect();
    requests.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    requests
}

/// The second and the request of a line of the combined format.
fn parse(line: &str) -> Option<(i64, Request)> {
    let mut quoted = line.split('"');
    let (before, request) = (quoted.next()?, quoted.next()?);
    let (status, referer) = (quoted.next()?, quoted.next()?);
    let agent = quoted.nth(1)?;
    let stamp = before.split_once('[')?.1.trim_end().trim_end_matches(']');
    let at = chrono::DateTime::parse_from_str(stamp, "%d/%b/%Y:%H:%M:%S %z").ok()?;
    let (method, target) = request.rsplit_once(' ')?.0.split_once(' ')?;
    let status = status.split_whitespace().next()?;
    let mut headers = vec![format!("User-Agent: {agent}")];
    headers.retain(|_| agent != "-");
    headers.extend((referer != "-").then(|| format!("Referer: {referer}")));
    // What the simulation denied, the server may deny; the application does not.
    let status = if status == "403" { "404" } else { status };
    headers.push(format!("X-Lab-Status: {status}"));
    // A browser has passed the challenge, where there is one.
    let is_browser = agent.starts_with("Mozilla/") && !agent.contains("compatible");
    headers.extend(is_browser.then(|| "Cookie: clearance=1f2e3d4c5b6a".to_string()));
    let address: Ipv4Addr = before.split(' ').next()?.parse().ok()?;
    // Whoever calls the API has a key.
    let key = format!("X-Api-Key: key-pro-{}", 100 + u32::from(address) % 61);
    headers.extend(target.starts_with("/api/").then_some(key));
    let request = Request {
        method: method.to_string(),
        target: target.to_string(),
        headers,
        body: None,
        address,
        source: 0,
        caller: 0,
        attempts: 0,
    };
    Some((at.timestamp(), request))
}
