//! Records that stand on several lines, put together before anybody looks at lines.
//!
//! A container runtime cuts what it is given: CRI's logs at a buffer's end, `stdout P` before all parts but the
//! last; Docker's `json-file` at 16 KiB, and only the last part's `log` ends in `\n`. CRI-O cuts anywhere, so
//! that a first part need not hold a status: parts have to be joined. The record is put where its last part
//! stands, and each part before becomes a blank line, without the bytes that went with the record: so no line is
//! lost, added or moved, and numbers of lines and bytes stay those of the file.
//!
//! What a line becomes depends only on the lines within [`REACH`] around it, never on the chunk: a part is joined
//! if the last one of its stream begins no further behind it. A part without a last one stays a line by itself,
//! like a last line without newline. A line that is too long ends whatever is open.
//!
//! Sources: the CRI logging format of the Kubernetes design documents (`kubelet-cri-logging`), conmon's
//! `ctr_logging.c`, Docker's `copier.go` and `jsonlog.go`.

use std::borrow::Cow;
use std::ops::Range;

use super::line::LONGEST_LINE;
use crate::format::{LINE_BREAK, boundary};

/// How far behind its first part the last part of a record may begin, in bytes.
pub(super) const REACH: usize = LONGEST_LINE;
/// Bytes before a text that tell which records are open at its start: one more, to see where a line starts.
pub(super) const BEFORE: usize = REACH + 1;
/// Bytes behind a text that tell which of its records end: the last part within reach, whole.
pub(super) const AFTER: usize = REACH + LONGEST_LINE + 1;

/// Lines of a head that are looked at.
const SAMPLED: usize = 200;
/// Of so many lines at least one is the last part of its record; forwarders that drop the `\n` write none.
const MOST_PARTS: usize = 64;

/// Who wrote records on several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// `2016-10-06T00:17:09.669794202Z stdout P first part`.
    Cri,
    /// `{"log":"first part","stream":"stdout",...}`.
    Docker,
    /// A serial audit log: a transaction from `--5f1a2b3c-A--` to `--5f1a2b3c-Z--`.
    Audit,
}

/// What a line is to a record.
enum Role<'l> {
    /// None of a carrier's.
    Foreign,
    /// A part that others follow. One that `opens` a record leaves what was open before as it is.
    Part {
        stream: Stream,
        text: &'l [u8],
        opens: bool,
    },
    /// The last part, or all there is: what stands before its text, and the text up to the end of the line.
    Last {
        stream: Stream,
        before: &'l [u8],
        text: &'l [u8],
    },
}

/// Streams of a container; the parts of one may stand between those of the other.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// A part that waits for the last one.
struct Fragment<'t> {
    /// Where it starts, counted from the text in work.
    at: i64,
    text: &'t [u8],
    /// Where it was put, if it is of the text in work.
    put: Option<Range<usize>>,
    /// Whether the record begins with it.
    opens: bool,
}

/// A record whose last part was seen: what stands before its text, its other parts, and the last one's text.
struct Ended<'t> {
    before: &'t [u8],
    parts: Vec<Fragment<'t>>,
    text: &'t [u8],
}

/// The parts that wait, by stream.
#[derive(Default)]
struct Open<'t>([Vec<Fragment<'t>>; 2]);

impl Carrier {
    /// Whose lines a head holds.
    pub(super) fn of(head: &[u8]) -> Option<Carrier> {
        let first = head.trim_ascii_start().split(|&byte| byte == b'\n').next();
        if let Some((_, b'A')) = first.and_then(|line| boundary(line.trim_ascii_end())) {
            return Some(Carrier::Audit);
        }
        [Carrier::Cri, Carrier::Docker].into_iter().find(|carrier| {
            let (mut lines, mut parts, mut last) = (0, 0, 0);
            for line in head.split(|&byte| byte == b'\n').take(SAMPLED) {
                lines += usize::from(!line.is_empty());
                match carrier.role(line, &Open::default()) {
                    Role::Foreign => {}
                    Role::Part { .. } => parts += 1,
                    Role::Last { .. } => last += 1,
                }
            }
            2 * (parts + last) > lines && MOST_PARTS * last > parts
        })
    }

    /// The head with whole records, if it has parts.
    pub(super) fn whole_head(self, head: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.join(&[], head, || Ok::<_, ()>(Cow::Borrowed(&[][..])), &mut out)
            .unwrap_or(false);
        out
    }

    /// Puts the lines of `text` into `out`, with whole records; false if they are as they should be already.
    /// `before` are the [`BEFORE`] bytes before it, `after` gives the [`AFTER`] bytes behind, or what there is.
    pub(super) fn join<'t, E>(
        self,
        before: &'t [u8],
        text: &'t [u8],
        after: impl FnOnce() -> Result<Cow<'t, [u8]>, E>,
        out: &mut Vec<u8>,
    ) -> Result<bool, E> {
        let behind;
        let mut open = Open::default();
        if self.may_hold_parts(before) {
            let start = match before.len() < BEFORE {
                true => 0,
                false => memchr::memchr(b'\n', before).map_or(before.len(), |at| at + 1),
            };
            for (at, line) in lines(&before[start..]) {
                let at = (start + at) as i64 - before.len() as i64;
                open.see(self, line, at, None);
            }
        }
        if open.is_empty() && !self.may_hold_parts(text) {
            return Ok(false);
        }
        out.clear();
        out.reserve(text.len());
        let mut moved: Vec<Fragment<'_>> = Vec::new();
        for (at, line) in lines(text) {
            let put = out.len();
            let ended = open.see(self, line, at as i64, Some(put..put + line.len()));
            match ended.filter(|ended| !ended.parts.is_empty()) {
                None => out.extend_from_slice(line),
                Some(Ended {
                    before,
                    parts,
                    text,
                }) => {
                    out.extend_from_slice(before);
                    for part in &parts {
                        out.extend_from_slice(part.text);
                        out.extend_from_slice(self.line_break());
                    }
                    out.extend_from_slice(text);
                    out.truncate(put + LONGEST_LINE + 1);
                    moved.extend(parts);
                }
            }
            if at + line.len() < text.len() {
                out.push(b'\n');
            }
        }
        if open.are_put() {
            behind = after()?;
            for (at, line) in lines(&behind).take_while(|(at, _)| *at <= REACH) {
                let ended = open.see(self, line, (text.len() + at) as i64, None);
                moved.extend(ended.map_or(Vec::new(), |ended| ended.parts));
                if !open.are_put() {
                    break;
                }
            }
        }
        blank(&moved, out);
        Ok(true)
    }

    /// Where the records of a text end that is going to be longer: before the first part that waits for its
    /// last one, while that may still come.
    pub(super) fn end_of_records(self, text: &[u8]) -> usize {
        let mut open = Open::default();
        for (at, line) in lines(text) {
            open.see(self, line, at as i64, None);
        }
        let may_end = |part: &&Fragment<'_>| part.at + REACH as i64 >= text.len() as i64;
        let parts = open.0.iter().flatten().filter(may_end);
        parts
            .map(|part| part.at as usize)
            .min()
            .unwrap_or(text.len())
    }

    /// A quick look, so that a text without parts costs next to nothing.
    fn may_hold_parts(self, text: &[u8]) -> bool {
        match self {
            Carrier::Cri => memchr::memmem::find(text, b" P ").is_some(),
            Carrier::Audit => memchr::memmem::find(text, b"-A--").is_some(),
            Carrier::Docker => memchr::memmem::find_iter(text, BEHIND_LOG)
                .any(|at| !text[..at].ends_with(b"\\n") || text[..at].ends_with(b"\\\\n")),
        }
    }

    fn role<'l>(self, line: &'l [u8], open: &Open<'_>) -> Role<'l> {
        match self {
            Carrier::Cri => cri(line),
            Carrier::Docker => docker(line),
            Carrier::Audit => audit(line, open.0[0].first().map(|first| first.text)),
        }
        .unwrap_or(Role::Foreign)
    }

    /// What stands behind each part where records are put together.
    fn line_break(self) -> &'static [u8] {
        match self {
            Carrier::Cri | Carrier::Docker => b"",
            Carrier::Audit => &[LINE_BREAK],
        }
    }
}

impl<'t> Open<'t> {
    fn of(&mut self, stream: Stream) -> &mut Vec<Fragment<'t>> {
        match stream {
            Stream::Out => &mut self.0[0],
            Stream::Err => &mut self.0[1],
        }
    }

    /// Takes a line in: what it ends, if it is the last part of a record. `put` says where it was put.
    fn see(
        &mut self,
        carrier: Carrier,
        line: &'t [u8],
        at: i64,
        put: Option<Range<usize>>,
    ) -> Option<Ended<'t>> {
        if line.len() > LONGEST_LINE {
            *self = Open::default();
            return None;
        }
        match carrier.role(line, self) {
            Role::Foreign => None,
            Role::Part {
                stream,
                text,
                opens,
            } => {
                let parts = self.of(stream);
                if opens {
                    parts.clear();
                }
                parts.push(Fragment {
                    at,
                    text,
                    put,
                    opens,
                });
                None
            }
            Role::Last {
                stream,
                before,
                text,
            } => Some(Ended {
                before,
                parts: self.take(stream, at),
                text,
            }),
        }
    }

    /// Closes what is open of a stream: the parts that a last one at `at` can reach.
    fn take(&mut self, stream: Stream, at: i64) -> Vec<Fragment<'t>> {
        let mut parts = std::mem::take(self.of(stream));
        let reached = |part: &Fragment<'_>| part.at + REACH as i64 >= at;
        // What lacks its first line is no transaction.
        if parts
            .first()
            .is_some_and(|first| first.opens && !reached(first))
        {
            return Vec::new();
        }
        parts.retain(reached);
        parts
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// Whether a part of the text in work waits.
    fn are_put(&self) -> bool {
        self.0.iter().flatten().any(|part| part.put.is_some())
    }
}

/// The lines of a text, without their newlines, and where they start.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let at = start;
        start += end + 1;
        Some((at, &rest[..end]))
    })
}

/// Makes blank lines of parts that stand elsewhere now.
fn blank(moved: &[Fragment<'_>], out: &mut Vec<u8>) {
    let put = |part: &Fragment<'_>| Some((part.put.clone()?, part.text.len()));
    let mut lines: Vec<(Range<usize>, usize)> = moved.iter().filter_map(put).collect();
    lines.sort_unstable_by_key(|(line, _)| line.start);
    let (mut kept, mut from) = (0, 0);
    for (line, gone) in lines {
        out[line.clone()].fill(b' ');
        out.copy_within(from..line.end - gone, kept);
        kept += line.end - gone - from;
        from = line.end;
    }
    out.copy_within(from.., kept);
    out.truncate(kept + out.len() - from);
}

/// `2016-10-06T00:17:09.669794202Z stdout F text`.
fn cri(line: &[u8]) -> Option<Role<'_>> {
    /// Longest stamp: nanoseconds and an offset.
    const STAMP: usize = 35;
    if line.get(4) != Some(&b'-') || line.get(10) != Some(&b'T') {
        return None;
    }
    let stamp = memchr::memchr(b' ', &line[..line.len().min(STAMP + 1)])?;
    let rest = &line[stamp + 1..];
    let (stream, rest) = match rest.get(..7)? {
        b"stdout " => (Stream::Out, &rest[7..]),
        b"stderr " => (Stream::Err, &rest[7..]),
        _ => return None,
    };
    // The runtime writes no space behind the tag of an empty part.
    match rest {
        b"P" => Some(Role::Part {
            stream,
            text: b"",
            opens: false,
        }),
        [b'P', b' ', text @ ..] => Some(Role::Part {
            stream,
            text,
            opens: false,
        }),
        b"F" => Some(Role::Last {
            stream,
            before: line,
            text: b"",
        }),
        [b'F', b' ', text @ ..] => Some(Role::Last {
            stream,
            before: &line[..line.len() - text.len()],
            text,
        }),
        _ => None,
    }
}

const LOG: &[u8] = b"{\"log\":\"";
const BEHIND_LOG: &[u8] = b"\",\"stream\":\"std";

/// `{"log":"text\n","stream":"stdout","time":"2016-10-06T00:17:09.669794202Z"}`.
fn docker(line: &[u8]) -> Option<Role<'_>> {
    let text = line.strip_prefix(LOG)?;
    // The first quote that no backslash escapes.
    let end =
        memchr::memchr_iter(b'"', text).find(|&at| backslashes(&text[..at]).is_multiple_of(2))?;
    let stream = match text[end..].strip_prefix(BEHIND_LOG)? {
        [b'o', b'u', b't', b'"', ..] => Stream::Out,
        [b'e', b'r', b'r', b'"', ..] => Stream::Err,
        _ => return None,
    };
    let inner = &text[..end];
    let ends = inner
        .strip_suffix(b"n")
        .is_some_and(|inner| backslashes(inner) % 2 == 1);
    Some(match ends {
        true => Role::Last {
            stream,
            before: LOG,
            text,
        },
        false => Role::Part {
            stream,
            text: inner,
            opens: false,
        },
    })
}

/// A line of a transaction whose first line is `first`, if one is open.
fn audit<'l>(line: &'l [u8], first: Option<&[u8]>) -> Option<Role<'l>> {
    let stream = Stream::Out;
    let text = line.strip_suffix(b"\r").unwrap_or(line);
    match boundary(text) {
        Some((_, b'A')) => Some(Role::Part {
            stream,
            text,
            opens: true,
        }),
        Some((name, b'Z')) if boundary(first?).is_some_and(|(own, _)| own == name) => {
            Some(Role::Last {
                stream,
                before: b"",
                text: line,
            })
        }
        _ => first.map(|_| Role::Part {
            stream,
            text,
            opens: false,
        }),
    }
}

/// How many backslashes a text ends in.
fn backslashes(text: &[u8]) -> usize {
    text.iter().rev().take_while(|byte| **byte == b'\\').count()
}
