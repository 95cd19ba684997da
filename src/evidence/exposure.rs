//! Whether the log shows whom the server admitted: without them nothing can be told by contrast.

use crate::examine::table::Table;

/// Requests that must be in the log before it can be said to lack some.
const LEAST_REQUESTS: usize = 100;
/// The share of admitted requests below which a log holds denials only.
const LEAST_SHARE: f64 = 0.02;

/// Whether hardly anything but denials stands in the log, as where they were grepped out of it.
pub fn is_missing(table: &Table<'_>) -> bool {
    let all = table.rows.len();
    let admitted = all - table.denied().len();
    !table.is_thinned() && all >= LEAST_REQUESTS && (admitted as f64) < LEAST_SHARE * all as f64
}
