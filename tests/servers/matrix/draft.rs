//! A scenario in the making, and what all mechanisms make it of.

use super::around::Around;
use super::form::Form;
use super::{enough, overlap};
use crate::scenario::ServerKind::{self, Caddy, Haproxy, Lighttpd};
use crate::scenario::{Application, Denial, LogFormat, Reaction, Scenario, Shape, Stream};
use forbid_logs::synth::Random;

/// What this program can send and two cores can answer, beside other servers.
pub(super) const MOST_PER_REAL_SECOND: f64 = 300.0;

/// What of the site is denied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Some routes; whoever is denied there is admitted elsewhere.
    Part,
    Whole,
}

/// A scenario in the making.
pub(super) struct Draft {
    pub scenario: Scenario,
    pub random: Random,
    /// The busy time of the spike, in minutes.
    pub from: f64,
    pub until: f64,
    /// Rates are usual ones times this: less in a log that is long and thin.
    pub pace: f64,
    /// Whether a limit denies, so that rates are by it.
    pub is_limit: bool,
    pub place: Place,
    form: Form,
    around: Around,
}

impl Draft {
    pub fn new(
        name: &str,
        server: ServerKind,
        number: usize,
        (form, around): (Form, Around),
        mut random: Random,
    ) -> Draft {
        let frame = form.frame(name, server, &mut random);
        Draft {
            scenario: Scenario {
                name: format!("{number:03}-{name}"),
                servers: vec![server],
                mechanism: name.to_string(),
                minutes: frame.minutes,
                factor: frame.factor,
                format: *random.pick(formats(server)),
                background: random.within(0.6, 2.5) * frame.pace,
                policies: Vec::new(),
                streams: Vec::new(),
                events: Vec::new(),
                application: Application::Plain,
                traffic: form.name().to_string(),
                around: around.name().to_string(),
                seed: random.bits(),
            },
            from: frame.from * frame.minutes,
            until: frame.until * frame.minutes,
            pace: frame.pace,
            is_limit: false,
            place: Place::Part,
            form,
            around,
            random,
        }
    }

    /// Gives the traffic its form, and adds what else goes on.
    pub fn finish(mut self) -> Scenario {
        let form = self.form;
        form.shape(&mut self);
        if form == Form::Overlapping {
            overlap::add(&mut self);
        }
        // One caller that waits longer and longer is no spike.
        for stream in &mut self.scenario.streams {
            if stream.denied == Reaction::BackOff && stream.addresses < 20 && !self.is_limit {
                stream.denied = Reaction::Retry;
            }
        }
        let around = self.around;
        around.add(&mut self);
        enough::ensure(&mut self);
        self.scenario
    }

    /// A stream that is busy in the time of the spike, and the spike.
    pub fn stream(&mut self, name: &str, client: &str, paths: &[&str]) -> Stream {
        let shapes = [
            Shape::Random,
            Shape::Random,
            Shape::Regular,
            Shape::Bursts,
            Shape::Hill,
        ];
        let reactions = [
            Reaction::Ignore,
            Reaction::Ignore,
            Reaction::Retry,
            Reaction::BackOff,
        ];
        let rate = self.random.within(0.6, 2.5) * self.pace;
        Stream {
            name: name.to_string(),
            client: client.to_string(),
            real: false,
            known_as: None,
            rate,
            from: self.from,
            until: self.until,
            calm: 0.0,
            shape: if self.scenario.minutes < 5.0 {
                Shape::Random
            } else {
                *self.random.pick(&shapes)
            },
            addresses: 1,
            callers: 0,
            callers_of: None,
            network: None,
            method: "GET".to_string(),
            paths: paths.iter().map(ToString::to_string).collect(),
            denied: *self.random.pick(&reactions),
            headers: Vec::new(),
            user: None,
            referer: None,
            body: None,
            answer_s: 0.0,
            links_expire: None,
            spike: true,
            accept: Vec::new(),
        }
    }

    /// What the callers of a stream do besides, and are admitted to.
    pub fn besides(&mut self, like: &Stream, name: &str, change: impl FnOnce(&mut Stream)) {
        let mut besides = like.clone();
        besides.name = name.to_string();
        besides.callers_of = Some(like.name.clone());
        besides.spike = false;
        change(&mut besides);
        self.push(besides);
    }

    pub fn push(&mut self, stream: Stream) {
        self.scenario.streams.push(stream);
    }

    /// Others of the same kind, who are admitted.
    pub fn others(&mut self, like: &Stream, change: impl FnOnce(&mut Stream)) {
        let mut others = like.clone();
        others.name = "others".to_string();
        (others.from, others.until, others.calm) = (0.0, f64::INFINITY, 0.0);
        others.shape = Shape::Random;
        others.rate = self.random.within(0.3, 1.0) * self.pace;
        others.addresses = 6 + self.random.below(40);
        others.spike = false;
        change(&mut others);
        self.push(others);
    }

    pub fn deny(&mut self, rule: &str) {
        self.policy(Some(rule.to_string()), None, None, None);
    }

    pub fn feature(&mut self, feature: &str) {
        self.policy(None, Some(feature.to_string()), None, None);
    }

    /// A rule that comes into force with the spike, and is lifted when it ends if the log goes on.
    pub fn deny_meanwhile(&mut self, rule: String) {
        let from = Some(self.from).filter(|from| *from > 0.0);
        let until = Some(self.until).filter(|until| *until < self.scenario.minutes);
        self.policy(Some(rule), None, from, until);
    }

    pub fn policy(
        &mut self,
        rule: Option<String>,
        feature: Option<String>,
        from: Option<f64>,
        until: Option<f64>,
    ) {
        self.scenario.policies.push(Denial {
            rule,
            feature,
            cause: None,
            application: false,
            status: None,
            from,
            until,
        });
    }

    /// By how much a limit is exceeded: 1.2 to 50 times, small ones more often.
    pub fn overload(&mut self) -> f64 {
        if self.form == Form::LowAndSlow {
            return self.random.within(1.2, 1.8);
        }
        1.2 * (50.0f64 / 1.2).powf(self.random.unit().powf(1.5))
    }

    pub fn program(&mut self) -> String {
        let programs = [
            "axios",
            "requests",
            "httpx",
            "okhttp",
            "go",
            "java",
            "node-fetch",
            "guzzle",
            "curl",
        ];
        self.random.pick::<&str>(&programs).to_string()
    }

    /// An allowed rate and the rate that exceeds it, in requests per second: about `usual` allowed, less where
    /// a machine could not send what exceeds it.
    pub fn exceeded(&mut self, usual: f64) -> (f64, f64) {
        self.is_limit = true;
        let usual = match self.form {
            Form::LowAndSlow => usual * 0.15,
            _ => usual,
        };
        let overload = self.overload();
        let most = MOST_PER_REAL_SECOND / self.scenario.factor;
        let allowed = (usual * self.pace).min(most / overload);
        (allowed, allowed * overload)
    }

    /// The rate that the first policy allows, per second.
    pub fn allowed(&self) -> f64 {
        let policy = self.scenario.policies.first().and_then(Denial::policy);
        let Some(limit) = policy.and_then(|policy| policy.limit) else {
            return f64::INFINITY;
        };
        let window_s = limit.window_s.unwrap_or(1.0);
        let by_window = limit.limit.map(|most| f64::from(most) / window_s);
        limit.rate_per_s.or(by_window).unwrap_or(f64::INFINITY)
    }

    /// The same with an allowed rate that nginx can say, and its text.
    pub fn exceeded_by_minute(&mut self, low: f64, high: f64) -> (String, f64) {
        let usual = self.random.within(low, high);
        let (allowed, offered) = self.exceeded(usual);
        let per_minute = (allowed * 60.0).round().max(1.0);
        (
            format!("{per_minute}/m"),
            offered.max(per_minute / 60.0 * 1.2),
        )
    }

    pub fn application(&mut self) {
        self.scenario.application = match self.random.below(2) {
            0 => Application::Express,
            _ => Application::Flask,
        };
    }
}

/// The formats that a log of a server is written in, the more usual ones more often.
fn formats(server: ServerKind) -> &'static [LogFormat] {
    match server {
        Caddy => &[LogFormat::Usual],
        Lighttpd => &[LogFormat::Usual, LogFormat::Combined, LogFormat::Vhost],
        Haproxy => &[
            LogFormat::Usual,
            LogFormat::Usual,
            LogFormat::Combined,
            LogFormat::Json,
        ],
        _ => &[
            LogFormat::Usual,
            LogFormat::Usual,
            LogFormat::Vhost,
            LogFormat::Json,
        ],
    }
}
