//! A log format string, compiled into a parser.
//!
//! ```text
//! log_format (nginx), LogFormat (Apache), log-format (HAProxy) → pieces → steps: literal, field, literal, field ...
//! ```
//!
//! A field ends where the literal behind it stands, or by its own shape (a status, a stamp). A
//! string that does not tell the three things without which there is no record (time, status,
//! client), or whose fields cannot be told apart, is refused with the column where it goes wrong.

mod apache;
mod compile;
mod haproxy;
mod literal;
mod neutral;
mod nginx;
mod step;

use super::delimiters::Delimiters;
use super::draft::Draft;
use super::field::ends_in_escape;
use super::role::Role;
use super::{Format, FormatError};
use crate::record::Record;
use crate::time::{Clock, Partial, Pattern};
use compile::{Hints, ambiguity, compile, join_target, steps};
use literal::Literal;
use smallvec::SmallVec;
use step::Step;

/// How many fields most format strings have at most.
const USUAL_FIELDS: usize = 32;

/// A compiled format string.
#[derive(Debug, Clone)]
pub(super) struct Template {
    steps: Vec<Step>,
    /// What stands behind the last field.
    tail: Literal,
    /// Whether the time is spread over patterns.
    has_patterns: bool,
    /// What a line must tell.
    needs: Needs,
    name: String,
    /// Which two of its fields cannot always be told apart.
    ambiguity: Option<String>,
}

/// What a line must tell to be a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// A time, and a status or what was asked for.
    All,
    /// A time; what else is there is known of a format by its name.
    Time,
    /// Nothing: the time is that of the line's envelope.
    Nothing,
}

/// A piece of a format string, and the column where it starts, counted in characters from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    column: usize,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Literal(Vec<u8>),
    Field(Variable),
}

/// A variable of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    /// As it is written, for messages.
    source: String,
    /// What it means, and its rank among those that mean the same; `None` is passed over.
    role: Option<(Role, u8)>,
    shape: Shape,
}

/// How a field ends, where its own shape tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// Anything, up to the literal behind it.
    Text,
    /// A request line, which ends in its protocol.
    Request,
    /// Values with `, ` or ` : ` between, as nginx lists those of its upstreams.
    List,
    /// So many bytes.
    Width(usize),
    /// Three digits, or `-`.
    Status,
    /// What stands in brackets, which may be its own.
    InBrackets,
    /// `?` or nothing.
    QuestionMark,
    /// Anything without a space, up to the literal behind it.
    Word,
    /// The same, beginning with a digit, as stamps do.
    Moment,
    /// Who asked: no space but between the addresses of a list. So what carries a line, such as syslog's header, is no
    /// part of the first field.
    Client,
    /// Anything up to the last of the marks behind it within the parentheses: a user's name may be an address of mail.
    InParentheses,
    /// A number, or `-`.
    Number,
    /// A number with a point.
    Fraction,
    /// Anything up to a quote behind which the line goes on with a space or ends.
    Quoted,
    /// Words of letters, such as the reason behind a status.
    Phrase,
    /// One space or more.
    Spaces,
    /// Whatever stands behind, from a space on, or nothing.
    Rest,
    /// Anything up to the end of the line.
    Line,
    /// A space and HAProxy's captures in braces, or nothing.
    Captures,
    /// One of a few words.
    OneOf(&'static [&'static [u8]]),
    /// An Apache time pattern.
    Pattern(Pattern),
}

/// How a server writes what would not fit between its literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    /// `\x22` (nginx) or `\"` (Apache).
    Backslash,
    /// As in JSON strings.
    Json,
    /// Not at all.
    None,
}

impl Escape {
    /// That of nginx's `escape=` parameter.
    fn of_nginx(parameter: &str) -> Escape {
        match parameter {
            "json" => Escape::Json,
            "none" => Escape::None,
            _ => Escape::Backslash,
        }
    }
}

/// What went wrong in a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    column: usize,
    text: String,
}

/// Whose format string it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Server {
    Nginx,
    Apache,
    Haproxy,
}

/// A format string as given, taken out of its directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) server: Server,
    /// nginx's `escape=`; empty where there is none.
    pub(super) escape: String,
    pub(super) format: String,
}

impl Dialect {
    /// One with a variable (`$name`) is nginx's, one with what only HAProxy has is its own, any other Apache's.
    pub(super) fn of(text: &str) -> Dialect {
        let unquoted = without_own_quotes(text);
        let text = unquoted.as_deref().unwrap_or(text);
        let (server, (escape, format)) = if haproxy::is_haproxy(text) {
            let format = haproxy::unwrap_directive(text);
            (Server::Haproxy, (String::new(), format))
        } else if has_variable(text) {
            (Server::Nginx, nginx::unwrap_directive(text))
        } else {
            let format = apache::unwrap_directive(text);
            (Server::Apache, (String::new(), format))
        };
        Dialect {
            server,
            escape,
            format,
        }
    }

    /// Whether the built-in format of HAProxy reads its lines, which knows captured headers by their looks.
    pub(super) fn is_httplog(&self) -> bool {
        self.server == Server::Haproxy && haproxy::extends_httplog(&self.format)
    }

    /// How fields are escaped in its lines.
    fn escape(&self) -> Escape {
        match self.server {
            Server::Nginx => Escape::of_nginx(&self.escape),
            Server::Apache => Escape::Backslash,
            Server::Haproxy => Escape::None,
        }
    }

    /// The name of what is compiled from it.
    fn name(&self) -> &'static str {
        match self.server {
            Server::Nginx => "nginx template",
            Server::Apache => "apache template",
            Server::Haproxy => "haproxy template",
        }
    }

    fn pieces(&self) -> Result<Vec<Piece>, Problem> {
        match self.server {
            Server::Nginx => nginx::pieces(&self.format),
            Server::Apache => apache::pieces(&self.format),
            Server::Haproxy => haproxy::pieces(&self.format),
        }
    }

    /// Its variables as they are written, with their meaning and rank.
    #[allow(clippy::type_complexity)]
    pub(super) fn variables(&self) -> Result<Vec<(String, Option<(Role, u8)>)>, FormatError> {
        let pieces = self.pieces();
        let pieces = pieces.map_err(|problem| problem.in_format(&self.format))?;
        let variable = |piece: Piece| match piece.kind {
            Kind::Field(Variable {
                shape: Shape::Pattern(_),
                source,
                ..
            }) => Some((source, Some((Role::Time, 0)))),
            Kind::Field(variable) => Some((variable.source, variable.role)),
            Kind::Literal(_) => None,
        };
        Ok(pieces.into_iter().filter_map(variable).collect())
    }
}

/// Whether a name stands behind a `$`, or nothing is Apache's: a lone `$` is as good as any other mark.
fn has_variable(text: &str) -> bool {
    let begins_name = |rest: &str| {
        let first = rest.chars().next();
        first.is_some_and(|first| first.is_ascii_alphanumeric() || matches!(first, '_' | '{'))
    };
    let named = text
        .match_indices('$')
        .any(|(at, _)| begins_name(&text[at + 1..]));
    named || text.contains('$') && !text.contains('%')
}

/// The format string of one that still has the quotes around it in which a configuration has it, and therefore
/// escapes those within.
fn without_own_quotes(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut quotes = inner
        .match_indices('"')
        .map(|(at, _)| &inner[..at])
        .peekable();
    quotes.peek()?;
    let is_escaped = |before: &str| ends_in_escape(before.as_bytes());
    let is_closed = !ends_in_escape(inner.as_bytes());
    (is_closed && quotes.all(is_escaped)).then(|| inner.replace("\\\"", "\""))
}

impl Problem {
    fn in_format(self, format: &str) -> FormatError {
        FormatError::Template {
            template: format.replace(char::is_control, " "),
            column: self.column,
            problem: self.text,
        }
    }
}

impl Template {
    /// The delimiters that a line must have, since the literals have them.
    pub(super) fn least(&self) -> Delimiters {
        let literals = self.steps.iter().map(|step| &step.literal);
        let literals = literals.chain([&self.tail]);
        let bytes: Vec<u8> = literals
            .flat_map(|literal| literal.iter().copied())
            .collect();
        Delimiters::of(&bytes)
    }

    /// Compiles a format string of whichever server. A whole directive, or the quoted strings of one, may be given
    /// as it stands in the configuration.
    pub(super) fn new(text: &str) -> Result<Self, FormatError> {
        let dialect = Dialect::of(text);
        let (format, name) = (&dialect.format, dialect.name());
        match dialect.server {
            Server::Nginx => Template::from_nginx(format, &dialect.escape, name),
            Server::Apache => Template::from_apache(format, name),
            Server::Haproxy => Template::from_haproxy(format, name),
        }
    }

    /// The same, of a string that tells a status: where it tells no time or no client, its lines are read without, and
    /// what is missing is said.
    pub(super) fn with_what_it_lacks(text: &str) -> Result<(Self, Option<String>), FormatError> {
        let error = match Template::new(text) {
            Ok(template) => return Ok((template, None)),
            Err(error) => error,
        };
        match (Template::lacking(text), &error) {
            (Some(template), FormatError::Template { problem, .. }) => {
                let lack = problem.clone();
                Ok((template, Some(lack)))
            }
            _ => Err(error),
        }
    }

    /// The template of a string that tells a status, whatever else it does not tell.
    fn lacking(text: &str) -> Option<Self> {
        let dialect = Dialect::of(text);
        let (pieces, format) = (dialect.pieces(), &dialect.format);
        let escape = dialect.escape();
        let compiled = pieces.and_then(|pieces| steps(join_target(pieces), escape));
        let template = Template::build(format, compiled, dialect.name()).ok()?;
        let is_status = |step: &Step| matches!(step.variable.role, Some((Role::Status, _)));
        let tells_status = template.steps.iter().any(is_status);
        tells_status.then_some(Template {
            needs: Needs::Nothing,
            ..template
        })
    }

    /// Compiles an nginx format string with its `escape=` parameter.
    pub(super) fn from_nginx(format: &str, escape: &str, name: &str) -> Result<Self, FormatError> {
        let escape = Escape::of_nginx(escape);
        Template::of_pieces(format, nginx::pieces(format), escape, nginx::HINTS, name)
    }

    /// Compiles an Apache format string.
    pub(super) fn from_apache(format: &str, name: &str) -> Result<Self, FormatError> {
        let pieces = apache::pieces(format);
        Template::of_pieces(format, pieces, Escape::Backslash, apache::HINTS, name)
    }

    /// Compiles an HAProxy format string.
    pub(super) fn from_haproxy(format: &str, name: &str) -> Result<Self, FormatError> {
        let pieces = haproxy::pieces(format);
        Template::of_pieces(format, pieces, Escape::None, haproxy::HINTS, name)
    }

    fn of_pieces(
        format: &str,
        pieces: Result<Vec<Piece>, Problem>,
        escape: Escape,
        hints: Hints,
        name: &str,
    ) -> Result<Self, FormatError> {
        let ambiguity = pieces.as_ref().ok().and_then(|pieces| ambiguity(pieces));
        let compiled = pieces.and_then(|pieces| compile(pieces, escape, hints));
        let template = Template::build(format, compiled, name)?;
        Ok(Template {
            ambiguity,
            ..template
        })
    }

    /// Compiles a format string that is known by name, in nginx's spelling.
    pub(super) fn named(format: &str, name: &str, timeless: bool) -> Result<Self, FormatError> {
        let neutral = |mut piece: Piece| {
            if let Kind::Field(variable) = &mut piece.kind
                && let Some(own) = neutral::variable(variable.source.trim_start_matches('$'))
            {
                *variable = own;
            }
            piece
        };
        let compiled = nginx::pieces(format).and_then(|pieces| {
            let mut pieces: Vec<Piece> = pieces.into_iter().map(neutral).collect();
            neutral::hold_words_together(&mut pieces);
            steps(pieces, Escape::Backslash)
        });
        let template = Template::build(format, compiled, name)?;
        let needs = if timeless {
            Needs::Nothing
        } else {
            Needs::Time
        };
        Ok(Template { needs, ..template })
    }

    fn build(
        format: &str,
        compiled: Result<(Vec<Step>, Literal), Problem>,
        name: &str,
    ) -> Result<Self, FormatError> {
        let (steps, tail) = compiled.map_err(|problem| problem.in_format(format))?;
        let has_patterns = steps.iter().any(Step::is_pattern);
        Ok(Template {
            steps,
            tail,
            has_patterns,
            needs: Needs::All,
            name: name.to_owned(),
            ambiguity: None,
        })
    }

    /// Which two of its fields lines do not always tell apart, for users.
    pub(super) fn ambiguity(&self) -> Option<&str> {
        self.ambiguity.as_deref()
    }

    /// Where a line stops to fit: how many of its bytes fit, and what is expected behind them.
    pub(super) fn stops_at(&self, line: &[u8], clock: &mut Clock) -> Option<(usize, String)> {
        let mut draft = Draft::new();
        let mut time = Partial::default();
        let mut rest = line;
        for step in &self.steps {
            let fitting = line.len() - rest.len();
            let read = step.read(rest, &mut time);
            match read.filter(|(_, value)| step.put(value, &mut draft, clock).is_some()) {
                Some((behind, _)) => rest = behind,
                None if !rest.starts_with(&step.literal) => {
                    return Some((fitting, quoted(&step.literal)));
                }
                None => {
                    let fitting = fitting + step.literal.len();
                    return Some((fitting, step.variable.source.clone()));
                }
            }
        }
        let expected = match &self.tail[..] {
            b"" => "the end of the line".to_owned(),
            tail => quoted(tail),
        };
        (rest != &self.tail[..]).then(|| (line.len() - rest.len(), expected))
    }
}

fn quoted(literal: &[u8]) -> String {
    format!("'{}'", String::from_utf8_lossy(literal))
}

impl Format for Template {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn begins_with_hash(&self) -> bool {
        let first = self.steps.first();
        first.is_some_and(|step| step.literal.starts_with(b"#"))
    }

    #[inline]
    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        // Lines of another format are many, and seen as such before any value is looked at.
        let mut values: SmallVec<[&[u8]; USUAL_FIELDS]> = SmallVec::new();
        let mut time = Partial::default();
        let mut rest = line;
        for step in &self.steps {
            let (behind, value) = step.read(rest, &mut time)?;
            values.push(value);
            rest = behind;
        }
        if rest != &self.tail[..] {
            return None;
        }
        let mut draft = Draft::new();
        for (step, value) in self.steps.iter().zip(values) {
            step.put(value, &mut draft, clock)?;
        }
        if self.has_patterns {
            match time.instant(clock) {
                Some(instant) => draft.put_instant(instant),
                // The time of day alone.
                None if self.needs == Needs::Nothing => {}
                None => return None,
            }
        }
        match self.needs {
            Needs::All => draft.finish_placed(),
            Needs::Time => draft.finish_timed(),
            Needs::Nothing => {
                draft.put_carried(clock);
                draft.finish_timed()
            }
        }
    }
}

#[cfg(test)]
mod tests;
