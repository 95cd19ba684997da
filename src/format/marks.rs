//! Line ends and quotes of a text, found in one look at each byte.
//!
//! Where a field of a quoted format ends is known by its quotes; looking for each of them anew costs
//! more than all else that a line needs. Here 64 bytes become two masks, and a line comes with the
//! places of its first quotes. On x86-64 a mask is made by SSE2, which every such processor has; its
//! twin for others (`portable`) is held to the same answers by a property test.

#[cfg(target_arch = "x86_64")]
mod sse2;

/// How many quotes of a line are noted: those of request, referer and user agent.
const NOTED: usize = 6;
/// Places for them: a power of two, so that a place is found without a comparison.
const PLACES: usize = 8;
const BLOCK: usize = 64;

/// Where the first quotes of a line stand, counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Quotes {
    places: [u32; PLACES],
    noted: usize,
}

impl Quotes {
    /// Of a line by itself.
    pub(super) fn of(line: &[u8]) -> Quotes {
        let mut quotes = Quotes::default();
        for (number, block) in line.chunks(BLOCK).enumerate() {
            let mut mask = Marks::of(block).quotes;
            while mask != 0 {
                quotes.note(number * BLOCK + mask.trailing_zeros() as usize);
                if quotes.noted == NOTED {
                    return quotes;
                }
                mask &= mask - 1;
            }
        }
        quotes
    }

    /// The places of the first six quotes; `None` of a line with fewer.
    #[inline(always)]
    pub(super) fn six(&self) -> Option<[usize; NOTED]> {
        let [a, b, c, d, e, f, ..] = self.places.map(|place| place as usize);
        (self.noted == NOTED).then_some([a, b, c, d, e, f])
    }

    #[inline(always)]
    fn note(&mut self, place: usize) {
        // A line so long that this cuts is longer than any that is read.
        self.places[self.noted % PLACES] = place as u32;
        self.noted += 1;
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
    /// Where the block in sight starts, and what is left of its marks.
    block: usize,
    marks: Marks,
}

impl<'t> MarkedLines<'t> {
    pub(super) fn new(text: &'t [u8]) -> MarkedLines<'t> {
        let first = &text[..text.len().min(BLOCK)];
        MarkedLines {
            text,
            start: 0,
            block: 0,
            marks: Marks::of(first),
        }
    }

    /// Moves on to the next block; false at the end of the text.
    #[inline(always)]
    fn advance(&mut self) -> bool {
        self.block += BLOCK;
        let Some(rest) = self.text.get(self.block..) else {
            return false;
        };
        self.marks = match rest.first_chunk() {
            Some(block) => Marks::of_block(block),
            None => Marks::of(rest),
        };
        true
    }
}

impl Iterator for MarkedLines<'_> {
    type Item = Marked;

    #[inline(always)]
    fn next(&mut self) -> Option<Marked> {
        let start = self.start;
        let mut quotes = Quotes::default();
        loop {
            let line_end = self.marks.line_feeds & self.marks.line_feeds.wrapping_neg();
            // The quotes before the line feed, or all that are left if there is none.
            let mut before = self.marks.quotes & line_end.wrapping_sub(1);
            while before != 0 && quotes.noted < NOTED {
                let place = self.block + before.trailing_zeros() as usize;
                quotes.note(place - start);
                before &= before - 1;
            }
            if line_end != 0 {
                let end = self.block + line_end.trailing_zeros() as usize;
                self.marks.line_feeds ^= line_end;
                self.marks.quotes &= !line_end.wrapping_sub(1);
                self.start = end + 1;
                return Some(Marked { start, end, quotes });
            }
            if !self.advance() {
                let end = self.text.len();
                self.marks = Marks::default();
                self.start = end;
                return (start < end).then_some(Marked { start, end, quotes });
            }
        }
    }
}

/// A bit for each byte of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Marks {
    line_feeds: u64,
    quotes: u64,
}

impl Marks {
    #[inline(always)]
    #[cfg(target_arch = "x86_64")]
    fn of_block(block: &[u8; BLOCK]) -> Marks {
        let [line_feeds, quotes] = sse2::masks(block, *b"\n\"");
        Marks { line_feeds, quotes }
    }

    #[inline(always)]
    #[cfg(not(target_arch = "x86_64"))]
    fn of_block(block: &[u8; BLOCK]) -> Marks {
        Marks::portable(block)
    }

    /// Of a block that may be the last one.
    fn of(block: &[u8]) -> Marks {
        match block.try_into() {
            Ok(block) => Marks::of_block(block),
            Err(_) => Marks::portable(block),
        }
    }

    fn portable(block: &[u8]) -> Marks {
        let mut marks = Marks::default();
        for (place, byte) in block.iter().take(BLOCK).enumerate() {
            marks.line_feeds |= u64::from(*byte == b'\n') << place;
            marks.quotes |= u64::from(*byte == b'"') << place;
        }
        marks
    }
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

    fn places(line: &[u8]) -> Vec<usize> {
        memchr::memchr_iter(b'"', line).take(NOTED).collect()
    }

    fn noted(quotes: &Quotes) -> Vec<usize> {
        let places = quotes.places.iter().take(quotes.noted);
        places.map(|place| *place as usize).collect()
    }

    proptest! {
        #[test]
        fn lines_and_quotes_are_those_that_loops_find(text in text()) {
            let mut expected: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            if expected.last().is_some_and(|last| last.is_empty()) {
                expected.pop();
            }
            let found: Vec<Marked> = MarkedLines::new(&text).collect();
            prop_assert_eq!(found.len(), expected.len());
            for (marked, line) in found.iter().zip(expected) {
                prop_assert_eq!(&text[marked.start..marked.end], line);
                prop_assert_eq!(noted(&marked.quotes), places(line));
                prop_assert_eq!(marked.quotes, Quotes::of(line));
            }
        }

        #[test]
        fn a_block_is_marked_as_its_twin_does(block in prop::array::uniform32(any::<u8>())) {
            let block: [u8; BLOCK] = std::array::from_fn(|at| [b'"', b'\n', block[at / 2]][at % 3]);
            prop_assert_eq!(Marks::of_block(&block), Marks::portable(&block));
        }
    }
}
