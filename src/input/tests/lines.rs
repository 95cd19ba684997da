//! The same lines, whatever the chunking and the way of reading.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Lines without their newlines, cut where a line is too long.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let cut = |line: &'_ [u8]| line.len().min(LONGEST_LINE + 1);
    let mut lines: Vec<_> = text.split(|&b| b == b'\n').map(|l| &l[..cut(l)]).collect();
    // Behind the last newline there is no line.
    lines.pop_if(|line| line.is_empty());
    lines
}

/// What holds for every pass over `text`.
fn check(text: &[u8], way: Way, chunk_bytes: usize) {
    with_input(way, text, chunk_bytes, |mut input| {
        let head = &text[..text.len().min(HEAD_BYTES)];
        assert!(input.sources()[0].head() == head);
        let read = AtomicU64::new(0);
        let add = |bytes| {
            read.fetch_add(bytes, Ordering::Relaxed);
        };
        let total = input.total_bytes();
        let pass = input.first_pass(Vec::new, remember, &add);
        assert!(pass.troubles.is_empty(), "{:?}", pass.troubles);
        assert!(pass.accumulators.len() <= rayon::current_num_threads());
        assert_eq!(pass.text_bytes, [text.len() as u64]);
        if let Some(total) = total {
            assert_eq!(read.into_inner(), total);
        }
        let seen = sorted(pass);
        assert!(lines(&text_of(&seen)) == lines(text));
        for chunk in &seen {
            let cut = lines(&chunk.bytes).last().unwrap().len() > LONGEST_LINE;
            let start = &text[chunk.offset as usize..];
            assert!(!chunk.bytes.is_empty() && (cut || start.starts_with(&chunk.bytes)));
        }
        let (_, whole) = seen
            .split_last()
            .map_or((None, &[][..]), |(l, w)| (Some(l), w));
        assert!(whole.iter().all(|chunk| chunk.bytes.ends_with(b"\n")));

        let (again, troubles) = second_pass(&input);
        assert!(troubles.is_empty(), "{troubles:?}");
        assert!(again == seen);
    });
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b'\n'), Just(b'x'), any::<u8>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_lines_in_every_way(text in vec(byte(), 0..400), chunk_bytes in 1_usize..100) {
        // What starts like a compressed file is one.
        prop_assume!(Compression::detect(&text).is_none());
        prop_assume!(super::super::compression::unsupported(&text).is_none());
        for way in WAYS {
            check(&text, way, chunk_bytes);
        }
    }
}

#[test]
fn the_same_lines_at_the_edges() {
    let texts: [&[u8]; 8] = [
        b"",
        b"\n",
        b"\n\n\n",
        b"x",
        b"x\n",
        b"one\ntwo",
        b"one\ntwo\n",
        b"\0\xff\r\n\n\xfe",
    ];
    for text in texts {
        for way in WAYS {
            for chunk_bytes in [1, 2, 3, 4, 5, 1 << 20] {
                check(text, way, chunk_bytes);
            }
        }
    }
}

#[test]
fn chunks_know_the_directives_before_them() {
    let mut text = String::new();
    for number in 0..60 {
        if number % 7 == 0 {
            text += &format!("#Fields: a b{}\n#Software: x\n", number / 14);
        }
        if number % 10 == 0 {
            text += &format!("#Date: {number}\n");
        }
        text += &format!("line {number}\n");
    }
    let last = |before: &str, name: &str| {
        let line = before.lines().rev().find(|line| line.starts_with(name));
        line.map(str::to_owned)
    };
    for way in WAYS {
        for chunk_bytes in [1, 20, 64, 1000] {
            let told = |told: &mut Vec<(u64, Vec<u8>)>, chunk: &Chunk<'_>| {
                told.push((chunk.offset, chunk.directives.to_vec()));
            };
            with_input(way, text.as_bytes(), chunk_bytes, |mut input| {
                let first = input.first_pass(Vec::new, told, &|_| {});
                let second = input.second_pass(&|_, _| true, Vec::new, told, &|_| {});
                for pass in [first, second] {
                    for (offset, directives) in pass.accumulators.concat() {
                        let before = &text[..offset as usize];
                        let expected = ["#Fields:", "#Date:"].map(|name| last(before, name));
                        let expected: Vec<_> = expected.into_iter().flatten().collect();
                        assert_eq!(directives, expected.join("\n").into_bytes(), "{way:?}");
                    }
                }
            });
        }
    }
}

#[test]
fn a_line_too_long_is_one_line_in_every_way() {
    let mut text = b"before\n".to_vec();
    text.resize(text.len() + 3 * LONGEST_LINE, b'x');
    text.extend_from_slice(b"\nbetween\n");
    text.resize(text.len() + LONGEST_LINE + 1, b'y');
    text.extend_from_slice(b"\nbehind\n");
    text.resize(text.len() + 2 * LONGEST_LINE, b'z');
    for way in WAYS {
        for chunk_bytes in [1000, LONGEST_LINE, 4 * LONGEST_LINE] {
            check(&text, way, chunk_bytes);
        }
    }
}

#[test]
fn a_line_too_long_takes_little_memory_unless_mapped() {
    let text = vec![b'x'; 8 * LONGEST_LINE];
    for way in WAYS.into_iter().filter(|way| *way != Way::Mapped) {
        let longest = with_input(way, &text, 1 << 16, |mut input| {
            let (seen, _) = first_pass(&mut input);
            seen.iter().map(|seen| seen.bytes.len()).max()
        });
        assert_eq!(longest, Some(LONGEST_LINE + 1), "{way:?}");
    }
}

#[test]
fn only_wanted_chunks_are_read_again() {
    let text: Vec<u8> = (0..1000)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect();
    for way in WAYS {
        with_input(way, &text, 64, |mut input| {
            let (mut seen, _) = first_pass(&mut input);
            let wanted = |_, number| number % 3 == 1;
            let pass = input.second_pass(&wanted, Vec::new, remember, &|_| {});
            seen.retain(|seen| wanted(seen.source, seen.number));
            assert!(seen.len() > 10);
            assert!(pass.troubles.is_empty());
            assert_eq!(sorted(pass), seen, "{way:?}");
        });
    }
}

#[test]
fn many_sources_of_all_kinds_with_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let mut logs = Vec::new();
    let mut expected = Vec::new();
    for n in 0..24 {
        let text: Vec<u8> = (0..200)
            .flat_map(|l| format!("{n} {l}\n").into_bytes())
            .collect();
        let bytes = match n % 3 {
            0 => text.clone(),
            1 => pack(Compression::Gzip, &text),
            _ => pack(Compression::Zstd, &text),
        };
        logs.push(write(directory.path(), &format!("{n:02}.log"), &bytes));
        expected.extend(text);
    }
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let mut input = Input::open(&settings(&logs, 100)).unwrap().input;
            let (seen, troubles) = first_pass(&mut input);
            assert!(troubles.is_empty());
            assert!(text_of(&seen) == expected);
            assert!(second_pass(&input).0 == seen);
            // Asked for once more, the first pass gives the same.
            assert!(first_pass(&mut input).0 == seen);
        });
    }
}

#[test]
fn a_step_may_use_the_pool_itself() {
    let directory = tempfile::tempdir().unwrap();
    let text = b"line\n".repeat(1000);
    let logs: Vec<_> = (0..4)
        .map(|n| {
            write(
                directory.path(),
                &format!("{n}.log"),
                &pack(Compression::Gzip, &text),
            )
        })
        .collect();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let lines: usize = pool.install(|| {
            let count = |lines: &mut usize, chunk: &Chunk<'_>| {
                let (left, right) = chunk.bytes.split_at(chunk.bytes.len() / 2);
                let in_part = |part: &[u8]| part.iter().filter(|b| **b == b'\n').count();
                let (left, right) = rayon::join(|| in_part(left), || in_part(right));
                *lines += left + right;
            };
            let input = Input::open(&settings(&logs, 64)).unwrap().input;
            let pass = input.only_pass(|| 0, count, &|_| {});
            pass.accumulators.into_iter().sum()
        });
        assert_eq!(lines, 4000);
    }
}

#[test]
fn a_step_that_panics_ends_the_pass() {
    for way in [Way::Mapped, Way::Piped, Way::Packed(Compression::Gzip)] {
        let text = b"line\n".repeat(1000);
        let ended = with_input(way, &text, 64, |mut input| {
            let fall = |_: &mut (), chunk: &Chunk<'_>| assert!(chunk.number < 3, "as intended");
            let pass = std::panic::AssertUnwindSafe(|| input.first_pass(|| (), fall, &|_| {}));
            std::panic::catch_unwind(pass).is_err()
        });
        assert!(ended, "{way:?}");
    }
}
