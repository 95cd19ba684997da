//! Tests of compiled templates: nginx's, Apache's and HAProxy's.

use super::*;
use crate::record::Upstream;
use crate::settings::FormatSettings;
use crate::stated::Stated;
use proptest::prelude::*;

const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
const APACHE: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;
const LINE: &str = r#"192.0.2.1 - John Doe [10/Oct/2000:13:55:36 -0700] "GET /a b?c=d HTTP/1.1" 403 153 "-" "a \"b\"""#;

fn read<'a>(format: &str, line: &'a str) -> Option<Record<'a>> {
    let template = Template::new(format).unwrap_or_else(|error| panic!("{error}"));
    template.parse(line.as_bytes(), &mut Clock::new(None))
}

fn message(format: &str) -> String {
    Template::new(format).unwrap_err().to_string()
}

#[test]
fn combined_of_both_servers_reads_what_the_built_in_reads() {
    use crate::format::{BuiltIn, ncsa::Ncsa};
    let built_in = Ncsa::learn(&[LINE.as_bytes()], &FormatSettings::default()).unwrap();
    let expected = built_in.parse(LINE.as_bytes(), &mut Clock::new(None));
    assert!(expected.is_some());
    assert_eq!(read(COMBINED, LINE), expected);
    assert_eq!(read(APACHE, LINE), expected);
}

#[test]
fn directives_may_be_pasted_whole() {
    let pasted = "log_format main '$remote_addr - $remote_user [$time_local] \"$request\" '\n '$status $body_bytes_sent \"$http_referer\" '\n '\"$http_user_agent\"';";
    assert_eq!(read(pasted, LINE), read(COMBINED, LINE));
    let strings = "'$remote_addr - $remote_user [$time_local] \"$request\" ' '$status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"'";
    assert_eq!(read(strings, LINE), read(COMBINED, LINE));
    let apache =
        r#"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined"#;
    assert_eq!(read(apache, LINE), read(COMBINED, LINE));
}

#[test]
fn the_quotes_around_it_may_be_left() {
    for format in [
        r#""%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"""#,
        r#" "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"" "#,
    ] {
        assert_eq!(read(format, LINE), read(COMBINED, LINE), "{format}");
    }
    // Quotes that the log has itself.
    let own = "\"$remote_addr\" \"$time_iso8601\" \"$status\"";
    assert!(read(own, "\"192.0.2.1\" \"2000-10-10T13:55:36-07:00\" \"403\"").is_some());
    let commas = r#""\"%t\",\"%h\",\"%>s\"""#;
    assert!(
        read(
            commas,
            "\"[10/Oct/2000:13:55:36 -0700]\",\"192.0.2.1\",\"403\""
        )
        .is_some()
    );
}

#[test]
fn lines_may_begin_with_a_hash() {
    #[derive(Default)]
    struct Statuses(Vec<u16>);
    impl crate::format::Visitor for Statuses {
        fn record(&mut self, _: crate::format::Line<'_>, record: &Record<'_>, _: usize) {
            self.0.push(record.status);
        }
        fn skipped(&mut self, _: crate::format::Line<'_>, _: crate::record::Reject) {}
    }
    let log = b"# 403 # 971211336.5 # 192.0.2.1\n# a comment\n# 404 # 971211336.5 # 192.0.2.1\n";
    let settings = FormatSettings {
        log_format: Some("# $status # $msec # $remote_addr".to_owned()),
        ..FormatSettings::default()
    };
    let mut statuses = Statuses::default();
    let detected = crate::format::detect(log, &settings).unwrap();
    detected.visit(log, &mut statuses);
    assert_eq!(statuses.0, [403, 404]);
}

#[test]
fn directives_of_tomcat() {
    let line = "192.0.2.1;[10/Oct/2000:13:55:36 -0700];403;297;0.297;http-80-2;x y";
    let format = "%h;%t;%s;%D;%T;%I;%{attribute}r";
    assert_eq!(read(format, line).unwrap().duration_ms(), Some(297.0));
    // Apache's and newer ones: whole seconds, and microseconds.
    let line = line.replace(";297;0.297;", ";297000;1;");
    assert_eq!(read(format, &line).unwrap().duration_ms(), Some(297.0));
    let valve = "%{org.apache.catalina.AccessLog.RemoteAddr}r %t %s %F %{id}c %{id}s";
    let line = "192.0.2.1 [10/Oct/2000:13:55:36 -0700] 403 1 - -";
    assert_eq!(&read(valve, line).unwrap().address[..], b"192.0.2.1");
}

#[test]
fn what_carries_a_line_is_no_part_of_its_client() {
    for (format, line) in [
        (COMBINED, LINE),
        (APACHE, LINE),
        ("%ci:%cp [%Ts.%ms] %ST", "192.0.2.1:5 [1773135780.123] 403"),
        ("%ci %Ts %ST", "192.0.2.1 1773135780 403"),
    ] {
        let expected = read(format, line);
        assert_eq!(
            expected.as_ref().map(|record| &record.address[..]),
            Some(&b"192.0.2.1"[..])
        );
        let log = format!("<134>Mar 10 09:43:00 web nginx: {line}\n");
        let settings = FormatSettings {
            log_format: Some(format.to_owned()),
            ..FormatSettings::default()
        };
        let detected = crate::format::detect(log.as_bytes(), &settings).unwrap();
        assert!(
            detected
                .why
                .ends_with("1 of 1 sampled lines parse, carried by syslog"),
            "{format}"
        );
    }
    // What is known of a list is who asked first.
    let list = LINE.replace("192.0.2.1 ", "192.0.2.1, 198.51.100.2 ");
    let record = read(APACHE, &list).unwrap();
    assert_eq!(
        (&record.address[..], &record.forwarded_for[..]),
        (&b"192.0.2.1"[..], &b"192.0.2.1, 198.51.100.2"[..])
    );
}

#[test]
fn spaces_around_a_user_are_none_of_it() {
    let line = LINE.replace(" - John Doe [", " -  -  [");
    for format in [COMBINED, APACHE] {
        assert!(read(format, &line).unwrap().user.is_empty(), "{format}");
    }
}

#[test]
fn nginx_variables() {
    let format = "$msec|$remote_addr|$host|$scheme://$host$request_uri|$request_method|$status|$upstream_addr $upstream_status $request_time $limit_req_status|${http_x_api_key}|$foo";
    let line = "971211336.655|192.0.2.1|example.com|https://example.com/a?b|POST|403|10.0.0.1:80, 10.0.0.2:80 502, 403 0.250 REJECTED|sk_1|what ever";
    let record = read(format, line).unwrap();
    assert_eq!((record.time_ms, record.status), (971_211_336_655, 403));
    assert_eq!(
        (record.method, &record.target[..]),
        (&b"POST"[..], &b"/a?b"[..])
    );
    assert_eq!(
        (&record.host[..], &record.token[..]),
        (&b"example.com"[..], &b"sk_1"[..])
    );
    assert_eq!(
        (record.upstream, record.duration_ms()),
        (Upstream::Status(403), Some(250.0))
    );
    assert_eq!(record.stated, Stated::named(b"limit_status"));
}

#[test]
fn nginx_json_is_unescaped() {
    let format = r#"escape=json {"t":"$time_iso8601","a":"$remote_addr","s":$status,"r":"$request","ua":"$http_user_agent"}"#;
    let line = r#"{"t":"2000-10-10T13:55:36-07:00","a":"192.0.2.1","s":403,"r":"GET /\"a\" HTTP/1.1","ua":"\u0001x\\"}"#;
    let record = read(format, line).unwrap();
    assert_eq!(
        (record.time_ms, record.utc_offset_s),
        (971_211_336_000, -25_200)
    );
    assert_eq!(
        (&record.target[..], &record.user_agent[..]),
        (&b"/\"a\""[..], &b"\x01x\\"[..])
    );
}

#[test]
fn target_pieces_are_one() {
    for (format, line) in [
        (
            "$remote_addr $msec $status $uri$is_args$args",
            "192.0.2.1 971211336 403 /a?b=c",
        ),
        ("%a %{sec}t %>s %U%q", "192.0.2.1 971211336 403 /a?b=c"),
        (
            "%a %{sec}t %>s %U \"%q\"",
            "192.0.2.1 971211336 403 /a \"?b=c\"",
        ),
    ] {
        let record = read(format, line).unwrap_or_else(|| panic!("{format}"));
        assert_eq!(&record.target[..], b"/a?b=c", "{format}");
    }
}

#[test]
fn apache_directives() {
    let format = r#"%v:%p %{c}a %a %u [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] "%m %U%q %H" %s %>s %O %D %{X-Api-Key}i %L %% %{UNIQUE_ID}e %!200,304{Host}i"#;
    let line = r#"www.example.com:443 10.0.0.1 192.0.2.1 - [10/Oct/2000 13:55:36.655 -0700] "GET /a?b HTTP/1.1" 200 403 1234 250999 sk_1 - % Yx api.example.com"#;
    let record = read(format, line).unwrap();
    assert_eq!(
        (record.time_ms, record.utc_offset_s),
        (971_211_336_655, -25_200)
    );
    assert_eq!(&record.address[..], b"192.0.2.1");
    assert_eq!(
        (record.status, record.bytes, record.duration_ms()),
        (403, Some(1234), Some(250.999))
    );
    assert_eq!(
        (&record.host[..], &record.token[..]),
        (&b"api.example.com"[..], &b"sk_1"[..])
    );
    assert_eq!(
        (record.method, &record.target[..]),
        (&b"GET"[..], &b"/a?b"[..])
    );
}

#[test]
fn broken_requests_are_requests_in_quotes() {
    for request in ["-", "", r"\x16\x03\x01", "GET /a\\\"b"] {
        let line = LINE.replace("GET /a b?c=d HTTP/1.1", request);
        assert_eq!(
            read(COMBINED, &line).map(|record| record.status),
            Some(403),
            "{line}"
        );
    }
}

#[test]
fn a_request_without_quotes_ends_in_its_protocol() {
    let format = "$remote_addr $time_iso8601 $request $status $body_bytes_sent";
    let line = "192.0.2.1 2000-10-10T13:55:36-07:00 GET /a b HTTP/1.1 403 153";
    assert_eq!(&read(format, line).unwrap().target[..], b"/a b");
}

#[test]
fn a_request_without_an_answer_has_no_status() {
    let line = LINE.replace(" 403 153 ", " - 153 ");
    for format in [COMBINED, APACHE] {
        let record = read(format, &line).unwrap();
        assert_eq!((record.status, record.bytes), (0, Some(153)), "{format}");
    }
}

#[test]
fn torn_and_longer_lines_are_refused() {
    for end in 0..LINE.len() {
        assert_eq!(read(COMBINED, &LINE[..end]), None, "{}", &LINE[..end]);
    }
    for more in [" 0.1", " \"192.0.2.9\"", "x"] {
        assert_eq!(read(COMBINED, &format!("{LINE}{more}")), None, "{more}");
    }
}

#[test]
fn what_is_missing_is_said_with_its_column() {
    for (format, what) in [
        ("$remote_addr $status", "tells no time: add [$time_local]"),
        ("$remote_addr [$time_local]", "tells no status: add $status"),
        ("[$time_local] $status", "tells no client: add $remote_addr"),
        ("%h %>s", "tells no time: add %t"),
        ("%h %{%T}t %>s", "tells no time: add %t"),
        ("%h %t", "tells no status: add %>s"),
    ] {
        let message = message(format);
        let caret = format!("\n  {format}\n  {}^", " ".repeat(format.len()));
        assert!(
            message.contains(what) && message.ends_with(&caret),
            "{message}"
        );
    }
}

#[test]
fn what_is_wrong_is_pointed_at() {
    for (format, what, column) in [
        (
            "$remote_addr $http_a$http_b [$time_local] $status",
            "nothing stands between $http_a and $http_b",
            20,
        ),
        (
            "%h %t %>s %{a}i%{b}i",
            "nothing stands between %{a}i and %{b}i",
            15,
        ),
        ("$remote_addr [$time_local] $ $status", "needs a name", 27),
        ("%h %t %>s %{Referer", "not closed", 10),
        ("%h %t %>s %j", "%j is no directive", 10),
        ("%h %{%j}t %>s", "%j is not a strftime conversion", 3),
    ] {
        let message = message(format);
        let caret = format!("\n  {}^", " ".repeat(column));
        assert!(
            message.contains(what) && message.ends_with(&caret),
            "{message}"
        );
    }
}

proptest! {
    #[test]
    fn any_format_string_is_survived(format in "(\\$\\{?[a-z_]{0,9}|%[>{a-zA-Z}]{0,3}|[ \"\\\\\\[é]){0,12}", line: String) {
        for format in [format.clone(), format!("{format} {COMBINED}"), format!("{format} {APACHE}")] {
            if let Ok(template) = Template::new(&format) {
                template.parse(line.as_bytes(), &mut Clock::new(None));
                template.parse(LINE.as_bytes(), &mut Clock::new(None));
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(line: Vec<u8>, cut in 0usize..110) {
        let torn = [&LINE.as_bytes()[..cut.min(LINE.len())], &line].concat();
        Template::new(COMBINED).unwrap().parse(&torn, &mut Clock::new(None));
    }
}

const HTTPLOG: &str = "log-format \"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[last_rule_file]:%[last_rule_line]\"";

#[test]
fn httplog_by_its_string_reads_what_the_built_in_reads() {
    use crate::format::{BuiltIn, haproxy::Haproxy};
    for line in [
        "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in in/<NOSRV> 0/-1/-1/-1/0 403 192 - - PR-- 1/1/0/0/0 0/0 \"GET /a HTTP/1.1\" /etc/haproxy/haproxy.cfg:14",
        "2001:db8::1:33317 [06/Feb/2009:12:14:14.655] in app/s1 10/0/30/69/109 403 192 - - ---- 1/1/1/1/0 0/0 {1wt.eu|} {} \"GET /a HTTP/1.1\" haproxy.cfg:9",
        "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in app/s1 10/0/30/69/109 403 192 - - PH-- 1/1/1/1/0 0/0 \"GET /a?b HTTP/1.1\" -:-",
        "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in in/<NOSRV> 0/-1/-1/-1/0 403 192 - - PT-- 1/1/0/0/0 0/0 \"<BADREQ>\" haproxy.cfg:14",
    ] {
        let built_in = Haproxy::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        let mut expected = built_in
            .parse(line.as_bytes(), &mut Clock::new(None))
            .unwrap();
        // What captures hold is known by their looks only.
        expected.host = "".as_bytes().into();
        assert_eq!(read(HTTPLOG, line), Some(expected), "{line}");
    }
}

#[test]
fn variables_of_haproxy() {
    let format = r#"%{+Q}o %{-Q}ci [%{-Q}trl] %ST %HM %HU %Ta %s %ts "%[req.hdr(User-Agent)]" %[src_port] %[last_rule_file] %{-Q}[last_rule_line] 100%%"#;
    let line = r#"192.0.2.1 [10/Mar/2026:09:43:00 +0100] "403" "POST" "/a?b" "12" "<NOSRV>" "PR" ""curl/8"" "5000" "/etc/haproxy.cfg" 14 100%"#;
    let record = read(format, line).unwrap();
    assert_eq!((record.status, record.method), (403, &b"POST"[..]));
    assert_eq!(
        (record.utc_offset_s, record.duration_ms()),
        (3600, Some(12.0))
    );
    assert_eq!(
        (&record.address[..], record.upstream),
        (&b"192.0.2.1"[..], Upstream::NotAsked)
    );
    assert_eq!(record.rule_place(), Some((&b"/etc/haproxy.cfg"[..], 14)));
    let quoted = r#"%ci:%cp [%Ts.%ms] %ST "%hr" "%hs" %{+Q}r"#;
    for captures in [r#""{||curl|}" "{x}""#, r#""" """#, r#""-" "-""#] {
        let line = format!("192.0.2.1:5 [1773135780.123] 403 {captures} \"GET /a HTTP/1.1\"");
        let record = read(quoted, &line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(
            (record.time_ms, record.method),
            (1_773_135_780_123, &b"GET"[..])
        );
    }
    let escaped = r"log-format %ci\ %Ts\ %ST";
    assert!(read(escaped, "192.0.2.1 1773135780 403").is_some());
    for (format, says) in [
        ("%{+json}o %(a)ci", "read by its keys"),
        ("%ci %tr %ST %{+Q", "not closed"),
        ("%ci %tr %ST %[src", "not closed"),
        ("%ci %ST", "tells no time"),
        ("%ci %tr %", "needs a name"),
        ("%ci%tr %ST", "nothing stands between"),
    ] {
        let error = message(format);
        assert!(error.contains(says), "{format}: {error}");
    }
}

#[test]
fn what_clients_send_may_hold_what_stands_behind_it() {
    for (format, is_ambiguous) in [
        ("$remote_addr|$time_iso8601|$request|$status", true),
        ("$remote_addr|$time_iso8601|$http_user_agent|$status", true),
        (r#"$remote_addr "$request" $status [$time_local]"#, false),
        ("$remote_addr [$time_local] $request $status", false),
    ] {
        let template = Template::new(format).unwrap();
        assert_eq!(template.ambiguity().is_some(), is_ambiguous, "{format}");
    }
}

#[test]
fn a_request_of_nothing_but_ends_is_given_up() {
    let template = Template::new("$remote_addr [$time_local] $request $status").unwrap();
    let line = |ends: usize| {
        let request = format!("GET /{}", " HTTP/1.1".repeat(ends));
        format!("192.0.2.1 [10/Oct/2000:13:55:36 -0700] {request} 403")
    };
    let is_read = |ends| {
        let line = line(ends);
        let record = template.parse(line.as_bytes(), &mut Clock::new(None));
        record.is_some()
    };
    assert!(is_read(1) && is_read(20) && !is_read(1000));
}
