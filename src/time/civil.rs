//! A civil date and time, and its place on the time line.
//!
//! The conversion is Howard Hinnant's `days_from_civil`
//! (<https://howardhinnant.github.io/date_algorithms.html>), proleptic Gregorian.

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// Years that a server's clock may show. Below is no Unix time, above is no access log.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=2199;

/// A date and time of day without a zone, as a stamp spells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Civil {
    /// Year, e.g. 2026.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, from 1.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 60: a leap second counts as the first of the next minute.
    pub second: u32,
    /// Milliseconds, 0 to 999.
    pub ms: u32,
}

impl Civil {
    /// Seconds since the epoch if the zone were UTC; `None` when there is no such date or time.
    pub fn seconds(&self) -> Option<i64> {
        let real = YEARS.contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour <= 23
            && self.minute <= 59
            && self.second <= 60;
        real.then(|| {
            days_from_civil(self.year, self.month, self.day) * DAY_S
                + i64::from(self.hour * 3600 + self.minute * 60 + self.second)
        })
    }
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The month that an English three-letter name stands for, whatever its case.
pub(super) fn month_of_name(name: &[u8]) -> Option<u32> {
    let &[a, b, c] = name else { return None };
    let folded = [a | 0x20, b | 0x20, c | 0x20];
    let months: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    (1..)
        .zip(months)
        .find(|(_, known)| **known == folded)
        .map(|(month, _)| month)
}

/// The number that `digits` spell: digits only, at least one, no overflow.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |value, &digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u32::from(digit - b'0')),
        _ => None,
    })
}

/// Milliseconds from the digits behind a decimal point; further digits are cut, not rounded, so
/// that a stamp never moves into the next second.
pub(super) fn fraction_ms(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| digits.get(at).map_or(0, |d| u32::from(d - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

/// Seconds east of UTC from `Z`, `+0100`, `+01:00` or `+01`.
pub(super) fn offset_s(text: &[u8]) -> Option<i32> {
    let (sign, digits) = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match *digits {
        [a, b] => ([a, b], *b"00"),
        [a, b, c, d] | [a, b, b':', c, d] => ([a, b], [c, d]),
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    let real = hours <= 23 && minutes <= 59;
    real.then(|| sign * (hours * 3600 + minutes * 60) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, NaiveDate};

    #[test]
    fn every_day_of_the_accepted_years_agrees_with_chrono() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for day in epoch.iter_days().take_while(|day| day.year() <= 2199) {
            let civil = Civil {
                year: i64::from(day.year()),
                month: day.month(),
                day: day.day(),
                ..Civil::default()
            };
            let expected = (day - epoch).num_seconds();
            assert_eq!(civil.seconds(), Some(expected), "{day}");
        }
    }

    #[test]
    fn refuses_what_no_clock_shows() {
        let good = Civil {
            year: 2026,
            month: 2,
            day: 28,
            hour: 23,
            minute: 59,
            second: 60,
            ms: 0,
        };
        assert!(good.seconds().is_some());
        assert_eq!(Civil { day: 29, ..good }.seconds(), None);
        assert!(
            Civil {
                year: 2024,
                day: 29,
                ..good
            }
            .seconds()
            .is_some()
        );
        assert_eq!(Civil { day: 0, ..good }.seconds(), None);
        assert_eq!(Civil { month: 13, ..good }.seconds(), None);
        assert_eq!(Civil { hour: 24, ..good }.seconds(), None);
        assert_eq!(Civil { minute: 60, ..good }.seconds(), None);
        assert_eq!(Civil { second: 61, ..good }.seconds(), None);
        assert_eq!(Civil { year: 1969, ..good }.seconds(), None);
        assert_eq!(Civil { year: 2200, ..good }.seconds(), None);
    }

    #[test]
    fn offsets_in_all_spellings() {
        assert_eq!(offset_s(b"Z"), Some(0));
        assert_eq!(offset_s(b"-0730"), Some(-27_000));
        assert_eq!(offset_s(b"+05:45"), Some(20_700));
        assert_eq!(offset_s(b"+01"), Some(3600));
        assert_eq!(offset_s(b"+2400"), None);
        assert_eq!(offset_s(b"0100"), None);
        assert_eq!(offset_s(b"+1:00"), None);
    }
}
