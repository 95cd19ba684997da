//! Is it the place? Nobody passes here, though the same clients pass elsewhere.

use super::{BOUND, Case, counted, evidence, percent};
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    [
        directory(case),
        probes(case),
        closed(case),
        open_to_others(case),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Requests for directories, which a server without index refuses to list.
fn directory(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let share = facts.share(facts.directories);
    let files = facts.same_ip_elsewhere.admitted;
    if share < 0.9 || files < 5 || facts.other_ip_here.admitted > facts.denials / 20 {
        return None;
    }
    let text = format!(
        "{} of the denied requests ask for a directory, while {files} others of the same addresses were admitted",
        percent(share)
    );
    Some(evidence(
        "directory",
        EvidenceKind::Behaviour,
        Cause::RouteAcl,
        1.8,
        text,
        &[("directories", share), ("files", files as f64)],
    ))
}

/// Paths that only probes ask for, while their other requests were not denied.
fn probes(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let share = facts.share(facts.probes);
    if share < 0.6 {
        return None;
    }
    let elsewhere = facts.same_ip_elsewhere;
    let free = elsewhere.requests() == 0 || elsewhere.admitted_share() > 0.3;
    let text = format!(
        "{} of the denied requests ask for hidden files or other places that only probes look for",
        percent(share)
    );
    let weight = if free { 3.0 * share } else { 0.5 };
    Some(evidence(
        "probes",
        EvidenceKind::Behaviour,
        Cause::RouteAcl,
        weight,
        text,
        &[("probes", share)],
    ))
}

/// Nobody was admitted to these places while the rule held.
fn closed(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let ips = facts.distinct(Column::Ip) as u64;
    let passed = facts.other_ip_here.admitted + facts.same_ip_here.admitted;
    // The second in which a rule comes into force or is lifted holds requests of both sides.
    if passed as f64 > 2.0 + 0.01 * facts.denials as f64 || facts.others_pass() {
        return None;
    }
    let elsewhere = facts.same_ip_elsewhere;
    let other_methods = facts.other_method_here;
    if other_methods.admitted >= 5 && other_methods.admitted_share() >= 0.5 {
        return None; // other methods pass at these places
    }
    let free = elsewhere.admitted >= 5 && elsewhere.admitted_share() >= 0.5;
    let before = facts.ips_admitted_here_before + facts.ips_admitted_here_after;
    let mut weight: f64 = match ips {
        1 => 0.3,
        2 => 1.0,
        3..=5 => 1.8,
        _ => 2.4,
    };
    weight += match elsewhere.requests() {
        _ if free => 1.2,
        0..5 => 0.0,
        _ => -1.0,
    };
    match facts.distinct(Column::Client) {
        1 if ips >= 3 => {
            // One program alone: its right, rather than the place. Less so where it is spread over many networks
            // and the server itself answered.
            let by_application = facts.application_share().is_some_and(|share| share >= 0.8);
            weight -= match (by_application, facts.distinct(Column::Prefix16)) {
                (true, _) => 2.2,
                (false, 8..) => 0.4,
                (false, _) => 1.2,
            };
        }
        1 | 2 => {}
        _ => weight += 0.6,
    }
    if facts.admitted_here_ever == 0 && facts.other_ips_denied_here_ever >= 1 {
        // Never open in the whole log, and others met the rule too.
        weight += if facts.other_ips_denied_here_ever == 1 {
            1.0
        } else {
            1.5
        };
    }
    if is_private(case) {
        weight += 0.8;
    }
    weight = weight.min(BOUND);
    if facts.follows_pace() {
        weight = weight.min(1.0); // open as long as few ask
    }
    let anywhere =
        facts.admitted_meanwhile * 20 < facts.denials && facts.distinct(Column::Route3) > 3;
    if anywhere || facts.server_is_shut() {
        weight -= 2.0; // nobody passes anywhere: it is not these places
    }
    if facts.share(facts.writes) > 0.95 && facts.share(facts.own_referers) > 0.7 {
        weight -= 2.5; // the site's own forms lead here
    }
    let where_else = if free {
        format!(
            ", and {} requests of the same addresses elsewhere were admitted",
            elsewhere.admitted
        )
    } else {
        String::new()
    };
    let text = format!(
        "nobody passed {} meanwhile ({} tried){where_else}",
        places_named(case),
        counted(ips, "address", "addresses")
    );
    Some(evidence(
        "closed",
        EvidenceKind::Behaviour,
        Cause::RouteAcl,
        weight,
        text,
        &[
            ("admitted_here", passed as f64),
            ("admitted_elsewhere", elsewhere.admitted as f64),
            ("admitted_before_or_after", before as f64),
        ],
    ))
}

/// First segments that operators keep for themselves.
const PRIVATE: [&str; 14] = [
    "admin",
    "internal",
    "private",
    "metrics",
    "status",
    "server-status",
    "nginx_status",
    "debug",
    "manage",
    "management",
    "actuator",
    "console",
    "backup",
    "config",
];

/// Whether the name of the place says that it is not for everybody.
fn is_private(case: &Case<'_>) -> bool {
    case.facts.top(Column::Route).is_some_and(|(id, _)| {
        case.name(Column::Route, id)
            .split('/')
            .any(|segment| PRIVATE.contains(&segment))
    })
}

/// Others pass here: it is not the place.
fn open_to_others(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let others = facts.other_ip_here;
    if others.admitted < 5 || !facts.others_pass() {
        return None;
    }
    let weight = -(1.5 + (others.admitted as f64 / facts.denials as f64).min(1.0) * 2.0);
    let text = format!(
        "{} requests of {} were admitted to the same places meanwhile",
        others.admitted,
        counted(
            facts.other_ips_admitted_here,
            "other address",
            "other addresses"
        )
    );
    Some(evidence(
        "open",
        EvidenceKind::Behaviour,
        Cause::RouteAcl,
        weight,
        text,
        &[("admitted", others.admitted as f64)],
    ))
}

/// The places as a reader names them.
pub(crate) fn places_named(case: &Case<'_>) -> String {
    let facts = case.facts;
    for column in [
        Column::Route,
        Column::Route3,
        Column::Route2,
        Column::Route1,
    ] {
        if facts.distinct(column) <= 2
            && let Some((id, _)) = facts.top(column)
        {
            let more = if facts.distinct(column) > 1 {
                " and one more place"
            } else {
                ""
            };
            return format!("{}{more}", case.name(column, id));
        }
    }
    format!("{} places", facts.distinct(Column::Route3))
}
