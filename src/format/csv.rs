//! Comma-separated values under a row of names, as exports of dashboards, warehouses and content networks are; or
//! with tabs, semicolons or bars between.
//!
//! Source: RFC 4180, and Logpush's `output_type: csv`. The first row of the file names the columns; a name means
//! what it means as a key of JSON lines. A row has as many values as there are names.

use super::draft::Draft;
use super::field::undoubled;
use super::json;
use super::role::Role;
use super::{BuiltIn, Format, FormatError};
use crate::record::{Field, Record};
use crate::settings::FormatSettings;
use crate::time::Clock;
use std::borrow::Cow;

/// Rows, with what their columns mean. Without a row of names there are none, and no line is read.
#[derive(Debug, Clone, Default)]
pub(super) struct Csv {
    columns: Vec<Option<(Role, u8)>>,
    separator: u8,
}

/// What may stand between values.
const SEPARATORS: [u8; 4] = *b",\t;|";

impl BuiltIn for Csv {
    fn learn(sample: &[&[u8]], settings: &FormatSettings) -> Result<Self, FormatError> {
        let named = |row: &&[u8]| {
            let csv = |separator| {
                let columns = columns(row, separator, settings)?;
                Some(Csv { columns, separator })
            };
            SEPARATORS.into_iter().find_map(csv)
        };
        Ok(sample.first().and_then(named).unwrap_or_default())
    }
}

impl Format for Csv {
    fn name(&self) -> String {
        "csv".to_owned()
    }

    fn parse<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
        if self.columns.is_empty() {
            return None;
        }
        let mut draft = Draft::new();
        let mut values = Values {
            rest: Some(line),
            separator: self.separator,
        };
        for column in &self.columns {
            let value = values.next()?;
            if let Some((role, rank)) = *column {
                draft.put(role, rank, value, clock)?;
            }
        }
        if values.next().is_some() {
            return None;
        }
        draft.finish_timed_answer()
    }
}

/// What the columns mean that a row names; `None` where it is no row of names, or does not name what makes a
/// request: a time, a status, and who or what.
fn columns(
    row: &[u8],
    separator: u8,
    settings: &FormatSettings,
) -> Option<Vec<Option<(Role, u8)>>> {
    let names = names(row, separator)?;
    let columns = json::meanings(&names, &settings.map)?;
    let has = |wanted: &[Role]| {
        let mut told = columns.iter().flatten();
        told.any(|(role, _)| wanted.contains(role))
    };
    let complete = has(&[Role::Time])
        && has(&[Role::Status])
        && has(&[Role::Address])
        && has(&[Role::Target, Role::Request]);
    complete.then_some(columns)
}

/// Whether a line is a row of names, and so no request.
pub(super) fn is_names(line: &[u8]) -> bool {
    let settings = FormatSettings::default();
    let mut separators = SEPARATORS.into_iter();
    separators.any(|separator| columns(line, separator, &settings).is_some())
}

/// The names of a row that holds nothing else.
fn names(row: &[u8], separator: u8) -> Option<Vec<Field<'_>>> {
    /// Fewest columns of a log; less is a sentence with a comma.
    const FEWEST: usize = 4;
    /// Most columns of a log: no service has as many fields.
    const MOST: usize = 512;
    let rest = Some(row);
    let names: Vec<Field<'_>> = Values { rest, separator }.take(MOST + 1).collect();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.()@ ".contains(byte);
    let is_name = |name: &Field<'_>| {
        name.first()
            .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@'))
            && name.iter().all(is_part)
    };
    ((FEWEST..=MOST).contains(&names.len()) && names.iter().all(is_name)).then_some(names)
}

/// The values of a row, in quotes or not; a quote within quotes is doubled.
struct Values<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Iterator for Values<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let rest = self.rest?;
        let Some(body) = rest.strip_prefix(b"\"") else {
            let end = memchr::memchr(self.separator, rest);
            self.rest = end.map(|end| &rest[end + 1..]);
            return Some(Cow::Borrowed(&rest[..end.unwrap_or(rest.len())]));
        };
        let mut end = 0;
        let mut doubled = false;
        loop {
            end += memchr::memchr(b'"', body.get(end..)?)?;
            match body.get(end + 1) {
                Some(b'"') => {
                    doubled = true;
                    end += 2;
                }
                None => {
                    self.rest = None;
                    break;
                }
                Some(byte) if *byte == self.separator => {
                    self.rest = body.get(end + 2..);
                    break;
                }
                Some(_) => {
                    self.rest = None;
                    return None;
                }
            }
        }
        let value = &body[..end];
        Some(match doubled {
            false => Cow::Borrowed(value),
            true => Cow::Owned(undoubled(value)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: &str = "time,client_ip,method,path,status_code,user_agent";

    fn read<'a>(names: &str, line: &'a str) -> Option<Record<'a>> {
        let csv = Csv::learn(&[names.as_bytes()], &FormatSettings::default()).unwrap();
        csv.parse(line.as_bytes(), &mut Clock::new(None))
    }

    #[test]
    fn rows_under_names() {
        let line = r#"2026-03-10T09:43:00Z,192.0.2.1,GET,"/a,b",403,"a ""b"" c""#;
        let record = read(NAMES, line).unwrap();
        assert_eq!(
            (record.time_ms, record.status, record.method),
            (1_773_135_780_000, 403, &b"GET"[..])
        );
        assert_eq!(
            (&record.target[..], &record.user_agent[..]),
            (&b"/a,b"[..], &br#"a "b" c"#[..])
        );
        // The names of one service are looked up in its own table.
        let names =
            "EdgeStartTimestamp,ClientIP,ClientRequestMethod,ClientRequestURI,EdgeResponseStatus";
        let line = "1773135780000000000,192.0.2.1,GET,/a,403";
        assert_eq!(read(names, line).unwrap().time_ms, 1_773_135_780_000);
    }

    #[test]
    fn other_separators() {
        for separator in ["\t", ";", "|"] {
            let line = "2026-03-10T09:43:00Z,192.0.2.1,GET,\"/a,b\",403,\"a ,b\"";
            let line = line.replace("\",", &format!("\"{separator}"));
            let line = line.replace("GET,", &format!("GET{separator}"));
            let line = line.replace(
                "00Z,192.0.2.1,",
                &format!("00Z{separator}192.0.2.1{separator}"),
            );
            let line = line.replace("403,", &format!("403{separator}"));
            let record = read(&NAMES.replace(',', separator), &line).unwrap();
            assert_eq!((&record.target[..], record.status), (&b"/a,b"[..], 403));
            assert_eq!(&record.user_agent[..], b"a ,b");
        }
    }

    #[test]
    fn what_is_no_row_under_names() {
        for (names, line) in [
            (NAMES, NAMES),
            (NAMES, "2026-03-10T09:43:00Z,192.0.2.1,GET,/a,403"),
            (NAMES, "2026-03-10T09:43:00Z,192.0.2.1,GET,/a,403,b,c"),
            (NAMES, "yesterday,192.0.2.1,GET,/a,403,b"),
            (NAMES, "2026-03-10T09:43:00Z,192.0.2.1,GET,/a,\"403,b"),
            (NAMES, "2026-03-10T09:43:00Z,192.0.2.1,GET,\"/a\"b,403,c"),
            (
                "time,name,path,size,status",
                "2026-03-10T09:43:00Z,a,/a,1,403",
            ),
            ("Hello, time, status and path", "a,b"),
            ("", ""),
        ] {
            assert!(read(names, line).is_none(), "{names}: {line}");
        }
        assert!(is_names(NAMES.as_bytes()));
        assert!(!is_names(b"2026-03-10T09:43:00Z,192.0.2.1,GET,/a,403,b"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(agent in "[ -~]{0,20}", path in "/[ -~]{0,20}", status in 200u16..600) {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let line = format!("2026-03-10T09:43:00Z,192.0.2.1,GET,{},{status},{}", quoted(&path), quoted(&agent));
            let record = read(NAMES, &line).unwrap();
            prop_assert_eq!(record.status, status);
            prop_assert_eq!(&record.target[..], path.as_bytes());
            if !matches!(&*agent, "-" | "\"\"" | "\"-\"") {
                prop_assert_eq!(&record.user_agent[..], agent.as_bytes());
            }
        }

        #[test]
        fn any_bytes_are_survived(row: Vec<u8>) {
            let rest = Some(&row[..]);
            Values { rest, separator: b',' }.count();
            is_names(&row);
        }
    }
}
