//! Files that a person writes and a program reads whole: lists of rules, of networks.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Most bytes of one: more than anybody writes, and no device without end.
const MOST_BYTES: u64 = 16 << 20;

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read, or is longer than 16 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let reason = format!("it is longer than {} MiB", MOST_BYTES >> 20);
        return Err(io::Error::other(reason));
    }
    Ok(bytes)
}
