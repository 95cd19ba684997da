//! Paths that only scanners (or an administrator) ask for: hidden files, configuration, backups,
//! consoles and known holes.
//!
//! Sources: what public scanner rule sets ask for (OWASP CRS `restricted-files.data`) and the
//! commonest paths of internet background noise, as of 2026-11. Matching is by whole segments or
//! extensions, so `/environment` and `/backup-your-data` are no probes.

/// Whether the path of a target is a sensitive one.
#[inline]
pub(super) fn is_sensitive(target: &[u8]) -> bool {
    let path = match memchr::memchr2(b'?', b'#', target) {
        Some(end) => &target[..end],
        None => target,
    };
    let Some(rest) = path.strip_prefix(b"/") else {
        return false;
    };
    if memchr::memchr(b'.', path).is_some() && has_hidden_file(path) {
        return true;
    }
    let (first, behind) = match memchr::memchr(b'/', rest) {
        Some(slash) => (&rest[..slash], &rest[slash + 1..]),
        None => (rest, &rest[..0]),
    };
    let last = match memchr::memrchr(b'/', rest) {
        Some(slash) => &rest[slash + 1..],
        None => rest,
    };
    is_sensitive_place(first, behind) || is_sensitive_file(last)
}

/// A segment begins with a dot; not `.`, `..` and the public `.well-known`.
fn has_hidden_file(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|name| {
        name.first() == Some(&b'.')
            && name.get(1).is_some_and(u8::is_ascii_alphanumeric)
            && name != b".well-known"
    })
}

/// Consoles and known holes, by the first segment and what follows.
fn is_sensitive_place(first: &[u8], behind: &[u8]) -> bool {
    match first {
        b"phpmyadmin"
        | b"phpMyAdmin"
        | b"PHPMYADMIN"
        | b"PMA"
        | b"pma"
        | b"myadmin"
        | b"mysqladmin"
        | b"wp-admin"
        | b"cgi-bin"
        | b"boaform"
        | b"HNAP1"
        | b"GponForm"
        | b"_ignition"
        | b"telescope"
        | b"_profiler"
        | b"server-status"
        | b"server-info"
        | b"dana-na"
        | b"+CSCOE+"
        | b"evox"
        | b"nmaplowercheck"
        | b"druid"
        | b"nacos"
        | b"setup.cgi"
        | b"currentsetting.htm" => true,
        b"actuator" => !matches!(behind, b"" | b"health" | b"info" | b"prometheus"),
        b"solr" | b"jenkins" => behind.starts_with(b"admin") || behind.starts_with(b"script"),
        b"manager" | b"host-manager" => matches!(behind, b"html" | b"text" | b"status"),
        b"vendor" => behind.starts_with(b"phpunit"),
        b"owa" | b"ecp" | b"autodiscover" => !behind.is_empty(),
        b"geoserver" => behind.starts_with(b"web"),
        b"debug" => behind.starts_with(b"default") || behind.starts_with(b"pprof"),
        b"remote" => matches!(behind, b"login" | b"fgt_lang"),
        _ => false,
    }
}

/// Login pages under attack, configuration, keys, backups and web shells, by the last segment.
fn is_sensitive_file(last: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', last) else {
        return matches!(
            last,
            b"id_rsa" | b"id_ed25519" | b"credentials" | b"heapdump" | b"alfacgiapi"
        );
    };
    match last {
        b"wp-login.php"
        | b"xmlrpc.php"
        | b"wlwmanifest.xml"
        | b"phpinfo.php"
        | b"info.php"
        | b"adminer.php"
        | b"eval-stdin.php"
        | b"shell.php"
        | b"cmd.php"
        | b"c99.php"
        | b"r57.php"
        | b"wso.php"
        | b"alfa.php"
        | b"config.php"
        | b"configuration.php"
        | b"wp-config.php"
        | b"web.config"
        | b"docker-compose.yml"
        | b"docker-compose.yaml"
        | b"sftp-config.json"
        | b"config.yml"
        | b"secrets.yml"
        | b"database.yml"
        | b"settings.py"
        | b"appsettings.json"
        | b"application.properties"
        | b"application.yml"
        | b"elmah.axd"
        | b"trace.axd"
        | b"server.key"
        | b"backup.zip"
        | b"backup.tar.gz"
        | b"www.zip"
        | b"dump.sql" => return true,
        _ => {}
    }
    matches!(
        &last[dot..],
        b".sql"
            | b".bak"
            | b".swp"
            | b".swo"
            | b".sqlite"
            | b".sqlite3"
            | b".mdb"
            | b".pem"
            | b".env"
            | b".htpasswd"
            | b".kdbx"
            | b".pfx"
            | b".ovpn"
    ) || last.ends_with(b".php~")
        || last.starts_with(b"wp-config")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_paths() {
        for path in [
            "/.env",
            "/.git/config",
            "/app/.aws/credentials",
            "/.vscode/sftp.json",
            "/wp-login.php",
            "/blog/xmlrpc.php",
            "/phpmyadmin/index.php",
            "/wp-admin/",
            "/cgi-bin/luci",
            "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
            "/actuator/env",
            "/db.sql",
            "/site.php.bak",
            "/wp-config.php.old",
            "/manager/html",
            "/prod.env?x=1",
            "/HNAP1",
        ] {
            assert!(is_sensitive(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn ordinary_paths() {
        for path in [
            "",
            "/",
            "/environment",
            "/.well-known/acme-challenge/x",
            "/a/./b",
            "/a/../b",
            "/...",
            "/backup-your-data",
            "/actuator/health",
            "/vendor/jquery.js",
            "/manager",
            "/login",
            "/index.php",
            "/wp-json/wp/v2/posts",
            "/remote",
            "/a?file=/.env",
            "*",
        ] {
            assert!(!is_sensitive(path.as_bytes()), "{path}");
        }
    }
}
