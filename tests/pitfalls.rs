//! What a log can mislead one to say, one test each: a verdict that is wrong here costs someone a night.

mod running;
mod traffic;

use forbid_logs::findings::{Analysis, Band, Cause, Spike};
use forbid_logs::key::ranges::Ranges;
use forbid_logs::synth::Random;
use running::{analyze, settings};
use traffic::{
    APPLICATION_BODY, BROWSERS, OTHER_PROGRAM, PROGRAM, Request, Traffic, analyzed, get, written,
};

/// The only spike of a log.
fn only(analysis: &Analysis) -> &Spike {
    assert_eq!(analysis.spikes.len(), 1, "{}", told(analysis));
    &analysis.spikes[0]
}

fn told(analysis: &Analysis) -> String {
    let spike = |spike: &Spike| {
        format!(
            "{:?} {:?} {} denials, {:?}, {:#?}",
            spike.cause,
            spike.confidence,
            spike.denials,
            rule(spike),
            spike
                .evidence
                .iter()
                .map(|e| (&e.test, e.weight, &e.text))
                .collect::<Vec<_>>()
        )
    };
    analysis
        .spikes
        .iter()
        .map(spike)
        .collect::<Vec<_>>()
        .join("\n")
}

fn rule(spike: &Spike) -> &str {
    spike.rule.as_ref().map_or("", |rule| rule.text.as_str())
}

fn is_sure(spike: &Spike) -> bool {
    matches!(spike.band, Band::Likely | Band::Certain)
}

/// A page asked for by one of so many neighbours, in some browser.
fn visit(at_s: f64, random: &mut Random, neighbours: usize) -> Request {
    let path = ["/", "/cart", "/products", "/about"][random.below(4)];
    let ip = format!("198.51.100.{}", 1 + random.below(neighbours));
    get(at_s, &ip, path, BROWSERS[random.below(4)])
}

/// A leaky bucket, so that logs can be written as a server would.
struct Bucket {
    rate: f64,
    burst: f64,
    level: f64,
    last_s: f64,
}

impl Bucket {
    fn new(rate: f64, burst: f64) -> Bucket {
        Bucket {
            rate,
            burst,
            level: 0.0,
            last_s: 0.0,
        }
    }

    fn denies(&mut self, at_s: f64) -> bool {
        let level = (self.level - (at_s - self.last_s) * self.rate).max(0.0);
        if level + 1.0 > self.burst + 1.0 {
            return true;
        }
        (self.level, self.last_s) = (level + 1.0, at_s);
        false
    }
}

#[test]
fn who_is_denied_most_is_not_to_blame_if_he_asks_most() {
    let mut traffic = Traffic::ordinary(1);
    // A large customer runs into a filter now and then, all the time; a small one is on a list.
    traffic.stream(2, 0.0, 3_600.0, 4.0, |at_s, random| {
        get(at_s, "203.0.113.7", "/api/v1/search", OTHER_PROGRAM).denied_if(random.happens(0.03))
    });
    traffic.stream(3, 1_200.0, 1_800.0, 0.5, |at_s, random| {
        visit(at_s, random, 9).denied()
    });
    let analysis = traffic.analyzed("pitfall-base-rate");
    let spike = only(&analysis);
    assert_eq!(spike.cause, Cause::IpAcl, "{}", told(&analysis));
    assert!(
        rule(spike).contains("198.51.100.") && !rule(spike).contains("203.0.113.7"),
        "{}",
        rule(spike)
    );
}

#[test]
fn more_bots_are_no_new_rule() {
    // Bots are always denied; at noon there are just more of them (Simpson: no stratum changes).
    let mut traffic = Traffic::ordinary(1);
    let bot = |at_s: f64, random: &mut Random| {
        let ip = format!(
            "{}.{}.9.{}",
            20 + random.below(40),
            random.below(200),
            1 + random.below(9)
        );
        let path = ["/", "/cart", "/products", "/about", "/blog/oak"][random.below(5)];
        get(
            at_s,
            &ip,
            path,
            "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        )
        .denied()
    };
    traffic.stream(2, 0.0, 3_600.0, 0.05, bot);
    traffic.stream(3, 1_800.0, 2_400.0, 3.0, bot);
    let analysis = traffic.analyzed("pitfall-mix");
    let spike = only(&analysis);
    assert_eq!(spike.cause, Cause::BotFilter, "{}", told(&analysis));
    assert!(
        !rule(spike).contains("since"),
        "nothing came into force: {}",
        rule(spike)
    );
}

#[test]
fn one_client_of_one_kind_at_one_place_is_a_tie() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 1_200.0, 2_400.0, 0.3, |at_s, _| {
        get(at_s, "203.0.113.7", "/feeds/private", "ExampleFetcher/1.0").denied()
    });
    let analysis = traffic.analyzed("pitfall-confounded");
    let spike = only(&analysis);
    assert!(!is_sure(spike), "{}", told(&analysis));
    assert!(!spike.alternatives.is_empty(), "{}", told(&analysis));
}

#[test]
fn behind_a_balancer_no_address_is_blamed() {
    let mut traffic = Traffic::ordinary(1);
    for request in &mut traffic.requests {
        let ip = if (request.at_s as u64).is_multiple_of(2) {
            "10.0.0.2"
        } else {
            "10.0.0.3"
        };
        request.ip = ip.to_string();
        request.agent = format!("{} {}", request.agent, request.path.len());
    }
    traffic.stream(2, 1_200.0, 1_500.0, 3.0, |at_s, random| {
        get(
            at_s,
            ["10.0.0.2", "10.0.0.3"][random.below(2)],
            "/account",
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    let analysis = traffic.analyzed("pitfall-balancer");
    assert!(
        analysis.warnings.iter().any(|w| w.contains("balancer")),
        "{:?}",
        analysis.warnings
    );
    assert!(
        analysis
            .spikes
            .iter()
            .all(|spike| spike.cause != Cause::IpAcl),
        "{}",
        told(&analysis)
    );
}

#[test]
fn a_limit_that_all_share_denies_those_who_never_came_before() {
    let mut traffic = Traffic::ordinary(1);
    let mut bucket = Bucket::new(1.0, 20.0);
    traffic.stream(2, 1_200.0, 1_800.0, 8.0, |at_s, random| {
        let ip = format!(
            "{}.{}.3.{}",
            30 + random.below(60),
            random.below(250),
            random.below(250)
        );
        get(at_s, &ip, "/tickets", BROWSERS[random.below(4)]).denied_if(bucket.denies(at_s))
    });
    let analysis = traffic.analyzed("pitfall-shared-limit");
    let spike = only(&analysis);
    assert_eq!(spike.cause, Cause::RateLimit, "{}", told(&analysis));
    let limit = spike
        .rule
        .as_ref()
        .and_then(|rule| rule.limit.as_ref())
        .expect("a limit");
    assert!(
        limit.key.is_empty(),
        "all callers share it: {}",
        rule(spike)
    );
}

#[test]
fn a_list_pushed_at_noon_is_no_limiter() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 0.0, 3_600.0, 0.8, |at_s, random| {
        let ip = format!("198.51.100.{}", 1 + random.below(12));
        let path = ["/", "/cart", "/products", "/about", "/api/v1/search"][random.below(5)];
        get(at_s, &ip, path, BROWSERS[random.below(4)])
            .denied_if((1_800.0..2_900.0).contains(&at_s))
    });
    let analysis = traffic.analyzed("pitfall-pushed-list");
    let spike = only(&analysis);
    assert_eq!(spike.cause, Cause::IpAcl, "{}", told(&analysis));
    assert!(
        rule(spike).contains("since") && rule(spike).contains("until"),
        "{}",
        rule(spike)
    );
}

#[test]
fn what_was_so_when_the_log_began_came_into_force_at_no_moment() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 0.0, 700.0, 1.0, |at_s, random| {
        let ip = format!("198.51.100.{}", 1 + random.below(12));
        get(
            at_s,
            &ip,
            ["/", "/cart", "/products"][random.below(3)],
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    let analysis = traffic.analyzed("pitfall-left-censored");
    assert!(
        !rule(only(&analysis)).contains("since"),
        "{}",
        told(&analysis)
    );
}

#[test]
fn zones_that_differ_from_line_to_line_are_one_time() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 1_200.0, 1_800.0, 2.0, |at_s, random| {
        get(
            at_s,
            &format!("{}.7.7.7", 40 + random.below(50)),
            "/admin/",
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    let text = traffic.text();
    let mixed: String = text
        .lines()
        .enumerate()
        .map(|(nth, line)| {
            let line = match nth % 2 {
                0 => line
                    .replacen("2026:09:", "2026:11:", 1)
                    .replacen("+0000", "+0200", 1),
                _ => line.to_string(),
            };
            line + "\n"
        })
        .collect();
    let (plain, mixed) = (
        analyzed("pitfall-one-zone", &text),
        analyzed("pitfall-two-zones", &mixed),
    );
    let essence = |analysis: &Analysis| {
        let spike = only(analysis);
        (
            spike.cause,
            spike.start.to_string(),
            spike.denials,
            spike.confidence,
        )
    };
    assert_eq!(essence(&plain).0, Cause::RouteAcl, "{}", told(&plain));
    assert_eq!(
        only(&plain).denials,
        only(&mixed).denials,
        "{}",
        told(&mixed)
    );
    assert_eq!(only(&plain).cause, only(&mixed).cause, "{}", told(&mixed));
    assert_eq!(only(&plain).confidence, only(&mixed).confidence);
}

#[test]
fn retries_against_a_list_do_not_make_it_a_limiter() {
    let mut traffic = Traffic::ordinary(1);
    let addresses: Vec<String> = (1..9).map(|n| format!("198.51.100.{n}")).collect();
    for (nth, ip) in addresses.iter().enumerate() {
        // At their own pace before, ten times as fast once they are refused.
        let agent = BROWSERS[nth % 4];
        let path = |nth: usize| ["/", "/cart", "/products", "/about"][nth % 4];
        traffic.stream(nth as u64, 0.0, 1_800.0, 0.06, |at_s, random| {
            get(at_s, ip, path(random.below(4)), agent)
        });
        traffic.stream(50 + nth as u64, 1_800.0, 2_600.0, 0.6, |at_s, random| {
            get(at_s, ip, path(random.below(4)), agent).denied()
        });
    }
    let analysis = traffic.analyzed("pitfall-retries");
    assert_eq!(only(&analysis).cause, Cause::IpAcl, "{}", told(&analysis));
}

#[test]
fn a_limit_kept_by_two_nodes_is_a_limit() {
    let mut traffic = Traffic::ordinary(1);
    let mut nodes = [Bucket::new(0.5, 8.0), Bucket::new(0.5, 8.0)];
    traffic.stream(2, 1_200.0, 2_400.0, 4.0, |at_s, random| {
        let denied = nodes[random.below(2)].denies(at_s);
        get(at_s, "203.0.113.7", "/api/v1/search", PROGRAM).denied_if(denied)
    });
    let analysis = traffic.analyzed("pitfall-nodes");
    assert_eq!(
        only(&analysis).cause,
        Cause::RateLimit,
        "{}",
        told(&analysis)
    );
}

#[test]
fn who_vanishes_was_not_admitted_again() {
    // After two minutes of denials the edge drops him: nothing of it stands in this log.
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 0.0, 1_800.0, 0.5, |at_s, random| {
        visit(at_s, random, 6).denied_if(at_s >= 1_600.0)
    });
    let analysis = traffic.analyzed("pitfall-vanished");
    assert!(
        !rule(only(&analysis)).contains("until"),
        "{}",
        told(&analysis)
    );
}

#[test]
fn an_expired_link_is_no_rule_on_its_place() {
    let mut traffic = Traffic::ordinary(1);
    let expiry = 1_773_133_200 + 1_800; // 09:30 of that day
    traffic.stream(2, 0.0, 3_600.0, 0.6, |at_s, random| {
        let path = format!(
            "/files/report-{}.pdf?expires={expiry}&signature=c2lnbmF0dXJlIG9mIGEgbGluaw",
            random.below(40)
        );
        get(
            at_s,
            &format!("{}.5.5.5", 40 + random.below(60)),
            &path,
            BROWSERS[random.below(4)],
        )
        .denied_if(at_s >= 1_801.0)
    });
    let analysis = traffic.analyzed("pitfall-expired-link");
    assert_eq!(
        only(&analysis).cause,
        Cause::Credential,
        "{}",
        told(&analysis)
    );
}

#[test]
fn the_application_and_the_server_deny_for_reasons_of_their_own() {
    let mut traffic = Traffic::ordinary(1);
    // At the same time and place: the server refuses a list, the application one program's key.
    traffic.stream(2, 1_200.0, 1_800.0, 1.0, |at_s, random| {
        let path = ["/", "/api/v1/search", "/products", "/cart"][random.below(4)];
        get(
            at_s,
            &format!("198.51.100.{}", 1 + random.below(9)),
            path,
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    traffic.stream(3, 1_200.0, 1_800.0, 1.0, |at_s, random| {
        let path = ["/api/v1/search", "/api/v1/orders/1", "/api/v1/users/7"][random.below(3)];
        get(at_s, "203.0.113.7", path, PROGRAM).answered(403, APPLICATION_BODY)
    });
    let analysis = traffic.analyzed("pitfall-responders");
    let mut causes: Vec<Cause> = analysis.spikes.iter().map(|spike| spike.cause).collect();
    causes.sort();
    assert_eq!(
        causes,
        [Cause::IpAcl, Cause::Credential],
        "{}",
        told(&analysis)
    );
}

#[test]
fn other_refusals_are_counted_beside_the_denials() {
    let mut traffic = Traffic::ordinary(1);
    let mut bucket = Bucket::new(0.5, 8.0);
    traffic.stream(2, 1_200.0, 2_400.0, 4.0, |at_s, random| {
        let request = get(at_s, "203.0.113.7", "/api/v1/search", PROGRAM);
        match (bucket.denies(at_s), random.happens(0.1)) {
            (false, _) => request,
            (true, true) => request.answered(429, 162),
            (true, false) => request.denied(),
        }
    });
    let analysis = traffic.analyzed("pitfall-neighbours");
    assert!(
        analysis
            .neighbours
            .get("429")
            .is_some_and(|count| *count > 100),
        "{:?}",
        analysis.neighbours
    );
}

#[test]
fn thousands_of_values_by_chance_are_no_pattern() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 0.0, 3_600.0, 4.0, |at_s, random| {
        let ip = format!(
            "{}.{}.8.{}",
            30 + random.below(90),
            random.below(9),
            1 + random.below(3)
        );
        let path = format!(
            "/page/{}",
            ["a", "b", "c", "d", "e", "f", "g", "h"][random.below(8)]
        );
        get(at_s, &ip, &path, BROWSERS[random.below(4)]).denied_if(random.happens(0.02))
    });
    let analysis = traffic.analyzed("pitfall-multiple-testing");
    assert!(analysis.spikes.is_empty(), "{}", told(&analysis));
    assert!(
        analysis.standing.iter().all(|standing| !is_sure(standing)),
        "{:#?}",
        analysis.standing
    );
}

#[test]
fn a_handful_of_denials_is_no_spike_and_nothing_sure() {
    let mut traffic = Traffic::ordinary(1);
    for nth in 0..12 {
        let path = ["/", "/cart", "/products"][nth % 3];
        traffic
            .requests
            .push(get(1_200.0 + nth as f64, "203.0.113.7", path, BROWSERS[0]).denied());
    }
    let analysis = traffic.analyzed("pitfall-tiny");
    assert!(analysis.spikes.is_empty(), "{}", told(&analysis));
    assert!(
        analysis.standing.iter().all(|standing| !is_sure(standing)),
        "{:#?}",
        analysis.standing
    );
}

#[test]
fn what_a_client_claims_about_its_address_is_not_believed() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 1_200.0, 1_800.0, 2.0, |at_s, random| {
        let path = ["/", "/cart", "/products"][random.below(3)];
        get(at_s, "203.0.113.7", path, BROWSERS[random.below(4)]).denied()
    });
    // The last field is X-Forwarded-For, as nginx's `main` writes it.
    let text: String = traffic
        .text()
        .lines()
        .map(|line| format!("{line} \"192.0.2.66\"\n"))
        .collect();
    let analysis = analyzed("pitfall-forged", &text);
    let ips: Vec<&str> = only(&analysis).keys["ip"]
        .iter()
        .map(|key| key.value.as_str())
        .collect();
    assert_eq!(ips, ["203.0.113.7"], "{}", told(&analysis));
}

#[test]
fn with_its_key_and_without_it_in_turns_is_no_clamp() {
    let mut traffic = Traffic::ordinary(1);
    // An application leaves its key out of every third call, at a steady pace.
    for nth in 0..3_000u32 {
        let at_s = 600.0 + f64::from(nth) * 0.8;
        let path = [
            "/api/v1/orders/1",
            "/api/v1/search",
            "/api/v1/users/7",
            "/api/v1/items",
        ][nth as usize % 4];
        let request = get(at_s, "203.0.113.7", path, PROGRAM);
        traffic.requests.push(match nth % 3 {
            0 => request.answered(403, APPLICATION_BODY),
            _ => request,
        });
    }
    let analysis = traffic.analyzed("pitfall-no-clamp");
    let of_limit = |spike: &Spike| spike.cause == Cause::RateLimit;
    assert!(
        !analysis
            .spikes
            .iter()
            .chain(&analysis.standing)
            .any(of_limit),
        "{}",
        told(&analysis)
    );
}

#[test]
fn a_limit_of_the_whole_server_is_no_rule_on_the_places_of_bystanders() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 1_200.0, 1_500.0, 20.0, |at_s, random| {
        let ip = format!(
            "{}.{}.3.{}",
            30 + random.below(60),
            random.below(250),
            random.below(250)
        );
        get(
            at_s,
            &ip,
            ["/", "/sale"][random.below(2)],
            BROWSERS[random.below(4)],
        )
    });
    traffic.requests.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut bucket = Bucket::new(3.0, 40.0);
    for request in &mut traffic.requests {
        if bucket.denies(request.at_s) {
            *request = request.clone().denied();
        }
    }
    let analysis = traffic.analyzed("pitfall-whole-server");
    assert_eq!(
        only(&analysis).cause,
        Cause::RateLimit,
        "{}",
        told(&analysis)
    );
}

#[test]
fn in_a_log_of_one_minute_the_window_is_seconds() {
    let mut traffic = Traffic::ordinary(1);
    traffic.requests.retain(|request| request.at_s < 75.0);
    let mut bucket = Bucket::new(2.0, 5.0);
    traffic.stream(2, 30.0, 45.0, 15.0, |at_s, _| {
        get(at_s, "203.0.113.7", "/api/v1/search", PROGRAM).denied_if(bucket.denies(at_s))
    });
    let analysis = traffic.analyzed("pitfall-short");
    let spike = only(&analysis);
    assert_eq!(spike.cause, Cause::RateLimit, "{}", told(&analysis));
    assert!(analysis.window_s <= 10, "{}", analysis.window_s);
}

#[test]
fn a_full_block_by_a_key_that_is_not_logged_follows_the_rush_of_its_callers() {
    let mut traffic = Traffic::ordinary(1);
    // Six addresses of one program, calm for long, then in a hurry: shut out after ninety requests, until they stop.
    let ip = |nth: usize| format!("{}.20.30.40", 50 + nth);
    traffic.stream(2, 0.0, 1_800.0, 0.1, |at_s, random| {
        get(at_s, &ip(random.below(6)), "/api/v1/export", PROGRAM)
    });
    let mut admitted = 0;
    traffic.stream(3, 1_800.0, 2_400.0, 6.0, |at_s, random| {
        admitted += 1;
        get(at_s, &ip(random.below(6)), "/api/v1/export", PROGRAM).denied_if(admitted > 90)
    });
    traffic.stream(4, 0.0, 3_600.0, 0.2, |at_s, random| {
        get(
            at_s,
            &format!("{}.60.70.80", 90 + random.below(9)),
            "/api/v1/export",
            OTHER_PROGRAM,
        )
    });
    let analysis = traffic.analyzed("pitfall-hidden-key");
    let spike = only(&analysis);
    assert!(
        matches!(spike.cause, Cause::RateLimit | Cause::Undetermined),
        "{}",
        told(&analysis)
    );
    let first = spike
        .alternatives
        .first()
        .map(|alternative| alternative.cause);
    assert!(
        spike.cause == Cause::RateLimit || first == Some(Cause::RateLimit),
        "{}",
        told(&analysis)
    );
}

#[test]
fn a_challenge_is_one_thing_whatever_its_visitors_ask_for() {
    let mut traffic = Traffic::ordinary(1);
    for visitor in 0..400u32 {
        let ip = format!(
            "{}.{}.2.{}",
            30 + visitor % 60,
            visitor % 200,
            1 + visitor % 250
        );
        let agent = BROWSERS[visitor as usize % 4];
        let at_s = 1_200.0 + f64::from(visitor) * 2.0;
        let path = ["/", "/products", "/blog/oak", "/about", "/cart"][visitor as usize % 5];
        traffic
            .requests
            .push(get(at_s, &ip, path, agent).answered(403, 4_812));
        for nth in 1..4 {
            traffic
                .requests
                .push(get(at_s + 3.0 * f64::from(nth), &ip, path, agent));
        }
    }
    traffic.requests.retain(|request| {
        !(1_200.0..2_000.0).contains(&request.at_s) || !request.ip.contains(".7.")
    });
    let analysis = traffic.analyzed("pitfall-challenge");
    assert_eq!(
        only(&analysis).cause,
        Cause::BotFilter,
        "{}",
        told(&analysis)
    );
}

#[test]
fn a_stale_form_is_neither_a_place_nor_a_credential() {
    let mut traffic = Traffic::ordinary(1);
    let mut random = Random::new(5);
    for visitor in 0..120u32 {
        let ip = format!(
            "{}.{}.2.{}",
            30 + visitor % 60,
            visitor % 200,
            1 + visitor % 250
        );
        let agent = BROWSERS[visitor as usize % 4];
        let at_s = random.within(1_200.0, 1_700.0);
        traffic
            .requests
            .push(get(at_s, &ip, "/account/email", agent));
        let form = get(at_s + 20.0, &ip, "/account/email", agent)
            .posted_from("https://shop.example/account/email");
        traffic.requests.push(match random.below(3) {
            0 => form,
            _ => form.answered(403, APPLICATION_BODY),
        });
    }
    let analysis = traffic.analyzed("pitfall-form");
    assert_eq!(
        only(&analysis).cause,
        Cause::RequestShape,
        "{}",
        told(&analysis)
    );
}

#[test]
fn crawlers_at_a_directory_without_an_index_are_not_filtered() {
    let mut traffic = Traffic::ordinary(1);
    let agents = [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    ];
    traffic.stream(2, 1_200.0, 2_000.0, 0.6, |at_s, random| {
        let bot = random.below(2);
        let ip = format!("66.249.{}.{}", 60 + bot, 1 + random.below(20));
        let file = random.happens(0.5);
        let path = if file {
            format!("/pictures/{}/a.png", random.below(9))
        } else {
            format!("/pictures/{}/", random.below(9))
        };
        get(at_s, &ip, &path, agents[bot]).denied_if(!file)
    });
    let analysis = traffic.analyzed("pitfall-directory");
    assert_eq!(
        only(&analysis).cause,
        Cause::RouteAcl,
        "{}",
        told(&analysis)
    );
}

#[test]
fn a_list_of_many_networks_is_one_spike() {
    let mut traffic = Traffic::ordinary(1);
    let networks = [
        "198.51.100",
        "203.0.113",
        "192.0.2",
        "100.64.9",
        "100.70.3",
        "198.18.7",
    ];
    traffic.stream(2, 0.0, 3_600.0, 1.5, |at_s, random| {
        let ip = format!("{}.{}", networks[random.below(6)], 1 + random.below(30));
        let path = ["/", "/cart", "/products", "/about", "/api/v1/search"][random.below(5)];
        get(at_s, &ip, path, BROWSERS[random.below(4)])
            .denied_if((1_800.0..2_700.0).contains(&at_s))
    });
    let analysis = traffic.analyzed("pitfall-pieces");
    assert_eq!(only(&analysis).cause, Cause::IpAcl, "{}", told(&analysis));
}

#[test]
fn without_the_requests_that_were_admitted_less_is_sure() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 1_200.0, 1_800.0, 2.0, |at_s, random| {
        visit(at_s, random, 9).denied()
    });
    let whole = traffic.analyzed("pitfall-exposure");
    traffic.requests.retain(|request| request.status == 403);
    let bare = traffic.analyzed("pitfall-no-exposure");
    let confidence = |analysis: &Analysis| {
        let all = analysis.spikes.iter().chain(&analysis.standing);
        all.filter_map(|spike| spike.confidence).fold(0.0, f64::max)
    };
    assert!(
        confidence(&bare) < confidence(&whole),
        "{} {}",
        told(&whole),
        told(&bare)
    );
    assert!(
        bare.warnings
            .iter()
            .any(|warning| warning.contains("denied")),
        "{:?}",
        bare.warnings
    );
}

#[test]
fn a_sampled_log_is_told_as_one() {
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 1_200.0, 1_800.0, 2.0, |at_s, random| {
        get(
            at_s,
            &format!("{}.7.7.7", 40 + random.below(50)),
            "/admin/",
            BROWSERS[random.below(4)],
        )
        .denied()
    });
    let path = written("pitfall-sampled", &traffic.text());
    let mut settings = settings(&[path]);
    settings.sampled = Some(10);
    let analysis = analyze(&settings);
    assert!(
        analysis
            .warnings
            .iter()
            .any(|warning| warning.contains("one request in 10")),
        "{:?}",
        analysis.warnings
    );
}

/// Every ten seconds or so, as monitors ask, from so many of them.
fn monitors(traffic: &mut Traffic, kept: f64) {
    let mut random = Random::new(77);
    for monitor in 0..6usize {
        let period_s = 6.0 + 2.0 * monitor as f64;
        for nth in 0..(3_500.0 / period_s) as usize {
            if random.below(1_000) as f64 >= kept * 1_000.0 {
                continue;
            }
            let at_s = nth as f64 * period_s + random.below(300) as f64 / 1_000.0;
            let ip = format!("192.0.2.{}", 10 + monitor);
            traffic
                .requests
                .push(get(at_s, &ip, "/health", "Prometheus/2.53.0"));
        }
    }
}

/// A burst of denials, so that there is something to read the log for.
fn closed_place(traffic: &mut Traffic, from_s: f64) {
    traffic.stream(2, from_s, from_s + 600.0, 2.0, |at_s, random| {
        let ip = format!("{}.7.7.7", 40 + random.below(50));
        get(at_s, &ip, "/admin/", BROWSERS[random.below(4)]).denied()
    });
}

#[test]
fn who_is_seen_now_and_then_only_shows_that_requests_are_missing() {
    let seems_sampled = |kept: f64, name: &str| {
        let mut traffic = Traffic::ordinary(1);
        monitors(&mut traffic, kept);
        closed_place(&mut traffic, 1_200.0);
        let analysis = traffic.analyzed(name);
        let mut warnings = analysis.warnings.into_iter();
        warnings.find(|warning| warning.contains("seems to hold one request in"))
    };
    assert_eq!(seems_sampled(1.0, "pitfall-monitors"), None);
    let warning = seems_sampled(0.2, "pitfall-monitors-sampled").expect("it is noticed");
    assert!(warning.contains("one request in 5"), "{warning}");
}

#[test]
fn a_log_that_begins_within_a_spike_says_so() {
    let begins_within = |from_s: f64, name: &str| {
        let mut traffic = Traffic::ordinary(1);
        closed_place(&mut traffic, from_s);
        let analysis = traffic.analyzed(name);
        only(&analysis);
        let mut warnings = analysis.warnings.iter();
        warnings.any(|warning| warning.contains("begins in the midst of 1-1"))
    };
    assert!(begins_within(0.0, "pitfall-midst"));
    assert!(!begins_within(1_200.0, "pitfall-no-midst"));
}

#[test]
fn who_bears_the_name_of_a_crawler_is_not_that_crawler() {
    const GOOGLEBOT: &str =
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    let mut traffic = Traffic::ordinary(1);
    traffic.stream(2, 0.0, 3_600.0, 0.1, |at_s, random| {
        let ip = format!("66.249.64.{}", 1 + random.below(20));
        get(
            at_s,
            &ip,
            ["/", "/products", "/about"][random.below(3)],
            GOOGLEBOT,
        )
    });
    traffic.stream(3, 1_200.0, 1_800.0, 2.0, |at_s, random| {
        let ip = format!("{}.9.8.{}", 40 + random.below(60), 1 + random.below(9));
        let path = ["/", "/products", "/about", "/cart"][random.below(4)];
        get(at_s, &ip, path, GOOGLEBOT).denied()
    });
    let path = written("pitfall-crawler", &traffic.text());
    let ranges = written("googlebot", "# published\n66.249.64.0/27\n");
    let mut settings = settings(&[path]);
    settings.crawler_ranges =
        Ranges::read(&[ranges.display().to_string()]).expect("these are ranges");
    let analysis = analyze(&settings);
    let spike = only(&analysis);
    assert_eq!(spike.cause, Cause::BotFilter, "{}", told(&analysis));
    assert_eq!(spike.mechanism.as_deref(), Some("false_crawler"));
    let sentence = spike.evidence.iter().find(|e| e.test == "false_crawler");
    let text = &sentence.expect("it says so").text;
    assert!(
        text.contains("Googlebot came from outside the ranges"),
        "{text}"
    );
    assert!(is_sure(spike), "{}", told(&analysis));
    assert_eq!(spike.collateral.claimed_crawlers, 0);
}

#[test]
fn a_key_that_may_not_write_at_one_place_may_do_all_else() {
    let mut traffic = Traffic::ordinary(1);
    let with_key = |at_s: f64, random: &mut Random, key: usize| {
        let place = ["orders", "invoices", "customers"][random.below(3)];
        let path = format!("/api/v2/{place}?api_key=k{key}Vq8Zt3Lw0Xn5Rb7Y{key}");
        let mut request = get(at_s, &format!("203.0.113.{}", 10 + key), &path, PROGRAM);
        if random.below(2) == 0 {
            request = request.posted_from("-");
        }
        let withdrawn = key == 0 && (1_200.0..1_800.0).contains(&at_s);
        let refused = withdrawn && place == "orders" && request.method == "POST";
        match refused {
            true => request.answered(403, APPLICATION_BODY),
            false => request,
        }
    };
    for key in 0..6 {
        traffic.stream(10 + key as u64, 0.0, 3_600.0, 0.2, |at_s, random| {
            with_key(at_s, random, key)
        });
    }
    traffic.stream(30, 0.0, 3_600.0, 2.0, |at_s, random| {
        with_key(at_s, random, 0)
    });
    let analysis = traffic.analyzed("pitfall-key-method-place");
    let spike = only(&analysis);
    let text = rule(spike);
    for part in ["token", "method POST", "/api/v2/orders"] {
        assert!(text.contains(part), "{part} in {text}: {}", told(&analysis));
    }
    let rule = spike.rule.as_ref().expect("it is rebuilt");
    assert!(
        rule.precision > 0.98 && rule.coverage > 0.98,
        "{} {}",
        rule.precision,
        rule.coverage
    );
}
