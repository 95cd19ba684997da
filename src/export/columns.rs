//! The columns of a record, in the order of the contract. New ones are only appended to the right.

/// Columns of every record.
pub const COLUMNS: [&str; 19] = [
    "file",
    "line",
    "time",
    "ip",
    "method",
    "path",
    "query",
    "status",
    "bytes",
    "referer",
    "user_agent",
    "user",
    "host",
    "duration_ms",
    "upstream_status",
    "token",
    "client",
    "route",
    "stated",
];

/// Columns that `--verdict` adds.
pub const VERDICT_COLUMNS: [&str; 5] = ["spike", "family", "cause", "mechanism", "confidence"];

/// The column that `--keep-unparsed` adds: why a line is not a record.
pub const ERROR_COLUMN: &str = "error";

/// Where a column stands in a record.
pub(super) fn position(name: &str) -> usize {
    let mut names = COLUMNS.iter().chain(&VERDICT_COLUMNS);
    names.position(|column| *column == name).unwrap_or_default()
}
