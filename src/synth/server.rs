//! The server: guards in order, each a policy with the body that it answers with.

use super::Random;
use crate::findings::Cause;
use crate::policy::limiter::{Machine, WeightedWindow};
use crate::policy::rule::{Matcher, Policy};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::rc::Rc;

/// Who sends a request.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) ip: Ipv4Addr,
    pub(super) user_agent: Rc<str>,
    pub(super) token: Option<Rc<str>>,
    pub(super) user: Option<Rc<str>>,
}

/// A request as the server sees it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) sender: Sender,
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) referer: String,
    /// Answer and size if nobody denies it.
    pub(super) status: u16,
    pub(super) bytes: u32,
    /// Milliseconds that the application takes.
    pub(super) duration_ms: u32,
    pub(super) facts: Facts,
    /// When its session began.
    pub(super) session_ms: i64,
}

/// What the server can see that a log does not show.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub(super) attack: bool,
    pub(super) uncleared: bool,
    pub(super) foreign_origin: bool,
    pub(super) form: bool,
}

impl Request {
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }
}

/// What a guard asks beyond the conditions of its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Carries an attack.
    Attack,
    /// Has not yet passed the challenge.
    Uncleared,
    /// A preflight from another origin.
    ForeignOrigin,
    /// A form whose session is older than the guard: its anti-forgery token is void.
    StaleForm,
    /// Carries no credential.
    NoToken,
    /// A signed link whose `expires` has passed.
    LinkExpired,
    /// A directory without an index page.
    Directory,
}

/// The body of a denial, by which its sender can be told.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// Always as many bytes: applications, proxies, CDNs.
    Fixed(u32),
    /// nginx: this many, and 402 more for agents with `Chrome/`, which it pads.
    Nginx(u32),
    /// Up to 8 bytes around: pages that name a request id or the path.
    Around(u32),
}

/// One rule of the server: what it denies, why, and how the answer looks.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Label of its denials.
    pub tag: String,
    /// The true cause.
    pub cause: Cause,
    /// Conditions, limit and time.
    pub policy: Policy,
    /// A condition that no log shows.
    pub fact: Option<Fact>,
    /// What it answers with.
    pub body: Body,
    /// The status that it answers with: 403, or 429 for limiters that are no denial.
    pub status: u16,
    /// Whether the application behind the server denies; only formats with an upstream show it.
    pub by_application: bool,
    /// Counts as HAProxy does instead of exactly.
    pub approximate: bool,
}

/// A guard in service.
pub(super) struct Post {
    guard: Guard,
    matchers: Vec<(String, Matcher)>,
    since_ms: i64,
    until_ms: i64,
    fresh: Option<Machine>,
    machines: HashMap<String, Machine>,
}

/// The answer to a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) bytes: u32,
    pub(super) duration_ms: u32,
    /// The guard that denied.
    pub(super) guard: Option<usize>,
    pub(super) by_application: bool,
}

impl Post {
    pub(super) fn new(guard: Guard) -> Post {
        let moment = |moment: Option<crate::findings::Moment>, open: i64| {
            moment.map_or(open, |moment| moment.timestamp_millis())
        };
        let fresh = guard.policy.limit.as_ref().and_then(|limit| {
            let weighted = || {
                let window_ms = (limit.window_s? * 1000.0) as i64;
                Some(Machine::WeightedWindow(WeightedWindow::new(
                    limit.limit?,
                    window_ms,
                )))
            };
            if guard.approximate {
                weighted()
            } else {
                Machine::new(limit).ok()
            }
        });
        let matchers = guard
            .policy
            .conditions
            .iter()
            .filter_map(|condition| Some((condition.field.clone(), Matcher::new(condition).ok()?)))
            .collect();
        Post {
            since_ms: moment(guard.policy.since, i64::MIN),
            until_ms: moment(guard.policy.until, i64::MAX),
            guard,
            matchers,
            fresh,
            machines: HashMap::new(),
        }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Whether the guard denies a request.
    pub(super) fn denies(&mut self, time_ms: i64, request: &Request) -> bool {
        let active = (self.since_ms..self.until_ms).contains(&time_ms);
        if !active
            || !self
                .guard
                .fact
                .is_none_or(|fact| self.holds(fact, time_ms, request))
        {
            return false;
        }
        let meets = |(field, matcher): &(String, Matcher)| {
            matcher.holds(field_of(request, field).as_bytes())
        };
        if !self.matchers.iter().all(meets) {
            return false;
        }
        let (Some(limit), Some(fresh)) = (&self.guard.policy.limit, &self.fresh) else {
            return true;
        };
        let key = limit
            .key
            .iter()
            .map(|field| field_of(request, field))
            .collect::<Vec<_>>()
            .join("\n");
        let machine = self.machines.entry(key).or_insert_with(|| fresh.clone());
        !machine.admit_for(time_ms, request.duration_ms)
    }

    fn holds(&self, fact: Fact, time_ms: i64, request: &Request) -> bool {
        match fact {
            Fact::Attack => request.facts.attack,
            Fact::Uncleared => request.facts.uncleared,
            Fact::ForeignOrigin => request.facts.foreign_origin && request.method == "OPTIONS",
            Fact::StaleForm => request.facts.form && request.session_ms < self.since_ms,
            Fact::NoToken => request.sender.token.is_none(),
            Fact::LinkExpired => {
                expires(&request.target).is_some_and(|expires| expires * 1000 < time_ms)
            }
            Fact::Directory => request.path().ends_with('/') && request.path().len() > 1,
        }
    }
}

/// The `expires` argument of a signed link, in seconds since the epoch.
fn expires(target: &str) -> Option<i64> {
    let value = target.split_once("expires=")?.1;
    value.split('&').next()?.parse().ok()
}

/// A field of a request as a policy names it.
pub(super) fn field_of(request: &Request, field: &str) -> String {
    match field {
        "ip" => request.sender.ip.to_string(),
        "prefix" => format!("{}/32", request.sender.ip),
        "user_agent" | "client" => request.sender.user_agent.to_string(),
        "user" => request.sender.user.as_deref().unwrap_or("").to_string(),
        "token" => request.sender.token.as_deref().unwrap_or("").to_string(),
        "route" | "path" => request.path().to_string(),
        "method" => request.method.to_string(),
        "referer" => request.referer.clone(),
        "referer_host" => {
            let rest = request
                .referer
                .split_once("://")
                .map_or("", |(_, rest)| rest);
            rest.split('/').next().unwrap_or("").to_string()
        }
        _ => String::new(),
    }
}

/// Asks every guard in order.
pub(super) fn answer(
    posts: &mut [Post],
    time_ms: i64,
    request: &Request,
    random: &mut Random,
) -> Answer {
    for (index, post) in posts.iter_mut().enumerate() {
        if post.denies(time_ms, request) {
            let guard = post.guard();
            return Answer {
                status: guard.status,
                bytes: body(guard.body, request, random),
                duration_ms: if guard.by_application {
                    3 + random.below(25) as u32
                } else {
                    random.below(2) as u32
                },
                guard: Some(index),
                by_application: guard.by_application,
            };
        }
    }
    Answer {
        status: request.status,
        bytes: if request.method == "HEAD" || request.status == 304 {
            0
        } else {
            request.bytes
        },
        duration_ms: request.duration_ms,
        guard: None,
        by_application: true,
    }
}

fn body(body: Body, request: &Request, random: &mut Random) -> u32 {
    if request.method == "HEAD" {
        return 0;
    }
    match body {
        Body::Fixed(bytes) => bytes,
        Body::Nginx(bytes) if request.sender.user_agent.contains("Chrome/") => bytes + 402,
        Body::Nginx(bytes) => bytes,
        Body::Around(bytes) => bytes + random.below(9) as u32,
    }
}
