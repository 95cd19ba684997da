//! Several causes in one log, at once or one after another, and logs without any spike.

use super::limits::steady;
use super::{Cause, Named, Plan, Shape, Stream, Targets, access, busy, limits, lists};

pub(super) const ALL: &[Named] = &[
    Named {
        name: "mixed-two",
        about: "a limit and a revoked key",
        build: two,
    },
    Named {
        name: "mixed-overlap",
        about: "a limit, a crawler and a role at the same time",
        build: overlap,
    },
    Named {
        name: "mixed-many",
        about: "a limit, a deployment, preflights, a key and a role",
        build: many,
    },
    Named {
        name: "mixed-limit-429",
        about: "a limiter that answers 429 beside a list",
        build: limit_429,
    },
    Named {
        name: "mixed-days",
        about: "every cause, one after another and at once, and some hostile lines: for bench",
        build: days,
    },
    Named {
        name: "none-steady",
        about: "no spike: standing denials only",
        build: steady_denials,
    },
    Named {
        name: "none-growth",
        about: "no spike: traffic doubles, so do standing denials",
        build: growth,
    },
    Named {
        name: "none-flash",
        about: "no spike: a flash crowd that is served",
        build: flash,
    },
    Named {
        name: "plain",
        about: "ordinary traffic, for benchmarks",
        build: |_| {},
    },
];

fn two(plan: &mut Plan) {
    limits::bucket_ip(plan);
    access::revoked(plan);
}

fn overlap(plan: &mut Plan) {
    limits::bucket_ip(plan);
    access::role(plan);
    lists::agent(plan);
}

fn many(plan: &mut Plan) {
    limits::bucket_ip(plan);
    access::route_deploy(plan);
    access::cors_deploy(plan);
    access::revoked(plan);
    access::role(plan);
    access::standing(plan);
}

/// What happens in `mixed-days`: each cause, those that are met most several times; none of the
/// scenarios whose own callers would be most of a log of days.
const DAYS: [&str; 22] = [
    "limit-bucket-ip",
    "limit-bucket-minute",
    "limit-retry",
    "limit-token",
    "limit-route-flash",
    "limit-window-minute",
    "limit-sliding",
    "limit-hold-fixed",
    "ip-list-pushed",
    "bot-agent",
    "bot-distributed",
    "bot-waf-many",
    "route-deploy",
    "route-file",
    "route-directory",
    "credential-missing",
    "credential-revoked",
    "credential-link",
    "permission-role",
    "cors-deploy",
    "shape-method",
    "shape-hotlink",
];

/// Of the lines of `mixed-days`, the share that is hostile. On servers open to the world a scan or a
/// handshake of another protocol is met every few hundred requests.
const HOSTILE_SHARE: f64 = 0.004;

fn days(plan: &mut Plan) {
    let parts = DAYS
        .iter()
        .filter_map(|name| super::all().find(|other| other.name == *name));
    for part in parts {
        let first = plan.streams.len();
        (part.build)(plan);
        for stream in plan.streams.iter_mut().skip(first) {
            // Several limits call themselves the same.
            let id = format!("{}:{}", part.name, stream.id);
            let old = std::mem::replace(&mut stream.id, id);
            let guards = stream.guards.iter_mut().filter(|guard| guard.tag == old);
            guards.for_each(|guard| guard.tag.clone_from(&stream.id));
        }
    }
    access::standing(plan);
    plan.hostile = HOSTILE_SHARE;
}

fn limit_429(plan: &mut Plan) {
    limits::bucket_ip(plan);
    if let Some(guard) = plan
        .streams
        .last_mut()
        .and_then(|stream| stream.guards.first_mut())
    {
        guard.status = 429;
    }
    lists::agent(plan);
}

fn steady_denials(plan: &mut Plan) {
    access::standing(plan);
}

fn growth(plan: &mut Plan) {
    access::standing(plan);
    let half = plan.seconds / 2.0;
    let stretch = (half, plan.seconds);
    // A crawler on the agent list, at a pace that doubles with the rest.
    let mut bot = plan.program("/", busy(0.03, 0.06, stretch, Shape::Random));
    bot.user_agents = vec![
        "Mozilla/5.0 (compatible; DotBot/1.2; +https://opensiteexplorer.org/dotbot)".to_string(),
    ];
    bot.token = None;
    bot.targets = Targets::Pages;
    let policy = plan.policy("deny user_agent containing DotBot");
    let guard = plan.guard("dotbot", Cause::BotFilter, policy);
    let mut more = plan.program(
        "/api/v1/products?page={id}",
        busy(0.5, 1.0, stretch, Shape::Random),
    );
    more.ips = (0..40)
        .map(|_| super::population::cloud_ip(&mut plan.random))
        .collect();
    plan.streams.push(Stream {
        id: "dotbot".to_string(),
        detail: "an agent on the list, all day".to_string(),
        guards: vec![guard],
        callers: vec![bot, more],
        standing: true,
        ..Stream::default()
    });
}

fn flash(plan: &mut Plan) {
    access::standing(plan);
    let stretch = plan.stretch(10.0, 30.0);
    let mut crowd = plan.program("/landing", busy(0.02, 12.0, stretch, Shape::Hill));
    crowd.ips = (0..3000)
        .map(|_| super::population::home_ip(&mut plan.random))
        .collect();
    crowd.user_agents = vec!["Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36".to_string()];
    crowd.token = None;
    let callers = vec![crowd, plan.program("/api/v1/status", steady(0.05))];
    plan.streams.push(Stream {
        id: "crowd".to_string(),
        detail: "a flash crowd that is served".to_string(),
        callers,
        standing: true,
        ..Stream::default()
    });
}
