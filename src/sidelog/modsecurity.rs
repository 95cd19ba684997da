//! A message of ModSecurity 2 or 3, as it stands in error logs and in serial audit logs.
//!
//! ```text
//! ModSecurity: Access denied with code 403 (phase 2). OPERATOR at VARIABLE. [file "F"] [line "L"]
//!   [id "ID"] [msg "M"] [data "D"] [severity "S"] [tag "T"]... [uri "/path"] [unique_id "U"]
//! ```
//! Source: `re.c` and `apache2_util.c` (2), `rule_message.cc` (3). `Warning.` blocks nothing. What a rule
//! is about shows in its number (the Core Rule Set's ranges) or in the variable that it looks at. The
//! fields before `[data` are the rule's own; what stands in `[data` a client may have written.

use super::said::{Kind, Said, between, holds};
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
    let rule = field(b"[id \"");
    let matched = own
        .get(..find(own, b" [file \"").unwrap_or(own.len()))
        .unwrap_or(own);
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

/// What a rule is about.
pub(super) fn kind(rule: &[u8], matched: &[u8]) -> Kind {
    // Numbers below 900000 are those of rules that a site wrote itself.
    let is_core = rule.len() == 6 && rule.starts_with(b"9");
    if is_core {
        return match rule.get(..3) {
            Some(b"912") => Kind::FirewallCount,
            Some(b"910") => Kind::FirewallAddress,
            _ => Kind::Firewall,
        };
    }
    let at = |names: &[&[u8]]| names.iter().any(|name| ends_in_variable(matched, name));
    if at(&[b"REMOTE_ADDR", b"REMOTE_HOST", b"GEO:COUNTRY_CODE"]) {
        Kind::FirewallAddress
    } else if [&b"IP:"[..], b"GLOBAL:", b"SESSION:", b"USER:", b"RESOURCE:"]
        .iter()
        .any(|collection| counts(matched, collection))
    {
        Kind::FirewallCount
    } else if at(&[b"REQUEST_HEADERS:User-Agent"]) {
        Kind::FirewallAgent
    } else if at(&[b"REQUEST_METHOD"]) {
        Kind::FirewallMethod
    } else {
        Kind::Firewall
    }
}

/// ` at NAME.` (2) or `variable `NAME'` (3).
fn ends_in_variable(matched: &[u8], name: &[u8]) -> bool {
    let second = [b" at ", name, b"."].concat();
    let third = [b"variable `", name, b"'"].concat();
    holds(matched, &second) || holds(matched, &third)
}

/// A comparison of numbers with a member of a persistent collection.
fn counts(matched: &[u8], collection: &[u8]) -> bool {
    let compares = [&b"Operator G"[..], b"Operator `G"]
        .iter()
        .any(|start| holds(matched, start));
    let second = [b" at ", collection].concat();
    let third = [b"variable `", collection].concat();
    compares && (holds(matched, &second) || holds(matched, &third))
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
    fn what_a_rule_is_about() {
        let denied = |matched: &str, rest: &str| {
            let text =
                format!("ModSecurity: Access denied with code 403 (phase 1). {matched} {rest}");
            read(text.as_bytes()).map(|(said, _)| said.kind)
        };
        for (matched, rest, kind) in [
            (
                "Operator GE matched 5 at TX:anomaly_score.",
                "[id \"949110\"]",
                Kind::Firewall,
            ),
            (
                "Matched phrase \"x\" at REQUEST_HEADERS:User-Agent.",
                "[id \"913100\"]",
                Kind::Firewall,
            ),
            (
                "Operator GT matched 60 at IP:requests.",
                "[id \"1001\"]",
                Kind::FirewallCount,
            ),
            (
                "IPmatch: \"203.0.113.0/24\" matched at REMOTE_ADDR.",
                "[id \"1002\"]",
                Kind::FirewallAddress,
            ),
            (
                "Pattern match \"curl\" at REQUEST_HEADERS:User-Agent.",
                "[id \"1003\"]",
                Kind::FirewallAgent,
            ),
            (
                "Match of \"within GET\" against \"REQUEST_METHOD\" required. Operator at REQUEST_METHOD.",
                "[id \"1004\"]",
                Kind::FirewallMethod,
            ),
            (
                "Matched \"Operator `Gt' with parameter `60' against variable `IP:REQUESTS' (Value: `61' )",
                "[id \"1005\"]",
                Kind::FirewallCount,
            ),
        ] {
            assert_eq!(denied(matched, rest), Some(kind), "{matched}");
        }
        assert_eq!(
            denied(
                "Pattern match \"x\" at ARGS:q.",
                "[file \"/f\"] [line \"3\"] [id \"7\"] [data \"[id \\\"912120\\\"] at REMOTE_ADDR.\"]"
            ),
            Some(Kind::Firewall)
        );
    }

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
