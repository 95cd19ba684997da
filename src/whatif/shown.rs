//! An answer as text, JSON and CSV. Every value of the log passes the escapes of its output.

use super::{Answer, Change, OfValue};
use crate::escape;
use crate::key::address::{Address, anonymized};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::str::FromStr;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For tables: one row per policy, address and client.
    Csv,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        match text {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            "csv" => Ok(Format::Csv),
            _ => Err("write text, json or csv".to_owned()),
        }
    }
}

/// Columns of the CSV form.
pub const COLUMNS: [&str; 8] = [
    "schema",
    "dimension",
    "value",
    "requests",
    "denied_then",
    "denied",
    "newly_denied",
    "newly_admitted",
];

/// An address as it is shown.
pub(super) fn address(bytes: &[u8], hidden: bool) -> String {
    match hidden {
        false => text(bytes),
        true => Address::parse(bytes)
            .ip()
            .map_or_else(|| "(withheld)".to_owned(), |ip| anonymized(ip).to_string()),
    }
}

/// Other text as it is shown.
pub(super) fn text(bytes: &[u8]) -> String {
    escape::utf8(bytes).into_owned()
}

/// Writes an answer.
///
/// # Errors
/// Those of `out`.
pub fn write(answer: &Answer, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => out.write_all(as_text(answer).as_bytes()),
        Format::Json => json(answer, out),
        Format::Csv => csv(answer, out),
    }
}

fn json(answer: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let value = serde_json::to_string_pretty(answer).map_err(io::Error::from)?;
    // What a terminal would obey stands as an escape, which every parser turns back.
    for letter in value.chars() {
        match escape::terminal(letter.encode_utf8(&mut [0; 4])) {
            _ if letter == '\n' => out.write_all(b"\n")?,
            shown if shown.len() == letter.len_utf8() && shown.starts_with(letter) => {
                out.write_all(shown.as_bytes())?;
            }
            _ => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
    }
    out.write_all(b"\n")
}

fn csv(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\r", COLUMNS.join(","))?;
    let mut row = |dimension: &str, value: &str, cells: [String; 5]| {
        let value = escape::csv_cell(value);
        let quoted = match value.contains(['"', ',', '\r', '\n']) {
            true => format!("\"{}\"", value.replace('"', "\"\"")),
            false => value.into_owned(),
        };
        let schema = answer.schema.as_str();
        writeln!(out, "{schema},{dimension},{quoted},{}\r", cells.join(","))
    };
    let cells = |change: &Change| {
        [
            change.requests,
            change.denied_then,
            change.denied,
            change.newly_denied,
            change.newly_admitted,
        ]
        .map(|number| number.to_string())
    };
    row("all", "", cells(&answer.in_scope))?;
    for policy in &answer.policies {
        let (requests, denied) = (policy.requests.to_string(), policy.denied.to_string());
        let none = String::new;
        row(
            "policy",
            &policy.text,
            [requests, none(), denied, none(), none()],
        )?;
    }
    for (dimension, values) in [("ip", &answer.ip), ("client", &answer.client)] {
        for value in values {
            row(dimension, &value.value, cells(&value.change))?;
        }
    }
    Ok(())
}

fn as_text(answer: &Answer) -> String {
    let mut text = String::new();
    let all = &answer.in_scope;
    for (number, policy) in (1..).zip(&answer.policies) {
        let shown = escape::terminal(&policy.text);
        let _ = writeln!(text, "policy {number}  {shown}");
        let _ = writeln!(
            text,
            "          {} requests in scope, {} denied",
            policy.requests, policy.denied
        );
    }
    let _ = writeln!(
        text,
        "\n{} of {} requests are in scope: {} were denied, {} would have been",
        all.requests, answer.requests, all.denied_then, all.denied
    );
    let _ = writeln!(
        text,
        "  newly denied    {}\n  newly admitted  {}\n  as before       {}",
        all.newly_denied,
        all.newly_admitted,
        all.requests - all.changed()
    );
    let outside = answer.denials - all.denied_then;
    if outside > 0 {
        let _ = writeln!(
            text,
            "  {outside} denials are in no policy's scope, and stay"
        );
    }
    for (title, values) in [("address", &answer.ip), ("client", &answer.client)] {
        table(title, values, &mut text);
    }
    text
}

fn table(title: &str, values: &[OfValue], text: &mut String) {
    if values.is_empty() {
        return;
    }
    let shown: Vec<_> = values
        .iter()
        .map(|value| (escape::terminal(&value.value), &value.change))
        .collect();
    let width = shown.iter().map(|(value, _)| value.chars().count());
    let width = width.max().unwrap_or(0).max(title.len()).min(46);
    let _ = writeln!(
        text,
        "\n{title:<width$}  requests  denied then  would be  newly denied  newly admitted"
    );
    for (value, change) in shown {
        let value: String = value.chars().take(width).collect();
        let _ = writeln!(
            text,
            "{value:<width$}  {:>8}  {:>11}  {:>8}  {:>12}  {:>14}",
            change.requests,
            change.denied_then,
            change.denied,
            change.newly_denied,
            change.newly_admitted
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_holds_does_nothing() {
        let answer = Answer {
            schema: "s".into(),
            ip: vec![OfValue {
                value: "=1+1,\"\u{1b}[31m".into(),
                change: Change::default(),
            }],
            ..Answer::default()
        };
        for format in [Format::Text, Format::Json, Format::Csv] {
            let mut out = Vec::new();
            write(&answer, format, &mut out).unwrap();
            assert!(!out.contains(&0x1b), "{format:?}");
            if format == Format::Json {
                let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
                assert_eq!(value["ip"][0]["value"], "=1+1,\"\u{1b}[31m");
            }
        }
    }
}
