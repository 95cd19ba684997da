//! Fluentd's `out_file`, and Fluent Bit's: stamp, tag and an object, with tabs between; and what Fluentd prints to its
//! own output, and LoongCollector: stamp, tag or none, and an object behind spaces.
//!
//! Sources: <https://docs.fluentd.org/output/file> and its default formatter
//! (<https://docs.fluentd.org/formatter/out_file>), <https://docs.fluentd.org/output/stdout>,
//! <https://ilogtail.gitbook.io/ilogtail-docs/plugins/flusher/native/flusher-stdout>.

use super::Opened;
use std::borrow::Cow;

/// `2026-03-10T09:43:00+00:00<tab>tag<tab>{"key":"value"}`.
pub(super) fn out_file(line: &[u8]) -> Option<Opened<'_>> {
    in_columns(line).or_else(|| printed(line))
}

/// `2026-03-10 09:43:00.000000000 +0000 tag: {"key":"value"}`, without zone and tag also.
fn printed(line: &[u8]) -> Option<Opened<'_>> {
    /// Most words of stamp and tag: day, time, zone, tag.
    const MOST: usize = 4;
    let at = memchr::memmem::find(line, b" {\"")?;
    let words: Vec<&[u8]> = line[..at].splitn(MOST + 1, |byte| *byte == b' ').collect();
    let is_time = |word: &[u8]| {
        matches!(word, [_, _, b':', _, _, b':', _, _, ..]) && word[0].is_ascii_digit()
    };
    let is_day = |word: &[u8]| {
        matches!(word, [_, _, _, _, b'-', _, _, b'-', _, _]) && word[0].is_ascii_digit()
    };
    let [day, time, behind @ ..] = &words[..] else {
        return None;
    };
    let is_zone = |word: &[u8]| matches!(word, [b'+' | b'-', _, _, _, _]);
    let is_tag = |word: &[u8]| word.ends_with(b":") && word.len() > 1;
    let length = match behind {
        [] => day.len() + 1 + time.len(),
        [word] if is_tag(word) => day.len() + 1 + time.len(),
        [zone] | [zone, _] if is_zone(zone) && behind.get(1).is_none_or(|word| is_tag(word)) => {
            day.len() + time.len() + zone.len() + 2
        }
        _ => return None,
    };
    (is_day(day) && is_time(time)).then_some(Opened {
        inner: Cow::Borrowed(&line[at + 1..]),
        stamp: Cow::Borrowed(&line[..length]),
    })
}

fn in_columns(line: &[u8]) -> Option<Opened<'_>> {
    let mut fields = line.splitn(3, |&byte| byte == b'\t');
    let (stamp, tag, object) = (fields.next()?, fields.next()?, fields.next()?);
    let is_dated = (10..=40).contains(&stamp.len()) && stamp[0].is_ascii_digit();
    let is_tag = !tag.is_empty() && tag.iter().all(u8::is_ascii_graphic);
    let is_object = object.starts_with(b"{");
    (is_dated && is_tag && is_object).then_some(Opened {
        inner: Cow::Borrowed(object),
        stamp: Cow::Borrowed(stamp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_behind_tabs() {
        let opened = out_file(b"2026-03-10T09:43:00+00:00\tkong.access\t{\"a\":\"b\"}").unwrap();
        assert_eq!(
            (&opened.inner[..], &opened.stamp[..]),
            (&b"{\"a\":\"b\"}"[..], &b"2026-03-10T09:43:00+00:00"[..])
        );
        for (line, stamp) in [
            ("2026-03-10 09:43:00 {\"a\":\"b\"}", "2026-03-10 09:43:00"),
            (
                "2026-03-10 09:43:00.000000000 +0000 nginx.access: {\"a\":\"b\"}",
                "2026-03-10 09:43:00.000000000 +0000",
            ),
            (
                "2026-03-10 09:43:00.000000000 nginx: {\"a\":\"b\"}",
                "2026-03-10 09:43:00.000000000",
            ),
        ] {
            let opened = out_file(line.as_bytes()).unwrap();
            assert_eq!(
                (&opened.inner[..], &opened.stamp[..]),
                (&b"{\"a\":\"b\"}"[..], stamp.as_bytes())
            );
        }
        for line in [
            &b""[..],
            b"2026-03-10 09:43:00 +0000 [info]: #0 {\"a\":\"b\"}",
            b"2026-03-10 {\"a\":\"b\"}",
            b"2026-03-10T09:43:00+00:00\ttag\ttext",
            b"2026-03-10T09:43:00+00:00\ta tag\t{}",
            b"tag\t2026-03-10T09:43:00+00:00\t{}",
            b"2026-03-10T09:43:00+00:00 tag {}",
        ] {
            assert_eq!(out_file(line), None);
        }
    }
}
