//! The text form of a policy, written.

use super::{Policy, number};
use crate::findings::{Algorithm, Condition, Limit, Moment, Operator};
use chrono::SecondsFormat;
use std::fmt::{self, Display, Formatter, Write};

/// Words of the grammar, which a value must not be taken for.
pub(super) const RESERVED: [&str; 12] = [
    "and",
    "on",
    "since",
    "until",
    "not",
    "containing",
    "under",
    "is",
    "for",
    "per",
    "all",
    "in",
];

impl Display for Policy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.limit {
            Some(limit) => write_limit(f, limit)?,
            None => f.write_str("deny")?,
        }
        write_conditions(f, &self.conditions, self.limit.is_some())?;
        write_moment(f, " since ", self.since)?;
        write_moment(f, " until ", self.until)
    }
}

fn write_limit(f: &mut Formatter<'_>, limit: &Limit) -> fmt::Result {
    let budget = count_text(limit.limit);
    let window = number::span_text(limit.window_s);
    match limit.algorithm {
        Algorithm::LeakyBucket => {
            write!(f, "limit {}", number::rate_text(limit.rate_per_s))?;
            if let Some(burst) = limit.burst {
                write!(f, " burst {burst}")?;
            }
        }
        Algorithm::FixedWindow => write!(f, "limit {budget} in {window}")?,
        Algorithm::SlidingWindow => {
            let sliding = if limit.renewed == Some(false) {
                "moving"
            } else {
                "sliding"
            };
            write!(f, "limit {budget} in {window} {sliding}")?;
        }
        Algorithm::Hold => {
            let fixed = if limit.renewed == Some(false) {
                " fixed"
            } else {
                ""
            };
            write!(
                f,
                "hold {}{fixed} after {budget} in {window}",
                number::span_text(limit.hold_s)
            )?;
        }
        Algorithm::Concurrency => write!(f, "limit {budget} at once")?,
    }
    for (i, key) in limit.key.iter().enumerate() {
        f.write_str(if i == 0 { " per " } else { ", " })?;
        f.write_str(key)?;
    }
    Ok(())
}

fn count_text(count: Option<u32>) -> String {
    count.map_or("?".to_string(), |count| count.to_string())
}

/// Writes the conditions; a last one about routes takes the short form `on …` where it reads well.
fn write_conditions(f: &mut Formatter<'_>, conditions: &[Condition], limited: bool) -> fmt::Result {
    if conditions.is_empty() && !limited {
        return f.write_str(" all");
    }
    let short = conditions
        .last()
        .filter(|last| last.field == "route" && reads_as_itself(last))
        .filter(|_| limited || conditions.len() > 1);
    let long = &conditions[..conditions.len() - usize::from(short.is_some())];
    for (i, condition) in long.iter().enumerate() {
        f.write_str(match (i, limited) {
            (0, true) => " for ",
            (0, false) => " ",
            _ => " and ",
        })?;
        write_condition(f, condition)?;
    }
    if let Some(condition) = short {
        f.write_str(" on ")?;
        write_values(f, &condition.values)?;
    }
    Ok(())
}

fn write_condition(f: &mut Formatter<'_>, condition: &Condition) -> fmt::Result {
    f.write_str(&condition.field)?;
    f.write_str(match condition.op {
        _ if reads_as_itself(condition) => " ",
        Operator::In => " is ",
        Operator::NotIn => " not ",
        Operator::Prefix => " under ",
        Operator::Contains => " containing ",
    })?;
    write_values(f, &condition.values)
}

/// Whether the values alone say the operator: equality, but for routes that all end in a slash,
/// which stand for everything below them.
fn reads_as_itself(condition: &Condition) -> bool {
    condition.op == bare_operator(&condition.field, &condition.values)
}

/// What a list of values without an operator means.
pub(super) fn bare_operator(field: &str, values: &[String]) -> Operator {
    let directories = !values.is_empty() && values.iter().all(|value| value.ends_with('/'));
    if field == "route" && directories {
        Operator::Prefix
    } else {
        Operator::In
    }
}

fn write_values(f: &mut Formatter<'_>, values: &[String]) -> fmt::Result {
    if values.is_empty() {
        return f.write_str("()");
    }
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        if is_bare(value) {
            f.write_str(value)?;
        } else {
            write_quoted(f, value)?;
        }
    }
    Ok(())
}

fn is_bare(value: &str) -> bool {
    !value.is_empty() && value.chars().all(is_bare_character) && !RESERVED.contains(&value)
}

/// Characters that need no quotes: none that separates, quotes, controls or hides.
pub(super) fn is_bare_character(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | ',' | '(' | ')' | '\\' | '\'' | '`')
}

fn write_quoted(f: &mut Formatter<'_>, value: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in value.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            ' '..='~' => f.write_char(c)?,
            c if c.is_alphanumeric() => f.write_char(c)?,
            // Controls, bidi marks and other signs that do not show themselves.
            c => write!(f, "\\u{{{:x}}}", c as u32)?,
        }
    }
    f.write_char('"')
}

fn write_moment(f: &mut Formatter<'_>, word: &str, moment: Option<Moment>) -> fmt::Result {
    match moment {
        Some(moment) => write!(
            f,
            "{word}{}",
            moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
        ),
        None => Ok(()),
    }
}
