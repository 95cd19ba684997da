//! The command that shows the lines which a sentence of evidence counts: whoever doubts it can count again.

use super::super::rule::dimension;
use super::{Setting, moment};
use crate::escape::shell;
use crate::evidence::facts::Facts;
use crate::examine::row::NONE;
use crate::examine::table::Column;
use ipnet::IpNet;

/// Values in one condition; more make a command that nobody pastes.
const MOST_VALUES: usize = 12;
/// Networks in one condition.
const MOST_NETWORKS: usize = 40;
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
    for chain in chains(subject) {
        let mut columns = chain.iter();
        if let Some(condition) = columns.find_map(|column| condition(setting, facts, *column)) {
            command.push_str(" --where ");
            command.push_str(&shell(condition.as_bytes()));
        }
    }
    command
}

const ADDRESSES: &[Column] = &[Column::Ip, Column::Prefix, Column::Prefix16, Column::Client];
const PLACES: &[Column] = &[
    Column::Route,
    Column::Route3,
    Column::Route2,
    Column::Route1,
];

/// What narrows a command to a subject: of each chain the first column whose values are few.
fn chains(subject: Subject) -> &'static [&'static [Column]] {
    match subject {
        Subject::Denials => &[ADDRESSES, PLACES, &[Column::Method]],
        Subject::Callers => &[ADDRESSES],
        Subject::Places => &[PLACES],
        Subject::Agents => &[&[Column::Client]],
    }
}

/// What `--where` asks of a column, where its values are few and shown as they are.
fn condition(setting: &Setting<'_>, facts: &Facts, column: Column) -> Option<String> {
    let values = facts.values.get(&column)?;
    let most = match column {
        Column::Prefix | Column::Prefix16 => MOST_NETWORKS,
        _ => MOST_VALUES,
    };
    if values.is_empty() || values.len() > most {
        return None;
    }
    let plain = |(id, _): &(u32, u64)| {
        let text = (*id != NONE).then(|| setting.table.text(column, *id))?;
        let text = std::str::from_utf8(text).ok()?;
        ((setting.shown)(column, text.as_bytes()) == text).then_some(text)
    };
    let values: Vec<&str> = values.iter().map(plain).collect::<Option<_>>()?;
    let name = dimension(column);
    let is_segments = matches!(column, Column::Route1 | Column::Route2 | Column::Route3);
    match (column, values.as_slice()) {
        (Column::Prefix | Column::Prefix16, networks) => {
            let are_networks = networks.iter().all(|text| text.parse::<IpNet>().is_ok());
            are_networks.then(|| format!("ip={}", networks.join(",")))
        }
        (_, places) if is_segments && places.contains(&"/") => None,
        (_, [one]) if !is_segments && !one.contains(COLLAPSED) => Some(format!("{name}={one}")),
        (_, several) => {
            let escaped: Vec<String> = several.iter().map(|value| pattern(value)).collect();
            let end = if is_segments { "(/|$)" } else { "$" };
            Some(format!("{name}~^({}){end}", escaped.join("|")))
        }
    }
}

/// Stands for any name where a place has too many ([`crate::key::route_tree`]).
const COLLAPSED: &str = "{}";

/// The pattern of a value, whatever stands for its collapsed names.
fn pattern(value: &str) -> String {
    let parts: Vec<String> = value.split(COLLAPSED).map(regex::escape).collect();
    parts.join("[^/]+")
}
