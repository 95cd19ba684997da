//! Who answered: the server's own error page, or the application behind it.
//!
//! A server gives one page for every 403 that it decides by itself, an application bodies of its own.
//! The page is learned from the denials of probes (dot files and the like), which a server's rules
//! answer; known default pages stand in where a log has none.

use super::{Case, evidence};
use crate::examine::row::{Content, NONE, Row};
use crate::examine::table::{Column, Table};
use crate::findings::{Cause, Evidence, EvidenceKind};
use crate::key::fast::HashMap;

/// nginx's page without, with version, and with version and distribution (`ngx_http_special_response.c`).
const NGINX_PAGES: std::ops::RangeInclusive<u32> = 144..=176;
/// Padding that nginx appends where the user agent names MSIE or Chrome.
const NGINX_PADDING: u32 = 402;
/// HAProxy's 403 as `%B` counts it (headers included), and its body alone.
const HAPROXY_PAGES: [u32; 3] = [93, 192, 212];
/// Sizes this close are one page: a host name or a date inside may vary ...
const JITTER: u32 = 5;
/// ... and where headers are counted too (`%O`), so does `Connection: close`.
const HEADER_JITTER: u32 = 24;
/// Sizes from which headers must be counted in: no server's page body of a 403 lies near.
const WITH_HEADERS: std::ops::RangeInclusive<u32> = 300..=520;
/// A body this short that is no server's page is an application's: a JSON object or a few words. Longer
/// ones may be a page that somebody wrote for the server.
const SHORT_BODY: std::ops::RangeInclusive<u32> = 10..=130;
/// Share of probe denials from which a size is the server's.
const LEAST_SHARE: f64 = 0.05;

/// What the log as a whole tells about the server's pages and its own host names.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    sizes: Vec<u32>,
    answers: Vec<u32>,
    own_hosts: Vec<bool>,
}

impl Pages {
    /// Learns the server's pages and its own referer hosts.
    pub fn learn(table: &Table<'_>) -> Pages {
        let mut probes: HashMap<u32, u64> = HashMap::default();
        for row in denied(table).filter(|row| row.bytes != NONE) {
            if row.content == Content::Probe {
                *probes.entry(row.bytes).or_default() += 1;
            }
        }
        let all: u64 = probes.values().sum();
        let sizes: Vec<u32> = if all >= 5 {
            let least = (all as f64 * LEAST_SHARE) as u64;
            probes
                .into_iter()
                .filter(|(_, count)| *count >= least.max(1))
                .map(|(size, _)| size)
                .collect()
        } else {
            Vec::new()
        };
        Pages {
            sizes,
            answers: answers(table),
            own_hosts: own_hosts(table),
        }
    }

    /// Whether an answer of this size is a body of the application's own.
    pub fn is_own_body(&self, bytes: u32) -> bool {
        !self.is_server_page(bytes) && SHORT_BODY.contains(&bytes)
    }

    /// Whether an answer of this size is the server's own page.
    pub fn is_server_page(&self, bytes: u32) -> bool {
        is_default_page(bytes)
            || self.sizes.iter().any(|size| {
                let jitter = if WITH_HEADERS.contains(size) {
                    HEADER_JITTER
                } else {
                    JITTER
                };
                let apart = bytes.abs_diff(*size);
                apart <= jitter || apart == NGINX_PADDING
            })
    }

    /// The answer that a size stands for: sizes near each other, and padded ones, are one answer.
    pub fn answer(&self, bytes: u32) -> u32 {
        if bytes == NONE || bytes == 0 {
            return 0;
        }
        self.answers
            .partition_point(|first| *first <= unpadded(bytes)) as u32
    }

    /// Whether a referer's host is another site.
    pub fn is_foreign(&self, referer_host: u32) -> bool {
        referer_host != NONE
            && !self
                .own_hosts
                .get(referer_host as usize)
                .copied()
                .unwrap_or(false)
    }
}

fn denied<'t>(table: &'t Table<'_>) -> impl Iterator<Item = &'t Row> {
    let denied = table.denied().iter();
    denied.map(|index| &table.rows[*index as usize])
}

/// The smallest size of each answer: sizes of denials fall into runs without a gap above 3 % (six bytes at
/// the least).
fn answers(table: &Table<'_>) -> Vec<u32> {
    let mut sizes: Vec<u32> = denied(table)
        .filter(|row| row.bytes != NONE && row.bytes != 0)
        .map(|row| unpadded(row.bytes))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut firsts = Vec::new();
    let mut last = None;
    for size in sizes {
        if last.is_none_or(|last: u32| size - last > (last / 33).max(6)) {
            firsts.push(size);
        }
        last = Some(size);
    }
    firsts
}

/// A size without the padding that nginx adds for some user agents.
fn unpadded(bytes: u32) -> u32 {
    match bytes.checked_sub(NGINX_PADDING) {
        Some(page) if NGINX_PAGES.contains(&page) => page,
        _ => bytes,
    }
}

fn is_default_page(bytes: u32) -> bool {
    NGINX_PAGES.contains(&bytes)
        || bytes
            .checked_sub(NGINX_PADDING)
            .is_some_and(|bytes| NGINX_PAGES.contains(&bytes))
        || HAPROXY_PAGES.contains(&bytes)
}

/// A site's own pages load its assets: the referer hosts of at least a fifth of the admitted requests
/// with a referer, and the virtual hosts themselves, are its own.
fn own_hosts(table: &Table<'_>) -> Vec<bool> {
    let mut counts = vec![0u64; table.width(Column::RefererHost)];
    for row in table.rows.iter().filter(|row| !row.denied) {
        if let Some(count) = counts.get_mut(row.referer_host as usize) {
            *count += 1;
        }
    }
    let all: u64 = counts.iter().sum();
    let named = |id: u32| {
        table
            .names
            .host
            .get(table.text(Column::RefererHost, id))
            .is_some()
    };
    counts
        .iter()
        .enumerate()
        .map(|(id, count)| (*count > 0 && *count * 5 >= all) || named(id as u32))
        .collect()
}

/// What the answer's sender speaks for.
pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let facts = case.facts;
    let Some(share) = facts.application_share() else {
        return Vec::new();
    };
    let by_field = facts.upstream_denials + facts.upstream_not_asked > 0;
    let how = if by_field {
        "the upstream's status"
    } else {
        "the size of the answer"
    };
    let kind = EvidenceKind::Responder;
    let counts = [("application", share)];
    if share >= 0.8 {
        let text = format!("the application answered, not the server ({how})");
        let strength = if by_field { 1.0 } else { 0.8 };
        return vec![
            evidence(
                "responder",
                kind,
                Cause::Credential,
                1.3 * strength,
                text.clone(),
                &counts,
            ),
            evidence(
                "responder",
                kind,
                Cause::Permission,
                1.3 * strength,
                text.clone(),
                &counts,
            ),
            evidence(
                "responder",
                kind,
                Cause::IpAcl,
                -1.6 * strength,
                text.clone(),
                &counts,
            ),
            evidence(
                "responder",
                kind,
                Cause::RouteAcl,
                -1.5 * strength,
                text.clone(),
                &counts,
            ),
            evidence(
                "responder",
                kind,
                Cause::BotFilter,
                -0.8 * strength,
                text,
                &counts,
            ),
        ];
    }
    if share <= 0.2 {
        let text = format!("the server answered by itself, not the application ({how})");
        let strength = if by_field { 1.0 } else { 0.7 };
        return vec![
            evidence(
                "responder",
                kind,
                Cause::Permission,
                -strength,
                text.clone(),
                &counts,
            ),
            evidence(
                "responder",
                kind,
                Cause::Credential,
                -0.9 * strength,
                text.clone(),
                &counts,
            ),
            evidence(
                "responder",
                kind,
                Cause::IpAcl,
                0.8 * strength,
                text,
                &counts,
            ),
        ];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_at_the_edge_of_what_fits_are_compared_too() {
        let pages = Pages {
            sizes: vec![NONE - 1, 0],
            ..Pages::default()
        };
        assert!(pages.is_server_page(NONE - 1 - NGINX_PADDING));
        assert!(pages.is_server_page(NGINX_PADDING));
        assert!(!pages.is_server_page(NONE / 2));
    }
}
