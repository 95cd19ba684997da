//! The leaky bucket of nginx `limit_req … nodelay`, which also models a token bucket.
//!
//! Source: `ngx_http_limit_req_lookup` in `ngx_http_limit_req_module.c`. The excess is kept in
//! thousandths of a request; it leaks at the rate, each admitted request adds one, and a rejected
//! request neither adds to it nor moves its clock. A new key starts at an excess of zero *after*
//! its first request, so that burst + 1 requests pass at once.

use super::Limiter;

const ONE_REQUEST: i64 = 1000;

/// nginx takes a clock that went back by more than this for a new one.
const CLOCK_STEP_MS: i64 = -60_000;

/// A bucket that leaks at a constant rate.
#[derive(Debug, Clone)]
pub struct LeakyBucket {
    /// Millionths of a request per second: nginx has thousandths, but `1/h` needs more digits.
    rate_millionths: i64,
    burst_thousandths: i64,
    excess_thousandths: i64,
    last_ms: Option<i64>,
}

impl LeakyBucket {
    /// A bucket for `rate_per_s` requests per second (above zero) with `burst` more at once.
    pub fn new(rate_per_s: f64, burst: u32) -> LeakyBucket {
        LeakyBucket {
            rate_millionths: ((rate_per_s * 1e6).round() as i64).max(1),
            burst_thousandths: i64::from(burst) * ONE_REQUEST,
            excess_thousandths: 0,
            last_ms: None,
        }
    }

    /// Requests admitted at once beyond the first.
    pub(crate) fn burst(&self) -> u32 {
        (self.burst_thousandths / ONE_REQUEST) as u32
    }
}

impl Limiter for LeakyBucket {
    fn admit(&mut self, time_ms: i64) -> bool {
        let Some(last_ms) = self.last_ms else {
            self.last_ms = Some(time_ms);
            return true;
        };
        let mut elapsed = time_ms.saturating_sub(last_ms);
        if elapsed < 0 {
            elapsed = if elapsed < CLOCK_STEP_MS { 1 } else { 0 };
        }
        let leaked = self.rate_millionths.saturating_mul(elapsed) / 1_000_000;
        let excess = self
            .excess_thousandths
            .saturating_sub(leaked)
            .saturating_add(ONE_REQUEST)
            .max(0);
        if excess > self.burst_thousandths {
            return false;
        }
        self.excess_thousandths = excess;
        if elapsed != 0 {
            self.last_ms = Some(time_ms);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(bucket: &mut LeakyBucket, times: impl Iterator<Item = i64>) -> usize {
        times.filter(|&time| bucket.admit(time)).count()
    }

    #[test]
    fn burst_and_one_more_pass_at_once() {
        let mut bucket = LeakyBucket::new(1.0, 10);
        assert_eq!(admitted(&mut bucket, std::iter::repeat_n(5_000, 50)), 11);
    }

    #[test]
    fn rejects_are_not_charged() {
        // Ten requests a second against one a second: exactly one passes in each second.
        let mut bucket = LeakyBucket::new(1.0, 0);
        assert_eq!(admitted(&mut bucket, (0..600).map(|i| i * 100)), 60);
    }

    #[test]
    fn over_a_long_time_the_rate_is_exact() {
        for (rate, seconds) in [(0.5, 4000), (1.5, 1000), (25.0, 100)] {
            let mut bucket = LeakyBucket::new(rate, 5);
            let count = admitted(&mut bucket, (0..seconds * 100).map(|i| i * 10)) as f64;
            let expected = rate * seconds as f64 + 6.0;
            assert!(
                (count - expected).abs() <= 0.002 * expected + 1.0,
                "{rate}: {count}"
            );
        }
    }

    #[test]
    fn a_clock_that_steps_back_does_not_refill_it() {
        let mut bucket = LeakyBucket::new(1.0, 0);
        assert!(bucket.admit(100_000));
        assert!(!bucket.admit(99_000));
        assert!(!bucket.admit(i64::MIN));
        assert!(bucket.admit(i64::MAX));
    }
}
