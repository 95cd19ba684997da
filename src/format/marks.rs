//! Line ends and quotes of a text, found in one look at each byte.
//!
//! Where a field of a quoted format ends is known by its quotes; looking for each of them anew costs
//! more than all else that a line needs. Here a window of the text becomes two lists of places, 64 bytes at
//! a time as two masks, and a line comes with the places of its first quotes. On x86-64 a mask is made by
//! AVX2, or else by SSE2, which every such processor has; their twin for others (`portable`) is held to the
//! same answers by property tests.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod places;

#[cfg(target_arch = "x86_64")]
use crate::find::equal;
use crate::prefetch::prefetch;
use places::{Masks, Places};

/// How many quotes of a line are noted: those of request, referer and user agent.
const NOTED: usize = 6;
const BLOCK: usize = 64;
/// Bytes whose marks are listed at once: they and their lists fit the innermost cache.
const WINDOW: usize = 8 << 10;

/// Where the first quotes of a line stand, counted from its start. Those of a line that is longer than any
/// that is read may be wrong.
///
/// Places and nothing else, all of one size: written and read again as such, they need not wait for one
/// another in the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quotes([u32; NOTED]);

/// In the place of a quote that a line does not have.
const ABSENT: u32 = u32::MAX;

impl Quotes {
    /// Of a line that was not looked at.
    pub(super) const UNKNOWN: Quotes = Quotes([ABSENT; NOTED]);

    /// Of a line by itself.
    pub(super) fn of(line: &[u8]) -> Quotes {
        let mut places = [ABSENT; NOTED];
        let mut free = places.iter_mut();
        'line: for (number, block) in line.chunks(BLOCK).enumerate() {
            let mut mask = masks_of(block).quotes;
            while mask != 0 {
                let Some(free) = free.next() else { break 'line };
                *free = (number * BLOCK) as u32 + mask.trailing_zeros();
                mask &= mask - 1;
            }
        }
        Quotes(places)
    }

    /// The places of the first six quotes; `None` of a line with fewer.
    #[inline(always)]
    pub(super) fn six(&self) -> Option<[usize; NOTED]> {
        let [.., last] = self.0;
        (last != ABSENT).then(|| self.0.map(|place| place as usize))
    }
}

/// A line with its quotes: where it starts, and where its line feed stands or the text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quotes: Quotes,
}

/// The lines of a text. A last line without line feed is a line.
pub(super) struct MarkedLines<'t> {
    text: &'t [u8],
    /// Where the line to come starts.
    start: usize,
    /// Where the window in sight starts and ends.
    window: usize,
    window_end: usize,
    places: Places,
}

impl<'t> MarkedLines<'t> {
    /// The lines; without quotes where nobody asks for them.
    pub(super) fn new(text: &'t [u8], with_quotes: bool) -> MarkedLines<'t> {
        MarkedLines {
            text,
            start: 0,
            window: 0,
            window_end: 0,
            places: Places::new(WINDOW.min(text.len()), with_quotes),
        }
    }

    /// Moves on to the next window; false at the end of the text.
    #[inline(never)]
    fn advance(&mut self) -> bool {
        let rest = self.text.get(self.window_end..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let window = &rest[..rest.len().min(WINDOW)];
        self.places.turn(self.window_end - self.window);
        self.window = self.window_end;
        self.window_end += window.len();
        let behind = &rest[window.len()..];
        look(window, behind, &mut self.places);
        true
    }
}

impl Iterator for MarkedLines<'_> {
    type Item = Marked;

    #[inline(always)]
    fn next(&mut self) -> Option<Marked> {
        let start = self.start;
        loop {
            let feed = self.places.line_feed();
            let end = match feed {
                Some(feed) => self.window + feed,
                None if self.advance() => continue,
                None => self.text.len(),
            };
            if feed.is_none() && start >= end {
                return None;
            }
            let start_in_window = start.wrapping_sub(self.window) as i32;
            let quotes = self.places.quotes_of_line(start_in_window, feed);
            self.start = end + 1;
            return Some(Marked { start, end, quotes });
        }
    }
}

/// Notes the line feeds and quotes of a window, while the one behind it is brought near.
fn look(window: &[u8], behind: &[u8], places: &mut Places) {
    for line_of_cache in behind[..behind.len().min(WINDOW)].chunks(BLOCK) {
        prefetch(line_of_cache);
    }
    let (blocks, rest) = window.as_chunks::<BLOCK>();
    if !look_by_the_best(blocks, places) {
        places.note_all(blocks, masks_of_block);
    }
    if !rest.is_empty() {
        places.note_all([rest], portable);
    }
}

#[cfg(target_arch = "x86_64")]
use avx2::look as look_by_the_best;

/// Other processors have nothing better than what any has.
#[cfg(not(target_arch = "x86_64"))]
fn look_by_the_best(_: &[[u8; BLOCK]], _: &mut Places) -> bool {
    false
}

#[inline(always)]
#[cfg(target_arch = "x86_64")]
fn masks_of_block(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks::default();
    for (number, sixteen) in block.as_chunks::<16>().0.iter().enumerate() {
        masks.line_feeds |= u64::from(equal(sixteen, b'\n')) << (16 * number);
        masks.quotes |= u64::from(equal(sixteen, b'"')) << (16 * number);
    }
    masks
}

#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
fn masks_of_block(block: &[u8; BLOCK]) -> Masks {
    portable(block)
}

/// Of a block that may be the last one.
fn masks_of(block: &[u8]) -> Masks {
    match block.try_into() {
        Ok(block) => masks_of_block(block),
        Err(_) => portable(block),
    }
}

fn portable(block: &[u8]) -> Masks {
    let mut masks = Masks::default();
    for (place, byte) in block.iter().take(BLOCK).enumerate() {
        masks.line_feeds |= u64::from(*byte == b'\n') << place;
        masks.quotes |= u64::from(*byte == b'"') << place;
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let byte =
            prop_oneof![6 => Just(b'a'), 3 => Just(b'"'), 1 => Just(b'\n'), 1 => any::<u8>()];
        prop::collection::vec(byte, 0..400)
    }

    /// Six places, or how many there are.
    fn places(line: &[u8]) -> Result<[usize; 6], usize> {
        let places: Vec<usize> = memchr::memchr_iter(b'"', line).take(6).collect();
        places.try_into().map_err(|fewer: Vec<usize>| fewer.len())
    }

    fn noted(quotes: &Quotes) -> Result<[usize; 6], usize> {
        let noted = quotes.0.iter().filter(|place| **place != ABSENT);
        quotes.six().ok_or(noted.count())
    }

    #[test]
    fn a_line_goes_on_over_windows_with_its_quotes() {
        let long = "x".repeat(WINDOW);
        let text = format!("\"{long}\"\"{long}{long}\"\"\"\"\"\n\"{long}");
        let lines: Vec<Marked> = MarkedLines::new(text.as_bytes(), true).collect();
        let expected: Vec<Quotes> = text
            .lines()
            .map(|line| Quotes::of(line.as_bytes()))
            .collect();
        assert_eq!(
            lines.iter().map(|line| line.quotes).collect::<Vec<_>>(),
            expected
        );
        let ends: Vec<usize> = MarkedLines::new(text.as_bytes(), false)
            .map(|line| line.end)
            .collect();
        assert_eq!(ends, lines.iter().map(|line| line.end).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn lines_and_quotes_are_those_that_loops_find(text in text()) {
            let mut expected: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            if expected.last().is_some_and(|last| last.is_empty()) {
                expected.pop();
            }
            let found: Vec<Marked> = MarkedLines::new(&text, true).collect();
            prop_assert_eq!(found.len(), expected.len());
            for (marked, line) in found.iter().zip(expected) {
                prop_assert_eq!(&text[marked.start..marked.end], line);
                prop_assert_eq!(noted(&marked.quotes), places(line));
                prop_assert_eq!(marked.quotes, Quotes::of(line));
            }
        }

        #[test]
        fn a_window_is_listed_as_its_twin_lists_it(
            window in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'\n'), any::<u8>()], 0..600),
            with_quotes: bool,
        ) {
            let [mut found, mut twin] = [(); 2].map(|()| Places::new(WINDOW, with_quotes));
            look(&window, b"", &mut found);
            twin.note_all(window.chunks(BLOCK), portable);
            prop_assert_eq!(found.all(), twin.all());
        }

        #[test]
        fn a_block_is_marked_as_its_twin_does(block in prop::array::uniform32(any::<u8>())) {
            let block: [u8; BLOCK] = std::array::from_fn(|at| [b'"', b'\n', block[at / 2]][at % 3]);
            prop_assert_eq!(masks_of_block(&block), portable(&block));
        }
    }
}
