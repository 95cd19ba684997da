//! Rules of the grammar, and features, as directives of nginx.

use super::{CRS, Draft};
use crate::scenario::Denial;
use crate::server::Site;
use forbid_logs::findings::{Algorithm, Cause, Condition, Limit, Operator};
use forbid_logs::policy::rule::Policy;
use std::fmt::Write as _;

/// Adds a rule of the grammar.
pub(super) fn rule(draft: &mut Draft, number: usize, policy: &Policy, denial: &Denial) {
    let cause = denial.cause();
    let (routes, others): (Vec<&Condition>, Vec<&Condition>) = policy
        .conditions
        .iter()
        .partition(|condition| condition.field == "route");
    let places: Vec<String> = routes
        .iter()
        .flat_map(|condition| places(condition))
        .collect();
    let directive = match &policy.limit {
        Some(limit) => {
            let limited = limited(draft, number, limit, &others);
            match denial.status {
                Some(status) => format!("limit_req_status {status}; {limited}"),
                None => limited,
            }
        }
        None if others.is_empty() => format!("set $lab {}; deny all;", cause.name()),
        None => denied(draft, number, &others, cause),
    };
    if places.is_empty() {
        let _ = writeln!(draft.server, "    {directive}");
    }
    for place in places {
        draft.location(&place, &directive);
    }
}

/// The locations of a condition on the route.
fn places(condition: &Condition) -> Vec<String> {
    let place = |value: &String| match condition.op {
        Operator::Prefix => format!("^~ {value}"),
        _ if value.ends_with('/') => format!("^~ {value}"),
        _ => format!("= {value}"),
    };
    condition.values.iter().map(place).collect()
}

/// The variable that a field is compared by.
fn variable(field: &str) -> &'static str {
    match field {
        "ip" | "prefix" => "$binary_remote_addr",
        "token" => "$lab_token",
        "user" => "$remote_user",
        "route" | "path" => "$uri",
        "method" => "$request_method",
        "client" | "user_agent" => "$http_user_agent",
        "referer" | "referer_host" => "$http_referer",
        "content_type" => "$content_type",
        "host" => "$host",
        other => panic!("nginx has no variable for {other:?} here"),
    }
}

/// A limit of requests or of connections; where only some requests count, their key is empty for others.
fn limited(draft: &mut Draft, number: usize, limit: &Limit, others: &[&Condition]) -> String {
    let keys: String = limit.key.iter().map(|field| variable(field)).collect();
    let keys = if keys.is_empty() {
        "$server_name".to_string()
    } else {
        keys
    };
    let key = match others {
        [] => keys,
        _ => {
            let matched = matched(draft, number, others);
            let _ = writeln!(
                draft.http,
                "  map {matched} $lab_key{number} {{ 1 {keys}; default \"\"; }}"
            );
            format!("$lab_key{number}")
        }
    };
    let zone = format!("lab{number}");
    match limit.algorithm {
        Algorithm::LeakyBucket => {
            let per_minute = limit.rate_per_s.unwrap_or(1.0) * 60.0;
            let rate = match per_minute % 60.0 {
                0.0 => format!("{}r/s", per_minute / 60.0),
                _ => format!("{}r/m", per_minute.round()),
            };
            let _ = writeln!(
                draft.http,
                "  limit_req_zone {key} zone={zone}:8m rate={rate};"
            );
            let burst = limit.burst.unwrap_or(0);
            match burst {
                0 => format!("limit_req zone={zone};"),
                _ => format!("limit_req zone={zone} burst={burst} nodelay;"),
            }
        }
        Algorithm::Concurrency => {
            let _ = writeln!(draft.http, "  limit_conn_zone {key} zone={zone}:8m;");
            format!("limit_conn {zone} {};", limit.limit.unwrap_or(1))
        }
        other => panic!("nginx has no {} limit", other.name()),
    }
}

/// A denial of some requests: lists of addresses as such, all else by maps.
fn denied(draft: &mut Draft, number: usize, others: &[&Condition], cause: Cause) -> String {
    if let [only] = others
        && matches!(&*only.field, "ip" | "prefix")
        && only.op == Operator::In
    {
        let _ = writeln!(draft.http, "  geo $lab_listed{number} {{ default \"\";");
        for network in &only.values {
            let _ = writeln!(draft.http, "    {network} {};", cause.name());
        }
        draft.http += "  }\n";
        let lines = only.values.iter().map(|network| format!("deny {network};"));
        return format!(
            "set $lab $lab_listed{number}; {}",
            lines.collect::<String>()
        );
    }
    let matched = matched(draft, number, others);
    format!(
        "if ({matched}) {{ set $lab {}; return 403; }}",
        cause.name()
    )
}

/// A variable that is 1 where all conditions hold.
fn matched(draft: &mut Draft, number: usize, conditions: &[&Condition]) -> String {
    let mut all = String::new();
    for (place, condition) in conditions.iter().enumerate() {
        let name = format!("$lab_is{number}_{place}");
        let (hit, miss) = if condition.op == Operator::NotIn {
            (0, 1)
        } else {
            (1, 0)
        };
        let is_address = matches!(&*condition.field, "ip" | "prefix");
        match is_address {
            true => {
                let _ = writeln!(draft.http, "  geo {name} {{ default {miss};");
            }
            false => {
                let _ = writeln!(
                    draft.http,
                    "  map {} {name} {{ default {miss};",
                    variable(&condition.field)
                );
            }
        }
        for value in &condition.values {
            let contains = condition.op == Operator::Contains || condition.field == "client";
            let pattern = match contains {
                _ if is_address => value.clone(),
                true => format!("\"~*{}\"", value.replace('.', "\\.").replace(' ', "\\s")),
                false => format!("\"{value}\""),
            };
            let _ = writeln!(draft.http, "    {pattern} {hit};");
        }
        draft.http += "  }\n";
        all += &name;
    }
    let ones = "1".repeat(conditions.len());
    let _ = writeln!(
        draft.http,
        "  map {all} $lab_match{number} {{ {ones} 1; default 0; }}"
    );
    format!("$lab_match{number}")
}

/// Adds what the grammar cannot say.
pub(super) fn feature(draft: &mut Draft, site: &Site<'_>, feature: &str, denial: &Denial) {
    let www = format!("{}/www", site.directory.display());
    match feature {
        // A folder without an index file.
        "no_index" => draft.location("= /files/", &format!("root {www}; set $lab route_acl;")),
        // A file that the server may not read.
        "file_permission" => draft.location("^~ /private/", &format!("root {www}; set $lab route_acl;")),
        // https://nginx.org/en/docs/http/ngx_http_secure_link_module.html
        "signed_link" => draft.location(
            "^~ /download/",
            r#"secure_link $arg_md5,$arg_expires; secure_link_md5 "$secure_link_expires$uri lab"; if ($secure_link = "") { set $lab credential; return 403; } if ($secure_link = "0") { set $lab credential; return 403; }"#,
        ),
        // https://nginx.org/en/docs/http/ngx_http_referer_module.html
        "hotlink" => draft.location(
            "^~ /static/img/",
            "valid_referers none blocked server_names ~\\.google\\.; if ($invalid_referer) { set $lab request_shape; return 403; }",
        ),
        // A page that sets a cookie by script must have been seen; whoever has none is challenged.
        "challenge" => {
            draft.http += "  map $cookie_clearance $lab_uncleared { \"~^[0-9a-f]{8}\" 0; default 1; }\n  map $lab_uncleared$uri $lab_challenged { \"~^1/(shop|search|products|category)\" 1; default 0; }\n";
            draft.server += "    if ($lab_challenged) { set $lab bot_filter; return 403; }\n";
        }
        // Preflights of origins that are not listed.
        "cors" => {
            draft.http += "  map $http_origin $lab_foreign { \"\" 0; \"~^https?://([a-z]+\\.)?example\\.com$\" 0; default 1; }\n  map $request_method$lab_foreign $lab_preflight { OPTIONS1 1; default 0; }\n";
            draft.server += "    if ($lab_preflight) { set $lab cors; return 403; }\n";
        }
        // Methods that a location is limited to.
        "read_only" => {
            draft.late = "~^(PUT|POST|PATCH|DELETE)/api/v1/catalog request_shape; ".to_string();
            draft.location("^~ /api/v1/catalog", "limit_except GET HEAD { deny all; }");
        }
        // What scores 5 or more is denied by rule 949110 of Debian's Core Rule Set.
        "crs" => {
            draft.has_crs = true;
            let rules = CRS.replace('\n', "\n    ");
            let _ = writeln!(draft.server, "    modsecurity on; modsecurity_rules '\n    {rules}';");
        }
        other => panic!("nginx has no feature {other:?} ({denial:?})"),
    }
}
