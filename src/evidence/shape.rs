//! Rules on the request itself: its method, its referer, the token of a form.

use super::places::places_named;
use super::{Case, counted, evidence, percent};
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::key::Method;
use crate::key::client::Class;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    [
        hotlink(case),
        method(case),
        form(case),
        own_form(case),
        body(case),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Other sites embed this site's files.
fn hotlink(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let (foreign, assets) = (
        facts.share(facts.foreign_referers),
        facts.share(facts.assets),
    );
    if foreign < 0.8 || assets < 0.5 {
        return None;
    }
    let (host, share) = facts.top(Column::RefererHost)?;
    let text = format!(
        "{} of the denied requests are for files embedded by another site ({}: {})",
        percent(foreign),
        case.name(Column::RefererHost, host),
        percent(share)
    );
    Some(evidence(
        "hotlink",
        EvidenceKind::Behaviour,
        Cause::RequestShape,
        4.0,
        text,
        &[("foreign", foreign), ("assets", assets)],
    ))
}

/// One method is denied where others pass, whoever asks.
fn method(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let read = |id: u32| {
        matches!(
            Method::from_u8(id as u8),
            Method::Get | Method::Head | Method::Options
        )
    };
    let methods = facts.values.get(&Column::Method)?;
    let reads: u64 = methods
        .iter()
        .filter(|(id, _)| read(*id))
        .map(|(_, count)| count)
        .sum();
    if facts.share(reads) > 0.03 {
        return None;
    }
    let (others, here) = (facts.other_ip_here, facts.same_ip_here);
    let passing = facts.other_method_here;
    if others.admitted + here.admitted > (others.denied + here.denied) / 20 {
        return None; // others may use this method here: not a rule on the method
    }
    if passing.admitted < 5 || passing.admitted_share() < 0.5 {
        return None;
    }
    let ips = facts.distinct(Column::Ip) as u64;
    let text = format!(
        "{} denied for all ({}), while {} requests there with other methods were admitted",
        methods
            .iter()
            .take(3)
            .map(|(id, _)| Method::from_u8(*id as u8).name())
            .collect::<Vec<_>>()
            .join(" and "),
        counted(ips, "address", "addresses"),
        passing.admitted
    );
    let weight = match ips {
        // Who else used the method here may not be among the rows of a large log.
        0..=2 if case.table.sample > 1 => 1.0,
        0..=2 => 2.3,
        _ => 3.5,
    };
    Some(evidence(
        "method",
        EvidenceKind::Behaviour,
        Cause::RequestShape,
        weight,
        text,
        &[("admitted", passing.admitted as f64)],
    ))
}

/// Browsers' form posts are denied now and then, and pass at other times: a stale form token.
fn form(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let writes = facts.share(facts.writes);
    let browsers = facts.class_share(&[Class::Browser, Class::MobileApp]);
    let ips = facts.distinct(Column::Ip) as u64;
    if writes < 0.95 || browsers < 0.8 || ips < 5 {
        return None;
    }
    let per_client = facts.denials as f64 / ips as f64;
    let same = facts.same_ip_here.admitted + facts.other_ip_here.admitted;
    if per_client > 12.0 || same < 5 {
        return None;
    }
    let text = format!(
        "only writes of browsers are denied, {per_client:.1} per address over {}, while {same} others there were admitted",
        counted(ips, "address", "addresses")
    );
    Some(evidence(
        "form",
        EvidenceKind::Behaviour,
        Cause::RequestShape,
        3.4,
        text,
        &[("writes", writes), ("admitted", same as f64)],
    ))
}

/// The site's own pages send browsers' forms to a place where all of them are refused: a place that is closed
/// on purpose would hardly be offered.
fn own_form(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let browsers = facts.class_share(&[Class::Browser, Class::MobileApp]);
    let ips = facts.distinct(Column::Ip) as u64;
    let admitted = facts.same_ip_here.admitted + facts.other_ip_here.admitted;
    let by_application = facts.application_share().map(|share| share >= 0.8);
    let own = facts.share(facts.own_referers);
    if facts.share(facts.writes) < 0.95 || browsers < 0.8 || ips < 5 || admitted >= 5 {
        return None; // with admitted ones, `form` speaks
    }
    if own < 0.7 || by_application == Some(false) {
        return None;
    }
    let text = format!(
        "nobody passes with the writes that browsers at {} send from this site's own pages ({})",
        counted(ips, "address", "addresses"),
        percent(own)
    );
    Some(evidence(
        "own_form",
        EvidenceKind::Behaviour,
        Cause::RequestShape,
        if by_application.is_some() { 3.4 } else { 3.0 },
        text,
        &[("own_referers", own)],
    ))
}

/// Programs whose writes are refused by the application at one place, where the writes of others pass: their
/// bodies are not what it takes. More so where the same programs may read there.
fn body(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let others = facts.other_ip_here.admitted;
    let programs = facts.class_share(&[Class::HttpLibrary, Class::CommandLine, Class::ApiTool]);
    if facts.share(facts.writes) < 0.95 || programs < 0.6 || facts.distinct(Column::Route3) > 1 {
        return None;
    }
    if facts.same_ip_here.admitted_share() > 0.1
        || others < 5
        || (others as f64) < 0.05 * facts.denials as f64
        || facts.application_share().is_some_and(|share| share < 0.8)
    {
        return None;
    }
    let reads = facts.same_ip_elsewhere.admitted;
    let may_read = reads >= 5 && facts.same_ip_other_root.admitted == 0;
    let mut weight = if facts.application_share().is_some() {
        2.7
    } else {
        2.0
    };
    weight += if may_read { 1.0 } else { 0.0 };
    let text = format!(
        "only writes to {} are denied, where others' {others} were admitted{}",
        places_named(case),
        if may_read {
            format!(", and {reads} other requests of the same addresses were")
        } else {
            String::new()
        }
    );
    Some(evidence(
        "body",
        EvidenceKind::Behaviour,
        Cause::RequestShape,
        weight,
        text,
        &[("others", others as f64), ("same_elsewhere", reads as f64)],
    ))
}
