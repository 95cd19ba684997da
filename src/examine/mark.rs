//! What other logs of a server know a denied request by: an id, the client, the path, the moment.
//!
//! Only hashes are kept, in the hash of this run ([`intern::hash`]), for denials only and only when side
//! logs are to be joined. A path is kept without its query, for most side logs leave that out, and by its
//! last segment too, for some name a file instead.

use crate::find::find_either;
use crate::key::intern;
use crate::record::Record;

/// The marks of one denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// File that the line stands in.
    pub source: u32,
    /// Line in its file, from 0.
    pub line: u32,
    /// When, by the clock of the server: milliseconds since the epoch if its zone were UTC.
    pub local_ms: i64,
    /// Of the client as other logs of the server write it, see [`of_client`].
    pub client: u64,
    /// Of the request id or the connection's number; 0 without one.
    pub id: u64,
    /// Of the path.
    pub path: u64,
    /// Of the last segment of the path.
    pub leaf: u64,
}

impl Mark {
    /// The marks of a record.
    pub fn of(record: &Record<'_>, client: &[u8], source: u32, line: u32) -> Mark {
        Mark {
            source,
            line,
            local_ms: record.time_ms + i64::from(record.utc_offset_s) * 1000,
            client: of_client(client),
            id: of_id(&record.id),
            path: of_path(&record.target),
            leaf: of_leaf(&record.target),
        }
    }
}

/// The mark of a client's address.
pub fn of_client(address: &[u8]) -> u64 {
    intern::hash(address)
}

/// The mark of a request id or a connection's number, 0 for none.
pub fn of_id(id: &[u8]) -> u64 {
    match id {
        b"" => 0,
        id => intern::hash(id).max(1),
    }
}

/// The mark of a target's path, without query and fragment.
pub fn of_path(target: &[u8]) -> u64 {
    intern::hash(path(target)).max(1)
}

/// The mark of the last segment of a target's path; a directory keeps its slash.
pub fn of_leaf(target: &[u8]) -> u64 {
    let path = path(target);
    let inner = path.strip_suffix(b"/").unwrap_or(path);
    let start = memchr::memrchr(b'/', inner).map_or(0, |slash| slash + 1);
    intern::hash(&path[start.min(path.len())..]).max(1)
}

fn path(target: &[u8]) -> &[u8] {
    &target[..find_either(target, *b"?#").unwrap_or(target.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_meet_without_their_query_and_by_their_last_segment() {
        assert_eq!(of_path(b"/a/b?c=/d"), of_path(b"/a/b"));
        assert_ne!(of_path(b"/a/b"), of_path(b"/a/b/"));
        assert_eq!(of_leaf(b"/a/b.txt?x=1"), of_leaf(b"/srv/www/b.txt"));
        assert_eq!(of_leaf(b"/files/"), of_leaf(b"/srv/www/files/"));
        assert_ne!(of_leaf(b"/files/"), of_leaf(b"/files"));
        assert_eq!(of_leaf(b"/"), of_leaf(b"/"));
        assert_eq!(of_leaf(b""), of_leaf(b""));
        assert_eq!(of_id(b""), 0);
    }
}
