//! Side logs: what a server says of its denials in its error log, or ModSecurity in its audit log.
//!
//! ```text
//! --error-log → lines → what they say of which request → paired with denials → statements of rows
//! ```
//! A line is joined by request id or connection, else by client, path and time (`pair`). What it says may
//! name the cause, or only leave a few (`said`). Where a log covers the time of the denials, its silence
//! speaks too: nginx and Apache write a line for whatever they limit themselves, and none for
//! `return 403`, a rewrite, or what an application refused. A format is a file in here and a line in `read`.

mod apache;
mod audit;
mod audit_json;
mod lighttpd;
mod modsecurity;
mod nginx;
mod pair;
mod read;
mod said;

use crate::examine::mark::Mark;
use crate::examine::table::Table;
use crate::findings::{Cause, SideLogFile, SideLogs};
use crate::input::{Input, Trouble};
use crate::stated::{Claim, NOTHING, Statement};
use read::{Entry, Saying, Wanted};
use std::collections::{BTreeMap, HashMap};

/// Of the time of the denials, the part at either end that a log may miss and still cover it.
const MAY_MISS: i64 = 20;
/// Number of the group of what a log is silent about; those of fields lie below.
const SILENCE: u16 = 2000;
/// Of groups of sayings.
const FIRST_GROUP: u16 = 2001;
/// What is ruled out where an error log that would tell of it does not.
const UNTOLD: &[Cause] = &[Cause::RateLimit];

/// What joining gave.
#[derive(Debug, Default)]
pub struct Joined {
    /// The account.
    pub logs: SideLogs,
    /// What one has to know to trust it.
    pub warnings: Vec<String>,
    /// Files that could not be read, or not to their end.
    pub troubles: Vec<Trouble>,
}

/// Reads the side logs and puts what they say into the rows of the table, whose marks it takes.
pub fn join(input: &Input, table: &mut Table<'_>, progress: &(dyn Fn(u64) + Sync)) -> Joined {
    let mut marks = std::mem::take(&mut table.marks);
    marks.sort_unstable_by_key(|mark| (mark.local_ms, mark.source, mark.line));
    let wanted = Wanted {
        clients: marks.iter().map(|mark| mark.client).collect(),
        ids: marks
            .iter()
            .map(|mark| mark.id)
            .filter(|id| *id != 0)
            .collect(),
    };
    let logs = read::read(input, &wanted, progress);
    let (pairs, offsets) = pair::pair(&marks, &logs.entries, logs.files.len());
    let mut teller = Teller::new(table, &logs);
    let rows = rows_of(teller.table, &marks);
    let mut joined = vec![0u64; logs.files.len()];
    let mut account = SideLogs {
        denials: marks.len() as u64,
        ..SideLogs::default()
    };
    for (row, pair) in rows.iter().zip(&pairs) {
        let Some(entry) = pair.and_then(|at| logs.entries.get(at as usize)) else {
            continue;
        };
        if let Some(count) = joined.get_mut(entry.source as usize) {
            *count += 1;
        }
        account.stated += 1;
        account.named += u64::from(teller.tell(*row, entry));
    }
    if covers(&logs, &offsets, &marks) && account.stated > 0 {
        account.silent = teller.silence(&rows, &pairs);
    }
    let files = logs.files.iter().zip(&offsets).zip(&joined);
    account.files = files
        .map(|((file, offset), joined)| SideLogFile {
            path: file.path.clone(),
            format: file.format().to_owned(),
            lines: file.lines,
            statements: file.statements,
            joined: *joined,
            clock_offset_s: *offset,
        })
        .collect();
    Joined {
        warnings: warnings(&account, logs.is_cut),
        logs: account,
        troubles: logs.troubles,
    }
}

/// The place in the table of each mark's row.
fn rows_of(table: &Table<'_>, marks: &[Mark]) -> Vec<u32> {
    let places = table.denied_by_line();
    marks
        .iter()
        .map(|mark| {
            let place = places.get(&(mark.source, mark.line));
            place.copied().unwrap_or(u32::MAX)
        })
        .collect()
}

/// Whether error logs of nginx or Apache span the time of the denials.
fn covers(logs: &read::SideLogs, offsets: &[i64], marks: &[Mark]) -> bool {
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
        return false;
    };
    let spans = logs.files.iter().zip(offsets).filter_map(|(file, offset)| {
        let tells = matches!(file.format(), "nginx error log" | "Apache error log");
        let (start, end) = file.span_ms.filter(|_| tells && file.statements > 0)?;
        Some((start + offset * 1000, end + offset * 1000))
    });
    let whole = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    whole.is_some_and(|(start, end)| {
        let slack = (last.local_ms - first.local_ms) / MAY_MISS + 60_000;
        start <= first.local_ms.saturating_add(slack) && end >= last.local_ms.saturating_sub(slack)
    })
}

fn warnings(account: &SideLogs, is_cut: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    let statements: u64 = account.files.iter().map(|file| file.statements).sum();
    for file in &account.files {
        if file.format == "unknown" && file.lines > 0 {
            warnings.push(format!(
                "{}: no line is one of an error log of nginx, Apache or lighttpd, or of an audit log of ModSecurity",
                file.path
            ));
        }
        if file.joined > 0 && file.clock_offset_s != 0 {
            warnings.push(format!(
                "{}: its clock shows {} s less than the access log's; lines are joined by that",
                file.path, file.clock_offset_s
            ));
        }
    }
    if statements > 0 && account.stated == 0 {
        warnings.push(format!(
            "no line of the error logs could be joined, though {statements} state a denial: they are of another time or \
             another server, name other clients (see --trusted-proxy), or speak of another status (see --status)"
        ));
    }
    if is_cut {
        warnings.push(
            "the error logs say more than can be kept: only their first statements are joined"
                .to_owned(),
        );
    }
    warnings
}

/// Writes statements into rows.
struct Teller<'t, 's, 'l> {
    table: &'t mut Table<'s>,
    logs: &'l read::SideLogs,
    /// Rules that matched, by the mark of their transaction.
    matches: Vec<(u64, u32)>,
    /// The number of the statement of a saying, and of the rule that its score was made of.
    numbers: HashMap<(u32, Option<u32>), u16>,
    /// The group of each policy.
    groups: BTreeMap<(&'static str, Vec<u8>), u16>,
}

impl<'t, 's, 'l> Teller<'t, 's, 'l> {
    fn new(table: &'t mut Table<'s>, logs: &'l read::SideLogs) -> Self {
        let mut matches = logs.matches.clone();
        // The first rule of a transaction names it: the order of lines is kept within it.
        matches.sort_by_key(|(id, _)| *id);
        matches.dedup_by_key(|(id, _)| *id);
        Teller {
            table,
            logs,
            matches,
            numbers: HashMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// Gives a row its statement; whether that names the cause.
    fn tell(&mut self, row: u32, entry: &Entry) -> bool {
        let Some(saying) = self.logs.sayings.get(entry.saying as usize) else {
            return false;
        };
        let made_of = modsecurity::is_score(&saying.rule)
            .then(|| {
                let at = self.matches.binary_search_by_key(&entry.id, |(id, _)| *id);
                at.ok()
                    .and_then(|at| self.matches.get(at))
                    .map(|(_, saying)| *saying)
            })
            .flatten();
        let key = (entry.saying, made_of);
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => {
                let made_of = made_of.and_then(|at| self.logs.sayings.get(at as usize));
                let statement = self.statement(saying, made_of, entry);
                let number = self.table.statements.add(statement);
                self.numbers.insert(key, number);
                number
            }
        };
        // What the line of the access log itself states stands.
        let Some(row) = self.table.rows.get_mut(row as usize) else {
            return false;
        };
        if row.stated == NOTHING {
            row.stated = number;
        }
        let statement = self.table.statements.get(number);
        statement.is_some_and(|statement| matches!(statement.claim, Claim::Is(_)))
    }

    fn statement(&mut self, saying: &Saying, made_of: Option<&Saying>, entry: &Entry) -> Statement {
        let meaning = saying.kind.meaning();
        let named = made_of.unwrap_or(saying);
        let text =
            |bytes: &[u8]| (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned());
        let (zone, rule, message) = (text(&saying.zone), text(&named.rule), text(&named.message));
        let mut says = meaning.says.to_owned();
        if let Some(zone) = &zone {
            let by = if matches!(saying.kind, said::Kind::CrowdSec) {
                "by"
            } else {
                "by zone"
            };
            says.push_str(&format!(" {by} \"{zone}\""));
        }
        if let Some(rule) = &rule {
            let numbered = if rule.starts_with("AH") { "" } else { "rule " };
            says.push_str(&format!(", {numbered}{rule}"));
        }
        if let Some(message) = &message {
            says.push_str(&format!(" \"{message}\""));
        }
        if made_of.is_some() {
            says.push_str(&format!(
                ", refused by rule {}",
                String::from_utf8_lossy(&saying.rule)
            ));
        }
        let file = self.logs.files.get(entry.source as usize);
        let place = text(&named.place.0).map(|file| {
            let line = String::from_utf8_lossy(&named.place.1);
            format!("{file}:{line}")
        });
        Statement {
            claim: meaning.claim,
            mechanism: meaning.mechanism,
            by: meaning.by,
            says,
            zone,
            rule,
            message,
            place,
            file: file.map(|file| file.path.clone()),
            line: u64::from(entry.line) + 1,
            group: self.group(saying),
            of_line: NOTHING,
            is_silence: false,
            is_bare_place: false,
        }
    }

    /// One policy is a zone, a kind of rule of the firewall, or whatever else has one name.
    fn group(&mut self, saying: &Saying) -> u16 {
        let meaning = saying.kind.meaning();
        let name = (meaning.says, saying.zone.clone());
        let next = FIRST_GROUP.saturating_add(self.groups.len() as u16);
        *self.groups.entry(name).or_insert(next)
    }

    /// Marks the denials without a line as those that the logs are silent about, and counts them.
    fn silence(&mut self, rows: &[u32], pairs: &pair::Pairs) -> u64 {
        let number = self.table.statements.add(Statement {
            claim: Claim::NoneOf(UNTOLD),
            mechanism: None,
            by: "error log",
            says: "the error log covers this time and has no line for them, as it has for what the server limits itself".to_owned(),
            zone: None,
            rule: None,
            message: None,
            place: None,
            file: None,
            line: 0,
            group: SILENCE,
            of_line: NOTHING,
            is_silence: true,
            is_bare_place: false,
        });
        let mut count = 0;
        for (row, _) in rows.iter().zip(pairs).filter(|(_, pair)| pair.is_none()) {
            if let Some(row) = self.table.rows.get_mut(*row as usize)
                && row.stated == NOTHING
            {
                row.stated = number;
                count += 1;
            }
        }
        count
    }
}
