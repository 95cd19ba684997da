//! A budget per window of absolute time: `limit` requests pass in each, the rest waits for the next.
//!
//! Windows start at multiples of their width since the epoch (as `INCR key:minute` does), shifted
//! by a phase for clocks whose day starts elsewhere; or each at the first request after the one before has ended
//! (express-rate-limit, a Redis key with an expiry). Counting rejects or not makes no difference.

use super::Limiter;

/// A counter that starts again at round times.
#[derive(Debug, Clone)]
pub struct FixedWindow {
    limit: u32,
    window_ms: i64,
    phase_ms: i64,
    index: i64,
    /// When the window at `index` ends, without the phase: there is nothing to divide before.
    end_ms: i64,
    admitted: u32,
    from_first: bool,
}

impl FixedWindow {
    /// `limit` requests per `window_ms`; windows start at `phase_ms` after the multiples of it.
    pub fn new(limit: u32, window_ms: i64, phase_ms: i64) -> FixedWindow {
        FixedWindow {
            limit,
            window_ms: window_ms.max(1),
            phase_ms,
            index: i64::MIN,
            end_ms: i64::MIN,
            admitted: 0,
            from_first: false,
        }
    }

    /// `limit` requests per `window_ms`; each window starts at the first request that finds none running.
    pub fn from_first_request(limit: u32, window_ms: i64) -> FixedWindow {
        FixedWindow {
            from_first: true,
            ..FixedWindow::new(limit, window_ms, 0)
        }
    }
}

impl Limiter for FixedWindow {
    fn admit(&mut self, time_ms: i64) -> bool {
        let time_ms = time_ms.saturating_sub(self.phase_ms);
        if time_ms >= self.end_ms && self.from_first {
            self.end_ms = time_ms.saturating_add(self.window_ms);
            self.admitted = 0;
        } else if time_ms >= self.end_ms {
            let index = time_ms.div_euclid(self.window_ms);
            if index > self.index {
                self.index = index;
                self.end_ms = (index + 1).saturating_mul(self.window_ms);
                self.admitted = 0;
            }
        }
        let admit = self.admitted < self.limit;
        self.admitted += u32::from(admit);
        admit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_comes_back_at_round_times() {
        let mut window = FixedWindow::new(30, 60_000, 0);
        let admitted: Vec<i64> = (0..240)
            .map(|i| 30_000 + i * 500)
            .filter(|&time| window.admit(time))
            .collect();
        assert_eq!(admitted.iter().filter(|&&t| t < 60_000).count(), 30);
        assert_eq!(
            admitted
                .iter()
                .filter(|&&t| (60_000..75_000).contains(&t))
                .count(),
            30
        );
        assert_eq!(
            admitted
                .iter()
                .filter(|&&t| (75_000..120_000).contains(&t))
                .count(),
            0
        );
    }

    #[test]
    fn a_window_may_start_with_its_first_request() {
        let mut window = FixedWindow::from_first_request(2, 60_000);
        let answers =
            [7_000, 8_000, 9_000, 66_999, 67_000, 126_999, 127_000].map(|t| window.admit(t));
        assert_eq!(answers, [true, true, false, false, true, true, true]);
    }

    #[test]
    fn a_phase_moves_the_edges_and_late_lines_stay_in_the_current_window() {
        let mut window = FixedWindow::new(1, 60_000, 15_000);
        assert!(window.admit(14_999));
        assert!(window.admit(15_000));
        assert!(!window.admit(14_000));
        assert!(!window.admit(74_999));
        assert!(window.admit(75_000));
    }
}
