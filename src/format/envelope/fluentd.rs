//! Fluentd's `out_file`, and Fluent Bit's: stamp, tag and an object, with tabs between.
//!
//! Sources: <https://docs.fluentd.org/output/file> and its default formatter
//! (<https://docs.fluentd.org/formatter/out_file>).

use super::Opened;
use std::borrow::Cow;

/// `2026-03-10T09:43:00+00:00<tab>tag<tab>{"key":"value"}`.
pub(super) fn out_file(line: &[u8]) -> Option<Opened<'_>> {
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
        for line in [
            &b""[..],
            b"2026-03-10T09:43:00+00:00\ttag\ttext",
            b"2026-03-10T09:43:00+00:00\ta tag\t{}",
            b"tag\t2026-03-10T09:43:00+00:00\t{}",
            b"2026-03-10T09:43:00+00:00 tag {}",
        ] {
            assert_eq!(out_file(line), None);
        }
    }
}
