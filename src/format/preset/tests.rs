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

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(line: Vec<u8>) {
        for preset in all() {
            preset.parse(&line, &mut Clock::new(None));
        }
    }
}
