//! What the application asks of a caller: a key, a right, a form's token, an origin.

use super::draft::Draft;
use crate::scenario::Event;
use crate::scenario::Stream;

/// Paths that need a key.
const DATA: [&str; 2] = ["/app/data/orders/{n}", "/app/data/users/{n}"];

pub(super) fn credential_revoked(draft: &mut Draft) {
    refused_meanwhile(draft, "revoke");
    if draft.until < draft.scenario.minutes {
        draft.scenario.events.push(Event {
            at: draft.until,
            control: "restore?token=key-pro-31".to_string(),
        });
    }
}

/// A key that is over, and is not renewed in the time of the log.
pub(super) fn credential_expired(draft: &mut Draft) {
    refused_meanwhile(draft, "expire");
}

/// A key that is known before, and refused from the beginning of the spike on.
fn refused_meanwhile(draft: &mut Draft, order: &str) {
    draft.application();
    let at = draft.from.max(draft.scenario.minutes * 0.1);
    draft.scenario.events.push(Event {
        at,
        control: format!("{order}?token=key-pro-31"),
    });
    let client = draft.program();
    let mut stream = draft.stream("etl", &client, &DATA);
    stream.headers = vec!["X-Api-Key: key-pro-31".to_string()];
    stream.addresses = 1 + draft.random.below(5);
    stream.calm = stream.rate;
    (stream.from, stream.until) = (at, stream.until.max(at + draft.scenario.minutes * 0.2));
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-pro-{caller}00".to_string()]
    });
    draft.push(stream);
}

/// An application that calls with its key and without it.
pub(super) fn credential_missing(draft: &mut Draft) {
    let stream = keyless(draft);
    draft.push(stream.clone());
    draft.besides(&stream, "with-its-key", |keyed| {
        keyed.headers = vec!["X-Api-Key: key-basic-9".to_string()];
        keyed.rate *= 0.5;
    });
}

pub(super) fn credential_wrong(draft: &mut Draft) {
    let mut stream = keyless(draft);
    stream.headers = vec!["X-Api-Key: key-wrong-3".to_string()];
    draft.push(stream);
}

fn keyless(draft: &mut Draft) -> Stream {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("caller", &client, &["/app/data/items/{n}"]);
    stream.addresses = 1 + draft.random.below(4);
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-basic-{caller}".to_string()]
    });
    stream
}

pub(super) fn signed_link(draft: &mut Draft) {
    draft.application();
    let expire = draft.from.max(draft.scenario.minutes * 0.1);
    let mut stream = draft.stream("sharers", "browser", &["/app/files/invoice-{n}.pdf"]);
    stream.links_expire = Some(expire);
    stream.addresses = 5 + draft.random.below(80);
    stream.calm = stream.rate;
    draft.others(&stream, |others| others.links_expire = Some(1e6));
    draft.push(stream);
}

pub(super) fn permission_plan(draft: &mut Draft) {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("basic", &client, &["/app/exports/{n}.csv"]);
    stream.headers = vec!["X-Api-Key: key-basic-5".to_string()];
    stream.addresses = 1 + draft.random.below(3);
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-pro-{caller}".to_string()]
    });
    draft.push(stream.clone());
    draft.besides(&stream, "same-key-elsewhere", |elsewhere| {
        elsewhere.paths = vec!["/app/data/orders/{n}".to_string()]
    });
}

/// A role lacking on a group of routes.
pub(super) fn permission_role(draft: &mut Draft) {
    role_lacking(draft, &["/app/reports/daily", "/app/reports/{n}"]);
}

pub(super) fn role_on_one_route(draft: &mut Draft) {
    role_lacking(draft, &["/app/reports/daily"]);
}

fn role_lacking(draft: &mut Draft, paths: &[&str]) {
    draft.application();
    let mut stream = draft.stream("viewers", "browser", paths);
    stream.user = Some("viewer{caller}".to_string());
    stream.addresses = 2 + draft.random.below(10);
    draft.others(&stream, |others| {
        others.user = Some("analyst-{caller}".to_string())
    });
    draft.push(stream.clone());
    draft.besides(&stream, "same-users-elsewhere", |elsewhere| {
        elsewhere.paths = vec!["/app/home".to_string(), "/app/profile/{n}".to_string()]
    });
}

/// Preflights of the shop's own pages, whose origin a deploy forgets.
pub(super) fn cors_by_deploy(draft: &mut Draft) {
    draft.application();
    let at = draft.from.max(draft.scenario.minutes * 0.1);
    draft.scenario.events.push(Event {
        at,
        control: "origin?remove=https%3A%2F%2Fapp.example.com".to_string(),
    });
    let mut stream = draft.stream(
        "app",
        "browser",
        &["/app/cors/cart/{n}", "/app/cors/orders"],
    );
    stream.method = "OPTIONS".to_string();
    stream.headers = vec![
        "Origin: https://app.example.com".to_string(),
        "Access-Control-Request-Method: PUT".to_string(),
    ];
    stream.referer = Some("https://app.example.com/".to_string());
    stream.addresses = 10 + draft.random.below(100);
    stream.calm = stream.rate;
    (stream.from, stream.until) = (at, stream.until.max(at + draft.scenario.minutes * 0.2));
    draft.others(&stream, |others| {
        others.headers = vec![
            "Origin: https://shop.example.com".to_string(),
            "Access-Control-Request-Method: PUT".to_string(),
        ];
        others.referer = Some("https://shop.example.com/".to_string());
    });
    draft.push(stream);
}

pub(super) fn cors_by_origin(draft: &mut Draft) {
    draft.feature("cors");
    let mut stream = draft.stream("partner", "browser", &["/api/v1/orders", "/api/v1/cart"]);
    stream.method = "OPTIONS".to_string();
    stream.headers = vec![
        "Origin: https://new.example.org".to_string(),
        "Access-Control-Request-Method: POST".to_string(),
    ];
    stream.referer = Some("https://new.example.org/".to_string());
    stream.addresses = 10 + draft.random.below(100);
    draft.others(&stream, |others| {
        others.headers = vec![
            "Origin: https://shop.example.com".to_string(),
            "Access-Control-Request-Method: POST".to_string(),
        ];
        others.referer = Some("https://shop.example.com/".to_string());
    });
    draft.push(stream);
}

pub(super) fn csrf(draft: &mut Draft) {
    draft.application();
    let mut stream = draft.stream("forms", "browser", &["/app/account/email"]);
    stream.method = "POST".to_string();
    stream.body = Some("email=a@example.com".to_string());
    stream.headers = vec!["Content-Type: application/x-www-form-urlencoded".to_string()];
    stream.referer = Some("https://shop.example.com/account".to_string());
    stream.addresses = 10 + draft.random.below(90);
    draft.others(&stream, |others| {
        (others.method, others.body) = ("GET".to_string(), None);
        others.paths = vec!["/app/form".to_string(), "/app/account".to_string()];
    });
    draft.push(stream.clone());
    draft.besides(&stream, "same-browsers-read", |reads| {
        (reads.method, reads.body) = ("GET".to_string(), None);
        reads.paths = vec!["/app/form".to_string(), "/app/account".to_string()];
    });
}

pub(super) fn content_type(draft: &mut Draft) {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("forms", &client, &["/app/items"]);
    stream.method = "POST".to_string();
    stream.body = Some("a=1".to_string());
    stream.headers = vec!["Content-Type: text/plain".to_string()];
    stream.addresses = 1 + draft.random.below(5);
    draft.others(&stream, |others| {
        others.headers = vec!["Content-Type: application/json".to_string()]
    });
    draft.push(stream.clone());
    if draft.random.happens(0.7) {
        draft.besides(&stream, "same-program-reads", |reads| {
            (reads.method, reads.body) = ("GET".to_string(), None);
            reads.headers.clear();
        });
    }
}
