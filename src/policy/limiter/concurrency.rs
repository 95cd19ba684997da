//! Requests in flight at once, as nginx `limit_conn` or a worker pool per client counts them.
//!
//! Needs the duration of each request; logs stamp the end of a request, so its arrival is the
//! stamp less the duration. A rejected request is never in flight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A limit on the requests that are served at the same time.
#[derive(Debug, Clone)]
pub struct Concurrency {
    limit: usize,
    ends: BinaryHeap<Reverse<i64>>,
}

impl Concurrency {
    /// At most `limit` requests in flight.
    pub fn new(limit: u32) -> Concurrency {
        Concurrency {
            limit: limit as usize,
            ends: BinaryHeap::new(),
        }
    }

    /// Takes a request that arrives at `time_ms` and, if admitted, stays for `duration_ms`.
    pub fn admit_for(&mut self, time_ms: i64, duration_ms: u32) -> bool {
        while self.ends.peek().is_some_and(|&Reverse(end)| end <= time_ms) {
            self.ends.pop();
        }
        let admit = self.ends.len() < self.limit;
        if admit {
            self.ends
                .push(Reverse(time_ms.saturating_add(i64::from(duration_ms))));
        }
        admit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_flight_counts() {
        let mut limit = Concurrency::new(2);
        assert!(limit.admit_for(0, 100));
        assert!(limit.admit_for(10, 20));
        assert!(!limit.admit_for(20, 1));
        assert!(limit.admit_for(30, 1000));
        assert!(!limit.admit_for(99, 1));
        assert!(limit.admit_for(100, 1));
    }
}
