//! Tests of HAProxy's lines.

use super::*;
use proptest::prelude::*;

fn read(line: &str) -> Option<Record<'_>> {
    let haproxy = Haproxy::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
    haproxy.parse(line.as_bytes(), &mut Clock::new(None))
}

const TAIL: &str = "[06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu|curl} {} \"GET /index.html HTTP/1.1\"";

#[test]
fn clients_with_and_without_header() {
    for (front, client) in [
        ("10.0.1.2:33317", "10.0.1.2"),
        (
            "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317",
            "10.0.1.2",
        ),
        (
            "<134>1 2009-02-06T12:14:14Z lb haproxy 14389 - - haproxy: 2001:db8::1:33317",
            "2001:db8::1",
        ),
        ("unix:1", "unix:1"),
    ] {
        let line = format!("{front} {TAIL}");
        let record = read(&line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(&record.address[..], client.as_bytes());
        assert_eq!(
            (record.time_ms, record.duration_ms()),
            (1_233_922_454_655, Some(109.0))
        );
        assert_eq!(
            (&record.host[..], &record.user_agent[..]),
            (&b"1wt.eu"[..], &b"curl"[..])
        );
        assert_eq!((record.status, record.bytes), (200, Some(2750)));
        assert_eq!(record.upstream, Upstream::Status(200));
    }
}

#[test]
fn who_answered() {
    for (server, termination, upstream) in [
        ("<NOSRV>", "PR--", Upstream::NotAsked),
        ("srv1", "----", Upstream::Status(200)),
        ("srv1", "PH--", Upstream::Unknown),
        ("srv1", "CD--", Upstream::Status(200)),
    ] {
        let line = format!("10.0.1.2:1 {TAIL}")
            .replace("srv1", server)
            .replace("----", termination);
        assert_eq!(read(&line).unwrap().upstream, upstream, "{line}");
    }
}

#[test]
fn the_rule_that_decided() {
    for (behind, place) in [
        (" haproxy.cfg:14", Some(("haproxy.cfg", 14))),
        (
            " /etc/haproxy/haproxy.cfg:207",
            Some(("/etc/haproxy/haproxy.cfg", 207)),
        ),
        (
            " 0/0000/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384 conf.d/10-front.cfg:3",
            Some(("conf.d/10-front.cfg", 3)),
        ),
        (" -:-", None),
        (" :", None),
        (" haproxy.cfg:0", None),
        (" haproxy.cfg:-1", None),
        (" haproxy.cfg:99999999999", None),
        (" app.example.com:8443", None),
        (" 10.0.0.9:443", None),
        ("", None),
    ] {
        let line = format!("10.0.1.2:1 {TAIL}{behind}");
        let record = read(&line).unwrap();
        let read = record.rule_place();
        assert_eq!(
            read,
            place.map(|(file, line)| (file.as_bytes(), line)),
            "{line}"
        );
    }
}

#[test]
fn odd_lines() {
    let line = format!("10.0.1.2:1 {TAIL}");
    let aborted = line
        .replace(" 200 2750", " -1 +0")
        .replace("/109 ", "/+109 ");
    assert_eq!(
        read(&aborted).map(|r| (r.status, r.duration_ms())),
        Some((0, Some(109.0)))
    );
    let broken = line.replace("GET /index.html HTTP/1.1", "<BADREQ>");
    assert_eq!(
        read(&broken).map(|r| (r.method.len(), r.target.len())),
        Some((0, 8))
    );
    let https = format!("{line} 0/0000/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384");
    assert!(read(&https).is_some());
    for torn in [
        "",
        "haproxy[1]: Server x is DOWN.",
        "10.0.1.2:1 [06/Feb/2009:12:14:14.655] in/1: SSL handshake failure",
    ] {
        assert_eq!(read(torn), None, "{torn}");
    }
    for end in 0..line.len() {
        assert_eq!(read(&line[..end]), None, "{}", &line[..end]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(cut in 0usize..150, junk: Vec<u8>) {
        let mut line = format!("10.0.1.2:1 {TAIL}").into_bytes();
        line.truncate(cut);
        line.extend(junk);
        let haproxy = Haproxy::learn(&[&line], &FormatSettings::default()).unwrap();
        haproxy.parse(&line, &mut Clock::new(None));
    }
}
