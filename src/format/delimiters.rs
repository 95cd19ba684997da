//! Which formats cannot have written a line, told by the bytes that stand between fields.
//!
//! A line that its file's format refuses is offered to a hundred others. Most of them have delimiters between their
//! fields that the line does not have often enough: a count of those spares to try them.

/// The bytes that are counted: those that format strings have between their fields.
const COUNTED: &[u8; 16] = b" \"[]|\t,;:=-{}()'";

/// The place of the quote.
const QUOTE: usize = 1;

/// How often each of [`COUNTED`] stands in a text, up to 255 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Delimiters([u8; COUNTED.len()]);

/// The place of each byte among [`COUNTED`]; none where it is not there.
const PLACES: [u8; 256] = {
    let mut places = [COUNTED.len() as u8; 256];
    let mut at = 0;
    while at < COUNTED.len() {
        places[COUNTED[at] as usize] = at as u8;
        at += 1;
    }
    places
};

impl Delimiters {
    /// Those of a text; a long one is not looked at, and counts as full of them.
    pub(super) fn of(text: &[u8]) -> Delimiters {
        /// Longest text that is counted, in bytes.
        const LONGEST: usize = 4096;
        if text.len() > LONGEST {
            return Delimiters([u8::MAX; COUNTED.len()]);
        }
        // What is none of them is counted behind.
        let mut counts = [0u8; COUNTED.len() + 1];
        for &byte in text {
            let count = &mut counts[PLACES[usize::from(byte)] as usize];
            *count = count.saturating_add(1);
        }
        let mut delimiters = Delimiters::default();
        delimiters.0.copy_from_slice(&counts[..COUNTED.len()]);
        delimiters
    }

    /// How many quotes there are.
    #[inline]
    pub(super) fn quotes(&self) -> usize {
        usize::from(self.0[QUOTE])
    }

    /// Of each as many as in both.
    pub(super) fn common(&self, other: &Delimiters) -> Delimiters {
        let mut common = *self;
        for (count, other) in common.0.iter_mut().zip(&other.0) {
            *count = (*count).min(*other);
        }
        common
    }

    /// Whether there are as many of each as in `least`, or more.
    #[inline]
    pub(super) fn cover(&self, least: &Delimiters) -> bool {
        let mut pairs = self.0.iter().zip(&least.0);
        pairs.all(|(has, least)| has >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_covers_the_marks_of_its_format_string() {
        let line = Delimiters::of(
            br#"203.0.113.7 - - [10/Mar/2026:09:43:00 +0000] "GET / HTTP/1.1" 403 1"#,
        );
        assert!(line.cover(&Delimiters::of(br#" - - [] "" "#)));
        assert!(line.cover(&Delimiters::default()));
        assert!(!line.cover(&Delimiters::of(br#""" """#)));
        assert!(!line.cover(&Delimiters::of(b"|")));
        assert_eq!(line.quotes(), 2);
        assert_eq!(
            Delimiters::of(b"[[|").common(&Delimiters::of(b"[,")),
            Delimiters::of(b"[")
        );
    }

    #[test]
    fn a_long_line_may_hold_anything() {
        assert!(Delimiters::of(&[b'x'; 5000]).cover(&Delimiters::of(b"||")));
        assert!(Delimiters::of(&[b'"'; 4000]).cover(&Delimiters::of(&[b'"'; 300])));
    }
}
