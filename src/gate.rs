//! Which requests count: `--since`, `--until`, `--where`, and who the client is behind a trusted proxy.
//!
//! Survey and Examine ask the same gate, so that both see the same requests.

use crate::filter::Condition;
use crate::key::address;
use crate::record::Record;
use crate::settings::Settings;
use crate::time::Moment;
use ipnet::IpNet;

/// Decides which requests count, and which of them are denials.
#[derive(Debug, Clone)]
pub struct Gate {
    since_ms: i64,
    until_ms: i64,
    conditions: Vec<Condition>,
    denied_statuses: Vec<u16>,
    trusted_proxies: Vec<IpNet>,
}

impl Gate {
    /// The gate that these settings ask for; `end_ms`, the last request of the log, is what relative
    /// times count back from.
    pub fn new(settings: &Settings, end_ms: i64) -> Gate {
        let instant = |moment: Option<Moment>| match moment? {
            Moment::Absolute(ms) => Some(ms),
            Moment::BeforeEnd(ms) => Some(end_ms.saturating_sub(ms)),
        };
        Gate {
            since_ms: instant(settings.since).unwrap_or(i64::MIN),
            until_ms: instant(settings.until).unwrap_or(i64::MAX),
            conditions: settings.conditions.clone(),
            denied_statuses: settings.denied_statuses.clone(),
            trusted_proxies: settings.trusted_proxies.clone(),
        }
    }

    /// Whether the request counts.
    #[inline]
    pub fn admits(&self, record: &Record<'_>) -> bool {
        record.time_ms >= self.since_ms
            && record.time_ms < self.until_ms
            && (self.conditions.is_empty() || {
                let client = self.client(record);
                self.conditions
                    .iter()
                    .all(|condition| condition.holds(record, client))
            })
    }

    /// Whether a status is a denial.
    #[inline]
    pub fn is_denial(&self, status: u16) -> bool {
        match self.denied_statuses[..] {
            [one] => status == one,
            _ => self.denied_statuses.contains(&status),
        }
    }

    /// The client's address: the logged one, or behind a trusted proxy the one it forwarded for.
    #[inline]
    pub fn client<'a>(&self, record: &'a Record<'_>) -> &'a [u8] {
        if self.trusted_proxies.is_empty() {
            return &record.address;
        }
        address::client_from_forwarded(
            &record.address,
            &record.forwarded_for,
            &self.trusted_proxies,
        )
    }
}
