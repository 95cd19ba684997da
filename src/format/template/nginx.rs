//! nginx `log_format` strings.
//!
//! Source: <https://nginx.org/en/docs/http/ngx_http_log_module.html>, and the alphabetical index of
//! variables there.

use super::compile::Hints;
use super::{Kind, Piece, Problem, Shape, Variable};
use crate::format::config::nginx::words;
use crate::format::role::Role;

pub(super) const HINTS: Hints = Hints {
    time: "[$time_local], $time_iso8601 or $msec",
    status: "$status",
    client: "$remote_addr",
};

/// `$time_local`: 10/Oct/2000:13:55:36 -0700.
const TIME_LOCAL: usize = 26;
/// `$time_iso8601`: 2000-10-10T13:55:36-07:00.
const TIME_ISO8601: usize = 25;

/// What the variables mean. Of those with one meaning, the earlier is believed first.
const VARIABLES: &[(&str, Role)] = &[
    ("msec", Role::Time),
    ("time_iso8601", Role::Time),
    ("time_local", Role::Time),
    ("status", Role::Status),
    ("remote_addr", Role::Address),
    ("http_x_real_ip", Role::Address),
    ("http_cf_connecting_ip", Role::Address),
    ("proxy_protocol_addr", Role::Address),
    ("realip_remote_addr", Role::Address),
    ("http_x_forwarded_for", Role::ForwardedFor),
    ("proxy_add_x_forwarded_for", Role::ForwardedFor),
    ("request_uri", Role::Target),
    ("request", Role::Request),
    ("uri", Role::Target),
    ("document_uri", Role::Target),
    ("args", Role::Query),
    ("query_string", Role::Query),
    ("request_method", Role::Method),
    ("body_bytes_sent", Role::Bytes),
    ("bytes_sent", Role::Bytes),
    ("http_referer", Role::Referer),
    ("http_user_agent", Role::UserAgent),
    ("remote_user", Role::User),
    ("http_host", Role::Host),
    ("host", Role::Host),
    ("server_name", Role::Host),
    ("http_x_api_key", Role::Token),
    ("http_api_key", Role::Token),
    ("http_apikey", Role::Token),
    ("http_x_auth_token", Role::Token),
    ("http_x_access_token", Role::Token),
    ("http_x_token", Role::Token),
    ("http_authorization", Role::Token),
    ("arg_api_key", Role::Token),
    ("arg_apikey", Role::Token),
    ("arg_key", Role::Token),
    ("arg_token", Role::Token),
    ("arg_access_token", Role::Token),
    ("request_time", Role::Seconds),
    ("upstream_status", Role::UpstreamStatus),
    ("limit_req_status", Role::LimitStatus),
    ("limit_conn_status", Role::ConnectionStatus),
    ("sent_http_retry_after", Role::RetryAfter),
    ("upstream_http_retry_after", Role::RetryAfter),
    ("sent_http_x_ratelimit_remaining", Role::Remaining),
    ("upstream_http_x_ratelimit_remaining", Role::Remaining),
    ("sent_http_ratelimit_remaining", Role::Remaining),
    ("upstream_http_ratelimit_remaining", Role::Remaining),
    ("sent_http_ratelimit", Role::Remaining),
    ("upstream_http_ratelimit", Role::Remaining),
    ("upstream_http_x_deny_reason", Role::Reason),
    ("sent_http_x_deny_reason", Role::Reason),
    ("upstream_http_x_error_code", Role::Reason),
    ("sent_http_x_error_code", Role::Reason),
    ("request_id", Role::Id),
    ("req_id", Role::Id),
    ("connection", Role::Id),
    ("secure_link", Role::SecureLink),
    ("invalid_referer", Role::InvalidReferer),
    ("ssl_client_verify", Role::ClientCertificate),
];

/// The pieces of a format string.
pub(super) fn pieces(format: &str) -> Result<Vec<Piece>, Problem> {
    let letters: Vec<char> = format.chars().collect();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut literal = String::new();
    let (mut at, mut literal_from) = (0, 0);
    while let Some(&letter) = letters.get(at) {
        if letter != '$' {
            if literal.is_empty() {
                literal_from = at;
            }
            literal.push(letter);
            at += 1;
            continue;
        }
        if !literal.is_empty() {
            let bytes = std::mem::take(&mut literal).into_bytes();
            pieces.push(Piece {
                column: literal_from,
                kind: Kind::Literal(bytes),
            });
        }
        let (name, width) = name(&letters[at + 1..]).ok_or_else(|| Problem {
            column: at,
            text: "a variable needs a name behind its $".to_owned(),
        })?;
        pieces.push(Piece {
            column: at,
            kind: Kind::Field(variable(&name)),
        });
        at += 1 + width;
    }
    if !literal.is_empty() {
        pieces.push(Piece {
            column: literal_from,
            kind: Kind::Literal(literal.into_bytes()),
        });
    }
    Ok(pieces)
}

/// The name behind a `$`, and how many characters it takes with its braces.
fn name(letters: &[char]) -> Option<(String, usize)> {
    let braces = letters.first() == Some(&'{');
    let inner = if braces { &letters[1..] } else { letters };
    let is_part = |letter: &&char| letter.is_ascii_alphanumeric() || **letter == '_';
    let name: String = inner.iter().take_while(is_part).collect();
    let closed = !braces || inner.get(name.len()) == Some(&'}');
    let width = name.len() + if braces { 2 } else { 0 };
    (!name.is_empty() && closed).then_some((name, width))
}

fn variable(name: &str) -> Variable {
    let known = (0..).zip(VARIABLES).find(|(_, (known, _))| *known == name);
    let shape = match name {
        "time_local" => Shape::Width(TIME_LOCAL),
        "time_iso8601" => Shape::Width(TIME_ISO8601),
        "status" => Shape::Status,
        "request" => Shape::Request,
        "remote_addr" | "realip_remote_addr" | "proxy_protocol_addr" => Shape::Client,
        "is_args" => Shape::QuestionMark,
        _ if name.starts_with("upstream_") || name == "http_x_forwarded_for" => Shape::List,
        _ => Shape::Text,
    };
    let role = known.map(|(rank, &(_, role))| (role, rank));
    Variable {
        source: format!("${name}"),
        role,
        shape,
    }
}

/// The `escape=` parameter and the format string of what may be a whole directive
/// (`log_format main escape=json '...' '...';`), its quoted strings, or the string itself.
pub(super) fn unwrap_directive(text: &str) -> (String, String) {
    let trimmed = text.trim();
    let is_directive = trimmed.starts_with("log_format ");
    let is_quoted = trimmed.starts_with('\'') && trimmed.trim_end_matches(';').ends_with('\'');
    if is_directive || is_quoted {
        let mut words = words(trimmed)
            .into_iter()
            .skip(if is_directive { 2 } else { 0 })
            .peekable();
        let escape = words
            .next_if(|word| word.starts_with("escape="))
            .unwrap_or_default();
        return (
            escape.trim_start_matches("escape=").to_owned(),
            words.collect(),
        );
    }
    match trimmed
        .strip_prefix("escape=")
        .and_then(|rest| rest.split_once(' '))
    {
        Some((escape, format)) => (escape.to_owned(), unwrap_directive(format).1),
        None => (String::new(), text.to_owned()),
    }
}
