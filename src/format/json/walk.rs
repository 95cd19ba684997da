//! All values of a JSON text, each with the key that it stands under.

use super::scan::{bare, string};

/// A value that is no object and no array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) struct Found<'a> {
    /// As it is written, without quotes.
    pub(in crate::format) text: &'a [u8],
    /// Whether it holds escapes.
    pub(in crate::format) escaped: bool,
    /// Whether it stands in quotes.
    pub(in crate::format) is_string: bool,
}

/// Tells of each value in the object or array that `text` begins with, whatever it nests in, with the
/// key that is nearest; `None` where the text is no JSON. Depth costs no stack.
pub(in crate::format) fn walk<'a>(
    text: &'a [u8],
    tell: &mut dyn FnMut(&'a [u8], Found<'a>),
) -> Option<()> {
    let (mut rest, mut key, mut depth) = (text, &b""[..], 0u32);
    loop {
        rest = rest.trim_ascii_start();
        match rest {
            [b'{' | b'[', behind @ ..] => (depth, rest) = (depth + 1, behind),
            [b'}' | b']', behind @ ..] => {
                (depth, rest) = (depth.checked_sub(1)?, behind);
                if depth == 0 {
                    return Some(());
                }
            }
            [b',', behind @ ..] => rest = behind,
            [b'"', body @ ..] => {
                let (behind, scalar) = string(body).ok()?;
                match behind.trim_ascii_start() {
                    [b':', value @ ..] => (key, rest) = (scalar.text, value),
                    _ => {
                        let (text, escaped) = (scalar.text, scalar.escaped);
                        let found = Found {
                            text,
                            escaped,
                            is_string: true,
                        };
                        tell(key, found);
                        rest = behind;
                    }
                }
            }
            _ => {
                let (behind, scalar) = bare(rest).ok()?;
                let found = Found {
                    text: scalar.text,
                    escaped: false,
                    is_string: false,
                };
                tell(key, found);
                rest = behind;
            }
        }
    }
}
