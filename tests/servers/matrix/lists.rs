//! Lists of addresses, places and shapes of requests that the server denies.

use super::draft::{Draft, Place};
use crate::scenario::Reaction;
use crate::scenario::ServerKind::Nginx;

const LISTED: [&str; 3] = ["47.76.0.0/16", "185.220.101.0/24", "114.119.128.0/18"];

/// A list reloaded while the listed are there already.
pub(super) fn ip_list(draft: &mut Draft) {
    let network = draft.random.pick(&LISTED).to_string();
    draft.place = Place::Whole;
    draft.deny_meanwhile(format!("deny prefix {network}, 203.0.113.0/24"));
    let client = if draft.random.happens(0.5) {
        "browser".to_string()
    } else {
        draft.program()
    };
    let mut stream = draft.stream(
        "listed",
        &client,
        &["/products/{n}", "/category/sale", "/api/v1/items/{n}", "/"],
    );
    stream.network = Some(network);
    stream.addresses = 1 + draft.random.below(80);
    stream.calm = stream.rate;
    draft.push(stream);
}

/// A list from the start, reloaded, or lifted again, and a client that does not take no for an answer.
pub(super) fn list_with_hard_retries(draft: &mut Draft) {
    let network = draft.random.pick(&LISTED).to_string();
    let rule = format!("deny prefix {network}, 198.51.100.0/24");
    draft.place = Place::Whole;
    let kind = draft.random.below(3);
    match kind {
        0 => draft.deny(&rule),
        1 => draft.policy(Some(rule), None, Some(draft.from), None),
        _ => draft.deny_meanwhile(rule),
    }
    let client = draft.program();
    let mut stream = draft.stream("stubborn", &client, &["/login", "/api/v1/orders/{n}"]);
    stream.network = Some(network);
    stream.addresses = 1 + draft.random.below(6);
    stream.denied = Reaction::Storm;
    stream.rate *= 0.5;
    // Who is on the list from the start comes for the first time in the spike.
    stream.calm = if kind == 0 { 0.0 } else { stream.rate };
    draft.push(stream);
}

pub(super) fn country_list(draft: &mut Draft) {
    let networks = [
        "5.2.0.0/15",
        "31.40.0.0/14",
        "77.88.0.0/18",
        "91.200.0.0/16",
        "176.96.0.0/13",
        "212.46.0.0/17",
    ];
    draft.place = Place::Whole;
    draft.deny_meanwhile(format!("deny prefix {}", networks.join(", ")));
    let mut stream = draft.stream(
        "country",
        "browser",
        &["/products/{n}", "/", "/search?q={word}"],
    );
    stream.network = Some(networks.join(", "));
    stream.addresses = 100 + draft.random.below(200);
    stream.calm = stream.rate;
    draft.push(stream);
}

pub(super) fn route_denied(draft: &mut Draft) {
    let route = draft
        .random
        .pick(&["/admin", "/internal", "/beta/checkout"])
        .to_string();
    draft.deny_meanwhile(format!("deny route under {route}/"));
    let client = if draft.random.happens(0.6) {
        "browser".to_string()
    } else {
        draft.program()
    };
    let paths = [
        format!("{route}/orders"),
        format!("{route}/users/{{n}}"),
        format!("{route}/"),
    ];
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut stream = draft.stream("callers", &client, &paths);
    stream.addresses = 3 + draft.random.below(60);
    stream.calm = stream.rate;
    let mut elsewhere = stream.clone();
    draft.push(stream);
    elsewhere.name = "elsewhere".to_string();
    elsewhere.paths = vec!["/products/{n}".to_string(), "/account".to_string()];
    elsewhere.spike = false;
    draft.push(elsewhere);
}

/// What every site of the lab denies.
pub(super) fn hidden_files(draft: &mut Draft) {
    let client = draft.program();
    let paths = [
        "/.env",
        "/.git/config",
        "/.aws/credentials",
        "/api/.env",
        "/.ssh/id_rsa",
    ];
    let mut stream = draft.stream("scanner", &client, &paths);
    stream.addresses = 1 + draft.random.below(12);
    stream.accept = vec!["bot_filter".to_string()];
    draft.push(stream);
}

pub(super) fn no_index(draft: &mut Draft) {
    draft.feature("no_index");
    let mut stream = draft.stream("visitors", "browser", &["/files/"]);
    stream.addresses = 10 + draft.random.below(150);
    draft.push(stream);
}

pub(super) fn file_permission(draft: &mut Draft) {
    draft.feature("file_permission");
    let client = draft.program();
    let mut stream = draft.stream("readers", &client, &["/private/ledger.txt"]);
    stream.addresses = 2 + draft.random.below(40);
    draft.push(stream);
}

pub(super) fn method(draft: &mut Draft) {
    match draft.scenario.server() {
        Nginx => draft.feature("read_only"),
        _ => draft.deny("deny method POST, PUT, PATCH, DELETE and route under /api/v1/catalog"),
    }
    let client = draft.program();
    let mut stream = draft.stream("writer", &client, &["/api/v1/catalog/{n}"]);
    stream.method = draft.random.pick(&["PUT", "POST", "DELETE"]).to_string();
    stream.body = Some("{}".to_string());
    stream.addresses = 1 + draft.random.below(8);
    draft.others(&stream, |others| {
        (others.method, others.body) = ("GET".to_string(), None)
    });
    draft.push(stream);
}

pub(super) fn hotlink(draft: &mut Draft) {
    draft.feature("hotlink");
    let mut stream = draft.stream("forum", "browser", &["/static/img/hero-3.jpg"]);
    stream.referer = Some("https://forum.example.net/t/4411".to_string());
    stream.addresses = 40 + draft.random.below(300);
    draft.others(&stream, |others| {
        others.referer = Some("https://shop.example.com/".to_string())
    });
    draft.push(stream);
}
