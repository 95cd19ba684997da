//! What each service's fields state, line by line: the rows of the evidence reference that a line of the
//! access log decides. Each line is of the service's own shape, and read as a file of its own.

use crate::format::{Line, Visitor, detect};
use crate::record::{Record, Reject};
use crate::settings::FormatSettings;
use std::fmt::Write;

/// Status and who states what of the last line of a log.
#[derive(Default)]
struct Told(String);

impl Visitor for Told {
    fn record(&mut self, _: Line<'_>, record: &Record<'_>, _: usize) {
        self.0.clear();
        let by = record.stated.map_or("nothing", |stated| stated.reason().by);
        let _ = write!(self.0, "{} {by}", record.status);
    }

    fn skipped(&mut self, _: Line<'_>, _: Reject) {}
}

fn told(log: &str) -> String {
    let detected = detect(log.as_bytes(), &FormatSettings::default()).unwrap();
    let mut told = Told::default();
    detected.visit(log.as_bytes(), &mut told);
    told.0
}

fn check(lines: impl IntoIterator<Item = (String, &'static str)>) {
    for (log, expected) in lines {
        assert_eq!(told(&log), expected, "{log}");
    }
}

#[test]
fn substatuses_of_iis() {
    let line = |status: &str, substatus: &str| {
        format!(
            "2026-03-10 09:43:00 10.0.0.1 GET /a - 443 - 192.0.2.1 agent/1 - {status} {substatus} 5 17\n"
        )
    };
    let rows = [
        ("1", "403 sc_substatus:permission"),
        ("3", "403 sc_substatus:permission"),
        ("4", "403 sc_substatus:tls"),
        ("6", "403 sc_substatus:ip"),
        ("7", "403 sc_substatus:certificate"),
        ("8", "403 sc_substatus:name"),
        ("9", "403 sc_substatus:capacity"),
        ("11", "403 sc_substatus:password"),
        ("14", "403 sc_substatus:directory"),
        ("18", "403 sc_substatus:configuration"),
        ("21", "403 sc_substatus:feature"),
        ("501", "403 sc_substatus:concurrency"),
        ("502", "403 sc_substatus:rate"),
        ("503", "403 sc_substatus:ip"),
        ("504", "403 sc_substatus:name"),
        ("0", "403 nothing"),
    ];
    check(rows.map(|(substatus, expected)| (line("403", substatus), expected)));
    // The same numbers mean other things under other statuses.
    check([
        (line("404", "6"), "404 nothing"),
        (line("401", "502"), "401 sc_substatus:rate"),
        (line("401", "1"), "401 nothing"),
    ]);
}

#[test]
fn results_of_cloudfront() {
    let line = |result: &str, detailed: &str| {
        format!(
            "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status x-edge-result-type x-edge-detailed-result-type\n\
             2026-03-10\t09:43:00\tFRA2\t182\t192.0.2.10\tGET\td1.cloudfront.net\t/a\t403\t{result}\t{detailed}\n"
        )
    };
    check([
        (line("Error", "ClientGeoBlocked"), "403 edge_result:country"),
        (
            line("Error", "InvalidRequestBlocked"),
            "403 edge_result:blocked",
        ),
        (
            line("Error", "InvalidRequestMethod"),
            "403 edge_result:method",
        ),
        (
            line("Error", "InvalidRequestHeader"),
            "403 edge_result:request",
        ),
        (
            line("Error", "InvalidRequestCertificate"),
            "403 edge_result:certificate",
        ),
        (
            line("LimitExceeded", "LimitExceeded"),
            "403 edge_result:limit",
        ),
        (
            line("CapacityExceeded", "Error"),
            "403 edge_result:capacity",
        ),
        (line("Error", "Error"), "403 nothing"),
    ]);
}

#[test]
fn details_of_envoy() {
    let line = |flags: &str, details: &str| {
        format!(
            r#"{{"start_time":"2026-03-10T09:43:00Z","response_flags":"{flags}","response_code":403,"response_code_details":"{details}","downstream_remote_address":"192.0.2.1:5000","method":"GET","path":"/a","upstream_host":"-"}}"#
        )
    };
    check([
        (line("UAEX", "ext_authz_denied"), "403 envoy:ext_authz"),
        // The flag is the same where the authoriser could not be asked.
        (line("UAEX", "ext_authz_error"), "403 envoy:outage"),
        (line("-", "ext_authz_invalid"), "403 envoy:outage"),
        (line("RL", "request_rate_limited"), "403 envoy:rate_limit"),
        (line("RLSE", "rate_limiter_error"), "403 envoy:outage"),
        (line("-", "local_rate_limited"), "403 envoy:rate_limit"),
        (
            line("-", "rbac_access_denied_matched_policy[none]"),
            "403 envoy:rbac",
        ),
        (
            line(
                "-",
                "rbac_access_denied_matched_policy[ns[a]-policy[b]-rule[0]]",
            ),
            "403 envoy:rbac",
        ),
        (
            line("-", "jwt_authn_access_denied{Jwt_is_expired}"),
            "403 envoy:jwt_expired",
        ),
        (
            line(
                "-",
                "jwt_authn_access_denied{Audiences_in_Jwt_are_not_allowed}",
            ),
            "403 envoy:jwt",
        ),
        (line("-", "csrf_origin_mismatch"), "403 envoy:csrf"),
        (line("-", "direct_response"), "403 envoy:direct_response"),
        (line("FI", "fault_filter_abort"), "403 envoy:fault"),
        (line("-", "via_upstream"), "403 nothing"),
    ]);
}

#[test]
fn actions_of_load_balancers() {
    let line = |status: &str, target: &str, actions: &str| {
        format!(
            r#"https 2026-03-10T09:43:00.186641Z app/lb/50 192.0.2.1:2817 - 0.0 0.0 0.0 {status} {target} 34 366 "GET https://www.example.com:443/ HTTP/1.1" "curl/8" - - - "Root=1" "www.example.com" "arn" 1 2026-03-10T09:42:48.364000Z "{actions}" "-" "-" "-" "-" "-" "-""#
        )
    };
    check([
        (line("403", "-", "waf"), "403 actions_executed:waf"),
        (
            line("403", "-", "waf-failed"),
            "403 actions_executed:waf_failed",
        ),
        (
            line("403", "-", "waf,fixed-response"),
            "403 actions_executed:fixed_response",
        ),
        (line("403", "403", "waf,forward"), "403 nothing"),
        (line("200", "-", "fixed-response"), "200 nothing"),
    ]);
}

#[test]
fn answers_of_api_gateway() {
    let line = |kind: &str| {
        format!(
            r#"{{"requestTime":"10/Mar/2026:09:43:00 +0000","ip":"192.0.2.1","httpMethod":"GET","resourcePath":"/a","status":"403","error":{{"responseType":"{kind}"}}}}"#
        )
    };
    check([
        (
            line("MISSING_AUTHENTICATION_TOKEN"),
            "403 gateway:missing_token",
        ),
        (line("INVALID_API_KEY"), "403 gateway:key"),
        (line("INVALID_SIGNATURE"), "403 gateway:key"),
        (line("ACCESS_DENIED"), "403 gateway:denied"),
        (line("EXPIRED_TOKEN"), "403 gateway:expired"),
        (line("WAF_FILTERED"), "403 gateway:waf"),
        (line("QUOTA_EXCEEDED"), "403 gateway:quota"),
        (line("THROTTLED"), "403 gateway:throttled"),
        (line("AUTHORIZER_FAILURE"), "403 gateway:outage"),
        (line("-"), "403 nothing"),
    ]);
}

#[test]
fn errors_of_storage() {
    let line = |code: &str| {
        format!(
            r#"owner bucket [10/Mar/2026:09:43:00 +0000] 192.0.2.1 arn:aws:iam::1:user/a 8CD7 REST.GET.OBJECT key "GET /bucket/key HTTP/1.1" 403 {code} 243 - 17 - "-" "curl/8" - host= SigV4 ECDHE AuthHeader bucket.s3.amazonaws.com TLSv1.2"#
        )
    };
    check([
        (line("AccessDenied"), "403 s3:access_denied"),
        (line("SignatureDoesNotMatch"), "403 s3:credential"),
        (line("InvalidAccessKeyId"), "403 s3:credential"),
        (line("RequestTimeTooSkewed"), "403 s3:clock"),
        (line("AllAccessDisabled"), "403 s3:object"),
        (line("AccountProblem"), "403 s3:account"),
        (line("-"), "403 nothing"),
    ]);
}

#[test]
fn rules_of_aws_waf() {
    let line = |action: &str, kind: &str, rule: &str, more: &str| {
        format!(
            r#"{{"timestamp":1773135780000,"webaclId":"arn","terminatingRuleId":"{rule}","terminatingRuleType":"{kind}","action":"{action}",{more}"rateBasedRuleList":[{{"rateBasedRuleName":"r","limitKey":"IP","maxRateAllowed":100}}],"httpRequest":{{"clientIp":"192.0.2.1","headers":[],"uri":"/a","httpMethod":"GET"}}}}"#
        )
    };
    let label = |name: &str| format!(r#""labels":[{{"name":"awswaf:managed:aws:{name}"}}],"#);
    let managed = |name: &str| line("BLOCK", "MANAGED_RULE_GROUP", "x", &label(name));
    check([
        (line("BLOCK", "RATE_BASED", "r", ""), "403 aws_waf:rate"),
        // A list of rate rules that matched proves nothing.
        (
            line("BLOCK", "REGULAR", "Default_Action", ""),
            "403 aws_waf:default",
        ),
        (line("BLOCK", "REGULAR", "mine", ""), "403 aws_waf:rule"),
        (
            line(
                "BLOCK",
                "REGULAR",
                "mine",
                r#""terminatingRuleMatchDetails":[{"conditionType":"SQL_INJECTION"}],"#,
            ),
            "403 aws_waf:attack",
        ),
        (
            managed("bot-control:bot:category:http_library"),
            "403 aws_waf:bot",
        ),
        (
            managed("atp:signal:credential_compromised"),
            "403 aws_waf:fraud",
        ),
        (managed("acfp:signal:x"), "403 aws_waf:fraud"),
        (
            managed("core-rule-set:NoUserAgent_Header"),
            "403 aws_waf:agent",
        ),
        (
            managed("sql-database:SQLi_QueryArguments"),
            "403 aws_waf:attack",
        ),
        (managed("linux-os:LFI_URIPath"), "403 aws_waf:attack"),
        (
            managed("core-rule-set:SizeRestrictions_Body"),
            "403 aws_waf:attack",
        ),
        (managed("anonymous-ip-list:VPN"), "403 aws_waf:reputation"),
        (
            line("BLOCK", "MANAGED_RULE_GROUP", "x", ""),
            "403 aws_waf:group",
        ),
        (line("COUNT", "RATE_BASED", "r", ""), "0 nothing"),
        (line("ALLOW", "REGULAR", "Default_Action", ""), "0 nothing"),
        (line("CAPTCHA", "REGULAR", "mine", ""), "405 nothing"),
        (line("CHALLENGE", "REGULAR", "mine", ""), "202 nothing"),
    ]);
}

#[test]
fn sources_of_cloudflare() {
    let line = |more: &str| {
        format!(
            r#"{{"EdgeStartTimestamp":"2026-03-10T09:43:00Z","EdgeResponseStatus":403,"ClientIP":"192.0.2.1","ClientRequestMethod":"GET","ClientRequestURI":"/a",{more}"OriginResponseStatus":0}}"#
        )
    };
    let both = |actions: &str, sources: &str| {
        line(&format!(
            r#""SecurityActions":[{actions}],"SecuritySources":[{sources}],"#
        ))
    };
    let one = |source: &str| both(r#""block""#, &format!("\"{source}\""));
    let path = |operation: &str, source: &str, status: &str| {
        line(&format!(
            r#""EdgePathingOp":"{operation}","EdgePathingSrc":"{source}","EdgePathingStatus":"{status}","#
        ))
    };
    check([
        (one("rateLimit"), "403 cloudflare:rate"),
        (one("l7ddos"), "403 cloudflare:ddos"),
        (one("firewallCustom"), "403 cloudflare:custom"),
        (one("firewallManaged"), "403 cloudflare:managed"),
        (one("waf"), "403 cloudflare:managed"),
        (one("botFight"), "403 cloudflare:bot"),
        (one("bic"), "403 cloudflare:bic"),
        (one("uaBlock"), "403 cloudflare:agent"),
        (one("hot"), "403 cloudflare:hotlink"),
        (one("ipRange"), "403 cloudflare:ip"),
        (one("zoneLockdown"), "403 cloudflare:ip"),
        (one("country"), "403 cloudflare:country"),
        (one("securityLevel"), "403 cloudflare:reputation"),
        (one("apiShieldSchemaValidation"), "403 cloudflare:shape"),
        (one("apiShieldTokenValidation"), "403 cloudflare:token"),
        (one("validation"), "403 cloudflare:shape"),
        // The source at the place of the action that ended it; the others looked on.
        (
            both(
                r#""log","skip","block""#,
                r#""firewallManaged","firewallCustom","rateLimit""#,
            ),
            "403 cloudflare:rate",
        ),
        (
            both(r#""managedChallenge""#, r#""firewallCustom""#),
            "403 cloudflare:challenge",
        ),
        (both(r#""log""#, r#""firewallManaged""#), "403 nothing"),
        (
            both(
                r#""managedChallengeNonInteractiveSolved""#,
                r#""firewallCustom""#,
            ),
            "403 nothing",
        ),
        (both("", ""), "403 nothing"),
        (
            line(r#""Action":"block","Source":"firewallrules","#),
            "403 cloudflare:custom",
        ),
        (
            line(r#""Action":"log","Source":"firewallrules","#),
            "403 nothing",
        ),
        (
            line(
                r#""FirewallMatchesActions":["simulate","block"],"FirewallMatchesSources":["waf","asn"],"#,
            ),
            "403 cloudflare:ip",
        ),
        (path("ban", "user", "ctry"), "403 edge_pathing:country"),
        (path("ban", "user", "ipr24"), "403 edge_pathing:ip"),
        (path("ban", "user", "zl"), "403 edge_pathing:ip"),
        (path("ban", "user", "ua"), "403 edge_pathing:agent"),
        (path("ban", "user", "rate_limit"), "403 edge_pathing:rate"),
        (path("simulate", "user", "rate_limit"), "403 nothing"),
        (path("ban", "bic", "unknown"), "403 edge_pathing:bic"),
        (path("ban", "hot", "unknown"), "403 edge_pathing:hotlink"),
        (path("ban", "protect", "l7ddos"), "403 edge_pathing:ddos"),
        (
            path("ban", "filter_based_firewall", "nr"),
            "403 edge_pathing:custom",
        ),
        (path("err", "err_host", "bad_host"), "403 edge_pathing:host"),
        (path("wl", "macro", "nr"), "403 nothing"),
    ]);
    let application = line("").replace(
        r#""OriginResponseStatus":0"#,
        r#""SecurityActions":["block"],"SecuritySources":["waf"],"OriginResponseStatus":403"#,
    );
    check([(application, "403 nothing")]);
}

#[test]
fn policies_of_cloud_armor() {
    let line = |details: &str, policy: &str| {
        format!(
            r#"{{"timestamp":"2026-03-10T09:43:00Z","httpRequest":{{"requestMethod":"GET","requestUrl":"https://www.example.com/a","status":403,"remoteIp":"192.0.2.1"}},"jsonPayload":{{"statusDetails":"{details}"{policy}}}}}"#
        )
    };
    let denied = |policy: &str| {
        line(
            "denied_by_security_policy",
            &format!(r#","enforcedSecurityPolicy":{{{policy}}}"#),
        )
    };
    check([
        (denied(r#""outcome":"DENY""#), "403 cloud_armor:policy"),
        (
            denied(r#""outcome":"DENY","preconfiguredExprIds":["owasp-crs-v030001-id930110-lfi"]"#),
            "403 cloud_armor:attack",
        ),
        (
            denied(
                r#""configuredAction":"THROTTLE","rateLimitAction":{"key":"IP","outcome":"RATE_LIMIT_THRESHOLD_EXCEED"}"#,
            ),
            "403 cloud_armor:rate",
        ),
        (
            denied(
                r#""configuredAction":"RATE_BASED_BAN","rateLimitAction":{"outcome":"BAN_THRESHOLD_EXCEED"}"#,
            ),
            "403 cloud_armor:rate",
        ),
        (
            denied(r#""rateLimitAction":{"outcome":"RATE_LIMIT_THRESHOLD_CONFORM"}"#),
            "403 cloud_armor:policy",
        ),
        (line("denied_by_authz_policy", ""), "403 cloud_armor:authz"),
        (line("response_sent_by_backend", ""), "403 nothing"),
        // A policy that is only previewed blocks nothing.
        (
            line(
                "response_sent_by_backend",
                r#","previewSecurityPolicy":{"outcome":"DENY","preconfiguredExprIds":["x"]}"#,
            ),
            "403 nothing",
        ),
    ]);
}

#[test]
fn firewalls_of_azure() {
    let line = |action: &str, mode: &str, rule: &str| {
        format!(
            r#"{{"time":"2026-03-10T09:43:00Z","category":"FrontDoorWebApplicationFirewallLog","properties":{{"clientIP":"192.0.2.1","requestUri":"https://www.example.com:443/a","ruleName":"{rule}","action":"{action}","policyMode":"{mode}","host":"www.example.com"}}}}"#
        )
    };
    check([
        (
            line(
                "Block",
                "prevention",
                "Microsoft_DefaultRuleSet-2.1-SQLI-942100",
            ),
            "403 azure_waf:attack",
        ),
        (
            line(
                "Block",
                "prevention",
                "Microsoft_BotManagerRuleSet-1.0-UnknownBots-Bot300700",
            ),
            "403 azure_waf:bot",
        ),
        (
            line("Block", "prevention", "MyRateLimit"),
            "403 azure_waf:custom",
        ),
        (
            line(
                "Block",
                "detection",
                "Microsoft_DefaultRuleSet-2.1-SQLI-942100",
            ),
            "0 nothing",
        ),
        (line("Log", "prevention", "MyRule"), "0 nothing"),
        (
            line(
                "AnomalyScoring",
                "prevention",
                "Microsoft_DefaultRuleSet-2.1-SQLI-942100",
            ),
            "0 nothing",
        ),
        (line("Blocked", "", "949110"), "403 azure_waf:attack"),
        (line("Matched", "", "920350"), "0 nothing"),
        (line("Detected", "", "949110"), "0 nothing"),
    ]);
}

#[test]
fn kubernetes_squid_and_firewalls_that_intercept() {
    let event = |user: &str, decision: &str| {
        format!(
            r#"{{"kind":"Event","auditID":"a","stage":"ResponseComplete","requestURI":"/api/v1/pods","verb":"get","user":{{"username":"{user}"}},"sourceIPs":["192.0.2.1"],"responseStatus":{{"code":403}},"requestReceivedTimestamp":"2026-03-10T09:43:00Z","annotations":{{"authorization.k8s.io/decision":"{decision}"}}}}"#
        )
    };
    let squid = |status: &str| {
        format!(
            "1773135780.049 4 192.0.2.1 {status} 4099 GET http://www.example.com/ - NONE/- text/html\n"
        )
    };
    let audit = |intercepted: &str, mode: &str| {
        format!(
            r#"{{"transaction":{{"time":"10/Mar/2026:09:43:00 +0000","remote_address":"192.0.2.1"}},"request":{{"request_line":"GET /a HTTP/1.1"}},"response":{{"status":403}},"audit_data":{{"action":{{"intercepted":{intercepted}}},"engine_mode":"{mode}"}}}}"#
        )
    };
    check([
        (event("ann", "forbid"), "403 kubernetes:forbid"),
        (
            event("system:anonymous", "forbid"),
            "403 kubernetes:anonymous",
        ),
        (event("ann", "allow"), "403 kubernetes:admission"),
        (squid("TCP_DENIED/403"), "403 squid:denied"),
        (squid("TCP_DENIED/407"), "407 nothing"),
        (squid("TCP_MISS/403"), "403 nothing"),
        (audit("true", "ENABLED"), "403 audit:intercepted"),
        (audit("true", "DETECTION_ONLY"), "403 nothing"),
        (audit("false", "ENABLED"), "403 nothing"),
    ]);
}

#[test]
fn templates_with_fields_that_state() {
    let settings = |format: &str| FormatSettings {
        log_format: Some(format.to_owned()),
        ..FormatSettings::default()
    };
    for (format, line, expected) in [
        (
            "$remote_addr [$time_local] $status $ssl_client_verify",
            "192.0.2.1 [10/Mar/2026:09:43:00 +0000] 403 FAILED:certificate has expired",
            "403 ssl_client_verify",
        ),
        (
            "$remote_addr [$time_local] $status $ssl_client_verify",
            "192.0.2.1 [10/Mar/2026:09:43:00 +0000] 403 NONE",
            "403 nothing",
        ),
        (
            "$remote_addr [$time_local] $status $limit_req_status",
            "192.0.2.1 [10/Mar/2026:09:43:00 +0000] 403 REJECTED_DRY_RUN",
            "403 nothing",
        ),
    ] {
        let detected = detect(line.as_bytes(), &settings(format)).unwrap();
        let mut told = Told::default();
        detected.visit(line.as_bytes(), &mut told);
        assert_eq!(told.0, expected, "{line}");
    }
}

/// The name and the message of the rule that the last line of a log names.
#[derive(Default)]
struct Ruled(String);

impl Visitor for Ruled {
    fn record(&mut self, _: Line<'_>, record: &Record<'_>, _: usize) {
        self.0 = record.rule.as_ref().map_or_else(String::new, |rule| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            format!("{} | {}", text(&rule.name), text(&rule.message))
        });
    }

    fn skipped(&mut self, _: Line<'_>, _: Reject) {}
}

#[test]
fn rules_by_the_names_that_lines_hold() {
    let amazon = |rule: &str, kind: &str, action: &str, more: &str| {
        format!(
            r#"{{"timestamp":1773135780000,"formatVersion":1,"webaclId":"arn","terminatingRuleId":"{rule}","terminatingRuleType":"{kind}","action":"{action}",{more}"httpRequest":{{"clientIp":"192.0.2.1","country":"DE","headers":[],"uri":"/a","args":"","httpMethod":"GET","requestId":"1"}}}}"#
        )
    };
    let limit = r#""rateBasedRuleList":[{"rateBasedRuleName":"other","limitKey":"URI","maxRateAllowed":7},{"rateBasedRuleName":"login","limitKey":"IP","maxRateAllowed":100}],"#;
    let group = r#""ruleGroupList":[{"ruleGroupId":"AWS#AWSManagedRulesSQLiRuleSet","terminatingRule":{"ruleId":"SQLi_QUERYARGUMENTS","action":"BLOCK"}}],"#;
    let cloudflare = |more: &str| {
        format!(
            r#"{{"EdgeStartTimestamp":"2026-03-10T09:43:00Z","EdgeResponseStatus":403,"OriginResponseStatus":0,"ClientIP":"192.0.2.1","ClientRequestMethod":"GET","ClientRequestURI":"/a",{more},"RayID":"8"}}"#
        )
    };
    let armor = |more: &str| {
        format!(
            r#"{{"httpRequest":{{"requestMethod":"GET","requestUrl":"http://www.example.com/a","status":403,"remoteIp":"192.0.2.1"}},"jsonPayload":{{"statusDetails":"denied_by_security_policy","enforcedSecurityPolicy":{{"name":"edge","priority":1000{more}}}}},"timestamp":"2026-03-10T09:43:00Z"}}"#
        )
    };
    let azure = |action: &str, mode: &str| {
        format!(
            r#"{{"time":"2026-03-10T09:43:00Z","category":"FrontDoorWebApplicationFirewallLog","properties":{{"clientIP":"192.0.2.1","requestUri":"https://www.example.com/a","ruleName":"BlockTeapots","policy":"edge","action":"{action}","host":"www.example.com","policyMode":"{mode}"}}}}"#
        )
    };
    let envoy = |details: &str| {
        format!(
            r#"{{"start_time":"2026-03-10T09:43:00.000Z","method":"GET","path":"/a","response_code":403,"response_flags":"-","response_code_details":"{details}","downstream_remote_address":"192.0.2.1:4000","upstream_host":null}}"#
        )
    };
    let alb = |priority: &str, actions: &str| {
        format!(
            r#"https 2026-03-10T09:43:00.186641Z app/lb/50 192.0.2.1:2817 - -1 -1 -1 403 - 34 366 "GET https://www.example.com:443/ HTTP/1.1" "curl/8" - - - "Root=1" "www.example.com" "arn" {priority} 2026-03-10T09:42:48.364000Z "{actions}" "-" "-" "-" "-" "-" "-""#
        )
    };
    let kubernetes = |decision: &str, message: &str| {
        format!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/a/pods","verb":"create","user":{{"username":"alice"}},"sourceIPs":["192.0.2.1"],"responseStatus":{{"code":403,"message":"{message}"}},"requestReceivedTimestamp":"2026-03-10T09:43:00.000000Z","annotations":{{"authorization.k8s.io/decision":"{decision}"}}}}"#
        )
    };
    let rows = [
        (
            amazon("login", "RATE_BASED", "BLOCK", limit),
            "login | at most 100 per IP",
        ),
        (amazon("login", "RATE_BASED", "BLOCK", ""), "login | "),
        (
            amazon("managed", "MANAGED_RULE_GROUP", "BLOCK", group),
            "managed/SQLi_QUERYARGUMENTS | ",
        ),
        (amazon("list", "REGULAR", "BLOCK", ""), "list | "),
        (amazon("list", "REGULAR", "ALLOW", ""), ""),
        (amazon("Default_Action", "REGULAR", "BLOCK", limit), ""),
        (
            cloudflare(
                r#""SecurityActions":["log","block"],"SecuritySources":["firewallManaged","firewallCustom"],"SecurityRuleIDs":["aa","bb"],"SecurityRuleDescription":"No teapots""#,
            ),
            "bb | No teapots",
        ),
        (
            cloudflare(
                r#""SecurityActions":["log"],"SecuritySources":["firewallManaged"],"SecurityRuleIDs":["aa"]"#,
            ),
            "",
        ),
        (
            cloudflare(
                r#""SecurityAction":"block","SecurityRuleID":"bb","SecurityRuleDescription":"No teapots""#,
            ),
            "bb | No teapots",
        ),
        (armor(""), "edge priority 1000 | "),
        (
            armor(r#","preconfiguredExprIds":["owasp-crs-v030001-id942251-sqli"]"#),
            "edge priority 1000 | owasp-crs-v030001-id942251-sqli",
        ),
        (azure("Block", "prevention"), "BlockTeapots | "),
        (azure("Log", "prevention"), ""),
        (azure("Block", "detection"), ""),
        (
            envoy("rbac_access_denied_matched_policy[ns[shop]-policy[deny-all]-rule[0]]"),
            "ns[shop]-policy[deny-all]-rule[0] | ",
        ),
        (envoy("rbac_access_denied_matched_policy[none]"), ""),
        (alb("7", "waf,fixed-response"), "priority 7 | "),
        (alb("0", "fixed-response"), "default | "),
        (alb("7", "waf"), ""),
        (
            kubernetes(
                "allow",
                r#"admission webhook \"policy.example.com\" denied the request"#,
            ),
            "policy.example.com | ",
        ),
        (
            kubernetes("allow", r#"pods \"a\" is forbidden: violates PodSecurity"#),
            "PodSecurity | ",
        ),
        (kubernetes("forbid", r#"admission webhook \"a\""#), ""),
    ];
    for (log, expected) in rows {
        let detected = detect(log.as_bytes(), &FormatSettings::default()).unwrap();
        let mut ruled = Ruled::default();
        detected.visit(log.as_bytes(), &mut ruled);
        assert_eq!(ruled.0, expected, "{log}");
    }
}
