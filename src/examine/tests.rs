//! Rows come in order and are the same however the log was read, also where not all are kept.

use super::row::{Content, NONE};
use super::*;
use crate::format;
use crate::settings::Settings;
use crate::survey;
use proptest::prelude::*;
use std::fmt::Write as _;
use table::Column;

fn row(time_ms: i64, line: u32) -> Row {
    Row {
        time_ms,
        source: 0,
        line,
        ip: 0,
        user_agent: 0,
        route: 0,
        user: NONE,
        token: NONE,
        host: NONE,
        referer_host: NONE,
        bytes: NONE,
        duration_ms: NONE,
        status: 200,
        stated: 0,
        upstream: 0,
        method: 0,
        content: Content::Plain,
        signs: 0,
        denied: false,
    }
}

proptest! {
    #[test]
    fn rows_come_by_time_and_place_however_they_were_read(
        times in prop::collection::vec(0i64..50, 0..300), jitter in any::<bool>(), cut in 1usize..40,
    ) {
        // Nearly in order, or not at all.
        let time = |at: usize| if jitter { at as i64 + times[at] % 3 } else { times[at] };
        let lines: Vec<Row> = (0..times.len()).map(|at| row(time(at), at as u32)).collect();
        let mut parts = vec![(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
        // Some chunks have no rows.
        let chunks = lines.chunks(cut).flat_map(|chunk| [chunk, &[]]);
        for (number, chunk) in chunks.enumerate() {
            let (blocks, pieces): &mut (Vec<Vec<Row>>, Vec<Piece>) = &mut parts[number / 2 % 2];
            if number % 3 == 0 || blocks.is_empty() {
                blocks.push(Vec::new());
            }
            let block = blocks.len() - 1;
            let start = blocks[block].len();
            blocks[block].extend_from_slice(chunk);
            pieces.push(Piece { source: 0, number, block, rows: start..start + chunk.len() });
        }
        let mut expected = lines;
        expected.sort_by_key(Row::order);
        prop_assert_eq!(in_order(parts), expected);
    }
}

/// Six hours of 200 addresses: in the third, one route is denied to 40 of them; three are denied all
/// the time.
fn log() -> String {
    let mut log = String::new();
    for minute in 0..360 {
        for n in 0..20 {
            let (hour, ip) = (minute / 60, (minute * 7 + n * 13) % 200);
            let path = ["/a", "/b", "/search?q=1", "/c/1"][(minute + n) % 4];
            let denied =
                (path.starts_with("/search") && hour == 2 && ip < 40) || (ip < 3 && n % 2 == 0);
            let status = if denied { 403 } else { 200 };
            let _ = writeln!(
                log,
                "192.0.2.{ip} - - [10/Oct/2000:{hour:02}:{:02}:{:02} +0000] \"GET {path} HTTP/1.1\" {status} 1 \"-\" \"curl/8\"",
                minute % 60,
                n * 3,
            );
            if n == 5 {
                log.push_str("# not a request\r\n");
            }
        }
    }
    log
}

/// What is kept of each row that is kept, and whether rows stand for more than themselves.
fn kept(chunk_bytes: usize, threads: usize, outlined: bool, most_rows: u64) -> (Vec<String>, bool) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), log()).expect("the log is written");
    let mut settings = Settings::default();
    settings.input.logs = vec![file.path().display().to_string()];
    settings.input.chunk_bytes = chunk_bytes;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads");
    pool.install(|| {
        let mut input = Input::open(&settings.input).expect("it opens").input;
        let detected = format::detect(input.sources()[0].head(), &settings.format);
        let formats = [Some(detected.expect("combined"))];
        let gate = Gate::new(&settings, i64::MAX);
        let (mut survey, _) = survey::run(&mut input, &formats, &gate, u64::MAX, &|_| {});
        let outlines = std::mem::take(&mut survey.outlines);
        let outlines = if outlined {
            outlines
        } else {
            Outlines::default()
        };
        let routes = Routes::new(&survey);
        let counted = Counted {
            survey: &survey,
            routes: &routes,
            outlines,
            marked: false,
        };
        let (table, _) = keeping(most_rows, &input, &formats, &gate, counted, &|_| {});
        let text = |column, row: &Row| {
            String::from_utf8_lossy(table.text(column, table.value(column, row))).into_owned()
        };
        let row = |row: &Row| {
            let (ip, route) = (text(Column::Ip, row), text(Column::Route, row));
            format!(
                "{} {} {ip} {route} {} {}",
                row.time_ms,
                row.line,
                row.denied,
                table.weight(row)
            )
        };
        (table.rows.iter().map(row).collect(), table.is_thinned())
    })
}

#[test]
fn what_is_kept_depends_on_nothing_but_the_log() {
    for most_rows in [100_000, 3_000, 1_000, 100] {
        let expected = kept(1 << 20, 1, false, most_rows);
        assert!(!expected.0.is_empty());
        for (chunk_bytes, threads, outlined) in
            [(1 << 20, 1, true), (10_000, 2, true), (999, 3, false)]
        {
            assert_eq!(
                kept(chunk_bytes, threads, outlined, most_rows),
                expected,
                "{most_rows}"
            );
        }
    }
}

#[test]
fn a_large_log_keeps_denials_and_the_hours_of_a_hot_route() {
    let (all, _) = kept(1 << 20, 1, true, 100_000);
    let (some, thinned) = kept(1 << 20, 1, true, 3_000);
    assert!(!thinned && some.len() < all.len());
    let denials = |rows: &[String]| rows.iter().filter(|row| row.contains(" true ")).count();
    assert_eq!(denials(&some), denials(&all));
    let searches = |rows: &[String], hour: i64| {
        let start = (971_136_000 + hour * 3_600) * 1_000;
        let time = |row: &str| row.split(' ').next().and_then(|ms| ms.parse::<i64>().ok());
        let within =
            |row: &&String| time(row).is_some_and(|ms| (start..start + 3_600_000).contains(&ms));
        rows.iter()
            .filter(|row| row.contains(" /search "))
            .filter(within)
            .count()
    };
    assert_eq!(searches(&some, 2), 300);
    assert_eq!(searches(&some, 1), searches(&all, 1));
    assert!(searches(&some, 5) < searches(&all, 5));
}

#[test]
fn an_attack_is_thinned_and_every_row_says_what_it_stands_for() {
    let (all, _) = kept(1 << 20, 1, true, 100_000);
    let (some, thinned) = kept(1 << 20, 1, true, 100);
    assert!(thinned && some.len() < all.len() / 4);
}
