//! What to put into a server's configuration so that the next denial states its cause, by the format
//! that its log has now.
//!
//! Sources: `ngx_http_log_module` and the modules whose variables are used, `mod_log_config`, HAProxy's
//! configuration manual (8.2.6, 7.3.6: `last_rule_file`, `last_rule_line`), Envoy's access log operators,
//! Caddy's `log_append`. Every line is read back by this program.

/// Lines for one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paste {
    /// Whose configuration.
    pub server: &'static str,
    /// What to paste.
    pub text: &'static str,
}

const NGINX: Paste = Paste {
    server: "nginx",
    text: "log_format explained '$remote_addr - $remote_user [$time_local] \"$request\" $status \
           $body_bytes_sent \"$http_referer\" \"$http_user_agent\" rt=$request_time us=\"$upstream_status\" \
           limit_req_status=$limit_req_status limit_conn_status=$limit_conn_status \
           request_id=$request_id';",
};

const APACHE: Paste = Paste {
    server: "Apache",
    text: "LogFormat \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\" \
           duration_us=%D log_id=%L unique_id=%{UNIQUE_ID}e handler=\\\"%R\\\"\" explained",
};

const HAPROXY: Paste = Paste {
    server: "HAProxy",
    text: "log-format \"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
           %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[last_rule_file]:%[last_rule_line]\"",
};

const ENVOY: Paste = Paste {
    server: "Envoy",
    text: "json_format: {start_time: \"%START_TIME%\", method: \"%REQ(:METHOD)%\", path: \
           \"%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%\", response_code: \"%RESPONSE_CODE%\", response_flags: \
           \"%RESPONSE_FLAGS%\", response_code_details: \"%RESPONSE_CODE_DETAILS%\", bytes_sent: \
           \"%BYTES_SENT%\", duration: \"%DURATION%\", x_forwarded_for: \"%REQ(X-FORWARDED-FOR)%\", \
           user_agent: \"%REQ(USER-AGENT)%\", authority: \"%REQ(:AUTHORITY)%\", upstream_host: \
           \"%UPSTREAM_HOST%\", downstream_remote_address: \"%DOWNSTREAM_REMOTE_ADDRESS%\", request_id: \
           \"%REQ(X-REQUEST-ID)%\"}",
};

const CADDY: Paste = Paste {
    server: "Caddy (2.8)",
    text: "log_append upstream_status {http.reverse_proxy.status_code}",
};

/// The lines for a log that is read as `name`: those of its server, or of the servers that write so.
pub fn pastes(name: &str) -> &'static [Paste] {
    match name.split('.').next().unwrap_or_default() {
        "ncsa" => &[NGINX, APACHE],
        "nginx" | "nginx_proxy_manager" => &[NGINX],
        "apache" => &[APACHE],
        "haproxy" => &[HAPROXY],
        "envoy" | "istio" => &[ENVOY],
        "caddy" => &[CADDY],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::explain::explain_template;

    #[test]
    fn the_strings_compile_and_lack_nothing_that_can_be_had() {
        for paste in [NGINX, APACHE, HAPROXY] {
            let explained = explain_template(paste.text).unwrap();
            let told = |field: &str| explained.variables.iter().any(|v| v.field == Some(field));
            assert!(
                told("time") && told("status") && told("ip"),
                "{}",
                paste.server
            );
        }
        assert!(pastes("ncsa.combined").len() == 2 && pastes("squid").is_empty());
    }
}
