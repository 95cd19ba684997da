//! The tables of a published set: RFC 4180, UTC, with fixed columns that are only ever appended to.
//!
//! Counts are of the lines that the run counted, by LOG. The columns of `spikes.csv` are those of
//! `analyze --format csv`.

use super::carry_over::Carried;
use crate::analysis::additions::{Addition, Additions, Value};
use crate::findings::Spike;
use crate::output::csv::{SCHEMA, SPIKE_COLUMNS, foreign, number, spike_row, time, writer};
use std::io;

/// Columns of `windows.csv`.
pub const WINDOW_COLUMNS: [&str; 11] = [
    "schema",
    "run",
    "source",
    "start",
    "end",
    "requests",
    "denials",
    "rate_limit",
    "acl",
    "bot_filter",
    "undetermined",
];

/// Columns of `ips.csv`, `clients.csv`, `users.csv`, `tokens.csv` and `routes.csv`.
pub const VALUE_COLUMNS: [&str; 10] = [
    "schema",
    "run",
    "source",
    "value",
    "requests",
    "denials",
    "first",
    "last",
    "cause",
    "confidence",
];

/// Columns of `summary.csv`.
pub const SUMMARY_COLUMNS: [&str; 12] = [
    "schema", "run", "source", "start", "end", "bytes", "lines", "parsed", "skipped", "requests",
    "denials", "spikes",
];

/// The list of values that a table shows.
type List = fn(&Addition) -> &[Value];

/// The tables of values.
const VALUES: [(&str, List); 5] = [
    ("ips.csv", |log| &log.ips),
    ("clients.csv", |log| &log.clients),
    ("users.csv", |log| &log.users),
    ("tokens.csv", |log| &log.tokens),
    ("routes.csv", |log| &log.routes),
];

/// What tables are made of.
pub struct Tables<'a> {
    /// Number of the run.
    pub run: u64,
    /// The LOGs as typed.
    pub logs: &'a [String],
    /// Which of them were read: the others have no rows.
    pub is_readable: &'a [bool],
    /// What was counted.
    pub additions: &'a Additions,
    /// The spikes with their ids.
    pub spikes: &'a [Carried<'a>],
}

impl Tables<'_> {
    /// All tables; `earlier` are the rows of `summary.csv` of earlier runs.
    ///
    /// # Errors
    /// None that can occur: they are written to memory.
    pub fn render(&self, earlier: &[Vec<String>]) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
        let mut tables = vec![
            ("spikes.csv", table(&SPIKE_COLUMNS, self.spike_rows())?),
            ("windows.csv", table(&WINDOW_COLUMNS, self.window_rows())?),
        ];
        for (name, list) in VALUES {
            tables.push((name, table(&VALUE_COLUMNS, self.value_rows(list))?));
        }
        let summary = earlier.iter().cloned().chain(self.summary_rows());
        tables.push(("summary.csv", table(&SUMMARY_COLUMNS, summary)?));
        Ok(tables)
    }

    /// The LOGs that were read, with their numbers and what was counted of them.
    fn read(&self) -> impl Iterator<Item = (usize, &str, &Addition)> {
        let logs = self.logs.iter().zip(&self.additions.logs).enumerate();
        let is_read = |log: usize| self.is_readable.get(log).copied().unwrap_or(false);
        logs.filter(move |(at, _)| is_read(*at))
            .map(|(at, (typed, log))| (at, typed.as_str(), log))
    }

    /// The spikes with denials in a LOG, as they are there.
    fn spikes_of(&self, log: usize) -> impl Iterator<Item = Spike> {
        self.spikes.iter().filter_map(move |carried| {
            let parts = &carried.finding.parts;
            let (_, part) = parts.iter().find(|(of, _)| *of == log)?;
            Some(carried.shown(part))
        })
    }

    fn spike_rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.read().flat_map(move |(at, source, _)| {
            self.spikes_of(at)
                .map(move |spike| spike_row(self.run, source, &spike).to_vec())
        })
    }

    fn window_rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.read().flat_map(move |(_, source, log)| {
            log.windows.iter().map(move |window| {
                let mut row = self.start(source);
                row.extend([time(window.start), time(window.end)]);
                row.extend([window.requests, window.denials].map(|n| n.to_string()));
                row.extend(window.families.map(|denials| denials.to_string()));
                row
            })
        })
    }

    fn value_rows(&self, list: List) -> impl Iterator<Item = Vec<String>> {
        self.read().flat_map(move |(_, source, log)| {
            list(log).iter().map(move |value| {
                let mut row = self.start(source);
                let (cause, confidence) = value.cause.unzip();
                row.extend([
                    foreign(&value.value),
                    value.requests.to_string(),
                    value.denials.to_string(),
                    time(value.first),
                    time(value.last),
                    cause
                        .map_or("undetermined", |cause| cause.name())
                        .to_owned(),
                    confidence.flatten().map(number).unwrap_or_default(),
                ]);
                row
            })
        })
    }

    fn summary_rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.read().map(move |(at, source, log)| {
            let mut row = self.start(source);
            let (start, end) = log.interval.unzip();
            row.extend([start, end].map(|moment| moment.map(time).unwrap_or_default()));
            let spikes = self.spikes_of(at).count() as u64;
            let skipped = log.skipped.total();
            row.extend(
                [
                    log.bytes,
                    log.lines,
                    log.parsed,
                    skipped,
                    log.requests,
                    log.denials,
                    spikes,
                ]
                .map(|count| count.to_string()),
            );
            row
        })
    }

    /// The columns that all tables begin with.
    fn start(&self, source: &str) -> Vec<String> {
        vec![SCHEMA.to_string(), self.run.to_string(), foreign(source)]
    }
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut table = writer(&mut bytes);
    table.write_record(columns)?;
    for row in rows {
        table.write_record(row)?;
    }
    table.flush()?;
    drop(table);
    Ok(bytes)
}

/// The rows of a `summary.csv` that are of runs before `run`, and how many others could not be read.
pub fn summary_before(run: u64, bytes: &[u8]) -> (Vec<Vec<String>>, usize) {
    let mut rows = Vec::new();
    let mut unreadable = 0;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    for record in reader.byte_records() {
        let row: Option<Vec<String>> = record.ok().and_then(|record| {
            let cells = record
                .iter()
                .map(|cell| String::from_utf8(cell.to_vec()).ok());
            cells.collect()
        });
        let of_run = row.as_ref().and_then(|row| row.get(1)?.parse::<u64>().ok());
        match (row, of_run) {
            // Columns that a newer program appended go with what it knew.
            (Some(mut row), Some(of_run)) if row.len() >= SUMMARY_COLUMNS.len() => {
                row.truncate(SUMMARY_COLUMNS.len());
                if of_run < run {
                    rows.push(row);
                }
            }
            _ => unreadable += 1,
        }
    }
    (rows, unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_earlier_runs_are_carried_and_broken_ones_are_counted() {
        let text = format!(
            "{}\r\n1,1,\"a,\"\"b\",,,1,2,3,4,5,6,7\r\n1,2,a,,,1,2,3,4,5,6,7,8\r\n1,3,a,,,1,2,3,4,5,6,7\r\n1,x\r\n",
            SUMMARY_COLUMNS.join(",")
        );
        let (rows, unreadable) = summary_before(3, text.as_bytes());
        assert_eq!(unreadable, 1);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][2], "a,\"b");
        assert_eq!(rows[1].len(), SUMMARY_COLUMNS.len());
        let again = table(&SUMMARY_COLUMNS, rows.clone().into_iter()).unwrap();
        assert_eq!(summary_before(3, &again), (rows, 0));
    }
}
