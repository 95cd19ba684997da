//! What a reader must know about the log before he believes what is said of it.

use super::assemble::Assembly;
use crate::findings::Spike;

/// A spike that was under way when the log began has its first denial within so many of its mean gaps.
const GAPS_AT_START: f64 = 3.0;
/// But not later than this, in seconds: then the log shows a quiet beginning.
const LONGEST_START_S: i64 = 60;

/// The warnings of a report.
pub fn collect(assembly: &Assembly<'_>, spikes: &[Spike]) -> Vec<String> {
    let table = assembly.table;
    let mut warnings = assembly.warnings.clone();
    for format in assembly.formats.iter().flatten() {
        for warning in &format.warnings {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
    }
    if assembly.premises.is_balanced {
        warnings.push(
            "three addresses at the most send nearly all requests, with many user agents: a balancer, it seems, so \
             nothing is told by address; log X-Forwarded-For and give --trusted-proxy"
                .to_string(),
        );
    }
    if assembly.premises.is_clientless {
        warnings.push(
            "the lines do not tell the client: who was denied cannot be known, and nothing is told by address; log \
             the client's address"
                .to_string(),
        );
    }
    if assembly.premises.is_bare {
        warnings.push(
            "hardly anything but denied requests is in the log: whom the server admitted is not known, so that no \
             cause is more than leaning; give the whole log"
                .to_string(),
        );
    }
    if table.sample > 1 {
        warnings.push(format!(
            "the log is large: of addresses that were never denied one in {} was compared with the denied ones",
            table.sample
        ));
    }
    if table.is_thinned() {
        warnings.push(
            "the denials are too many to look at each: causes are told from a share of the denied addresses, and \
             the counts of spikes are raised to those of the log, which are exact in sum only"
                .to_string(),
        );
    }
    warnings.extend(pooled(assembly));
    if !assembly.settings.conditions.is_empty() {
        warnings.push(
            "--where leaves requests out: causes are judged on what is left, which may mislead"
                .to_string(),
        );
    }
    warnings.extend(sampled(assembly));
    warnings.extend(under_way(assembly, spikes));
    warnings
}

/// What was counted together for want of memory.
fn pooled(assembly: &Assembly<'_>) -> Option<String> {
    let survey = assembly.survey;
    let pooled = survey.tables();
    let pooled: Vec<String> = pooled
        .iter()
        .filter(|(table, _)| table.pooled > 0)
        .map(|(table, what)| format!("{what} {} times", table.pooled))
        .collect();
    (!pooled.is_empty()).then(|| {
        format!(
            "there are more values than --max-memory has room for: rare ones were counted together as (other) ({}), \
             and counts of others may be short by up to {} requests; give a larger --max-memory",
            pooled.join(", "),
            survey.cut.short_by
        )
    })
}

/// Whether requests are missing by chance: what the user says goes before what the log shows.
fn sampled(assembly: &Assembly<'_>) -> Option<String> {
    if let Some(n) = assembly.settings.sampled {
        return Some(format!(
            "the log holds one request in {n}: limits rebuilt from it are too low by about that factor"
        ));
    }
    let n = assembly.premises.one_in?;
    Some(format!(
        "who asks at regular intervals is seen only now and then: the log seems to hold one request in {n} (sampled, or \
         one server's share), so limits rebuilt from it are too low by about that factor; give the whole log, or \
         --sampled 1/{n}"
    ))
}

/// The spikes that the log begins in.
fn under_way(assembly: &Assembly<'_>, spikes: &[Spike]) -> Option<String> {
    let begin_s = assembly.exposure.start_s();
    let began_before = |spike: &&Spike| {
        let (start_s, end_s) = (spike.start.timestamp(), spike.end.timestamp());
        let gap_s = (end_s - start_s) as f64 / spike.denials.max(1) as f64;
        let late_s = start_s - begin_s;
        late_s <= LONGEST_START_S && (late_s as f64) <= GAPS_AT_START * gap_s + 1.0
    };
    let ids: Vec<&str> = spikes
        .iter()
        .filter(began_before)
        .map(|spike| spike.id.as_str())
        .collect();
    if ids.is_empty() {
        return None;
    }
    Some(format!(
        "the log begins in the midst of {}: when it began, and whether its clients were admitted before, is not in the \
         log; give the log before this one too",
        ids.join(", ")
    ))
}
