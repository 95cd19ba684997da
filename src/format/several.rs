//! Several records on one line: a JSON array, or an object that holds one.
//!
//! Logpush and AWS write an array into one file, Azure's storage `{"records":[...]}`, and CloudWatch
//! `{"messageType":"DATA_MESSAGE",...,"logEvents":[...]}`. Each element is a line by itself, with a number of
//! its own. The first begins where the line does, so that no byte is between lines.

use super::json::close;

/// A look at the first bytes, so that no other line pays for this.
#[inline(always)]
pub(super) fn may_hold(line: &[u8]) -> bool {
    matches!(
        line,
        [b'[', b'{' | b' ', ..]
            | [b'{', b' ', ..]
            | [b'{', b'"', b'r' | b'R' | b'm', b'e', b'c' | b's', ..]
    )
}

/// The keys that hold the records of an export.
const HOLDERS: [&[u8]; 2] = [b"\"records\"", b"\"Records\""];

/// How many bytes stand before the first object of an array.
fn head(line: &[u8]) -> Option<usize> {
    let body = match line {
        [b'[', body @ ..] => body,
        [b'{', body @ ..] => {
            let body = body.trim_ascii_start();
            let holder = HOLDERS.iter().find_map(|key| body.strip_prefix(*key));
            let behind = holder.or_else(|| {
                let events = body.starts_with(b"\"messageType\"").then_some(body)?;
                let at = memchr::memmem::find(events, b"\"logEvents\"")?;
                events.get(at + b"\"logEvents\"".len()..)
            })?;
            let list = behind.trim_ascii_start().strip_prefix(b":")?;
            list.trim_ascii_start().strip_prefix(b"[")?
        }
        _ => return None,
    };
    let first = body.trim_ascii_start();
    first.starts_with(b"{").then(|| line.len() - first.len())
}

/// The first element of a line without what stands before it.
#[cold]
pub(super) fn without_head(line: &[u8]) -> &[u8] {
    head(line).map_or(line, |head| &line[head..])
}

/// Where the elements of a line start and end, if it holds more than one; what follows the last whole one
/// and is no end of a list is an element too.
#[cold]
pub(super) fn split(line: &[u8]) -> Vec<(usize, usize)> {
    let Some(head) = head(line) else {
        return Vec::new();
    };
    let between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    let mut found = Vec::new();
    let (mut start, mut body) = (0, &line[head..]);
    while let [b'{', behind @ ..] = body {
        let Ok((rest, ())) = close(behind) else { break };
        found.push((start, line.len() - rest.len()));
        let skipped = rest.iter().take_while(|byte| between(byte)).count();
        body = &rest[skipped..];
        start = line.len() - body.len();
    }
    let is_end = |byte: &u8| between(byte) || matches!(byte, b']' | b'}');
    // What CloudWatch writes behind its events is no record.
    let ended = body.first().is_none_or(|byte| *byte == b']') || body.iter().all(is_end);
    if !ended {
        found.push((start, line.len()));
    }
    if found.len() > 1 { found } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn elements(line: &str) -> Vec<&str> {
        let text = |(start, end)| std::str::from_utf8(without_head(&line.as_bytes()[start..end]));
        split(line.as_bytes())
            .into_iter()
            .map(|range| text(range).unwrap())
            .collect()
    }

    #[test]
    fn arrays_and_what_holds_them() {
        for (line, expected) in [
            (
                r#"[{"a":1},{"b":"},{"}]"#,
                vec![r#"{"a":1}"#, r#"{"b":"},{"}"#],
            ),
            (
                r#"[ {"a":[{}]} , {"b":2} ]"#,
                vec![r#"{"a":[{}]}"#, r#"{"b":2}"#],
            ),
            (
                r#"{"records":[{"a":1},{"b":2}]}"#,
                vec![r#"{"a":1}"#, r#"{"b":2}"#],
            ),
            (
                r#"{ "Records" : [{"a":1},{"b":2}]}"#,
                vec![r#"{"a":1}"#, r#"{"b":2}"#],
            ),
            (
                r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{"id":"1"},{"id":"2"}],"owner":"o"}"#,
                vec![r#"{"id":"1"}"#, r#"{"id":"2"}"#],
            ),
            // What is torn is counted.
            (r#"[{"a":1},{"b":"#, vec![r#"{"a":1}"#, r#"{"b":"#]),
            (r#"[{"a":1},"#, vec![]),
            (r#"[{"a":1}]"#, vec![]),
            (r#"{"message":"a"}"#, vec![]),
            ("[10/Oct/2000:13:55:36 -0700] - 404", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(elements(line), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line in "(\\[|\\{\"records\":\\[)?[\\[\\]{}\", :a]{0,40}") {
            let mut end_before = 0;
            for (start, end) in split(line.as_bytes()) {
                prop_assert!(start >= end_before && end >= start && end <= line.len());
                end_before = end;
                without_head(&line.as_bytes()[start..end]);
            }
        }
    }
}
