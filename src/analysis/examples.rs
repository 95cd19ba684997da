//! A few lines of each verdict as they stand in the log, their secrets replaced by fingerprints, and the
//! command that repeats the first request.

use super::assemble::Assembly;
use crate::escape;
use crate::findings::Example;
use crate::format::{Line, Visitor};
use crate::key::Method;
use crate::record::{Record, Reject};
use crate::verdict::Verdict;
use std::collections::{BTreeMap, HashSet};

/// Lines shown of each verdict.
const LINES: usize = 3;
/// Bytes shown of a line.
const LONGEST: usize = 1_000;
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
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let text = if settings.anonymize_ip || settings.anonymize_user {
        String::from("(withheld: the line would tell what is anonymised)")
    } else if settings.show_tokens {
        escape::utf8(bytes).into_owned()
    } else {
        escape::utf8(&assembly.token_key.redact(bytes)).into_owned()
    };
    Example {
        file: assembly.input.sources()[source].path.clone(),
        line: line + 1,
        text,
    }
}

/// Reads the chunks that hold these lines, and takes the lines out.
fn read(assembly: &Assembly<'_>, wanted: impl Iterator<Item = Place>) -> BTreeMap<Place, Vec<u8>> {
    let wanted: HashSet<Place> = wanted.collect();
    let mut chunks: BTreeMap<(usize, usize), u64> = BTreeMap::new();
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
                chunks.insert((source, chunk.number), first);
            }
            first = range.end;
        }
    }
    let pass = assembly.input.second_pass(
        &|source, number| chunks.contains_key(&(source, number)),
        Vec::new,
        |found: &mut Vec<(Place, Vec<u8>)>, chunk| {
            let Some(first) = chunks.get(&(chunk.source, chunk.number)) else {
                return;
            };
            // The last newline ends the last line; what follows belongs to the next chunk.
            let lines = chunk.bytes.strip_suffix(b"\n").unwrap_or(chunk.bytes);
            for (number, line) in (*first..).zip(lines.split(|byte| *byte == b'\n')) {
                if wanted.contains(&(chunk.source, number)) {
                    found.push((
                        (chunk.source, number),
                        line[..line.len().min(4 * LONGEST)].to_vec(),
                    ));
                }
            }
        },
        &|_| {},
    );
    pass.accumulators.into_iter().flatten().collect()
}

/// `curl` with the method, agent and target of the request, secrets left out.
fn command(assembly: &Assembly<'_>, (source, _): Place, line: &[u8]) -> Option<String> {
    struct Repeat<'a> {
        assembly: &'a Assembly<'a>,
        command: Option<String>,
    }
    impl Visitor for Repeat<'_> {
        fn record(&mut self, _line: Line<'_>, record: &Record<'_>, _format: usize) {
            self.command = Some(curl(self.assembly, record));
        }
        fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
    }
    let mut repeat = Repeat {
        assembly,
        command: None,
    };
    assembly
        .formats
        .get(source)?
        .as_ref()?
        .visit(line, &mut repeat);
    repeat.command
}

fn curl(assembly: &Assembly<'_>, record: &Record<'_>) -> String {
    let mut command = String::from("curl -i");
    match Method::parse(record.method) {
        Method::Get | Method::Other | Method::Absent => {}
        Method::Head => command.push_str(" -I"),
        method => command.push_str(&format!(" -X {}", method.name())),
    }
    let agent = &record.user_agent[..];
    if !agent.is_empty() && agent.len() <= LONGEST_AGENT {
        command.push_str(&format!(
            " -A {}",
            escape::shell(&assembly.token_key.redact(agent))
        ));
    }
    let host: &[u8] = if record.host.is_empty() {
        b"HOST"
    } else {
        &record.host
    };
    let target = assembly.token_key.redact(&record.target);
    let url = [b"https://", host, &target[..target.len().min(LONGEST)]].concat();
    command.push_str(&format!(" {}", escape::shell(&url)));
    command
}
