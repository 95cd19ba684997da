//! mod_evasive: which of its two counts held a caller, that of one page or that of the whole site.
//!
//! A hit on a page is one on the site too. So where only one page was asked for, the lower count comes first; and a
//! count that is far from the budget that was rebuilt is not the one that was met. What neither tells apart is listed
//! both. Source: mod_evasive's README, with its defaults.

use super::super::Wanted;
use crate::format::config::placed::Placed;

/// A rebuilt budget and the count behind it are at most this many times apart: hits are counted by their distance, which
/// no window does.
const MOST_APART: f64 = 4.0;

/// One of the counts.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Count {
    hits: f64,
    interval_s: f64,
}

impl Count {
    /// What is set for pages or for the site; what is not set is as mod_evasive has it.
    fn of(all: &[Placed], what: &str, usual: f64) -> Count {
        let set = |name: String| {
            let directive = all.iter().rev().find(|directive| directive.name() == name);
            directive.and_then(|directive| directive.words.get(1)?.parse::<f64>().ok())
        };
        Count {
            hits: set(format!("dos{what}count")).unwrap_or(usual),
            interval_s: set(format!("dos{what}interval")).unwrap_or(1.0),
        }
    }

    /// Whether whoever meets the other count with the same hits has met this one before.
    fn is_met_before(self, other: Count) -> bool {
        self.hits <= other.hits && self.interval_s >= other.interval_s
    }

    fn is_near(self, budget: u32) -> bool {
        let times = self.hits.max(1.0) / f64::from(budget.max(1));
        (1.0 / MOST_APART..=MOST_APART).contains(&times)
    }
}

/// Whether a directive of mod_evasive may have denied: the count that may have been met, its interval, and how long
/// callers are held.
pub(super) fn may_deny(all: &[Placed], name: &str, wanted: &Wanted<'_>) -> bool {
    let (page, site) = counts(
        Count::of(all, "page", 2.0),
        Count::of(all, "site", 50.0),
        wanted,
    );
    match name {
        "dospagecount" | "dospageinterval" => page,
        "dossitecount" | "dossiteinterval" => site,
        "dosblockingperiod" => true,
        _ => false,
    }
}

/// Whether the count of a page and that of the site may have been met.
fn counts(page: Count, site: Count, wanted: &Wanted<'_>) -> (bool, bool) {
    if wanted.is_one_page {
        match (page.is_met_before(site), site.is_met_before(page)) {
            (true, false) => return (true, false),
            (false, true) => return (false, true),
            _ => {}
        }
    }
    let near = |count: Count| wanted.budget.is_none_or(|budget| count.is_near(budget));
    match (near(page), near(site)) {
        (false, false) => (true, true),
        either => either,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directive::Wanted;
    use crate::directive::tests::spike;
    use crate::findings::{Algorithm, Cause, Limit, Rule, Spike};

    fn asked(routes: &[&str], budget: Option<u32>) -> Spike {
        let routes: Vec<(&str, &str)> = routes.iter().map(|route| ("route", *route)).collect();
        let mut spike = spike(Cause::RateLimit, "hold", &routes);
        spike.distinct.insert("route".into(), routes.len() as u64);
        spike.rule = budget.map(|budget| Rule {
            text: String::new(),
            r#where: Vec::new(),
            limit: Some(Limit {
                key: vec!["ip".into()],
                algorithm: Algorithm::Hold,
                rate_per_s: None,
                burst: None,
                limit: Some(budget),
                window_s: Some(2.0),
                hold_s: Some(10.0),
                renewed: None,
            }),
            since: None,
            until: None,
            precision: 1.0,
            coverage: 1.0,
        });
        spike
    }

    /// One row per way to tell the counts apart: page and its interval, site and its interval, what was asked for,
    /// the rebuilt budget; whether page and site may have been met.
    #[test]
    fn which_count_was_met() {
        const ONE: &[&str] = &["/category/sale"];
        const ANY: &[&str] = &["/products/{id}"];
        const MANY: &[&str] = &["/a", "/b", "/c"];
        for (page, site, routes, budget, expected) in [
            // The one of usual configurations.
            ((2.0, 1.0), (50.0, 1.0), ONE, None, (true, false)),
            ((2.0, 1.0), (50.0, 1.0), ONE, Some(40), (true, false)),
            ((60.0, 1.0), (50.0, 1.0), ONE, Some(50), (false, true)),
            // A higher count over a longer interval may come first, by how fast the hits are.
            ((20.0, 10.0), (5.0, 1.0), ONE, None, (true, true)),
            ((5.0, 1.0), (50.0, 60.0), ONE, None, (true, true)),
            ((5.0, 1.0), (50.0, 60.0), ONE, Some(6), (true, false)),
            ((5.0, 1.0), (50.0, 60.0), ONE, Some(60), (false, true)),
            // A place of a template may be one page or many.
            ((2.0, 1.0), (50.0, 1.0), ANY, Some(45), (false, true)),
            ((2.0, 1.0), (50.0, 1.0), MANY, Some(45), (false, true)),
            ((2.0, 1.0), (50.0, 1.0), MANY, Some(3), (true, false)),
            ((20.0, 1.0), (50.0, 1.0), MANY, Some(30), (true, true)),
            ((2.0, 1.0), (50.0, 1.0), MANY, None, (true, true)),
            ((2.0, 1.0), (50.0, 1.0), MANY, Some(5000), (true, true)),
        ] {
            let count = |(hits, interval_s): (f64, f64)| Count { hits, interval_s };
            let spike = asked(routes, budget);
            let wanted = Wanted::of(&spike, &[403]);
            let found = counts(count(page), count(site), &wanted);
            assert_eq!(found, expected, "{page:?} {site:?} {routes:?} {budget:?}");
        }
    }
}
