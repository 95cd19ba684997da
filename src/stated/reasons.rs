//! The table: which value of which field names a cause, what exactly, and how sure that is.
//!
//! `limit_req` and `limit_conn` say who refused. A `Retry-After`, or nothing left of a quota, goes with
//! limiters nearly always, but not only. An application's own word for its reason is believed. Dry
//! runs deny nothing, and words that only repeat the status (`forbidden`, `access_denied`) are not here.

use super::Claim;
use crate::findings::Cause;

/// The kinds of fields that may state a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// nginx `$limit_req_status`, or a field that stands for either limit.
    LimitRequests,
    /// nginx `$limit_conn_status`.
    LimitConnections,
    /// nginx `$secure_link`.
    SecureLink,
    /// nginx `$invalid_referer`.
    InvalidReferer,
    /// A `Retry-After` header that was sent.
    RetryAfter,
    /// A header that was sent with what is left of a quota: `X-RateLimit-Remaining`, `RateLimit`.
    Remaining,
    /// HAProxy's termination state where the proxy itself ended the request: its first two letters.
    Termination,
    /// A reason in the words of an application, a gateway or a proxy.
    Reason,
}

/// What a field may hold to state a reason.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// One of these words.
    Words(&'static [&'static str]),
    /// Any number or date.
    Moment,
    /// None left: `0`, or a `r=0` or `remaining=0` parameter.
    Zero,
}

impl Values {
    pub(super) fn matches(self, word: &[u8]) -> bool {
        match self {
            Values::Words(words) => words.iter().any(|known| known.as_bytes() == word),
            Values::Moment => word.first().is_some_and(u8::is_ascii_alphanumeric),
            Values::Zero => {
                word == b"0"
                    || word.split(|byte| matches!(byte, b';' | b',')).any(|part| {
                        let part = part.trim_ascii();
                        let part = part.strip_prefix(b"_").unwrap_or(part);
                        part == b"r=0" || part == b"remaining=0"
                    })
            }
        }
    }

    #[cfg(test)]
    pub(super) fn examples(self) -> &'static [&'static str] {
        match self {
            Values::Words(words) => words,
            Values::Moment => &["120", "Wed, 21 Oct 2026 07:28:00 GMT"],
            Values::Zero => &[
                "0",
                "\"default\";r=0;t=12",
                "limit=10, remaining=0, reset=5",
            ],
        }
    }
}

/// Values of a kind of field, and what they state.
#[derive(Debug, Clone, Copy)]
pub struct Reason {
    /// The kind of field.
    pub source: Source,
    /// Its values.
    pub values: Values,
    /// What they claim.
    pub claim: Claim,
    /// What exactly denied.
    pub mechanism: Option<&'static str>,
    /// The name of who says so.
    pub by: &'static str,
    /// What they say, as a clause.
    pub says: &'static str,
}

/// `reason(Source, values, claim, mechanism, by, says)`.
const fn reason(
    source: Source,
    words: &'static [&'static str],
    claim: Claim,
    mechanism: &'static str,
    by: &'static str,
    says: &'static str,
) -> Reason {
    Reason {
        source,
        values: Values::Words(words),
        claim,
        mechanism: if mechanism.is_empty() {
            None
        } else {
            Some(mechanism)
        },
        by,
        says,
    }
}

use Cause::*;
use Claim::{Is, OneOf, Suggests};

/// A `Retry-After` or an empty quota: strong, not absolute.
const LIMITER_HEADER: f64 = 2.5;

/// All reasons. Names of who says so are unique for each reason that `export` must tell apart.
#[rustfmt::skip]
pub const REASONS: &[Reason] = &[
    reason(Source::LimitRequests, &["rejected"], Is(RateLimit), "", "limit_status", "a limiter refused them (limit status REJECTED)"),
    reason(Source::LimitConnections, &["rejected"], Is(RateLimit), "concurrency", "limit_conn_status", "a limit of connections refused them (limit_conn_status REJECTED)"),
    reason(Source::SecureLink, &["0"], Is(Credential), "expired_link", "secure_link", "the signed link was right and had expired"),
    reason(Source::InvalidReferer, &["1"], Is(RequestShape), "hotlink", "invalid_referer", "the referer is not allowed"),
    Reason { source: Source::RetryAfter, values: Values::Moment, claim: Suggests(RateLimit, LIMITER_HEADER), mechanism: None, by: "retry_after", says: "the answer told when to try again (Retry-After)" },
    Reason { source: Source::Remaining, values: Values::Zero, claim: Suggests(RateLimit, LIMITER_HEADER), mechanism: None, by: "ratelimit_remaining", says: "the answer told that nothing was left of a quota" },
    reason(Source::Termination, &["pt"], OneOf(&[RateLimit, IpAcl, BotFilter, RouteAcl, RequestShape]), "tarpit", "termination_state", "HAProxy held them in its tarpit (PT)"),
    reason(Source::Reason, &["rate_limited", "rate_limit", "ratelimit", "ratelimited", "rate_limit_exceeded", "ratelimitexceeded", "too_many_requests", "throttled", "throttling", "quota_exceeded", "quotaexceeded", "over_quota", "limit_exceeded", "request_limit_exceeded", "user_rate_limit_exceeded", "request_rate_limited", "local_rate_limited", "global_rate_limited", "rl"], Is(RateLimit), "", "reason:rate_limit", "the logged reason is a rate limit"),
    reason(Source::Reason, &["concurrency_limit", "too_many_connections", "concurrent_requests", "max_connections"], Is(RateLimit), "concurrency", "reason:concurrency", "the logged reason is a limit of requests at once"),
    reason(Source::Reason, &["plan_too_low", "plan_required", "plan", "upgrade_required", "feature_not_in_plan", "not_in_plan", "subscription_required", "subscription_expired", "payment_required", "license_required", "plan_limit"], Is(Permission), "plan", "reason:plan", "the logged reason is a plan that is too low"),
    reason(Source::Reason, &["insufficient_scope", "missing_scope", "scope"], Is(Permission), "scope", "reason:scope", "the logged reason is a missing scope"),
    reason(Source::Reason, &["role", "role_required", "missing_role", "insufficient_role", "insufficient_permissions", "insufficient_permission", "insufficient_privileges", "not_authorized", "admin_required", "admin_only", "not_owner", "rbac"], Is(Permission), "role", "reason:role", "the logged reason is a missing right"),
    reason(Source::Reason, &["csrf", "csrf_failed", "csrf_token_missing", "csrf_missing", "csrf_invalid", "invalid_csrf_token", "invalid_csrf", "bad_csrf_token", "ebadcsrftoken", "csrf_origin_mismatch", "csrf_cookie_not_set", "xsrf", "invalid_xsrf_token", "invalidauthenticitytoken"], Is(RequestShape), "csrf", "reason:csrf", "the logged reason is a CSRF token"),
    reason(Source::Reason, &["expired_token", "token_expired", "jwt_expired", "jwt_is_expired", "session_expired", "key_expired", "api_key_expired", "expired"], Is(Credential), "expired", "reason:expired", "the logged reason is an expired credential"),
    reason(Source::Reason, &["link_expired", "signature_expired", "url_expired", "request_has_expired"], Is(Credential), "expired_link", "reason:expired_link", "the logged reason is an expired link"),
    reason(Source::Reason, &["token_revoked", "revoked", "revoked_token", "key_revoked", "revoked_key", "api_key_revoked", "key_disabled", "api_key_disabled", "account_disabled"], Is(Credential), "revoked", "reason:revoked", "the logged reason is a revoked credential"),
    reason(Source::Reason, &["missing_token", "token_missing", "no_token", "missing_api_key", "api_key_missing", "no_api_key", "missing_key", "no_key", "missing_credentials", "no_credentials", "jwt_is_missing", "unauthenticated", "login_required"], Is(Credential), "missing", "reason:missing", "the logged reason is a missing credential"),
    reason(Source::Reason, &["invalid_token", "bad_token", "unknown_token", "invalid_api_key", "unknown_api_key", "bad_api_key", "invalid_key", "unknown_key", "invalid_credentials", "bad_credentials", "invalid_signature", "signature_mismatch", "signaturedoesnotmatch", "invalidaccesskeyid", "jwt_authn_access_denied"], Is(Credential), "refused", "reason:invalid_credential", "the logged reason is a credential that is not valid"),
    reason(Source::Reason, &["ip_blocked", "ip_denied", "ip_not_allowed", "ip_banned", "ip_blacklisted", "blocked_ip", "ip_restriction", "clientgeoblocked_ip"], Is(IpAcl), "list", "reason:ip", "the logged reason is the address"),
    reason(Source::Reason, &["geo_blocked", "geoblocked", "clientgeoblocked", "country_blocked", "country_not_allowed", "country", "region_blocked"], Is(IpAcl), "country", "reason:country", "the logged reason is the country"),
    reason(Source::Reason, &["bot", "bot_detected", "bad_bot", "bot_blocked", "user_agent_blocked", "blocked_user_agent", "bad_user_agent", "uablock"], Is(BotFilter), "user_agent", "reason:bot", "the logged reason is a filter of bots"),
    reason(Source::Reason, &["waf", "waf_blocked", "waf_filtered", "blocked_by_waf", "modsecurity", "firewallmanaged", "denied_by_security_policy"], Is(BotFilter), "waf_signature", "reason:waf", "the logged reason is a web application firewall"),
    reason(Source::Reason, &["challenge", "challenge_required", "challenge_failed", "captcha_required", "captcha_failed", "captcha"], Is(BotFilter), "challenge", "reason:challenge", "the logged reason is a challenge"),
    reason(Source::Reason, &["cors", "origin_not_allowed", "invalid_origin", "cors_not_allowed", "invalid_cors_request", "cross_origin_denied"], Is(Cors), "origin", "reason:cors", "the logged reason is the origin"),
    reason(Source::Reason, &["method_not_allowed", "method_denied", "invalidrequestmethod"], Is(RequestShape), "method", "reason:method", "the logged reason is the method"),
    reason(Source::Reason, &["hotlink", "hotlinking", "referer", "referer_not_allowed", "invalid_referer"], Is(RequestShape), "hotlink", "reason:referer", "the logged reason is the referer"),
    reason(Source::Reason, &["content_type", "unsupported_content_type", "invalid_content_type", "unsupported_media_type"], Is(RequestShape), "content_type", "reason:content_type", "the logged reason is the content type"),
    reason(Source::Reason, &["directory_index", "directory_listing_denied"], Is(RouteAcl), "directory_index", "reason:directory_index", "the logged reason is a directory without index"),
    reason(Source::Reason, &["ext_authz_denied", "uaex"], OneOf(&[Credential, Permission, IpAcl, RouteAcl]), "", "reason:ext_authz", "an external authoriser refused them"),
    reason(Source::Reason, &["rbac_access_denied", "rbac_access_denied_matched_policy"], OneOf(&[IpAcl, RouteAcl, Credential, Permission, RequestShape]), "", "reason:rbac", "an access policy of the proxy refused them"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn whoever_says_so_has_a_name_of_its_own_and_no_word_means_two_things() {
        let names: BTreeSet<&str> = REASONS.iter().map(|reason| reason.by).collect();
        assert_eq!(names.len(), REASONS.len());
        let mut words = BTreeSet::new();
        for reason in REASONS {
            if let Values::Words(list) = reason.values {
                for word in list {
                    assert!(
                        words.insert((format!("{:?}", reason.source), *word)),
                        "{word}"
                    );
                }
            }
        }
        assert!(REASONS.len() < usize::from(u8::MAX));
    }

    /// One row of the table after the other: what the issue asks to hold.
    #[test]
    fn what_fields_state() {
        use crate::stated::Stated;
        for (source, value, cause, mechanism) in [
            (Source::LimitRequests, "REJECTED", RateLimit, None),
            (
                Source::LimitConnections,
                "REJECTED",
                RateLimit,
                Some("concurrency"),
            ),
            (Source::SecureLink, "0", Credential, Some("expired_link")),
            (Source::InvalidReferer, "1", RequestShape, Some("hotlink")),
            (Source::Reason, "plan_too_low", Permission, Some("plan")),
            (Source::Reason, "csrf", RequestShape, Some("csrf")),
            (Source::Reason, "Too Many Requests", RateLimit, None),
            (Source::Reason, "token-expired", Credential, Some("expired")),
            (
                Source::Reason,
                "jwt_authn_access_denied{Jwt_is_expired}",
                Credential,
                Some("refused"),
            ),
            (
                Source::Reason,
                "insufficient_scope",
                Permission,
                Some("scope"),
            ),
            (Source::Reason, "ClientGeoBlocked", IpAcl, Some("country")),
            (
                Source::Reason,
                "WAF_FILTERED",
                BotFilter,
                Some("waf_signature"),
            ),
            (
                Source::Reason,
                "missing_api_key",
                Credential,
                Some("missing"),
            ),
            (Source::Reason, "revoked", Credential, Some("revoked")),
            (Source::Reason, "origin_not_allowed", Cors, Some("origin")),
            (Source::Reason, "request_rate_limited", RateLimit, None),
        ] {
            let reason = Stated::by(source, value.as_bytes()).map(Stated::reason);
            assert_eq!(
                reason.map(|reason| (reason.claim, reason.mechanism)),
                Some((Is(cause), mechanism)),
                "{value}"
            );
        }
        for (source, value) in [(Source::RetryAfter, "30"), (Source::Remaining, "0")] {
            let reason = Stated::by(source, value.as_bytes()).map(Stated::reason);
            assert!(matches!(
                reason.map(|reason| reason.claim),
                Some(Suggests(RateLimit, _))
            ));
        }
        for (source, value) in [
            (Source::Termination, "PT"),
            (Source::Reason, "ext_authz_denied"),
            (Source::Reason, "rbac_access_denied_matched_policy[none]"),
        ] {
            let reason = Stated::by(source, value.as_bytes()).map(Stated::reason);
            assert!(matches!(reason.map(|reason| reason.claim), Some(OneOf(_))));
        }
    }
}
