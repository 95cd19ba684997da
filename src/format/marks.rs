//! Line ends and quotes of a text, found in one look at each byte.
//!
//! Where a field of a quoted format ends is known by its quotes; looking for each of them anew costs
//! more than all else that a line needs. Here 64 bytes become two masks, and a line comes with the
//! places of its first quotes. On x86-64 a mask is made by SSE2, which every such processor has; its
//! twin for others (`portable`) is held to the same answers by a property test.

#[cfg(target_arch = "x86_64")]
mod sse2;

/// How many quotes of a line are noted: those of request, referer and user agent.
const NOTED: u32 = 6;
/// Bits of a place; a line that needs more is longer than any that is read.
const PLACE_BITS: u32 = 21;
const PLACE: u64 = (1 << PLACE_BITS) - 1;
const BLOCK: usize = 64;

/// Where the first quotes of a line stand, counted from its start.
///
/// Six places in two numbers, which stay in registers: an array would be written place by place and
/// then copied as a whole, and a processor waits long for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Quotes {
    /// The earlier three of six places, the first one in the highest bits.
    early: u64,
    late: u64,
    noted: u32,
}

impl Quotes {
    /// Of a line by itself.
    pub(super) fn of(line: &[u8]) -> Quotes {
        let mut quotes = Quotes::default();
        for (number, block) in line.chunks(BLOCK).enumerate() {
            quotes.note_all(Marks::of(block).quotes, number * BLOCK);
            if quotes.noted == NOTED {
                break;
            }
        }
        quotes
    }

    /// The places of the first six quotes; `None` of a line with fewer.
    #[inline(always)]
    pub(super) fn six(&self) -> Option<[usize; 6]> {
        let place = |three: u64, at: u32| (three >> (at * PLACE_BITS) & PLACE) as usize;
        (self.noted == NOTED).then(|| {
            let (early, late) = (self.early, self.late);
            [
                place(early, 2),
                place(early, 1),
                place(early, 0),
                place(late, 2),
                place(late, 1),
                place(late, 0),
            ]
        })
    }

    /// Notes the places that are marked in a mask, which begins at `offset` of the line.
    #[inline(always)]
    fn note_all(&mut self, mut mask: u64, offset: usize) {
        while mask != 0 && self.noted < NOTED {
            let place = offset.wrapping_add(mask.trailing_zeros() as usize) as u64;
            self.early = self.early << PLACE_BITS | self.late >> (2 * PLACE_BITS) & PLACE;
            self.late = self.late << PLACE_BITS | place & PLACE;
            self.noted += 1;
            mask &= mask - 1;
        }
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
            let before = self.marks.quotes & line_end.wrapping_sub(1);
            quotes.note_all(before, self.block.wrapping_sub(start));
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

    /// Six places, or how many there are.
    fn places(line: &[u8]) -> Result<[usize; 6], usize> {
        let places: Vec<usize> = memchr::memchr_iter(b'"', line).take(6).collect();
        places.try_into().map_err(|fewer: Vec<usize>| fewer.len())
    }

    fn noted(quotes: &Quotes) -> Result<[usize; 6], usize> {
        quotes.six().ok_or(quotes.noted as usize)
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
