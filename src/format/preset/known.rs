//! The table of named format strings, each with its source.
//!
//! Variables are nginx's, and those of `template/neutral.rs`: `$_name` is passed over, `$rest` is
//! whatever follows, or nothing.

use super::Row;
use crate::format::registry::Known;

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    description: &'static str,
    strings: &'static [&'static str],
) -> Row {
    Row {
        known: Known {
            name,
            aliases,
            description,
        },
        strings,
        timeless: false,
    }
}

const fn timeless(row: Row) -> Row {
    Row {
        timeless: true,
        ..row
    }
}

#[rustfmt::skip]
pub(super) static ROWS: &[Row] = &[
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
    row("aws.alb", &["alb"], "AWS Application Load Balancer access logs", &[
        r#"$kind_of_alb $stamp $_elb $client_port $_target $stage $stage $stage $status $upstream_status $_received $size "$request" "$http_user_agent" $_cipher $_protocol $_group "$_trace" "$host" "$_certificate" $alb_priority $_created "$alb_actions"$rest"#,
        r#"$kind_of_alb $stamp $_elb $client_port $_target $stage $stage $stage $status $upstream_status $_received $size "$request" "$http_user_agent" $_cipher $_protocol $_group "$_trace"$rest"#,
        r#"$kind_of_alb $stamp $_elb $client_port $_target $stage $stage $stage $status $upstream_status $_received $size "$request" "$http_user_agent"$rest"#,
    ]),
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
    row("aws.elb", &["elb"], "AWS Classic Load Balancer access logs", &[
        r#"$stamp $_elb $client_port $_backend $stage $stage $stage $status $upstream_status $_received $size$spaces"$request" "$http_user_agent"$rest"#,
        r#"$stamp $_elb $client_port $_backend $stage $stage $stage $status $upstream_status $_received $size$spaces"$request""#,
    ]),
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
    row("aws.s3", &["s3"], "Amazon S3 server access logs, and those of services that write the same", &[
        r#"$_owner $_bucket [$time_local] $remote_addr $remote_user $_request_id $_operation $_key "$request" $status $s3_error $size $_object_size $ms $_turnaround "$http_referer" "$http_user_agent" $_version $_host_id $_signature $_cipher $_authentication $host $_tls$rest"#,
        r#"$_owner $_bucket [$time_local] $remote_addr $remote_user $_request_id $_operation $_key "$request" $status $s3_error $size $_object_size $ms $_turnaround "$http_referer" "$http_user_agent" $_version $_host_id $_signature $_cipher $_authentication $host"#,
        r#"$_owner $host [$time_local] $remote_addr $remote_user $_request_id $_operation $_key "$request" $status $s3_error $size $_object_size $ms $_turnaround "$http_referer" "$http_user_agent"$rest"#,
        r#"$_owner $host [$time_local] $remote_addr $remote_user $_request_id $_operation $_key - $status $s3_error $size $_object_size $ms $_turnaround "$http_referer" "$http_user_agent"$rest"#,
        r#"$_owner $_bucket [$time_local] $remote_addr $remote_user $_request_id $_operation $_key - $status $s3_error $size $_object_size $ms $_turnaround - - $_version $_host_id $_signature $_cipher $_authentication $host $_tls$rest"#,
        r#"$_owner $host [$time_local] $remote_addr $remote_user $_request_id $_operation $_key - $status $s3_error $size $_object_size $ms $_turnaround - $rest"#,
        // Cut behind the time, as examples are.
        r#"$_owner $_bucket [$time_local] $remote_addr $remote_user $_request_id $_operation $_key "$request" $status $s3_error $size $_object_size $ms$rest"#,
    ]),
    // https://istio.io/latest/docs/tasks/observability/logs/access-log/, and its versions up to 1.8
    row("istio", &[], "Istio's access log, as text", &[
        r#"[$stamp] "$request" $status $envoy_flags $envoy_details $_termination "$_failure" $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host" $_cluster $_upstream_local $_downstream_local $client_port $_server_name $_route$rest"#,
        r#"[$stamp] "$request" $status $envoy_flags $envoy_details $_termination "$_failure" $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host"$rest"#,
        r#"[$stamp] "$request" $status $envoy_flags "$_mixer" "$_failure" $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host" $_cluster $_upstream_local $_downstream_local $client_port $_server_name $_route$rest"#,
        r#"[$stamp] "$request" $status $envoy_flags "$_mixer" $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host" $_cluster $_upstream_local $_downstream_local $client_port $_server_name$rest"#,
    ]),
    // https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
    row("envoy", &[], "Envoy's default access log, and Ambassador's with a word before it", &[
        r#"[$stamp] "$request" $status $envoy_flags $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host"$rest"#,
        // With the details of the response.
        r#"[$stamp] "$request" $status $envoy_flags $envoy_details $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host"$rest"#,
        r#"ACCESS [$stamp] "$request" $status $envoy_flags $_received $size $ms $_service_time "$http_x_forwarded_for" "$http_user_agent" "$_request_id" "$host" "$upstream_host"$rest"#,
    ]),
    // http://www.squid-cache.org/Doc/config/logformat/ (squid); Cisco's Web Security Appliance writes the same, with a
    // level before it where it sends it to syslog, and the client's name behind its address
    row("squid", &["squid.native"], "Squid's native access log, with or without what many add to it", &[
        r#"$msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target$spaces$remote_user $_hierarchy/$_peer $_type "$http_referer" "$http_user_agent"$rest"#,
        r#"$msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target$spaces$remote_user $_hierarchy/$rest"#,
        r#"$msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target $remote_user -$rest"#,
        r#"$msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target"#,
        r#"$msec $remote_addr $squid_result/$status $size $request_method $target $remote_user $_type"#,
        r#"$msec $remote_addr $squid_result/$status $request_method $target"#,
        r#"$msec $remote_addr $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$_peer $_type"#,
        // With a stamp of ISO 8601.
        r#"$stamp$spaces$ms $remote_addr $squid_result/$status $size $request_method $target"#,
        r#"$stamp$spaces$ms $remote_addr $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
        // Wikimedia's, with the cache and a number before it.
        r#"$_cache $_number $msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target $_hierarchy/$_peer $_type $http_referer $_forwarded $escaped_agent"#,
        r#"$msec$spaces$ms $remote_addr $_port $squid_result/$status $size $_received $_head $_asked $_body $request_method $target $_version $remote_user $_hierarchy/$_peer $_port $_type $_cipher $_protocol "$http_referer" "$http_user_agent" "$host"$rest"#,
        r#"$msec$spaces$ms $remote_addr ($_name) $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
        r#"Info: $msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
        r#"Info: $msec$spaces$ms $remote_addr ($_name) $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
        // Through a relay that puts its own header before the appliance's.
        r#"<$_priority>$_month$spaces$_day $_time $_relay <$_own>$_month$spaces$_day $_time $_name Info: $msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
        // With the time as Squid's own log has it.
        r#"$date_time| $remote_addr $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
        r#"$_month$spaces$_day $_time $_host squid $_process [$_facility] $msec$spaces$ms $remote_addr $squid_result/$status $size $request_method $target $remote_user $_hierarchy/$rest"#,
    ]),
    // https://www.haproxy.org/download/1.1/doc/haproxy-en.txt and 1.2: the server has a place of its own, and requests
    // were not counted in as many ways
    row("haproxy.old", &[], "HAProxy before its version 1.3, HTTP", &[
        r#"$client_port [$stamp] $_proxy $_server $number/$number/$number/$number/$number $status $size $_request_cookie $_response_cookie $_state $number/$number/$number $number/$number {$_captured} {$_answered} "$request""#,
        r#"$client_port [$stamp] $_proxy $_server $number/$number/$number/$number/$number $status $size $_request_cookie $_response_cookie $_state $number/$number/$number $number/$number "$request""#,
        r#"$client_port [$stamp] $_proxy $_server $number/$number/$number/$number $status $size $_request_cookie $_response_cookie $_state $number/$number "$request""#,
    ]),
    // https://github.com/NginxProxyManager/nginx-proxy-manager: log-proxy.conf and log.conf
    row("nginx_proxy_manager", &["npm"], "nginx Proxy Manager, proxy and standard", &[
        r#"[$time_local] $_cache $upstream_status $status - $request_method $_scheme $host "$request_uri" [Client $remote_addr] [Length $size] [Gzip $_ratio] [Sent-to $_server] "$http_user_agent" "$http_referer"$rest"#,
        r#"[$time_local] $status - $request_method $_scheme $host "$request_uri" [Client $remote_addr] [Length $size] [Gzip $_ratio] "$http_user_agent" "$http_referer"$rest"#,
    ]),
    // https://github.com/ZoeyVid/NPMplus: the log_format of its nginx.conf; referer and agent without quotes
    row("npmplus", &[], "NPMplus, a fork of nginx Proxy Manager", &[
        r#"[$time_local] $host $remote_addr $request_seconds "$request" $status $size $_sent $http_referer $agent_to_end"#,
    ]),
    // https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html: the line that is written by default
    row("uwsgi", &[], "uWSGI's requests", &[
        r#"[pid: $_pid|app: $_app|req: $_count] $remote_addr ($remote_user) {$_vars} [$stamp] $request_method $target => generated $size bytes in $ms msecs (HTTP/$_protocol $status)$rest"#,
        // With `memory-report`.
        r#"{$_memory} {$_resident} [pid: $_pid|app: $_app|req: $_count] $remote_addr ($remote_user) {$_vars} [$stamp] $request_method $target => generated $size bytes in $ms msecs (HTTP/$_protocol $status)$rest"#,
        r#"[pid: $_pid|app: $_app|req: $_count] $remote_addr ($remote_user) {$_vars} [$stamp] $request_method $target => generated $size bytes in $us micros (HTTP/$_protocol $status)$rest"#,
    ]),
    // https://github.com/gin-gonic/gin: logger.go
    row("gin", &[], "Gin's logger, which tells no agent", &[
        r#"[GIN] $stamp |$spaces$status |$spaces$took |$spaces$remote_addr |$spaces$request_method$spaces"$target"$rest"#,
        r#"[GIN] $stamp |$spaces$status |$spaces$took |$spaces$remote_addr |$spaces$request_method$spaces$target$rest"#,
        r#"[GIN] $stamp |$spaces$status |$spaces$took |$spaces$remote_addr|$spaces$request_method$spaces$target$rest"#,
        // The formatter that its documentation shows.
        r#"$remote_addr - [$stamp] "$bare_method $target HTTP/$_version $status $took "$http_user_agent" $_error"#,
    ]),
    // https://github.com/http-party/http-server: lib/../bin/http-server, which tells no status but of what failed
    row("http_server", &["http-server"], "Node's http-server, which tells neither client nor most statuses", &[
        r#"[$stamp]$spaces"$bare_method $word_target" "$http_user_agent""#,
        r#"[$stamp]$spaces"$bare_method $word_target" Error ($status): "$_message""#,
    ]),
    // https://nextjs.org/docs/app/api-reference/config/next-config-js/logging: of its server for development
    timeless(row("nextjs", &["next"], "Next.js' development server, which tells no time, client and agent", &[
        r#"$bare_method $target $status in $took$rest"#,
    ])),
    // https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview#request-log-format, before and since the id
    row("oauth2_proxy", &["oauth2-proxy"], "oauth2-proxy's requests", &[
        r#"$client_port - $_id - $remote_user [$stamp] $host $request_method $_upstream "$target" $_version "$http_user_agent" $status $size $seconds"#,
        r#"$client_port - $remote_user [$stamp] $host $request_method $_upstream "$target" $_version "$http_user_agent" $status $size $seconds"#,
    ]),
    // https://github.com/hashicorp/http-echo: handlers.go
    row("http_echo", &["http-echo"], "HashiCorp's http-echo", &[
        r#"$date_time $host $client_port "$request" $status $size "$http_user_agent" $took"#,
    ]),
    // https://github.com/grafana/helm-charts: the nginx before Loki, Mimir and Tempo
    row("grafana.gateway", &["loki.gateway", "mimir.gateway"], "the nginx that Grafana's charts put before Loki, Mimir and Tempo", &[
        r#"$remote_addr - $remote_user [$time_local]  $status "$request" $size "$http_referer" "$http_user_agent" "$http_x_forwarded_for""#,
    ]),
    // https://docs.inlets.dev
    timeless(row("inlets", &[], "inlets' tunnels, which tell no agent", &[
        r#"$remote_addr $host -> $_upstream "$request" $status $took$rest"#,
        r#"$date_time [host: $host, target: $_upstream] "$request" $status $took$rest"#,
    ])),
    // https://github.com/wazuh/wazuh: api/api/alogging.py
    row("wazuh.api", &["wazuh"], "Wazuh's API", &[
        r#"$date_time INFO: $remote_user $remote_addr "$bare_method $target" with parameters {$_parameters} and body {$_body} done in $took: $status"#,
    ]),
    // https://github.com/go-chi/chi: middleware/logger.go, with or without middleware.RequestID before it
    row("chi", &["go-chi"], "chi's logger, which tells no agent", &[
        r#"$date_time "$request" from $client_port - $status $size_with_unit in $took$rest"#,
        r#"$date_time [$_request_id] "$request" from $client_port - $status $size_with_unit in $took$rest"#,
    ]),
    // Behind another logger.
    timeless(row("chi.bare", &[], "chi's logger without a time, which tells no agent", &[
        r#""$request" from $client_port - $status $size_with_unit in $took"#,
    ])),
    // https://docs.aiohttp.org/en/stable/logging.html: `%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"`
    row("aiohttp", &[], "aiohttp's access log: combined without identity and user", &[
        r#"$remote_addr [$time_local] "$request" $status $size "$http_referer" "$http_user_agent"$rest"#,
    ]),
    // https://apisix.apache.org/docs/apisix/customize-nginx-configuration/: nginx_config.http.access_log_format
    row("apisix.text", &[], "Apache APISIX's access log, as text", &[
        r#"$remote_addr - $remote_user [$time_local] $host "$request" $status $size $seconds "$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$_url"$rest"#,
        r#"$remote_addr - $remote_user [$time_local] $host "$request" $status $size $seconds "$http_referer" "$http_user_agent"$rest"#,
    ]),
    // https://docs.couchdb.org/en/stable/config/logging.html, chttpd's lines
    row("couchdb", &[], "CouchDB's requests", &[
        r#"[$_level] $stamp $_node <$_process> $_nonce $host_port $remote_addr undefined $request_method $request_uri $status $_result $ms"#,
        r#"[$_level] $stamp $_node <$_process> $_nonce $host_port $remote_addr $remote_user $request_method $request_uri $status $_result $ms"#,
        // Before version 2, couch_httpd's.
        r#"[$stamp] [$_level] [<$_process>] $remote_addr - - $request_method $request_uri $status"#,
    ]),
    // https://zoraxy.aroz.org: mod/dynamicproxy/dpcore
    row("zoraxy", &[], "Zoraxy's requests", &[
        r#"[$stamp] [router:$_router] [origin:$host] [client: $remote_addr] [useragent: $http_user_agent] $request_method $request_uri $status$rest"#,
        r#"[$stamp] [router:$_router] [origin:$host] [client $remote_addr] [useragent $http_user_agent] $request_method $request_uri $status$rest"#,
        r#"[$stamp] [router:$_router] [origin:$host] [client $remote_addr] $request_method $request_uri $status$rest"#,
        r#"[$stamp] [router:$_router] [origin:$host] [client: $remote_addr] $request_method $request_uri $status$rest"#,
    ]),
    // https://docs.bunny.net/docs/cdn-log-format
    row("bunny", &["bunnycdn"], "bunny.net's CDN", &[
        r#"$_cache|$status|$msec|$size|$_zone|$remote_addr|$http_referer|$target|$_edge|$http_user_agent|$_request_id|$_country"#,
        r#"$_cache|$status|$msec|$size|$_zone|$remote_addr|$http_referer|$target|$_edge|$http_user_agent|$_request_id|$_country|$rest"#,
    ]),
    // https://jfrog.com/help/r/jfrog-platform-administration-documentation/request-logs
    row("jfrog.request", &["artifactory.request"], "JFrog Platform's request.log", &[
        r#"$stamp|$_trace|$remote_addr|$remote_user|$request_method|$target|$status|$_received|$size|$ms|$agent_to_end"#,
        // Artifactory's up to its version 6.
        r#"$stamp|$ms|REQUEST|$remote_addr|$remote_user|$request_method|$target|HTTP/$_version|$status|$size"#,
    ]),
    // https://www.alibabacloud.com/help/en/cdn/user-guide/download-offline-logs
    row("alibaba.cdn", &["aliyun.cdn"], "Alibaba Cloud's CDN, offline logs", &[
        r#"[$stamp] $remote_addr $_proxy $ms "$http_referer" "$request" $status $_received $size $_hit "$http_user_agent" "$_type"$rest"#,
    ]),
    // https://support.huaweicloud.com/intl/en-us/usermanual-cdn/cdn_01_0031.html
    row("huawei.cdn", &[], "Huawei Cloud's CDN, offline logs", &[
        r#"[$stamp] $remote_addr $ms "$http_referer" "$_protocol" "$request_method" "$host" "$target" $status $size $_hit "$http_user_agent" "$_range"$rest"#,
    ]),
    // https://docs.openstack.org/swift/latest/logs.html: proxy-logging, whose values are escaped as in URLs
    row("swift.proxy", &["openstack.swift"], "OpenStack Swift's proxy", &[
        r#"$remote_addr $_peer $_day $request_method $target HTTP/$_version $status $http_referer $escaped_agent $_token $_received $size $_etag $_transaction $_headers $seconds $_source $_info $_start $epoch $_policy$rest"#,
        r#"$remote_addr $_peer $_day $request_method $target HTTP/$_version $status $http_referer $escaped_agent $_token $_received $size $_etag $_transaction $_headers $seconds $_source $_info $_start $epoch"#,
        r#"proxy-server: $remote_addr $_peer $_day $request_method $target HTTP/$_version $status $http_referer $escaped_agent $_token $_received $size $_etag $_transaction $_headers $seconds $_source $_info $_start $epoch"#,
    ]),
    // https://cloud.google.com/storage/docs/access-logs, usage logs
    row("google.storage", &["gcs"], "Google Cloud Storage usage logs", &[
        r#""$epoch","$remote_addr",$_type,$_region,"$bare_method","$target","$status",$_received,"$size","$us","$host","$http_referer","$http_user_agent",$rest"#,
    ]),
    // https://docs.umbrella.com/umbrella-user-guide/docs/proxy-log-formats: of a client without an address of its own
    // network the outer one counts
    row("cisco.umbrella", &["umbrella"], "Cisco Umbrella's proxy logs (CSV)", &[
        // As its documentation has it.
        r#""$date_time","$_identity","$remote_addr","$_outer", "$_destination","$_type","$_verdict","$target","$http_referer","$http_user_agent","$status","$_received","$body_bytes_sent","$_body","$_hash","$_categories","$_found","$_unwanted","$_disposition","$_malware","$_score","$_kind","$_blocked","$_identities","$_kinds","$bare_method",$rest"#,
        r#""$date_time","$_identity","","$remote_addr","$_destination","$_type","$_verdict","$target","$http_referer","$http_user_agent","$status","$_received","$body_bytes_sent","$_body","$_hash","$_categories","$_found","$_unwanted","$_disposition","$_malware","$_score","$_kind","$_blocked","$_identities","$_kinds","$bare_method",$rest"#,
        r#""$date_time","$_identity","$remote_addr","$_outer","$_destination","$_type","$_verdict","$target","$http_referer","$http_user_agent","$status","$_received","$body_bytes_sent","$_body","$_hash","$_categories","$_found","$_unwanted","$_disposition","$_malware","$_score","$_kind","$_blocked","$_identities","$_kinds","$bare_method",$rest"#,
    ]),
    // https://campus.barracuda.com/product/webapplicationfirewall/doc/4259935: access logs as sent to syslog
    row("barracuda.waf", &["barracuda"], "Barracuda Web Application Firewall's access log", &[
        r#"<$_priority>$spaced_stamp$spaces$_unit TR $_address $_port $remote_addr $_client_port $_login $remote_user $request_method $_protocol $host $_version $status $size $_received $_cached $ms $_server $_server_port $_server_time $_session$spaces$_responder $_profile $_protected $_verdict $target $args $http_referer $_cookie "$http_user_agent"$rest"#,
        r#"$spaced_stamp$spaces$_unit TR $_address $_port $remote_addr $_client_port $_login $remote_user $request_method $_protocol $host $_version $status $size $_received $_cached $ms $_server $_server_port $_server_time $_session$spaces$_responder $_profile $_protected $_verdict $target $args $http_referer $_cookie "$http_user_agent"$rest"#,
    ]),
    // NetScaler's /var/log/httpaccess.log and httpaccess-vpn.log: Apache's, with the process before the request
    row("netscaler", &["citrix.netscaler", "citrix.adc"], "Citrix NetScaler's httpaccess.log", &[
        r#"$remote_addr -> $_address - $remote_user [$time_local] [$_process] "$request" $status $size "$http_referer" "$http_user_agent" "Time: $us microsecs"$rest"#,
        r#"$remote_addr - $remote_user [$time_local] [$_process] "$request" $status $size "$http_referer" "$http_user_agent" "Time: $us microsecs"$rest"#,
    ]),
    // https://confluence.atlassian.com/doc/audit-confluence-using-the-tomcat-valve-component-223216846.html:
    // "%t %{X-AUSERNAME}o %I %h %r %s %Dms %b %{Referer}i %{User-Agent}i", since 7.11 with X-Forwarded-For before the user
    row("confluence", &[], "Confluence's access log", &[
        r#"[$time_local] $remote_user http$_thread $remote_addr $request_method $target HTTP/$_version $status $took $size $http_referer $agent_to_end"#,
        r#"[$time_local] $http_x_forwarded_for $remote_user http$_thread $remote_addr $request_method $target HTTP/$_version $status $took $size $http_referer $agent_to_end"#,
    ]),
    // https://docs.gandi.net: the stamp is followed by what the request took
    row("gandi", &[], "Gandi's web hosting", &[
        r#"$host $remote_addr $_ident $remote_user [$time_local] ($seconds s) "$request" $status $size "$http_referer" "$http_user_agent"$rest"#,
    ]),
    // httpd's ssl.conf: CustomLog ssl_request_log "%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%r\" %b"
    row("apache.ssl_request", &[], "Apache's ssl_request_log, which tells no status", &[
        r#"[$time_local] $remote_addr $_protocol $_cipher "$request" $size"#,
    ]),
    // https://github.com/encode/uvicorn: uvicorn/logging.py
    timeless(row("uvicorn", &[], "uvicorn's access log, which tells no time and no agent", &[
        r#"INFO:     $client_port - "$request" $status$rest"#,
        r#"INFO: $client_port - "$request" $status$rest"#,
        r#"$log_stamp INFO:     $client_port - "$request" $status$rest"#,
        r#"$log_stamp - uvicorn.access - INFO - $client_port - "$request" $status$rest"#,
        r#"$log_stamp INFO $client_port - "$request" $status$rest"#,
        // Without a formatter of uvicorn's, as gunicorn's and Django's workers write them.
        r#"$client_port - "$request" $status $phrase"#,
        r#"$client_port - "$request" $status"#,
        // https://github.com/mealie-recipes/mealie: mealie/core/logger
        r#"INFO     $stamp - [$client_port] $status $phrase "$request""#,
        // https://gitlab.com/baserow/baserow: its all-in-one image names the service before each line
        r#" [$_service][$stamp] $client_port - "$request" $status$rest"#,
        r#"[$_service][$stamp] $client_port - "$request" $status$rest"#,
    ])),
    // https://pytorch.org/serve/logging.html: access logs, the last number is milliseconds
    row("torchserve", &[], "TorchServe's requests, which tell no agent", &[
        r#"$log_stamp [$_level] $_worker ACCESS_LOG - /$client_port "$request" $status $ms"#,
        r#"$stamp [$_level] $_worker ACCESS_LOG - /$client_port "$request" $status $ms"#,
        r#"$log_stamp - /$client_port "$request" $status $ms"#,
        r#"$stamp - /$client_port "$request" $status $ms"#,
    ]),
    // https://github.com/Alinto/sope: WOHttpTransaction.m of sope-appserver (size of the answer/of the request, seconds)
    timeless(row("sogo", &[], "SOGo's requests, which tell no agent", &[
        r#"$remote_addr - - [$stamp] "$request" $status $size/$_received $seconds$rest"#,
        r#"$remote_addr - $remote_user [$stamp] "$request" $status $size/$_received $seconds$rest"#,
        r#"$remote_addr "$request" $status $size/$_received $seconds$rest"#,
    ])),
    // https://docs.wordops.net, https://easyengine.io: the log_format rt_cache of their nginx
    row("rt_cache", &["easyengine", "wordops"], "EasyEngine's and WordOps' nginx", &[
        r#"$remote_addr $upstream_seconds $cache_status [$time_local] $host "$request" $status $size "$http_referer" "$http_user_agent"$rest"#,
    ]),
    // https://github.com/django/django: core/servers/basehttp.py and utils/log.py, with the line of its own logger or
    // of another; Daphne's, where it serves in its place (https://github.com/django/daphne: management/commands/runserver.py)
    timeless(row("django", &["daphne.runserver"], "Django's development server, which tells no client and no agent", &[
        r#"[$day_time] "$request" $status $size"#,
        r#"[$day_time]"$request" $status $size"#,
        // Of its older versions, and of programs that tell the time of day alone.
        r#"[$time_of_day] "$request" $status $size"#,
        r#""$bare_method $target HTTP/$_version" $status $size"#,
        r#"[$date_time] HTTP $request_method $target $status [$seconds, $client_port]"#,
        r#"HTTP $request_method $target $status [$seconds, $client_port]"#,
    ])),
    // https://docs.rs/actix-web: middleware::Logger, `%a "%r" %s %b "%{Referer}i" "%{User-Agent}i" %T`; the line before
    // it is the logger's
    timeless(row("actix", &["actix-web"], "actix-web's requests", &[
        r#"$client_port "$request" $status $size "$http_referer" "$http_user_agent" $seconds"#,
        // Other formats that its users give it.
        r#"$client_port "$request" $status $size "$http_user_agent" $seconds"#,
        r#"$client_port "$request" $status $size "#,
        r#"$client_port "$request" $status $size"#,
    ])),
    // https://webpy.org: web/httpserver.py, LogMiddleware
    row("web.py", &["webpy"], "web.py's requests, which tell no agent", &[
        r#"$client_port - - [$stamp] "HTTP/$_version $bare_method $target" - $status $phrase"#,
    ]),
    // https://docs.rs/tower-http: trace, as tracing's subscriber prints it
    row("tower_http", &["tower-http", "axum"], "tower-http's answers, which tell no client and no agent", &[
        r#"$stamp$spaces$_level request{method=$request_method uri=$target version=$_version}: tower_http::trace::on_response: finished processing request latency=$ms ms status=$status"#,
        r#"$stamp$spaces$_level request{method=$request_method uri=$target}: tower_http::trace::on_response: finished processing request latency=$ms ms status=$status"#,
        r#"$stamp$spaces$_level request{method=$request_method path="$target"}: tower_http::trace::on_response: finished processing request latency=$ms ms status=$status"#,
    ]),
    // https://www.php.net/manual/en/features.commandline.webserver.php, https://github.com/php/php-src: sapi/cli/php_cli_server.c
    row("php.server", &["php.builtin"], "PHP's built-in web server, which tells no agent", &[
        r#"[$stamp] $client_port [$status]: $bare_method $target"#,
        r#"[$stamp] $client_port [$status]: $target"#,
    ]),
    timeless(row("php.server.timeless", &[], "PHP's built-in web server with the time of day alone", &[
        r#"[$time_of_day] $client_port [$status]: $bare_method $target"#,
    ])),
    // https://www.php.net/manual/en/install.fpm.configuration.php#access-format: "%R - %u %t \"%m %r\" %s"
    row("php.fpm", &["php-fpm"], "PHP-FPM's access log, which tells no agent", &[
        r#"$remote_addr - $remote_user $time_local "$request" $status"#,
        r#"[php-fpm:access] $remote_addr - $remote_user $time_local "$request" $status$rest"#,
    ]),
    // https://github.com/go-gitea/gitea: modules/web/routing/logger.go; Forgejo's is the same
    row("gitea", &["forgejo", "gitea.router"], "Gitea's and Forgejo's router, which tells no agent", &[
        r#"$date_time $_where [$_level] router: completed $request_method $target for $client_port, $status $_phrase in $took @ $rest"#,
        r#"$date_time $_where [$_level] router: completed $request_method $target for $client_port, $status $_phrase in $took"#,
    ]),
    // Behind another logger.
    timeless(row("gitea.bare", &[], "Gitea's and Forgejo's router without a time", &[
        r#"router: completed $request_method $target for $client_port, $status $_phrase in $took @ $rest"#,
        r#"router: completed $request_method $target for $client_port, $status $_phrase in $took"#,
    ])),
    // https://element-hq.github.io/synapse/latest/usage/administration/request_log.html
    row("synapse", &["matrix.synapse"], "Synapse's request log", &[
        r#"$log_stamp - synapse.access.$_site - $_line - $_level - $_id- $remote_addr - $_port - {$remote_user} Processed request: $_times ($_cpu) ($_db) $size_with_unit $status "$request" "$http_user_agent" [$rest"#,
        // Whose connection was gone before the answer was sent.
        r#"$log_stamp - synapse.access.$_site - $_line - $_level - $_id- $remote_addr - $_port - {$remote_user} Processed request: $_times ($_cpu) ($_db) $size_with_unit !$status "$request" "$http_user_agent" [$rest"#,
    ]),
    // https://github.com/serilog/serilog-aspnetcore: UseSerilogRequestLogging, on a console
    timeless(row("serilog", &[], "Serilog's requests of ASP.NET Core, which tell no client and no agent", &[
        r#"[$_clock $_level] HTTP $bare_method $target responded $status in $ms ms"#,
        r#"$zoned_stamp [$_level] HTTP $bare_method $target responded $status in $ms ms"#,
        r#"HTTP $bare_method $target responded $status in $ms ms"#,
        r#"HTTP $bare_method $target responded $status in ${ms}ms"#,
        // With the event's properties behind.
        r#"$zoned_stamp [$_level] HTTP $bare_method $target responded $status in $ms ms $rest"#,
        r#"[$_clock $_level] HTTP $bare_method $target responded $status in $ms ms $rest"#,
    ])),
    // https://github.com/ggml-org/llama.cpp: tools/server, log_server_request
    timeless(row("llama.cpp", &[], "llama.cpp's server, which tells no agent", &[
        r#"srv  log_server_r: request: $request_method $target $remote_addr $status"#,
        r#"request: $request_method $target $remote_addr $status"#,
    ])),
    // https://www.tornadoweb.org/en/stable/log.html: LogFormatter and Application.log_request; Jupyter's, with a user
    timeless(row("tornado", &["jupyter"], "Tornado's and Jupyter's requests, which tell no agent", &[
        r#"[$_level $short_stamp $_module] $status $request_method $target ($remote_addr) $took$rest"#,
        r#"[$_level $point_stamp $_module] $status $request_method $target ($user_in_parentheses@$remote_addr) $took$rest"#,
        r#"[$_level $point_stamp $_module] $status $request_method $target ($remote_addr) $took$rest"#,
        // Jupyter's, before it told the day.
        r#"[$_level $_clock $_module] $status $request_method $target ($remote_addr) $took$rest"#,
        // Behind another logger.
        r#"$status $request_method $target ($user_in_parentheses@$remote_addr) $took"#,
        r#"$status $request_method $target ($remote_addr) $took"#,
    ])),
    // https://docs.gofiber.io/api/middleware/logger: `[${time}] ...` of older versions, and `${time} | ...`, which tells
    // the time of day alone
    timeless(row("fiber", &[], "Fiber's logger, which tells no agent and by default no day", &[
        r#"$word_stamp |$spaces$status |$spaces$took |$spaces$remote_addr |$spaces$bare_method$spaces|$spaces$target$spaces|$rest"#,
        r#"$word_stamp |$spaces$status |$spaces$took |$spaces$remote_addr |$spaces$bare_method$spaces|$spaces$target"#,
        r#"$point_stamp |$spaces$status |$spaces$took |$spaces$remote_addr |$spaces$bare_method$spaces|$spaces$target$spaces|$rest"#,
        r#"$point_stamp |$spaces$status |$spaces$took |$spaces$remote_addr |$spaces$bare_method$spaces|$spaces$target"#,
    ])),
    // https://github.com/urfave/negroni: logger.go
    row("negroni", &[], "Negroni's logger, which tells no client", &[
        r#"[negroni] $stamp | $status |$spaces$took | $host_port | $bare_method $target"#,
    ]),
    // https://github.com/beego/beego: server/web/router.go
    row("beego", &[], "Beego's requests, which tell no agent", &[
        r#"$point_stamp [$_level] [$_file]$spaces|$spaces$remote_addr| $status |$spaces$took|$spaces$_match| $bare_method$spaces$target$rest"#,
        r#"$date_time [$_level] [$_file]$spaces|$spaces$remote_addr| $status |$spaces$took|$spaces$_match| $bare_method$spaces$target$rest"#,
    ]),
    // https://sanic.dev/en/guide/best-practices/logging.html
    row("sanic", &[], "Sanic's access log, which tells no agent", &[
        r#"[$stamp] - (sanic.access)[$_level][$client_port]: $bare_method $target$spaces$status $size$rest"#,
        r#"[$stamp] - (sanic.access)[$_level]: $bare_method $target$spaces$status $size$rest"#,
    ]),
    // https://github.com/emmett-framework/granian: --access-log-fmt
    row("granian", &[], "Granian's access log, which tells no agent", &[
        r#"[$stamp] $remote_addr - "$request" $status $ms"#,
    ]),
    // https://docs.openstack.org/oslo.service: eventlet's WSGI server, behind the logger of oslo.log
    timeless(row("openstack", &["eventlet.wsgi"], "requests of OpenStack's services, as eventlet writes them", &[
        r#"$remote_addr "$request" status: $status${spaces}len: $size time: $seconds$rest"#,
    ])),
    // https://github.com/strapi/strapi: the logger middleware
    row("strapi", &[], "Strapi's requests, which tell no client", &[
        r#"[$stamp] http: $bare_method $target ($ms ms) $status"#,
    ]),
    // https://github.com/koajs/logger, with or without a time before it
    timeless(row("koa", &["koa-logger"], "koa-logger's answers, which tell no client", &[
        r#"[$stamp] --> $bare_method $target $status $took$rest"#,
        r#"--> $bare_method $target $status $took $size_with_unit"#,
        r#"--> $bare_method $target $status $took"#,
    ])),
    // https://ktor.io/docs/server-call-logging.html, behind its logger
    timeless(row("ktor", &[], "Ktor's call logging, which tells no client", &[
        r#"$status $phrase: $bare_method - $target in $took"#,
        r#"$status $phrase: $bare_method - $target"#,
    ])),
    // https://learn.microsoft.com/en-us/aspnet/core/fundamentals/http-logging: Microsoft.AspNetCore.Hosting.Diagnostics
    timeless(row("aspnetcore", &[], "ASP.NET Core's `Request finished`, which tells no client", &[
        r#"Request finished HTTP/$_version $bare_method $target - $status $size $_type $took"#,
        r#"Request finished HTTP/$_version $bare_method $target - $status $_type $took"#,
    ])),
    // https://github.com/verdaccio/verdaccio: packages/logger
    timeless(row("verdaccio", &[], "Verdaccio's answers", &[
        r#"http <-- $status, user: $_user($remote_addr), req: '$request_method $target', bytes: $_received/$size"#,
        r#"http <-- $status, user: $_user, req: '$request_method $target', bytes: $_received/$size"#,
    ])),
    // https://github.com/zulip/zulip: zerver/middleware.py
    row("zulip", &[], "Zulip's requests", &[
        r#"$point_stamp $_level$spaces[$_logger] $remote_addr$spaces$bare_method$spaces$status$spaces$took (db: $_db) (+start: $_start) $target ($_who)"#,
        r#"$point_stamp $_level$spaces[$_logger] $remote_addr$spaces$bare_method$spaces$status$spaces$took (db: $_db) $target ($_who)"#,
        r#"$point_stamp $_level$spaces[$_logger] $remote_addr$spaces$bare_method$spaces$status$spaces$took $target ($_who)"#,
    ]),
    // https://hapi.dev/module/good-console/: with the tags in brackets
    row("hapi", &["good-console"], "hapi's good-console, which tells no client", &[
        r#"$stamp, [$_tags], $_scheme://$_server: $request_method $target {$_query} $status ($took)"#,
        r#"$stamp, ($_id) [$_tags] $_scheme://$_server: $request_method $target {$_query} $status ($took)"#,
        r#"$stamp, [$_tags] $_scheme://$_server: $request_method $target {$_query} $status ($took)"#,
    ]),
    // https://confluence.atlassian.com/bitbucketserver/how-to-read-the-bitbucket-data-center-log-file-formats-779171657.html:
    // what goes out; what comes in has no answer yet
    row("bitbucket", &["atlassian.bitbucket", "stash"], "Bitbucket Data Center's access log", &[
        r#"$remote_addr | $scheme | o$_request_id | $remote_user | $log_stamp | "$request" | "$http_referer" "$http_user_agent" | $status | $_received | $size | $_labels | $ms |$rest"#,
    ]),
    // https://github.com/cloudflare/workers-sdk: packages/miniflare, logRequest
    timeless(row("wrangler", &["miniflare"], "Cloudflare's wrangler in development, which tells no client", &[
        r#"[wrangler:$_level] $bare_method $target $status $phrase ($took)"#,
        r#"[mf:$_level] $bare_method $target $status $phrase ($took)"#,
    ])),
    // Logs of exercises and of programs that write by hand.
    row("plain", &[], "client, method, target, status and size in plain words, with a time", &[
        r#"$stamp $remote_addr $bare_method $target $status $size"#,
        r#"$remote_addr - $remote_user [$stamp] $bare_method $target $status $size"#,
        r#"[$stamp] $remote_addr "$bare_method $target" $status $size"#,
    ]),
    timeless(row("plain.timeless", &[], "client, method, target, status and size in plain words, without a time", &[
        r#"$remote_addr $bare_method $target $status $size"#,
    ])),
    // https://github.com/expressjs/morgan: `short`, `tiny`, `dev`
    timeless(row("morgan", &["morgan.short", "morgan.tiny", "morgan.dev"], "morgan's short, tiny and dev, which tell no time", &[
        r#"$remote_addr $remote_user $bare_request $status $size - $ms ms"#,
        r#"$bare_method $target $status $size - $ms ms"#,
        r#"$bare_method $target $status $ms ms - $size"#,
        r#"$bare_method $target $status $ms ms"#,
        r#"$bare_method $target $status ${ms}ms"#,
    ])),
];
