//! A budget over the last seconds in which denied requests count too.
//!
//! This is what HAProxy's `sc_http_req_rate(0) gt N` followed by `deny` does, and it renews itself:
//! a client that keeps asking stays denied. HAProxy counts approximately (see
//! [`WeightedWindow`](super::WeightedWindow)); this machine counts exactly.

use super::{Limiter, trailing::Trailing};

/// An exact count over a trailing window.
#[derive(Debug, Clone)]
pub struct SlidingWindow {
    trailing: Trailing,
}

impl SlidingWindow {
    /// Denies while more than `limit` requests came within `window_ms`, the present one included.
    pub fn new(limit: u32, window_ms: i64) -> SlidingWindow {
        SlidingWindow {
            trailing: Trailing::new(limit, window_ms),
        }
    }
}

impl Limiter for SlidingWindow {
    fn admit(&mut self, time_ms: i64) -> bool {
        !self.trailing.crosses(time_ms)
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
