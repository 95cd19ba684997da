//! Scores the analysis on `fixtures/labelled`: are the spikes found, and is their cause the true one?

mod running;
mod scoring;

use running::{analyze, assert_sums, settings};
use scoring::{Found, Score, Truth, share};
use std::fs;
use std::path::{Path, PathBuf};

const LEAST_RECALL: f64 = 0.90;
const LEAST_PRECISION: f64 = 0.85;
const LEAST_FAMILY: f64 = 0.90;
const LEAST_CAUSE: f64 = 0.80;

#[test]
fn labelled_logs_are_told_right() {
    let mut score = Score::default();
    for case in cases() {
        let name = case
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let truth: Truth =
            serde_json::from_slice(&fs::read(case.join("truth.json")).expect("a truth"))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        let analysis = analyze(&settings(&[case.join(&truth.log)]));
        assert_sums(&analysis, &name);
        assert_eq!(
            analysis.input.lines, truth.lines,
            "{name}: every line is seen"
        );
        assert_eq!(
            analysis.input.parsed, truth.lines,
            "{name}: every line is read"
        );
        let found: Vec<Found> = analysis.spikes.iter().map(Found::new).collect();
        score.add(&name, &truth, &found);
    }
    let measured = [
        ("recall", share(score.matched, score.truths), LEAST_RECALL),
        (
            "precision",
            share(score.matched, score.found - score.fragments),
            LEAST_PRECISION,
        ),
        ("family", share(score.family, score.matched), LEAST_FAMILY),
        ("cause", share(score.cause, score.matched), LEAST_CAUSE),
    ];
    let table: Vec<String> = measured
        .iter()
        .map(|(what, is, least)| format!("{what:10} {is:.3}, at least {least:.2}"))
        .collect();
    let report = format!("{}\n{}", table.join("\n"), score.remarks.join("\n"));
    println!("{report}");
    assert_eq!(
        score.false_in_negatives, 0,
        "spikes where there are none\n{report}"
    );
    assert!(
        measured.iter().all(|(_, is, least)| is >= least),
        "\n{report}"
    );
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(Path::new("fixtures/labelled"))
        .expect("there are labelled logs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("truth.json").exists())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "there are no labelled logs");
    cases
}
