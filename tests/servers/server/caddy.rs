//! Caddy: matchers with `respond 403`, and `forward_auth`, in its JSON log.
//!
//! It reads the clock by itself, where libfaketime does not reach. So it runs in real time, and what its
//! log says of time is stretched afterwards. Each block that denies sets a response header, by which the
//! log knows the cause; it is taken out of the published line, as are the lab's request headers.
//! Sources: <https://caddyserver.com/docs/caddyfile>, `docs/json/apps/http/servers/logs`.

use super::{RAW_LOG, Server, Site, free_port};
use crate::clock;
use crate::scenario::{Denial, cause_named};
use chrono::{DateTime, NaiveDateTime, Utc};
use forbid_logs::findings::{Cause, Condition, Operator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::sync::OnceLock;

/// Port of the administration, and when it started.
#[derive(Default)]
pub struct Caddy {
    admin: OnceLock<u16>,
    began: OnceLock<DateTime<Utc>>,
}

/// A line of its access log, in its order.
#[derive(Deserialize, Serialize)]
struct Entry {
    level: String,
    ts: f64,
    logger: String,
    msg: String,
    request: Request,
    user_id: String,
    duration: f64,
    size: u64,
    status: u16,
    resp_headers: Map<String, Value>,
}

#[derive(Deserialize, Serialize)]
struct Request {
    remote_ip: String,
    remote_port: String,
    proto: String,
    method: String,
    host: String,
    uri: String,
    headers: Map<String, Value>,
}

impl Server for Caddy {
    fn configuration(&self) -> &'static str {
        "Caddyfile"
    }

    fn prepare(&self, _site: &Site<'_>) -> io::Result<()> {
        let _ = self.admin.set(free_port()?);
        let _ = self.began.set(Utc::now());
        Ok(())
    }

    fn configured(&self, site: &Site<'_>, policies: &[&Denial]) -> String {
        let mut blocks = String::new();
        for (number, denial) in policies.iter().enumerate() {
            match (denial.policy(), denial.feature.as_deref()) {
                (Some(policy), _) => {
                    let matchers: Vec<String> = policy.conditions.iter().map(matcher).collect();
                    let (cause, matchers) = (denial.cause().name(), matchers.join("\n    "));
                    let _ = write!(
                        blocks,
                        "  @denied{number} {{\n    {matchers}\n  }}\n  handle @denied{number} {{\n    header X-Lab-Cause {cause}\n    respond 403\n  }}\n"
                    );
                }
                (None, Some("forward_auth")) => {
                    let application = site.upstream;
                    let _ = write!(
                        blocks,
                        "  @api path /api/*\n  forward_auth @api {application} {{\n    uri /_lab/authorise\n  }}\n"
                    );
                }
                (None, other) => panic!("Caddy has no feature {other:?}"),
            }
        }
        // Its proxy would name itself as the client otherwise.
        if let Some(application) = site.application {
            let _ = write!(
                blocks,
                "  handle /app/* {{\n    reverse_proxy {application} {{\n      header_up X-Forwarded-For {{header.X-Forwarded-For}}\n    }}\n  }}\n"
            );
        }
        let admin = self.admin.get().copied().unwrap_or_default();
        let (port, upstream, log) = (site.port, site.upstream, site.path(RAW_LOG));
        let log = log.display();
        format!(
            r#"{{
  admin 127.0.0.1:{admin}
  auto_https off
}}

http://:{port} {{
  bind 127.0.0.1
  log {{
    output file {log} {{
      roll_disabled
    }}
    format json
  }}
{blocks}  handle {{
    reverse_proxy {upstream}
  }}
}}
"#
        )
    }

    fn command(&self, site: &Site<'_>) -> Command {
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]);
        command.arg(site.path(self.configuration()));
        // What it saves of its state stays in the directory.
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(name, site.path("home"));
        }
        command.env("TZ", "UTC");
        command
    }

    fn is_stretched(&self) -> bool {
        false
    }

    /// Through the administration: another process would take a third of a second, half a minute of the log.
    fn reload(&self, site: &Site<'_>, _child: &Child) -> io::Result<()> {
        let text = fs::read_to_string(site.path(self.configuration()))?;
        let admin = self.admin.get().copied().unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", admin))?;
        write!(
            stream,
            "POST /load HTTP/1.1\r\nHost: 127.0.0.1:{admin}\r\nContent-Type: text/caddyfile\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.starts_with("HTTP/1.1 200") {
            true => Ok(()),
            false => Err(io::Error::other(answer)),
        }
    }

    fn parted(&self, raw: &str) -> Option<(String, String, Vec<String>)> {
        let entry: Entry = serde_json::from_str(raw).ok()?;
        let stream = first(&entry.request.headers, "X-Lab-Stream").unwrap_or_default();
        let cause = first(&entry.resp_headers, "X-Lab-Cause").unwrap_or_default();
        Some((raw.to_string(), stream, vec![cause]))
    }

    fn finish(&self, line: &str, site: &Site<'_>) -> String {
        let entry = serde_json::from_str(line).ok();
        let finished = entry.map(|entry| self.stretched(entry, site.scenario.factor));
        finished
            .and_then(|entry| serde_json::to_string(&entry).ok())
            .map_or_else(|| line.to_string(), |line| site.without_port(&line))
    }

    fn cause(&self, fields: &[&str]) -> Option<Cause> {
        let [cause] = fields else { return None };
        (!cause.is_empty()).then(|| cause_named(cause))
    }
}

impl Caddy {
    /// The entry in the log's time, without what only the lab knows.
    fn stretched(&self, mut entry: Entry, factor: f64) -> Entry {
        let began = self.began.get().copied().unwrap_or_default();
        let real_s = entry.ts - began.timestamp_micros() as f64 / 1e6;
        let begins = NaiveDateTime::parse_from_str(clock::BEGINS, "%Y-%m-%d %H:%M:%S");
        let begins = begins.expect("the lab's own constant is a time").and_utc();
        let ts = begins.timestamp() as f64 + real_s * factor;
        entry.ts = (ts * 1e6).round() / 1e6;
        entry.duration = (entry.duration * factor * 1e9).round() / 1e9;
        if let Some(address) = first(&entry.request.headers, "X-Forwarded-For") {
            entry.request.remote_ip = address;
        }
        let is_ours = |name: &String| name.starts_with("X-Lab-") || name == "X-Forwarded-For";
        entry.request.headers.retain(|name, _| !is_ours(name));
        entry.resp_headers.retain(|name, _| !is_ours(name));
        if let Some(date) = entry.resp_headers.get_mut("Date") {
            let at = DateTime::from_timestamp(ts as i64, 0).unwrap_or_default();
            *date = json!([at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()]);
        }
        entry
    }
}

/// The first value of a header of the log.
fn first(headers: &Map<String, Value>, name: &str) -> Option<String> {
    Some(headers.get(name)?.get(0)?.as_str()?.to_string())
}

/// A condition as a line, or several, of a set of matchers.
fn matcher(condition: &Condition) -> String {
    let values = &condition.values;
    let spaced = values.join(" ");
    let pattern = |value: &String| value.replace('.', "\\.").replace(' ', "\\s");
    let any = values.iter().map(pattern).collect::<Vec<_>>().join("|");
    let text = match &*condition.field {
        "ip" | "prefix" => format!("remote_ip forwarded {spaced}"),
        "method" => format!("method {spaced}"),
        "host" => format!("host {spaced}"),
        "route" | "path" => {
            let paths = values.iter().map(|value| match condition.op {
                Operator::Prefix if !value.ends_with('/') => format!("{value} {value}/*"),
                _ if value.ends_with('/') => format!("{value}*"),
                _ => value.clone(),
            });
            format!("path {}", paths.collect::<Vec<_>>().join(" "))
        }
        "client" | "user_agent" => format!("header_regexp User-Agent (?i)({any})"),
        "referer" | "referer_host" => format!("header_regexp Referer (?i)({any})"),
        "content_type" => format!("header_regexp Content-Type (?i)({any})"),
        "token" => format!("header_regexp X-Api-Key ^({any})$"),
        other => panic!("Caddy has no matcher for {other:?} here"),
    };
    match condition.op {
        Operator::NotIn => format!("not {text}"),
        _ => text,
    }
}
