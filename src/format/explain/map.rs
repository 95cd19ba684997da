//! What becomes of `--map`: whether there is JSON to apply it to, and whether its keys are there.

use crate::format::Detected;
use serde_json::Value;

/// What the user has to know of a map, for some lines of the log.
pub(super) fn notices(
    map: &[(String, String)],
    detected: &Detected,
    sample: &[&[u8]],
) -> Vec<String> {
    if map.is_empty() {
        return Vec::new();
    }
    if !detected.is_json() {
        let name = &detected.name;
        return vec![format!(
            "--map is not used: this log is read as {name}, and --map names keys of JSON lines"
        )];
    }
    let objects: Vec<Value> = sample.iter().filter_map(|line| object(line)).collect();
    let missing = map
        .iter()
        .filter(|(_, path)| !objects.iter().any(|object| has(object, path)));
    missing
        .filter(|_| !objects.is_empty())
        .map(|(field, path)| {
            let sampled = objects.len();
            format!("--map {field}={path}: none of {sampled} sampled lines has a key {path:?}; check its spelling")
        })
        .collect()
}

/// The object of a line, which may be one of a JSON array.
fn object(line: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_start_matches([' ', '\t', '[']);
    let text = text.trim_end_matches([' ', '\t', '\r', '\n', ',', ']']);
    serde_json::from_str(text).ok()
}

/// Whether an object has a key, as the format looks for it: the whole path, or object by object.
fn has(object: &Value, path: &str) -> bool {
    if key(object, path).is_some() {
        return true;
    }
    path.split('.').try_fold(object, key).is_some()
}

fn key<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let mut keys = object.as_object()?.iter();
    keys.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
}
