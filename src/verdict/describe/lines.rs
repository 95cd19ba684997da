//! The command that shows the lines which a sentence of evidence counts: whoever doubts it can count again.

use super::super::rule::dimension;
use super::{Setting, moment};
use crate::escape::shell;
use crate::evidence::facts::Facts;
use crate::examine::row::NONE;
use crate::examine::table::Column;

/// Values in one condition; more make a command that nobody pastes.
const MOST_VALUES: usize = 12;
/// Sentences on what came before the first denial look back so far, in seconds.
const BEFORE_S: i64 = 600;

/// Whose requests a sentence is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Subject {
    /// The denied ones.
    Denials,
    /// All that the denied addresses asked, and when they began.
    Callers,
    /// All that anybody asked at the denied places.
    Places,
    /// All that came with the denied agents.
    Agents,
}

/// The subject of each test; of others it is the denials.
const SUBJECTS: [(&str, Subject); 22] = [
    ("shut_out", Subject::Callers),
    ("not_shut_out", Subject::Callers),
    ("fewer_names", Subject::Callers),
    ("lacks_right", Subject::Callers),
    ("valid", Subject::Callers),
    ("now_and_then", Subject::Callers),
    ("challenge", Subject::Callers),
    ("surge", Subject::Callers),
    ("jump", Subject::Callers),
    ("load", Subject::Callers),
    ("clamp", Subject::Callers),
    ("replay", Subject::Callers),
    ("open", Subject::Places),
    ("closed", Subject::Places),
    ("method", Subject::Places),
    ("refused", Subject::Places),
    ("named", Subject::Places),
    ("nameless", Subject::Places),
    ("rush", Subject::Places),
    ("unsolved", Subject::Places),
    ("agent", Subject::Agents),
    ("agent_passes", Subject::Agents),
];

/// The command for a test's sentence on a group of denials between two seconds.
pub(super) fn command(
    setting: &Setting<'_>,
    facts: &Facts,
    test: &str,
    start_s: i64,
    end_s: i64,
) -> String {
    let found = SUBJECTS.iter().find(|(name, _)| *name == test);
    let subject = found.map_or(Subject::Denials, |(_, subject)| *subject);
    let from_s = match test {
        "surge" | "jump" | "rush" => start_s.saturating_sub(BEFORE_S),
        _ => start_s,
    };
    let stamp = |second| moment(second).format("%Y-%m-%dT%H:%M:%SZ");
    let mut command = format!(
        "forbid-logs export {} --since {} --until {}",
        setting.logs,
        stamp(from_s),
        stamp(end_s),
    );
    if subject != Subject::Denials {
        command.push_str(" --all");
    }
    let columns: &[Column] = match subject {
        Subject::Denials => &[Column::Ip, Column::Route],
        Subject::Callers => &[Column::Ip],
        Subject::Places => &[Column::Route],
        Subject::Agents => &[Column::Client],
    };
    let conditions = columns
        .iter()
        .filter_map(|column| condition(setting, facts, *column));
    for condition in conditions {
        command.push_str(" --where ");
        command.push_str(&shell(condition.as_bytes()));
    }
    command
}

/// What `--where` asks of a column, where its values are few and shown as they are.
fn condition(setting: &Setting<'_>, facts: &Facts, column: Column) -> Option<String> {
    let name = dimension(column);
    let values = facts.values.get(&column)?;
    if values.is_empty() || values.len() > MOST_VALUES {
        return None;
    }
    let plain = |(id, _): &(u32, u64)| {
        let text = (*id != NONE).then(|| setting.table.text(column, *id))?;
        let text = std::str::from_utf8(text).ok()?;
        ((setting.shown)(column, text.as_bytes()) == text).then_some(text)
    };
    let values: Vec<&str> = values.iter().map(plain).collect::<Option<_>>()?;
    match values.as_slice() {
        [one] => Some(format!("{name}={one}")),
        several => {
            let escaped: Vec<String> = several.iter().map(|value| regex::escape(value)).collect();
            Some(format!("{name}~^({})$", escaped.join("|")))
        }
    }
}
