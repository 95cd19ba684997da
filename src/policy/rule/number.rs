//! Rates and spans of time, rounded and written so that people like them and machines read them back.
//!
//! A rate keeps four significant digits in the unit in which it is shown: per second from 1/s on,
//! else per minute, hour or day. A span keeps whole milliseconds. Rounding twice changes nothing.

/// Units of a rate: what follows the slash, and its seconds.
pub(super) const RATE_UNITS: [(&str, f64); 4] =
    [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];

/// Units of a span and their milliseconds; the longer spelling first where one begins another.
pub(super) const SPAN_UNITS: [(&str, f64); 5] = [
    ("ms", 1.0),
    ("s", 1000.0),
    ("m", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
];

/// Spans beyond this many milliseconds (292 million years) have no exact number.
const LONGEST_MS: f64 = 9e15;

/// The rate as its text form gives it back, in requests per second; none if it is no positive rate.
pub fn round_rate(rate_per_s: f64) -> Option<f64> {
    let (shown, unit_s, _) = shown_rate(rate_per_s)?;
    Some(shown / unit_s)
}

/// The span as its text form gives it back, in seconds; none if it is no positive span.
pub fn round_span(seconds: f64) -> Option<f64> {
    Some(whole_ms(seconds * 1000.0)? / 1000.0)
}

/// Writes a rate, e.g. `10/s` or `30/m`; `?/s` where it is unknown.
pub(super) fn rate_text(rate_per_s: Option<f64>) -> String {
    match rate_per_s.and_then(shown_rate) {
        Some((shown, _, unit)) => format!("{shown}/{unit}"),
        None => "?/s".to_string(),
    }
}

/// Writes a span, e.g. `60s`, `0.5s` or `10m`; `?` where it is unknown.
pub(super) fn span_text(seconds: Option<f64>) -> String {
    let Some(ms) = seconds.and_then(|s| whole_ms(s * 1000.0)) else {
        return "?".to_string();
    };
    match ms {
        // One minute is a customary window, and reads better as 60s beside a rate.
        ms if ms >= 3_600_000.0 && ms % 3_600_000.0 == 0.0 => format!("{}h", ms / 3_600_000.0),
        ms if ms > 60_000.0 && ms % 60_000.0 == 0.0 => format!("{}m", ms / 60_000.0),
        ms => format!("{}s", ms / 1000.0),
    }
}

/// The number shown, the seconds of its unit, and the unit.
fn shown_rate(rate_per_s: f64) -> Option<(f64, f64, &'static str)> {
    if !rate_per_s.is_finite() || rate_per_s <= 0.0 {
        return None;
    }
    for (unit, seconds) in RATE_UNITS {
        let shown = four_digits(rate_per_s * seconds);
        if shown >= 1.0 || unit == "d" {
            return (shown > 0.0 && shown.is_finite()).then_some((shown, seconds, unit));
        }
    }
    None
}

pub(super) fn whole_ms(ms: f64) -> Option<f64> {
    (ms.is_finite() && ms > 0.0 && ms < LONGEST_MS).then(|| ms.round().max(1.0))
}

/// Four significant digits, by way of decimal text so that the result is the nearest double.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_and_spans_read_as_people_write_them() {
        for (rate, text) in [
            (10.0, "10/s"),
            (0.5, "30/m"),
            (1.0, "1/s"),
            (1.5, "1.5/s"),
            (0.99999, "1/s"),
            (1.0 / 3600.0, "1/h"),
            (f64::NAN, "?/s"),
        ] {
            assert_eq!(rate_text(Some(rate)), text);
        }
        for (span, text) in [
            (60.0, "60s"),
            (4.0, "4s"),
            (0.5, "0.5s"),
            (600.0, "10m"),
            (86_400.0, "24h"),
            (90.0, "90s"),
            (-1.0, "?"),
        ] {
            assert_eq!(span_text(Some(span)), text);
        }
    }

    proptest! {
        #[test]
        fn rounding_twice_changes_nothing(rate in 1e-7f64..1e9, span in 1e-4f64..1e9) {
            let once = round_rate(rate).unwrap();
            prop_assert_eq!(round_rate(once), Some(once));
            prop_assert!((once / rate - 1.0).abs() < 6e-4);
            let once = round_span(span).unwrap();
            prop_assert_eq!(round_span(once), Some(once));
        }
    }
}
