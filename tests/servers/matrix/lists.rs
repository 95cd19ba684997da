//! Lists of addresses, places and shapes of requests that the server denies; and what is no spike.

use super::Draft;
use crate::scenario::ServerKind::Nginx;
use crate::scenario::{Reaction, Shape};

pub(super) fn ip_list(draft: &mut Draft) {
    let networks = ["47.76.0.0/16", "185.220.101.0/24", "114.119.128.0/18"];
    let network = draft.random.pick(&networks).to_string();
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

pub(super) fn country_list(draft: &mut Draft) {
    let networks = [
        "5.2.0.0/15",
        "31.40.0.0/14",
        "77.88.0.0/18",
        "91.200.0.0/16",
        "176.96.0.0/13",
        "212.46.0.0/17",
    ];
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

pub(super) fn negative(draft: &mut Draft) {
    match draft.random.below(3) {
        // Denials all the time.
        0 => {
            draft.deny("deny route under /internal/");
            let mut stream = draft.stream("always", "prometheus", &["/internal/metrics"]);
            (stream.from, stream.until) = (0.0, f64::INFINITY);
            stream.shape = Shape::Regular;
            stream.denied = Reaction::Ignore;
            stream.rate = 0.3 * draft.pace;
            stream.addresses = 2;
            stream.spike = false;
            draft.push(stream);
        }
        // More traffic, and no more denials.
        1 => {
            let mut stream = draft.stream("crowd", "browser", &["/", "/products/{n}"]);
            stream.rate *= 6.0;
            stream.addresses = 400;
            stream.spike = false;
            draft.push(stream);
        }
        // Everything doubles, denials too.
        _ => {
            draft.deny("deny route under /internal/");
            let mut stream = draft.stream(
                "crowd",
                "browser",
                &[
                    "/",
                    "/products/{n}",
                    "/products/{n}",
                    "/products/{n}",
                    "/internal/x",
                ],
            );
            (stream.shape, stream.denied) = (Shape::Random, Reaction::Ignore);
            stream.calm = 1.0 * draft.pace;
            stream.rate = 2.0 * draft.pace;
            stream.addresses = 300;
            stream.spike = false;
            draft.push(stream);
        }
    }
}
