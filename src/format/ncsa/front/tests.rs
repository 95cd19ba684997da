//! Tests of what stands before NCSA's time.

use super::*;

fn read(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (_, front) = front(line.as_bytes()).ok()?;
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    Some((
        text(front.vhost),
        text(front.client),
        text(front.user),
        text(front.forwarded_for),
    ))
}

#[test]
fn every_front() {
    const T: &str = "[10/Oct/2000:13:55:36 -0700]";
    for (line, expected) in [
        ("192.0.2.1 - - ", ("", "192.0.2.1", "", "")),
        ("192.0.2.1 - frank ", ("", "192.0.2.1", "frank", "")),
        (
            "192.0.2.1 - John [x] Doe ",
            ("", "192.0.2.1", "John [x] Doe", ""),
        ),
        ("2001:db8::1 - - ", ("", "2001:db8::1", "", "")),
        ("host.example.net - - ", ("", "host.example.net", "", "")),
        ("unix: - - ", ("", "unix:", "", "")),
        (
            "192.0.2.1 - [192.0.2.1] - - ",
            ("", "192.0.2.1", "-", "192.0.2.1"),
        ),
        (
            "192.0.2.1 - [203.0.113.7, 2001:db8::1] - ann ",
            ("", "192.0.2.1", "ann", "203.0.113.7, 2001:db8::1"),
        ),
        (
            "192.0.2.1 - [admin] - ann ",
            ("", "192.0.2.1", "[admin] - ann", ""),
        ),
        ("192.0.2.1 - - - ", ("", "192.0.2.1", "", "")),
        ("192.0.2.1 - - ann ", ("", "192.0.2.1", "ann", "")),
        ("[httpd] ::1 - - ", ("", "::1", "", "")),
        (
            "192.0.2.1 198.51.100.1 - ",
            ("198.51.100.1", "192.0.2.1", "-", ""),
        ),
        ("198.51.100.1 192.0.2.1 - - ", ("", "198.51.100.1", "-", "")),
        (
            "10.0.0.1 192.0.2.1 - ann ",
            ("10.0.0.1", "192.0.2.1", "ann", ""),
        ),
        (
            "127.0.1.1 10.0.0.1 - ann ",
            ("127.0.1.1", "10.0.0.1", "ann", ""),
        ),
        (
            "198.51.100.1:443 192.0.2.1 - - ",
            ("198.51.100.1", "192.0.2.1", "-", ""),
        ),
        (
            "192.0.2.1 localhost:9449 - ",
            ("localhost", "192.0.2.1", "-", ""),
        ),
        ("::1 localhost - ", ("localhost", "::1", "-", "")),
        (
            "10.0.0.2 (192.0.2.1, 198.51.100.2) - ann ",
            ("", "192.0.2.1", "ann", "192.0.2.1, 198.51.100.2"),
        ),
        (
            "198.51.100.2 (192.0.2.1) - - ",
            ("", "198.51.100.2", "-", "192.0.2.1"),
        ),
        ("10.0.0.2 (-) - - ", ("", "10.0.0.2", "-", "")),
        (
            "192.0.2.1 - a.example www.a.example ann ",
            ("a.example", "192.0.2.1", "ann", ""),
        ),
        ("192.0.2.1 - 192.0.2.1 - - ", ("", "192.0.2.1", "", "")),
        ("[steam] 192.0.2.1 / - - - ", ("", "192.0.2.1", "-", "")),
        (
            "[steam] 10.0.0.2 / 192.0.2.1 - ann ",
            ("", "10.0.0.2", "ann", "192.0.2.1"),
        ),
        (
            "[2026-03-10 09:43:00] 192.0.2.1 - ann ",
            ("", "192.0.2.1", "ann", ""),
        ),
        (
            "intranet:8443 192.0.2.1 - - ",
            ("intranet", "192.0.2.1", "-", ""),
        ),
        ("192.0.2.1 identd frank ", ("", "192.0.2.1", "frank", "")),
        (
            "192.0.2.1 www.example.com - frank ",
            ("www.example.com", "192.0.2.1", "frank", ""),
        ),
        (
            "192.0.2.1:40000 www.example.com:80 - frank ",
            ("www.example.com", "192.0.2.1", "frank", ""),
        ),
        (
            "198.51.100.1:80 host.example.net - frank ",
            ("198.51.100.1", "host.example.net", "frank", ""),
        ),
        (
            "192.0.2.1 www.example.com - ",
            ("www.example.com", "192.0.2.1", "-", ""),
        ),
        (
            "www.example.com:443 192.0.2.1 - - ",
            ("www.example.com", "192.0.2.1", "-", ""),
        ),
        ("_ 2001:db8::1 - frank ", ("_", "2001:db8::1", "frank", "")),
        (
            "~^(www\\.)?x$ 192.0.2.1 - - ",
            ("~^(www\\.)?x$", "192.0.2.1", "-", ""),
        ),
        (
            "a.example b.example - frank ",
            ("a.example", "b.example", "frank", ""),
        ),
        (
            "192.0.2.1, 10.0.0.1 - frank ",
            ("", "192.0.2.1", "frank", "192.0.2.1, 10.0.0.1"),
        ),
    ] {
        let line = format!("{line}{T}");
        let (vhost, client, user, list) = read(&line).unwrap_or_else(|| panic!("{line}"));
        let user = if user == "-" && expected.2.is_empty() {
            ""
        } else {
            user
        };
        assert_eq!((vhost, client, user, list), expected, "{line}");
    }
}

#[test]
fn no_front() {
    for line in [
        "",
        "[10/Oct/2000",
        " [10/Oct",
        "192.0.2.1 [10/Oct",
        "\u{1} - - [10/Oct",
        "{\"a\": [10",
    ] {
        assert_eq!(read(line), None, "{line}");
    }
}
