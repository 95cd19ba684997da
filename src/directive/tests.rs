//! Configurations, and the lines that stand behind verdicts on them.

use super::*;
use crate::findings::*;
use std::collections::BTreeMap;

pub(super) fn spike(cause: Cause, mechanism: &str, keys: &[(&str, &str)]) -> Spike {
    let mut named: BTreeMap<String, Vec<KeyCount>> = BTreeMap::new();
    for (dimension, value) in keys {
        let count = KeyCount {
            value: (*value).to_owned(),
            denials: 1,
            requests: 1,
        };
        named
            .entry((*dimension).to_owned())
            .or_default()
            .push(count);
    }
    Spike {
        id: "1-1".into(),
        state: State::Closed,
        start: Default::default(),
        end: Default::default(),
        requests: 1,
        denials: 1,
        expected: 0.0,
        peak: Peak {
            start: Default::default(),
            denials: 1,
        },
        family: cause.family(),
        cause,
        mechanism: Some(mechanism.to_owned()),
        confidence: None,
        band: Band::Likely,
        reason: None,
        known: None,
        alternatives: Vec::new(),
        rule: None,
        keys: named,
        distinct: BTreeMap::new(),
        stated: Vec::new(),
        configured: Vec::new(),
        evidence: Vec::new(),
        collateral: Collateral::default(),
        without: Without::default(),
        examples: Vec::new(),
        reproduce: Vec::new(),
        settle: None,
        advice: Advice::default(),
    }
}

fn read(kind: &str, text: &str) -> Configurations {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let of = |wanted: &str| (kind == wanted).then(|| file.path());
    Configurations::read(of("nginx"), of("apache"), of("haproxy")).unwrap()
}

fn lines(configurations: &Configurations, spike: &Spike) -> Vec<u64> {
    let found = configurations.behind(spike, &[403]);
    found.iter().map(|one| one.line).collect()
}

const NGINX: &str = r#"http {
  limit_req_zone $binary_remote_addr zone=search:10m rate=10r/s;
  limit_req_zone $binary_remote_addr zone=login:10m rate=1r/s;
  map $http_user_agent $bad { default 0;
    ~*gptbot 1;
    ~*ahrefs 1; }
  geo $banned { default 0;
    203.0.113.0/24 1;
    198.51.100.0/24 1; }
  server {
    if ($bad) { return 403; }
    if ($banned) { return 403; }
    location ~ /\.(?!well-known) { deny all; }
    location = /login { limit_req zone=login burst=1; }
    location /api/search { limit_req zone=search burst=20; }
    location ^~ /admin/ { deny 192.0.2.0/24;
      deny all; }
    location ^~ /api/v1/catalog { limit_except GET HEAD { deny all; } }
    location ^~ /img/ { valid_referers none server_names; if ($invalid_referer) { return 403; } }
    location / { proxy_pass http://a; }
  }
}
"#;

#[test]
fn lines_of_nginx() {
    let configurations = read("nginx", NGINX);
    for (cause, mechanism, keys, expected) in [
        (
            Cause::RateLimit,
            "leaky_bucket",
            &[("route", "/api/search")][..],
            &[15][..],
        ),
        (
            Cause::RateLimit,
            "leaky_bucket",
            &[("route", "/login")],
            &[14],
        ),
        (Cause::RouteAcl, "probe_path", &[("route", "/.env")], &[13]),
        (
            Cause::RouteAcl,
            "denied_location",
            &[("route", "/admin/users/{id}")],
            &[17],
        ),
        (
            Cause::IpAcl,
            "list",
            &[("ip", "203.0.113.9"), ("route", "/")],
            &[8],
        ),
        (
            Cause::IpAcl,
            "list",
            &[("ip", "192.0.2.9"), ("route", "/admin/x")],
            &[16],
        ),
        (
            Cause::BotFilter,
            "user_agent",
            &[
                ("user_agent", "Mozilla/5.0 (compatible; GPTBot/1.0)"),
                ("route", "/"),
            ],
            &[5],
        ),
        (
            Cause::RequestShape,
            "method",
            &[("method", "POST"), ("route", "/api/v1/catalog/{id}")],
            &[18],
        ),
        (
            Cause::RequestShape,
            "hotlink",
            &[("method", "GET"), ("route", "/img/a.png")],
            &[19],
        ),
        (Cause::Undetermined, "", &[("route", "/")], &[]),
    ] {
        let spike = spike(cause, mechanism, keys);
        assert_eq!(
            lines(&configurations, &spike),
            expected,
            "{cause:?} {keys:?}"
        );
    }
}

#[test]
fn a_stated_zone_is_named_where_it_is_used_and_declared() {
    let mut spike = spike(Cause::RateLimit, "leaky_bucket", &[("route", "/other")]);
    spike.stated.push(StatedBy {
        zone: Some("search".into()),
        ..StatedBy::default()
    });
    assert_eq!(lines(&read("nginx", NGINX), &spike), [2, 15]);
}

const APACHE: &str = r#"BrowserMatchNoCase "gptbot|ahrefs" bad_bot
<Directory />
  Require all denied
</Directory>
<LocationMatch "/\.(?!well-known)">
  Require all denied
</LocationMatch>
<Location "/admin">
  Require all denied
</Location>
<Location "/">
  <RequireAll>
    Require all granted
    Require not ip 203.0.113.0/24
    Require not env bad_bot
  </RequireAll>
</Location>
<Location "/api/catalog">
  <LimitExcept GET>
    Require all denied
  </LimitExcept>
</Location>
RewriteCond %{HTTP_REFERER} !shop
RewriteRule ^/img/ - [F]
SecRule ARGS "x" "id:1007,deny"
DOSHashTableSize 3097
DOSPageCount 5
DOSPageInterval 1
DOSSiteCount 100
DOSBlockingPeriod 10
DOSLogDir /var/log
"#;

#[test]
fn lines_of_apache() {
    let configurations = read("apache", APACHE);
    for (cause, mechanism, keys, expected) in [
        (
            Cause::RouteAcl,
            "probe_path",
            &[("route", "/.env")][..],
            &[6][..],
        ),
        (
            Cause::RouteAcl,
            "denied_location",
            &[("route", "/admin/a")],
            &[9],
        ),
        (
            Cause::IpAcl,
            "list",
            &[("ip", "203.0.113.9"), ("route", "/a")],
            &[14],
        ),
        (
            Cause::BotFilter,
            "user_agent",
            &[("user_agent", "x GPTBot/1"), ("route", "/a")],
            &[1],
        ),
        (
            Cause::RequestShape,
            "method",
            &[("method", "PUT"), ("route", "/api/catalog")],
            &[20],
        ),
        (
            Cause::RequestShape,
            "hotlink",
            &[("route", "/img/a.png")],
            &[24],
        ),
        (Cause::RateLimit, "hold", &[("route", "/a")], &[27, 28, 30]),
        (
            Cause::RateLimit,
            "hold",
            &[("route", "/a"), ("route", "/b")],
            &[27, 28, 29, 30],
        ),
    ] {
        let spike = spike(cause, mechanism, keys);
        assert_eq!(
            lines(&configurations, &spike),
            expected,
            "{cause:?} {keys:?}"
        );
    }
    let mut by_number = spike(Cause::BotFilter, "waf_signature", &[("route", "/a")]);
    by_number.stated.push(StatedBy {
        rule: Some("1007".into()),
        place: Some("/etc/modsecurity/rules.conf:94".into()),
        ..StatedBy::default()
    });
    let found = configurations.behind(&by_number, &[403]);
    assert_eq!(
        found.iter().map(|one| one.line).collect::<Vec<_>>(),
        [94, 25]
    );
    assert_eq!(found[0].file, "/etc/modsecurity/rules.conf");
}

#[test]
fn haproxy_names_who_bans_beside_who_denies_the_banned() {
    let text = "frontend f\n  http-request deny if { path -m str /login } { src,in_table(banned) }\n  http-request track-sc0 src table t if { path -m str /login }\n  http-request deny if { sc_http_req_rate(0,t) gt 9 }\n";
    let configurations = read("haproxy", text);
    let spike = spike(Cause::RateLimit, "", &[("route", "/login")]);
    assert_eq!(lines(&configurations, &spike), [2, 4]);
}

#[test]
fn lines_of_haproxy() {
    let text = "frontend f\n  stick-table type ip size 1m store http_req_rate(10s)\n  acl fast sc_http_req_rate(0) gt 50\n  acl listed src 203.0.113.0/24\n  http-request deny if fast\n  http-request deny if listed\n  http-request deny if { path_beg /admin }\n  http-request deny if { req.hdr(User-Agent) -m sub GPTBot }\n  http-request deny deny_status 429 if fast\n";
    let configurations = read("haproxy", text);
    for (cause, keys, expected) in [
        (Cause::RateLimit, &[("route", "/a")][..], &[5][..]),
        (Cause::IpAcl, &[("ip", "203.0.113.9")], &[6]),
        (Cause::RouteAcl, &[("route", "/admin/x")], &[7]),
        (Cause::BotFilter, &[("user_agent", "GPTBot/1.0")], &[8]),
    ] {
        assert_eq!(
            lines(&configurations, &spike(cause, "", keys)),
            expected,
            "{cause:?}"
        );
    }
}

#[test]
fn look_around_is_left_out_of_a_pattern() {
    assert_eq!(without_look_around(r"/\.(?!well(-x)?known)a"), r"/\.a");
    assert_eq!(without_look_around("(?<=x)y(?!"), "y");
}
