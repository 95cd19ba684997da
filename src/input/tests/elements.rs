//! Arrays on one line over 1 MiB: their elements are lines in every way of reading.

use super::*;

/// An array over 1 MiB, with one element that is too long itself.
fn array() -> Vec<String> {
    let mut elements: Vec<_> = (0..12_000)
        .map(|n| format!("{{\"n\":{n},\"text\":\"}},{{\\\"\",\"more\":[{{}},{{}}]}}"))
        .collect();
    elements[6_000] = format!("{{\"n\":\"{}\"}}", "x".repeat(LONGEST_LINE));
    elements
}

#[test]
fn elements_are_lines_in_every_way() {
    let elements = array();
    let list = elements.join(",");
    let more = "[{\"b\":1},{\"b\":2}]\n10.0.0.1 - - [x] a,b\n";
    let more_lines = ["[{\"b\":1}", "{\"b\":2}]", "10.0.0.1 - - [x] a,b"];
    for (start, end) in [("[", "]\n"), ("{\"Records\":[", "]}\n"), ("[", ",\n")] {
        let text = format!("{start}{list}{end}{more}");
        let mut expected = elements.clone();
        expected[0].insert_str(0, start);
        if end == ",\n" {
            expected.push(String::new());
        } else {
            expected[11_999].push_str(end.trim_end());
        }
        expected.extend(more_lines.map(str::to_owned));
        for line in &mut expected {
            line.truncate(LONGEST_LINE + 1);
        }
        for way in WAYS {
            for chunk_bytes in [1 << 16, 1 << 20] {
                with_input(way, text.as_bytes(), chunk_bytes, |mut input| {
                    let head = input.sources()[0].head();
                    assert_eq!(head.len(), HEAD_BYTES.min(text.len()));
                    assert!(head.starts_with(format!("{}\n", expected[0]).as_bytes()));
                    let (seen, troubles) = first_pass(&mut input);
                    assert!(troubles.is_empty(), "{troubles:?}");
                    let longest = seen.iter().map(|seen| seen.bytes.len()).max();
                    assert!(longest.is_some_and(|longest| longest < 3 << 20));
                    let found = String::from_utf8(text_of(&seen)).unwrap();
                    assert!(
                        found.lines().eq(expected.iter().map(String::as_str)),
                        "{way:?}"
                    );
                    for chunk in &seen {
                        let (first, _) = chunk.bytes.split_at(20.min(chunk.bytes.len()));
                        let there = &text.as_bytes()[chunk.offset as usize..];
                        let first = String::from_utf8_lossy(first).replace('\n', ",");
                        let there = String::from_utf8_lossy(&there[..first.len()]);
                        assert_eq!(there.replace('\n', ","), first, "{way:?}");
                    }
                    assert!(second_pass(&input).0 == seen);
                });
            }
        }
    }
}

#[test]
fn a_part_of_a_file_begins_where_it_says() {
    let text = format!("[{}]\nbetween\n[{{}},{{}}]\n", array().join(","));
    let start = text.find("between").unwrap() as u64;
    for compression in [None, Some(Compression::Gzip)] {
        let directory = tempfile::tempdir().unwrap();
        let bytes = match compression {
            Some(compression) => pack(compression, text.as_bytes()),
            None => text.clone().into_bytes(),
        };
        let path = write(directory.path(), "access.log", &bytes);
        let part = Part {
            file: File::open(&path).unwrap(),
            path,
            log: 0,
            is_context: false,
            compression,
            start,
            end: bytes.len() as u64,
        };
        let mut input = Input::of_parts(vec![part], &settings(&[], 1 << 20)).unwrap();
        let (seen, troubles) = first_pass(&mut input);
        assert!(troubles.is_empty(), "{troubles:?}");
        assert_eq!(text_of(&seen), b"between\n[{}\n{}]\n");
    }
}
