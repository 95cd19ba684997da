//! Examine, the second pass: reads again only the chunks near denials, and keeps rows.
//!
//! Every denial becomes a row (of an attack that is too large for that, a share), and so does every
//! request of the scopes that a verdict may be about (`scope`). Lines outside every scope are passed
//! over by what Survey noted of them, without being read. What is kept depends on keys, never on chunks.

pub mod claims;
mod coarse;
mod collector;
mod hot;
pub mod index;
pub mod mark;
pub mod row;
pub mod rules;
mod scope;
pub mod table;
mod thinning;

use crate::format::Detected;
use crate::gate::Gate;
use crate::input::{Input, Trouble};
use crate::key::intern::Interner;
use crate::survey::Survey;
use crate::survey::outline::Outlines;
use crate::survey::tally::Tally;
use collector::{Collector, Piece};
use rayon::slice::ParallelSliceMut;
use row::Row;
use rules::Rules;
use scope::{MOST_ROWS, Scope};
use table::{Dictionaries, Table};

/// Steps that rows may be moved to put them in order, for each of them: requests are logged when they
/// are done, or by the time when they came, so that neighbours change places.
const STEPS: usize = 32;

/// The dictionaries of the second pass: those of Survey, and the final names of routes.
#[derive(Debug, Default)]
pub struct Routes {
    /// Final route names.
    pub names: Interner,
    /// The route of each template, by id.
    pub of_template: Vec<u32>,
    /// Requests and denials per route, by id.
    pub tallies: Vec<Tally>,
}

impl Routes {
    /// The routes after all collapses of the tree.
    pub fn new(survey: &Survey) -> Routes {
        let mut routes = Routes::default();
        let mut name = Vec::new();
        for (id, template) in survey.template.keys.iter() {
            survey.routes.canonical(template, &mut name);
            let route = routes.names.intern(&name);
            routes.of_template.push(route);
            if route as usize >= routes.tallies.len() {
                routes.tallies.resize(route as usize + 1, Tally::default());
            }
            routes.tallies[route as usize].add(&survey.template.tallies[id as usize]);
        }
        routes
    }
}

/// What the first pass counted, for the second.
#[derive(Debug)]
pub struct Counted<'s> {
    /// The counts.
    pub survey: &'s Survey,
    /// The routes that follow from them.
    pub routes: &'s Routes,
    /// The survey's outlines; they are large, and given back once the lines are read.
    pub outlines: Outlines,
    /// Whether denials are wanted with what other logs know them by.
    pub marked: bool,
}

/// Reads the chunks near denials again and builds the table that verdicts are reached on.
pub fn run<'s>(
    input: &Input,
    formats: &[Option<Detected>],
    gate: &Gate,
    counted: Counted<'s>,
    progress: &(dyn Fn(u64) + Sync),
) -> (Table<'s>, Vec<Trouble>) {
    keeping(MOST_ROWS, input, formats, gate, counted, progress)
}

/// As [`run`], keeping some `most_rows`.
fn keeping<'s>(
    most_rows: u64,
    input: &Input,
    formats: &[Option<Detected>],
    gate: &Gate,
    counted: Counted<'s>,
    progress: &(dyn Fn(u64) + Sync),
) -> (Table<'s>, Vec<Trouble>) {
    let Counted {
        survey,
        routes,
        outlines,
        marked,
    } = counted;
    let scope = Scope::new(survey, routes, outlines, most_rows);
    let starts = survey.line_starts();
    let wanted = |source: usize, number: usize| scope.wants(survey, source, number);
    let pass = input.second_pass(
        &wanted,
        || Collector::new(formats, gate, survey, routes, &scope, marked),
        |collector, chunk| collector.read(chunk, &starts),
        progress,
    );
    let troubles = pass.troubles;
    let (mut parts, mut marks) = (Vec::new(), Vec::new());
    let mut rules = Rules::default();
    for collector in pass.accumulators {
        let part = collector.finish();
        parts.push((part.blocks, part.pieces));
        marks.extend(part.marks);
        rules.absorb(part.rules);
    }
    let (sample, weights) = (scope.sample, scope.weights(survey));
    drop(scope);
    let rows = in_order(parts);
    let names = Dictionaries {
        ip: &survey.ip.keys,
        user_agent: &survey.user_agent.keys,
        route: &routes.names,
        user: &survey.user.keys,
        token: &survey.token.keys,
        host: &survey.host.keys,
        referer_host: &survey.referer_host.keys,
    };
    let mut table = Table::new(rows, names, sample, weights);
    table.marks = marks;
    table.rules = rules;
    (table, troubles)
}

/// All rows by time, then by place. They mostly are in this order already.
fn in_order(parts: Vec<(Vec<Vec<Row>>, Vec<Piece>)>) -> Vec<Row> {
    let (mut blocks, mut pieces) = (Vec::new(), Vec::new());
    for (more, of_more) in parts {
        let first = blocks.len();
        blocks.extend(more);
        pieces.extend(of_more.into_iter().map(|p| Piece {
            block: first + p.block,
            ..p
        }));
    }
    // A block may be given back before an empty piece at its end has its turn.
    pieces.retain(|piece| !piece.rows.is_empty());
    pieces.sort_unstable_by_key(|piece| (piece.source, piece.number));
    let mut rows = Vec::with_capacity(blocks.iter().map(Vec::len).sum());
    let mut left: Vec<usize> = blocks.iter().map(Vec::len).collect();
    for piece in pieces {
        rows.extend_from_slice(&blocks[piece.block][piece.rows.clone()]);
        left[piece.block] -= piece.rows.len();
        if left[piece.block] == 0 {
            // Given back as soon as it is copied, so that rows are never in memory twice.
            blocks[piece.block] = Vec::new();
        }
    }
    if !settle(&mut rows) {
        rows.par_sort_unstable_by_key(Row::order);
    }
    rows
}

/// Puts rows in order if each has its place nearby; false where that would take long.
fn settle(rows: &mut [Row]) -> bool {
    let mut left = rows.len().saturating_mul(STEPS);
    for end in 1..rows.len() {
        let row = rows[end];
        let mut place = end;
        while place > 0 && rows[place - 1].order() > row.order() {
            rows[place] = rows[place - 1];
            place -= 1;
        }
        rows[place] = row;
        left = match left.checked_sub(end - place) {
            Some(left) => left,
            None => return false,
        };
    }
    true
}

#[cfg(test)]
#[path = "examine/tests.rs"]
mod tests;
