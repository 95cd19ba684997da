//! The line of a server's configuration that denied: which directives do what a verdict says.
//!
//! A directive is named where it has the zone or the number that the server stated; else where it may
//! deny for that cause and stands where the denied requests went. Of those that name a value of the
//! denials (an address in a list, an agent in a map) only these are given; else all that could have done
//! it. Nothing is executed: a condition that depends on variables is taken to hold.

mod apache;
mod decided;
mod haproxy;
mod named;
mod nginx;

use crate::examine::table::Table;
use crate::findings::{Cause, ConfiguredAt, Spike};
use crate::format::FormatError;
use crate::format::config::placed::{self, Placed};
use ipnet::IpNet;
use regex::RegexBuilder;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// Lines named for one verdict.
const MOST_LINES: usize = 8;
/// A pattern of a configuration that takes more than this to compile is left out.
const PATTERN_BYTES: usize = 1 << 20;

/// The configurations of the servers.
#[derive(Debug, Default)]
pub struct Configurations {
    nginx: Vec<Placed>,
    apache: Vec<Placed>,
    haproxy: Vec<Placed>,
    /// Rules of HAProxy that the log names: by their place as it is logged, their place in the list.
    decided: BTreeMap<String, usize>,
}

impl Configurations {
    /// Reads those that are given.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(
        nginx: Option<&Path>,
        apache: Option<&Path>,
        haproxy: Option<&Path>,
    ) -> Result<Configurations, FormatError> {
        let all = |read: fn(&Path) -> Result<Vec<Placed>, FormatError>, path: Option<&Path>| {
            path.map(read).transpose().map(Option::unwrap_or_default)
        };
        Ok(Configurations {
            nginx: all(placed::nginx, nginx)?,
            apache: all(placed::apache, apache)?,
            haproxy: all(placed::haproxy, haproxy)?,
            decided: BTreeMap::new(),
        })
    }

    /// Writes into the rows of denials what the log says of the rules that decided them; `statuses` are those that
    /// count as denials. Gives what one has to know to trust it.
    pub fn state(&mut self, table: &mut Table<'_>, statuses: &[u16]) -> Vec<String> {
        let decided = decided::state(table, &self.haproxy, statuses);
        self.decided = decided.rules;
        decided.warnings
    }

    /// The directives that do what a verdict says, the surest first.
    ///
    /// `statuses` are those that count as denials: what answers otherwise denied nothing.
    pub fn behind(&self, spike: &Spike, statuses: &[u16]) -> Vec<ConfiguredAt> {
        let mut wanted = Wanted::of(spike, statuses);
        let places = spike
            .stated
            .iter()
            .filter_map(|stated| stated.place.as_deref());
        wanted.decided = places
            .filter_map(|place| self.decided.get(place))
            .copied()
            .collect();
        let mut found = self.stated_places(spike);
        if wanted.cause == Cause::Undetermined && wanted.decided.is_empty() {
            return found;
        }
        for (all, weigh) in [
            (&self.nginx, nginx::weigh as Weigh),
            (&self.apache, apache::weigh),
            (&self.haproxy, haproxy::weigh),
        ] {
            found.extend(surest(all, &wanted, weigh));
        }
        found.truncate(MOST_LINES);
        found
    }

    /// Places that the server itself stated and whose text is not known: ModSecurity names file and line of the rule,
    /// and HAProxy those of the last one.
    fn stated_places(&self, spike: &Spike) -> Vec<ConfiguredAt> {
        let unknown = spike.stated.iter().filter_map(|stated| {
            let place = stated.place.as_deref()?;
            let (file, line) = place.rsplit_once(':')?;
            let at = ConfiguredAt {
                file: file.to_owned(),
                line: line.parse().ok()?,
                text: match &stated.rule {
                    Some(rule) => format!("rule {rule}"),
                    None => "the last rule to decide".to_owned(),
                },
            };
            (!self.decided.contains_key(place)).then_some(at)
        });
        unknown.take(MOST_LINES / 2).collect()
    }
}

/// How surely a directive did it; 0 if it cannot have.
type Weigh = fn(&[Placed], usize, &Wanted<'_>) -> u8;

/// It may deny for this cause, at any place.
const MAY: u8 = 1;
/// ... and stands where the denied requests went.
const HERE: u8 = 2;
/// ... and names a value of the denials.
const NAMED: u8 = 3;
/// It has the name that the server stated.
const STATED: u8 = 4;

/// The directives of the highest weight; a zone is followed to where it is declared.
fn surest(all: &[Placed], wanted: &Wanted<'_>, weigh: Weigh) -> Vec<ConfiguredAt> {
    let weights: Vec<u8> = (0..all.len()).map(|at| weigh(all, at, wanted)).collect();
    let most = weights.iter().copied().max().unwrap_or(0);
    let of_most = all
        .iter()
        .zip(&weights)
        .filter(|(_, weight)| most > 0 && **weight == most);
    of_most.map(|(directive, _)| named(directive)).collect()
}

fn named(directive: &Placed) -> ConfiguredAt {
    ConfiguredAt {
        file: directive.file.clone(),
        line: directive.line as u64,
        text: directive.words.join(" "),
    }
}

/// What a directive must have done.
struct Wanted<'s> {
    /// The statuses of denials.
    statuses: &'s [u16],
    cause: Cause,
    mechanism: &'s str,
    /// Denied addresses, those with the most denials.
    ips: Vec<IpAddr>,
    agents: Vec<&'s str>,
    methods: Vec<&'s str>,
    routes: Vec<String>,
    /// Only one page was asked for: one route, without a variable part.
    is_one_page: bool,
    /// Requests that the rebuilt limit lets pass at once or in a window.
    budget: Option<u32>,
    zones: Vec<&'s str>,
    rules: Vec<&'s str>,
    /// Rules of HAProxy that the log names.
    decided: Vec<usize>,
}

impl<'s> Wanted<'s> {
    fn of(spike: &'s Spike, statuses: &'s [u16]) -> Wanted<'s> {
        let values = |dimension: &str| {
            let counts = spike.keys.get(dimension).into_iter().flatten();
            counts.map(|count| count.value.as_str()).collect::<Vec<_>>()
        };
        let stated = || spike.stated.iter();
        Wanted {
            statuses,
            cause: spike.cause,
            mechanism: spike.mechanism.as_deref().unwrap_or_default(),
            ips: values("ip")
                .iter()
                .filter_map(|ip| ip.parse().ok())
                .collect(),
            agents: values("user_agent"),
            methods: values("method"),
            // A place of a template stands for some value: one that patterns of numbers take too.
            routes: values("route")
                .iter()
                .map(|route| route.replace("{id}", "1").replace("{}", "x"))
                .collect(),
            is_one_page: matches!(values("route")[..], [route] if !route.contains('{'))
                && spike
                    .distinct
                    .get("route")
                    .is_none_or(|routes| *routes <= 1),
            budget: spike
                .rule
                .as_ref()
                .and_then(|rule| rule.limit.as_ref())
                .and_then(|limit| limit.limit.or(limit.burst)),
            zones: stated()
                .filter_map(|stated| stated.zone.as_deref())
                .collect(),
            rules: stated()
                .filter_map(|stated| stated.rule.as_deref())
                .collect(),
            decided: Vec::new(),
        }
    }

    /// Whether a list's entry holds a denied address.
    fn has_address(&self, entry: &str) -> bool {
        let network = entry
            .parse::<IpNet>()
            .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
        network.is_ok_and(|network| self.ips.iter().any(|ip| network.contains(ip)))
    }

    /// Whether a pattern is found in a denied agent.
    fn has_agent(&self, pattern: &str, any_case: bool) -> bool {
        matches_any(pattern, any_case, self.agents.iter().copied())
    }

    fn has_route(&self, pattern: &str, any_case: bool) -> bool {
        matches_any(pattern, any_case, self.routes.iter().map(String::as_str))
    }
}

/// Whether a pattern is found in one of the texts. PCRE and this engine differ in look-around only: such
/// a pattern is taken without it.
fn matches_any<'t>(
    pattern: &str,
    any_case: bool,
    mut texts: impl Iterator<Item = &'t str>,
) -> bool {
    let plain = without_look_around(pattern);
    RegexBuilder::new(&plain)
        .case_insensitive(any_case)
        .size_limit(PATTERN_BYTES)
        .build()
        .is_ok_and(|regex| texts.any(|text| regex.is_match(text)))
}

/// A pattern without its `(?!...)` and kin.
fn without_look_around(pattern: &str) -> String {
    let mut plain = String::new();
    let mut rest = pattern;
    while let Some(at) = ["(?!", "(?=", "(?<!", "(?<="]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
    {
        plain.push_str(&rest[..at]);
        let mut depth = 0usize;
        let end = rest[at..].char_indices().find_map(|(offset, letter)| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at + offset + 1)
        });
        rest = end.map_or("", |end| &rest[end..]);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
#[path = "directive/tests.rs"]
mod tests;
