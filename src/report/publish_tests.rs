use super::*;
use std::collections::BTreeSet;

fn set(text: &str) -> Set {
    vec![
        ("spikes.csv", text.as_bytes().to_vec()),
        ("summary.csv", text.as_bytes().to_vec()),
        ("state.json", text.as_bytes().to_vec()),
    ]
}

fn runs(out: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(out.join("runs")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn links_lead_through_current_to_one_set() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let shelf = Shelf::open(&out).unwrap();
    assert_eq!(shelf.current("spikes.csv").unwrap(), None);
    for run in 1..=5 {
        shelf.publish(run, &set(&format!("run {run}"))).unwrap();
        shelf.tidy(run, 3).unwrap();
        for name in ["spikes.csv", "summary.csv"] {
            let text = fs::read_to_string(out.join(name)).unwrap();
            assert_eq!(text, format!("run {run}"));
        }
    }
    assert!(!out.join("state.json").exists());
    assert_eq!(
        shelf.current("state.json").unwrap(),
        Some(b"run 5".to_vec())
    );
    let kept = ["000003", "000004", "000005"].map(String::from);
    assert_eq!(runs(&out), BTreeSet::from(kept));
}

#[test]
fn a_run_that_is_done_again_replaces_its_set() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(directory.path()).unwrap();
    shelf.publish(1, &set("first")).unwrap();
    shelf.publish(1, &set("second")).unwrap();
    assert_eq!(
        shelf.current("spikes.csv").unwrap(),
        Some(b"second".to_vec())
    );
    assert!(shelf.leads_to("000001"));
    shelf.tidy(1, 30).unwrap();
    assert_eq!(
        runs(directory.path()),
        BTreeSet::from(["000001".to_string()])
    );
}

#[test]
fn what_a_killed_run_leaves_does_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(directory.path()).unwrap();
    shelf.publish(1, &set("first")).unwrap();
    let left = directory.path().join("runs");
    // Killed while it wrote, while the link was swapped, and while the old set was removed.
    fs::create_dir(left.join(".000001.copy")).unwrap();
    fs::write(left.join(".000001.copy/spikes.csv"), "half").unwrap();
    symlink("nowhere", directory.path().join(".current.new")).unwrap();
    write_set(&left.join(".000001.new"), &set("second")).unwrap();
    shelf.lead_to(".000001.new").unwrap();
    fs::remove_file(left.join("000001/spikes.csv")).unwrap();
    shelf.publish(1, &set("third")).unwrap();
    shelf.tidy(1, 30).unwrap();
    assert_eq!(
        shelf.current("spikes.csv").unwrap(),
        Some(b"third".to_vec())
    );
    assert_eq!(
        runs(directory.path()),
        BTreeSet::from(["000001".to_string()])
    );
}

#[test]
fn somebody_elses_file_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(directory.path()).unwrap();
    fs::write(directory.path().join("spikes.csv"), "mine").unwrap();
    let error = shelf.publish(1, &set("first")).unwrap_err().to_string();
    assert!(error.contains("spikes.csv is in the way"), "{error}");
    assert!(runs(directory.path()).is_empty());
}

#[test]
fn what_is_of_somebody_else_stays() {
    let directory = tempfile::tempdir().unwrap();
    let shelf = Shelf::open(directory.path()).unwrap();
    let runs = directory.path().join("runs");
    for name in ["000001", ".precious.copy", ".git.new"] {
        fs::create_dir_all(runs.join(name)).unwrap();
        fs::write(runs.join(name).join("mine"), "x").unwrap();
    }
    let error = shelf.publish(1, &set("first")).unwrap_err().to_string();
    assert!(error.contains("mine is in the way"), "{error}");
    shelf.publish(2, &set("second")).unwrap();
    assert!(shelf.tidy(2, 1).is_err());
    for name in ["000001", ".precious.copy", ".git.new"] {
        assert!(runs.join(name).join("mine").exists(), "{name}");
    }
}
