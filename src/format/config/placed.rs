//! The directives of a server's configuration with their places and blocks, for whoever asks which of them
//! denied. Includes are followed as by the readers of log formats; nothing is executed.

use super::{Files, apache, included, nginx};
use crate::format::FormatError;
use std::path::Path;

/// Most directives that are kept: lists of a hundred thousand networks exist.
const MOST: usize = 2_000_000;

/// A directive, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its file.
    pub file: String,
    /// Its first line, from 1.
    pub line: usize,
    /// Its name and arguments, without quotes.
    pub words: Vec<String>,
    /// The blocks that it stands in, outermost first: places in the list.
    pub within: Vec<usize>,
}

impl Placed {
    /// Its name in lower case.
    pub fn name(&self) -> String {
        self.words
            .first()
            .map_or(String::new(), |word| word.to_ascii_lowercase())
    }
}

/// The directives of an nginx configuration.
///
/// # Errors
/// The file cannot be read.
pub fn nginx(path: &Path) -> Result<Vec<Placed>, FormatError> {
    let mut files = Files::default();
    let mut all = Vec::new();
    let base = path.parent().unwrap_or(Path::new("."));
    if let Some(text) = files.read(path)? {
        of_nginx(&mut files, base, path, &text, &[], &mut all);
    }
    Ok(all)
}

fn of_nginx(
    files: &mut Files,
    base: &Path,
    path: &Path,
    text: &str,
    within: &[usize],
    all: &mut Vec<Placed>,
) {
    // The last directive seen at each depth is the block of those below it.
    let mut open: Vec<usize> = Vec::new();
    for directive in nginx::directives(text) {
        if all.len() >= MOST {
            return;
        }
        open.truncate(directive.depth);
        let blocks = [within, &open].concat();
        if directive
            .words
            .first()
            .is_some_and(|word| word == "include")
        {
            for pattern in directive.words.iter().skip(1) {
                for path in included(base, pattern) {
                    // An include that cannot be read is nginx's to complain about.
                    if let Ok(Some(text)) = files.read(&path) {
                        of_nginx(files, base, &path, &text, &blocks, all);
                    }
                }
            }
        }
        open.push(all.len());
        all.push(Placed {
            file: path.display().to_string(),
            line: directive.line,
            words: directive.words,
            within: blocks,
        });
    }
}

/// The directives of an Apache configuration; a section is a directive whose name begins with `<`.
///
/// # Errors
/// The file cannot be read.
pub fn apache(path: &Path) -> Result<Vec<Placed>, FormatError> {
    let mut files = Files::default();
    let mut all = Vec::new();
    let base = path.parent().unwrap_or(Path::new("."));
    if let Some(text) = files.read(path)? {
        of_apache(&mut files, base, path, &text, &mut Vec::new(), &mut all);
    }
    Ok(all)
}

fn of_apache(
    files: &mut Files,
    base: &Path,
    path: &Path,
    text: &str,
    open: &mut Vec<usize>,
    all: &mut Vec<Placed>,
) {
    let mut root = base.to_owned();
    for (line, text) in apache::logical_lines(text) {
        if all.len() >= MOST {
            return;
        }
        if text.starts_with("</") {
            open.pop();
            continue;
        }
        let is_section = text.starts_with('<');
        let text = if is_section {
            text.trim_end().trim_end_matches('>')
        } else {
            &text
        };
        let words = apache::words(text);
        match words
            .first()
            .map(|word| word.to_ascii_lowercase())
            .as_deref()
        {
            None => continue,
            Some("serverroot") => {
                if let Some(named) = words.get(1) {
                    root = named.into();
                }
            }
            Some("include" | "includeoptional") => {
                for pattern in words.iter().skip(1) {
                    for path in included(&root, pattern) {
                        if let Ok(Some(text)) = files.read(&path) {
                            of_apache(files, &root, &path, &text, open, all);
                        }
                    }
                }
            }
            Some(_) => {}
        }
        if is_section {
            open.push(all.len());
        }
        let within = open.iter().copied().filter(|at| *at < all.len()).collect();
        all.push(Placed {
            file: path.display().to_string(),
            line,
            words,
            within,
        });
    }
}

/// The directives of an HAProxy configuration; those of a section stand within its head.
///
/// # Errors
/// The file cannot be read.
pub fn haproxy(path: &Path) -> Result<Vec<Placed>, FormatError> {
    const SECTIONS: [&str; 9] = [
        "global",
        "defaults",
        "frontend",
        "backend",
        "listen",
        "peers",
        "resolvers",
        "userlist",
        "cache",
    ];
    let mut all: Vec<Placed> = Vec::new();
    let text = Files::default().read(path)?.unwrap_or_default();
    let mut section = None;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split(" #").next().unwrap_or_default().trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let words = apache::words(text);
        let is_head = words
            .first()
            .is_some_and(|word| SECTIONS.contains(&word.as_str()));
        if is_head {
            section = Some(all.len());
        }
        all.push(Placed {
            file: path.display().to_string(),
            line,
            words,
            within: section.into_iter().filter(|_| !is_head).collect(),
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    fn tree(all: &[Placed]) -> Vec<String> {
        all.iter()
            .map(|one| format!("{}:{}:{}", one.line, one.within.len(), one.words.join(" ")))
            .collect()
    }

    #[test]
    fn blocks_of_nginx() {
        let text = "http {\n  map $a $b { default 0;\n ~x 1; }\n  server { location /a { deny all; }\n } }\n";
        let all = nginx(file(text).path()).unwrap();
        assert_eq!(
            tree(&all),
            [
                "1:0:http",
                "2:1:map $a $b",
                "2:2:default 0",
                "3:2:~x 1",
                "4:1:server",
                "4:2:location /a",
                "4:3:deny all"
            ]
        );
        assert_eq!(all[6].within, [0, 4, 5]);
    }

    #[test]
    fn sections_of_apache_and_haproxy() {
        let text = "<VirtualHost *:80>\n<Location \"/a\">\n  Require all denied\n</Location>\nRewriteRule ^/x - [F]\n</VirtualHost>\n";
        assert_eq!(
            tree(&apache(file(text).path()).unwrap()),
            [
                "1:0:<VirtualHost *:80",
                "2:1:<Location /a",
                "3:2:Require all denied",
                "5:1:RewriteRule ^/x - [F]"
            ]
        );
        let text = "frontend f\n  # no\n  acl bad src -f /x # list\n  http-request deny if bad\n";
        assert_eq!(
            tree(&haproxy(file(text).path()).unwrap()),
            [
                "1:0:frontend f",
                "3:1:acl bad src -f /x",
                "4:1:http-request deny if bad"
            ]
        );
    }
}
