//! The Common Event Format, as web firewalls send what they log.
//!
//! ```text
//! CEF:0|vendor|product|version|signature|name|severity|key=value key=value...
//! ```
//!
//! Sources: ArcSight's implementation standard (<https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/>),
//! whose dictionary names the keys, and Imperva's log of access
//! (<https://docs.imperva.com/bundle/cloud-application-security/page/more/log-file-structure.htm>), which has its own for
//! status and referer. Values hold spaces and stand in no quotes; a `=` in one is escaped. A custom field (`cs1`, `cn2`)
//! is named by its label (`cs1Label`), and means what it means as a key of JSON lines. A syslog header may stand in
//! front. A line is a request if it tells a time, a status
//! and a client, and what was asked for.

use super::draft::Draft;
use super::json::Names;
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::{Field, Record};
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// Lines of CEF, with the names that labels may give.
#[derive(Debug, Clone)]
pub(super) struct Cef {
    labels: Names,
}

/// Keys of the dictionary, the surest first where several tell the same.
#[rustfmt::skip]
const KEYS: &[(&str, Role)] = &[
    ("start", Role::Time),
    ("rt", Role::Time),
    ("end", Role::Time),
    ("src", Role::Address),
    ("xff", Role::ForwardedFor),
    ("requestMethod", Role::Method),
    ("request", Role::Target),
    ("requestClientApplication", Role::UserAgent),
    ("ref", Role::Referer),
    ("requestContext", Role::Referer),
    ("suser", Role::User),
    ("dhost", Role::Host),
    ("sourceServiceName", Role::Host),
    ("out", Role::Bytes),
    ("act", Role::WafAction),
    ("method", Role::Method),
    ("msg", Role::RuleMessage),
];

/// How far the header may begin: behind what a relay puts before it.
const FARTHEST: usize = 160;

impl BuiltIn for Cef {
    fn learn(_sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        Ok(Cef {
            labels: Names::usual(),
        })
    }
}

impl Format for Cef {
    fn name(&self) -> String {
        "cef".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let header = memchr::memmem::find(&line[..line.len().min(FARTHEST)], b"CEF:")?;
        let front = &line[..header];
        // In an object or in quotes the line is carried.
        let is_carried = front.iter().any(|byte| b"{\"".contains(byte));
        if is_carried || !matches!(front.last(), None | Some(b' ')) {
            return None;
        }
        let ((vendor, event), extension) = behind_header(&line[header + b"CEF:".len()..])?;
        let mut draft = Draft::new();
        let (mut is_asked, mut acts) = (false, false);
        let pairs = || Pairs {
            rest: extension.trim_ascii(),
        };
        for (key, value) in pairs() {
            let Some((role, rank)) = self.meaning(key, vendor, pairs) else {
                continue;
            };
            is_asked |= matches!(role, Role::Target | Role::Method);
            acts |= role == Role::WafAction;
            let value = match host_before(value) {
                // Imperva's has the host before the path, without a scheme.
                Some((host, path)) if role == Role::Target => {
                    draft.put(Role::Host, rank, Cow::Borrowed(host), clock)?;
                    path
                }
                _ => value,
            };
            draft.put(role, rank, unescaped(value), clock)?;
        }
        if acts {
            draft.put(Role::Rule, 1, Cow::Borrowed(event), clock)?;
        }
        // Of syslog that is not opened before, for what stands between.
        if !draft.tells_a_time()
            && let Some(stamp) = stamp_of_syslog(front, clock)
        {
            draft.put(Role::Time, 1, Cow::Borrowed(stamp), clock)?;
        }
        draft.put_envelope_time(clock);
        // Firewalls of networks tell of connections, too; Citrix's tell neither a status nor, mostly, a time.
        is_asked.then(|| draft.finish_event())?
    }
}

/// `Mar 10 09:43:00` at the beginning of a text, or `2026-03-10T09:43:00Z` behind a priority and a version.
fn stamp_of_syslog<'a>(front: &'a [u8], clock: &mut Clock) -> Option<&'a [u8]> {
    let oldest = front.get(.."Mar 10 09:43:00".len());
    let second = front.split(|&byte| byte == b' ').nth(1);
    let mut stamps = oldest.into_iter().chain(second);
    stamps.find(|stamp| clock.read(stamp).is_some())
}

impl Cef {
    /// What a key means, and how sure it is.
    fn meaning<'a>(
        &self,
        key: &[u8],
        vendor: &[u8],
        pairs: impl Fn() -> Pairs<'a>,
    ) -> Option<(Role, u8)> {
        let dictionary = (1..).zip(KEYS);
        let mut known =
            dictionary.filter(|(_, (name, _))| key.eq_ignore_ascii_case(name.as_bytes()));
        if let Some((rank, &(_, role))) = known.next() {
            return Some((role, rank));
        }
        let is_custom = matches!(key, [b'c', b's' | b'n' | b'f', digits @ ..]
            if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit));
        if !is_custom {
            return None;
        }
        let label = [key, b"Label"].concat();
        match pairs().find(|(name, _)| *name == label) {
            Some((_, label)) => {
                let (role, rank) = self.labels.spelled(label)?;
                Some((role, rank.saturating_add(32)))
            }
            None if key == b"cn1" && vendor == b"Incapsula" => Some((Role::Status, 1)),
            None => None,
        }
    }
}

/// The vendor and the event that the header names, and the pairs behind it.
#[allow(clippy::type_complexity)]
fn behind_header(text: &[u8]) -> Option<((&[u8], &[u8]), &[u8])> {
    const BARS: usize = 7;
    let (mut vendor, mut event): (&[u8], &[u8]) = (b"", b"");
    let mut from = 0;
    for field in 0..BARS {
        let mut end = from;
        loop {
            end += memchr::memchr2(b'|', b'\\', text.get(end..)?)?;
            match text[end] {
                b'|' => break,
                _ => end += 2,
            }
        }
        match field {
            1 => vendor = &text[from..end],
            5 => event = &text[from..end],
            _ => {}
        }
        from = end + 1;
    }
    Some(((vendor, event), text.get(from..)?))
}

/// Keys with their values: a value ends before the last word before the next `=`.
struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, body) = self.rest.split_at(sign(self.rest)?);
        let body = &body[1..];
        let end = match sign(body) {
            // No key has a space: it begins behind the last one.
            Some(next) => memchr::memrchr(b' ', &body[..next]).unwrap_or(next),
            None => body.len(),
        };
        self.rest = body.get(end + 1..).unwrap_or_default().trim_ascii_start();
        Some((key.trim_ascii(), body[..end].trim_ascii()))
    }
}

/// The next `=` that is not escaped and has a key before it.
fn sign(text: &[u8]) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-[]".contains(byte);
    let is_sign = |at: &usize| {
        let word = text[..*at]
            .rsplit(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        !word.is_empty() && word.iter().all(is_part)
    };
    memchr::memchr_iter(b'=', text).find(is_sign)
}

/// A value whose `\=` and `\\` are characters again.
fn unescaped(value: &[u8]) -> Field<'_> {
    if memchr::memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = bytes.next_if(|next| byte == b'\\' && matches!(next, b'=' | b'\\' | b'|'));
        plain.push(escaped.unwrap_or(byte));
    }
    Cow::Owned(plain)
}

/// `www.example.com/a` in its two parts.
fn host_before(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let (host, path) = target.split_at(memchr::memchr(b'/', target)?);
    super::shape::is_host_name(host).then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        let cef = Cef::learn(&[], &FormatSettings::default()).unwrap();
        cef.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn access_of_imperva() {
        let line = r#"CEF:0|Incapsula|SIEMintegration|1|1|Normal|0| sourceServiceName=www.example.com siteid=1 requestClientApplication=agent/1 (a; b) c ccode=IL cs7=31.8 cs7Label=latitude start=1773135780336 request=www.example.com/a.css?b\=c ref=www.example.org/d e requestMethod=GET cn1=403 app=HTTP in=54 xff=203.0.113.7 src=192.0.2.1 ver=TLSv1.2 x additionalReqHeaders=[{"Accept":"*/*"}]"#;
        let record = read(line).unwrap();
        assert_eq!((record.time_ms, record.status), (1_773_135_780_336, 403));
        assert_eq!(record.method, b"GET");
        assert_eq!(&record.target[..], b"/a.css?b=c");
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!(&record.host[..], b"www.example.com");
        assert_eq!(&record.user_agent[..], b"agent/1 (a; b) c");
        assert_eq!(&record.forwarded_for[..], b"203.0.113.7");
    }

    #[test]
    fn labels_name_custom_fields() {
        let line = "<134>Mar 10 09:43:00 waf CEF:0|a\\|b|c|1|2|d|5|rt=1773135780000 src=192.0.2.1 requestMethod=POST request=/login cn1=403 cn1Label=Status Code cs1=x cs1Label=Signature";
        let record = read(line).unwrap();
        assert_eq!((record.time_ms, record.status), (1_773_135_780_000, 403));
        assert_eq!(&record.target[..], b"/login");
    }

    #[test]
    fn what_is_no_request() {
        for line in [
            "",
            "CEF:0|a|b",
            "CEF:0|a|b|1|2|c|5|rt=1773135780000 src=192.0.2.1 request=/a",
            "CEF:0|a|b|1|2|c|5|rt=1773135780000 src=192.0.2.1 act=blocked dpt=22",
            "CEF:0|a|b|1|2|c|5|rt=1773135780000 src=192.0.2.1 cn1=403 cn1Label=port",
            "xCEF:0|Incapsula|b|1|2|c|5|rt=1773135780000 src=192.0.2.1 cn1=403",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(line in "CEF:([a-z0-9|\\\\]{0,4}\\|){0,8}[a-z0-9=\\\\ ]{0,40}") {
            read(&line);
        }
    }
}
