//! A cheap look at a string: enough to guess which one it is, never to be sure.
//!
//! Caches in front of dictionaries ([`crate::key::memo`], [`crate::key::familiar`]) find their slot by
//! it and then compare the whole string, so a bad guess costs time and nothing else.

/// Eight bytes from the beginning, the middle and the end of a string, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Glance {
    pub(super) head: u64,
    pub(super) tail: u64,
}

impl Glance {
    /// Of up to 16 bytes, head and tail (with the length) are the string itself.
    #[inline(always)]
    pub(super) fn at(bytes: &[u8]) -> Glance {
        if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
            return Glance {
                head: u64::from_le_bytes(*head),
                tail: u64::from_le_bytes(*tail),
            };
        }
        let half = |chunk: &[u8; 4]| u64::from(u32::from_le_bytes(*chunk));
        if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
            return Glance {
                head: half(head),
                tail: half(tail),
            };
        }
        let head = bytes
            .iter()
            .fold(0, |head, byte| head << 8 | u64::from(*byte));
        Glance { head, tail: 0 }
    }

    /// A number to choose a slot by.
    #[inline(always)]
    pub(super) fn hash(self, bytes: &[u8]) -> usize {
        // The middle tells user agents and long paths apart, which share their ends.
        let middle = bytes
            .get(bytes.len() / 2..)
            .and_then(|half| half.first_chunk());
        let middle = middle.map_or(0, |middle| u64::from_le_bytes(*middle));
        let mixed = fold(
            self.head ^ 0x9e37_79b9_7f4a_7c15,
            self.tail ^ 0xd1b5_4a32_d192_ed03,
        );
        fold(mixed ^ middle, 0x2545_f491_4f6c_dd1d ^ bytes.len() as u64) as usize
    }
}

/// Both halves of the product, so that every bit counts.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn up_to_sixteen_bytes_it_is_the_string(a in "[a\0]{0,16}", b in "[a\0]{0,16}") {
            let same = a.len() == b.len() && Glance::at(a.as_bytes()) == Glance::at(b.as_bytes());
            prop_assert_eq!(same, a == b);
        }
    }
}
