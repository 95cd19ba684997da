//! Access rules: places, credentials, roles, origins and the shape of requests.

use super::limits::steady;
use super::{
    Body, Caller, Cause, Fact, Named, Plan, Reaction, Shape, Stream, Targets, busy, named,
    population,
};
use crate::synth::site;

pub(super) const ALL: &[Named] = &[
    Named {
        name: "route-deploy",
        about: "a place denied by a deployment, later mended",
        build: route_deploy,
    },
    Named {
        name: "route-file",
        about: "one file that the server cannot read",
        build: route_file,
    },
    Named {
        name: "route-directory",
        about: "directories without an index, met by a crawler",
        build: directory,
    },
    Named {
        name: "credential-missing",
        about: "a new release of an app without its key",
        build: missing,
    },
    Named {
        name: "credential-expired",
        about: "a key that expires and is renewed",
        build: expired,
    },
    Named {
        name: "credential-revoked",
        about: "a key that is revoked; its fleet retries",
        build: revoked,
    },
    Named {
        name: "credential-link",
        about: "a signed link that expires",
        build: link,
    },
    Named {
        name: "permission-role",
        about: "a valid key without the role",
        build: role,
    },
    Named {
        name: "cors-deploy",
        about: "preflights of all browsers denied",
        build: cors_deploy,
    },
    Named {
        name: "cors-partner",
        about: "a partner's new origin is not allowed",
        build: cors_partner,
    },
    Named {
        name: "shape-method",
        about: "methods that are not allowed",
        build: method,
    },
    Named {
        name: "shape-hotlink",
        about: "images shown by a foreign forum",
        build: hotlink,
    },
    Named {
        name: "shape-csrf",
        about: "forms that a deployment made stale",
        build: csrf,
    },
];

pub(super) fn route_deploy(plan: &mut Plan) {
    let stretch = plan.stretch(30.0, 120.0);
    let policy = plan.policy_between("deny route under /blog", stretch.0, stretch.1);
    let guard = plan.guard("route", Cause::RouteAcl, policy);
    plan.streams.push(Stream {
        id: "route".to_string(),
        detail: "everything below /blog denied by a deployment, later mended".to_string(),
        keys: named(&[("route", "/blog")]),
        guards: vec![guard],
        ..Stream::default()
    });
}

fn route_file(plan: &mut Plan) {
    let stretch = plan.stretch(40.0, 120.0);
    let policy = plan.policy_between("deny route /static/fonts/inter.woff2", stretch.0, stretch.1);
    let guard = plan.guard("file", Cause::RouteAcl, policy);
    plan.streams.push(Stream {
        id: "file".to_string(),
        detail: "a font file deployed without read permission".to_string(),
        keys: named(&[("route", "/static/fonts/inter.woff2")]),
        guards: vec![guard],
        ..Stream::default()
    });
}

fn directory(plan: &mut Plan) {
    let stretch = plan.stretch(20.0, 60.0);
    let policy = plan.policy("deny path under /static, /downloads, /media");
    let mut guard = plan.guard("directory", Cause::RouteAcl, policy);
    guard.fact = Some(Fact::Directory);
    let mut caller = plan.program("/", busy(0.05, 0.6, stretch, Shape::Random));
    caller.user_agents = vec![
        "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)".to_string(),
    ];
    caller.token = None;
    let directories = [
        "/static/",
        "/static/img/",
        "/downloads/",
        "/downloads/{id}/",
        "/media/{id}/",
        "/blog/",
        "/products/{id}",
    ];
    caller.targets = Targets::Api("GET", directories.map(String::from).to_vec());
    plan.streams.push(Stream {
        id: "directory".to_string(),
        detail: "directories without an index page, walked by a crawler".to_string(),
        keys: plan.keys(&[caller.clone()], "/downloads/"),
        guards: vec![guard],
        callers: vec![caller],
        ..Stream::default()
    });
}

/// Customers of the same API who keep their keys: exposure for the ones that do not.
fn others(plan: &mut Plan, route: &str, count: usize) -> Vec<Caller> {
    (0..count)
        .map(|_| {
            let rate = plan.random.within(0.02, 0.12);
            plan.program(route, steady(rate))
        })
        .collect()
}

fn missing(plan: &mut Plan) {
    let stretch = plan.stretch(60.0, 180.0);
    let agent = format!(
        "AcmeApp/{}.{}.0 (Android 14; okhttp/4.12.0)",
        4 + plan.random.below(4),
        plan.random.below(10)
    );
    let mut app = plan.program("/api/v1/orders/{id}", busy(0.0, 0.9, stretch, Shape::Hill));
    app.ips = (0..300)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    app.user_agents = vec![agent.clone()];
    app.token = None;
    app.targets = Targets::Methods(
        vec![("GET", 0.8), ("POST", 0.2)],
        vec![
            "/api/v1/orders/{id}".into(),
            "/api/v1/users/{uuid}/profile".into(),
        ],
    );
    let policy = plan.policy("deny path under /api/v1/orders, /api/v1/users");
    let mut guard = plan.guard("missing", Cause::Credential, policy);
    guard.fact = Some(Fact::NoToken);
    guard.body = plan.application_body();
    guard.by_application = true;
    let mut callers = others(plan, "/api/v1/orders/{id}", 6);
    callers.push(app);
    plan.streams.push(Stream {
        id: "missing".to_string(),
        detail: "a release of an app that does not send its key".to_string(),
        keys: named(&[("user_agent", &agent), ("route", "/api/v1/orders")]),
        guards: vec![guard],
        callers,
        accept: vec![Cause::BotFilter],
        hard: Some("an agent list looks alike".to_string()),
        ..Stream::default()
    });
}

/// A key that stops being valid for a while, or for good.
fn key_denied(
    plan: &mut Plan,
    id: &str,
    detail: &str,
    until_end: bool,
    machines: usize,
    reaction: Reaction,
) {
    let stretch = plan.stretch(60.0, 150.0);
    let routes = [
        "/api/v1/orders/{id}",
        "/api/v1/products?page={id}",
        "/api/v1/inventory?sku=SKU-{id}",
    ];
    let mut caller = plan.program(routes[0], steady(0.4));
    caller.ips = (0..machines)
        .map(|_| population::cloud_ip(&mut plan.random))
        .collect();
    caller.targets = Targets::Methods(
        vec![("GET", 0.85), ("POST", 0.15)],
        routes.map(String::from).to_vec(),
    );
    caller.reaction = reaction;
    let token = caller.token.clone().unwrap_or_default();
    let until = if until_end { plan.seconds } else { stretch.1 };
    let policy = plan.policy_between(
        &format!("deny token {token} and path under /api/"),
        stretch.0,
        until,
    );
    let mut guard = plan.guard(id, Cause::Credential, policy);
    guard.body = plan.application_body();
    guard.by_application = true;
    let mut keys = plan.keys(&[caller.clone()], "/api/");
    keys.insert("token".to_string(), vec![token]);
    let mut callers = others(plan, routes[0], 5);
    callers.push(caller);
    plan.streams.push(Stream {
        id: id.to_string(),
        detail: detail.to_string(),
        keys,
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
}

fn expired(plan: &mut Plan) {
    key_denied(
        plan,
        "expired",
        "a key expires and is renewed later",
        false,
        4,
        Reaction::Retry(2.0, 2),
    );
}

pub(super) fn revoked(plan: &mut Plan) {
    key_denied(
        plan,
        "revoked",
        "a key is revoked for good; its machines back off",
        true,
        9,
        Reaction::BackOff(1.0),
    );
}

fn link(plan: &mut Plan) {
    let (from, until) = plan.stretch(60.0, 150.0);
    let expires = plan.at(from).timestamp();
    let signature = plan.random.hex(40);
    let path = "/downloads/catalogue.pdf";
    let mut readers = plan.program(path, busy(0.02, 0.35, (from - 1800.0, until), Shape::Hill));
    readers.ips = (0..900)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    readers.user_agents = vec![
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1".into(),
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36".into(),
    ];
    readers.token = None;
    readers.targets = Targets::Api(
        "GET",
        vec![format!("{path}?expires={expires}&signature={signature}")],
    );
    let policy = plan.policy(&format!("deny path {path}"));
    let mut guard = plan.guard("link", Cause::Credential, policy);
    guard.fact = Some(Fact::LinkExpired);
    plan.streams.push(Stream {
        id: "link".to_string(),
        detail: "a mailed link whose signature expires".to_string(),
        keys: named(&[("route", path)]),
        guards: vec![guard],
        callers: vec![readers],
        ..Stream::default()
    });
}

pub(super) fn role(plan: &mut Plan) {
    let stretch = plan.stretch(60.0, 150.0);
    let route = *plan
        .random
        .pick(&["/api/v1/exports", "/api/v1/reports", "/api/v1/admin/users"]);
    let mut caller = plan.program(route, busy(0.08, 0.6, stretch, Shape::Random));
    // The same client goes on elsewhere.
    caller.targets = Targets::Api(
        "GET",
        vec![
            format!("{route}?page={{id}}"),
            route.to_string(),
            "/api/v1/status".into(),
            "/api/v1/products/{id}".into(),
        ],
    );
    let token = caller.token.clone().unwrap_or_default();
    let policy = plan.policy(&format!("deny token {token} on {route}"));
    let mut guard = plan.guard("role", Cause::Permission, policy);
    guard.body = plan.application_body();
    guard.by_application = true;
    let mut keys = plan.keys(&[caller.clone()], route);
    keys.insert("token".to_string(), vec![token]);
    let mut callers = others(plan, route, 4);
    callers.push(caller);
    plan.streams.push(Stream {
        id: "role".to_string(),
        detail: format!("a valid key without the role for {route}"),
        keys,
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
}

pub(super) fn cors_deploy(plan: &mut Plan) {
    let stretch = plan.stretch(50.0, 140.0);
    let policy = plan.policy_between("deny method OPTIONS on /api/", stretch.0, stretch.1);
    let mut guard = plan.guard("cors", Cause::Cors, policy);
    guard.fact = Some(Fact::ForeignOrigin);
    plan.streams.push(Stream {
        id: "cors".to_string(),
        detail: "every preflight denied; the calls behind them vanish".to_string(),
        keys: named(&[("method", "OPTIONS"), ("route", "/api/")]),
        guards: vec![guard],
        ..Stream::default()
    });
}

fn cors_partner(plan: &mut Plan) {
    let stretch = plan.stretch(40.0, 100.0);
    let referer = "https://partner-shop.example.org/";
    let mut caller = plan.program("/api/v2/quotes", busy(0.0, 0.5, stretch, Shape::Hill));
    caller.ips = (0..500)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    caller.user_agents = vec!["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36".into()];
    caller.token = None;
    caller.referer = referer.to_string();
    caller.targets = Targets::CrossOrigin(vec!["/api/v2/quotes".into()]);
    let policy =
        plan.policy("deny method OPTIONS and referer_host partner-shop.example.org on /api/");
    let mut guard = plan.guard("cors", Cause::Cors, policy);
    guard.fact = Some(Fact::ForeignOrigin);
    guard.body = plan.application_body();
    guard.by_application = true;
    plan.streams.push(Stream {
        id: "cors".to_string(),
        detail: "a partner's page whose origin is not allowed".to_string(),
        keys: named(&[("method", "OPTIONS"), ("route", "/api/v2/quotes")]),
        guards: vec![guard],
        callers: vec![caller],
        ..Stream::default()
    });
}

fn method(plan: &mut Plan) {
    let stretch = plan.stretch(30.0, 90.0);
    let route = "/api/v1/products/{id}";
    let mut callers = others(plan, route, 5);
    let mut sync = plan.program(route, busy(0.05, 0.8, stretch, Shape::Regular));
    sync.targets = Targets::Methods(
        vec![("GET", 0.45), ("PUT", 0.4), ("DELETE", 0.15)],
        vec![route.into()],
    );
    let policy = plan.policy("deny method PUT, DELETE, PATCH on /api/v1/products/");
    let guard = plan.guard("method", Cause::RequestShape, policy);
    let mut keys = plan.keys(&[sync.clone()], "/api/v1/products/");
    keys.insert(
        "method".to_string(),
        vec!["PUT".to_string(), "DELETE".to_string()],
    );
    callers.push(sync);
    plan.streams.push(Stream {
        id: "method".to_string(),
        detail: "PUT and DELETE are not allowed; GET is".to_string(),
        keys,
        guards: vec![guard],
        callers,
        ..Stream::default()
    });
}

fn hotlink(plan: &mut Plan) {
    let stretch = plan.stretch(40.0, 120.0);
    let host = *plan
        .random
        .pick(&["forum.example.net", "board.example.org", "pics.example.io"]);
    let mut caller = plan.program("/static/img/hero.jpg", busy(0.0, 0.7, stretch, Shape::Hill));
    caller.ips = (0..700)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    caller.user_agents = vec![
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36".into(),
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0".into(),
    ];
    caller.token = None;
    caller.referer = format!("https://{host}/thread/{}", 1000 + plan.random.below(9000));
    caller.targets = Targets::Api(
        "GET",
        vec!["/static/img/hero.jpg".into(), "/static/img/logo.svg".into()],
    );
    let policy = plan.policy(&format!("deny referer_host {host} on /static/img/"));
    let guard = plan.guard("hotlink", Cause::RequestShape, policy);
    plan.streams.push(Stream {
        id: "hotlink".to_string(),
        detail: format!("images shown by {host}"),
        keys: named(&[("route", "/static/img/"), ("referer", host)]),
        guards: vec![guard],
        callers: vec![caller],
        ..Stream::default()
    });
}

fn csrf(plan: &mut Plan) {
    let stretch = plan.stretch(60.0, 120.0);
    let policy = plan.policy_between(
        "deny method POST and path /checkout, /members/profile",
        stretch.0,
        stretch.1,
    );
    let mut guard = plan.guard("csrf", Cause::RequestShape, policy);
    guard.fact = Some(Fact::StaleForm);
    guard.body = Body::Fixed(plan.random.between(900, 2600) as u32);
    guard.by_application = true;
    // People with long sessions keep submitting what the deployment made stale.
    let mut app = plan.program("/checkout", busy(0.01, 0.12, stretch, Shape::Random));
    app.ips = (0..150)
        .map(|_| population::home_ip(&mut plan.random))
        .collect();
    app.user_agents = vec!["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15".into()];
    app.token = None;
    app.referer = "https://shop.example.com/cart".to_string();
    app.targets = Targets::Api("POST", vec!["/checkout".into()]);
    let mut stale = guard.clone();
    stale.fact = None;
    stale.policy = plan.policy_between(
        "deny method POST and user_agent containing Version/17.4 and path /checkout",
        stretch.0,
        stretch.1,
    );
    plan.streams.push(Stream {
        id: "csrf".to_string(),
        detail: "forms whose token a deployment made void".to_string(),
        keys: named(&[("method", "POST"), ("route", "/checkout")]),
        guards: vec![guard, stale],
        callers: vec![app],
        hard: Some("small".to_string()),
        ..Stream::default()
    });
}

/// A rule that denies something small all day, as most servers have one.
pub(super) fn standing(plan: &mut Plan) {
    let mut caller = plan.program("/api/v1/exports", steady(0.02));
    caller.targets = Targets::Api(
        "GET",
        site::API_ROUTES[..3]
            .iter()
            .map(|r| r.to_string())
            .chain(["/api/v1/exports".into()])
            .collect(),
    );
    let token = caller.token.clone().unwrap_or_default();
    let policy = plan.policy(&format!("deny token {token} on /api/v1/exports"));
    let mut guard = plan.guard("standing", Cause::Permission, policy);
    guard.body = plan.application_body();
    guard.by_application = true;
    plan.streams.push(Stream {
        id: "standing".to_string(),
        detail: "a client that keeps asking for what it may not have".to_string(),
        guards: vec![guard],
        callers: vec![caller],
        standing: true,
        ..Stream::default()
    });
}
