//! What a field means: the one place where a named value becomes part of a record.
//!
//! Formats with free field names (JSON keys, `name=value` pairs, template variables) map their
//! names to roles; what a value of a role looks like is known only here.

use super::duration::{PER_MS, milliseconds, nanoseconds, seconds, took};
use super::field::{METHODS, decimal, is_method, last_of_list, present, request_line, whole};
use super::shape::is_three_decimals;
use super::w3c::unescaped;
use crate::record::{Field, NamedRule, Record, Upstream};
use crate::stated::{Source, Stated};
use crate::time::{Clock, Instant};
use std::borrow::Cow;

/// The meaning of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Role {
    /// When the request was completed, in any form that [`Clock`] reads.
    Time,
    /// Status sent to the client.
    Status,
    /// Client address.
    Address,
    /// `X-Forwarded-For`.
    ForwardedFor,
    /// The whole request line.
    Request,
    /// The method.
    Method,
    /// Path, with or without query.
    Target,
    /// The query, where it is logged apart from the path.
    Query,
    /// Size of the response in bytes.
    Bytes,
    /// `Referer` header.
    Referer,
    /// `User-Agent` header.
    UserAgent,
    /// `User-Agent` header as W3C's logs write it, without spaces.
    EscapedAgent,
    /// Authenticated user.
    User,
    /// Virtual host.
    Host,
    /// Virtual host with its port.
    HostPort,
    /// A credential.
    Token,
    /// Duration in seconds, or with a unit behind it.
    Seconds,
    /// Apache's `%T`: with a fraction it is Tomcat's before version 10, whose `%D` are milliseconds and not
    /// microseconds.
    ServingSeconds,
    /// Duration in seconds where it has a point, else in milliseconds: IIS and CloudFront, and Azure's
    /// gateways of the first and second version, give one name to both.
    TimeTaken,
    /// Duration in seconds where it has the three decimals of nginx's `$request_time`, in milliseconds where it has
    /// no point: programs give one name to both.
    ResponseTime,
    /// Duration of which no name tells the unit: with a unit behind it, in seconds where it has a point, else in
    /// what programs write without one (see [`took`]).
    Took,
    /// Duration in milliseconds.
    Milliseconds,
    /// Duration in microseconds.
    Microseconds,
    /// Duration in nanoseconds.
    Nanoseconds,
    /// Statuses of the upstream, nginx style: the last one counts, `-` and nothing mean not asked.
    UpstreamStatus,
    /// Something that is `-`, `0` or empty exactly when no upstream was asked.
    UpstreamAsked,
    /// nginx `$limit_req_status`, or what stands for both limits.
    LimitStatus,
    /// nginx `$limit_conn_status`.
    ConnectionStatus,
    /// A `Retry-After` header of the answer.
    RetryAfter,
    /// What a header of the answer says is left of a quota.
    Remaining,
    /// The reason for the answer, in the words of whoever gave it.
    Reason,
    /// A request id, or the number of the connection: what other logs of the server name it by.
    Id,
    /// nginx `$secure_link`.
    SecureLink,
    /// nginx `$invalid_referer`.
    InvalidReferer,
    /// What an export says that a line states by itself, by the field that stated it.
    StatedBy,
    /// Seconds of one stage of the request; the stages together are its duration.
    StageSeconds,
    /// An address with a port behind its last colon, whether it has brackets or not.
    AddressPort,
    /// IIS `sc-substatus`.
    Substatus,
    /// CloudFront `x-edge-detailed-result-type`.
    EdgeResult,
    /// HTTP.sys `s-reason`.
    HttpSysReason,
    /// Envoy `%RESPONSE_FLAGS%`.
    EnvoyFlags,
    /// Envoy `%RESPONSE_CODE_DETAILS%`.
    EnvoyDetails,
    /// ALB `actions_executed`.
    AlbActions,
    /// Error code of S3 and its kin.
    S3Error,
    /// Squid's result code, such as `TCP_DENIED`.
    SquidResult,
    /// API Gateway's `$context.error.responseType`.
    GatewayResponse,
    /// What a firewall did: `BLOCK`, `ALLOW`.
    WafAction,
    /// Whether it may: `Prevention`, `Detection`.
    WafMode,
    /// Which of AWS WAF's rules ended the request.
    WafRule,
    /// Of what type that was: `RATE_BASED`.
    WafRuleKind,
    /// What the rule of a firewall found that ended the request: matches, expressions, messages, as a list.
    WafEvidence,
    /// What all rules of a firewall found that looked at the request, as a list: not only the one that ended it.
    WafLabels,
    /// The groups of rules that a firewall went through, as a list.
    WafGroups,
    /// Cloudflare's actions, one or a list.
    SecurityActions,
    /// The action of Cloudflare that ended the request.
    SecurityAction,
    /// The parts of Cloudflare that took them, in the same order.
    SecuritySources,
    /// Cloudflare's older `EdgePathingOp`.
    PathingOperation,
    /// Cloudflare's older `EdgePathingSrc`.
    PathingSource,
    /// Cloudflare's older `EdgePathingStatus`.
    PathingStatus,
    /// Google Cloud's `statusDetails`.
    ArmorDetails,
    /// `outcome` of the rate limit of Google Cloud Armor.
    ArmorOutcome,
    /// Name or number of the rule of an Azure firewall.
    AzureRule,
    /// Whether ModSecurity or Coraza sent the answer.
    Intercepted,
    /// nginx `$ssl_client_verify` and its like.
    ClientCertificate,
    /// `allow` or `forbid` of Kubernetes' authorizer.
    Decision,
    /// `stage` of a Kubernetes audit event; only a complete one is a request.
    AuditStage,
    /// HAProxy's `%[last_rule_file]`, with `:line` behind it or not.
    RuleFile,
    /// HAProxy's `%[last_rule_line]`.
    RuleLine,
    /// HAProxy's termination state.
    Termination,
    /// The name or number of the rule that refused.
    Rule,
    /// The numbers of the rules that took Cloudflare's actions, one or a list, in the same order.
    RuleNumbers,
    /// What the rule that refused says of itself.
    RuleMessage,
    /// The place of the rule among those of its policy.
    RulePriority,
    /// The limits that AWS WAF counts, as a list.
    RateLimits,
    /// A list of header fields with names and values.
    HeaderList,
    /// Name of the logger: Caddy's error log repeats the access log's requests.
    Logger,
}

impl Role {
    /// How many roles there are.
    pub(super) const COUNT: usize = Role::Logger as usize + 1;

    /// The place that roles share which tell the same thing, such as durations in different units.
    pub(super) fn slot(self) -> usize {
        match self {
            Role::ServingSeconds
            | Role::TimeTaken
            | Role::ResponseTime
            | Role::Took
            | Role::Milliseconds
            | Role::Microseconds
            | Role::Nanoseconds => Role::Seconds as usize,
            Role::AddressPort => Role::Address as usize,
            Role::EscapedAgent => Role::UserAgent as usize,
            Role::HostPort => Role::Host as usize,
            role => role as usize,
        }
    }

    /// The name of the field that it becomes, or what it tells.
    pub(super) fn field(self) -> &'static str {
        match self {
            Role::Time => "time",
            Role::Status => "status",
            Role::Address | Role::AddressPort => "ip",
            Role::ForwardedFor => "forwarded_for",
            Role::Request => "method, path, query",
            Role::Method => "method",
            Role::Target => "path, query",
            Role::Query => "query",
            Role::Bytes => "bytes",
            Role::Referer => "referer",
            Role::UserAgent | Role::EscapedAgent => "user_agent",
            Role::User => "user",
            Role::Host | Role::HostPort => "host",
            Role::Token => "token",
            Role::Seconds
            | Role::ServingSeconds
            | Role::TimeTaken
            | Role::ResponseTime
            | Role::Took
            | Role::Milliseconds
            | Role::Microseconds
            | Role::Nanoseconds
            | Role::StageSeconds => "duration_ms",
            Role::UpstreamStatus | Role::UpstreamAsked => "upstream_status",
            Role::LimitStatus
            | Role::ConnectionStatus
            | Role::RetryAfter
            | Role::Remaining
            | Role::Reason
            | Role::SecureLink
            | Role::InvalidReferer
            | Role::StatedBy
            | Role::Substatus
            | Role::EdgeResult
            | Role::HttpSysReason
            | Role::EnvoyFlags
            | Role::EnvoyDetails
            | Role::AlbActions
            | Role::S3Error
            | Role::SquidResult
            | Role::GatewayResponse
            | Role::WafAction
            | Role::WafMode
            | Role::WafRule
            | Role::WafRuleKind
            | Role::WafEvidence
            | Role::WafLabels
            | Role::WafGroups
            | Role::SecurityActions
            | Role::SecurityAction
            | Role::SecuritySources
            | Role::PathingOperation
            | Role::PathingSource
            | Role::PathingStatus
            | Role::ArmorDetails
            | Role::ArmorOutcome
            | Role::AzureRule
            | Role::Intercepted
            | Role::ClientCertificate
            | Role::Decision
            | Role::Termination => "stated",
            Role::Id => "id",
            Role::Rule
            | Role::RuleNumbers
            | Role::RuleMessage
            | Role::RulePriority
            | Role::RateLimits => "rule",
            Role::RuleFile => "rule_file",
            Role::RuleLine => "rule_line",
            Role::AuditStage | Role::HeaderList | Role::Logger => "passed over",
        }
    }

    /// Whether the field tells something together with others only: see `compound`.
    #[inline]
    pub(super) fn is_of_several(self) -> bool {
        matches!(
            self,
            Role::Substatus
                | Role::AlbActions
                | Role::WafAction
                | Role::WafMode
                | Role::WafRule
                | Role::WafRuleKind
                | Role::WafEvidence
                | Role::WafLabels
                | Role::WafGroups
                | Role::SecurityActions
                | Role::SecurityAction
                | Role::SecuritySources
                | Role::PathingOperation
                | Role::PathingSource
                | Role::PathingStatus
                | Role::ArmorDetails
                | Role::ArmorOutcome
                | Role::AzureRule
                | Role::Intercepted
                | Role::SquidResult
                | Role::Decision
                | Role::Termination
                | Role::Rule
                | Role::RuleNumbers
                | Role::RuleMessage
                | Role::RulePriority
                | Role::RateLimits
        )
    }

    /// Whether the whole of a JSON list is its value.
    pub(super) fn is_list(self) -> bool {
        matches!(
            self,
            Role::WafEvidence
                | Role::WafLabels
                | Role::WafGroups
                | Role::SecurityActions
                | Role::SecuritySources
                | Role::RuleNumbers
                | Role::RateLimits
        )
    }

    /// Puts a value where it belongs; `None` when time or status cannot be read, without which
    /// there is no record, or the line says that it is none. Any other value that cannot be read counts as absent.
    pub(super) fn assign<'a>(
        self,
        record: &mut Record<'a>,
        value: Field<'a>,
        clock: &mut Clock,
    ) -> Option<()> {
        match self {
            Role::Time => {
                let instant = Role::instant(&value, clock)?;
                (record.time_ms, record.utc_offset_s) = (instant.ms, instant.utc_offset_s);
            }
            Role::Status => record.status = status(&value)?,
            Role::Address => record.address = address(present_field(value)),
            Role::AddressPort => record.address = address_of_socket(present_field(value)),
            Role::ForwardedFor => record.forwarded_for = present_field(value),
            Role::Request => (record.method, record.target) = request(value),
            Role::Method => record.method = method(value),
            Role::Target => record.target = value,
            Role::Logger if value.starts_with(b"http.log.error") => return None,
            // `1.9kb` is rounded.
            Role::Bytes if matches!(value[..], [.., b'k' | b'K' | b'm' | b'M', b'b' | b'B']) => {}
            Role::Bytes => record.bytes = decimal(&value, 1).or(whole(&value)),
            Role::Referer => record.referer = present_field(value),
            Role::UserAgent => record.user_agent = present_field(value),
            Role::EscapedAgent => {
                record.user_agent = present_field(match value {
                    Cow::Borrowed(agent) => unescaped(agent),
                    Cow::Owned(agent) => Cow::Owned(unescaped(&agent).into_owned()),
                });
            }
            Role::User => record.user = present_field(without_spaces(value)),
            Role::Host => record.host = present_field(value),
            Role::HostPort => record.host = address_of_socket(present_field(value)),
            Role::Token => {
                let token = credential(value);
                if record.token.is_empty() {
                    record.token = token;
                }
            }
            Role::Seconds | Role::ServingSeconds => record.duration_us = Some(seconds(&value)?),
            Role::TimeTaken if value.contains(&b'.') => record.duration_us = seconds(&value),
            Role::TimeTaken => record.duration_us = decimal(&value, PER_MS),
            Role::ResponseTime if is_three_decimals(&value) => record.duration_us = seconds(&value),
            // Of any other fraction nobody knows the unit.
            Role::ResponseTime if value.contains(&b'.') => return None,
            Role::ResponseTime => record.duration_us = decimal(&value, PER_MS),
            Role::Took => record.duration_us = Some(took(&value)?),
            Role::Milliseconds => record.duration_us = milliseconds(&value),
            Role::Microseconds => record.duration_us = decimal(&value, 1),
            Role::Nanoseconds => record.duration_us = nanoseconds(&value),
            Role::UpstreamStatus => record.upstream = upstream(&value),
            Role::UpstreamAsked => record.upstream = asked(&value, record.status),
            Role::Id => {
                let id = present_field(value);
                // A header of the name `Connection` numbers nothing.
                if record.id.is_empty() && id.iter().any(u8::is_ascii_digit) {
                    record.id = id;
                }
            }
            Role::RuleFile => {
                let (file, line) = rule_place(present_field(value));
                record.rule_file = file;
                if let Some(line) = line {
                    record.rule_line = line;
                }
            }
            Role::RuleLine => record.rule_line = line_number(&value).unwrap_or_default(),
            // The details tell an outage of the authoriser from its refusal; the flags do not.
            Role::EnvoyDetails => {
                record.stated = self.states(&value).or(record.stated);
                record.rule = matched_policy(&value);
            }
            _ => record.stated = record.stated.or(self.states(&value)),
        }
        Some(())
    }

    /// The moment that a value names, in brackets or not.
    pub(super) fn instant(value: &[u8], clock: &mut Clock) -> Option<Instant> {
        clock.read(trim_brackets(value))
    }

    fn states(self, value: &[u8]) -> Option<Stated> {
        let source = match self {
            Role::LimitStatus => Source::LimitRequests,
            Role::ConnectionStatus => Source::LimitConnections,
            Role::SecureLink => Source::SecureLink,
            Role::InvalidReferer => Source::InvalidReferer,
            Role::RetryAfter => Source::RetryAfter,
            Role::Remaining => Source::Remaining,
            Role::Reason => Source::Reason,
            Role::ClientCertificate => Source::ClientCertificate,
            Role::EdgeResult => Source::Edge,
            Role::HttpSysReason => Source::HttpSys,
            // Several stand with commas between.
            Role::EnvoyFlags => {
                let mut flags = value.split(|byte| *byte == b',');
                return flags.find_map(|flag| Stated::by(Source::Envoy, flag.trim_ascii()));
            }
            Role::EnvoyDetails => {
                // `jwt_authn_access_denied{Jwt_is_expired}`: what stands in braces tells more.
                let inner = value.split(|byte| matches!(byte, b'{' | b'}')).nth(1);
                let inner = inner.and_then(|inner| Stated::by(Source::Envoy, inner));
                return inner.or_else(|| Stated::by(Source::Envoy, value));
            }
            Role::S3Error => Source::Storage,
            Role::GatewayResponse => Source::Gateway,
            Role::StatedBy => return Stated::named(value),
            _ => return None,
        };
        Stated::by(source, value)
    }
}

/// Jetty has written `-  -  [` for who is not known, so that spaces stand around the name.
fn without_spaces(value: Field<'_>) -> Field<'_> {
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.trim_ascii()),
        owned => owned,
    }
}

fn present_field(value: Field<'_>) -> Field<'_> {
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(present(bytes)),
        Cow::Owned(bytes) if present(&bytes).is_empty() => Cow::Borrowed(b""),
        owned => owned,
    }
}

/// The policy that Envoy's details name: `rbac_access_denied_matched_policy[ns[foo]-policy[bar]-rule[0]]`; `none` is
/// where no policy allowed the request.
fn matched_policy(details: &[u8]) -> Option<Box<NamedRule>> {
    let name = details
        .strip_prefix(b"rbac_access_denied_matched_policy[")?
        .strip_suffix(b"]")?;
    (name != b"none" && !name.is_empty()).then(|| {
        Box::new(NamedRule {
            name: name.to_vec(),
            message: Vec::new(),
        })
    })
}

/// A file, and the line behind its last colon where there is one. Neither is there where no rule decided:
/// HAProxy then writes `-` for each.
fn rule_place(value: Field<'_>) -> (Field<'_>, Option<u32>) {
    let Some(colon) = value.iter().rposition(|&byte| byte == b':') else {
        return (value, None);
    };
    let Some(line) = line_number(&value[colon + 1..]) else {
        return (Cow::Borrowed(b""), None);
    };
    let file = match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..colon]),
        Cow::Owned(bytes) => Cow::Owned(bytes[..colon].to_vec()),
    };
    (file, Some(line))
}

/// The number of a line, which counts from 1.
fn line_number(text: &[u8]) -> Option<u32> {
    let (rest, number) = super::field::integer(text).ok()?;
    let number = u32::try_from(number).ok()?;
    (rest.is_empty() && number > 0).then_some(number)
}

fn trim_brackets(stamp: &[u8]) -> &[u8] {
    match stamp {
        [b'[', inner @ .., b']'] => inner,
        _ => stamp,
    }
}

/// Three digits, as text or as a number; `-`, `-1` and `0` when none was sent.
pub(super) fn status(value: &[u8]) -> Option<u16> {
    // Programs that count it among the durations: `200.00`.
    let value = match value {
        [status @ .., b'.', b'0'] | [status @ .., b'.', b'0', b'0'] => status,
        // `403 Forbidden`
        [_, _, _, b' ', reason, ..] if reason.is_ascii_alphabetic() => &value[..3],
        status => status,
    };
    match *value {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            let digit = |byte: u8| u16::from(byte - b'0');
            Some(digit(a) * 100 + digit(b) * 10 + digit(c))
        }
        [b'-'] | [b'-', b'1'] | [b'0'] => Some(0),
        _ => None,
    }
}

/// An address without the port that some servers log behind it.
pub(super) fn address(value: Field<'_>) -> Field<'_> {
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(without_port(bytes)),
        Cow::Owned(bytes) => Cow::Owned(without_port(&bytes).to_vec()),
    }
}

/// `192.0.2.1:5000` and `[2001:db8::1]:5000` without the port; a bare IPv6 address as it is.
pub(super) fn without_port(address: &[u8]) -> &[u8] {
    if let [b'[', inner @ ..] = address {
        return memchr::memchr(b']', inner).map_or(address, |end| &inner[..end]);
    }
    match memchr::memchr(b':', address) {
        Some(colon)
            if address[colon + 1..].iter().all(u8::is_ascii_digit)
                && colon + 1 < address.len()
                && address.contains(&b'.') =>
        {
            &address[..colon]
        }
        // No group has five digits.
        Some(_) if is_port_behind_group(address) => {
            memchr::memrchr(b':', address).map_or(address, |colon| &address[..colon])
        }
        // Java writes all eight groups, and the port behind them without brackets.
        Some(_) if memchr::memchr_iter(b':', address).count() == 8 => {
            memchr::memrchr(b':', address).map_or(address, |colon| &address[..colon])
        }
        _ => address,
    }
}

/// `2001:db8::7:51234`: what stands behind the last colon of several is a port, since it is no group.
fn is_port_behind_group(address: &[u8]) -> bool {
    let last = memchr::memrchr(b':', address).map(|colon| &address[colon + 1..]);
    let is_port = last.is_some_and(|last| last.len() == 5 && last.iter().all(u8::is_ascii_digit));
    is_port && memchr::memchr_iter(b':', address).nth(1).is_some()
}

/// An address before its last colon: some write IPv6 and port without brackets.
fn address_of_socket(value: Field<'_>) -> Field<'_> {
    match value {
        Cow::Borrowed(bytes) => Cow::Borrowed(without_last_port(bytes)),
        Cow::Owned(bytes) => Cow::Owned(without_last_port(&bytes).to_vec()),
    }
}

pub(super) fn without_last_port(socket: &[u8]) -> &[u8] {
    if socket.starts_with(b"[") || socket.starts_with(b"unix:") {
        return without_port(socket);
    }
    match memchr::memrchr(b':', socket) {
        Some(colon) if socket[colon + 1..].iter().all(u8::is_ascii_digit) => &socket[..colon],
        _ => socket,
    }
}

/// Method and target of a request line.
pub(super) fn request(line: Field<'_>) -> (&[u8], Field<'_>) {
    match line {
        Cow::Borrowed(line) => {
            let (method, target) = request_line(line);
            (method, Cow::Borrowed(target))
        }
        Cow::Owned(mut line) => {
            // Firewalls log a request with its header, of which the first line is enough.
            let end = line.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            line.truncate(end.unwrap_or(line.len()));
            let (method, target) = request_line(&line);
            match known_method(method) {
                Some(method) => (method, Cow::Owned(target.to_vec())),
                None => (b"", Cow::Owned(line)),
            }
        }
    }
}

fn method(value: Field<'_>) -> &[u8] {
    match value {
        Cow::Borrowed(method) if is_method(method) => present(method),
        Cow::Borrowed(_) => b"",
        Cow::Owned(method) => known_method(&method).unwrap_or_default(),
    }
}

/// The method, where it is one of those that need no room of their own.
fn known_method(method: &[u8]) -> Option<&'static [u8]> {
    METHODS.into_iter().find(|known| *known == method)
}

/// A credential without its scheme (`Bearer`, `Basic`, ...); empty where the server has blanked it,
/// because a placeholder shared by everyone is nobody's credential.
pub(super) fn credential(value: Field<'_>) -> Field<'_> {
    const SCHEMES: [&[u8]; 5] = [b"bearer ", b"basic ", b"token ", b"apikey ", b"digest "];
    const BLANKED: [&[u8]; 6] = [
        b"redacted",
        b"[redacted]",
        b"filtered",
        b"[filtered]",
        b"<redacted>",
        b"(redacted)",
    ];
    let scheme = SCHEMES.iter().find(|scheme| {
        value
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let value = match (scheme, value) {
        (None, value) => value,
        (Some(scheme), Cow::Borrowed(bytes)) => Cow::Borrowed(&bytes[scheme.len()..]),
        (Some(scheme), Cow::Owned(bytes)) => Cow::Owned(bytes[scheme.len()..].to_vec()),
    };
    let blanked = BLANKED.iter().any(|word| word.eq_ignore_ascii_case(&value))
        || value
            .iter()
            .all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'-' | b'.'));
    if blanked { Cow::Borrowed(b"") } else { value }
}

/// What nginx's `$upstream_status` says: the last status of the list.
pub(super) fn upstream(value: &[u8]) -> Upstream {
    if present(value).is_empty() {
        return Upstream::NotAsked;
    }
    match status(last_of_list(value)) {
        // The last of several gave no answer; the one that the client got is then another's.
        Some(0) if last_of_list(value).len() < value.len() => Upstream::Unknown,
        Some(0) => Upstream::NotAsked,
        Some(status) => Upstream::Status(status),
        None => Upstream::Unknown,
    }
}

pub(super) fn asked(value: &[u8], status: u16) -> Upstream {
    match present(value) {
        // Varnish's word for an answer of its own, and HAProxy's for no server.
        b"" | b"0" | b"synth" | b"<NOSRV>" | b"<STATS>" => Upstream::NotAsked,
        _ if status == 0 => Upstream::Unknown,
        _ => Upstream::Status(status),
    }
}

#[cfg(test)]
mod tests;
