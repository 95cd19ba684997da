//! `--format csv`, and `spikes.csv` of `report`: one row per spike.
//!
//! RFC 4180 with its CRLF, a header line always, times RFC 3339 in UTC, an empty cell for what is
//! not known. Columns are fixed and only ever appended to the right. Cells with log text cannot
//! start a formula ([`escape::csv_cell`]); numbers of our own stay numbers.

use super::{Context, Output};
use crate::escape;
use crate::findings::{Analysis, Moment, Spike};
use ::csv::{Terminator, Writer, WriterBuilder};
use chrono::SecondsFormat;
use std::io::{self, Write};

/// Version of the columns, in the first column of each row. It grows when columns are appended.
pub const SCHEMA: u32 = 1;

/// The columns of `spikes.csv`.
pub const SPIKE_COLUMNS: [&str; 22] = [
    "schema",
    "run",
    "source",
    "spike",
    "state",
    "start",
    "end",
    "requests",
    "denials",
    "expected",
    "peak_start",
    "peak_denials",
    "family",
    "cause",
    "mechanism",
    "confidence",
    "band",
    "rule",
    "top_ip",
    "top_client",
    "top_token",
    "top_route",
];

/// The CSV output of `analyze`.
#[derive(Debug)]
pub struct Csv;

impl Output for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "one row per spike, for spreadsheets and databases"
    }

    fn write(&self, analysis: &Analysis, context: &Context, out: &mut dyn Write) -> io::Result<()> {
        write_spikes(1, &context.source, &analysis.spikes, out)
    }
}

/// Writes the header and a row per spike, for a run over a LOG as typed.
///
/// # Errors
/// Those of `out`.
pub fn write_spikes(
    run: u64,
    source: &str,
    spikes: &[Spike],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut rows = writer(out);
    rows.write_record(SPIKE_COLUMNS)?;
    for spike in spikes {
        rows.write_record(spike_row(run, source, spike))?;
    }
    rows.flush()
}

/// A writer of rows as RFC 4180 wants them.
pub(crate) fn writer(out: &mut dyn Write) -> Writer<&mut dyn Write> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out)
}

/// The cells of a spike, in the order of [`SPIKE_COLUMNS`].
pub(crate) fn spike_row(run: u64, source: &str, spike: &Spike) -> [String; SPIKE_COLUMNS.len()] {
    [
        SCHEMA.to_string(),
        run.to_string(),
        foreign(source),
        foreign(&spike.id),
        spike.state.name().to_owned(),
        time(spike.start),
        time(spike.end),
        spike.requests.to_string(),
        spike.denials.to_string(),
        number(spike.expected),
        time(spike.peak.start),
        spike.peak.denials.to_string(),
        spike.family.name().to_owned(),
        spike.cause.name().to_owned(),
        foreign(spike.mechanism.as_deref().unwrap_or_default()),
        spike.confidence.map(number).unwrap_or_default(),
        spike.band.name().to_owned(),
        foreign(spike.rule.as_ref().map_or("", |rule| &rule.text)),
        foreign(top(spike, "ip")),
        foreign(top(spike, "client")),
        foreign(top(spike, "token")),
        foreign(top(spike, "route")),
    ]
}

/// The value of a dimension with the most denials; empty when there is none.
fn top<'a>(spike: &'a Spike, dimension: &str) -> &'a str {
    spike
        .keys
        .get(dimension)
        .and_then(|values| values.first())
        .map_or("", |key| &key.value)
}

/// A cell with text of a log, which cannot start a formula.
pub(crate) fn foreign(text: &str) -> String {
    escape::csv_cell(text).into_owned()
}

/// A moment, RFC 3339 in UTC.
pub(crate) fn time(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The shortest decimal that reads back as the same number; empty for none.
pub(crate) fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn written(analysis: &Analysis) -> String {
        let context = Context {
            source: "access.log".to_owned(),
            ..Context::default()
        };
        let mut bytes = Vec::new();
        Csv.write(analysis, &context, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_row_is_as_in_the_contract() {
        assert_eq!(
            written(&sample::one_spike()),
            "schema,run,source,spike,state,start,end,requests,denials,expected,peak_start,\
             peak_denials,family,cause,mechanism,confidence,band,rule,top_ip,top_client,top_token,\
             top_route\r\n\
             1,1,access.log,1-1,closed,2026-03-14T08:43:00Z,2026-03-14T09:04:36Z,4141,2852,3.2,\
             2026-03-14T08:51:00Z,163,rate_limit,rate_limit,leaky_bucket,0.97,likely,\
             limit 1/s burst 10 per ip on /api/v1/search,3.88.104.17,axios,tok_5f0e9c1b7a21,\
             /api/v1/search\r\n"
        );
    }

    #[test]
    fn a_log_without_spikes_gives_the_header() {
        let text = written(&sample::empty());
        assert_eq!(text.lines().count(), 1);
        assert_eq!(text.trim_end(), SPIKE_COLUMNS.join(","));
    }

    #[test]
    fn what_is_not_known_is_an_empty_cell() {
        let text = written(&sample::three_spikes());
        let row = text.lines().find(|row| row.contains(",1-3,")).unwrap();
        assert!(
            row.contains(",undetermined,undetermined,,,undetermined,,"),
            "{row}"
        );
    }

    #[test]
    fn hostile_cells_are_inert_and_read_back_as_one_row_each() {
        let analysis = sample::hostile();
        let text = written(&analysis);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), analysis.spikes.len());
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '@', '\t', '\r']), "{cell}");
            assert!(!cell.chars().any(char::is_control), "{cell}");
        }
    }
}
