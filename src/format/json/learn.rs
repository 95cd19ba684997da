//! What the sample of a file shows of its keys beyond the tables: other spellings, and an object around the fields.
//!
//! `bodyBytesSent`, `Body-Bytes-Sent` and `body_bytes_sent ` are one name: which of them a file has, its sample
//! shows, so that no line is looked at twice. Programs put the fields of a request into an object of their own
//! (`_source` of Elasticsearch, `@nginx_fields`): its keys then mean what they mean outside.

use super::names::{Key, Names, Object};
use super::scan::{skip, space, string};
use super::{Json, body, filled};
use crate::format::draft::Draft;
use crate::format::role::Role;
use crate::time::Clock;
use memchr::memmem;

/// Puts the fields of what carries a line behind those of the line.
const CARRIERS: u8 = 64;

/// Most keys that are looked at: no service has as many fields.
const MOST: usize = 512;

impl Json {
    /// Learns how the keys of the sample are spelled, and in which object they stand where they stand in one.
    pub(super) fn learn_keys(&mut self, sample: &[&[u8]]) {
        let objects = || sample.iter().filter_map(|line| body(line));
        let keys = objects().flat_map(members).map(|(key, _)| key);
        self.names.learn_spellings(keys);
        if self.dialect.is_none()
            && let Some(path) = objects().find_map(|object| self.wrapper(object))
        {
            self.names.learn_wrapper(&path);
        }
        // GELF names the machine so that sent the message.
        let is_gelf = |line: &&&[u8]| memmem::find(line, b"\"short_message\"").is_some();
        if 2 * sample.iter().filter(is_gelf).count() > sample.len() {
            self.names.forget(b"host");
        }
        // Where audit events tell of no answer, as a policy may have it, those of what was asked are all there is.
        let tells_answers = |line: &&[u8]| {
            let stages = [&b"\"ResponseComplete\""[..], b"\"Panic\""];
            stages
                .iter()
                .any(|stage| memmem::find(line, stage).is_some())
        };
        if let Some((_, names)) = &mut self.dialect
            && names.tells(b"stage", Role::AuditStage)
            && !sample.iter().any(tells_answers)
        {
            names.forget(b"stage");
        }
    }

    /// The keys that lead to the object in which an object holds what makes a request, where it does not hold it by
    /// itself. One within another must tell the client, too: else it may be a request that a program sent.
    fn wrapper<'a>(&self, object: &'a [u8]) -> Option<Vec<&'a [u8]>> {
        let read = |object| filled(&self.names, object, &mut Clock::new(None));
        if read(object)?.1.tells_an_answer() {
            return None;
        }
        let held = || objects_of(object).filter(|(key, _)| self.names.may_wrap(key));
        for (key, inner) in held() {
            if read(inner).is_some_and(|(_, draft)| draft.tells_a_request()) {
                return Some(vec![key]);
            }
        }
        for (outer, (key, inner)) in
            held().flat_map(|(outer, inner)| objects_of(inner).map(move |held| (outer, held)))
        {
            let is_served = |draft: Draft<'_>| draft.tells_a_request() && draft.tells_a_client();
            if read(inner).is_some_and(|(_, draft)| is_served(draft)) {
                return Some(vec![outer, key]);
            }
        }
        None
    }
}

/// The objects in an object, with their keys and each behind its opening brace.
fn objects_of(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    /// Most keys that are looked at.
    const MOST: usize = 64;
    members(object)
        .take(MOST)
        .filter_map(|(key, value)| Some((key, value.strip_prefix(b"{")?)))
}

impl Names {
    /// What a key means, however it is spelled.
    pub(in crate::format) fn spelled(&self, key: &[u8]) -> Option<(Role, u8)> {
        match self.find_any(0, key) {
            Some(key) => key.role,
            None => self.spelled_otherwise(key),
        }
    }

    /// What a key means that none of the names is but for its separators.
    fn spelled_otherwise(&self, key: &[u8]) -> Option<(Role, u8)> {
        let letters = letters(key);
        let known = self.objects[0].keys.iter();
        let mut same = known.filter(|known| known.letters == letters);
        same.find_map(|known| known.role)
    }

    /// Takes in the spellings of keys.
    pub(in crate::format) fn learn_spellings<'a>(&mut self, keys: impl Iterator<Item = &'a [u8]>) {
        let mut seen: Vec<&[u8]> = Vec::new();
        for key in keys {
            if self.find_any(0, key).is_some() || seen.contains(&key) {
                continue;
            }
            if seen.len() == MOST {
                break;
            }
            seen.push(key);
        }
        for key in seen {
            if let Some((role, rank)) = self.spelled_otherwise(key) {
                // What carries a line marks its own fields so: `_ip` beside `ip`.
                let behind = if key.starts_with(b"_") { CARRIERS } else { 0 };
                self.objects[0].key(key).role = Some((role, rank.saturating_add(behind)));
            }
        }
        self.objects[0].index();
    }

    /// Whether an object may be one around the fields: one whose own keys tell of requests is none.
    fn may_wrap(&self, key: &[u8]) -> bool {
        let tells = |key: &Key| {
            let role = key.role.map(|(role, _)| role);
            matches!(
                role,
                Some(Role::Status | Role::Method | Role::Target | Role::Request)
            )
        };
        let known = self.find(0, key).and_then(|key| key.object);
        known.is_none_or(|place| !self.objects[place].keys.iter().any(tells))
    }

    /// Takes in an object around the fields, by the keys that lead to it: its keys mean what they mean outside.
    fn learn_wrapper(&mut self, path: &[&[u8]]) {
        let outside = self.objects[0].keys.clone();
        let mut places = vec![0];
        let mut place = 0;
        for key in path {
            let next = self.objects.len();
            let inner = *self.objects[place].key(key).object.get_or_insert(next);
            if inner == next {
                self.objects.push(Object::default());
            }
            self.objects[place].index();
            places.push(inner);
            place = inner;
        }
        for key in outside {
            let own = self.objects[place].key(&key.name);
            own.role = own.role.or(key.role);
            // What leads to an object around this one would nest without end.
            let object = key.object.filter(|object| !places.contains(object));
            own.object = own.object.or(object);
        }
        self.objects[place].index();
        // The machine that wrote the event.
        self.forget(b"host");
    }

    /// Whether a key outside of all objects means this.
    fn tells(&self, key: &[u8], role: Role) -> bool {
        let known = self.find(0, key).and_then(|key| key.role);
        known.is_some_and(|(known, _)| known == role)
    }

    /// Forgets what a key means outside of all objects.
    fn forget(&mut self, key: &[u8]) {
        self.objects[0].key(key).role = None;
        self.objects[0].index();
    }
}

/// The letters and digits of a name, in lower case.
pub(super) fn letters(name: &[u8]) -> Vec<u8> {
    let letters = name.iter().filter(|byte| !b"_- ".contains(byte));
    letters.map(u8::to_ascii_lowercase).collect()
}

/// The keys of an object behind its opening brace, each with the text that begins with its value; up to what is no
/// JSON.
fn members(mut input: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let key = space(input).strip_prefix(b"\"")?;
        let (rest, key) = string(key).ok()?;
        let value = space(space(rest).strip_prefix(b":")?);
        let (rest, ()) = skip(value).ok()?;
        input = space(rest).strip_prefix(b",").unwrap_or_default();
        Some((key.text, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::USUAL;

    #[test]
    fn other_spellings_of_a_name() {
        let mut names = Names::new(&[], USUAL).unwrap();
        let keys = [
            "bodyBytesSent",
            "Remote_Address ",
            "request-uri",
            "http_response",
            "____",
        ];
        names.learn_spellings(keys.iter().map(|key| key.as_bytes()));
        let role = |key: &str| {
            let found = names.find(0, key.as_bytes());
            found.and_then(|key| key.role).map(|(role, _)| role)
        };
        let found: Vec<_> = keys.iter().map(|key| role(key)).collect();
        let expected = [
            Some(Role::Bytes),
            Some(Role::Address),
            Some(Role::Target),
            None,
            None,
        ];
        assert_eq!(found, expected);
        assert_eq!(names.spelled(b"SC_STATUS").unwrap().0, Role::Status);
        assert_eq!(names.spelled(b"nothing"), None);
    }

    #[test]
    fn members_of_an_object() {
        let text = br#" "a" : {"b":[1,"}"]}, "c":"d" ,"e":1.5}, more"#;
        let found: Vec<_> = members(text).map(|(key, value)| (key, value[0])).collect();
        assert_eq!(found, [(&b"a"[..], b'{'), (b"c", b'"'), (b"e", b'1')]);
        assert_eq!(members(b"}").count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(text in "[\"{}\\[\\],: a-c1]{0,40}") {
            members(text.as_bytes()).count();
        }
    }
}
