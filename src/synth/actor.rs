//! A caller at work: programs, crawlers, monitors and scanners, all but people.

use super::server::{Answer, Facts, Request, Sender};
use super::stream::{Caller, Reaction, Shape, Targets};
use super::{Random, population, site};
use std::rc::Rc;

/// A caller with its place in time and in its own reaction to denials.
pub(super) struct Actor {
    caller: Caller,
    user_agents: Vec<Rc<str>>,
    token: Option<Rc<str>>,
    user: Option<Rc<str>>,
    start_ms: i64,
    sent: usize,
    denied_in_row: u32,
    /// What to ask for again.
    again: Option<Request>,
    /// Until when the present burst lasts.
    burst_ends_ms: i64,
}

impl Actor {
    pub(super) fn new(caller: Caller, start_ms: i64) -> Actor {
        Actor {
            user_agents: caller
                .user_agents
                .iter()
                .map(|agent| Rc::from(agent.as_str()))
                .collect(),
            token: caller.token.as_deref().map(Rc::from),
            user: caller.user.as_deref().map(Rc::from),
            caller,
            start_ms,
            sent: 0,
            denied_in_row: 0,
            again: None,
            burst_ends_ms: i64::MIN,
        }
    }

    /// When it calls for the first time.
    pub(super) fn first_ms(&mut self, random: &mut Random) -> i64 {
        let pace = self.caller.pace;
        if pace.calm_per_s > 0.0 {
            return self.next_ms(self.start_ms, random);
        }
        let jitter = random.exponential(1.0 / pace.busy_per_s.max(1e-6));
        self.start_ms + ((pace.from_s + jitter) * 1000.0) as i64
    }

    /// The next request; none when it has nothing more to ask.
    pub(super) fn request(&mut self, time_ms: i64, random: &mut Random) -> Option<Request> {
        if let Some(again) = self.again.take() {
            return Some(again);
        }
        let (method, target, facts) = self.target(random)?;
        self.sent += 1;
        let sender = Sender {
            ip: *random.pick(&self.caller.ips),
            user_agent: random.pick(&self.user_agents).clone(),
            token: self.token.clone(),
            user: self.user.clone(),
        };
        let missing = site::PROBES.contains(&target.as_str());
        let bytes = match method {
            "OPTIONS" | "HEAD" => 0,
            _ if missing => 548,
            _ => site::size(&target, 250, 9_000),
        };
        Some(Request {
            sender,
            method,
            status: if missing || random.happens(0.006) {
                404
            } else {
                200
            },
            bytes,
            duration_ms: 4 + random.exponential(45.0) as u32,
            target,
            referer: self.caller.referer.clone(),
            facts,
            session_ms: time_ms,
        })
    }

    fn target(&mut self, random: &mut Random) -> Option<(&'static str, String, Facts)> {
        let plain = Facts::default();
        Some(match &self.caller.targets {
            Targets::Api(method, patterns) => (method, one_of(random, patterns), plain),
            Targets::Methods(methods, patterns) => {
                let weights: Vec<f64> = methods.iter().map(|(_, weight)| *weight).collect();
                let method = methods[random.weighted(&weights)].0;
                (method, one_of(random, patterns), plain)
            }
            Targets::Once(paths) => ("GET", paths.get(self.sent)?.clone(), plain),
            Targets::Attacks(share) if random.happens(*share) => {
                let facts = Facts {
                    attack: true,
                    ..plain
                };
                ("GET", random.pick(&site::ATTACKS).to_string(), facts)
            }
            Targets::Attacks(_) | Targets::Pages => {
                let facts = Facts {
                    uncleared: true,
                    ..plain
                };
                ("GET", site::page(random).path, facts)
            }
            Targets::CrossOrigin(patterns) => {
                let facts = Facts {
                    foreign_origin: true,
                    ..plain
                };
                ("OPTIONS", one_of(random, patterns), facts)
            }
        })
    }

    /// Takes the answer to `request`; when it calls next, or none when it stops.
    pub(super) fn react(
        &mut self,
        time_ms: i64,
        request: Request,
        answer: &Answer,
        random: &mut Random,
    ) -> Option<i64> {
        let denied = answer.status >= 400 && answer.guard.is_some();
        self.denied_in_row = if denied { self.denied_in_row + 1 } else { 0 };
        if !denied && request.method == "OPTIONS" && request.facts.foreign_origin {
            self.again = Some(Request {
                method: "POST",
                facts: Facts::default(),
                ..request
            });
            return Some(time_ms + random.between(20, 90));
        }
        match self.caller.reaction {
            Reaction::Retry(after_s, times) if denied && self.denied_in_row <= times => {
                self.again = Some(request);
                Some(time_ms + (after_s * random.within(900.0, 1100.0)) as i64)
            }
            Reaction::BackOff(after_s) if denied => {
                let doubled = f64::from(1u32 << (self.denied_in_row - 1).min(6));
                self.again = Some(request);
                Some(time_ms + (after_s * doubled * random.within(800.0, 1200.0)) as i64)
            }
            Reaction::GiveUp(times) if denied && self.denied_in_row >= times => None,
            _ => Some(self.next_ms(time_ms, random)),
        }
    }

    fn next_ms(&mut self, time_ms: i64, random: &mut Random) -> i64 {
        let pace = self.caller.pace;
        let now_s = (time_ms - self.start_ms) as f64 / 1000.0;
        let busy = (pace.from_s..pace.until_s).contains(&now_s);
        if busy && let Shape::Bursts(on_s, off_s) = pace.shape {
            return self.in_bursts(time_ms, on_s, off_s, random);
        }
        let rate = match pace.shape {
            _ if !busy => pace.calm_per_s,
            Shape::Hill => {
                let part = (now_s - pace.from_s) / (pace.until_s - pace.from_s).max(1.0);
                pace.calm_per_s
                    + (pace.busy_per_s - pace.calm_per_s) * (0.1 + 3.6 * part * (1.0 - part))
            }
            _ => pace.busy_per_s,
        };
        let rate = if pace.diurnal {
            rate * population::time_of_day(time_ms)
        } else {
            rate
        };
        let mean_ms = 1000.0 / rate.max(1e-7);
        let wait = match pace.shape {
            Shape::Regular => mean_ms * random.within(0.9, 1.1),
            _ => random.exponential(mean_ms),
        };
        let next_ms = time_ms + (wait as i64).max(1);
        let begins_ms = self.start_ms + (pace.from_s * 1000.0) as i64;
        // A busy time that begins meanwhile does not wait for a slow calm pace.
        let begins_first = time_ms < begins_ms && begins_ms < next_ms;
        if begins_first { begins_ms } else { next_ms }
    }

    fn in_bursts(&mut self, time_ms: i64, on_s: f64, off_s: f64, random: &mut Random) -> i64 {
        if self.burst_ends_ms == i64::MIN {
            self.burst_ends_ms = time_ms + (on_s * random.within(500.0, 1500.0)) as i64;
        }
        let next_ms =
            time_ms + (random.exponential(1000.0 / self.caller.pace.busy_per_s) as i64).max(1);
        if next_ms < self.burst_ends_ms {
            return next_ms;
        }
        self.burst_ends_ms = i64::MIN;
        time_ms + (off_s * random.within(500.0, 1500.0)) as i64
    }
}

fn one_of(random: &mut Random, patterns: &[String]) -> String {
    match patterns.get(random.below(patterns.len())) {
        Some(pattern) => site::fill(random, pattern),
        None => "/".to_string(),
    }
}
