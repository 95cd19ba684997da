//! JSON lines: one object per line, keys in any order, values wherever the names say.
//!
//! Sources: <https://caddyserver.com/docs/logging>, Traefik's `logdata.go`, the Elastic Common
//! Schema, and the `log_format ... escape=json` strings that people write for nginx. The text is
//! scanned once; only values that a name asks for are looked at. Lines of a JSON array count too.

mod dialects;
mod learn;
mod names;
mod scan;
mod walk;

use super::draft::Draft;
use super::field::{Parsed, refuse};
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::Record;
use crate::settings::FormatSettings;
use crate::time::Clock;
use dialects::{Dialect, dialects, named};
use names::{Key, Place};
pub(super) use names::{Names, Table, USUAL};
use nom::Parser;
use nom::bytes::complete::tag;
use scan::{Scalar, bare, skip, space, string};
pub(super) use scan::{close, unescape};
use std::borrow::Cow;
use std::sync::LazyLock;
pub(super) use walk::{Found, walk};

/// JSON lines, with the names of their fields.
#[derive(Debug, Clone)]
pub(super) struct Json {
    names: Names,
    /// The service whose lines the sample holds, or that the user names: its own names come first.
    dialect: Option<(&'static Dialect, Names)>,
    /// Other services that wrote some of the sampled lines.
    others: Vec<&'static (&'static Dialect, Names)>,
    name: &'static str,
    /// Whether the sample shows that the lines tell the time: one that does not is then no whole line.
    is_timed: bool,
}

impl BuiltIn for Json {
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError> {
        let names = |table| {
            Names::new(&settings.map, table).map_err(|field| FormatError::NoSuchField {
                field,
                known: names::mappable().collect(),
            })
        };
        let asked = settings.log_format.as_deref();
        let is_object = |line: &&[u8]| {
            let text = behind_option(line.trim_ascii_start());
            matches!(text, [b'{' | b'[', ..])
        };
        let is_json = sample.iter().any(is_object);
        let lines_of = |dialect: &Dialect| if is_json { dialect.wrote_of(sample) } else { 0 };
        let lines: Vec<usize> = dialects().iter().map(lines_of).collect();
        let mut each = dialects().iter().zip(&lines);
        let own = each.find(|(dialect, lines)| {
            asked.is_some_and(|name| dialect.known.is_named(name)) || 2 * **lines > sample.len()
        });
        let dialect = own.map(|(dialect, _)| dialect);
        let chosen = dialect.map(|dialect| dialect.known.name);
        let others = named().iter().zip(&lines).filter(|((other, _), lines)| {
            asked.is_none() && **lines > 0 && Some(other.known.name) != chosen
        });
        let others = others.map(|(other, _)| other).collect();
        let dialect = match dialect {
            Some(dialect) => Some((dialect, names(dialect.table)?)),
            None => None,
        };
        let mut json = Json {
            names: match &settings.map[..] {
                [] => Names::usual(),
                _ => names(USUAL)?,
            },
            name: dialect
                .as_ref()
                .map_or_else(|| variant(sample), |(own, _)| own.known.name),
            dialect,
            others,
            is_timed: false,
        };
        if is_json {
            json.learn_keys(sample);
            let tells_time = |line: &&[u8]| {
                let record = json.parse(line, &mut Clock::new(settings.timezone));
                record.is_some_and(|record| record.time_ms != 0)
            };
            json.is_timed = sample.iter().any(tells_time);
        }
        Ok(json)
    }
}

/// What stands behind the opening brace of a line, or of the first element of its list.
fn body(line: &[u8]) -> Option<&[u8]> {
    let body = behind_option(line.trim_ascii_start());
    body.strip_prefix(b"[").unwrap_or(body).strip_prefix(b"{")
}

/// Behind the `escape=json` of a `log_format`, which nginx before 1.11.8 does not know and writes at the start of each
/// line.
#[inline]
fn behind_option(text: &[u8]) -> &[u8] {
    match text {
        [b'e', ..] => text.strip_prefix(b"escape=json").unwrap_or(text),
        _ => text,
    }
}

impl Format for Json {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    #[inline]
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        let body = body(line)?;
        let own = self.dialect.iter().map(|(_, names)| names);
        let others = self.others.iter().filter(|(other, _)| other.wrote(body));
        // The usual names may tell the time where the service's do not.
        let mut timeless = None;
        for names in own.chain(others.map(|(_, names)| names)) {
            let Some(mut draft) = drafted(names, body, clock) else {
                continue;
            };
            draft.put_envelope_time(clock);
            match draft.finish_of_service() {
                Some(record) if record.time_ms != 0 => return Some(record),
                record => timeless = timeless.or(record),
            }
        }
        let mut draft = drafted(&self.names, body, clock)?;
        draft.put_envelope_time(clock);
        match (draft.finish_request(), timeless) {
            (Some(usual), _) if usual.time_ms != 0 => return Some(usual),
            (usual, timeless) => {
                let record = timeless.or(usual).filter(|_| !self.is_timed);
                if record.is_some() {
                    return record;
                }
            }
        }
        // A line of a service that none of the sampled ones is of.
        let stray = named().iter().find(|(service, _)| service.wrote(body));
        let mut draft = drafted(&stray?.1, body, clock)?;
        draft.put_envelope_time(clock);
        draft.finish_without_client()
    }
}

/// What the text of an object, behind its opening brace, tells by some names, where the line ends with it.
fn drafted<'a>(names: &Names, body: &'a [u8], clock: &mut Clock) -> Option<Draft<'a>> {
    let (rest, draft) = filled(names, body, clock)?;
    ends_line(rest).then_some(draft)
}

/// The same, and what stands behind the object.
fn filled<'a>(names: &Names, body: &'a [u8], clock: &mut Clock) -> Option<(&'a [u8], Draft<'a>)> {
    let mut fill = Fill {
        names,
        draft: Draft::new(),
        clock,
    };
    let (rest, ()) = fill.object(body, 0).ok()?;
    Some((rest, fill.draft))
}

/// Whether nothing but the end of a list stands there: commas, and behind a `]` what its holder holds besides,
/// and the holder of the next list up to its bracket.
fn ends_line(rest: &[u8]) -> bool {
    let list_end = memchr::memchr(b']', rest);
    let (before, behind) = rest.split_at(list_end.unwrap_or(rest.len()));
    let only = |text: &[u8], ends: &[u8]| {
        text.iter()
            .all(|byte| byte.is_ascii_whitespace() || ends.contains(byte))
    };
    let end = behind.trim_ascii_end();
    let is_held = behind.starts_with(b"],") && end.ends_with(b"}")
        || behind.starts_with(b"]") && end.ends_with(b"\":");
    only(before, b",") && (is_held || only(behind, b",]}"))
}

/// What names mean that stand side by side, as in the first row of a table: by the names of whichever service
/// knows most of them, or the usual ones; the user's own come first. `None` where one of those is no field.
pub(super) fn meanings(
    keys: &[Cow<'_, [u8]>],
    map: &[(String, String)],
) -> Option<Vec<Option<(Role, u8)>>> {
    static BY_HAND: LazyLock<Names> = LazyLock::new(Names::usual);
    let own = Names::new(map, &[]).ok()?;
    let meaning = |names: &Names, key: &[u8]| names.spelled(key);
    let known = |names: &&Names| {
        let known = keys.iter().filter(|key| meaning(names, key).is_some());
        known.count()
    };
    let services = named().iter().map(|(_, names)| names);
    // Of several that know as many the last is taken: the usual ones.
    let names = services.chain([&*BY_HAND]).max_by_key(known)?;
    let either = |key: &Cow<'_, [u8]>| meaning(&own, key).or_else(|| meaning(names, key));
    Some(keys.iter().map(either).collect())
}

/// The names of the service whose keys most lines have; those that tell no status by the usual `names` either are
/// messages, which do not count.
pub(super) fn names_by_keys(lines: &[Vec<&[u8]>], names: &Names) -> Option<&'static Names> {
    let tells_status = |key: &&[u8]| matches!(names.spelled(key), Some((Role::Status, _)));
    let told = lines.iter().filter(|keys| keys.iter().any(tells_status));
    let told = told.count();
    let is_of_most = |dialect: &Dialect| {
        let own = lines.iter().filter(|keys| dialect.is_signed_by(keys));
        let own = own.count();
        own > 0 && 2 * own > told
    };
    let mut services = named().iter();
    let own = services.find(|(dialect, _)| is_of_most(dialect));
    own.map(|(_, names)| names)
}

/// The names of services whose lines are known.
pub(super) fn services() -> impl Iterator<Item = &'static super::registry::Known> {
    dialects().iter().map(|dialect| &dialect.known)
}

/// A line of each table with the first key of each meaning, its value by the name of nginx's variable
/// for it; and the names of what it holds.
#[cfg(test)]
pub(super) fn printed_by_tables(
    variable: &dyn Fn(&str) -> String,
) -> Vec<(String, Vec<&'static str>)> {
    let tables = dialects().iter().map(|dialect| dialect.table);
    let printed = |table: names::Table| {
        let mut line = serde_json::Map::new();
        let mut told: Vec<&'static str> = Vec::new();
        for (role, paths) in table {
            let name = match role {
                Role::Time => "stamp",
                Role::Status => "status",
                Role::Address => "remote_addr",
                Role::Method => "request_method",
                Role::Target => "target",
                Role::Bytes => "size",
                Role::Referer => "http_referer",
                Role::UserAgent => "http_user_agent",
                Role::User => "remote_user",
                Role::Host => "host",
                Role::Seconds => "seconds",
                Role::Milliseconds if !told.contains(&"seconds") => "ms",
                Role::AuditStage => {
                    line.insert("stage".into(), "ResponseComplete".into());
                    continue;
                }
                _ => continue,
            };
            if !told.contains(&name) {
                told.push(name);
                let steps: Vec<&str> = paths[0].split('.').collect();
                insert(&mut line, &steps, variable(name).into());
            }
        }
        (serde_json::Value::Object(line), told)
    };
    let own = dialects().iter().zip(tables).map(|(dialect, table)| {
        let (mut line, told) = printed(table);
        // What a line of the service holds besides, so that it is recognised.
        for (key, value) in dialect.signature_members() {
            let object = line.as_object_mut();
            object.map(|object| object.entry(key).or_insert(value.into()));
        }
        (line.to_string(), told)
    });
    let (line, told) = printed(USUAL);
    own.chain([(line.to_string(), told)]).collect()
}

#[cfg(test)]
fn insert(
    object: &mut serde_json::Map<String, serde_json::Value>,
    steps: &[&str],
    value: serde_json::Value,
) {
    match steps {
        [] => {}
        [last] => drop(object.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = object
                .entry((*first).to_owned())
                .or_insert_with(|| serde_json::json!({}));
            if let Some(inner) = inner.as_object_mut() {
                insert(inner, rest, value);
            }
        }
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

/// What a header field tells.
pub(super) fn header(name: &[u8]) -> Option<Role> {
    const KNOWN: [(&str, Role); 5] = [
        ("host", Role::Host),
        ("user-agent", Role::UserAgent),
        ("referer", Role::Referer),
        ("x-forwarded-for", Role::ForwardedFor),
        ("authorization", Role::Token),
    ];
    KNOWN
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))
        .map(|&(_, role)| role)
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
            let (rest, ()) = match self.names.find_any(place, key.text) {
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
            ([b'[', rest @ ..], _, Some((Role::HeaderList, _))) => {
                self.headers(input);
                close(rest)
            }
            ([b'[', rest @ ..], _, Some((role, rank))) if role.is_list() => {
                let (behind, ()) = close(rest)?;
                let list = &input[..input.len() - behind.len()];
                if list.len() > b"[]".len() {
                    self.draft.put(role, rank, Cow::Borrowed(list), self.clock);
                }
                Ok((behind, ()))
            }
            // Header fields come as lists; the first of the list is what the server looked at.
            ([b'[', rest @ ..], _, Some(_)) if matches!(space(rest).first(), Some(b'"')) => {
                close(self.scalar(space(rest), key)?.0)
            }
            ([b'{' | b'[', ..], _, _) | (_, _, None) => skip(input),
            _ => self.scalar(input, key),
        }
    }

    /// A list of header fields: `[{"name":"Host","value":"example.com"}, ...]`, or each with a `key`.
    fn headers(&mut self, list: &'a [u8]) {
        let mut name: &[u8] = b"";
        let (draft, clock) = (&mut self.draft, &mut *self.clock);
        walk(list, &mut |key, found| {
            if key.eq_ignore_ascii_case(b"name") || key.eq_ignore_ascii_case(b"key") {
                name = found.text;
            } else if key.eq_ignore_ascii_case(b"value")
                && let Some(role) = header(name)
            {
                let value = Scalar {
                    text: found.text,
                    escaped: found.escaped,
                };
                draft.put(role, 100, value.field(), clock);
            }
        });
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
mod tests;
