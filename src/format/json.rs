//! JSON lines: one object per line, keys in any order, values wherever the names say.
//!
//! Sources: <https://caddyserver.com/docs/logging>, Traefik's `logdata.go`, the Elastic Common
//! Schema, and the `log_format ... escape=json` strings that people write for nginx. The text is
//! scanned once; only values that a name asks for are looked at. Lines of a JSON array count too.

mod names;
mod scan;

use super::draft::Draft;
use super::field::{Parsed, refuse};
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use names::{Key, Names, Place};
use nom::Parser;
use nom::bytes::complete::tag;
pub(super) use scan::unescape;
use scan::{Scalar, bare, close, skip, space, string};

/// JSON lines, with the names of their fields.
#[derive(Debug, Clone)]
pub(super) struct Json {
    names: Names,
    name: &'static str,
}

impl BuiltIn for Json {
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError> {
        let names = Names::new(&settings.map).map_err(|field| FormatError::NoSuchField {
            field,
            known: names::mappable().collect(),
        })?;
        Ok(Json {
            names,
            name: variant(sample),
        })
    }
}

impl Format for Json {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    #[inline]
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let body = line.trim_ascii_start();
        let body = body.strip_prefix(b"[").unwrap_or(body).strip_prefix(b"{")?;
        let mut fill = Fill {
            names: &self.names,
            draft: Draft::new(),
            clock,
        };
        let (rest, ()) = fill.object(body, 0).ok()?;
        let ends = rest
            .iter()
            .all(|byte| byte.is_ascii_whitespace() || b",]".contains(byte));
        if ends { fill.draft.finish() } else { None }
    }
}

/// Who wrote the lines, by a key that only they have.
fn variant(sample: &[&[u8]]) -> &'static str {
    let most_hold = |key: &[u8]| {
        let finder = memchr::memmem::Finder::new(key);
        2 * sample
            .iter()
            .filter(|line| finder.find(line).is_some())
            .count()
            > sample.len()
    };
    if most_hold(b"\"http.log.access") {
        "caddy"
    } else if most_hold(b"\"DownstreamStatus\"") {
        "traefik.json"
    } else {
        "json"
    }
}

/// Fills a draft from the text of a line.
struct Fill<'n, 'c, 'a> {
    names: &'n Names,
    draft: Draft<'a>,
    clock: &'c mut Clock,
}

impl<'a> Fill<'_, '_, 'a> {
    /// An object, behind its opening brace. It nests only as deep as the names do.
    fn object(&mut self, input: &'a [u8], place: Place) -> Parsed<'a, ()> {
        let mut input = space(input);
        if let [b'}', rest @ ..] = input {
            return Ok((rest, ()));
        }
        loop {
            let (rest, _) = tag(&b"\""[..]).parse(input)?;
            let (rest, key) = string(rest)?;
            let (rest, _) = tag(&b":"[..]).parse(space(rest))?;
            let (rest, ()) = match self.names.find(place, key.text) {
                Some(key) => self.value(space(rest), key)?,
                None => skip(space(rest))?,
            };
            match space(rest) {
                [b',', rest @ ..] => input = space(rest),
                [b'}', rest @ ..] => return Ok((rest, ())),
                _ => return refuse(),
            }
        }
    }

    fn value(&mut self, input: &'a [u8], key: &Key) -> Parsed<'a, ()> {
        match (input, key.object, key.role) {
            ([b'{', rest @ ..], Some(place), _) => self.object(rest, place),
            // Header fields come as lists; the first of the list is what the server looked at.
            ([b'[', rest @ ..], _, Some(_)) if matches!(space(rest).first(), Some(b'"')) => {
                close(self.scalar(space(rest), key)?.0)
            }
            ([b'{' | b'[', ..], _, _) | (_, _, None) => skip(input),
            _ => self.scalar(input, key),
        }
    }

    fn scalar(&mut self, input: &'a [u8], key: &Key) -> Parsed<'a, ()> {
        let (rest, value): (_, Scalar<'a>) = match input {
            [b'"', rest @ ..] => string(rest)?,
            _ => bare(input)?,
        };
        if let Some((role, rank)) = key.role
            && self
                .draft
                .put(role, rank, value.field(), self.clock)
                .is_none()
        {
            return refuse();
        }
        Ok((rest, ()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Upstream;
    use crate::stated::Stated;
    use proptest::prelude::*;

    fn read(line: &str) -> Option<Record<'_>> {
        let json = Json::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        json.parse(line.as_bytes(), &mut Clock::new(None))
    }

    const NGINX: &str = r#"{"time":"2026-03-10T09:43:00+01:00","remote_addr":"192.0.2.1","request":"GET /a?b=\"c\" HTTP/1.1","status":"403","body_bytes_sent":"153","request_time":"0.250","upstream_status":"","limit_req_status":"REJECTED","limit_conn_status":"PASSED","http_user_agent":"","remote_user":"-"}"#;

    #[test]
    fn nginx_by_hand() {
        let record = read(NGINX).unwrap();
        assert_eq!(
            (record.time_ms, record.utc_offset_s),
            (1_773_132_180_000, 3600)
        );
        assert_eq!(
            (record.method, &record.target[..]),
            (&b"GET"[..], &b"/a?b=\"c\""[..])
        );
        assert_eq!(
            (record.status, record.bytes, record.duration_ms),
            (403, Some(153), Some(250))
        );
        assert_eq!(record.upstream, Upstream::NotAsked);
        assert_eq!(record.stated, Stated::named(b"limit_status"));
        assert!(record.user.is_empty() && record.user_agent.is_empty());
    }

    #[test]
    fn the_order_of_keys_never_matters() {
        let mut value: Vec<(String, serde_json::Value)> =
            serde_json::from_str::<serde_json::Map<_, _>>(
                r#"{"ts":1773135780.25,"time_local":"10/Mar/2026:10:43:00 +0100","uri":"/rewritten",
                    "request":"POST /asked HTTP/1.1","args":"q=1","status":403,"remote_ip":"10.0.0.1",
                    "client_ip":"192.0.2.1","authorization":"REDACTED","api_key":"k1","x":{"status":1}}"#,
            )
            .unwrap()
            .into_iter()
            .collect();
        let expected = {
            let text = to_text(&value);
            let record = read(&text).unwrap();
            assert_eq!(
                (record.time_ms, record.utc_offset_s),
                (1_773_135_780_250, 3600)
            );
            assert_eq!(
                (record.method, &record.target[..]),
                (&b"POST"[..], &b"/asked?q=1"[..])
            );
            assert_eq!(
                (&record.address[..], &record.token[..]),
                (&b"192.0.2.1"[..], &b"k1"[..])
            );
            format!("{record:?}")
        };
        for _ in 0..value.len() {
            value.rotate_left(1);
            let text = to_text(&value);
            assert_eq!(format!("{:?}", read(&text).unwrap()), expected, "{text}");
        }
    }

    fn to_text(pairs: &[(String, serde_json::Value)]) -> String {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("\"{key}\": {value}"))
            .collect();
        format!("{{ {} }}", pairs.join(" , "))
    }

    #[test]
    fn mapped_paths_win() {
        let settings = FormatSettings {
            map: vec![
                ("status".into(), "deep.er.st".into()),
                ("ip".into(), "who".into()),
            ],
            ..FormatSettings::default()
        };
        let line = br#"{"time":1773135780,"status":200,"deep":{"x":[{}],"er":{"st":403}},"ip":"192.0.2.9","who":"192.0.2.1"}"#;
        let json = Json::learn(&[], &settings).unwrap();
        let record = json.parse(line, &mut Clock::new(None)).unwrap();
        assert_eq!(
            (record.status, &record.address[..]),
            (403, &b"192.0.2.1"[..])
        );
    }

    #[test]
    fn an_address_is_believed_before_the_name_of_a_client() {
        let address = |keys: &str| {
            let line = format!(r#"{{"time":1773135780,"status":403,{keys}}}"#);
            read(&line).map(|record| String::from_utf8_lossy(&record.address).into_owned())
        };
        for (keys, expected) in [
            (r#""client":"axios","ip":"192.0.2.1""#, "192.0.2.1"),
            (r#""ip":"192.0.2.1","client":"192.0.2.2""#, "192.0.2.1"),
            (
                r#""remote_addr":"proxy","remote_host":"[2001:db8::1]:80""#,
                "2001:db8::1",
            ),
            (r#""ip":"gateway","client":"192.0.2.2:80""#, "192.0.2.2"),
            (r#""client":"host.example""#, "host.example"),
        ] {
            assert_eq!(address(keys).as_deref(), Some(expected), "{keys}");
        }
    }

    #[test]
    fn what_an_export_writes() {
        let line = r#"{"file":"a.log","line":7,"time":"2026-03-10T09:43:00.025Z","ip":"192.0.2.1","method":"GET","path":"/a","query":"b=c","status":403,"bytes":153,"duration_ms":17,"upstream_status":502,"token":"tok_1","client":"axios","route":"/{x}","stated":{"cause":"rate_limit","mechanism":null,"by":"limit_status"}}"#;
        let record = read(line).unwrap();
        assert_eq!(
            (&record.address[..], &record.target[..]),
            (&b"192.0.2.1"[..], &b"/a?b=c"[..])
        );
        assert_eq!(
            (record.time_ms, record.duration_ms),
            (1_773_135_780_025, Some(17))
        );
        assert_eq!(record.upstream, Upstream::Status(502));
        assert_eq!(&record.token[..], b"tok_1");
        assert_eq!(record.stated, Stated::named(b"limit_status"));
    }

    #[test]
    fn what_is_no_request() {
        for line in [
            r#"{"level":"info","ts":1773135780,"logger":"admin","msg":"started"}"#,
            r#"{"ts":1773135780,"logger":"http.log.error","request":{"remote_ip":"192.0.2.1","uri":"/"},"status":403}"#,
            r#"{"time":"never","status":403,"ip":"192.0.2.1"}"#,
            r#"{"time":1773135780,"status":"forbidden","ip":"192.0.2.1"}"#,
            r#"{"time":1773135780,"status":403,"ip":"192.0.2.1"}}"#,
            r#"{"time":1773135780,"status":403,"ip":"192.0.2.1","#,
            r#"{"time":1773135780 "status":403,"ip":"192.0.2.1"}"#,
            "{",
            "{}",
            "[{",
            "{\"a",
            "{\"a\":",
            "null",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        assert!(read(r#"[{"time":1773135780,"status":403,"ip":"192.0.2.1"},"#).is_some());
    }

    proptest! {
        #[test]
        fn any_torn_line_is_refused(end in 0usize..NGINX.len()) {
            prop_assert_eq!(read(&NGINX[..end]), None);
        }

        #[test]
        fn any_bytes_are_survived(line in "[\\[{]{1,3}(\"(time|status|request|ip)\"|[:,{}\"\\\\\\[\\]1a ]){0,30}") {
            read(&line);
        }
    }
}
