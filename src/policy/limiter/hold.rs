//! Too many requests, then denied for a while: mod_evasive, fail2ban, CrowdSec, CDN rate rules.
//!
//! `limit` requests may come within the window; the next one starts a hold. While it lasts every
//! request is denied, and either prolongs it (mod_evasive: "extended by every request") or not
//! (fail2ban, CDN mitigation timeouts). The count starts afresh when the hold ends.

use super::{Limiter, trailing::Trailing};

/// A threshold and the time that a caller stays denied after crossing it.
#[derive(Debug, Clone)]
pub struct Hold {
    trailing: Trailing,
    hold_ms: i64,
    renewed: bool,
    held_until: Option<i64>,
}

impl Hold {
    /// A hold of `hold_ms` after more than `limit` requests within `window_ms`; when `renewed`,
    /// each request while held starts the hold again.
    pub fn new(limit: u32, window_ms: i64, hold_ms: i64, renewed: bool) -> Hold {
        Hold {
            trailing: Trailing::new(limit, window_ms),
            hold_ms: hold_ms.max(1),
            renewed,
            held_until: None,
        }
    }
}

impl Limiter for Hold {
    fn admit(&mut self, time_ms: i64) -> bool {
        if let Some(until) = self.held_until {
            if time_ms < until {
                if self.renewed {
                    self.held_until = Some(until.max(time_ms.saturating_add(self.hold_ms)));
                }
                return false;
            }
            self.held_until = None;
            self.trailing.clear();
        }
        if self.trailing.crosses(time_ms) {
            self.held_until = Some(time_ms.saturating_add(self.hold_ms));
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied_from(hold: &mut Hold, times: impl Iterator<Item = i64>) -> Vec<i64> {
        times.filter(|&time| !hold.admit(time)).collect()
    }

    #[test]
    fn retries_prolong_a_renewed_hold_only() {
        let times = || (0..100).map(|i| i * 1000);
        let mut renewed = Hold::new(15, 60_000, 10_000, true);
        assert_eq!(denied_from(&mut renewed, times()).len(), 85);
        let mut fixed = Hold::new(15, 60_000, 10_000, false);
        let denied = denied_from(&mut fixed, times());
        assert_eq!(
            &denied[..10],
            (15..25).map(|i| i * 1000).collect::<Vec<_>>()
        );
        assert_eq!(denied[10], 40_000);
    }

    #[test]
    fn silence_ends_a_renewed_hold() {
        let mut hold = Hold::new(2, 1_000, 10_000, true);
        assert_eq!(
            denied_from(&mut hold, [0, 1, 2, 9_000, 18_999].into_iter()).len(),
            3
        );
        assert!(hold.admit(28_999));
    }
}
