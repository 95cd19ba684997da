//! Is it who they are? A credential that is refused everywhere, or one that lacks a right somewhere.

use super::clamp::Clamp;
use super::places::places_named;
use super::{Case, counted, evidence, percent};
use crate::examine::row::NONE;
use crate::examine::table::Column;
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::key::client::Class;

/// Who is denied tells little of the cause where a limit on the same callers explains the moment too.
const BESIDE_SURGE: f64 = 0.4;
/// An even trickle: its spread against that of chance, and how surely it is less.
const TRICKLE: f64 = 0.2;
const TRICKLE_DEVIATIONS: f64 = -3.0;
/// What each e-fold of agents takes from a cause that lies with one caller.
const CROWD_COST: f64 = 0.6;
/// So many agents may be those of one team.
const TEAM: f64 = 4.0;
/// So many addresses of browsers are a crowd.
const CROWD: usize = 20;
/// Requests of the denied callers that were admitted with a credential, before a limit on them is ruled out.
const TOLD_BY_NAME: u64 = 5;
/// Programs that carry credentials of an API.
const PROGRAMS: [Class; 4] = [
    Class::HttpLibrary,
    Class::CommandLine,
    Class::ApiTool,
    Class::Monitor,
];

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let named = named(case);
    let few = named.as_ref().and_then(|_| fewer_names(case));
    let nameless = nameless(case);
    let no_limit = nameless.as_ref().and_then(|_| told_by_name(case));
    [
        refused(case),
        lacks_right(case),
        named,
        valid(case),
        authenticated(case),
        few,
        nameless,
        no_limit,
        now_and_then(case),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a limit on the callers explains the moment, or the even trickle that they are still let pass.
fn is_limited(case: &Case<'_>) -> bool {
    let trickles = |clamp: Clamp| clamp.deviations <= TRICKLE_DEVIATIONS && clamp.ratio <= TRICKLE;
    let clamp = case.limiter.and_then(|fit| fit.clamp);
    case.facts.follows_surge() || clamp.is_some_and(trickles)
}

/// Programs denied at every place of an interface, while others use it.
fn refused(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let programs = facts.class_share(&PROGRAMS) + 0.5 * facts.class_share(&[Class::Unknown]);
    let roots = facts.distinct(Column::Route1);
    let others_pass = facts.others_pass();
    let here = facts.same_ip_here.admitted_share();
    if programs < 0.6 || roots > 2 || !others_pass || here > 0.6 {
        return None;
    }
    let elsewhere = facts.same_ip_elsewhere;
    let passes = elsewhere.admitted as f64 / (elsewhere.admitted + facts.denials).max(1) as f64;
    let other_root = facts.same_ip_other_root.admitted;
    let places = facts.distinct(Column::Route3);
    let (ips, wide) = (facts.distinct(Column::Ip), facts.distinct(Column::Prefix16));
    let mut weight: f64 = 0.6 - CROWD_COST * (facts.distinct(Column::Client).max(1) as f64).ln();
    weight += match places {
        // Writes at one place may as well be of a shape that is refused there.
        1 if facts.share(facts.writes) > 0.95 => -0.5,
        1 => 0.0,
        2..=3 => 0.5,
        _ => 0.9,
    };
    // The owner's own monitors: no list, filter or limit is set up against them.
    weight += 1.5 * facts.class_share(&[Class::Monitor]);
    if facts.distinct(Column::Client) == 1 && ips >= 2 && wide >= 2 {
        weight += 0.9; // one program on scattered addresses
    }
    if other_root >= 5 {
        weight += 1.0;
    }
    if passes > 0.1 && elsewhere.admitted > other_root + 4 {
        weight -= 3.0 * passes; // the same credential serves at other places
    }
    let synchronous =
        facts.ips_established >= 1 && facts.ips_denied_at_onset * 10 >= facts.ips_established * 7;
    if synchronous {
        weight += 0.4;
    }
    if is_limited(case) {
        weight *= BESIDE_SURGE;
    }
    let text = format!(
        "{} of {} denied at {} of the same interface, while {} of others were admitted there",
        counted(facts.denials, "request", "requests"),
        counted(ips as u64, "address", "addresses"),
        counted(places as u64, "place", "places"),
        counted(facts.other_ip_here.admitted, "request", "requests")
    );
    Some(evidence(
        "refused",
        EvidenceKind::Behaviour,
        Cause::Credential,
        weight,
        text,
        &[("places", places as f64), ("programs", programs)],
    ))
}

/// Admitted elsewhere and not here, where others are.
fn lacks_right(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let elsewhere = facts.same_ip_elsewhere;
    let others = facts.other_ip_here;
    let here = facts.same_ip_here.admitted_share();
    if elsewhere.admitted < 5 || elsewhere.admitted_share() < 0.3 || here > 0.1 {
        return None;
    }
    let preflights = facts.share(facts.options) > 0.5;
    let by_application = facts.application_share().is_some_and(|share| share >= 0.8);
    let attacks = facts.share(facts.attacks) > 0.3;
    if preflights
        || attacks
        || facts.distinct(Column::Route3) > 6
        || (others.admitted < 3 && !by_application)
    {
        return None;
    }
    let mut weight: f64 = if others.admitted < 3 { 1.4 } else { 1.6 };
    // A right belongs to somebody: a crowd of agents lacks none, though a team of a few may.
    let agents = facts.distinct(Column::UserAgent) as f64 / TEAM;
    weight -= CROWD_COST * agents.max(1.0).ln();
    if facts.share(facts.writes) > 0.95 && facts.distinct(Column::Route3) == 1 {
        weight -= 1.4; // or their bodies are not what the place takes
    }
    let browsers = facts.class_share(&[Class::Browser]);
    if browsers > 0.8 && facts.distinct(Column::Ip) >= CROWD && facts.distinct(Column::User) == 0 {
        weight -= 0.8; // many people without a name: hardly a right that each of them lacks
    }
    if facts.same_ip_other_root.admitted + 4 >= elsewhere.admitted {
        weight -= 0.8; // another interface may be open to all
    }
    weight += if others.admitted as f64 >= 0.1 * facts.denials as f64 {
        0.8
    } else {
        0.0
    };
    weight += if facts.distinct(Column::Route3) <= 2 {
        0.5
    } else {
        0.0
    };
    let text = format!(
        "the same clients had {} requests admitted elsewhere and {} here; {} ({})",
        elsewhere.admitted,
        if here == 0.0 {
            "none".to_string()
        } else {
            percent(here)
        },
        match others.admitted {
            0 => "nobody else came here".to_string(),
            admitted => format!("others had {admitted} admitted here"),
        },
        places_named(case)
    );
    Some(evidence(
        "lacks_right",
        EvidenceKind::Behaviour,
        Cause::Permission,
        weight,
        text,
        &[
            ("elsewhere", elsewhere.admitted as f64),
            ("others_here", others.admitted as f64),
        ],
    ))
}

/// Few credentials on many addresses explain more than the addresses do.
fn fewer_names(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let names = facts
        .distinct(Column::Token)
        .max(facts.distinct(Column::User));
    let ips = facts.distinct(Column::Ip);
    if names == 0 || names * 2 > ips {
        return None;
    }
    let text = format!(
        "{ips} addresses share {}",
        counted(names as u64, "credential", "credentials")
    );
    Some(evidence(
        "fewer_names",
        EvidenceKind::Behaviour,
        Cause::IpAcl,
        -1.5,
        text,
        &[("names", names as f64)],
    ))
}

/// Denied without a token at places where the admitted ones have one.
fn nameless(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let present =
        facts.share(named_requests(case, Column::Token).max(named_requests(case, Column::User)));
    let usual = facts.admitted_here_named as f64 / facts.admitted_here.max(1) as f64;
    let others = facts.other_ip_here.admitted;
    if others < 10 || facts.came_into_force() || usual < 0.6 || present > 0.1 {
        return None; // who had been admitted without one was not denied for it
    }
    // Neighbours who pass nowhere are as well on a list.
    let neighbours = facts.distinct(Column::Ip) >= 3 * facts.distinct(Column::Prefix16)
        && facts.same_ip_elsewhere.admitted + facts.same_ip_here.admitted == 0;
    let weight = if neighbours { 1.5 } else { 3.0 };
    let text = format!(
        "{} of the denied requests show no credential in the log, and {} of those admitted at the same places do",
        percent(1.0 - present),
        percent(usual)
    );
    Some(evidence(
        "nameless",
        EvidenceKind::Behaviour,
        Cause::Credential,
        weight,
        text,
        &[("admitted_with", usual)],
    ))
}

/// The same callers pass at the same places, always with a credential, and are denied, always without one: that is
/// no count's doing.
fn told_by_name(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let names = named_requests(case, Column::Token) + named_requests(case, Column::User);
    let here = facts.same_ip_here.admitted;
    if names > 0 || here < TOLD_BY_NAME || facts.admitted_here_named < facts.admitted_here {
        return None;
    }
    let text = format!(
        "the same addresses were admitted {here} times at the same places, each time with a credential, and denied each time without one"
    );
    Some(evidence(
        "told_by_name",
        EvidenceKind::Behaviour,
        Cause::RateLimit,
        -4.0,
        text,
        &[("admitted", here as f64)],
    ))
}

/// Programs that are denied now and then by the application, however much they ask: a key left out.
fn now_and_then(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let here = facts.same_ip_here;
    let programs = facts.class_share(&PROGRAMS);
    let by_application = facts.application_share().is_some_and(|share| share >= 0.8);
    if programs < 0.6
        || !by_application
        || here.admitted_share() < 0.5
        || (facts.distinct(Column::Route3) < 3 && facts.distinct(Column::Ip) < 3)
    {
        return None;
    }
    let places = facts.distinct(Column::Route3);
    // At one place it may as well be some of its objects that they may not see.
    let weight = if places < 3 { 0.8 } else { 1.5 };
    let text = format!(
        "programs are denied now and then by the application at {} where they are mostly admitted ({})",
        counted(places as u64, "place", "places"),
        percent(here.admitted_share())
    );
    Some(evidence(
        "now_and_then",
        EvidenceKind::Behaviour,
        Cause::Credential,
        weight,
        text,
        &[("admitted_share", here.admitted_share())],
    ))
}

/// A credential in the log that is admitted elsewhere meanwhile is neither unknown nor expired nor revoked.
fn valid(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let same = facts.same_identity_elsewhere;
    let named = named_requests(case, Column::Token).max(named_requests(case, Column::User));
    if facts.share(named) < 0.5 || same.admitted < 5 || same.admitted_share() < 0.3 {
        return None;
    }
    let text = format!(
        "the same credentials were admitted {} times elsewhere meanwhile",
        same.admitted
    );
    Some(evidence(
        "valid",
        EvidenceKind::Behaviour,
        Cause::Credential,
        -2.5,
        text,
        &[("elsewhere", same.admitted as f64)],
    ))
}

/// A user whom the server names has passed its authentication, or the answer were 401; other users pass.
fn authenticated(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let users = facts.share(named_requests(case, Column::User));
    let others = facts.other_identity_here;
    let here = facts.same_ip_here.admitted_share();
    if users < 0.9 || others.admitted < 5 || here > 0.2 {
        return None;
    }
    let weight = match is_limited(case) {
        true => 1.5 * BESIDE_SURGE,
        false => 1.5,
    };
    let text = format!(
        "{} logged by name, so past authentication, and denied where others were admitted {} times",
        counted(facts.distinct(Column::User) as u64, "user", "users"),
        others.admitted
    );
    Some(evidence(
        "authenticated",
        EvidenceKind::Behaviour,
        Cause::Permission,
        weight,
        text,
        &[("others_here", others.admitted as f64)],
    ))
}

/// Denied requests that show a value in a column.
fn named_requests(case: &Case<'_>, column: Column) -> u64 {
    case.facts.values.get(&column).map_or(0, |values| {
        values
            .iter()
            .filter(|(id, _)| *id != NONE)
            .map(|(_, count)| count)
            .sum::<u64>()
    })
}

/// A credential that is used at one place only and never admitted is more often a wrong one than a weak one.
fn once(case: &Case<'_>, column: Column, noun: (&str, &str)) -> Option<Evidence> {
    let facts = case.facts;
    let others = facts.other_identity_here.admitted;
    let never = facts.same_identity_elsewhere.requests() == 0
        && facts.same_ip_here.admitted == 0
        && facts.ips_admitted_here_before == 0;
    if column == Column::User || !never || others < 5 {
        return None; // whom the server names is known to it
    }
    let text = format!(
        "{} never admitted anywhere in the log, while others passed {others} times at the same place",
        counted(facts.distinct(column) as u64, noun.0, noun.1)
    );
    Some(evidence(
        "named",
        EvidenceKind::Behaviour,
        Cause::Credential,
        0.9,
        text,
        &[("others_here", others as f64)],
    ))
}

/// What the token or user name tells, where the log has one.
fn named(case: &Case<'_>) -> Option<Evidence> {
    let facts = case.facts;
    let (tokens, users) = (
        named_requests(case, Column::Token),
        named_requests(case, Column::User),
    );
    let column = if tokens >= users {
        Column::Token
    } else {
        Column::User
    };
    let share = facts.share(tokens.max(users));
    let values = facts.distinct(column);
    let noun = if column == Column::Token {
        ("token", "tokens")
    } else {
        ("user", "users")
    };
    if share < 0.5 {
        return None;
    }
    let same = facts.same_identity_elsewhere;
    let others = facts.other_identity_here;
    if same.admitted >= 5 && same.admitted_share() >= 0.3 && others.admitted >= 3 {
        let text = format!(
            "{} admitted {} times elsewhere and denied here, where others were admitted {} times",
            counted(values as u64, noun.0, noun.1),
            same.admitted,
            others.admitted
        );
        return Some(evidence(
            "named",
            EvidenceKind::Behaviour,
            Cause::Permission,
            1.8,
            text,
            &[("elsewhere", same.admitted as f64)],
        ));
    }
    if facts.distinct(Column::Route3) < 2 {
        return once(case, column, noun); // used at one place only: refused there, or everywhere?
    }
    let few = values as u64 * 10 <= facts.denials;
    if few
        && same.admitted as f64 <= 0.05 * facts.denials as f64
        && facts.same_ip_here.admitted_share() < 0.2
    {
        let text = format!(
            "{} denied wherever used, while other {} passed {} times at the same places",
            counted(values as u64, noun.0, noun.1),
            noun.1,
            others.admitted
        );
        let mut weight = if others.admitted >= 5 { 3.0 } else { 1.2 };
        if is_limited(case) {
            weight *= BESIDE_SURGE;
        }
        return Some(evidence(
            "named",
            EvidenceKind::Behaviour,
            Cause::Credential,
            weight,
            text,
            &[("others_here", others.admitted as f64)],
        ));
    }
    None
}
