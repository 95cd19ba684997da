//! What stands between the fields of a format string: a few bytes, compared as one word.

use std::ops::Deref;

/// Longest literal that one word holds, in bytes.
const WORD: usize = size_of::<u64>();

/// The bytes of a literal, and the first of them as a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Literal {
    bytes: Vec<u8>,
    word: u64,
    /// Which bits of a word are the literal's.
    mask: u64,
}

impl Literal {
    /// Whether a line begins with it.
    #[inline(always)]
    pub(super) fn begins(&self, line: &[u8]) -> bool {
        match line.first_chunk::<WORD>() {
            Some(head) => {
                u64::from_le_bytes(*head) & self.mask == self.word
                    && (self.bytes.len() <= WORD || line.starts_with(&self.bytes))
            }
            None => line.starts_with(&self.bytes),
        }
    }

    /// What stands behind it on a line that begins with it.
    #[inline(always)]
    pub(super) fn skip<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        self.begins(line)
            .then(|| line.get(self.bytes.len()..).unwrap_or_default())
    }
}

impl From<Vec<u8>> for Literal {
    fn from(bytes: Vec<u8>) -> Literal {
        let (mut word, mut mask) = ([0; WORD], [0; WORD]);
        for ((word, mask), byte) in word.iter_mut().zip(&mut mask).zip(&bytes) {
            (*word, *mask) = (*byte, u8::MAX);
        }
        Literal {
            bytes,
            word: u64::from_le_bytes(word),
            mask: u64::from_le_bytes(mask),
        }
    }
}

impl Deref for Literal {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_begins_what_begins_with_its_bytes(literal in "[ \"]{0,12}", line in "[ \"]{0,16}") {
            let rest = line.strip_prefix(&literal).map(str::as_bytes);
            let literal = Literal::from(literal.into_bytes());
            prop_assert_eq!(literal.skip(line.as_bytes()), rest);
        }
    }
}
