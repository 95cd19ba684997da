//! What a run reads: the new lines of each LOG, and context from before them.

use super::context;
use super::state::State;
use crate::format;
use crate::input::cursor::{Cursor, LogFile};
use crate::input::follow::{ALL, Lost, follow};
use crate::input::{HEAD_BYTES, Input, InputError, Opened, Part, Trouble};
use crate::settings::Settings;
use std::collections::{BTreeMap, HashSet};

/// The files behind the input of a run.
#[derive(Debug)]
pub struct Gathered {
    /// Which LOGs can be read.
    pub is_readable: Vec<bool>,
    /// What of earlier runs is gone.
    pub lost: Vec<Lost>,
    /// By LOG, the cursors of files that are missing.
    missing: Vec<(usize, Vec<Cursor>)>,
    /// The files of each readable LOG, and the source of its new lines where there are any.
    files: Vec<(LogFile, Option<usize>)>,
}

/// All of the LOGs, for a run without a state.
///
/// # Errors
/// When none can be read.
pub fn whole(settings: &Settings) -> Result<(Opened, Gathered), InputError> {
    let opened = Input::open(&settings.input)?;
    let mut is_readable = vec![false; settings.input.logs.len()];
    for source in opened.input.sources() {
        if let Some(is_readable) = is_readable.get_mut(source.log) {
            *is_readable = true;
        }
    }
    let gathered = Gathered {
        is_readable,
        lost: Vec::new(),
        missing: Vec::new(),
        files: Vec::new(),
    };
    Ok((opened, gathered))
}

/// Notes in the state the files of LOGs that are met for the first time, of which nothing is read yet:
/// if the first run dies, what is rotated until the next one is known to be of the LOG. Whether there
/// are any.
pub fn meet(state: &mut State, settings: &Settings) -> bool {
    let mut is_any = false;
    for (log, typed) in settings.input.logs.iter().enumerate() {
        if state.logs.contains_key(typed) {
            continue;
        }
        // What is wrong with a LOG is told when it is read.
        if let Ok(followed) = follow(typed, log, None, &HashSet::new()) {
            let cursors = followed.files.iter().map(LogFile::first_cursor);
            state.logs.insert(typed.clone(), cursors.collect());
            is_any = true;
        }
    }
    is_any
}

/// What came since the state was written, with up to `context_ms` before it.
///
/// # Errors
/// When none of the LOGs can be read.
pub fn since(
    state: &State,
    settings: &Settings,
    context_ms: i64,
) -> Result<(Opened, Gathered), InputError> {
    let mut claimed = HashSet::new();
    let (mut files, mut lost, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut is_readable, mut missing) = (Vec::new(), Vec::new());
    for (log, typed) in settings.input.logs.iter().enumerate() {
        let cursors = state.logs.get(typed).map(Vec::as_slice);
        match follow(typed, log, cursors, &claimed) {
            Ok(followed) => {
                claimed.extend(followed.files.iter().map(|file| file.identity));
                files.push(followed.files);
                lost.extend(followed.lost);
                missing.push((log, followed.missing));
                is_readable.push(true);
            }
            Err(error) => {
                errors.push(error);
                is_readable.push(false);
            }
        }
    }
    if files.is_empty() {
        return Err(InputError::of_all(errors));
    }
    let mut parts = Vec::new();
    let mut kept = Vec::new();
    for files in files {
        add_context(&files, settings, context_ms, &mut parts)?;
        for file in files {
            let new = new_part(&file)?;
            kept.push((file, new.is_some().then_some(parts.len())));
            parts.extend(new);
        }
    }
    let opened = Opened {
        input: Input::of_parts(parts, &settings.input)?,
        warnings: Vec::new(),
        troubles: errors.into_iter().map(Trouble::NotOpened).collect(),
    };
    let gathered = Gathered {
        is_readable,
        lost,
        missing,
        files: kept,
    };
    Ok((opened, gathered))
}

/// What nobody has read of a file; none if there is nothing.
fn new_part(file: &LogFile) -> Result<Option<Part>, InputError> {
    let is_empty = file.end.is_some_and(|end| end <= file.start);
    if is_empty || (file.size == 0 && file.start == 0) {
        return Ok(None);
    }
    let end = match file.compression {
        Some(_) => file.size,
        None => file.end.unwrap_or(file.size),
    };
    part(file, file.start, end, false).map(Some)
}

fn part(file: &LogFile, start: u64, end: u64, is_context: bool) -> Result<Part, InputError> {
    let handle = file.handle();
    Ok(Part {
        path: file.path.clone(),
        log: file.log,
        is_context,
        file: handle.map_err(|error| InputError::from_io(&file.path, error))?,
        compression: file.compression,
        start,
        end,
    })
}

/// Adds what earlier runs have read of the files within the time of the context: from the newest file
/// back to the first that ends before it. Compressed files give none, as they can only be read from
/// their start.
fn add_context(
    files: &[LogFile],
    settings: &Settings,
    context_ms: i64,
    parts: &mut Vec<Part>,
) -> Result<(), InputError> {
    let mut from_ms = None;
    for file in files.iter().rev().filter(|file| file.compression.is_none()) {
        if file.start == 0 || context_ms == 0 {
            continue;
        }
        let head = file.read(0, HEAD_BYTES as u64).unwrap_or_default();
        let Ok(format) = format::detect(&head, &settings.format) else {
            continue;
        };
        let Some(last_ms) = context::last_ms(file, &format, file.start) else {
            continue;
        };
        let from_ms = *from_ms.get_or_insert(last_ms.saturating_sub(context_ms));
        if last_ms < from_ms {
            break;
        }
        let start = context::start(file, &format, from_ms, file.start);
        if start < file.start {
            parts.push(part(file, start, file.start, true)?);
        }
    }
    Ok(())
}

impl Gathered {
    /// Whether every file still holds what was read of it: none was truncated meanwhile.
    pub fn is_still(&self) -> bool {
        self.files.iter().all(|(file, _)| {
            let cursor = file.cursor(0);
            file.is_still(&cursor)
        })
    }

    /// The cursors behind what was read, by LOG as typed. `text_bytes` are those of the sources, and
    /// `damaged` the paths of which the end could not be read.
    pub fn cursors(
        &self,
        logs: &[String],
        text_bytes: &[u64],
        damaged: &HashSet<String>,
    ) -> BTreeMap<String, Vec<Cursor>> {
        let readable = logs.iter().zip(&self.is_readable).filter(|(_, is)| **is);
        let mut cursors: BTreeMap<String, Vec<Cursor>> =
            readable.map(|(log, _)| (log.clone(), Vec::new())).collect();
        for (file, source) in &self.files {
            let read = source.and_then(|at| text_bytes.get(at).copied());
            let text = match damaged.contains(&file.path) {
                true => read.unwrap_or(0),
                false => ALL,
            };
            let log = logs.get(file.log).and_then(|log| cursors.get_mut(log));
            if let Some(cursors) = log {
                cursors.push(file.cursor(text));
            }
        }
        for (log, missing) in &self.missing {
            if let Some(cursors) = logs.get(*log).and_then(|log| cursors.get_mut(log)) {
                cursors.extend_from_slice(missing);
            }
        }
        cursors
    }
}
