//! The text of a configuration: what every site of the lab has, around what its policies add.
//!
//! One process serves, so that what mod_evasive counts is counted once; further ones are for graceful
//! reloads, in which an old process ends while a new one serves.

use super::super::{RAW_LOG, Site, TAIL, is_root};
use super::{PASSWORDS, error_log};
use crate::scenario::LogFormat;
use std::fmt::Write as _;

const MODULES: &str = "/usr/lib/apache2/modules";

/// What each site loads; policies add to it.
const USUAL_MODULES: [&str; 20] = [
    "mpm_event",
    "authn_core",
    "authn_file",
    "auth_basic",
    "authz_core",
    "authz_host",
    "authz_user",
    "mime",
    "dir",
    "autoindex",
    "alias",
    "env",
    "setenvif",
    "rewrite",
    "headers",
    "remoteip",
    "unique_id",
    "proxy",
    "proxy_http",
    "status",
];

/// The label of a hidden file comes last, so that it stands over those of wider sections.
const HIDDEN_FILES: &str = r#"<LocationMatch "/\.(?!well-known)">
  SetEnvIf Request_URI "." LAB=route_acl:authz
  AuthMerging And
  Require all denied
</LocationMatch>"#;

/// A configuration in the making.
#[derive(Default)]
pub struct Draft {
    /// Modules besides the usual ones, by the name of their directive and of their file.
    pub modules: Vec<(&'static str, &'static str)>,
    /// Directives of the server.
    pub server: String,
    /// Paths that are served from files, not by the application.
    pub files: Vec<&'static str>,
    /// Rules of mod_rewrite.
    pub rewrite: String,
}

impl Draft {
    /// The whole file.
    pub fn text(&self, site: &Site<'_>) -> String {
        let mut text = self.beginning(site);
        text += &log_format(site);
        // mod_evasive cannot say that it denied: where it may, nothing else denies its clients.
        let is_evasive = self
            .modules
            .iter()
            .any(|(name, _)| name.contains("evasive"));
        let hidden_files = if is_evasive { "" } else { HIDDEN_FILES };
        let directory = site.directory.display();
        let _ = write!(
            text,
            r#"DocumentRoot {directory}/www
<Directory />
  AllowOverride None
  Require all denied
</Directory>
<Directory {directory}/www>
  Options -Indexes +FollowSymLinks
  Require all granted
</Directory>
SetEnvIf X-Api-Key "^(.+)$" lab_token=$1
SetEnvIfExpr "-z req('X-Api-Key') && %{{QUERY_STRING}} =~ /(?:^|&)api_key=([^&]*)/" lab_token=$1
RewriteEngine On
{rewrite}{server}{hidden_files}
"#,
            rewrite = self.rewrite,
            server = self.server,
        );
        for path in &self.files {
            let _ = writeln!(text, "ProxyPass {path} !");
        }
        if let Some(application) = site.application {
            let to = format!("http://{application}/app/");
            text += &users_of_reports();
            let _ = writeln!(text, "ProxyPass /app/ {to} keepalive=On retry=0");
        }
        let upstream = site.upstream;
        let _ = writeln!(text, "ProxyPass / http://{upstream}/ keepalive=On retry=0");
        text
    }

    fn beginning(&self, site: &Site<'_>) -> String {
        let (directory, port) = (site.directory.display(), site.port);
        let mut text = format!(
            "ServerRoot {directory}\nDefaultRuntimeDir {directory}\nPidFile {directory}/apache.pid\n\
             ServerName shop.example.com\nListen 127.0.0.1:{port}\n"
        );
        if is_root() {
            text += "User www-data\nGroup www-data\n";
        }
        for name in USUAL_MODULES {
            let _ = writeln!(text, "LoadModule {name}_module {MODULES}/mod_{name}.so");
        }
        for (name, file) in &self.modules {
            let _ = writeln!(text, "LoadModule {name} {MODULES}/{file}");
        }
        let error_log = error_log(site);
        let _ = write!(
            text,
            "TypesConfig /etc/mime.types\n\
             StartServers 1\nServerLimit 16\nThreadLimit 160\nThreadsPerChild 160\nMaxRequestWorkers 160\n\
             MinSpareThreads 1\nMaxSpareThreads 160\nMaxConnectionsPerChild 0\nListenBacklog 4096\n\
             Timeout 36000\nProxyTimeout 36000\nKeepAlive On\nMaxKeepAliveRequests 0\nKeepAliveTimeout 36000\n\
             ServerTokens OS\nRemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.0/8\n\
             ErrorLog {error_log}\nLogLevel warn\n"
        );
        text
    }
}

/// Who calls the reports has a name, which the application hears of.
fn users_of_reports() -> String {
    format!(
        "<Location \"/app/reports\">\n  AuthType Basic\n  AuthName \"shop\"\n  AuthBasicProvider file\n  AuthUserFile {PASSWORDS}\n  Require valid-user\n  RequestHeader set X-Remote-User \"expr=%{{REMOTE_USER}}\"\n</Location>\n"
    )
}

/// Debian's formats, with the tail: mod_log_config keeps the byte 1F of a format and escapes that of a value.
fn log_format(site: &Site<'_>) -> String {
    let combined = r#"%a %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""#;
    let line = match site.scenario.format {
        LogFormat::Usual | LogFormat::Combined => combined.to_string(),
        LogFormat::Vhost => format!("%v:%p {combined}"),
        LogFormat::Json => concat!(
            r#"{\"time\":\"%{%Y-%m-%dT%H:%M:%S}tZ\",\"remote_addr\":\"%a\",\"method\":\"%m\","#,
            r#"\"uri\":\"%U%q\",\"status\":%>s,\"bytes\":%B,\"referer\":\"%{Referer}i\","#,
            r#"\"user_agent\":\"%{User-Agent}i\",\"host\":\"%v\",\"api_key\":\"%{lab_token}e\"}"#
        )
        .to_string(),
    };
    let tail = ["%{X-Lab-Stream}i", "%{LAB}e", "%{X-Lab-Cause}o"];
    let tail: String = tail.map(|item| format!("{TAIL}{item}")).concat();
    let log = site.path(RAW_LOG);
    format!("CustomLog {} \"{line}{tail}\"\n", log.display())
}
