//! `key=value` pairs with commas or tabs between, so that values hold spaces.
//!
//! ```text
//! tag:method="GET",uri="/a",response_code="403",ip_client="192.0.2.1",date_time="2026-03-10 09:43:00"
//! 2026-03-10 09:43:00<tab>action=Blocked<tab>requestmethod=GET<tab>url=www.example.com/a<tab>status=403
//! ```
//!
//! Sources: F5's ASM in its format of key-value pairs
//! (<https://techdocs.f5.com/kb/en-us/products/big-ip_asm/manuals/product/asm-implementations-11-6-0/14.html>) and its
//! iRules for Splunk (<https://docs.splunk.com/Documentation/AddOns/released/F5BIGIP/Setup>); Zscaler's feed for Splunk
//! (<https://help.zscaler.com/zia/nss-feed-output-format-web-logs>); Echo's templates of that kind; LEEF
//! (<https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components>). The keys mean what they mean in JSON lines,
//! but for those of these services. What stands before the first pair may be a stamp, or LEEF's header.

use super::draft::Draft;
use super::json::{Names, Table};
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// Lines of pairs, with the names of their keys.
#[derive(Debug, Clone)]
pub(super) struct Pairs {
    own: Names,
    usual: Names,
}

/// Keys of the services, where JSON lines know them otherwise or not at all.
#[rustfmt::skip]
const KEYS: Table = &[
    (Role::Time, &["date_time", "req_start_time", "devTime"]),
    (Role::Status, &["response_code", "http_status", "proxyStatus-code"]),
    (Role::Address, &["ip_client", "src_ip", "ClientIP"]),
    (Role::ForwardedFor, &["x_forwarded_for_header_value"]),
    (Role::Method, &["http_method", "requestmethod"]),
    (Role::Target, &["uri", "http_uri"]),
    (Role::Bytes, &["bytes_out", "responsesize"]),
    (Role::Referer, &["http_referrer", "refererURL"]),
    (Role::Milliseconds, &["req_elapsed_time"]),
    (Role::User, &["usrName"]),
    (Role::WafAction, &["request_status"]),
    (Role::Rule, &["policy_name"]),
    (Role::RuleMessage, &["violations"]),
    (Role::Id, &["support_id"]),
];

/// Fewest pairs: any text may have one or two.
const FEWEST: usize = 3;
/// Puts what JSON lines call a thing behind all keys of the services.
const BEHIND_OWN: u8 = 16;

impl BuiltIn for Pairs {
    fn learn(sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        let mut usual = Names::usual();
        let lines = sample.iter().filter_map(|line| read(line));
        let keys = lines.flat_map(|(_, pairs)| pairs.map(|(key, _)| key));
        usual.learn_spellings(keys);
        Ok(Pairs {
            own: Names::of(KEYS),
            usual,
        })
    }
}

impl Format for Pairs {
    fn name(&self) -> String {
        "pairs".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let (front, pairs) = read(line)?;
        let mut draft = Draft::new();
        let mut count = 0;
        for (key, value) in pairs {
            count += 1;
            // Of a request with all its headers the other keys tell the first line.
            let is_blank = matches!(value, b"N/A" | b"None" | b"-" | b"");
            if is_blank || key == b"request" && value.ends_with(b"\\r\\n") {
                continue;
            }
            if let Some((role, rank)) = self.meaning(key) {
                draft.put(role, rank, Cow::Borrowed(value), clock)?;
            }
        }
        if let Some(status) = status_of_leef(front) {
            draft.put(Role::Status, BEHIND_OWN - 1, Cow::Borrowed(status), clock)?;
        } else if !front.is_empty() && clock.read(front).is_some() {
            draft.put(Role::Time, BEHIND_OWN - 1, Cow::Borrowed(front), clock)?;
        } else if front.contains(&b' ') && !front.ends_with(b":") {
            // Neither a stamp nor the name of who writes: what carries the line.
            return None;
        }
        draft.put_envelope_time(clock);
        (count >= FEWEST).then(|| draft.finish_request())?
    }
}

impl Pairs {
    /// What a key means, and how sure it is among those that tell the same.
    fn meaning(&self, key: &[u8]) -> Option<(Role, u8)> {
        let own = self.own.find(0, key).and_then(|key| key.role);
        own.or_else(|| {
            let (role, rank) = self.usual.find(0, key)?.role?;
            Some((role, rank.saturating_add(BEHIND_OWN)))
        })
    }
}

/// The number of the event in LEEF's header, which is the status where nginx writes `LEEF:1.0|NGINX|NGINX|1.15.5|404|`
/// (<https://www.ibm.com/docs/en/dsm?topic=nginx-http-server>: its `log_format`).
fn status_of_leef(front: &[u8]) -> Option<&[u8]> {
    let header = front.strip_prefix(b"LEEF:")?;
    let event = header.split(|&byte| byte == b'|').nth(4)?;
    super::role::status(event).map(|_| event)
}

/// What stands before the first pair, without the separator, and the pairs.
fn read(line: &[u8]) -> Option<(&[u8], Each<'_>)> {
    let line = line.trim_ascii();
    let equals = memchr::memchr(b'=', line)?;
    let start = equals - key_before(&line[..equals]);
    let front = line[..start].trim_ascii_end();
    let front = front.strip_suffix(b",").unwrap_or(front);
    // TSKV is LTSV's; in an object or in quotes the line is carried.
    let is_carried = front.iter().any(|byte| b"{\"".contains(byte));
    if is_carried || front.ends_with(b"tskv") {
        return None;
    }
    let rest = &line[start..];
    let separator = match memchr::memchr(b'\t', rest) {
        Some(_) => b'\t',
        None => memchr::memchr(b',', rest).map(|at| rest[at])?,
    };
    Some((front, Each { rest, separator }))
}

/// How many bytes at the end of a text are a key.
fn key_before(text: &[u8]) -> usize {
    let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    text.iter().rev().take_while(is_key).count()
}

/// The pairs of a line, each key with its value.
struct Each<'a> {
    rest: &'a [u8],
    separator: u8,
}

impl<'a> Iterator for Each<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, body) = self.rest.split_at(memchr::memchr(b'=', self.rest)?);
        let body = &body[1..];
        if key.is_empty() || key_before(key) < key.len() {
            return None;
        }
        let (value, behind) = match body {
            [b'"', quoted @ ..] => {
                let closes = |at: &usize| {
                    let behind = quoted.get(at + 1);
                    behind.is_none_or(|next| *next == self.separator)
                };
                let end = memchr::memchr_iter(b'"', quoted).find(closes)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            _ => body.split_at(self.end(body)),
        };
        let behind = behind.get(1..).unwrap_or_default();
        self.rest = behind.trim_ascii_start();
        Some((key, value.trim_ascii()))
    }
}

impl Each<'_> {
    /// Where a value without quotes ends: at the next separator, which is a comma only before another pair.
    fn end(&self, body: &[u8]) -> usize {
        let is_end = |at: &usize| {
            let next = body[at + 1..].trim_ascii_start();
            let key = memchr::memchr(b'=', next).map(|equals| &next[..equals]);
            self.separator == b'\t'
                || key.is_some_and(|key| !key.is_empty() && key_before(key) == key.len())
        };
        let mut separators = memchr::memchr_iter(self.separator, body);
        separators.find(is_end).unwrap_or(body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Record<'_>> {
        let pairs = Pairs::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        pairs.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn a_firewall() {
        let line = r#"ASM:unit_hostname="waf",policy_name="/Common/shop",violations="Illegal URL,Illegal method",support_id="14",request_status="blocked",response_code="0",ip_client="192.0.2.1",method="POST",query_string="a=1,b=2",x_forwarded_for_header_value="N/A",date_time="2026-03-10 09:43:00",username="N/A",uri="/a "b",request="POST /a HTTP/1.1\r\nHost: www.example.com\r\n\r\n""#;
        let record = parse(line).unwrap();
        assert_eq!(record.time_ms, 1_773_135_780_000);
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!(
            (record.method, record.query()),
            (&b"POST"[..], &b"a=1,b=2"[..])
        );
        assert_eq!(record.path(), b"/a \"b");
        assert!(record.user.is_empty() && record.forwarded_for.is_empty());
    }

    #[test]
    fn values_without_quotes() {
        let line = "10.0.0.1,f5_irule=x,src_ip=192.0.2.1,http_method=GET,http_host=www.example.com,http_uri=/a,b?c=d&e=f,http_user_agent=\"agent/1 (a, b)\",user=,http_status=403,req_start_time=2026/03/10 09:43:00,req_elapsed_time=21,bytes_out=153";
        let record = parse(line).unwrap();
        assert_eq!(record.time_ms, 1_773_135_780_000);
        assert_eq!(&record.target[..], b"/a,b?c=d&e=f");
        assert_eq!(&record.user_agent[..], b"agent/1 (a, b)");
        assert_eq!((record.status, record.bytes), (403, Some(153)));
        assert_eq!(record.duration_ms(), Some(21.0));
    }

    #[test]
    fn tabs() {
        let line = "2026-03-10 09:43:00\treason=Allowed\trequestmethod=GET\trefererURL=None\tuseragent=a b=c\tClientIP=192.0.2.1\tstatus=403\turl=www.example.com/a\tuser=x@example.com\tresponsesize=7";
        let record = parse(line).unwrap();
        assert_eq!((record.time_ms, record.status), (1_773_135_780_000, 403));
        assert_eq!(&record.user_agent[..], b"a b=c");
        assert_eq!(
            (&record.referer[..], &record.user[..]),
            (&b""[..], &b"x@example.com"[..])
        );
    }

    #[test]
    fn what_is_no_request() {
        for line in [
            "",
            "=",
            ",=,=",
            "a=1,b=2,c=3",
            "method=GET,status=403",
            "method=GET path=/a status=403",
            "method=\"GET,path=/a,status=403",
        ] {
            assert!(parse(line).is_none(), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(line in "[a-c]{0,2}([a-z_]{0,3}[=,\t \"]{0,3}){0,8}") {
            parse(&line);
        }
    }
}
