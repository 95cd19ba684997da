//! A budget over the last seconds, in which denied requests count too, or only admitted ones do.
//!
//! This is what HAProxy's `sc_http_req_rate(0) gt N` followed by `deny` does, and it renews itself:
//! a client that keeps asking stays denied. HAProxy counts approximately (see
//! [`WeightedWindow`](super::WeightedWindow)); this machine counts exactly. Where only admitted requests count
//! (the "moving window" of Flask-Limiter and others), one comes back as each of them grows old.

use super::{Limiter, trailing::Trailing};

/// An exact count over a trailing window.
#[derive(Debug, Clone)]
pub struct SlidingWindow {
    trailing: Trailing,
    counts_rejects: bool,
}

impl SlidingWindow {
    /// Denies while more than `limit` requests came within `window_ms`, the present one included.
    pub fn new(limit: u32, window_ms: i64) -> SlidingWindow {
        SlidingWindow {
            trailing: Trailing::new(limit, window_ms),
            counts_rejects: true,
        }
    }

    /// Denies while `limit` requests were admitted within `window_ms`.
    pub fn of_admitted(limit: u32, window_ms: i64) -> SlidingWindow {
        SlidingWindow {
            counts_rejects: false,
            ..SlidingWindow::new(limit, window_ms)
        }
    }
}

impl Limiter for SlidingWindow {
    fn admit(&mut self, time_ms: i64) -> bool {
        if self.counts_rejects {
            !self.trailing.crosses(time_ms)
        } else {
            !self.trailing.turns_away(time_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_keeps_asking_stays_denied_until_a_silence() {
        let mut window = SlidingWindow::new(90, 60_000);
        let admitted = (0..1178).filter(|i| window.admit(i * 100)).count();
        assert_eq!(admitted, 90);
        assert!(window.admit(1178 * 100 + 60_000));
    }

    #[test]
    fn where_only_admitted_ones_count_each_comes_back_as_it_grows_old() {
        let mut window = SlidingWindow::of_admitted(2, 10_000);
        let answers = [0, 4_000, 5_000, 9_999, 10_000, 13_999, 14_000].map(|t| window.admit(t));
        assert_eq!(answers, [true, true, false, false, true, false, true]);
    }

    proptest! {
        #[test]
        fn it_counts_as_the_plain_definition_does(
            gaps in proptest::collection::vec(0i64..50, 1..200), limit in 0u32..12, width in 1i64..300,
        ) {
            let times: Vec<i64> = gaps.iter().scan(0, |t, g| { *t += g; Some(*t) }).collect();
            let mut window = SlidingWindow::new(limit, width);
            for (i, &now) in times.iter().enumerate() {
                let count = times[..=i].iter().filter(|&&t| t > now - width).count();
                prop_assert_eq!(window.admit(now), count <= limit as usize);
            }
        }
    }
}
