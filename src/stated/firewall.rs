//! What a rule of ModSecurity or Coraza looks at, by its number or by the variable that it matched.
//!
//! Numbers of six digits from 900000 on are those of the Core Rule Set, by ranges
//! (<https://github.com/coreruleset/coreruleset/tree/main/rules>); others are a site's own, and then the
//! message tells the variable.

use memchr::memmem::find;

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// What a request carries.
    Attack,
    /// Who sends it.
    Address,
    /// How much was counted.
    Count,
    /// The user agent.
    Agent,
    /// The method.
    Method,
    /// Whether a request is one by the protocol.
    Protocol,
}

impl Subject {
    /// Of a rule with this number, whose message says what it matched.
    pub fn of(rule: &[u8], matched: &[u8]) -> Subject {
        match rule {
            [b'9', _, _, _, _, _] => Subject::of_core(rule),
            _ => Subject::of_own(matched),
        }
    }

    fn of_core(rule: &[u8]) -> Subject {
        match (rule, &rule[..3]) {
            // Scanners by their names; no user agent, and an empty one.
            (b"913100" | b"913101" | b"913102" | b"920320" | b"920330", _) => Subject::Agent,
            (_, b"910") => Subject::Address,
            (_, b"911") => Subject::Method,
            (_, b"912") => Subject::Count,
            (_, b"920") => Subject::Protocol,
            _ => Subject::Attack,
        }
    }

    fn of_own(matched: &[u8]) -> Subject {
        let at = |names: &[&[u8]]| names.iter().any(|name| ends_in_variable(matched, name));
        let collections = [&b"IP:"[..], b"GLOBAL:", b"SESSION:", b"USER:", b"RESOURCE:"];
        if at(&[b"REMOTE_ADDR", b"REMOTE_HOST", b"GEO:COUNTRY_CODE"]) {
            Subject::Address
        } else if collections.iter().any(|name| counts(matched, name)) {
            Subject::Count
        } else if at(&[b"REQUEST_HEADERS:User-Agent"]) {
            Subject::Agent
        } else if at(&[b"REQUEST_METHOD"]) {
            Subject::Method
        } else {
            Subject::Attack
        }
    }

    /// Of the rule that a message is of.
    pub fn of_message(message: &[u8]) -> Subject {
        let (rule, matched) = rule_of(message);
        Subject::of(rule, matched)
    }

    /// The word for it that an audit log states ([`super::Source::ModSecurity`]).
    pub fn word(self) -> &'static [u8] {
        match self {
            Subject::Attack => b"attack",
            Subject::Address => b"address",
            Subject::Count => b"count",
            Subject::Agent => b"agent",
            Subject::Method => b"method",
            Subject::Protocol => b"protocol",
        }
    }
}

/// Whether a message is of a rule that refused: others warn.
pub fn is_refusal(message: &[u8]) -> bool {
    message.starts_with(b"Access denied with ")
}

/// A message of a rule: its number, and what it matched. What stands from `[data` on a client may have written.
pub fn rule_of(message: &[u8]) -> (&[u8], &[u8]) {
    let own = &message[..find(message, b" [data \"").unwrap_or(message.len())];
    let number = memchr::memmem::rfind(own, b"[id \"").map(|at| &own[at + 5..]);
    let number = number.and_then(|text| text.get(..memchr::memchr(b'"', text)?));
    let matched = &own[..find(own, b" [file \"").unwrap_or(own.len())];
    (number.unwrap_or_default(), matched)
}

/// ` at NAME.` (2) or `variable `NAME'` (3).
fn ends_in_variable(matched: &[u8], name: &[u8]) -> bool {
    let second = [b" at ", name, b"."].concat();
    let third = [b"variable `", name, b"'"].concat();
    find(matched, &second).is_some() || find(matched, &third).is_some()
}

/// A comparison of numbers with a member of a persistent collection.
fn counts(matched: &[u8], collection: &[u8]) -> bool {
    let compares = [&b"Operator G"[..], b"Operator `G"]
        .iter()
        .any(|start| find(matched, start).is_some());
    let second = [b" at ", collection].concat();
    let third = [b"variable `", collection].concat();
    compares && (find(matched, &second).is_some() || find(matched, &third).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rule_looks_at() {
        for (message, subject) in [
            (
                r#"Operator GE matched 5 at TX:anomaly_score. [file "/f"] [id "949110"]"#,
                Subject::Attack,
            ),
            (
                r#"Matched phrase "x" at REQUEST_HEADERS:User-Agent. [id "913100"]"#,
                Subject::Agent,
            ),
            (
                r#"Match of "x" against "REQUEST_METHOD" required. [id "911100"]"#,
                Subject::Method,
            ),
            (
                r#"Operator EQ matched 0 at REQUEST_HEADERS. [id "920280"]"#,
                Subject::Protocol,
            ),
            (
                r#"Operator EQ matched 0 at REQUEST_HEADERS. [id "920320"]"#,
                Subject::Agent,
            ),
            (
                r#"Operator GT matched 60 at IP:requests. [id "1001"]"#,
                Subject::Count,
            ),
            (
                r#"IPmatch: "203.0.113.0/24" matched at REMOTE_ADDR. [id "1002"]"#,
                Subject::Address,
            ),
            (
                r#"Pattern match "curl" at REQUEST_HEADERS:User-Agent. [id "1003"]"#,
                Subject::Agent,
            ),
            (
                r#"Operator at REQUEST_METHOD. [id "1004"]"#,
                Subject::Method,
            ),
            (
                "Matched \"Operator `Gt' with parameter `60' against variable `IP:REQUESTS' (Value: `61' ) [id \"1005\"]",
                Subject::Count,
            ),
            (
                r#"Pattern match "x" at ARGS:q. [file "/f"] [id "7"] [data "[id "912120"] at REMOTE_ADDR."]"#,
                Subject::Attack,
            ),
        ] {
            let found = Subject::of_message(message.as_bytes());
            assert_eq!(found, subject, "{message}");
        }
    }
}
