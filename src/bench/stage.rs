//! What is measured, in the order in which it is shown.
//!
//! Limits of the machine come first, then passes over the whole log that each do a little more than
//! the one before, then the stages of `analyze` as they follow each other in one run.

use crate::analysis;
use serde::Serialize;

/// What a stage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What the machine can do at most; the others are compared with it.
    Limit,
    /// A pass over the whole log that contains the passes above it.
    Pass,
    /// A part of one run of `analyze`; the parts add up.
    Part,
    /// All parts together.
    Whole,
}

/// A stage that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Memory, read.
    Memory,
    /// The log, read.
    Read,
    /// The log, its newlines counted.
    Newlines,
    /// Its lines found.
    Lines,
    /// Its lines parsed.
    Parse,
    /// Opening and detection.
    Open,
    /// The first pass.
    Survey,
    /// The second pass.
    Examine,
    /// Causes.
    Verdict,
    /// The analysis put together.
    Describe,
    /// The analysis as JSON.
    Write,
    /// All of `analyze`.
    Analyze,
}

impl Stage {
    /// All stages, in their order.
    pub const ALL: [Stage; 12] = [
        Stage::Memory,
        Stage::Read,
        Stage::Newlines,
        Stage::Lines,
        Stage::Parse,
        Stage::Open,
        Stage::Survey,
        Stage::Examine,
        Stage::Verdict,
        Stage::Describe,
        Stage::Write,
        Stage::Analyze,
    ];

    /// Its name in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Memory => "memory",
            Stage::Read => "read",
            Stage::Newlines => "newlines",
            Stage::Lines => "lines",
            Stage::Parse => "parse",
            Stage::Open => "open",
            Stage::Survey => "survey",
            Stage::Examine => "examine",
            Stage::Verdict => "verdict",
            Stage::Describe => "describe",
            Stage::Write => "write",
            Stage::Analyze => "analyze",
        }
    }

    /// What it is for.
    pub fn kind(self) -> Kind {
        match self {
            Stage::Memory | Stage::Read | Stage::Newlines => Kind::Limit,
            Stage::Lines | Stage::Parse => Kind::Pass,
            Stage::Analyze => Kind::Whole,
            _ => Kind::Part,
        }
    }

    /// Whether its time grows with the log, so that a rate means something.
    pub fn depends_on_log(self) -> bool {
        !matches!(self, Stage::Open | Stage::Write)
    }

    /// What is done while the clock runs.
    pub fn does(self) -> &'static str {
        match self {
            Stage::Memory => "adds up 128 MiB of memory, word by word",
            Stage::Read => {
                "maps or reads the log (unpacks it, if compressed) and adds up its words"
            }
            Stage::Newlines => "the same, counting newlines with memchr instead",
            Stage::Lines => "finds each line and sees whether it could be a request",
            Stage::Parse => "finds each line and parses it into a record",
            Stage::Open => "starts threads, opens the log, detects its format",
            Stage::Survey => "first pass: parses every line, counts it under its keys",
            Stage::Examine => "second pass: rows of the requests near denials",
            Stage::Verdict => "proposes, replays and judges causes",
            Stage::Describe => "rules, names and sentences; gives memory back",
            Stage::Write => "the report as JSON, to nowhere",
            Stage::Analyze => "open to write, as `forbid-logs analyze` does it",
        }
    }
}

impl From<analysis::Stage> for Stage {
    fn from(stage: analysis::Stage) -> Stage {
        match stage {
            analysis::Stage::Open => Stage::Open,
            analysis::Stage::Survey => Stage::Survey,
            analysis::Stage::Examine => Stage::Examine,
            analysis::Stage::Verdict => Stage::Verdict,
            analysis::Stage::Describe => Stage::Describe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;

    #[test]
    fn all_are_listed_once_in_their_order_with_the_names_of_the_json() {
        assert!(Stage::ALL.is_sorted());
        for stage in Stage::ALL {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.name());
            assert!(!stage.does().is_empty());
        }
    }
}
