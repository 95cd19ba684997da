//! The page: escapes, measures, wraps and colours whatever is written on it.
//!
//! Pieces hold raw text; they are escaped here, at the only door. No line is wider than the page.

use super::wrap::{fit, pad_right, width, wrap};
use crate::escape;
use crate::output::Context;
use std::borrow::Cow;

/// Narrower terminals are treated as this wide; tables make no sense below.
const NARROWEST: usize = 40;
/// Longer lines are harder to read, not easier.
const WIDEST: usize = 120;
/// Columns before the labels.
const INDENT: usize = 2;
/// Columns before pieces that did not fit: where a verdict starts behind its id.
pub(super) const HANGING: usize = 5;
/// Columns of the labels in front of sentences.
const LABEL: usize = 11;

/// What a text means, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tint {
    Plain,
    Strong,
    Faint,
    RateLimit,
    Acl,
    BotFilter,
    Warning,
}

impl Tint {
    /// Parameters of the ANSI sequence (ECMA-48 SGR): only the sixteen colours every theme adapts.
    fn ansi(self) -> Option<&'static str> {
        match self {
            Tint::Plain => None,
            Tint::Strong => Some("1"),
            Tint::Faint => Some("2"),
            Tint::RateLimit => Some("1;33"),
            Tint::Acl => Some("1;31"),
            Tint::BotFilter => Some("1;35"),
            Tint::Warning => Some("33"),
        }
    }
}

/// Raw text with its tint; it stays on one line.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    tint: Tint,
    text: String,
}

impl Piece {
    /// A piece of any text, foreign or not.
    pub(super) fn new(tint: Tint, text: impl Into<String>) -> Self {
        Piece {
            tint,
            text: text.into(),
        }
    }

    /// A piece without a colour.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Piece::new(Tint::Plain, text)
    }
}

/// The page.
#[derive(Debug)]
pub(super) struct Sheet {
    width: usize,
    color: bool,
    unicode: bool,
    text: String,
}

impl Sheet {
    /// An empty page.
    pub(super) fn new(context: &Context) -> Self {
        Sheet {
            width: context.width.clamp(NARROWEST, WIDEST),
            color: context.color,
            unicode: context.unicode,
            text: String::new(),
        }
    }

    /// Everything written.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Columns of a line.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Whether more than ASCII may be written.
    pub(super) fn unicode(&self) -> bool {
        self.unicode
    }

    /// A text as it will be shown.
    pub(super) fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.unicode {
            escape::terminal(text)
        } else {
            escape::ascii(text)
        }
    }

    /// A text as it will be shown, cut in the middle to at most `limit` columns.
    pub(super) fn fitted(&self, text: &str, limit: usize) -> String {
        fit(&self.shown(text), limit, self.ellipsis())
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// The title of a section, after an empty line.
    pub(super) fn heading(&mut self, title: &str) {
        self.blank();
        self.line(&[Piece::new(Tint::Strong, title)]);
    }

    /// Pieces side by side on one line, as they are; what does not fit is cut.
    pub(super) fn line(&mut self, pieces: &[Piece]) {
        let mut left = self.width;
        for piece in pieces {
            let shown = self.fitted(&piece.text, left);
            left -= width(&shown);
            self.paint(piece.tint, &shown);
        }
        self.end_line();
    }

    /// Pieces two columns apart; those that do not fit go to the next line, below `indent`.
    pub(super) fn flow(&mut self, indent: usize, pieces: &[Piece]) {
        let mut used = 0;
        let mut at_start = true;
        for piece in pieces {
            let whole = width(&self.shown(&piece.text));
            if !at_start && used + 2 + whole > self.width {
                self.end_line();
                self.spaces(indent);
                used = indent;
                at_start = true;
            }
            if !at_start {
                self.spaces(2);
                used += 2;
            }
            let shown = self.fitted(&piece.text, self.width - used);
            used += width(&shown);
            self.paint(piece.tint, &shown);
            at_start = false;
        }
        self.end_line();
    }

    /// A line to be pasted: whole, even where it is wider than the page.
    pub(super) fn pasted(&mut self, line: &str) {
        let shown = self.shown(line).into_owned();
        self.paint(Tint::Plain, &shown);
        self.end_line();
    }

    /// A label and a sentence, wrapped below its own start, in at most `most` lines.
    pub(super) fn entry(&mut self, label: &str, text: &str, most: usize) {
        let limit = self.width - INDENT - LABEL;
        let lines = wrap(&self.shown(text), limit, most, self.ellipsis());
        self.labelled(label, &lines);
    }

    /// A label and lines that are laid out and escaped already.
    pub(super) fn labelled(&mut self, label: &str, lines: &[String]) {
        let mut label = label;
        for line in lines {
            self.spaces(INDENT);
            self.paint(Tint::Faint, &pad_right(label, LABEL));
            self.paint(Tint::Plain, line);
            self.end_line();
            label = "";
        }
    }

    /// Columns of a sentence behind a label.
    pub(super) fn entry_width(&self) -> usize {
        self.width - INDENT - LABEL
    }

    /// A sentence, in at most `most` lines; all but the first stand two columns further in.
    pub(super) fn sentence(&mut self, indent: usize, tint: Tint, text: &str, most: usize) {
        let limit = self.width - indent - 2;
        let mut indent = indent;
        let first = indent;
        for line in wrap(&self.shown(text), limit, most, self.ellipsis()) {
            self.spaces(indent);
            self.paint(tint, &line);
            self.end_line();
            indent = first + 2;
        }
    }

    /// Stands for what was cut.
    pub(super) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    fn spaces(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    fn end_line(&mut self) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
    }

    /// Writes text that is escaped and measured already.
    fn paint(&mut self, tint: Tint, shown: &str) {
        match tint.ansi() {
            Some(parameters) if self.color && !shown.trim().is_empty() => {
                self.text.push_str("\x1b[");
                self.text.push_str(parameters);
                self.text.push('m');
                self.text.push_str(shown);
                self.text.push_str("\x1b[0m");
            }
            _ => self.text.push_str(shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(width: usize) -> Sheet {
        Sheet::new(&Context {
            width,
            ..Context::default()
        })
    }

    #[test]
    fn pieces_that_do_not_fit_go_below_the_indent() {
        let mut sheet = sheet(40);
        let pieces = ["a".repeat(20), "b".repeat(18), "c".repeat(50)].map(Piece::plain);
        sheet.flow(5, &pieces);
        let text = sheet.into_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(lines[0], format!("{}  {}", "a".repeat(20), "b".repeat(18)));
        assert!(lines[1].starts_with("     ccc"));
        assert_eq!(width(lines[1]), 40);
    }

    #[test]
    fn nothing_foreign_reaches_the_page_as_it_is() {
        let mut sheet = sheet(80);
        sheet.line(&[Piece::plain("a\x1b[2J\n")]);
        assert_eq!(sheet.into_text(), "a\\x1b[2J\\n\n");
    }

    #[test]
    fn colour_stands_around_the_text_only_when_asked_for() {
        let mut sheet = Sheet::new(&Context {
            color: true,
            ..Context::default()
        });
        sheet.line(&[Piece::new(Tint::Strong, "x")]);
        assert_eq!(sheet.into_text(), "\x1b[1mx\x1b[0m\n");
    }
}
