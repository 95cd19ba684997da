//! Runs the command line as it is written down in `tests/cases/*.toml`; see the README there.
//!
//! Some things hold for every case and need not be written: no run panics, every exit but 0 has its
//! reason on standard error, nothing on standard output could steer a terminal, no file appears that
//! the case does not name, and where the output is JSON its lines and its denials add up.

mod content;

use content::Content;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const TOOL: &str = env!("CARGO_BIN_EXE_forbid-logs");

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// One run of the program and what is expected of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The arguments, or:
    #[serde(default)]
    args: Vec<String>,
    /// a line for bash, in which `$TOOL` is the program.
    shell: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    stdin: Option<Content>,
    /// Files there before the run; a name that ends with `/` is an empty directory.
    #[serde(default)]
    files: BTreeMap<String, Content>,
    /// Left out on machines where one of these paths exists.
    #[serde(default)]
    unless_exists: Vec<String>,
    #[serde(default)]
    exit: i32,
    /// All of standard output.
    stdout: Option<String>,
    #[serde(default)]
    stdout_has: Vec<String>,
    #[serde(default)]
    stdout_lacks: Vec<String>,
    /// All of standard error.
    stderr: Option<String>,
    #[serde(default)]
    stderr_has: Vec<String>,
    #[serde(default)]
    stderr_lacks: Vec<String>,
    /// Values in the JSON on standard output, by JSON pointer.
    #[serde(default)]
    json: BTreeMap<String, Value>,
    /// Pointers to what is not in it.
    #[serde(default)]
    json_lacks: Vec<String>,
    /// Files that the run makes or changes, and a text that each contains.
    #[serde(default)]
    writes: BTreeMap<String, String>,
}

/// What a run gave.
struct Run {
    exit: i32,
    stdout: Vec<u8>,
    stderr: String,
}

#[test]
fn the_command_line_does_as_written() {
    let (mut failures, mut count) = (Vec::new(), 0);
    for file in case_files() {
        let text = fs::read_to_string(&file).expect("cases are text");
        let cases: Cases =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}:\n{error}", file.display()));
        for case in cases.case {
            if case
                .unless_exists
                .iter()
                .any(|path| Path::new(path).exists())
            {
                continue;
            }
            count += 1;
            let faults = case.faults();
            if !faults.is_empty() {
                failures.push(format!(
                    "{}: {}\n{}",
                    file.display(),
                    case.name,
                    faults.join("\n")
                ));
            }
        }
    }
    assert!(count > 0, "there are no cases");
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail\n\n{}\n",
        failures.len(),
        failures.join("\n\n")
    );
}

fn case_files() -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir("tests/cases").expect("cases stand in tests/cases");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

impl Case {
    /// Runs the case and says what is not as expected.
    fn faults(&self) -> Vec<String> {
        let home = tempfile::tempdir().expect("a temporary directory");
        let work = home.path().join("work");
        fs::create_dir(&work).expect("a directory to work in");
        for (name, content) in &self.files {
            content.put(&work.join(name));
        }
        let before = listing(&work);
        let run = self.run(home.path(), &work);
        let mut faults = self.differences(&run);
        faults.extend(lawful(&run));
        faults.extend(self.written(&work, &before));
        if !faults.is_empty() {
            faults.push(format!("  standard error was:\n{}", indented(&run.stderr)));
            faults.push(format!(
                "  standard output was:\n{}",
                indented(&String::from_utf8_lossy(&run.stdout))
            ));
        }
        faults
    }

    fn run(&self, home: &Path, work: &Path) -> Run {
        let mut command = match &self.shell {
            Some(line) => {
                let mut bash = Command::new("bash");
                bash.args(["-c", line]);
                bash
            }
            None => {
                let mut tool = Command::new(TOOL);
                tool.args(&self.args);
                tool
            }
        };
        command
            .current_dir(work)
            .env_clear()
            .env("TOOL", TOOL)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_STATE_HOME", home.join("state"))
            .envs([("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")])
            .envs(&self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let bytes = self.stdin.as_ref().map(Content::bytes).unwrap_or_default();
        // In a thread, because the program may write before it has read all; it may also not read.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        let output = child.wait_with_output().expect("the program ends");
        feeder.join().expect("the feeder does not panic");
        Run {
            exit: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn differences(&self, run: &Run) -> Vec<String> {
        let stdout = String::from_utf8_lossy(&run.stdout);
        let mut faults = Vec::new();
        if run.exit != self.exit {
            faults.push(format!("  exit {} instead of {}", run.exit, self.exit));
        }
        let streams = [
            (
                "standard output",
                &*stdout,
                &self.stdout,
                &self.stdout_has,
                &self.stdout_lacks,
            ),
            (
                "standard error",
                &*run.stderr,
                &self.stderr,
                &self.stderr_has,
                &self.stderr_lacks,
            ),
        ];
        for (name, text, whole, has, lacks) in streams {
            if let Some(whole) = whole
                && text != whole
            {
                faults.push(format!("  {name} is not {whole:?}"));
            }
            let missing = has.iter().filter(|part| !text.contains(*part));
            faults.extend(missing.map(|part| format!("  {name} lacks {part:?}")));
            let present = lacks.iter().filter(|part| text.contains(*part));
            faults.extend(present.map(|part| format!("  {name} has {part:?}")));
        }
        faults.extend(self.differences_in_json(&run.stdout));
        faults
    }

    fn differences_in_json(&self, stdout: &[u8]) -> Vec<String> {
        if self.json.is_empty() && self.json_lacks.is_empty() {
            return Vec::new();
        }
        let Ok(json) = serde_json::from_slice::<Value>(stdout) else {
            return vec!["  standard output is no JSON".to_string()];
        };
        let mut faults = Vec::new();
        for (pointer, expected) in &self.json {
            let found = json.pointer(pointer).unwrap_or(&Value::Null);
            if found != expected {
                faults.push(format!("  {pointer} is {found} instead of {expected}"));
            }
        }
        let present = self
            .json_lacks
            .iter()
            .filter_map(|pointer| json.pointer(pointer));
        faults.extend(present.map(|value| format!("  there is {value}")));
        faults
    }

    fn written(&self, work: &Path, before: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        for name in listing(work).difference(before) {
            if !self.writes.contains_key(name) {
                faults.push(format!("  leaves {name} behind"));
            }
        }
        for (name, part) in &self.writes {
            match fs::read(work.join(name)) {
                Ok(bytes) if String::from_utf8_lossy(&bytes).contains(part) => {}
                Ok(_) => faults.push(format!("  {name} lacks {part:?}")),
                Err(error) => faults.push(format!("  {name}: {error}")),
            }
        }
        faults
    }
}

/// What holds for every run.
fn lawful(run: &Run) -> Vec<String> {
    let mut faults = Vec::new();
    if run.stderr.contains("panicked") {
        faults.push("  panics".to_string());
    }
    if run.exit != 0 && run.stderr.trim().is_empty() {
        faults.push("  fails without saying why".to_string());
    }
    match std::str::from_utf8(&run.stdout) {
        Err(error) => faults.push(format!("  standard output is not UTF-8: {error}")),
        Ok(text) => {
            let text = text.replace("\r\n", "\n");
            if let Some(raw) = text.chars().find(|c| *c != '\n' && content::is_hazard(*c)) {
                faults.push(format!("  {raw:?} reaches standard output as it is"));
            }
        }
    }
    match serde_json::from_slice::<Value>(&run.stdout) {
        Ok(analysis) if is_analysis(&analysis) => faults.extend(sums(&analysis)),
        _ => {}
    }
    faults
}

fn is_analysis(json: &Value) -> bool {
    json["schema"]
        .as_str()
        .is_some_and(|schema| schema.starts_with("forbid-logs.analysis/"))
}

/// Lines and denials add up.
fn sums(analysis: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let input = &analysis["input"];
    let files = input["files"].as_array().into_iter().flatten();
    for counted in files.clone().chain([input]) {
        let skipped: u64 = ["malformed", "too_long", "filtered", "not_a_request"]
            .map(|why| counted["skipped"][why].as_u64().unwrap_or(0))
            .iter()
            .sum();
        let (lines, parsed) = (counted["lines"].as_u64(), counted["parsed"].as_u64());
        if lines != parsed.map(|parsed| parsed + skipped) {
            faults.push(format!(
                "  {lines:?} lines are not {parsed:?} parsed and {skipped} skipped"
            ));
        }
    }
    let lines: u64 = files.filter_map(|file| file["lines"].as_u64()).sum();
    if Some(lines) != input["lines"].as_u64() {
        faults.push(format!(
            "  the files have {lines} lines, the input {}",
            input["lines"]
        ));
    }
    let denials: u64 = ["spikes", "standing"]
        .into_iter()
        .flat_map(|list| analysis[list].as_array().into_iter().flatten())
        .filter_map(|spike| spike["denials"].as_u64())
        .sum();
    if Some(denials) != analysis["totals"]["denials"].as_u64() {
        faults.push(format!(
            "  {denials} denials are told of {}",
            analysis["totals"]["denials"]
        ));
    }
    faults
}

/// All files below a directory, by their path in it.
fn listing(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("below it");
                found.insert(name.display().to_string());
            }
        }
    }
    found
}

fn indented(text: &str) -> String {
    const LONGEST: usize = 1_500;
    let cut: String = text.chars().take(LONGEST).collect();
    cut.lines()
        .map(|line| format!("    | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}
