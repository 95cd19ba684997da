//! Apache `LogFormat` strings.
//!
//! Sources: <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html>, "Custom Log Formats", and
//! <https://tomcat.apache.org/tomcat-9.0-doc/config/valve.html>, "Access Log Valve".

use super::compile::Hints;
use super::{Kind, Piece, Problem, Shape, Variable};
use crate::format::config::apache::words;
use crate::format::role::Role;
use crate::time::Pattern;

pub(super) const HINTS: Hints = Hints {
    time: "%t",
    status: "%>s",
    client: "%h or %a",
};

/// `%t`: 10/Oct/2000:13:55:36 -0700, between brackets.
const TIME: usize = 26;

/// Request headers that mean something to us, in the order in which they are believed.
const HEADERS: &[(&str, Role)] = &[
    ("x-forwarded-for", Role::ForwardedFor),
    ("x-real-ip", Role::Address),
    ("cf-connecting-ip", Role::Address),
    ("host", Role::Host),
    ("referer", Role::Referer),
    ("user-agent", Role::UserAgent),
    ("x-api-key", Role::Token),
    ("api-key", Role::Token),
    ("apikey", Role::Token),
    ("x-auth-token", Role::Token),
    ("x-access-token", Role::Token),
    ("authorization", Role::Token),
];

/// Directives of mod_log_config and mod_logio, and of Tomcat's, that say nothing we need.
const PASSED_OVER: &str = "AfFHIkLlPpRSXCcex^no";

/// The address that Tomcat's `RemoteIpValve` found behind proxies, an attribute of the request.
const REMOTE_IP_VALVE: &str = "org.apache.catalina.AccessLog.RemoteAddr";

/// The pieces of a format string.
pub(super) fn pieces(format: &str) -> Result<Vec<Piece>, Problem> {
    let letters: Vec<char> = format.chars().collect();
    let mut builder = Pieces::default();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match (letter, letters.get(at + 1)) {
            ('%', Some('%')) => {
                builder.literal(at, '%');
                at += 2;
            }
            ('%', _) => {
                let (directive, end) = directive(&letters, at)?;
                builder.directive(&directive, at)?;
                at = end;
            }
            ('\\', Some(&escaped)) => {
                let plain = match escaped {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                };
                builder.literal(at, plain);
                at += 2;
            }
            _ => {
                builder.literal(at, letter);
                at += 1;
            }
        }
    }
    Ok(builder.pieces)
}

/// `%>s`, `%{Referer}i`, `%!200,304{User-Agent}i`.
struct Directive {
    source: String,
    argument: Option<String>,
    letter: char,
}

fn directive(letters: &[char], from: usize) -> Result<(Directive, usize), Problem> {
    let wrong = |text: &str| Problem {
        column: from,
        text: text.to_owned(),
    };
    let mut at = from + 1;
    let is_modifier = |letter: &char| letter.is_ascii_digit() || "!,<>".contains(*letter);
    while letters.get(at).is_some_and(is_modifier) {
        at += 1;
    }
    let mut argument = None;
    if letters.get(at) == Some(&'{') {
        let end = letters[at..].iter().position(|&letter| letter == '}');
        let end = at + end.ok_or_else(|| wrong("the { of this directive is not closed"))?;
        argument = Some(letters[at + 1..end].iter().collect());
        at = end + 1;
    }
    let &letter = letters
        .get(at)
        .ok_or_else(|| wrong("a directive needs a letter behind its %"))?;
    // %^FB, %{name}^ti and %{name}^to have letters behind their ^.
    let letters_behind = if letter == '^' { 2 } else { 0 };
    let end = (at + 1 + letters_behind).min(letters.len());
    let source = letters[from..end].iter().collect();
    Ok((
        Directive {
            source,
            argument,
            letter,
        },
        end,
    ))
}

#[derive(Default)]
struct Pieces {
    pieces: Vec<Piece>,
}

impl Pieces {
    fn literal(&mut self, column: usize, letter: char) {
        let mut buffer = [0; 4];
        let bytes = letter.encode_utf8(&mut buffer).as_bytes();
        if let Some(Piece {
            kind: Kind::Literal(literal),
            ..
        }) = self.pieces.last_mut()
        {
            literal.extend_from_slice(bytes);
        } else {
            self.pieces.push(Piece {
                column,
                kind: Kind::Literal(bytes.to_vec()),
            });
        }
    }

    fn ends_in_bracket(&self) -> bool {
        let last = self.pieces.last();
        matches!(last.map(|piece| &piece.kind), Some(Kind::Literal(literal)) if literal.ends_with(b"["))
    }

    fn directive(&mut self, directive: &Directive, column: usize) -> Result<(), Problem> {
        let bracketed = directive.letter == 't' && directive.argument.is_none();
        let mut variable = variable(directive).map_err(|text| Problem { column, text })?;
        // Servers in Java write it without brackets, so that the format string may have some of its own.
        let has_own = bracketed && self.ends_in_bracket();
        let bracketed = bracketed && !has_own;
        if has_own {
            variable.shape = Shape::InBrackets;
        } else if bracketed {
            self.literal(column, '[');
        }
        self.pieces.push(Piece {
            column,
            kind: Kind::Field(variable),
        });
        if bracketed {
            self.literal(column + directive.source.chars().count() - 1, ']');
        }
        Ok(())
    }
}

fn variable(directive: &Directive) -> Result<Variable, String> {
    let argument = directive.argument.as_deref();
    let (role, shape) = match (directive.letter, argument) {
        ('t', None) => (Some((Role::Time, 0)), Shape::Width(TIME)),
        ('t', Some(format)) => {
            let pattern = Pattern::new(format).map_err(|error| error.to_string())?;
            (None, Shape::Pattern(pattern))
        }
        ('a', Some("c")) => (Some((Role::Address, 9)), Shape::Client),
        ('h' | 'a', _) => (Some((Role::Address, 0)), Shape::Client),
        // Tomcat's attributes of a request and of a session.
        ('r', Some(REMOTE_IP_VALVE)) => (Some((Role::Address, 0)), Shape::Text),
        ('r' | 's', Some(_)) => (None, Shape::Text),
        ('u', _) => (Some((Role::User, 0)), Shape::Text),
        ('r', _) => (Some((Role::Request, 1)), Shape::Request),
        ('s', _) => (
            Some((Role::Status, u8::from(!directive.source.contains('>')))),
            Shape::Status,
        ),
        ('b' | 'B', _) => (Some((Role::Bytes, 0)), Shape::Text),
        ('O', _) => (Some((Role::Bytes, 1)), Shape::Text),
        ('m', _) => (Some((Role::Method, 0)), Shape::Text),
        ('U', _) => (Some((Role::Target, 2)), Shape::Text),
        ('q', _) => (Some((Role::Query, 0)), Shape::Text),
        ('v', _) => (Some((Role::Host, 1)), Shape::Text),
        ('V', _) => (Some((Role::Host, 2)), Shape::Text),
        ('D', _) | ('T', Some("us")) => (Some((Role::Microseconds, 1)), Shape::Text),
        ('T', Some("ms")) => (Some((Role::Milliseconds, 1)), Shape::Text),
        ('T', None) => (Some((Role::ServingSeconds, 2)), Shape::Text),
        ('T', _) => (Some((Role::Seconds, 2)), Shape::Text),
        ('o', Some(header)) => (sent_role(header), Shape::Text),
        ('L', _) => (Some((Role::Id, 1)), Shape::Text),
        ('x', Some("SSL_CLIENT_VERIFY")) => (Some((Role::ClientCertificate, 0)), Shape::Text),
        // varnishncsa: whether the answer came from VCL itself.
        ('x', Some("Varnish:handling")) => (Some((Role::UpstreamAsked, 0)), Shape::Text),
        ('e', Some("UNIQUE_ID")) => (Some((Role::Id, 0)), Shape::Text),
        ('i', Some(header)) => (header_role(header), Shape::Text),
        (letter, _) if PASSED_OVER.contains(letter) => (None, Shape::Text),
        _ => return Err(format!("{} is no directive of LogFormat", directive.source)),
    };
    Ok(Variable {
        source: directive.source.clone(),
        role,
        shape,
    })
}

fn header_role(header: &str) -> Option<(Role, u8)> {
    let known = (1..)
        .zip(HEADERS)
        .find(|(_, (known, _))| known.eq_ignore_ascii_case(header));
    // The Host header is what was asked for; it is believed before %v.
    known.map(|(rank, &(_, role))| (role, if role == Role::Host { 0 } else { rank }))
}

/// What a header of the answer means.
fn sent_role(header: &str) -> Option<(Role, u8)> {
    const SENT: [(&str, Role); 6] = [
        ("retry-after", Role::RetryAfter),
        ("x-ratelimit-remaining", Role::Remaining),
        ("ratelimit-remaining", Role::Remaining),
        ("ratelimit", Role::Remaining),
        ("x-deny-reason", Role::Reason),
        ("x-error-code", Role::Reason),
    ];
    let known = (0..)
        .zip(SENT)
        .find(|(_, (known, _))| known.eq_ignore_ascii_case(header));
    known.map(|(rank, (_, role))| (role, rank))
}

/// The format string of what may be a whole directive: `LogFormat "..." nickname`.
pub(super) fn unwrap_directive(text: &str) -> String {
    match text.trim().strip_prefix("LogFormat ") {
        Some(arguments) => words(arguments).into_iter().next().unwrap_or_default(),
        None => text.to_owned(),
    }
}
