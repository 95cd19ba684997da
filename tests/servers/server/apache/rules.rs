//! Rules of the grammar as directives.
//!
//! What Apache's authorization can say is said there: addresses, user agents, methods and users, one
//! condition besides the route. Everything else is a `RewriteRule` with `[F]`, which leaves no trace in
//! the error log; `client`, unlike `user_agent`, is denied so too.

use super::super::{RAW_LOG, Site};
use super::configuration::Draft;
use super::{BANS, DATA, PASSWORDS};
use forbid_logs::findings::{Algorithm, Cause, Condition, Limit, Operator};
use forbid_logs::policy::rule::Policy;
use std::fmt::Write as _;

/// What mod_evasive is given where one of its two counts is not to deny.
const NEVER: u32 = 100_000_000;

/// Adds a rule of the grammar.
pub fn rule(draft: &mut Draft, site: &Site<'_>, number: usize, policy: &Policy, cause: Cause) {
    let (routes, others): (Vec<&Condition>, Vec<&Condition>) = policy
        .conditions
        .iter()
        .partition(|condition| condition.field == "route");
    if let Some(limit) = &policy.limit {
        return match limit.renewed {
            Some(false) => bans(draft, site, limit, &others),
            _ => evasive(draft, site, limit, &routes),
        };
    }
    match &others[..] {
        [] => {
            let place = place(&routes);
            let cause = cause.name();
            let _ = write!(
                draft.server,
                "<LocationMatch \"{place}\">\n  SetEnvIf Request_URI \".\" LAB={cause}:authz\n  AuthMerging And\n  Require all denied\n</LocationMatch>\n"
            );
        }
        [one] if is_authorization(&one.field) => {
            let directives = authorization(number, one, cause);
            let place = place(&routes);
            let _ = write!(
                draft.server,
                "<LocationMatch \"{place}\">\n  AuthMerging And\n{directives}</LocationMatch>\n"
            );
        }
        _ => rewrite(draft, &routes, &others, cause),
    }
}

/// The paths of conditions on the route, as a pattern; all paths if there are none.
fn place(routes: &[&Condition]) -> String {
    let pattern = |condition: &Condition, value: &String| {
        let is_prefix = condition.op == Operator::Prefix || value.ends_with('/');
        let path = escaped(value.trim_end_matches('/'));
        match is_prefix {
            true => format!("{path}(?:/|$)"),
            false => format!("{path}$"),
        }
    };
    let patterns: Vec<String> = routes
        .iter()
        .flat_map(|condition| {
            condition
                .values
                .iter()
                .map(|value| pattern(condition, value))
        })
        .collect();
    match patterns.is_empty() {
        true => "^/".to_string(),
        false => format!("^(?:{})", patterns.join("|")),
    }
}

/// The text, as a pattern within quotes that matches just it.
fn escaped(text: &str) -> String {
    let is_sign = |sign: char| r".+*?()[]{}|^$".contains(sign);
    let escape = |sign: char| match sign {
        '"' => r#"\""#.to_string(),
        '\\' => r"\\\\".to_string(),
        _ if is_sign(sign) => format!(r"\{sign}"),
        _ => sign.to_string(),
    };
    text.chars().map(escape).collect()
}

fn any_of(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| escaped(value)).collect();
    format!("(?:{})", values.join("|"))
}

fn is_authorization(field: &str) -> bool {
    matches!(field, "ip" | "prefix" | "user_agent" | "method" | "user")
}

/// Directives that deny by one condition, and label what they deny.
fn authorization(number: usize, condition: &Condition, cause: Cause) -> String {
    let cause = cause.name();
    let is_not = condition.op == Operator::NotIn;
    let values = condition.values.join(" ");
    let unless = |require: String| {
        format!(
            "  <RequireAll>\n    Require all granted\n    Require not {require}\n  </RequireAll>\n"
        )
    };
    let require = |require: String| match is_not {
        true => format!("  Require {require}\n"),
        false => unless(require),
    };
    match &*condition.field {
        "ip" | "prefix" => {
            let sign = if is_not { "!" } else { "" };
            let listed = listed(&condition.values);
            let label = format!("  SetEnvIfExpr \"{sign}({listed})\" LAB={cause}:authz\n");
            label + &require(format!("ip {values}"))
        }
        "user_agent" => {
            let pattern = pattern(condition);
            let name = format!("lab_agent{number}");
            let label = match is_not {
                true => format!(
                    "  SetEnvIf Request_URI \".\" LAB={cause}:authz\n  BrowserMatchNoCase \"{pattern}\" {name} !LAB\n"
                ),
                false => format!("  BrowserMatchNoCase \"{pattern}\" {name} LAB={cause}:authz\n"),
            };
            label + &require(format!("env {name}"))
        }
        "method" => {
            let (section, look) = match is_not {
                true => ("LimitExcept", "!"),
                false => ("Limit", "="),
            };
            let methods = condition.values.join("|");
            format!(
                "  SetEnvIf Request_Method \"^(?{look}(?:{methods})$)\" LAB={cause}:authz\n  <{section} {values}>\n    Require all denied\n  </{section}>\n"
            )
        }
        "user" => {
            let require = match is_not {
                true => format!("  Require user {values}\n"),
                false => format!(
                    "  <RequireAll>\n    Require valid-user\n    Require not user {values}\n  </RequireAll>\n"
                ),
            };
            format!(
                "  SetEnvIf Authorization \".\" LAB={cause}:user\n  AuthType Basic\n  AuthName \"shop\"\n  AuthBasicProvider file\n  AuthUserFile {PASSWORDS}\n  AuthzSendForbiddenOnFailure On\n{require}"
            )
        }
        other => panic!("authorization does not know {other:?}"),
    }
}

/// Whether the address is in one of the networks, in the language of `ap_expr`.
fn listed(networks: &[String]) -> String {
    let each: Vec<String> = networks.iter().map(|of| format!("-R '{of}'")).collect();
    each.join(" || ")
}

/// The pattern of a condition's values.
fn pattern(condition: &Condition) -> String {
    let any = any_of(&condition.values);
    match (&*condition.field, condition.op) {
        ("referer_host", _) => format!("^https?://{any}(?:[:/]|$)"),
        ("client", _) | (_, Operator::Contains) => any,
        (_, Operator::Prefix) => format!("^{any}"),
        (_, Operator::In | Operator::NotIn) => format!("^{any}$"),
    }
}

/// A denial by mod_rewrite.
fn rewrite(draft: &mut Draft, routes: &[&Condition], others: &[&Condition], cause: Cause) {
    if !routes.is_empty() {
        let _ = writeln!(
            draft.rewrite,
            "RewriteCond %{{REQUEST_URI}} \"{}\"",
            place(routes)
        );
    }
    for condition in others {
        let sign = if condition.op == Operator::NotIn {
            "!"
        } else {
            ""
        };
        let _ = match &*condition.field {
            "ip" | "prefix" => {
                let listed = listed(&condition.values);
                writeln!(draft.rewrite, "RewriteCond expr \"{sign}({listed})\"")
            }
            field => {
                let (variable, pattern) = (variable(field), pattern(condition));
                writeln!(
                    draft.rewrite,
                    "RewriteCond {variable} \"{sign}{pattern}\" [NC]"
                )
            }
        };
    }
    let _ = writeln!(
        draft.rewrite,
        "RewriteRule ^ - [F,E=LAB:{}:rewrite]",
        cause.name()
    );
}

/// What mod_rewrite compares for a field.
fn variable(field: &str) -> &'static str {
    match field {
        "token" => "%{ENV:lab_token}",
        "method" => "%{REQUEST_METHOD}",
        "client" | "user_agent" => "%{HTTP_USER_AGENT}",
        "referer" | "referer_host" => "%{HTTP_REFERER}",
        "content_type" => "%{HTTP:Content-Type}",
        "host" => "%{HTTP_HOST}",
        "path" => "%{REQUEST_URI}",
        "query" => "%{QUERY_STRING}",
        other => panic!("mod_rewrite has no variable for {other:?} here"),
    }
}

/// mod_evasive: its count of a page where the rule has a route (any page is counted, each on its own),
/// its count of the site otherwise.
fn evasive(draft: &mut Draft, site: &Site<'_>, limit: &Limit, routes: &[&Condition]) {
    assert!(
        limit.algorithm == Algorithm::Hold && limit.key == ["ip"],
        "mod_evasive only holds an ip: {limit:?}"
    );
    let count = limit.limit.unwrap_or(NEVER);
    let interval = limit.window_s.unwrap_or(1.0);
    let period = limit.hold_s.unwrap_or(10.0);
    let (of_page, of_site) = match routes.is_empty() {
        true => ((NEVER, 1.0), (count, interval)),
        false => ((count, interval), (NEVER, 1.0)),
    };
    draft.modules.push(("evasive20_module", "mod_evasive20.so"));
    let _ = write!(
        draft.server,
        "DOSHashTableSize 3097\nDOSPageCount {}\nDOSPageInterval {}\nDOSSiteCount {}\nDOSSiteInterval {}\nDOSBlockingPeriod {period}\nDOSLogDir {}\n",
        of_page.0,
        of_page.1,
        of_site.0,
        of_site.1,
        site.path(DATA).display()
    );
}

/// A ban that more requests do not prolong: mod_rewrite asks `bans.py`, which counts the answers of the
/// statuses that the rule names in the access log.
fn bans(draft: &mut Draft, site: &Site<'_>, limit: &Limit, others: &[&Condition]) {
    let (Some(most), Some(within_s), Some(hold_s)) = (limit.limit, limit.window_s, limit.hold_s)
    else {
        panic!("a ban has numbers: {limit:?}")
    };
    let statuses = others
        .iter()
        .filter(|condition| condition.field == "status");
    let statuses: Vec<&str> = statuses
        .flat_map(|condition| condition.values.iter().map(String::as_str))
        .collect();
    let (program, log) = (site.path(BANS), site.path(RAW_LOG));
    let _ = write!(
        draft.rewrite,
        "RewriteMap bans \"prg:/usr/bin/env python3 {} {} {most} {within_s} {hold_s} {}\"\nRewriteCond \"${{bans:%{{REMOTE_ADDR}} %{{TIME}}}}\" =banned\nRewriteRule ^ - [F,E=LAB:rate_limit:rewrite]\n",
        program.display(),
        log.display(),
        statuses.join(" ")
    );
}

/// Adds what the grammar cannot say.
pub fn feature(draft: &mut Draft, site: &Site<'_>, feature: &str) {
    match feature {
        // A folder without an index file.
        "no_index" => {
            draft.files.push("/files/");
            draft.server += "<LocationMatch \"^/files/$\">\n  SetEnvIf Request_URI \".\" LAB=route_acl:index\n</LocationMatch>\n";
        }
        // A file that the server may not read.
        "file_permission" => {
            draft.files.push("/private/");
            draft.server += "<Location \"/private/\">\n  SetEnvIf Request_URI \".\" LAB=route_acl:file\n</Location>\n";
        }
        // Pictures are for our own pages and for searches.
        "hotlink" => {
            draft.rewrite += "RewriteCond %{HTTP_REFERER} \"!^$\"\nRewriteCond %{HTTP_REFERER} \"!^https?://(?:shop\\.example\\.com|[a-z.]*\\.google\\.[a-z.]+)(?:[:/]|$)\" [NC]\nRewriteRule \"^/static/img/\" - [F,NC,E=LAB:request_shape:rewrite]\n";
        }
        // A page that sets a cookie by script must have been seen.
        "challenge" => {
            draft.rewrite += "RewriteCond %{HTTP_COOKIE} \"!(?:^|; )clearance=[0-9a-f]{8}\"\nRewriteRule \"^/(?:shop|search|products|category)\" - [F,E=LAB:bot_filter:rewrite]\n";
        }
        // Preflights of origins that are not listed.
        "cors" => {
            draft.rewrite += "RewriteCond %{REQUEST_METHOD} \"=OPTIONS\"\nRewriteCond %{HTTP:Origin} \".\"\nRewriteCond %{HTTP:Origin} \"!^https?://(?:[a-z]+\\.)?example\\.com$\"\nRewriteRule ^ - [F,E=LAB:cors:rewrite]\n";
        }
        // https://coreruleset.org/docs/: what scores 5 or more is denied by rule 949110.
        "crs" => crs(draft, site),
        other => panic!("Apache has no feature {other:?}"),
    }
}

/// ModSecurity with Debian's Core Rule Set, without rules that a lab without names trips over.
fn crs(draft: &mut Draft, site: &Site<'_>) {
    draft.modules.push(("security2_module", "mod_security2.so"));
    let data = site.path(DATA);
    let data = data.display();
    let _ = write!(
        draft.server,
        r#"SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess Off
SecAuditEngine Off
SecTmpDir /tmp
SecDataDir {data}
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
SecUnicodeMapFile /etc/modsecurity/unicode.mapping 20127
Include /etc/modsecurity/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf
SecRuleRemoveById 920350 920320 920330 911100 920430
SecRuleUpdateActionById 949110 "setenv:LAB=bot_filter:crs"
"#
    );
}
