//! A few lines of each spike as they stand in the log, their secrets replaced by fingerprints.

use crate::escape;
use crate::examine::table::Table;
use crate::findings::Example;
use crate::input::Input;
use crate::key::token::TokenKey;
use crate::settings::Settings;
use crate::survey::Survey;
use crate::verdict::Verdict;
use std::collections::{BTreeMap, HashSet};

/// Lines shown of each spike.
const LINES: usize = 3;
/// Bytes shown of a line.
const LONGEST: usize = 1_000;

/// The first lines of each verdict, in the order of the verdicts.
pub fn fetch(
    settings: &Settings,
    token_key: &TokenKey,
    input: &Input,
    survey: &Survey,
    table: &Table<'_>,
    verdicts: &[Verdict],
) -> Vec<Vec<Example>> {
    let places: Vec<Vec<(usize, u64)>> = verdicts
        .iter()
        .map(|verdict| {
            let rows = verdict.denials.iter().take(LINES).map(|index| &table.rows[*index as usize]);
            rows.map(|row| (row.source as usize, u64::from(row.line))).collect()
        })
        .collect();
    let lines = read(input, survey, places.iter().flatten().copied());
    let text = |bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(LONGEST)];
        if settings.anonymize_ip || settings.anonymize_user {
            return String::from("(withheld: the line would tell what is anonymised)");
        }
        if settings.show_tokens {
            return escape::utf8(bytes).into_owned();
        }
        escape::utf8(&token_key.redact(bytes)).into_owned()
    };
    let example = |(source, line): &(usize, u64)| {
        lines.get(&(*source, *line)).map(|bytes| Example {
            file: input.sources()[*source].path.clone(),
            line: line + 1,
            text: text(bytes),
        })
    };
    places.iter().map(|places| places.iter().filter_map(example).collect()).collect()
}

/// Reads the chunks that hold these lines, and takes the lines out.
fn read(
    input: &Input,
    survey: &Survey,
    wanted: impl Iterator<Item = (usize, u64)>,
) -> BTreeMap<(usize, u64), Vec<u8>> {
    let wanted: HashSet<(usize, u64)> = wanted.collect();
    let mut chunks: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (source, tally) in survey.sources.iter().enumerate() {
        let lines: Vec<u64> =
            wanted.iter().filter(|(s, _)| *s == source).map(|(_, line)| *line).collect();
        let mut first = 0;
        for chunk in &tally.chunks {
            let range = first..first + chunk.lines;
            if lines.iter().any(|line| range.contains(line)) {
                chunks.insert((source, chunk.number), first);
            }
            first = range.end;
        }
    }
    let pass = input.second_pass(
        &|source, number| chunks.contains_key(&(source, number)),
        Vec::new,
        |found: &mut Vec<((usize, u64), Vec<u8>)>, chunk| {
            let Some(first) = chunks.get(&(chunk.source, chunk.number)) else { return };
            // The last newline ends the last line; what follows belongs to the next chunk.
            let lines = chunk.bytes.strip_suffix(b"\n").unwrap_or(chunk.bytes);
            for (number, line) in (*first..).zip(lines.split(|byte| *byte == b'\n')) {
                if wanted.contains(&(chunk.source, number)) {
                    found.push(((chunk.source, number), line[..line.len().min(4 * LONGEST)].to_vec()));
                }
            }
        },
        &|_| {},
    );
    pass.accumulators.into_iter().flatten().collect()
}
