//! One request, as one line of an access log tells it.
//!
//! A record borrows from its line; only a field that had to be unescaped (JSON) owns its bytes.
//! An empty field means that the line does not say it: formats turn `-` and missing keys into empty.
//! Bytes stay bytes: nothing here is assumed to be UTF-8, and nothing is trusted.

use crate::find::find;
use crate::stated::Stated;
use std::borrow::Cow;

/// A field of a line: arbitrary bytes, empty when absent.
pub type Field<'a> = Cow<'a, [u8]>;

/// One request of an access log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record<'a> {
    /// Completion time in milliseconds since the Unix epoch, UTC; 0 where nothing tells it.
    pub time_ms: i64,
    /// Offset of the log's own clock from UTC in seconds, for showing times as the log writes them.
    pub utc_offset_s: i32,
    /// Status sent to the client.
    pub status: u16,
    /// Client address as logged: IPv4, IPv6, a host name or `unix:`.
    pub address: Field<'a>,
    /// `X-Forwarded-For` as logged, for `--trusted-proxy`.
    pub forwarded_for: Field<'a>,
    /// Request method; empty when the request line was not HTTP.
    pub method: &'a [u8],
    /// Request target as logged: path and query (or the whole broken request line).
    pub target: Field<'a>,
    /// Size of the response in bytes, as the format counts it (with or without headers).
    pub bytes: Option<u64>,
    /// `Referer` header.
    pub referer: Field<'a>,
    /// `User-Agent` header.
    pub user_agent: Field<'a>,
    /// Authenticated user name (`$remote_user`), not a secret.
    pub user: Field<'a>,
    /// Virtual host asked for.
    pub host: Field<'a>,
    /// A credential that the format logs in a field of its own (API key, `Authorization`): a secret.
    pub token: Field<'a>,
    /// Time to serve the request, in microseconds.
    pub duration_us: Option<u64>,
    /// What the log says of the upstream (application) behind the server.
    pub upstream: Upstream,
    /// The reason for the answer, where the line itself states it.
    pub stated: Option<Stated>,
    /// The configuration file in which the rule stands that was the last to decide, as HAProxy names it.
    pub rule_file: Field<'a>,
    /// The line of that rule in its file, from 1; 0 where the log does not say.
    pub rule_line: u32,
    /// The rule that refused, where the line names it: few lines do.
    pub rule: Option<Box<NamedRule>>,
    /// What the line and other logs of the server call this request: a request id, or the number of its
    /// connection.
    pub id: Field<'a>,
}

/// A rule as the line of a request that it refused names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedRule {
    /// Its name or number.
    pub name: Vec<u8>,
    /// What it says of itself: its message, its description, the limit that it keeps; empty where it says nothing.
    pub message: Vec<u8>,
}

/// Who answered, as far as the line tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Upstream {
    /// The format has no field for it.
    #[default]
    Unknown,
    /// The field is there and empty: the server answered by itself.
    NotAsked,
    /// The last status that an upstream gave.
    Status(u16),
}

impl Record<'_> {
    /// The path of the target: all before the first `?`, as logged. A `#` is a byte like others: clients send no
    /// fragments, so one in a log was asked for.
    pub fn path(&self) -> &[u8] {
        self.path_and_query().0
    }

    /// The query of the target, without the `?`; empty when there is none.
    pub fn query(&self) -> &[u8] {
        self.path_and_query().1
    }

    /// File and line of the rule that was the last to decide, where the log says both.
    pub fn rule_place(&self) -> Option<(&[u8], u32)> {
        let is_known = !self.rule_file.is_empty() && self.rule_line > 0;
        is_known.then_some((&self.rule_file, self.rule_line))
    }

    /// Time to serve the request, in milliseconds and fractions of one.
    pub fn duration_ms(&self) -> Option<f64> {
        self.duration_us.map(|us| us as f64 / 1000.0)
    }

    /// [`Record::path`] and [`Record::query`], with one look for both.
    #[inline]
    pub fn path_and_query(&self) -> (&[u8], &[u8]) {
        let target = &self.target[..];
        // What was no request line is one piece, whatever bytes it holds.
        if self.method.is_empty()
            && !target.starts_with(b"/")
            && memchr::memmem::find(target, b"://").is_none()
        {
            return (target, &[]);
        }
        match find(target, 0, b'?') {
            Some(mark) => (&target[..mark], &target[mark + 1..]),
            None => (target, &[]),
        }
    }
}

/// Why a line is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reject {
    /// The line does not have the shape of the format.
    Malformed,
    /// Longer than 1 MiB.
    TooLong,
    /// Blank, a `#` directive, or a bracket of a JSON array.
    NotARequest,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_all_behind_the_first_question_mark() {
        for (method, target, path, query) in [
            ("GET", "/a?b=c?d", "/a", "b=c?d"),
            ("GET", "/#/objects", "/#/objects", ""),
            ("GET", "/a#b?c=1#d", "/a#b", "c=1#d"),
            (
                "GET",
                "http://www.example.com/#inbox",
                "http://www.example.com/#inbox",
                "",
            ),
            ("", "\\x16?#", "\\x16?#", ""),
            ("GET", "", "", ""),
        ] {
            let record = Record {
                method: method.as_bytes(),
                target: Cow::Borrowed(target.as_bytes()),
                ..Record::default()
            };
            let expected = (path.as_bytes(), query.as_bytes());
            assert_eq!(record.path_and_query(), expected, "{target}");
        }
    }
}
