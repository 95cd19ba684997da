//! The longest line, and how a longer one is cut while it is read.
//!
//! A line over 1 MiB is never a request that a server accepted (the default limits of headers are
//! some 8 KiB), but it must be seen and counted, in constant memory. Where text is not in memory as a
//! whole (read, decompressed or piped), only the first `LONGEST_LINE + 1` bytes of a line that runs
//! over the end of its chunk are kept, and its newline: enough to see that it is too long, and to
//! count the same lines as in a mapped file, where the line is just a long slice.

/// Longest line that is a line; a longer one is counted and skipped.
pub const LONGEST_LINE: usize = 1 << 20;

/// Bytes asked for at once while looking for the end of a line.
pub(super) const BLOCK_BYTES: usize = 64 << 10;

/// Appends `part` to the unfinished last line of a chunk, which starts at `line_start` of `chunk`:
/// up to its newline, and no more than fits. Gives what is behind the newline, if there is one.
pub(super) fn extend_line<'a>(
    chunk: &mut Vec<u8>,
    line_start: usize,
    part: &'a [u8],
) -> Option<&'a [u8]> {
    let newline = memchr::memchr(b'\n', part);
    let text = &part[..newline.unwrap_or(part.len())];
    let room = (LONGEST_LINE + 1).saturating_sub(chunk.len() - line_start);
    chunk.extend_from_slice(&text[..text.len().min(room)]);
    newline.map(|at| {
        chunk.push(b'\n');
        &part[at + 1..]
    })
}

/// Where the last line of `chunk` starts.
pub(super) fn last_line_start(chunk: &[u8]) -> usize {
    memchr::memrchr(b'\n', chunk).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_extended_to_its_newline() {
        let mut chunk = b"one\ntw".to_vec();
        let start = last_line_start(&chunk);
        assert_eq!(extend_line(&mut chunk, start, b"o"), None);
        assert_eq!(
            extend_line(&mut chunk, start, b"!\nrest"),
            Some(&b"rest"[..])
        );
        assert_eq!(chunk, b"one\ntwo!\n");
    }

    #[test]
    fn a_line_too_long_keeps_one_byte_more_than_fits_and_its_newline() {
        let mut chunk = b"one\n".to_vec();
        let part = vec![b'x'; LONGEST_LINE / 2];
        for _ in 0..5 {
            assert_eq!(extend_line(&mut chunk, 4, &part), None);
        }
        assert_eq!(extend_line(&mut chunk, 4, b"x\n"), Some(&b""[..]));
        assert_eq!(chunk.len(), 4 + LONGEST_LINE + 1 + 1);
        assert!(chunk.ends_with(b"x\n"));
    }
}
