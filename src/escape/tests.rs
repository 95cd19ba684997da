use super::*;
use proptest::prelude::*;
use std::process::Command;

/// Bytes as attackers mix them: text, controls, escapes, broken UTF-8.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        any::<u8>().prop_map(|byte| vec![byte]),
        "[ -~]{0,8}".prop_map(String::into_bytes),
        Just(b"\x1b[2J".to_vec()),
        Just("\u{202e}\u{200b}\u{9b}".as_bytes().to_vec()),
        Just(b"'\\\"$`=".to_vec()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn is_harmless(text: &str) -> bool {
    text.chars()
        .all(|c| !c.is_control() && columns(c) > 0 && !is_unsafe_to_show(c))
}

#[test]
fn ordinary_text_is_shown_as_it_is() {
    for text in [
        "",
        "/api/v1/search?q=a%20b",
        r"C:\x22 quoted by nginx",
        "Größe 北京",
        "Mozilla/5.0 (X11)",
    ] {
        assert!(matches!(terminal(text), Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn controls_are_shown_as_escapes() {
    assert_eq!(terminal("\x1b[31m\x07\0\x7f"), r"\x1b[31m\x07\x00\x7f");
    assert_eq!(terminal("a\tb\r\nc"), r"a\tb\r\nc");
    assert_eq!(terminal("\u{9b}2J\u{85}"), r"\u{9b}2J\u{85}");
}

#[test]
fn marks_that_turn_or_hide_text_are_shown_as_escapes() {
    assert_eq!(
        terminal("a\u{202e}b\u{2066}\u{200f}"),
        r"a\u{202e}b\u{2066}\u{200f}"
    );
    assert_eq!(
        terminal("\u{200b}\u{feff}\u{ad}\u{301}"),
        r"\u{200b}\u{feff}\u{ad}\u{301}"
    );
    assert_eq!(
        terminal("\u{2028}\u{2029}\u{a0}\u{3164}\u{e0041}"),
        r"\u{2028}\u{2029}\u{a0}\u{3164}\u{e0041}"
    );
}

#[test]
fn bytes_that_are_not_utf8_are_shown_in_hex() {
    assert_eq!(terminal_bytes(b"a\xff\x1bz\xe2\x82"), r"a\xff\x1bz\xe2\x82");
    assert_eq!(utf8(b"caf\xe9"), r"caf\xe9");
}

#[test]
fn ascii_keeps_our_own_signs_readable() {
    assert_eq!(ascii("10 – 20 → …"), "10 - 20 -> ...");
    assert_eq!(ascii("é"), r"\u{e9}");
}

#[test]
fn formulas_are_neutralised() {
    assert_eq!(csv_cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
    for start in ["+1", "-1", "@SUM", "＝1"] {
        assert_eq!(csv_cell(start), format!("'{start}"));
    }
    assert_eq!(csv_cell("\t=1"), r"'\t=1");
    assert_eq!(csv_cell("\r=1"), r"'\r=1");
    assert_eq!(csv_cell("/a=b"), "/a=b");
}

#[test]
fn arguments_are_quoted_where_needed() {
    assert_eq!(shell(b""), "''");
    assert_eq!(shell(b"https://a.example/x"), "https://a.example/x");
    assert_eq!(shell(b"a b;$(reboot)"), "'a b;$(reboot)'");
    assert_eq!(shell(b"it's"), r"'it'\''s'");
    assert_eq!(shell(b"\x1b[2J'\\"), r"$'\033[2J\'\\'");
    assert_eq!(shell(b"\xff\0"), r"$'\377\\x00'");
}

#[test]
fn json_strings_are_safe_to_show() {
    assert_eq!(
        json_string(b"\"\\\n\x1b\xff"),
        "\"\\\"\\\\\\n\\u001b\\\\xff\""
    );
    assert_eq!(
        json_string("\u{9b}\u{202e}\u{e0041}".as_bytes()),
        r#""\u009b\u202e\udb40\udc41""#
    );
}

/// What `sh` makes of an argument; bash, because plain `sh` may be older than POSIX.1-2024.
fn through_a_shell(quoted: &str) -> Option<Vec<u8>> {
    let script = format!("printf %s {quoted}");
    let output = Command::new("bash").arg("-c").arg(script).output().ok()?;
    Some(output.stdout)
}

proptest! {
    #[test]
    fn nothing_shown_is_obeyed_or_unseen(bytes in hostile_bytes()) {
        let text = utf8(&bytes);
        prop_assert!(is_harmless(&terminal_bytes(&bytes)));
        prop_assert!(is_harmless(&csv_cell(&text)));
        prop_assert!(is_harmless(&shell(&bytes)));
        prop_assert!(is_harmless(&json_string(&bytes)));
        let plain = ascii(&text);
        prop_assert!(plain.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "{}", plain);
    }

    #[test]
    fn escaping_again_changes_nothing(bytes in hostile_bytes()) {
        let once = terminal_bytes(&bytes).into_owned();
        prop_assert_eq!(terminal(&once), once.as_str());
        let plain = ascii(&once).into_owned();
        prop_assert_eq!(ascii(&plain), plain.as_str());
    }

    #[test]
    fn no_cell_starts_a_formula(bytes in hostile_bytes()) {
        let text = utf8(&bytes);
        prop_assert!(!csv_cell(&text).starts_with(FORMULA_STARTS));
    }

    #[test]
    fn json_strings_parse_back(bytes in hostile_bytes()) {
        let parsed: String = serde_json::from_str(&json_string(&bytes)).unwrap();
        prop_assert_eq!(parsed, utf8(&bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_shell_reads_the_argument_back(bytes in hostile_bytes()) {
        let without_nul: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 0).collect();
        if let Some(read) = through_a_shell(&shell(&without_nul)) {
            prop_assert_eq!(read, without_nul);
        }
    }
}
