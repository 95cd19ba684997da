//! Proposes challenges: many clients whose first request to a site is denied and whose next are not.
//!
//! Or many browsers that never pass, where others always do: they do not solve what they are asked (nor would
//! scripts that claim to be browsers).
//!
//! Both have to be asked before anything splits denials by client or route, for each piece of a challenge looks
//! like a permission or a list.

use super::responder::Pages;
use crate::examine::index::Bits;
use crate::examine::row::{Content, NONE, Row};
use crate::examine::table::{Column, Table};
use crate::key::Method;
use crate::key::client::Class;
use crate::key::fast::{HashMap, HashSet};

/// Addresses that must show the pattern.
const LEAST_ADDRESSES: usize = 8;
/// Denials in a row that a client may need to solve the challenge.
const MOST_ATTEMPTS: usize = 3;
/// How soon it must be admitted, in milliseconds.
const SOON_MS: i64 = 5 * 60_000;
/// Share of all addresses with denials of this answer that must show the pattern.
const LEAST_SHARE: f64 = 0.5;
/// Share of the clients that came meanwhile, and asked for the same first, that must have been denied:
/// a challenge meets everybody, a limiter in a crowd only some.
const LEAST_MET: f64 = 0.6;

/// Share of the denials that must be of browsers.
const LEAST_BROWSERS: f64 = 0.5;

#[derive(Default)]
struct Visitor {
    early: Vec<u32>,
    first_ms: i64,
    passed: bool,
    later_denials: usize,
}

impl Visitor {
    /// Whether a request goes to a place where this visitor was denied before: elsewhere it may pass for other
    /// reasons.
    fn was_denied_at(&self, table: &Table<'_>, index: u32) -> bool {
        let cell = |index| (table.cell(index).place(), table.cell(index).method());
        self.early.iter().any(|denial| cell(*denial) == cell(index))
    }
}

/// Takes the denials of challenges out of `open`: one group per answer.
pub fn find(table: &Table<'_>, pages: &Pages, open: &mut [bool]) -> Vec<Vec<u32>> {
    let mut by_size: HashMap<u32, HashMap<(u32, u32), Visitor>> = HashMap::default();
    let mut waiting: HashMap<(u32, u32), u32> = HashMap::default();
    // Addresses that ever waited: most never do.
    let mut may_wait = Bits::new(table.width(Column::Ip));
    for (index, row) in table.rows.iter().enumerate() {
        let client = (row.ip, row.user_agent);
        if row.denied && open[index] {
            let answer = pages.answer(row.bytes);
            let visitors = by_size.entry(answer).or_default();
            may_wait.insert(row.ip);
            note_denial(visitors, &mut waiting, (client, answer), index as u32, row);
        } else if !row.denied
            && may_wait.contains(row.ip)
            && let Some(size) = waiting.get(&client)
            && let Some(visitor) = by_size.get_mut(size).and_then(|v| v.get_mut(&client))
            && visitor.was_denied_at(table, index as u32)
        {
            waiting.remove(&client);
            visitor.passed = row.time_ms - visitor.first_ms <= SOON_MS;
        }
    }
    let mut sizes: Vec<u32> = by_size.keys().copied().collect();
    sizes.sort_unstable();
    let mut found: Vec<Vec<u32>> = sizes
        .into_iter()
        .filter_map(|size| group(table, by_size.get(&size)?, open))
        .collect();
    found.extend(crowds(table, pages, open));
    found
}

fn note_denial(
    visitors: &mut HashMap<(u32, u32), Visitor>,
    waiting: &mut HashMap<(u32, u32), u32>,
    (client, answer): ((u32, u32), u32),
    index: u32,
    row: &Row,
) {
    let visitor = visitors.entry(client).or_default();
    if visitor.passed || visitor.early.len() >= MOST_ATTEMPTS {
        visitor.later_denials += 1;
        return;
    }
    if visitor.early.is_empty() {
        visitor.first_ms = row.time_ms;
        waiting.insert(client, answer);
    }
    visitor.early.push(index);
}

fn group(
    table: &Table<'_>,
    visitors: &HashMap<(u32, u32), Visitor>,
    open: &mut [bool],
) -> Option<Vec<u32>> {
    let solved: Vec<&Visitor> = visitors
        .values()
        .filter(|v| v.passed && v.later_denials <= MOST_ATTEMPTS)
        .collect();
    let mut addresses: Vec<u32> = solved
        .iter()
        .flat_map(|v| v.early.first())
        .map(|index| table.value(Column::Ip, &table.rows[*index as usize]))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.len() < LEAST_ADDRESSES
        || (solved.len() as f64) < LEAST_SHARE * visitors.len() as f64
    {
        return None;
    }
    let mut denials: Vec<u32> = visitors
        .values()
        .filter(|v| !v.early.is_empty() && v.later_denials <= MOST_ATTEMPTS)
        .flat_map(|v| v.early.iter().copied())
        .collect();
    denials.sort_unstable();
    let of_browsers = denials.iter().filter(|index| {
        let class = table.class(&table.rows[**index as usize]);
        matches!(class, Class::Browser | Class::MobileApp | Class::Unknown)
    });
    // Programs solve none: they are let in because they asked otherwise.
    if (of_browsers.count() as f64) < LEAST_BROWSERS * denials.len() as f64
        || met(table, &denials) < LEAST_MET
    {
        return None;
    }
    for index in &denials {
        open[*index as usize] = false;
    }
    Some(denials)
}

/// Clients that never pass make a crowd from so many on ...
const LEAST_CROWD: usize = 30;
/// ... if they come from so many networks (/16) each, as listed ones would not.
const LEAST_SPREAD: f64 = 0.5;
/// Others that always pass, at the least.
const LEAST_OTHERS: usize = 8;
/// The share of requests that may be answered unlike the client's others.
const MOST_MIXED: f64 = 0.1;

/// And against what chance would mix.
const MOST_OF_CHANCE: f64 = 0.3;

/// What a client was answered at the places of a crowd.
#[derive(Default)]
struct Answers {
    denials: Vec<u32>,
    admitted: usize,
}

/// Crowds of browsers of which each is denied always, by answer, where others always pass.
fn crowds(table: &Table<'_>, pages: &Pages, open: &mut [bool]) -> Vec<Vec<u32>> {
    let mut by_answer: HashMap<u32, Vec<u32>> = HashMap::default();
    for index in table.denied() {
        let row = &table.rows[*index as usize];
        if open[*index as usize]
            && reads_as_browser(table, row)
            && !pages.is_foreign(row.referer_host)
        {
            let answer = pages.answer(row.bytes);
            by_answer.entry(answer).or_default().push(*index);
        }
    }
    let mut answers: Vec<u32> = by_answer.keys().copied().collect();
    answers.sort_unstable();
    let crowds = answers
        .into_iter()
        .filter_map(|answer| crowd(table, by_answer.get(&answer)?));
    let crowds: Vec<Vec<u32>> = crowds.collect();
    for index in crowds.iter().flatten() {
        open[*index as usize] = false;
    }
    crowds
}

fn reads_as_browser(table: &Table<'_>, row: &Row) -> bool {
    let reads = matches!(Method::from_u8(row.method), Method::Get | Method::Head);
    reads
        && row.content == Content::Plain
        && row.user == NONE
        && row.token == NONE
        && matches!(table.class(row), Class::Browser | Class::MobileApp)
}

fn crowd(table: &Table<'_>, denials: &[u32]) -> Option<Vec<u32>> {
    if denials.len() < 2 * LEAST_CROWD {
        return None;
    }
    let mut counts: HashMap<u32, usize> = HashMap::default();
    for index in denials {
        *counts.entry(table.cell(*index).place()).or_default() += 1;
    }
    // What few of them ask for may be closed to everybody.
    let least = denials.len() / 50;
    counts.retain(|_, count| *count >= least);
    let (start, end) = (*denials.first()?, *denials.last()?);
    let mut clients: HashMap<(u32, u32), Answers> = HashMap::default();
    for place in counts.keys() {
        for index in
            table
                .lists()
                .rows_within(Column::Route3, *place, &(start as usize..end as usize + 1))
        {
            let row = &table.rows[*index as usize];
            if !reads_as_browser(table, row) {
                continue;
            }
            let answers = clients.entry((row.ip, row.user_agent)).or_default();
            match denials.binary_search(index) {
                Ok(_) => answers.denials.push(*index),
                Err(_) => answers.admitted += usize::from(!row.denied),
            }
        }
    }
    let again = |answers: &&Answers| answers.denials.len() + answers.admitted >= 2;
    let (mut mixed, mut all, mut shut_out, mut passing) = (0, 0, 0usize, 0usize);
    let mut networks: HashSet<u32> = HashSet::default();
    for answers in clients.values().filter(again) {
        let denied = answers.denials.len();
        all += denied + answers.admitted;
        mixed += denied.min(answers.admitted);
        if denied > answers.admitted {
            shut_out += 1;
            let first = &table.rows[answers.denials[0] as usize];
            networks.insert(table.value(Column::Prefix16, first));
        } else {
            passing += 1;
        }
    }
    // Answered by lot, clients with as many requests would be mixed as the answers are.
    let denied: usize = clients
        .values()
        .filter(again)
        .map(|answers| answers.denials.len())
        .sum();
    let by_chance = denied.min(all - denied);
    let is_crowd = shut_out >= LEAST_CROWD
        && passing >= LEAST_OTHERS
        && networks.len() as f64 >= LEAST_SPREAD * shut_out as f64
        && mixed as f64 <= MOST_MIXED * all as f64
        && mixed as f64 <= MOST_OF_CHANCE * by_chance as f64;
    let agents: HashSet<u32> = clients.keys().map(|(_, agent)| *agent).collect();
    if !is_crowd || agents.len() < 3 {
        return None;
    }
    let of_crowd = clients
        .into_values()
        .filter(|answers| answers.denials.len() > answers.admitted);
    let mut denials: Vec<u32> = of_crowd.flat_map(|answers| answers.denials).collect();
    denials.sort_unstable();
    Some(denials)
}

/// Of the clients whose first request fell between these denials, on one of their methods and first
/// segments, the share that was denied.
fn met(table: &Table<'_>, denials: &[u32]) -> f64 {
    let (Some(start), Some(end)) = (denials.first(), denials.last()) else {
        return 0.0;
    };
    let place = |row: &Row| (row.method, table.value(Column::Route1, row));
    let places: HashSet<(u8, u32)> = denials
        .iter()
        .map(|index| place(&table.rows[*index as usize]))
        .collect();
    let mut firsts: HashMap<(u32, u32), u32> = HashMap::default();
    for (index, row) in (0..=*end).zip(&table.rows) {
        firsts.entry((row.ip, row.user_agent)).or_insert(index);
    }
    let (mut denied, mut all) = (0u32, 0u32);
    for index in firsts
        .values()
        .filter(|index| (start..=end).contains(index))
    {
        let row = &table.rows[*index as usize];
        if places.contains(&place(row)) {
            all += 1;
            denied += u32::from(denials.binary_search(index).is_ok());
        }
    }
    f64::from(denied) / f64::from(all.max(1))
}
