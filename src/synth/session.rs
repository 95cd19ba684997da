//! A visit: pages with their files and calls, thinking in between, and what a person does when denied.

use super::server::{Answer, Facts, Request, Sender};
use super::{Random, site};
use std::collections::VecDeque;
use std::rc::Rc;

const ORIGIN: &str = "https://shop.example.com";

/// A request that the browser will send, and how long after the one before.
struct Planned {
    after_ms: i64,
    method: &'static str,
    target: String,
    bytes: u32,
    is_page: bool,
    form: bool,
    cross_origin: bool,
}

/// One visit of one browser.
pub(super) struct Session {
    sender: Sender,
    started_ms: i64,
    pages_left: u32,
    planned: VecDeque<Planned>,
    referer: String,
    has_files: bool,
    cleared: bool,
    refusals: u32,
}

impl Session {
    pub(super) fn new(sender: Sender, started_ms: i64, random: &mut Random) -> Session {
        let referers = [
            "-",
            "-",
            "https://www.google.com/",
            "https://www.bing.com/",
            "https://duckduckgo.com/",
        ];
        let mut session = Session {
            sender,
            started_ms,
            pages_left: 1 + random.exponential(3.5).min(25.0) as u32,
            planned: VecDeque::new(),
            referer: random.pick(&referers).to_string(),
            has_files: random.happens(0.35),
            cleared: random.happens(0.3),
            refusals: 0,
        };
        session.plan_page(random, 0);
        session
    }

    /// The next request, at its time; none when the visit is over.
    pub(super) fn request(&mut self, random: &mut Random) -> Option<Request> {
        let planned = self.planned.front()?;
        let referer = if planned.is_page || self.referer.starts_with(ORIGIN) {
            self.referer.clone()
        } else {
            "-".to_string()
        };
        let cached =
            self.has_files && planned.target.starts_with("/static/") && random.happens(0.4);
        let status = match () {
            () if cached => 304,
            () if planned.method == "POST" && random.happens(0.3) => 201,
            () if planned.is_page && random.happens(0.012) => 404,
            () if planned.is_page && random.happens(0.015) => 302,
            () if random.happens(0.0008) => 500,
            () => 200,
        };
        Some(Request {
            sender: self.sender.clone(),
            method: planned.method,
            target: planned.target.clone(),
            referer,
            status,
            bytes: planned.bytes,
            duration_ms: if planned.is_page {
                20 + random.exponential(90.0) as u32
            } else {
                random.below(30) as u32
            },
            facts: Facts {
                uncleared: !self.cleared,
                foreign_origin: planned.cross_origin,
                form: planned.form,
                attack: false,
            },
            session_ms: self.started_ms,
        })
    }

    /// Takes the answer; how long until the next request, or none when the visitor leaves.
    pub(super) fn react(&mut self, answer: &Answer, random: &mut Random) -> Option<i64> {
        let done = self.planned.pop_front()?;
        if answer.guard.is_some() {
            self.refuse(done, random)?;
        } else if done.is_page && answer.status == 200 {
            self.refusals = 0;
            self.load(&done.target, random);
        } else if done.method == "OPTIONS" {
            self.planned.push_front(Planned {
                after_ms: 30,
                method: "POST",
                cross_origin: false,
                ..done
            });
        }
        if self.planned.is_empty() {
            if self.pages_left == 0 {
                return None;
            }
            let thinking = 4_000 + random.exponential(22_000.0) as i64;
            self.plan_page(random, thinking);
        }
        self.planned.front().map(|next| next.after_ms)
    }

    /// A person who is denied reloads, solves the challenge, or leaves.
    fn refuse(&mut self, done: Planned, random: &mut Random) -> Option<()> {
        self.refusals += 1;
        if done.is_page || done.form {
            if self.refusals > 3 || random.happens(0.35) {
                self.planned.clear();
                self.pages_left = 0;
                return None;
            }
            if !self.cleared && random.happens(0.9) {
                self.cleared = true;
            }
            self.planned.push_front(Planned {
                after_ms: random.between(1_500, 8_000),
                ..done
            });
        }
        Some(())
    }

    fn plan_page(&mut self, random: &mut Random, after_ms: i64) {
        self.pages_left = self.pages_left.saturating_sub(1);
        let page = site::page(random);
        self.planned.push_back(Planned {
            after_ms,
            method: "GET",
            target: page.path,
            bytes: page.bytes,
            is_page: true,
            form: false,
            cross_origin: false,
        });
    }

    /// What a page makes the browser ask for: files the first time, then calls and now and then a form.
    fn load(&mut self, page: &str, random: &mut Random) {
        self.referer = format!("{ORIGIN}{page}");
        if !self.has_files {
            for (path, bytes) in site::ASSETS {
                self.plan("GET", path.to_string(), bytes, random.between(5, 160));
            }
        } else if random.happens(0.5) {
            let (path, bytes) = *random.pick(&site::ASSETS);
            self.plan("GET", path.to_string(), bytes, random.between(5, 160));
        }
        self.has_files = true;
        if page.starts_with("/products") && random.happens(0.5) {
            let target = site::fill(random, "/api/v1/products/{id}/stock");
            let bytes = site::size(&target, 180, 900);
            self.plan("GET", target, bytes, random.between(80, 400));
        }
        if random.happens(0.12) {
            let bytes = random.between(60, 200) as u32;
            self.plan("OPTIONS", "/api/v2/events".to_string(), bytes, 120);
            if let Some(preflight) = self.planned.back_mut() {
                preflight.cross_origin = true;
            }
        }
        if matches!(page, "/cart" | "/members/area") && random.happens(0.6) {
            let target = if page == "/cart" {
                "/checkout"
            } else {
                "/members/profile"
            };
            self.plan(
                "POST",
                target.to_string(),
                412,
                random.between(6_000, 60_000),
            );
            if let Some(form) = self.planned.back_mut() {
                form.form = true;
            }
        }
    }

    fn plan(&mut self, method: &'static str, target: String, bytes: u32, after_ms: i64) {
        self.planned.push_back(Planned {
            after_ms,
            method,
            target,
            bytes,
            is_page: false,
            form: false,
            cross_origin: false,
        });
    }
}

/// Names a user for the few who log in by the server itself.
pub(super) fn user_name(random: &mut Random) -> Option<Rc<str>> {
    let names = ["anna", "jon", "maria", "li", "omar", "petra"];
    random.happens(0.01).then(|| Rc::from(*random.pick(&names)))
}
