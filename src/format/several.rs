//! Several records on one line: a JSON array, an object that holds one, or any of these side by side.
//!
//! Logpush and AWS write an array into one file, Azure's storage `{"records":[...]}`, its interfaces
//! `{"value":[...]}`, and CloudWatch `{"messageType":"DATA_MESSAGE",...,"logEvents":[...]}`. Kinesis and Firehose put
//! side by side whatever they are given: `{...}{...}`. Each record is a line by itself, with a number of its own. The
//! first begins where the line does, and the first of a list beside others where the list does. An array on one line
//! over 1 MiB is taken apart before there are lines: see `array`.

use super::json::close;

/// A look at the first bytes, so that no other line pays for this.
#[inline(always)]
pub(super) fn may_hold(line: &[u8]) -> bool {
    matches!(
        line,
        [b'[', b'{' | b' ', ..]
            | [b'{', b' ', ..]
            | [b'{', b'"', b'r' | b'R' | b'm', b'e', b'c' | b's', ..]
            | [b'{', b'"', b'v', b'a', b'l', b'u', b'e', b'"', ..]
    )
}

/// The keys that hold the records of an export.
pub(super) const HOLDERS: [&[u8]; 3] = [b"records", b"Records", b"value"];

/// How many bytes stand before the first object of an array.
fn head(line: &[u8]) -> Option<usize> {
    let body = match line {
        [b'[', body @ ..] => body,
        [b'{', body @ ..] => {
            let body = body.trim_ascii_start();
            let key = body.strip_prefix(b"\"")?;
            let holder = HOLDERS.iter().find_map(|name| key.strip_prefix(*name));
            let holder = holder.and_then(|behind| behind.strip_prefix(b"\""));
            let behind = holder.or_else(|| {
                let events = body.starts_with(b"\"messageType\"").then_some(body)?;
                // Of this object: another may stand beside it.
                let rest = close(&line[1..]).map_or(&b""[..], |(rest, ())| rest);
                let events = &events[..events.len() - rest.len()];
                let at = memchr::memmem::find(events, b"\"logEvents\"")?;
                body.get(at + b"\"logEvents\"".len()..)
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

/// Whether objects may stand side by side in a text: only there each line is looked at for that.
pub(super) fn may_be_side_by_side(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"}{").is_some()
}

/// Where the records of a line start and end, if it holds more than one; what follows the last whole one
/// and is no end of a list is an element too.
#[cold]
pub(super) fn split(line: &[u8]) -> Vec<(usize, usize)> {
    let (found, rest, has_list) = whole_ones(line);
    let is_end = |byte: &u8| is_between(byte) || matches!(byte, b']' | b'}');
    let ended = rest.first().is_none_or(|byte| *byte == b']') || rest.iter().all(is_end);
    match found.len() {
        0 => Vec::new(),
        // One object, and what is no other, is a line as any.
        1 if ended || !has_list => Vec::new(),
        _ if ended => found,
        _ => {
            let torn = (line.len() - rest.len(), line.len());
            found.into_iter().chain([torn]).collect()
        }
    }
}

/// The whole records of a line, what is left behind them, and whether one was in a list.
fn whole_ones(line: &[u8]) -> (Vec<(usize, usize)>, &[u8], bool) {
    let (mut found, mut has_list) = (Vec::new(), false);
    let mut rest = line;
    while let [opening @ (b'{' | b'['), ..] = *rest {
        let head = head(rest);
        has_list |= head.is_some();
        let mut start = line.len() - rest.len();
        rest = &rest[head.unwrap_or(0)..];
        while let [b'{', behind @ ..] = rest {
            let Ok((behind, ())) = close(behind) else {
                return (found, &line[start..], has_list);
            };
            found.push((start, line.len() - behind.len()));
            rest = behind_separator(behind);
            start = line.len() - rest.len();
            if head.is_none() {
                break;
            }
        }
        if head.is_some() {
            // What CloudWatch writes behind its events is no record.
            let end = match (rest, opening) {
                ([b']', behind @ ..], b'[') => Some(behind),
                ([b']', behind @ ..], _) => close(behind).ok().map(|(behind, ())| behind),
                _ => None,
            };
            let Some(behind) = end else { break };
            rest = behind_separator(behind);
        } else if opening == b'[' {
            break;
        }
    }
    (found, rest, has_list)
}

fn is_between(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == b','
}

fn behind_separator(text: &[u8]) -> &[u8] {
    let between = text.iter().take_while(|byte| is_between(byte)).count();
    &text[between..]
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
            (
                r#"{"value":[{"a":1},{"b":2}]}"#,
                vec![r#"{"a":1}"#, r#"{"b":2}"#],
            ),
            // Side by side, and lists beside others.
            (r#"{"a":1}{"b":"}{"}"#, vec![r#"{"a":1}"#, r#"{"b":"}{"}"#]),
            (
                r#"{"a":1} {"b":2}[{"c":3}]"#,
                vec![r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#],
            ),
            (
                r#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}],"owner":"o"}{"messageType":"DATA_MESSAGE","logEvents":[{"id":"2"},{"id":"3"}]}"#,
                vec![r#"{"id":"1"}"#, r#"{"id":"2"}"#, r#"{"id":"3"}"#],
            ),
            (
                r#"{"messageType":"CONTROL_MESSAGE"}{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}]}"#,
                vec![r#"{"messageType":"CONTROL_MESSAGE"}"#, r#"{"id":"1"}"#],
            ),
            (r#"{"a":1}{"b":"#, vec![]),
            (
                r#"{"a":1}{"b":2}{"c":"#,
                vec![r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":"#],
            ),
            (r#"{"a":1} and more"#, vec![]),
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
        fn any_bytes_are_survived(line in "(\\[|\\{\"records\":\\[|\\{\"messageType\":1,\"logEvents\":\\[)?[\\[\\]{}\", :a]{0,40}") {
            let mut end_before = 0;
            for (start, end) in split(line.as_bytes()) {
                prop_assert!(start >= end_before && end >= start && end <= line.len());
                end_before = end;
                without_head(&line.as_bytes()[start..end]);
            }
        }
    }
}
