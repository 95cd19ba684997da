//! Where line feeds and quotes stand in a window of the text, in two lists.
//!
//! Lists are written some places at a time, whether there are as many or not, so that the processor need
//! not guess how many a block holds; what is too much is overwritten by the next block.

use super::{BLOCK, NOTED, Quotes};

/// Line feeds and quotes that nearly every block has at most.
const USUAL_LINE_FEEDS: usize = 1;
const USUAL_QUOTES: usize = 4;

/// What ends the list of quotes: it stands behind every line.
const BEHIND: i32 = i32::MAX;

/// A bit for each byte of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Masks {
    pub(super) line_feeds: u64,
    pub(super) quotes: u64,
}

/// The line feeds and quotes of a window that were not yet passed, from the start of the window.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places {
    line_feeds: List,
    quotes: List,
    /// Whether quotes are noted.
    with_quotes: bool,
    /// Bytes of the window that were noted.
    noted: i32,
}

#[derive(Debug, PartialEq, Eq)]
struct List {
    places: Box<[i32]>,
    next: usize,
    end: usize,
}

impl Places {
    /// Lists for windows of up to so many bytes; without quotes where nobody asks for them.
    pub(super) fn new(window: usize, with_quotes: bool) -> Places {
        let list = |places: usize| List {
            // Room for what is carried over and for a block that overwrites the end.
            places: vec![BEHIND; places + 2 * BLOCK].into_boxed_slice(),
            next: 0,
            end: 0,
        };
        Places {
            line_feeds: list(window),
            quotes: list(if with_quotes { window } else { 0 }),
            with_quotes,
            noted: 0,
        }
    }

    /// Makes room for a window that begins `step` bytes behind this one. The first quotes of the line
    /// that goes on there are kept.
    pub(super) fn turn(&mut self, step: usize) {
        (self.line_feeds.next, self.line_feeds.end) = (0, 0);
        self.quotes
            .carry_over(i32::try_from(step).unwrap_or(BEHIND));
        self.noted = 0;
    }

    /// Notes what `masks_of` marks in the next blocks of the window.
    #[inline(always)]
    pub(super) fn note_all<B>(
        &mut self,
        blocks: impl IntoIterator<Item = B>,
        masks_of: impl Fn(B) -> Masks,
    ) {
        let (feeds, quotes) = (&mut self.line_feeds, &mut self.quotes);
        let mut at = self.noted;
        // Where the lists end stays in registers.
        let (mut feeds_end, mut quotes_end) = (feeds.end, quotes.end);
        for block in blocks {
            let masks = masks_of(block);
            if self.with_quotes {
                let places = &mut quotes.places;
                quotes_end = note::<USUAL_QUOTES>(places, quotes_end, masks.quotes, at);
            }
            let places = &mut feeds.places;
            feeds_end = note::<USUAL_LINE_FEEDS>(places, feeds_end, masks.line_feeds, at);
            at += BLOCK as i32;
        }
        (feeds.end, quotes.end) = (feeds_end, quotes_end);
        self.noted = at;
        quotes.close();
    }

    /// The next line feed of the window.
    #[inline(always)]
    pub(super) fn line_feed(&mut self) -> Option<usize> {
        let feeds = &mut self.line_feeds;
        let feed = *feeds.places.get(..feeds.end)?.get(feeds.next)?;
        feeds.next += 1;
        Some(feed as usize)
    }

    /// The quotes of the line that starts at `start` and ends before `end`; without an end, all that are
    /// left.
    #[inline(always)]
    pub(super) fn quotes_of_line(&mut self, start: i32, end: Option<usize>) -> Quotes {
        let end = end.map_or(BEHIND, |end| end as i32);
        let list = &mut self.quotes;
        let ahead = list.places.get(list.next..);
        if let Some([places @ .., sixth, behind]) = ahead.and_then(|ahead| ahead.first_chunk::<7>())
            && *sixth < end
            && end <= *behind
        {
            list.next += NOTED;
            let [a, b, c, d, e] = *places;
            let from_start = |place: i32| place.wrapping_sub(start) as u32;
            return Quotes([a, b, c, d, e, *sixth].map(from_start));
        }
        list.any_quotes(start, end)
    }

    /// All line feeds and quotes.
    #[cfg(test)]
    pub(super) fn all(&self) -> [&[i32]; 2] {
        [&self.line_feeds, &self.quotes].map(|list| &list.places[..list.end])
    }
}

/// Notes the places that are marked in a mask, which begins at `at`, behind the `end` of a list; mostly
/// there are `USUAL` or fewer. Where the list ends then.
#[inline(always)]
fn note<const USUAL: usize>(places: &mut [i32], end: usize, mut mask: u64, at: i32) -> usize {
    let count = mask.count_ones() as usize;
    let room = places.get_mut(end..);
    let Some(room) = room.and_then(|room| room.first_chunk_mut::<BLOCK>()) else {
        return end; // never: a window marks no more places than it has bytes
    };
    for free in &mut room[..USUAL] {
        *free = at.wrapping_add(mask.trailing_zeros() as i32);
        mask &= mask.wrapping_sub(1);
    }
    for free in room[USUAL..].iter_mut() {
        if mask == 0 {
            break;
        }
        *free = at.wrapping_add(mask.trailing_zeros() as i32);
        mask &= mask.wrapping_sub(1);
    }
    end + count
}

impl List {
    /// Ends the list, so that looking ahead finds that there is nothing more.
    fn close(&mut self) {
        if let Some(behind) = self.places.get_mut(self.end..self.end + NOTED + 1) {
            behind.fill(BEHIND);
        }
    }

    /// Keeps the first places that are left, as seen from `step` bytes further on.
    fn carry_over(&mut self, step: i32) {
        let end = self.end.min(self.next + NOTED);
        let left = end - self.next;
        self.places.copy_within(self.next..end, 0);
        for place in &mut self.places[..left] {
            // Of a line of gigabytes, which is not read anyway, places lose their distance, not their order.
            *place = place.saturating_sub(step);
        }
        (self.next, self.end) = (0, left);
    }

    /// The quotes up to `end`, however many there are.
    #[inline(never)]
    fn any_quotes(&mut self, start: i32, end: i32) -> Quotes {
        let mut quotes = Quotes::UNKNOWN;
        let mut free = quotes.0.iter_mut();
        while let Some(place) = self.places[..self.end].get(self.next)
            && *place < end
        {
            if let Some(free) = free.next() {
                *free = place.wrapping_sub(start) as u32;
            }
            self.next += 1;
        }
        quotes
    }
}
