//! logfmt: `key=value` pairs with spaces between, as Heroku's router and many programs in Go write them.
//!
//! Source: <https://brandur.org/logfmt>; Heroku's router log
//! (<https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format>). The keys mean what
//! they mean in JSON lines. A line must tell method, target and status; it may leave the time to syslog.

use super::draft::Draft;
use super::field::METHODS;
use super::json::{Names, close, names_by_keys, unescape};
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// logfmt lines, with the names of their fields.
#[derive(Debug, Clone)]
pub(super) struct Logfmt {
    names: Names,
    /// Those of the service whose keys the sample shows: they come first.
    own: Option<&'static Names>,
}

impl BuiltIn for Logfmt {
    fn learn(sample: &[&[u8]], _settings: &FormatSettings) -> Result<Self, FormatError> {
        let mut names = Names::usual();
        let lines: Vec<Vec<&[u8]>> = sample.iter().map(|line| keys(line)).collect();
        names.learn_spellings(lines.iter().flatten().copied());
        let own = names_by_keys(&lines, &names);
        Ok(Logfmt { names, own })
    }
}

impl Format for Logfmt {
    fn name(&self) -> String {
        "logfmt".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let own = self.own.and_then(|names| read(names, line, clock));
        own.or_else(|| read(&self.names, line, clock))
    }
}

/// Reads a line by some names.
fn read<'a>(names: &Names, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
    let mut draft = Draft::new();
    let (stamp, mut rest) = behind_stamp(line.trim_ascii());
    draft.put(Role::Time, 1, Cow::Borrowed(stamp), clock)?;
    let asked = behind_request(rest);
    if let Some((request, pairs)) = asked {
        draft.put(Role::Request, 1, Cow::Borrowed(request), clock)?;
        rest = pairs;
    }
    while !rest.is_empty() {
        let (key, value, behind) = pair(rest)?;
        if let (b"msg", Cow::Borrowed(message)) = (key, &value) {
            for (role, value) in answer_in(message).into_iter().flatten() {
                draft.put(role, 1, Cow::Borrowed(value), clock)?;
            }
        }
        if let Some((role, rank)) = names.find(0, key).and_then(|key| key.role) {
            // With commas between the pairs they are another format's.
            if role == Role::Method && value.ends_with(b",") {
                return None;
            }
            // lograge's are milliseconds, with decimals.
            let role = match role {
                Role::Took if asked.is_some() => Role::Milliseconds,
                role => role,
            };
            draft.put(role, rank, value, clock)?;
        }
        rest = behind.trim_ascii_start();
    }
    draft.put_envelope_time(clock);
    draft.finish_request()
}

/// `GET /jobs/833552.json` before the pairs, as the first versions of lograge have it.
fn behind_request(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (method, behind) = line.split_at(memchr::memchr(b' ', line)?);
    let target = behind
        .strip_prefix(b" ")
        .filter(|_| METHODS.contains(&method))?;
    let end = memchr::memchr(b' ', target).filter(|_| target.starts_with(b"/"))?;
    let (request, pairs) = line.split_at(method.len() + 1 + end);
    let pairs = pairs.trim_ascii_start();
    let key = pairs.iter().take_while(|byte| is_key(byte)).count();
    (key > 0 && pairs.get(key) == Some(&b'=')).then_some((request, pairs))
}

/// `POST /loki/api/v1/push (204) 1.238734ms`: the requests of Loki, Mimir, Cortex and Tempo, in their `msg`
/// (<https://github.com/grafana/dskit>: middleware/logging.go).
fn answer_in(message: &[u8]) -> Option<[(Role, &[u8]); 3]> {
    let mut words = message.rsplitn(3, |byte| *byte == b' ');
    let (took, status, request) = (words.next()?, words.next()?, words.next()?);
    let status = status.strip_prefix(b"(")?.strip_suffix(b")")?;
    let (method, target) = request.split_at(memchr::memchr(b' ', request)?);
    let is_request = METHODS.contains(&method) && target.starts_with(b" /");
    is_request.then_some([
        (Role::Request, request),
        (Role::Status, status),
        (Role::Seconds, took),
    ])
}

/// A name, its value, and what stands behind them.
type Pair<'a> = (&'a [u8], Cow<'a, [u8]>, &'a [u8]);

/// The stamp that stands without a name before the pairs, in quotes or brackets, as NGINX's own example for
/// measuring applications has it, or behind the level; and the pairs.
fn behind_stamp(line: &[u8]) -> (&[u8], &[u8]) {
    /// Longest stamp with a zone, with some room.
    const LONGEST: usize = 40;
    if let Some(found) = behind_clock(line).or_else(|| behind_klog(line)) {
        return found;
    }
    let line = behind_level(line);
    let closing = match line.first() {
        Some(b'"') => b'"',
        Some(b'[') => b']',
        _ => return (b"", line),
    };
    let end = line
        .iter()
        .take(LONGEST)
        .skip(1)
        .position(|byte| *byte == closing);
    match end.map(|end| (&line[1..=end], &line[end + 2..])) {
        Some((stamp, [b' ', pairs @ ..])) => (stamp, pairs.trim_ascii_start()),
        _ => (b"", line),
    }
}

/// The stamp of klog, and the pairs behind its message: `I1107 11:35:14.483075   18955 httplog.go:131] "HTTP" verb="GET"
/// URI="/healthz" latency="172.323µs" userAgent="kube-probe/1.32" srcIP="127.0.0.1:33980" resp=200`, as Kubernetes' servers
/// write each request (k8s.io/apiserver/pkg/server/httplog).
fn behind_klog(line: &[u8]) -> Option<(&[u8], &[u8])> {
    /// `1107 11:35:14.483075`
    const STAMP: usize = 20;
    let behind_level = line
        .strip_prefix(b"I")
        .or_else(|| line.strip_prefix(b"W"))?;
    let (stamp, behind) = behind_level.split_at_checked(STAMP)?;
    let looks = matches!(
        stamp,
        [b'0'..=b'1', _, _, _, b' ', _, _, b':', _, _, b':', ..]
    );
    let message = behind.get(memchr::memmem::find(behind, b"] ")? + 2..)?;
    // Before Kubernetes 1.19 there was no message, and a colon stood behind the pairs.
    let pairs = match message.strip_prefix(b"\"") {
        Some(message) => message.get(memchr::memmem::find(message, b"\" ")? + 2..)?,
        None => message.strip_suffix(b":").unwrap_or(message),
    };
    looks.then_some((stamp, pairs))
}

/// The stamp that Python's and Java's loggers write without quotes (`2026-03-10 09:43:00,123 INFO [name] message
/// key=value`), and the first pair behind it.
fn behind_clock(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let looks = matches!(
        line,
        [
            b'0'..=b'9',
            _,
            _,
            _,
            b'-',
            _,
            _,
            b'-',
            _,
            _,
            b' ',
            _,
            _,
            b':',
            ..
        ]
    );
    let (stamp, behind) = looks.then_some(line)?.split_at_checked(19)?;
    let digits = |byte: &&u8| matches!(byte, b'.' | b',' | b'0'..=b'9');
    let fraction = behind.iter().take_while(digits).count();
    let mut rest = behind[fraction..].strip_prefix(b" ")?;
    loop {
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        if pair(rest).is_some_and(|_| rest[..end].contains(&b'=')) {
            return Some((&line[..stamp.len() + fraction], rest));
        }
        rest = rest.get(end + 1..)?;
    }
}

/// Behind the level that logrus (`INFO[0006] message  key=value`) and log15 (`INFO [03-10|09:43:00] message
/// key=value`, also Grafana's and go-ethereum's) write before the brackets of the stamp.
fn behind_level(line: &[u8]) -> &[u8] {
    const LEVELS: [&[u8]; 8] = [
        b"TRACE", b"TRAC", b"DEBUG", b"DEBU", b"INFO", b"WARN", b"ERROR", b"ERRO",
    ];
    let behind = LEVELS.iter().find_map(|level| line.strip_prefix(*level));
    let stamp = behind.map(<[u8]>::trim_ascii_start);
    stamp
        .filter(|stamp| stamp.starts_with(b"["))
        .unwrap_or(line)
}

/// The keys of a line that is nothing but pairs; none of another.
fn keys(line: &[u8]) -> Vec<&[u8]> {
    let (_, mut rest) = behind_stamp(line.trim_ascii());
    if let Some((_, pairs)) = behind_request(rest) {
        rest = pairs;
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let Some((key, _, behind)) = pair(rest) else {
            return Vec::new();
        };
        keys.push(key);
        rest = behind.trim_ascii_start();
    }
    keys
}

/// The pair that a text begins with, and what stands behind it. A key alone has no value.
fn pair(text: &[u8]) -> Option<Pair<'_>> {
    let end = text
        .iter()
        .position(|byte| !is_key(byte))
        .unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    match rest {
        _ if key.is_empty() => None,
        [] | [b' ', ..] => Some((key, Cow::Borrowed(b""), rest)),
        [b'=', b'"', body @ ..] => {
            let mut escaped = false;
            let end = body.iter().position(|&byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            })?;
            let (value, behind) = (&body[..end], &body[end + 1..]);
            let value = match value.contains(&b'\\') {
                true => Cow::Owned(unescape(value)),
                false => Cow::Borrowed(value),
            };
            Some((key, value, behind))
        }
        [b'=', body @ ..] => {
            let end = match enclosed(body) {
                Some(end) => end,
                None => end_of_words(body),
            };
            Some((key, Cow::Borrowed(&body[..end]), &body[end..]))
        }
        _ => None,
    }
}

/// Where a value without quotes ends: at the first space, unless what is behind is no pair, as in the stamps and user
/// agents that lograge writes as they are; then before the next pair.
fn end_of_words(body: &[u8]) -> usize {
    let Some(end) = memchr::memchr(b' ', body) else {
        return body.len();
    };
    let behind = body[end..].trim_ascii_start();
    let key = behind.iter().take_while(|byte| is_key(byte)).count();
    let is_pair = key > 0 && matches!(behind.get(key), None | Some(b'=' | b' '));
    if behind.is_empty() || is_pair {
        return end;
    }
    let begins_pair = |space: &usize| {
        let next = &body[space + 1..];
        let key = memchr::memchr2(b'=', b' ', next).filter(|at| next[*at] == b'=');
        key.is_some_and(|key| key > 0 && next[..key].iter().all(is_key))
    };
    let mut spaces = memchr::memchr_iter(b' ', body);
    spaces.find(begins_pair).unwrap_or(body.len())
}

fn is_key(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-@/".contains(byte)
}

/// Where a value ends that holds spaces between single quotes or brackets, as lograge and Logster write errors, lists
/// and parameters; one that nothing closes before a space or the end of the line is a word like others.
fn enclosed(body: &[u8]) -> Option<usize> {
    let rest = match body {
        [b'\'', rest @ ..] => {
            let closes = |end: &usize| matches!(rest.get(end + 1), None | Some(b' ')) && *end > 0;
            let end = memchr::memchr_iter(b'\'', rest).find(closes)?;
            &rest[end + 1..]
        }
        [b'{' | b'[', rest @ ..] => close(rest).ok()?.0,
        _ => return None,
    };
    matches!(rest.first(), None | Some(b' ')).then_some(body.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Record<'_>> {
        let logfmt = Logfmt::learn(&[line.as_bytes()], &FormatSettings::default()).unwrap();
        logfmt.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn pairs_become_a_record() {
        let record = read(
            r#"time="2026-03-10T09:43:00Z" level=info method=GET path="/a?b=\"c\"" status=403 remote_addr=192.0.2.1:5000 duration=12.5ms debug"#,
        )
        .unwrap();
        assert_eq!((record.method, record.status), (&b"GET"[..], 403));
        assert_eq!(&record.target[..], b"/a?b=\"c\"");
        assert_eq!(&record.address[..], b"192.0.2.1");
        assert_eq!(record.duration_ms(), Some(12.5));
    }

    #[test]
    fn a_service_is_known_by_its_keys() {
        let line = "method=GET path=/a format=json controller=A action=show status=403 duration=58.33 view=40.43 db=15.26";
        assert_eq!(read(line).unwrap().duration_ms(), Some(58.33));
    }

    #[test]
    fn a_stamp_may_stand_before_the_pairs() {
        let pairs = r#"client=203.0.113.7 method=GET request="GET /a HTTP/1.1" status=403 bytes_sent=12 request_time=0.012"#;
        for stamp in [
            "\"10/Mar/2026:09:43:00 +0000\"",
            "[10/Mar/2026:09:43:00 +0000]",
            "[2026-03-10 09:43:00] INFO",
        ] {
            let line = format!("{stamp} {pairs}");
            let record = read(&line).unwrap();
            assert_eq!((record.time_ms, record.status), (1_773_135_780_000, 403));
            assert_eq!(&record.address[..], b"203.0.113.7");
        }
    }

    #[test]
    fn messages_among_the_lines_do_not_hide_whose_they_are() {
        let request =
            "method=GET path=/a format=json controller=A action=show status=403 duration=874.05";
        let sample = [
            &b"worker=2 ready"[..],
            request.as_bytes(),
            b"worker=3 ready",
        ];
        let logfmt = Logfmt::learn(&sample, &FormatSettings::default()).unwrap();
        let record = logfmt.parse(request.as_bytes(), &mut Clock::new(None));
        assert_eq!(record.unwrap().duration_ms(), Some(874.05));
    }

    #[test]
    fn values_with_spaces_between_quotes_and_brackets() {
        let record = read(
            r#"method=GET path=/a controller=A action=show status=500 error='ArgumentError: isn't it' params={"a": "b c"} duration=0.27 exception=["A", "b }"] user=17"#,
        )
        .unwrap();
        assert_eq!((record.status, record.duration_ms()), (500, Some(0.27)));
        assert_eq!(&record.user[..], b"17");
        for odd in ["error='a b", "list=[1 2", "text=[a]b"] {
            let line = format!("{odd} method=GET path=/a status=403");
            assert_eq!(read(&line).unwrap().status, 403, "{odd}");
        }
    }

    #[test]
    fn a_level_may_stand_before_the_brackets() {
        let pairs = "method=GET path=/a status=403 remote_addr=[2001:db8::1] duration=138.5µs";
        for front in [
            "INFO[0006] HTTP request  ",
            "INFO [03-10|09:43:00] Request Completed   logger=context",
            "WARN[2026-03-10T09:43:00Z] refused ",
        ] {
            let line = format!("{front} {pairs}");
            let record = read(&line).unwrap();
            assert_eq!(&record.address[..], b"2001:db8::1", "{front}");
            assert_eq!(record.duration_ms(), Some(0.139), "{front}");
        }
    }

    #[test]
    fn a_logger_may_stand_before_the_pairs() {
        let line = r#"2026-03-10 09:43:00,123 INFO [Firewall] blocked: client_ip="192.0.2.1" uri="/a b" method="GET" status=403"#;
        let record = read(line).unwrap();
        assert_eq!((record.time_ms, record.status), (1_773_135_780_123, 403));
        assert_eq!(&record.target[..], b"/a b");
        assert_eq!(read("2026-03-10 09:43:00,123 INFO started: nothing"), None);
        assert_eq!(read("2026-03-10 09:43:00"), None);
    }

    #[test]
    fn durations_without_a_unit() {
        for (value, expected) in [
            ("43", Some(43.0)),
            ("12000", None),
            ("138517345", Some(138.517)),
            ("0.0432", Some(43.2)),
            ("43 ms", Some(43.0)),
        ] {
            let line = format!("method=GET path=/a status=403 latency=\"{value}\"");
            assert_eq!(read(&line).unwrap().duration_ms(), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_request() {
        for line in [
            "",
            "time=2026-03-10T09:43:00Z level=info msg=started",
            "time=2026-03-10T09:43:00Z method=GET path=/a status=\"403",
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700]",
            "\"10/Oct/2000:13:55:36 -0700\"",
            "[\"",
            "[]",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(line in "([a-z]{0,3}=?\"?[a-z\\\\\" ]{0,3}){0,9}") {
            read(&line);
        }
    }
}
