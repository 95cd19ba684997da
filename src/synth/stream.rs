//! What makes a log special: guards that deny, and callers that meet them.

use super::Guard;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// One cause of denials in a scenario, with the callers that bring it about.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// Name in truth and labels; the guards' tags.
    pub id: String,
    /// A sentence for the truth.
    pub detail: String,
    /// The guards that deny.
    pub guards: Vec<Guard>,
    /// The callers.
    pub callers: Vec<Caller>,
    /// Values by which the spike can be recognised.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Other causes that are as right.
    pub accept: Vec<crate::findings::Cause>,
    /// Why it is hard, where it is.
    pub hard: Option<String>,
    /// Denials that go on all day are no spike.
    pub standing: bool,
}

/// Someone who calls again and again.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Addresses; each request comes from one of them.
    pub ips: Vec<Ipv4Addr>,
    /// User agents; each request carries one of them.
    pub user_agents: Vec<String>,
    /// Credential, which only some formats log.
    pub token: Option<String>,
    /// Name of an authenticated user.
    pub user: Option<String>,
    /// What it asks for.
    pub targets: Targets,
    /// How often.
    pub pace: Pace,
    /// What it does when denied.
    pub reaction: Reaction,
    /// Referer of its requests; `-` for none.
    pub referer: String,
}

/// What a caller asks for.
#[derive(Debug, Clone)]
pub enum Targets {
    /// Method and patterns (see `site::fill`); one of them each time.
    Api(&'static str, Vec<String>),
    /// Several methods, each with its weight, on patterns.
    Methods(Vec<(&'static str, f64)>, Vec<String>),
    /// The paths in order, once each, then it stops.
    Once(Vec<String>),
    /// Attacks, mixed with harmless requests in this share.
    Attacks(f64),
    /// A preflight from another origin and, if it passes, the request proper.
    CrossOrigin(Vec<String>),
    /// Pages of the site, as crawlers walk them.
    Pages,
}

/// How often a caller calls.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Requests per second outside the busy time; 0 for none.
    pub calm_per_s: f64,
    /// Requests per second in the busy time.
    pub busy_per_s: f64,
    /// Busy from this second of the log on.
    pub from_s: f64,
    /// Busy until this second.
    pub until_s: f64,
    /// How the busy time is filled.
    pub shape: Shape,
    /// Whether it sleeps at night.
    pub diurnal: bool,
}

/// The shape of a busy time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Independent requests.
    Random,
    /// One request every so often, with a jitter of a tenth.
    Regular,
    /// So many seconds of requests, then so many of silence (each varies by half).
    Bursts(f64, f64),
    /// From the calm rate up to the busy one and back.
    Hill,
}

/// What a client does when it is denied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reaction {
    /// Goes on as before.
    Ignore,
    /// Asks again after so many seconds, at most so many times, then goes on.
    Retry(f64, u32),
    /// Waits for so many seconds, doubling each time up to 64 times.
    BackOff(f64),
    /// Stops for good after so many denials in a row.
    GiveUp(u32),
}
