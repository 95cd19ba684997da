//! HAProxy `log-format` strings.
//!
//! Source: HAProxy's configuration manual, section 8.2.6. A variable is `%name` or `%{flags}name`, a sample
//! `%[expression]`. The flag `Q` puts quotes around a value; `%o` sets flags for all that follow. Spaces count as one, and
//! captured headers leave no trace where none is captured.

use super::compile::Hints;
use super::{Kind, Piece, Problem, Shape, Variable};
use crate::format::config::apache::words;
use crate::format::role::Role;

pub(super) const HINTS: Hints = Hints {
    time: "[%tr], [%trl] or %Ts",
    status: "%ST",
    client: "%ci",
};

/// What the variables mean, with their rank among those that mean the same.
const VARIABLES: &[(&str, Role, u8)] = &[
    ("trl", Role::Time, 0),
    ("trg", Role::Time, 1),
    ("Tl", Role::Time, 2),
    ("T", Role::Time, 3),
    ("tr", Role::Time, 4),
    ("t", Role::Time, 5),
    ("Ts", Role::Time, 6),
    ("ST", Role::Status, 0),
    ("ci", Role::Address, 1),
    ("HM", Role::Method, 0),
    ("HU", Role::Target, 0),
    ("HP", Role::Target, 1),
    ("HPO", Role::Target, 2),
    ("HQ", Role::Query, 0),
    ("r", Role::Request, 0),
    ("B", Role::Bytes, 0),
    ("Ta", Role::Milliseconds, 0),
    ("Tt", Role::Milliseconds, 1),
    ("ID", Role::Id, 0),
    ("s", Role::UpstreamAsked, 0),
    ("tsc", Role::Termination, 0),
    ("ts", Role::Termination, 1),
];

/// Variables that are one value with what stands behind them: IPv6 has colons too, so that only what stands behind the
/// last one is the port, and `%ms` are the milliseconds of the second before.
const JOINED: &[(&str, &str, Role)] = &[
    ("ci", ":%cp", Role::AddressPort),
    ("Ts", ".%ms", Role::Time),
];

/// What samples mean, by the beginning of their expression.
const SAMPLES: &[(&str, Role)] = &[
    ("src", Role::Address),
    ("req.hdr(x-forwarded-for", Role::ForwardedFor),
    ("req.hdr(x-real-ip", Role::Address),
    ("req.hdr(host", Role::Host),
    ("req.hdr(user-agent", Role::UserAgent),
    ("req.hdr(referer", Role::Referer),
    ("req.hdr(x-api-key", Role::Token),
    ("req.hdr(authorization", Role::Token),
    ("http_auth_user", Role::User),
    ("var(txn.user)", Role::User),
    ("var(txn.user_agent)", Role::UserAgent),
    ("var(txn.host)", Role::Host),
    ("var(txn.referer)", Role::Referer),
    ("capture.req.uri", Role::Target),
    ("capture.req.method", Role::Method),
    ("method", Role::Method),
    ("last_rule_file", Role::RuleFile),
    ("last_rule_line", Role::RuleLine),
];

/// The pieces of a format string.
pub(super) fn pieces(format: &str) -> Result<Vec<Piece>, Problem> {
    let letters: Vec<char> = format.chars().collect();
    let mut builder = Builder::default();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match (letter, letters.get(at + 1)) {
            ('%', Some('%')) => {
                builder.literal(at, "%");
                at += 2;
            }
            ('%', _) => at = builder.variable(&letters, at)?,
            ('\\', Some(&escaped)) => {
                builder.literal(at, escaped.encode_utf8(&mut [0; 4]));
                at += 2;
            }
            _ => {
                builder.literal(at, letter.encode_utf8(&mut [0; 4]));
                at += 1;
            }
        }
    }
    Ok(builder.pieces)
}

#[derive(Default)]
struct Builder {
    pieces: Vec<Piece>,
    /// Whether values have quotes unless their variable says otherwise.
    is_quoted: bool,
}

impl Builder {
    fn literal(&mut self, column: usize, text: &str) {
        if let Some(Piece {
            kind: Kind::Literal(literal),
            ..
        }) = self.pieces.last_mut()
        {
            if !(text == " " && literal.ends_with(b" ")) {
                literal.extend_from_slice(text.as_bytes());
            }
        } else {
            self.pieces.push(Piece {
                column,
                kind: Kind::Literal(text.as_bytes().to_vec()),
            });
        }
    }

    /// Takes the variable that begins at `from`; where it ends.
    fn variable(&mut self, letters: &[char], from: usize) -> Result<usize, Problem> {
        let wrong = |text: &str| Problem {
            column: from,
            text: text.to_owned(),
        };
        let up_to = |at: usize, end: char| {
            let length = letters[at..].iter().position(|letter| *letter == end);
            length.map(|length| at + length)
        };
        let mut at = from + 1;
        let mut is_quoted = self.is_quoted;
        if letters.get(at) == Some(&'{') {
            let end = up_to(at, '}').ok_or_else(|| wrong("the { of these flags is not closed"))?;
            let flags: String = letters[at + 1..end].iter().collect();
            if flags.contains("json") || flags.contains("cbor") {
                return Err(wrong(
                    "lines of this encoding need no format string: JSON is read by its keys, see --map",
                ));
            }
            is_quoted = (is_quoted || flags.contains("+Q")) && !flags.contains("-Q");
            at = end + 1;
        }
        let is_sample = letters.get(at) == Some(&'[');
        let end = if is_sample {
            up_to(at, ']').ok_or_else(|| wrong("the [ of this sample is not closed"))? + 1
        } else {
            let is_part = |letter: &&char| letter.is_ascii_alphanumeric();
            at + letters[at..].iter().take_while(is_part).count()
        };
        let name: String = letters[at..end].iter().collect();
        let behind = |text: &str| {
            let letters = letters[end..].iter().take(text.len());
            letters.copied().eq(text.chars())
        };
        let joined = JOINED
            .iter()
            .find(|(first, second, _)| name == *first && behind(second));
        if let Some((_, second, role)) = joined
            && !is_quoted
        {
            let end = end + second.len();
            self.pieces.push(Piece {
                column: from,
                kind: Kind::Field(Variable {
                    source: letters[from..end].iter().collect(),
                    role: Some((*role, 1)),
                    shape: Shape::Client,
                }),
            });
            return Ok(end);
        }
        if name == "o" {
            self.is_quoted = is_quoted;
            // What separates it from the next stands in no line.
            let spaces = letters[end..]
                .iter()
                .take_while(|letter| **letter == ' ')
                .count();
            return Ok(end + if self.pieces.is_empty() { spaces } else { 0 });
        }
        let source = letters[from..end].iter().collect();
        let (role, shape) = match name.as_str() {
            "" => return Err(wrong("a variable needs a name behind its %")),
            // In quotes it is there also where nothing was captured.
            "hr" | "hs" if self.is_within_quotes() => (None, Shape::Text),
            "hr" | "hs" => {
                self.without_space();
                (None, Shape::Captures)
            }
            name if is_sample => (sample(name), Shape::Text),
            "r" => (variable("r"), Shape::Request),
            "ci" => (variable("ci"), Shape::Client),
            name => (variable(name), Shape::Text),
        };
        let is_quoted = is_quoted && shape != Shape::Captures;
        if is_quoted {
            self.literal(from, "\"");
        }
        self.pieces.push(Piece {
            column: from,
            kind: Kind::Field(Variable {
                source,
                role,
                shape,
            }),
        });
        if is_quoted {
            self.literal(end, "\"");
        }
        Ok(end)
    }

    fn is_within_quotes(&self) -> bool {
        let last = self.pieces.last();
        last.is_some_and(
            |piece| matches!(&piece.kind, Kind::Literal(literal) if literal.ends_with(b"\"")),
        )
    }

    /// Takes the space from the literal before what may be absent together with it.
    fn without_space(&mut self) {
        if let Some(Piece {
            kind: Kind::Literal(literal),
            ..
        }) = self.pieces.last_mut()
        {
            if literal.ends_with(b" ") {
                literal.pop();
            }
            if literal.is_empty() {
                self.pieces.pop();
            }
        }
    }
}

fn variable(name: &str) -> Option<(Role, u8)> {
    let known = VARIABLES.iter().find(|(known, ..)| *known == name);
    known.map(|(_, role, rank)| (*role, *rank))
}

fn sample(name: &str) -> Option<(Role, u8)> {
    let expression = name.trim_start_matches('[').to_ascii_lowercase();
    let expression = expression.replace("req.fhdr(", "req.hdr(");
    let known = (0..)
        .zip(SAMPLES)
        .find(|(_, (known, _))| expression.starts_with(known));
    let is_port = expression.starts_with("src_");
    known
        .filter(|_| !is_port)
        .map(|(rank, (_, role))| (*role, rank))
}

/// What `option httplog` stands for; what lines of it hold more, the built-in format reads too.
const HTTPLOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/// Whether a format string, out of its directive, is that of `option httplog`, with or without more behind.
pub(super) fn extends_httplog(format: &str) -> bool {
    let words: Vec<&str> = format.split_whitespace().collect();
    words.join(" ").replace("\\ ", " ").starts_with(HTTPLOG)
}

/// Whether a format string is HAProxy's: it has a sample, or the client's address by HAProxy's name.
pub(super) fn is_haproxy(text: &str) -> bool {
    text.trim_start().starts_with("log-format ")
        || ["%[", "%ci", "%{+Q}", "%{+json}", "%{+E}"]
            .iter()
            .any(|mark| text.contains(mark))
}

/// The format string of what may be a whole directive: `log-format "..."`.
pub(super) fn unwrap_directive(text: &str) -> String {
    match text.trim().strip_prefix("log-format ") {
        // Without quotes its spaces are escaped, and it is one word all the same.
        Some(argument) if argument.trim_start().starts_with(['"', '\'']) => {
            words(argument).into_iter().next().unwrap_or_default()
        }
        Some(argument) => argument.trim().to_owned(),
        None => text.to_owned(),
    }
}
