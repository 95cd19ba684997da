//! What a log states that names the rule which decided: HAProxy's `last_rule_file` and `last_rule_line`, and the names
//! of rules (`named.rs`).
//!
//! The place alone says who denied, and tells one rule's denials from another's. Why they were denied the rule itself
//! says, where the configuration is given: its condition names a cause, or leaves a few. A configuration in which a
//! place holds no such rule is of another time or another server, and nothing is taken from it.

use super::haproxy::{self, Ending, Grounds};
use super::named::{self, Named};
use crate::examine::rules::Deciding;
use crate::examine::table::Table;
use crate::findings::Cause;
use crate::format::config::placed::Placed;
use crate::stated::{Claim, NOTHING, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// Rules that are told apart, those with the most denials; a configuration has far fewer that decide.
const MOST_RULES: usize = 600;
/// Number of the first group of statements of places: those of names lie below, those of side logs above.
const FIRST_GROUP: u16 = 1_000;

/// Rules that the log names, and what to know before they are believed.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// By the place as it is logged, the rule's place in the configuration.
    pub(super) rules: BTreeMap<String, usize>,
    /// What does not fit.
    pub(super) warnings: Vec<String>,
}

/// A place of the log, as `file:line`, and the denials that it decided.
struct Place {
    file: String,
    line: u32,
    /// Rows of the table.
    rows: Vec<u32>,
}

impl Place {
    fn shown(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    fn denials(&self) -> String {
        match self.rows.len() {
            1 => "1 denial was".to_owned(),
            many => format!("{many} denials were"),
        }
    }
}

/// Writes what the log says of rules into the table's rows; `rules` are those of HAProxy's configuration, none where it
/// is not given, and `statuses` those that count as denials.
pub(super) fn state(table: &mut Table<'_>, rules: &[Placed], statuses: &[u16]) -> Decided {
    let mut places = Vec::new();
    let mut named = Vec::new();
    for (rule, rows) in deciding(table) {
        match rule {
            Deciding::At(file, line) => places.push(Place { file, line, rows }),
            Deciding::Named(name, message) => named.push(Named {
                name,
                message,
                rows,
            }),
        }
    }
    named::state(table, &named);
    let mut decided = Decided::default();
    let own = of_given(&places, rules, &mut decided.warnings);
    let mut found: Vec<Option<usize>> = Vec::new();
    for place in &places {
        let is_given = own.contains(place.file.as_str());
        let line = usize::try_from(place.line).unwrap_or_default();
        let at = rules.iter().position(|rule| is_given && rule.line == line);
        let ends = at.map_or(Ending::None, |at| haproxy::ending(&rules[at]));
        let is_rule = match ends {
            Ending::Answers(status) => statuses.contains(&status),
            Ending::Serves | Ending::Passes => true,
            Ending::None => false,
        };
        if is_given && !is_rule {
            decided.warnings.push(format!(
                "{} decided at {}, where {} has no rule that denies: it is of another time or another server, and nothing is taken from it",
                place.denials(),
                place.shown(),
                rules.first().map_or("", |rule| &rule.file)
            ));
        }
        found.push(at.filter(|_| is_rule));
    }
    if found
        .iter()
        .zip(&places)
        .any(|(at, place)| at.is_none() && own.contains(place.file.as_str()))
    {
        found.fill(None);
    }
    let mut numbers: BTreeMap<(usize, u16), u16> = BTreeMap::new();
    for (number, (place, at)) in places.iter().zip(&found).enumerate() {
        let rule = at.and_then(|at| rules.get(at));
        if rule.is_some_and(|rule| haproxy::ending(rule) == Ending::Passes) {
            // It let them pass: who denied them came later.
            continue;
        }
        if let Some(at) = at {
            decided.rules.insert(place.shown(), *at);
        }
        let grounds = rule.map_or(Grounds::default(), |rule| haproxy::grounds(rules, rule));
        for row in &place.rows {
            let Some(before) = table.rows.get(*row as usize).map(|row| row.stated) else {
                continue;
            };
            let stated = match numbers.get(&(number, before)) {
                Some(stated) => *stated,
                None => {
                    let group =
                        FIRST_GROUP.saturating_add(u16::try_from(number).unwrap_or(u16::MAX));
                    let told = table.statements.get(before).map(|told| (before, told));
                    let statement = statement(place, rule, grounds, told, group);
                    let stated =
                        statement.map_or(before, |statement| table.statements.add(statement));
                    numbers.insert((number, before), stated);
                    stated
                }
            };
            if let Some(row) = table.rows.get_mut(*row as usize) {
                row.stated = stated;
            }
        }
    }
    decided
}

/// The rules that the log names, with the rows of the denials that they decided: those with the most first.
fn deciding(table: &mut Table<'_>) -> Vec<(Deciding, Vec<u32>)> {
    let named = std::mem::take(&mut table.rules);
    if named.decided().is_empty() {
        return Vec::new();
    }
    let rows = table.denied_by_line();
    let mut by_number: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for decided in named.decided() {
        if let Some(row) = rows.get(&(decided.source, decided.line)) {
            by_number.entry(decided.rule).or_default().push(*row);
        }
    }
    let mut rules: Vec<(Deciding, Vec<u32>)> = by_number
        .into_iter()
        .map(|(number, mut rows)| {
            // In the order of the table, whichever thread came first.
            rows.sort_unstable();
            (named.rule(number), rows)
        })
        .collect();
    rules.sort_by(|(a, of_a), (b, of_b)| of_b.len().cmp(&of_a.len()).then_with(|| a.cmp(b)));
    rules.truncate(MOST_RULES);
    rules
}

/// The files of the log that are the given one: those of its name, else the only one that the log names.
fn of_given<'p>(
    places: &'p [Place],
    rules: &[Placed],
    warnings: &mut Vec<String>,
) -> BTreeSet<&'p str> {
    let Some(given) = rules.first() else {
        return BTreeSet::new();
    };
    fn name(path: &str) -> &str {
        path.rsplit('/').next().unwrap_or_default()
    }
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for place in places {
        *files.entry(&place.file).or_default() += place.rows.len();
    }
    let is_only = files.len() == 1;
    let mut own = BTreeSet::new();
    for (file, denials) in files {
        if is_only || name(file) == name(&given.file) {
            own.insert(file);
        } else {
            warnings.push(format!(
                "{denials} denials were decided by rules of {file}, and --haproxy-conf gives {} only",
                given.file
            ));
        }
    }
    own
}

/// What is stated about a denial that a rule decided and of which something was stated `before`; none where that says
/// more.
fn statement(
    place: &Place,
    rule: Option<&Placed>,
    grounds: Grounds,
    told: Option<(u16, &Statement)>,
    group: u16,
) -> Option<Statement> {
    let before = told.map(|(_, before)| before);
    let claim = match (grounds.causes, before.map(|before| before.claim)) {
        (_, Some(Claim::Is(_))) => return None,
        ([], Some(Claim::Suggests(..))) => return None,
        ([], Some(claim)) => claim,
        ([], None) => Claim::OneOf(Cause::ANY),
        ([cause], _) => Claim::Is(*cause),
        (causes, _) => Claim::OneOf(causes),
    };
    let says = match rule {
        Some(rule) => format!("{} (line {})", rule.words.join(" "), place.line),
        None => format!(
            "the rule at {} was the last to decide, the line does not say on what grounds",
            place.shown()
        ),
    };
    Some(Statement {
        claim,
        mechanism: grounds
            .mechanism
            .or(before.and_then(|before| before.mechanism)),
        by: "last_rule",
        says,
        zone: None,
        rule: None,
        message: None,
        place: Some(place.shown()),
        file: None,
        line: 0,
        group,
        of_line: told.map_or(NOTHING, |(number, _)| number),
        is_silence: false,
        is_bare_place: rule.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, denials: u32) -> Place {
        Place {
            file: file.to_owned(),
            line: 4,
            rows: (0..denials).collect(),
        }
    }

    fn rule(text: &str) -> Placed {
        Placed {
            file: "copies/haproxy.cfg".to_owned(),
            line: 4,
            words: text.split(' ').map(str::to_owned).collect(),
            within: Vec::new(),
        }
    }

    #[test]
    fn the_given_file_goes_by_its_name_or_is_the_only_one() {
        for (logged, own, warnings) in [
            (
                &["/etc/haproxy/haproxy.cfg"][..],
                &["/etc/haproxy/haproxy.cfg"][..],
                0,
            ),
            (&["/etc/haproxy/edge.cfg"], &["/etc/haproxy/edge.cfg"], 0),
            (
                &["/etc/haproxy.cfg", "/etc/more.cfg"],
                &["/etc/haproxy.cfg"],
                1,
            ),
            (&["a.cfg", "b.cfg"], &[], 2),
            (&[], &[], 0),
        ] {
            let places: Vec<Place> = logged.iter().map(|file| place(file, 1)).collect();
            let mut said = Vec::new();
            let found = of_given(&places, &[rule("http-request deny")], &mut said);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), own, "{logged:?}");
            assert_eq!(said.len(), warnings, "{said:?}");
            assert!(of_given(&places, &[], &mut Vec::new()).is_empty());
        }
    }

    #[test]
    fn what_is_stated_already_stands_where_it_says_more() {
        let rate = Grounds {
            causes: &[Cause::RateLimit],
            mechanism: None,
        };
        let open = Grounds::default();
        let few: &[Cause] = &[Cause::IpAcl, Cause::BotFilter];
        for (before, grounds, claim) in [
            (None, open, Some(Claim::OneOf(Cause::ANY))),
            (None, rate, Some(Claim::Is(Cause::RateLimit))),
            (Some(Claim::Is(Cause::Credential)), rate, None),
            (Some(Claim::OneOf(few)), open, Some(Claim::OneOf(few))),
            (
                Some(Claim::OneOf(few)),
                rate,
                Some(Claim::Is(Cause::RateLimit)),
            ),
            (Some(Claim::Suggests(Cause::RateLimit, 2.5)), open, None),
        ] {
            let bare = statement(&place("a.cfg", 1), None, open, None, 1).unwrap();
            assert!(bare.is_bare_place && bare.place.as_deref() == Some("a.cfg:4"));
            let before = before.map(|claim| Statement { claim, ..bare });
            let text = rule("http-request deny if fast");
            let stated = statement(
                &place("a.cfg", 1),
                Some(&text),
                grounds,
                before.as_ref().map(|before| (5, before)),
                1,
            );
            assert_eq!(
                stated.as_ref().map(|stated| stated.claim),
                claim,
                "{before:?}"
            );
            let own = u16::from(before.is_some()) * 5;
            assert!(stated.is_none_or(|stated| stated.of_line == own));
        }
    }

    #[test]
    fn what_rules_do() {
        for (text, ending) in [
            ("http-request deny if fast", Ending::Answers(403)),
            (
                "http-request deny deny_status 429 if fast",
                Ending::Answers(429),
            ),
            ("http-request deny status 410", Ending::Answers(410)),
            (
                "http-request tarpit deny_status 403 if fast",
                Ending::Answers(403),
            ),
            ("http-request tarpit if fast", Ending::Answers(500)),
            (
                "http-request return status 403 content-type text/plain",
                Ending::Answers(403),
            ),
            ("http-request auth realm x unless ok", Ending::Answers(401)),
            (
                "http-request redirect code 301 location /",
                Ending::Answers(301),
            ),
            ("http-response deny if secret", Ending::Answers(502)),
            ("http-request use-service lua.deny", Ending::Serves),
            ("http-request allow if office", Ending::Passes),
            ("tcp-request content accept if office", Ending::Passes),
            ("tcp-request connection reject if bad", Ending::None),
            ("http-request set-header X-A b", Ending::None),
            ("use_backend app if api", Ending::None),
            ("acl fast sc_http_req_rate(0) gt 5", Ending::None),
            ("frontend", Ending::None),
        ] {
            assert_eq!(haproxy::ending(&rule(text)), ending, "{text}");
        }
    }
}
