//! The keys of services that write JSON, where they differ from what people write by hand.
//!
//! A dialect is a table of names and the keys that only its lines have. It is chosen by the sample, or by
//! its name; a line without those keys is read by the usual names.

use super::names::{Names, Table};
use crate::format::registry::Known;
use crate::format::role::Role;
use memchr::memmem::{self, Finder};
use std::sync::LazyLock;

/// The lines of one service.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) known: Known,
    /// Texts that a line holds.
    signature: &'static [&'static str],
    pub(super) table: Table,
}

impl Dialect {
    /// Whether a line has the keys that only its lines have.
    pub(super) fn wrote(&self, line: &[u8]) -> bool {
        self.signature
            .iter()
            .all(|text| memmem::find(line, text.as_bytes()).is_some())
    }

    /// Whether the keys that only its lines have are among these.
    pub(super) fn is_signed_by(&self, keys: &[&[u8]]) -> bool {
        let is_there = |text: &&str| keys.contains(&text.trim_matches(['"', ':']).as_bytes());
        self.signature.iter().all(is_there)
    }

    /// How many of the sampled lines are its own.
    pub(super) fn wrote_of(&self, sample: &[&[u8]]) -> usize {
        let texts = self.signature.iter().map(|text| Finder::new(*text));
        let texts: Vec<Finder<'_>> = texts.collect();
        let holds_all = |line: &&&[u8]| texts.iter().all(|text| text.find(line).is_some());
        sample.iter().filter(holds_all).count()
    }
}

#[cfg(test)]
impl Dialect {
    /// The keys by which it is recognised, each with its value, where that counts, or any.
    pub(super) fn signature_members(&self) -> impl Iterator<Item = (String, String)> {
        self.signature.iter().map(|text| {
            let text = text.trim_matches(['"', ':']);
            let (key, value) = text.split_once("\":\"").unwrap_or((text, "x"));
            (key.to_owned(), value.to_owned())
        })
    }
}

/// All of them.
pub(super) fn dialects() -> &'static [Dialect] {
    DIALECTS
}

/// All of them with the names of their own, for lines of which the sample did not show whose they are.
pub(super) fn named() -> &'static [(&'static Dialect, Names)] {
    static NAMED: LazyLock<Vec<(&'static Dialect, Names)>> = LazyLock::new(|| {
        let named = |own: &'static Dialect| (own, Names::of(own.table));
        DIALECTS.iter().map(named).collect()
    });
    &NAMED
}

const fn dialect(
    name: &'static str,
    aliases: &'static [&'static str],
    description: &'static str,
    signature: &'static [&'static str],
    table: Table,
) -> Dialect {
    Dialect {
        known: Known {
            name,
            aliases,
            description,
        },
        signature,
        table,
    }
}

#[rustfmt::skip]
static DIALECTS: &[Dialect] = &[
    // https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/ and
    // .../firewall_events/
    dialect("cloudflare", &["cloudflare.http_requests", "cloudflare.firewall_events"],
        "Cloudflare Logpush: http_requests and firewall_events", &["\"EdgeResponseStatus\"", "\"Client"], &[
        (Role::Time, &["EdgeStartTimestamp", "Datetime", "EdgeEndTimestamp"]),
        (Role::Status, &["EdgeResponseStatus"]),
        (Role::Address, &["ClientIP"]),
        (Role::Method, &["ClientRequestMethod"]),
        (Role::Target, &["ClientRequestURI", "ClientRequestPath"]),
        (Role::Query, &["ClientRequestQuery"]),
        (Role::Host, &["ClientRequestHost"]),
        (Role::Bytes, &["EdgeResponseBytes", "EdgeResponseBodyBytes"]),
        (Role::Referer, &["ClientRequestReferer"]),
        (Role::UserAgent, &["ClientRequestUserAgent"]),
        (Role::UpstreamStatus, &["OriginResponseStatus"]),
        // Firewall events tell one of each; the older names are of logs before 2022.
        (Role::SecurityActions, &["SecurityActions", "FirewallMatchesActions", "Action"]),
        (Role::SecurityAction, &["SecurityAction"]),
        (Role::SecuritySources, &["SecuritySources", "FirewallMatchesSources", "Source"]),
        (Role::RuleNumbers, &["SecurityRuleIDs", "FirewallMatchesRuleIDs", "RuleID"]),
        (Role::Rule, &["SecurityRuleID"]),
        (Role::RuleMessage, &["SecurityRuleDescription", "Description"]),
        (Role::PathingOperation, &["EdgePathingOp"]),
        (Role::PathingSource, &["EdgePathingSrc"]),
        (Role::PathingStatus, &["EdgePathingStatus"]),
        (Role::Id, &["RayID"]),
    ]),
    // https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/gateway_http/
    dialect("cloudflare.gateway_http", &[], "Cloudflare Logpush: gateway_http",
        &["\"HTTPMethod\"", "\"SourceIP\""], &[
        (Role::Time, &["Datetime"]),
        (Role::Status, &["HTTPStatusCode"]),
        (Role::Address, &["SourceIP"]),
        (Role::Method, &["HTTPMethod"]),
        (Role::Target, &["URL"]),
        (Role::Host, &["HTTPHost"]),
        (Role::Referer, &["Referer"]),
        (Role::UserAgent, &["UserAgent"]),
        (Role::User, &["Email"]),
        // Of logs before the status was told.
        (Role::WafAction, &["Action"]),
        (Role::Rule, &["PolicyName", "PolicyID"]),
        (Role::Id, &["RequestID"]),
    ]),
    // https://developers.cloudflare.com/analytics/graphql-api/: firewallEventsAdaptive
    dialect("cloudflare.graphql", &[], "Cloudflare's firewall events, as its GraphQL API tells them",
        &["\"clientRequestHTTPHost\"", "\"clientIP\""], &[
        (Role::Time, &["datetime"]),
        (Role::Status, &["edgeResponseStatus"]),
        (Role::Address, &["clientIP"]),
        (Role::Method, &["clientRequestHTTPMethodName"]),
        (Role::Target, &["clientRequestPath"]),
        (Role::Query, &["clientRequestQuery"]),
        (Role::Host, &["clientRequestHTTPHost"]),
        (Role::UserAgent, &["userAgent"]),
        (Role::WafAction, &["action"]),
        (Role::SecuritySources, &["source"]),
        (Role::RuleNumbers, &["ruleId"]),
        (Role::RuleMessage, &["description"]),
        (Role::Id, &["rayName"]),
    ]),
    // https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
    dialect("aws.waf", &["waf"], "AWS WAF's log; the answer follows from the action",
        &["\"httpRequest\"", "\"clientIp\"", "\"httpMethod\""], &[
        (Role::Time, &["timestamp"]),
        (Role::WafAction, &["action"]),
        (Role::WafRule, &["terminatingRuleId"]),
        (Role::WafRuleKind, &["terminatingRuleType"]),
        (Role::WafEvidence, &["terminatingRuleMatchDetails"]),
        (Role::WafLabels, &["labels"]),
        (Role::WafGroups, &["ruleGroupList"]),
        (Role::RateLimits, &["rateBasedRuleList"]),
        (Role::Id, &["httpRequest.requestId"]),
        (Role::Status, &["responseCodeSent"]),
        (Role::Address, &["httpRequest.clientIp"]),
        (Role::Method, &["httpRequest.httpMethod"]),
        (Role::Target, &["httpRequest.uri"]),
        (Role::Query, &["httpRequest.args"]),
        (Role::HeaderList, &["httpRequest.headers"]),
        (Role::Host, &["httpRequest.host"]),
    ]),
    // https://learn.microsoft.com/en-us/azure/frontdoor/monitor-front-door and
    // https://learn.microsoft.com/en-us/azure/application-gateway/monitor-application-gateway-reference
    dialect("azure", &["azure.front_door", "azure.application_gateway"],
        "Azure Front Door and Application Gateway, access and firewall; Microsoft Graph's activity", &["\"properties\"", "\"requestUri\""], &[
        (Role::Time, &["timeStamp", "time", "properties.timeStamp"]),
        (Role::Status, &["properties.httpStatusCode", "properties.httpStatus", "properties.responseStatusCode"]),
        (Role::Address, &["properties.clientIP", "properties.clientIp", "properties.socketIP", "properties.ipAddress", "callerIpAddress"]),
        (Role::Method, &["properties.httpMethod", "properties.requestMethod"]),
        (Role::Target, &["properties.requestUri"]),
        (Role::Query, &["properties.requestQuery"]),
        (Role::Host, &["properties.originalHost", "properties.hostName", "properties.host", "properties.originalRequestUriWithArgs.host"]),
        (Role::Bytes, &["properties.responseBytes", "properties.sentBytes", "properties.responseSizeBytes"]),
        (Role::Referer, &["properties.referer", "properties.referrer"]),
        (Role::UserAgent, &["properties.userAgent"]),
        (Role::TimeTaken, &["properties.timeTaken"]),
        (Role::UpstreamStatus, &["properties.serverStatus"]),
        (Role::WafAction, &["properties.action"]),
        (Role::WafMode, &["properties.policyMode"]),
        (Role::AzureRule, &["properties.ruleName", "properties.ruleId"]),
        (Role::RuleMessage, &["properties.message"]),
        (Role::Id, &["properties.trackingReference", "properties.transactionId"]),
    ]),
    // https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/appservicehttplogs: the properties come as
    // an object, or as a string that holds one and is opened before
    dialect("azure.app_service", &[], "Azure App Service's HTTP log", &["\"CIp\"", "\"CsMethod\""], &[
        (Role::Time, &["time", "TimeGenerated", "EventTime"]),
        (Role::Status, &["properties.ScStatus", "ScStatus"]),
        (Role::Address, &["properties.CIp", "CIp"]),
        (Role::Method, &["properties.CsMethod", "CsMethod"]),
        (Role::Target, &["properties.CsUriStem", "CsUriStem"]),
        (Role::Query, &["properties.CsUriQuery", "CsUriQuery"]),
        (Role::Host, &["properties.CsHost", "CsHost"]),
        (Role::Bytes, &["properties.ScBytes", "ScBytes"]),
        (Role::Referer, &["properties.Referer", "Referer"]),
        (Role::UserAgent, &["properties.UserAgent", "UserAgent"]),
        (Role::User, &["properties.CsUsername", "CsUsername"]),
        (Role::Milliseconds, &["properties.TimeTaken", "TimeTaken"]),
        (Role::Substatus, &["properties.ScSubStatus", "ScSubStatus"]),
    ]),
    // https://learn.microsoft.com/en-us/azure/storage/blobs/monitor-blob-storage-reference
    dialect("azure.storage", &[], "Azure Storage's resource log", &["\"callerIpAddress\"", "\"statusCode\"", "\"uri\""], &[
        (Role::Time, &["time"]),
        (Role::Status, &["statusCode"]),
        (Role::Address, &["callerIpAddress"]),
        (Role::Target, &["uri"]),
        (Role::UserAgent, &["properties.userAgentHeader"]),
        (Role::Referer, &["properties.referrerHeader"]),
        (Role::Bytes, &["properties.responseBodySize"]),
        (Role::Milliseconds, &["durationMs"]),
        (Role::Id, &["correlationId"]),
    ]),
    // https://techdocs.akamai.com/datastream2/docs/data-set-parameters
    dialect("akamai", &["akamai.datastream2"], "Akamai DataStream 2", &["\"reqTimeSec\"", "\"cliIP\""], &[
        (Role::Time, &["reqTimeSec"]),
        (Role::Status, &["statusCode"]),
        (Role::Address, &["cliIP"]),
        (Role::ForwardedFor, &["xForwardedFor"]),
        (Role::Method, &["reqMethod"]),
        (Role::Target, &["reqPath"]),
        (Role::Query, &["queryStr"]),
        (Role::Host, &["reqHost"]),
        (Role::Bytes, &["bytes", "totalBytes", "objSize"]),
        (Role::Referer, &["referer"]),
        (Role::UserAgent, &["UA"]),
        (Role::Milliseconds, &["transferTimeMSec", "turnAroundTimeMSec"]),
    ]),
    // https://techdocs.akamai.com/siem-integration/reference/api: the event format
    dialect("akamai.siem", &[], "Akamai's security events", &["\"attackData\"", "\"httpMessage\""], &[
        (Role::Time, &["httpMessage.start"]),
        (Role::Status, &["httpMessage.status"]),
        (Role::Address, &["attackData.clientIP"]),
        (Role::Method, &["httpMessage.method"]),
        (Role::Target, &["httpMessage.path"]),
        (Role::Query, &["httpMessage.query"]),
        (Role::Host, &["httpMessage.host"]),
        (Role::Bytes, &["httpMessage.bytes"]),
        (Role::Id, &["httpMessage.requestId"]),
    ]),
    // https://clouddocs.f5.com/products/extensions/f5-telemetry-streaming/latest/output-example.html: LTM's request
    // log and ASM's events
    dialect("f5.telemetry", &["f5"], "F5 Telemetry Streaming: requests of LTM and ASM", &["\"telemetryEventCategory\""], &[
        (Role::Time, &["req_start_time", "date_time", "event_timestamp"]),
        (Role::Status, &["http_status", "response_code", "resp_code"]),
        (Role::Address, &["src_ip", "ip_client", "client_ip"]),
        (Role::Method, &["http_method", "method"]),
        (Role::Target, &["http_uri", "uri"]),
        (Role::Query, &["query_string", "query_str"]),
        (Role::Host, &["http_host"]),
        (Role::Bytes, &["bytes_out"]),
        (Role::Referer, &["http_referrer"]),
        (Role::UserAgent, &["http_user_agent"]),
        (Role::User, &["user", "username"]),
        (Role::Milliseconds, &["req_elapsed_time"]),
        (Role::WafAction, &["request_status", "req_status"]),
        (Role::Rule, &["policy_name"]),
        (Role::RuleMessage, &["violations"]),
        (Role::Id, &["support_id"]),
    ]),
    // https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/azurediagnostics: the names of its columns
    // end in their types
    dialect("azure.diagnostics", &[], "Azure Front Door, CDN and Application Gateway as Log Analytics exports them",
        &["\"TimeGenerated\"", "\"requestUri_s\""], &[
        (Role::Time, &["timeStamp_t", "TimeGenerated", "TimeGenerated [UTC]"]),
        (Role::Status, &["httpStatusCode_d", "httpStatusCode_s", "httpStatus_d"]),
        (Role::Address, &["clientIp_s", "clientIP_s", "socketIp_s"]),
        (Role::Method, &["httpMethod_s", "requestMethod_s"]),
        (Role::Target, &["requestUri_s"]),
        (Role::Query, &["requestQuery_s"]),
        (Role::Host, &["originalHost_s", "hostName_s", "host_s"]),
        (Role::Bytes, &["responseBytes_d", "responseBytes_s", "sentBytes_d"]),
        (Role::Referer, &["referer_s", "referrer_s"]),
        (Role::UserAgent, &["userAgent_s"]),
        (Role::TimeTaken, &["timeTaken_d", "timeTaken_s"]),
        (Role::UpstreamStatus, &["serverStatus_s"]),
        (Role::WafAction, &["action_s"]),
        (Role::WafMode, &["policyMode_s"]),
        (Role::AzureRule, &["ruleName_s", "ruleId_s"]),
        (Role::RuleMessage, &["Message", "message_s"]),
        (Role::Id, &["trackingReference_s", "transactionId_g"]),
    ]),
    // https://help.zscaler.com/zia/nss-feed-output-format-web-logs: the feed for Splunk, and fields by their own names
    dialect("zscaler.web", &["zscaler", "zscaler.nss"], "Zscaler Internet Access: web logs of NSS", &["\"zscalernss-web\""], &[
        (Role::Time, &["event.datetime", "event.time"]),
        (Role::Status, &["event.status", "event.respcode"]),
        (Role::Address, &["event.ClientIP", "event.cip", "event.cltip"]),
        (Role::Method, &["event.requestmethod", "event.reqmethod"]),
        (Role::Target, &["event.url", "event.eurl"]),
        (Role::Host, &["event.hostname", "event.ehost", "event.host"]),
        (Role::Bytes, &["event.responsesize", "event.respsize"]),
        (Role::Referer, &["event.refererURL", "event.ereferer"]),
        (Role::UserAgent, &["event.useragent", "event.eua", "event.ua"]),
        (Role::User, &["event.user", "event.elogin", "event.login"]),
        (Role::WafAction, &["event.action"]),
        (Role::Id, &["event.event_id", "event.recordid"]),
    ]),
    // https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/; AKS sends it in `properties.log`
    dialect("kubernetes.audit", &["k8s.audit"], "Kubernetes API server's audit log",
        &["\"requestURI\"", "\"verb\"", "\"stage\""], &[
        (Role::AuditStage, &["stage", "properties.log.stage"]),
        (Role::Time, &["requestReceivedTimestamp", "stageTimestamp", "metadata.creationTimestamp", "properties.log.requestReceivedTimestamp", "properties.log.stageTimestamp", "properties.log.metadata.creationTimestamp"]),
        (Role::Status, &["responseStatus.code", "properties.log.responseStatus.code"]),
        (Role::Address, &["sourceIPs", "properties.log.sourceIPs"]),
        (Role::Method, &["verb", "properties.log.verb"]),
        (Role::Target, &["requestURI", "properties.log.requestURI"]),
        (Role::User, &["user.username", "properties.log.user.username"]),
        (Role::UserAgent, &["userAgent", "properties.log.userAgent"]),
        (Role::Decision, &["annotations.authorization.k8s.io/decision", "properties.log.annotations.authorization.k8s.io/decision"]),
        (Role::RuleMessage, &["responseStatus.message", "properties.log.responseStatus.message"]),
    ]),
    // https://min.io/docs/minio/linux/operations/monitoring/minio-logging.html
    dialect("minio.audit", &["minio"], "MinIO's audit log", &["\"api\"", "\"remotehost\""], &[
        (Role::Time, &["time"]),
        (Role::Status, &["api.statusCode"]),
        (Role::Address, &["remotehost"]),
        (Role::Target, &["requestPath", "api.path"]),
        (Role::Method, &["requestMethod"]),
        (Role::Host, &["requestHost"]),
        (Role::UserAgent, &["userAgent"]),
        (Role::User, &["accessKey", "requestClaims.accessKey"]),
        (Role::Bytes, &["api.tx", "api.outputBytes"]),
        (Role::Seconds, &["api.timeToResponse"]),
        (Role::S3Error, &["api.error.code"]),
    ]),
    // ModSecurity v3 (src/transaction.cc, toJSON), v2 (apache2/msc_logging.c, SecAuditLogFormat JSON) and
    // Coraza (internal/auditlog)
    dialect("modsecurity.audit", &["modsecurity", "coraza", "coraza.audit"], "ModSecurity's and Coraza's audit logs as JSON",
        &["\"transaction\"", "\"request\""], &[
        (Role::Time, &["transaction.unix_timestamp", "transaction.timestamp", "transaction.time_stamp", "transaction.time"]),
        (Role::Status, &["transaction.response.http_code", "transaction.response.status", "response.status"]),
        (Role::Address, &["transaction.client_ip", "transaction.remote_address"]),
        (Role::Method, &["transaction.request.method"]),
        (Role::Target, &["transaction.request.uri"]),
        (Role::Request, &["request.request_line"]),
        (Role::Host, &["transaction.request.headers.Host", "request.headers.Host"]),
        (Role::UserAgent, &["transaction.request.headers.User-Agent", "request.headers.User-Agent"]),
        (Role::Referer, &["transaction.request.headers.Referer", "request.headers.Referer"]),
        (Role::WafMode, &["transaction.producer.secrules_engine", "transaction.producer.rule_engine", "audit_data.engine_mode"]),
        (Role::Intercepted, &["transaction.is_interrupted", "audit_data.action.intercepted"]),
        (Role::WafEvidence, &["transaction.messages", "audit_data.messages", "messages"]),
        (Role::Id, &["transaction.unique_id", "transaction.transaction_id", "transaction.id"]),
    ]),
    // https://istio.io/latest/docs/tasks/observability/logs/access-log/ (JSON), Envoy's json_format
    dialect("envoy.json", &["istio.json"], "Envoy's and Istio's access log as JSON",
        &["\"response_flags\"", "\"response_code\""], &[
        (Role::Time, &["start_time", "timestamp", "time", "@timestamp"]),
        (Role::Status, &["response_code"]),
        (Role::Address, &["downstream_remote_address", "downstream_direct_remote_address", "client_ip", "remote_address"]),
        (Role::ForwardedFor, &["x_forwarded_for", "forwarded_for", "x-forwarded-for"]),
        (Role::Target, &["path", "x-envoy-origin-path", "uri", "original_path"]),
        (Role::Method, &["method"]),
        (Role::Host, &["authority", ":authority", "host"]),
        (Role::Bytes, &["bytes_sent"]),
        (Role::UserAgent, &["user_agent", "user-agent"]),
        (Role::Referer, &["referer"]),
        (Role::Milliseconds, &["duration"]),
        (Role::UpstreamAsked, &["upstream_host"]),
        (Role::EnvoyFlags, &["response_flags"]),
        (Role::EnvoyDetails, &["response_code_details"]),
    ]),
    // https://docs.konghq.com/hub/kong-inc/http-log/#log-format
    dialect("kong.json", &["kong"], "Kong's log plugins", &["\"latencies\"", "\"tries\"", "\"client_ip\""], &[
        (Role::Time, &["started_at"]),
        (Role::Status, &["response.status"]),
        (Role::Address, &["client_ip"]),
        (Role::Method, &["request.method"]),
        (Role::Target, &["request.uri", "upstream_uri"]),
        (Role::Host, &["request.headers.host"]),
        (Role::UserAgent, &["request.headers.user-agent"]),
        (Role::Referer, &["request.headers.referer"]),
        (Role::User, &["consumer.username", "authenticated_entity.consumer_id", "consumer.custom_id", "consumer.id"]),
        (Role::ForwardedFor, &["request.headers.x-forwarded-for"]),
        (Role::Bytes, &["response.size"]),
        (Role::Milliseconds, &["latencies.request"]),
        (Role::UpstreamStatus, &["upstream_status"]),
        (Role::Id, &["request.id"]),
    ]),
    // https://apisix.apache.org/docs/apisix/plugins/http-logger/
    dialect("apisix", &[], "Apache APISIX's log plugins", &["\"apisix_latency\"", "\"client_ip\""], &[
        (Role::Time, &["start_time"]),
        (Role::Status, &["response.status"]),
        (Role::Address, &["client_ip"]),
        (Role::Method, &["request.method"]),
        (Role::Target, &["request.uri"]),
        (Role::Host, &["request.headers.host"]),
        (Role::UserAgent, &["request.headers.user-agent"]),
        (Role::Referer, &["request.headers.referer"]),
        (Role::ForwardedFor, &["request.headers.x-forwarded-for"]),
        (Role::Bytes, &["response.size"]),
        (Role::Milliseconds, &["latency"]),
        (Role::UpstreamAsked, &["upstream"]),
    ]),
    // https://docs.fluentd.org/parser/apache2 and .../parser/nginx: `host` is who asks
    dialect("fluentd", &[], "what Fluentd's parsers make of Apache's and nginx's lines", &["\"code\"", "\"agent\"", "\"size\""], &[
        (Role::Time, &["time", "@timestamp", "date", "timestamp"]),
        (Role::Status, &["code"]),
        (Role::Address, &["remote", "host"]),
        (Role::Method, &["method"]),
        (Role::Target, &["path"]),
        (Role::Bytes, &["size"]),
        (Role::Referer, &["referer"]),
        (Role::UserAgent, &["agent"]),
        (Role::User, &["user"]),
        (Role::ForwardedFor, &["http_x_forwarded_for"]),
        (Role::Seconds, &["request_time"]),
    ]),
    // https://github.com/roidrage/lograge and GitLab's production_json.log
    dialect("lograge", &["rails.json", "gitlab"], "Rails, as lograge and GitLab write it", &["\"controller\"", "\"action\"", "\"status\""], &[
        (Role::Time, &["time", "@timestamp", "timestamp"]),
        (Role::Status, &["status"]),
        (Role::Address, &["remote_ip", "ip", "client_ip"]),
        (Role::Target, &["path", "uri"]),
        (Role::Method, &["method"]),
        (Role::Host, &["host"]),
        (Role::UserAgent, &["ua", "user_agent"]),
        (Role::User, &["username", "user", "user_id"]),
        (Role::Seconds, &["duration_s"]),
        // Also as Phoenix writes it: https://github.com/navinpeiris/logster, whose names may be changed.
        (Role::Milliseconds, &["duration", "response_time"]),
    ]),
    // https://tomcat.apache.org/tomcat-9.0-doc/config/valve.html, JsonAccessLogValve: `host` is who asks
    dialect("tomcat.json", &["tomcat"], "Tomcat's JsonAccessLogValve", &["\"logicalUserName\"", "\"statusCode\""], &[
        (Role::Time, &["time"]),
        (Role::Status, &["statusCode"]),
        (Role::Address, &["remoteAddr", "host"]),
        (Role::Request, &["request"]),
        (Role::Method, &["method"]),
        (Role::Target, &["path"]),
        (Role::Query, &["query"]),
        (Role::Host, &["localServerName", "requestHeaders.Host"]),
        (Role::Bytes, &["size", "byteSentNC"]),
        (Role::Referer, &["requestHeaders.Referer"]),
        (Role::UserAgent, &["requestHeaders.User-Agent"]),
        (Role::ForwardedFor, &["requestHeaders.X-Forwarded-For"]),
        (Role::User, &["user"]),
        (Role::Seconds, &["elapsedTimeS"]),
    ]),
    // https://docs.zeek.org/en/master/logs/http.html, as LogAscii::use_json writes it
    dialect("zeek", &["zeek.http"], "Zeek's log of HTTP, as JSON; the other way it is W3C extended with tabs",
        &["\"id.orig_h\"", "\"status_code\""], &[
        (Role::Time, &["ts"]),
        (Role::Status, &["status_code"]),
        (Role::Address, &["id.orig_h"]),
        (Role::Method, &["method"]),
        (Role::Target, &["uri"]),
        (Role::Host, &["host"]),
        (Role::Bytes, &["response_body_len"]),
        (Role::Referer, &["referrer"]),
        (Role::UserAgent, &["user_agent"]),
        (Role::User, &["username"]),
        (Role::Id, &["uid"]),
    ]),
    // https://docs.aws.amazon.com/network-firewall/latest/developerguide/firewall-logging-contents.html: Suricata's EVE
    // in an `event`
    dialect("aws.network_firewall", &[], "AWS Network Firewall, events of HTTP", &["\"firewall_name\"", "\"http\":"], &[
        (Role::Time, &["event.timestamp", "event_timestamp"]),
        (Role::Status, &["event.http.status"]),
        (Role::Address, &["event.src_ip"]),
        (Role::ForwardedFor, &["event.http.xff"]),
        (Role::Method, &["event.http.http_method"]),
        (Role::Target, &["event.http.url"]),
        (Role::Host, &["event.http.hostname"]),
        (Role::Bytes, &["event.http.length"]),
        (Role::Referer, &["event.http.http_refer"]),
        (Role::UserAgent, &["event.http.http_user_agent"]),
    ]),
    // https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-http
    dialect("suricata", &["suricata.eve"], "Suricata's EVE, events of HTTP", &["\"event_type\":\"http\"", "\"src_ip\""], &[
        (Role::Time, &["timestamp"]),
        (Role::Status, &["http.status"]),
        (Role::Address, &["src_ip"]),
        (Role::ForwardedFor, &["http.xff"]),
        (Role::Method, &["http.http_method"]),
        (Role::Target, &["http.url"]),
        (Role::Host, &["http.hostname"]),
        (Role::Bytes, &["http.length"]),
        (Role::Referer, &["http.http_refer"]),
        (Role::UserAgent, &["http.http_user_agent"]),
    ]),
    // https://documentation.wazuh.com/current/cloud-security/amazon/services/supported-services/server-access.html
    dialect("wazuh.s3", &[], "S3 server access logs, as Wazuh tells them", &["\"s3_server_access\"", "\"remote_ip\""], &[
        (Role::Time, &["aws.time"]),
        (Role::Status, &["aws.http_status"]),
        (Role::Address, &["aws.remote_ip"]),
        (Role::Request, &["aws.request_uri"]),
        (Role::Host, &["aws.host_header"]),
        (Role::Bytes, &["aws.bytes_sent"]),
        (Role::Referer, &["aws.referer"]),
        (Role::UserAgent, &["aws.user_agent"]),
        (Role::User, &["aws.requester"]),
        (Role::Milliseconds, &["aws.total_time"]),
        (Role::S3Error, &["aws.error_code"]),
        (Role::Id, &["aws.request_id"]),
    ]),
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-s3-access-logs-to-identify-requests.html: the table
    // in Athena, in which the request line is the `request_uri`
    dialect("aws.s3.table", &[], "Amazon S3 server access logs, as rows of a table in Athena", &["\"bucketowner\"", "\"httpstatus\""], &[
        (Role::Time, &["requestdatetime", "time"]),
        (Role::Status, &["httpstatus"]),
        (Role::Address, &["remoteip"]),
        (Role::Request, &["request_uri", "requesturi"]),
        (Role::Host, &["hostheader", "endpoint"]),
        (Role::Bytes, &["bytessent"]),
        (Role::Referer, &["referrer", "referer"]),
        (Role::UserAgent, &["useragent"]),
        (Role::User, &["requester"]),
        (Role::Milliseconds, &["totaltime"]),
        (Role::S3Error, &["errorcode"]),
        (Role::Id, &["requestid"]),
    ]),
    // https://docs.aws.amazon.com/athena/latest/ug/create-alb-access-logs-table.html
    dialect("aws.alb.table", &[], "AWS Application Load Balancer, as rows of a table in Athena",
        &["\"elb_status_code\"", "\"request_verb\""], &[
        (Role::Time, &["time", "timestamp"]),
        (Role::Status, &["elb_status_code"]),
        (Role::UpstreamStatus, &["target_status_code"]),
        (Role::Address, &["client_ip"]),
        (Role::Method, &["request_verb"]),
        (Role::Target, &["request_url"]),
        (Role::Bytes, &["sent_bytes"]),
        (Role::UserAgent, &["user_agent"]),
        (Role::StageSeconds, &["request_processing_time", "target_processing_time", "response_processing_time"]),
        (Role::AlbActions, &["actions_executed"]),
    ]),
    // https://www.w3.org/TR/WD-logfile.html: the fields as keys, as CloudFront's real-time logs and Netskope write them
    // (https://docs.netskope.com/en/netskope-help/data-security/transaction-events/)
    dialect("w3c.json", &[], "W3C's fields as keys: CloudFront, Netskope", &["\"cs-method\"", "\"sc-status\""], &[
        (Role::Time, &["timestamp", "date", "time"]),
        (Role::Status, &["sc-status"]),
        (Role::Address, &["c-ip"]),
        (Role::Method, &["cs-method"]),
        (Role::Target, &["cs-uri-stem", "cs-uri-path", "cs-uri"]),
        (Role::Query, &["cs-uri-query"]),
        (Role::Host, &["x-host-header", "cs-host", "cs(Host)"]),
        (Role::Bytes, &["sc-bytes"]),
        (Role::Referer, &["cs-referer", "cs(Referer)"]),
        (Role::EscapedAgent, &["cs-user-agent", "cs(User-Agent)"]),
        (Role::User, &["cs-username"]),
        (Role::TimeTaken, &["time-taken"]),
        (Role::Substatus, &["sc-substatus"]),
        (Role::EdgeResult, &["x-edge-detailed-result-type", "x-edge-result-type"]),
    ]),
    // https://docs.gitlab.com/administration/logs/#api_jsonlog, before its durations were in seconds
    dialect("gitlab.api", &[], "GitLab's log of its interface, with durations in milliseconds", &["\"route\"", "\"view\"", "\"db\"", "\"queue_duration\""], &[
        (Role::Time, &["time"]),
        (Role::Status, &["status"]),
        (Role::Address, &["remote_ip", "ip"]),
        (Role::Method, &["method"]),
        (Role::Target, &["path"]),
        (Role::Host, &["host"]),
        (Role::UserAgent, &["ua"]),
        (Role::User, &["username", "user_id"]),
        (Role::Milliseconds, &["duration"]),
    ]),
    // https://github.com/mingrammer/flog, and generators that write the same: `host` is who asks
    dialect("flog", &[], "flog's lines as JSON", &["\"user-identifier\"", "\"datetime\""], &[
        (Role::Time, &["datetime"]),
        (Role::Status, &["status"]),
        (Role::Address, &["host"]),
        (Role::Method, &["method"]),
        (Role::Target, &["request"]),
        (Role::Bytes, &["bytes"]),
        (Role::Referer, &["referer"]),
    ]),
    // https://jfrog.com/help/r/jfrog-platform-administration-documentation/request-logs: one of them has a blank in a name
    dialect("jfrog", &["artifactory"], "JFrog Platform's requests, as JSON", &["\"log_timestamp\"", "\"return_status\""], &[
        (Role::Time, &["log_timestamp"]),
        (Role::Status, &["return_status"]),
        (Role::Address, &["remote_address", "remote_address "]),
        (Role::Method, &["request_method"]),
        (Role::Target, &["request_url"]),
        (Role::Bytes, &["response_content_length"]),
        (Role::UserAgent, &["request_user_agent"]),
        (Role::User, &["username"]),
        (Role::Milliseconds, &["request_duration"]),
        (Role::Id, &["trace_id"]),
    ]),
    // https://docs.cloud.f5.com/docs-v2/multi-cloud-network-connect/how-to/others/global-log-streaming
    dialect("f5.xc", &["f5.distributed_cloud"], "F5 Distributed Cloud: requests and security events", &["\"rsp_code\"", "\"req_path\""], &[
        (Role::Time, &["@timestamp", "time"]),
        (Role::Status, &["rsp_code"]),
        (Role::Address, &["src_ip"]),
        (Role::ForwardedFor, &["x_forwarded_for"]),
        (Role::Method, &["method"]),
        (Role::Target, &["req_path", "original_path", "path"]),
        (Role::Host, &["domain", "authority"]),
        (Role::Bytes, &["rsp_size"]),
        (Role::UserAgent, &["user_agent"]),
        (Role::Id, &["req_id"]),
    ]),
    // https://www.iboss.com: web logs as they are streamed, whose day and time of day come apart
    dialect("iboss", &[], "iboss: web logs", &["\"responseCode\"", "\"proxyTransactionStartTime\""], &[
        (Role::Time, &["logTime", "time"]),
        (Role::Status, &["responseCode"]),
        (Role::Address, &["sourceIpAddress", "privateIp"]),
        (Role::Method, &["requestMethod"]),
        (Role::Target, &["url", "uriPath"]),
        (Role::Query, &["uriQuery"]),
        (Role::Host, &["host"]),
        (Role::Bytes, &["downstreamByteUsage"]),
        (Role::Referer, &["referrerUrl"]),
        (Role::UserAgent, &["userAgent"]),
        (Role::User, &["username"]),
    ]),
    // https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/workers_trace_events/
    dialect("cloudflare.workers_trace_events", &[], "Cloudflare Logpush: workers_trace_events, of requests",
        &["\"EventTimestampMs\"", "\"ScriptName\""], &[
        (Role::Time, &["EventTimestampMs"]),
        (Role::Status, &["Event.Response.Status"]),
        (Role::Method, &["Event.Request.Method"]),
        (Role::Target, &["Event.Request.URL"]),
        (Role::Id, &["Event.RayID"]),
    ]),
    // https://openliberty.io/docs/latest/json-log-events-list.html#_access_log: elapsed times are microseconds
    dialect("liberty", &["websphere.liberty"], "WebSphere and Open Liberty's access log as JSON",
        &["\"ibm_responseCode\"", "\"ibm_requestMethod\""], &[
        (Role::Time, &["ibm_requestStartTime", "ibm_datetime", "ibm_accessLogDatetime"]),
        (Role::Status, &["ibm_responseCode"]),
        (Role::Address, &["ibm_remoteHost", "ibm_remoteIP"]),
        (Role::Method, &["ibm_requestMethod"]),
        (Role::Target, &["ibm_uriPath"]),
        (Role::Query, &["ibm_queryString"]),
        (Role::Host, &["ibm_requestHost"]),
        (Role::Bytes, &["ibm_bytesSent"]),
        (Role::UserAgent, &["ibm_userAgent", "ibm_requestHeader_user-agent"]),
        (Role::Referer, &["ibm_requestHeader_referer"]),
        (Role::User, &["ibm_remoteUserID"]),
        (Role::Microseconds, &["ibm_elapsedTime"]),
    ]),
    // https://opensource.zalando.com/skipper/operation/operation/#monitoring: -access-log-json-enabled; `host` is the client
    dialect("skipper", &[], "Skipper's access log as JSON",
        &["\"requested-host\":", "\"flow-id\":", "\"response-size\":"], &[
        (Role::Time, &["timestamp"]),
        (Role::Status, &["status"]),
        (Role::AddressPort, &["host"]),
        (Role::Method, &["method"]),
        (Role::Target, &["uri"]),
        (Role::Host, &["requested-host"]),
        (Role::Bytes, &["response-size"]),
        (Role::Referer, &["referer"]),
        (Role::UserAgent, &["user-agent"]),
        (Role::User, &["auth-user"]),
        (Role::Milliseconds, &["duration"]),
    ]),
    // https://www.dropwizard.io/en/stable/manual/configuration.html#access-json-layout: `requestTime` is how long it took
    dialect("dropwizard", &[], "Dropwizard's access log as JSON",
        &["\"requestTime\":", "\"remoteAddress\"", "\"protocol\"", "\"uri\""], &[
        (Role::Time, &["timestamp"]),
        (Role::Status, &["status"]),
        (Role::Address, &["remoteAddress"]),
        (Role::Method, &["method"]),
        (Role::Target, &["uri"]),
        (Role::Query, &["pathQuery"]),
        (Role::Host, &["headers.Host"]),
        (Role::Bytes, &["contentLength"]),
        (Role::UserAgent, &["userAgent", "headers.User-Agent"]),
        (Role::User, &["remoteUser"]),
        (Role::Milliseconds, &["requestTime"]),
    ]),
    // https://github.com/scality/cloudserver: its own log, and its server access log with S3's names
    dialect("scality", &["cloudserver"], "Scality's S3 server", &["\"httpCode\"", "\"httpURL\""], &[
        (Role::Time, &["startTime", "time"]),
        (Role::Status, &["httpCode"]),
        (Role::Address, &["clientIP", "clientIp"]),
        (Role::Method, &["httpMethod"]),
        (Role::Target, &["httpURL"]),
        (Role::Host, &["hostHeader"]),
        (Role::Bytes, &["bytesSent"]),
        (Role::Referer, &["referer"]),
        (Role::UserAgent, &["userAgent"]),
        (Role::User, &["requester", "accountName"]),
        (Role::Milliseconds, &["elapsed_ms"]),
        (Role::S3Error, &["errorCode"]),
        (Role::Id, &["req_id"]),
    ]),
    // https://vercel.com/docs/drains/reference/logs: what was asked stands in `proxy`
    dialect("vercel", &[], "Vercel's log drains", &["\"proxy\"", "\"deploymentId\"", "\"clientIp\""], &[
        (Role::Time, &["proxy.timestamp", "timestamp"]),
        (Role::Status, &["proxy.statusCode", "statusCode"]),
        (Role::Address, &["proxy.clientIp"]),
        (Role::Method, &["proxy.method"]),
        (Role::Target, &["proxy.path", "path"]),
        (Role::Host, &["proxy.host", "host"]),
        (Role::Referer, &["proxy.referer"]),
        (Role::UserAgent, &["proxy.userAgent"]),
        (Role::Id, &["requestId"]),
    ]),
    // https://docs.ubikasec.com: WAAP's events of traffic and of security
    dialect("ubika", &[], "Ubika WAAP's events", &["\"ipSource\"", "\"totalResponseTime\""], &[
        (Role::Time, &["timestamp"]),
        (Role::Status, &["response.statusCode"]),
        (Role::Address, &["request.ipSource"]),
        (Role::Method, &["request.method"]),
        (Role::Target, &["request.path"]),
        (Role::Query, &["request.query"]),
        (Role::Host, &["request.hostname"]),
        (Role::HeaderList, &["request.headers"]),
        (Role::Bytes, &["response.size"]),
        (Role::Milliseconds, &["response.totalResponseTime"]),
        (Role::WafAction, &["context.reaction"]),
        (Role::Id, &["request.uid"]),
    ]),
    // https://www.olfeo.com: the proxy as a service, whose users are the clients
    dialect("olfeo", &[], "Olfeo's secure web gateway", &["\"user_status_code\"", "\"src_ip\""], &[
        (Role::Time, &["timestamp"]),
        (Role::Status, &["user_status_code"]),
        (Role::Address, &["src_ip"]),
        (Role::Method, &["http_method"]),
        (Role::Target, &["url"]),
        (Role::Host, &["domain"]),
        (Role::Bytes, &["user_received_bytes"]),
        (Role::User, &["display_name"]),
        (Role::Milliseconds, &["user_response_time_ms"]),
        (Role::SquidResult, &["cache_status"]),
    ]),
    // https://www.alibabacloud.com/help/en/cdn/user-guide/fields-in-real-time-logs: `request_time` is how long it took
    dialect("alibaba.cdn.realtime", &["aliyun.cdn.realtime"], "Alibaba Cloud's CDN, real-time logs",
        &["\"return_code\"", "\"unixtime\"", "\"client_ip\""], &[
        (Role::Time, &["unixtime"]),
        (Role::Status, &["return_code"]),
        (Role::Address, &["client_ip"]),
        (Role::ForwardedFor, &["xforwordfor"]),
        (Role::Method, &["method"]),
        (Role::Target, &["uri"]),
        (Role::Query, &["uri_param"]),
        (Role::Host, &["domain"]),
        (Role::Bytes, &["response_size"]),
        (Role::UserAgent, &["user_agent"]),
        (Role::Milliseconds, &["request_time"]),
        (Role::Id, &["uuid"]),
    ]),
    // https://support.huaweicloud.com/intl/en-us/usermanual-lts/lts_04_0536.html: `request_time` is when it came
    dialect("huawei.cdn.realtime", &[], "Huawei Cloud's CDN, real-time logs",
        &["\"http_code\"", "\"hit_info\"", "\"client_ip\""], &[
        (Role::Time, &["request_time"]),
        (Role::Status, &["http_code"]),
        (Role::Address, &["client_ip"]),
        (Role::ForwardedFor, &["xforwordfor", "X-Forwarded-For"]),
        (Role::Method, &["method"]),
        (Role::Target, &["uri"]),
        (Role::Query, &["uri_param"]),
        (Role::Host, &["domain"]),
        (Role::Bytes, &["response_size"]),
        (Role::UserAgent, &["user_agent"]),
        (Role::Milliseconds, &["response_time"]),
        (Role::Id, &["uuid"]),
    ]),
    // https://www.tencentcloud.com/document/product/614/42748
    dialect("tencent.cdn", &[], "Tencent Cloud's CDN, real-time logs", &["\"rsp_size\"", "\"http_code\"", "\"client_ip\""], &[
        (Role::Time, &["time"]),
        (Role::Status, &["http_code"]),
        (Role::Address, &["client_ip"]),
        (Role::Method, &["method"]),
        (Role::Target, &["url"]),
        (Role::Query, &["param"]),
        (Role::Host, &["host"]),
        (Role::Bytes, &["rsp_size"]),
        (Role::Referer, &["referer"]),
        (Role::UserAgent, &["ua"]),
        (Role::Milliseconds, &["request_time"]),
        (Role::Id, &["uuid"]),
    ]),
];
