//! NCSA common and combined log format, as nginx, Apache and their kin write it.
//!
//! ```text
//! [vhost[:port]] client ident user [time] "request" status bytes [more]... ["referer" "user agent"] [more]...
//! ```
//!
//! Sources: <https://nginx.org/en/docs/http/ngx_http_log_module.html>,
//! <https://httpd.apache.org/docs/2.4/logs.html#accesslog>. One parser reads all variants, because
//! a file may mix them; what the fields behind mean is in [`behind`].

mod behind;
mod front;
mod loose;
mod usual;

use super::field::{
    Parsed, ends_in_escape, present, quoted, quoted_before, refuse, request_line, size, status,
    up_to,
};
use super::marks::Quotes;
use super::shape::{is_host_name, is_ip_list};
use super::{BuiltIn, Format, FormatError, Line};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::{Clock, Instant};
use behind::{Behind, KNOWN_ALONE, Tail};
use front::{Front, front};
pub(super) use loose::Loose;
use nom::Parser;
use nom::bytes::complete::tag;
use std::borrow::Cow;
use usual::usual;

/// NCSA common and combined, with what a sample showed of its variant.
#[derive(Debug, Clone)]
pub(super) struct Ncsa {
    behind: Behind,
    /// Whether most lines of the sample are combined.
    combined: bool,
    name: &'static str,
}

/// What each line of InfluxDB's begins with.
const INFLUX_DB: &[u8] = b"[httpd] ";

impl BuiltIn for Ncsa {
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError> {
        let mut clock = Clock::new(settings.timezone);
        let layouts: Vec<_> = sample
            .iter()
            .filter_map(|line| Some(any_layout(line, &mut clock).ok()?.1))
            .collect();
        let is_influx = sample.iter().any(|line| line.starts_with(INFLUX_DB));
        let tails = if is_influx {
            &[Tail::InfluxDb]
        } else {
            KNOWN_ALONE
        };
        let extras = layouts.iter().map(|layout| (layout.behind, layout.status));
        let behind = Behind::learn(extras, tails);
        let most = |has: fn(&Layout) -> bool| {
            2 * layouts.iter().filter(|layout| has(layout)).count() > layouts.len()
        };
        let combined = most(|layout| layout.headers.is_some());
        let name = variant(
            behind.is_traefik(),
            combined,
            most(|layout| !layout.front.vhost.is_empty()),
            most(|layout| !layout.behind.is_empty()),
        );
        Ok(Ncsa {
            behind,
            combined,
            name,
        })
    }
}

impl Format for Ncsa {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let layout = self.layout(line, &Quotes::of(line), clock)?;
        let mut record = layout.record();
        self.assign(&layout, &mut record, clock);
        Some(record)
    }

    #[inline(always)]
    fn lend(&self, line: Line<'_>, clock: &mut Clock, take: impl FnOnce(&Record<'_>)) -> bool {
        let Some(layout) = self.layout(line.bytes, &line.quotes, clock) else {
            return false;
        };
        let mut record = layout.record();
        self.assign(&layout, &mut record, clock);
        take(&record);
        true
    }
}

impl Ncsa {
    #[inline(always)]
    fn layout<'a>(&self, line: &'a [u8], quotes: &Quotes, clock: &mut Clock) -> Option<Layout<'a>> {
        let layout = match usual(line, quotes, clock) {
            Some(layout) => layout,
            None => any_layout(line, clock).ok()?.1,
        };
        let torn = self.combined && layout.headers.is_none() && layout.behind.starts_with(b" \"");
        (!torn).then_some(layout) // torn between referer and user agent
    }

    /// What the fields behind say.
    #[inline(always)]
    fn assign<'a>(&self, layout: &Layout<'a>, record: &mut Record<'a>, clock: &mut Clock) {
        if !layout.between.is_empty() {
            behind::assign_between(layout.between, record, clock);
        }
        if !layout.behind.is_empty() {
            self.behind.assign(layout.behind, record, clock);
        }
    }
}

impl<'a> Layout<'a> {
    #[inline(always)]
    fn record(&self) -> Record<'a> {
        let (method, target) = request_line(self.request);
        let (referer, user_agent) = self.headers.unwrap_or_default();
        Record {
            time_ms: self.time.ms,
            utc_offset_s: self.time.utc_offset_s,
            status: self.status,
            address: Cow::Borrowed(present(self.front.client)),
            forwarded_for: Cow::Borrowed(self.front.forwarded_for),
            method,
            target: Cow::Borrowed(target),
            bytes: self.bytes,
            referer: Cow::Borrowed(present(referer)),
            user_agent: Cow::Borrowed(present(user_agent)),
            user: Cow::Borrowed(present(self.front.user)),
            host: Cow::Borrowed(self.front.vhost),
            ..Record::default()
        }
    }
}

fn variant(traefik: bool, combined: bool, vhost: bool, extended: bool) -> &'static str {
    match (combined, vhost, extended) {
        _ if traefik => "traefik.clf",
        (true, false, false) => "ncsa.combined",
        (true, false, true) => "ncsa.combined.extended",
        (true, true, false) => "ncsa.combined.vhost",
        (true, true, true) => "ncsa.combined.vhost.extended",
        (false, false, false) => "ncsa.common",
        (false, false, true) => "ncsa.common.extended",
        (false, true, false) => "ncsa.common.vhost",
        (false, true, true) => "ncsa.common.vhost.extended",
    }
}

/// The fields of a line, as logged.
#[derive(Debug, PartialEq, Eq)]
struct Layout<'a> {
    front: Front<'a>,
    time: Instant,
    request: &'a [u8],
    status: u16,
    bytes: Option<u64>,
    /// Fields without quotes between size and referer, with the space before them: a duration, as
    /// Tomcat and many a `log_format` have it there.
    between: &'a [u8],
    /// Referer and user agent, where the line is combined.
    headers: Option<(&'a [u8], &'a [u8])>,
    /// Everything behind, with the space before it.
    behind: &'a [u8],
}

/// The fields of a line in any variant of the format.
#[inline(never)]
fn any_layout<'a>(line: &'a [u8], clock: &mut Clock) -> Parsed<'a, Layout<'a>> {
    let (rest, front) = front(line)?;
    let (rest, time) = stamp(rest, clock)?;
    let (rest, request) = request(rest)?;
    let (rest, (status, bytes)) = answer(rest)?;
    let (behind, between, headers) = any_headers(rest);
    // Cloud Foundry's lines begin with the host, and have a format of their own that knows the client.
    if front.user.is_empty() && names_cloud_foundry(behind) {
        return refuse();
    }
    if headers.is_none() && !matches!(behind.first(), None | Some(b' ')) {
        return refuse();
    }
    Ok((
        b"",
        Layout {
            front,
            time,
            request,
            status,
            bytes,
            between,
            headers,
            behind,
        },
    ))
}

/// Whether a line is one of Cloud Foundry's router or of its Cloud Controller: both name the request so.
fn names_cloud_foundry(line: &[u8]) -> bool {
    memchr::memmem::find(line, b" vcap_request_id:").is_some()
}

/// What stands behind the size: what is behind the headers, what is between, and the headers.
#[inline]
#[allow(clippy::type_complexity)]
fn any_headers(rest: &[u8]) -> (&[u8], &[u8], Option<(&[u8], &[u8])>) {
    match headers(rest) {
        Ok((behind, headers)) => (behind, b"", Some(headers)),
        Err(_) => match headers_behind(rest) {
            Some((between, behind, headers)) => (behind, between, Some(headers)),
            None => (rest, b"", None),
        },
    }
}

/// `[10/Oct/2000:13:55:36 -0700] `.
#[inline]
fn stamp<'a>(input: &'a [u8], clock: &mut Clock) -> Parsed<'a, Instant> {
    if let [b'[', body @ ..] = input
        && let Some((stamp, [b']', b' ', rest @ ..])) = body.split_first_chunk::<26>()
        && let Some(instant) = clock.read_ncsa(stamp)
    {
        return Ok((rest, instant));
    }
    let (input, _) = tag(&b"["[..]).parse(input)?;
    let (input, stamp) = up_to(b']')(input)?;
    let input = spaces(input)?;
    match clock.read(stamp.trim_ascii()) {
        Some(instant) => Ok((input, instant)),
        None => refuse(),
    }
}

/// One space or more.
#[inline]
fn spaces(input: &[u8]) -> Result<&[u8], nom::Err<()>> {
    match input {
        [b' ', rest @ ..] => Ok(match rest {
            [b' ', ..] => rest.trim_ascii_start(),
            _ => rest,
        }),
        _ => Err(nom::Err::Error(())),
    }
}

/// `"GET / HTTP/1.1"`, or `-` without quotes.
#[inline]
fn request(input: &[u8]) -> Parsed<'_, &[u8]> {
    let input = input.trim_ascii_start();
    match input {
        [b'-', rest @ ..] if answer(rest).is_ok() => Ok((rest, &input[..1])),
        [b'"', body @ ..] => {
            for end in memchr::memchr_iter(b'"', body) {
                let (request, rest) = (&body[..end], &body[end + 1..]);
                if answer(rest).is_ok() && !ends_in_escape(request) {
                    return Ok((rest, behind_empty_field(request)));
                }
                // A request that is whole and is followed by something else is of another format.
                if rest.starts_with(b" ") && ends_in_protocol(request) {
                    break;
                }
            }
            refuse()
        }
        _ => refuse(),
    }
}

/// Behind a quoted field with nothing in it that some formats have before the request: `"-" "GET / HTTP/1.1"`.
fn behind_empty_field(request: &[u8]) -> &[u8] {
    let behind = [&b"-\" \""[..], b"\" \""]
        .into_iter()
        .find_map(|empty| request.strip_prefix(empty));
    behind
        .filter(|behind| ends_in_protocol(behind))
        .unwrap_or(request)
}

fn ends_in_protocol(request: &[u8]) -> bool {
    let protocol = request.split_last_chunk::<9>().map(|(_, end)| end);
    protocol.is_some_and(|end| end.starts_with(b" HTTP/") && end[6].is_ascii_digit())
}

/// ` 403 153`.
#[inline]
fn answer(input: &[u8]) -> Parsed<'_, (u16, Option<u64>)> {
    let (input, status) = status(spaces(input)?)?;
    let (input, bytes) = size(spaces(input)?)?;
    Ok((input, (status, bytes)))
}

/// ` "referer" "user agent"`, of which any may be a `-` without quotes.
#[inline]
fn headers(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let (input, referer) = match spaces(input)? {
        [b'-', rest @ ..] if rest.starts_with(b" \"") || rest.starts_with(b" -") => {
            (rest, &b""[..])
        }
        // Couchbase writes the referer without quotes.
        input if input.starts_with(b"http://") || input.starts_with(b"https://") => {
            let end = memchr::memchr(b' ', input).unwrap_or(input.len());
            let (referer, rest) = input.split_at(end);
            if !rest.starts_with(b" \"") {
                return refuse();
            }
            (rest, referer)
        }
        input => quoted_before(input, |rest| {
            rest.starts_with(b" \"")
                || rest.starts_with(b"  \"")
                || matches!(rest, b" -" | [b' ', b'-', b' ', ..])
        })?,
    };
    match spaces(input)? {
        rest @ (b"-" | [b'-', b' ', ..]) => Ok((&rest[1..], (referer, b""))),
        input => {
            let (input, user_agent) = closed_before_name(input)
                .or_else(|_| quoted(input))
                .or_else(|_| left_open(input))?;
            Ok((input, (referer, user_agent)))
        }
    }
}

/// A user agent behind which a field with a usual name stands without a space: `"curl/8.5.0"rt=0.024`.
fn closed_before_name(input: &[u8]) -> Parsed<'_, &[u8]> {
    /// Longest name that is known, with its `=`.
    const LONGEST: usize = 25;
    let (input, _) = tag(&b"\""[..]).parse(input)?;
    let (rest, user_agent) = up_to(b'"')(input)?;
    let equals = rest.iter().take(LONGEST).position(|&byte| byte == b'=');
    let is_named = equals.is_some_and(|end| behind::role_of_name(&rest[..end]).is_some());
    if !is_named || ends_in_escape(user_agent) {
        return refuse();
    }
    Ok((rest, user_agent))
}

/// A user agent that the line ends in, without the closing quote: the request is whole all the same.
#[cold]
fn left_open(input: &[u8]) -> Parsed<'_, &[u8]> {
    match input {
        [b'"', agent @ ..] if !agent.is_empty() && !agent.contains(&b'"') => Ok((b"", agent)),
        _ => refuse(),
    }
}

/// Fields without quotes, and the headers behind them.
type Between<'a> = (&'a [u8], &'a [u8], (&'a [u8], &'a [u8]));

/// Referer and user agent behind fields without quotes. Two quoted fields may be others, so the first
/// must look like a referer, and the second like no address.
#[cold]
fn headers_behind(input: &[u8]) -> Option<Between<'_>> {
    /// Most fields before the referer: Tomcat's pattern with everything that its documentation shows.
    const MOST: usize = 6;
    let mut rest = input;
    for _ in 0..MOST {
        let field = spaces(rest).ok()?;
        if field.starts_with(b"\"") {
            return None;
        }
        let end = memchr::memchr(b' ', field)?;
        rest = &field[end..];
        let Ok((behind, headers)) = headers(rest) else {
            continue;
        };
        let (referer, user_agent) = headers;
        if memchr::memmem::find(user_agent, b"://").is_some_and(|at| at <= 5) {
            // The `-` was a field of its own, and this is the referer.
            continue;
        }
        let blank = present(referer).is_empty();
        let is_url = memchr::memmem::find(referer, b"://").is_some();
        let is_other = is_ip_list(user_agent) || is_host_name(user_agent);
        return ((blank || is_url) && !is_other).then(|| {
            let between = &input[..input.len() - rest.len()];
            (between, behind, headers)
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &[u8]) -> Option<Record<'_>> {
        Ncsa::learn(&[line], &FormatSettings::default())
            .unwrap()
            .parse(line, &mut Clock::new(None))
    }

    /// A line with the given request line.
    fn asked(request: &str) -> String {
        format!("192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"{request}\" 403 153 \"-\" \"\"")
    }

    #[test]
    fn request_lines() {
        for (request, method, target) in [
            ("GET /a?b=c HTTP/1.1", "GET", "/a?b=c"),
            ("GET / HTTP/2.0", "GET", "/"),
            ("GET /old", "GET", "/old"),
            ("GET / ", "GET", "/"),
            (
                "GET /a path with spaces HTTP/1.0",
                "GET",
                "/a path with spaces",
            ),
            ("\x1b[31m\x1b[1mGET /a HTTP/1.1\x1b[0m", "GET", "/a"),
            ("\x1b[31m", "", ""),
            ("GET /a?b=c HTTP 1.1", "GET", "/a?b=c"),
            ("GET /a 2", "GET", "/a"),
            ("GET /in chapter 2", "GET", "/in chapter 2"),
            ("OPTIONS sip:nm SIP/2.0", "OPTIONS", "sip:nm"),
            ("PROPFIND /dav HTTP/1.1", "PROPFIND", "/dav"),
            ("M-SEARCH * HTTP/1.1", "M-SEARCH", "*"),
            ("GET /\\x22quoted\\x22 HTTP/1.1", "GET", "/\\x22quoted\\x22"),
            ("GET /\\\"quoted\\\" HTTP/1.1", "GET", "/\\\"quoted\\\""),
            ("GET /\"raw\" HTTP/1.1", "GET", "/\"raw\""),
            ("GET /\" 1 HTTP/1.1", "GET", "/\" 1"),
            ("\\x16\\x03\\x01", "", "\\x16\\x03\\x01"),
            ("t3 12.1.2", "", "t3 12.1.2"),
            ("-", "", ""),
            ("", "", ""),
            ("GET", "", "GET"),
        ] {
            let line = asked(request);
            let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(record.method, method.as_bytes(), "{line}");
            assert_eq!(&record.target[..], target.as_bytes(), "{line}");
            assert_eq!(record.status, 403, "{line}");
            assert_eq!(record.user_agent.len(), 0, "{line}");
        }
    }

    #[test]
    fn an_empty_field_before_the_request() {
        for empty in ["-", ""] {
            let request = format!("{empty}\" \"GET /a HTTP/1.1");
            let line = asked(&request);
            let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                (record.method, &record.target[..]),
                (&b"GET"[..], &b"/a"[..])
            );
        }
    }

    #[test]
    fn a_day_of_one_digit() {
        let line = "192.0.2.1 - - [1/Apr/2026:00:00:01 -0500] \"GET / HTTP/1.1\" 403 153";
        assert_eq!(read(line.as_bytes()).unwrap().time_ms, 1_775_019_601_000);
    }

    #[test]
    fn torn_and_strange_lines_are_refused() {
        let good =
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 \"-\" \"a b\"";
        assert!(read(good.as_bytes()).is_some());
        let mut clock = Clock::new(None);
        let combined = Ncsa::learn(&[good.as_bytes()], &FormatSettings::default()).unwrap();
        let bytes_end = good.find(" \"-\"").unwrap();
        let agent = good.find("\"a b").unwrap() + 1;
        for end in (0..good.len()).filter(|end| *end < bytes_end - 2 || *end > bytes_end + 1) {
            let torn = combined.parse(&good.as_bytes()[..end], &mut clock);
            // All but the end of the agent is there.
            let expected = (end > agent).then(|| &good.as_bytes()[agent..end]);
            let read = torn.as_ref().map(|record| &record.user_agent[..]);
            assert_eq!(read, expected, "{}", &good[..end]);
        }
        for line in [
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 4033 153",
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 15x",
            "192.0.2.1 - - [10/Oct/2000:25:55:36 -0700] \"GET / HTTP/1.1\" 403 153",
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] GET / HTTP/1.1 403 153",
            "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 0 DC \"-\" 403 153 \"-\" \"a\"",
            "\x00\x00192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153",
        ] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn fields_between_size_and_referer() {
        for (between, duration_ms) in [
            ("0.202", Some(202.0)),
            ("198.51.100.4 + 400", None),
            ("ms:3214 198.51.100.4 40", Some(3214.0)),
            ("X 50", None),
            ("198.51.100.4 -", None),
        ] {
            let line = format!(
                "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 {between} \"http://a/\" \"b c\" X-Forwarded-For=\"203.0.113.9\""
            );
            let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(record.duration_ms(), duration_ms, "{line}");
            assert_eq!(
                (
                    &record.referer[..],
                    &record.user_agent[..],
                    &record.forwarded_for[..]
                ),
                (&b"http://a/"[..], &b"b c"[..], &b"203.0.113.9"[..]),
                "{line}"
            );
        }
        // Two quoted fields are no headers only because they are two.
        let line = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 0.202 \"-\" \"10.0.0.1\"";
        assert_eq!(read(line.as_bytes()).unwrap().user_agent.len(), 0);
    }

    #[test]
    fn a_host_between_size_and_referer() {
        let line = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 403 153 www.example.com \"-\" \"b c\"";
        let record = read(line.as_bytes()).unwrap();
        assert_eq!(
            (&record.host[..], &record.user_agent[..]),
            (&b"www.example.com"[..], &b"b c"[..])
        );
    }

    #[test]
    fn a_referer_without_quotes() {
        let line = "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 302 0 http://a.example \"b c\" Redirected to login";
        let record = read(line.as_bytes()).unwrap();
        assert_eq!(
            (&record.referer[..], &record.user_agent[..]),
            (&b"http://a.example"[..], &b"b c"[..])
        );
    }

    #[test]
    fn a_named_field_right_behind_the_agent() {
        for (end, user_agent, duration_ms) in [
            (
                "\"curl/8.5.0\"rt=0.024 uct=\"0.001 : 0.001\"",
                "curl/8.5.0",
                Some(24.0),
            ),
            ("\"a\"b=c d\"", "a\"b=c d", None),
        ] {
            let line = format!("{} \"-\" {end}", asked("/").trim_end_matches(" \"-\" \"\""));
            let record = read(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(record.user_agent, user_agent.as_bytes(), "{line}");
            assert_eq!(record.duration_ms(), duration_ms, "{line}");
        }
    }

    #[test]
    fn times_behind_the_agent() {
        let line = |more: &str| format!("{} {more}", asked("/"));
        for (more, duration_ms) in [
            ("\"0.123\"", Some(123.0)),
            ("0.010 upstream=a", Some(10.0)),
            ("0.02", None),
        ] {
            let line = line(more);
            assert_eq!(
                read(line.as_bytes()).unwrap().duration_ms(),
                duration_ms,
                "{line}"
            );
        }
        // Others have something else there.
        let lines = [line("trace=a"), line("0.010 upstream=a")];
        let sample = [lines[0].as_bytes(), lines[1].as_bytes()];
        let ncsa = Ncsa::learn(&sample, &FormatSettings::default()).unwrap();
        let record = ncsa.parse(sample[1], &mut Clock::new(None)).unwrap();
        assert_eq!(record.duration_ms(), Some(10.0));
    }

    #[test]
    fn a_time_that_is_not_there_makes_no_line_another() {
        let line = |more: &str| format!("{} {more}", asked("/"));
        let lines = [line("0.100"), line("-"), line("rt=-"), line("\"a\" 0.100")];
        let sample: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        let ncsa = Ncsa::learn(&sample, &FormatSettings::default()).unwrap();
        let durations = sample.iter().map(|line| {
            let record = ncsa.parse(line, &mut Clock::new(None)).unwrap();
            record.duration_ms()
        });
        assert_eq!(
            durations.collect::<Vec<_>>(),
            [Some(100.0), None, None, None]
        );
    }

    #[test]
    fn influxdb_tells_microseconds() {
        let line = format!("{} 6f61bc44-321b-11e6-8050-000000000000 251300", asked("/"));
        assert_eq!(read(line.as_bytes()).unwrap().duration_ms(), None);
        let line = format!("[httpd] {line}");
        assert_eq!(read(line.as_bytes()).unwrap().duration_ms(), Some(251.3));
    }

    #[test]
    fn nul_bytes_and_broken_utf8_stay_as_they_are() {
        let line = b"192.0.2.1 - \xff [10/Oct/2000:13:55:36 -0700] \"GET /\0\xfe HTTP/1.1\" 403 - \"\xc3\" \"\x1b[0m\"";
        let record = read(line).unwrap();
        assert_eq!((&record.target[..], record.bytes), (&b"/\0\xfe"[..], None));
        assert_eq!(
            (&record.user[..], &record.user_agent[..]),
            (&b"\xff"[..], &b"\x1b[0m"[..])
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(line: Vec<u8>) {
            read(&line);
        }

        #[test]
        fn any_bytes_in_the_place_of_a_field_are_survived(
            text in "[ -~]{0,20}|[\\[\\]\" =,:.0-9a\\\\-]{0,30}", place in 0usize..6,
        ) {
            let good = ["192.0.2.1", "-", "-", "[10/Oct/2000:13:55:36 -0700]", "\"GET / HTTP/1.1\" 403 1 \"-\" \"a\"", "rt=1"];
            let mut fields = good.map(str::to_owned);
            fields[place] = text;
            read(fields.join(" ").as_bytes());
        }
    }
}
