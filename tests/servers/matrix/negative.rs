//! What is no spike: denials that stand all day, traffic that grows, alone or with its denials.

use super::draft::Draft;
use crate::scenario::ServerKind::{Haproxy, Nginx};
use crate::scenario::{Reaction, Shape, Stream};

/// Minutes that a log must have for a window of one minute to be full nearly all of the time.
const LONG_ENOUGH: f64 = 15.0;

pub(super) fn steady_denials(draft: &mut Draft) {
    draft.deny("deny route under /internal/");
    let mut stream = draft.stream("always", "prometheus", &["/internal/metrics"]);
    all_day(&mut stream);
    stream.rate = 0.3 * draft.pace;
    stream.addresses = 2;
    draft.push(stream);
}

pub(super) fn flash_crowd(draft: &mut Draft) {
    let mut stream = draft.stream("crowd", "browser", &["/", "/products/{n}"]);
    stream.rate *= 6.0;
    stream.shape = Shape::Flash;
    stream.addresses = 400;
    stream.spike = false;
    draft.push(stream);
}

/// All traffic doubles, denials too.
pub(super) fn doubled_traffic(draft: &mut Draft) {
    draft.deny("deny route under /internal/");
    let paths = [
        "/",
        "/products/{n}",
        "/products/{n}",
        "/products/{n}",
        "/internal/x",
    ];
    let mut stream = draft.stream("crowd", "browser", &paths);
    (stream.shape, stream.denied) = (Shape::Random, Reaction::Ignore);
    stream.calm = 1.0 * draft.pace;
    stream.rate = 2.0 * draft.pace;
    stream.addresses = 300;
    stream.spike = false;
    draft.push(stream);
}

/// A limiter that some exceed all day.
pub(super) fn limiter_always_on(draft: &mut Draft) {
    if draft.scenario.minutes < LONG_ENOUGH {
        return steady_denials(draft); // its window had not filled before the log was half over
    }
    let per_minute = (20.0 * draft.pace).round().max(1.0);
    let (rule, path) = match draft.scenario.server() {
        Nginx => (
            format!("limit {per_minute}/m burst 2 per ip on /api/v1/search"),
            "/api/v1/search?q={word}",
        ),
        Haproxy => (
            format!("limit {per_minute} in 60s sliding per ip on /api/v1/search"),
            "/api/v1/search?q={word}",
        ),
        _ => {
            draft.application();
            (
                format!("limit {per_minute} in 60s per ip on /app/search"),
                "/app/search?q={word}",
            )
        }
    };
    draft.deny(&rule);
    draft.scenario.policies[0].application = path.starts_with("/app/");
    let client = draft.program();
    let mut stream = draft.stream("always-limited", &client, &[path]);
    all_day(&mut stream);
    stream.addresses = 3;
    stream.rate = per_minute / 60.0 * 1.8 * stream.addresses as f64;
    draft.push(stream);
}

fn all_day(stream: &mut Stream) {
    (stream.from, stream.until) = (0.0, f64::INFINITY);
    (stream.shape, stream.denied) = (Shape::Regular, Reaction::Ignore);
    stream.spike = false;
}
