//! Rules that are expected: what a file of `--known` lists, in the text form of [`rule`], one a line.
//!
//! A spike is expected if what its rule looks at lies within what a known rule looks at. Of a limit the
//! key must be the same and the rate near: what is rebuilt from a log differs a little each time.
//! Blank lines and those that start with `#` are passed over.
//!
//! [`rule`]: super::rule

use super::rule::{BadNetwork, Matcher, ParseError, Policy};
use crate::findings::{Condition, Limit, Operator, Spike};
use crate::small_file;
use std::io;
use std::path::{Path, PathBuf};

/// Rates that differ by no more than this factor are one limit.
const NEAR: f64 = 1.5;

/// Why a file of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// It cannot be read.
    #[error("cannot read the known rules {path}: {source}; give --known a file with a rule in each line", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is no rule.
    #[error("{path}:{line}:{column}: expected {expected}, found {found}; rules are written as `rule.text` shows them, such as: deny prefix 203.0.113.0/24", path = path.display())]
    NoRule {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Where in it, counted in characters from 1.
        column: usize,
        /// What could have stood there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A rule names a network that is none.
    #[error("{path}:{line}:1: {source}", path = path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: BadNetwork,
    },
}

/// Rules that are expected.
#[derive(Debug, Default)]
pub struct Known(Vec<KnownRule>);

#[derive(Debug)]
struct KnownRule {
    text: String,
    policy: Policy,
    matchers: Vec<Matcher>,
}

impl Known {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// When it cannot be read, or a line is no rule.
    pub fn read(path: &Path) -> Result<Known, KnownError> {
        let bytes = small_file::read(path).map_err(|source| KnownError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Known::parse(path, &bytes)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Known, KnownError> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut rules = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let rule = line.trim_start();
            if rule.is_empty() || rule.starts_with('#') {
                continue;
            }
            let indent = line.chars().count() - rule.chars().count();
            let policy = rule.trim_end().parse::<Policy>();
            let policy = policy.map_err(|error| no_rule(path, number, indent, error))?;
            let matchers = policy.conditions.iter().map(Matcher::new);
            let matchers = matchers.collect::<Result<_, _>>();
            rules.push(KnownRule {
                text: policy.to_string(),
                matchers: matchers.map_err(|source| KnownError::Network {
                    path: path.to_owned(),
                    line: number,
                    source,
                })?,
                policy,
            });
        }
        Ok(Known(rules))
    }

    /// The first rule that expects a spike, as text.
    pub fn expects(&self, spike: &Spike) -> Option<&str> {
        let rule = self.0.iter().find(|rule| rule.expects(spike))?;
        Some(&rule.text)
    }
}

fn no_rule(path: &Path, line: usize, indent: usize, error: ParseError) -> KnownError {
    KnownError::NoRule {
        path: path.to_owned(),
        line,
        column: indent + error.column,
        expected: error.expected,
        found: error.found,
    }
}

impl KnownRule {
    fn expects(&self, spike: &Spike) -> bool {
        let Some(rule) = &spike.rule else {
            return false;
        };
        let in_force = self.policy.since.is_none_or(|since| since <= spike.start)
            && self.policy.until.is_none_or(|until| spike.end <= until);
        let limits = match (&self.policy.limit, &rule.limit) {
            (None, None) => true,
            (Some(known), Some(rebuilt)) => is_near(known, rebuilt),
            _ => false,
        };
        let conditions = self.policy.conditions.iter().zip(&self.matchers);
        in_force
            && limits
            && conditions
                .into_iter()
                .all(|(known, matcher)| is_within(spike, &rule.r#where, known, matcher))
    }
}

/// Whether what a spike's rule looks at meets a known condition; where it says nothing of that field,
/// whether all the values that were denied do.
fn is_within(spike: &Spike, rule: &[Condition], known: &Condition, matcher: &Matcher) -> bool {
    if let Some(condition) = rule.iter().find(|c| c.field == known.field) {
        let all = || condition.values.iter().all(|v| matcher.holds(v.as_bytes()));
        return match (known.op, condition.op) {
            (Operator::NotIn, Operator::NotIn) => {
                known.values.iter().all(|v| condition.values.contains(v))
            }
            (_, Operator::NotIn) => false,
            // What lies below a place is more than the place.
            (Operator::In, Operator::Prefix | Operator::Contains) => {
                condition.op == known.op && all()
            }
            (_, Operator::Contains) => known.op == Operator::Contains && all(),
            _ => all(),
        };
    }
    let values = spike
        .keys
        .get(&known.field)
        .map_or(&[][..], |values| values);
    let distinct = spike.distinct.get(&known.field).copied().unwrap_or(0);
    distinct > 0
        && values.len() as u64 == distinct
        && values.iter().all(|v| matcher.holds(v.value.as_bytes()))
}

/// Whether two limits count the same, at about the same rate.
fn is_near(known: &Limit, rebuilt: &Limit) -> bool {
    let keys = |limit: &Limit| {
        let mut keys = limit.key.clone();
        keys.sort_unstable();
        keys
    };
    let rates = rate(known).zip(rate(rebuilt));
    keys(known) == keys(rebuilt) && rates.is_none_or(|(a, b)| a <= b * NEAR && b <= a * NEAR)
}

/// Requests per second that a limit admits in the long run; unknown for one on requests in flight.
fn rate(limit: &Limit) -> Option<f64> {
    let budget = || Some(f64::from(limit.limit?) / limit.window_s.filter(|s| *s > 0.0)?);
    limit.rate_per_s.or_else(budget)
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
