//! Death at any instant, while logs are written, rotated and packed.
//!
//! `FORBID_LOGS_KILLS=2000 cargo test --test report -- killed` is the long form; `FORBID_LOGS_SEED` gives
//! another sequence of what happens.

use super::logs::{Logs, Random};
use super::place::{Place, assert_counted};
use std::process::Child;
use std::time::Duration;

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
        happens(log, &place, &mut random);
        let started = std::time::Instant::now();
        let mut run = place.spawn(&["a.log", "b.log"]);
        let deadline = longest.mul_f64(random.below(1200) as f64 / 1000.0);
        // Something happens to the logs while the run is at work, too.
        std::thread::sleep(deadline / 2);
        happens(log, &place, &mut random);
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

/// Something happens to a log. What is rotated before a run has met it would not be its own.
fn happens(log: &mut Logs, place: &Place, random: &mut Random) {
    match place.path("state").exists() {
        true => log.something(random),
        false => log.append(5),
    }
}

fn said(run: Child) -> String {
    let mut said = String::new();
    if let Some(mut stderr) = run.stderr {
        let _ = std::io::Read::read_to_string(&mut stderr, &mut said);
    }
    said
}
