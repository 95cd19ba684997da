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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format;
    use crate::input::HEAD_BYTES;
    use crate::input::follow::follow;
    use crate::settings::FormatSettings;
    use std::collections::HashSet;

    /// 2026-03-10 00:00 UTC.
    const MIDNIGHT_MS: i64 = 1_773_100_800_000;

    /// A log with a line for each second since midnight.
    fn log(path: &std::path::Path, seconds: i64) -> (LogFile, Detected) {
        let lines = (0..seconds).map(|s| {
            let (hour, minute, second) = (s / 3600, s / 60 % 60, s % 60);
            format!(
                "192.0.2.1 - - [10/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a\"\n"
            )
        });
        std::fs::write(path, lines.collect::<String>()).unwrap();
        let typed = path.to_str().unwrap();
        let mut followed = follow(typed, 0, None, &HashSet::new()).unwrap();
        let file = followed.files.remove(0);
        let head = file.read(0, HEAD_BYTES as u64).unwrap();
        let format = format::detect(&head, &FormatSettings::default()).unwrap();
        (file, format)
    }

    #[test]
    fn the_context_begins_at_a_line_shortly_before_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let (file, format) = log(&directory.path().join("a.log"), 30_000);
        assert_eq!(
            last_ms(&file, &format, file.size),
            Some(MIDNIGHT_MS + 29_999_000)
        );
        for from_s in [0, 1, 9_000, 29_990] {
            let from_ms = MIDNIGHT_MS + from_s * 1000;
            let at = start(&file, &format, from_ms, file.size);
            assert!(at == 0 || file.read(at - 1, 1).unwrap() == b"\n");
            let bytes = file.read(at, STEP).unwrap();
            let first = stamps(&bytes, &format).first.unwrap();
            // No later than asked for, and not earlier than a step of lines.
            assert!(
                (from_ms - 1_000_000..=from_ms).contains(&first),
                "{from_s}: {first}"
            );
        }
        assert_eq!(start(&file, &format, i64::MIN, file.size), 0);
    }

    #[test]
    fn a_file_without_readable_lines_gives_no_context() {
        let directory = tempfile::tempdir().unwrap();
        let (file, format) = log(&directory.path().join("a.log"), 10_000);
        std::fs::write(directory.path().join("a.log"), vec![0; file.size as usize]).unwrap();
        assert_eq!(last_ms(&file, &format, file.size), None);
        assert_eq!(start(&file, &format, MIDNIGHT_MS, file.size), file.size);
    }
}
