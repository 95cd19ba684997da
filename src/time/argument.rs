//! Times that a person types: `--since`, `--until`, `--window`, `--context`.

use super::stamp::Clock;
use chrono_tz::Tz;

/// A moment as typed: on the time line, or counted back from the end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Milliseconds since the Unix epoch, UTC.
    Absolute(i64),
    /// Milliseconds before the last request of the log.
    BeforeEnd(i64),
}

/// A time or a span that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not a moment.
    #[error(
        "cannot read {0:?} as a time: give 2026-03-10, \"2026-03-10 09:43\", \
         2026-03-10T09:43:00Z, or a time before the end of the log such as -90m, -3h, -2d"
    )]
    Moment(String),
    /// Not a span.
    #[error(
        "cannot read {0:?} as a span of time: give a whole number with s, m, h or d, such as 60s, 5m, 1h"
    )]
    Span(String),
}

/// Reads a moment: RFC 3339, `2026-03-10 09:43`, `2026-03-10`, the NCSA form, or `-3h`.
/// What is typed without a zone is local time of `zone`, or UTC.
pub fn parse_moment(text: &str, zone: Option<Tz>) -> Result<Moment, TimeError> {
    let text = text.trim();
    let unreadable = || TimeError::Moment(text.to_owned());
    if let Some(span) = text.strip_prefix('-') {
        return parse_span(span)
            .map(Moment::BeforeEnd)
            .map_err(|_| unreadable());
    }
    let whole = match text.len() {
        10 if text.contains('-') => format!("{text}T00:00:00"),
        16 if text.contains('-') => format!("{text}:00"),
        _ => text
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
    };
    let instant = Clock::new(zone)
        .read(whole.as_bytes())
        .ok_or_else(unreadable)?;
    Ok(Moment::Absolute(instant.ms))
}

/// Reads a span such as `60s`, `5m`, `1h` or `2d`, in milliseconds. It is never zero.
pub fn parse_span(text: &str) -> Result<i64, TimeError> {
    let read = || {
        let (count, unit) = text
            .trim()
            .split_at_checked(text.trim().len().checked_sub(1)?)?;
        let unit_ms: i64 = match unit {
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let digits = count.bytes().all(|b| b.is_ascii_digit());
        let count: i64 = if digits {
            count.parse().ok()?
        } else {
            return None;
        };
        count.checked_mul(unit_ms).filter(|&ms| ms > 0)
    };
    read().ok_or_else(|| TimeError::Span(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let absolute = |text| parse_moment(text, None).unwrap();
        assert_eq!(
            absolute("2026-03-10T09:43:00Z"),
            Moment::Absolute(1_773_135_780_000)
        );
        assert_eq!(
            absolute("2026-03-10 09:43"),
            Moment::Absolute(1_773_135_780_000)
        );
        assert_eq!(
            absolute("2026-03-10T10:43:00.5+01:00"),
            Moment::Absolute(1_773_135_780_500)
        );
        assert_eq!(absolute("2026-03-10"), Moment::Absolute(1_773_100_800_000));
        assert_eq!(
            absolute("[10/Mar/2026:09:43:00 +0000]"),
            Moment::Absolute(1_773_135_780_000)
        );
        assert_eq!(absolute("-90m"), Moment::BeforeEnd(5_400_000));
        assert_eq!(absolute("-2d"), Moment::BeforeEnd(172_800_000));
        let berlin = parse_moment("2026-03-10 10:43", Some(chrono_tz::Europe::Berlin));
        assert_eq!(berlin, Ok(Moment::Absolute(1_773_135_780_000)));
    }

    #[test]
    fn unreadable_moments_say_what_to_type() {
        for text in [
            "",
            "yesterday",
            "-3",
            "-h",
            "3h",
            "2026-13-01",
            "--3h",
            "2026-03-10 25:00",
        ] {
            let error = parse_moment(text, None).unwrap_err().to_string();
            assert!(error.contains("-3h"), "{text}: {error}");
        }
    }

    #[test]
    fn spans() {
        assert_eq!(parse_span("60s"), Ok(60_000));
        assert_eq!(parse_span("5m"), Ok(300_000));
        assert_eq!(parse_span("1h"), Ok(3_600_000));
        for text in [
            "",
            "0s",
            "s",
            "60",
            "-5m",
            "+5m",
            "5 m",
            "5µ",
            "99999999999999999999h",
        ] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
