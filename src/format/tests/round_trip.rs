//! The law of every format: a record that is printed in it is read back as it was.
//!
//! Printers know the formats by their definitions: format strings are filled in, tables of JSON keys
//! become objects, W3C fields follow their directive.

use super::super::json::printed_by_tables;
use super::super::preset;
use super::super::registry::Parser;
use super::super::{BuiltIn, Format, haproxy::Haproxy, ncsa::Ncsa, w3c::W3c};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use chrono::DateTime;
use proptest::prelude::*;

/// What is printed.
#[derive(Debug, Clone)]
struct Values {
    seconds: i64,
    ms: u32,
    ip: String,
    method: &'static str,
    target: String,
    status: u16,
    bytes: u64,
    referer: String,
    agent: String,
    user: String,
    host: String,
    duration_ms: u32,
}

fn values() -> impl Strategy<Value = Values> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_string()),
        any::<[u16; 8]>().prop_map(|ip| std::net::Ipv6Addr::from(ip).to_string()),
    ];
    let method = prop::sample::select(vec!["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"]);
    let numbers = (
        1_000_000_000i64..4_000_000_000,
        0u32..1000,
        100u16..600,
        0u64..1 << 40,
        0u32..100_000,
    );
    let texts = (
        "/[a-z0-9/._~%-]{0,20}(\\?[a-z]{1,3}=[a-z0-9%&=]{0,9})?",
        "https://[a-z]{1,8}\\.example/[a-z/]{0,9}",
        "[A-Za-z]{1,9}/[0-9]\\.[0-9] \\([A-Za-z;]{0,20}\\)",
        "[a-z]{2,9}(@[a-z]{1,5}\\.example)?",
        "[a-z]{1,9}\\.example",
    );
    (numbers, texts, ip, method).prop_map(|(numbers, texts, ip, method)| Values {
        seconds: numbers.0,
        ms: numbers.1,
        status: numbers.2,
        bytes: numbers.3,
        duration_ms: numbers.4,
        target: texts.0,
        referer: texts.1,
        agent: texts.2,
        user: texts.3,
        host: texts.4,
        ip,
        method,
    })
}

impl Values {
    fn time(&self, format: &str) -> String {
        let time = DateTime::from_timestamp(self.seconds, self.ms * 1_000_000).unwrap();
        time.format(format).to_string()
    }

    fn request(&self) -> String {
        format!("{} {} HTTP/1.1", self.method, self.target)
    }

    /// The value of a variable of a named format string.
    fn variable(&self, name: &str) -> String {
        match name {
            "stamp" | "word_stamp" => self.time("%Y-%m-%dT%H:%M:%S%.3fZ"),
            "spaced_stamp" => self.time("%Y-%m-%d %H:%M:%S%.3f +0000"),
            "zoned_stamp" => self.time("%Y-%m-%d %H:%M:%S%.3f +00:00"),
            "date_time" => self.time("%Y/%m/%d %H:%M:%S"),
            "day_time" => self.time("%d/%b/%Y %H:%M:%S"),
            "short_stamp" => self.time("%y%m%d %H:%M:%S"),
            "point_stamp" => self.time("%Y-%m-%d %H:%M:%S%.3f"),
            "log_stamp" => self.time("%Y-%m-%d %H:%M:%S,%3f"),
            "time_local" => self.time("%d/%b/%Y:%H:%M:%S +0000"),
            "msec" | "epoch" => format!("{}.{:03}", self.seconds, self.ms),
            "client_port" => format!("{}:5000", self.ip),
            "remote_addr" => self.ip.clone(),
            "request" | "bare_request" => self.request(),
            "request_method" | "bare_method" => self.method.into(),
            "target" | "request_uri" => self.target.clone(),
            "status" | "upstream_status" => self.status.to_string(),
            "size" => self.bytes.to_string(),
            "size_with_unit" => format!("{}B", self.bytes),
            "http_referer" => self.referer.clone(),
            "http_user_agent" => self.agent.clone(),
            "remote_user" | "user_in_parentheses" => self.user.clone(),
            "host" => self.host.clone(),
            "host_port" => format!("{}:443", self.host),
            "ms" => self.duration_ms.to_string(),
            "us" => (u64::from(self.duration_ms) * 1000).to_string(),
            "seconds" | "request_seconds" => {
                format!("{}.{:03}", self.duration_ms / 1000, self.duration_ms % 1000)
            }
            "stage" => "0.000".into(),
            "number" => "7".into(),
            "http_x_forwarded_for" => self.ip.clone(),
            "scheme" => "https".into(),
            "kind_of_alb" => "https".into(),
            "time_of_day" => "09:43:00".into(),
            "spaces" => "  ".into(),
            "cache_status" => "HIT".into(),
            "rest" => String::new(),
            "args" => "-".into(),
            _ => "x".into(),
        }
    }

    /// Fills in a format string; with the names of what it holds.
    fn filled(&self, string: &str) -> (String, Vec<String>) {
        let (mut line, mut names) = (String::new(), Vec::new());
        let mut pieces = string.split('$');
        line.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let (name, behind) = match piece
                .strip_prefix('{')
                .and_then(|piece| piece.split_once('}'))
            {
                Some(braced) => braced,
                None => {
                    piece.split_at(piece.find(|letter| !is_part(letter)).unwrap_or(piece.len()))
                }
            };
            line.push_str(&self.variable(name));
            line.push_str(behind);
            names.push(name.to_owned());
        }
        (line, names)
    }

    /// What of a record differs from what was printed under these names.
    fn differences(&self, record: &Record<'_>, names: &[String]) -> Vec<String> {
        let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        let ms = self.seconds * 1000 + i64::from(self.ms);
        let pairs = [
            (
                has(&[
                    "stamp",
                    "spaced_stamp",
                    "log_stamp",
                    "point_stamp",
                    "msec",
                    "epoch",
                ]),
                record.time_ms.to_string(),
                ms.to_string(),
            ),
            (
                has(&["time_local", "date_time", "day_time", "short_stamp"]),
                record.time_ms.to_string(),
                (self.seconds * 1000).to_string(),
            ),
            (
                has(&["remote_addr", "client_port", "http_x_forwarded_for"]),
                text(&record.address),
                self.ip.clone(),
            ),
            (
                has(&["request", "bare_request", "request_method", "bare_method"]),
                text(record.method),
                self.method.to_owned(),
            ),
            (
                has(&["request", "bare_request", "target", "request_uri"]),
                text(&record.target),
                self.target.clone(),
            ),
            (
                has(&["status"]),
                record.status.to_string(),
                self.status.to_string(),
            ),
            (
                has(&["size", "size_with_unit"]),
                record.bytes.unwrap_or(0).to_string(),
                self.bytes.to_string(),
            ),
            (
                has(&["http_referer"]),
                text(&record.referer),
                self.referer.clone(),
            ),
            (
                has(&["http_user_agent"]),
                text(&record.user_agent),
                self.agent.clone(),
            ),
            (has(&["remote_user"]), text(&record.user), self.user.clone()),
            (
                has(&["host", "host_port"]),
                text(&record.host),
                self.host.clone(),
            ),
            (
                has(&["ms", "us", "seconds", "request_seconds"]),
                record.duration_ms().unwrap_or_default().to_string(),
                self.duration_ms.to_string(),
            ),
        ];
        let differs = |(told, read, printed): (bool, String, String)| {
            (told && read != printed).then(|| format!("read {read:?}, printed {printed:?}"))
        };
        pairs.into_iter().filter_map(differs).collect()
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

proptest! {
    // Each case reads a line of every table or string.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn format_strings(values in values()) {
        for (preset, strings) in preset::rows() {
            for string in strings {
                let (line, names) = values.filled(string);
                let record = preset.parse(line.as_bytes(), &mut Clock::new(None));
                prop_assert!(record.is_some(), "{}: {line}", preset.name());
                let differences = values.differences(&record.unwrap_or_default(), &names);
                prop_assert!(differences.is_empty(), "{differences:?} in {line}");
            }
        }
    }

    #[test]
    fn ncsa(values in values()) {
        let line = format!(
            "{} - {} [{}] \"{}\" {} {} \"{}\" \"{}\"", values.ip, values.user,
            values.time("%d/%b/%Y:%H:%M:%S +0000"), values.request(), values.status, values.bytes,
            values.referer, values.agent,
        );
        let ncsa = Ncsa::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        let record = ncsa.parse(line.as_bytes(), &mut Clock::new(None)).unwrap();
        let told = ["time_local", "remote_addr", "request", "status", "size", "http_referer", "http_user_agent", "remote_user"];
        prop_assert_eq!(values.differences(&record, &names(&told)), Vec::<String>::new());
    }

    #[test]
    fn haproxy(values in values()) {
        let line = format!(
            "{}:5000 [{}] in~ app/node1 1/0/0/2/{} {} {} - - ---- 1/1/0/0/0 0/0 \"{}\"", values.ip,
            values.time("%d/%b/%Y:%H:%M:%S%.3f"), values.duration_ms, values.status, values.bytes, values.request(),
        );
        let haproxy = Haproxy::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        let record = haproxy.parse(line.as_bytes(), &mut Clock::new(None)).unwrap();
        let told = ["stamp", "remote_addr", "request", "status", "size", "ms"];
        prop_assert_eq!(values.differences(&record, &names(&told)), Vec::<String>::new());
    }

    #[test]
    fn w3c(values in values()) {
        let mut clock = Clock::new(None);
        clock.direct(b"#Fields: date time cs-method cs-uri cs-username c-ip cs(User-Agent) cs(Referer) cs(Host) sc-status sc-bytes time-taken");
        let line = format!(
            "{} {} {} {} {} {} {} {} {} {} {}", values.time("%Y-%m-%d %H:%M:%S%.3f"), values.method,
            values.target, values.user, values.ip, values.agent.replace(' ', "+"), values.referer, values.host,
            values.status, values.bytes, values.duration_ms,
        );
        let record = W3c::learn(&[], &FormatSettings::default()).unwrap().parse(line.as_bytes(), &mut clock).unwrap();
        let told = [
            "stamp", "request", "remote_user", "remote_addr", "http_user_agent", "http_referer", "host",
            "status", "size", "ms",
        ];
        prop_assert_eq!(values.differences(&record, &names(&told)), Vec::<String>::new());
    }

    #[test]
    fn iis_without_a_directive(values in values(), site: bool, cookie: bool) {
        let (path, query) = values.target.split_once('?').unwrap_or((&values.target, "-"));
        let (site, cookie) = (if site { " W3SVC1 HOST1" } else { "" }, if cookie { " sid=1" } else { "" });
        let line = format!(
            "{}{site} 10.0.0.1 {} {path} {query} 443 {} {} {}{cookie} {} {} {} 0 0 {} 12 {}",
            values.time("%Y-%m-%d %H:%M:%S"), values.method, values.user, values.ip,
            values.agent.replace(' ', "+"), values.referer, values.host, values.status, values.bytes, values.duration_ms,
        );
        let record = W3c::learn(&[], &FormatSettings::default()).unwrap().parse(line.as_bytes(), &mut Clock::new(None));
        prop_assert!(record.is_some(), "{line}");
        let told = ["remote_user", "remote_addr", "http_user_agent", "http_referer", "host", "status", "size", "ms"];
        prop_assert_eq!(values.differences(&record.unwrap_or_default(), &names(&told)), Vec::<String>::new());
    }

    #[test]
    fn json(values in values()) {
        let variable = |name: &str| values.variable(name);
        for (line, told) in printed_by_tables(&variable) {
            let parsers = Parser::learn_all(&[line.as_bytes()], &[], &FormatSettings::default()).unwrap();
            let (_, json) = parsers.iter().find(|(known, _)| known.name == "json").unwrap();
            let record = json.parse(line.as_bytes(), &mut Clock::new(None));
            prop_assert!(record.is_some(), "{line}");
            let differences = values.differences(&record.unwrap_or_default(), &names(&told));
            prop_assert!(differences.is_empty(), "{differences:?} in {line}");
        }
    }
}
