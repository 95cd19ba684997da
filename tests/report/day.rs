//! A day in runs of five minutes names the causes that one analysis of the day names.

use super::logs::{self, Logs};
use super::place::Place;
use super::running;
use forbid_logs::format::{self, Line, Visitor};
use forbid_logs::record::{Record, Reject};
use forbid_logs::settings::FormatSettings;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

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
