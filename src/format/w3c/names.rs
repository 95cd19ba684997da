//! The names of W3C fields.

use crate::format::role::Role;

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Nothing that a record needs.
    Other,
    /// `2018-01-01`.
    Date { local: bool },
    /// `08:09:10`, with or without a fraction.
    Time { local: bool },
    /// The number of a port.
    Port,
    /// `HTTP/1.1`.
    Protocol,
    /// A value, with its rank among those that mean the same.
    Field(Role, u8),
}

/// Names, and what they mean. Of several for one thing, the earlier is believed.
#[rustfmt::skip]
const NAMES: &[(&str, Role)] = &[
    ("c-ip", Role::Address),
    ("cs-ip", Role::Address),
    ("client-ip", Role::Address),
    ("x-forwarded-for", Role::ForwardedFor),
    ("cs(x-forwarded-for)", Role::ForwardedFor),
    ("x-forwarded-for-header", Role::ForwardedFor),
    ("s-xff", Role::ForwardedFor),
    ("cs-method", Role::Method),
    ("cs-uri", Role::Target),
    ("cs-url", Role::Target),
    ("cs-uri-stem", Role::Target),
    ("cs-uri-path", Role::Target),
    ("cs-uri-query", Role::Query),
    ("sc-status", Role::Status),
    ("c-status", Role::Status),
    ("sc-bytes", Role::Bytes),
    ("sc-body-bytes", Role::Bytes),
    ("bytes", Role::Bytes),
    ("cs-username", Role::User),
    ("x-cs-username", Role::User),
    ("cs-auth-user", Role::User),
    ("cs-userdn", Role::User),
    ("cs(referer)", Role::Referer),
    ("cs(referrer)", Role::Referer),
    ("cs-referer", Role::Referer),
    ("cs(user-agent)", Role::UserAgent),
    ("c-user-agent", Role::UserAgent),
    ("cs-user-agent", Role::UserAgent),
    ("x-host-header", Role::Host),
    ("cs(host)", Role::Host),
    ("cs-host", Role::Host),
    ("cs(authorization)", Role::Token),
    ("cs(x-api-key)", Role::Token),
    ("time-taken", Role::TimeTaken),
    ("timetakenms", Role::Milliseconds),
    ("x-duration", Role::Seconds),
    ("timestamp", Role::Time),
    ("x-timestamp", Role::Time),
    ("x-timestamp-unix", Role::Time),
    ("gmttime", Role::Time),
    ("localtime", Role::Time),
    ("sc-substatus", Role::Substatus),
    ("x-edge-detailed-result-type", Role::EdgeResult),
    ("x-edge-result-type", Role::EdgeResult),
    ("s-reason", Role::HttpSysReason),
    // Zeek's.
    ("ts", Role::Time),
    ("id.orig_h", Role::Address),
    ("method", Role::Method),
    ("host", Role::Host),
    ("uri", Role::Target),
    ("referrer", Role::Referer),
    ("user_agent", Role::UserAgent),
    ("username", Role::User),
    ("status_code", Role::Status),
    ("response_body_len", Role::Bytes),
];

/// What a field is, by its name.
pub(super) fn column(name: &[u8]) -> Column {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    if is("date") || is("date-local") {
        return Column::Date {
            local: is("date-local"),
        };
    }
    if is("time") || is("time-local") {
        return Column::Time {
            local: is("time-local"),
        };
    }
    if ["c-port", "s-port", "id.orig_p"].into_iter().any(is) {
        return Column::Port;
    }
    if ["cs-version", "cs-protocol-version", "version"]
        .into_iter()
        .any(is)
    {
        return Column::Protocol;
    }
    (1..)
        .zip(NAMES)
        .find(|(_, (known, _))| is(known))
        .map_or(Column::Other, |(rank, &(_, role))| {
            Column::Field(role, rank)
        })
}

/// Text whose `%20` are bytes again.
pub(super) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}
