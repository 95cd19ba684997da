//! Whether what the server states comes out as the cause of each denial, and a policy that is told with the line that
//! sets it.

use crate::labels::Label;
use crate::product::{self, Exported};
use crate::scenario::{Scenario, ServerKind};
use crate::server::{Server, Site};
use forbid_logs::findings::{Analysis, Band, Cause, ConfiguredAt, Spike};
use forbid_logs::settings::Settings;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

/// From this confidence on a cause is stated: behaviour reaches no more than 0.98.
const STATED: f64 = 0.985;
/// Words of directives that limit.
const LIMITING: [&str; 6] = ["limit_req", "limit_conn", "sc_", "DOS", "[F", "SecRule"];

/// How the program is run on a log of the lab, with all that its server says besides.
pub fn settings(server: &dyn Server, site: &Site<'_>) -> Settings {
    let mut settings = product::settings(&site.path("access.log"));
    let error_log = site.path("error.log");
    if error_log.exists() {
        settings.error_logs = vec![error_log.display().to_string()];
    }
    let configuration = Some(site.path(server.configuration()));
    match site.scenario.server() {
        ServerKind::Nginx => settings.format.nginx_conf = configuration,
        ServerKind::Apache => settings.format.apache_conf = configuration,
        ServerKind::Haproxy => settings.format.haproxy_conf = Some(site.path("haproxy.cfg")),
        _ => {}
    }
    settings
}

/// Denials that the error log, or a field, states as something else than they are, by what was said.
///
/// # Errors
/// A log cannot be read.
pub fn misstated(settings: &Settings, labels: &[Label]) -> io::Result<Vec<String>> {
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    for record in product::exported(settings, Exported::Verdicts)?.lines() {
        let record: Value = serde_json::from_str(record)?;
        let number = record["line"].as_u64().unwrap_or_default() as usize;
        let is_stated = record["confidence"].as_f64().is_some_and(|p| p >= STATED);
        let Some(label) = labels.get(number.wrapping_sub(1)).filter(|_| is_stated) else {
            continue;
        };
        let (told, is) = (
            record["cause"].as_str().unwrap_or_default(),
            label.cause.map_or("", Cause::name),
        );
        if told != is {
            *wrong
                .entry(format!("{is} is stated as {told}"))
                .or_default() += 1;
        }
    }
    let complaint = |(what, count)| format!("{count} denials: {what}");
    Ok(wrong.into_iter().map(complaint).collect())
}

/// Spikes of a policy of which no directive is named that does what it does.
pub fn without_line(scenario: &Scenario, analysis: &Analysis) -> Vec<String> {
    let is_read = matches!(
        scenario.server(),
        ServerKind::Nginx | ServerKind::Apache | ServerKind::Haproxy
    );
    let Some(denial) = scenario.policies.first() else {
        return Vec::new();
    };
    let is_set = denial.rule.is_some() && denial.status.is_none() && !denial.application;
    // What is read is the configuration of the end, which a policy that was lifted is not in.
    let mut alike = scenario
        .policies
        .iter()
        .filter(|other| other.cause() == denial.cause());
    if !is_read || !is_set || alike.any(|other| other.until.is_some()) {
        return Vec::new();
    }
    let is_sure = |spike: &&Spike| matches!(spike.band, Band::Likely | Band::Certain);
    let of_it = |spike: &&Spike| spike.cause == denial.cause();
    let spikes = analysis.spikes.iter().filter(is_sure).filter(of_it);
    let names = |spike: &&Spike| {
        let fits = |at: &ConfiguredAt| match spike.cause {
            Cause::RateLimit => LIMITING.iter().any(|word| at.text.contains(word)),
            _ => true,
        };
        spike.configured.iter().any(fits)
    };
    spikes
        .filter(|spike| !names(spike))
        .map(|spike| {
            format!(
                "the {} of spike {} is set in {:?}",
                spike.cause.name(),
                spike.id,
                spike.configured
            )
        })
        .collect()
}
