//! Azure Storage's classic log, semicolons between the fields.
//!
//! ```text
//! version;time;operation;outcome;status;taken;server;authentication;requester;owner;service;"URL";"key";id;count;
//! client;version;4 sizes;length;2 hashes;tag;modified;conditions;"agent";"referer";...
//! ```
//!
//! Source: <https://learn.microsoft.com/rest/api/storageservices/storage-analytics-log-format>. What may hold a quote, a
//! semicolon or the end of a line is HTML-encoded and stands in quotes. Version 2.0 has more fields behind. The
//! operation is told, and no method.

use super::draft::Draft;
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::{Field, Record};
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// Azure Storage's lines.
#[derive(Debug, Clone)]
pub(super) struct AzureStorage;

/// Fields up to the referer.
const FIELDS: usize = 29;

impl BuiltIn for AzureStorage {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(AzureStorage)
    }
}

impl Format for AzureStorage {
    fn name(&self) -> String {
        "azure.storage.classic".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        if !line.starts_with(b"1.0;") && !line.starts_with(b"2.0;") {
            return None;
        }
        let mut fields = [&b""[..]; FIELDS];
        let mut rest = Some(line);
        for field in &mut fields {
            (*field, rest) = split(rest?);
        }
        let [
            _,
            time,
            _,
            _,
            status,
            taken,
            _,
            _,
            user,
            _,
            _,
            url,
            _,
            id,
            ..,
        ] = fields;
        let [
            ..,
            client,
            _,
            _,
            _,
            _,
            size,
            _,
            _,
            _,
            _,
            _,
            _,
            agent,
            referer,
        ] = fields;
        let mut draft = Draft::new();
        for (role, value) in [
            (Role::Time, time),
            (Role::Status, status),
            (Role::Milliseconds, taken),
            (Role::User, user),
            (Role::Target, url),
            (Role::Id, id),
            (Role::Address, client),
            (Role::Bytes, size),
            (Role::UserAgent, agent),
            (Role::Referer, referer),
        ] {
            draft.put(role, 1, decoded(value), clock)?;
        }
        draft.finish()
    }
}

/// A field without its quotes, and what stands behind its semicolon, if there is one.
fn split(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    if let Some(body) = text.strip_prefix(b"\"")
        && let Some(end) = memchr::memmem::find(body, b"\";")
    {
        return (&body[..end], body.get(end + 2..));
    }
    match memchr::memchr(b';', text) {
        Some(end) => (&text[..end], text.get(end + 1..)),
        None => (text, None),
    }
}

/// A value whose `&amp;` and the like are characters again.
fn decoded(value: &[u8]) -> Field<'_> {
    const ENTITIES: [(&[u8], u8); 5] = [
        (b"amp;", b'&'),
        (b"quot;", b'"'),
        (b"lt;", b'<'),
        (b"gt;", b'>'),
        (b"#39;", b'\''),
    ];
    if memchr::memchr(b'&', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'&', rest) {
        let behind = &rest[at + 1..];
        let entity = ENTITIES.iter().find(|(name, _)| behind.starts_with(name));
        plain.extend_from_slice(&rest[..at]);
        plain.push(entity.map_or(b'&', |&(_, byte)| byte));
        rest = &behind[entity.map_or(0, |(name, _)| name.len())..];
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        AzureStorage.parse(line.as_bytes(), &mut Clock::new(None))
    }

    const LINE: &str = r#"1.0;2026-03-10T09:43:00.5780954Z;GetBlob;AuthorizationError;403;13;12;authenticated;ann;acme;blob;"https://acme.blob.core.windows.net/a/b.txt?comp=c&amp;d=e";"/acme/a/b.txt";505fc366-688f-4622-bbb1-20e8fc26cffd;0;192.0.2.1:4362;2014-02-14;538;0;261;27;0;;;""0x8D1"";Thursday, 19-Jun-14 23:31:36 GMT;;"agent/1 (a; b &quot;c&quot;)";;"dc00da87""#;

    #[test]
    fn a_line_becomes_a_record() {
        let record = read(LINE).unwrap();
        assert_eq!((record.time_ms, record.status), (1_773_135_780_578, 403));
        assert_eq!(
            &record.target[..],
            b"https://acme.blob.core.windows.net/a/b.txt?comp=c&d=e"
        );
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!(&record.host[..], b"acme.blob.core.windows.net");
        assert_eq!(&record.user_agent[..], b"agent/1 (a; b \"c\")");
        assert_eq!((&record.user[..], record.bytes), (&b"ann"[..], Some(27)));
        assert_eq!(record.duration_ms(), Some(13.0));
        assert!(read(&LINE.replacen("1.0", "2.0", 1)).is_some());
    }

    #[test]
    fn what_is_none_of_them() {
        for line in [
            "",
            "1.0;",
            "3.0;2026-03-10T09:43:00Z",
            &LINE.replacen(";403;", ";x;", 1),
            &LINE[..LINE.len() / 2],
        ] {
            assert!(read(line).is_none(), "{line}");
        }
        assert_eq!(&decoded(b"a&b&lt;&#39;&")[..], b"a&b<'&");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(line in "1\\.0;[a-z0-9;\"&.:]{0,99}") {
            read(&line);
        }
    }
}
