//! Named scenarios. Each draws its numbers from the seed, so that one name gives many logs.

mod access;
mod limits;
mod lists;
mod mixed;

use super::server::{Body, Fact, Guard};
use super::stream::{Caller, Pace, Reaction, Shape, Stream, Targets};
use super::{Format, Random, Scenario, population};
use crate::findings::{Cause, Moment};
use crate::policy::rule::Policy;
use chrono::DateTime;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A scenario by name.
#[derive(Clone, Copy)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    build: fn(&mut Plan),
}

/// All scenarios.
pub fn all() -> impl Iterator<Item = &'static Named> {
    [limits::ALL, lists::ALL, access::ALL, mixed::ALL]
        .into_iter()
        .flatten()
}

/// Builds a scenario; none when there is no such name.
pub fn build(name: &str, seed: u64, hours: f64, requests: u64, format: Format) -> Option<Scenario> {
    let named = all().find(|named| named.name == name)?;
    // Streams draw from another sequence than the traffic around them.
    let mut plan = Plan {
        random: Random::new(seed ^ 0x5eed_5eed_0000_0000),
        start_ms: start_ms(seed),
        seconds: hours * 3600.0,
        streams: Vec::new(),
        hostile: 0.0,
    };
    (named.build)(&mut plan);
    Some(Scenario {
        seed,
        hours,
        requests,
        streams: plan.streams,
        hostile: plan.hostile,
        format,
    })
}

/// When the log of a seed begins: midnight UTC of some day of 2026, less some hours.
pub(super) fn start_ms(seed: u64) -> i64 {
    let mut random = Random::new(seed ^ 0xda7e);
    let new_year_2026 = 1_767_225_600;
    (new_year_2026 + random.between(0, 364) * 86_400 - random.between(0, 12) * 3600
        + random.between(0, 59))
        * 1000
}

/// Offset of the log's clock from UTC, in seconds.
pub(super) fn utc_offset_s(seed: u64) -> i32 {
    let zones = [0, 0, 0, 60, 120, -300, -480, 330, 540];
    Random::new(seed ^ 0x20e).pick(&zones) * 60
}

/// A scenario being planned.
struct Plan {
    random: Random,
    start_ms: i64,
    seconds: f64,
    streams: Vec<Stream>,
    /// See [`Scenario::hostile`].
    hostile: f64,
}

impl Plan {
    /// A stretch of some minutes within the middle of the log, scaled down in short logs.
    fn stretch(&mut self, low_minutes: f64, high_minutes: f64) -> (f64, f64) {
        let length = (60.0 * self.random.within(low_minutes, high_minutes)).min(0.4 * self.seconds);
        let from = self.random.within(0.15, 0.85) * (self.seconds - length).max(0.0);
        let from = from.max(0.1 * self.seconds).min(0.55 * self.seconds);
        (from, from + length)
    }

    /// The moment of a second of the log.
    fn at(&self, second: f64) -> Moment {
        DateTime::from_timestamp_millis(self.start_ms + second as i64 * 1000).unwrap_or_default()
    }

    /// A policy from its text.
    fn policy(&self, text: &str) -> Policy {
        text.parse()
            .unwrap_or_else(|error| unreachable!("scenario policy `{text}`: {error}"))
    }

    /// A policy in force from and until these seconds.
    fn policy_between(&self, text: &str, from_s: f64, until_s: f64) -> Policy {
        Policy {
            since: Some(self.at(from_s)),
            until: Some(self.at(until_s)),
            ..self.policy(text)
        }
    }

    /// A guard that answers 403 as the server itself.
    fn guard(&mut self, tag: &str, cause: Cause, policy: Policy) -> Guard {
        Guard {
            tag: tag.to_string(),
            cause,
            policy,
            fact: None,
            body: self.server_body(),
            status: 403,
            by_application: false,
            approximate: false,
        }
    }

    fn server_body(&mut self) -> Body {
        match self.random.below(3) {
            0 => Body::Nginx(self.random.between(138, 178) as u32),
            1 => Body::Fixed(self.random.between(90, 320) as u32),
            _ => Body::Around(self.random.between(190, 290) as u32),
        }
    }

    /// The constant body of an application's denials.
    fn application_body(&mut self) -> Body {
        Body::Fixed(self.random.between(28, 240) as u32)
    }

    /// A program with an address, an agent and a key, that waits for its pace to be set.
    fn program(&mut self, route: &str, pace: Pace) -> Caller {
        Caller {
            ips: vec![population::cloud_ip(&mut self.random)],
            user_agents: vec![self.random.pick(&population::PROGRAMS).to_string()],
            token: Some(population::api_key(&mut self.random)),
            user: None,
            targets: Targets::Api("GET", vec![route.to_string()]),
            pace,
            reaction: Reaction::Ignore,
            referer: "-".to_string(),
        }
    }

    /// The fields of truth that name a caller.
    fn keys(&self, callers: &[Caller], route: &str) -> BTreeMap<String, Vec<String>> {
        let ips = callers
            .iter()
            .flat_map(|caller| &caller.ips)
            .map(Ipv4Addr::to_string)
            .collect();
        let agents = callers
            .iter()
            .flat_map(|caller| caller.user_agents.clone())
            .collect::<Vec<_>>();
        let mut keys =
            BTreeMap::from([("ip".to_string(), ips), ("user_agent".to_string(), agents)]);
        if !route.is_empty() {
            keys.insert("route".to_string(), vec![route.to_string()]);
        }
        keys
    }
}

/// A busy stretch above a calm pace.
fn busy(calm_per_s: f64, busy_per_s: f64, (from_s, until_s): (f64, f64), shape: Shape) -> Pace {
    Pace {
        calm_per_s,
        busy_per_s,
        from_s,
        until_s,
        shape,
        diurnal: false,
    }
}

/// Named values of a spike.
fn named(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    pairs
        .iter()
        .map(|(key, value)| (key.to_string(), vec![value.to_string()]))
        .collect()
}
