//! Records on several lines are whole, and the same in every way of reading.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const STAMP: &str = "2026-03-10T09:00:00.000000001Z";

/// All text of a pass.
fn read(way: Way, text: &str, chunk_bytes: usize) -> String {
    with_input(way, text.as_bytes(), chunk_bytes, |mut input| {
        let (seen, troubles) = first_pass(&mut input);
        assert!(troubles.is_empty(), "{troubles:?}");
        assert_eq!(second_pass(&input).0, seen, "{way:?}");
        String::from_utf8(text_of(&seen)).unwrap()
    })
}

/// The lines of a text, blank ones as nothing.
fn trimmed(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn parts_stand_where_the_last_one_does() {
    let cri = |lines: &str| lines.replace('@', STAMP);
    let docker = |lines: &str| {
        lines
            .replace('<', r#"{"log":""#)
            .replace('>', &format!(r#"","stream":"stdout","time":"{STAMP}"}}"#))
            .replace('!', &format!(r#"","stream":"stderr","time":"{STAMP}"}}"#))
    };
    for (text, expected) in [
        (
            cri(
                "@ stdout F a\n@ stdout P b \n@ stderr F x\n@ stdout P c\n@ stdout F d\n@ stdout F e\n",
            ),
            cri("@ stdout F a\n\n@ stderr F x\n\n@ stdout F b cd\n@ stdout F e\n"),
        ),
        // Parts of both streams wait at once; an empty last part; the last line lacks its newline.
        (
            cri("@ stdout P a\n@ stderr P x\n@ stdout F \n@ stderr F y"),
            cri("\n\n@ stdout F a\n@ stderr F xy"),
        ),
        // What is never ended is a line by itself.
        (
            cri("@ stdout F a\n@ stdout P b\n@ stderr F x\n@ stdout P c\n"),
            cri("@ stdout F a\n@ stdout P b\n@ stderr F x\n@ stdout P c\n"),
        ),
        (
            docker("<a\\n>\n<b>\n<x\\n!\n<c\\\\n>\n<d\\\"\\n>\n<e\\n>\n<f>\n"),
            docker("<a\\n>\n\n<x\\n!\n\n<bc\\\\nd\\\"\\n>\n<e\\n>\n<f>\n"),
        ),
        (
            "--ab-A--\r\n[h]\r\n--ab-C--\r\n\n--x-Z--\n--ab-Z--\r\n\n--cd-A--\n--ef-A--\n[i]\n--ef-Z--\n--gh-A--".to_owned(),
            "\n\n\n\n\n--ab-A--|[h]|--ab-C--||--x-Z--|--ab-Z--\n\n--cd-A--\n\n\n--ef-A--|[i]|--ef-Z--\n--gh-A--".replace('|', "\u{1e}"),
        ),
        // A forwarder that takes the newlines off cuts nothing.
        (docker("<a>\n<b>\n"), docker("<a>\n<b>\n")),
    ] {
        for way in WAYS {
            for chunk_bytes in [1, 50, 64, 100, 1 << 20] {
                let found = read(way, &text, chunk_bytes);
                let breaks = found.matches('\u{1e}').count();
                assert_eq!(found.len(), text.len() + breaks);
                let found = trimmed(&found);
                assert_eq!(found, trimmed(&expected), "{way:?} {chunk_bytes}");
            }
        }
    }
}

#[test]
fn the_head_holds_whole_records() {
    let text = format!("{STAMP} stdout F a\n{STAMP} stdout P b\n{STAMP} stdout F c\n");
    for way in WAYS {
        with_input(way, text.as_bytes(), 64, |input| {
            let head = String::from_utf8(input.sources()[0].head().to_vec()).unwrap();
            let whole = format!("{STAMP} stdout F bc");
            assert_eq!(trimmed(&head)[1..], ["", &whole], "{way:?}");
        });
    }
}

#[test]
fn parts_out_of_reach_stay_lines() {
    let (first, last) = (
        format!("{STAMP} stdout P first\n"),
        format!("{STAMP} stdout F last\n"),
    );
    let between = format!("{STAMP} stderr F {}\n", "x".repeat(1000));
    // The last part begins as far behind the first as is reached, and one byte further.
    let lines = (LONGEST_LINE - first.len() - 60) / between.len();
    let rest = LONGEST_LINE - first.len() - lines * between.len();
    let filler = |more: usize| format!("{STAMP} stderr F {:x<1$}\n", "", rest - 41 + more);
    for (more, joined) in [(0, true), (1, false)] {
        let text = [
            &first,
            &between.repeat(lines),
            &filler(more),
            &last,
            &between,
        ]
        .map(String::as_str)
        .concat();
        assert_eq!(text.find(&last), Some(LONGEST_LINE + more));
        for way in [Way::Mapped, Way::Read, Way::Piped] {
            for chunk_bytes in [40_000, 1 << 20, 8 << 20] {
                let found = read(way, &text, chunk_bytes);
                assert_eq!(
                    found.contains(" stdout F firstlast\n"),
                    joined,
                    "{way:?} {chunk_bytes}"
                );
                assert_eq!(found.contains(&first), !joined, "{way:?} {chunk_bytes}");
            }
        }
    }
}

#[test]
fn a_joined_line_is_as_long_as_any_that_is_too_long() {
    let part = format!("{STAMP} stdout P {}\n", "x".repeat(16 << 10));
    let text = format!(
        "{STAMP} stdout F a\n{}{STAMP} stdout F {}\n",
        part.repeat(60),
        "y".repeat(1 << 19)
    );
    for way in [Way::Mapped, Way::Piped] {
        let found = read(way, &text, 1 << 20);
        let longest = found.lines().map(str::len).max();
        assert_eq!(longest, Some(LONGEST_LINE + 1), "{way:?}");
        assert_eq!(found.lines().count(), 62);
    }
}

fn line() -> impl Strategy<Value = String> {
    let text = "[a \"\\\\n]{0,12}";
    prop_oneof![
        6 => ("(stdout|stderr)", "[PF]", text).prop_map(|(s, t, x)| format!("{STAMP} {s} {t} {x}")),
        1 => "[ PF{}x]{0,9}",
    ]
}

/// The same lines, put together one by one.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for stream in [" stdout ", " stderr "] {
        let mut open: Vec<(usize, String)> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let Some(rest) = line.strip_prefix(&format!("{STAMP}{stream}")) else {
                continue;
            };
            match rest.split_at(2) {
                ("P ", part) => open.push((at, part.to_owned())),
                (_, part) if !open.is_empty() => {
                    let before: String = open.iter().map(|(_, part)| &part[..]).collect();
                    lines[at] = format!("{STAMP}{stream}F {before}{part}");
                    open.drain(..).for_each(|(at, _)| lines[at].clear());
                }
                _ => {}
            }
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_records_in_every_way(lines in vec(line(), 0..20), chunk_bytes in 1_usize..300) {
        let first = format!("{STAMP} stdout F a\n").repeat(30);
        let text = first + &lines.join("\n");
        let expected = joined(&text);
        for way in [Way::Mapped, Way::Read, Way::Piped, Way::Packed(Compression::Zstd)] {
            let found = read(way, &text, chunk_bytes);
            let blank_is_nothing = |line: &str| match line.trim() {
                "" => String::new(),
                _ => line.to_owned(),
            };
            prop_assert_eq!(found.len(), text.len());
            let found: Vec<_> = found.lines().map(blank_is_nothing).collect();
            let expected: Vec<_> = expected.iter().map(|line| blank_is_nothing(line)).collect();
            prop_assert_eq!(&found, &expected, "{:?} {}", way, chunk_bytes);
        }
    }
}
