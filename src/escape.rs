//! Every foreign byte passes here on its way out.
//!
//! Whoever sends a request chooses bytes of the log: a user agent can hold terminal commands, marks
//! that turn text around, spreadsheet formulas or shell syntax. One function per place where text
//! ends up. Each keeps what is harmless, so that ordinary values are shown as they were logged.
//!
//! Sources: ECMA-48 (C0, C1), Unicode UAX #9 (bidi marks), OWASP "CSV Injection",
//! POSIX.1-2024 2.2.4 (`$'...'`), RFC 8259 7 (JSON strings).

use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

/// Text for a terminal: what would be obeyed, or would not be seen, is shown as an escape.
pub fn terminal(text: &str) -> Cow<'_, str> {
    escape_if(text, is_unsafe_to_show)
}

/// As [`terminal`], for a terminal that shows ASCII only.
///
/// The typographic signs of our own sentences become their ASCII look-alikes.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| !c.is_ascii() || c.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match plain_sign(c) {
            Some(sign) => shown.push_str(sign),
            None if c == ' ' || c.is_ascii_graphic() => shown.push(c),
            None => push_escape(&mut shown, c),
        }
    }
    Cow::Owned(shown)
}

/// As [`terminal`], for bytes: those that are not UTF-8 are shown as `\xHH`.
pub fn terminal_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match utf8(bytes) {
        Cow::Borrowed(text) => terminal(text),
        Cow::Owned(text) => Cow::Owned(terminal(&text).into_owned()),
    }
}

/// Bytes as text that loses nothing visible: those that are not UTF-8 become the four letters `\xHH`.
///
/// This makes a `String` for findings, not for a terminal: control characters stay.
pub fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            push_formatted(&mut text, format_args!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(text)
}

/// Text for a CSV cell: shown as on a terminal, and never a formula to a spreadsheet.
///
/// Quoting by RFC 4180 is left to the CSV writer. Do not pass numbers of our own: a leading minus
/// would be neutralised.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let shown = terminal(text);
    if text.starts_with(FORMULA_STARTS) {
        Cow::Owned(format!("'{shown}"))
    } else {
        shown
    }
}

/// One argument for a POSIX shell, quoted only where needed.
///
/// Control characters, invisible characters and invalid UTF-8 stand as octal escapes in `$'...'`,
/// which bash, zsh, ksh and POSIX.1-2024 understand; octal, because three digits end by themselves.
/// NUL, which no argument can hold, becomes the four letters `\x00`.
pub fn shell(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.bytes().all(needs_no_quotes) => text.to_owned(),
        Ok(text) if !text.contains(is_unsafe_to_show) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => shell_with_escapes(bytes),
    }
}

/// A JSON string with its quotes; bytes that are not UTF-8 become the four letters `\xHH`.
pub fn json_string(bytes: &[u8]) -> String {
    let text = utf8(bytes);
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            c if is_unsafe_to_show(c) => push_json_escape(&mut json, c),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// A run of JSON string text that needs no escape by RFC 8259, made safe to show as well.
///
/// JSON lets C1 controls and bidi marks stand as they are; a terminal that shows the JSON does not.
pub(super) fn json_fragment(fragment: &str) -> Cow<'_, str> {
    if !fragment.contains(is_unsafe_to_show) {
        return Cow::Borrowed(fragment);
    }
    let mut json = String::with_capacity(fragment.len() + 16);
    for c in fragment.chars() {
        if is_unsafe_to_show(c) {
            push_json_escape(&mut json, c);
        } else {
            json.push(c);
        }
    }
    Cow::Owned(json)
}

/// Columns that a character takes on a terminal.
pub(super) fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// What makes a spreadsheet read a cell as a formula; the wide forms are for East Asian locales.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Obeyed by a terminal, moving other text, or not to be seen.
fn is_unsafe_to_show(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control() || c.is_whitespace() || columns(c) == 0 || is_unseen(c)
}

/// Characters that `unicode-width` gives a column although they show nothing, or move other text.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{10ffff}'
    )
}

fn escape_if(text: &str, unsafe_to_show: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(unsafe_to_show) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if unsafe_to_show(c) {
            push_escape(&mut shown, c);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn push_escape(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c if c.is_ascii() => push_formatted(shown, format_args!("\\x{:02x}", c as u32)),
        c => push_formatted(shown, format_args!("\\u{{{:x}}}", c as u32)),
    }
}

fn push_json_escape(json: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        push_formatted(json, format_args!("\\u{unit:04x}"));
    }
}

fn push_formatted(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

fn plain_sign(c: char) -> Option<&'static str> {
    Some(match c {
        '…' => "...",
        '–' | '—' | '−' => "-",
        '→' => "->",
        '×' => "x",
        '≥' => ">=",
        '≤' => "<=",
        '±' => "+/-",
        '·' => "|",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        _ => return None,
    })
}

/// Bytes that no shell looks at twice. `~` and `=` do not stand here: they matter at some places.
fn needs_no_quotes(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./:,@%+".contains(&byte)
}

fn shell_with_escapes(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 16);
    if bytes.is_empty() {
        quoted.push_str("''");
        return quoted;
    }
    quoted.push_str("$'");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\0' => quoted.push_str(r"\\x00"),
                '\'' => quoted.push_str(r"\'"),
                '\\' => quoted.push_str(r"\\"),
                c if is_unsafe_to_show(c) => {
                    push_octal(&mut quoted, c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                c => quoted.push(c),
            }
        }
        push_octal(&mut quoted, chunk.invalid());
    }
    quoted.push('\'');
    quoted
}

fn push_octal(quoted: &mut String, bytes: &[u8]) {
    for byte in bytes {
        push_formatted(quoted, format_args!("\\{byte:03o}"));
    }
}

#[cfg(test)]
mod tests;
