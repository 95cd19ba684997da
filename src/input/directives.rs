//! The directives of a W3C extended log that are in force where a chunk starts.
//!
//! `#Fields` names the fields of all lines behind it, however far, and `#Date` may hold their day. So a chunk has
//! to know the last ones before it. They are looked for once, in the order of the file: who works on a chunk looks
//! through what nobody has looked through before it. Chunks are handed out in their order, so each byte is looked
//! at once, shortly before it is read. Only a file that begins with such a directive pays for this.

use std::borrow::Cow;

/// Bytes of a head in which a W3C log has its first directive.
const HEAD: usize = 64 << 10;
/// Bytes looked through at once.
const BLOCK: u64 = 1 << 20;
/// Bytes of directives that are kept of a file. No server has so many that differ; those behind are not known
/// beyond their own chunks.
const MOST_BYTES: usize = 16 << 20;

/// The directives of a text, as far as it was looked through.
#[derive(Debug, Default)]
pub(super) struct Directives {
    looked_to: u64,
    /// Whether the line at `looked_to` starts before it.
    within_line: bool,
    fields: Told,
    dates: Told,
    bytes: usize,
}

/// Directives of one kind that differ from the one before, and where each stands.
#[derive(Debug, Default)]
struct Told(Vec<(u64, Vec<u8>)>);

impl Told {
    /// The last one before `at`.
    fn before(&self, at: u64) -> Option<&[u8]> {
        let count = self.0.partition_point(|(place, _)| *place < at);
        let (_, line) = self.0.get(count.checked_sub(1)?)?;
        Some(line)
    }
}

impl Directives {
    /// For a text with this head; `None` if it has no directives.
    pub(super) fn of(head: &[u8]) -> Option<Directives> {
        let near = &head[..head.len().min(HEAD)];
        [&b"#Fields:"[..], b"#fields\t"]
            .into_iter()
            .flat_map(|name| memchr::memmem::find_iter(near, name))
            .any(|at| at == 0 || matches!(near[at - 1], b'\n' | 0xbf))
            .then(Directives::default)
    }

    /// Notes those of the next bytes of the text, which end a line unless `ends_within` one.
    fn look(&mut self, text: &[u8], ends_within: bool) {
        let at_start = !self.within_line && text.starts_with(b"#");
        let starts = memchr::memmem::find_iter(text, b"\n#").map(|at| at + 1);
        for start in at_start.then_some(0).into_iter().chain(starts) {
            let rest = &text[start..];
            let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
            let told = match line {
                _ if crate::time::Directives::fields_of(line).is_some() => &mut self.fields,
                _ if line.starts_with(b"#Date:") => &mut self.dates,
                _ => continue,
            };
            let is_news = told.0.last().is_none_or(|(_, last)| last != line);
            if is_news && self.bytes + line.len() <= MOST_BYTES {
                self.bytes += line.len();
                told.0.push((self.looked_to + start as u64, line.to_vec()));
            }
        }
        self.looked_to += text.len() as u64;
        self.within_line = ends_within;
    }

    /// Looks through the text up to `to`, where a line starts; `read` gives what stands between two places.
    pub(super) fn look_on<'t, E>(
        &mut self,
        to: u64,
        read: impl Fn(u64, u64) -> Result<Cow<'t, [u8]>, E>,
    ) -> Result<(), E> {
        while self.looked_to < to {
            let end = to.min(self.looked_to + BLOCK);
            let text = read(self.looked_to, end)?;
            match memchr::memrchr(b'\n', &text) {
                _ if text.is_empty() => break,
                _ if end == to => self.look(&text, false),
                Some(last) => self.look(&text[..=last], false),
                None => self.look(&text, true),
            }
        }
        Ok(())
    }

    /// The directives in force at `at`, one a line.
    pub(super) fn in_force(&self, at: u64) -> Vec<u8> {
        let told = [self.fields.before(at), self.dates.before(at)];
        told.into_iter().flatten().collect::<Vec<_>>().join(&b'\n')
    }

    /// As [`Directives::look_on`], with the next chunk of a stream.
    pub(super) fn look_through(&mut self, chunk: &[u8], bytes_of_text: u64) {
        let end = self.looked_to + bytes_of_text;
        self.look(chunk, false);
        self.looked_to = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_without_a_directive_near_its_start_has_none() {
        for head in ["", "a #Fields: b\n", "#Field: a\n"] {
            assert!(Directives::of(head.as_bytes()).is_none(), "{head}");
        }
        for head in [
            "#Fields: a",
            "\u{feff}#Fields: a",
            "#Version: 1.0\n#Fields: a\n",
        ] {
            assert!(Directives::of(head.as_bytes()).is_some(), "{head}");
        }
    }

    #[test]
    fn directives_without_end_are_not_kept_without_end() {
        let mut directives = Directives::default();
        for number in 0..40u64 {
            let line = format!("#Fields: {number} {}\n", "x".repeat(1 << 19));
            directives.look_through(line.as_bytes(), line.len() as u64);
        }
        assert!(directives.bytes <= MOST_BYTES);
        assert!(directives.in_force(u64::MAX).starts_with(b"#Fields: 30 "));
    }

    proptest! {
        #[test]
        fn those_in_force_are_the_last_before(
            lines in prop::collection::vec("#Fields: [ab]|#Date: [12]|x|#Software: y|", 0..30),
            order in prop::collection::vec(0usize..30, 1..9),
        ) {
            let starts: Vec<usize> = lines
                .iter()
                .scan(0, |at, line| {
                    let start = *at;
                    *at += line.len() + 1;
                    Some(start)
                })
                .collect();
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes();
            let mut directives = Directives::default();
            for number in order {
                let Some(&at) = starts.get(number) else { continue };
                let read = |from: u64, to: u64| Ok::<_, ()>(Cow::Borrowed(&text[from as usize..to as usize]));
                directives.look_on(at as u64, read).unwrap();
                let last = |name: &str| lines[..number].iter().rev().find(|line| line.starts_with(name));
                let expected: Vec<_> = ["#Fields:", "#Date:"].into_iter().filter_map(last).cloned().collect();
                prop_assert_eq!(directives.in_force(at as u64), expected.join("\n").into_bytes());
            }
        }
    }
}
