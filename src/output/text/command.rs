//! Shell commands on several lines that can still be pasted: broken between arguments only, with a
//! backslash at the end of each line but the last.

use super::wrap::{fit, width};

/// Longer commands lose their middle; then they cannot be pasted, and the whole stands in the JSON
/// output.
const LONGEST: usize = 2_000;

/// The lines of a command in at most `limit` columns, but for a single argument longer than a line:
/// a command that is pasted has to work.
pub(super) fn lines(command: &str, limit: usize, ellipsis: &str) -> Vec<String> {
    const CONTINUED: &str = " \\";
    let limit = limit.max(CONTINUED.len() + 1);
    if width(command) <= limit {
        return vec![command.to_owned()];
    }
    let command = if command.len() > LONGEST {
        fit(command, LONGEST, ellipsis)
    } else {
        command.to_owned()
    };
    let mut lines: Vec<String> = Vec::new();
    for argument in arguments(&command) {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(argument) + CONTINUED.len() <= limit => {
                line.push(' ');
                line.push_str(argument);
            }
            Some(line) => {
                line.push_str(CONTINUED);
                lines.push(argument.to_owned());
            }
            None => lines.push(argument.to_owned()),
        }
    }
    lines
}

/// The command split at spaces outside of quotes.
fn arguments(command: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    let mut quote = Quote::None;
    let mut start = 0;
    let mut escaped = false;
    let mut after_dollar = false;
    for (at, c) in command.char_indices() {
        if escaped {
            escaped = false;
            after_dollar = false;
            continue;
        }
        match (quote, c) {
            (Quote::None, ' ') => {
                arguments.extend(command.get(start..at));
                start = at + 1;
            }
            (Quote::None | Quote::Double | Quote::Dollar, '\\') => escaped = true,
            (Quote::None, '\'') if after_dollar => quote = Quote::Dollar,
            (Quote::None, '\'') => quote = Quote::Single,
            (Quote::None, '"') => quote = Quote::Double,
            (Quote::Single | Quote::Dollar, '\'') | (Quote::Double, '"') => quote = Quote::None,
            _ => {}
        }
        after_dollar = c == '$';
    }
    arguments.extend(command.get(start..));
    arguments.retain(|argument| !argument.is_empty());
    arguments
}

/// Which quotes the scan is in.
#[derive(Clone, Copy)]
enum Quote {
    None,
    Single,
    Double,
    /// `$'...'`, in which a backslash escapes.
    Dollar,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape;
    use proptest::prelude::*;

    #[test]
    fn a_short_command_is_one_line() {
        assert_eq!(lines("curl -i 'a b'", 40, "…"), ["curl -i 'a b'"]);
    }

    #[test]
    fn a_long_command_breaks_between_arguments() {
        assert_eq!(
            lines(
                r"curl -A 'it'\''s me' --data 'a b c' https://a.example/",
                24,
                "…"
            ),
            [
                r"curl -A 'it'\''s me' \",
                r"--data 'a b c' \",
                "https://a.example/"
            ]
        );
    }

    proptest! {
        #[test]
        fn arguments_are_found_whatever_they_hold(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 1..6),
        ) {
            let quoted: Vec<String> = values.iter().map(|value| escape::shell(value)).collect();
            let command = quoted.join(" ");
            prop_assert_eq!(arguments(&command), quoted);
        }

        #[test]
        fn only_a_single_argument_is_wider_than_the_limit_and_nothing_is_lost(
            command in "[ -~]{0,200}",
            limit in 3..60usize,
        ) {
            let lines = lines(&command, limit, "…");
            let mut joined = Vec::new();
            for (at, line) in lines.iter().enumerate() {
                let is_last = at + 1 == lines.len();
                let text = if is_last { line } else { line.strip_suffix(" \\").unwrap() };
                let is_single = arguments(text).len() == 1;
                prop_assert!(width(line) <= limit || is_single, "{}", line);
                joined.push(text.to_owned());
            }
            let joined = joined.join(" ");
            prop_assert_eq!(arguments(&joined), arguments(&command));
        }
    }

    #[test]
    fn an_absurd_command_loses_its_middle() {
        let lines = lines(&format!("curl {}", "a".repeat(5_000)), 60, "…");
        assert!(lines.iter().map(String::len).sum::<usize>() < 2_010);
        assert!(lines.join(" ").contains('…'));
    }
}
