//! Is it the user agent? Nobody with it passes, whoever he is, and others pass at the same places.

use super::{Case, counted, evidence, percent};
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::key::client::Class;

/// Classes of programs that operators put on lists.
pub(super) const UNWANTED: [Class; 7] = [
    Class::SearchBot,
    Class::AiCrawler,
    Class::SeoBot,
    Class::Scanner,
    Class::OtherBot,
    Class::Automation,
    Class::Empty,
];

/// What each browser more takes from a list of agents.
const OF_BROWSERS: f64 = 0.8;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    [shunned(case), passes(case)]
        .into_iter()
        .flatten()
        .collect()
}

fn shunned(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let unwanted = facts.class_share(&UNWANTED);
    // A scanner adds the number of its test, a crawler its version: by name it is one.
    let agents = match unwanted >= 0.9 {
        true => facts.distinct(Column::Client).max(1),
        false => facts.distinct(Column::UserAgent),
    };
    let (ips, networks) = (facts.distinct(Column::Ip), facts.distinct(Column::Prefix16));
    let elsewhere = facts.other_ip_same_agent;
    // Genuine crawlers pass where a filter looks for those who only bear their name.
    let genuine = facts.genuine_crawlers.admitted;
    let passed = elsewhere.admitted + facts.same_ip_same_agent.admitted;
    let passed = passed.saturating_sub(genuine);
    let of_others = facts.admitted_meanwhile.saturating_sub(passed);
    if passed as f64 > 0.03 * facts.denials as f64 || agents > 12 || of_others * 20 < facts.denials
    {
        return None; // where nobody passes with any agent, it is not the agent
    }
    let libraries = facts.class_share(&[Class::HttpLibrary, Class::CommandLine, Class::ApiTool]);
    let monitors = facts.class_share(&[Class::Monitor]);
    let routes = facts.distinct(Column::Route3);
    let mut weight: f64 = match ips {
        1 => 0.0,
        2..=4 => 0.6,
        _ => 1.2,
    };
    if networks >= 3 && ips >= 5 * agents {
        weight += 1.3; // many addresses that share nothing but the agent
    }
    weight += 2.2 * unwanted - 1.0 * libraries - 1.0 * monitors;
    match routes {
        // Libraries that ask for one thing only: the thing explains as much as the agent.
        1 if unwanted < 0.5 => weight -= 1.5,
        4.. => weight += 0.4,
        _ => {}
    }
    // A list of agents names one odd browser, hardly several.
    weight -= OF_BROWSERS * (agents as f64 - 1.0) * facts.class_share(&[Class::Browser]);
    if facts.same_ip_other_agent.admitted >= 5 {
        weight += 1.5; // the same addresses pass with another agent
    }
    if case.facts.share(facts.probes) > 0.6 && unwanted < 0.5 {
        weight -= 1.0;
    }
    if facts.follows_surge() {
        weight -= 1.0;
    }
    if weight <= 0.0 {
        return None;
    }
    let (id, _) = facts.top(Column::Client)?;
    let text = format!(
        "nobody with {} passed anywhere meanwhile ({} from {}, {} places)",
        if facts.distinct(Column::Client) == 1 {
            format!("the agent {}", case.name(Column::Client, id))
        } else {
            format!(
                "these {agents} agents ({} and others)",
                case.name(Column::Client, id)
            )
        },
        counted(facts.denials, "request", "requests"),
        counted(ips as u64, "address", "addresses"),
        routes
    );
    Some(evidence(
        "agent",
        EvidenceKind::Behaviour,
        Cause::BotFilter,
        weight,
        text,
        &[
            ("agents", agents as f64),
            ("addresses", ips as f64),
            ("admitted", passed as f64),
        ],
    ))
}

fn passes(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let crowd =
        facts.class_share(&[Class::Browser]) > 0.7 && facts.distinct(Column::UserAgent) >= 3;
    if case.challenged || crowd || facts.share(facts.attacks) >= 0.3 {
        return None; // a filter that looks at what is asked, or at a cookie, lets others with the agent pass
    }
    let mut others = facts.other_ip_same_agent;
    let genuine = facts.genuine_crawlers.admitted;
    others.admitted = others.admitted.saturating_sub(genuine);
    let share = others.admitted as f64 / (others.admitted + facts.denials) as f64;
    if others.admitted < 5 || others.admitted_share() < 0.3 || share < 0.03 {
        return None;
    }
    let text = format!(
        "{} of the requests with the same agents from other addresses were admitted ({})",
        percent(others.admitted_share()),
        others.admitted
    );
    let weight = -2.5 * others.admitted_share() * (share / 0.2).min(1.0);
    Some(evidence(
        "agent_passes",
        EvidenceKind::Behaviour,
        Cause::BotFilter,
        weight,
        text,
        &[("admitted", others.admitted as f64)],
    ))
}
