//! Proposes causes from what a request asks for: preflights, attack arguments, expired links.
//!
//! Such denials are set apart before anything splits by client or route. But content does not decide
//! alone: where everything that an address sends is denied, its odd requests fall under that rule too.

use crate::examine::row::{
    Content, Row, SIGN_EXPIRY_STATED, SIGN_LIMIT_STATED, SIGN_LINK_EXPIRED, SIGN_REFERER_STATED,
};
use crate::examine::table::{Column, Table};
use crate::key::Method;

/// A class of content that is judged apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// The line states that a limiter refused.
    LimiterStated,
    /// The line states a refused referer.
    RefererStated,
    /// OPTIONS: preflights.
    Preflight,
    /// Arguments shaped as attacks.
    Attack,
    /// Signed links whose time had passed.
    ExpiredLink,
}

const STREAMS: [Stream; 5] = [
    Stream::LimiterStated,
    Stream::RefererStated,
    Stream::ExpiredLink,
    Stream::Preflight,
    Stream::Attack,
];

impl Stream {
    /// The streams whose denials stand alone whatever else their addresses do.
    pub fn is_stated(self) -> bool {
        matches!(self, Stream::LimiterStated | Stream::RefererStated)
    }

    fn holds(self, row: &Row) -> bool {
        match self {
            Stream::LimiterStated => row.signs & SIGN_LIMIT_STATED != 0,
            Stream::RefererStated => row.signs & SIGN_REFERER_STATED != 0,
            Stream::ExpiredLink => row.signs & (SIGN_LINK_EXPIRED | SIGN_EXPIRY_STATED) != 0,
            Stream::Preflight => Method::from_u8(row.method) == Method::Options,
            Stream::Attack => row.content == Content::Attack,
        }
    }
}

/// Takes each stream's denials out of `open`.
pub fn split(table: &Table<'_>, open: &mut [bool]) -> Vec<(Stream, Vec<u32>)> {
    let mut found = Vec::new();
    for stream in STREAMS {
        let shut_out = if stream.is_stated() {
            Vec::new()
        } else {
            shut_out(table, stream)
        };
        let denials: Vec<u32> = (0..table.rows.len())
            .filter(|index| {
                let row = &table.rows[*index];
                open[*index]
                    && stream.holds(row)
                    && !shut_out.get(row.ip as usize).copied().unwrap_or(false)
            })
            .map(|index| index as u32)
            .collect();
        for index in &denials {
            open[*index as usize] = false;
        }
        if !denials.is_empty() {
            found.push((stream, denials));
        }
    }
    found
}

/// Addresses whose requests outside the stream were (nearly) all denied too, five at the least.
fn shut_out(table: &Table<'_>, stream: Stream) -> Vec<bool> {
    let width = table.width(Column::Ip);
    let (mut denied, mut admitted) = (vec![0u32; width], vec![0u32; width]);
    for row in table.rows.iter().filter(|row| !stream.holds(row)) {
        let counts = if row.denied {
            &mut denied
        } else {
            &mut admitted
        };
        if let Some(count) = counts.get_mut(row.ip as usize) {
            *count += 1;
        }
    }
    denied
        .iter()
        .zip(&admitted)
        .map(|(denied, admitted)| *denied >= 5 && admitted * 5 <= *denied)
        .collect()
}
