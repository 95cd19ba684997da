//! Rotation between runs, and half-done ones.

use super::logs::Logs;
use super::place::{Place, assert_counted};
use std::fs;

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
