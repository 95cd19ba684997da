//! The keys of JSON lines, and what they mean: those of hand-written formats; a service's own stand in
//! `dialects`.
//!
//! A path is followed object by object; a key that is the whole dotted path is taken too. A key
//! that differs in case is still taken, the exact one first; what else a file's keys may differ in is learned
//! from its sample (`learn`). Of several keys that tell the same, what the user mapped wins, then the earlier
//! one of the table.

use super::learn::letters;
use crate::format::role::Role;
use std::sync::LazyLock;

/// Rank of what the user mapped.
const MAPPED: u8 = 0;

/// Keys by their meaning, the surest first.
pub(in crate::format) type Table = &'static [(Role, &'static [&'static str])];

/// Usual keys: hand-written nginx formats, Caddy, Traefik, Elastic Common Schema, Google Cloud, API
/// Gateway, Fastly, Datadog, pino, bunyan, Echo, Zeek and what `export` writes.
#[rustfmt::skip]
pub(in crate::format) const USUAL: Table = &[
    (Role::Time, &[
        "msec", "ts", "StartUTC", "StartLocal", "time_iso8601", "time_local", "time", "@timestamp",
        "timestamp", "datetime", "date", "start_time", "requestTimeEpoch",
        "requestTime", "date_time", "time_date", "timestamp(ms)", "accept_date", "request_date", "time_stamp",
        "log_time", "eventTime", "@t", "started_at", "reqTimeSec", "reqTimeMs", "TimeGenerated",
        "log_timestamp", "asctime", "T", "written_at", "request_received_at",
        "epoch", "unixtime", "edgeStartTimestamp",
        // As Google Cloud's agents take it.
        "timestamp.seconds", "timestampSeconds",
        "time_start", "request_timestamp",
    ]),
    (Role::Status, &[
        "status", "status_code", "DownstreamStatus", "http.response.status_code",
        "response.status", "httpRequest.status", "response_code", "statusCode", "code",
        "http_status", "res.statusCode", "response_status", "http.status_code", "sc-status",
        "res.status", "http_status_code", "responseStatus", "response.status_code",
        "response.statusCode", "Properties.StatusCode", "httpStatusCode", "httpStatus", "status-code",
        "return_status", "http.response.status", "http_code", "edgeResponseStatus", "http_retcode",
        // A number in the place of what is mostly an object.
        "response", "httpResponseCode", "access_status", "resp",
    ]),
    (Role::Address, &[
        "request.client_ip", "request.remote_ip", "ClientHost", "remote_addr", "client_ip",
        "clientip", "client.ip", "source.ip", "client.address", "source.address",
        "httpRequest.remoteIp", "remote_ip", "ip", "remote", "remote_host",
        "clientAddr", "remoteAddr", "remote_address", "client_address",
        "downstream_remote_address", "network.client.ip", "sourceIp", "identity.sourceIp",
        "source_ip", "c-ip", "req.remoteAddress", "req.ip", "remoteAddress", "remoteIp",
        "ip_address", "ipAddress", "request.remote_addr", "clientIp_s", "request.ip",
        "req.remote_addr", "addr", "Properties.ClientIp", "remote-address", "id.orig_h",
        "communication.source.ip", "httpRequest.clientIP", "src", "src_ip", "srcip", "client.addr", "http.client_ip",
        "http.request.remoteaddr", "ip_source",
        // A bare `client` is as often a program.
        "client",
    ]),
    (Role::ForwardedFor, &[
        "http_x_forwarded_for", "x_forwarded_for", "xff", "forwarded_for",
        "request.headers.X-Forwarded-For", "request_X-Forwarded-For", "x-forward-for",
        "x-forwarded-for", "fwd", "req.headers.x-forwarded-for", "headers.x-forwarded-for",
    ]),
    (Role::Target, &[
        "request_uri", "request.uri", "RequestPath", "httpRequest.requestUrl",
    ]),
    (Role::Request, &["request", "request_line", "http_request"]),
    (Role::Target, &[
        "url.original", "url", "uri", "path", "url.path", "request_path", "req.url", "req.path",
        "http.url", "http.url_details.path", "request.url", "request.path", "resourcePath",
        "cs-uri-stem", "requestUri", "requestUrl", "request_url", "originalUrl", "target",
        "requested_uri", "Properties.RequestPath", "uri_path", "cs-uri", "http.request.path",
        "http.target", "http.request.uri", "httpRequest.path", "clientRequestURI", "reqPath", "http_url", "http_uri", "targetUri", "cs-uri-path", "requested_path", "http_route",
        "http.route", "route",
    ]),
    (Role::Query, &[
        "args", "query", "query_string", "url.query", "request_query", "cs-uri-query",
        "queryString", "uri_query",
    ]),
    (Role::Method, &[
        "request_method", "request.method", "RequestMethod", "method", "http.request.method",
        "httpRequest.requestMethod", "http_method", "verb", "req.method", "http.method",
        "httpMethod", "cs-method", "requestMethod", "Properties.RequestMethod", "request_verb",
        "httpRequest.method", "http_verb", "meth", "clientRequestMethod", "reqMethod", "http_action",
    ]),
    (Role::Bytes, &[
        "body_bytes_sent", "bytes_sent", "size", "DownstreamContentSize", "bytes",
        "http.response.body.bytes", "http.response.bytes", "httpRequest.responseSize",
        "response_size", "response_length", "bytes_out", "sent", "response_body_size",
        "responseLength", "network.bytes_written", "sc-bytes", "bytes_written", "resp_body_size",
        "length", "content_length", "responseSize", "response.bytes", "bytes_read", "response.size",
        "body_bytes", "response_bytes", "responseBytes", "response_body_len",
        "written_bytes", "write_bytes", "res.contentLength", "response_content_length",
        "res.headers.content-length", "response_size_b", "http.response.written", "resplength",
        "http.response.body.size", "resp_content_length", "edgeResponseBytes", "http_response_bytes", "bodySize",
        "server_to_client_bytes",
    ]),
    (Role::Referer, &[
        "http_referer", "http_referrer", "referer", "referrer", "request.headers.Referer",
        "request_Referer", "http.request.referrer", "httpRequest.referer", "request_referer",
        "req.headers.referer", "http.referer", "cs(Referer)", "headers.referer", "cs-referer",
        "http.request.referer",
    ]),
    (Role::UserAgent, &[
        "http_user_agent", "user_agent", "useragent", "agent", "request.headers.User-Agent",
        "request_User-Agent", "RequestHeaders.User-Agent", "user_agent.original", "httpRequest.userAgent", "ua",
        "request_user_agent", "req.headers.user-agent", "http.useragent", "cs(User-Agent)",
        "user-agent", "headers.user-agent", "identity.userAgent", "http_useragent",
        "http.user_agent.original", "http_agent", "cs-user-agent", "http.user_agent", "http.request.useragent",
    ]),
    (Role::User, &[
        "remote_user", "user", "username", "ClientUsername", "user.name", "uname", "user_id",
        "authorizer.principalId", "principalId", "usr.name", "usr.id", "cs-username",
        "consumer.username", "authuser", "auth.user.name",
    ]),
    (Role::Host, &[
        // A `host` beside a `domain` is the machine that logs.
        "http_host", "domain", "host", "request.host", "RequestHost", "vhost", "server_name",
        "url.domain", "authority", "x-host-header", "req.headers.host", "domainName",
        "http.url_details.host", "cs(Host)", "virtual_host", "hostname", "headers.host",
        "cs-host", "http.host", "http.request.host", "clientRequestHost", "requested_host",
    ]),
    (Role::Token, &[
        "http_x_api_key", "api_key", "apikey", "x_api_key", "key", "request.headers.X-Api-Key",
        "request_X-Api-Key", "token", "access_token", "http_authorization", "authorization",
        "request.headers.Authorization", "request_Authorization", "identity.apiKeyId", "apiKeyId",
    ]),
    (Role::Seconds, &[
        "request_time", "rt", "httpRequest.latency", "duration_s", "latency_human", "service",
        "http.response.duration",
    ]),
    (Role::Took, &[
        "duration", "request_duration", "latency", "response_time", "total_response_time", "resp_time",
        "reqtime", "dur", "elapsed",
    ]),
    (Role::TimeTaken, &["time-taken", "timeTaken"]),
    (Role::Nanoseconds, &["Duration", "event.duration", "total_ns", "duration_ns"]),
    (Role::Milliseconds, &[
        "duration_ms", "request_time_ms", "response_time_ms", "responseTime", "responseLatency",
        "latency_ms", "time_taken_ms", "elapsed_ms", "elapsed_time", "Elapsed", "Properties.Elapsed",
        "turnaroundTimeMs", "responseTimeMs", "durationMs", "latencyMs", "response-time",
        "res.responseTime", "response.elapsedTime", "time_ms",
        "duration_in_ms", "http_duration_ms", "latencies.request", "ms", "dur_ms",
    ]),
    // Of nginx's logs as they are shipped to Elasticsearch.
    (Role::ResponseTime, &["responsetime"]),
    (Role::Microseconds, &[
        "duration_us", "request_time_us", "time_elapsed", "elapsed_usec", "duration_usec",
        "time_us",
    ]),
    (Role::UpstreamStatus, &[
        "upstream_status", "OriginStatus", "us", "integrationStatus", "integration_status",
        "integration.status",
    ]),
    (Role::LimitStatus, &["limit_req_status", "limit_req"]),
    (Role::ConnectionStatus, &["limit_conn_status", "limit_conn"]),
    (Role::RetryAfter, &[
        "sent_http_retry_after", "upstream_http_retry_after", "retry_after",
        "resp_headers.Retry-After", "downstream_Retry-After",
    ]),
    (Role::Remaining, &[
        "sent_http_x_ratelimit_remaining", "upstream_http_x_ratelimit_remaining",
        "x_ratelimit_remaining", "ratelimit_remaining", "resp_headers.X-Ratelimit-Remaining",
        "resp_headers.X-RateLimit-Remaining", "resp_headers.Ratelimit",
        "downstream_X-Ratelimit-Remaining", "sent_http_ratelimit",
    ]),
    (Role::Reason, &[
        "deny_reason", "denied_by", "block_reason", "reason", "error_code", "error.code",
        "error.type", "error_reason", "error",
    ]),
    (Role::EnvoyDetails, &["response_code_details"]),
    (Role::EnvoyFlags, &["response_flags"]),
    (Role::EdgeResult, &["x-edge-detailed-result-type", "x-edge-result-type"]),
    (Role::ArmorDetails, &["jsonPayload.statusDetails"]),
    (Role::ArmorOutcome, &["jsonPayload.enforcedSecurityPolicy.rateLimitAction.outcome"]),
    (Role::WafEvidence, &["jsonPayload.enforcedSecurityPolicy.preconfiguredExprIds"]),
    (Role::Rule, &["jsonPayload.enforcedSecurityPolicy.name", "stated.rule"]),
    (Role::RulePriority, &["jsonPayload.enforcedSecurityPolicy.priority", "matched_rule_priority"]),
    (Role::ClientCertificate, &["ssl_client_verify"]),
    (Role::Id, &[
        "request_id", "req_id", "unique_id", "requestId", "x_request_id", "http_x_request_id",
        "request.headers.X-Request-Id", "http.request.id", "connection",
    ]),
    // As `export` writes it.
    (Role::StatedBy, &["stated.by"]),
    (Role::RuleFile, &["last_rule_file", "last_rule"]),
    (Role::RuleLine, &["last_rule_line"]),
    (Role::Termination, &["termination_state"]),
    (Role::SecureLink, &["secure_link"]),
    (Role::InvalidReferer, &["invalid_referer"]),
    (Role::Logger, &["logger"]),
    (Role::GatewayResponse, &[
        "responseType", "errorResponseType", "error.responseType", "error_response_type",
        "wafResponseCode", "waf_response_code",
    ]),
];

/// Names that `--map` takes, with what they mean.
const FIELDS: &[(&str, Role)] = &[
    ("time", Role::Time),
    ("ip", Role::Address),
    ("method", Role::Method),
    ("path", Role::Target),
    ("query", Role::Query),
    ("request", Role::Request),
    ("status", Role::Status),
    ("bytes", Role::Bytes),
    ("referer", Role::Referer),
    ("user_agent", Role::UserAgent),
    ("user", Role::User),
    ("host", Role::Host),
    ("duration_s", Role::Seconds),
    ("duration_ms", Role::Milliseconds),
    ("duration_us", Role::Microseconds),
    ("duration_ns", Role::Nanoseconds),
    ("upstream_status", Role::UpstreamStatus),
    ("forwarded_for", Role::ForwardedFor),
    ("token", Role::Token),
    ("limit_status", Role::LimitStatus),
    ("reason", Role::Reason),
    ("rule", Role::Rule),
    ("rule_message", Role::RuleMessage),
    ("rule_file", Role::RuleFile),
    ("rule_line", Role::RuleLine),
    ("retry_after", Role::RetryAfter),
    ("ratelimit_remaining", Role::Remaining),
    ("id", Role::Id),
];

/// The names that `--map` takes.
pub(in crate::format) fn mappable() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|&(name, _)| name)
}

/// The keys as a tree of objects.
#[derive(Debug, Clone)]
pub(in crate::format) struct Names {
    pub(super) objects: Vec<Object>,
}

/// Place of an object in the tree; the line itself is 0.
pub(in crate::format) type Place = usize;

#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    /// Sorted by length, so that a key is compared to those of its length only.
    pub(super) keys: Vec<Key>,
    /// Where the keys of each length start.
    starts: Vec<u16>,
}

/// What a key means: a value, an object with keys of its own, or either.
#[derive(Debug, Clone)]
pub(in crate::format) struct Key {
    pub(super) name: Vec<u8>,
    /// First byte of the name, in lower case.
    first: u8,
    /// What is left of the name however it is spelled.
    pub(super) letters: Vec<u8>,
    pub(in crate::format) role: Option<(Role, u8)>,
    pub(super) object: Option<Place>,
}

impl Names {
    /// The keys of a table and those that the user mapped; the name of a field that does not exist is
    /// the error.
    pub(in crate::format) fn new(map: &[(String, String)], table: Table) -> Result<Self, String> {
        let mut names = Names {
            objects: vec![Object::default()],
        };
        for (field, path) in map {
            let known = FIELDS.iter().find(|(name, _)| name == field);
            let &(_, role) = known.ok_or_else(|| field.clone())?;
            names.add(path, role, MAPPED);
        }
        names.take(table);
        Ok(names)
    }

    /// The usual keys alone: those of the user's own are for JSON, which says so where they are wrong.
    pub(in crate::format) fn usual() -> Self {
        static ALL: LazyLock<Names> = LazyLock::new(|| Names::of(USUAL));
        ALL.clone()
    }

    /// The keys of a table alone.
    pub(in crate::format) fn of(table: Table) -> Self {
        let mut names = Names {
            objects: vec![Object::default()],
        };
        names.take(table);
        names
    }

    fn take(&mut self, table: Table) {
        let usual = table
            .iter()
            .flat_map(|(role, paths)| paths.iter().map(move |path| (role, path)));
        // Ranks count among the roles that tell the same: only there are they compared.
        let mut ranks = [MAPPED; Role::COUNT];
        for (role, path) in usual {
            let rank = &mut ranks[group(*role)];
            *rank = rank.saturating_add(1);
            self.add(path, *role, *rank);
        }
        self.objects.iter_mut().for_each(Object::index);
    }

    fn add(&mut self, path: &str, role: Role, rank: u8) {
        let mut place = 0;
        // Names with a slash, such as Kubernetes' annotations, hold points of their own.
        let most = if path.contains('/') { 2 } else { usize::MAX };
        let mut steps = path.splitn(most, '.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                self.objects[place]
                    .key(step.as_bytes())
                    .role
                    .get_or_insert((role, rank));
                break;
            }
            let next = self.objects.len();
            let key = self.objects[place].key(step.as_bytes());
            let child = *key.object.get_or_insert(next);
            if child == next {
                self.objects.push(Object::default());
            }
            place = child;
        }
        let key = self.objects[0].key(path.as_bytes());
        key.role.get_or_insert((role, rank));
    }

    /// What `key` means in the object at `place`.
    #[inline]
    pub(in crate::format) fn find(&self, place: Place, key: &[u8]) -> Option<&Key> {
        let object = self.objects.get(place)?;
        let (start, end) = (
            object.starts.get(key.len())?,
            object.starts.get(key.len() + 1)?,
        );
        let keys = object.keys.get(usize::from(*start)..usize::from(*end))?;
        // Most keys of a line are not ours: their first byte tells so without a comparison.
        let first = key.first()?.to_ascii_lowercase();
        let alike = || keys.iter().filter(move |known| known.first == first);
        alike()
            .find(|known| known.name == key)
            .or_else(|| alike().find(|known| known.name.eq_ignore_ascii_case(key)))
    }

    /// The same, and what GELF writes `_key` is a key too.
    #[inline]
    pub(in crate::format) fn find_any(&self, place: Place, key: &[u8]) -> Option<&Key> {
        let found = self.find(place, key);
        match key {
            [b'_', bare @ ..] if found.is_none() => self.find(place, bare),
            _ => found,
        }
    }
}

/// Roles that may tell the same thing; a request line tells method and target.
fn group(role: Role) -> usize {
    match role {
        Role::Request | Role::Method => Role::Target.slot(),
        role => role.slot(),
    }
}

impl Object {
    pub(super) fn key(&mut self, name: &[u8]) -> &mut Key {
        let at = self.keys.iter().position(|key| key.name == name);
        let at = at.unwrap_or_else(|| {
            self.keys.push(Key {
                name: name.into(),
                first: name.first().map_or(0, u8::to_ascii_lowercase),
                letters: letters(name),
                role: None,
                object: None,
            });
            self.keys.len() - 1
        });
        &mut self.keys[at]
    }

    pub(super) fn index(&mut self) {
        self.keys.sort_by_key(|key| key.name.len());
        let longest = self.keys.last().map_or(0, |key| key.name.len());
        self.starts = (0..=longest + 1)
            .map(|len| self.keys.partition_point(|key| key.name.len() < len) as u16)
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_key_is_found_under_its_own_meaning() {
        let names = Names::new(&[], USUAL).unwrap();
        for (role, paths) in USUAL {
            for path in *paths {
                let mut place = 0;
                let mut steps = path.split('.').peekable();
                while let Some(step) = steps.next() {
                    let key = names.find(place, step.as_bytes()).unwrap();
                    match steps.peek() {
                        Some(_) => place = key.object.unwrap(),
                        None => assert_eq!(key.role.unwrap().0, *role, "{path}"),
                    }
                }
                assert_eq!(
                    names.find(0, path.as_bytes()).unwrap().role.unwrap().0,
                    *role,
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn ranks_are_distinct() {
        let mut counts = [0; Role::COUNT];
        for (role, paths) in USUAL {
            counts[group(*role)] += paths.len();
        }
        assert!(counts.iter().all(|count| *count < 127), "{counts:?}");
    }

    #[test]
    fn exact_case_first() {
        let names = Names::new(&[], USUAL).unwrap();
        let role = |key: &str| {
            names
                .find(0, key.as_bytes())
                .and_then(|key| key.role)
                .map(|(role, _)| role)
        };
        assert_eq!(role("duration"), Some(Role::Took));
        assert_eq!(role("Duration"), Some(Role::Nanoseconds));
        assert_eq!(role("STATUS"), Some(Role::Status));
        assert_eq!(role("no such key"), None);
        assert_eq!(role(""), None);
    }

    #[test]
    fn mapped_fields_come_first_and_must_exist() {
        let map = [("ip".to_owned(), "who.addr".to_owned())];
        let names = Names::new(&map, USUAL).unwrap();
        let who = names.find(0, b"who").unwrap().object.unwrap();
        assert_eq!(
            names.find(who, b"addr").unwrap().role,
            Some((Role::Address, MAPPED))
        );
        assert_eq!(
            Names::new(&[("ipp".to_owned(), "x".to_owned())], USUAL).unwrap_err(),
            "ipp"
        );
    }
}
