//! Tests of W3C extended lines.

use super::*;
use crate::format::{Detected, Line, Visitor, detect};
use crate::record::Reject;
use proptest::prelude::*;

#[derive(Default)]
struct Told(Vec<String>);

impl Visitor for Told {
    fn record(&mut self, _line: Line<'_>, record: &Record<'_>, format: usize) {
        let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
        self.0.push(format!(
            "{format} {} {} {} {} {} {:?} {:?}",
            record.time_ms,
            text(&record.address),
            text(record.method),
            text(&record.target),
            record.status,
            record.duration_ms(),
            text(&record.user_agent),
        ));
    }
    fn skipped(&mut self, line: Line<'_>, why: Reject) {
        if why != Reject::NotARequest {
            self.0
                .push(String::from_utf8_lossy(line.bytes).into_owned());
        }
    }
}

fn told(log: &str) -> (Detected, Vec<String>) {
    let detected = detect(log.as_bytes(), &FormatSettings::default()).unwrap();
    let mut told = Told::default();
    detected.visit(log.as_bytes(), &mut told);
    (detected, told.0)
}

#[test]
fn a_line_of_the_ftp_server_is_no_request_that_http_sys_refused() {
    let line =
        "2026-01-01 08:00:00 192.0.2.1 ann 10.0.0.1 21 ControlChannelClosed - - 0 0 8124db49 -";
    assert!(detect(line.as_bytes(), &FormatSettings::default()).is_err());
}

#[test]
fn fields_may_change_in_the_middle() {
    let (detected, lines) = told(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Date: 2026-01-01 08:00:00\r\n\
         #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n\
         2026-01-01 08:00:01 10.0.0.1 GET /a q=1 443 - 192.0.2.1 Mozilla/5.0+(X11;+Linux)+(++http://b/) 403 6 0 17\r\n\
         #Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-substatus\r\n\
         2026-01-01 08:00:02 192.0.2.2 POST /b - 200 0\r\n\
         #Fields: time c-ip cs-method cs-uri-stem sc-status\r\n\
         #Date: 2026-01-02 00:00:00\r\n\
         08:00:03 192.0.2.3 HEAD /c 404\r\n",
    );
    assert_eq!(detected.name, "iis");
    assert_eq!(
        lines,
        [
            "0 1767254401000 192.0.2.1 GET /a?q=1 403 Some(17.0) \"Mozilla/5.0 (X11; Linux) ( +http://b/)\"",
            "0 1767254402000 192.0.2.2 POST /b 200 None \"\"",
            "0 1767340803000 192.0.2.3 HEAD /c 404 None \"\"",
        ]
    );
}

#[test]
fn the_day_may_stand_in_the_head_only() {
    let (detected, lines) = told(
        "#Date: 2026-01-02 00:00:00\n#Fields: time c-ip cs-method cs-uri-stem sc-status\n\
         08:00:03 192.0.2.3 HEAD /c 404\n",
    );
    assert_eq!(detected.name, "w3c");
    let expected = ["0 1767340803000 192.0.2.3 HEAD /c 404 None \"\""];
    assert_eq!(lines, expected);
}

#[test]
fn the_client_may_come_first() {
    let (detected, lines) = told(
        "2026-01-01 08:00:01 192.0.2.1 - 10.0.0.1 80 GET /a q=1 403 12 13 14 agent/1 http://b/\n\
         2026-01-01 08:00:02 192.0.2.2 ann 10.0.0.1 80 GET /b - 200 agent/1\n",
    );
    assert_eq!(detected.name, "w3c");
    let expected = [
        "0 1767254401000 192.0.2.1 GET /a?q=1 403 Some(14.0) \"agent/1\"",
        "0 1767254402000 192.0.2.2 GET /b 200 None \"agent/1\"",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn of_zeeks_logs_only_that_of_http_is_read() {
    let settings = FormatSettings::default();
    let conn = "#fields\tts\tuid\tid.orig_h\tproto\n1767254401.5\tC1\t192.0.2.1\ttcp\n";
    assert!(detect(conn.as_bytes(), &settings).is_err());
    let (detected, lines) = told(
        "#fields\tts\tuid\tid.orig_h\tmethod\thost\turi\tstatus_code\n\
         1767254401.5\tC1\t192.0.2.1\tGET\ta.example\t/b c\t403\n",
    );
    assert_eq!(detected.name, "zeek");
    let expected = ["0 1767254401500 192.0.2.1 GET /b c 403 None \"\""];
    assert_eq!(lines, expected);
}

#[test]
fn lines_without_directives_are_known_by_their_usual_fields() {
    for (line, name) in [
        (
            "2026-01-01 08:00:01 10.0.0.1 GET / - 80 - 192.0.2.1 curl/8 - 403 503 0 1",
            "iis",
        ),
        (
            "2026-01-01 08:00:01 W3SVC1 10.0.0.1 GET / - 80 - 192.0.2.1 curl/8 403 6 0",
            "iis",
        ),
        (
            "2026-01-01 08:00:01 192.0.2.1 2094 10.0.0.1 80 HTTP/1.1 GET /a 503 - ConnLimit -",
            "httperr",
        ),
        (
            "2026-01-01\t08:00:01\tFRA2\t182\t192.0.2.1\tGET\td1.cloudfront.net\t/a\t403\t-\tcurl/8\t-\t-\tError\tx==\texample.com\thttps\t1\t0.001",
            "cloudfront",
        ),
    ] {
        let (detected, lines) = told(line);
        assert_eq!(detected.name, name, "{line}");
        assert!(
            lines[0].starts_with("0 1767254401000 192.0.2.1 GET /"),
            "{lines:?}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(line: Vec<u8>) {
        let mut clock = Clock::new(None);
        clock.direct(b"#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken");
        W3c::learn(&[], &FormatSettings::default()).unwrap().parse(&line, &mut clock);
    }
}

proptest! {
    #[test]
    fn an_agent_is_unescaped_as_byte_by_byte(agent in "[a+]{0,12}|[a+% 20]{0,12}") {
        let agent = agent.as_bytes();
        if agent.contains(&b'+') && !agent.contains(&b' ') {
            let (mut plain, mut left) = (Vec::new(), agent);
            while let [first, rest @ ..] = left {
                plain.push(if *first == b'+' { b' ' } else { *first });
                left = match rest {
                    [b'+', rest @ ..] if *first == b'+' => {
                        plain.push(b'+');
                        rest
                    }
                    rest => rest,
                };
            }
            prop_assert_eq!(&unescaped(agent)[..], plain);
        } else if !agent.contains(&b'%') {
            prop_assert_eq!(&unescaped(agent)[..], agent);
        }
    }
}
