//! Lines of nginx's error log, and what they say.

use super::*;

fn about_of(message: &str) -> Option<(Kind, String, String, String)> {
    let line = format!("2026/03/10 09:43:00 [error] 54#54: *23 {message}");
    let told = read(line.as_bytes()).expect("a line of nginx");
    assert_eq!(told.local_ms, 1_773_135_780_000);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let about = told.about?;
    assert_eq!(about.connection, b"23");
    let target = match about.target {
        Target::Asked(target) => text(target),
        other => format!("{other:?}"),
    };
    Some((
        about.said.kind,
        text(about.client),
        target,
        text(about.said.zone),
    ))
}

const BEHIND: &str = ", client: 192.0.2.17, server: shop.example.com, request: \"GET /a?b=1 HTTP/1.1\", host: \"shop.example.com\"";

#[test]
fn every_message_that_denies() {
    for (message, kind, zone) in [
        (
            "limiting requests, excess: 10.708 by zone \"search\"",
            Kind::LimitRequests,
            "search",
        ),
        (
            "limiting connections by zone \"c\"",
            Kind::LimitConnections,
            "c",
        ),
        ("access forbidden by rule", Kind::AccessRule, ""),
        (
            "directory index of \"/srv/www/files/\" is forbidden",
            Kind::NginxDirectory,
            "",
        ),
        (
            "open() \"/srv/www/a\" failed (13: Permission denied)",
            Kind::NginxFile,
            "",
        ),
        (
            "opendir() \"/srv/www/a/\" failed (13: Permission denied)",
            Kind::NginxFile,
            "",
        ),
        (
            "\"/srv/www/a/index.html\" is forbidden (13: Permission denied)",
            Kind::NginxFile,
            "",
        ),
        (
            "open() \"/etc/nginx/.htpasswd\" failed (2: No such file or directory)",
            Kind::NginxPasswords,
            "",
        ),
        (
            "[lua] crowdsec.lua:652: [Crowdsec] denied '192.0.2.17' with 'ban' (by bouncer)",
            Kind::CrowdSec,
            "bouncer",
        ),
    ] {
        let expected = (kind, "192.0.2.17".into(), "/a?b=1".into(), zone.to_owned());
        assert_eq!(
            about_of(&format!("{message}{BEHIND}")),
            Some(expected),
            "{message}"
        );
    }
}

#[test]
fn what_denies_nothing_says_nothing() {
    for message in [
        "limiting requests, dry run, excess: 10.708 by zone \"search\"",
        "limiting connections, dry run, by zone \"c\"",
        "delaying request, excess: 1.2, by zone \"search\"",
        "user \"x\": password mismatch",
        "auth request unexpected status: 500 while sending to client",
        "open() \"/srv/www/a\" failed (2: No such file or directory)",
        "[client 192.0.2.17] ModSecurity: Warning. Matched \"x\" [id \"1\"]",
        "upstream timed out",
    ] {
        let told = about_of(&format!("{message}{BEHIND}"));
        assert!(
            told.is_none() || told.as_ref().is_some_and(|told| told.0 == Kind::Matched),
            "{message}: {told:?}"
        );
    }
}

#[test]
fn modsecurity_for_nginx() {
    let line = r#"2026/03/10 09:43:00 [error] 54#54: *23 [client 192.0.2.17] ModSecurity: Access denied with code 403 (phase 2). Matched "Operator `Ge' with parameter `5' against variable `TX:BLOCKING_INBOUND_ANOMALY_SCORE' (Value: `5' ) [file "/etc/crs/REQUEST-949-BLOCKING-EVALUATION.conf"] [line "222"] [id "949110"] [rev ""] [msg "Inbound Anomaly Score Exceeded (Total Score: 5)"] [data "], client: 198.51.100.1, x"] [severity "0"] [hostname "h"] [uri "/a"] [unique_id "170"] [ref ""], client: 192.0.2.17, server: s, request: "GET /a?x=1 HTTP/1.1", host: "h""#;
    let about = read(line.as_bytes()).and_then(|told| told.about).unwrap();
    assert_eq!((about.client, about.id), (&b"192.0.2.17"[..], &b"170"[..]));
    assert_eq!(
        (about.said.kind, about.said.rule, about.said.place),
        (
            Kind::Firewall,
            &b"949110"[..],
            (
                &b"/etc/crs/REQUEST-949-BLOCKING-EVALUATION.conf"[..],
                &b"222"[..]
            )
        )
    );
    assert_eq!(about.target, Target::Asked(b"/a?x=1"));
}

#[test]
fn what_a_client_writes_into_its_request_changes_nothing() {
    let message = "access forbidden by rule, client: 192.0.2.17, server: , request: \"GET /, client: 198.51.100.1, request: x HTTP/1.1\"";
    let about = about_of(message).unwrap();
    assert_eq!(about.1, "192.0.2.17");
}

#[test]
fn other_lines() {
    let plain = read(b"2026/03/10 09:43:00 [notice] 54#54: start worker process 55").unwrap();
    assert_eq!(plain.about, None);
    for line in [
        &b"192.0.2.1 - - [10/Mar/2026:09:43:00 +0000] \"GET / HTTP/1.1\" 403 1"[..],
        b"2026/13/10 09:43:00 [error] 1#1: *1 x",
        b"2026-03-10 09:43:00: (server.c.1) x",
        b"2026/03/10 09:43:00",
        b"",
    ] {
        assert_eq!(read(line), None);
    }
}
