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
    /// nginx `$ssl_client_verify`, Apache `SSL_CLIENT_VERIFY`.
    ClientCertificate,
    /// IIS `sc-substatus` of a 403.
    Substatus,
    /// CloudFront `x-edge-detailed-result-type` and `x-edge-result-type`.
    Edge,
    /// HTTP.sys `s-reason`.
    HttpSys,
    /// Envoy `%RESPONSE_CODE_DETAILS%` and `%RESPONSE_FLAGS%`.
    Envoy,
    /// The last of an ALB's `actions_executed`.
    LoadBalancer,
    /// API Gateway `$context.error.responseType` and `$context.wafResponseCode`.
    Gateway,
    /// Error code of S3 and of what speaks its protocol.
    Storage,
    /// AWS WAF: the terminating rule's type, or what its labels say.
    AmazonFirewall,
    /// Cloudflare: the part that ended the request.
    Cloudflare,
    /// Cloudflare's older path through the edge: its source, or its status.
    CloudflarePath,
    /// Google Cloud Armor.
    Armor,
    /// Azure's firewalls: of which set the rule is.
    AzureFirewall,
    /// Kubernetes' authorizer and admission.
    Kubernetes,
    /// Squid's result code.
    Squid,
    /// Audit logs of ModSecurity and Coraza that say that they intercepted.
    ModSecurity,
}

/// What a field may hold to state a reason.
#[derive(Debug, Clone, Copy)]
pub enum Values {
    /// One of these words.
    Words(&'static [&'static str]),
    /// What begins with one of these words.
    Begins(&'static [&'static str]),
    /// Any number or date.
    Moment,
    /// None left: `0`, or a `r=0` or `remaining=0` parameter.
    Zero,
}

impl Values {
    pub(super) fn matches(self, word: &[u8]) -> bool {
        match self {
            Values::Words(words) => words.iter().any(|known| known.as_bytes() == word),
            Values::Begins(words) => words.iter().any(|known| word.starts_with(known.as_bytes())),
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
            Values::Words(words) | Values::Begins(words) => words,
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
/// A client certificate that failed: the server may have let it pass and denied for something else.
const FAILED_CERTIFICATE: f64 = 2.5;

/// What a rule of one's own may look at, in a firewall or a proxy.
const CUSTOM_RULE: Claim = OneOf(&[IpAcl, BotFilter, RouteAcl, RequestShape, RateLimit]);
/// What a rule of a load balancer's listener may look at: address, path, host, header, method, query.
const LISTENER_RULE: Claim = OneOf(&[RouteAcl, IpAcl, BotFilter, RequestShape]);
/// What an authoriser decides by.
const AUTHORISER: Claim = OneOf(&[Credential, Permission, IpAcl, RouteAcl]);

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
    reason(Source::Reason, &["waf", "waf_blocked", "waf_filtered", "blocked_by_waf", "modsecurity", "firewallmanaged"], Is(BotFilter), "waf_signature", "reason:waf", "the logged reason is a web application firewall"),
    reason(Source::Reason, &["challenge", "challenge_required", "challenge_failed", "captcha_required", "captcha_failed", "captcha"], Is(BotFilter), "challenge", "reason:challenge", "the logged reason is a challenge"),
    reason(Source::Reason, &["cors", "origin_not_allowed", "invalid_origin", "cors_not_allowed", "invalid_cors_request", "cross_origin_denied"], Is(Cors), "origin", "reason:cors", "the logged reason is the origin"),
    reason(Source::Reason, &["method_not_allowed", "method_denied", "invalidrequestmethod"], Is(RequestShape), "method", "reason:method", "the logged reason is the method"),
    reason(Source::Reason, &["hotlink", "hotlinking", "referer", "referer_not_allowed", "invalid_referer"], Is(RequestShape), "hotlink", "reason:referer", "the logged reason is the referer"),
    reason(Source::Reason, &["content_type", "unsupported_content_type", "invalid_content_type", "unsupported_media_type"], Is(RequestShape), "content_type", "reason:content_type", "the logged reason is the content type"),
    reason(Source::Reason, &["directory_index", "directory_listing_denied"], Is(RouteAcl), "directory_index", "reason:directory_index", "the logged reason is a directory without index"),
    reason(Source::Reason, &["ext_authz_denied", "uaex"], OneOf(&[Credential, Permission, IpAcl, RouteAcl]), "", "reason:ext_authz", "an external authoriser refused them"),
    reason(Source::Reason, &["rbac_access_denied", "rbac_access_denied_matched_policy"], OneOf(&[IpAcl, RouteAcl, Credential, Permission, RequestShape]), "", "reason:rbac", "an access policy of the proxy refused them"),
    // nginx: https://nginx.org/en/docs/http/ngx_http_ssl_module.html
    Reason { source: Source::ClientCertificate, values: Values::Begins(&["failed"]), claim: Suggests(Credential, FAILED_CERTIFICATE), mechanism: Some("client_certificate"), by: "ssl_client_verify", says: "the client certificate was not verified (ssl_client_verify FAILED)" },
    // IIS: https://learn.microsoft.com/en-us/troubleshoot/developer/webapps/iis/www-administration-management/http-status-code
    reason(Source::Substatus, &["1", "2", "3", "10"], Is(RouteAcl), "file_permission", "sc_substatus:permission", "IIS forbids to read, write or run it (403.1, 403.2, 403.3, 403.10)"),
    reason(Source::Substatus, &["4", "5"], Is(RequestShape), "tls_required", "sc_substatus:tls", "IIS requires TLS here (403.4, 403.5)"),
    reason(Source::Substatus, &["6", "503"], Is(IpAcl), "list", "sc_substatus:ip", "IIS rejected the address (403.6, 403.503)"),
    reason(Source::Substatus, &["8", "504"], Is(IpAcl), "host_name", "sc_substatus:name", "IIS rejected the name of the client's host (403.8, 403.504)"),
    reason(Source::Substatus, &["7", "12", "13", "16", "17"], Is(Credential), "client_certificate", "sc_substatus:certificate", "IIS refused the client certificate (403.7, 403.12, 403.13, 403.16, 403.17)"),
    reason(Source::Substatus, &["11"], Is(Credential), "expired", "sc_substatus:password", "the password was changed (403.11)"),
    reason(Source::Substatus, &["9", "15"], Is(RateLimit), "capacity", "sc_substatus:capacity", "IIS had too many users or licences in use (403.9, 403.15)"),
    reason(Source::Substatus, &["14"], Is(RouteAcl), "directory_index", "sc_substatus:directory", "listing the directory is denied (403.14)"),
    reason(Source::Substatus, &["18", "19"], Is(RouteAcl), "configuration", "sc_substatus:configuration", "IIS could not run it in this application pool (403.18, 403.19)"),
    reason(Source::Substatus, &["20", "21", "22"], Is(RequestShape), "feature", "sc_substatus:feature", "IIS does not serve such requests (403.20, 403.21, 403.22)"),
    reason(Source::Substatus, &["501"], Is(RateLimit), "concurrency", "sc_substatus:concurrency", "Dynamic IP Restrictions counted too many requests at once (403.501)"),
    reason(Source::Substatus, &["502"], Is(RateLimit), "", "sc_substatus:rate", "Dynamic IP Restrictions counted too many requests (403.502)"),
    // CloudFront: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
    reason(Source::Edge, &["clientgeoblocked"], Is(IpAcl), "country", "edge_result:country", "CloudFront blocks the country (ClientGeoBlocked)"),
    reason(Source::Edge, &["invalidrequestblocked"], Is(RouteAcl), "denied_location", "edge_result:blocked", "CloudFront blocks access to the resource (InvalidRequestBlocked)"),
    reason(Source::Edge, &["invalidrequestmethod"], Is(RequestShape), "method", "edge_result:method", "CloudFront does not allow the method (InvalidRequestMethod)"),
    reason(Source::Edge, &["invalidrequestheader", "invalidrequest"], Is(RequestShape), "malformed", "edge_result:request", "CloudFront found the request invalid (InvalidRequest, InvalidRequestHeader)"),
    reason(Source::Edge, &["invalidrequestcertificate"], Is(RequestShape), "certificate", "edge_result:certificate", "no certificate of CloudFront fits the name asked for (InvalidRequestCertificate)"),
    reason(Source::Edge, &["limitexceeded"], Is(RateLimit), "quota", "edge_result:limit", "a quota of CloudFront was exceeded (LimitExceeded)"),
    reason(Source::Edge, &["capacityexceeded"], Is(RateLimit), "capacity", "edge_result:capacity", "the edge had no capacity (CapacityExceeded)"),
    // HTTP.sys: https://learn.microsoft.com/en-us/troubleshoot/developer/webapps/aspnet/site-behavior-performance/error-logging-http-apis
    reason(Source::HttpSys, &["forbidden", "hostname", "header", "url", "verb", "badrequest"], Is(RequestShape), "malformed", "s_reason:request", "HTTP.sys found the request malformed"),
    reason(Source::HttpSys, &["connlimit", "queuefull"], Is(RateLimit), "capacity", "s_reason:capacity", "HTTP.sys had too many connections or requests (ConnLimit, QueueFull)"),
    reason(Source::HttpSys, &["appoffline", "appshutdown", "disabled", "apppooltimer"], Is(RouteAcl), "outage", "s_reason:outage", "the application pool was not running (AppOffline, AppShutdown, Disabled)"),
    // Envoy: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details
    reason(Source::Envoy, &["ext_authz_denied"], AUTHORISER, "", "envoy:ext_authz", "an external authoriser refused them (ext_authz_denied)"),
    // The flag is set in both cases: source/extensions/filters/http/ext_authz/ext_authz.cc.
    reason(Source::Envoy, &["uaex", "unauthorizedexternalservice"], AUTHORISER, "", "envoy:uaex", "an external authoriser refused them or could not be asked (UAEX)"),
    reason(Source::Envoy, &["ext_authz_error", "ext_authz_invalid", "rate_limiter_error", "rlse", "ratelimitserviceerror", "jwks_remote_fetch_is_failed"], Is(RouteAcl), "outage", "envoy:outage", "the authoriser, the rate limit service or the server of keys failed, and Envoy lets nothing pass then (ext_authz_error, rate_limiter_error)"),
    reason(Source::Envoy, &["request_rate_limited", "local_rate_limited", "rl", "ratelimited"], Is(RateLimit), "", "envoy:rate_limit", "Envoy limited the rate (request_rate_limited, local_rate_limited)"),
    reason(Source::Envoy, &["rbac_access_denied", "rbac_access_denied_matched_policy"], OneOf(&[IpAcl, RouteAcl, Credential, Permission, RequestShape]), "", "envoy:rbac", "an RBAC policy refused them (rbac_access_denied)"),
    reason(Source::Envoy, &["jwt_is_expired"], Is(Credential), "expired", "envoy:jwt_expired", "the JWT had expired (Jwt_is_expired)"),
    reason(Source::Envoy, &["jwt_is_missing"], Is(Credential), "missing", "envoy:jwt_missing", "there was no JWT (Jwt_is_missing)"),
    reason(Source::Envoy, &["jwt_authn_access_denied", "audiences_in_jwt_are_not_allowed", "jwt_verification_fails", "jwt_issuer_is_not_configured"], Is(Credential), "refused", "envoy:jwt", "the JWT was refused (jwt_authn_access_denied)"),
    reason(Source::Envoy, &["csrf_origin_mismatch"], Is(RequestShape), "csrf", "envoy:csrf", "the origin did not match (csrf_origin_mismatch)"),
    reason(Source::Envoy, &["direct_response"], Is(RouteAcl), "denied_location", "envoy:direct_response", "the route answers so by itself (direct_response)"),
    reason(Source::Envoy, &["fault_filter_abort", "fi", "faultinjected"], Is(RouteAcl), "fault_injection", "envoy:fault", "a fault was injected (fault_filter_abort)"),
    // ALB: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    reason(Source::LoadBalancer, &["waf"], CUSTOM_RULE, "", "actions_executed:waf", "AWS WAF refused them (actions_executed ends in waf); its own log names the rule"),
    reason(Source::LoadBalancer, &["waf_failed"], Is(RouteAcl), "outage", "actions_executed:waf_failed", "AWS WAF could not be asked (waf-failed)"),
    reason(Source::LoadBalancer, &["fixed_response"], LISTENER_RULE, "", "actions_executed:fixed_response", "a rule of the listener answers so (fixed-response)"),
    // API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    reason(Source::Gateway, &["missing_authentication_token"], OneOf(&[Credential, RouteAcl, RequestShape]), "", "gateway:missing_token", "there was no token, or there is no such method and path (MISSING_AUTHENTICATION_TOKEN)"),
    reason(Source::Gateway, &["invalid_api_key", "invalid_signature"], Is(Credential), "refused", "gateway:key", "the API key or the signature was refused (INVALID_API_KEY, INVALID_SIGNATURE)"),
    reason(Source::Gateway, &["expired_token"], Is(Credential), "expired", "gateway:expired", "the token had expired (EXPIRED_TOKEN)"),
    reason(Source::Gateway, &["unauthorized"], Is(Credential), "missing", "gateway:unauthorized", "the authoriser knew no identity (UNAUTHORIZED)"),
    reason(Source::Gateway, &["access_denied"], AUTHORISER, "", "gateway:denied", "the authoriser or the resource policy refused them (ACCESS_DENIED)"),
    reason(Source::Gateway, &["authorizer_failure", "authorizer_configuration_error"], Is(RouteAcl), "outage", "gateway:outage", "the authoriser failed (AUTHORIZER_FAILURE)"),
    reason(Source::Gateway, &["waf_filtered", "waf_block"], CUSTOM_RULE, "", "gateway:waf", "AWS WAF refused them (WAF_FILTERED); its own log names the rule"),
    reason(Source::Gateway, &["quota_exceeded"], Is(RateLimit), "quota", "gateway:quota", "the quota of the usage plan was used up (QUOTA_EXCEEDED)"),
    reason(Source::Gateway, &["throttled"], Is(RateLimit), "", "gateway:throttled", "the usage plan or the stage throttled them (THROTTLED)"),
    // S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; MinIO's cmd/api-errors.go
    reason(Source::Storage, &["accessdenied"], OneOf(&[Permission, Credential, IpAcl, RouteAcl, RequestShape]), "", "s3:access_denied", "AccessDenied: a right, a policy, an expired link, or a key that does not exist where listing is not allowed"),
    reason(Source::Storage, &["signaturedoesnotmatch", "invalidaccesskeyid", "invalidtoken"], Is(Credential), "refused", "s3:credential", "the access key or the signature was refused (SignatureDoesNotMatch, InvalidAccessKeyId)"),
    reason(Source::Storage, &["requesttimetooskewed"], Is(Credential), "clock_skew", "s3:clock", "the client's clock was wrong (RequestTimeTooSkewed)"),
    reason(Source::Storage, &["expiredtoken", "expiredpresignrequest"], Is(Credential), "expired", "s3:expired", "the token or the link had expired (ExpiredToken)"),
    reason(Source::Storage, &["allaccessdisabled", "invalidobjectstate"], Is(RouteAcl), "disabled", "s3:object", "nobody may read it as it is (AllAccessDisabled, InvalidObjectState)"),
    reason(Source::Storage, &["accountproblem", "notsignedup", "invalidpayer"], Is(Permission), "account", "s3:account", "the account may not do this (AccountProblem, NotSignedUp, InvalidPayer)"),
    // AWS WAF: https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
    reason(Source::AmazonFirewall, &["rate_based"], Is(RateLimit), "", "aws_waf:rate", "a rate-based rule blocked them"),
    reason(Source::AmazonFirewall, &["default_action"], OneOf(&[IpAcl, RouteAcl, RequestShape]), "", "aws_waf:default", "no rule of the web ACL allowed them (Default_Action)"),
    reason(Source::AmazonFirewall, &["bot_control"], Is(BotFilter), "bot_control", "aws_waf:bot", "AWS WAF's bot control blocked them"),
    reason(Source::AmazonFirewall, &["account_fraud"], Is(BotFilter), "account_fraud", "aws_waf:fraud", "AWS WAF's fraud control blocked them"),
    reason(Source::AmazonFirewall, &["no_user_agent"], Is(BotFilter), "user_agent", "aws_waf:agent", "there was no user agent (NoUserAgent_Header)"),
    reason(Source::AmazonFirewall, &["attack"], Is(BotFilter), "waf_signature", "aws_waf:attack", "a rule of AWS WAF saw an attack"),
    reason(Source::AmazonFirewall, &["reputation"], Is(BotFilter), "reputation", "aws_waf:reputation", "a list of addresses of ill repute blocked them"),
    reason(Source::AmazonFirewall, &["ddos"], Is(BotFilter), "ddos", "aws_waf:ddos", "AWS WAF took them for an attack by many"),
    reason(Source::AmazonFirewall, &["managed_rule_group"], OneOf(&[BotFilter, IpAcl, RequestShape]), "", "aws_waf:group", "a managed group of rules blocked them"),
    reason(Source::AmazonFirewall, &["regular", "group"], CUSTOM_RULE, "", "aws_waf:rule", "a rule of the web ACL blocked them"),
    // Cloudflare: https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/
    reason(Source::Cloudflare, &["ratelimit"], Is(RateLimit), "", "cloudflare:rate", "a rate limiting rule of Cloudflare blocked them (rateLimit)"),
    reason(Source::Cloudflare, &["l7ddos"], Is(BotFilter), "ddos", "cloudflare:ddos", "Cloudflare took them for an attack by many (l7ddos)"),
    reason(Source::Cloudflare, &["firewallcustom", "firewallrules"], CUSTOM_RULE, "", "cloudflare:custom", "a custom rule of Cloudflare blocked them (firewallCustom)"),
    reason(Source::Cloudflare, &["action"], CUSTOM_RULE, "", "cloudflare:action", "a rule of Cloudflare blocked them (SecurityAction)"),
    reason(Source::Cloudflare, &["challenge"], Is(BotFilter), "challenge", "cloudflare:challenge", "Cloudflare challenged them"),
    reason(Source::Cloudflare, &["firewallmanaged", "waf"], Is(BotFilter), "waf_signature", "cloudflare:managed", "a managed rule of Cloudflare blocked them (firewallManaged)"),
    reason(Source::Cloudflare, &["botfight", "botmanagement"], Is(BotFilter), "bot_score", "cloudflare:bot", "Cloudflare took them for bots (botManagement, botFight)"),
    reason(Source::Cloudflare, &["bic"], Is(BotFilter), "browser_integrity", "cloudflare:bic", "Cloudflare's browser integrity check refused them (bic)"),
    reason(Source::Cloudflare, &["uablock"], Is(BotFilter), "user_agent", "cloudflare:agent", "the user agent is blocked (uaBlock)"),
    reason(Source::Cloudflare, &["hot"], Is(RequestShape), "hotlink", "cloudflare:hotlink", "hotlinks are refused (hot)"),
    reason(Source::Cloudflare, &["ip", "iprange", "asn", "zonelockdown"], Is(IpAcl), "list", "cloudflare:ip", "an IP access rule or a zone lockdown refused the address (ip, ipRange, asn, zoneLockdown)"),
    reason(Source::Cloudflare, &["country"], Is(IpAcl), "country", "cloudflare:country", "the country is blocked (country)"),
    reason(Source::Cloudflare, &["securitylevel"], Is(BotFilter), "reputation", "cloudflare:reputation", "the address is of ill repute (securityLevel)"),
    reason(Source::Cloudflare, &["apishield", "apishieldschemavalidation", "apishieldsequencemitigation", "validation"], Is(RequestShape), "schema", "cloudflare:shape", "Cloudflare found the request invalid (apiShield, validation)"),
    reason(Source::Cloudflare, &["apishieldtokenvalidation"], Is(Credential), "refused", "cloudflare:token", "Cloudflare refused the token (apiShieldTokenValidation)"),
    // Its older logs: EdgePathingSrc and EdgePathingStatus where EdgePathingOp is ban, or err.
    reason(Source::CloudflarePath, &["ip", "ipr24", "ipr16", "ip6", "ip6r64", "ip6r48", "ip6r32", "asnum", "zl"], Is(IpAcl), "list", "edge_pathing:ip", "an IP access rule or a zone lockdown refused the address (EdgePathingStatus)"),
    reason(Source::CloudflarePath, &["ctry"], Is(IpAcl), "country", "edge_pathing:country", "the country is blocked (EdgePathingStatus ctry)"),
    reason(Source::CloudflarePath, &["ua"], Is(BotFilter), "user_agent", "edge_pathing:agent", "the user agent is blocked (EdgePathingStatus ua)"),
    reason(Source::CloudflarePath, &["rate_limit"], Is(RateLimit), "", "edge_pathing:rate", "a rate limit of Cloudflare refused them (EdgePathingStatus rate_limit)"),
    reason(Source::CloudflarePath, &["bic"], Is(BotFilter), "browser_integrity", "edge_pathing:bic", "Cloudflare's browser integrity check refused them (EdgePathingSrc bic)"),
    reason(Source::CloudflarePath, &["hot"], Is(RequestShape), "hotlink", "edge_pathing:hotlink", "hotlinks are refused (EdgePathingSrc hot)"),
    reason(Source::CloudflarePath, &["macro"], Is(BotFilter), "reputation", "edge_pathing:reputation", "the address is of ill repute (EdgePathingSrc macro)"),
    reason(Source::CloudflarePath, &["l7ddos"], Is(BotFilter), "ddos", "edge_pathing:ddos", "Cloudflare took them for an attack by many (EdgePathingStatus l7ddos)"),
    reason(Source::CloudflarePath, &["filter_based_firewall"], CUSTOM_RULE, "", "edge_pathing:custom", "a firewall rule of Cloudflare refused them (EdgePathingSrc filter_based_firewall)"),
    reason(Source::CloudflarePath, &["err_host", "cyclic", "reserved_ip", "reserved_ip6", "bad_host"], Is(RequestShape), "host", "edge_pathing:host", "Cloudflare could not route the host asked for (EdgePathingSrc err_host)"),
    // https://cloud.google.com/armor/docs/request-logging
    reason(Source::Armor, &["threshold_exceed"], Is(RateLimit), "", "cloud_armor:rate", "a rate limit of Cloud Armor refused them (rateLimitAction)"),
    reason(Source::Armor, &["preconfigured"], Is(BotFilter), "waf_signature", "cloud_armor:attack", "a preconfigured rule of Cloud Armor saw an attack (preconfiguredExprIds)"),
    reason(Source::Armor, &["denied_by_security_policy", "body_denied_by_security_policy"], CUSTOM_RULE, "", "cloud_armor:policy", "a rule of Cloud Armor refused them (denied_by_security_policy)"),
    reason(Source::Armor, &["denied_by_authz_policy", "handled_by_identity_aware_proxy"], AUTHORISER, "", "cloud_armor:authz", "an authorisation policy or the identity-aware proxy refused them"),
    // https://learn.microsoft.com/en-us/azure/web-application-firewall/afds/waf-front-door-monitor
    reason(Source::AzureFirewall, &["bot_manager"], Is(BotFilter), "bot_control", "azure_waf:bot", "a rule for bots of Azure's firewall blocked them"),
    reason(Source::AzureFirewall, &["rule_set"], Is(BotFilter), "waf_signature", "azure_waf:attack", "a rule of Azure's rule set saw an attack"),
    reason(Source::AzureFirewall, &["challenge"], Is(BotFilter), "challenge", "azure_waf:challenge", "Azure's firewall challenged them (JSChallenge)"),
    reason(Source::AzureFirewall, &["custom"], CUSTOM_RULE, "", "azure_waf:custom", "a custom rule of Azure's firewall blocked them"),
    // https://kubernetes.io/docs/reference/labels-annotations-taints/audit-annotations/
    reason(Source::Kubernetes, &["forbid"], Is(Permission), "role", "kubernetes:forbid", "the authorizer forbids it (authorization.k8s.io/decision)"),
    reason(Source::Kubernetes, &["anonymous"], Is(Credential), "missing", "kubernetes:anonymous", "the request had no identity (system:anonymous)"),
    reason(Source::Kubernetes, &["admission"], Is(RequestShape), "admission", "kubernetes:admission", "the authorizer allowed it, and admission refused it"),
    // http://www.squid-cache.org/Doc/config/http_access/
    reason(Source::Squid, &["tcp_denied"], OneOf(&[IpAcl, RouteAcl, RequestShape, Permission]), "", "squid:denied", "an access list of Squid refused them (TCP_DENIED)"),
    // What the rule looks at that intercepted: `stated/firewall.rs`.
    reason(Source::ModSecurity, &["attack"], Is(BotFilter), "waf_signature", "audit:intercepted", "the firewall intercepted them"),
    reason(Source::ModSecurity, &["address"], Is(IpAcl), "list", "audit:address", "the firewall denied the address"),
    reason(Source::ModSecurity, &["count"], Is(RateLimit), "", "audit:count", "the firewall counted too many requests"),
    reason(Source::ModSecurity, &["agent"], Is(BotFilter), "user_agent", "audit:agent", "the firewall denied the user agent"),
    reason(Source::ModSecurity, &["method"], Is(RequestShape), "method", "audit:method", "the firewall denied the method"),
    reason(Source::ModSecurity, &["protocol"], Is(RequestShape), "protocol", "audit:protocol", "the firewall found that the request breaks the protocol"),
    reason(Source::ModSecurity, &["intercepted"], CUSTOM_RULE, "", "audit:rule", "a rule of the firewall intercepted them"),
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
