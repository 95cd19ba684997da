//! A piece: denials that one proposal explains, before pieces of one policy are put together.

use crate::evidence::content::Stream;
use crate::evidence::limiter::LimiterFit;
use crate::examine::row::NONE;
use crate::examine::table::{Column, Table};
use crate::key::fast::HashMap;

/// Denials with one proposed explanation.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Positions in the table, in time order.
    pub denials: Vec<u32>,
    /// Who proposed it.
    pub origin: Origin,
    /// The limiter that fits, where one was found.
    pub limiter: Option<LimiterFit>,
}

/// Who proposed a piece.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// Denials set apart by their content.
    Content(Stream),
    /// Pure strata: each is a set of columns with the ids they must have.
    Strata(Vec<Vec<(Column, u32)>>),
    /// A limiter fits.
    Limiter,
    /// First denied, then admitted.
    Challenge,
    /// Nothing explains them; they share these values, if any.
    Rest(Vec<(Column, u32)>),
}

impl Piece {
    /// The columns of its strata; empty for other origins.
    pub fn shape(&self) -> Vec<Column> {
        match &self.origin {
            Origin::Strata(strata) => strata
                .first()
                .map(|cells| cells.iter().map(|(column, _)| *column).collect())
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// How a piece's denials are spread, for comparing pieces.
#[derive(Debug)]
pub struct Profile {
    /// First and last hundredth of the denial times, in milliseconds.
    pub start_ms: i64,
    /// See `start_ms`.
    pub end_ms: i64,
    /// First and last denial.
    edges_ms: (i64, i64),
    /// The share of denials with each value, of each column in [`COMPARED`].
    shares: [HashMap<u32, f64>; COMPARED.len()],
    sizes: HashMap<u32, f64>,
    /// The class of what was stated about the first denial ([`Table::stated_class`]).
    class: u16,
}

const COMPARED: [Column; 6] = [
    Column::Ip,
    Column::Prefix,
    Column::UserAgent,
    Column::Route1,
    Column::Route2,
    Column::Route3,
];

/// nginx pads its page for some agents by 402 bytes; sizes within five bytes are one page.
fn size_class(bytes: u32) -> u32 {
    let bytes = if (540..=580).contains(&bytes) {
        bytes - 402
    } else {
        bytes
    };
    bytes / 6
}

impl Profile {
    /// The profile of these denials.
    pub fn of(table: &Table<'_>, denials: &[u32]) -> Profile {
        let rows = || denials.iter().map(|index| &table.rows[*index as usize]);
        let one = 1.0 / denials.len().max(1) as f64;
        let shares = COMPARED.map(|column| {
            let mut shares: HashMap<u32, f64> = HashMap::default();
            for row in rows() {
                *shares.entry(table.value(column, row)).or_default() += one;
            }
            shares
        });
        let mut sizes: HashMap<u32, f64> = HashMap::default();
        for row in rows().filter(|row| row.bytes != NONE && row.bytes != 0) {
            *sizes.entry(size_class(row.bytes)).or_default() += one;
        }
        let at = |share: f64| {
            let position =
                ((denials.len() as f64 * share) as usize).min(denials.len().saturating_sub(1));
            denials
                .get(position)
                .map_or(0, |index| table.rows[*index as usize].time_ms)
        };
        Profile {
            start_ms: at(0.01),
            end_ms: at(0.99),
            edges_ms: (at(0.0), at(1.0)),
            shares,
            sizes,
            class: rows().next().map_or(0, |row| table.stated_class(row)),
        }
    }

    /// Length of the interval in milliseconds.
    pub fn length_ms(&self) -> i64 {
        self.end_ms - self.start_ms
    }

    /// How much of this profile's weight lies on values that the other has too, 0 to 1.
    pub fn covered_by(&self, other: &Profile, column: Column) -> f64 {
        let Some(at) = COMPARED.iter().position(|compared| *compared == column) else {
            return 0.0;
        };
        let (mine, theirs) = (&self.shares[at], &other.shares[at]);
        mine.iter()
            .filter(|(id, _)| **id != NONE && theirs.contains_key(*id))
            .map(|(_, share)| share)
            .sum()
    }

    /// The smaller of the two mutual covers.
    pub fn overlap(&self, other: &Profile, column: Column) -> f64 {
        self.covered_by(other, column)
            .min(other.covered_by(self, column))
    }

    /// The larger of the two mutual covers.
    pub fn contact(&self, other: &Profile, column: Column) -> f64 {
        self.covered_by(other, column)
            .max(other.covered_by(self, column))
    }

    /// Whether both were answered with the same sizes, as far as sizes are logged, and the server said the
    /// same of them.
    pub fn same_answer(&self, other: &Profile) -> bool {
        if self.class != other.class {
            return false;
        }
        if self.sizes.is_empty() || other.sizes.is_empty() {
            return true;
        }
        let near = |map: &HashMap<u32, f64>, class: u32| {
            (class.saturating_sub(1)..=class + 1).any(|c| map.contains_key(&c))
        };
        let cover = |one: &Profile, two: &Profile| -> f64 {
            let near = one.sizes.iter().filter(|(c, _)| near(&two.sizes, **c));
            near.map(|(_, share)| share).sum()
        };
        cover(self, other).min(cover(other, self)) >= 0.8
    }

    /// Whether both begin and end together: within a minute or 6 % of the longer.
    pub fn in_step(&self, other: &Profile) -> bool {
        let longer = self.length_ms().max(other.length_ms());
        let slack = (longer * 6 / 100).max(60_000);
        (self.start_ms - other.start_ms).abs() <= slack
            && (self.end_ms - other.end_ms).abs() <= slack
    }

    /// Whether the first denials and the last denials of both lie within `slack_ms`.
    pub fn together(&self, other: &Profile, slack_ms: i64) -> bool {
        (self.edges_ms.0 - other.edges_ms.0).abs() <= slack_ms
            && (self.edges_ms.1 - other.edges_ms.1).abs() <= slack_ms
    }

    /// Whether this interval lies within the other's, give or take 6 %.
    pub fn within(&self, other: &Profile) -> bool {
        let slack = (other.length_ms() * 6 / 100).max(60_000);
        self.start_ms >= other.start_ms - slack && self.end_ms <= other.end_ms + slack
    }
}
