//! Whether the product recognises each client in the log that it caused.

use crate::labels::Label;
use crate::product::{self, Exported};
use crate::scenario::Scenario;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Streams that say what their client is called, and whose lines the product calls otherwise.
///
/// # Errors
/// The log cannot be read.
pub fn check(scenario: &Scenario, log: &Path, labels: &[Label]) -> io::Result<Vec<String>> {
    let expected: BTreeMap<&str, &str> = scenario
        .streams
        .iter()
        .filter_map(|stream| Some((&*stream.name, stream.known_as.as_deref()?)))
        .collect();
    if expected.is_empty() {
        return Ok(Vec::new());
    }
    let mut complaints: BTreeMap<&str, String> = BTreeMap::new();
    for record in product::exported(&product::settings(log), Exported::Requests)?.lines() {
        let record: Value = serde_json::from_str(record)?;
        let number = record["line"].as_u64().unwrap_or_default() as usize;
        let Some(label) = labels.get(number.wrapping_sub(1)) else {
            continue;
        };
        let Some((stream, name)) = expected.get_key_value(&*label.stream) else {
            continue;
        };
        let told = record["client"].as_str().unwrap_or("(none)");
        if told != *name {
            let agent = &record["user_agent"];
            complaints.insert(
                stream,
                format!("{name} is told as {told}, by its user agent {agent}"),
            );
        }
    }
    Ok(complaints.into_values().collect())
}
