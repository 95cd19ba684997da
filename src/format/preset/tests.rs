//! Tests of named format strings.

use super::*;

#[test]
fn every_format_string_compiles() {
    for (preset, row) in all().iter().zip(known::ROWS) {
        assert_eq!(
            preset.templates.len(),
            row.strings.len(),
            "{}",
            preset.known.name
        );
    }
}

#[test]
fn torn_lines_of_load_balancers_are_refused() {
    let line = r#"2026-03-10T09:43:00.945958Z shop 203.0.113.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 403 403 0 29 "GET http://www.example.com:80/ HTTP/1.1""#;
    let elb = all()
        .iter()
        .find(|preset| preset.known.name == "aws.elb")
        .unwrap();
    assert!(elb.parse(line.as_bytes(), &mut Clock::new(None)).is_some());
    for end in 0..line.len() {
        assert_eq!(
            elb.parse(&line.as_bytes()[..end], &mut Clock::new(None)),
            None,
            "{end}"
        );
    }
}

/// What a named format tells of a line: time, address, status, size and method.
fn told(name: &str, line: &str) -> Option<String> {
    let preset = all().iter().find(|preset| preset.known.name == name)?;
    let record = preset.parse(line.as_bytes(), &mut Clock::new(None))?;
    let text = |field: &[u8]| String::from_utf8_lossy(field).into_owned();
    Some(format!(
        "{} {} {} {:?} {}",
        record.time_ms,
        text(&record.address),
        record.status,
        record.bytes,
        text(record.method)
    ))
}

#[test]
fn what_others_write_as_squid_does() {
    const SQUID: &str = "1773132180.250      3 203.0.113.7 TCP_DENIED/403 12 GET http://a.example/ - NONE/- text/html";
    let expected = "1773132180250 203.0.113.7 403 Some(12) GET";
    for line in [
        SQUID.to_owned(),
        SQUID.replace("7 TCP", "7 (a.example) TCP"),
        format!("Info: {SQUID}"),
        format!("Info: {SQUID} DEFAULT_CASE_12-NONE <\"IW_comp\",3.0,1,\"-\",-> - -"),
        format!("Mar 10 09:43:00 proxy1 squid 86 [local0.info] {SQUID}"),
        format!("Mar  1 09:43:00 proxy1 squid 86 [local0.info] {SQUID}"),
    ] {
        assert_eq!(told("squid", &line).as_deref(), Some(expected), "{line}");
    }
}

#[test]
fn a_load_balancers_line_may_have_other_spaces_and_no_zone() {
    let line = "2026-03-10T09:43:00 shop 203.0.113.7:2817 10.0.0.1:80 0.1 0.1 0.1 403 403 0 29  \"GET https://a.example:443/ HTTP/1.1\" \"a (b)\" ciphers TLSv1.2";
    let expected = "1773135780000 203.0.113.7 403 Some(29) GET";
    assert_eq!(told("aws.elb", line).as_deref(), Some(expected));
}

/// What the first template tells that reads the line, each tried.
fn by_each<'a>(preset: &Preset, line: &'a [u8]) -> Option<Record<'a>> {
    let mut templates = preset.templates.iter();
    templates.find_map(|(_, template)| template.parse(line, &mut Clock::new(None)))
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(line: Vec<u8>) {
        for preset in all() {
            preset.parse(&line, &mut Clock::new(None));
        }
    }

    #[test]
    fn templates_are_passed_over_in_vain_only(
        quoted in proptest::collection::vec("[a-z]( [a-z/]{0,3}){0,2}", 0..6), torn in "[\"]?",
    ) {
        let quoted: String = quoted.iter().map(|text| format!(" \"{text}\"")).collect();
        for front in [
            "1773132180.250      3 203.0.113.7 TCP_MISS/200 12 GET http://a.example/ - HIER_NONE/- text/html",
            "2026-03-10T09:43:00.945958Z shop 203.0.113.7:2817 10.0.0.1:80 0.1 0.1 0.1 403 403 0 29 \"GET / HTTP/1.1\"",
            "own box [10/Mar/2026:09:43:00 +0000] 203.0.113.7 - 1 REST.GET.OBJECT a \"GET / HTTP/1.1\" 200 - 1 1 1 1",
        ] {
            let line = format!("{front}{quoted}{torn}");
            for preset in all() {
                let found = preset.parse(line.as_bytes(), &mut Clock::new(None));
                proptest::prop_assert!(found.is_none() || preset.may_read(&Delimiters::of(line.as_bytes())), "{}", line);
                proptest::prop_assert_eq!(found, by_each(preset, line.as_bytes()), "{}", line);
            }
        }
    }
}
