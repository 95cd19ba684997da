//! `--max-skipped`: when lines that could not be read make a run exit with 3.

use super::message;
use crate::exit::ExitCode;

/// Says so if more than `most` (a share) of the lines could not be read.
pub fn check(most: Option<f64>, unreadable: u64, lines: u64) -> ExitCode {
    let Some(most) = most else {
        return ExitCode::Analysed;
    };
    let share = unreadable as f64 / lines.max(1) as f64;
    if share <= most {
        return ExitCode::Analysed;
    }
    message::say(&format!(
        "--max-skipped: {unreadable} of {lines} lines could not be read ({:.2} %)",
        share * 100.0
    ));
    ExitCode::InPart
}
