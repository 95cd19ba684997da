use super::*;
use proptest::prelude::*;

fn route(path: &[u8]) -> String {
    let mut out = b"left over".to_vec();
    template(path, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (path, expected) in cases {
        assert_eq!(route(path.as_bytes()), *expected, "{path}");
    }
}

#[test]
fn identifiers_are_replaced() {
    check(&[
        ("/users/42/orders", "/users/{id}/orders"),
        ("/u/123e4567-e89b-12d3-a456-426614174000", "/u/{id}"),
        ("/objects/507f1f77bcf86cd799439011", "/objects/{id}"),
        ("/commit/3fce3b5a", "/commit/{id}"),
        ("/watch/dQw4w9WgXcQ", "/watch/{id}"),
        ("/u/jane.doe@example.com/x", "/u/{id}/x"),
        ("/u/jane%40example.com", "/u/{id}"),
        ("/geo/52.37,4.89", "/geo/{id}"),
        ("/wiki/%D0%9C%D0%BE%D1%81%D0%BA%D0%B2%D0%B0", "/wiki/{id}"),
        ("/ulid/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/ulid/{id}"),
        ("/archive/2026-11-23", "/archive/{date}"),
        ("/archive/2026-11-23T10:00:00Z/x", "/archive/{date}/x"),
        ("/2026/11/23/title", "/{id}/{id}/{id}/title"),
    ]);
}

#[test]
fn names_keep_their_words() {
    check(&[
        ("/blog/post-23", "/blog/post-{n}"),
        ("/img/hero-3.jpg", "/img/hero-{n}.jpg"),
        ("/js/main.3.css", "/js/main.{n}.css"),
        ("/fonts/inter-1.woff2", "/fonts/inter-{n}.woff2"),
        ("/js/main.1a2b3c4d.chunk.js", "/js/main.{id}.chunk.js"),
        ("/js/jquery-3.6.0.min.js", "/js/jquery-{n}.min.js"),
        ("/f/report-2026-11-23.pdf", "/f/report-{n}.pdf"),
        ("/img/IMG_20240501_123456.jpg", "/img/IMG_{n}.jpg"),
        ("/img/123.jpg", "/img/{id}.jpg"),
        ("/a/INV-2024-0001", "/a/INV-{n}"),
        ("/a/ORD10234", "/a/ORD{n}"),
        ("/c/cus_9s6XKzkNRiz8i3", "/c/{id}"),
        ("/questions/23-how-to", "/questions/{n}-how-to"),
    ]);
}

#[test]
fn names_without_variables_stay() {
    for path in [
        "/",
        "/api/v1/search",
        "/api/v1beta2/x",
        "/V2.1/x",
        "/oauth2/token",
        "/.git/config",
        "/.env",
        "/.well-known/acme",
        "/blog/",
        "/wp-login.php",
        "/music/song.mp3",
        "/defaced",
        "/~john/@jane",
        "/Documentation/My%20File.html",
        "/getUserAccountDetailsByIdV2",
        "*",
        "",
    ] {
        assert_eq!(route(path.as_bytes()), path);
    }
}

#[test]
fn paths_are_tidied_but_not_resolved() {
    check(&[
        ("//a///b//", "/a/b/"),
        ("/./a/./b/.", "/a/b"),
        ("/.", "/"),
        ("/../../../etc/passwd", "/../etc/passwd"),
        ("/a;jsessionid=1234ABCD5678/b", "/a/b"),
        ("/a/b?x=1", "/a/b"),
        ("http://example.com/a/7", "/a/{id}"),
        ("http://example.com", "/"),
        ("bucket/key/7.txt", "bucket/key/{id}.txt"),
        ("example.com:443", "{authority}"),
        ("\\x16\\x03\\x01", "{malformed}"),
        ("t3 12.1.2", "{malformed}"),
    ]);
}

#[test]
fn foreign_bytes_stay_bytes() {
    let mut out = Vec::new();
    template(b"/a\xff\x00b/\x1b[2J", &mut out);
    assert_eq!(out, b"/a\xff\x00b/\x1b[2J");
}

#[test]
fn long_paths_are_bounded() {
    assert_eq!(
        route(&b"/a".repeat(100)),
        format!("{}/{{rest}}", "/a".repeat(12))
    );
    assert_eq!(route(&[b"/", &b"x".repeat(1 << 20)[..]].concat()), "/{id}");
    let wide = [&b"/"[..], &b"abcdefghij".repeat(6)].concat();
    assert_eq!(
        route(&wide.repeat(9)),
        format!("{}/{{rest}}", String::from_utf8_lossy(&wide).repeat(4))
    );
}

proptest! {
    #[test]
    fn any_path_is_bounded(path in prop::collection::vec(any::<u8>(), 0..700)) {
        let mut out = Vec::new();
        template(&path, &mut out);
        prop_assert!(out.len() <= MAX_BYTES);
        template(&[b"/", &path[..]].concat(), &mut out);
        prop_assert!(out.len() <= MAX_BYTES);
        prop_assert!(out.starts_with(b"/"));
        prop_assert!(out.iter().filter(|byte| **byte == b'/').count() <= MAX_SEGMENTS + 2);
    }

    #[test]
    fn templates_of_templates_are_themselves(path in "(/[a-zA-Z0-9._%;-]{0,14}){1,14}") {
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        template(path.as_bytes(), &mut once);
        template(&once, &mut twice);
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }

    #[test]
    fn numbers_never_tell_paths_apart(a in 0u64..u64::MAX, b in 0u64..u64::MAX) {
        prop_assert_eq!(route(format!("/x/{a}/y").as_bytes()), route(format!("/x/{b}/y").as_bytes()));
        prop_assert_eq!(route(format!("/x/p-{a}.css").as_bytes()), route(format!("/x/p-{b}.css").as_bytes()));
    }
}
