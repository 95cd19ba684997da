//! The counts that every behavioural test reads, taken in one pass over a group of denials and the
//! requests around it.
//!
//! The question behind most of them is a crossed cell: is the same client admitted elsewhere, and are
//! others admitted here? A *cell* is a method on the first three segments of a route.

mod contrast;
mod pace;
mod surge;

use super::clamp::Load;
use super::responder::Pages;
use crate::examine::row::*;
use crate::examine::table::{Column, Table};
use crate::key::Method;
use crate::key::client::Class;
use crate::key::fast::HashMap;
use crate::stated::NOTHING;
use contrast::{Group, contrast, ever, method_bit};
pub use pace::{LEAST_PLACES, Pace};
use std::collections::BTreeMap;
pub use surge::Surge;

/// Admitted requests from which an address counts as established before an onset.
pub const ESTABLISHED: u32 = 20;

/// Of a full block, the share of the callers' requests that may still be admitted.
const MOST_ADMITTED_OF_BLOCK: f64 = 0.15;
/// The chance of a list's moment from which a surge tells something.
const SOON: f64 = 0.1;
/// The share of expired links from which they explain the denials; the rest met the same check by another clock.
const MOSTLY_EXPIRED: f64 = 0.6;
/// How many times the usual pace a crowd asks.
const RUSH: f64 = 5.0;
/// And of a whole server, which has other traffic besides.
const RUSH_ON_SERVER: f64 = 2.5;

/// Denied and admitted requests of one cell of a contrast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Split {
    /// Denied requests.
    pub denied: u64,
    /// Admitted requests.
    pub admitted: u64,
}

impl Split {
    /// Counts one request more.
    pub fn count(&mut self, denied: bool) {
        match denied {
            true => self.denied += 1,
            false => self.admitted += 1,
        }
    }

    /// All requests.
    pub fn requests(&self) -> u64 {
        self.denied + self.admitted
    }

    /// Share of admitted requests; 0 without requests.
    pub fn admitted_share(&self) -> f64 {
        self.admitted as f64 / self.requests().max(1) as f64
    }
}

/// What the log tells about one group of denials.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Denials of the group.
    pub denials: u64,
    /// First denial, milliseconds.
    pub start_ms: i64,
    /// One millisecond behind the last denial.
    pub end_ms: i64,
    /// Denials by value, most first, for each column.
    pub values: HashMap<Column, Vec<(u32, u64)>>,
    /// The group's addresses, in its cells, in its interval.
    pub same_ip_here: Split,
    /// The group's addresses, outside its cells, in its interval.
    pub same_ip_elsewhere: Split,
    /// The group's addresses, anywhere but under the routes' first segments, in its interval.
    pub same_ip_other_root: Split,
    /// Other addresses, in the group's cells, in its interval.
    pub other_ip_here: Split,
    /// How many other addresses were admitted in the group's cells.
    pub other_ips_admitted_here: u64,
    /// Other addresses with the group's user agents, in its interval.
    pub other_ip_same_agent: Split,
    /// Anybody on the group's routes with a method that is not denied in it.
    pub other_method_here: Split,
    /// The group's addresses with the group's user agents, in its interval.
    pub same_ip_same_agent: Split,
    /// The group's addresses, with an agent that the group does not have.
    pub same_ip_other_agent: Split,
    /// The group's tokens or users, outside its cells.
    pub same_identity_elsewhere: Split,
    /// Admitted requests in the group's cells, and how many of them carry a token or user.
    pub admitted_here: u64,
    /// See `admitted_here`.
    pub admitted_here_named: u64,
    /// Admitted requests in the group's cells over the whole table.
    pub admitted_here_ever: u64,
    /// Other addresses that were denied in the group's cells, over the whole table.
    pub other_ips_denied_here_ever: u64,
    /// Other tokens or users in the group's cells.
    pub other_identity_here: Split,
    /// Addresses with a request before the group's start (or the log's first hour cannot tell).
    pub ips_seen_before: u64,
    /// Addresses with at least [`ESTABLISHED`] admitted requests before their first denial.
    pub ips_established: u64,
    /// Addresses that were admitted in the group's cells before their first denial.
    pub ips_admitted_here_before: u64,
    /// Addresses admitted in the group's cells after the group's end.
    pub ips_admitted_here_after: u64,
    /// Addresses whose first denial is followed within ten minutes by an admission in the same cell.
    pub ips_denied_then_admitted: u64,
    /// Addresses whose very first request in the table was denied.
    pub ips_first_denied: u64,
    /// Of the established addresses, those first denied within a minute of the group's start,
    /// or of their first request after it.
    pub ips_denied_at_onset: u64,
    /// Addresses whose rate in the minute before the first denial was a multiple of what it was before.
    pub ips_with_jump: u64,
    /// The faster pace of the group's addresses just before its first denial, if there was one.
    pub surge: Option<Surge>,
    /// How much faster the group's places were asked for while they were denied, where they are open otherwise.
    pub pace: Option<Pace>,
    /// Requests admitted meanwhile, of anyone anywhere.
    pub admitted_meanwhile: u64,
    /// All requests meanwhile, of anyone anywhere.
    pub requests_meanwhile: u64,
    /// Denials of OPTIONS requests.
    pub options: u64,
    /// Denials of POST, PUT, PATCH or DELETE requests.
    pub writes: u64,
    /// Denials by class of the user agent.
    pub classes: HashMap<Class, u64>,
    /// Denials whose target is shaped as an attack.
    pub attacks: u64,
    /// Admitted requests of the group's addresses whose target is shaped as an attack.
    pub attacks_admitted: u64,
    /// Denials of paths that only probes ask for.
    pub probes: u64,
    /// Denials of directories.
    pub directories: u64,
    /// Denials of static assets.
    pub assets: u64,
    /// Denials with a referer of another site.
    pub foreign_referers: u64,
    /// Denials with a referer of this site.
    pub own_referers: u64,
    /// Denials whose signed link had expired, and whose signed link was still good.
    pub links_expired: u64,
    /// Denials whose signed link was still good.
    pub links_valid: u64,
    /// Requests of the group's interval that come from the crawler that they name, by its published ranges: those of
    /// the group that were denied, and of anyone with the group's clients that were admitted.
    pub genuine_crawlers: Split,
    /// The same of those that bear its name only.
    pub false_crawlers: Split,
    /// Denials by the number of what was stated about them.
    pub stated: BTreeMap<u16, u64>,
    /// Denials answered with a page of the server, and with something else.
    pub server_pages: u64,
    /// Denials answered with a body that is not the server's page.
    pub own_bodies: u64,
    /// Denials that an upstream answered with the same status.
    pub upstream_denials: u64,
    /// Denials for which no upstream was asked.
    pub upstream_not_asked: u64,
    /// How denials depend on the load of an address, in the group's cells.
    pub load: Option<Load>,
    /// Sizes of the answers, most first.
    pub sizes: Vec<(u32, u64)>,
}

impl Facts {
    /// How many different values a column has among the denials.
    pub fn distinct(&self, column: Column) -> usize {
        self.values.get(&column).map_or(0, |values| {
            values.iter().filter(|(id, _)| *id != NONE).count()
        })
    }

    /// The most frequent value of a column and its share of the denials.
    pub fn top(&self, column: Column) -> Option<(u32, f64)> {
        let (id, count) = *self
            .values
            .get(&column)?
            .iter()
            .find(|(id, _)| *id != NONE)?;
        Some((id, count as f64 / self.denials.max(1) as f64))
    }

    /// Whether established clients, that had been admitted at these very places, were denied from one
    /// moment on: a rule came into force.
    pub fn came_into_force(&self) -> bool {
        let ips = self.distinct(Column::Ip) as u64;
        self.ips_established > 0
            && self.ips_denied_at_onset * 10 >= self.ips_established * 7
            && self.ips_admitted_here_before * 2 >= ips
    }

    /// Whether other addresses pass at the group's places: much, against the denials, or nearly always.
    pub fn others_pass(&self) -> bool {
        let others = self.other_ip_here;
        others.admitted as f64 > 0.05 * self.denials as f64
            || others.admitted >= 5 && others.admitted_share() >= 0.8
    }

    /// Whether hardly anybody passed anywhere, and not at the group's places only.
    pub fn server_is_shut(&self) -> bool {
        let others = self.requests_meanwhile.saturating_sub(self.denials);
        others >= 10 && self.admitted_meanwhile * 20 <= self.requests_meanwhile
    }

    /// Whether the callers were shut out as soon as they became busy, which fits a limit better than any list: of a
    /// full block, the share of their requests that may still be admitted is bounded.
    pub fn follows_surge(&self) -> bool {
        let blocked = self.same_ip_here.admitted_share() <= MOST_ADMITTED_OF_BLOCK;
        let soon = |surge: Surge| surge.chance() < SOON;
        self.denials >= 20 && blocked && self.surge.is_some_and(soon)
    }

    /// Whether most denied requests carry a signature whose time had passed.
    pub fn are_expired_links(&self) -> bool {
        self.share(self.links_expired) >= MOSTLY_EXPIRED
    }

    /// Whether nearly all of the callers asked many times faster than ever just before they were denied.
    pub fn follows_jump(&self) -> bool {
        let ips = self.distinct(Column::Ip) as u64;
        (1..=200).contains(&ips) && self.ips_with_jump * 10 >= ips * 8 && self.denials >= 20
    }

    /// Whether the group's places are shut for all just while they are asked for many times as often as otherwise.
    pub fn follows_pace(&self) -> bool {
        let passed = self.other_ip_here.admitted + self.same_ip_here.admitted;
        let rush = match self.server_is_shut() {
            true => RUSH_ON_SERVER,
            false => RUSH,
        };
        let shut = passed as f64 <= MOST_ADMITTED_OF_BLOCK * self.denials as f64;
        self.denials >= 20
            && shut
            && !self.others_pass()
            && self
                .pace
                .is_some_and(|pace| pace.inside >= rush * pace.outside)
    }

    /// Share of the denials that have a property counted above.
    pub fn share(&self, count: u64) -> f64 {
        count as f64 / self.denials.max(1) as f64
    }

    /// Share of the denials whose user agent is of one of these classes.
    pub fn class_share(&self, classes: &[Class]) -> f64 {
        self.share(
            classes
                .iter()
                .filter_map(|class| self.classes.get(class))
                .sum(),
        )
    }

    /// Share of denials that the application answered: by the upstream field, else by the body.
    pub fn application_share(&self) -> Option<f64> {
        if self.upstream_denials + self.upstream_not_asked > 0 {
            let told = self.upstream_denials + self.upstream_not_asked;
            return Some(self.upstream_denials as f64 / told as f64);
        }
        let told = self.server_pages + self.own_bodies;
        let sized: u64 = self.sizes.iter().map(|(_, count)| count).sum();
        (told > 0 && told * 2 >= sized).then(|| self.own_bodies as f64 / told as f64)
    }
}

/// Takes the facts of a group of denials (positions in the table, in time order).
pub fn gather(table: &Table<'_>, pages: &Pages, denials: &[u32]) -> Facts {
    let mut facts = Facts {
        denials: denials.len() as u64,
        ..Facts::default()
    };
    let (Some(first), Some(last)) = (denials.first(), denials.last()) else {
        return facts;
    };
    facts.start_ms = table.rows[*first as usize].time_ms;
    facts.end_ms = table.rows[*last as usize].time_ms + 1;
    count_denials(table, pages, denials, &mut facts);
    let group = Group::of(table, denials);
    contrast(table, &group, &mut facts);
    ever(table, &group, &mut facts);
    clients(table, &group, &mut facts);
    crawlers(table, denials, &mut facts);
    facts.surge = surge::before(table, &group, &facts);
    facts.pace = pace::compare(table, &group, &facts);
    facts
}

/// Whether those who name a crawler are it, where its ranges are known.
fn crawlers(table: &Table<'_>, denials: &[u32], facts: &mut Facts) {
    if table.claims.is_empty() {
        return;
    }
    let of_row = |row: &Row, facts: &mut Facts| match table.claims.is_genuine(table, row) {
        Some(true) => facts.genuine_crawlers.count(row.denied),
        Some(false) => facts.false_crawlers.count(row.denied),
        None => {}
    };
    for index in denials {
        of_row(&table.rows[*index as usize], facts);
    }
    let clients: Vec<u32> = facts
        .values
        .get(&Column::Client)
        .map(|values| values.iter().map(|(id, _)| *id).collect())
        .unwrap_or_default();
    let interval = table.between(facts.start_ms, facts.end_ms);
    for client in clients {
        for index in table.lists().rows_within(Column::Client, client, &interval) {
            let row = &table.rows[*index as usize];
            if !row.denied {
                of_row(row, facts);
            }
        }
    }
}

fn count_denials(table: &Table<'_>, pages: &Pages, denials: &[u32], facts: &mut Facts) {
    let mut sizes: HashMap<u32, u64> = HashMap::default();
    for row in denials.iter().map(|index| &table.rows[*index as usize]) {
        *facts.classes.entry(table.class(row)).or_default() += 1;
        let method = Method::from_u8(row.method);
        facts.options += u64::from(method == Method::Options);
        facts.writes += u64::from(matches!(
            method,
            Method::Post | Method::Put | Method::Patch | Method::Delete
        ));
        facts.attacks += u64::from(row.content == Content::Attack);
        facts.probes += u64::from(row.content == Content::Probe);
        facts.directories += u64::from(row.signs & SIGN_DIRECTORY != 0);
        facts.assets += u64::from(row.signs & SIGN_ASSET != 0);
        let is_foreign = pages.is_foreign(row.referer_host);
        facts.foreign_referers += u64::from(is_foreign);
        facts.own_referers += u64::from(row.referer_host != NONE && !is_foreign);
        facts.links_expired += u64::from(row.signs & SIGN_LINK_EXPIRED != 0);
        facts.links_valid += u64::from(row.signs & SIGN_LINK_VALID != 0);
        if row.stated != NOTHING {
            *facts.stated.entry(row.stated).or_default() += 1;
        }
        match row.upstream {
            0 => {}
            status if status == row.status => facts.upstream_denials += 1,
            _ => facts.upstream_not_asked += 1,
        }
        if method != Method::Head && row.bytes != NONE {
            *sizes.entry(row.bytes).or_default() += 1;
            if pages.is_server_page(row.bytes) {
                facts.server_pages += 1;
            } else if pages.is_own_body(row.bytes) {
                facts.own_bodies += 1;
            }
        }
    }
    for column in Column::ALL {
        let mut values: HashMap<u32, u64> = HashMap::default();
        for row in denials.iter().map(|index| &table.rows[*index as usize]) {
            *values.entry(table.value(column, row)).or_default() += 1;
        }
        let mut counts: Vec<(u32, u64)> = values.into_iter().collect();
        counts.sort_unstable_by(|a, b| {
            b.1.cmp(&a.1)
                .then_with(|| name_of(table, column, a.0).cmp(name_of(table, column, b.0)))
        });
        facts.values.insert(column, counts);
    }
    facts.sizes = sizes.into_iter().collect();
    facts
        .sizes
        .sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
}

fn name_of<'t>(table: &'t Table<'_>, column: Column, id: u32) -> &'t [u8] {
    if id == NONE {
        b""
    } else {
        table.text(column, id)
    }
}

/// What one address did before, during and after.
#[derive(Debug, Clone, Default)]
struct History {
    first_seen_ms: Option<i64>,
    first_denial_ms: Option<i64>,
    admitted_before: u32,
    admitted_here_before: bool,
    admitted_here_after: bool,
    denied_then_admitted: bool,
    minute_before: u32,
    hour_before: u32,
    first_was_denied: bool,
    first_after_onset_ms: Option<i64>,
}

const MINUTE_MS: i64 = 60_000;
/// What must be known of the time before a leap of the pace within a minute.
const LEAST_HISTORY_MS: i64 = 3 * MINUTE_MS;

fn clients(table: &Table<'_>, group: &Group, facts: &mut Facts) {
    let mut firsts: HashMap<u32, i64> = HashMap::default();
    for index in &group.denials {
        let row = &table.rows[*index as usize];
        firsts.entry(row.ip).or_insert(row.time_ms);
    }
    let mut histories: Vec<History> = Vec::with_capacity(firsts.len());
    for (ip, first_denial) in firsts {
        let mut history = History::default();
        for index in table.lists().rows(Column::Ip, ip) {
            let row = &table.rows[*index as usize];
            let own = row.denied && group.is_denial.contains(*index);
            let methods = group.methods(table.cell(*index).place());
            let here = methods & method_bit(row.method) != 0;
            let own_agent = group.agent.contains(row.user_agent);
            follow(&mut history, row, first_denial, own, here, own_agent, facts);
        }
        histories.push(history);
    }
    for history in &histories {
        let first_denial = history.first_denial_ms.unwrap_or(i64::MAX);
        let established = history.admitted_before >= ESTABLISHED;
        facts.ips_seen_before += u64::from(
            history
                .first_seen_ms
                .is_some_and(|seen| seen < facts.start_ms),
        );
        facts.ips_established += u64::from(established);
        facts.ips_admitted_here_before += u64::from(history.admitted_here_before);
        facts.ips_admitted_here_after += u64::from(history.admitted_here_after);
        facts.ips_denied_then_admitted += u64::from(history.denied_then_admitted);
        facts.ips_first_denied += u64::from(history.first_was_denied);
        let due = history
            .first_after_onset_ms
            .unwrap_or(facts.start_ms)
            .max(facts.start_ms);
        facts.ips_denied_at_onset +=
            u64::from(established && first_denial <= due.saturating_add(MINUTE_MS));
        let usual = history.hour_before.saturating_sub(history.minute_before) as f64 / 59.0;
        let known_ms = first_denial.saturating_sub(table.rows.first().map_or(0, |row| row.time_ms));
        facts.ips_with_jump += u64::from(
            known_ms >= LEAST_HISTORY_MS
                && history.minute_before >= 8
                && history.minute_before as f64 >= 4.0 * usual.max(0.5),
        );
    }
}

fn follow(
    history: &mut History,
    row: &Row,
    first_denial: i64,
    own: bool,
    here: bool,
    own_agent: bool,
    facts: &Facts,
) {
    if history.first_seen_ms.is_none() {
        history.first_seen_ms = Some(row.time_ms);
        history.first_was_denied = row.denied;
    }
    if row.time_ms >= facts.start_ms && history.first_after_onset_ms.is_none() {
        history.first_after_onset_ms = Some(row.time_ms);
    }
    if own && history.first_denial_ms.is_none() {
        history.first_denial_ms = Some(row.time_ms);
    }
    if row.time_ms < first_denial {
        history.admitted_before += u32::from(!row.denied);
        history.admitted_here_before |= here && !row.denied;
        // What was denied before, or came with another agent, is no caller who was let in and then became too busy.
        let let_in = here && !row.denied && own_agent;
        history.minute_before += u32::from(let_in && first_denial - row.time_ms <= MINUTE_MS);
        history.hour_before += u32::from(let_in && first_denial - row.time_ms <= 60 * MINUTE_MS);
    } else if here && !row.denied {
        history.admitted_here_after |= row.time_ms >= facts.end_ms;
        history.denied_then_admitted |= row.time_ms - first_denial <= 10 * MINUTE_MS;
    }
}
