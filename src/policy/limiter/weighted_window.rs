//! HAProxy's frequency counter: this period's count plus a falling share of the last one's.
//!
//! Source: `update_freq_ctr_period` and `freq_ctr_total` in HAProxy's `freq_ctr.c`. Periods start at
//! the key's own first request. The estimate wanders around the true trailing count by a few
//! percent, which is why an exact [`SlidingWindow`](super::SlidingWindow) never replays a real
//! HAProxy to the last request.

use super::Limiter;

/// An approximate count over a trailing window, rejects included.
#[derive(Debug, Clone)]
pub struct WeightedWindow {
    limit: u64,
    window_ms: i64,
    period_start: Option<i64>,
    current: u64,
    previous: u64,
}

impl WeightedWindow {
    /// Denies while the estimate over `window_ms`, the present request included, is above `limit`.
    pub fn new(limit: u32, window_ms: i64) -> WeightedWindow {
        WeightedWindow {
            limit: u64::from(limit),
            window_ms: window_ms.max(1),
            period_start: None,
            current: 0,
            previous: 0,
        }
    }
}

impl Limiter for WeightedWindow {
    fn admit(&mut self, time_ms: i64) -> bool {
        let mut start = *self.period_start.get_or_insert(time_ms);
        if time_ms.saturating_sub(start) >= self.window_ms {
            self.previous = self.current;
            self.current = 0;
            start = start.saturating_add(self.window_ms);
            if time_ms.saturating_sub(start) >= self.window_ms {
                self.previous = 0;
                start = time_ms;
            }
            self.period_start = Some(start);
        }
        self.current += 1;
        let remaining = (start + self.window_ms)
            .saturating_sub(time_ms)
            .clamp(0, self.window_ms);
        let carried = self.previous as f64 * remaining as f64 / self.window_ms as f64;
        self.current + carried as u64 <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_cut_at_the_limit_and_renewed_by_every_retry() {
        let mut window = WeightedWindow::new(90, 60_000);
        assert_eq!((0..2000).filter(|i| window.admit(i * 100)).count(), 90);
        assert!(window.admit(2000 * 100 + 120_000));
    }

    #[test]
    fn a_rate_below_the_limit_passes() {
        let mut window = WeightedWindow::new(90, 60_000);
        assert!((0..600).all(|i| window.admit(i * 700)));
    }
}
