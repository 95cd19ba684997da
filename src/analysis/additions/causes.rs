//! Which causes the new denials of one LOG were put under: by window and by key.

use super::FAMILIES;
use crate::analysis::assemble::Assembly;
use crate::examine::row::{NONE, Row};
use crate::examine::table::Column;
use crate::findings::Cause;
use std::collections::{BTreeMap, HashMap};

/// A dimension with a table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Ip,
    Client,
    User,
    Token,
    Route,
}

const COLUMNS: [Column; 5] = [
    Column::Ip,
    Column::Client,
    Column::User,
    Column::Token,
    Column::Route,
];

/// Denials under a cause, and the sum of their confidences; none if one has no confidence.
type Share = (u64, Option<f64>);

/// Denials by cause.
pub(super) struct Causes {
    windows: HashMap<i64, [u64; FAMILIES.len()]>,
    /// By [`Place`], then by the key's bytes.
    keys: [HashMap<Vec<u8>, BTreeMap<Cause, Share>>; COLUMNS.len()],
}

impl Causes {
    /// Counts the denials that are `counted`.
    pub(super) fn of(assembly: &Assembly<'_>, counted: &dyn Fn(&Row) -> bool) -> Causes {
        let table = assembly.table;
        let mut windows: HashMap<i64, [u64; FAMILIES.len()]> = HashMap::new();
        let mut ids: [HashMap<u32, BTreeMap<Cause, Share>>; COLUMNS.len()] = Default::default();
        for verdict in assembly.verdicts {
            let (cause, confidence) = (verdict.judgement.cause, verdict.judgement.confidence);
            let family = FAMILIES.iter().position(|f| *f == cause.family());
            let rows = verdict
                .denials
                .iter()
                .map(|index| &table.rows[*index as usize]);
            for row in rows.filter(|row| counted(row)) {
                let weight = u64::from(table.weight(row));
                let window = row.time_ms.div_euclid(1000).div_euclid(assembly.window_s);
                if let Some(family) = family {
                    windows.entry(window).or_default()[family] += weight;
                }
                for (ids, column) in ids.iter_mut().zip(COLUMNS) {
                    let id = table.value(column, row);
                    if id != NONE {
                        let causes = ids.entry(id).or_default();
                        let (denials, sum) = causes.entry(cause).or_insert((0, Some(0.0)));
                        *denials += weight;
                        *sum = sum.zip(confidence).map(|(s, c)| s + c * weight as f64);
                    }
                }
            }
        }
        let mut keys: [HashMap<Vec<u8>, BTreeMap<Cause, Share>>; COLUMNS.len()] =
            Default::default();
        for ((keys, ids), column) in keys.iter_mut().zip(ids).zip(COLUMNS) {
            let named = ids.into_iter();
            *keys = named
                .map(|(id, causes)| (table.text(column, id).to_vec(), causes))
                .collect();
        }
        Causes { windows, keys }
    }

    /// Denials of a window by family, in the order of [`FAMILIES`].
    pub(super) fn families(&self, window: i64) -> [u64; FAMILIES.len()] {
        self.windows.get(&window).copied().unwrap_or_default()
    }

    /// The cause of most denials of a key, and the mean of their confidences.
    pub(super) fn most(&self, place: Place, key: &[u8]) -> Option<(Cause, Option<f64>)> {
        let causes = self.keys[place as usize].get(key)?;
        let most = causes
            .iter()
            .max_by_key(|(cause, (denials, _))| (*denials, std::cmp::Reverse(**cause)));
        most.map(|(cause, (denials, sum))| {
            let mean = sum.map(|sum| (sum / *denials as f64 * 1000.0).round() / 1000.0);
            (*cause, mean)
        })
    }
}
