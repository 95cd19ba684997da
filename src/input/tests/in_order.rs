//! Results in the order of the input, whoever makes them.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::ControlFlow;

/// Every line as source, number in it and bytes, in the order in which results are taken.
fn taken(input: &Input) -> Vec<(usize, u64, Vec<u8>)> {
    let mut taken = Vec::new();
    let pass = input.pass_in_order(
        &|_, _| true,
        || (),
        newlines,
        |(), chunk, first| (chunk.source, first, chunk.bytes.to_vec()),
        |(source, first, bytes): (usize, u64, Vec<u8>)| {
            let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let numbered = (first..).zip(lines.split(|byte| *byte == b'\n'));
            taken.extend(numbered.map(|(number, line)| (source, number, line.to_vec())));
            ControlFlow::Continue(())
        },
        &|_| {},
    );
    assert!(pass.troubles.is_empty(), "{:?}", pass.troubles);
    taken
}

/// The lines of a text as they should come.
fn expected(source: usize, text: &[u8]) -> Vec<(usize, u64, Vec<u8>)> {
    if text.is_empty() {
        return Vec::new();
    }
    let lines = text.strip_suffix(b"\n").unwrap_or(text);
    let numbered = (0..).zip(lines.split(|byte| *byte == b'\n'));
    numbered
        .map(|(number, line)| (source, number, line.to_vec()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn lines_come_in_order_in_every_way(text in vec(prop_oneof![Just(b'\n'), b'a'..b'd'], 0..400), chunk_bytes in 1_usize..100) {
        for way in WAYS {
            let at_once = with_input(way, &text, chunk_bytes, |input| taken(&input));
            prop_assert_eq!(&at_once, &expected(0, &text));
            let after_a_pass = with_input(way, &text, chunk_bytes, |mut input| {
                first_pass(&mut input);
                taken(&input)
            });
            prop_assert_eq!(&after_a_pass, &at_once);
        }
    }
}

#[test]
fn sources_follow_each_other_packed_or_not() {
    guard::install().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let text = |source: usize| {
        (0..200)
            .map(|n| format!("{source} {n}\n"))
            .collect::<String>()
    };
    let logs: Vec<String> = (0..6)
        .map(|source| {
            let plain = text(source).into_bytes();
            let bytes = match source % 3 {
                1 => pack(Compression::Gzip, &plain),
                2 => pack(Compression::Zstd, &plain),
                _ => plain,
            };
            write(directory.path(), &format!("{source}.log"), &bytes)
        })
        .collect();
    let input = Input::open(&settings(&logs, 64)).unwrap().input;
    let expected: Vec<_> = (0..6)
        .flat_map(|source| expected(source, text(source).as_bytes()))
        .collect();
    assert!(taken(&input) == expected);
}

#[test]
fn whoever_breaks_off_gets_no_more() {
    let text = b"line\n".repeat(1000);
    for way in WAYS {
        let count = with_input(way, &text, 20, |input| {
            let mut count = 0;
            input.pass_in_order(
                &|_, _| true,
                || (),
                newlines,
                |(), _, _| (),
                |()| {
                    count += 1;
                    match count {
                        3 => ControlFlow::Break(()),
                        _ => ControlFlow::Continue(()),
                    }
                },
                &|_| {},
            );
            count
        });
        assert_eq!(count, 3);
    }
}
