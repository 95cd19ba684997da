//! nginx: limits of requests and connections, lists, locations, and maps over any part of a request.
//!
//! A location or an `if` that denies also sets `$lab`; a limit is told by `$limit_req_status`; what the
//! application denies carries `X-Lab-Cause`.

use super::{ERROR_LOG, RAW_LOG, Server, Site, Stated, TAIL, is_root, lines_with, write};
use crate::labels::Label;
use crate::scenario::{Denial, LogFormat, cause_named};
use forbid_logs::findings::{Algorithm, Cause, Condition, Operator};
use forbid_logs::policy::rule::Policy;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

pub struct Nginx;

/// A configuration in the making.
#[derive(Default)]
struct Draft {
    /// Directives of the `http` block.
    http: String,
    /// Directives of the `server` block.
    server: String,
    /// Directives by location, with its modifier.
    locations: BTreeMap<String, String>,
    /// Entries of a map from method and path to a cause.
    late: String,
}

impl Server for Nginx {
    fn configuration(&self) -> &'static str {
        "nginx.conf"
    }

    fn prepare(&self, site: &Site<'_>) -> io::Result<()> {
        write(&site.path("www/files/report.txt"), "a report\n")?;
        write(&site.path("www/static/img/hero-3.jpg"), "a picture\n")?;
        let secret = site.path("www/private/ledger.txt");
        write(&secret, "not for the server\n")?;
        std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600))
    }

    fn configured(&self, site: &Site<'_>, policies: &[&Denial]) -> String {
        let mut draft = Draft::default();
        for (number, denial) in policies.iter().enumerate() {
            match (denial.policy(), &denial.feature) {
                (Some(policy), _) => rule(&mut draft, number, &policy, denial.cause()),
                (None, Some(feature)) => self::feature(&mut draft, site, feature, denial),
                (None, None) => panic!("a policy has a rule or a feature"),
            }
        }
        if site.application.is_some() {
            draft.location("^~ /app/", "proxy_pass http://express_or_flask;");
        }
        draft.text(site)
    }

    fn command(&self, site: &Site<'_>) -> Command {
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&site.directory);
        command.arg("-c").arg(site.path(self.configuration()));
        command.arg("-e").arg(site.path(ERROR_LOG));
        command
    }

    /// The fields are `$lab`, the state of limits of requests and of connections, the application's word, and
    /// `$lab_late`, for what denies where nothing can be set.
    fn cause(&self, fields: &[&str]) -> Option<Cause> {
        let [lab, requests, connections, application, late] = fields else {
            return None;
        };
        if *requests == "REJECTED" || *connections == "REJECTED" {
            return Some(Cause::RateLimit);
        }
        let named = [lab, application, late]
            .into_iter()
            .find(|name| !matches!(**name, "" | "-"));
        named.map(|name| cause_named(name))
    }

    fn stated(&self, error_log: &str, labels: &[Label]) -> Vec<Stated> {
        let count =
            |holds: &dyn Fn(&Label) -> bool| labels.iter().filter(|label| holds(label)).count();
        let rejected = |label: &Label| label.fields[1..3].iter().any(|field| field == "REJECTED");
        let limits = [" limiting requests, ", " limiting connections by zone "];
        let by_access = |label: &Label| {
            let denied = label.fields[0].ends_with("acl") || !label.fields[4].is_empty();
            !rejected(label) && label.status == 403 && denied
        };
        let access = [
            "access forbidden by rule",
            "directory index of",
            "(13: Permission denied)",
        ];
        vec![
            Stated {
                what: "denials by a limit",
                in_error_log: limits.iter().map(|text| lines_with(error_log, text)).sum(),
                in_labels: count(&rejected),
            },
            Stated {
                what: "denials by access rules and files",
                in_error_log: access.iter().map(|text| lines_with(error_log, text)).sum(),
                in_labels: count(&by_access),
            },
        ]
    }
}

impl Draft {
    fn location(&mut self, place: &str, directive: &str) {
        let block = self.locations.entry(place.to_string()).or_default();
        *block += directive;
        block.push(' ');
    }

    fn text(&self, site: &Site<'_>) -> String {
        let user = if is_root() { "user www-data; " } else { "" };
        let mut locations = String::new();
        for (place, directives) in &self.locations {
            let proxied = if directives.contains("root ") || directives.contains("proxy_pass") {
                ""
            } else {
                "proxy_pass http://application; "
            };
            let _ = writeln!(locations, "    location {place} {{ {directives}{proxied}}}");
        }
        let directory = site.directory.display();
        let (http, server, late, port) = (&self.http, &self.server, &self.late, site.port);
        let format = log_format(site.scenario.format);
        let upstream = site.upstream;
        let application = site.application.unwrap_or(upstream);
        format!(
            r#"{user}daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/{ERROR_LOG} info;
events {{ worker_connections 4096; }}
http {{
  include /etc/nginx/mime.types; default_type application/octet-stream;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  map $http_x_api_key $lab_token {{ "" $arg_api_key; default $http_x_api_key; }}
  map $request_method$uri $lab_late {{ default ""; {late}}}
  log_format lab {format};
  access_log {directory}/{RAW_LOG} lab;
  set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;
  keepalive_timeout 36000s; keepalive_requests 10000000; client_header_timeout 36000s; client_body_timeout 36000s; send_timeout 36000s;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Remote-User $remote_user; proxy_set_header X-Forwarded-For $remote_addr;
  proxy_read_timeout 36000s; proxy_connect_timeout 36000s; proxy_send_timeout 36000s; proxy_max_temp_file_size 0;
  upstream application {{ server {upstream} max_fails=0; keepalive 64; keepalive_timeout 36000s; keepalive_requests 100000000; }}
  upstream express_or_flask {{ server {application} max_fails=0; keepalive 64; keepalive_timeout 36000s; keepalive_requests 100000000; }}
  limit_req_status 403; limit_conn_status 403;
{http}  server {{
    listen 127.0.0.1:{port} default_server backlog=4096; server_name shop.example.com; root {directory}/www;
    set $lab "";
{server}    location ~ /\.(?!well-known) {{ set $lab route_acl; deny all; }}
{locations}    location / {{ proxy_pass http://application; }}
  }}
}}
"#
        )
        .replace("location / { proxy_pass http://application; }\n    location / {", "location / {")
    }
}

fn log_format(format: LogFormat) -> String {
    let combined = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
    let line = match format {
        LogFormat::Usual | LogFormat::Combined => combined.to_string(),
        LogFormat::Vhost => format!("$host:$server_port {combined}"),
        LogFormat::Json => concat!(
            r#"{"time":"$time_iso8601","remote_addr":"$remote_addr","method":"$request_method","#,
            r#""uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"referer":"$http_referer","#,
            r#""user_agent":"$http_user_agent","host":"$host","request_time":$request_time,"api_key":"$lab_token"}"#
        )
        .to_string(),
    };
    let escape = if format == LogFormat::Json {
        "escape=json "
    } else {
        ""
    };
    let tail = [
        "$http_x_lab_stream",
        "$lab",
        "$limit_req_status",
        "$limit_conn_status",
        "$upstream_http_x_lab_cause",
        "$lab_late",
    ];
    let tail: String = tail.map(|variable| format!("{TAIL}{variable}")).concat();
    format!("{escape}'{line}{tail}'")
}

/// Adds a rule of the grammar.
fn rule(draft: &mut Draft, number: usize, policy: &Policy, cause: Cause) {
    let (routes, others): (Vec<&Condition>, Vec<&Condition>) = policy
        .conditions
        .iter()
        .partition(|condition| condition.field == "route");
    let places: Vec<String> = routes
        .iter()
        .flat_map(|condition| places(condition))
        .collect();
    let directive = match &policy.limit {
        Some(limit) => limited(draft, number, limit, &others),
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
fn limited(
    draft: &mut Draft,
    number: usize,
    limit: &forbid_logs::findings::Limit,
    others: &[&Condition],
) -> String {
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
fn feature(draft: &mut Draft, site: &Site<'_>, feature: &str, denial: &Denial) {
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
        other => panic!("nginx has no feature {other:?} ({denial:?})"),
    }
}
