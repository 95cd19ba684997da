//! How records are written: a JSON object or a CSV row a line.
//!
//! A cell is a value as it stands in the output, quotes included; an empty cell is an absent value, which
//! JSON leaves out. Log text is escaped here and nowhere else ([`escape::json_string`],
//! [`escape::csv_cell`]); CSV is RFC 4180 with its CRLF.

use super::Request;
use super::columns::{COLUMNS, ERROR_COLUMN, VERDICT_COLUMNS};
use crate::escape;
use std::str::FromStr;
use std::sync::LazyLock;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// A JSON object a line; what is absent is left out.
    Ndjson,
    /// A header and a row a line; what is absent is empty.
    Csv,
}

impl FromStr for Encoding {
    type Err = String;

    fn from_str(name: &str) -> Result<Encoding, String> {
        match name {
            "ndjson" => Ok(Encoding::Ndjson),
            "csv" => Ok(Encoding::Csv),
            _ => Err(format!("unknown format {name:?}; known are ndjson, csv")),
        }
    }
}

impl Encoding {
    /// What stands before the first record.
    pub(super) fn header(self, request: Request) -> String {
        if self == Encoding::Ndjson {
            return String::new();
        }
        let mut columns = COLUMNS.to_vec();
        if request.verdict {
            columns.extend(VERDICT_COLUMNS);
        }
        if request.keep_unparsed {
            columns.push(ERROR_COLUMN);
        }
        columns.join(",") + "\r\n"
    }

    /// Appends the cell of a text that others chose; nothing for an empty one.
    pub(super) fn text(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            _ if text.is_empty() => {}
            Encoding::Ndjson if all_are(&PLAIN_IN_JSON, text) => {
                out.push(b'"');
                out.extend_from_slice(text);
                out.push(b'"');
            }
            Encoding::Ndjson => out.extend_from_slice(escape::json_string(text).as_bytes()),
            Encoding::Csv if all_are(&PLAIN_IN_CSV, text) => out.extend_from_slice(text),
            Encoding::Csv => {
                let text = escape::utf8(text);
                quote_if_needed(escape::csv_cell(&text).as_bytes(), out);
            }
        }
    }

    /// The cell of a text that others chose.
    pub(super) fn cell(self, text: &[u8]) -> Vec<u8> {
        let mut cell = Vec::with_capacity(text.len() + 2);
        self.text(text, &mut cell);
        cell
    }

    /// The cell of JSON of our own: as it is, or in one CSV cell.
    pub(super) fn json(self, json: &str) -> Vec<u8> {
        match self {
            Encoding::Ndjson => json.as_bytes().to_vec(),
            Encoding::Csv => {
                let mut cell = Vec::new();
                quote_if_needed(json.as_bytes(), &mut cell);
                cell
            }
        }
    }
}

/// Which bytes stand in a JSON string as they are.
const PLAIN_IN_JSON: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte as usize] = !matches!(byte, b'"' | b'\\');
        byte += 1;
    }
    plain
};

/// Which bytes stand in a CSV cell as they are; of others, [`escape::csv_cell`] knows more.
const PLAIN_IN_CSV: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0u8;
    while byte < 0x7f {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b':' | b'_');
        byte += 1;
    }
    plain
};

/// Without an early end, so that texts of all lengths cost alike.
fn all_are(plain: &[bool; 256], text: &[u8]) -> bool {
    text.iter()
        .fold(true, |all, &byte| all & plain[byte as usize])
}

/// Quotes a cell by RFC 4180, where a reader could misread it.
fn quote_if_needed(cell: &[u8], out: &mut Vec<u8>) {
    let is_special = |byte: &u8| {
        matches!(
            byte,
            b'"' | b',' | b'\r' | b'\n' | b' ' | b'\'' | b';' | b'|'
        )
    };
    if !cell.iter().any(is_special) {
        return out.extend_from_slice(cell);
    }
    out.push(b'"');
    for part in cell.split_inclusive(|&byte| byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// A record in the making: cells in the order of the columns.
pub(super) struct Row<'o> {
    out: &'o mut Vec<u8>,
    encoding: Encoding,
    openings: &'static [String],
    column: usize,
}

impl<'o> Row<'o> {
    /// Begins a record behind what `out` holds.
    pub(super) fn new(encoding: Encoding, out: &'o mut Vec<u8>) -> Row<'o> {
        if encoding == Encoding::Ndjson {
            out.push(b'{');
        }
        Row::at(0, encoding, out)
    }

    /// A part of a record, from a column on; for [`Row::part`] of many records.
    pub(super) fn at(column: usize, encoding: Encoding, out: &'o mut Vec<u8>) -> Row<'o> {
        Row {
            out,
            encoding,
            openings: &OPENINGS,
            column,
        }
    }

    /// The next column.
    #[inline]
    pub(super) fn cell(&mut self, cell: &[u8]) {
        if self.begins(cell.is_empty()) {
            self.out.extend_from_slice(cell);
        }
        self.column += 1;
    }

    /// The next column, a text that others chose.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) {
        if self.begins(text.is_empty()) {
            self.encoding.text(text, self.out);
        }
        self.column += 1;
    }

    /// The next column, a text of our own that needs no escape.
    #[inline]
    pub(super) fn word(&mut self, word: &[u8]) {
        if self.begins(word.is_empty()) {
            let is_quoted = self.encoding == Encoding::Ndjson;
            if is_quoted {
                self.out.push(b'"');
            }
            self.out.extend_from_slice(word);
            if is_quoted {
                self.out.push(b'"');
            }
        }
        self.column += 1;
    }

    /// The next column, a number.
    #[inline]
    pub(super) fn number(&mut self, number: Option<u64>) {
        match number {
            Some(number) => self.cell(itoa::Buffer::new().format(number).as_bytes()),
            None => self.cell(b""),
        }
    }

    /// The next column, a duration in microseconds, as milliseconds.
    #[inline]
    pub(super) fn milliseconds(&mut self, us: Option<u64>) {
        match us {
            Some(us) if us % 1_000 != 0 => self.cell((us as f64 / 1000.0).to_string().as_bytes()),
            whole => self.number(whole.map(|us| us / 1_000)),
        }
    }

    /// The next columns, which were written before by [`Row::at`].
    #[inline]
    pub(super) fn part(&mut self, cells: &[u8], columns: usize) {
        self.out.extend_from_slice(cells);
        self.column += columns;
    }

    /// Leaves this many columns absent.
    pub(super) fn skip(&mut self, columns: usize) {
        for _ in 0..columns {
            self.cell(b"");
        }
    }

    /// The last column, where there is one: why a line is not a record. All before it are skipped.
    pub(super) fn error(&mut self, error: &str, columns: usize) {
        match self.encoding {
            Encoding::Csv => self.skip(columns - self.column),
            Encoding::Ndjson => self.column = COLUMNS.len() + VERDICT_COLUMNS.len(),
        }
        self.text(error.as_bytes());
    }

    /// Ends the record.
    pub(super) fn end(self) {
        let end: &[u8] = match self.encoding {
            Encoding::Ndjson => b"}\n",
            Encoding::Csv => b"\r\n",
        };
        self.out.extend_from_slice(end);
    }

    /// What stands before a cell; false where nothing follows it.
    #[inline]
    fn begins(&mut self, absent: bool) -> bool {
        match self.encoding {
            Encoding::Csv => {
                if self.column > 0 {
                    self.out.push(b',');
                }
            }
            Encoding::Ndjson if absent => {}
            Encoding::Ndjson => {
                let opening = self.openings.get(self.column).map_or("", String::as_str);
                self.out.extend_from_slice(opening.as_bytes());
            }
        }
        !absent
    }
}

/// What stands before each value in JSON: the name of its column. The error stands behind the others.
static OPENINGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = COLUMNS
        .iter()
        .chain(&VERDICT_COLUMNS)
        .chain([&ERROR_COLUMN]);
    // The first column, the file, is never absent.
    let commas = [""].into_iter().chain(std::iter::repeat(","));
    names
        .zip(commas)
        .map(|(name, comma)| format!("{comma}\"{name}\":"))
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_come_back_as_they_are_shown(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 2..6)) {
            let mut row = Vec::new();
            for text in &texts {
                if !row.is_empty() {
                    row.push(b',');
                }
                // A row of one empty cell would be an empty line.
                row.extend(b"x");
                row.push(b',');
                Encoding::Csv.text(text, &mut row);
                let json = Encoding::Ndjson.cell(text);
                if !text.is_empty() {
                    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
                    let shown = escape::utf8(text);
                    prop_assert_eq!(value.as_str(), Some(&*shown));
                    prop_assert!(json.iter().all(|byte| !byte.is_ascii_control()));
                }
            }
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&row[..]);
            let read = reader.records().next().unwrap().unwrap();
            let cells: Vec<&str> = read.iter().skip(1).step_by(2).collect();
            for (text, cell) in texts.iter().zip(cells) {
                let text = escape::utf8(text);
                prop_assert_eq!(cell, &escape::csv_cell(&text).into_owned());
                prop_assert!(!cell.starts_with(['=', '+', '-', '@']));
            }
        }
    }
}
