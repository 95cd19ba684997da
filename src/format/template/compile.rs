//! Pieces to steps, and everything that can be wrong with a format string.

use super::literal::Literal;
use super::step::{End, Step};
use super::{Escape, Kind, Piece, Problem, Shape, Variable};
use crate::format::role::Role;

/// What to add for each thing that a format string must tell, in the server's own words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hints {
    pub(super) time: &'static str,
    pub(super) status: &'static str,
    pub(super) client: &'static str,
}

/// Steps, and the literal behind the last of them.
pub(super) fn compile(
    pieces: Vec<Piece>,
    escape: Escape,
    hints: Hints,
) -> Result<(Vec<Step>, Literal), Problem> {
    let pieces = join_target(pieces);
    require_essentials(&pieces, hints)?;
    steps(pieces, escape)
}

/// The same without a look at what the format tells.
pub(super) fn steps(pieces: Vec<Piece>, escape: Escape) -> Result<(Vec<Step>, Literal), Problem> {
    let mut steps: Vec<Step> = Vec::new();
    let mut literal = Literal::default();
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece.kind {
            Kind::Literal(bytes) => literal = bytes.into(),
            Kind::Field(variable) => {
                let end = end_of(&variable, pieces.peek())?;
                if variable.shape == Shape::Status
                    && let Some(before) = steps.last_mut()
                {
                    before.before_status = matches!(before.end, End::Before(_));
                }
                steps.push(Step {
                    literal: std::mem::take(&mut literal),
                    variable,
                    end,
                    escape,
                    before_status: false,
                });
            }
        }
    }
    // Only now is it known which field is the last: what follows it must end the line.
    if let Some(last) = steps.last_mut()
        && let End::Before(before) = &last.end
        && *before == literal
    {
        last.end = End::BeforeTail(literal.clone());
    }
    Ok((steps, literal))
}

/// Two fields that a line does not tell apart, where the first may hold what stands between them: which, in
/// a sentence.
pub(super) fn ambiguity(pieces: &[Piece]) -> Option<String> {
    pieces.windows(3).find_map(|three| {
        let [Kind::Field(first), Kind::Literal(between), Kind::Field(second)] =
            [&three[0].kind, &three[1].kind, &three[2].kind]
        else {
            return None;
        };
        let told_by_shape = second.shape == Shape::Status && between.contains(&b' ');
        let is_open = matches!(first.shape, Shape::Text | Shape::Request);
        let holds = is_open && !told_by_shape && first.may_hold(between);
        holds.then(|| {
            format!(
                "{} may hold what stands between it and {}, so lines do not always tell the two apart: put quotes around it",
                first.source, second.source
            )
        })
    })
}

fn end_of(variable: &Variable, next: Option<&Piece>) -> Result<End, Problem> {
    let by_shape = !matches!(
        variable.shape,
        Shape::Text
            | Shape::Word
            | Shape::Moment
            | Shape::Client
            | Shape::Quoted
            | Shape::InParentheses
            | Shape::Request
            | Shape::List
    );
    match next.map(|piece| (&piece.kind, piece.column)) {
        _ if by_shape => Ok(End::Shape),
        None => Ok(End::BeforeTail(Literal::default())),
        Some((Kind::Literal(bytes), _)) => Ok(End::Before(bytes.clone().into())),
        Some((Kind::Field(next), _)) if next.starts_with_slash() => {
            Ok(End::Before(b"/".to_vec().into()))
        }
        Some((Kind::Field(next), _)) if matches!(next.shape, Shape::Spaces | Shape::Captures) => {
            Ok(End::Before(b" ".to_vec().into()))
        }
        Some((Kind::Field(next), _)) if next.shape == Shape::Rest => Ok(End::Word),
        Some((Kind::Field(next), column)) => Err(Problem {
            column,
            text: format!(
                "nothing stands between {} and {}, so a line does not tell where one ends: put a space or quotes between them",
                variable.source, next.source
            ),
        }),
    }
}

impl Variable {
    /// Whether a usual value holds this text: prose has spaces, commas and semicolons, and what clients send whatever
    /// they like, but for what the server escapes.
    fn may_hold(&self, between: &[u8]) -> bool {
        let only = |bytes: &[u8]| between.iter().all(|byte| bytes.contains(byte));
        match self.role {
            Some((Role::UserAgent | Role::Reason, _)) => only(b" ,;|"),
            Some((Role::Request | Role::Target | Role::Query | Role::Referer, _)) => only(b",;|"),
            _ => false,
        }
    }

    fn starts_with_slash(&self) -> bool {
        matches!(self.role, Some((Role::Target, _)))
    }
}

/// Takes path, question mark and query that stand side by side as one field: the target.
pub(super) fn join_target(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        let follows_target = joined.last().is_some_and(
            |before| matches!(&before.kind, Kind::Field(variable) if variable.starts_with_slash()),
        );
        let is_query = match &piece.kind {
            Kind::Field(variable) => {
                variable.shape == Shape::QuestionMark
                    || matches!(variable.role, Some((Role::Query, _)))
            }
            Kind::Literal(_) => false,
        };
        if !(follows_target && is_query) {
            joined.push(piece);
        }
    }
    joined
}

fn require_essentials(pieces: &[Piece], hints: Hints) -> Result<(), Problem> {
    let variables = || {
        pieces.iter().filter_map(|piece| match &piece.kind {
            Kind::Field(variable) => Some(variable),
            Kind::Literal(_) => None,
        })
    };
    let tells = |wanted: &[Role]| {
        variables().any(|variable| {
            variable
                .role
                .is_some_and(|(role, _)| wanted.contains(&role))
        })
    };
    let pattern = |tells: fn(&crate::time::Pattern) -> bool| {
        variables()
            .any(|variable| matches!(&variable.shape, Shape::Pattern(pattern) if tells(pattern)))
    };
    let time = tells(&[Role::Time])
        || pattern(crate::time::Pattern::tells_moment)
        || (pattern(crate::time::Pattern::tells_day)
            && pattern(crate::time::Pattern::tells_time_of_day));
    let missing = if !time {
        ("time", hints.time)
    } else if !tells(&[Role::Status]) {
        ("status", hints.status)
    } else if !tells(&[Role::Address, Role::AddressPort, Role::ForwardedFor]) {
        ("client", hints.client)
    } else {
        return Ok(());
    };
    let column = pieces.last().map_or(0, Piece::end_column);
    let (what, hint) = missing;
    Err(Problem {
        column,
        text: format!("the log format tells no {what}: add {hint}"),
    })
}

impl Piece {
    fn end_column(&self) -> usize {
        let width = match &self.kind {
            Kind::Literal(bytes) => String::from_utf8_lossy(bytes).chars().count(),
            Kind::Field(variable) => variable.source.chars().count(),
        };
        self.column + width
    }
}
