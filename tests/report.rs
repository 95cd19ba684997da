//! `report` under everything that happens to logs and to runs: appends, rotation by rename and by copy,
//! compression, and death at any instant. In the end every line is counted once.
//!
//! `FORBID_LOGS_KILLS=2000 cargo test --test report -- killed` is the long form.

mod logs;
mod running;

use forbid_logs::format::{self, Line, Visitor};
use forbid_logs::record::{Record, Reject};
use forbid_logs::settings::FormatSettings;
use logs::{Logs, Random};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

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
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
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
    fn run(&self, logs: &[&str]) -> Output {
        let arguments = [logs, &["--state", "state"]].concat();
        self.command(&arguments).output().expect("it runs")
    }

    /// As `run`, where all is well and nothing is to be said.
    fn run_well(&self, logs: &[&str]) {
        let output = self.run(logs);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
        assert_eq!(output.stdout, b"");
        self.check_current();
    }

    fn spawn(&self, logs: &[&str]) -> Child {
        let arguments = [logs, &["--state", "state"]].concat();
        self.command(&arguments).spawn().expect("it runs")
    }

    /// A table of the current set, row by row.
    fn table(&self, name: &str) -> Vec<csv::StringRecord> {
        rows(&self.path("out").join(name))
    }

    /// Lines and denials by run and source, as whoever keys on them adds them up.
    fn summed(&self) -> BTreeMap<String, (u64, u64)> {
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
    fn check_current(&self) {
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

fn rows(path: &Path) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader.records().map(|row| row.expect("a row")).collect()
}

/// What was written is what was counted.
fn assert_counted(place: &Place, logs: &[&Logs]) {
    let written: BTreeMap<String, (u64, u64)> = logs
        .iter()
        .map(|log| (log.name.clone(), (log.lines, log.denials)))
        .collect();
    assert_eq!(place.summed(), written);
}

#[test]
fn appends_are_counted_once() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for lines in [100, 0, 1, 500, 0] {
        log.append(lines);
        place.run_well(&["a.log"]);
        assert_counted(&place, &[&log]);
    }
    assert_eq!(place.table("summary.csv").len(), 5);
}

#[test]
fn an_empty_log_gives_a_row() {
    let place = Place::new();
    fs::write(place.path("a.log"), "").unwrap();
    place.run_well(&["a.log"]);
    let output = place.command(&["a.log"]).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "the sets are those of a state"
    );
    let summary = place.table("summary.csv");
    assert_eq!(
        summary
            .iter()
            .map(|row| row[6].to_owned())
            .collect::<Vec<_>>(),
        ["0"]
    );
}

#[test]
fn without_a_state_all_is_run_1_again() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for _ in 0..3 {
        log.append(50);
        let output = place.command(&["a.log"]).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
        place.check_current();
        assert_counted(&place, &[&log]);
        assert_eq!(&place.table("summary.csv")[0][1], "1");
    }
}

#[test]
fn half_a_line_waits_for_its_end() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    log.append_raw(b"203.0.113.7 - - [10/Mar/2026:00:01");
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
    log.append_raw(b":00 +0000] \"GET /half HTTP/1.1\" 403 5 \"-\" \"curl/8\"\n");
    (log.lines, log.denials) = (log.lines + 1, log.denials + 1);
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
    // Of a file that was rotated and stays as it is, the end is what there is.
    log.append_raw(b"203.0.113.7 - - [10/Mar/2026:00:02:00 +0000] \"GET /last HTTP/1.1\" 403 5 \"-\" \"curl/8\"");
    log.rename();
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
    (log.lines, log.denials) = (log.lines + 1, log.denials + 1);
    place.run_well(&["a.log"]);
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
}

#[test]
fn rotation_between_runs_loses_nothing() {
    for compress in [false, true] {
        for by_copy in [false, true] {
            let place = Place::new();
            let mut log = Logs::new(place.path("a.log"));
            // Rotated before the first run: older than what it was asked for.
            fs::write(place.path("a.log.1"), "what came before\n").unwrap();
            log.rotated = 1;
            for round in 0..6 {
                log.append(40 + round);
                if round % 2 == 0 {
                    place.run_well(&["a.log"]);
                    log.append(7);
                }
                // Twice in a row at times, so that a whole file comes and goes between two runs.
                for _ in 0..=round % 3 {
                    match by_copy {
                        true => log.copy_and_truncate(),
                        false => log.rename(),
                    }
                    log.append(3);
                    if compress {
                        log.compress_rotated();
                    }
                }
                place.run_well(&["a.log"]);
                assert_counted(&place, &[&log]);
            }
        }
    }
}

#[test]
fn a_copy_and_an_archive_under_way_are_left_for_later() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(100);
    place.run_well(&["a.log"]);
    log.append(20);
    let text = fs::read(place.path("a.log")).unwrap();
    for part in [100, text.len() / 2, text.len()] {
        fs::write(place.path("a.log.1"), &text[..part]).unwrap();
        place.run_well(&["a.log"]);
        assert_counted(&place, &[&log]);
    }
    fs::write(place.path("a.log"), "").unwrap();
    log.rotated = 1;
    log.append(5);
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
    let packed = log.packed("a.log.1");
    for part in [0, 5, packed.len() / 2, packed.len()] {
        fs::write(place.path("a.log.1.gz"), &packed[..part]).unwrap();
        place.run_well(&["a.log"]);
        assert_counted(&place, &[&log]);
    }
    fs::remove_file(place.path("a.log.1")).unwrap();
    log.append(5);
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
}

#[test]
fn dated_names_and_directories_are_followed() {
    let place = Place::new();
    fs::create_dir(place.path("logs")).unwrap();
    let mut log = Logs::new(place.path("logs/access.log"));
    log.name = "logs".to_owned();
    for day in 1..5 {
        log.append(30);
        place.run_well(&["logs"]);
        log.append(4);
        let name = format!("logs/access.log-2026030{day}");
        fs::rename(place.path("logs/access.log"), place.path(&name)).unwrap();
        log.append(2);
        place.run_well(&["logs"]);
        assert_counted(&place, &[&log]);
    }
}

#[test]
fn what_is_lost_is_told() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(100);
    place.run_well(&["a.log"]);
    // Beside the old one first, so that it has another inode.
    fs::write(place.path("b.log"), "").unwrap();
    fs::rename(place.path("b.log"), place.path("a.log")).unwrap();
    log.append(10);
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said.contains("a.log: the file that was read before is gone"),
        "{said}"
    );
    assert_counted(&place, &[&log]);
    fs::write(place.path("a.log"), "").unwrap();
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains("a.log: the file was truncated"), "{said}");
    place.run_well(&["a.log"]);
}

#[test]
fn a_clock_that_goes_back_is_no_matter() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for back_s in [0, 7200, 86_400 * 9, -3600] {
        log.append(200);
        place.run_well(&["a.log"]);
        log.seconds -= back_s;
    }
    log.append(200);
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
}

#[test]
fn a_state_that_is_lost_or_damaged_is_found_in_the_published_set() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    for damage in [
        None,
        Some("{\"version\":1,"),
        Some(""),
        Some("\0\u{ff}"),
        None,
    ] {
        log.append(60);
        place.run_well(&["a.log"]);
        log.append(5);
        match damage {
            None => fs::remove_file(place.path("state")).unwrap(),
            Some(text) => fs::write(place.path("state"), text).unwrap(),
        }
        let output = place.run(&["a.log"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains("going on from the copy in the set of run"),
            "{said}"
        );
        assert_counted(&place, &[&log]);
    }
    assert_eq!(place.table("summary.csv").len(), 10);
}

#[test]
fn an_old_state_beside_newer_sets_is_not_gone_on_from() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    place.run_well(&["a.log"]);
    let old = fs::read(place.path("state")).unwrap();
    for _ in 0..3 {
        log.append(10);
        place.run_well(&["a.log"]);
    }
    fs::write(place.path("state"), old).unwrap();
    log.append(10);
    let output = place.run(&["a.log"]);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is of run 1, and run 4 is published")
    );
    assert_counted(&place, &[&log]);
}

#[test]
fn a_newer_state_is_refused() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    fs::write(place.path("state"), "{\"version\": 9, \"what\": []}").unwrap();
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("has version 9") && said.contains("newer forbid-logs"),
        "{said}"
    );
    assert!(!place.path("out/current").exists());
    assert!(
        fs::read_to_string(place.path("state"))
            .unwrap()
            .contains("what")
    );
}

#[test]
fn a_second_run_says_who_is_at_work() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(10);
    let lock = fs::File::create(place.path("state.lock")).unwrap();
    fs::write(
        place.path("state.lock"),
        "process 4711, since 2026-03-10T00:00:00Z\n",
    )
    .unwrap();
    lock.lock().unwrap();
    let output = place.run(&["a.log"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("the state state is held by another run (process 4711"),
        "{said}"
    );
    assert!(!place.path("out/current").exists());
    lock.unlock().unwrap();
    place.run_well(&["a.log"]);
}

#[test]
fn a_disk_that_is_full_leaves_the_run_for_later() {
    let place = Place::new();
    let mut log = Logs::new(place.path("a.log"));
    log.append(300);
    place.run_well(&["a.log"]);
    log.append(6000);
    // A limit on the size of files fails writes as a full disk does, and no signal ends the run.
    let tool = env!("CARGO_BIN_EXE_forbid-logs");
    let script = format!(
        "trap '' XFSZ; ulimit -f 1; exec {tool} report a.log --out out --state state --threads 1"
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(place.0.path())
        .env("XDG_STATE_HOME", place.path("xdg"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot write"), "{said}");
    place.check_current();
    place.run_well(&["a.log"]);
    assert_counted(&place, &[&log]);
    assert_eq!(place.table("summary.csv").len(), 2);
}

/// The times of the requests of a log, by line.
#[derive(Default)]
struct Times(BTreeMap<u32, i64>);

impl Visitor for Times {
    fn record(&mut self, line: Line<'_>, record: &Record<'_>, _format: usize) {
        self.0.insert(line.number, record.time_ms);
    }

    fn skipped(&mut self, _line: Line<'_>, _why: Reject) {}
}

/// The lines of a log, cut wherever five minutes are over by its own clock.
fn in_five_minutes(text: &[u8]) -> Vec<Vec<u8>> {
    let format = format::detect(text, &FormatSettings::default()).expect("a known format");
    let mut times = Times::default();
    format.visit(text, &mut times);
    let mut pieces = vec![Vec::new()];
    let mut latest = i64::MIN;
    for (number, line) in (0..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        let now = times
            .0
            .get(&number)
            .map_or(latest, |ms| ms.div_euclid(300_000));
        if now > latest && latest > i64::MIN {
            pieces.push(Vec::new());
        }
        latest = latest.max(now);
        pieces.last_mut().unwrap().extend_from_slice(line);
    }
    pieces
}

#[test]
fn runs_of_five_minutes_name_the_causes_of_the_day() {
    for (case, log) in [
        ("nginx-limit-req", "access.log"),
        ("nginx-permission-role-and-plan", "access.log.gz"),
        ("nginx-steady-without-spike", "access.log.gz"),
        ("haproxy-stick-table-rate", "access.log.gz"),
        ("caddy-forward-auth-expired-token-and-plan", "access.log.gz"),
    ] {
        let path = Path::new("fixtures/labelled").join(case).join(log);
        let day = running::analyze(&running::settings(&[&path]));
        let bytes = fs::read(&path).unwrap();
        let text = match log.ends_with(".gz") {
            true => logs::unpacked(&bytes),
            false => bytes,
        };
        let place = Place::new();
        let mut log = Logs::new(place.path("a.log"));
        let mut denials: BTreeMap<(String, String), u64> = BTreeMap::new();
        for piece in in_five_minutes(&text) {
            log.append_raw(&piece);
            place.run_well(&["a.log"]);
            for row in place.table("spikes.csv") {
                let named = (row[3].to_owned(), row[13].to_owned());
                *denials.entry(named).or_default() += row[8].parse::<u64>().unwrap();
            }
        }
        let told: Vec<_> = day
            .spikes
            .iter()
            .map(|s| (s.cause.name(), s.denials))
            .collect();
        assert_eq!(
            denials.len(),
            told.len(),
            "{case}: {denials:?} for {told:?}"
        );
        for (cause, of_day) in told {
            let near = |of_runs: u64| of_runs.abs_diff(of_day) * 20 <= of_day;
            let found = denials.iter().any(|((_, c), n)| c == cause && near(*n));
            assert!(found, "{case}: {cause} with {of_day} in {denials:?}");
        }
        let counted = place.summed()["a.log"];
        assert_eq!(counted, (day.input.lines, day.totals.denials), "{case}");
    }
}

#[test]
fn killed_at_any_instant_every_line_is_counted_once() {
    let kills = std::env::var("FORBID_LOGS_KILLS");
    let kills: u32 = kills.ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let seed = std::env::var("FORBID_LOGS_SEED");
    let seed: u64 = seed.ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let place = Place::new();
    let mut random = Random::new(seed);
    let mut logs = [
        Logs::new(place.path("a.log")),
        Logs::new(place.path("b.log")),
    ];
    logs.iter_mut().for_each(|log| log.append(200));
    let mut longest = Duration::from_millis(20);
    let mut killed = 0;
    while killed < kills {
        let log = &mut logs[random.below(2) as usize];
        log.something(&mut random);
        let started = std::time::Instant::now();
        let mut run = place.spawn(&["a.log", "b.log"]);
        let deadline = longest.mul_f64(random.below(1200) as f64 / 1000.0);
        // Something happens to the logs while the run is at work, too.
        std::thread::sleep(deadline / 2);
        log.something(&mut random);
        std::thread::sleep(deadline.saturating_sub(started.elapsed()));
        run.kill().expect("it can be killed");
        let status = run.wait().expect("it ends");
        match status.code() {
            // Of a file that is copied and truncated between its look and its reading it says so.
            Some(code) => assert!(code == 0, "exit {code}, seed {seed}: {}", said(run)),
            None => killed += 1,
        }
        longest = match status.code() {
            Some(_) => longest.mul_f64(0.98).max(Duration::from_millis(5)),
            None => longest.mul_f64(1.01),
        };
        place.check_current();
    }
    logs.iter_mut().for_each(|log| log.append(1));
    let output = place.run(&["a.log", "b.log"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    place.check_current();
    assert_counted(&place, &[&logs[0], &logs[1]]);
    println!(
        "{killed} kills, {} runs committed, {} lines, {} rotations",
        place.table("summary.csv").len() / 2,
        logs.iter().map(|log| log.lines).sum::<u64>(),
        logs.iter().map(|log| log.rotated).sum::<u32>(),
    );
}

fn said(run: Child) -> String {
    let mut said = String::new();
    if let Some(mut stderr) = run.stderr {
        let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
    }
    said
}
