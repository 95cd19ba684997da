//! Limits of requests and of connections.

use super::draft::{Draft, MOST_PER_REAL_SECOND, Place};
use crate::scenario::ServerKind::{Apache, Haproxy, Nginx};
use crate::scenario::{Application, LogFormat};

/// The rate that a limit allows and its text: a leaky bucket of nginx, a sliding window of HAProxy.
fn exceeded(draft: &mut Draft, low: f64, high: f64, burst: usize) -> (String, f64) {
    let (text, offered) = draft.exceeded_by_minute(low, high);
    if draft.scenario.server() != Haproxy {
        return (format!("limit {text} burst {burst}"), offered);
    }
    let busy_s = (draft.until - draft.from) * 60.0;
    let window: f64 = *draft.random.pick(&[10.0, 30.0, 60.0]);
    let window = window.min((busy_s / 5.0).floor()).max(2.0);
    let overload = draft.overload();
    let most = (offered * window / overload).ceil().max(3.0);
    let offered = offered.max(most / window * 1.3);
    (format!("limit {most} in {window}s sliding"), offered)
}

pub(super) fn limit_by_ip(draft: &mut Draft) {
    let burst = draft.random.below(30);
    let (limit, offered) = exceeded(draft, 0.3, 3.0, burst);
    let route = draft
        .random
        .pick(&["/api/v1/search", "/login", "/api/v1/quotes"])
        .to_string();
    draft.deny(&format!("{limit} per ip on {route}"));
    let client = draft.program();
    let mut stream = draft.stream("scraper", &client, &[&format!("{route}?q={{word}}")]);
    stream.addresses = 1 + draft.random.below(3);
    stream.rate = offered * stream.addresses as f64;
    draft.others(&stream, |others| others.client = "browser".to_string());
    draft.push(stream);
}

pub(super) fn sliding_window(draft: &mut Draft) {
    draft.place = Place::Whole;
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
    let burst = 5 + draft.random.below(40);
    let (limit, offered) = exceeded(draft, 0.5, 3.0, burst);
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
    // Of HAProxy's formats, the ones of others have a place for the user.
    if draft.scenario.server() == Haproxy {
        draft.scenario.format = LogFormat::Combined;
    }
    let (limit, offered) = exceeded(draft, 0.3, 2.0, 10);
    draft.deny(&format!("{limit} per user for route under /reports"));
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
    let (limit, offered) = exceeded(draft, 2.0, 8.0, 30);
    draft.deny(&format!("{limit} for route under /shop/tickets"));
    let mut stream = draft.stream("crowd", "browser", &["/shop/tickets"]);
    stream.addresses = 150 + draft.random.below(600);
    stream.rate = offered;
    stream.calm = offered * 0.02;
    draft.push(stream);
}

pub(super) fn limit_whole_server(draft: &mut Draft) {
    draft.place = Place::Whole;
    let (limit, offered) = exceeded(draft, 4.0, 8.0, 40);
    draft.deny(&limit);
    // The ordinary traffic passes it.
    let allowed = draft.allowed();
    draft.scenario.background = draft.scenario.background.min(0.4 * allowed);
    let mut stream = draft.stream(
        "campaign",
        "browser",
        &["/", "/products/{n}", "/category/sale"],
    );
    stream.addresses = 150 + draft.random.below(600);
    stream.rate = offered;
    draft.push(stream);
}

pub(super) fn connections(draft: &mut Draft) {
    draft.is_limit = true;
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

/// A hold that requests renew, as mod_evasive's.
pub(super) fn hold(draft: &mut Draft) {
    (draft.is_limit, draft.place) = (true, Place::Whole);
    let (count, span) = (5 + draft.random.below(15), 2 + draft.random.below(4));
    let hold = 20 + 20 * draft.random.below(6);
    // mod_evasive counts a page where there is a route, the whole site otherwise: there a visitor's page and
    // its pictures have to be admitted.
    let by_site = draft.scenario.server() == Apache && draft.random.happens(0.4);
    let (count, route, paths): (usize, &str, &[&str]) = match by_site {
        true => (count + 40, "", &["/category/sale", "/products/{n}"]),
        false => (count, " on /category/sale", &["/category/sale"]),
    };
    draft.deny(&format!(
        "hold {hold}s after {count} in {span}s per ip{route}"
    ));
    let client = draft.program();
    let mut stream = draft.stream("hammer", &client, paths);
    let most = MOST_PER_REAL_SECOND / draft.scenario.factor;
    stream.rate = (count as f64 / span as f64 * draft.random.within(1.5, 6.0)).min(most);
    draft.push(stream);
}

/// A hold that ends in time whatever the held do, as fail2ban's.
pub(super) fn hold_fixed(draft: &mut Draft) {
    (draft.is_limit, draft.place) = (true, Place::Whole);
    let busy_s = (draft.until - draft.from) * 60.0;
    let hold = (busy_s * draft.random.within(0.1, 0.4)).round().max(20.0);
    let count = 5 + draft.random.below(15);
    let span = 30 + 30 * draft.random.below(3);
    let which = match draft.scenario.server() {
        Apache => "for status 401, 404",
        _ => "on /login",
    };
    draft.deny(&format!(
        "hold {hold}s fixed after {count} in {span}s per ip {which}"
    ));
    let client = draft.program();
    let mut stream = draft.stream("guesser", &client, &["/login"]);
    stream.method = "POST".to_string();
    stream.headers = vec!["X-Lab-Status: 401".to_string()];
    stream.addresses = 1 + draft.random.below(3);
    let above = draft.random.within(2.0, 8.0) * stream.addresses as f64;
    stream.rate = count as f64 / span as f64 * above;
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
