//! Tests of JSON lines.

use super::*;
use crate::record::Upstream;
use crate::stated::Stated;
use proptest::prelude::*;

fn read(line: &str) -> Option<Record<'_>> {
    let json = Json::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
    json.parse(line.as_bytes(), &mut Clock::new(None))
}

const NGINX: &str = r#"{"time":"2026-03-10T09:43:00+01:00","remote_addr":"192.0.2.1","request":"GET /a?b=\"c\" HTTP/1.1","status":"403","body_bytes_sent":"153","request_time":"0.250","upstream_status":"","limit_req_status":"REJECTED","limit_conn_status":"PASSED","http_user_agent":"","remote_user":"-"}"#;

#[test]
fn nginx_by_hand() {
    let record = read(NGINX).unwrap();
    assert_eq!(
        (record.time_ms, record.utc_offset_s),
        (1_773_132_180_000, 3600)
    );
    assert_eq!(
        (record.method, &record.target[..]),
        (&b"GET"[..], &b"/a?b=\"c\""[..])
    );
    assert_eq!(
        (record.status, record.bytes, record.duration_ms()),
        (403, Some(153), Some(250.0))
    );
    assert_eq!(record.upstream, Upstream::NotAsked);
    assert_eq!(record.stated, Stated::named(b"limit_status"));
    assert!(record.user.is_empty() && record.user_agent.is_empty());
}

#[test]
fn the_order_of_keys_never_matters() {
    let mut value: Vec<(String, serde_json::Value)> =
        serde_json::from_str::<serde_json::Map<_, _>>(
            r#"{"ts":1773135780.25,"time_local":"10/Mar/2026:10:43:00 +0100","uri":"/rewritten",
                "request":"POST /asked HTTP/1.1","args":"q=1","status":403,"remote_ip":"10.0.0.1",
                "client_ip":"192.0.2.1","authorization":"REDACTED","api_key":"k1","x":{"status":1}}"#,
        )
        .unwrap()
        .into_iter()
        .collect();
    let expected = {
        let text = to_text(&value);
        let record = read(&text).unwrap();
        assert_eq!(
            (record.time_ms, record.utc_offset_s),
            (1_773_135_780_250, 3600)
        );
        assert_eq!(
            (record.method, &record.target[..]),
            (&b"POST"[..], &b"/asked?q=1"[..])
        );
        assert_eq!(
            (&record.address[..], &record.token[..]),
            (&b"192.0.2.1"[..], &b"k1"[..])
        );
        format!("{record:?}")
    };
    for _ in 0..value.len() {
        value.rotate_left(1);
        let text = to_text(&value);
        assert_eq!(format!("{:?}", read(&text).unwrap()), expected, "{text}");
    }
}

fn to_text(pairs: &[(String, serde_json::Value)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("\"{key}\": {value}"))
        .collect();
    format!("{{ {} }}", pairs.join(" , "))
}

#[test]
fn mapped_paths_win() {
    let settings = FormatSettings {
        map: vec![
            ("status".into(), "deep.er.st".into()),
            ("ip".into(), "who".into()),
        ],
        ..FormatSettings::default()
    };
    let line = br#"{"time":1773135780,"status":200,"deep":{"x":[{}],"er":{"st":403}},"ip":"192.0.2.9","who":"192.0.2.1"}"#;
    let json = Json::learn(&[], &settings).unwrap();
    let record = json.parse(line, &mut Clock::new(None)).unwrap();
    assert_eq!(
        (record.status, &record.address[..]),
        (403, &b"192.0.2.1"[..])
    );
}

#[test]
fn an_address_is_believed_before_the_name_of_a_client() {
    let address = |keys: &str| {
        let line = format!(r#"{{"time":1773135780,"status":403,{keys}}}"#);
        read(&line).map(|record| String::from_utf8_lossy(&record.address).into_owned())
    };
    for (keys, expected) in [
        (r#""client":"axios","ip":"192.0.2.1""#, "192.0.2.1"),
        (r#""ip":"192.0.2.1","client":"192.0.2.2""#, "192.0.2.1"),
        (
            r#""remote_addr":"proxy","remote_host":"[2001:db8::1]:80""#,
            "2001:db8::1",
        ),
        (r#""ip":"gateway","client":"192.0.2.2:80""#, "192.0.2.2"),
        (r#""client":"host.example""#, "host.example"),
    ] {
        assert_eq!(address(keys).as_deref(), Some(expected), "{keys}");
    }
}

#[test]
fn what_an_export_writes() {
    let line = r#"{"file":"a.log","line":7,"time":"2026-03-10T09:43:00.025Z","ip":"192.0.2.1","method":"GET","path":"/a","query":"b=c","status":403,"bytes":153,"duration_ms":17,"upstream_status":502,"token":"tok_1","client":"axios","route":"/{x}","stated":{"cause":"rate_limit","mechanism":null,"by":"limit_status"}}"#;
    let record = read(line).unwrap();
    assert_eq!(
        (&record.address[..], &record.target[..]),
        (&b"192.0.2.1"[..], &b"/a?b=c"[..])
    );
    assert_eq!(
        (record.time_ms, record.duration_ms()),
        (1_773_135_780_025, Some(17.0))
    );
    assert_eq!(record.upstream, Upstream::Status(502));
    assert_eq!(&record.token[..], b"tok_1");
    assert_eq!(record.stated, Stated::named(b"limit_status"));
}

#[test]
fn what_is_no_request() {
    for line in [
        r#"{"level":"info","ts":1773135780,"logger":"admin","msg":"started"}"#,
        r#"{"ts":1773135780,"logger":"http.log.error","request":{"remote_ip":"192.0.2.1","uri":"/"},"status":403}"#,
        r#"{"time":"never","status":403,"ip":"192.0.2.1"}"#,
        r#"{"time":1773135780,"status":"forbidden","ip":"192.0.2.1"}"#,
        r#"{"time":1773135780,"status":403,"ip":"192.0.2.1"}}"#,
        r#"{"time":1773135780,"status":403,"ip":"192.0.2.1","#,
        r#"{"time":1773135780 "status":403,"ip":"192.0.2.1"}"#,
        "{",
        "{}",
        "[{",
        "{\"a",
        "{\"a\":",
        "null",
        "",
    ] {
        assert_eq!(read(line), None, "{line}");
    }
    assert!(read(r#"[{"time":1773135780,"status":403,"ip":"192.0.2.1"},"#).is_some());
}

proptest! {
    #[test]
    fn any_torn_line_is_refused(end in 0usize..NGINX.len()) {
        prop_assert_eq!(read(&NGINX[..end]), None);
    }

    #[test]
    fn any_bytes_are_survived(line in "[\\[{]{1,3}(\"(time|status|request|ip)\"|[:,{}\"\\\\\\[\\]1a ]){0,30}") {
        read(&line);
    }
}

#[test]
fn the_rule_that_decided_is_one_key_or_two() {
    for (keys, place) in [
        (
            r#""last_rule_file":"/etc/haproxy/haproxy.cfg","last_rule_line":14"#,
            Some(14),
        ),
        (
            r#""last_rule_line":"14","last_rule_file":"/etc/haproxy/haproxy.cfg""#,
            Some(14),
        ),
        (r#""last_rule":"/etc/haproxy/haproxy.cfg:14""#, Some(14)),
        (r#""last_rule_file":"-","last_rule_line":-1"#, None),
        (
            r#""last_rule_file":"/etc/haproxy/haproxy.cfg","last_rule_line":0"#,
            None,
        ),
        (r#""last_rule_file":"","last_rule_line":"""#, None),
        (r#""last_rule_file":null,"last_rule_line":null"#, None),
        (r#""last_rule_line":14"#, None),
    ] {
        let line = format!(
            r#"{{"time":"2026-03-10T09:43:00Z","client_ip":"192.0.2.1","status":403,{keys}}}"#
        );
        let record = read(&line).unwrap();
        let read = record.rule_place();
        let expected = place.map(|line| (&b"/etc/haproxy/haproxy.cfg"[..], line));
        assert_eq!(read, expected, "{line}");
    }
}
