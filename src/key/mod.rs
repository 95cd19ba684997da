//! How a record becomes keys: one value for each dimension that denials are counted and tested by.
//!
//! A key is bytes until display. What may be secret ([`token`]) is a fingerprint from the start;
//! what has too many values to be read (paths, user agents) also has a coarse form ([`route`],
//! [`client`]). Every function here is total: any bytes give some key, none panics.

pub mod address;
pub mod client;
pub mod cover;
pub mod familiar;
pub mod fast;
mod firewall_data;
mod glance;
pub mod intern;
pub mod memo;
pub mod payload;
mod place;
mod probe;
pub mod ranges;
mod redact;
pub mod route;
pub mod route_tree;
mod secret;
mod shapes;
pub mod signed;
pub mod token;

use std::fmt;

/// A dimension: one way to tell requests apart. The order is that of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Client address.
    Ip,
    /// Its network: /24 or /48.
    Prefix,
    /// Family of the user agent.
    Client,
    /// User agent as sent.
    UserAgent,
    /// Authenticated user name.
    User,
    /// Fingerprint of a credential.
    Token,
    /// Path template.
    Route,
    /// Request method.
    Method,
    /// Virtual host.
    Host,
    /// Host of the referer.
    RefererHost,
    /// Who answered: body size and upstream.
    Responder,
}

impl Dimension {
    /// Every dimension, in the order of reports.
    pub const ALL: [Dimension; 11] = [
        Dimension::Ip,
        Dimension::Prefix,
        Dimension::Client,
        Dimension::UserAgent,
        Dimension::User,
        Dimension::Token,
        Dimension::Route,
        Dimension::Method,
        Dimension::Host,
        Dimension::RefererHost,
        Dimension::Responder,
    ];

    /// The name in output and in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Dimension::Ip => "ip",
            Dimension::Prefix => "prefix",
            Dimension::Client => "client",
            Dimension::UserAgent => "user_agent",
            Dimension::User => "user",
            Dimension::Token => "token",
            Dimension::Route => "route",
            Dimension::Method => "method",
            Dimension::Host => "host",
            Dimension::RefererHost => "referer_host",
            Dimension::Responder => "responder",
        }
    }

    /// The dimension of a name.
    pub fn from_name(name: &str) -> Option<Dimension> {
        Dimension::ALL
            .into_iter()
            .find(|dimension| dimension.name() == name)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A request method as one byte. What is not in IANA's list of common ones is [`Method::Other`]:
/// anybody can make methods up, so they are not worth a key each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the methods
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
    Connect,
    Trace,
    Propfind,
    Proppatch,
    Mkcol,
    Copy,
    Move,
    Lock,
    Unlock,
    Report,
    Search,
    Purge,
    /// A method that is none of these.
    Other,
    /// The request line had no method.
    Absent,
}

impl Method {
    /// Every method; its place is its number.
    pub const ALL: [Method; 21] = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Delete,
        Method::Options,
        Method::Patch,
        Method::Connect,
        Method::Trace,
        Method::Propfind,
        Method::Proppatch,
        Method::Mkcol,
        Method::Copy,
        Method::Move,
        Method::Lock,
        Method::Unlock,
        Method::Report,
        Method::Search,
        Method::Purge,
        Method::Other,
        Method::Absent,
    ];

    /// Methods are case-sensitive (RFC 9110 §9.1): `get` is none that a server knows.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Method {
        match bytes {
            b"GET" => Method::Get,
            b"POST" => Method::Post,
            b"HEAD" => Method::Head,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"OPTIONS" => Method::Options,
            b"PATCH" => Method::Patch,
            b"CONNECT" => Method::Connect,
            b"TRACE" => Method::Trace,
            b"PROPFIND" => Method::Propfind,
            b"PROPPATCH" => Method::Proppatch,
            b"MKCOL" => Method::Mkcol,
            b"COPY" => Method::Copy,
            b"MOVE" => Method::Move,
            b"LOCK" => Method::Lock,
            b"UNLOCK" => Method::Unlock,
            b"REPORT" => Method::Report,
            b"SEARCH" => Method::Search,
            b"PURGE" => Method::Purge,
            b"" | b"-" => Method::Absent,
            _ => Method::Other,
        }
    }

    /// The name in output: the method itself, `(other)`, or `-`.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Patch => "PATCH",
            Method::Connect => "CONNECT",
            Method::Trace => "TRACE",
            Method::Propfind => "PROPFIND",
            Method::Proppatch => "PROPPATCH",
            Method::Mkcol => "MKCOL",
            Method::Copy => "COPY",
            Method::Move => "MOVE",
            Method::Lock => "LOCK",
            Method::Unlock => "UNLOCK",
            Method::Report => "REPORT",
            Method::Search => "SEARCH",
            Method::Purge => "PURGE",
            Method::Other => "(other)",
            Method::Absent => "-",
        }
    }

    /// The method of a number, as in a row; [`Method::Other`] for a number that is none.
    pub fn from_u8(number: u8) -> Method {
        match Method::ALL.get(usize::from(number)) {
            Some(method) => *method,
            None => Method::Other,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The host of a referer: without scheme, user information, port and path; case as logged, empty
/// where there is none. A referer without a scheme is taken to begin with the host.
#[inline]
pub fn referer_host(referer: &[u8]) -> &[u8] {
    if let [b'h', b't', b't', b'p', rest @ ..] = referer
        && let [b's', b':', b'/', b'/', rest @ ..] | [b':', b'/', b'/', rest @ ..] = rest
    {
        // A host of plain letters, up to a slash: nearly every referer.
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let end = rest.iter().position(|byte| !plain(byte));
        if let Some(end) = end.filter(|&end| rest[end] == b'/') {
            return &rest[..end];
        }
    }
    any_referer_host(referer)
}

#[inline(never)]
fn any_referer_host(referer: &[u8]) -> &[u8] {
    let after_scheme = match memchr::memmem::find(&referer[..referer.len().min(16)], b"://") {
        Some(at) => &referer[at + 3..],
        None if referer.starts_with(b"/") || referer == b"-" => return &[],
        None => referer,
    };
    // 253 bytes is the longest name that DNS allows; user information comes on top.
    let near = &after_scheme[..after_scheme.len().min(512)];
    let authority = match memchr::memchr3(b'/', b'?', b'#', near) {
        Some(end) => &near[..end],
        None => near,
    };
    let host_port = match memchr::memrchr(b'@', authority) {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    if host_port.starts_with(b"[") {
        let end = memchr::memchr(b']', host_port).map_or(host_port.len(), |at| at + 1);
        return &host_port[..end];
    }
    match memchr::memchr(b':', host_port) {
        Some(colon) => &host_port[..colon],
        None => host_port,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_dimensions() {
        for dimension in Dimension::ALL {
            assert_eq!(Dimension::from_name(dimension.name()), Some(dimension));
        }
        assert_eq!(Dimension::from_name("IP"), None);
    }

    #[test]
    fn methods_survive_a_byte() {
        for (number, method) in Method::ALL.into_iter().enumerate() {
            assert_eq!(method as usize, number);
            assert_eq!(Method::from_u8(number as u8), method);
            if method != Method::Other {
                assert_eq!(Method::parse(method.name().as_bytes()), method);
            }
        }
        assert_eq!(Method::parse(b"get"), Method::Other);
        assert_eq!(Method::from_u8(255), Method::Other);
    }

    #[test]
    fn referer_hosts() {
        for (referer, host) in [
            ("https://example.com/a?b", "example.com"),
            ("http://u:p@example.com:8080/", "example.com"),
            ("https://[2001:db8::1]:443/x", "[2001:db8::1]"),
            ("android-app://com.example/", "com.example"),
            ("example.com/page", "example.com"),
            ("https://a.example?u=http://b.example", "a.example"),
            ("/local", ""),
            ("-", ""),
            ("", ""),
            ("http://", ""),
        ] {
            assert_eq!(
                referer_host(referer.as_bytes()),
                host.as_bytes(),
                "{referer}"
            );
        }
    }
}
