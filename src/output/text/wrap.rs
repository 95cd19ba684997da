//! Text that fits: measured in columns, cut in the middle, wrapped at spaces.
//!
//! Input is escaped already, so that every character takes at least one column. The width of a text
//! is the sum over its characters: never less than what a terminal uses.

use crate::escape::columns;

/// Columns of a text.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The text, or its start and end around the ellipsis, in at most `limit` columns.
pub(super) fn fit(text: &str, limit: usize, ellipsis: &str) -> String {
    if width(text) <= limit {
        return text.to_owned();
    }
    let Some(kept) = limit.checked_sub(width(ellipsis)) else {
        return prefix(text, limit).to_owned();
    };
    let tail_columns = kept / 2;
    let head = prefix(text, kept - tail_columns);
    format!("{head}{ellipsis}{}", suffix(text, tail_columns))
}

/// The text filled up with spaces on the right.
pub(super) fn pad_right(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The text filled up with spaces on the left.
pub(super) fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The words in lines of at most `limit` columns, at most `most` lines of them.
///
/// A word that is longer than a line is cut in the middle; so is a text longer than its lines.
pub(super) fn wrap(text: &str, limit: usize, most: usize, ellipsis: &str) -> Vec<String> {
    let limit = limit.max(1);
    let text = fit(text, limit.saturating_mul(most), ellipsis);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let word = fit(word, limit, ellipsis);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= limit => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(fit(&rest, limit, ellipsis));
    }
    lines
}

/// The longest start of the text in at most `limit` columns.
fn prefix(text: &str, limit: usize) -> &str {
    let mut used = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            used += columns(*c);
            used > limit
        })
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// The longest end of the text in at most `limit` columns.
fn suffix(text: &str, limit: usize) -> &str {
    let mut used = 0;
    let start = text
        .char_indices()
        .rev()
        .find(|(_, c)| {
            used += columns(*c);
            used > limit
        })
        .map_or(0, |(at, c)| at + c.len_utf8());
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_values_are_cut_in_the_middle() {
        assert_eq!(fit("short", 10, "…"), "short");
        assert_eq!(fit("/api/v1/search/all", 9, "…"), "/api…/all");
        assert_eq!(fit("/api/v1/search/all", 10, "..."), "/api...all");
        assert_eq!(fit("abcdef", 2, "..."), "ab");
        assert_eq!(fit("北京市朝阳区", 7, "…"), "北…阳区".replace('阳', ""));
    }

    #[test]
    fn sentences_wrap_at_spaces() {
        assert_eq!(wrap("one two three", 8, 9, "…"), ["one two", "three"]);
        assert_eq!(wrap("", 8, 9, "…"), Vec::<String>::new());
        assert_eq!(wrap("abcdefghijkl xy", 5, 9, "…"), ["ab…kl", "xy"]);
    }

    #[test]
    fn a_text_longer_than_its_lines_loses_its_middle() {
        let lines = wrap(&"word ".repeat(100), 20, 3, "…");
        assert_eq!(lines.len(), 3);
        assert!(lines.join(" ").contains('…'));
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_limit(
            text in "[ -~äß京都]{0,200}",
            limit in 1..60usize,
            most in 1..6usize,
        ) {
            prop_assert!(width(&fit(&text, limit, "…")) <= limit);
            let lines = wrap(&text, limit, most, "…");
            prop_assert!(lines.len() <= most);
            prop_assert!(lines.iter().all(|line| width(line) <= limit), "{:?}", lines);
        }

        #[test]
        fn words_survive_wrapping(words in prop::collection::vec("[a-z]{1,9}", 0..30)) {
            let lines = wrap(&words.join(" "), 12, usize::MAX, "…");
            prop_assert_eq!(lines.join(" "), words.join(" "));
        }
    }
}
