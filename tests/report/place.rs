//! A place for logs, a state and published sets, and what must hold of them.

use super::logs::Logs;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The tables of a set with their columns, to the letter of the contract.
const TABLES: [(&str, &str); 8] = [
    (
        "spikes.csv",
        "schema,run,source,spike,state,start,end,requests,denials,expected,peak_start,peak_denials,family,cause,mechanism,confidence,band,rule,top_ip,top_client,top_token,top_route",
    ),
    (
        "windows.csv",
        "schema,run,source,start,end,requests,denials,rate_limit,acl,bot_filter,undetermined",
    ),
    ("ips.csv", VALUES),
    ("clients.csv", VALUES),
    ("users.csv", VALUES),
    ("tokens.csv", VALUES),
    ("routes.csv", VALUES),
    (
        "summary.csv",
        "schema,run,source,start,end,bytes,lines,parsed,skipped,requests,denials,spikes",
    ),
];
const VALUES: &str = "schema,run,source,value,requests,denials,first,last,cause,confidence";

/// A place for logs, a state and published sets.
pub struct Place(tempfile::TempDir);

impl Place {
    /// An empty one.
    pub fn new() -> Place {
        Place(tempfile::tempdir().expect("a directory"))
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forbid-logs"));
        command
            .current_dir(self.0.path())
            .env("XDG_STATE_HOME", self.path("xdg"))
            .arg("report")
            .args(arguments)
            .args(["--out", "out", "--threads", "2"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs with a state, over these LOGs.
    pub fn run(&self, logs: &[&str]) -> Output {
        let arguments = [logs, &["--state", "state"]].concat();
        self.command(&arguments).output().expect("it runs")
    }

    /// As `run`, where all is well and nothing is to be said.
    pub fn run_well(&self, logs: &[&str]) {
        let output = self.run(logs);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
        assert_eq!(output.stdout, b"");
        self.check_current();
    }

    pub fn spawn(&self, logs: &[&str]) -> Child {
        let arguments = [logs, &["--state", "state"]].concat();
        self.command(&arguments).spawn().expect("it runs")
    }

    /// A table of the current set, row by row.
    pub fn table(&self, name: &str) -> Vec<csv::StringRecord> {
        rows(&self.path("out").join(name))
    }

    /// Lines and denials by run and source, as whoever keys on them adds them up.
    pub fn summed(&self) -> BTreeMap<String, (u64, u64)> {
        let mut sums = BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        for row in self.table("summary.csv") {
            assert!(
                seen.insert((row[1].to_owned(), row[2].to_owned())),
                "one row for each"
            );
            let sum: &mut (u64, u64) = sums.entry(row[2].to_owned()).or_default();
            sum.0 += row[6].parse::<u64>().expect("lines");
            sum.1 += row[10].parse::<u64>().expect("denials");
        }
        sums
    }

    /// The current set is whole and of one run, and the links lead to it.
    pub fn check_current(&self) {
        let out = self.path("out");
        let Ok(set) = fs::canonicalize(out.join("current")) else {
            return;
        };
        let mut runs = std::collections::BTreeSet::new();
        for (name, columns) in TABLES {
            let text = fs::read_to_string(set.join(name)).expect("the set is whole");
            assert_eq!(text.split("\r\n").next(), Some(columns), "{name}");
            assert!(text.ends_with("\r\n"), "{name}");
            if name != "summary.csv" {
                runs.extend(rows(&set.join(name)).iter().map(|row| row[1].to_owned()));
            }
        }
        for row in rows(&set.join("windows.csv")) {
            let counts: Vec<u64> = (6..11)
                .map(|at| row[at].parse().expect("a count"))
                .collect();
            assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{row:?}");
        }
        let summary = rows(&set.join("summary.csv"));
        let last = summary.last().expect("a row for each run")[1].to_owned();
        let name = set.file_name().unwrap().to_string_lossy();
        assert!(
            name.contains(&format!("{:0>6}", last)),
            "{name} is of run {last}"
        );
        assert!(
            runs.iter().all(|run| *run == last),
            "{runs:?} in the set of {last}"
        );
    }
}

pub fn rows(path: &Path) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader.records().map(|row| row.expect("a row")).collect()
}

/// What was written is what was counted.
pub fn assert_counted(place: &Place, logs: &[&Logs]) {
    let written: BTreeMap<String, (u64, u64)> = logs
        .iter()
        .map(|log| (log.name.clone(), (log.lines, log.denials)))
        .collect();
    assert_eq!(place.summed(), written);
}
