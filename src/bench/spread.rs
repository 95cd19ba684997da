//! What several rounds say together: the median, and how far the rounds lie apart.
//!
//! The median, because what disturbs a run only ever makes it longer, and one disturbed round should
//! not count; the extremes beside it, so that nobody reads more into a difference than there is.

use serde::Serialize;

/// Middle and extremes of the same measure over all rounds, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle round, or the mean of the middle two.
    pub median: f64,
    /// The fastest round.
    pub min: f64,
    /// The slowest round.
    pub max: f64,
}

impl Spread {
    /// None for no rounds at all.
    pub fn of(seconds: &[f64]) -> Option<Spread> {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(middle)?;
        let median = if sorted.len().is_multiple_of(2) {
            (upper + *sorted.get(middle.checked_sub(1)?)?) / 2.0
        } else {
            upper
        };
        Some(Spread { median, min, max })
    }

    /// How far the slowest and the fastest round lie apart, as a share of the median.
    pub fn width(&self) -> Option<f64> {
        (self.median > 0.0).then(|| (self.max - self.min) / self.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_middle_of_odd_and_even_rounds() {
        let of = |seconds: &[f64]| Spread::of(seconds).map(|spread| spread.median);
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(of(&[]), None);
        assert_eq!(Spread::of(&[0.0]).and_then(|spread| spread.width()), None);
    }

    proptest! {
        #[test]
        fn the_median_lies_between_the_extremes(seconds in prop::collection::vec(0.0f64..1e6, 1..30)) {
            let spread = Spread::of(&seconds).unwrap();
            prop_assert!(spread.min <= spread.median && spread.median <= spread.max);
            prop_assert!(seconds.contains(&spread.min) && seconds.contains(&spread.max));
            let below = seconds.iter().filter(|s| **s < spread.median).count();
            let above = seconds.iter().filter(|s| **s > spread.median).count();
            prop_assert!(below * 2 <= seconds.len() && above * 2 <= seconds.len());
        }
    }
}
