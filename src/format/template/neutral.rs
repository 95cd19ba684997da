//! Variables of named format strings beyond nginx's: for what no nginx has.

use super::{Kind, Piece, Shape, Variable};
use crate::format::field::METHODS;
use crate::format::role::Role;

/// Names, meanings, and how the values end.
#[rustfmt::skip]
const VARIABLES: &[(&str, Option<Role>, Shape)] = &[
    ("stamp", Some(Role::Time), Shape::Text),
    // `2026-03-10 09:43:00.123 +0000`, whose parts have spaces between.
    ("spaced_stamp", Some(Role::Time), Shape::Width(29)),
    // Go's: `2026/03/10 09:43:00`.
    ("date_time", Some(Role::Time), Shape::Width(19)),
    // Python's `http.server`'s: `10/Mar/2026 09:43:00`.
    ("day_time", Some(Role::Time), Shape::Width(20)),
    // Tornado's: `260310 09:43:00`.
    ("short_stamp", Some(Role::Time), Shape::Width(15)),
    // `2026-03-10 09:43:00.123`
    // `09:43:00`, of an unknown day.
    ("time_of_day", None, Shape::Width(8)),
    ("point_stamp", Some(Role::Time), Shape::Width(23)),
    // Python's: `2026-03-10 09:43:00,123`.
    ("log_stamp", Some(Role::Time), Shape::Width(23)),
    // Serilog's: `2026-03-10 09:43:00.123 +00:00`.
    ("zoned_stamp", Some(Role::Time), Shape::Width(30)),
    // Seconds or parts of them since 1970.
    ("epoch", Some(Role::Time), Shape::Number),
    // A stamp without a space, or the time of day.
    ("word_stamp", Some(Role::Time), Shape::Moment),
    ("user_in_parentheses", Some(Role::User), Shape::InParentheses),
    ("client_port", Some(Role::AddressPort), Shape::Text),
    ("target", Some(Role::Target), Shape::Text),
    ("word_target", Some(Role::Target), Shape::Word),
    ("number", None, Shape::Number),
    ("size", Some(Role::Bytes), Shape::Number),
    // `153B`
    ("size_with_unit", Some(Role::Bytes), Shape::Text),
    ("ms", Some(Role::Milliseconds), Shape::Number),
    ("us", Some(Role::Microseconds), Shape::Number),
    ("took", Some(Role::Seconds), Shape::Text),
    ("seconds", Some(Role::Seconds), Shape::Number),
    // nginx's, always with three decimals.
    ("request_seconds", Some(Role::Seconds), Shape::Fraction),
    // Escaped as in URLs: it has no space.
    ("escaped_agent", Some(Role::UserAgent), Shape::Text),
    ("stage", Some(Role::StageSeconds), Shape::Number),
    ("upstream_host", Some(Role::UpstreamAsked), Shape::Text),
    ("envoy_flags", Some(Role::EnvoyFlags), Shape::Text),
    ("envoy_details", Some(Role::EnvoyDetails), Shape::Text),
    ("alb_actions", Some(Role::AlbActions), Shape::Text),
    ("alb_priority", Some(Role::RulePriority), Shape::Text),
    ("s3_error", Some(Role::S3Error), Shape::Text),
    ("squid_result", Some(Role::SquidResult), Shape::Text),
    ("agent_to_end", Some(Role::UserAgent), Shape::Line),
    ("host_port", Some(Role::HostPort), Shape::Text),
    // `0.005, 0.010`: what an upstream took, or `-` where none was asked.
    ("upstream_seconds", Some(Role::UpstreamAsked), Shape::List),
    ("cache_status", None, Shape::OneOf(CACHE_STATUSES)),
    ("phrase", None, Shape::Phrase),
    ("spaces", None, Shape::Spaces),
    ("rest", None, Shape::Rest),
    ("scheme", None, Shape::OneOf(&[b"http", b"https"])),
    ("kind_of_alb", None, Shape::OneOf(&[b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"])),
    ("bare_request", Some(Role::Request), Shape::Request),
    ("bare_method", Some(Role::Method), Shape::OneOf(&METHODS)),
];

/// nginx's `$upstream_cache_status`, and `$srcache_fetch_status` of the srcache module.
const CACHE_STATUSES: &[&[u8]] = &[
    b"MISS",
    b"HIT",
    b"BYPASS",
    b"EXPIRED",
    b"STALE",
    b"UPDATING",
    b"REVALIDATED",
];

/// The variable of a name, where it is one of these; `_name` is passed over.
pub(super) fn variable(name: &str) -> Option<Variable> {
    let source = format!("${name}");
    if name.starts_with('_') {
        return Some(Variable {
            source,
            role: None,
            shape: Shape::Text,
        });
    }
    let (_, role, shape) = VARIABLES.iter().find(|(known, ..)| *known == name)?;
    Some(Variable {
        source,
        role: role.map(|role| (role, 1)),
        shape: shape.clone(),
    })
}

/// A field that no quote, bracket or bar closes is one word: else one that is missing would be looked
/// for in those behind it. One before `"$rest` may hold quotes.
pub(super) fn hold_words_together(pieces: &mut [Piece]) {
    const CLOSING: &[u8] = b"\"]>)}|,";
    let mut behind: Option<Vec<u8>> = None;
    let mut before_rest = false;
    for piece in pieces.iter_mut().rev() {
        match &mut piece.kind {
            Kind::Literal(literal) => behind = Some(literal.clone()),
            Kind::Field(variable) => {
                // A bar closes what stands before it with a space between, too.
                let closing = behind.take().and_then(|literal| {
                    let closing = literal
                        .strip_prefix(b" ")
                        .filter(|rest| rest.starts_with(b"|"));
                    let closing = closing.unwrap_or(&literal);
                    closing.first().copied().zip(Some(closing.len()))
                });
                if matches!(variable.shape, Shape::Text | Shape::Client) {
                    variable.shape = match closing {
                        Some((b'"', 1)) if before_rest => Shape::Quoted,
                        Some((byte, _)) if CLOSING.contains(&byte) => Shape::Text,
                        _ => Shape::Word,
                    };
                }
                before_rest = variable.shape == Shape::Rest;
            }
        }
    }
}
