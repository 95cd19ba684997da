//! The error logs of `--error-log`: opened beside the access logs, joined after their rows are there.

use super::{AnalysisError, Progress};
use crate::examine::table::Table;
use crate::input::{Input, Trouble};
use crate::settings::{InputSettings, Settings};
use crate::sidelog::{self, Joined};

/// Opens what the settings name; none where they name nothing.
pub(super) fn open(
    settings: &Settings,
    warnings: &mut Vec<String>,
    troubles: &mut Vec<Trouble>,
) -> Result<Option<Input>, AnalysisError> {
    if settings.error_logs.is_empty() {
        return Ok(None);
    }
    let opened = Input::open(&InputSettings {
        logs: settings.error_logs.clone(),
        ..settings.input.clone()
    })?;
    warnings.extend(opened.warnings);
    troubles.extend(opened.troubles);
    Ok(Some(opened.input))
}

/// Joins them with the rows of the table.
pub(super) fn join(logs: Input, table: &mut Table<'_>, progress: &dyn Progress) -> Joined {
    progress.begin("joining", logs.total_bytes());
    let joined = sidelog::join(&logs, table, &|bytes| progress.advance(bytes));
    progress.end();
    joined
}
