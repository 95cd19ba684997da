//! What a format string tells: each variable with its field, and what to add so that the next denial states
//! its cause.
//!
//! Sources: `ngx_http_limit_req_module`, `ngx_http_limit_conn_module`, `ngx_http_upstream_module`,
//! `ngx_http_secure_link_module` and `ngx_http_referer_module` of the nginx documentation;
//! `mod_log_config` and `mod_unique_id` of Apache's.

use crate::format::FormatError;
use crate::format::role::Role;
pub use crate::format::template::Server;
use crate::format::template::{Dialect, Template};

/// A format string, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedTemplate {
    /// Whose it is.
    pub server: Server,
    /// Its variables, in their order.
    pub variables: Vec<Variable>,
    /// Which two of them lines do not always tell apart.
    pub ambiguity: Option<String>,
    /// What to add.
    pub additions: Vec<Addition>,
    /// The directive with what every server of today knows of that, where there is something.
    pub suggestion: Option<String>,
    /// Whether it tells credentials apart, by a key or a token of its own.
    pub tells_credential: bool,
}

/// A variable of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// As it is written.
    pub source: String,
    /// The field that it becomes; none where it is passed over.
    pub field: Option<&'static str>,
    /// The variable that is believed before it, where several tell the same.
    pub behind: Option<String>,
}

/// A variable that would tell more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addition {
    /// As it is written.
    pub variable: &'static str,
    /// The name to log it under.
    name: &'static str,
    /// What it tells of a denial.
    pub why: &'static str,
    /// Variables that tell as much.
    instead: &'static [&'static str],
    /// A server refuses it unless a module is there; so it is not suggested unasked.
    needs_module: bool,
}

const fn addition(
    variable: &'static str,
    name: &'static str,
    why: &'static str,
    instead: &'static [&'static str],
) -> Addition {
    Addition {
        variable,
        name,
        why,
        instead,
        needs_module: false,
    }
}

const HAPROXY: &[Addition] = &[addition(
    "%[last_rule_file]:%[last_rule_line]",
    "last_rule",
    "the rule that denied; with --haproxy-conf its condition states the cause (HAProxy 2.6)",
    &["%[last_rule_line]"],
)];

const fn of_module(addition: Addition) -> Addition {
    Addition {
        needs_module: true,
        ..addition
    }
}

const NGINX: &[Addition] = &[
    addition(
        "$limit_req_status",
        "limit_req_status",
        "REJECTED states that limit_req denied: the cause is certain (nginx 1.17.6)",
        &[],
    ),
    addition(
        "$limit_conn_status",
        "limit_conn_status",
        "REJECTED states that limit_conn denied: the cause is certain (nginx 1.17.6)",
        &[],
    ),
    addition(
        "$upstream_status",
        "upstream_status",
        "403: the application denied; nothing: nginx did, by a rule of its own",
        &[],
    ),
    addition(
        "$request_time",
        "request_time",
        "how long it took: limits on requests in flight, and who waits",
        &["$upstream_response_time"],
    ),
    addition(
        "$request_id",
        "request_id",
        "finds the line of the application and of the firewall for this request",
        &[],
    ),
    addition(
        "$http_user_agent",
        "agent",
        "lists of agents; who is denied",
        &[],
    ),
    addition(
        "$http_referer",
        "referer",
        "hotlinks, and from where a browser came",
        &[],
    ),
    of_module(addition(
        "$secure_link",
        "secure_link",
        "where secure_link is used: 0 states that a signed link had expired",
        &[],
    )),
    of_module(addition(
        "$invalid_referer",
        "invalid_referer",
        "where valid_referers is used: 1 states that it refused the referer",
        &[],
    )),
];

const APACHE: &[Addition] = &[
    addition(
        "%L",
        "log_id",
        "id of the error log's entry for this request, which names the cause; put [R:%L] into \
         ErrorLogFormat too",
        &[],
    ),
    addition(
        "%{UNIQUE_ID}e",
        "unique_id",
        "finds the entry in ModSecurity's audit log (needs mod_unique_id)",
        &[],
    ),
    addition(
        "%R",
        "handler",
        "proxy-server: the application denied; else Apache did",
        &[],
    ),
    addition(
        "%D",
        "duration_us",
        "how long it took: limits on requests in flight, and who waits",
        &["%T", "%{ms}T", "%{us}T"],
    ),
    addition(
        "%{User-Agent}i",
        "agent",
        "lists of agents; who is denied",
        &["%{User-agent}i"],
    ),
    addition(
        "%{Referer}i",
        "referer",
        "hotlinks, and from where a browser came",
        &["%{referer}i"],
    ),
];

/// Whether `--log-format` was given a format string, not a name.
pub fn is_template(text: &str) -> bool {
    text.contains(['$', '%'])
}

/// Explains a format string of nginx, Apache or HAProxy.
///
/// # Errors
/// [`FormatError::Template`] with the column where it goes wrong.
pub fn explain_template(text: &str) -> Result<ExplainedTemplate, FormatError> {
    let dialect = Dialect::of(text);
    let template = Template::new(text)?;
    let told = dialect.variables()?;
    let variables: Vec<Variable> = told
        .iter()
        .map(|(source, role)| Variable {
            source: source.clone(),
            field: role.map(|(role, _)| role.field()),
            behind: role.and_then(|(role, rank)| believed_before(&told, role, rank)),
        })
        .collect();
    let known = match dialect.server {
        Server::Nginx => NGINX,
        Server::Apache => APACHE,
        Server::Haproxy => HAPROXY,
    };
    let told = |variable: &str| told.iter().any(|(source, _)| source == variable);
    let additions: Vec<Addition> = known
        .iter()
        .filter(|addition| !told(addition.variable) && !addition.instead.iter().any(|v| told(v)))
        .copied()
        .collect();
    let general: Vec<Addition> = additions
        .iter()
        .filter(|a| !a.needs_module)
        .copied()
        .collect();
    let suggestion = (!general.is_empty()).then(|| suggestion(&dialect, &general));
    let is_token = |variable: &Variable| variable.field == Some(Role::Token.field());
    Ok(ExplainedTemplate {
        tells_credential: variables.iter().any(is_token),
        server: dialect.server,
        variables,
        ambiguity: template.ambiguity().map(str::to_owned),
        additions,
        suggestion,
    })
}

/// The variable that is believed before one of the same meaning and this rank.
fn believed_before(told: &[(String, Option<(Role, u8)>)], role: Role, rank: u8) -> Option<String> {
    // A rejection by either of two limits counts, and addresses of proxies are kept beside.
    if role == Role::LimitStatus {
        return None;
    }
    let same = told.iter().filter_map(|(source, other)| {
        let (other, other_rank) = (*other)?;
        (other.field() == role.field() && other_rank < rank).then_some((other_rank, source))
    });
    same.min().map(|(_, source)| source.clone())
}

/// The directive with everything that is to be added, under names that are known without it too.
fn suggestion(dialect: &Dialect, additions: &[Addition]) -> String {
    let format = dialect.format.trim_end();
    let is_nginx = dialect.server == Server::Nginx;
    if let Some(object) = format.strip_suffix('}').filter(|_| is_nginx) {
        let members: String = additions
            .iter()
            .map(|a| format!(",\"{}\":\"{}\"", a.name, a.variable))
            .collect();
        return format!("log_format explained escape=json '{object}{members}}}';");
    }
    let fields: String = additions
        .iter()
        .map(|a| format!(" {}=\"{}\"", a.name, a.variable))
        .collect();
    if is_nginx {
        let escape = match dialect.escape.as_str() {
            "" => String::new(),
            escape => format!("escape={escape} "),
        };
        return format!("log_format explained {escape}'{format}{fields}';");
    }
    if dialect.server == Server::Haproxy {
        let added: String = additions
            .iter()
            .map(|addition| format!(" {}", addition.variable))
            .collect();
        // In single quotes nothing but they themselves ends the string.
        return format!("log-format '{format}{added}'");
    }
    let quoted = format!("{format}{fields}").replace('"', "\\\"");
    format!("LogFormat \"{quoted}\" explained")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
    const APACHE: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;

    fn field(explained: &ExplainedTemplate, source: &str) -> Option<&'static str> {
        let found = explained.variables.iter().find(|v| v.source == source);
        found.unwrap_or_else(|| panic!("{source}")).field
    }

    #[test]
    fn variables_have_their_fields() {
        let explained = explain_template(COMBINED).unwrap();
        assert_eq!(explained.server, Server::Nginx);
        assert_eq!(field(&explained, "$remote_addr"), Some("ip"));
        assert_eq!(field(&explained, "$request"), Some("method, path, query"));
        let explained = explain_template(APACHE).unwrap();
        assert_eq!(explained.server, Server::Apache);
        assert_eq!(field(&explained, "%l"), None);
        assert_eq!(field(&explained, "%>s"), Some("status"));
    }

    #[test]
    fn the_better_of_two_is_named() {
        let explained =
            explain_template("$time_local|$msec|$remote_addr|$http_x_real_ip|$status").unwrap();
        let behind: Vec<_> = explained
            .variables
            .iter()
            .map(|v| v.behind.as_deref())
            .collect();
        let expected = [Some("$msec"), None, None, Some("$remote_addr"), None];
        assert_eq!(behind, expected);
    }

    #[test]
    fn what_is_there_is_not_asked_for() {
        let explained = explain_template(COMBINED).unwrap();
        let has = |variable: &str| explained.additions.iter().any(|a| a.variable == variable);
        assert!(has("$limit_req_status") && has("$upstream_status") && has("$request_id"));
        assert!(!has("$http_user_agent") && !explained.tells_credential);
    }

    #[test]
    fn suggestions_need_no_module() {
        let suggestion = explain_template(COMBINED).unwrap().suggestion.unwrap();
        assert!(!suggestion.contains("$secure_link") && suggestion.contains("$request_id"));
    }

    #[test]
    fn suggestions_are_formats_and_leave_nothing_to_suggest() {
        let json =
            r#"log_format j escape=json '{"t":"$time_iso8601","a":"$remote_addr","s":$status}';"#;
        for template in [COMBINED, APACHE, json, "%a %t %s"] {
            let suggestion = explain_template(template).unwrap().suggestion.unwrap();
            let again =
                explain_template(&suggestion).unwrap_or_else(|e| panic!("{suggestion}\n{e}"));
            assert_eq!(again.suggestion, None, "{suggestion}");
        }
    }

    #[test]
    fn a_suggested_line_is_read_without_the_string() {
        use crate::format::{Line, Visitor, detect};
        use crate::record::{Record, Reject};
        use crate::stated::Stated;
        #[derive(Default)]
        struct Last(Option<Stated>, [Vec<u8>; 3]);
        impl Visitor for Last {
            fn record(&mut self, _: Line<'_>, record: &Record<'_>, _: usize) {
                let told = [&record.user_agent, &record.referer, &record.id];
                *self = Last(record.stated, told.map(|field| field.to_vec()));
            }
            fn skipped(&mut self, _: Line<'_>, _: Reject) {}
        }
        let line = b"192.0.2.1 - - [10/Mar/2026:09:43:00 +0100] \"GET / HTTP/1.1\" 403 153 \"-\" \"curl\" limit_req_status=\"REJECTED\" limit_conn_status=\"-\" upstream_status=\"-\" request_time=\"0.000\" request_id=\"aa\" secure_link=\"-\" invalid_referer=\"-\"\n";
        let detected = detect(line, &Default::default()).unwrap();
        let mut last = Last::default();
        detected.visit(line, &mut last);
        assert_eq!(last.0, Stated::named(b"limit_status"));
        let line = b"192.0.2.1 - - [10/Mar/2026:09:43:00 +0100] \"GET / HTTP/1.1\" 403 153 log_id=\"awwC1\" unique_id=\"-\" handler=\"-\" duration_us=\"46\" agent=\"curl 8\" referer=\"http://a/\"\n";
        let detected = detect(line, &Default::default()).unwrap();
        detected.visit(line, &mut last);
        assert_eq!(
            last.1,
            ["curl 8", "http://a/", "awwC1"].map(|text| text.as_bytes().to_vec())
        );
    }

    #[test]
    fn what_cannot_be_compiled_points_at_the_place() {
        let error = explain_template("$remote_addr $status").unwrap_err();
        assert!(
            matches!(error, FormatError::Template { column: 20, .. }),
            "{error}"
        );
    }
}
