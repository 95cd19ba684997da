//! Which requests a policy looks at, and under which key it counts each.
//!
//! Conditions name the dimensions of a log. A route is compared as its template, where `{}` of a rule
//! stands for any segment; a client by its family or the class of it (`scanner`); a token by its
//! fingerprint, as reports show it.

use super::WhatIfError;
use crate::findings::{Condition, Operator, Skipped};
use crate::format::{Line, Visitor};
use crate::gate::Gate;
use crate::key::address::Address;
use crate::key::intern::Interner;
use crate::key::token::{self, TokenKey};
use crate::key::{Method, client, payload, referer_host, route};
use crate::policy::limiter::Machine;
use crate::policy::rule::{Matcher, Policy};
use crate::record::{Record, Reject};
use std::borrow::Cow;

/// The fields that a line tells.
const TOLD: [&str; 15] = [
    "ip",
    "prefix",
    "client",
    "user_agent",
    "user",
    "token",
    "route",
    "method",
    "host",
    "referer_host",
    "path",
    "query",
    "referer",
    "payload",
    "status",
];
/// No key: the request is not in the policy's scope.
const OUTSIDE: u32 = u32::MAX;

/// A policy made ready to run.
#[derive(Debug)]
pub(super) struct Compiled {
    conditions: Vec<(Condition, Matcher)>,
    key: Vec<String>,
    /// None for a policy that denies whatever it looks at.
    pub(super) machine: Option<Machine>,
    since_ms: i64,
    until_ms: i64,
}

impl Compiled {
    pub(super) fn new(policy: &Policy) -> Result<Compiled, WhatIfError> {
        let text = || policy.to_string();
        let key = policy
            .limit
            .as_ref()
            .map_or(Vec::new(), |limit| limit.key.clone());
        let fields = policy.conditions.iter().map(|condition| &condition.field);
        if let Some(field) = fields
            .chain(&key)
            .find(|field| !TOLD.contains(&field.as_str()))
        {
            return Err(WhatIfError::Field {
                policy: text(),
                field: field.clone(),
                known: TOLD.join(", "),
            });
        }
        let conditions = policy.conditions.iter().map(|condition| {
            let matcher = Matcher::new(condition).map_err(|source| WhatIfError::Network {
                policy: text(),
                source,
            })?;
            Ok((condition.clone(), matcher))
        });
        let machine = policy.limit.as_ref().map(Machine::new).transpose();
        Ok(Compiled {
            conditions: conditions.collect::<Result<_, WhatIfError>>()?,
            key,
            machine: machine.map_err(|source| WhatIfError::Incomplete {
                policy: text(),
                source,
            })?,
            since_ms: policy
                .since
                .map_or(i64::MIN, |since| since.timestamp_millis()),
            until_ms: policy
                .until
                .map_or(i64::MAX, |until| until.timestamp_millis()),
        })
    }

    /// Whether it counts.
    pub(super) fn is_limit(&self) -> bool {
        self.machine.is_some()
    }

    fn looks_at(&self, request: &Request<'_, '_>) -> bool {
        let time_ms = request.record.time_ms;
        (self.since_ms..self.until_ms).contains(&time_ms)
            && self
                .conditions
                .iter()
                .all(|(condition, matcher)| request.meets(condition, matcher))
    }

    /// What it counts this request under.
    fn key(&self, request: &Request<'_, '_>, into: &mut Vec<u8>) {
        into.clear();
        for field in &self.key {
            into.extend_from_slice(&request.value(field));
            into.push(0);
        }
    }
}

/// A request as conditions see it.
struct Request<'r, 'l> {
    record: &'r Record<'l>,
    address: &'r [u8],
    template: &'r [u8],
    token_key: &'r TokenKey,
}

impl Request<'_, '_> {
    fn meets(&self, condition: &Condition, matcher: &Matcher) -> bool {
        let value = self.value(&condition.field);
        let holds = matcher.holds(&value);
        match (condition.field.as_str(), condition.op) {
            ("route", Operator::Prefix | Operator::In) if !holds => {
                let is_prefix = condition.op == Operator::Prefix;
                let mut places = condition.values.iter().filter(|place| place.contains("{}"));
                places.any(|place| is_at(&value, place.as_bytes(), is_prefix))
            }
            ("client", Operator::In) if !holds => matcher.holds(self.class()),
            ("client", Operator::NotIn) => holds && matcher.holds(self.class()),
            _ => holds,
        }
    }

    fn class(&self) -> &'static [u8] {
        client::classify(&self.record.user_agent)
            .class
            .name()
            .as_bytes()
    }

    fn value(&self, field: &str) -> Cow<'_, [u8]> {
        let record = self.record;
        match field {
            "ip" => Cow::Borrowed(self.address),
            "prefix" => {
                let prefix = Address::parse(self.address).prefix();
                prefix.map_or(Cow::Borrowed(self.address), |prefix| {
                    Cow::Owned(prefix.to_string().into_bytes())
                })
            }
            "client" => {
                let family = client::classify(&record.user_agent).family;
                Cow::Owned(family.as_bytes().to_vec())
            }
            "user_agent" => Cow::Borrowed(&record.user_agent),
            "user" => Cow::Borrowed(&record.user),
            "token" => token::find(record).map_or(Cow::Borrowed(&b""[..]), |token| {
                Cow::Owned(self.token_key.fingerprint(token).into_bytes())
            }),
            "route" => Cow::Borrowed(self.template),
            "method" => Cow::Borrowed(Method::parse(record.method).name().as_bytes()),
            "host" => Cow::Borrowed(&record.host),
            "referer_host" => Cow::Borrowed(referer_host(&record.referer)),
            "path" => Cow::Borrowed(record.path()),
            "query" => Cow::Borrowed(record.query()),
            "referer" => Cow::Borrowed(&record.referer),
            "payload" => {
                let is_attack = payload::classify(&record.target).is_some_and(|a| a.is_payload());
                Cow::Borrowed(if is_attack { b"attack" } else { b"" })
            }
            "status" => Cow::Owned(record.status.to_string().into_bytes()),
            _ => Cow::Borrowed(b""),
        }
    }
}

/// Whether a route is a place in which `{}` stands for any segment, or lies below it.
fn is_at(route: &[u8], place: &[u8], below: bool) -> bool {
    let mut segments = route.split(|byte| *byte == b'/');
    let mut wanted = place.split(|byte| *byte == b'/').peekable();
    while let Some(want) = wanted.next() {
        if want.is_empty() && wanted.peek().is_none() && below {
            // Behind the last slash anything may stand, but there must be one.
            return segments.next().is_some();
        }
        match segments.next() {
            Some(segment) if want == b"{}" || want == segment => {}
            _ => return false,
        }
    }
    below || segments.next().is_none()
}

/// A request in some policy's scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) time_ms: i64,
    pub(super) ip: u32,
    pub(super) client: u32,
    pub(super) denied: bool,
}

/// The requests in scope, in the order of the input.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    pub(super) all: Vec<Arrival>,
    /// For each of them its key under each policy.
    keys: Vec<u32>,
    policies: usize,
    pub(super) ips: Interner,
    pub(super) clients: Interner,
    values: Interner,
    /// All requests, and denials.
    pub(super) requests: u64,
    pub(super) denials: u64,
    pub(super) skipped: Skipped,
}

impl Arrivals {
    pub(super) fn new(policies: usize) -> Arrivals {
        Arrivals {
            policies,
            ..Arrivals::default()
        }
    }

    /// What a policy counts a request under; none outside of its scope.
    pub(super) fn key(&self, at: usize, policy: usize) -> Option<u32> {
        let key = self.keys.get(at * self.policies + policy).copied();
        key.filter(|key| *key != OUTSIDE)
    }

    /// Adds what a chunk has.
    pub(super) fn take(&mut self, part: Arrivals) {
        let merge = |into: &mut Interner, from: &Interner| -> Vec<u32> {
            from.iter().map(|(_, bytes)| into.intern(bytes)).collect()
        };
        let ips = merge(&mut self.ips, &part.ips);
        let clients = merge(&mut self.clients, &part.clients);
        let values = merge(&mut self.values, &part.values);
        let of = |ids: &[u32], id: u32| ids.get(id as usize).copied().unwrap_or(OUTSIDE);
        self.all.extend(part.all.iter().map(|arrival| Arrival {
            ip: of(&ips, arrival.ip),
            client: of(&clients, arrival.client),
            ..*arrival
        }));
        self.keys
            .extend(part.keys.iter().map(|key| of(&values, *key)));
        self.requests += part.requests;
        self.denials += part.denials;
    }
}

/// Collects the requests of a chunk.
pub(super) struct Reader<'a> {
    gate: &'a Gate,
    compiled: &'a [Compiled],
    token_key: &'a TokenKey,
    template: Vec<u8>,
    key: Vec<u8>,
    pub(super) part: Arrivals,
}

impl<'a> Reader<'a> {
    pub(super) fn new(gate: &'a Gate, compiled: &'a [Compiled], token_key: &'a TokenKey) -> Self {
        Reader {
            gate,
            compiled,
            token_key,
            template: Vec::new(),
            key: Vec::new(),
            part: Arrivals::new(compiled.len()),
        }
    }
}

impl Visitor for Reader<'_> {
    fn record(&mut self, _: Line<'_>, record: &Record<'_>, _: usize) {
        if !self.gate.admits(record) {
            self.part.skipped.filtered += 1;
            return;
        }
        let denied = self.gate.is_denial(record.status);
        self.part.requests += 1;
        self.part.denials += u64::from(denied);
        route::template(record.path(), &mut self.template);
        let address = self.gate.client(record);
        let request = Request {
            record,
            address,
            template: &self.template,
            token_key: self.token_key,
        };
        let first = self.part.keys.len();
        let mut is_seen = false;
        for policy in self.compiled {
            let mut id = OUTSIDE;
            if policy.looks_at(&request) {
                policy.key(&request, &mut self.key);
                id = self.part.values.intern(&self.key);
                is_seen = true;
            }
            self.part.keys.push(id);
        }
        if !is_seen {
            self.part.keys.truncate(first);
            return;
        }
        let family = client::classify(&record.user_agent).family;
        self.part.all.push(Arrival {
            time_ms: record.time_ms,
            ip: self.part.ips.intern(address),
            client: self.part.clients.intern(family.as_bytes()),
            denied,
        });
    }

    fn skipped(&mut self, _: Line<'_>, why: Reject) {
        match why {
            Reject::NotARequest => self.part.skipped.not_a_request += 1,
            Reject::Malformed => self.part.skipped.malformed += 1,
            Reject::TooLong => self.part.skipped.too_long += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_at;

    #[test]
    fn any_segment_may_stand_for_the_braces() {
        for (route, place, below, expected) in [
            ("/users/7/orders", "/users/{}/orders", false, true),
            ("/users/7/orders/1", "/users/{}/orders", true, true),
            ("/users/7/orders/1", "/users/{}/orders", false, false),
            ("/users/7", "/users/{}/orders", true, false),
            ("/users/7", "/users/{}/", true, false),
            ("/users/7/", "/users/{}/", true, true),
            ("/other/7", "/users/{}", true, false),
        ] {
            let is = is_at(route.as_bytes(), place.as_bytes(), below);
            assert_eq!(is, expected, "{route} {place}");
        }
    }
}
