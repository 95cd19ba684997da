//! A few lines of each verdict as they stand in the log, their secrets replaced by fingerprints, and the
//! command that repeats the first request.

use super::assemble::Assembly;
use crate::escape;
use crate::findings::Example;
use crate::format::{Line, Visitor};
use crate::key::{Method, referer_host};
use crate::record::{Record, Reject};
use crate::verdict::Verdict;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

/// Lines shown of each verdict.
const LINES: usize = 3;
/// Bytes shown of a line.
const LONGEST: usize = 1_000;
/// Bytes in which newlines are counted at once.
const BLOCK: usize = 4096;
/// A user agent longer than this is not repeated in a command.
const LONGEST_AGENT: usize = 300;

/// Lines of one verdict.
#[derive(Debug, Default)]
pub struct Sample {
    /// The first lines.
    pub lines: Vec<Example>,
    /// A command that repeats the first request.
    pub command: Option<String>,
}

/// A source and a line in it, from 0.
type Place = (usize, u64);

/// The first lines of each verdict, in the order of the verdicts.
pub fn fetch(assembly: &Assembly<'_>, verdicts: &[Verdict]) -> Vec<Sample> {
    let places: Vec<Vec<Place>> = verdicts
        .iter()
        .map(|verdict| {
            let rows = verdict.denials.iter().take(LINES);
            rows.map(|index| &assembly.table.rows[*index as usize])
                .map(|row| (row.source as usize, u64::from(row.line)))
                .collect()
        })
        .collect();
    let lines = read(assembly, places.iter().flatten().copied());
    places
        .iter()
        .map(|places| Sample {
            lines: places
                .iter()
                .filter_map(|place| Some(example(assembly, *place, lines.get(place)?)))
                .collect(),
            command: places
                .first()
                .and_then(|place| command(assembly, *place, lines.get(place)?)),
        })
        .collect()
}

fn example(assembly: &Assembly<'_>, (source, line): Place, bytes: &[u8]) -> Example {
    let settings = assembly.settings;
    let text = if settings.anonymize_ip || settings.anonymize_user {
        String::from("(withheld: the line would tell what is anonymised)")
    } else if settings.show_tokens {
        escape::utf8(cut(bytes)).into_owned()
    } else {
        // Redacted before it is cut: half of a secret would not be recognised.
        escape::utf8(cut(&redacted(assembly, source, bytes))).into_owned()
    };
    Example {
        file: assembly.input.sources()[source].path.clone(),
        line: line + 1,
        text,
    }
}

fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(LONGEST)]
}

/// A line without secrets: neither those that show by their shape, nor the one that the format knows.
fn redacted(assembly: &Assembly<'_>, source: usize, line: &[u8]) -> Vec<u8> {
    let mut secret = Vec::new();
    with_record(assembly, source, line, &mut |record| {
        secret = record.token.to_vec()
    });
    let key = assembly.token_key;
    let redacted = key.redact(line);
    if secret.is_empty() {
        return redacted.into_owned();
    }
    key.redact_known(&redacted, &secret).into_owned()
}

/// Reads the chunks that hold these lines, and takes the lines out.
fn read(assembly: &Assembly<'_>, wanted: impl Iterator<Item = Place>) -> BTreeMap<Place, Vec<u8>> {
    let wanted: HashSet<Place> = wanted.collect();
    let mut chunks: BTreeMap<(usize, usize), Range<u64>> = BTreeMap::new();
    for (source, tally) in assembly.survey.sources.iter().enumerate() {
        let lines: Vec<u64> = wanted
            .iter()
            .filter(|(s, _)| *s == source)
            .map(|(_, line)| *line)
            .collect();
        let mut first = 0;
        for chunk in &tally.chunks {
            let range = first..first + chunk.lines;
            if lines.iter().any(|line| range.contains(line)) {
                chunks.insert((source, chunk.number), range.clone());
            }
            first = range.end;
        }
    }
    let pass = assembly.input.second_pass(
        &|source, number| chunks.contains_key(&(source, number)),
        Vec::new,
        |found: &mut Vec<(Place, Vec<u8>)>, chunk| {
            let Some(range) = chunks.get(&(chunk.source, chunk.number)) else {
                return;
            };
            let mut numbers: Vec<u64> = wanted
                .iter()
                .filter(|(source, line)| *source == chunk.source && range.contains(line))
                .map(|(_, line)| *line)
                .collect();
            numbers.sort_unstable();
            let ends = memchr::memchr_iter(b'\n', chunk.bytes).count() as u64;
            let is_plain =
                range.end - range.start == ends + u64::from(!chunk.bytes.ends_with(b"\n"));
            let format = assembly.formats.get(chunk.source).and_then(Option::as_ref);
            let lines = match format.filter(|_| !is_plain) {
                None => lines_of(chunk.bytes, range.start, &numbers),
                // Some lines hold several.
                Some(format) => format
                    .lines(chunk.bytes)
                    .map(|line| (range.start + u64::from(line.number), line.bytes))
                    .filter(|(number, _)| numbers.binary_search(number).is_ok())
                    .collect(),
            };
            for (number, line) in lines {
                found.push((
                    (chunk.source, number),
                    line[..line.len().min(64 * LONGEST)].to_vec(),
                ));
            }
        },
        &|_| {},
    );
    pass.accumulators.into_iter().flatten().collect()
}

/// The lines with these numbers, in order, of a chunk that begins with line `first`.
fn lines_of<'c>(chunk: &'c [u8], first: u64, numbers: &[u64]) -> Vec<(u64, &'c [u8])> {
    // The last newline ends the last line; what follows belongs to the next chunk.
    let lines = chunk.strip_suffix(b"\n").unwrap_or(chunk);
    let mut found = Vec::new();
    let (mut number, mut start) = (first, 0);
    for wanted in numbers {
        // Whole blocks are passed over by the count of their newlines.
        while let Some(block) = lines.get(start..start + BLOCK) {
            let newlines = memchr::memchr_iter(b'\n', block).count() as u64;
            if number + newlines >= *wanted {
                break;
            }
            (number, start) = (number + newlines, start + BLOCK);
        }
        while number < *wanted {
            let Some(end) = memchr::memchr(b'\n', &lines[start..]) else {
                return found;
            };
            (number, start) = (number + 1, start + end + 1);
        }
        let end = memchr::memchr(b'\n', &lines[start..]).unwrap_or(lines.len() - start);
        found.push((*wanted, &lines[start..start + end]));
    }
    found
}

/// Reads a line again with its file's format.
fn with_record(
    assembly: &Assembly<'_>,
    source: usize,
    line: &[u8],
    tell: &mut dyn FnMut(&Record<'_>),
) {
    struct Reader<'a>(&'a mut dyn FnMut(&Record<'_>));
    impl Visitor for Reader<'_> {
        fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
            (self.0)(record);
        }
        fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
    }
    if let Some(Some(format)) = assembly.formats.get(source) {
        format.visit(line, &mut Reader(tell));
    }
}

/// A command that repeats the request, secrets left out; none where the line would tell too much.
fn command(assembly: &Assembly<'_>, (source, _): Place, line: &[u8]) -> Option<String> {
    let settings = assembly.settings;
    if settings.anonymize_ip || settings.anonymize_user {
        return None;
    }
    let mut command = None;
    with_record(assembly, source, line, &mut |record| {
        command = curl(assembly, record)
    });
    command
}

/// `curl` with the method, agent, referer and target of the request. Globbing is off: a target may hold
/// brackets that would ask a thousand times.
fn curl(assembly: &Assembly<'_>, record: &Record<'_>) -> Option<String> {
    let shown = |bytes: &[u8]| {
        if assembly.settings.show_tokens {
            bytes.to_vec()
        } else {
            assembly.token_key.redact(bytes).into_owned()
        }
    };
    if record.target.first() != Some(&b'/') {
        return None;
    }
    let mut command = String::from("curl -gi");
    let method = Method::parse(record.method);
    match method {
        Method::Get | Method::Other | Method::Absent => {}
        Method::Head => command.push_str(" -I"),
        method => command.push_str(&format!(" -X {}", method.name())),
    }
    let agent = &record.user_agent[..];
    if !agent.is_empty() && agent.len() <= LONGEST_AGENT {
        command.push_str(&format!(" -A {}", escape::shell(&shown(agent))));
    }
    if !record.referer.is_empty() && record.referer.len() <= LONGEST_AGENT {
        let referer = shown(&record.referer);
        command.push_str(&format!(" -e {}", escape::shell(&referer)));
        if method == Method::Options {
            let origin = [b"Origin: https://", referer_host(&record.referer)].concat();
            command.push_str(&format!(
                " -H {} -H 'Access-Control-Request-Method: POST'",
                escape::shell(&origin)
            ));
        }
    }
    let host: &[u8] = if is_host(&record.host) {
        &record.host
    } else {
        b"HOST"
    };
    let target = shown(&record.target);
    let url = [b"https://", host, cut(&target)].concat();
    command.push_str(&format!(" {}", escape::shell(&url)));
    Some(command)
}

/// Whether a logged host is no more than a name or address with a port: clients choose what stands there.
fn is_host(host: &[u8]) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-.:[]_".contains(b))
}

#[cfg(test)]
mod tests {
    use super::lines_of;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_those_that_splitting_finds(
            lengths in prop::collection::vec(prop_oneof![0usize..90, 3000usize..6000], 1..60),
            picked in prop::collection::btree_set(0u64..70, 0..12),
            first in 0u64..5,
        ) {
            let lines = lengths.iter().enumerate();
            let lines: Vec<Vec<u8>> = lines.map(|(at, length)| vec![b'a' + (at % 26) as u8; *length]).collect();
            let chunk = [lines.join(&b'\n'), b"\n".to_vec()].concat();
            let numbers: Vec<u64> = picked.iter().map(|line| first + line).collect();
            let expected: Vec<(u64, &[u8])> = picked
                .iter()
                .filter_map(|line| Some((first + line, lines.get(*line as usize)?.as_slice())))
                .collect();
            prop_assert_eq!(lines_of(&chunk, first, &numbers), expected);
        }
    }
}
