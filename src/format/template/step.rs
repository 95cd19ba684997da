//! One step of a compiled template: a literal that must stand there, and the field behind it.

use super::literal::Literal;
use super::{Escape, Shape, Variable};
use crate::find::find;
use crate::format::draft::Draft;
use crate::format::field::{Parsed, ends_in_escape, refuse, request_line};
use crate::format::json::unescape;
use crate::time::{Clock, Partial};
use memchr::memchr_iter;
use nom::Parser;
use nom::bytes::complete::take;
use std::borrow::Cow;

/// A literal and the field behind it.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) literal: Literal,
    pub(super) variable: Variable,
    pub(super) end: End,
    pub(super) escape: Escape,
    /// Whether a status follows behind the literal that ends the field: then the field may hold that literal.
    pub(super) before_status: bool,
}

/// Where a field without a shape of its own ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// Before this literal.
    Before(Literal),
    /// Before this literal, which ends the line.
    BeforeTail(Literal),
    /// Before a space or at the end of the line.
    Word,
    /// Where its shape says.
    Shape,
}

impl Step {
    pub(super) fn is_pattern(&self) -> bool {
        matches!(self.variable.shape, Shape::Pattern(_))
    }

    /// Reads literal and field; yields the rest of the line and the value of the field.
    #[inline]
    pub(super) fn read<'a>(
        &self,
        line: &'a [u8],
        time: &mut Partial,
    ) -> Option<(&'a [u8], &'a [u8])> {
        let line = self.literal.skip(line)?;
        if let Shape::Pattern(pattern) = &self.variable.shape {
            let rest = pattern.read(line, time)?;
            return Some((rest, &line[..line.len() - rest.len()]));
        }
        self.field(line).ok()
    }

    /// Puts the value of the field where it belongs; `None` where it says that the line is no request at all.
    #[inline]
    pub(super) fn put<'a>(
        &self,
        value: &'a [u8],
        draft: &mut Draft<'a>,
        clock: &mut Clock,
    ) -> Option<()> {
        let Some((role, rank)) = self.variable.role else {
            return Some(());
        };
        let value = match self.escape {
            Escape::Json if value.contains(&b'\\') => Cow::Owned(unescape(value)),
            _ => Cow::Borrowed(value),
        };
        draft.put(role, rank, value, clock)
    }

    fn field<'a>(&self, line: &'a [u8]) -> Parsed<'a, &'a [u8]> {
        match (&self.variable.shape, &self.end) {
            (Shape::Width(width), _) => take(*width).parse(line),
            (Shape::Status, _) => {
                let (rest, _) = crate::format::field::status(line)?;
                Ok((rest, &line[..line.len() - rest.len()]))
            }
            (Shape::InBrackets, _) => {
                let Some(end) = find(line, 0, b']') else {
                    return refuse();
                };
                take(end + usize::from(line.starts_with(b"["))).parse(line)
            }
            (Shape::QuestionMark, _) => {
                let (mark, rest) = line.split_at(usize::from(line.starts_with(b"?")));
                Ok((rest, mark))
            }
            (Shape::Spaces, _) => {
                let spaces = line.iter().take_while(|byte| **byte == b' ').count();
                if spaces == 0 {
                    return refuse();
                }
                take(spaces).parse(line)
            }
            (Shape::Rest, _) if line.is_empty() || line.starts_with(b" ") => Ok((b"", line)),
            // Behind a slash, a hyphen or the like the rest is the end of a word that nobody needs.
            (Shape::Rest, _) if !self.literal.ends_with(b"\"") => Ok((b"", line)),
            (Shape::Rest, _) => refuse(),
            (Shape::Captures, _) if line.starts_with(b" {") => {
                let Some(end) = memchr::memchr(b'}', line) else {
                    return refuse();
                };
                take(end + 1).parse(line)
            }
            (Shape::Captures, _) => take(0usize).parse(line),
            (Shape::Line, _) => Ok((b"", line)),
            (Shape::Number, _) => {
                let is_part = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
                let digits = line.iter().take_while(is_part).count();
                if digits == 0 {
                    return refuse();
                }
                take(digits).parse(line)
            }
            (Shape::Fraction, _) => {
                let is_part = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
                let digits = line.iter().take_while(is_part).count();
                if !line[..digits].contains(&b'.') {
                    return refuse();
                }
                take(digits).parse(line)
            }
            (Shape::Phrase, _) => {
                let is_part = |byte: &&u8| byte.is_ascii_alphabetic() || b" '-".contains(byte);
                let words = line.iter().take_while(is_part).count();
                let words = line[..words].trim_ascii_end().len();
                if words == 0 {
                    return refuse();
                }
                take(words).parse(line)
            }
            (Shape::OneOf(words), _) => {
                let end = memchr::memchr2(b' ', b'"', line).unwrap_or(line.len());
                if words.contains(&&line[..end]) {
                    return take(end).parse(line);
                }
                refuse()
            }
            (_, End::Word) => {
                let end = find(line, 0, b' ').unwrap_or(line.len());
                take(end).parse(line)
            }
            (_, End::BeforeTail(tail)) => self.up_to_tail(line, tail),
            (_, End::Before(literal)) => self.up_to(line, literal),
            (_, End::Shape) => refuse(),
        }
    }

    /// The field before `literal`, which is not consumed.
    fn up_to<'a>(&self, line: &'a [u8], literal: &Literal) -> Parsed<'a, &'a [u8]> {
        let Some(&first) = literal.first() else {
            return refuse();
        };
        /// Most ends of a field that are looked at closely, each of which is a look at all before or behind it: a line
        /// may consist of them.
        const MOST: usize = 64;
        let escaped = first == b'"' && self.escape != Escape::None;
        let looks_closely = matches!(self.variable.shape, Shape::Request | Shape::InParentheses);
        let (mut from, mut looks) = (0, 0);
        while let Some(end) = find(line, from, first) {
            from = end + 1;
            let (field, rest) = line.split_at(end);
            if looks_closely && self.may_end(field) {
                looks += 1;
                if looks > MOST {
                    return refuse();
                }
            }
            if literal.begins(rest)
                && !(escaped && ends_in_escape(field))
                && self.is_whole(field, rest, first)
                && (!self.before_status
                    || crate::format::field::status(&rest[literal.len()..]).is_ok())
            {
                return if self.is_torn(field) {
                    refuse()
                } else {
                    Ok((rest, field))
                };
            }
        }
        refuse()
    }

    /// The field before `tail`, which ends the line. A quote that ends a field before that means
    /// that the line holds more fields than the template.
    fn up_to_tail<'a>(&self, line: &'a [u8], tail: &[u8]) -> Parsed<'a, &'a [u8]> {
        let Some(field) = line.strip_suffix(tail) else {
            return refuse();
        };
        if self.is_torn(field) {
            return refuse();
        }
        let escaped = tail.first() == Some(&b'"') && self.escape != Escape::None;
        let ends_early =
            |at: usize| field[at + 1..].starts_with(b" ") && !ends_in_escape(&field[..at]);
        if escaped && (ends_in_escape(field) || memchr_iter(b'"', field).any(ends_early)) {
            return refuse();
        }
        Ok((&line[field.len()..], field))
    }

    /// Whether a field holds spaces that it cannot have.
    fn is_torn(&self, field: &[u8]) -> bool {
        match self.variable.shape {
            Shape::Word => find(field, 0, b' ').is_some(),
            Shape::Moment => {
                !field.first().is_some_and(u8::is_ascii_digit) || find(field, 0, b' ').is_some()
            }
            Shape::Client => memchr_iter(b' ', field).any(|at| at == 0 || field[at - 1] != b','),
            _ => false,
        }
    }

    /// Whether a field that is looked at closely may end here, by its last bytes.
    fn may_end(&self, field: &[u8]) -> bool {
        self.variable.shape != Shape::Request || ends_in_protocol(field)
    }

    /// Whether a field that may hold its own delimiter is complete.
    fn is_whole(&self, field: &[u8], rest: &[u8], delimiter: u8) -> bool {
        match self.variable.shape {
            Shape::Quoted => matches!(rest.get(1), None | Some(b' ')),
            Shape::InParentheses => {
                let end = memchr::memchr(b')', rest).unwrap_or(rest.len());
                !rest[..end].iter().skip(1).any(|byte| *byte == delimiter)
            }
            _ if delimiter != b' ' => true,
            Shape::Request => {
                field == b"-" || ends_in_protocol(field) && !request_line(field).0.is_empty()
            }
            Shape::Client => field.last() != Some(&b','),
            Shape::List => !matches!(field.last(), Some(b',' | b':')) && !rest.starts_with(b" : "),
            _ => true,
        }
    }
}

fn ends_in_protocol(request: &[u8]) -> bool {
    let last = request
        .rsplit(|&byte| byte == b' ')
        .next()
        .unwrap_or_default();
    last.starts_with(b"HTTP/")
}
