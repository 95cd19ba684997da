//! Labeled tab-separated values: `label:value` with tabs between, as nginx and Apache write them by hand.
//!
//! Source: <http://ltsv.org>, whose labels come first; labels that it does not have mean what they mean in
//! JSON lines. `host` is the client there, and `vhost` the site. Many logs leave the client out.
//!
//! TSKV is the same with `=`, behind a `tskv` that begins the line
//! (<https://clickhouse.com/docs/interfaces/formats/TSKV>); nginx at Yandex writes its logs so. Its `timezone` belongs to
//! its `timestamp`.

use super::draft::Draft;
use super::json::{Names, Table};
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// LTSV lines, with the names of their labels.
#[derive(Debug, Clone)]
pub(super) struct Ltsv {
    own: Names,
    tskv: Names,
    usual: Names,
}

/// Labels that ltsv.org recommends, where JSON lines know them otherwise or not at all.
#[rustfmt::skip]
const LABELS: Table = &[
    (Role::Address, &["remote_addr", "host"]),
    (Role::ForwardedFor, &["forwardedfor"]),
    (Role::Request, &["req"]),
    (Role::Host, &["vhost"]),
    (Role::Seconds, &["reqtime"]),
    (Role::Microseconds, &["reqtime_microsec"]),
    (Role::Seconds, &["apptime", "taken_sec"]),
];

/// Labels of TSKV, where they mean something else.
#[rustfmt::skip]
const TSKV_LABELS: Table = &[
    (Role::Seconds, &["req_time", "request_time"]),
    (Role::Host, &["vhost"]),
    (Role::Target, &["request"]),
];

/// Puts what JSON lines call a thing behind all labels of LTSV's own.
const BEHIND_OWN: u8 = 16;

impl BuiltIn for Ltsv {
    fn learn(sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        let mut usual = Names::usual();
        let labels = sample
            .iter()
            .flat_map(|line| line.split(|byte| *byte == b'\t'));
        usual.learn_spellings(labels.filter_map(|pair| {
            let colon = memchr::memchr(b':', pair)?;
            Some(&pair[..colon])
        }));
        Ok(Ltsv {
            own: Names::of(LABELS),
            tskv: Names::of(TSKV_LABELS),
            usual,
        })
    }
}

impl Ltsv {
    /// What a label means, and how sure it is among those that tell the same.
    fn meaning(&self, own: &Names, label: &[u8]) -> Option<(Role, u8)> {
        let own = own.find(0, label).and_then(|key| key.role);
        own.or_else(|| {
            let (role, rank) = self.usual.find(0, label)?.role?;
            Some((role, rank.saturating_add(BEHIND_OWN)))
        })
    }
}

impl Format for Ltsv {
    fn name(&self) -> String {
        "ltsv".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let mut draft = Draft::new();
        let mut rest = line.strip_suffix(b"\r").unwrap_or(line);
        // One pair alone is any text with a colon.
        memchr::memchr(b'\t', rest)?;
        let (own, between) = match rest.strip_prefix(b"tskv\t") {
            Some(pairs) => {
                rest = pairs;
                (&self.tskv, b'=')
            }
            None => (&self.own, b':'),
        };
        let mut parts: [&[u8]; 2] = [b"", b""];
        while !rest.is_empty() {
            let end = memchr::memchr(b'\t', rest).unwrap_or(rest.len());
            let (pair, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            let colon = memchr::memchr(between, pair)?;
            let (label, value) = (&pair[..colon], &pair[colon + 1..]);
            if between == b'=' && matches!(label, b"timestamp" | b"timezone") {
                parts[usize::from(label == b"timezone")] = value;
                continue;
            }
            let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
            // A stamp before the line has colons, too.
            let begins = label.first().is_some_and(|first| !first.is_ascii_digit());
            if !begins || !label.iter().all(is_label) {
                return None;
            }
            if let Some((role, rank)) = self.meaning(own, label) {
                draft.put(role, rank, Cow::Borrowed(value), clock)?;
            }
        }
        if !parts[0].is_empty() {
            draft.put(Role::Time, 1, Cow::Owned(parts.concat()), clock)?;
        }
        draft.put_envelope_time(clock);
        draft.finish_request()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        let ltsv = Ltsv::learn(&[], &FormatSettings::default()).unwrap();
        ltsv.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn recommended_labels() {
        let record = read(
            "time:[10/Mar/2026:09:43:00 +0900]\thost:192.0.2.1\tforwardedfor:-\treq:GET /a?b=c HTTP/1.1\t\
             status:403\tsize:36\treferer:-\tua:agent/1 (a: b)\treqtime:0.087\tvhost:www.example.com",
        )
        .unwrap();
        assert_eq!(record.time_ms, 1_773_103_380_000);
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!((record.method, record.status), (&b"GET"[..], 403));
        assert_eq!(&record.target[..], b"/a?b=c");
        assert_eq!(&record.user_agent[..], b"agent/1 (a: b)");
        assert_eq!(&record.host[..], b"www.example.com");
        assert_eq!((record.bytes, record.duration_ms()), (Some(36), Some(87.0)));
    }

    #[test]
    fn without_client_and_by_other_names() {
        let record = read(
            "time:2026-03-10T09:43:00+09:00\tmethod:GET\turi:/a\tstatus:200\tsize:1\tapptime:-\treqtime:0.321",
        )
        .unwrap();
        assert_eq!((&record.target[..], record.status), (&b"/a"[..], 200));
        assert_eq!(record.duration_ms(), Some(321.0));
        let record =
            read("ts:1773103380\tremote_addr:192.0.2.1\thost:a.example\tstatus:403").unwrap();
        assert_eq!(&record.address[..], b"192.0.2.1");
    }

    #[test]
    fn tskv() {
        let record = read(
            "tskv\ttskv_format=access-log\ttimestamp=2026-03-10T12:43:00\ttimezone=+0300\tstatus=403\tprotocol=HTTP/1.1\t\
             method=GET\trequest=/a?b=c\treferer=-\tuser_agent=agent/1\tvhost=www.example.com\tip=192.0.2.1\t\
             bytes_sent=36\treq_time=0.047\tupstream_status=403",
        )
        .unwrap();
        assert_eq!(record.time_ms, 1_773_135_780_000);
        assert_eq!((record.method, record.status), (&b"GET"[..], 403));
        assert_eq!(&record.target[..], b"/a?b=c");
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!(&record.host[..], b"www.example.com");
        assert_eq!((record.bytes, record.duration_ms()), (Some(36), Some(47.0)));
    }

    #[test]
    fn what_is_no_request() {
        for line in [
            "",
            "status:403",
            "time:2026-03-10T09:43:00Z\tmessage:started",
            "a b:1\tstatus:403",
            "time:2026-03-10T09:43:00Z\tmethod:GET\turi:/a\tstatus",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
