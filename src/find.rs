//! Finds a byte that stands near, 16 or eight bytes at a time.
//!
//! Most fields of a log line are shorter than what `memchr` needs to get going. The tests for a byte
//! within a word are those of "Bit Twiddling Hacks" (Anderson).

#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(target_arch = "x86_64")]
pub(crate) use sse2::equal;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where `byte` first stands in `text`, at or after `from`.
#[inline(always)]
pub(crate) fn find(text: &[u8], from: usize, byte: u8) -> Option<usize> {
    find_any(text, from, [byte])
}

/// Where one of two bytes first stands in `text`.
#[inline(always)]
pub(crate) fn find_either(text: &[u8], bytes: [u8; 2]) -> Option<usize> {
    find_any(text, 0, bytes)
}

#[inline(always)]
fn find_any<const N: usize>(text: &[u8], from: usize, bytes: [u8; N]) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if let Some(last) = text.last_chunk::<16>() {
        return find_by_sixteens(text, last, from, bytes);
    }
    find_by_words(text, from, bytes)
}

/// In a text of 16 bytes or more, whose last ones are `last`.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
fn find_by_sixteens<const N: usize>(
    text: &[u8],
    last: &[u8; 16],
    from: usize,
    bytes: [u8; N],
) -> Option<usize> {
    let marks = |block| {
        let marks = bytes.map(|byte| equal(block, byte));
        marks.into_iter().fold(0, |all, marks| all | marks)
    };
    let mut at = from;
    while let Some(block) = text.get(at..)?.first_chunk::<16>() {
        let marks = marks(block);
        if marks != 0 {
            return Some(at + marks.trailing_zeros() as usize);
        }
        at += 16;
    }
    // The last ones in one step, although some of them were seen before.
    let start = text.len() - 16;
    let unseen = marks(last) & u32::MAX.checked_shl((at - start) as u32)?;
    (unseen != 0).then(|| start + unseen.trailing_zeros() as usize)
}

#[inline(always)]
fn find_by_words<const N: usize>(text: &[u8], from: usize, bytes: [u8; N]) -> Option<usize> {
    let marks = |word: u64| {
        let marks = bytes.map(|byte| zeros(word ^ (ONES * u64::from(byte))));
        marks.into_iter().fold(0, |all, marks| all | marks)
    };
    let mut at = from;
    while let Some(word) = word(text, at) {
        let marks = marks(word);
        if marks != 0 {
            return Some(at + first(marks));
        }
        at += 8;
    }
    if let Some(last) = text.last_chunk() {
        let start = text.len() - 8;
        let seen = u32::try_from(8 * at.checked_sub(start)?).ok()?;
        let unseen = marks(u64::from_le_bytes(*last)) & u64::MAX.checked_shl(seen)?;
        return (unseen != 0).then(|| start + first(unseen));
    }
    let rest = text.get(at..)?;
    let found = rest.iter().position(|other| bytes.contains(other));
    found.map(|step| at + step)
}

/// Where the first byte stands that is not in `b'.'..=b'9'`, the bytes of IPv4 addresses; the end of
/// the text if there is none.
#[inline(always)]
pub(crate) fn quad_end(text: &[u8]) -> usize {
    const LEAST: u64 = ONES * b'.' as u64;
    const ABOVE: u64 = ONES * (127 - b'9') as u64;
    let mut at = 0;
    while let Some(word) = word(text, at) {
        let less = word.wrapping_sub(LEAST) & !word;
        let more = word.wrapping_add(ABOVE) | word;
        let outside = (less | more) & HIGHS;
        if outside != 0 {
            return at + first(outside);
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|byte| !(b'.'..=b'9').contains(byte))
        .unwrap_or(rest.len())
}

/// Whether two short texts are the same, without a call: most are shorter than what that costs.
#[inline(always)]
pub(crate) fn are_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    if let (Some(last), Some(others)) = (one.last_chunk::<16>(), other.last_chunk::<16>()) {
        let mut pairs = one
            .as_chunks::<16>()
            .0
            .iter()
            .zip(other.as_chunks::<16>().0);
        // The last ones overlap those before.
        return last == others && pairs.all(|(one, other)| one == other);
    }
    if let (Some(first), Some(others)) = (one.first_chunk::<8>(), other.first_chunk::<8>()) {
        return first == others && one.last_chunk::<8>() == other.last_chunk::<8>();
    }
    one.iter().eq(other)
}

/// The number that the last `count` bytes of a word are, from one to eight digits, without going through
/// them one by one: how many there are changes from line to line.
#[inline(always)]
pub(crate) fn last_digits(word: u64, count: usize) -> Option<u64> {
    const ZEROS: u64 = ONES * b'0' as u64;
    if !(1..=8).contains(&count) {
        return None;
    }
    // The bytes before count as zeros in front of the number.
    let before = !(u64::MAX << (64 - 8 * count as u32));
    let digits = (word & !before | ZEROS & before) ^ ZEROS;
    // A byte that is none of 0 to 9 has a high half, or gets one when six is added.
    if (digits | digits.wrapping_add(ONES * 6)) & (ONES * 0xf0) != 0 {
        return None;
    }
    // Neighbours are put together: digits to pairs, pairs to fours, fours to the number.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*text.get(at..)?.first_chunk()?))
}

/// Marks the bytes that are zero, and no others.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    !((word & !HIGHS).wrapping_add(!HIGHS) | word | !HIGHS)
}

/// The first byte that is marked in a word.
#[inline(always)]
fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_loop_finds(text: Vec<u8>, from in 0usize..40, byte: u8) {
            let plain = |byte| Some(from + text.get(from..)?.iter().position(|&b| b == byte)?);
            prop_assert_eq!(find(&text, from, byte), plain(byte));
            for &byte in &text {
                prop_assert_eq!(find(&text, from, byte), plain(byte));
                prop_assert_eq!(find_by_words(&text, from, [byte]), plain(byte));
                let either = text.iter().position(|other| [byte, b'#'].contains(other));
                prop_assert_eq!(find_either(&text, [byte, b'#']), either);
            }
        }

        #[test]
        fn texts_are_the_same_as_slices_are(text in prop::collection::vec(any::<u8>(), 0..70), at: prop::sample::Index) {
            prop_assert!(are_same(&text, &text.clone()));
            prop_assert!(!are_same(&text, &[&text[..], b"a"].concat()));
            if !text.is_empty() {
                let mut other = text.clone();
                other[at.index(text.len())] ^= 1;
                prop_assert!(!are_same(&text, &other));
            }
        }

        #[test]
        fn digits_are_the_number_that_they_show(
            bytes in prop::array::uniform8(prop_oneof![6 => b'0'..=b'9', 1 => any::<u8>()]), count in 0usize..10,
        ) {
            let digits = bytes.get(8usize.saturating_sub(count)..).filter(|_| (1..=8).contains(&count));
            let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_digit));
            let plain = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            prop_assert_eq!(last_digits(u64::from_le_bytes(bytes), count), plain);
        }

        #[test]
        fn a_quad_ends_where_a_loop_ends_it(
            text in prop::collection::vec(prop_oneof![Just(b'.'), b'-'..=b':', any::<u8>()], 0..40),
        ) {
            let plain = text.iter().position(|byte| !(b'.'..=b'9').contains(byte));
            prop_assert_eq!(quad_end(&text), plain.unwrap_or(text.len()));
        }
    }
}
