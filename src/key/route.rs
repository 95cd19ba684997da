//! The route of a request: its path with the variable parts replaced, segment by segment.
//!
//! Stateless, so that every chunk of a log gives a path the same template. Placeholders: `{id}` for
//! a segment that only identifies (number, UUID, hex, long token, e-mail address, percent-encoded
//! text, over 64 bytes), `{date}`, `{n}` for a number inside a name (`post-{n}`,
//! `hero-{n}.jpg`), `{rest}` for what goes beyond 12 segments or 256 bytes. What no rule of shape
//! can know (slugs, user names) is left to [`crate::key::route_tree`].
//!
//! Kept as logged: case; a trailing slash, because `/dir/` is denied where `/dir` is not; `..`,
//! because only attacks send it; bytes that are not UTF-8. Dropped: `.` segments, repeated slashes
//! and `..`, and `;parameters`. A target that is not a path is `*`, `{authority}` or `{malformed}`.

/// Most segments of a template; deeper ones become `{rest}`.
pub const MAX_SEGMENTS: usize = 12;

/// Most bytes of a template, including a final `/{rest}`.
pub const MAX_BYTES: usize = 256;

/// A segment longer than this is an identifier or a title: nobody names an endpoint so.
const MAX_SEGMENT_BYTES: usize = 64;

const REST: &[u8] = b"/{rest}";

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const PUNCTUATION: u8 = 4;
/// `%`, `;`, `@` and anything that no clean URL holds: the segment needs a closer look.
const SPECIAL: u8 = 8;
const SLASH: u8 = 16;
const QUERY: u8 = 32;
const UPPER: u8 = 64;

/// What each byte may mean in a path.
const CLASS: [u8; 256] = {
    let mut table = [SPECIAL; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => LETTER,
            b'A'..=b'Z' => LETTER | UPPER,
            b'0'..=b'9' => DIGIT,
            b'/' => SLASH,
            b'?' | b'#' => QUERY,
            b'-' | b'_' | b'.' | b'~' | b',' | b':' | b'+' | b'=' | b'!' | b'$' | b'\'' | b'('
            | b')' | b'*' | b'&' => PUNCTUATION,
            _ => SPECIAL,
        };
        byte += 1;
    }
    table
};

#[inline]
fn class(byte: u8) -> u8 {
    CLASS[usize::from(byte)]
}

/// Writes the template of `path` (the target without its query) to `out`, which is cleared first.
/// An empty path, of a request line that could not be read, has an empty template.
#[inline]
pub fn template(path: &[u8], out: &mut Vec<u8>) {
    out.clear();
    if path.first() == Some(&b'/') {
        segments(path, out);
    } else {
        unrooted(path, out);
    }
}

/// Goes through the segments of a path that begins with a slash.
#[inline]
fn segments(path: &[u8], out: &mut Vec<u8>) {
    let mut at = 0; // of the slash before the segment
    let mut written = 0;
    loop {
        let start = at + 1;
        let mut seen = 0;
        let mut end = start;
        while let Some(&byte) = path.get(end) {
            let class = class(byte);
            if class & (SLASH | QUERY) != 0 {
                break;
            }
            seen |= class;
            end += 1;
        }
        let segment = without_parameters(path.get(start..end).unwrap_or_default(), seen);
        let more = path.get(end) == Some(&b'/');
        if !(segment.is_empty() && more || skip(segment, out)) {
            let mark = out.len();
            if written == MAX_SEGMENTS && !segment.is_empty() {
                out.extend_from_slice(REST);
                return;
            }
            out.push(b'/');
            write_segment(segment, seen, out);
            if out.len() > MAX_BYTES - REST.len() {
                out.truncate(mark);
                out.extend_from_slice(REST);
                return;
            }
            written += 1;
        }
        if !more {
            if out.is_empty() {
                out.push(b'/');
            }
            return;
        }
        at = end;
    }
}

/// Matrix parameters (`;jsessionid=…`) are no part of the place.
#[inline]
fn without_parameters(segment: &[u8], seen: u8) -> &[u8] {
    if seen & SPECIAL == 0 {
        return segment;
    }
    match memchr::memchr(b';', segment) {
        Some(end) => &segment[..end],
        None => segment,
    }
}

/// `.` says nothing, and neither does a second `..`.
#[inline]
fn skip(segment: &[u8], out: &[u8]) -> bool {
    segment.first() == Some(&b'.') && (segment == b"." || segment == b".." && out.ends_with(b"/.."))
}

#[inline]
fn write_segment(segment: &[u8], seen: u8, out: &mut Vec<u8>) {
    if seen & (DIGIT | SPECIAL) == 0 && segment.len() <= MAX_SEGMENT_BYTES {
        out.extend_from_slice(segment);
    } else {
        write_variable(segment, out);
    }
}

/// A segment that holds digits or unusual bytes, or is very long.
fn write_variable(segment: &[u8], out: &mut Vec<u8>) {
    let (stem, extension) = split_extension(segment);
    if is_date(segment) {
        out.extend_from_slice(b"{date}");
    } else if is_api_version(segment) {
        out.extend_from_slice(segment);
    } else if identifies(stem) {
        out.extend_from_slice(b"{id}");
        out.extend_from_slice(extension);
    } else if identifies(segment) {
        out.extend_from_slice(b"{id}");
    } else {
        write_parts(stem, out);
        out.extend_from_slice(extension);
    }
}

/// `photo.jpg` → (`photo`, `.jpg`): an extension has one to five letters and digits, begins with a
/// letter (or is `7z`), and something stands before it.
fn split_extension(segment: &[u8]) -> (&[u8], &[u8]) {
    let near_end = segment.len().saturating_sub(6);
    let Some(dot) = memchr::memrchr(b'.', &segment[near_end..]).map(|at| near_end + at) else {
        return (segment, &[]);
    };
    let (stem, extension) = segment.split_at(dot);
    let name = &extension[1..];
    let letter_first = name.first().is_some_and(u8::is_ascii_alphabetic) || name == b"7z";
    if stem.is_empty() || !letter_first || !name.iter().all(u8::is_ascii_alphanumeric) {
        return (segment, &[]);
    }
    (stem, extension)
}

/// `2026-11-23`, `2026-11`, and either with a time behind it.
fn is_date(segment: &[u8]) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        segment
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is = |at: usize, byte: u8| segment.get(at) == Some(&byte);
    if !((is(0, b'1') || is(0, b'2')) && digits(0..4) && is(4, b'-') && digits(5..7)) {
        return false;
    }
    match segment.len() {
        7 => true,
        10 => is(7, b'-') && digits(8..10),
        11..=35 => is(7, b'-') && digits(8..10) && matches!(segment[10], b'T' | b'_' | b' ' | b'%'),
        _ => false,
    }
}

/// `v1`, `V2`, `v1.1`, `v1beta2`: versions of an interface are different places.
fn is_api_version(segment: &[u8]) -> bool {
    let rest = match segment {
        [b'v' | b'V', rest @ ..] => rest,
        _ => return false,
    };
    rest.first().is_some_and(u8::is_ascii_digit)
        && rest.len() <= 10
        && rest.iter().filter(|byte| byte.is_ascii_digit()).count() <= 4
        && rest
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
}

/// Whether a segment (or its stem) as a whole is nothing but an identifier.
fn identifies(segment: &[u8]) -> bool {
    segment.len() > MAX_SEGMENT_BYTES
        || is_number(segment)
        || is_uuid(segment)
        || is_hex(segment)
        || is_token(segment)
        || is_email(segment)
        || is_encoded_text(segment)
}

/// Digits, with the punctuation that numbers, ranges, coordinates and addresses have.
fn is_number(segment: &[u8]) -> bool {
    let mut digits = 0;
    for byte in segment {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' | b',' | b'-' | b'_' | b':' | b'+' => {}
            _ => return false,
        }
    }
    digits > 0
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
fn is_uuid(segment: &[u8]) -> bool {
    segment.len() == 36
        && segment.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Eight or more hexadecimal digits; one of them is a digit unless there are 16, for `defaced`.
fn is_hex(segment: &[u8]) -> bool {
    segment.len() >= 8
        && segment.iter().all(u8::is_ascii_hexdigit)
        && (segment.len() >= 16 || segment.iter().any(u8::is_ascii_digit))
}

/// A random string in the alphabet of base64url and the like. Letters and digits that touch three
/// times tell it from a slug; names have a number at one place, and separators around it.
fn is_token(segment: &[u8]) -> bool {
    if segment.len() < 10 {
        return false;
    }
    let mut seen = 0;
    let mut digits = 0;
    let mut touches = 0;
    let mut before = PUNCTUATION;
    for &byte in segment {
        let class = class(byte);
        if class & SPECIAL != 0 || byte == b'.' {
            return false;
        }
        seen |= if class & UPPER == 0 { class } else { UPPER };
        digits += usize::from(class & DIGIT != 0);
        touches += usize::from((class | before) & (LETTER | DIGIT) == LETTER | DIGIT);
        before = class;
    }
    let all_cases = LETTER | UPPER | DIGIT;
    touches >= 3 && digits >= 2 && (segment.len() >= 16 || seen & all_cases == all_cases)
}

/// Something, an at sign, and a name with a dot behind it; the at sign may be `%40`.
fn is_email(segment: &[u8]) -> bool {
    let (at, behind) = match memchr::memchr(b'@', segment) {
        Some(at) => (at, at + 1),
        None => match memchr::memmem::find(segment, b"%40") {
            Some(at) => (at, at + 3),
            None => return false,
        },
    };
    let domain = &segment[behind..];
    at > 0 && memchr::memchr(b'.', domain).is_some_and(|dot| dot > 0 && dot + 2 < domain.len())
}

/// Percent-encoding that makes up at least half of the segment: a title in another script.
fn is_encoded_text(segment: &[u8]) -> bool {
    let escapes = memchr::memchr_iter(b'%', segment).count();
    escapes >= 3 && escapes * 6 >= segment.len()
}

/// Writes a name part by part; parts end at punctuation. Numbers that only punctuation parts from
/// each other are one: `report-2026-11-23.pdf` → `report-{n}.pdf`.
fn write_parts(stem: &[u8], out: &mut Vec<u8>) {
    let mut rest = stem;
    let mut numbers_end = None; // where `out` ended behind the last number
    while !rest.is_empty() {
        let length = rest
            .iter()
            .position(|byte| class(*byte) & (LETTER | DIGIT) == 0)
            .unwrap_or(rest.len());
        let (part, behind) = rest.split_at(length);
        if !part.is_empty() && part.iter().all(u8::is_ascii_digit) {
            match numbers_end {
                Some(end) => out.truncate(end),
                None => out.extend_from_slice(b"{n}"),
            }
            numbers_end = Some(out.len());
        } else if !part.is_empty() {
            write_part(part, out);
            numbers_end = None;
        }
        let Some((separator, after)) = behind.split_first() else {
            return;
        };
        out.push(*separator);
        if !matches!(separator, b'-' | b'_' | b'.' | b',' | b':') {
            numbers_end = None;
        }
        rest = after;
    }
}

/// A part of letters and digits: identifiers are replaced, and a tail of three or more digits
/// (`ORD10234`); fewer belong to a word (`oauth2`, `mp3`).
fn write_part(part: &[u8], out: &mut Vec<u8>) {
    if is_hex(part) || is_token(part) {
        out.extend_from_slice(b"{id}");
        return;
    }
    let digits = part
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (word, tail) = part.split_at(part.len() - digits);
    out.extend_from_slice(word);
    if digits >= 3 {
        out.extend_from_slice(b"{n}");
    } else {
        out.extend_from_slice(tail);
    }
}

/// A target that does not begin with a slash: absolute form, `*`, `host:port` of CONNECT, a path
/// whose format leaves the slash out, or something that is not HTTP at all.
#[cold]
fn unrooted(path: &[u8], out: &mut Vec<u8>) {
    match path {
        b"" | b"*" => return out.extend_from_slice(path),
        _ => {}
    }
    let near = &path[..path.len().min(16)];
    if let Some(at) = memchr::memmem::find(near, b"://") {
        let authority = &path[at + 3..];
        return match memchr::memchr(b'/', authority) {
            Some(slash) => segments(&authority[slash..], out),
            None => out.push(b'/'),
        };
    }
    let head = &path[..path.len().min(1024)];
    let clean = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>');
    if !path[0].is_ascii_alphanumeric() || !head.iter().all(clean) {
        out.extend_from_slice(b"{malformed}");
    } else if memchr::memchr(b'/', head).is_some() {
        rooted_copy(head, out);
    } else if head.contains(&b':') || head.contains(&b'.') && !head.contains(&b'%') {
        out.extend_from_slice(b"{authority}");
    } else {
        out.extend_from_slice(b"{malformed}");
    }
}

/// A path without its first slash, such as an object key: templated with the slash, shown without.
fn rooted_copy(head: &[u8], out: &mut Vec<u8>) {
    let rooted: Vec<u8> = [b"/", head].concat();
    segments(&rooted, out);
    out.remove(0);
}

/// Extensions of files that pages embed.
const ASSETS: [&[u8]; 24] = [
    b"css", b"js", b"mjs", b"map", b"png", b"jpg", b"jpeg", b"gif", b"webp", b"avif", b"svg",
    b"ico", b"bmp", b"woff", b"woff2", b"ttf", b"otf", b"eot", b"mp4", b"webm", b"mp3", b"ogg",
    b"pdf", b"zip",
];

/// Whether a path names a file that pages embed: its extension tells.
pub fn is_asset(path: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', path) else {
        return false;
    };
    let extension = &path[dot + 1..];
    extension.len() <= 5
        && ASSETS
            .iter()
            .any(|asset| extension.eq_ignore_ascii_case(asset))
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
