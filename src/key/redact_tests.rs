use super::*;
use proptest::prelude::*;

const KEY: [u8; 32] = [7; 32];

/// `…` marks where the fingerprint of `secret` is expected.
#[track_caller]
fn check(line: &str, secret: &str, expected: &str) {
    let key = TokenKey::from_bytes(KEY);
    let redacted = key.redact(line.as_bytes());
    let expected = expected.replace('…', &key.fingerprint(secret.as_bytes()));
    assert_eq!(String::from_utf8_lossy(&redacted), expected, "{line}");
    assert_eq!(key.redact(&redacted), redacted, "twice: {line}");
}

#[track_caller]
fn untouched(line: &str) {
    let key = TokenKey::from_bytes(KEY);
    let redacted = key.redact(line.as_bytes());
    assert_eq!(String::from_utf8_lossy(&redacted), line);
    assert!(matches!(redacted, Cow::Borrowed(_)));
}

#[test]
fn values_in_queries() {
    check(
        "GET /a?x=1&api_key=k1abc&y=2 HTTP/1.1",
        "k1abc",
        "GET /a?x=1&api_key=…&y=2 HTTP/1.1",
    );
    check("/a?access_token=t,w;o'x)", "t,w;o'x)", "/a?access_token=…");
    check("/a?password=ab%26cd&x=1", "ab%26cd", "/a?password=…&x=1");
    check(
        "/a?X-Amz-Signature=0a1b2c\"",
        "0a1b2c",
        "/a?X-Amz-Signature=…\"",
    );
    check("token=abc", "abc", "token=…");
    check("/a?access%5Ftoken=abc", "abc", "/a?access%5Ftoken=…");
    check("/a?%74oken=abc", "abc", "/a?%74oken=…");
    check("/a?user[password]=abc&b", "abc", "/a?user[password]=…&b");
    check("/a?token[]=abc&b", "abc", "/a?token[]=…&b");
    check("/a?token[12]=abc&b", "abc", "/a?token[12]=…&b");
    check("/a?token%5B%5D=abc&b", "abc", "/a?token%5B%5D=…&b");
    check("/a?token+=abc&b", "abc", "/a?token+=…&b");
    check("/a?SAMLResponse=abc&b", "abc", "/a?SAMLResponse=…&b");
    check("/a?q=Bearer+a1B2c3&b", "a1B2c3", "/a?q=Bearer+…&b");
    check("/a?q=basic%2520a1B2c3&b", "a1B2c3", "/a?q=basic%2520…&b");
    check(
        "{\"uri\":\"/a?token=abc\\u0026b=1\"}",
        "abc",
        "{\"uri\":\"/a?token=…\\u0026b=1\"}",
    );
}

#[test]
fn values_in_encoded_urls() {
    check(
        "?next=%2Fa%3Ftoken%3Dabc%26x%3D1&y=2",
        "abc",
        "?next=%2Fa%3Ftoken%3D…%26x%3D1&y=2",
    );
    check(
        "?n=%252Fa%253Ftoken%253Dabc%2526x",
        "abc",
        "?n=%252Fa%253Ftoken%253D…%2526x",
    );
    check(
        "?u=https%3A%2F%2Fme%3Apw%40host%2F",
        "me%3Apw",
        "?u=https%3A%2F%2F…%40host%2F",
    );
}

#[test]
fn values_in_fields() {
    check(
        "Authorization: Bearer abc123 next",
        "abc123",
        "Authorization: Bearer … next",
    );
    check(
        "x \"Bearer abc.def\" \"UA\"",
        "abc.def",
        "x \"Bearer …\" \"UA\"",
    );
    check("x \"Basic dTpw\" y", "dTpw", "x \"Basic …\" y");
    check(
        "a=1 token=abc key=\"\" b=2",
        "abc",
        "a=1 token=… key=\"\" b=2",
    );
    check("a, api_key=abc, b=2", "abc", "a, api_key=…, b=2");
    check(
        "{\"api_key\": \"a\\\"b\", \"x\":1}",
        "a\\\"b",
        "{\"api_key\": \"…\", \"x\":1}",
    );
    check("{\"token\":123456}", "123456", "{\"token\":…}");
    check(
        "\"Authorization\":[\"Bearer abc\"],\"b\":1",
        "abc",
        "\"Authorization\":[\"Bearer …\"],\"b\":1",
    );
    check(
        "\"Cookie\":[\"sid=abc; b=2\"]",
        "sid=abc; b=2",
        "\"Cookie\":[\"…\"]",
    );
    check(
        "\"PHPSESSID=abc; lang=en\"",
        "abc",
        "\"PHPSESSID=…; lang=en\"",
    );
    check(
        "\"{\\x22token\\x22:\\x22abc\\x22}\"",
        "abc",
        "\"{\\x22token\\x22:\\x22…\\x22}\"",
    );
    check(
        "\"{\\\"token\\\":\\\"abc\\\"}\"",
        "abc",
        "\"{\\\"token\\\":\\\"…\\\"}\"",
    );
    check(
        "q=%7B%22token%22%3A%22abc%22%7D",
        "abc",
        "q=%7B%22token%22%3A%22…%22%7D",
    );
}

#[test]
fn shapes_anywhere() {
    for secret in [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "xoxb-123456789012-abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "sk-proj-abcdefghij0123456789",
        "glpat-abcdefghij0123456789",
    ] {
        check(&format!("GET /hook/{secret}/x"), secret, "GET /hook/…/x");
        check(&format!("?q={secret}&x"), secret, "?q=…&x");
    }
    check("\"https://u:p@host/x\"", "u:p", "\"https://…@host/x\"");
}

#[test]
fn what_is_no_secret_stays() {
    for line in [
        "",
        r#"203.0.113.7 - jane [10/Oct/2026:13:55:36 +0000] "GET /a/b?page=2&sort_key=x&q=a%20b HTTP/1.1" 403 12 "https://e.example/x?state=CA" "Mozilla/5.0 (X11; Linux x86_64)""#,
        "/token/refresh?max_tokens=500&author=me",
        "/task-management-software-guide-2026",
        "token=REDACTED&api_key=[FILTERED]&password=***&sig=&auth=-",
        "mail:me@example.com https://example.com/@me",
        "Basic training, Bearer of news",
        "/disk_usage_of_all_machines_1",
        "\u{fffd}% %2 %zz = : ==",
    ] {
        untouched(line);
    }
}

#[test]
fn a_name_in_the_place_of_a_value_has_a_value_too() {
    let key = TokenKey::from_bytes(KEY);
    for line in [
        "Pw: token: aAA00AAA00Q7AaaA",
        "pw=token=aAA00AAA00Q7AaaA",
        "pw: :: token=aAA00AAA00Q7AaaA",
    ] {
        let redacted = key.redact(line.as_bytes()).into_owned();
        assert!(
            memchr::memmem::find(&redacted, b"aAA00").is_none(),
            "{line}"
        );
    }
}

#[test]
fn known_secrets_go_wherever_they_stand() {
    let key = TokenKey::from_bytes(KEY);
    let print = key.fingerprint(b"plainkey");
    let redacted = key.redact_known(b"\"plainkey\" 200 \"plainkey\"", b"Bearer plainkey");
    assert_eq!(redacted, format!("\"{print}\" 200 \"{print}\"").as_bytes());
}

#[test]
fn long_hostile_lines_take_linear_time() {
    let key = TokenKey::from_bytes(KEY);
    for piece in [
        "eyJ",
        "token=",
        "://",
        "%3A%2F%2F",
        "\"token\":[\"",
        "%3D",
        "=",
        "Bearer ",
        "\\x22",
        "@",
        ",a",
    ] {
        let line = piece.repeat((1 << 20) / piece.len());
        let start = std::time::Instant::now();
        let once = key.redact(line.as_bytes());
        assert!(start.elapsed().as_secs() < 5, "{piece}");
        assert!(once.len() <= 4 * line.len() + 16);
    }
}

proptest! {
    #[test]
    fn a_planted_secret_never_survives(
        before in "[ -~]{0,30}",
        after in "([&\" ][ -~]{0,30})?",
        name in prop::sample::select(vec!["token", "api_key", "X-Amz-Signature", "password", "sid", "client_secret"]),
        shape in prop::sample::select(vec!["?a=1&NAME=", "\"NAME\":\"", "\"NAME\": \"", "x NAME=\"", "NAME: ", "&x%3FNAME%3D", "; NAME="]),
        secret in "[A-Za-z0-9]{10}Q7[A-Za-z0-9_.~-]{4,20}",
    ) {
        let line = format!("{before} {}{secret}{after}", shape.replace("NAME", name));
        let redacted = TokenKey::from_bytes(KEY).redact(line.as_bytes()).into_owned();
        let redacted = String::from_utf8_lossy(&redacted).into_owned();
        prop_assert!(!redacted.contains(&secret[..8]), "{} -> {}", line, redacted);
        prop_assert!(!redacted.contains(&secret[secret.len() - 8..]), "{} -> {}", line, redacted);
    }

    #[test]
    fn any_bytes_are_taken(line in prop::collection::vec(prop::sample::select(b"token=:\"'\\%3D26x&;, eyJ://@[]\xff\0Bearer ".to_vec()), 0..200)) {
        let key = TokenKey::from_bytes(KEY);
        let known = key.redact_known(&line, b"eyJ=");
        prop_assert!(memchr::memmem::find(&known, b"token=x\"").is_none() || line.len() > 6);
        let _ = key.redact_query(&line);
    }
}
