//! A message of ModSecurity 2 or 3, as it stands in error logs and in serial audit logs.
//!
//! ```text
//! ModSecurity: Access denied with code 403 (phase 2). OPERATOR at VARIABLE. [file "F"] [line "L"]
//!   [id "ID"] [msg "M"] [data "D"] [severity "S"] [tag "T"]... [uri "/path"] [unique_id "U"]
//! ```
//! Source: `re.c` and `apache2_util.c` (2), `rule_message.cc` (3). `Warning.` blocks nothing. What a rule
//! is about shows in its number (the Core Rule Set's ranges) or in the variable that it looks at. The
//! fields before `[data` are the rule's own; what stands in `[data` a client may have written.

use super::said::{Kind, Said, between};
use crate::stated::firewall::{Subject, rule_of};
use memchr::memmem::find;

/// What a message says, and the id of its transaction; none where it is no message.
pub(super) fn read(message: &[u8]) -> Option<(Said<'_>, &[u8])> {
    let text = message.strip_prefix(b"ModSecurity: ").unwrap_or(message);
    let denied = text.starts_with(b"Access denied with ");
    if !denied && !text.starts_with(b"Warning.") {
        return None;
    }
    let id = last_field(text, b"[unique_id \"").unwrap_or_default();
    let own = &text[..find(text, b" [data \"").unwrap_or(text.len())];
    let field = |name: &[u8]| last_field(own, name).unwrap_or_default();
    let (rule, matched) = rule_of(text);
    let said = Said {
        kind: match denied {
            true => kind(rule, matched),
            false => Kind::Matched,
        },
        zone: b"",
        rule,
        message: field(b"[msg \""),
        place: (field(b"[file \""), field(b"[line \"")),
    };
    Some((said, id))
}

/// The value of the last field of this name: earlier ones may stand in what was matched.
fn last_field<'l>(text: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let start = memchr::memmem::rfind(text, name)?;
    between(text.get(start..)?, name, b'"')
}

/// What a rule that refused says.
fn kind(rule: &[u8], matched: &[u8]) -> Kind {
    match Subject::of(rule, matched) {
        Subject::Attack => Kind::Firewall,
        Subject::Address => Kind::FirewallAddress,
        Subject::Count => Kind::FirewallCount,
        Subject::Agent => Kind::FirewallAgent,
        Subject::Method => Kind::FirewallMethod,
        Subject::Protocol => Kind::FirewallProtocol,
    }
}

/// Rules that only add up what others found.
pub(super) fn is_score(rule: &[u8]) -> bool {
    rule.len() == 6
        && [&b"949"[..], b"959", b"980", b"901"]
            .iter()
            .any(|range| rule.starts_with(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_the_rules_own() {
        let text = br#"ModSecurity: Access denied with code 403 (phase 2). Pattern match "[id \"1\"]" at ARGS. [file "/etc/x.conf"] [line "94"] [id "942100"] [msg "SQL"] [data "[id "7"] [msg "no"]"] [uri "/p"] [unique_id "aa_mo"]"#;
        let (said, id) = read(text).unwrap();
        assert_eq!((said.rule, said.message), (&b"942100"[..], &b"SQL"[..]));
        assert_eq!(said.place, (&b"/etc/x.conf"[..], &b"94"[..]));
        assert_eq!(id, b"aa_mo");
        assert_eq!(
            read(b"ModSecurity: Warning. x [id \"1\"]").unwrap().0.kind,
            Kind::Matched
        );
        assert_eq!(read(b"ModSecurity: collection_store failed"), None);
        assert!(is_score(b"949110") && is_score(b"980130") && !is_score(b"942100"));
    }
}
