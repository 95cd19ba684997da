//! Tests of the configuration readers, on files that they write themselves.

use super::*;
use crate::format::detect;
use std::fs;
use tempfile::TempDir;

/// A directory with the given files.
fn tree(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn names(declared: &[Declared]) -> Vec<(&str, bool)> {
    declared
        .iter()
        .map(|format| (&format.name[..], format.used))
        .collect()
}

const NGINX: &str = r#"
user nginx; # ' a comment with a quote
http {
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    "$status $body_bytes_sent \"$http_user_agent\" ${request_time}";
    log_format  short  escape=json  '{"t":"$msec"}';
    content_by_lua_block { local a = { "}" } }
    include conf.d/*.conf;
    server { access_log off; }
}
"#;

#[test]
fn nginx_formats_are_found_through_includes() {
    let tree = tree(&[
        ("nginx.conf", NGINX),
        (
            "conf.d/a.conf",
            "server { access_log /var/log/a.log main buffer=32k; include conf.d/../nginx.conf; }",
        ),
        (
            "conf.d/b.conf",
            "log_format vhost '$host $remote_addr [$time_local] $status'; access_log /b.log;",
        ),
    ]);
    let declared = nginx::declared(&tree.path().join("nginx.conf")).unwrap();
    assert_eq!(
        names(&declared),
        [
            ("nginx.main", true),
            ("nginx.combined", true),
            ("nginx.short", false),
            ("nginx.vhost", false)
        ]
    );
    assert!(
        declared[0].place.ends_with("nginx.conf:4"),
        "{}",
        declared[0].place
    );
    let compiles: Vec<_> = declared
        .iter()
        .map(|format| format.template.is_ok())
        .collect();
    assert_eq!(compiles, [true, true, false, true]);
}

#[test]
fn the_declared_format_that_fits_is_chosen() {
    let tree = tree(&[("nginx.conf", NGINX)]);
    let settings = FormatSettings {
        nginx_conf: Some(tree.path().join("nginx.conf")),
        ..FormatSettings::default()
    };
    let log =
        b"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 \"curl\" 0.250\n";
    let detected = detect(log, &settings).unwrap();
    assert_eq!(detected.name, "nginx.main");
    assert!(detected.why.ends_with("nginx.conf:4"), "{}", detected.why);
    let by_name = FormatSettings {
        log_format: Some("main".into()),
        ..settings.clone()
    };
    assert_eq!(detect(log, &by_name).unwrap().name, "nginx.main");
    let other = b"{\"time\":971211336,\"status\":403,\"remote_addr\":\"192.0.2.1\"}\n";
    let detected = detect(other, &settings).unwrap();
    assert_eq!((&detected.name[..], detected.warnings.len()), ("json", 1));
}

#[test]
fn apache_formats_are_found_through_includes() {
    let tree = tree(&[
        (
            "apache2.conf",
            "ServerRoot \"/no/such/root\"\n# LogFormat \"%h\" no\n<IfModule x>\n  logformat \"%v:%p %h %l %u %t \\\"%r\\\" \\\n%>s %O\" vhost_common\n</IfModule>\nLogFormat \"%h %l %u %t \\\"%r\\\" %>s %b\" common\nIncludeOptional sites/*.conf\nInclude apache2.conf\n",
        ),
        (
            "sites/a.conf",
            "CustomLog ${APACHE_LOG_DIR}/a.log vhost_common env=!x\nCustomLog \"|/bin/x y\" \"%t %h %>s %U\"\n",
        ),
    ]);
    let declared = apache::declared(&tree.path().join("apache2.conf")).unwrap();
    assert_eq!(
        names(&declared),
        [
            ("apache.vhost_common", true),
            ("apache.custom", true),
            ("apache.common", false)
        ]
    );
    assert!(declared.iter().all(|format| format.template.is_ok()));
    assert!(
        declared[0].place.ends_with("apache2.conf:4"),
        "{}",
        declared[0].place
    );
    let settings = FormatSettings {
        apache_conf: Some(tree.path().join("apache2.conf")),
        ..FormatSettings::default()
    };
    let log = b"www.example.com:443 192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153\n";
    assert_eq!(detect(log, &settings).unwrap().name, "apache.vhost_common");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = nginx::declared(Path::new("/no/such/nginx.conf"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("/no/such/nginx.conf"), "{error}");
}

#[test]
fn any_text_is_survived() {
    for text in [
        "",
        "\"",
        "'",
        "\\",
        "a\\",
        "{",
        "}",
        "log_format",
        "log_format x '",
        "é{\"é\\é\"}é",
        "x_by_lua_block {",
    ] {
        let tree = tree(&[("a.conf", text)]);
        assert!(
            nginx::declared(&tree.path().join("a.conf")).is_ok(),
            "{text}"
        );
        assert!(
            apache::declared(&tree.path().join("a.conf")).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn haproxy_formats_are_read_as_quoted() {
    let tree = tree(&[(
        "haproxy.cfg",
        "defaults\n  option httplog\nfrontend a\n  log-format \"%ci [%trl] \\\"%HM %HU\\\" %ST %B\"\n\
         frontend b\n  log-format %ci\\ at\\ %Ts\\ %ST\\ %HU\nfrontend c\n  log-format \"%ci only\"\n",
    )]);
    let path = tree.path().join("haproxy.cfg");
    let declared = haproxy::declared(&path).unwrap();
    let places: Vec<_> = declared
        .iter()
        .map(|format| format.place.rsplit(':').next().unwrap())
        .collect();
    assert_eq!(places, ["4", "6"]);
    let settings = FormatSettings {
        haproxy_conf: Some(path),
        ..FormatSettings::default()
    };
    for line in [
        "203.0.113.7 [10/Mar/2026:09:43:00 +0000] \"GET /a?b\" 403 12\n",
        "203.0.113.7 at 1773135780 403 /a?b\n",
    ] {
        let detected = detect(line.as_bytes(), &settings).unwrap();
        assert_eq!(detected.name, "haproxy.log-format", "{line}");
    }
}
