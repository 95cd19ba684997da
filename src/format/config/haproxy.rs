//! `log-format` of an HAProxy configuration.
//!
//! Source: HAProxy's configuration manual, sections 2.2 (quoting) and 8.2.6.

use super::{Declared, placed};
use crate::format::FormatError;
use crate::format::template::{Dialect, Template};
use std::path::Path;

/// The formats that the configuration at `path` declares. One that cannot be read by is left out, and so is
/// one that only adds to `option httplog`, which is known by its looks: the configuration is mostly given
/// for its rules.
pub(in crate::format) fn declared(path: &Path) -> Result<Vec<Declared>, FormatError> {
    let directives = placed::haproxy(path)?;
    let formats = directives
        .iter()
        .filter(|directive| directive.name() == "log-format")
        .filter_map(|directive| {
            let format = unescaped(&directive.words[1..]);
            let template = match Dialect::of(&format).is_httplog() {
                true => return None,
                false => Template::from_haproxy(&format, "haproxy.log-format"),
            };
            template.is_ok().then(|| Declared {
                name: "haproxy.log-format".to_owned(),
                place: format!("{}:{}", directive.file, directive.line),
                used: true,
                template,
            })
        });
    Ok(formats.collect())
}

/// The string of a directive; outside of quotes a backslash stands before each of its spaces.
fn unescaped(words: &[String]) -> String {
    words.join(" ").replace("\\ ", " ").replace("\\\"", "\"")
}
