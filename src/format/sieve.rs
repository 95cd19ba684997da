//! Which formats cannot have written a line, told by the bytes that stand between fields.
//!
//! A line that its file's format refuses is offered to a hundred others. Most of them have marks between their
//! fields that the line does not have often enough: a count of those spares to try them.

/// The bytes that are counted: those that format strings have between their fields.
const MARKS: &[u8; 16] = b" \"[]|\t,;:=-{}()'";

/// The place of the quote.
const QUOTE: usize = 1;

/// How often each of [`MARKS`] stands in a text, up to 255 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Marks([u8; MARKS.len()]);

/// The place of each byte among [`MARKS`]; none where it is not there.
const PLACES: [u8; 256] = {
    let mut places = [MARKS.len() as u8; 256];
    let mut at = 0;
    while at < MARKS.len() {
        places[MARKS[at] as usize] = at as u8;
        at += 1;
    }
    places
};

impl Marks {
    /// Those of a text; a long one is not looked at, and counts as full of them.
    pub(super) fn of(text: &[u8]) -> Marks {
        /// Longest text that is counted, in bytes.
        const LONGEST: usize = 4096;
        if text.len() > LONGEST {
            return Marks([u8::MAX; MARKS.len()]);
        }
        // What is no mark is counted behind them.
        let mut counts = [0u8; MARKS.len() + 1];
        for &byte in text {
            let count = &mut counts[PLACES[usize::from(byte)] as usize];
            *count = count.saturating_add(1);
        }
        let mut marks = Marks::default();
        marks.0.copy_from_slice(&counts[..MARKS.len()]);
        marks
    }

    /// How many quotes there are.
    #[inline]
    pub(super) fn quotes(&self) -> usize {
        usize::from(self.0[QUOTE])
    }

    /// Of each as many as in both.
    pub(super) fn common(&self, other: &Marks) -> Marks {
        let mut common = *self;
        for (count, other) in common.0.iter_mut().zip(&other.0) {
            *count = (*count).min(*other);
        }
        common
    }

    /// Whether there are as many of each as in `least`, or more.
    #[inline]
    pub(super) fn cover(&self, least: &Marks) -> bool {
        let mut pairs = self.0.iter().zip(&least.0);
        pairs.all(|(has, least)| has >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_covers_the_marks_of_its_format_string() {
        let line =
            Marks::of(br#"203.0.113.7 - - [10/Mar/2026:09:43:00 +0000] "GET / HTTP/1.1" 403 1"#);
        assert!(line.cover(&Marks::of(br#" - - [] "" "#)));
        assert!(line.cover(&Marks::default()));
        assert!(!line.cover(&Marks::of(br#""" """#)));
        assert!(!line.cover(&Marks::of(b"|")));
        assert_eq!(line.quotes(), 2);
        assert_eq!(Marks::of(b"[[|").common(&Marks::of(b"[,")), Marks::of(b"["));
    }

    #[test]
    fn a_long_line_may_hold_anything() {
        assert!(Marks::of(&[b'x'; 5000]).cover(&Marks::of(b"||")));
        assert!(Marks::of(&[b'"'; 4000]).cover(&Marks::of(&[b'"'; 300])));
    }
}
