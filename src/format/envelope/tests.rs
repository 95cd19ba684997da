//! Tests of envelopes.

use super::*;

/// Without all that carries it.
fn opened(line: &str) -> Option<(String, String)> {
    let depths = depths(line).into_iter();
    depths.min_by_key(|(inner, _)| inner.len())
}

/// The line without what carries it, at each depth at which it may be a record.
fn depths(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    any(line.as_bytes(), |_, opened| {
        found.push((text(&opened.inner), text(&opened.stamp)));
        false
    });
    found
}

const INNER: &str = r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 403 153"#;

#[test]
fn what_stands_before_a_line_is_taken_off() {
    for (before, stamp) in [
        ("Dec  9 13:01:26 web-1 nginx: ", "Dec  9 13:01:26"),
        ("<134>Dec  9 13:01:26 web-1 nginx[812]: ", "Dec  9 13:01:26"),
        ("<190>Dec 19 13:01:26 nginx: ", "Dec 19 13:01:26"),
        (
            "Dec 19 2025 13:01:26.123 web-1 nginx: ",
            "Dec 19 2025 13:01:26.123",
        ),
        (
            "2025-12-09T13:01:26+01:00 web-1 nginx: ",
            "2025-12-09T13:01:26+01:00",
        ),
        (
            "2025-12-09T13:01:26.123456+00:00 app[web.1]: ",
            "2025-12-09T13:01:26.123456+00:00",
        ),
        (
            "<34>1 2025-12-09T13:01:26.003Z web-1 nginx 812 - - ",
            "2025-12-09T13:01:26.003Z",
        ),
        (
            r#"<34>1 2025-12-09T13:01:26Z web-1 nginx - m [a@1 b="]\"" c="d"][e] "#,
            "2025-12-09T13:01:26Z",
        ),
        (
            "170 <34>1 2025-12-09T13:01:26Z web-1 nginx - - - \u{feff}",
            "2025-12-09T13:01:26Z",
        ),
        (
            "2025-12-09T13:01:26.669794202Z stdout F ",
            "2025-12-09T13:01:26.669794202Z",
        ),
        (
            "2025-12-09T13:01:26.669794202Z ",
            "2025-12-09T13:01:26.669794202Z",
        ),
        ("web_1  | ", ""),
        (
            "I, [2025-12-09T13:01:26.123456 #7]  INFO -- : ",
            "2025-12-09T13:01:26.123456",
        ),
        (
            "W, [2025-12-09T13:01:26.123456 #7]  WARN -- rails: ",
            "2025-12-09T13:01:26.123456",
        ),
        (
            "267 <158>1 2025-12-09T13:01:26.357053+00:00 host heroku router - ",
            "2025-12-09T13:01:26.357053+00:00",
        ),
        (
            "<158>1 2025-12-09T13:01:26Z host app web.1 - [origin] ",
            "2025-12-09T13:01:26Z",
        ),
        (
            "2025:12:09-13:01:26 utm httpproxy[6267]: ",
            "2025:12:09-13:01:26",
        ),
        ("<134>Dec  9 13:01:26 web-1 : ", "Dec  9 13:01:26"),
    ] {
        let line = format!("{before}{INNER}");
        assert_eq!(
            opened(&line),
            Some((INNER.to_owned(), stamp.to_owned())),
            "{line}"
        );
    }
}

#[test]
fn quotes_around_a_line_are_taken_off() {
    for line in [
        format!("\"{INNER}\""),
        format!("\"{}\"", INNER.replace('"', "\\\"")),
        format!("\"{}\"", INNER.replace('"', "\"\"")),
    ] {
        assert_eq!(
            opened(&line).map(|(inner, _)| inner).as_deref(),
            Some(INNER),
            "{line}"
        );
    }
}

#[test]
fn objects_hold_lines() {
    for (object, stamp) in [
        (
            serde_json::json!({"log": format!("{INNER}\n"), "stream": "stdout", "time": "2025-12-09T13:01:26Z"}),
            "2025-12-09T13:01:26Z",
        ),
        (
            serde_json::json!({"MESSAGE": INNER, "__REALTIME_TIMESTAMP": "1765285286123456", "_HOSTNAME": "web-1"}),
            "1765285286123456",
        ),
        (
            serde_json::json!({"timestamp": 1765285286123i64, "message": INNER, "id": "1"}),
            "1765285286123",
        ),
        (
            serde_json::json!({"event": {"original": INNER}, "@timestamp": "2025-12-09T13:01:26Z", "log": {"file": {"path": "/var/log/x.log"}}}),
            "2025-12-09T13:01:26Z",
        ),
        (
            serde_json::json!({"textPayload": INNER, "insertId": "x"}),
            "",
        ),
    ] {
        let line = object.to_string();
        assert_eq!(
            opened(&line),
            Some((INNER.to_owned(), stamp.to_owned())),
            "{line}"
        );
    }
    assert_eq!(opened(r#"{"message":"started","time":1}"#), None);
}

#[test]
fn envelopes_nest() {
    let syslog = format!("<134>Dec  9 13:01:26 web-1 nginx: {INNER}");
    let docker = serde_json::json!({"log": format!("{syslog}\n"), "time": "2025-12-09T13:01:26Z"});
    let (inner, stamp) = opened(&docker.to_string()).unwrap();
    assert_eq!(
        (inner.as_str(), stamp.as_str()),
        (INNER, "2025-12-09T13:01:26Z")
    );
    let line = docker.to_string();
    let (envelope, lines) = Envelope::learn(&[line.as_bytes()]).pop().unwrap();
    assert_eq!(envelope.name(), "syslog in JSON objects");
    assert_eq!(&lines[0].inner[..], INNER.as_bytes());
}

#[test]
fn the_name_of_a_logger_is_no_structured_data() {
    let line =
        "140 <190>1 2025-12-09T13:01:26Z host app web.1 - [GIN] 2025/12/09 - 13:01:26 | 200 |";
    let inner = opened(line).map(|(inner, _)| inner);
    assert_eq!(
        inner.as_deref(),
        Some("[GIN] 2025/12/09 - 13:01:26 | 200 |")
    );
}

#[test]
fn an_object_that_is_carried_may_be_the_record_or_hold_it() {
    let object = r#"{"message":"request of a client was handled","status":403}"#;
    let own = "request of a client was handled";
    let docker = serde_json::json!({"log": format!("{object}\n"), "time": "2025-12-09T13:01:26Z"});
    for line in [
        format!("Dec  9 13:01:26 web-1 nginx: {object}"),
        format!("2025-12-09T13:01:26.669794202Z stdout F {object}"),
        format!("web_1  | {object}"),
        docker.to_string(),
    ] {
        let inner: Vec<String> = depths(&line).into_iter().map(|(inner, _)| inner).collect();
        assert_eq!(inner, [object, own], "{line}");
        let learned = Envelope::learn(&[line.as_bytes()]);
        let inner = learned.iter().map(|(_, lines)| &lines[0].inner[..]);
        assert!(inner.eq([object.as_bytes(), own.as_bytes()]), "{line}");
    }
    let cri = r#"2025-12-09T13:01:26Z stdout F {"status":403}"#;
    let line = serde_json::json!({ "log": cri }).to_string();
    assert_eq!(opened(&line).unwrap().0, r#"{"status":403}"#);
}

#[test]
fn a_line_by_itself_is_in_no_envelope() {
    assert_eq!(opened(INNER), None);
    assert_eq!(Envelope::learn(&[INNER.as_bytes()]), []);
    assert_eq!(Envelope::learn(&[]), []);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(line: Vec<u8>) {
        any(&line, |_, _| false);
    }

    #[test]
    fn any_torn_envelope_is_survived(cut in 0usize..200, line in "(<[0-9]{1,4}>1? ?|\"|\\{\"log\":\"|Dec  9 13:0|2025-12-09T13:01:26Z |\\[a b=\"|web_1  \\| ){1,4}") {
        let line = format!("{line}{INNER}");
        any(&line.as_bytes()[..cut.min(line.len())], |_, _| false);
    }
}

#[test]
fn an_object_right_behind_the_host() {
    for object in [r#"{ "status": 403 }"#, r#"{"status":403}"#] {
        let line = format!("2025-12-09T13:01:26.123456+00:00 192.0.2.1  {object}");
        let stamp = "2025-12-09T13:01:26.123456+00:00".to_owned();
        assert_eq!(opened(&line), Some((object.to_owned(), stamp)));
    }
}

#[test]
fn colours_are_taken_out() {
    for (line, plain) in [
        ("\x1b[32mINFO\x1b[0m: a", Some("INFO: a")),
        ("|\x1b[97;42m 200 \x1b[0m|", Some("| 200 |")),
        ("\x1b[2Ja", None),
        ("\x1b[3", None),
        ("a", None),
    ] {
        let inner = prefix::coloured(line.as_bytes()).map(|opened| opened.inner.into_owned());
        assert_eq!(inner.as_deref(), plain.map(str::as_bytes), "{line:?}");
    }
}

#[test]
fn console_lines_hold_objects() {
    let line = |logger: &str| {
        format!("2026/03/10 09:43:00.125\tINFO\t{logger}\thandled request\t{{\"status\":403}}")
    };
    let expected = (
        "{\"status\":403}".to_owned(),
        "2026/03/10 09:43:00.125".to_owned(),
    );
    assert_eq!(opened(&line("http.log.access")), Some(expected));
    // They repeat requests of the access log.
    assert_eq!(opened(&line("http.log.error")), None);
}
