//! What a server states about a denial, in a field of the line or in a line of its error log.
//!
//! A *reason* is a value of a field that names the cause; they are a table, and a new one is a line in
//! it. A *statement* is what a row carries: a reason, or what a side log said. It claims one cause, or
//! leaves a few, or rules some out: `access forbidden by rule` does not say which rule.
//! Values are compared in lower case, with `_` for spaces and dashes. Sources: the servers' own
//! documentation, and the words that frameworks and gateways use for a 403.

pub mod firewall;
mod reasons;

pub use reasons::{REASONS, Reason, Source};

use crate::findings::Cause;

/// A reason that a line states by itself: its place in [`REASONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stated(u8);

/// Longest value that is compared: longer ones are prose.
const LONGEST_VALUE: usize = 64;

/// Where the reasons of each kind of field begin and end: a line asks for each field that may state one.
const PLACES: [(usize, usize); 64] = places();

const fn places() -> [(usize, usize); 64] {
    let mut places = [(0, 0); 64];
    let mut at = 0;
    while at < REASONS.len() {
        let (first, end) = &mut places[REASONS[at].source as usize];
        if *end == 0 {
            *first = at;
        }
        *end = at + 1;
        at += 1;
    }
    places
}

impl Stated {
    /// What a field of this kind states with this value.
    pub fn by(source: Source, value: &[u8]) -> Option<Stated> {
        let mut word = [0; LONGEST_VALUE];
        let word = normal(value, &mut word)?;
        let (first, end) = PLACES[source as usize];
        let place = REASONS[first..end]
            .iter()
            .position(|reason| reason.source == source && reason.values.matches(word))
            .map(|step| first + step);
        place.and_then(|place| u8::try_from(place).ok()).map(Stated)
    }

    /// The first reason of a kind of field with this name, as `export` writes it.
    pub fn named(by: &[u8]) -> Option<Stated> {
        let place = REASONS.iter().position(|reason| reason.by.as_bytes() == by);
        place.and_then(|place| u8::try_from(place).ok()).map(Stated)
    }

    /// The reason.
    pub fn reason(self) -> &'static Reason {
        REASONS.get(usize::from(self.0)).unwrap_or(&REASONS[0])
    }

    /// Its place in [`REASONS`].
    pub fn place(self) -> usize {
        usize::from(self.0)
    }
}

/// A value in lower case, without its parameters (`rbac_access_denied_matched_policy[none]`).
fn normal<'w>(value: &[u8], word: &'w mut [u8; LONGEST_VALUE]) -> Option<&'w [u8]> {
    let end = value.iter().position(|byte| matches!(byte, b'[' | b'{'));
    let value = value.get(..end.unwrap_or(value.len()))?;
    let room = word.get_mut(..value.len())?;
    for (to, from) in room.iter_mut().zip(value) {
        *to = match from.to_ascii_lowercase() {
            b' ' | b'-' | b'.' => b'_',
            other => other,
        };
    }
    Some(room)
}

/// How far a statement goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Claim {
    /// It names the cause.
    Is(Cause),
    /// It speaks for a cause with this weight, and leaves others possible.
    Suggests(Cause, f64),
    /// It is one of these; how the denials behave must tell which.
    OneOf(&'static [Cause]),
    /// It is none of these: the server would have said so.
    NoneOf(&'static [Cause]),
}

/// What was stated about a denial.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// How far it goes.
    pub claim: Claim,
    /// What exactly denied, where it says.
    pub mechanism: Option<&'static str>,
    /// Who says so: `limit_req_status`, `nginx error log`.
    pub by: &'static str,
    /// What it says, as a clause: `limiting requests by zone "search"`.
    pub says: String,
    /// Name of the limiter's zone.
    pub zone: Option<String>,
    /// Number of the rule.
    pub rule: Option<String>,
    /// The rule's own message.
    pub message: Option<String>,
    /// Where the rule stands in the server's configuration, where the log says.
    pub place: Option<String>,
    /// File of the first line that says so; none where the access log itself does.
    pub file: Option<String>,
    /// That line, from 1.
    pub line: u64,
    /// Statements of one group are about one policy.
    pub group: u16,
    /// The number of what the line states by itself, of which this says more; [`NOTHING`] where it states nothing.
    pub of_line: u16,
    /// Whether it is the silence of an error log that would have had a line.
    pub is_silence: bool,
    /// Whether it names the place of a rule and nothing that tells what the rule is.
    pub is_bare_place: bool,
}

/// No statement.
pub const NOTHING: u16 = 0;

/// The statements that rows name: the number of a statement is its place, counted from 1.
#[derive(Debug, Clone)]
pub struct Statements {
    all: Vec<Statement>,
}

impl Default for Statements {
    /// Those that lines can state by themselves, in the order of [`REASONS`].
    fn default() -> Self {
        let all = (1..).zip(REASONS).map(|(group, reason)| Statement {
            claim: reason.claim,
            mechanism: reason.mechanism,
            by: reason.by,
            says: reason.says.to_owned(),
            zone: None,
            rule: None,
            message: None,
            place: None,
            file: None,
            line: 0,
            group,
            of_line: group,
            is_silence: false,
            is_bare_place: false,
        });
        Statements { all: all.collect() }
    }
}

impl Statements {
    /// The number of what a line states by itself.
    pub fn of_line(stated: Option<Stated>) -> u16 {
        stated.map_or(NOTHING, |stated| u16::from(stated.0) + 1)
    }

    /// The number of what the lines of such denials state by themselves, without the names and places of rules and
    /// without other logs.
    pub fn by_line(&self, number: u16) -> u16 {
        self.get(number)
            .map_or(NOTHING, |statement| statement.of_line)
    }

    /// The statement with a number.
    pub fn get(&self, number: u16) -> Option<&Statement> {
        self.all.get(usize::from(number).checked_sub(1)?)
    }

    /// Adds a statement and gives its number; [`NOTHING`] when there are too many to number.
    pub fn add(&mut self, statement: Statement) -> u16 {
        match u16::try_from(self.all.len() + 1) {
            Ok(number) => {
                self.all.push(statement);
                number
            }
            Err(_) => NOTHING,
        }
    }

    /// All of them with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Statement)> {
        (1..).zip(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_each_of_its_values() {
        for (place, reason) in REASONS.iter().enumerate() {
            for value in reason.values.examples() {
                let found = Stated::by(reason.source, value.as_bytes());
                assert_eq!(
                    found.map(Stated::place),
                    Some(place),
                    "{:?} {value}",
                    reason.source
                );
                let typed = value.to_uppercase().replace('_', "-");
                if !matches!(reason.source, Source::RetryAfter | Source::Remaining) {
                    assert!(
                        Stated::by(reason.source, typed.as_bytes()).is_some(),
                        "{typed}"
                    );
                }
            }
        }
    }

    #[test]
    fn values_that_state_nothing() {
        for (source, value) in [
            (Source::LimitRequests, "PASSED"),
            (Source::LimitRequests, "DELAYED"),
            (Source::LimitRequests, "REJECTED_DRY_RUN"),
            (Source::LimitRequests, "DELAYED_DRY_RUN"),
            (Source::LimitConnections, "REJECTED_DRY_RUN"),
            (Source::SecureLink, "1"),
            (Source::SecureLink, "-"),
            (Source::InvalidReferer, ""),
            (Source::Remaining, "12"),
            (Source::RetryAfter, "-"),
            (Source::RetryAfter, ""),
            (Source::Reason, "forbidden"),
            (Source::Reason, "access_denied"),
            (Source::Reason, ""),
            (Source::Reason, &"x".repeat(200)),
        ] {
            assert_eq!(
                Stated::by(source, value.as_bytes()),
                None,
                "{source:?} {value}"
            );
        }
    }

    #[test]
    fn numbers_count_from_one() {
        let mut statements = Statements::default();
        assert_eq!(statements.get(NOTHING), None);
        let first = Stated::by(Source::LimitRequests, b"REJECTED");
        let number = Statements::of_line(first);
        assert_eq!(statements.get(number).map(|s| s.by), Some("limit_status"));
        let added = Statement {
            says: "more".into(),
            ..statements.get(number).cloned().expect("it is there")
        };
        let number = statements.add(added.clone());
        assert_eq!(statements.get(number), Some(&added));
        assert_eq!(statements.get(number + 1), None);
    }
}
