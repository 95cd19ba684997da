//! The keys of JSON lines, and what they mean.
//!
//! A path is followed object by object; a key that is the whole dotted path is taken too. A key
//! that differs in case is still taken, the exact one first. Of several keys that
//! tell the same, what the user mapped wins, then the earlier one of the table.

use crate::format::role::Role;

/// Rank of what the user mapped.
const MAPPED: u8 = 0;

/// Usual keys: hand-written nginx formats, Caddy, Traefik, Elastic Common Schema, Google Cloud.
#[rustfmt::skip]
const USUAL: &[(Role, &[&str])] = &[
    (Role::Time, &[
        "msec", "ts", "StartUTC", "time_iso8601", "time_local", "time", "@timestamp",
        "timestamp", "datetime", "date", "start_time", "StartLocal",
    ]),
    (Role::Status, &[
        "status", "status_code", "DownstreamStatus", "http.response.status_code",
        "response.status", "httpRequest.status", "response_code", "statusCode", "code",
        "http_status",
    ]),
    (Role::Address, &[
        "request.client_ip", "request.remote_ip", "ClientHost", "remote_addr", "client_ip",
        "clientip", "client.ip", "source.ip", "client.address", "source.address",
        "httpRequest.remoteIp", "remote_ip", "ip", "remote", "remote_host",
        "clientAddr", "remoteAddr", "remote_address", "client_address",
        "downstream_remote_address",
        // A bare `client` is as often a program.
        "client",
    ]),
    (Role::ForwardedFor, &[
        "http_x_forwarded_for", "x_forwarded_for", "xff", "forwarded_for",
        "request.headers.X-Forwarded-For", "request_X-Forwarded-For",
    ]),
    (Role::Target, &[
        "request_uri", "request.uri", "RequestPath", "httpRequest.requestUrl",
    ]),
    (Role::Request, &["request", "request_line"]),
    (Role::Target, &[
        "url.original", "url", "uri", "path", "url.path", "request_path",
    ]),
    (Role::Query, &["args", "query", "query_string", "url.query"]),
    (Role::Method, &[
        "request_method", "request.method", "RequestMethod", "method", "http.request.method",
        "httpRequest.requestMethod", "http_method", "verb",
    ]),
    (Role::Bytes, &[
        "body_bytes_sent", "bytes_sent", "size", "DownstreamContentSize", "bytes",
        "http.response.body.bytes", "http.response.bytes", "httpRequest.responseSize",
        "response_size", "response_length", "bytes_out", "sent",
    ]),
    (Role::Referer, &[
        "http_referer", "http_referrer", "referer", "referrer", "request.headers.Referer",
        "request_Referer", "http.request.referrer", "httpRequest.referer",
    ]),
    (Role::UserAgent, &[
        "http_user_agent", "user_agent", "useragent", "agent", "request.headers.User-Agent",
        "request_User-Agent", "user_agent.original", "httpRequest.userAgent", "ua",
    ]),
    (Role::User, &[
        "remote_user", "user", "user_id", "ClientUsername", "username", "user.name",
    ]),
    (Role::Host, &[
        "http_host", "host", "request.host", "RequestHost", "vhost", "server_name", "url.domain",
        "domain", "authority",
    ]),
    (Role::Token, &[
        "http_x_api_key", "api_key", "apikey", "x_api_key", "key", "request.headers.X-Api-Key",
        "request_X-Api-Key", "token", "access_token", "http_authorization", "authorization",
        "request.headers.Authorization", "request_Authorization",
    ]),
    (Role::Seconds, &["request_time", "duration", "rt", "httpRequest.latency"]),
    (Role::Nanoseconds, &["Duration", "event.duration"]),
    (Role::Milliseconds, &[
        "duration_ms", "request_time_ms", "response_time_ms", "responseTime",
    ]),
    (Role::Microseconds, &["duration_us", "request_time_us"]),
    (Role::UpstreamStatus, &["upstream_status", "OriginStatus", "us"]),
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
        "error.type", "error_reason", "response_code_details", "response_flags",
        "x-edge-detailed-result-type", "error.responseType", "jsonPayload.statusDetails", "error",
    ]),
    (Role::Id, &[
        "request_id", "req_id", "unique_id", "requestId", "x_request_id", "http_x_request_id",
        "request.headers.X-Request-Id", "http.request.id", "connection",
    ]),
    // As `export` writes it.
    (Role::StatedBy, &["stated.by"]),
    (Role::SecureLink, &["secure_link"]),
    (Role::InvalidReferer, &["invalid_referer"]),
    (Role::Logger, &["logger"]),
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
pub(super) struct Names {
    objects: Vec<Object>,
}

/// Place of an object in the tree; the line itself is 0.
pub(super) type Place = usize;

#[derive(Debug, Clone, Default)]
struct Object {
    /// Sorted by length, so that a key is compared to those of its length only.
    keys: Vec<Key>,
    /// Where the keys of each length start.
    starts: Vec<u16>,
}

/// What a key means: a value, an object with keys of its own, or either.
#[derive(Debug, Clone)]
pub(super) struct Key {
    name: Vec<u8>,
    /// First byte of the name, in lower case.
    first: u8,
    pub(super) role: Option<(Role, u8)>,
    pub(super) object: Option<Place>,
}

impl Names {
    /// The usual keys and those that the user mapped; the name of a field that does not exist is the error.
    pub(super) fn new(map: &[(String, String)]) -> Result<Self, String> {
        let mut names = Names {
            objects: vec![Object::default()],
        };
        for (field, path) in map {
            let known = FIELDS.iter().find(|(name, _)| name == field);
            let &(_, role) = known.ok_or_else(|| field.clone())?;
            names.add(path, role, MAPPED);
        }
        let usual = USUAL
            .iter()
            .flat_map(|(role, paths)| paths.iter().map(move |path| (role, path)));
        for (rank, (role, path)) in (MAPPED + 1..).zip(usual) {
            names.add(path, *role, rank);
        }
        names.objects.iter_mut().for_each(Object::index);
        Ok(names)
    }

    fn add(&mut self, path: &str, role: Role, rank: u8) {
        let mut place = 0;
        let mut steps = path.split('.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                self.objects[place]
                    .key(step)
                    .role
                    .get_or_insert((role, rank));
                break;
            }
            let next = self.objects.len();
            let child = *self.objects[place].key(step).object.get_or_insert(next);
            if child == next {
                self.objects.push(Object::default());
            }
            place = child;
        }
        self.objects[0].key(path).role.get_or_insert((role, rank));
    }

    /// What `key` means in the object at `place`.
    #[inline]
    pub(super) fn find(&self, place: Place, key: &[u8]) -> Option<&Key> {
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
}

impl Object {
    fn key(&mut self, name: &str) -> &mut Key {
        let at = self.keys.iter().position(|key| key.name == name.as_bytes());
        let at = at.unwrap_or_else(|| {
            self.keys.push(Key {
                name: name.into(),
                first: name.bytes().next().unwrap_or(0).to_ascii_lowercase(),
                role: None,
                object: None,
            });
            self.keys.len() - 1
        });
        &mut self.keys[at]
    }

    fn index(&mut self) {
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
        let names = Names::new(&[]).unwrap();
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
        assert!(USUAL.iter().map(|(_, paths)| paths.len()).sum::<usize>() < 250);
    }

    #[test]
    fn exact_case_first() {
        let names = Names::new(&[]).unwrap();
        let role = |key: &str| {
            names
                .find(0, key.as_bytes())
                .and_then(|key| key.role)
                .map(|(role, _)| role)
        };
        assert_eq!(role("duration"), Some(Role::Seconds));
        assert_eq!(role("Duration"), Some(Role::Nanoseconds));
        assert_eq!(role("STATUS"), Some(Role::Status));
        assert_eq!(role("no such key"), None);
        assert_eq!(role(""), None);
    }

    #[test]
    fn mapped_fields_come_first_and_must_exist() {
        let map = [("ip".to_owned(), "who.addr".to_owned())];
        let names = Names::new(&map).unwrap();
        let who = names.find(0, b"who").unwrap().object.unwrap();
        assert_eq!(
            names.find(who, b"addr").unwrap().role,
            Some((Role::Address, MAPPED))
        );
        assert_eq!(
            Names::new(&[("ipp".to_owned(), "x".to_owned())]).unwrap_err(),
            "ipp"
        );
    }
}
