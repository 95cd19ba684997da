//! The rules that decided denials, as the access log itself names them.
//!
//! HAProxy names file and line of the last rule that ended a set of rules; firewalls and proxies name the rule that
//! refused. Where an application answered, HAProxy's rule let the request pass: its place says nothing of the denial, and
//! is not kept.

use crate::key::intern::Interner;
use crate::record::{Record, Upstream};

/// Longest name and longest message that are kept: longer ones are cut.
const LONGEST: usize = 256;

/// A denial, and its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// File that the line of the denial stands in.
    pub source: u32,
    /// That line, from 0.
    pub line: u32,
    /// Number of the rule.
    pub rule: u32,
}

/// A rule as a log names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deciding {
    /// By its place in a configuration: file, and line from 1.
    At(String, u32),
    /// By a name, with what it says of itself.
    Named(String, String),
}

/// The rules that decided denials.
#[derive(Debug, Default)]
pub struct Rules {
    /// `@file:line` or `name`, NUL and message; each once.
    names: Interner,
    decided: Vec<Decided>,
    text: Vec<u8>,
}

impl Rules {
    /// Notes what a denial's line says of its rule.
    pub(super) fn note(&mut self, record: &Record<'_>, source: u32, line: u32) {
        self.text.clear();
        if let Some(rule) = &record.rule {
            self.text.push(NAME);
            push_part(&rule.name, &mut self.text);
            self.text.push(END);
            push_part(&rule.message, &mut self.text);
        } else if let Some((file, of_rule)) = record.rule_place()
            && !matches!(record.upstream, Upstream::Status(_))
        {
            self.text.push(PLACE);
            self.text.extend_from_slice(file);
            self.text
                .extend_from_slice(format!(":{of_rule}").as_bytes());
        } else {
            return;
        }
        self.decided.push(Decided {
            source,
            line,
            rule: self.names.intern(&self.text),
        });
    }

    /// Takes over what another thread noted.
    pub(super) fn absorb(&mut self, other: Rules) {
        let names = other.names.iter();
        let rules: Vec<u32> = names.map(|(_, name)| self.names.intern(name)).collect();
        let decided = other.decided.into_iter().filter_map(|decided| {
            let rule = *rules.get(decided.rule as usize)?;
            Some(Decided { rule, ..decided })
        });
        self.decided.extend(decided);
    }

    /// The denials of which the log says it, in no order.
    pub fn decided(&self) -> &[Decided] {
        &self.decided
    }

    /// The rule of a number.
    pub fn rule(&self, number: u32) -> Deciding {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self.names.bytes(number) {
            [NAME, rest @ ..] => {
                let end = memchr::memchr(END, rest).unwrap_or(rest.len());
                Deciding::Named(
                    text(&rest[..end]),
                    text(rest.get(end + 1..).unwrap_or_default()),
                )
            }
            bytes => {
                let name = text(bytes.get(1..).unwrap_or_default());
                let (file, line) = name.rsplit_once(':').unwrap_or((&name, ""));
                Deciding::At(file.to_owned(), line.parse().unwrap_or_default())
            }
        }
    }
}

/// How the text of a place begins.
const PLACE: u8 = b'@';
/// How the text of a name begins.
const NAME: u8 = b'#';
/// What stands between a name and a message.
const END: u8 = 0;

fn push_part(part: &[u8], text: &mut Vec<u8>) {
    let part = &part[..part.len().min(LONGEST)];
    text.extend(part.iter().filter(|byte| **byte != END));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::NamedRule;
    use std::borrow::Cow;

    #[test]
    fn places_of_several_threads_are_one_list() {
        let record = |line: u32, upstream: Upstream| Record {
            rule_file: Cow::Borrowed(b"a.cfg"),
            rule_line: line,
            upstream,
            ..Record::default()
        };
        let (mut first, mut second) = (Rules::default(), Rules::default());
        first.note(&record(3, Upstream::NotAsked), 0, 0);
        second.note(&record(7, Upstream::Unknown), 0, 5);
        second.note(&record(3, Upstream::NotAsked), 0, 6);
        second.note(&record(3, Upstream::Status(403)), 0, 7);
        second.note(&record(0, Upstream::NotAsked), 0, 8);
        first.absorb(second);
        let decided = first.decided().iter();
        let read: Vec<(u32, Deciding)> = decided
            .map(|decided| (decided.line, first.rule(decided.rule)))
            .collect();
        let at = |of_denial, line| (of_denial, Deciding::At("a.cfg".to_owned(), line));
        assert_eq!(read, [at(0, 3), at(5, 7), at(6, 3)]);
    }

    #[test]
    fn a_name_goes_before_a_place_and_is_cut() {
        let named = |name: &[u8], message: &[u8]| Record {
            rule_file: Cow::Borrowed(b"a.cfg"),
            rule_line: 3,
            rule: Some(Box::new(NamedRule {
                name: name.to_vec(),
                message: message.to_vec(),
            })),
            ..Record::default()
        };
        let mut rules = Rules::default();
        rules.note(&named(b"login\0limit", b"at most 100"), 0, 0);
        rules.note(&named(&[b'x'; 1000], b""), 0, 1);
        let read: Vec<Deciding> = (0..2).map(|number| rules.rule(number)).collect();
        let named =
            |name: &str, message: &str| Deciding::Named(name.to_owned(), message.to_owned());
        assert_eq!(
            read,
            [
                named("loginlimit", "at most 100"),
                named(&"x".repeat(LONGEST), "")
            ]
        );
    }
}
