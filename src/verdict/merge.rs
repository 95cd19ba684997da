//! Puts pieces of one policy together.
//!
//! Peeling takes one value at a time, so a list of twelve networks comes as twelve pieces, and one
//! revoked credential as a piece per address. Pieces belong together where they were answered alike and
//! share what a policy would share: the same kind of key switched at the same instants, or the same
//! clients at the same time.

use super::piece::{Origin, Piece, Profile};
use crate::evidence::limiter;
use crate::examine::table::{Column, Table};
use crate::key::client::Class;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// Pieces compared with each other; smaller ones beyond are left alone.
const MOST_PIECES: usize = 400;

/// Merges pieces of one policy, to a fixpoint; largest first.
pub fn merge(table: &Table<'_>, mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by(|a, b| {
        b.denials
            .len()
            .cmp(&a.denials.len())
            .then(a.denials.first().cmp(&b.denials.first()))
    });
    let tail = pieces.split_off(pieces.len().min(MOST_PIECES));
    let mut profiles: Vec<Profile> = pieces
        .par_iter()
        .map(|piece| Profile::of(table, &piece.denials))
        .collect();
    let mut at = 0;
    while at < pieces.len() {
        let partner = (at + 1..pieces.len()).find(|other| {
            belong(
                table,
                (&pieces[at], &profiles[at]),
                (&pieces[*other], &profiles[*other]),
            )
        });
        match partner {
            Some(other) => {
                let part = pieces.remove(other);
                profiles.remove(other);
                absorb(&mut pieces[at], part);
                profiles[at] = Profile::of(table, &pieces[at].denials);
            }
            None => at += 1,
        }
    }
    for piece in &mut pieces {
        if piece.origin == Origin::Limiter
            && piece.limiter.as_ref().is_some_and(|fit| fit.key.is_none())
        {
            piece.limiter = limiter::refit_shared(table, &piece.denials).or(piece.limiter.take());
        }
    }
    pieces.extend(tail);
    pieces
}

fn absorb(piece: &mut Piece, part: Piece) {
    piece.denials.extend(part.denials);
    piece.denials.sort_unstable();
    if let (Origin::Strata(mine), Origin::Strata(theirs)) = (&mut piece.origin, part.origin) {
        mine.extend(theirs);
    }
    match (&mut piece.limiter, part.limiter) {
        (Some(mine), Some(theirs)) => mine.join(theirs),
        (mine @ None, theirs) => *mine = theirs,
        _ => {}
    }
}

fn belong(table: &Table<'_>, a: (&Piece, &Profile), b: (&Piece, &Profile)) -> bool {
    if !a.1.same_answer(b.1) {
        return false;
    }
    match (&a.0.origin, &b.0.origin) {
        (Origin::Limiter, Origin::Limiter) => same_limiter(a, b),
        (Origin::Strata(_), Origin::Strata(_)) => {
            same_list(table, a, b) || same_clients(a, b) || one_switch(table, a, b)
        }
        (Origin::Strata(_), Origin::Rest(_)) | (Origin::Limiter, Origin::Rest(_)) => {
            leftover(a.1, b.1)
        }
        (Origin::Limiter, Origin::Strata(_)) | (Origin::Strata(_), Origin::Limiter) => {
            // A stretch in which the limiter let nothing through.
            let (large, small) = (a.1, b.1);
            small.within(large)
                && small.covered_by(large, Column::Ip) >= 0.8
                && small.covered_by(large, Column::Route3) >= 0.8
        }
        (Origin::Rest(_), Origin::Rest(_)) => same_clients(a, b),
        _ => false,
    }
}

fn same_limiter(a: (&Piece, &Profile), b: (&Piece, &Profile)) -> bool {
    let (Some(first), Some(second)) = (&a.0.limiter, &b.0.limiter) else {
        return false;
    };
    let one_budget = first.key.is_none() && second.key.is_none() && a.1.in_step(b.1);
    one_budget || (first.alike(second) && a.1.contact(b.1, Column::Route3) >= 0.5)
}

/// Two values of one list: the same columns, switched together or both of a kind that lists hold.
fn same_list(table: &Table<'_>, a: (&Piece, &Profile), b: (&Piece, &Profile)) -> bool {
    if kind_of(&a.0.shape()) != kind_of(&b.0.shape()) {
        return false;
    }
    let step = a.1.in_step(b.1);
    match kind_of(&a.0.shape()) {
        Kind::Agent => step || (unwanted(table, a.0) && unwanted(table, b.0)),
        Kind::Address => {
            step && (a.1.contact(b.1, Column::UserAgent) >= 0.5
                || a.1.contact(b.1, Column::Route2) >= 0.5)
        }
        Kind::Place => {
            step && (a.1.contact(b.1, Column::Route1) >= 0.5 || a.1.contact(b.1, Column::Ip) >= 0.5)
        }
        Kind::Identity => step || a.1.contact(b.1, Column::Route3) >= 0.8,
        Kind::Crossed => {
            a.0.shape() == b.0.shape()
                && (a.1.contact(b.1, Column::Route3) >= 0.8
                    || a.1.contact(b.1, Column::UserAgent) >= 0.8)
                && (step || a.1.contact(b.1, Column::Ip) >= 0.5)
        }
    }
}

/// Denied and admitted again at the same two moments within the log: one rule was switched, whatever its
/// victims look like.
fn one_switch(table: &Table<'_>, a: (&Piece, &Profile), b: (&Piece, &Profile)) -> bool {
    let log_ms = match (table.rows.first(), table.rows.last()) {
        (Some(first), Some(last)) => last.time_ms - first.time_ms,
        _ => return false,
    };
    let longer = a.1.length_ms().max(b.1.length_ms());
    a.0.limiter.is_none()
        && b.0.limiter.is_none()
        && longer < log_ms * 85 / 100
        && a.1.together(b.1, (longer / 200).max(10_000))
}

#[derive(PartialEq)]
enum Kind {
    Agent,
    Address,
    Place,
    Identity,
    Crossed,
}

fn kind_of(shape: &[Column]) -> Kind {
    match shape {
        [Column::UserAgent | Column::Client] => Kind::Agent,
        [Column::Ip | Column::Prefix | Column::Prefix16] => Kind::Address,
        [Column::Route1 | Column::Route2 | Column::Route3 | Column::Route] => Kind::Place,
        [Column::Token | Column::User] => Kind::Identity,
        _ => Kind::Crossed,
    }
}

/// Whether most of a piece's denials come from programs that operators list.
fn unwanted(table: &Table<'_>, piece: &Piece) -> bool {
    let listed = |class| {
        matches!(
            class,
            Class::SearchBot | Class::AiCrawler | Class::SeoBot | Class::Scanner | Class::Empty
        )
    };
    let count = piece
        .denials
        .iter()
        .filter(|i| listed(table.class(&table.rows[**i as usize])))
        .count();
    count * 2 > piece.denials.len()
}

/// Fragments of one client group: the same addresses, or one program in step on the same interface.
fn same_clients(a: (&Piece, &Profile), b: (&Piece, &Profile)) -> bool {
    let (large, small) = (a.1, b.1);
    let step = large.in_step(small);
    if small.covered_by(large, Column::Ip) >= 0.8 && (step || small.within(large)) {
        return true;
    }
    step && large.overlap(small, Column::UserAgent) >= 0.8
        && large.contact(small, Column::Route1) >= 0.8
}

/// What is left of a piece after it was peeled.
fn leftover(large: &Profile, small: &Profile) -> bool {
    small.within(large)
        && small.covered_by(large, Column::Ip) >= 0.8
        && small.covered_by(large, Column::Route3) >= 0.8
}
