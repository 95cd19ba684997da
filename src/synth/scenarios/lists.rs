//! Address lists and bot filters: from the start, pushed in the middle, by agent, payload, challenge.

use super::limits::steady;
use super::{
    Caller, Cause, Fact, Named, Plan, Reaction, Shape, Stream, Targets, busy, named, population,
};
use crate::synth::site;
use std::net::Ipv4Addr;

pub(super) const ALL: &[Named] = &[
    Named {
        name: "ip-list-pushed",
        about: "some customers' addresses listed and released",
        build: list_pushed,
    },
    Named {
        name: "ip-network-pushed",
        about: "networks listed in the middle",
        build: network_pushed,
    },
    Named {
        name: "ip-list-standing",
        about: "a listed network that comes to call",
        build: list_standing,
    },
    Named {
        name: "ip-list-storm",
        about: "a listed client that retries hard",
        build: list_storm,
    },
    Named {
        name: "bot-agent",
        about: "an agent list meets a crawler",
        build: agent,
    },
    Named {
        name: "bot-agent-pushed",
        about: "an agent list that comes in the middle",
        build: agent_pushed,
    },
    Named {
        name: "bot-distributed",
        about: "one odd agent from thousands of addresses",
        build: distributed,
    },
    Named {
        name: "bot-waf",
        about: "a filter of attacks meets one attacker",
        build: waf,
    },
    Named {
        name: "bot-waf-many",
        about: "attacks from many addresses",
        build: waf_many,
    },
    Named {
        name: "bot-challenge",
        about: "a challenge for browsers",
        build: challenge,
    },
];

fn list_pushed(plan: &mut Plan) {
    let stretch = plan.stretch(60.0, 200.0);
    let callers: Vec<Caller> = (0..4 + plan.random.below(4))
        .map(|_| {
            let rate = plan.random.within(0.02, 0.25);
            let mut caller = plan.program("/api/v1/products?page={id}", steady(rate));
            caller.targets = Targets::Api("GET", site::API_ROUTES.map(String::from).to_vec());
            caller
        })
        .collect();
    let ips: Vec<String> = callers
        .iter()
        .map(|caller| caller.ips[0].to_string())
        .collect();
    let policy = plan.policy_between(&format!("deny ip {}", ips.join(", ")), stretch.0, stretch.1);
    let guard = plan.guard("list", Cause::IpAcl, policy);
    plan.streams.push(Stream {
        id: "list".to_string(),
        detail: "customers' addresses put on a list and taken off again".to_string(),
        keys: [("ip".to_string(), ips)].into(),
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
}

/// Machines of one network, each by itself.
fn network(
    plan: &mut Plan,
    per_s: f64,
    shape: Shape,
    stretch: (f64, f64),
    calm: f64,
) -> (String, Vec<Caller>) {
    let [a, b, c, _] = population::cloud_ip(&mut plan.random).octets();
    let callers = (0..12 + plan.random.below(12))
        .map(|_| {
            let pace = busy(calm, per_s, stretch, shape);
            let mut caller = plan.program("/", pace);
            caller.ips = vec![Ipv4Addr::new(a, b, c, 1 + plan.random.below(254) as u8)];
            caller.targets = if plan.random.happens(0.5) {
                Targets::Pages
            } else {
                Targets::Api("GET", site::API_ROUTES.map(String::from).to_vec())
            };
            caller
        })
        .collect();
    (format!("{a}.{b}.{c}.0/24"), callers)
}

fn network_pushed(plan: &mut Plan) {
    let stretch = plan.stretch(50.0, 150.0);
    let (first, mut callers) = network(plan, 0.03, Shape::Random, (0.0, 0.0), 0.03);
    let (second, more) = network(plan, 0.05, Shape::Random, (0.0, 0.0), 0.05);
    callers.extend(more);
    let policy = plan.policy_between(
        &format!("deny prefix {first}, {second}"),
        stretch.0,
        stretch.1,
    );
    let guard = plan.guard("networks", Cause::IpAcl, policy);
    let start_of = |network: &str| network.trim_end_matches("0/24").to_string();
    let ips = callers
        .iter()
        .map(|caller| caller.ips[0].to_string())
        .collect();
    plan.streams.push(Stream {
        id: "networks".to_string(),
        detail: format!("{first} and {second} listed and released"),
        keys: [
            (
                "cidr".to_string(),
                vec![start_of(&first), start_of(&second)],
            ),
            ("ip".to_string(), ips),
        ]
        .into(),
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
}

fn list_standing(plan: &mut Plan) {
    let stretch = plan.stretch(30.0, 80.0);
    let (network, callers) = network(plan, 0.15, Shape::Random, stretch, 0.0);
    let policy = plan.policy(&format!("deny prefix {network}"));
    let guard = plan.guard("network", Cause::IpAcl, policy);
    let ips = callers
        .iter()
        .map(|caller| caller.ips[0].to_string())
        .collect();
    plan.streams.push(Stream {
        id: "network".to_string(),
        detail: format!("{network} is listed and comes to call"),
        keys: [
            (
                "cidr".to_string(),
                vec![network.trim_end_matches("0/24").to_string()],
            ),
            ("ip".to_string(), ips),
        ]
        .into(),
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
}

fn list_storm(plan: &mut Plan) {
    let stretch = plan.stretch(40.0, 90.0);
    let mut caller = plan.program("/api/v1/orders/{id}", steady(0.1));
    caller.targets = Targets::Api("GET", site::API_ROUTES.map(String::from).to_vec());
    caller.reaction = Reaction::Retry(1.0, 1_000_000);
    let ip = caller.ips[0].to_string();
    let policy = plan.policy_between(&format!("deny ip {ip}"), stretch.0, stretch.1);
    let guard = plan.guard("storm", Cause::IpAcl, policy);
    plan.streams.push(Stream {
        id: "storm".to_string(),
        detail: "one address listed; its client retries every second".to_string(),
        keys: named(&[("ip", &ip)]),
        guards: vec![guard],
        callers: vec![caller],
        hard: Some("retries look like a jump".to_string()),
        ..Stream::default()
    });
}

const BOTS: [(&str, &str); 4] = [
    (
        "GPTBot",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ),
    (
        "Bytespider",
        "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    ),
    (
        "PetalBot",
        "Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
    ),
    ("Scrapy", "Scrapy/2.11.2 (+https://scrapy.org)"),
];

fn crawler(plan: &mut Plan, pace: super::Pace) -> (&'static str, Caller) {
    let (name, agent) = *plan.random.pick(&BOTS);
    let [a, b, c, _] = population::cloud_ip(&mut plan.random).octets();
    let mut caller = plan.program("/", pace);
    caller.ips = (0..6 + plan.random.below(20))
        .map(|i| Ipv4Addr::new(a, b, c, 10 + i as u8 * 4))
        .collect();
    caller.user_agents = vec![agent.to_string()];
    caller.token = None;
    caller.targets = Targets::Pages;
    (name, caller)
}

fn agent_stream(plan: &mut Plan, name: &str, caller: Caller, policy: crate::policy::rule::Policy) {
    let guard = plan.guard("bot", Cause::BotFilter, policy);
    plan.streams.push(Stream {
        id: "bot".to_string(),
        detail: format!("agents containing {name} are denied"),
        keys: [("user_agent".to_string(), caller.user_agents.clone())].into(),
        guards: vec![guard],
        callers: vec![caller],
        ..Stream::default()
    });
}

pub(super) fn agent(plan: &mut Plan) {
    let stretch = plan.stretch(40.0, 120.0);
    let pace = busy(0.0, plan.random.within(0.3, 1.2), stretch, Shape::Hill);
    let (name, caller) = crawler(plan, pace);
    let policy = plan.policy(&format!("deny user_agent containing {name}"));
    agent_stream(plan, name, caller, policy);
}

fn agent_pushed(plan: &mut Plan) {
    let stretch = plan.stretch(60.0, 180.0);
    let (name, caller) = crawler(plan, steady(0.25));
    let policy = plan.policy_between(
        &format!("deny user_agent containing {name}"),
        stretch.0,
        stretch.1,
    );
    agent_stream(plan, name, caller, policy);
}

fn distributed(plan: &mut Plan) {
    let stretch = plan.stretch(30.0, 90.0);
    let agent = "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Safari/537.36";
    let mut caller = plan.program("/products/{id}", busy(0.0, 2.0, stretch, Shape::Random));
    caller.ips = (0..3000)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    caller.user_agents = vec![agent.to_string()];
    caller.token = None;
    let policy = plan.policy("deny user_agent containing Chrome/52.0");
    let mut guard = plan.guard("bot", Cause::BotFilter, policy);
    guard.body = super::Body::Fixed(1_020 + plan.random.below(900) as u32);
    plan.streams.push(Stream {
        id: "bot".to_string(),
        detail: "one old agent from thousands of addresses".to_string(),
        keys: named(&[("user_agent", agent)]),
        guards: vec![guard],
        callers: vec![caller],
        hard: Some("distributed".to_string()),
        ..Stream::default()
    });
}

fn attacks(plan: &mut Plan, addresses: usize, per_s: f64) {
    let stretch = plan.stretch(25.0, 70.0);
    let mut caller = plan.program("/", busy(0.0, per_s, stretch, Shape::Random));
    caller.ips = (0..addresses)
        .map(|_| population::cloud_ip(&mut plan.random))
        .collect();
    caller.user_agents = vec![
        plan.random
            .pick(&[
                "sqlmap/1.8.3#stable (https://sqlmap.org)",
                "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
            ])
            .to_string(),
    ];
    caller.token = None;
    caller.targets = Targets::Attacks(0.8);
    let policy = plan.policy("deny all");
    let mut guard = plan.guard("waf", Cause::BotFilter, policy);
    guard.fact = Some(Fact::Attack);
    plan.streams.push(Stream {
        id: "waf".to_string(),
        detail: format!("attacks from {addresses} address(es), mixed with harmless requests"),
        keys: if addresses < 50 {
            plan.keys(&[caller.clone()], "")
        } else {
            named(&[("user_agent", &caller.user_agents[0])])
        },
        guards: vec![guard],
        callers: vec![caller],
        ..Stream::default()
    });
}

fn waf(plan: &mut Plan) {
    let per_s = plan.random.within(0.4, 2.0);
    attacks(plan, 1, per_s);
}

fn waf_many(plan: &mut Plan) {
    attacks(plan, 120, 0.8);
}

fn challenge(plan: &mut Plan) {
    let stretch = plan.stretch(30.0, 90.0);
    let text = "deny method GET and path not /favicon.ico and path not /health and user_agent containing Mozilla and user_agent containing Chrome/, Firefox/, Safari/ and path under /products, /blog, /category, /search, /about, /cart";
    let policy = plan.policy_between(text, stretch.0, stretch.1);
    let mut guard = plan.guard("challenge", Cause::BotFilter, policy);
    guard.fact = Some(Fact::Uncleared);
    guard.body = super::Body::Around(5_400 + plan.random.below(2_000) as u32);
    plan.streams.push(Stream {
        id: "challenge".to_string(),
        detail: "a challenge page answers the first request of each browser, which then passes"
            .to_string(),
        keys: named(&[("route", "/products")]),
        guards: vec![guard],
        hard: Some("no single key".to_string()),
        ..Stream::default()
    });
}
