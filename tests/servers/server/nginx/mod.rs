//! nginx: limits of requests and connections, lists, locations, and maps over any part of a request.
//!
//! A location or an `if` that denies also sets `$lab`; a limit is told by `$limit_req_status`; what the
//! application denies carries `X-Lab-Cause`.

mod rules;

use super::{ERROR_LOG, RAW_LOG, Server, Site, Stated, TAIL, is_root, lines_with, write};
use crate::labels::Label;
use crate::scenario::{Denial, LogFormat, cause_named};
use forbid_logs::findings::Cause;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

pub struct Nginx;

/// Debian's libnginx-mod-http-modsecurity.
const MODSECURITY: &str = "load_module /usr/share/nginx/modules/ndk_http_module.so; load_module /usr/share/nginx/modules/ngx_http_modsecurity_module.so;\n";

const HIDDEN_FILES: &str = "    location ~ /\\.(?!well-known) { set $lab route_acl; deny all; }\n";

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
    /// Whether ModSecurity is in force, which sets nothing: a denial that nobody claims is its own.
    has_crs: bool,
}

/// What a denial that nobody claims is told as, where ModSecurity is in force.
const BY_CRS: &str = "bot_filter";

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
                (Some(policy), _) => rules::rule(&mut draft, number, &policy, denial),
                (None, Some(feature)) => rules::feature(&mut draft, site, feature, denial),
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
            let is_late = !matches!(&*label.fields[4], "" | BY_CRS);
            let denied = label.fields[0].ends_with("acl") || is_late;
            !rejected(label) && label.status == 403 && denied
        };
        let by_crs = |label: &Label| {
            let is_claimed = label.fields[..4]
                .iter()
                .any(|field| !matches!(&**field, "" | "-" | "PASSED"));
            label.status == 403 && !is_claimed && label.fields[4] == BY_CRS
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
            Stated {
                what: "denials by ModSecurity",
                in_error_log: lines_with(error_log, "ModSecurity: Access denied with code 403"),
                in_labels: count(&by_crs),
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
        let modules = if self.has_crs { MODSECURITY } else { "" };
        // ModSecurity denies such files too, after the location has claimed them.
        let hidden = if self.has_crs { "" } else { HIDDEN_FILES };
        let unclaimed = if self.has_crs { BY_CRS } else { "" };
        format!(
            r#"{modules}{user}daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/{ERROR_LOG} info;
events {{ worker_connections 4096; }}
http {{
  include /etc/nginx/mime.types; default_type application/octet-stream;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  map $http_x_api_key $lab_token {{ "" $arg_api_key; default $http_x_api_key; }}
  map $request_method$uri $lab_late {{ default $lab_unclaimed; {late}}}
  map $status $lab_unclaimed {{ default ""; 403 "{unclaimed}"; }}
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
{server}{hidden}{locations}    location / {{ proxy_pass http://application; }}
  }}
}}
"#
        )
        .replace("location / { proxy_pass http://application; }\n    location / {", "location / {")
    }
}

/// libmodsecurity with what Debian packages of the Core Rule Set, without rules that a lab trips over.
const CRS: &str = r#"SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess Off
SecAuditEngine Off
SecTmpDir /tmp
SecDataDir /tmp
SecUnicodeMapFile /etc/modsecurity/unicode.mapping 20127
Include /etc/modsecurity/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf
SecRuleRemoveById 920350 920320 920330 911100 920430
"#;

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
