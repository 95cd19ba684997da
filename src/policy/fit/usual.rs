//! Numbers that people write into configurations.

/// Leading digits of usual numbers.
const DIGITS: [f64; 14] = [
    1.0, 1.2, 1.5, 1.8, 2.0, 2.5, 3.0, 4.0, 4.5, 5.0, 6.0, 7.5, 8.0, 9.0,
];

/// Bans that people set, in seconds.
pub(super) const HOLDS: [f64; 15] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
    86_400.0,
];

/// Windows that people count over, in seconds, the narrowest first.
pub const WINDOWS: [f64; 6] = [1.0, 10.0, 60.0, 300.0, 900.0, 3600.0];

/// Usual rates within `tolerance` of `rate_per_s`, nearest first: usual numbers per second or per minute.
pub(super) fn rates(rate_per_s: f64, tolerance: f64) -> Vec<f64> {
    let mut near: Vec<f64> = [1.0, 60.0, 3600.0]
        .into_iter()
        .flat_map(|unit_s| {
            numbers(rate_per_s * unit_s, tolerance)
                .into_iter()
                .map(move |n| n / unit_s)
        })
        .collect();
    near.sort_by(|a, b| (a - rate_per_s).abs().total_cmp(&(b - rate_per_s).abs()));
    near.dedup();
    near
}

/// Usual numbers within `tolerance` (a share) of `value`.
pub(super) fn numbers(value: f64, tolerance: f64) -> Vec<f64> {
    if !value.is_finite() || value <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(value.log10().floor());
    let scaled = [power / 10.0, power, power * 10.0];
    let all = scaled
        .into_iter()
        .flat_map(|power| DIGITS.map(|digit| digit * power));
    // Only hundredths and up are written by hand.
    all.filter(|n| *n >= 0.01 && (n / value - 1.0).abs() <= tolerance)
        .collect()
}

/// How round a whole number is: what is left of its length without trailing zeros and fives.
/// Smaller is rounder.
pub(super) fn roughness(number: u32) -> u32 {
    match number {
        n if n < 10 => 1,
        n if n % 100 == 0 => 0,
        n if n % 10 == 0 => 1,
        n if n % 5 == 0 => 2,
        _ => 3,
    }
}

/// The roundest whole number from `low` to `high`, the smallest of equals; round for its size:
/// 90 is as good as 100.
pub(super) fn roundest(low: u32, high: u32) -> u32 {
    let decades = [1000, 500, 100, 50, 10, 5, 1u32];
    for step in decades
        .into_iter()
        .filter(|step| *step <= (high / 4).max(1))
    {
        let up = low.div_ceil(step).saturating_mul(step);
        if up <= high && up > 0 {
            return up;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_numbers_are_found_near_by() {
        assert_eq!(rates(1.015, 0.03), [1.0]);
        assert!(rates(0.4985, 0.03).contains(&0.5));
        assert!(
            rates(0.0334, 0.03)
                .iter()
                .any(|r| (r - 2.0 / 60.0).abs() < 1e-9)
        );
        assert!(
            rates(7.0, 0.01).is_empty()
                || rates(7.0, 0.01)
                    .iter()
                    .all(|r| (r / 7.0 - 1.0).abs() < 0.011)
        );
        assert_eq!(roundest(87, 112), 90);
        assert_eq!(roundest(385, 412), 400);
        assert_eq!(roundest(88, 91), 90);
        assert_eq!(roundest(17, 17), 17);
    }
}
