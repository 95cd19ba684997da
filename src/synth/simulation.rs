//! The clock: whoever is next acts, the server answers, and the line is written when it is done.
//!
//! Lines appear in the order in which requests complete, as in a real log. Memory holds only who
//! is present and the few lines that are not yet complete.

use super::actor::Actor;
use super::hostile::Hostile;
use super::line::{LineWriter, Stamp};
use super::population::{self, Visitors};
use super::server::{self, Answer, Body, Guard, Post, Request};
use super::session::Session;
use super::truth::{Ledger, Truth};
use super::{Random, Scenario};
use crate::findings::Cause;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io::{self, Write};

/// Requests of an average visit; the share of ordinary traffic below fits to it.
const REQUESTS_PER_VISIT: f64 = 12.4;

/// Crawlers and monitors ask for so much, however busy the site is.
const OTHERS_PER_S: f64 = 0.24;

/// Shares of the rest of the ordinary traffic.
const VISITS: f64 = 0.63;
const PROGRAMS: f64 = 0.37;

/// Tag of dot files denied all day, as almost every server has them.
const DOT_FILES: &str = "dot_files";

/// Someone present.
enum Present {
    Arrivals,
    Visit(Box<Session>),
    Actor(Box<Actor>),
}

/// A request that is answered but not yet complete: its line is still to be written.
struct Pending {
    stamp_ms: i64,
    turn: u64,
    request: Request,
    answer: Answer,
}

impl Ord for Pending {
    fn cmp(&self, other: &Pending) -> Ordering {
        (self.stamp_ms, self.turn).cmp(&(other.stamp_ms, other.turn))
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Pending) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Pending) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pending {}

pub(super) struct Simulation<'a> {
    scenario: &'a Scenario,
    random: Random,
    end_ms: i64,
    visitors: Visitors,
    visits_per_s: f64,
    posts: Vec<Post>,
    present: Vec<Option<Present>>,
    free: Vec<usize>,
    queue: BinaryHeap<Reverse<(i64, u64, usize)>>,
    turn: u64,
}

impl<'a> Simulation<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Simulation<'a> {
        let mut random = Random::new(scenario.seed);
        let start_ms = super::scenarios::start_ms(scenario.seed);
        let seconds = scenario.hours * 3600.0;
        let per_s = (scenario.requests as f64 / seconds.max(1.0) - OTHERS_PER_S).max(0.01);
        let mut guards = vec![dot_files(&mut random)];
        guards.extend(
            scenario
                .streams
                .iter()
                .flat_map(|stream| stream.guards.clone()),
        );
        let mut simulation = Simulation {
            scenario,
            visitors: Visitors::new(&mut random),
            end_ms: start_ms + (seconds * 1000.0) as i64,
            visits_per_s: VISITS * per_s / REQUESTS_PER_VISIT,
            posts: guards.into_iter().map(Post::new).collect(),
            present: Vec::new(),
            free: Vec::new(),
            queue: BinaryHeap::new(),
            turn: 0,
            random: random.clone(),
        };
        let mut callers = population::programs(PROGRAMS * per_s, &mut random);
        callers.extend(population::crawlers(&mut random));
        callers.extend(population::monitors(&mut random));
        callers.extend(population::scanners(scenario.hours, &mut random));
        callers.extend(
            scenario
                .streams
                .iter()
                .flat_map(|stream| stream.callers.clone()),
        );
        for caller in callers {
            let mut actor = Actor::new(caller, start_ms);
            let first_ms = actor.first_ms(&mut random);
            simulation.enter(Present::Actor(Box::new(actor)), first_ms);
        }
        simulation.enter(Present::Arrivals, start_ms);
        simulation.random = random;
        simulation
    }

    pub(super) fn run(mut self, out: &mut dyn Write) -> io::Result<Truth> {
        let offset_s = super::scenarios::utc_offset_s(self.scenario.seed);
        let mut writer = LineWriter::new(self.scenario.format, offset_s);
        let mut ledger = Ledger::new(self.posts.len());
        let mut pending: BinaryHeap<Reverse<Pending>> = BinaryHeap::new();
        let mut hostile = Hostile::new(self.scenario.seed, self.scenario.hostile);
        let mut write = |done: Pending, posts: &[Post]| {
            let stamp = Stamp(done.stamp_ms);
            ledger.enter(done.stamp_ms, &done.answer, posts);
            writer.write(out, stamp, &done.request, &done.answer)?;
            if let Some(visit) = hostile.next() {
                ledger.enter_hostile();
                writer.write_hostile(out, stamp, &visit)?;
            }
            Ok::<(), io::Error>(())
        };
        while let Some(Reverse((time_ms, _, who))) = self.queue.pop() {
            if time_ms >= self.end_ms {
                break;
            }
            while pending
                .peek()
                .is_some_and(|Reverse(first)| first.stamp_ms <= time_ms)
            {
                if let Some(Reverse(done)) = pending.pop() {
                    write(done, &self.posts)?;
                }
            }
            if let Some((request, answer)) = self.act(time_ms, who) {
                let stamp_ms = time_ms + i64::from(answer.duration_ms);
                pending.push(Reverse(Pending {
                    stamp_ms,
                    turn: self.turn,
                    request,
                    answer,
                }));
            }
        }
        while let Some(Reverse(done)) = pending.pop() {
            write(done, &self.posts)?;
        }
        out.flush()?;
        Ok(ledger.close(self.scenario, &self.posts, writer.bytes(), offset_s))
    }

    /// Lets one act; the request and its answer, if it makes one.
    fn act(&mut self, time_ms: i64, who: usize) -> Option<(Request, Answer)> {
        let present = self.present.get_mut(who)?.take()?;
        match present {
            Present::Arrivals => {
                let sender = self.visitors.next(&mut self.random);
                let visit = Session::new(sender, time_ms, &mut self.random);
                let rate = self.visits_per_s * population::time_of_day(time_ms);
                let wait_ms = self.random.exponential(1000.0 / rate.max(1e-6)) as i64;
                self.present[who] = Some(Present::Arrivals);
                self.call(who, time_ms + wait_ms.max(1));
                self.enter(Present::Visit(Box::new(visit)), time_ms);
                None
            }
            Present::Visit(mut visit) => {
                let request = visit.request(&mut self.random)?;
                let answer = server::answer(&mut self.posts, time_ms, &request, &mut self.random);
                match visit.react(&answer, &mut self.random) {
                    Some(after_ms) => {
                        self.present[who] = Some(Present::Visit(visit));
                        self.call(who, time_ms + after_ms.max(1));
                    }
                    None => self.free.push(who),
                }
                Some((request, answer))
            }
            Present::Actor(mut actor) => {
                let request = actor.request(time_ms, &mut self.random)?;
                let answer = server::answer(&mut self.posts, time_ms, &request, &mut self.random);
                let next_ms = actor.react(time_ms, request.clone(), &answer, &mut self.random);
                if let Some(next_ms) = next_ms {
                    self.present[who] = Some(Present::Actor(actor));
                    self.call(who, next_ms.max(time_ms + 1));
                }
                Some((request, answer))
            }
        }
    }

    fn enter(&mut self, present: Present, at_ms: i64) {
        let who = self.free.pop().unwrap_or_else(|| {
            self.present.push(None);
            self.present.len() - 1
        });
        self.present[who] = Some(present);
        self.call(who, at_ms);
    }

    fn call(&mut self, who: usize, at_ms: i64) {
        self.turn += 1;
        self.queue.push(Reverse((at_ms, self.turn, who)));
    }
}

fn dot_files(random: &mut Random) -> Guard {
    let text = "deny path under /.env, /.git/, /.aws/, /.svn/, /.vscode/";
    Guard {
        tag: DOT_FILES.to_string(),
        cause: Cause::RouteAcl,
        policy: text.parse().unwrap_or_default(),
        fact: None,
        body: Body::Nginx(*random.pick(&[146, 150, 153, 162])),
        status: 403,
        by_application: false,
        approximate: false,
    }
}
