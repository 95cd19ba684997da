//! How many requests came within the last window: the count that sliding limits and holds share.

use std::collections::VecDeque;

/// The most recent stamps of one key, at most as many as the limit needs to be crossed.
#[derive(Debug, Clone)]
pub(super) struct Trailing {
    limit: usize,
    window_ms: i64,
    stamps: VecDeque<i64>,
}

impl Trailing {
    pub(super) fn new(limit: u32, window_ms: i64) -> Trailing {
        Trailing {
            limit: limit as usize,
            window_ms: window_ms.max(1),
            stamps: VecDeque::new(),
        }
    }

    /// Counts a request; true when more than the limit came within the window, this one included.
    pub(super) fn crosses(&mut self, time_ms: i64) -> bool {
        let (now, crosses) = self.look(time_ms);
        self.stamps.push_back(now);
        if self.stamps.len() > self.limit {
            self.stamps.pop_front();
        }
        crosses
    }

    /// Counts a request unless more than the limit came within the window with it; true when that is so.
    pub(super) fn turns_away(&mut self, time_ms: i64) -> bool {
        let (now, crosses) = self.look(time_ms);
        if !crosses {
            self.stamps.push_back(now);
        }
        crosses
    }

    /// The time as a count that never runs backwards sees it, and whether one more would cross the limit.
    fn look(&mut self, time_ms: i64) -> (i64, bool) {
        let now = self
            .stamps
            .back()
            .map_or(time_ms, |&last| last.max(time_ms));
        let oldest_counted = now.saturating_sub(self.window_ms);
        while self
            .stamps
            .front()
            .is_some_and(|&stamp| stamp <= oldest_counted)
        {
            self.stamps.pop_front();
        }
        (now, self.stamps.len() >= self.limit)
    }

    pub(super) fn clear(&mut self) {
        self.stamps.clear();
    }
}
