//! What a line of a side log says of a request, and what each kind of saying claims.
//!
//! A kind is a row of `Kind::meaning`: who says it, what it claims, what exactly denied. Lines that only look
//! like a refusal have no kind: dry runs, warnings that blocked nothing, logins that were answered 401.

use crate::findings::Cause::{self, *};
use crate::stated::Claim;

/// A line of a side log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told<'l> {
    /// When, in milliseconds since the epoch as if the log's zone were UTC.
    pub(super) local_ms: i64,
    /// What it says of a request; none where it speaks of something else.
    pub(super) about: Option<About<'l>>,
}

/// A request that a line speaks of, and what it says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct About<'l> {
    pub(super) client: &'l [u8],
    pub(super) target: Target<'l>,
    /// A request id.
    pub(super) id: &'l [u8],
    /// The number of the connection.
    pub(super) connection: &'l [u8],
    pub(super) said: Said<'l>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Target<'l> {
    /// The line does not say.
    #[default]
    Unknown,
    /// As it was asked, with or without query.
    Asked(&'l [u8]),
    /// A file that stands for it, or the address it was passed on to.
    File(&'l [u8]),
}

/// What was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Said<'l> {
    pub(super) kind: Kind,
    /// Name of the limiter's zone, or who decided.
    pub(super) zone: &'l [u8],
    /// Number of the rule.
    pub(super) rule: &'l [u8],
    /// The rule's message.
    pub(super) message: &'l [u8],
    /// File and line of the rule.
    pub(super) place: (&'l [u8], &'l [u8]),
}

/// The kinds of sayings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    #[default]
    LimitRequests,
    LimitConnections,
    AccessRule,
    NginxDirectory,
    NginxFile,
    NginxPasswords,
    NginxSymlink,
    /// CrowdSec's list has the address.
    CrowdSec,
    /// CrowdSec's firewall saw an attack.
    CrowdSecFirewall,
    Evasive,
    Require,
    AuthorizationFailed,
    ApacheDirectory,
    ApacheFile,
    ApacheSymlink,
    ApacheTls,
    /// `SSLRequire`, an expression of anything.
    ApacheSslRequire,
    ApacheConfiguration,
    ApachePath,
    ApacheCertificate,
    ApacheTarget,
    ApacheScript,
    ApacheHandler,
    LighttpdFile,
    LighttpdRule,
    /// ModSecurity refused, and the rule looks at what a request carries.
    Firewall,
    /// ... at who sends it.
    FirewallAddress,
    /// ... at how much was counted.
    FirewallCount,
    /// ... at the user agent.
    FirewallAgent,
    /// ... at the method.
    FirewallMethod,
    /// ... at the form of a request.
    FirewallProtocol,
    /// A rule of ModSecurity matched and refused nothing by itself: what an anomaly score is made of.
    Matched,
}

/// What a kind claims.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) by: &'static str,
    pub(super) claim: Claim,
    pub(super) mechanism: Option<&'static str>,
    pub(super) says: &'static str,
}

const NGINX: &str = "nginx error log";
const APACHE: &str = "Apache error log";
const LIGHTTPD: &str = "lighttpd error log";
const MODSECURITY: &str = "ModSecurity log";

/// `allow`, `deny` and `limit_except` of nginx, and what Apache's `Require` may ask.
const NGINX_RULES: &[Cause] = &[IpAcl, RouteAcl, RequestShape];
const APACHE_RULES: &[Cause] = &[IpAcl, RouteAcl, RequestShape, BotFilter];
/// Of what an `SSLRequire` may be: the certificate, the address, the path, the cipher.
const SSL_REQUIRE: &[Cause] = &[Credential, IpAcl, RouteAcl, RequestShape];

impl Kind {
    /// What it claims.
    #[rustfmt::skip]
    pub(super) fn meaning(self) -> Meaning {
        use Claim::{Is, OneOf};
        let (by, claim, mechanism, says) = match self {
            Kind::LimitRequests => (NGINX, Is(RateLimit), "", "limiting requests"),
            Kind::LimitConnections => (NGINX, Is(RateLimit), "concurrency", "limiting connections"),
            Kind::AccessRule => (NGINX, OneOf(NGINX_RULES), "", "access forbidden by rule: an address, a place or a method, the line does not say which"),
            Kind::NginxDirectory => (NGINX, Is(RouteAcl), "directory_index", "directory index is forbidden"),
            Kind::NginxFile => (NGINX, Is(RouteAcl), "file_permission", "the file may not be read (13: Permission denied)"),
            Kind::NginxPasswords => (NGINX, Is(RouteAcl), "configuration", "the file of passwords cannot be opened"),
            Kind::CrowdSec => (NGINX, Is(IpAcl), "list_pushed", "CrowdSec denied the address"),
            Kind::CrowdSecFirewall => (NGINX, Is(BotFilter), "waf_signature", "CrowdSec's firewall denied the request"),
            Kind::NginxSymlink => (NGINX, Is(RouteAcl), "file_permission", "symbolic link not allowed"),
            Kind::Evasive => (APACHE, Is(RateLimit), "hold", "mod_evasive denied the client"),
            Kind::Require => (APACHE, OneOf(APACHE_RULES), "", "client denied by server configuration: a Require, the line does not say of what"),
            Kind::AuthorizationFailed => (APACHE, Is(Permission), "role", "authorization failure of a known user"),
            Kind::ApacheDirectory => (APACHE, Is(RouteAcl), "directory_index", "no index file, and listing the directory is forbidden"),
            Kind::ApacheFile => (APACHE, Is(RouteAcl), "file_permission", "file permissions deny access"),
            Kind::ApacheSymlink => (APACHE, Is(RouteAcl), "file_permission", "symbolic link not allowed"),
            Kind::ApacheTls => (APACHE, Is(RequestShape), "tls_required", "an SSL requirement was not met"),
            Kind::ApacheSslRequire => (APACHE, OneOf(SSL_REQUIRE), "", "an SSLRequire expression was not fulfilled, the line does not say of what"),
            Kind::ApacheConfiguration => (APACHE, Is(RouteAcl), "configuration", "the configuration forbids itself what it asks for"),
            Kind::ApachePath => (APACHE, Is(RouteAcl), "path", "no file that can be served stands there"),
            Kind::ApacheCertificate => (APACHE, Is(Credential), "client_certificate", "the client certificate failed or is missing"),
            Kind::ApacheTarget => (APACHE, Is(RequestShape), "target", "the forwarded target has characters that are not allowed"),
            Kind::ApacheScript => (APACHE, Is(RouteAcl), "script", "the script may not be run"),
            Kind::ApacheHandler => (APACHE, Is(RouteAcl), "handler", "the handler is not allowed"),
            Kind::LighttpdFile => (LIGHTTPD, Is(RouteAcl), "file_permission", "the file may not be read (Permission denied)"),
            Kind::LighttpdRule => (LIGHTTPD, Is(RouteAcl), "denied_location", "url denied by url.access-deny"),
            Kind::Firewall | Kind::Matched => (MODSECURITY, Is(BotFilter), "waf_signature", "ModSecurity denied access"),
            Kind::FirewallAddress => (MODSECURITY, Is(IpAcl), "list", "ModSecurity denied the address"),
            Kind::FirewallCount => (MODSECURITY, Is(RateLimit), "", "ModSecurity counted too many requests"),
            Kind::FirewallAgent => (MODSECURITY, Is(BotFilter), "user_agent", "ModSecurity denied the user agent"),
            Kind::FirewallMethod => (MODSECURITY, Is(RequestShape), "method", "ModSecurity denied the method"),
            Kind::FirewallProtocol => (MODSECURITY, Is(RequestShape), "protocol", "ModSecurity found that the request breaks the protocol"),
        };
        Meaning { by, claim, mechanism: Some(mechanism).filter(|text| !text.is_empty()), says }
    }
}

/// The number that text begins with, in so many digits.
pub(super) fn digits(text: &[u8], count: usize) -> Option<u32> {
    let digits = text.get(..count)?;
    digits.iter().try_fold(0u32, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}

/// What stands between `from` and the next `to`.
pub(super) fn between<'l>(text: &'l [u8], from: &[u8], to: u8) -> Option<&'l [u8]> {
    let start = memchr::memmem::find(text, from)? + from.len();
    let rest = text.get(start..)?;
    rest.get(..memchr::memchr(to, rest)?)
}

/// Whether `text` holds `part`.
pub(super) fn holds(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// The target of a request line: its second word, or all of it where there is none.
pub(super) fn target_of(request: &[u8]) -> Target<'_> {
    let mut words = request.split(|byte| *byte == b' ');
    match (words.next(), words.next()) {
        (Some(_), Some(target)) if !target.is_empty() => Target::Asked(target),
        _ => Target::Unknown,
    }
}
