use super::*;
use proptest::prelude::*;

fn read(line: &[u8]) -> Option<Record<'_>> {
    Ncsa::learn(&[line], &FormatSettings::default())
        .unwrap()
        .parse(line, &mut Clock::new(None))
}

/// A line with the given request line.
fn asked(request: &str) -> String {
    format!("192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"{request}\" 403 153 \"-\" \"\"")
}

#[test]
fn request_lines() {
    for (request, method, target) in [
        ("GET /a?b=c HTTP/1.1", "GET", "/a?b=c"),
        ("GET / HTTP/2.0", "GET", "/"),
        ("GET /old", "GET", "/old"),
        ("GET / ", "GET", "/"),
        (
            "GET /a path with spaces HTTP/1.0",
            "GET",
            "/a path with spaces",
        ),
        ("\x1b[31m\x1b[1mGET /a HTTP/1.1\x1b[0m", "GET", "/a"),
        ("\x1b[31m", "", ""),
        ("GET /a?b=c HTTP 1.1", "GET", "/a?b=c"),
        ("GET /a 2", "GET", "/a"),
        ("GET /in chapter 2", "GET", "/in chapter 2"),
        ("OPTIONS sip:nm SIP/2.0", "OPTIONS", "sip:nm"),
        ("PROPFIND /dav HTTP/1.1", "PROPFIND", "/dav"),
        ("M-SEARCH * HTTP/1.1", "M-SEARCH", "*"),
        ("GET /\\x22quoted\\x22 HTTP/1.1", "GET", "/\\x22quoted\\x22"),
        ("GET /\\\"quoted\\\" HTTP/1.1", "GET", "/\\\"quoted\\\""),
        ("GET /\"raw\" HTTP/1.1", "GET", "/\"raw\""),
        ("GET /\" 1 HTTP/1.1", "GET", "/\" 1"),
        ("\\x16\\x03\\x01", "", "\\x16\\x03\\x01"),
        ("t3 12.1.2", "", "t3 12.1.2"),
        ("-", "", ""),
        ("", "", ""),
        ("GET", "", "GET"),
    ] {
        let line = asked(request);
        let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(record.method, method.as_bytes(), "{line}");
        assert_eq!(&record.target[..], target.as_bytes(), "{line}");
        assert_eq!(record.status, 403, "{line}");
        assert_eq!(record.user_agent.len(), 0, "{line}");
    }
}

#[test]
fn an_empty_field_before_the_request() {
    for empty in ["-", ""] {
        let request = format!("{empty}\" \"GET /a HTTP/1.1");
        let line = asked(&request);
        let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(
            (record.method, &record.target[..]),
            (&b"GET"[..], &b"/a"[..])
        );
    }
}

#[test]
fn a_day_of_one_digit() {
    let line = "192.0.2.1 - - [1/Apr/2026:00:00:01 -0500] \"GET / HTTP/1.1\" 403 153";
    assert_eq!(read(line.as_bytes()).unwrap().time_ms, 1_775_019_601_000);
}

#[test]
fn torn_and_strange_lines_are_refused() {
    let good =
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 \"-\" \"a b\"";
    assert!(read(good.as_bytes()).is_some());
    let mut clock = Clock::new(None);
    let combined = Ncsa::learn(&[good.as_bytes()], &FormatSettings::default()).unwrap();
    let bytes_end = good.find(" \"-\"").unwrap();
    let agent = good.find("\"a b").unwrap() + 1;
    let status_end = good.find(" 153").unwrap();
    for end in (0..good.len()).filter(|end| *end < bytes_end - 2 || *end > bytes_end + 1) {
        let torn = combined.parse(&good.as_bytes()[..end], &mut clock);
        // All but the end of the agent is there, or all up to the status.
        let expected = match end {
            _ if end > agent => Some(&good.as_bytes()[agent..end]),
            _ if end == status_end || end == status_end + 1 => Some(&b""[..]),
            _ => None,
        };
        let read = torn.as_ref().map(|record| &record.user_agent[..]);
        assert_eq!(read, expected, "{}", &good[..end]);
    }
    for line in [
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 4033 153",
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 15x",
        "192.0.2.1 - - [10/Oct/2000:25:55:36 -0700] \"GET / HTTP/1.1\" 403 153",
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] GET / HTTP/1.1 403 153",
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 0 DC \"-\" 403 153 \"-\" \"a\"",
        "\x00\x00192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153",
    ] {
        assert_eq!(read(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn fields_between_size_and_referer() {
    for (between, duration_ms) in [
        ("0.202", Some(202.0)),
        ("198.51.100.4 + 400", None),
        ("ms:3214 198.51.100.4 40", Some(3214.0)),
        ("X 50", None),
        ("198.51.100.4 -", None),
    ] {
        let line = format!(
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 {between} \"http://a/\" \"b c\" X-Forwarded-For=\"203.0.113.9\""
        );
        let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(record.duration_ms(), duration_ms, "{line}");
        assert_eq!(
            (
                &record.referer[..],
                &record.user_agent[..],
                &record.forwarded_for[..]
            ),
            (&b"http://a/"[..], &b"b c"[..], &b"203.0.113.9"[..]),
            "{line}"
        );
    }
    // Two quoted fields are no headers only because they are two.
    let line = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 0.202 \"-\" \"10.0.0.1\"";
    assert_eq!(read(line.as_bytes()).unwrap().user_agent.len(), 0);
}

#[test]
fn a_host_between_size_and_referer() {
    let line = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 www.example.com \"-\" \"b c\"";
    let record = read(line.as_bytes()).unwrap();
    assert_eq!(
        (&record.host[..], &record.user_agent[..]),
        (&b"www.example.com"[..], &b"b c"[..])
    );
}

#[test]
fn a_referer_without_quotes() {
    let line = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 302 0 http://a.example \"b c\" Redirected to login";
    let record = read(line.as_bytes()).unwrap();
    assert_eq!(
        (&record.referer[..], &record.user_agent[..]),
        (&b"http://a.example"[..], &b"b c"[..])
    );
}

#[test]
fn a_named_field_right_behind_the_agent() {
    for (end, user_agent, duration_ms) in [
        (
            "\"curl/8.5.0\"rt=0.024 uct=\"0.001 : 0.001\"",
            "curl/8.5.0",
            Some(24.0),
        ),
        ("\"a\"b=c d\"", "a\"b=c d", None),
    ] {
        let line = format!("{} \"-\" {end}", asked("/").trim_end_matches(" \"-\" \"\""));
        let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(record.user_agent, user_agent.as_bytes(), "{line}");
        assert_eq!(record.duration_ms(), duration_ms, "{line}");
    }
}

#[test]
fn times_behind_the_agent() {
    let line = |more: &str| format!("{} {more}", asked("/"));
    for (more, duration_ms) in [
        ("\"0.123\"", Some(123.0)),
        ("0.010 upstream=a", Some(10.0)),
        ("0.02", None),
    ] {
        let line = line(more);
        assert_eq!(
            read(line.as_bytes()).unwrap().duration_ms(),
            duration_ms,
            "{line}"
        );
    }
    // Others have something else there.
    let lines = [line("trace=a"), line("0.010 upstream=a")];
    let sample = [lines[0].as_bytes(), lines[1].as_bytes()];
    let ncsa = Ncsa::learn(&sample, &FormatSettings::default()).unwrap();
    let record = ncsa.parse(sample[1], &mut Clock::new(None)).unwrap();
    assert_eq!(record.duration_ms(), Some(10.0));
}

#[test]
fn a_time_that_is_not_there_makes_no_line_another() {
    let line = |more: &str| format!("{} {more}", asked("/"));
    let lines = [line("0.100"), line("-"), line("rt=-"), line("\"a\" 0.100")];
    let sample: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let ncsa = Ncsa::learn(&sample, &FormatSettings::default()).unwrap();
    let durations = sample.iter().map(|line| {
        let record = ncsa.parse(line, &mut Clock::new(None)).unwrap();
        record.duration_ms()
    });
    assert_eq!(
        durations.collect::<Vec<_>>(),
        [Some(100.0), None, None, None]
    );
}

#[test]
fn influxdb_tells_microseconds() {
    let line = format!("{} 6f61bc44-321b-11e6-8050-000000000000 251300", asked("/"));
    assert_eq!(read(line.as_bytes()).unwrap().duration_ms(), None);
    let line = format!("[httpd] {line}");
    assert_eq!(read(line.as_bytes()).unwrap().duration_ms(), Some(251.3));
}

#[test]
fn nul_bytes_and_broken_utf8_stay_as_they_are() {
    let line = b"192.0.2.1 - \xff [10/Oct/2000:13:55:36 -0700] \"GET /\0\xfe HTTP/1.1\" 403 - \"\xc3\" \"\x1b[0m\"";
    let record = read(line).unwrap();
    assert_eq!((&record.target[..], record.bytes), (&b"/\0\xfe"[..], None));
    assert_eq!(
        (&record.user[..], &record.user_agent[..]),
        (&b"\xff"[..], &b"\x1b[0m"[..])
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived(line: Vec<u8>) {
        read(&line);
    }

    #[test]
    fn any_bytes_in_the_place_of_a_field_are_survived(
        text in "[ -~]{0,20}|[\\[\\]\" =,:.0-9a\\\\-]{0,30}", place in 0usize..6,
    ) {
        let good = ["192.0.2.1", "-", "-", "[10/Oct/2000:13:55:36 -0700]", "\"GET / HTTP/1.1\" 403 1 \"-\" \"a\"", "rt=1"];
        let mut fields = good.map(str::to_owned);
        fields[place] = text;
        read(fields.join(" ").as_bytes());
    }
}
