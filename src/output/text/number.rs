//! Numbers as people read them: thousands apart, percentages that do not claim too much, durations.

/// `1,204,331`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 denial`, `2,852 denials`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

/// A part of a whole as `92 %`; `0.3 %` where it is small.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        "-".to_owned()
    } else {
        percent(part as f64 / whole as f64)
    }
}

/// A fraction as a percentage: only all is 100 %, and only nothing is 0 %.
pub(super) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    match percent {
        p if !p.is_finite() => "-".to_owned(),
        p if p <= 0.0 => "0 %".to_owned(),
        p if p < 0.1 => "<0.1 %".to_owned(),
        p if p < 9.95 => format!("{p:.1} %").replace(".0 %", " %"),
        p if p < 100.0 => format!("{:.0} %", p.min(99.0)),
        p => format!("{p:.0} %"),
    }
}

/// A probability as a whole percentage, rounded down: never 80 % where it is called less than likely,
/// never 100 % unless it is certain.
pub(super) fn probability(fraction: f64) -> String {
    // Some hundredths are a little less as floating point numbers.
    const ROUNDING: f64 = 1e-9;
    match fraction * 100.0 {
        p if !p.is_finite() => "-".to_owned(),
        p if p > 0.0 && p < 1.0 => "<1 %".to_owned(),
        p if p < 100.0 => format!("{:.0} %", (p + ROUNDING).floor().clamp(0.0, 99.0)),
        _ => "100 %".to_owned(),
    }
}

/// Seconds as `36 s`, `1 min 30 s`, `22 min`, `2 h 5 min`, `3 d 4 h`, rounded to what is shown.
pub(crate) fn duration(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let two = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{} {big_unit}", thousands(big)),
        small => format!("{} {big_unit} {small} {small_unit}", thousands(big)),
    };
    match seconds {
        s if s < MINUTE => format!("{s} s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "min", s % MINUTE, "s"),
        s if s < HOUR - MINUTE / 2 => format!("{} min", rounded(s, MINUTE) / MINUTE),
        s if s < 2 * DAY - MINUTE / 2 => {
            let s = rounded(s, MINUTE);
            two(s / HOUR, "h", s % HOUR / MINUTE, "min")
        }
        s => {
            let s = rounded(s, HOUR);
            two(s / DAY, "d", s % DAY / HOUR, "h")
        }
    }
}

fn rounded(number: u64, unit: u64) -> u64 {
    number.saturating_add(unit / 2) / unit * unit
}

/// Bytes as `9.8 MB`.
pub(crate) fn bytes(number: u64) -> String {
    let mut size = number as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return match unit {
                "bytes" => counted(number, "byte", "bytes"),
                unit => format!("{size:.1} {unit}"),
            };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let shown = [0, 999, 1_000, 1_204_331].map(thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,204,331"]);
        assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn percentages_do_not_claim_too_much() {
        let shown = [0.0, 1e-9, 0.003, 0.05, 0.0996, 0.5, 0.9999, 1.0].map(percent);
        assert_eq!(
            shown,
            [
                "0 %", "<0.1 %", "0.3 %", "5 %", "10 %", "50 %", "99 %", "100 %"
            ]
        );
        assert_eq!(percent(f64::NAN), "-");
        assert_eq!(share(1, 0), "-");
        let shown = [0.0, 0.004, 0.021, 0.29, 0.796, 0.997, 1.0].map(probability);
        assert_eq!(
            shown,
            ["0 %", "<1 %", "2 %", "29 %", "79 %", "99 %", "100 %"]
        );
    }

    #[test]
    fn durations_have_at_most_two_units() {
        let shown = [0, 59, 90, 1_296, 3_590, 7_198, 7_500, 172_798, 273_600].map(duration);
        assert_eq!(
            shown,
            [
                "0 s",
                "59 s",
                "1 min 30 s",
                "22 min",
                "1 h",
                "2 h",
                "2 h 5 min",
                "2 d",
                "3 d 4 h"
            ]
        );
    }

    #[test]
    fn sizes_have_a_unit() {
        let shown = [0, 1, 9_845_120, 1_073_741_824].map(bytes);
        assert_eq!(shown, ["0 bytes", "1 byte", "9.8 MB", "1.1 GB"]);
    }
}
