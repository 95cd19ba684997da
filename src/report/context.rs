//! Where the context of a run begins: so much time before its first new line.
//!
//! Found by halving, so that it costs some reads of 64 KiB, however large the file. Stamps of a log rise
//! but for the odd one and a clock that is set back; where they do not, another place is found, which
//! makes more or less context and no error.

use crate::format::{Detected, Line, Visitor};
use crate::input::cursor::LogFile;
use crate::record::{Record, Reject};

/// Bytes looked at for the stamp of a line.
const STEP: u64 = 64 << 10;

/// The last stamp before `offset` of a plain file, in milliseconds; none where no line can be read.
pub fn last_ms(file: &LogFile, format: &Detected, offset: u64) -> Option<i64> {
    let start = offset.saturating_sub(STEP);
    let bytes = file.read(start, offset - start).ok()?;
    stamps(whole_lines(&bytes, start), format).last
}

/// Where the lines begin whose stamps are `from_ms` or later, in the first `end` bytes of a plain file.
pub fn start(file: &LogFile, format: &Detected, from_ms: i64, end: u64) -> u64 {
    let (mut low, mut high) = (0, end);
    while high - low > STEP {
        let middle = low + (high - low) / 2;
        let bytes = file.read(middle, STEP).unwrap_or_default();
        match stamps(whole_lines(&bytes, middle), format).first {
            Some(ms) if ms >= from_ms => high = middle,
            // Where nothing can be read, rather less context than more.
            _ => low = middle,
        }
    }
    if low == 0 {
        return 0;
    }
    let bytes = file.read(low, STEP.min(end - low)).unwrap_or_default();
    let newline = memchr::memchr(b'\n', &bytes);
    newline.map_or(end, |at| low + at as u64 + 1)
}

/// The bytes behind the first newline, unless they are from the very start.
fn whole_lines(bytes: &[u8], start: u64) -> &[u8] {
    match memchr::memchr(b'\n', bytes) {
        _ if start == 0 => bytes,
        Some(at) => &bytes[at + 1..],
        None => &[],
    }
}

#[derive(Default)]
struct Stamps {
    first: Option<i64>,
    last: Option<i64>,
}

fn stamps(lines: &[u8], format: &Detected) -> Stamps {
    let mut stamps = Stamps::default();
    format.visit(lines, &mut stamps);
    stamps
}

impl Visitor for Stamps {
    fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
        self.first.get_or_insert(record.time_ms);
        self.last = Some(record.time_ms);
    }

    fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
}
