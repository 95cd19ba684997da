//! Apache's `%{format}t`: a strftime pattern read backwards.
//!
//! Source: <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html>, "Custom Time Formats". A
//! line may spread its time over several patterns, so each fills in what it knows of a [`Civil`].

use super::civil::{Civil, fraction_ms, month_of_name, number, offset_s};
use super::stamp::{Clock, Instant};

/// A compiled strftime pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Compiles what stands between the braces of `%{...}t`.
    pub fn new(format: &str) -> Result<Self, PatternError> {
        let format = format
            .strip_prefix("begin:")
            .or(format.strip_prefix("end:"))
            .unwrap_or(format);
        let whole = match format {
            "sec" => Some(Part::EpochSeconds),
            "msec" => Some(Part::EpochMilliseconds),
            "usec" => Some(Part::EpochMicroseconds),
            "msec_frac" => Some(Part::Milliseconds),
            "usec_frac" => Some(Part::Microseconds),
            _ => None,
        };
        if let Some(part) = whole {
            return Ok(Pattern { parts: vec![part] });
        }
        let mut parts = Vec::new();
        let mut letters = format.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '%' => {
                    let conversion = letters.next().map_or('%', |(_, conversion)| conversion);
                    let known = conversion_parts(conversion);
                    parts.extend_from_slice(known.ok_or(PatternError { conversion, at })?);
                }
                letter => parts.extend(letter.encode_utf8(&mut [0; 4]).bytes().map(Part::Literal)),
            }
        }
        Ok(Pattern { parts })
    }

    /// Whether the pattern alone tells day and time of day.
    pub fn tells_moment(&self) -> bool {
        let tells = |parts: &[Part]| parts.iter().any(|part| self.parts.contains(part));
        tells(&[
            Part::EpochSeconds,
            Part::EpochMilliseconds,
            Part::EpochMicroseconds,
        ]) || (self.tells_day() && self.tells_time_of_day())
    }

    /// Whether the pattern tells the day.
    pub fn tells_day(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Day | Part::PaddedDay))
    }

    /// Whether the pattern tells the time of day.
    pub fn tells_time_of_day(&self) -> bool {
        let hours = [
            Part::Hour,
            Part::PaddedHour,
            Part::HourOfTwelve,
            Part::PaddedHourOfTwelve,
        ];
        hours.iter().any(|hour| self.parts.contains(hour))
    }

    /// Reads what the pattern wrote at the start of `text`; yields the rest.
    pub fn read<'a>(&self, text: &'a [u8], told: &mut Partial) -> Option<&'a [u8]> {
        self.parts
            .iter()
            .try_fold(text, |text, part| part.read(text, told))
    }
}

fn conversion_parts(conversion: char) -> Option<&'static [Part]> {
    use Part::{Day, Hour, Literal, Minute, Month, MonthName, PaddedDay, Second, ShortYear, Year};
    Some(match conversion {
        'Y' => &[Year],
        'y' => &[ShortYear],
        'm' => &[Month],
        'b' | 'h' => &[MonthName],
        'd' => &[Day],
        'e' => &[PaddedDay],
        'H' => &[Hour],
        'M' => &[Minute],
        'S' => &[Second],
        'T' => &[Hour, Literal(b':'), Minute, Literal(b':'), Second],
        'R' => &[Hour, Literal(b':'), Minute],
        'F' => &[Year, Literal(b'-'), Month, Literal(b'-'), Day],
        'D' => &[Month, Literal(b'/'), Day, Literal(b'/'), ShortYear],
        'z' => &[Part::Offset],
        'Z' => &[Part::ZoneName],
        'a' => &[Part::Weekday],
        'A' => &[Part::WholeWeekday],
        'B' => &[Part::WholeMonthName],
        'I' => &[Part::HourOfTwelve],
        'k' => &[Part::PaddedHour],
        'l' => &[Part::PaddedHourOfTwelve],
        'p' | 'P' => &[Part::HalfOfDay],
        'u' | 'w' => &[Part::WeekdayNumber],
        // As in the C locale, which servers run in.
        'c' => &[
            Part::Weekday,
            Literal(b' '),
            MonthName,
            Literal(b' '),
            PaddedDay,
            Literal(b' '),
            Hour,
            Literal(b':'),
            Minute,
            Literal(b':'),
            Second,
            Literal(b' '),
            Year,
        ],
        'x' => &[Month, Literal(b'/'), Day, Literal(b'/'), ShortYear],
        'X' => &[Hour, Literal(b':'), Minute, Literal(b':'), Second],
        'r' => &[
            Part::HourOfTwelve,
            Literal(b':'),
            Minute,
            Literal(b':'),
            Second,
            Literal(b' '),
            Part::HalfOfDay,
        ],
        's' => &[Part::EpochSeconds],
        'n' => &[Literal(b'\n')],
        't' => &[Literal(b'\t')],
        '%' => &[Literal(b'%')],
        _ => return None,
    })
}

impl Part {
    fn read<'a>(self, text: &'a [u8], told: &mut Partial) -> Option<&'a [u8]> {
        let width = match self {
            Part::Literal(_) | Part::WeekdayNumber => 1,
            Part::Year => 4,
            Part::MonthName | Part::Weekday | Part::Milliseconds => 3,
            Part::Microseconds => 6,
            Part::Offset => 5,
            Part::ZoneName | Part::WholeWeekday | Part::WholeMonthName => text
                .iter()
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count(),
            Part::EpochSeconds | Part::EpochMilliseconds | Part::EpochMicroseconds => {
                text.iter().take_while(|byte| byte.is_ascii_digit()).count()
            }
            _ => 2,
        };
        let (field, rest) = text.split_at_checked(width)?;
        self.tell(field, told)?;
        Some(rest)
    }

    fn tell(self, field: &[u8], told: &mut Partial) -> Option<()> {
        let civil = &mut told.civil;
        match self {
            Part::Literal(byte) => return (field == [byte]).then_some(()),
            Part::Year => civil.year = i64::from(number(field)?),
            Part::ShortYear => {
                let year = i64::from(number(field)?);
                civil.year = if year < 69 { 2000 + year } else { 1900 + year };
            }
            Part::Month => civil.month = number(field)?,
            Part::MonthName => civil.month = month_of_name(field)?,
            Part::Day => civil.day = number(field)?,
            Part::PaddedDay => civil.day = number(field.trim_ascii_start())?,
            Part::WholeMonthName => civil.month = month_of_name(field.get(..3)?)?,
            Part::Hour => civil.hour = number(field)?,
            Part::PaddedHour => civil.hour = number(field.trim_ascii_start())?,
            Part::HourOfTwelve | Part::PaddedHourOfTwelve => {
                // Twelve o'clock is hour nought of its half.
                civil.hour = number(field.trim_ascii_start())? % 12;
            }
            Part::HalfOfDay => match field.to_ascii_uppercase()[..] {
                [b'A', b'M'] => {}
                [b'P', b'M'] => told.is_afternoon = true,
                _ => return None,
            },
            Part::Minute => civil.minute = number(field)?,
            Part::Second => civil.second = number(field)?,
            Part::Milliseconds | Part::Microseconds => civil.ms = fraction_ms(field)?,
            Part::Offset => told.offset_s = Some(offset_s(field)?),
            Part::ZoneName if matches!(field, b"UTC" | b"GMT") => told.offset_s = Some(0),
            Part::ZoneName | Part::Weekday | Part::WholeWeekday | Part::WeekdayNumber => {}
            Part::EpochSeconds => told.epoch_ms = Some(epoch(field)?.checked_mul(1000)?),
            Part::EpochMilliseconds => told.epoch_ms = Some(epoch(field)?),
            Part::EpochMicroseconds => told.epoch_ms = Some(epoch(field)? / 1000),
        }
        Some(())
    }
}

/// A count since the epoch, of at most 16 digits: microseconds up to the year 2286.
fn epoch(digits: &[u8]) -> Option<i64> {
    if !(1..=16).contains(&digits.len()) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(u8),
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    PaddedDay,
    Hour,
    Minute,
    Second,
    Milliseconds,
    Microseconds,
    Offset,
    ZoneName,
    Weekday,
    WholeWeekday,
    WeekdayNumber,
    WholeMonthName,
    PaddedHour,
    HourOfTwelve,
    PaddedHourOfTwelve,
    HalfOfDay,
    EpochSeconds,
    EpochMilliseconds,
    EpochMicroseconds,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "%{conversion} is not a strftime conversion that can be read back; use %Y-%m-%dT%H:%M:%S%z"
)]
pub struct PatternError {
    /// The character behind the `%`.
    pub conversion: char,
    /// Its place in the pattern, in bytes.
    pub at: usize,
}

/// What the patterns of a line have told of its time so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Partial {
    civil: Civil,
    /// Whether twelve hours are to be added.
    is_afternoon: bool,
    offset_s: Option<i32>,
    epoch_ms: Option<i64>,
}

impl Partial {
    /// The moment, once all patterns of the line are read.
    pub fn instant(&self, clock: &mut Clock) -> Option<Instant> {
        if let Some(ms) = self.epoch_ms {
            return Some(Instant {
                ms: ms + i64::from(self.civil.ms),
                utc_offset_s: 0,
            });
        }
        let mut civil = self.civil;
        civil.hour += if self.is_afternoon { 12 } else { 0 };
        match self.offset_s {
            None => clock.place(civil, b""),
            Some(utc_offset_s) => {
                let seconds = civil.seconds()? - i64::from(utc_offset_s);
                Some(Instant {
                    ms: seconds * 1000 + i64::from(civil.ms),
                    utc_offset_s,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(pieces: &[(&str, &str)]) -> Option<(i64, i32)> {
        let mut told = Partial::default();
        for (format, text) in pieces {
            let rest = Pattern::new(format)
                .unwrap()
                .read(text.as_bytes(), &mut told)?;
            assert_eq!(rest, b"", "{format}");
        }
        let instant = told.instant(&mut Clock::new(None))?;
        Some((instant.ms, instant.utc_offset_s))
    }

    #[test]
    fn reads_back_what_apache_writes() {
        let moment = 971_211_336_000;
        assert_eq!(
            read(&[("%d/%b/%Y:%T %z", "10/Oct/2000:13:55:36 -0700")]),
            Some((moment, -25_200))
        );
        assert_eq!(
            read(&[("%FT%TZ", "2000-10-10T20:55:36Z")]),
            Some((moment, 0))
        );
        assert_eq!(
            read(&[
                ("%F", "2000-10-10"),
                ("%T", "20:55:36"),
                ("msec_frac", "655")
            ]),
            Some((moment + 655, 0))
        );
        assert_eq!(
            read(&[("sec", "971211336"), ("usec_frac", "655999")]),
            Some((moment + 655, 0))
        );
        assert_eq!(
            read(&[("begin:msec", "971211336655")]),
            Some((moment + 655, 0))
        );
        assert_eq!(
            read(&[("usec", "971211336655999")]),
            Some((moment + 655, 0))
        );
        assert_eq!(
            read(&[("%a %b %e %T %Y %Z", "Sun Oct  1 00:00:00 2000 GMT")]),
            Some((970_358_400_000, 0))
        );
        for (format, text) in [
            ("%c", "Tue Oct 10 20:55:36 2000"),
            ("%x %X", "10/10/00 20:55:36"),
            ("%A, %B %d %Y %r", "Tuesday, October 10 2000 08:55:36 PM"),
            ("%F %I:%M:%S %p %z", "2000-10-10 08:55:36 PM +0000"),
            ("%u %F %k:%M:%S", "2 2000-10-10 20:55:36"),
        ] {
            assert_eq!(read(&[(format, text)]), Some((moment, 0)), "{format}");
        }
        assert_eq!(
            read(&[("%F %I:%M %p", "2000-10-10 12:00 AM")]),
            read(&[("%F %k:%M", "2000-10-10  0:00")])
        );
        assert_eq!(read(&[("%F %I:%M %p", "2000-10-10 12:00 XM")]), None);
        assert_eq!(read(&[("%F %T", "2000-13-10 20:55:36")]), None);
        assert_eq!(read(&[("%T", "20:55:36")]), None);
    }

    #[test]
    fn refuses_conversions_that_do_not_read_back() {
        assert_eq!(
            Pattern::new("%F %j"),
            Err(PatternError {
                conversion: 'j',
                at: 3
            })
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>, format in "(%[YymbdeHMSTRFDzZasntAcBIklpruwxX%]|[a-z/:-]){0,6}") {
            let mut told = Partial::default();
            Pattern::new(&format).unwrap().read(&text, &mut told);
            told.instant(&mut Clock::new(None));
        }
    }
}
