//! HAProxy: stick tables that count and ban, and ACLs over any part of a request.
//!
//! A reload would start a process whose stretched clock begins anew. So what comes into force or is lifted
//! meanwhile hangs on a map of switches, which the runtime API sets. A rule that denies sets `txn.lab`
//! first. Source: <https://docs.haproxy.org/2.6/configuration.html>.

use super::{RAW_LOG, Server, Site, TAIL, free_port, write};
use crate::scenario::{Denial, LogFormat, cause_named};
use forbid_logs::findings::{Algorithm, Cause, Condition, Limit, Operator};
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::ptr;
use std::sync::OnceLock;

/// Keys that a table keeps, and their longest text; more than any scenario has.
const TABLE: &str = "size 100k";
const LONGEST_KEY: u32 = 128;

#[derive(Default)]
pub struct Haproxy {
    /// Port of the runtime API.
    admin: OnceLock<u16>,
}

/// A configuration in the making.
#[derive(Default)]
struct Draft {
    /// Rules of the frontend.
    rules: String,
    /// Backends that only hold a table.
    tables: String,
    /// Stick counters in use.
    counters: usize,
}

impl Server for Haproxy {
    /// The switches: all that changes while it runs.
    fn configuration(&self) -> &'static str {
        "policies.map"
    }

    fn prepare(&self, site: &Site<'_>) -> io::Result<()> {
        let admin = *self.admin.get_or_init(|| free_port().unwrap_or_default());
        let mut draft = Draft::default();
        let policies = site.scenario.policies.iter().enumerate();
        for (number, denial) in policies.filter(|(_, denial)| !denial.application) {
            draft.add(number, denial, site);
        }
        write(&site.path("haproxy.cfg"), &draft.text(site, admin))
    }

    fn configured(&self, site: &Site<'_>, policies: &[&Denial]) -> String {
        let mut switches = String::new();
        for (number, denial) in site.scenario.policies.iter().enumerate() {
            let is_on = policies.iter().any(|policy| ptr::eq(*policy, denial));
            let state = if is_on { "on" } else { "off" };
            let _ = writeln!(switches, "policy_{number} {state}");
        }
        switches
    }

    /// Its log goes to standard output, as in a container; `exec` keeps the process id.
    fn command(&self, site: &Site<'_>) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec haproxy -db -f "$0" > "$1""#]);
        command.arg(site.path("haproxy.cfg"));
        command.arg(site.path(RAW_LOG));
        command
    }

    fn reload(&self, site: &Site<'_>, _child: &Child) -> io::Result<()> {
        let map = site.path(self.configuration());
        let switches = std::fs::read_to_string(&map)?;
        let orders = switches.lines().map(|switch| {
            let map = map.display();
            format!("set map {map} {switch}")
        });
        let orders: Vec<String> = orders.collect();
        let admin = self.admin.get().copied().unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", admin))?;
        writeln!(stream, "{}", orders.join("; "))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.trim() {
            "" => Ok(()),
            refusal => Err(io::Error::other(refusal.to_string())),
        }
    }

    fn finish(&self, line: &str, site: &Site<'_>) -> String {
        site.without_port(line)
    }

    fn cause(&self, fields: &[&str]) -> Option<Cause> {
        let [lab] = fields else { return None };
        (*lab != "-").then(|| cause_named(lab))
    }
}

impl Draft {
    fn add(&mut self, number: usize, denial: &Denial, site: &Site<'_>) {
        let policy = denial.policy().unwrap_or_default();
        let mut conditions: Vec<String> = policy.conditions.iter().map(acl).collect();
        let mut cause = denial.cause();
        if let Some(feature) = &denial.feature {
            let (of_feature, names) = self::feature(feature);
            conditions.extend(of_feature.iter().map(ToString::to_string));
            cause = names;
        }
        if denial.from.is_some() || denial.until.is_some() {
            let map = site.path("policies.map");
            let map = map.display();
            conditions.insert(0, format!("{{ str(policy_{number}),map({map},off) on }}"));
        }
        let conditions = conditions.join(" ");
        match &policy.limit {
            None => self.deny(cause, 403, &conditions),
            Some(limit) => self.limit(number, limit, denial, &conditions),
        }
    }

    fn rule(&mut self, rule: &str, conditions: &str) {
        let only = if conditions.is_empty() { "" } else { " if " };
        let _ = writeln!(self.rules, "  http-request {rule}{only}{conditions}");
    }

    fn deny(&mut self, cause: Cause, status: u16, conditions: &str) {
        let label = format!("set-var(txn.lab) str({})", cause.name());
        self.rule(&label, conditions);
        self.rule(&format!("deny deny_status {status}"), conditions);
    }

    fn table(&mut self, name: &str, kind: &str, kept: &str) {
        let _ = writeln!(
            self.tables,
            "backend {name}\n  stick-table type {kind} {TABLE} {kept}"
        );
    }

    /// The next stick counter; HAProxy has three.
    fn counter(&mut self) -> usize {
        self.counters += 1;
        self.counters - 1
    }

    fn limit(&mut self, number: usize, limit: &Limit, denial: &Denial, conditions: &str) {
        let (cause, status) = (denial.cause(), denial.status.unwrap_or(403));
        let (kind, key) = key(&limit.key);
        let (most, window) = (limit.limit.unwrap_or(1), seconds(limit.window_s));
        let table = format!("requests_{number}");
        let counter = self.counter();
        let track = format!("track-sc{counter} {key} table {table}");
        let above = format!("{{ sc_http_req_rate({counter},{table}) gt {most} }}");
        let kept = format!("expire {window}s store http_req_rate({window}s)");
        match limit.algorithm {
            // Tracked at each request, denied or not: silence alone lets a caller in again.
            Algorithm::SlidingWindow => {
                self.table(&table, &kind, &kept);
                self.rule(&track, conditions);
                self.deny(cause, status, &above);
            }
            // What a request tracks, it holds until its answer has gone.
            Algorithm::Concurrency => {
                self.table(&table, &kind, "expire 10m store conn_cur");
                self.rule(&track, conditions);
                self.deny(
                    cause,
                    status,
                    &format!("{{ sc_conn_cur({counter}) gt {most} }}"),
                );
            }
            Algorithm::Hold => {
                let (banned, hold) = (format!("banned_{number}"), seconds(limit.hold_s));
                self.table(&table, &kind, &kept);
                self.table(&banned, &kind, &format!("expire {hold}s store gpc0"));
                let ban = format!("track-sc{} {key} table {banned}", self.counter());
                let is_banned = format!("{conditions} {{ {key},in_table({banned}) }}");
                // Only what tracks an entry puts its end off.
                if limit.renewed.unwrap_or(true) {
                    self.rule(&ban, &is_banned);
                }
                self.deny(cause, status, &is_banned);
                self.rule(&track, conditions);
                self.rule(&ban, &above);
                self.deny(cause, status, &above);
            }
            Algorithm::LeakyBucket | Algorithm::FixedWindow => {
                panic!("HAProxy has no {} limit", limit.algorithm.name())
            }
        }
    }

    fn text(&self, site: &Site<'_>, admin: u16) -> String {
        let (rules, tables, port, upstream) = (&self.rules, &self.tables, site.port, site.upstream);
        let application = site.application.unwrap_or(upstream);
        let format = log_format(site.scenario.format);
        format!(
            r#"global
  nbthread 1
  maxconn 4000
  stats socket ipv4@127.0.0.1:{admin} level admin
  log stdout len 8192 format raw local0 info

defaults
  mode http
  log global
  timeout connect 36000s
  timeout client 36000s
  timeout server 36000s
  timeout http-request 36000s
  timeout http-keep-alive 36000s

frontend fe_web
  bind 127.0.0.1:{port} backlog 4096
  http-request set-src req.hdr(X-Forwarded-For)
  http-request set-src-port rand(28000),add(32768)
  http-request set-var(txn.stream) req.hdr(X-Lab-Stream)
  http-request set-var(txn.token) url_param(api_key)
  http-request set-var(txn.token) req.hdr(X-Api-Key) if {{ req.hdr(X-Api-Key) -m found }}
  http-request set-var(txn.user) http_auth_user
  http-request set-header X-Remote-User %[var(txn.user)]
  capture request header Host len 32
  capture request header User-Agent len 160
  capture request header Referer len 120
  log-format '{format}'
{rules}  http-response set-var(txn.lab) res.hdr(X-Lab-Cause) if {{ res.hdr(X-Lab-Cause) -m found }}
  use_backend be_express_or_flask if {{ path_beg /app/ }}
  default_backend be_app

backend be_app
  http-reuse always
  server app1 {upstream} pool-purge-delay 36000s

backend be_express_or_flask
  http-reuse always
  server app1 {application} pool-purge-delay 36000s

{tables}"#
        )
    }
}

fn log_format(format: LogFormat) -> String {
    let line = match format {
        // `option httplog`, written out.
        LogFormat::Usual => {
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
        }
        LogFormat::Combined => {
            r#"%ci - %[var(txn.user)] [%trl] %{+Q}r %ST %B "%[capture.req.hdr(2)]" "%[capture.req.hdr(1)]""#
        }
        LogFormat::Vhost => {
            r#"%[capture.req.hdr(0)] %ci - %[var(txn.user)] [%trl] %{+Q}r %ST %B "%[capture.req.hdr(2)]" "%[capture.req.hdr(1)]""#
        }
        LogFormat::Json => concat!(
            r#"{"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]","client_ip":"%ci","client_port":%cp,"frontend":"%ft","#,
            r#""backend":"%b","server":"%s","method":"%HM","uri":"%[capture.req.uri,json(utf8s)]","status":%ST,"#,
            r#""bytes":%B,"time_total_ms":%Ta,"termination_state":"%ts","host":"%[capture.req.hdr(0),json(utf8s)]","#,
            r#""user_agent":"%[capture.req.hdr(1),json(utf8s)]","referer":"%[capture.req.hdr(2),json(utf8s)]","#,
            r#""api_key":"%[var(txn.token),json(utf8s)]"}"#
        ),
    };
    format!("{line}{TAIL}%[var(txn.stream)]{TAIL}%[var(txn.lab)]")
}

/// What the grammar cannot say: conditions, and the cause of what they deny.
fn feature(name: &str) -> (&'static [&'static str], Cause) {
    match name {
        // A page that sets a cookie by script must have been seen.
        "challenge" => (
            &[
                "!{ req.cook(clearance) -m reg ^[0-9a-f]{8} }",
                "{ path_beg /shop /search /products /category }",
            ],
            Cause::BotFilter,
        ),
        // Preflights of origins that are not listed.
        "cors" => (
            &[
                "METH_OPTIONS",
                "{ req.hdr(Origin) -m found }",
                r"!{ req.hdr(Origin) -m reg ^https?://([a-z]+\.)?example\.com$ }",
            ],
            Cause::Cors,
        ),
        other => panic!("HAProxy has no feature {other:?}"),
    }
}

fn seconds(span: Option<f64>) -> u64 {
    span.unwrap_or(60.0).round() as u64
}

/// Type of the table and what is looked up in it.
fn key(fields: &[String]) -> (String, &'static str) {
    let text = format!("string len {LONGEST_KEY}");
    match fields {
        [] => (text, "str(all)"),
        [field] if matches!(&**field, "ip" | "prefix") => ("ip".to_string(), "src"),
        [field] => (text, sample(field)),
        several => panic!("a table of HAProxy has one key, not {several:?}"),
    }
}

/// What fetches a field of a request.
fn sample(field: &str) -> &'static str {
    match field {
        "ip" | "prefix" => "src",
        "token" => "var(txn.token)",
        "user" => "http_auth_user",
        "route" | "path" => "path",
        "method" => "method",
        "client" | "user_agent" => "req.hdr(User-Agent)",
        "referer" | "referer_host" => "req.hdr(Referer)",
        "content_type" => "req.hdr(Content-Type)",
        "host" => "req.hdr(Host),field(1,:)",
        other => panic!("HAProxy fetches no {other:?} here"),
    }
}

/// A condition as an ACL without a name.
fn acl(condition: &Condition) -> String {
    let (field, not) = (
        &*condition.field,
        if condition.op == Operator::NotIn {
            "!"
        } else {
            ""
        },
    );
    let values: Vec<String> = condition
        .values
        .iter()
        .map(|value| match value.contains([' ', ';', '(']) {
            true => format!("\"{value}\""),
            false => value.clone(),
        })
        .collect();
    let values = values.join(" ");
    // A header that is not there has no value to compare.
    if values.is_empty() {
        return format!(
            "{}{{ {} -m found }}",
            if not.is_empty() { "!" } else { "" },
            sample(field)
        );
    }
    let contains = condition.op == Operator::Contains
        || matches!(field, "client" | "referer" | "referer_host");
    let is_below = condition.op == Operator::Prefix
        || (field == "route" && condition.values.iter().all(|value| value.ends_with('/')));
    let how = match field {
        "ip" | "prefix" | "method" => "",
        _ if is_below => "-m beg ",
        _ if contains => "-m sub -i ",
        _ => "-m str ",
    };
    format!("{not}{{ {} {how}{values} }}", sample(field))
}
