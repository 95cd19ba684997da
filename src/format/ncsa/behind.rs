//! The fields behind combined: what `log_format main` and its kin add.
//!
//! `name=value` fields are known by their usual names. Fields without a name are understood only
//! where the whole sample leaves no doubt: a host name in every line, request times of three
//! decimals (the first field may have four, as Rack's, and some lines may have something else there), a number
//! before a column of `ms`, an upstream status that mostly equals the status. Everything else is passed over.

mod tail;

use crate::format::field::quoted;
use crate::format::role::Role;
use crate::format::shape::{
    is_blank, is_four_decimals, is_host_name, is_ip_list, is_six_decimals, is_status_list,
    is_three_decimals, is_user_agent,
};
use crate::record::Record;
use crate::time::Clock;
use std::borrow::Cow;

pub(super) use tail::{KNOWN_ALONE, Tail};

/// Most fields behind that are looked at for a meaning by place.
const MAX_PLACES: usize = 24;

/// What the fields behind mean, by their place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Behind {
    places: Vec<Option<Role>>,
    /// Whose fields they are, where a server writes them so by default.
    tail: Option<Tail>,
}

impl Behind {
    /// Learns the places from sampled lines: what stands behind, and the line's status.
    /// `tails` are those of servers that may have written them.
    pub(super) fn learn<'a>(lines: impl Iterator<Item = (&'a [u8], u16)>, tails: &[Tail]) -> Self {
        let mut columns: Vec<Vec<(More<'a>, u16)>> = Vec::new();
        let mut count = 0;
        let mut behind: Vec<&'a [u8]> = Vec::new();
        for (fields, status) in lines {
            behind.push(fields);
            count += 1;
            for (place, more) in Fields(fields).take(MAX_PLACES).enumerate() {
                if columns.len() <= place {
                    columns.push(Vec::new());
                }
                columns[place].push((more, status));
            }
        }
        let first_is_time = columns.first().is_some_and(|column| are_times(column));
        // A field that some lines lack shifts those behind it, so places end there.
        columns.truncate(
            columns
                .iter()
                .take_while(|column| column.len() == count)
                .count(),
        );
        let mut places = Vec::new();
        for column in &columns {
            let role = role_of(column, &places);
            places.push(role);
        }
        put_before_unit(&columns, &mut places);
        if first_is_time && places.first().is_none_or(Option::is_none) {
            places.resize(places.len().max(1), None);
            places[0] = Some(Role::Seconds);
        }
        if let Some(known) = tail::known(&behind, tails) {
            places = known.places();
            return Behind {
                places,
                tail: Some(known),
            };
        }
        Behind { places, tail: None }
    }

    /// Whether the fields are those of Traefik's access log: count, router, service URL, duration.
    pub(super) fn is_traefik(&self) -> bool {
        self.tail == Some(Tail::Traefik)
    }

    /// Puts the fields into the record. What cannot be read counts as absent, and what stands behind a quote or
    /// bracket that is left open is passed over.
    pub(super) fn assign<'a>(&self, behind: &'a [u8], record: &mut Record<'a>, clock: &mut Clock) {
        let mut fields = Fields(behind);
        for (place, field) in (&mut fields).enumerate() {
            let (role, value) = match field {
                More::Named(name, value) => (role_of_name(name), value),
                More::Bare(value) if is_whole_ms(value) => (Some(Role::Milliseconds), value),
                More::Bare(value) if self.is_traefik() => {
                    (has_unit_of_time(value).then_some(Role::Seconds), value)
                }
                More::Bare(value) if value.starts_with(b"ms:") => {
                    (Some(Role::Milliseconds), value.get(3..).unwrap_or_default())
                }
                More::Bare(value) | More::Quoted(value) | More::Bracketed(value) => {
                    (self.places.get(place).copied().flatten(), value)
                }
            };
            if let Some(role) = role
                && !is_told(role, record)
            {
                // `rt=-` makes no line another's.
                let _ = role.assign(record, Cow::Borrowed(value), clock);
            }
        }
    }
}

/// Traefik's `12ms`, whatever else the line has.
fn is_whole_ms(value: &[u8]) -> bool {
    let digits = value.strip_suffix(b"ms").unwrap_or_default();
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Whether combined has told before what stands behind under a name, too.
fn is_told(role: Role, record: &Record<'_>) -> bool {
    match role {
        Role::UserAgent => !record.user_agent.is_empty(),
        Role::Referer => !record.referer.is_empty(),
        _ => false,
    }
}

/// Puts the fields between size and referer into the record: they are known by their names, by a unit,
/// or as seconds of three decimals.
#[cold]
pub(super) fn assign_between<'a>(between: &'a [u8], record: &mut Record<'a>, clock: &mut Clock) {
    for field in Fields(between) {
        let (role, value) = match field {
            More::Named(name, value) => (role_of_name(name), value),
            // Tomcat's documentation writes `ms:%D`.
            More::Bare(value) => match value.strip_prefix(b"ms:") {
                Some(number) => (Some(Role::Milliseconds), number),
                None if is_three_decimals(value) => (Some(Role::Seconds), value),
                // nginx's `$host`, where nothing else stands there.
                None => {
                    let alone = between.trim_ascii() == value;
                    let is_host = alone && is_host_name(value) && record.host.is_empty();
                    (is_host.then_some(Role::Host), value)
                }
            },
            More::Quoted(value) | More::Bracketed(value) => (None, value),
        };
        if let Some(role) = role {
            let _ = role.assign(record, Cow::Borrowed(value), clock);
        }
    }
}

/// The meaning of a usual name. Sources: the log formats of the nginx documentation, of NGINX
/// Amplify, and those that people post when they ask for help.
pub(super) fn role_of_name(name: &[u8]) -> Option<Role> {
    // Header fields are named in any case.
    let mut lower = [0; 24];
    let room = lower.get_mut(..name.len())?;
    room.copy_from_slice(name);
    room.make_ascii_lowercase();
    Some(match &*room {
        b"rt" | b"request_time" | b"req_time" | b"reqtime" | b"duration" | b"took" | b"latency" => {
            Role::Seconds
        }
        b"response-time" | b"response_time" => Role::Took,
        b"duration_ms" | b"request_time_ms" | b"rt_ms" | b"latency_ms" | b"elapsed_ms" => {
            Role::Milliseconds
        }
        b"duration_us" | b"request_time_us" | b"rt_us" | b"latency_us" => Role::Microseconds,
        b"us" | b"ups" | b"ust" | b"upstream_status" => Role::UpstreamStatus,
        b"key" | b"api_key" | b"apikey" | b"api-key" | b"x_api_key" | b"x-api-key" => Role::Token,
        b"token" | b"auth" | b"authorization" => Role::Token,
        b"user" | b"remote_user" => Role::User,
        b"lim" | b"limit" | b"limit_req" | b"limit_req_status" => Role::LimitStatus,
        b"limit_conn" | b"limit_conn_status" => Role::ConnectionStatus,
        b"retry_after" | b"retry-after" => Role::RetryAfter,
        b"ratelimit_remaining" | b"x_ratelimit_remaining" | b"remaining" => Role::Remaining,
        b"reason" | b"deny_reason" | b"denied_by" | b"error_code" => Role::Reason,
        b"request_id" | b"req_id" | b"rid" | b"id" | b"unique_id" | b"log_id" | b"conn"
        | b"connection" => Role::Id,
        b"agent" | b"user_agent" | b"http_user_agent" => Role::UserAgent,
        b"referer" | b"http_referer" => Role::Referer,
        b"last_rule" | b"last_rule_file" => Role::RuleFile,
        b"last_rule_line" => Role::RuleLine,
        b"secure_link" => Role::SecureLink,
        b"invalid_referer" => Role::InvalidReferer,
        b"host" | b"http_host" | b"vhost" | b"server_name" | b"sn" => Role::Host,
        b"xff"
        | b"x_forwarded_for"
        | b"x-forwarded-for"
        | b"http_x_forwarded_for"
        | b"forwarded" => Role::ForwardedFor,
        _ => return None,
    })
}

/// A field behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More<'a> {
    Bare(&'a [u8]),
    Quoted(&'a [u8]),
    Bracketed(&'a [u8]),
    Named(&'a [u8], &'a [u8]),
}

impl<'a> More<'a> {
    fn value(&self) -> &'a [u8] {
        match *self {
            More::Bare(v) | More::Quoted(v) | More::Bracketed(v) | More::Named(_, v) => v,
        }
    }
}

/// Splits what stands behind into fields. It stops, with a rest, at a quote or bracket left open.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = More<'a>;

    fn next(&mut self) -> Option<More<'a>> {
        let text = self.0.trim_ascii_start();
        let (rest, field) = match text {
            [] => {
                self.0 = text;
                return None;
            }
            [b'"', ..] => {
                let (rest, value) = quoted(text).ok()?;
                (rest, More::Quoted(value))
            }
            [b'[', body @ ..] => {
                let end = memchr::memchr(b']', body)?;
                match &body[end + 1..] {
                    // The address of an IPv6 upstream: `[2001:db8::7]:5000`.
                    [b':', ..] => bare(text)?,
                    rest => (rest, More::Bracketed(&body[..end])),
                }
            }
            _ => bare(text)?,
        };
        self.0 = rest;
        Some(field)
    }
}

/// `0.5`, `name=0.5`, `name="a b"`, or an nginx list: `10.0.0.1:80, 10.0.0.2:80`, `502 : 200`.
fn bare(text: &[u8]) -> Option<(&[u8], More<'_>)> {
    let mut end = word_end(text, 0);
    if let Some(equals) = memchr::memchr(b'=', &text[..end])
        && equals > 0
    {
        let (name, value) = (&text[..equals], &text[equals + 1..]);
        if value.starts_with(b"\"") {
            let (rest, value) = quoted(value).ok()?;
            return Some((rest, More::Named(name, value)));
        }
        let end = list_end(value, word_end(value, 0));
        return Some((&value[end..], More::Named(name, &value[..end])));
    }
    end = list_end(text, end);
    Some((&text[end..], More::Bare(&text[..end])))
}

fn word_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b' ', &text[from..]).map_or(text.len(), |space| from + space)
}

fn list_end(text: &[u8], mut end: usize) -> usize {
    loop {
        if text[..end].ends_with(b",") && end + 1 < text.len() {
            end = word_end(text, end + 1);
        } else if text[end..].starts_with(b" : ") {
            end = word_end(text, end + 3);
        } else {
            return end;
        }
    }
}

/// The meaning of a column that every sampled line has, if its values leave no doubt.
fn role_of(column: &[(More<'_>, u16)], before: &[Option<Role>]) -> Option<Role> {
    let is_new = |role| !before.contains(&Some(role));
    let all = |test: fn(&[u8]) -> bool| {
        let mut told = column
            .iter()
            .map(|(more, _)| more.value())
            .filter(|v| !is_blank(v))
            .peekable();
        told.peek().is_some() && told.all(test)
    };
    let quoted = column
        .iter()
        .all(|(more, _)| matches!(more, More::Quoted(_)));
    let bare = column.iter().all(|(more, _)| matches!(more, More::Bare(_)));
    if quoted && is_new(Role::ForwardedFor) && all(is_ip_list) {
        Some(Role::ForwardedFor)
    } else if (quoted || bare) && is_new(Role::Host) && all(is_host_name) {
        Some(Role::Host)
    } else if (quoted || bare) && is_new(Role::Seconds) && all(is_three_decimals)
        // Further behind, four decimals are as often a place on the map.
        || bare && before.is_empty() && (all(is_four_decimals) || all(is_six_decimals))
    {
        Some(Role::Seconds)
    } else if bare && is_new(Role::UpstreamStatus) && all(is_status_list) && agrees(column) {
        Some(Role::UpstreamStatus)
    } else if bare && is_new(Role::Seconds) && all(has_unit_of_time) {
        Some(Role::Seconds)
    } else if quoted && is_new(Role::UserAgent) && all(is_user_agent) {
        Some(Role::UserAgent)
    } else {
        None
    }
}

/// `0.0012s`, `12ms`
fn has_unit_of_time(value: &[u8]) -> bool {
    let digits = value
        .iter()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    let (number, unit) = value.split_at(digits.count());
    number.first().is_some_and(u8::is_ascii_digit) && matches!(unit, b"s" | b"ms" | b"us")
}

/// Whether what stands there without name and quotes is always seconds, as nginx writes them.
fn are_times(column: &[(More<'_>, u16)]) -> bool {
    let mut bare = column
        .iter()
        .filter_map(|(more, _)| match more {
            More::Bare(value) if !is_blank(value) => Some(value),
            _ => None,
        })
        .peekable();
    bare.peek().is_some() && bare.all(|value| is_three_decimals(value))
}

/// `5 ms`, as Reactor Netty writes the duration: the number before a column of units.
fn put_before_unit(columns: &[Vec<(More<'_>, u16)>], places: &mut [Option<Role>]) {
    let unit = columns.iter().position(|column| {
        column
            .iter()
            .all(|(more, _)| matches!(more, More::Bare(b"ms")))
    });
    if let Some(place) = unit.and_then(|unit| unit.checked_sub(1))
        && let Some(role) = places.get_mut(place)
        && !columns[place].is_empty()
    {
        *role = Some(Role::Milliseconds);
    }
}

/// Whether the column, where it tells a status, mostly tells the status of the line.
fn agrees(column: &[(More<'_>, u16)]) -> bool {
    let told: Vec<_> = column
        .iter()
        .filter(|(more, _)| !is_blank(more.value()))
        .collect();
    let same = told
        .iter()
        .filter(|(more, status)| more.value().ends_with(status.to_string().as_bytes()));
    same.count() * 10 >= told.len() * 8
}
