//! ModSecurity's audit log as JSON, one transaction a line: version 3, and version 2 with
//! `SecAuditLogFormat JSON`.
//!
//! Source: `Transaction::toJSON` (3), `msc_logging.c` (2). Version 2 says whether it intercepted the
//! request. Version 3 does not: there only the rules that judge the anomaly score, with the engine on
//! and a refusal sent, show that the refusal is ModSecurity's own.

use super::modsecurity;
use super::said::{About, Kind, Said, Target, Told, target_of};
use crate::time::Clock;
use serde_json::Value;

/// Statuses from which an answer is a refusal.
const LEAST_REFUSAL: i64 = 400;

/// Gives what a line says to `take`; false if it is no transaction.
pub(super) fn read(line: &[u8], mut take: impl FnMut(Told<'_>)) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        return false;
    };
    let transaction = &value["transaction"];
    if !transaction.is_object() {
        return false;
    }
    match value.get("audit_data") {
        Some(audit) => second(&value, transaction, audit, &mut take),
        None => third(transaction, &mut take),
    }
    .is_some()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn third(transaction: &Value, take: &mut impl FnMut(Told<'_>)) -> Option<()> {
    let local_ms = asctime(text(&transaction["time_stamp"]).as_bytes())?;
    let engine = text(&transaction["producer"]["secrules_engine"]);
    let refused =
        number(&transaction["response"]["http_code"]).is_some_and(|code| code >= LEAST_REFUSAL);
    for message in transaction["messages"].as_array()? {
        let details = &message["details"];
        let rule = text(&details["ruleId"]);
        let judges = rule == "949110" || rule == "949111";
        let said = Said {
            kind: match judges && refused && engine == "Enabled" {
                true => Kind::Firewall,
                false => Kind::Matched,
            },
            zone: b"",
            rule: rule.as_bytes(),
            message: text(&message["message"]).as_bytes(),
            place: (
                text(&details["file"]).as_bytes(),
                text(&details["lineNumber"]).as_bytes(),
            ),
        };
        take(Told {
            local_ms,
            about: Some(About {
                client: text(&transaction["client_ip"]).as_bytes(),
                target: asked(text(&transaction["request"]["uri"])),
                id: text(&transaction["unique_id"]).as_bytes(),
                connection: b"",
                said,
            }),
        });
    }
    Some(())
}

fn second(
    whole: &Value,
    transaction: &Value,
    audit: &Value,
    take: &mut impl FnMut(Told<'_>),
) -> Option<()> {
    let local_ms = stamped(text(&transaction["time"]))?;
    let intercepted = audit["action"]["intercepted"].as_bool().unwrap_or(false);
    for message in audit["messages"].as_array().into_iter().flatten() {
        let Some((mut said, _)) = modsecurity::read(text(message).as_bytes()) else {
            continue;
        };
        if !intercepted {
            said.kind = Kind::Matched;
        }
        take(Told {
            local_ms,
            about: Some(About {
                client: text(&transaction["remote_address"]).as_bytes(),
                target: target_of(text(&whole["request"]["request_line"]).as_bytes()),
                id: text(&transaction["transaction_id"]).as_bytes(),
                connection: b"",
                said,
            }),
        });
    }
    Some(())
}

fn asked(uri: &str) -> Target<'_> {
    match uri {
        "" => Target::Unknown,
        uri => Target::Asked(uri.as_bytes()),
    }
}

/// `Tue Mar 10 09:39:02 2026`, by the server's clock.
fn asctime(stamp: &[u8]) -> Option<i64> {
    super::apache::stamp(stamp)
}

/// `10/Mar/2026:10:39:02 +0100` or with a fraction, as the server's clock shows it.
fn stamped(stamp: &str) -> Option<i64> {
    let seconds = stamp.get(..20)?;
    let zone = stamp.get(stamp.len().checked_sub(5)?..)?;
    let instant = Clock::new(None).read(format!("{seconds} {zone}").as_bytes())?;
    Some(instant.ms + i64::from(instant.utc_offset_s) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Vec<(Kind, String, i64)> {
        let mut told = Vec::new();
        assert!(read(line.as_bytes(), |one| {
            let about = one.about.unwrap();
            assert_eq!(about.client, b"192.0.2.1");
            assert_eq!(about.target, Target::Asked(b"/a?x=1"));
            let rule = String::from_utf8_lossy(about.said.rule).into_owned();
            told.push((about.said.kind, rule, one.local_ms));
        }));
        told
    }

    const THIRD: &str = r#"{"transaction":{"client_ip":"192.0.2.1","time_stamp":"Tue Mar 10 09:39:02 2026","unique_id":"17","request":{"method":"GET","uri":"/a?x=1"},"response":{"http_code":403},"producer":{"secrules_engine":"Enabled"},"messages":[{"message":"SQL","details":{"ruleId":"942100","file":"/f","lineNumber":"45","match":"m"}},{"message":"Inbound","details":{"ruleId":"949110","file":"/g","lineNumber":"222","match":"m"}}]}}"#;

    #[test]
    fn the_third_version_denies_by_its_score() {
        let at = 1_773_135_542_000;
        assert_eq!(
            told(THIRD),
            [
                (Kind::Matched, "942100".into(), at),
                (Kind::Firewall, "949110".into(), at)
            ]
        );
        for other in [
            THIRD.replace("Enabled", "DetectionOnly"),
            THIRD.replace(":403", ":200"),
            THIRD.replace("949110", "942110"),
        ] {
            assert!(told(&other).iter().all(|(kind, ..)| *kind == Kind::Matched));
        }
    }

    #[test]
    fn the_second_version_says_whether_it_intercepted() {
        let line = r#"{"transaction":{"time":"10/Mar/2026:10:39:02 +0100","transaction_id":"aa","remote_address":"192.0.2.1"},"request":{"request_line":"GET /a?x=1 HTTP/1.1"},"audit_data":{"messages":["Access denied with code 403 (phase 2). Operator GE matched 5 at TX:x. [file \"/g\"] [line \"94\"] [id \"949110\"]"],"action":{"intercepted":true,"phase":2}}}"#;
        assert_eq!(told(line)[0].0, Kind::Firewall);
        let echo = line.replace("true", "false");
        assert_eq!(told(&echo)[0].0, Kind::Matched);
    }

    #[test]
    fn other_lines() {
        for line in ["{}", "{\"transaction\":1}", "[1]", "{", "x"] {
            assert!(!read(line.as_bytes(), |_| {}), "{line}");
        }
    }
}
