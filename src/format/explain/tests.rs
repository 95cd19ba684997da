use super::*;
use proptest::prelude::*;

fn shown(line: &str, settings: &FormatSettings) -> Vec<(&'static str, String)> {
    let explanation = explain(format!("{line}\n").as_bytes(), settings).unwrap();
    let line = &explanation.lines[0];
    let text = |span: &Span| String::from_utf8_lossy(&line.bytes[span.bytes.clone()]).into_owned();
    line.spans
        .iter()
        .map(|span| (span.field.name(), text(span)))
        .collect()
}

#[test]
fn bytes_of_a_combined_line() {
    let line = r#"192.0.2.1 - john [10/Mar/2026:09:43:00 +0100] "GET /a/b?c=d HTTP/1.1" 403 153 "https://example.com/x" "curl/8.5.0""#;
    assert_eq!(
        shown(line, &FormatSettings::default()),
        [
            ("ip", "192.0.2.1".to_owned()),
            ("user", "john".to_owned()),
            ("time", "10/Mar/2026:09:43:00 +0100".to_owned()),
            ("method", "GET".to_owned()),
            ("path", "/a/b".to_owned()),
            ("query", "c=d".to_owned()),
            ("status", "403".to_owned()),
            ("bytes", "153".to_owned()),
            ("referer", "https://example.com/x".to_owned()),
            ("user_agent", "curl/8.5.0".to_owned()),
        ]
    );
}

#[test]
fn bytes_of_a_json_line_and_not_its_names() {
    let line = r#"{"time":"2026-03-10T09:43:00Z","status":"403","remote_addr":"192.0.2.1","request_time":0.250}"#;
    assert_eq!(
        shown(line, &FormatSettings::default()),
        [
            ("time", "2026-03-10T09:43:00Z".to_owned()),
            ("status", "403".to_owned()),
            ("ip", "192.0.2.1".to_owned()),
            ("duration_ms", "0.250".to_owned()),
        ]
    );
}

#[test]
fn bytes_of_a_line_of_a_template() {
    let settings = FormatSettings {
        log_format: Some("$msec|$remote_addr|$request_method $request_uri|$status".to_owned()),
        ..FormatSettings::default()
    };
    assert_eq!(
        shown("1773135780.250|192.0.2.1|GET /a|403", &settings),
        [
            ("time", "1773135780.250".to_owned()),
            ("ip", "192.0.2.1".to_owned()),
            ("method", "GET".to_owned()),
            ("path", "/a".to_owned()),
            ("status", "403".to_owned()),
        ]
    );
}

#[test]
fn the_runner_up_is_another_format() {
    let head = b"192.0.2.1 - - [10/Mar/2026:09:43:00 +0100] \"GET / HTTP/1.1\" 200 5\n{\"time\":1773135780,\"status\":403,\"ip\":\"192.0.2.1\"}\n192.0.2.1 - - [10/Mar/2026:09:43:01 +0100] \"GET / HTTP/1.1\" 200 5\nwhat?\n";
    let explanation = explain(head, &FormatSettings::default()).unwrap();
    assert_eq!(explanation.sampled, 4);
    assert_eq!(explanation.runner_up, Some(("json", 1)));
    assert_eq!(explanation.unread, Some((4, b"what?".to_vec())));
    let numbers: Vec<u64> = explanation.lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_line_that_is_read_is_explained_within_its_bytes(
        agent in "[ -~]{0,30}",
        target in "/[a-z?=&%/]{0,20}",
    ) {
        let line = format!("192.0.2.1 - - [10/Mar/2026:09:43:00 +0100] \"GET {target} HTTP/1.1\" 403 153 \"-\" \"{agent}\"\n");
        if let Ok(explanation) = explain(line.as_bytes(), &FormatSettings::default()) {
            for line in &explanation.lines {
                let mut end = 0;
                for span in &line.spans {
                    prop_assert!(span.bytes.start >= end && span.bytes.end <= line.bytes.len());
                    end = span.bytes.end;
                }
            }
        }
    }
}
