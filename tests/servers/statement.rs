//! Whether what the server states comes out as the cause of each denial, and a limit that is told with the line
//! that sets it.

use crate::labels::Label;
use crate::product::{self, Exported};
use crate::scenario::{Scenario, ServerKind};
use crate::server::{Server, Site};
use forbid_logs::findings::{Analysis, Band, Cause, ConfiguredAt};
use forbid_logs::settings::Settings;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

/// From this confidence on a cause is stated: behaviour reaches no more than 0.98.
const STATED: f64 = 0.985;
/// Words of directives that limit.
const LIMITING: [&str; 6] = ["limit_req", "limit_conn", "sc_", "DOS", "[F", "SecRule"];

/// Denials whose stated cause is not the true one, and limits without their line.
///
/// # Errors
/// A file cannot be read.
pub fn check(server: &dyn Server, site: &Site<'_>, labels: &[Label]) -> io::Result<Vec<String>> {
    let settings = settings(server, site);
    let mut complaints = misstated(&settings, labels)?;
    if is_limited_by_server(site.scenario) {
        complaints.extend(without_line(&product::analyzed(&settings)?));
    }
    Ok(complaints)
}

fn settings(server: &dyn Server, site: &Site<'_>) -> Settings {
    let mut settings = product::settings(&site.path("access.log"));
    let error_log = site.path("error.log");
    if error_log.exists() {
        settings.error_logs = vec![error_log.display().to_string()];
    }
    let configuration = Some(site.path(server.configuration()));
    match site.scenario.server() {
        ServerKind::Nginx => settings.format.nginx_conf = configuration,
        ServerKind::Apache => settings.format.apache_conf = configuration,
        ServerKind::Haproxy => settings.haproxy_conf = Some(site.path("haproxy.cfg")),
        _ => {}
    }
    settings
}

/// Denials that the error log, or a field, states as something else than they are, by what was said.
fn misstated(settings: &Settings, labels: &[Label]) -> io::Result<Vec<String>> {
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

/// Whether a limit of a server with a configuration that is read gives its denials.
fn is_limited_by_server(scenario: &Scenario) -> bool {
    let is_read = matches!(
        scenario.server(),
        ServerKind::Nginx | ServerKind::Apache | ServerKind::Haproxy
    );
    let limits = |denial: &crate::scenario::Denial| {
        let policy = denial.policy();
        !denial.application
            && denial.status.is_none()
            && policy.is_some_and(|policy| policy.limit.is_some())
    };
    is_read && scenario.policies.first().is_some_and(limits)
}

/// Spikes that are surely a limit, and of which no directive is named that limits.
fn without_line(analysis: &Analysis) -> Vec<String> {
    let mut complaints = Vec::new();
    for spike in &analysis.spikes {
        let is_sure = matches!(spike.band, Band::Likely | Band::Certain);
        if spike.cause != Cause::RateLimit || !is_sure {
            continue;
        }
        let limits = |at: &ConfiguredAt| LIMITING.iter().any(|word| at.text.contains(word));
        if !spike.configured.iter().any(limits) {
            let configured = &spike.configured;
            complaints.push(format!(
                "the limit of spike {} is set in {configured:?}",
                spike.id
            ));
        }
    }
    complaints
}
