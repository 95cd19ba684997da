//! `--format json`: the whole analysis, schema `forbid-logs.analysis/1`.
//!
//! Always the same bytes for the same findings, to a terminal or not: two spaces of indentation,
//! fields in the order of `findings`, one newline at the end. Strings hold what was logged; marks
//! that a terminal would obey stand as `\u` escapes, which every parser turns back.

use super::{Context, Output};
use crate::escape;
use crate::findings::Analysis;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// The JSON output.
#[derive(Debug)]
pub struct Json;

impl Output for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "everything, for programs; schema forbid-logs.analysis/1"
    }

    fn write(&self, analysis: &Analysis, _: &Context, out: &mut dyn Write) -> io::Result<()> {
        pretty(analysis, out)
    }
}

/// Writes a value as this output writes an analysis.
///
/// # Errors
/// Those of `out`.
pub fn pretty<T: Serialize>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, SafePretty::default());
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The JSON schema of the output, generated from the types, with a newline at the end.
///
/// # Errors
/// None in practice; that of the serializer.
pub fn schema() -> io::Result<String> {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Analysis>();
    schema.insert("$id".to_owned(), crate::findings::SCHEMA.into());
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    Ok(text)
}

/// Pretty JSON whose strings are safe to show.
#[derive(Default)]
struct SafePretty(PrettyFormatter<'static>);

impl Formatter for SafePretty {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        out.write_all(escape::json_fragment(fragment).as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;
    use serde_json::Value;
    use std::path::Path;

    fn written(analysis: &Analysis) -> String {
        let mut bytes = Vec::new();
        Json.write(analysis, &Context::default(), &mut bytes)
            .unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn names(value: &Value) -> Vec<&str> {
        value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/analysis.schema.json");
        let generated = schema().unwrap();
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            committed == generated,
            "docs/analysis.schema.json is out of date; run the tests with UPDATE_SNAPSHOTS=1"
        );
    }

    #[test]
    fn names_are_those_of_the_contract() {
        let json: Value = serde_json::from_str(&written(&sample::one_spike())).unwrap();
        let has = |value: &Value, expected: &str| {
            for name in expected.split(' ') {
                assert!(
                    value.get(name).is_some(),
                    "{name} is not in {:?}",
                    names(value)
                );
            }
        };
        has(
            &json,
            "schema version input totals neighbours window_s timeline spikes standing shares groups warnings",
        );
        assert_eq!(json["schema"], "forbid-logs.analysis/1");
        has(&json["input"], "files lines parsed skipped start end");
        has(
            &json["input"]["files"][0],
            "path format detected_by compression bytes lines parsed skipped start end",
        );
        has(
            &json["input"]["skipped"],
            "malformed too_long filtered not_a_request",
        );
        has(&json["timeline"][0], "start requests denials");
        let spike = &json["spikes"][0];
        has(
            spike,
            "id state start end requests denials expected peak family cause mechanism confidence band \
             reason alternatives rule keys distinct evidence collateral without examples reproduce \
             settle advice",
        );
        has(
            &spike["rule"],
            "text where limit since until precision coverage",
        );
        has(
            &spike["rule"]["limit"],
            "key algorithm rate_per_s burst limit window_s hold_s",
        );
        has(&spike["evidence"][0], "test kind for weight text counts");
        has(
            &spike["collateral"],
            "established_clients claimed_crawlers text",
        );
        has(&json["groups"], "ip prefix client user token route window");
        has(
            &json["groups"]["ip"][0],
            "value denials requests first last",
        );
    }

    #[test]
    fn times_are_utc() {
        let json: Value = serde_json::from_str(&written(&sample::one_spike())).unwrap();
        assert_eq!(json["spikes"][0]["start"], "2026-03-14T08:43:00Z");
    }

    #[test]
    fn hostile_strings_come_back_and_are_safe_to_show() {
        let analysis = sample::hostile();
        let text = written(&analysis);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(!text.contains('\u{202e}'));
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            json["groups"]["client"][0]["value"],
            analysis.groups.client[0].value
        );
    }
}
