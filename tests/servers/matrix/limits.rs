//! Limits of requests and of connections.

use super::{Draft, MOST_PER_REAL_SECOND};
use crate::scenario::Application;
use crate::scenario::ServerKind::{Haproxy, Nginx};

pub(super) fn limit_by_ip(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(0.3, 3.0);
    let burst = draft.random.below(30);
    let route = draft
        .random
        .pick(&["/api/v1/search", "/login", "/api/v1/quotes"])
        .to_string();
    draft.deny(&format!("limit {text} burst {burst} per ip on {route}"));
    let client = draft.program();
    let mut stream = draft.stream("scraper", &client, &[&format!("{route}?q={{word}}")]);
    stream.addresses = 1 + draft.random.below(3);
    stream.rate = offered * stream.addresses as f64;
    draft.others(&stream, |others| others.client = "browser".to_string());
    draft.push(stream);
}

pub(super) fn sliding_window(draft: &mut Draft) {
    let busy_s = (draft.until - draft.from) * 60.0;
    let window = *draft.random.pick(&[10.0f64, 30.0, 60.0, 300.0]);
    let window = window.min((busy_s / 4.0).floor()).max(2.0);
    let (allowed, offered) = draft.exceeded(1.5);
    let limit = (allowed * window).ceil().max(5.0);
    let offered = offered.max(limit / window * 1.5);
    draft.deny(&format!("limit {limit} in {window}s sliding per ip"));
    let client = draft.program();
    let mut stream = draft.stream(
        "importer",
        &client,
        &["/api/v1/items/{n}", "/api/v1/search?q={word}"],
    );
    stream.rate = offered;
    draft.push(stream);
}

pub(super) fn limit_by_token(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(0.5, 3.0);
    let burst = 5 + draft.random.below(40);
    let limit = match draft.scenario.server() {
        Haproxy => format!(
            "limit {} in 30s sliding",
            (offered * 30.0 / 3.0).ceil().max(5.0)
        ),
        _ => format!("limit {text} burst {burst}"),
    };
    draft.deny(&format!("{limit} per token for route under /api/v1"));
    let client = draft.program();
    let in_url = draft.random.happens(0.3) && draft.scenario.server() == Nginx;
    let (paths, headers) = match in_url {
        true => (
            [
                "/api/v1/items/{n}?api_key=key-pro-77",
                "/api/v1/orders/{n}?api_key=key-pro-77",
            ],
            vec![],
        ),
        false => (
            ["/api/v1/items/{n}", "/api/v1/orders/{n}"],
            vec!["X-Api-Key: key-pro-77".to_string()],
        ),
    };
    let mut stream = draft.stream("importer", &client, &paths);
    stream.headers = headers;
    stream.addresses = 1 + draft.random.below(15);
    stream.rate = offered;
    draft.others(&stream, |others| {
        others.paths = vec![
            "/api/v1/items/{n}".to_string(),
            "/api/v1/orders/{n}".to_string(),
        ];
        others.headers = vec!["X-Api-Key: key-pro-{caller}00".to_string()];
        others.client = "okhttp".to_string();
    });
    draft.push(stream);
}

pub(super) fn limit_by_user(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(0.3, 2.0);
    draft.deny(&format!(
        "limit {text} burst 10 per user for route under /reports"
    ));
    let client = draft.program();
    let mut stream = draft.stream("service", &client, &["/reports/{n}", "/reports/daily"]);
    stream.user = Some("svc_bi".to_string());
    stream.addresses = 1 + draft.random.below(6);
    stream.rate = offered;
    draft.others(&stream, |others| {
        others.user = Some("analyst{caller}".to_string());
        others.client = "browser".to_string();
    });
    draft.push(stream);
}

pub(super) fn limit_for_all(draft: &mut Draft) {
    let (text, offered) = draft.exceeded_by_minute(2.0, 8.0);
    draft.deny(&format!("limit {text} burst 30 on /shop/tickets"));
    let mut stream = draft.stream("crowd", "browser", &["/shop/tickets"]);
    stream.addresses = 150 + draft.random.below(600);
    stream.rate = offered;
    stream.calm = offered * 0.02;
    draft.push(stream);
}

pub(super) fn connections(draft: &mut Draft) {
    let most = 2 + draft.random.below(6);
    draft.deny(&format!(
        "limit {most} at once per ip for route under /export"
    ));
    let client = draft.program();
    let mut stream = draft.stream("mirror", &client, &["/export/part-{n}.zip"]);
    stream.answer_s = draft.random.within(4.0, 12.0);
    stream.rate = most as f64 / stream.answer_s * draft.random.within(1.5, 6.0);
    stream.rate = stream
        .rate
        .min(MOST_PER_REAL_SECOND / draft.scenario.factor);
    draft.others(&stream, |others| others.rate *= 0.1);
    draft.push(stream);
}

pub(super) fn hold(draft: &mut Draft) {
    let (count, span) = (5 + draft.random.below(15), 2 + draft.random.below(4));
    let hold = 20 + 20 * draft.random.below(6);
    draft.deny(&format!("hold {hold}s after {count} in {span}s per ip"));
    let client = draft.program();
    let mut stream = draft.stream("hammer", &client, &["/category/sale", "/products/{n}"]);
    let most = MOST_PER_REAL_SECOND / draft.scenario.factor;
    stream.rate = (count as f64 / span as f64 * draft.random.within(1.5, 6.0)).min(most);
    draft.push(stream);
}

pub(super) fn fixed_window(draft: &mut Draft) {
    draft.application();
    let (allowed, offered) = draft.exceeded(1.2);
    let limit = (allowed * 60.0).ceil().max(3.0);
    let sliding = match draft.scenario.application {
        Application::Flask if draft.random.happens(0.5) => " sliding",
        _ => "",
    };
    draft.deny(&format!(
        "limit {limit} in 60s{sliding} per ip on /app/search"
    ));
    draft.scenario.policies[0].application = true;
    let client = draft.program();
    let mut stream = draft.stream("searcher", &client, &["/app/search?q={word}"]);
    stream.rate = offered.max(limit / 60.0 * 1.2);
    draft.others(&stream, |others| others.client = "browser".to_string());
    draft.push(stream);
}
