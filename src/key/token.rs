//! The credential of a request, and the fingerprint that stands for it in every output.
//!
//! A fingerprint is `tok_` and 12 hexadecimal digits of BLAKE3, keyed so that nobody can test
//! guesses without the key. The key comes from `--token-key FILE`, else from
//! `$XDG_STATE_HOME/forbid-logs/token.key` (made at need, 0600), so that fingerprints agree between
//! runs on one machine; where that cannot be had it is random, and the caller is told.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::secret::{Rank, is_placeholder, percent_decoded, rank, without_scheme};
use crate::find::{find as find_byte, find_either};
use crate::record::Record;

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Most bytes of a key file that are read, so that a device in its place does no harm.
const MAX_KEY_FILE_BYTES: u64 = 64 << 10;

/// Most parameters of a query that are looked at.
const MAX_PARAMETERS: usize = 64;

/// The credential of a request, without its scheme: the token field, else the query parameter that
/// identifies the caller best. Placeholders such as `REDACTED` are none.
#[inline]
pub fn find<'r>(record: &'r Record<'_>) -> Option<&'r [u8]> {
    if !record.token.is_empty() {
        let token = without_scheme(&record.token);
        if !is_placeholder(token) {
            return Some(token);
        }
    }
    let query = record.query();
    if query.is_empty() {
        return None;
    }
    find_in_query(query)
}

/// As [`find`], for a query by itself, without its `?`.
pub fn find_in_query(query: &[u8]) -> Option<&[u8]> {
    let mut best: Option<(Rank, &[u8])> = None;
    let mut rest = query;
    for _ in 0..MAX_PARAMETERS {
        let Some(name_end) = find_either(rest, *b"=&") else {
            break;
        };
        let (name, behind) = (&rest[..name_end], &rest[name_end + 1..]);
        if rest[name_end] == b'&' {
            rest = behind;
            continue;
        }
        let end = find_byte(behind, 0, b'&');
        if let Some(rank) = rank(name) {
            let value = &behind[..end.unwrap_or(behind.len())];
            let value = &value[..find_byte(value, 0, b'#').unwrap_or(value.len())];
            let value = without_scheme(value);
            if best.is_none_or(|(known, _)| rank < known) && !is_placeholder(value) {
                best = Some((rank, value));
            }
        }
        match end {
            Some(end) => rest = &behind[end + 1..],
            None => break,
        }
    }
    best.map(|(_, value)| value)
}

/// The secret that fingerprints are keyed with.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey([u8; KEY_BYTES]);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// Why there is no token key.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    /// The file that was asked for cannot be read.
    #[error("cannot read the token key {path}: {source}; give --token-key a readable file of at least 32 random bytes", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A key that can be guessed is worse than none.
    #[error("the token key {path} has {bytes} bytes, and at least 32 are needed; make one with `head -c 32 /dev/urandom > {path}`, or remove it", path = path.display())]
    TooShort {
        /// The file.
        path: PathBuf,
        /// How many bytes it has, without surrounding white space.
        bytes: usize,
    },
    /// The system gives no randomness.
    #[error("the system gave no random bytes for a token key: {0}; use --token-key FILE")]
    NoRandomness(getrandom::Error),
}

/// A key, and what the user should know about it.
#[derive(Debug)]
pub struct LoadedKey {
    /// The key.
    pub key: TokenKey,
    /// A sentence for the warnings of the report, where the key is not as it should be.
    pub warning: Option<String>,
}

/// Where state lives by the XDG base directory specification: `$XDG_STATE_HOME` if absolute, else
/// `$HOME/.local/state`. `variable` looks up the environment.
pub fn state_home(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
}

impl TokenKey {
    /// A random name of 128 bits in hexadecimal; it tells nothing of a key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random_id() -> Result<String, TokenKeyError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(TokenKeyError::NoRandomness)?;
        Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The key of `file` if one is given (`--token-key`), else the one kept under `state_home`
    /// (made at need), else a random one with a warning.
    ///
    /// # Errors
    /// When `file` cannot be read, or a key that is there is too short to keep secrets.
    pub fn load(
        file: Option<&Path>,
        state_home: Option<&Path>,
    ) -> Result<LoadedKey, TokenKeyError> {
        if let Some(path) = file {
            return match read_key_file(path) {
                Ok(bytes) => TokenKey::from_file(path, &bytes),
                Err(source) => Err(TokenKeyError::Unreadable {
                    path: path.to_owned(),
                    source,
                }),
            };
        }
        let Some(state_home) = state_home else {
            return TokenKey::random_because("neither XDG_STATE_HOME nor HOME is set");
        };
        let path = state_home.join("forbid-logs").join("token.key");
        match read_or_make(&path) {
            Ok(bytes) => TokenKey::from_file(&path, &bytes),
            Err(error) => TokenKey::random_because(&format!("{}: {error}", path.display())),
        }
    }

    /// A key of given bytes, such as one kept in the state of `report`.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> TokenKey {
        TokenKey(bytes)
    }

    /// The bytes of the key, for the state of `report`: a secret.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// A key that nobody knows and no other run will have.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<TokenKey, TokenKeyError> {
        Ok(TokenKey(random_bytes()?))
    }

    /// `tok_` and 12 hexadecimal digits. A percent-encoded token has the print of the decoded one,
    /// so that one credential is one key wherever it stands.
    pub fn fingerprint(&self, token: &[u8]) -> String {
        use std::fmt::Write as _;
        let digest = blake3::keyed_hash(&self.0, &percent_decoded(token));
        let mut text = String::with_capacity(16);
        text.push_str("tok_");
        for byte in &digest.as_bytes()[..6] {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn random_because(reason: &str) -> Result<LoadedKey, TokenKeyError> {
        Ok(LoadedKey {
            key: TokenKey::random()?,
            warning: Some(format!(
                "token fingerprints of this run compare with no other run's: no key could be kept ({reason}); use --token-key FILE"
            )),
        })
    }

    /// 32 bytes are the key itself; more (a passphrase, hexadecimal text) are hashed to one.
    fn from_file(path: &Path, content: &[u8]) -> Result<LoadedKey, TokenKeyError> {
        let key = match <[u8; KEY_BYTES]>::try_from(content) {
            Ok(exact) => TokenKey(exact),
            Err(_) => {
                let text = content.trim_ascii();
                if text.len() < KEY_BYTES {
                    return Err(TokenKeyError::TooShort {
                        path: path.to_owned(),
                        bytes: text.len(),
                    });
                }
                TokenKey(blake3::derive_key("forbid-logs 2026 token key file", text))
            }
        };
        Ok(LoadedKey {
            key,
            warning: open_to_others(path),
        })
    }
}

fn random_bytes() -> Result<[u8; KEY_BYTES], TokenKeyError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(TokenKeyError::NoRandomness)?;
    Ok(bytes)
}

fn read_key_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_KEY_FILE_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The content of the key file, which is made whole or not at all; of two runs that make it at
/// once, the first one's key holds for both.
fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    match read_key_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let Some(directory) = path.parent() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    std::fs::create_dir_all(directory)?;
    let bytes = random_bytes().map_err(io::Error::other)?;
    // A temporary file is readable by its owner only, and stays so when it gets its name.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(bytes.to_vec()),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => read_key_file(path),
        Err(failed) => Err(failed.error),
    }
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.mode() & 0o077 != 0).then(|| {
        format!(
            "others can read the token key, and test guesses of tokens with it; run `chmod 600 {}`",
            path.display()
        )
    })
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> Option<String> {
    None
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
