//! What goes on around the spike: nothing, scanners, other denials that stand all day, or a limiter that
//! answers 429 all day.

use super::draft::Draft;
use crate::scenario::ServerKind::{Haproxy, Nginx};
use crate::scenario::{Application, Denial, Reaction, Shape};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Nothing,
    Scanners,
    StandingDenials,
    TooManyRequests,
}

pub(super) const AROUND: [Around; 4] = [
    Around::Nothing,
    Around::Scanners,
    Around::StandingDenials,
    Around::TooManyRequests,
];

impl Around {
    pub(super) fn name(self) -> &'static str {
        match self {
            Around::Nothing => "nothing",
            Around::Scanners => "scanners",
            Around::StandingDenials => "standing_denials",
            Around::TooManyRequests => "too_many_requests",
        }
    }

    pub(super) fn add(self, draft: &mut Draft) {
        match self {
            Around::Nothing => {}
            Around::Scanners => scanners(draft),
            Around::StandingDenials => standing_denials(draft),
            Around::TooManyRequests => too_many_requests(draft),
        }
    }
}

fn scanners(draft: &mut Draft) {
    let paths = [
        "/.env",
        "/.git/config",
        "/wp-login.php",
        "/phpmyadmin/",
        "/.aws/credentials",
        "/admin.php",
    ];
    all_day(draft, "scanners", "requests", &paths, 0.05, 6);
}

fn standing_denials(draft: &mut Draft) {
    draft.deny("deny route under /legacy/");
    all_day(draft, "standing", "java", &["/legacy/sync"], 0.1, 1);
}

/// A limiter that answers 429, of the server where it can, of the application otherwise.
fn too_many_requests(draft: &mut Draft) {
    let per_minute = (12.0 * draft.pace).round().max(1.0);
    let (rule, path) = match draft.scenario.server() {
        Nginx => (
            format!("limit {per_minute}/m burst 3 per ip on /feeds/stock"),
            "/feeds/stock",
        ),
        Haproxy => (
            format!("limit {per_minute} in 60s sliding per ip on /feeds/stock"),
            "/feeds/stock",
        ),
        _ => (
            format!("limit {per_minute} in 60s per ip on /app/search"),
            "/app/search?q={word}",
        ),
    };
    let is_of_application = path.starts_with("/app/");
    // An application has one limiter: one that answers 403 keeps it.
    if is_of_application
        && draft
            .scenario
            .policies
            .iter()
            .any(|denial| denial.application)
    {
        return scanners(draft);
    }
    if is_of_application && draft.scenario.application == Application::Plain {
        draft.application();
    }
    let limiter = Denial {
        rule: Some(rule),
        feature: None,
        cause: None,
        application: is_of_application,
        status: Some(429),
        from: None,
        until: None,
    };
    // First, so that a limit of all requests does not come before it.
    draft.scenario.policies.insert(0, limiter);
    let rate = per_minute / 60.0 * 2.5 / draft.pace;
    all_day(draft, "poller", "axios", &[path], rate, 1);
}

/// A stream that goes on for the whole log, and is no spike.
fn all_day(
    draft: &mut Draft,
    name: &str,
    client: &str,
    paths: &[&str],
    rate: f64,
    addresses: usize,
) {
    let mut stream = draft.stream(name, client, paths);
    (stream.from, stream.until, stream.calm) = (0.0, f64::INFINITY, 0.0);
    (stream.shape, stream.denied) = (Shape::Regular, Reaction::Ignore);
    stream.rate = rate * draft.pace;
    stream.addresses = addresses;
    stream.spike = false;
    draft.push(stream);
}
