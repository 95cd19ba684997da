//! One row per kind of condition: what it looks at, and what a rule with it denies for.

use super::*;

/// The lists that the conditions name.
const LISTS: &[&str] = &[
    "acl fast sc_http_req_rate(0) gt 50",
    "acl office src 192.0.2.0/24",
    "acl office src 198.51.100.0/24",
    "acl has_key req.hdr(X-Api-Key) -m found",
    "acl bots hdr_sub(user-agent) -i gptbot ahrefs",
    "acl mixed src 203.0.113.0/24",
    "acl mixed hdr_sub(user-agent) -i gptbot",
    "acl api path_beg /api",
];

fn grounds(condition: &str) -> Grounds {
    let placed = |line: &&str| Placed {
        file: "haproxy.cfg".into(),
        line: 1,
        words: line.split(' ').map(str::to_owned).collect(),
        within: Vec::new(),
    };
    let lists: Vec<Placed> = LISTS.iter().map(placed).collect();
    let words: Vec<&str> = condition
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    Grounds::of(&words, &lists.iter().collect::<Vec<_>>())
}

#[test]
fn what_a_condition_denies_for() {
    const MARK: &[Cause] = &[RateLimit, IpAcl, BotFilter];
    const COOKIE: &[Cause] = &[BotFilter, Credential];
    const LISTED: &[Cause] = &[Credential, Permission];
    for (condition, causes, mechanism) in [
        // Counts, whatever else is asked.
        ("if fast", &[RateLimit][..], None),
        ("if { sc_http_req_rate(0) gt 50 }", &[RateLimit], None),
        ("if { sc0_http_err_rate gt 5 }", &[RateLimit], None),
        ("if { src_http_req_rate(st) ge 20 }", &[RateLimit], None),
        (
            "if { src,table_http_req_rate(st) gt 9 }",
            &[RateLimit],
            None,
        ),
        ("if { sc_get_gpc0_rate(0) gt 3 }", &[RateLimit], None),
        (
            "if { sc_conn_cur(0) gt 8 }",
            &[RateLimit],
            Some("concurrency"),
        ),
        ("if { fe_conn gt 900 }", &[RateLimit], Some("concurrency")),
        ("if { sc_conn_rate(0) gt 8 }", &[RateLimit], None),
        ("if api fast !office", &[RateLimit], None),
        ("if bots { sc_http_req_rate(1) gt 5 }", &[RateLimit], None),
        ("unless { sc_http_req_rate(0) lt 50 }", &[RateLimit], None),
        // What other rules left.
        ("if { src_get_gpc0 gt 0 }", MARK, None),
        ("if { sc_get_gpt0(0) eq 1 }", MARK, None),
        ("if { src,in_table(banned) }", MARK, None),
        // Addresses.
        ("if { src 203.0.113.0/24 }", &[IpAcl], Some("list")),
        ("if { src -f /etc/haproxy/bad.lst }", &[IpAcl], Some("list")),
        ("if !office", &[IpAcl], Some("list")),
        ("unless office", &[IpAcl], Some("list")),
        ("if ! office", &[IpAcl], Some("list")),
        ("if api { src 203.0.113.0/24 }", &[IpAcl], Some("list")),
        (
            "if { src,map_ip(/etc/geo.map) -m str XX }",
            &[IpAcl],
            Some("country"),
        ),
        (
            "if { req.hdr(CF-IPCountry) -m str XX }",
            &[IpAcl],
            Some("country"),
        ),
        // A closed place, or addresses that are not let in there.
        ("if { path_beg /admin } !office", &[IpAcl, RouteAcl], None),
        // Agents.
        ("if bots", &[BotFilter], Some("user_agent")),
        ("if bots !office", &[BotFilter], Some("user_agent")),
        (
            "if { req.hdr(User-Agent) -m sub -i curl } api",
            &[BotFilter],
            Some("user_agent"),
        ),
        (
            "if !{ req.hdr(user-agent) -m found }",
            &[BotFilter],
            Some("user_agent"),
        ),
        // Credentials and rights.
        ("if api !has_key", &[Credential], Some("missing")),
        ("unless has_key", &[Credential], Some("missing")),
        ("if !{ http_auth(users) }", &[Credential], None),
        ("if { req.hdr(X-Api-Key) -m str a b }", &[Credential], None),
        ("if api { req.hdr(X-Api-Key) -m str a b }", LISTED, None),
        ("if { var(txn.token) -m str a }", &[Credential], None),
        (
            "if !{ url_param(api_key) -m found }",
            &[Credential],
            Some("missing"),
        ),
        ("if !{ ssl_c_used }", &[Credential], None),
        (
            "if api !{ http_auth_group(users) admins }",
            &[Permission],
            Some("role"),
        ),
        (
            "if { req.hdr(X-Auth-Role) -m str guest }",
            &[Permission],
            Some("role"),
        ),
        ("if !{ req.cook(clearance) -m found }", COOKIE, None),
        // Other parts of the request.
        (
            "if METH_OPTIONS { req.hdr(Origin) -m found }",
            &[Cors],
            Some("origin"),
        ),
        ("if METH_OPTIONS", &[Cors], Some("preflight")),
        ("if { method OPTIONS } api", &[Cors], Some("preflight")),
        ("if !{ method GET HEAD }", &[RequestShape], Some("method")),
        ("if api !METH_GET", &[RequestShape], Some("method")),
        ("if !METH_OPTIONS", &[RequestShape], Some("method")),
        (
            "if { hdr_sub(referer) -i spam }",
            &[RequestShape],
            Some("hotlink"),
        ),
        ("if !{ ssl_fc }", &[RequestShape], Some("tls_required")),
        (
            "if !{ hdr(host) -i shop.example.com }",
            &[RequestShape],
            Some("host"),
        ),
        (
            "if METH_POST !{ req.hdr(X-Csrf-Token) -m found }",
            &[RequestShape],
            None,
        ),
        (
            "if !{ req.hdr(X-Shop) -m found }",
            &[RequestShape, Credential, BotFilter],
            None,
        ),
        // Places.
        ("if { path_beg /admin }", &[RouteAcl], None),
        ("if { path -m reg /\\. }", &[RouteAcl], None),
        ("if { path /a } or { path_end .git }", &[RouteAcl], None),
        // What cannot be told.
        ("if { path /a } or { src 192.0.2.1 }", &[], None),
        ("unless api has_key", &[], None),
        ("if mixed", &[], None),
        ("if { var(txn.blocked) -m bool }", &[], None),
        ("if { query -m sub union }", &[], None),
        ("if no_such_list", &[], None),
        ("if TRUE", &[], None),
        ("if { rand(100) lt 5 }", &[], None),
        ("if bots has_key", &[], None),
        ("if {", &[], None),
        ("if", &[], None),
        ("", &[], None),
    ] {
        assert_eq!(
            grounds(condition),
            Grounds { causes, mechanism },
            "{condition}"
        );
    }
}
