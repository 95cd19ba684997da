//! Forms of traffic: each is a length of the log, a time for the spike, and a way in which callers come.
//!
//! A form that a mechanism or a server cannot have is left out for it: a limit by address is not exceeded
//! by many addresses, and HAProxy's timers do not keep a clock of a day in two minutes.

use super::draft::{Draft, Place};
use crate::scenario::ServerKind::{self, Apache, Haproxy, Lighttpd, Nginx};
use crate::scenario::{Reaction, Shape, Stream};
use forbid_logs::synth::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Steady,
    Burst,
    BackOff,
    RetryStorm,
    Diurnal,
    FlashCrowd,
    LowAndSlow,
    ManyAddresses,
    OneNat,
    Overlapping,
    AtEdge,
    Minute,
    Week,
}

pub(super) const FORMS: [Form; 13] = [
    Form::Steady,
    Form::Burst,
    Form::BackOff,
    Form::RetryStorm,
    Form::Diurnal,
    Form::FlashCrowd,
    Form::LowAndSlow,
    Form::ManyAddresses,
    Form::OneNat,
    Form::Overlapping,
    Form::AtEdge,
    Form::Minute,
    Form::Week,
];

/// Mechanisms that count each address on its own.
pub(super) const BY_ADDRESS: [&str; 6] = [
    "limit_by_ip",
    "sliding_window",
    "connections",
    "hold",
    "hold_fixed",
    "fixed_window",
];
/// Mechanisms that are about many callers.
const BY_CROWD: [&str; 5] = [
    "country_list",
    "distributed_bots",
    "challenge",
    "limit_for_all",
    "limit_whole_server",
];
/// Mechanisms that live by seconds, or cost too much time for a fast clock.
const NOT_FAST: [&str; 4] = ["hold", "hold_fixed", "connections", "waf"];
/// Limits that count whatever a second spike would send.
const OF_ALL_REQUESTS: [&str; 4] = ["sliding_window", "limit_whole_server", "hold", "hold_fixed"];

/// The clock and the length of a log, and where in it the spike is.
pub(super) struct Frame {
    pub minutes: f64,
    pub factor: f64,
    pub pace: f64,
    /// Parts of the log.
    pub from: f64,
    pub until: f64,
}

impl Form {
    /// The first form from a place in the list on that suits.
    pub(super) fn suited(place: usize, mechanism: &str, server: ServerKind) -> Form {
        let forms = (0..FORMS.len()).map(|step| FORMS[(place + step) % FORMS.len()]);
        let mut suited = forms.filter(|form| form.suits(mechanism, server));
        suited.next().unwrap_or(Form::Steady)
    }

    fn suits(self, mechanism: &str, server: ServerKind) -> bool {
        let is = |names: &[&str]| names.contains(&mechanism);
        match self {
            _ if mechanism == "none" => {
                matches!(self, Form::Steady | Form::Minute)
                    || (matches!(self, Form::Week | Form::Diurnal)
                        && !matches!(server, Haproxy | Lighttpd))
            }
            // lighttpd wakes up at each second of its clock, which takes a core then.
            Form::Week if server == Lighttpd => false,
            Form::Diurnal | Form::Week => server != Haproxy && !is(&NOT_FAST),
            Form::LowAndSlow => !is(&NOT_FAST) && !is(&BY_CROWD),
            Form::FlashCrowd | Form::ManyAddresses => !is(&BY_ADDRESS),
            Form::OneNat => !is(&BY_CROWD) && mechanism != "credential_revoked",
            Form::Overlapping => !is(&OF_ALL_REQUESTS),
            // A hold that is not renewed has to end before the log does.
            Form::Minute => !is(&NOT_FAST),
            Form::Steady | Form::Burst | Form::BackOff | Form::RetryStorm | Form::AtEdge => true,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Form::Steady => "steady",
            Form::Burst => "burst",
            Form::BackOff => "back_off",
            Form::RetryStorm => "retry_storm",
            Form::Diurnal => "diurnal",
            Form::FlashCrowd => "flash_crowd",
            Form::LowAndSlow => "low_and_slow",
            Form::ManyAddresses => "many_addresses",
            Form::OneNat => "one_nat",
            Form::Overlapping => "overlapping",
            Form::AtEdge => "at_edge",
            Form::Minute => "minute",
            Form::Week => "week",
        }
    }

    pub(super) fn frame(self, mechanism: &str, server: ServerKind, random: &mut Random) -> Frame {
        let is_slow = NOT_FAST.contains(&mechanism) && matches!(server, Apache | Nginx);
        let (minutes, factor, pace) = match self {
            Form::Minute => (1.0, 3.0, 4.0),
            Form::Week => (random.within(7200.0, 11_520.0), 6_000.0, 0.01),
            Form::Diurnal => (random.within(1440.0, 2880.0), 1_440.0, 0.04),
            Form::LowAndSlow if server == Haproxy => (random.within(70.0, 100.0), 120.0, 0.6),
            Form::LowAndSlow => (random.within(150.0, 270.0), 240.0, 0.4),
            // libmodsecurity in nginx's one process takes ten milliseconds for a request.
            _ if mechanism == "waf" && server == Nginx => (random.within(14.0, 22.0), 30.0, 0.5),
            _ if is_slow => (random.within(28.0, 50.0), 60.0, 1.0),
            _ if server != Haproxy && random.happens(0.15) => {
                (random.within(90.0, 150.0), 240.0, 1.0)
            }
            _ => (random.within(30.0, 70.0), 120.0, 1.0),
        };
        let (from, until) = match self {
            Form::AtEdge if random.happens(0.5) => (0.0, random.within(0.2, 0.5)),
            Form::AtEdge => (random.within(0.5, 0.8), 1.0),
            Form::LowAndSlow => (random.within(0.15, 0.3), random.within(0.7, 0.9)),
            Form::Overlapping => (random.within(0.2, 0.3), random.within(0.5, 0.6)),
            _ => {
                let from = random.within(0.25, 0.5);
                (from, from + random.within(0.15, 0.4))
            }
        };
        Frame {
            minutes,
            factor,
            pace,
            from,
            until,
        }
    }

    /// How the callers of the spike come.
    pub(super) fn shape(self, draft: &mut Draft) {
        let mut streams = std::mem::take(&mut draft.scenario.streams);
        let is_keyed = BY_ADDRESS.contains(&&*draft.scenario.mechanism);
        for stream in streams.iter_mut().filter(|stream| stream.spike) {
            self.shape_stream(stream, is_keyed, draft);
        }
        streams.append(&mut draft.scenario.streams);
        draft.scenario.streams = streams;
    }

    fn shape_stream(self, stream: &mut Stream, is_keyed: bool, draft: &mut Draft) {
        let random = &mut draft.random;
        let at_least = |addresses: usize, least: usize| match is_keyed {
            true => addresses,
            false => addresses.max(least),
        };
        match self {
            Form::Steady => {
                stream.shape = *random.pick(&[Shape::Random, Shape::Regular]);
                stream.denied = Reaction::Ignore;
            }
            Form::Burst => stream.shape = Shape::Bursts,
            Form::BackOff => {
                stream.denied = Reaction::BackOff;
                stream.addresses = at_least(stream.addresses, 25);
            }
            Form::RetryStorm => {
                stream.denied = Reaction::Storm;
                stream.rate *= if is_keyed { 1.0 } else { 0.4 };
                stream.calm = stream.calm.min(stream.rate);
            }
            Form::Diurnal => stream.shape = Shape::Diurnal,
            Form::FlashCrowd => {
                stream.shape = Shape::Flash;
                stream.rate *= 3.0;
                stream.addresses = at_least(stream.addresses, 150 + random.below(400));
            }
            Form::LowAndSlow => {
                let busy_s = (draft.until - draft.from) * 60.0;
                let slow = random.within(70.0, 120.0) / busy_s;
                stream.rate = if draft.is_limit { stream.rate } else { slow };
                stream.calm = stream.calm.min(stream.rate);
                (stream.shape, stream.denied) = (Shape::Random, Reaction::Ignore);
                stream.addresses = at_least(stream.addresses, 8 + random.below(40));
            }
            Form::ManyAddresses => stream.addresses = 250 + random.below(1200),
            Form::OneNat => behind_a_nat(stream, draft),
            Form::Overlapping | Form::AtEdge | Form::Minute | Form::Week => {}
        }
    }
}

/// One address for many callers; where the place is what is denied, they are admitted elsewhere.
fn behind_a_nat(stream: &mut Stream, draft: &mut Draft) {
    stream.addresses = 1;
    stream.callers = 15 + draft.random.below(50);
    let is_listed = stream.network.is_some();
    let first = match &stream.network {
        Some(networks) => networks.split(['/', ',']).next().unwrap_or_default().into(),
        None => format!(
            "62.{}.{}.9",
            draft.random.below(250),
            draft.random.below(250)
        ),
    };
    stream.network = Some(format!("{first}/32"));
    if !is_listed && draft.place == Place::Part {
        let mut elsewhere = draft.stream("same-nat", "browser", &["/", "/products/{n}", "/about"]);
        (elsewhere.from, elsewhere.until) = (0.0, f64::INFINITY);
        (elsewhere.shape, elsewhere.denied) = (Shape::Random, Reaction::Ignore);
        elsewhere.rate = draft.random.within(0.2, 0.6) * draft.pace;
        (elsewhere.addresses, elsewhere.callers) = (1, stream.callers);
        elsewhere.network.clone_from(&stream.network);
        elsewhere.spike = false;
        draft.push(elsewhere);
    }
}
