//! Scores the analysis on logs whose causes are known, by mechanism and server:
//!
//! ```text
//! cargo test --release --features lab --test servers -- --generate 150 --seed 1 --out DIR
//! cargo bench --bench attribution -- DIR
//! ```
//!
//! It prints Markdown: the figures of docs/causes.md. Below "left out", confidence is scaled on all
//! families but one and judged on that one, so that no family speaks for itself: whoever tunes to the
//! others and fails on it shows there.

#[path = "../tests/running/mod.rs"]
mod running;
#[path = "../tests/scoring/mod.rs"]
mod scoring;

use running::settings;
use scoring::{Found, Score, Told, Truth, share};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let folders: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .map(PathBuf::from)
        .collect();
    if folders.is_empty() {
        println!(
            "attribution: no folder of labelled logs is given; see the head of benches/attribution.rs"
        );
        return;
    }
    let mut score = Score::default();
    for case in folders.iter().flat_map(|folder| cases(folder)) {
        add(&mut score, &case);
    }
    totals(&score);
    by_family(&score.told);
    confusion(&score.told);
    left_out(&score.told);
    println!("\n## What went wrong\n");
    for remark in &score.remarks {
        println!("- {remark}");
    }
}

/// The folders with a `truth.json`, in order.
fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("truth.json").exists())
        .collect();
    cases.sort();
    cases
}

fn add(score: &mut Score, case: &Path) {
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    let text = fs::read(case.join("truth.json")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let truth: Truth =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    match running::try_analyze(&settings(&[case.join(&truth.log)])) {
        Ok(outcome) => {
            let found: Vec<Found> = outcome.analysis.spikes.iter().map(Found::new).collect();
            score.add(&name, &truth, &found);
        }
        Err(error) => {
            score.add(&name, &truth, &[]);
            score.remarks.push(format!("{name}: {error}"));
        }
    }
}

fn totals(score: &Score) {
    println!("## Over all\n\n| measure | value | of |\n|---|---|---|");
    let rows = [
        ("recall", score.matched, score.truths),
        (
            "precision, fragments counted apart",
            score.matched,
            score.found - score.fragments,
        ),
        (
            "precision, fragments counted as false",
            score.matched,
            score.found,
        ),
        ("family right", score.family, score.matched),
        ("cause right", score.cause, score.matched),
    ];
    for (what, part, whole) in rows {
        println!("| {what} | {:.3} | {whole} |", share(part, whole));
    }
    println!("| fragments | {} | |", score.fragments);
    println!(
        "| spikes in logs without any | {} | |",
        score.false_in_negatives
    );
    let scored = with_scale(&score.told, 1.0);
    calibration_rows(&scored, "");
}

/// How well confidence is calibrated, with a word on which confidence.
fn calibration_rows(scored: &[(f64, bool)], which: &str) {
    let all = scored.len();
    let right = scored.iter().filter(|(_, is_right)| *is_right).count();
    let base = share(right, all);
    println!(
        "| expected calibration error{which}, five bins of equal mass | {:.3} | {all} |",
        calibration_error(scored)
    );
    println!(
        "| Brier score{which} (of the base rate alone: {:.3}) | {:.3} | {all} |",
        base * (1.0 - base),
        brier(scored)
    );
}

fn by_family(told: &[Told]) {
    println!(
        "\n## By mechanism and server\n\n| family | spikes | found | cause right | undetermined |\n|---|---|---|---|---|"
    );
    for (family, told) in grouped(told, |one| one.scenario_family.clone()) {
        let found = told.iter().filter(|one| one.cause.is_some()).count();
        let right = told.iter().filter(|one| one.is_right).count();
        let open = told
            .iter()
            .filter(|one| one.cause.is_some() && one.confidence.is_none())
            .count();
        println!("| {family} | {} | {found} | {right} | {open} |", told.len());
    }
}

fn confusion(told: &[Told]) {
    println!("\n## Confusion\n\n| true cause | told as |\n|---|---|");
    for (truth, told) in grouped(told, |one| one.truth.clone()) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for one in &told {
            let name = match one.cause {
                _ if one.is_right => "right",
                Some(cause) => cause.name(),
                None => "missed",
            };
            *counts.entry(name).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        println!("| {truth} | {} |", counts.join(", "));
    }
}

/// For each mechanism: how its confidence holds when the others set the scale.
fn left_out(told: &[Told]) {
    let mechanism = |one: &Told| {
        one.scenario_family
            .split('/')
            .next()
            .unwrap_or_default()
            .to_string()
    };
    println!(
        "\n## Left out\n\n| mechanism | cause right | right among the others | scale of the others | calibration error as it is | with that scale |\n|---|---|---|---|---|---|"
    );
    let mut all = Vec::new();
    for (name, held) in grouped(told, mechanism) {
        let others: Vec<Told> = told
            .iter()
            .filter(|one| mechanism(one) != name)
            .cloned()
            .collect();
        let scale = best_scale(&others);
        let right =
            |told: &[Told]| share(told.iter().filter(|one| one.is_right).count(), told.len());
        let rescaled = with_scale(&held, scale);
        println!(
            "| {name} | {:.2} | {:.2} | {scale:.2} | {:.3} | {:.3} |",
            right(&held),
            right(&others),
            calibration_error(&with_scale(&held, 1.0)),
            calibration_error(&rescaled)
        );
        all.extend(rescaled);
    }
    println!("\n| measure | value | of |\n|---|---|---|");
    calibration_rows(&all, ", each family by the scale of the others");
}

fn grouped(told: &[Told], key: impl Fn(&Told) -> String) -> BTreeMap<String, Vec<Told>> {
    let mut groups: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for one in told {
        groups.entry(key(one)).or_default().push(one.clone());
    }
    groups
}

/// Confidence with its log-odds divided by a scale (Guo et al. 2017, "temperature").
fn scaled(confidence: f64, scale: f64) -> f64 {
    let confidence = confidence.clamp(0.001, 0.999);
    let odds = (confidence / (1.0 - confidence)).ln() / scale;
    1.0 / (1.0 + (-odds).exp())
}

/// The confidences under a scale, each with whether it was right; without what is undetermined.
fn with_scale(told: &[Told], scale: f64) -> Vec<(f64, bool)> {
    let scored = |one: &Told| Some((scaled(one.confidence?, scale), one.is_right));
    told.iter().filter_map(scored).collect()
}

/// The mean distance of confidence and share of right verdicts, by size, over five bins of confidence that hold as
/// many verdicts each (Naeini et al. 2015).
fn calibration_error(scored: &[(f64, bool)]) -> f64 {
    const BINS: usize = 5;
    let mut scored = scored.to_vec();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all = scored.len();
    let of_bin = |bin: usize| &scored[bin * all / BINS..(bin + 1) * all / BINS];
    let distance = |bin: &[(f64, bool)]| {
        let confidence: f64 = bin.iter().map(|(confidence, _)| confidence).sum();
        let right = bin.iter().filter(|(_, is_right)| *is_right).count();
        (confidence - right as f64).abs()
    };
    let error: f64 = (0..BINS).map(|bin| distance(of_bin(bin))).sum();
    error / all.max(1) as f64
}

/// The mean square of the distance of confidence and answer (Brier 1950).
fn brier(scored: &[(f64, bool)]) -> f64 {
    let square = |(confidence, is_right): &(f64, bool)| (confidence - f64::from(*is_right)).powi(2);
    scored.iter().map(square).sum::<f64>() / scored.len().max(1) as f64
}

/// The scale of least logarithmic loss.
fn best_scale(told: &[Told]) -> f64 {
    let loss = |scale: f64| -> f64 {
        with_scale(told, scale)
            .into_iter()
            .map(|(confidence, is_right)| {
                if is_right {
                    -confidence.ln()
                } else {
                    -(1.0 - confidence).ln()
                }
            })
            .sum()
    };
    let scales = (4..=80).map(|tenths| f64::from(tenths) / 10.0);
    scales
        .min_by(|a, b| loss(*a).total_cmp(&loss(*b)))
        .unwrap_or(1.0)
}
