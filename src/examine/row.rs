//! A row: what Examine keeps of one request, 64 bytes of ids.
//!
//! Rows are sorted by time, then by place, so that their order never depends on chunks or threads.

/// No value in this column.
pub const NONE: u32 = u32::MAX;

/// One request, reduced to ids of the table's dictionaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Completion time, milliseconds since the epoch.
    pub time_ms: i64,
    /// File that the line stands in.
    pub source: u32,
    /// Line in its file, from 0.
    pub line: u32,
    /// Client address.
    pub ip: u32,
    /// User agent, raw.
    pub user_agent: u32,
    /// Route template.
    pub route: u32,
    /// User name, or [`NONE`].
    pub user: u32,
    /// Token, or [`NONE`].
    pub token: u32,
    /// Virtual host, or [`NONE`].
    pub host: u32,
    /// Host of the referer, or [`NONE`].
    pub referer_host: u32,
    /// Size of the response in bytes, saturated; [`NONE`] where the format has none.
    pub bytes: u32,
    /// Time to serve in milliseconds, or [`NONE`].
    pub duration_ms: u32,
    /// Status.
    pub status: u16,
    /// What was stated about it: a number of the table's [`Statements`](crate::stated::Statements).
    pub stated: u16,
    /// 0: the format does not say, 1: no upstream was asked, else the upstream's status.
    pub upstream: u16,
    /// Method, as `key::Method` numbers them.
    pub method: u8,
    /// What the target asks for.
    pub content: Content,
    /// See the `SIGN_*` bits.
    pub signs: u8,
    /// The answer is a denial.
    pub denied: bool,
}

impl Row {
    /// What rows are sorted by: time, then place.
    #[inline]
    pub fn order(&self) -> (i64, u32, u32) {
        (self.time_ms, self.source, self.line)
    }
}

/// The query carries a signature whose expiry had passed.
pub const SIGN_LINK_EXPIRED: u8 = 1;
/// The query carries a signature that was still good.
pub const SIGN_LINK_VALID: u8 = 2;
/// The path ends in a slash: a directory.
pub const SIGN_DIRECTORY: u8 = 32;
/// The path names a static asset.
pub const SIGN_ASSET: u8 = 64;

/// What kind of thing a request's target asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Content {
    /// Nothing remarkable.
    Plain,
    /// A path that only probes ask for: dot files, administration panels, backups.
    Probe,
    /// An argument shaped as an attack.
    Attack,
}

/// Where a request went and how it was answered, in 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    place: u32,
    method: u8,
    denied: bool,
}

impl Cell {
    /// The cell of a row at a place.
    pub(super) fn of(row: &Row, place: u32) -> Cell {
        Cell {
            place,
            method: row.method,
            denied: row.denied,
        }
    }

    /// The id in [`Column::Route3`](super::table::Column::Route3).
    #[inline]
    pub fn place(self) -> u32 {
        self.place
    }

    /// The method.
    #[inline]
    pub fn method(self) -> u8 {
        self.method
    }

    /// Whether the answer is a denial.
    #[inline]
    pub fn denied(self) -> bool {
        self.denied
    }
}
