//! Durations as servers and programs write them, in microseconds.

use super::field::{decimal, last_of_list, whole};

/// Microseconds in a millisecond.
pub(super) const PER_MS: u32 = 1_000;
/// Microseconds in a second.
const PER_SECOND: u32 = 1_000_000;

/// `1.5`, `1.5s`, `250ms`, `80µs` or `7ns`; of a list the last.
pub(super) fn seconds(value: &[u8]) -> Option<u64> {
    let value = last_of_list(value);
    match value {
        [number @ .., b'm', b's'] => decimal(number, PER_MS),
        // The sign of a millionth, or the Greek letter.
        [number @ .., b'u', b's']
        | [number @ .., 0xc2, 0xb5, b's']
        | [number @ .., 0xce, 0xbc, b's'] => decimal(number, 1),
        [number @ .., b'n', b's'] => nanoseconds(number),
        [number @ .., b's'] => decimal(number, PER_SECOND).or_else(|| hours_and_minutes(number)),
        _ => bare_seconds(value),
    }
}

/// `1h2m3.5` of Go's `1h2m3.5s`.
fn hours_and_minutes(text: &[u8]) -> Option<u64> {
    let (hours, text) = match memchr::memchr(b'h', text) {
        Some(at) => (whole(&text[..at])?, &text[at + 1..]),
        None => (0, text),
    };
    let at = memchr::memchr(b'm', text)?;
    let minutes = hours.checked_mul(60)?.checked_add(whole(&text[..at])?)?;
    let seconds = decimal(&text[at + 1..], PER_SECOND)?;
    minutes
        .checked_mul(60 * u64::from(PER_SECOND))?
        .checked_add(seconds)
}

/// A number without a unit. A whole one of a day or more counts something smaller, and nobody knows what.
fn bare_seconds(value: &[u8]) -> Option<u64> {
    const DAY_US: u64 = 86_400_000_000;
    decimal(value, PER_SECOND).filter(|us| *us < DAY_US || value.contains(&b'.'))
}

/// A number of which no name tells the unit. One with a point is seconds, as before. A whole one of no more than
/// seconds is milliseconds, which most programs count; Go's loggers write a `time.Duration` as nanoseconds, which are
/// many. Of those between nobody knows which they are.
pub(super) fn took(value: &[u8]) -> Option<u64> {
    if let Some(number) = value.strip_suffix(b" ms") {
        return decimal(number, PER_MS);
    }
    match value.len() {
        _ if !value.iter().all(u8::is_ascii_digit) => seconds(value),
        1..=4 => decimal(value, PER_MS),
        5 | 6 => None,
        _ => nanoseconds(value),
    }
}

/// Milliseconds, with or without their unit.
pub(super) fn milliseconds(value: &[u8]) -> Option<u64> {
    let number = value.strip_suffix(b"ms");
    decimal(number.map_or(value, <[u8]>::trim_ascii_end), PER_MS)
}

/// A whole number of nanoseconds.
pub(super) fn nanoseconds(value: &[u8]) -> Option<u64> {
    Some(whole(value)?.saturating_add(500) / 1_000)
}
