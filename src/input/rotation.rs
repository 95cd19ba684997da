//! The order of a rotated set, from the names of its files.
//!
//! Understood are what logrotate, cronolog, rotatelogs, newsyslog and Tomcat make: `access.log.2.gz`,
//! `access.1.log`, `access.log-20260101`, `access-2026-01-01.log`, `access.log.2026-01-01-15`. The
//! oldest comes first. Names only order files; the truth is in the stamps, and is looked at later.

use std::cmp::Reverse;
use std::path::Path;

/// Names that compression adds.
const COMPRESSED: [&str; 5] = [".gz", ".zst", ".zstd", ".bz2", ".xz"];

/// A file name, taken apart. The order of values is: set by set, and the oldest file first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rotation {
    /// The name without date, number and compression: the same for all files of a set.
    pub(super) base: String,
    /// Which one of the set.
    pub(super) age: Age,
}

/// Which file of a set, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// The digits of a date and perhaps a time; all of a set have the same number of them.
    Dated(String),
    /// Rotated so many times.
    Numbered(Reverse<u32>),
    /// The one that is being written.
    Live,
}

impl Rotation {
    /// Takes a file name apart.
    pub(super) fn of(name: &str) -> Rotation {
        let name = strip_compression(name);
        dated(name)
            .or_else(|| numbered(name))
            .unwrap_or_else(|| Rotation {
                base: name.to_owned(),
                age: Age::Live,
            })
    }
}

/// Whether a file of this name is the one of its set that is being written.
pub(super) fn is_live(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_none_or(|name| strip_compression(&name) == name && Rotation::of(&name).age == Age::Live)
}

/// Whether the name of a file beside the log `base` says that rotation made it: behind the log's name
/// stand only numbers, a date or a time, or it is another name of the same set.
pub(super) fn is_made_by_rotation(base: &Path, path: &Path) -> bool {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let (Some(base), Some(name)) = (name(base), name(path)) else {
        return false;
    };
    let rotation = Rotation::of(&name);
    if rotation.base == base && rotation.age != Age::Live {
        return true;
    }
    let is_stamp = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '_' | ':' | 'T');
    strip_compression(&name)
        .strip_prefix(&base)
        .is_some_and(|rest| {
            rest.contains(|c: char| c.is_ascii_digit()) && rest.chars().all(is_stamp)
        })
}

/// A name without the ending that compression adds.
pub(super) fn strip_compression(name: &str) -> &str {
    COMPRESSED
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// `access.log.3`, `access.3.log`, `access.log.old`.
fn numbered(name: &str) -> Option<Rotation> {
    let (rest, ending) = match name.strip_suffix(".log") {
        Some(rest) => (rest, ".log"),
        None => (name, ""),
    };
    let (base, number) = rest.rsplit_once('.')?;
    let number = match number {
        "old" => 1,
        // More digits are no count of rotations.
        _ if number.len() <= 4 && number.bytes().all(|b| b.is_ascii_digit()) => {
            number.parse().ok()?
        }
        _ => return None,
    };
    Some(Rotation {
        base: format!("{base}{ending}"),
        age: Age::Numbered(Reverse(number)),
    })
}

/// `access.log-20260101`, `access-2026-01-01.log`, and with a time behind the date.
fn dated(name: &str) -> Option<Rotation> {
    let bytes = name.as_bytes();
    let start = (1..bytes.len()).find(|&at| {
        matches!(bytes[at - 1], b'-' | b'.' | b'_') && date_bytes(&bytes[at..]).is_some()
    })?;
    let mut end = start + date_bytes(&bytes[start..])?;
    // A time, or seconds since the epoch, in groups of digits.
    while let [b'-' | b'.' | b'_' | b'T', b'0'..=b'9', ..] = bytes[end..] {
        end += 1 + digits(&bytes[end + 1..]);
    }
    let date = &name[start..end];
    Some(Rotation {
        base: format!("{}{}", &name[..start - 1], &name[end..]),
        age: Age::Dated(date.chars().filter(char::is_ascii_digit).collect()),
    })
}

/// Length of the date that `bytes` start with, `YYYYMMDD` (and digits of a time right behind it) or
/// `YYYY-MM-DD` with one of `-._` between.
fn date_bytes(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [b'2', b'0', b'0'..=b'9', b'0'..=b'9', m1, m2, d1, d2, ..]
            if is_month(m1, m2) && is_day(d1, d2) =>
        {
            Some(digits(bytes))
        }
        [
            b'2',
            b'0',
            b'0'..=b'9',
            b'0'..=b'9',
            between @ (b'-' | b'.' | b'_'),
            m1,
            m2,
            again,
            d1,
            d2,
            ..,
        ] if between == again && is_month(m1, m2) && is_day(d1, d2) => Some(10),
        _ => None,
    }
}

fn is_month(tens: u8, ones: u8) -> bool {
    matches!((tens, ones), (b'0', b'1'..=b'9') | (b'1', b'0'..=b'2'))
}

fn is_day(tens: u8, ones: u8) -> bool {
    matches!(
        (tens, ones),
        (b'0', b'1'..=b'9') | (b'1' | b'2', b'0'..=b'9') | (b'3', b'0' | b'1')
    )
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_set_share_their_base() {
        let cases = [
            ("access.log", "access.log", Age::Live),
            ("access.log.gz", "access.log", Age::Live),
            ("access.log.1", "access.log", Age::Numbered(Reverse(1))),
            ("access.log.12.gz", "access.log", Age::Numbered(Reverse(12))),
            ("access.3.log.zst", "access.log", Age::Numbered(Reverse(3))),
            ("access_log.old", "access_log", Age::Numbered(Reverse(1))),
            (
                "access.log-20260101",
                "access.log",
                Age::Dated("20260101".into()),
            ),
            (
                "access.log-2026010115.xz",
                "access.log",
                Age::Dated("2026010115".into()),
            ),
            (
                "access-2026-01-31.log",
                "access.log",
                Age::Dated("20260131".into()),
            ),
            (
                "access_log.2026-01-31-15_30",
                "access_log",
                Age::Dated("202601311530".into()),
            ),
            (
                "localhost_access_log.2026-01-31.txt",
                "localhost_access_log.txt",
                Age::Dated("20260131".into()),
            ),
            ("access.log-20261301", "access.log-20261301", Age::Live),
            ("ü-2026", "ü-2026", Age::Live),
        ];
        for (name, base, age) in cases {
            let base = base.to_owned();
            assert_eq!(Rotation::of(name), Rotation { base, age }, "{name}");
        }
    }

    #[test]
    fn the_oldest_comes_first() {
        let sorted = [
            "access.log-20251231.gz",
            "access.log-20260101",
            "access.log.10.gz",
            "access.log.2.gz",
            "access.log.1",
            "access.log",
            "other.log.1",
            "other.log",
        ];
        let mut names = sorted;
        names.sort_unstable();
        names.sort_by_key(|name| Rotation::of(name));
        assert_eq!(names, sorted);
    }

    proptest::proptest! {
        #[test]
        fn any_name_can_be_taken_apart(name in "([a-z.20-9_-]|20[0-9]{6}|\\PC)*") {
            let rotation = Rotation::of(&name);
            proptest::prop_assert!(rotation.base.len() <= name.len());
        }
    }
}
