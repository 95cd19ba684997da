//! What is known of a log as a whole before any of its denials is judged.

use crate::evidence::responder::Pages;
use crate::evidence::{addresses, exposure, sampling};
use crate::examine::table::Table;

/// What verdicts on one table, and warnings about it, rest on.
#[derive(Debug, Clone, Default)]
pub struct Premises {
    /// The server's own answers.
    pub pages: Pages,
    /// Whether the log sees a balancer in the place of clients.
    pub is_balanced: bool,
    /// Whether the log does not tell who asked.
    pub is_clientless: bool,
    /// Whether hardly anything but denials is in the log.
    pub is_bare: bool,
    /// One request of how many the log seems to hold, where it does not seem to hold all.
    pub one_in: Option<u32>,
}

impl Premises {
    /// Whether nothing may be told by address.
    pub fn hides_clients(&self) -> bool {
        self.is_balanced || self.is_clientless
    }

    /// Learns them.
    pub fn of(table: &Table<'_>) -> Premises {
        let (pages, (is_balanced, one_in)) = rayon::join(
            || Pages::learn(table),
            || {
                rayon::join(
                    || addresses::are_balanced(table),
                    || sampling::one_in(table),
                )
            },
        );
        Premises {
            pages,
            is_balanced,
            is_clientless: addresses::are_unknown(table),
            is_bare: exposure::is_missing(table),
            one_in,
        }
    }
}
