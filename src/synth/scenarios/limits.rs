//! Rate limits of every algorithm, by address, key, route or for all, met by different clients.

use super::{
    Body, Caller, Cause, Named, Pace, Plan, Reaction, Shape, Stream, Targets, busy, population,
};

pub(super) const ALL: &[Named] = &[
    Named {
        name: "limit-bucket-ip",
        about: "leaky bucket per address, one program over it",
        build: bucket_ip,
    },
    Named {
        name: "limit-bucket-minute",
        about: "leaky bucket in requests per minute",
        build: bucket_minute,
    },
    Named {
        name: "limit-bucket-fleet",
        about: "leaky bucket per address, several programs",
        build: bucket_fleet,
    },
    Named {
        name: "limit-bucket-barely",
        about: "a load only just above the limit",
        build: bucket_barely,
    },
    Named {
        name: "limit-bucket-tenfold",
        about: "a load ten times the limit",
        build: bucket_tenfold,
    },
    Named {
        name: "limit-bucket-prompt",
        about: "leaky bucket without a burst",
        build: bucket_prompt,
    },
    Named {
        name: "limit-bucket-office",
        about: "many people behind one address",
        build: bucket_office,
    },
    Named {
        name: "limit-backoff",
        about: "clients that back off",
        build: backoff,
    },
    Named {
        name: "limit-retry",
        about: "clients that retry at once",
        build: retry,
    },
    Named {
        name: "limit-token",
        about: "bucket per key, shared by many addresses",
        build: token,
    },
    Named {
        name: "limit-route-flash",
        about: "bucket for all callers of a route, flash crowd",
        build: route_flash,
    },
    Named {
        name: "limit-window-minute",
        about: "budget per minute",
        build: window_minute,
    },
    Named {
        name: "limit-window-short",
        about: "budget per ten seconds",
        build: window_short,
    },
    Named {
        name: "limit-window-hour",
        about: "budget per hour and key",
        build: window_hour,
    },
    Named {
        name: "limit-sliding",
        about: "sliding window that counts denials",
        build: sliding,
    },
    Named {
        name: "limit-sliding-proxy",
        about: "the same, counted as HAProxy does",
        build: sliding_proxy,
    },
    Named {
        name: "limit-hold-renewed",
        about: "temporary ban, prolonged by retries",
        build: hold_renewed,
    },
    Named {
        name: "limit-hold-fixed",
        about: "temporary ban of fixed length",
        build: hold_fixed,
    },
    Named {
        name: "limit-at-once",
        about: "requests in flight",
        build: at_once,
    },
];

const ROUTES: [&str; 4] = [
    "/api/v1/search",
    "/api/v1/inventory",
    "/api/v1/products",
    "/api/v2/events",
];

/// How a limit is met.
struct Meeting {
    callers: usize,
    overload: f64,
    shape: Shape,
    reaction: Reaction,
    minutes: (f64, f64),
}

impl Default for Meeting {
    fn default() -> Meeting {
        Meeting {
            callers: 1,
            overload: 3.0,
            shape: Shape::Random,
            reaction: Reaction::Ignore,
            minutes: (18.0, 50.0),
        }
    }
}

/// Programs that exceed a limit of `rate_per_s`, given as text without its place.
fn limited(plan: &mut Plan, id: &str, limit: &str, rate_per_s: f64, meeting: Meeting) -> usize {
    let route = *plan.random.pick(&ROUTES);
    let stretch = plan.stretch(meeting.minutes.0, meeting.minutes.1);
    let pattern = match route {
        "/api/v1/search" => format!("{route}?q={{word}}"),
        "/api/v1/inventory" => format!("{route}?sku=SKU-{{id}}"),
        _ => route.to_string(),
    };
    let mut callers = Vec::new();
    for _ in 0..meeting.callers {
        let overload =
            meeting.overload * plan.random.within(0.85, 1.2).max(1.15 / meeting.overload);
        let pace = busy(
            rate_per_s * 0.06,
            rate_per_s * overload,
            stretch,
            meeting.shape,
        );
        let mut caller = plan.program(&pattern, pace);
        caller.reaction = meeting.reaction;
        callers.push(caller);
    }
    // Fleets are one product: the same agent on each machine.
    let agent = callers[0].user_agents.clone();
    callers
        .iter_mut()
        .for_each(|caller| caller.user_agents.clone_from(&agent));
    let policy = plan.policy(&format!("{limit} on {route}"));
    let mut guard = plan.guard(id, Cause::RateLimit, policy);
    if plan.random.happens(0.3) {
        guard.body = plan.application_body();
        guard.by_application = true;
    }
    plan.streams.push(Stream {
        id: id.to_string(),
        detail: format!("{limit} on {route}, {} caller(s)", callers.len()),
        keys: plan.keys(&callers, route),
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
    plan.streams.len() - 1
}

pub(super) fn bucket_ip(plan: &mut Plan) {
    let (rate, burst) = *plan
        .random
        .pick(&[(1.0, 12), (2.0, 8), (3.0, 15), (5.0, 25)]);
    limited(
        plan,
        "bucket",
        &format!("limit {rate}/s burst {burst} per ip"),
        rate,
        Meeting::default(),
    );
}

fn bucket_minute(plan: &mut Plan) {
    let (rate, burst) = *plan.random.pick(&[(20.0, 6), (45.0, 10), (90.0, 15)]);
    let meeting = Meeting {
        overload: 4.0,
        ..Meeting::default()
    };
    limited(
        plan,
        "bucket",
        &format!("limit {rate}/m burst {burst} per ip"),
        rate / 60.0,
        meeting,
    );
}

fn bucket_fleet(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 7,
        overload: 2.2,
        shape: Shape::Hill,
        minutes: (30.0, 70.0),
        ..Meeting::default()
    };
    let (rate, burst) = *plan.random.pick(&[(1.5, 10), (4.0, 20)]);
    limited(
        plan,
        "bucket",
        &format!("limit {rate}/s burst {burst} per ip"),
        rate,
        meeting,
    );
}

fn bucket_barely(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 2,
        overload: 1.3,
        minutes: (40.0, 70.0),
        ..Meeting::default()
    };
    limited(plan, "bucket", "limit 4/s burst 16 per ip", 4.0, meeting);
}

fn bucket_tenfold(plan: &mut Plan) {
    let meeting = Meeting {
        overload: 10.0,
        minutes: (8.0, 15.0),
        ..Meeting::default()
    };
    limited(plan, "bucket", "limit 2/s burst 40 per ip", 2.0, meeting);
}

fn bucket_prompt(plan: &mut Plan) {
    limited(
        plan,
        "bucket",
        "limit 3/s burst 0 per ip",
        3.0,
        Meeting {
            overload: 2.5,
            ..Meeting::default()
        },
    );
}

fn bucket_office(plan: &mut Plan) {
    let at = limited(
        plan,
        "bucket",
        "limit 2/s burst 20 per ip",
        2.0,
        Meeting {
            overload: 2.4,
            ..Meeting::default()
        },
    );
    // One address, many browsers and programs behind it.
    let stream = &mut plan.streams[at];
    let agents: Vec<String> = (0..40).map(|i| format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36", 90 + i)).collect();
    stream.callers[0].user_agents = agents;
    stream.keys.remove("user_agent");
}

fn backoff(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 9,
        overload: 6.0,
        reaction: Reaction::BackOff(0.5),
        minutes: (40.0, 90.0),
        ..Meeting::default()
    };
    let at = limited(plan, "bucket", "limit 0.8/s burst 10 per ip", 0.8, meeting);
    plan.streams[at].hard = Some("back-off".to_string());
}

fn retry(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 3,
        overload: 1.8,
        reaction: Reaction::Retry(0.4, 5),
        ..Meeting::default()
    };
    limited(plan, "bucket", "limit 2/s burst 12 per ip", 2.0, meeting);
}

fn token(plan: &mut Plan) {
    let at = limited(
        plan,
        "token",
        "limit 3/s burst 24 per token",
        3.0,
        Meeting {
            minutes: (30.0, 60.0),
            ..Meeting::default()
        },
    );
    let machines = 18 + plan.random.below(30);
    let ips = (0..machines)
        .map(|_| population::cloud_ip(&mut plan.random))
        .collect();
    let stream = &mut plan.streams[at];
    stream.callers[0].ips = ips;
    let ips = stream.callers[0]
        .ips
        .iter()
        .map(|ip| ip.to_string())
        .collect();
    stream.keys.insert("ip".to_string(), ips);
    stream.keys.extend(
        stream.callers[0]
            .token
            .clone()
            .map(|token| ("token".to_string(), vec![token])),
    );
    stream.hard = Some("token not in log".to_string());
}

fn route_flash(plan: &mut Plan) {
    let stretch = plan.stretch(8.0, 18.0);
    let guard_policy = plan.policy("limit 5/s burst 50 on /landing");
    let guard = plan.guard("flash", Cause::RateLimit, guard_policy);
    let ips = (0..4000)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    let crowd = Caller {
        ips,
        user_agents: vec![
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1".to_string(),
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36".to_string(),
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0".to_string(),
        ],
        token: None,
        user: None,
        targets: Targets::Api("GET", vec!["/landing".to_string()]),
        pace: busy(0.02, 16.0, stretch, Shape::Hill),
        reaction: Reaction::Ignore,
        referer: "https://news.example.org/".to_string(),
    };
    plan.streams.push(Stream {
        id: "flash".to_string(),
        detail: "limit 5/s burst 50 for all callers of /landing, flash crowd".to_string(),
        keys: super::named(&[("route", "/landing")]),
        guards: vec![guard],
        callers: vec![crowd],
        hard: Some("no single key".to_string()),
        ..Stream::default()
    });
}

fn window_minute(plan: &mut Plan) {
    let budget = *plan.random.pick(&[20, 40, 75, 100]);
    let rate = f64::from(budget) / 60.0;
    limited(
        plan,
        "window",
        &format!("limit {budget} in 60s per ip"),
        rate,
        Meeting {
            minutes: (30.0, 60.0),
            ..Meeting::default()
        },
    );
}

fn window_short(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 3,
        overload: 2.5,
        ..Meeting::default()
    };
    limited(plan, "window", "limit 25 in 10s per ip", 2.5, meeting);
}

fn window_hour(plan: &mut Plan) {
    let meeting = Meeting {
        overload: 3.5,
        shape: Shape::Regular,
        minutes: (200.0, 360.0),
        ..Meeting::default()
    };
    let at = limited(
        plan,
        "window",
        "limit 1000 in 1h per token",
        1000.0 / 3600.0,
        meeting,
    );
    plan.streams[at].hard = Some("token not in log".to_string());
}

fn sliding(plan: &mut Plan) {
    let budget = *plan.random.pick(&[60, 120, 150]);
    let meeting = Meeting {
        callers: 2,
        overload: 2.5,
        shape: Shape::Bursts(240.0, 150.0),
        ..Meeting::default()
    };
    limited(
        plan,
        "sliding",
        &format!("limit {budget} in 60s sliding per ip"),
        f64::from(budget) / 60.0,
        meeting,
    );
}

fn sliding_proxy(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 2,
        overload: 4.0,
        minutes: (12.0, 25.0),
        ..Meeting::default()
    };
    let at = limited(
        plan,
        "sliding",
        "limit 100 in 30s sliding per ip",
        100.0 / 30.0,
        meeting,
    );
    let guard = &mut plan.streams[at].guards[0];
    guard.approximate = true;
    guard.by_application = false;
    guard.body = Body::Fixed(93);
}

fn hold_renewed(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 3,
        overload: 2.4,
        shape: Shape::Bursts(20.0, 45.0),
        minutes: (30.0, 60.0),
        ..Meeting::default()
    };
    limited(plan, "hold", "hold 40s after 25 in 5s per ip", 5.0, meeting);
}

fn hold_fixed(plan: &mut Plan) {
    let meeting = Meeting {
        callers: 2,
        overload: 2.0,
        shape: Shape::Bursts(90.0, 60.0),
        minutes: (60.0, 110.0),
        ..Meeting::default()
    };
    limited(
        plan,
        "hold",
        "hold 5m fixed after 100 in 30s per ip",
        100.0 / 30.0,
        meeting,
    );
}

fn at_once(plan: &mut Plan) {
    let meeting = Meeting {
        overload: 30.0,
        minutes: (15.0, 30.0),
        ..Meeting::default()
    };
    limited(plan, "at_once", "limit 3 at once per ip", 2.0, meeting);
}

/// A pace that keeps calling through the whole log.
pub(super) fn steady(per_s: f64) -> Pace {
    population::always(per_s, Shape::Random, false)
}
