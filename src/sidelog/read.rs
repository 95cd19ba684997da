//! Reads side logs: every line once, on every core, in the order of the files.
//!
//! A chunk gives entries and the sayings that they name by number; parts are put together in order, so
//! that numbers never depend on threads. Only lines that state a denial of a client that was denied are
//! kept, and the matches that an anomaly score is made of. A transaction of a serial audit log that a
//! chunk's edge cuts is stitched from both sides.

use super::said::{About, Kind, Said, Target, Told};
use super::{apache, audit, audit_json, lighttpd, nginx};
use crate::examine::mark;
use crate::input::{self, Chunk, Input, Trouble};
use crate::key::fast::HashSet;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The line formats, by the name of the log that has them. A serial audit log has blocks of lines.
const FORMATS: [Format; 4] = [
    Format {
        name: "nginx error log",
        read: |line, take| one(nginx::read(line), take),
    },
    Format {
        name: "Apache error log",
        read: |line, take| one(apache::read(line), take),
    },
    Format {
        name: "lighttpd error log",
        read: |line, take| one(lighttpd::read(line), take),
    },
    Format {
        name: "ModSecurity audit log",
        read: audit_line,
    },
];
/// Place of the audit logs among them.
const AUDIT: usize = 3;

/// Most entries that are kept: 800 MB, more lines than any log of a day has denials.
const MOST_ENTRIES: usize = 10_000_000;
/// Most sayings that differ: zones and rules come from a configuration.
const MOST_SAYINGS: usize = 20_000;
/// Most bytes of a transaction that spans chunks.
const LONGEST_TRANSACTION: usize = 4 << 20;

/// Tells what a line says; whether the line is of its kind.
type ReadLine = fn(&[u8], &mut dyn FnMut(Told<'_>)) -> bool;

struct Format {
    name: &'static str,
    /// Gives what the line says to the second argument; false if it is not of this format.
    read: ReadLine,
}

fn one(told: Option<Told<'_>>, take: &mut dyn FnMut(Told<'_>)) -> bool {
    told.map(take).is_some()
}

/// A transaction as JSON, or a serial one that input has put on one line.
fn audit_line(line: &[u8], take: &mut dyn FnMut(Told<'_>)) -> bool {
    match line.first() {
        Some(b'{') => audit_json::read(line, take),
        Some(b'-') if audit::is_whole(line) => {
            audit::read(line, take);
            true
        }
        _ => false,
    }
}

/// A saying that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saying {
    pub(super) kind: Kind,
    pub(super) zone: Vec<u8>,
    pub(super) rule: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) place: (Vec<u8>, Vec<u8>),
}

/// One statement about one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) local_ms: i64,
    /// Marks as a [`mark::Mark`] has them; 0 where the line does not say.
    pub(super) client: u64,
    pub(super) path: u64,
    pub(super) leaf: u64,
    pub(super) id: u64,
    pub(super) connection: u64,
    pub(super) saying: u32,
    pub(super) source: u32,
    /// From 0.
    pub(super) line: u32,
}

/// What was read of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) lines: u64,
    /// Lines by format.
    by_format: [u64; FORMATS.len()],
    /// Lines that state a denial, of whomever.
    pub(super) statements: u64,
    /// First and last moment.
    pub(super) span_ms: Option<(i64, i64)>,
}

impl File {
    /// The name of its format.
    pub(super) fn format(&self) -> &'static str {
        let most = FORMATS
            .iter()
            .zip(self.by_format)
            .max_by_key(|(_, lines)| *lines);
        most.filter(|(_, lines)| *lines > 0)
            .map_or("unknown", |(format, _)| format.name)
    }

    fn saw(&mut self, local_ms: i64) {
        let (first, last) = self.span_ms.unwrap_or((local_ms, local_ms));
        self.span_ms = Some((first.min(local_ms), last.max(local_ms)));
    }
}

/// What side logs say.
#[derive(Debug, Default)]
pub(super) struct SideLogs {
    pub(super) files: Vec<File>,
    pub(super) entries: Vec<Entry>,
    pub(super) sayings: Vec<Saying>,
    /// Rules that matched, by the mark of the transaction's id.
    pub(super) matches: Vec<(u64, u32)>,
    /// Whether more was said than is kept.
    pub(super) is_cut: bool,
    pub(super) troubles: Vec<Trouble>,
}

/// Whom to listen for.
pub(super) struct Wanted {
    pub(super) clients: HashSet<u64>,
    pub(super) ids: HashSet<u64>,
}

/// Reads all files.
pub(super) fn read(input: &Input, wanted: &Wanted, progress: &(dyn Fn(u64) + Sync)) -> SideLogs {
    let mut all = Gathered::new(input);
    let pass = input.pass_in_order(
        &|_, _| true,
        || (),
        input::newlines,
        |(), chunk, first_line| Part::of(chunk, first_line, wanted),
        |part| {
            all.take(part, wanted);
            ControlFlow::Continue(())
        },
        progress,
    );
    let mut logs = all.finish(wanted);
    logs.troubles = pass.troubles;
    logs
}

/// What a chunk says.
#[derive(Default)]
struct Part {
    source: usize,
    file: File,
    entries: Vec<Entry>,
    sayings: Sayings,
    matches: Vec<(u64, u32)>,
    /// Lines before the first transaction that begins here, where they seem to be one's, and their number.
    head: Vec<u8>,
    /// Whether no transaction begins here, so that `head` is all there is.
    only_head: bool,
    /// The transaction that does not end here, and its first line.
    tail: Vec<u8>,
    tail_line: u64,
}

impl Part {
    fn of(chunk: &Chunk<'_>, first_line: u64, wanted: &Wanted) -> Part {
        let mut part = Part {
            source: chunk.source,
            ..Part::default()
        };
        part.read(chunk.bytes, first_line, wanted);
        part
    }

    fn read(&mut self, bytes: &[u8], first_line: u64, wanted: &Wanted) {
        let (mut at, mut number) = (0, first_line);
        let mut block: Option<(usize, u64)> = None;
        let mut is_orphan = false;
        let mut began = false;
        for end in memchr::memchr_iter(b'\n', bytes).chain(
            bytes
                .len()
                .checked_sub(1)
                .filter(|last| bytes[*last] != b'\n')
                .map(|last| last + 1),
        ) {
            let line = bytes[at..end]
                .strip_suffix(b"\r")
                .unwrap_or(&bytes[at..end]);
            match line.first().and_then(|_| audit::section(line)) {
                Some(b'A') => {
                    if let Some((start, line)) = block {
                        self.block(&bytes[start..at], line, wanted);
                    } else if !began {
                        self.orphans(&bytes[..at], is_orphan);
                    }
                    began = true;
                    block = Some((at, number));
                }
                Some(b'Z') => {
                    if let Some((start, line)) = block.take() {
                        self.block(&bytes[start..end], line, wanted);
                    }
                    is_orphan |= !began;
                }
                Some(_) => is_orphan |= !began,
                None if block.is_some() => {}
                None => {
                    let read = self.line(line, number, wanted);
                    is_orphan |= at == 0 && !read && !line.is_empty();
                }
            }
            number += 1;
            at = (end + 1).min(bytes.len());
        }
        self.file.lines = number - first_line;
        match block {
            Some((start, line)) => {
                self.tail = cut(&bytes[start..]);
                self.tail_line = line;
            }
            None if !began => {
                self.orphans(bytes, is_orphan);
                self.only_head = true;
            }
            None => {}
        }
    }

    fn orphans(&mut self, bytes: &[u8], is_orphan: bool) {
        if is_orphan {
            self.head = cut(bytes);
        }
    }

    /// Reads a line that is no part of a transaction; false if no format knows it.
    fn line(&mut self, line: &[u8], number: u64, wanted: &Wanted) -> bool {
        FORMATS.iter().enumerate().any(|(at, format)| {
            let known = (format.read)(line, &mut |told| self.told(told, number, wanted));
            self.file.by_format[at] += u64::from(known);
            known
        })
    }

    /// Reads a whole transaction.
    fn block(&mut self, text: &[u8], number: u64, wanted: &Wanted) {
        self.file.by_format[AUDIT] += 1;
        audit::read(text, |told| self.told(told, number, wanted));
    }

    fn told(&mut self, told: Told<'_>, line: u64, wanted: &Wanted) {
        self.file.saw(told.local_ms);
        let Some(about) = told.about else {
            return;
        };
        if about.said.kind == Kind::Matched {
            // What the score is made of is asked for by the transaction's id.
            if !about.id.is_empty() && !super::modsecurity::is_score(about.said.rule) {
                let saying = self.sayings.number(&about.said);
                self.matches.push((mark::of_id(about.id), saying));
            }
            return;
        }
        self.file.statements += 1;
        let entry = self.entry(told.local_ms, &about, line);
        let is_wanted = entry.client == 0
            || wanted.clients.contains(&entry.client)
            || wanted.ids.contains(&entry.id);
        if is_wanted {
            let saying = self.sayings.number(&about.said);
            self.entries.push(Entry { saying, ..entry });
        }
    }

    fn entry(&self, local_ms: i64, about: &About<'_>, line: u64) -> Entry {
        let client = match about.client {
            b"" => 0,
            client => mark::of_client(client),
        };
        let (path, leaf) = match about.target {
            Target::Unknown => (0, 0),
            Target::Asked(target) => (mark::of_path(target), mark::of_leaf(target)),
            Target::File(file) => (passed_on(file), mark::of_leaf(file)),
        };
        Entry {
            local_ms,
            client,
            path,
            leaf,
            id: mark::of_id(about.id),
            connection: mark::of_id(about.connection),
            saying: 0,
            source: self.source as u32,
            line: line as u32,
        }
    }
}

/// The path of `proxy:http://127.0.0.1:9320/a`: most often the one that was asked for. 0 for a file.
fn passed_on(file: &[u8]) -> u64 {
    let path = memchr::memmem::find(file, b"://").and_then(|at| {
        let rest = file.get(at + 3..)?;
        rest.get(memchr::memchr(b'/', rest)?..)
    });
    path.map_or(0, mark::of_path)
}

fn cut(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len().min(LONGEST_TRANSACTION)].to_vec()
}

/// Sayings by number.
#[derive(Debug, Default)]
struct Sayings {
    numbers: HashMap<(Kind, Vec<u8>), u32>,
    all: Vec<Saying>,
    key: Vec<u8>,
}

impl Sayings {
    /// The number of a saying: one for each kind, zone and rule.
    fn number(&mut self, said: &Said<'_>) -> u32 {
        self.key.clear();
        self.key.extend_from_slice(said.zone);
        self.key.push(b'\n');
        self.key.extend_from_slice(said.rule);
        let key = (said.kind, std::mem::take(&mut self.key));
        if let Some(number) = self.numbers.get(&key) {
            let number = *number;
            self.key = key.1;
            return number;
        }
        let full = self.all.len() >= MOST_SAYINGS;
        let saying = Saying {
            kind: said.kind,
            zone: if full { Vec::new() } else { said.zone.to_vec() },
            rule: if full { Vec::new() } else { said.rule.to_vec() },
            message: said.message.to_vec(),
            place: (said.place.0.to_vec(), said.place.1.to_vec()),
        };
        self.keep(saying, key)
    }

    fn keep(&mut self, saying: Saying, key: (Kind, Vec<u8>)) -> u32 {
        let number = self.all.len() as u32;
        if self.all.len() > MOST_SAYINGS {
            // Names beyond the last are all said to be one.
            return number - 1;
        }
        self.all.push(saying);
        self.numbers.insert(key, number);
        number
    }

    /// The numbers here of another's sayings.
    fn merge(&mut self, other: Sayings) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(other.all.len());
        for saying in other.all {
            let place = (saying.place.0.as_slice(), saying.place.1.as_slice());
            numbers.push(self.number(&Said {
                kind: saying.kind,
                zone: &saying.zone,
                rule: &saying.rule,
                message: &saying.message,
                place,
            }));
        }
        numbers
    }
}

/// Puts parts together.
struct Gathered {
    logs: SideLogs,
    sayings: Sayings,
    /// The transaction under way: source, first line, text.
    pending: Option<(usize, u64, Vec<u8>)>,
}

impl Gathered {
    fn new(input: &Input) -> Gathered {
        let files = input.sources().iter().map(|source| File {
            path: source.path.clone(),
            ..File::default()
        });
        Gathered {
            logs: SideLogs {
                files: files.collect(),
                ..SideLogs::default()
            },
            sayings: Sayings::default(),
            pending: None,
        }
    }

    fn take(&mut self, mut part: Part, wanted: &Wanted) {
        if let Some((source, line, mut text)) = self.pending.take() {
            let goes_on = source == part.source && text.len() < LONGEST_TRANSACTION;
            if goes_on {
                text.extend_from_slice(&part.head);
            }
            if goes_on && part.only_head && !part.head.is_empty() {
                self.pending = Some((source, line, text));
            } else {
                let mut stitched = Part {
                    source,
                    ..Part::default()
                };
                stitched.block(&text, line, wanted);
                self.add(stitched);
            }
        }
        if !part.tail.is_empty() {
            let tail = std::mem::take(&mut part.tail);
            self.pending = Some((part.source, part.tail_line, tail));
        }
        self.add(part);
    }

    fn add(&mut self, part: Part) {
        let numbers = self.sayings.merge(part.sayings);
        let number = |saying: u32| numbers.get(saying as usize).copied().unwrap_or(0);
        let logs = &mut self.logs;
        for entry in part.entries {
            if logs.entries.len() >= MOST_ENTRIES {
                logs.is_cut = true;
                break;
            }
            logs.entries.push(Entry {
                saying: number(entry.saying),
                ..entry
            });
        }
        let room = MOST_ENTRIES.saturating_sub(logs.matches.len());
        let matches = part.matches.into_iter().take(room);
        logs.matches
            .extend(matches.map(|(id, saying)| (id, number(saying))));
        if let Some(file) = logs.files.get_mut(part.source) {
            file.lines += part.file.lines;
            file.statements += part.file.statements;
            for (all, more) in file.by_format.iter_mut().zip(part.file.by_format) {
                *all += more;
            }
            if let Some((first, last)) = part.file.span_ms {
                file.saw(first);
                file.saw(last);
            }
        }
    }

    fn finish(mut self, wanted: &Wanted) -> SideLogs {
        if let Some((source, line, text)) = self.pending.take() {
            let mut last = Part {
                source,
                ..Part::default()
            };
            last.block(&text, line, wanted);
            self.add(last);
        }
        self.logs.sayings = self.sayings.all;
        self.logs
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
