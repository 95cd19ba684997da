//! What the terminal can show.

/// Columns where the width is not known.
const WIDTH: usize = 80;

/// Columns of the terminal, if that is where the output goes.
pub fn width(to_terminal: bool) -> usize {
    terminal_size::terminal_size()
        .filter(|_| to_terminal)
        .map_or(WIDTH, |(width, _)| usize::from(width.0))
}

/// Whether the locale shows more than ASCII; UTF-8 is assumed where none is set, as in containers.
pub fn is_unicode() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}
