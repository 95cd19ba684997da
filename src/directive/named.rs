//! The names of rules that lines hold: of firewalls, proxies and admission.
//!
//! A name adds to what the line states: whose rule it was, and where rules may look at different things, which denials are
//! one rule's. Signatures of attacks stay together whatever rule saw them: a scan sets off dozens.

use crate::examine::table::Table;
use crate::findings::Cause;
use crate::stated::{Claim, NOTHING, Statement};
use std::collections::BTreeMap;

/// Number of the first group of such statements: those of fields lie below, those of places above.
const FIRST_GROUP: u16 = 300;

/// A rule that a log names, and the denials that it decided.
pub(super) struct Named {
    pub(super) name: String,
    /// What it says of itself; may be empty.
    pub(super) message: String,
    /// Rows of the table.
    pub(super) rows: Vec<u32>,
}

/// Writes the names into the table's rows.
pub(super) fn state(table: &mut Table<'_>, rules: &[Named]) {
    let mut groups: BTreeMap<&str, u16> = BTreeMap::new();
    for rule in rules {
        let next = FIRST_GROUP.saturating_add(u16::try_from(groups.len()).unwrap_or(u16::MAX));
        let group = *groups.entry(&rule.name).or_insert(next);
        let mut numbers: BTreeMap<u16, u16> = BTreeMap::new();
        for row in &rule.rows {
            let Some(before) = table.rows.get(*row as usize).map(|row| row.stated) else {
                continue;
            };
            let stated = *numbers.entry(before).or_insert_with(|| {
                let statement = statement(rule, before, table.statements.get(before), group);
                match table.statements.add(statement) {
                    NOTHING => before,
                    number => number,
                }
            });
            if let Some(row) = table.rows.get_mut(*row as usize) {
                row.stated = stated;
            }
        }
    }
}

/// What is stated about a denial by a rule with a name, of which the line states something by itself or nothing.
fn statement(rule: &Named, number: u16, told: Option<&Statement>, group: u16) -> Statement {
    let (claim, says) = match told {
        Some(told) => (told.claim, told.says.as_str()),
        None => (
            Claim::OneOf(Cause::ANY),
            "the line names the rule that refused, not on what grounds",
        ),
    };
    let message = (!rule.message.is_empty()).then(|| rule.message.clone());
    let quoted = message.iter().map(|message| format!(" \"{message}\""));
    Statement {
        claim,
        mechanism: told.and_then(|told| told.mechanism),
        by: told.map_or("rule", |told| told.by),
        says: format!("{says}, rule {}{}", rule.name, quoted.collect::<String>()),
        zone: None,
        rule: Some(rule.name.clone()),
        message,
        place: None,
        file: None,
        line: 0,
        group: match told {
            Some(told) if !is_told_apart(claim) => told.group,
            _ => group,
        },
        of_line: number,
        is_silence: false,
        is_bare_place: false,
    }
}

/// Whether rules that claim this are policies of their own: limits, and rules that may look at different things.
fn is_told_apart(claim: Claim) -> bool {
    matches!(claim, Claim::OneOf(_) | Claim::Is(Cause::RateLimit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stated::Statements;

    #[test]
    fn names_tell_rules_apart_but_not_signatures() {
        let statements = Statements::default();
        let rule = |name: &str, message: &str| Named {
            name: name.to_owned(),
            message: message.to_owned(),
            rows: Vec::new(),
        };
        let by = |by: &str| {
            let mut all = statements.iter();
            all.find(|(_, told)| told.by == by).unwrap()
        };
        for (told, group, says) in [
            (
                Some("aws_waf:rate"),
                300,
                "a rate-based rule blocked them, rule login \"at most 100 per IP\"",
            ),
            (
                Some("aws_waf:rule"),
                300,
                "a rule of the web ACL blocked them, rule login \"at most 100 per IP\"",
            ),
            (
                Some("aws_waf:attack"),
                by("aws_waf:attack").1.group,
                "a rule of AWS WAF saw an attack, rule login \"at most 100 per IP\"",
            ),
            (
                None,
                300,
                "the line names the rule that refused, not on what grounds, rule login \"at most 100 per IP\"",
            ),
        ] {
            let told = told.map(by);
            let number = told.map_or(NOTHING, |(number, _)| number);
            let rule = rule("login", "at most 100 per IP");
            let statement = statement(&rule, number, told.map(|(_, told)| told), 300);
            assert_eq!(
                (statement.group, &*statement.says, statement.of_line),
                (group, says, number)
            );
            assert_eq!(
                statement.claim,
                told.map_or(Claim::OneOf(Cause::ANY), |(_, told)| told.claim)
            );
        }
        let bare = statement(&rule("7", ""), NOTHING, None, 301);
        assert_eq!(bare.message, None);
        assert!(bare.says.ends_with(", rule 7"));
    }
}
