//! lighttpd: conditions over parts of a request around `url.access-deny`, and what its file system denies.
//!
//! A block that denies also sets a response header, which lighttpd logs on its own error pages too.
//! It has no limit of requests, and 1.4.69 has no mod_evasive any more, so none of connections either.
//! Sources: <https://redmine.lighttpd.net/projects/lighttpd/wiki/Docs_ConfigurationOptions>, `Docs_ModAccess`.

use super::{ERROR_LOG, RAW_LOG, Server, Site, Stated, TAIL, is_root, lines_with, write};
use crate::labels::Label;
use crate::scenario::{Denial, LogFormat, cause_named};
use forbid_logs::findings::{Cause, Condition, Operator};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command};

pub struct Lighttpd;

/// What a block denies by.
const DENIED: &str = r#"url.access-deny = ("")"#;

impl Server for Lighttpd {
    fn configuration(&self) -> &'static str {
        "lighttpd.conf"
    }

    /// It opens its logs after it has dropped its rights.
    fn prepare(&self, site: &Site<'_>) -> io::Result<()> {
        for log in [RAW_LOG, ERROR_LOG] {
            write(&site.path(log), "")?;
            fs::set_permissions(site.path(log), Permissions::from_mode(0o666))?;
        }
        write(&site.path("www/files/report.txt"), "a report\n")?;
        write(&site.path("www/private/notes.txt"), "for all\n")?;
        for name in ["ledger.txt", "payroll.csv", "contracts.txt"] {
            let secret = site.path(&format!("www/private/{name}"));
            write(&secret, "not for the server\n")?;
            fs::set_permissions(secret, Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    fn configured(&self, site: &Site<'_>, policies: &[&Denial]) -> String {
        let blocks: String = policies.iter().map(|denial| block(denial)).collect();
        let user = match is_root() {
            true => "server.username = \"www-data\"\nserver.groupname = \"www-data\"\n",
            false => "",
        };
        let (directory, port) = (site.directory.display(), site.port);
        let (upstream, upstream_port) = (site.upstream.ip(), site.upstream.port());
        let application = site.application.map_or_else(String::new, |at| {
            format!(
                "$HTTP[\"url\"] =~ \"^/app/\" {{ proxy.server = (\"\" => ((\"host\" => \"{}\", \"port\" => {}))) }}\n",
                at.ip(),
                at.port()
            )
        });
        let format = log_format(site.scenario.format);
        let hidden = denying(Cause::RouteAcl, DENIED);
        format!(
            r#"server.modules = ("mod_accesslog", "mod_extforward", "mod_setenv", "mod_access", "mod_proxy")
server.document-root = "{directory}/www"
server.bind = "127.0.0.1"
server.port = {port}
server.listen-backlog = 4096
server.max-fds = 4096
server.max-keep-alive-requests = 60000
server.max-keep-alive-idle = 36000
server.max-read-idle = 36000
server.max-write-idle = 36000
server.errorlog = "{directory}/{ERROR_LOG}"
{user}accesslog.filename = "{directory}/{RAW_LOG}"
accesslog.format = "{format}"
extforward.forwarder = ("127.0.0.1" => "trust")
extforward.headers = ("X-Forwarded-For")
mimetype.assign = ("" => "application/octet-stream")
index-file.names = ("index.html")

{blocks}$HTTP["url"] =~ "(/\.(?!well-known)|~$|\.inc$)" {{ {hidden} }}
$HTTP["url"] !~ "^/(files|private)/" {{
  proxy.server = ("" => (("host" => "{upstream}", "port" => {upstream_port},
    "connect-timeout" => 3600, "read-timeout" => 36000, "write-timeout" => 36000, "disable-time" => 0)))
}}
{application}"#
        )
    }

    fn command(&self, site: &Site<'_>) -> Command {
        let mut command = Command::new("lighttpd");
        command
            .args(["-D", "-f"])
            .arg(site.path(self.configuration()));
        command
    }

    /// It restarts within its process once what is under way has ended.
    fn reload(&self, _site: &Site<'_>, child: &Child) -> io::Result<()> {
        super::signal(child, "USR1")
    }

    fn finish(&self, line: &str, site: &Site<'_>) -> String {
        site.without_port(line)
    }

    /// The fields are the cause that the block set, and `file` where files are guarded.
    fn cause(&self, fields: &[&str]) -> Option<Cause> {
        let cause = fields.first()?;
        (*cause != "-").then(|| cause_named(cause))
    }

    fn stated(&self, error_log: &str, labels: &[Label]) -> Vec<Stated> {
        let by_file = |label: &&Label| label.status == 403 && label.fields[1] == "file";
        vec![Stated {
            what: "files that may not be read",
            in_error_log: lines_with(error_log, ": Permission denied"),
            in_labels: labels.iter().filter(by_file).count(),
        }]
    }
}

fn log_format(format: LogFormat) -> String {
    let rest = r#"%u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""#;
    let line = match format {
        // Its default has the virtual host in the second place.
        LogFormat::Usual => format!("%h %V {rest}"),
        LogFormat::Combined => format!("%h %l {rest}"),
        LogFormat::Vhost => format!("%v %h %l {rest}"),
        LogFormat::Json => panic!("lighttpd does not escape what it logs for JSON"),
    };
    format!("{line}{TAIL}%{{X-Lab-Stream}}i{TAIL}%{{X-Lab-Cause}}o{TAIL}%{{X-Lab-Place}}o")
}

/// Directives that deny, and say why.
fn denying(cause: Cause, directives: &str) -> String {
    let cause = cause.name();
    format!(r#"{directives} setenv.add-response-header = ("X-Lab-Cause" => "{cause}")"#)
}

/// The block of a policy.
fn block(denial: &Denial) -> String {
    let cause = denial.cause();
    if let Some(policy) = denial.policy() {
        assert!(policy.limit.is_none(), "lighttpd has no limits");
        return nested(&policy.conditions, &denying(cause, DENIED));
    }
    let route = denying(cause, "");
    match denial.feature.as_deref() {
        // A folder without an index file, and no listing.
        Some("no_index") => format!("$HTTP[\"url\"] =~ \"^/files/$\" {{ {route} }}\n"),
        // A file that the server may not read: said in the error log only when it tells what it does.
        Some("file_permission") => {
            let header = r#""X-Lab-Place" => "file")"#;
            let route = route.replace(')', &format!(", {header}"));
            format!(
                "$HTTP[\"url\"] =~ \"^/private/\" {{ debug.log-request-handling = \"enable\" {route} }}\n"
            )
        }
        // https://redmine.lighttpd.net/projects/lighttpd/wiki/HowToFightDeepLinking
        Some("hotlink") => {
            let denied = denying(Cause::RequestShape, DENIED);
            format!(
                "$HTTP[\"url\"] =~ \"^/static/img/\" {{\n  $REQUEST_HEADER[\"Referer\"] !~ \"^($|-$|https?://([a-z]+\\.)*(example\\.com|google\\.[a-z]+)[:/])\" {{ {denied} }}\n}}\n"
            )
        }
        other => panic!("lighttpd has no feature {other:?}"),
    }
}

/// Directives within all conditions; each network is a block of its own.
fn nested(conditions: &[Condition], directives: &str) -> String {
    let Some((condition, others)) = conditions.split_first() else {
        return directives.to_string();
    };
    let inner = nested(others, directives);
    let tests = tests(condition);
    let blocks = tests
        .iter()
        .map(|test| format!("{test} {{\n  {inner}\n}}\n"));
    blocks.collect()
}

/// Conditions of lighttpd, any of which is this one.
fn tests(condition: &Condition) -> Vec<String> {
    let values = &condition.values;
    let (equal, like) = match condition.op {
        Operator::NotIn => ("!=", "!~"),
        _ => ("==", "=~"),
    };
    if matches!(&*condition.field, "ip" | "prefix") {
        let test = |value| format!(r#"$HTTP["remoteip"] {equal} "{value}""#);
        return values.iter().map(test).collect();
    }
    let escaped = |value: &String| value.replace('.', "\\.").replace('(', "\\(");
    let any = values.iter().map(escaped).collect::<Vec<_>>().join("|");
    let exact = format!("^({any})$");
    let (name, pattern) = match &*condition.field {
        "route" | "path" => {
            let is_below =
                condition.op == Operator::Prefix || values.iter().all(|value| value.ends_with('/'));
            let pattern = if is_below { format!("^({any})") } else { exact };
            (r#"$HTTP["url"]"#, pattern)
        }
        "method" => (r#"$HTTP["request-method"]"#, exact),
        "host" => (r#"$HTTP["host"]"#, format!("^({any})(:|$)")),
        "token" => (r#"$REQUEST_HEADER["X-Api-Key"]"#, exact),
        "client" | "user_agent" => (r#"$HTTP["useragent"]"#, format!("(?i)({any})")),
        "referer" | "referer_host" => (r#"$REQUEST_HEADER["Referer"]"#, format!("(?i)({any})")),
        "content_type" => (r#"$REQUEST_HEADER["Content-Type"]"#, format!("(?i)({any})")),
        other => panic!("lighttpd has no condition on {other:?} here"),
    };
    vec![format!("{name} {like} \"{pattern}\"")]
}
