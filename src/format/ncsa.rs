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
    Parsed, ends_in_escape, is_method, present, quoted, quoted_before, refuse, request_line, size,
    status, up_to,
};
use super::marks::Quotes;
use super::shape::{is_host_name, is_ip_list, is_user_agent};
use super::{BuiltIn, Format, FormatError, Line, gorouter};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::{Clock, Instant};
use behind::{Behind, KNOWN_ALONE, Tail};
use front::{Front, front, split_word};
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
    let (rest, mut front) = front(line)?;
    let (rest, time) = stamp(rest, clock)?;
    let (rest, request) = request(rest)?;
    let (host, request) = behind_quoted_host(request);
    if front.vhost.is_empty() {
        front.vhost = host;
    }
    let (rest, (status, bytes)) = answer(rest)?;
    // web.py's lines have the protocol first, and the status behind a dash.
    if status == 0 && request.starts_with(b"HTTP/") {
        return refuse();
    }
    let (behind, between, headers) = any_headers(rest);
    // Cloud Foundry's lines begin with the host, and have a format of their own that knows the client.
    if front.user.is_empty() && gorouter::is_named_in(behind) {
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

/// What stands behind the size: what is behind the headers, what is between, and the headers.
#[inline]
#[allow(clippy::type_complexity)]
fn any_headers(rest: &[u8]) -> (&[u8], &[u8], Option<(&[u8], &[u8])>) {
    match headers(rest) {
        Ok((behind, headers)) => (behind, b"", Some(headers)),
        Err(_) => match headers_behind(rest) {
            Some((between, behind, headers)) => (behind, between, Some(headers)),
            None => match bare_headers(rest) {
                Some(headers) => (b"", b"", Some(headers)),
                None => (rest, b"", None),
            },
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
    let input = unspaced(input)?;
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

/// One space or more, or none before what has quotes around it: some who collect logs lose the spaces between fields
/// that are told apart without.
#[inline]
fn unspaced(input: &[u8]) -> Result<&[u8], nom::Err<()>> {
    match input {
        [b'"', ..] => Ok(input),
        _ => spaces(input),
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

/// A virtual host that stands quoted before the request, and the request: `"www.example.com" "GET / HTTP/1.1"`.
fn behind_quoted_host(request: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = memchr::memmem::find(request, b"\" \"") else {
        return (b"", request);
    };
    let (host, behind) = (&request[..end], &request[end + 3..]);
    let has_method = || is_method(split_word(behind).0) && behind.contains(&b'/');
    match is_host_name(host) && (ends_in_protocol(behind) || has_method()) {
        true => (host, behind),
        false => (b"", request),
    }
}

fn ends_in_protocol(request: &[u8]) -> bool {
    let protocol = request.split_last_chunk::<9>().map(|(_, end)| end);
    protocol.is_some_and(|end| end.starts_with(b" HTTP/") && end[6].is_ascii_digit())
}

/// ` 403 153`, or ` 403` at the end of the line.
#[inline]
fn answer(input: &[u8]) -> Parsed<'_, (u16, Option<u64>)> {
    let (input, status) = status(spaces(input)?)?;
    // Formats written by hand end with the status.
    if input.len() < 3 && input.trim_ascii().is_empty() {
        return Ok((b"", (status, None)));
    }
    let (input, bytes) = size(spaces(input)?)?;
    Ok((input, (status, bytes)))
}

/// Referer and user agent without quotes, up to the end: ` - curl/8.5.0 (linux)`, as civetweb has them.
#[cold]
fn bare_headers(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (referer, agent) = split_word(rest.strip_prefix(b" ")?);
    let is_referer =
        referer == b"-" || referer.starts_with(b"http://") || referer.starts_with(b"https://");
    let is_last = memchr::memchr(b'"', agent).is_none();
    (is_referer && is_user_agent(agent) && is_last).then_some((referer, agent))
}

/// ` "referer" "user agent"`, of which any may be a `-` without quotes.
#[inline]
fn headers(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let (input, referer) = match unspaced(input)? {
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
                || rest.strip_prefix(b"\"").is_some_and(is_user_agent)
                || matches!(rest, b" -" | [b' ', b'-', b' ', ..])
        })?,
    };
    match unspaced(input)? {
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
mod tests;
