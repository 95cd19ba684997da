//! What the application asks of a caller: a key, a right, a form's token, an origin.

use super::Draft;
use crate::scenario::Event;

pub(super) fn credential_revoked(draft: &mut Draft) {
    draft.application();
    let at = draft.from.max(draft.scenario.minutes * 0.1);
    draft.scenario.events.push(Event {
        at,
        control: "revoke?token=key-pro-31".to_string(),
    });
    if draft.until < draft.scenario.minutes {
        draft.scenario.events.push(Event {
            at: draft.until,
            control: "restore?token=key-pro-31".to_string(),
        });
    }
    let client = draft.program();
    let mut stream = draft.stream(
        "etl",
        &client,
        &["/app/data/orders/{n}", "/app/data/users/{n}"],
    );
    stream.headers = vec!["X-Api-Key: key-pro-31".to_string()];
    stream.addresses = 1 + draft.random.below(5);
    stream.calm = stream.rate;
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-pro-{caller}00".to_string()]
    });
    draft.push(stream);
}

pub(super) fn credential_missing(draft: &mut Draft) {
    draft.application();
    let client = draft.program();
    let mut stream = draft.stream("caller", &client, &["/app/data/items/{n}"]);
    stream.addresses = 1 + draft.random.below(4);
    if draft.random.happens(0.5) {
        stream.headers = vec!["X-Api-Key: key-wrong-3".to_string()];
    }
    draft.others(&stream, |others| {
        others.headers = vec!["X-Api-Key: key-basic-{caller}".to_string()]
    });
    draft.push(stream.clone());
    draft.besides(&stream, "with-its-key", |keyed| {
        keyed.headers = vec!["X-Api-Key: key-basic-9".to_string()];
        keyed.rate *= 0.5;
    });
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

pub(super) fn permission_role(draft: &mut Draft) {
    draft.application();
    let mut stream = draft.stream(
        "viewers",
        "browser",
        &["/app/reports/daily", "/app/reports/{n}"],
    );
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

pub(super) fn cors(draft: &mut Draft) {
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
