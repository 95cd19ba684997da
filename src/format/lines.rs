//! The lines of a chunk, each offered to its file's format and then to the others.

use super::Lend;
use super::marks::{MarkedLines, Quotes};
use super::others::Others;
use super::{csv, notes, several};
use crate::record::{Record, Reject};
use crate::time::Clock;

/// Longest line that is read, in bytes. A longer one is no request that a server would accept.
pub const MAX_LINE: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line of a chunk, or an element of a line that holds several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number within the chunk, from 0.
    pub number: u32,
    /// Where it starts within the chunk, in bytes.
    pub offset: usize,
    /// Its bytes, without line feed and the carriage return before it.
    pub bytes: &'a [u8],
    /// Where its first quotes stand, where the format asked for them and the line is none of several.
    pub(super) quotes: Quotes,
}

impl<'a> Line<'a> {
    /// The line that stands in a chunk from `offset` up to its line feed at `end`; `None` if the chunk
    /// is not so long.
    #[inline]
    pub fn within(chunk: &'a [u8], number: u32, offset: usize, end: usize) -> Option<Line<'a>> {
        let bytes = chunk.get(offset..end)?;
        Some(Line::new(number, offset, bytes, Quotes::of(bytes)))
    }

    #[inline(always)]
    fn new(number: u32, offset: usize, bytes: &'a [u8], quotes: Quotes) -> Line<'a> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        // A text may begin with a byte-order mark, and one that was cut to nothing while it was written to, with NUL
        // bytes up to where the writer had been.
        let marked = offset == 0 && bytes.starts_with(BYTE_ORDER_MARK);
        if marked || bytes.first() == Some(&0) || several::may_hold(bytes) {
            let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
            let written = bytes.iter().position(|&byte| byte != 0);
            let bytes = &bytes[written.unwrap_or(bytes.len())..];
            return Line {
                number,
                offset,
                bytes: several::without_head(bytes),
                quotes: Quotes::UNKNOWN,
            };
        }
        Line {
            number,
            offset,
            bytes,
            quotes,
        }
    }
}

/// Where the line ends behind which another starts at `next`: a byte stands between them, except between
/// objects side by side.
#[inline]
pub fn end_before(chunk: &[u8], next: usize) -> usize {
    let before = next.saturating_sub(1);
    match chunk.get(before) {
        Some(b'}') => next,
        _ => before,
    }
}

impl<'a> From<&'a [u8]> for Line<'a> {
    /// A line that stands alone.
    fn from(bytes: &'a [u8]) -> Line<'a> {
        Line {
            number: 0,
            offset: 0,
            bytes,
            quotes: Quotes::of(bytes),
        }
    }
}

/// Who is told of the lines of a chunk, in their order.
pub trait Visitor {
    /// A request. `format` is 0 for the file's own format and `n` for its n-th fallback.
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, format: usize);

    /// A line that is not a record.
    fn skipped(&mut self, line: Line<'_>, why: Reject);
}

/// Visits lines of a chunk.
pub(super) fn visit<'c, F: Lend, V: Visitor>(
    primary: &F,
    others: &Others,
    mut clock: Clock,
    lines: impl Iterator<Item = Line<'c>>,
    visitor: &mut V,
) {
    for line in lines {
        let may_be_a_request =
            line.bytes.len() <= MAX_LINE && !matches!(line.bytes.first(), None | Some(b'#'));
        if line.bytes.first() == Some(&b'#') {
            clock.direct(line.bytes);
        }
        if !(may_be_a_request
            && primary.lend_record(line, &mut clock, |record| visitor.record(line, record, 0)))
        {
            visit_other(primary, line, others, &mut clock, visitor);
        }
    }
}

/// Out of the way of the lines that are as expected.
#[cold]
#[inline(never)]
fn visit_other<F: Lend, V: Visitor>(
    primary: &F,
    line: Line<'_>,
    others: &Others,
    clock: &mut Clock,
    visitor: &mut V,
) {
    if let Some(why) = reject_unread(line.bytes) {
        let begins_so = why == Reject::NotARequest && primary.begins_with_hash();
        let taken =
            begins_so && primary.lend_record(line, clock, |record| visitor.record(line, record, 0));
        if !taken {
            visitor.skipped(line, why);
        }
        return;
    }
    let is_record = others.read(primary, line.bytes, clock, |format, record| {
        visitor.record(line, record, format);
    });
    if is_record {
        return;
    }
    let why = match notes::is_note(line.bytes) || csv::is_names(line.bytes) {
        true => Reject::NotARequest,
        false => Reject::Malformed,
    };
    visitor.skipped(line, why);
}

/// Visits the lines of a file whose format is not known: none is a request.
pub fn visit_unknown<V: Visitor>(chunk: &[u8], visitor: &mut V) {
    for line in lines(chunk) {
        visitor.skipped(line, reject_unread(line.bytes).unwrap_or(Reject::Malformed));
    }
}

/// Why a line is not even offered to a format.
pub(super) fn reject_unread(line: &[u8]) -> Option<Reject> {
    if line.len() > MAX_LINE {
        return Some(Reject::TooLong);
    }
    match line.trim_ascii() {
        b"" | b"[" | b"]" | b"," | b"[]" | b"]}" => Some(Reject::NotARequest),
        [b'#', ..] => Some(Reject::NotARequest),
        _ => None,
    }
}

/// The lines of a chunk. A last line without line feed is a line.
pub(super) fn lines(chunk: &[u8]) -> Lines<'_> {
    lines_for(chunk, false, true)
}

/// As [`lines`], with their quotes where the format reads lines by them; lines of objects are looked at for
/// objects side by side only if those are expected.
pub(super) fn lines_for(chunk: &[u8], by_quotes: bool, of_objects: bool) -> Lines<'_> {
    Lines {
        chunk,
        side_by_side: of_objects && several::may_be_side_by_side(chunk),
        number: 0,
        marked: MarkedLines::new(chunk, by_quotes),
        elements: Vec::new().into_iter(),
        elements_from: 0,
    }
}

/// See [`lines`].
pub(super) struct Lines<'c> {
    chunk: &'c [u8],
    side_by_side: bool,
    number: u32,
    marked: MarkedLines<'c>,
    /// What is left of a line that holds several, and where that line starts.
    elements: std::vec::IntoIter<(usize, usize)>,
    elements_from: usize,
}

impl<'c> Lines<'c> {
    /// Takes a line apart, if it holds several: where its first element ends. It begins where the line does.
    #[cold]
    fn take_apart(&mut self, from: usize, bytes: &'c [u8]) -> Option<usize> {
        let marked = from == 0 && bytes.starts_with(BYTE_ORDER_MARK);
        let mark = if marked { BYTE_ORDER_MARK.len() } else { 0 };
        self.elements = several::split(&bytes[mark..]).into_iter();
        self.elements_from = from + mark;
        let (_, end) = self.elements.next()?;
        Some(self.elements_from + end)
    }
}

impl<'c> Iterator for Lines<'c> {
    type Item = Line<'c>;

    #[inline(always)]
    fn next(&mut self) -> Option<Line<'c>> {
        let number = self.number;
        self.number += 1;
        if let Some((start, end)) = self.elements.next() {
            let (start, end) = (self.elements_from + start, self.elements_from + end);
            let bytes = self.chunk.get(start..end)?;
            return Some(Line::new(number, start, bytes, Quotes::UNKNOWN));
        }
        let line = self.marked.next()?;
        let mut bytes = self.chunk.get(line.start..line.end)?;
        let marked = line.start == 0 && bytes.starts_with(BYTE_ORDER_MARK);
        let may_hold = several::may_hold(bytes) || self.side_by_side && bytes.starts_with(b"{");
        if (marked || may_hold)
            && let Some(end) = self.take_apart(line.start, bytes)
        {
            bytes = self.chunk.get(line.start..end)?;
        }
        Some(Line::new(number, line.start, bytes, line.quotes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_chunk() {
        let found: Vec<_> = lines(b"a\r\n\n\rb\nc")
            .map(|l| (l.number, l.offset, l.bytes))
            .collect();
        assert_eq!(
            found,
            [(0, 0, &b"a"[..]), (1, 3, b""), (2, 4, b"\rb"), (3, 7, b"c")]
        );
        assert_eq!(lines(b"").count(), 0);
        assert_eq!(lines(b"\n").count(), 1);
    }

    #[test]
    fn elements_of_an_array_are_lines() {
        let text = b"\xef\xbb\xbf[{\"a\":1}, {\"b\":2}]\nc\n{\"records\":[{\"d\":3},{\"e\":4}]}\n{\"f\":5}{\"g\":6}\n";
        let found: Vec<_> = lines(text)
            .map(|line| (line.number, std::str::from_utf8(line.bytes).unwrap()))
            .collect();
        let expected = [
            (0, "{\"a\":1}"),
            (1, "{\"b\":2}"),
            (2, "c"),
            (3, "{\"d\":3}"),
            (4, "{\"e\":4}"),
            (5, "{\"f\":5}"),
            (6, "{\"g\":6}"),
        ];
        assert_eq!(found, expected);
        // As Examine comes back to them: by where they start, up to where the next does.
        let offsets: Vec<_> = lines(text).map(|line| line.offset).collect();
        for (number, offset) in (0..).zip(&offsets) {
            let next = offsets.get(number as usize + 1).copied();
            let next = next.unwrap_or(text.len());
            let end = end_before(text, next);
            let line = Line::within(text, number, *offset, end).unwrap();
            let (_, exact) = expected[number as usize];
            assert!(line.bytes.starts_with(exact.as_bytes()), "{exact}");
            let rest = &line.bytes[exact.len()..];
            assert!(rest.iter().all(|byte| b",]}".contains(byte)), "{exact}");
        }
    }

    #[test]
    fn what_is_never_a_request() {
        for line in [
            "",
            " \t",
            "#Fields: date",
            "  # comment",
            "[",
            "]",
            ",",
            " ] ",
        ] {
            assert_eq!(
                reject_unread(line.as_bytes()),
                Some(Reject::NotARequest),
                "{line:?}"
            );
        }
        assert_eq!(reject_unread(b"x"), None);
        assert_eq!(reject_unread(&vec![b'x'; MAX_LINE]), None);
        assert_eq!(
            reject_unread(&vec![b'x'; MAX_LINE + 1]),
            Some(Reject::TooLong)
        );
    }
}
