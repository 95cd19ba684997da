//! The text form of a policy, read.
//!
//! ```text
//! policy    = (limit [keys] ["for" conditions] | "deny" ("all" | [conditions])) ["on" values]
//!             ["since" moment] ["until" moment]
//! limit     = "limit" rate ["burst" count]
//!           | "limit" count "in" span ["sliding" | "moving"] | "limit" count "at once"
//!           | "hold" span ["fixed"] "after" count "in" span
//! keys      = "per" field ("," field)*
//! conditions= condition ("and" condition)*
//! condition = ["not"] field ["is" | "not" | "under" | "containing"] values
//! values    = "()" | value ("," value)*       value = bare word | "quoted"
//! ```
//! Where alternatives fail, the one that came furthest is the one to report.

use super::number::{RATE_UNITS, SPAN_UNITS, whole_ms};
use super::print::{RESERVED, bare_operator, is_bare_character};
use super::{FIELDS, Policy};
use crate::findings::{Algorithm, Condition, Limit, Moment, Operator};
use chrono::{DateTime, Utc};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, digit1, multispace0, multispace1, none_of, one_of};
use nom::combinator::{all_consuming, map, map_opt, opt, recognize, value, verify};
use nom::error::{ErrorKind, ParseError as NomError};
use nom::multi::{many0, separated_list1};
use nom::sequence::{delimited, pair, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: expected {expected}, found {found}")]
pub struct ParseError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What could have stood there.
    pub expected: &'static str,
    /// What stands there.
    pub found: String,
}

/// What was expected, and the text from there on.
#[derive(Debug)]
struct Expected<'a> {
    rest: &'a str,
    what: &'static str,
}

impl<'a> NomError<&'a str> for Expected<'a> {
    fn from_error_kind(rest: &'a str, _: ErrorKind) -> Self {
        Expected { rest, what: "" }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }

    fn or(self, other: Self) -> Self {
        if self.rest.len() < other.rest.len() || other.what.is_empty() {
            self
        } else {
            other
        }
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Expected<'a>>;

trait Grammar<'a, T>: Parser<&'a str, Output = T, Error = Expected<'a>> {}
impl<'a, T, P: Parser<&'a str, Output = T, Error = Expected<'a>>> Grammar<'a, T> for P {}

/// Names what `parser` reads, for failures at its very start.
fn expect<'a, T>(what: &'static str, mut parser: impl Grammar<'a, T>) -> impl Grammar<'a, T> {
    move |input: &'a str| {
        parser.parse(input).map_err(|error| {
            error.map(|e: Expected<'a>| {
                let named = !e.what.is_empty() && e.rest.len() < input.len();
                if named {
                    e
                } else {
                    Expected { rest: e.rest, what }
                }
            })
        })
    }
}

pub(super) fn policy(text: &str) -> Result<Policy, ParseError> {
    let body = delimited(multispace0, whole_policy, multispace0);
    let end = expect(
        "the end of the policy, `and`, `on`, `since` or `until`",
        nom::combinator::eof,
    );
    match all_consuming(terminated(body, end)).parse(text) {
        Ok((_, policy)) => Ok(policy),
        Err(error) => {
            let (rest, what) = match error {
                nom::Err::Error(e) | nom::Err::Failure(e) => (e.rest, e.what),
                nom::Err::Incomplete(_) => ("", "more text"),
            };
            let before = &text[..text.len() - rest.len()];
            Err(ParseError {
                column: before.chars().count() + 1,
                expected: what,
                found: shown(rest),
            })
        }
    }
}

/// The next word as an error shows it, without anything a terminal would act on.
fn shown(rest: &str) -> String {
    match rest.split_whitespace().next() {
        Some(word) => format!(
            "`{}`",
            word.chars().take(40).collect::<String>().escape_debug()
        ),
        None => "the end of the line".to_string(),
    }
}

fn whole_policy(input: &str) -> Parsed<'_, Policy> {
    let mut start = expect(
        "`limit`, `hold` or `deny`",
        word_of(&["limit", "hold", "deny"]),
    );
    let (input, start) = start.parse(input)?;
    let (input, limit) = match start {
        "limit" => map(space_then(limit), Some).parse(input)?,
        "hold" => map(space_then(hold), Some).parse(input)?,
        _ => (input, None),
    };
    let (input, limit) = match limit {
        Some(limit) => {
            let (input, key) = clause("per", separated_list1(comma, field)).parse(input)?;
            (
                input,
                Some(Limit {
                    key: key.unwrap_or_default(),
                    ..limit
                }),
            )
        }
        None => (input, None),
    };
    let (input, mut conditions) = match limit {
        Some(_) => map(clause("for", conditions), Option::unwrap_or_default).parse(input)?,
        None => denied(input)?,
    };
    let (input, route) = clause("on", values).parse(input)?;
    if let Some(values) = route {
        conditions.push(bare_condition("route", values));
    }
    let (input, since) = clause("since", moment).parse(input)?;
    let (input, until) = clause("until", moment).parse(input)?;
    Ok((
        input,
        Policy {
            conditions,
            limit,
            since,
            until,
        },
    ))
}

/// What stands after `deny`: conditions, `all`, or nothing before `on`.
fn denied(input: &str) -> Parsed<'_, Vec<Condition>> {
    let all = value(Vec::new(), word_of(&["all"]));
    let (rest, _) = expect("a field, such as ip, client or route", multispace1).parse(input)?;
    if word_of(&["on"]).parse(rest).is_ok() {
        return Ok((input, Vec::new()));
    }
    alt((all, conditions)).parse(rest)
}

fn limit(input: &str) -> Parsed<'_, Limit> {
    let bucket = map(
        pair(rate, clause("burst", required_count)),
        |(rate_per_s, burst)| Limit {
            rate_per_s,
            burst,
            ..Limit::default()
        },
    );
    let at_once = map(
        terminated(
            count,
            (multispace1, tag("at"), multispace1, word_of(&["once"])),
        ),
        |limit| Limit {
            algorithm: Algorithm::Concurrency,
            limit,
            ..Limit::default()
        },
    );
    let window = map(
        (
            separated_pair(count, spaced("in"), span),
            opt(preceded(
                multispace1,
                alt((
                    value(true, word_of(&["sliding"])),
                    value(false, word_of(&["moving"])),
                )),
            )),
        ),
        |((limit, window_s), counts_rejects)| Limit {
            algorithm: if counts_rejects.is_some() {
                Algorithm::SlidingWindow
            } else {
                Algorithm::FixedWindow
            },
            limit,
            window_s,
            renewed: counts_rejects.filter(|counts| !counts),
            ..Limit::default()
        },
    );
    let what = "a number: a rate such as 10/s, or how many requests";
    expect(what, alt((bucket, at_once, window))).parse(input)
}

fn hold(input: &str) -> Parsed<'_, Limit> {
    let (input, hold_s) = span(input)?;
    let (input, fixed) = opt(preceded(multispace1, word_of(&["fixed"]))).parse(input)?;
    let (input, (limit, window_s)) =
        preceded(spaced("after"), separated_pair(count, spaced("in"), span)).parse(input)?;
    let limit = Limit {
        algorithm: Algorithm::Hold,
        limit,
        window_s,
        hold_s,
        renewed: fixed.map(|_| false),
        ..Limit::default()
    };
    Ok((input, limit))
}

fn conditions(input: &str) -> Parsed<'_, Vec<Condition>> {
    separated_list1(spaced("and"), condition).parse(input)
}

fn condition(input: &str) -> Parsed<'_, Condition> {
    let (input, negated) = opt(terminated(word_of(&["not"]), multispace1)).parse(input)?;
    let (input, field) = field(input)?;
    let operator = word_of(&["is", "not", "under", "containing"]);
    let (input, operator) = opt(preceded(multispace1, operator)).parse(input)?;
    let (input, values) = preceded(expect("a value", multispace1), values).parse(input)?;
    let op = match operator {
        _ if negated.is_some() => Operator::NotIn,
        Some("is") => Operator::In,
        Some("not") => Operator::NotIn,
        Some("under") => Operator::Prefix,
        Some(_) => Operator::Contains,
        None => return Ok((input, bare_condition(&field, values))),
    };
    Ok((input, Condition { field, op, values }))
}

fn bare_condition(field: &str, values: Vec<String>) -> Condition {
    Condition {
        field: field.to_string(),
        op: bare_operator(field, &values),
        values,
    }
}

fn field(input: &str) -> Parsed<'_, String> {
    let name = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let known = verify(name, |name: &str| FIELDS.contains(&name));
    expect(
        "a field, such as ip, prefix, client, token, route or method",
        map(known, String::from),
    )
    .parse(input)
}

fn values(input: &str) -> Parsed<'_, Vec<String>> {
    let none = value(Vec::new(), tag("()"));
    alt((none, separated_list1(comma, one_value))).parse(input)
}

fn one_value(input: &str) -> Parsed<'_, String> {
    let bare = verify(take_while1(is_bare_character), |word: &str| {
        !RESERVED.contains(&word)
    });
    expect(
        "a value (in quotes if it is a word of the grammar or has spaces)",
        alt((quoted, map(bare, String::from))),
    )
    .parse(input)
}

fn quoted(input: &str) -> Parsed<'_, String> {
    let plain = none_of("\"\\");
    let sign = alt((
        value('\n', char('n')),
        value('\r', char('r')),
        value('\t', char('t')),
        one_of("\"\\"),
        delimited(tag("u{"), code_point, char('}')),
    ));
    let escape = preceded(
        char('\\'),
        expect("an escape: \\\", \\\\, \\n, \\r, \\t or \\u{hex}", sign),
    );
    let body = map(many0(alt((plain, escape))), |characters| {
        characters.into_iter().collect()
    });
    delimited(char('"'), body, expect("a closing quote", char('"'))).parse(input)
}

fn code_point(input: &str) -> Parsed<'_, char> {
    let digits = take_while(|c: char| c.is_ascii_hexdigit());
    map_opt(digits, |hex: &str| {
        u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
    })
    .parse(input)
}

fn rate(input: &str) -> Parsed<'_, Option<f64>> {
    let (input, number) =
        terminated(number, expect("`/`, `in` or `at once`", char('/'))).parse(input)?;
    let (input, seconds) = expect("`s`, `m`, `h` or `d`", unit(&RATE_UNITS)).parse(input)?;
    Ok((input, number.map(|number| number / seconds)))
}

/// A span in seconds; the unknown one needs no unit.
fn span(input: &str) -> Parsed<'_, Option<f64>> {
    let (input, number) = number(input)?;
    let Some(number) = number else {
        return Ok((input, None));
    };
    let (rest, ms) = expect("`ms`, `s`, `m`, `h` or `d`", unit(&SPAN_UNITS)).parse(input)?;
    let what = "a span of time above zero";
    let milliseconds =
        whole_ms(number * ms).ok_or(nom::Err::Error(Expected { rest: input, what }))?;
    Ok((rest, Some(milliseconds / 1000.0)))
}

/// One of the units, as a word of its own.
fn unit<'a>(units: &'static [(&'static str, f64)]) -> impl Grammar<'a, f64> {
    map_opt(nom::character::complete::alpha1, move |word: &str| {
        units
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, size)| *size)
    })
}

/// A positive decimal number, or `?` where it is unknown.
fn number(input: &str) -> Parsed<'_, Option<f64>> {
    let unknown = value(None, char('?'));
    let digits = recognize(pair(digit1, opt(pair(char('.'), digit1))));
    let known = map_opt(digits, |digits: &str| {
        digits
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && *n > 0.0)
    });
    expect("a number above zero", alt((unknown, map(known, Some)))).parse(input)
}

fn count(input: &str) -> Parsed<'_, Option<u32>> {
    alt((value(None, char('?')), map(required_count, Some))).parse(input)
}

fn required_count(input: &str) -> Parsed<'_, u32> {
    expect(
        "a whole number",
        map_opt(digit1, |digits: &str| digits.parse().ok()),
    )
    .parse(input)
}

fn moment(input: &str) -> Parsed<'_, Moment> {
    let text = take_while1(|c: char| c.is_ascii_alphanumeric() || "+-:.".contains(c));
    let moment = map_opt(text, |text: &str| {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|moment| moment.with_timezone(&Utc))
    });
    expect("a moment such as 2026-02-11T21:46:41Z", moment).parse(input)
}

fn comma(input: &str) -> Parsed<'_, &str> {
    recognize((multispace0, char(','), multispace0)).parse(input)
}

/// `word` and what follows it, where the word stands next; else nothing.
fn clause<'a, T>(word: &'static str, body: impl Grammar<'a, T>) -> impl Grammar<'a, Option<T>> {
    let mut body = body;
    move |input: &'a str| {
        let lead: Parsed<'a, &str> = delimited(multispace1, tag(word), multispace1).parse(input);
        match lead {
            Ok((rest, _)) => body.parse(rest).map(|(rest, found)| (rest, Some(found))),
            Err(_) => Ok((input, None)),
        }
    }
}

fn space_then<'a, T>(body: impl Grammar<'a, T>) -> impl Grammar<'a, T> {
    preceded(expect("a number above zero", multispace1), body)
}

fn spaced<'a>(word: &'static str) -> impl Grammar<'a, &'a str> {
    expect(word, delimited(multispace1, tag(word), multispace1))
}

/// One of the words, followed by nothing that could belong to it.
fn word_of<'a>(words: &'static [&'static str]) -> impl Grammar<'a, &'a str> {
    verify(
        take_while1(|c: char| c.is_ascii_alphanumeric() || "_-./".contains(c)),
        move |word: &str| words.contains(&word),
    )
}
