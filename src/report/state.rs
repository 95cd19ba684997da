//! What one run leaves for the next: versioned JSON, replaced by one rename.
//!
//! The file holds the token key, so it is readable by its owner only. A copy without the key stands in
//! every published set; where the state itself is lost or damaged, the run goes on from that of the
//! set that was published last, which by its making knows what that set has counted.

use crate::findings::Cause;
use crate::input::cursor::Cursor;
use crate::key::route_tree::Answer;
use crate::key::token::TokenKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Version of the state that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;
/// More than a state can hold, whose parts are all bounded.
const MOST_BYTES: u64 = 512 << 20;
/// How long the timeline reaches back, in seconds.
const TIMELINE_S: i64 = 7 * 86_400;
/// Stamps that lie further ahead of the rest than this are absurd.
const AHEAD_S: i64 = 86_400;
/// Templates kept. Sites with more places than this have them collapsed.
const MOST_TEMPLATES: usize = 50_000;

/// What one run leaves for the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Version of this form.
    pub version: u32,
    /// Which sequence of runs it belongs to: random, the same in the sets that they publish. Empty in
    /// states of before there were any.
    #[serde(default)]
    pub id: String,
    /// The last run that was committed; 0 before the first.
    pub run: u64,
    /// The key of token fingerprints in hexadecimal. Not in the copy of a published set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_key: Option<String>,
    /// How far each file of each LOG, as typed, was read.
    pub logs: BTreeMap<String, Vec<Cursor>>,
    /// Requests and denials of the last seven days, by the first second of each minute.
    pub minutes: BTreeMap<i64, (u64, u64)>,
    /// Spikes that a later run may go on with.
    pub spikes: Vec<Earlier>,
    /// Templates of routes, by the best answer that they got.
    pub routes: Templates,
}

/// A spike of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// Its id: the run that saw it first, and a number.
    pub id: String,
    /// Its cause, by name.
    pub cause: String,
    /// Its first denial, in seconds since the epoch.
    pub start: i64,
    /// One second after its last denial.
    pub end: i64,
    /// Its denials so far.
    pub denials: u64,
    /// Its rule as text, where there is one.
    pub rule: Option<String>,
    /// The values with the most denials, by dimension.
    pub keys: BTreeMap<String, Vec<String>>,
}

impl Earlier {
    /// Its cause; none if a later version of the program named it.
    pub fn cause(&self) -> Option<Cause> {
        Cause::ALL.into_iter().find(|c| c.name() == self.cause)
    }
}

/// Templates of routes by answer. Those that are not UTF-8 are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Templates {
    admitted: Vec<String>,
    denied: Vec<String>,
    other: Vec<String>,
}

/// Why there is no state to go on from, or none that may be replaced.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file is there and cannot be read.
    #[error("cannot read the state {path}: {source}; give --state a file that you may read and write", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is a file of somebody else, which must not be replaced.
    #[error("{path} is no state of forbid-logs, and stays as it is; give --state another file", path = .0.display())]
    Foreign(PathBuf),
    /// A newer program wrote it.
    #[error("the state {path} has version {found}, and this program reads up to version {VERSION}: a newer forbid-logs has written it; run that one, or give another --state (and another --out) to start anew", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// It cannot be written.
    #[error("cannot write the state {path}: {source}; the run is not committed, and the next one counts its lines again under the same number", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What stands in the place of the state.
#[derive(Debug)]
pub enum Loaded {
    /// A state.
    State(Box<State>),
    /// Nothing: the first run, or the file was lost.
    Absent,
    /// Something else; what is wrong with it.
    Damaged(String),
}

/// A run a second for longer than there will be logs; more is a number that somebody changed.
const MOST_RUNS: u64 = 1 << 40;

impl State {
    /// Reads a state.
    ///
    /// # Errors
    /// When the file cannot be read, a newer program wrote it, or it never was a state.
    pub fn load(path: &Path) -> Result<Loaded, StateError> {
        let unreadable = |source| StateError::Unreadable {
            path: path.to_owned(),
            source,
        };
        // Asked before it is opened: a pipe would wait, and a device would be replaced by the next state.
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Absent),
            Err(error) => return Err(unreadable(error)),
            Ok(metadata) if !metadata.is_file() => {
                return Err(StateError::Foreign(path.to_owned()));
            }
            Ok(_) => {}
        }
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        let version = serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|value| value.get("version")?.as_u64());
        if let Some(found) = version.filter(|version| *version > u64::from(VERSION)) {
            return Err(StateError::Newer {
                path: path.to_owned(),
                found,
            });
        }
        Ok(match serde_json::from_slice(&bytes) {
            Ok(State { run, .. }) if run > MOST_RUNS => {
                Loaded::Damaged(format!("no state has come to run {run}"))
            }
            Ok(state) => Loaded::State(Box::new(state)),
            Err(_) if !began_as_state(&bytes) => {
                return Err(StateError::Foreign(path.to_owned()));
            }
            Err(error) => Loaded::Damaged(error.to_string()),
        })
    }

    /// Replaces the state by one rename.
    ///
    /// # Errors
    /// When it cannot be written whole; the old one stays then.
    pub fn commit(&self, path: &Path) -> Result<(), StateError> {
        self.replace(path).map_err(|source| StateError::Unwritable {
            path: path.to_owned(),
            source,
        })
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        // A link stays a link to the state.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        // A temporary file is readable by its owner only, and stays so when it gets its name.
        let mut file = tempfile::Builder::new()
            .prefix(".forbid-logs-state-")
            .suffix(".tmp")
            .tempfile_in(directory)?;
        file.write_all(&self.to_bytes()?)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    }

    /// As it stands in a file.
    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// As it stands in a published set: without the key.
    ///
    /// # Errors
    /// None that can occur.
    pub fn to_public_bytes(&self) -> io::Result<Vec<u8>> {
        let public = State {
            token_key: None,
            ..self.clone()
        };
        public.to_bytes()
    }

    /// The key of token fingerprints, if it holds one.
    pub fn token_key(&self) -> Option<TokenKey> {
        let hex = self.token_key.as_deref()?;
        let bytes = blake3::Hash::from_hex(hex).ok()?;
        Some(TokenKey::from_bytes(*bytes.as_bytes()))
    }

    /// Keeps the key of token fingerprints.
    pub fn keep_token_key(&mut self, key: &TokenKey) {
        let bytes = blake3::Hash::from_bytes(*key.as_bytes());
        self.token_key = Some(bytes.to_hex().to_string());
    }

    /// Adds new requests and denials, and forgets what is older than seven days before `end_s`.
    pub fn add_minutes(&mut self, minutes: &[(i64, u64, u64)], end_s: i64) {
        for (second, requests, denials) in minutes {
            let minute = self.minutes.entry(*second).or_default();
            minute.0 += requests;
            minute.1 += denials;
        }
        if !minutes.is_empty() {
            let kept = end_s.saturating_sub(TIMELINE_S)..end_s.saturating_add(AHEAD_S);
            self.minutes.retain(|second, _| kept.contains(second));
        }
    }
}

/// Whether a file that is no state may have been one: cut short, or zeroed by a power cut.
fn began_as_state(bytes: &[u8]) -> bool {
    let start = br#"{"version":"#;
    bytes.starts_with(b"\0") || bytes.starts_with(start) || start.starts_with(bytes)
}

impl Templates {
    /// The templates with their answers.
    pub fn answers(&self) -> Vec<(Vec<u8>, Answer)> {
        let lists = [
            (&self.admitted, Answer::Admitted),
            (&self.denied, Answer::Denied),
            (&self.other, Answer::Other),
        ];
        let of_list = |(list, answer): (&Vec<String>, Answer)| {
            let with = |template: &String| (template.clone().into_bytes(), answer);
            list.iter().map(with).collect::<Vec<_>>()
        };
        lists.into_iter().flat_map(of_list).collect()
    }

    /// Keeps templates with their answers.
    pub fn of(answers: Vec<(Vec<u8>, Answer)>) -> Templates {
        let mut templates = Templates::default();
        for (template, answer) in answers.into_iter().take(MOST_TEMPLATES) {
            let list = match answer {
                Answer::Admitted => &mut templates.admitted,
                Answer::Denied => &mut templates.denied,
                Answer::Other => &mut templates.other,
            };
            list.extend(String::from_utf8(template));
        }
        templates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn state() -> State {
        let mut state = State {
            version: VERSION,
            run: 7,
            ..State::default()
        };
        state.keep_token_key(&TokenKey::from_bytes([9; 32]));
        state.add_minutes(&[(0, 1, 1), (1_000_020, 10, 2)], 1_000_080);
        state.routes = Templates::of(vec![
            (b"/a/{id}".to_vec(), Answer::Denied),
            (b"/\xff".to_vec(), Answer::Other),
        ]);
        state
    }

    #[test]
    fn a_state_comes_back_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        state().commit(&path).unwrap();
        let Loaded::State(read) = State::load(&path).unwrap() else {
            panic!("a state");
        };
        assert_eq!(*read, state());
        assert_eq!(read.token_key(), Some(TokenKey::from_bytes([9; 32])));
        assert_eq!(read.minutes.keys().collect::<Vec<_>>(), [&1_000_020]);
        assert_eq!(
            read.routes.answers(),
            [(b"/a/{id}".to_vec(), Answer::Denied)]
        );
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let public = state().to_public_bytes().unwrap();
        assert!(!String::from_utf8(public).unwrap().contains("token_key"));
    }

    #[test]
    fn a_newer_state_is_refused_and_a_damaged_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        assert!(matches!(State::load(&path).unwrap(), Loaded::Absent));
        fs::write(&path, br#"{"version": 2, "unheard": "of"}"#).unwrap();
        let error = State::load(&path).unwrap_err().to_string();
        assert!(error.contains("has version 2") && error.contains("reads up to version 1"));
        let whole = state().to_bytes().unwrap();
        for cut in [0, 1, whole.len() / 2, whole.len() - 3] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(
                matches!(State::load(&path).unwrap(), Loaded::Damaged(_)),
                "{cut}"
            );
        }
        fs::write(&path, [0; 100]).unwrap();
        assert!(matches!(State::load(&path).unwrap(), Loaded::Damaged(_)));
        for foreign in ["192.0.2.1 - - [", "{\"status\": 403}", "\n"] {
            fs::write(&path, foreign).unwrap();
            let error = State::load(&path).unwrap_err();
            assert!(matches!(error, StateError::Foreign(_)), "{foreign}");
        }
    }

    #[test]
    fn an_absurd_stamp_does_not_push_out_the_week() {
        let mut state = state();
        state.add_minutes(&[(4_000_000_020, 1, 0)], 1_000_080);
        assert_eq!(state.minutes.keys().collect::<Vec<_>>(), [&1_000_020]);
    }
}
