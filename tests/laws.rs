//! The same log gives the same analysis, however it is cut, spread over threads and files, packed,
//! mapped, read or piped. Only the names of files, their line numbers and the commands may differ.

mod content;
mod running;

use content::compressed;
use forbid_logs::findings::Analysis;
use forbid_logs::format::{self, Detected};
use forbid_logs::gate::Gate;
use forbid_logs::input::Chunk;
use forbid_logs::settings::{FormatSettings, Settings};
use forbid_logs::survey::tally::KeyTable;
use forbid_logs::survey::{Shard, Survey};
use forbid_logs::time::Moment;
use proptest::prelude::*;
use running::{analyze, assert_sums, settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What must not depend on how a log is read.
fn essence(analysis: &Analysis) -> Value {
    without_places(serde_json::to_value(analysis).expect("findings are JSON"))
}

fn without_places(mut analysis: Value) -> Value {
    analysis["input"]["files"] = Value::Null;
    for list in ["spikes", "standing"] {
        for spike in analysis[list].as_array_mut().into_iter().flatten() {
            repeats_nothing(spike);
            for example in spike["examples"].as_array_mut().into_iter().flatten() {
                example["file"] = Value::Null;
                example["line"] = Value::Null;
            }
        }
    }
    analysis
}

/// Takes out the commands, which repeat the arguments as they were typed.
fn repeats_nothing(spike: &mut Value) {
    spike["reproduce"] = Value::Null;
    for evidence in spike["evidence"].as_array_mut().into_iter().flatten() {
        evidence["command"] = Value::Null;
    }
}

/// Requests of an hour, from a seed: regulars, a client that a limit stops, one without permission,
/// a wave of new addresses, stray lines; some lines out of order.
fn log(seed: u64) -> Vec<u8> {
    let mut random = Random(seed | 1);
    let mut lines = Vec::new();
    for second in 0..1_800u64 {
        for _ in 0..random.below(3) {
            let ip = random.below(40);
            let status = if random.below(60) == 0 { 403 } else { 200 };
            let path = match ip {
                0..10 => format!(
                    "/page/{}?api_key=sk_live_00112233445566{ip:02}",
                    random.below(9)
                ),
                10..20 => format!("/shop/{}/buy", word(random.below(600))),
                _ => format!("/item/{}", random.below(9_000)),
            };
            lines.push((second, line(second, ip, &path, status, "Mozilla/5.0")));
        }
        if (600..900).contains(&second) {
            for n in 0..3 {
                let status = if n == 0 { 200 } else { 403 };
                lines.push((
                    second,
                    line(second, 250, "/api/search?q=1", status, "axios/1.6.2"),
                ));
            }
        }
        if (1_200..1_500).contains(&second) && random.below(2) == 0 {
            lines.push((
                second,
                line(
                    second,
                    60 + random.below(150),
                    "/admin/",
                    403,
                    "Mozilla/5.0",
                ),
            ));
        }
        if random.below(50) == 0 {
            lines.push((second, "neither a request nor blank\n\n".to_string()));
        }
    }
    lines.sort_by_cached_key(|(second, _)| second + random.below(3));
    lines
        .into_iter()
        .flat_map(|(_, line)| line.into_bytes())
        .collect()
}

/// Four letters: a name to the rules of routes, so that only their tree can tell that it varies.
fn word(mut number: u64) -> String {
    let mut letters = String::new();
    for _ in 0..4 {
        letters.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    letters
}

fn line(second: u64, ip: u64, path: &str, status: u16, agent: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    let user = if ip % 7 == 3 {
        format!("user{ip}")
    } else {
        "-".to_string()
    };
    format!(
        "203.0.113.{ip} - {user} [10/Mar/2026:09:{minute:02}:{second:02} +0100] \"GET {path} HTTP/1.1\" \
         {status} {} \"https://site{}.example/\" \"{agent}\"\n",
        if status == 403 { 153 } else { 1000 + ip },
        ip % 5
    )
}

/// xorshift64*, so that a seed is the whole story.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// A way to read a log.
#[derive(Debug, Clone)]
struct Way {
    chunk_bytes: usize,
    threads: usize,
    no_mmap: bool,
    compression: Option<&'static str>,
}

impl Way {
    fn analyze(&self, directory: &Path, text: &[u8], since: Option<Moment>) -> Value {
        let path = directory.join("access.log");
        match self.compression {
            Some(compression) => fs::write(&path, compressed(compression, text)),
            None => fs::write(&path, text),
        }
        .expect("a log is written");
        let mut settings = settings(&[path]);
        settings.since = since;
        settings.input.chunk_bytes = self.chunk_bytes;
        settings.input.no_mmap = self.no_mmap;
        settings.threads = self.threads;
        let analysis = analyze(&settings);
        assert_sums(&analysis, &format!("{self:?}"));
        essence(&analysis)
    }
}

fn any_way() -> impl Strategy<Value = Way> {
    let compression = prop_oneof![
        2 => Just(None), 1 => Just(Some("gzip")), 1 => Just(Some("zstd")), 1 => Just(Some("bzip2")), 1 => Just(Some("xz"))
    ];
    // Sizes over all orders of magnitude: a chunk may hold less than a line, or the whole log.
    let chunk_bytes =
        (0u32..=20, 0.5f64..1.0).prop_map(|(bits, part)| ((1u64 << bits) as f64 * part) as usize);
    (chunk_bytes, 1usize..=4, any::<bool>(), compression).prop_map(
        |(chunk_bytes, threads, no_mmap, compression)| Way {
            chunk_bytes: chunk_bytes.max(1),
            threads,
            no_mmap,
            compression,
        },
    )
}

fn plainly() -> Way {
    Way {
        chunk_bytes: 4 << 20,
        threads: 1,
        no_mmap: false,
        compression: None,
    }
}

/// Says where two analyses part, instead of printing both.
fn assert_same(left: &Value, right: &Value, what: &str) {
    if let Some(difference) = difference(left, right, String::new()) {
        panic!("{what}: {difference}");
    }
}

fn difference(left: &Value, right: &Value, at: String) -> Option<String> {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => a
            .iter()
            .find_map(|(key, value)| difference(value, &b[key], format!("{at}/{key}"))),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(n, (a, b))| difference(a, b, format!("{at}/{n}")))
        }
        _ if left == right => None,
        _ => Some(format!("{at} is {left:.300} or {right:.300}")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_way_of_reading_changes_nothing(seed in any::<u64>(), way in any_way(), last_part in any::<bool>()) {
        let directory = tempfile::tempdir().expect("a directory");
        let text = log(seed);
        let since = last_part.then_some(Moment::BeforeEnd(1_500_000));
        let plain = plainly().analyze(directory.path(), &text, since);
        assert_same(&plain, &way.analyze(directory.path(), &text, since), "another way of reading");
    }

    #[test]
    fn a_log_cut_in_two_files_is_the_same_log(seed in any::<u64>(), cut in 0.0f64..=1.0, way in any_way()) {
        let directory = tempfile::tempdir().expect("a directory");
        let text = log(seed);
        let whole = plainly().analyze(directory.path(), &text, None);
        let at = line_end_at(&text, cut);
        fs::write(directory.path().join("access.log.1"), &text[..at]).expect("the older part");
        fs::write(directory.path().join("access.log"), &text[at..]).expect("the newer part");
        let mut settings = settings(&[directory.path()]);
        settings.input.chunk_bytes = way.chunk_bytes;
        settings.threads = way.threads;
        assert_same(&whole, &essence(&analyze(&settings)), "two files");
    }

    #[test]
    fn surveys_merge_in_any_order_and_grouping(seed in any::<u64>(), first in 0.0f64..=1.0, second in 0.0f64..=1.0) {
        let text = log(seed);
        let (first, second) = (first.min(second), first.max(second));
        let (first, second) = (line_end_at(&text, first), line_end_at(&text, second));
        let parts = [&text[..first], &text[first..second], &text[second..]];
        let survey = |n: usize| survey(parts[n], n);
        let whole = canonical(merged([survey(0), survey(1), survey(2)]));
        prop_assert_eq!(&whole, &canonical(merged([survey(2), survey(0), survey(1)])));
        prop_assert_eq!(&whole, &canonical(merged([survey(1), survey(2), survey(0)])));
        let later = merged([survey(1), survey(2)]);
        prop_assert_eq!(&whole, &canonical(merged([survey(0), later])));
        prop_assert_eq!(&whole, &canonical(merged([Survey::default(), survey(0), survey(1), survey(2)])));
    }
}

/// The end of a line at about this share of the text.
fn line_end_at(text: &[u8], share: f64) -> usize {
    let from = (text.len() as f64 * share) as usize;
    text[from..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(text.len(), |at| from + at + 1)
}

#[test]
fn tables_that_fill_their_room_keep_sums_and_who_was_denied() {
    let mut text = String::new();
    for number in 0..30_000u32 {
        let (high, low) = (number >> 8, number & 255);
        let status = if number % 100 == 0 { 403 } else { 200 };
        for (address, status) in [
            (format!("10.0.{high}.{low}"), status),
            ("192.0.2.1".into(), 200),
        ] {
            text += &format!(
                "{address} - - [10/Oct/2026:13:{:02}:{:02} +0000] \"GET /page-{number} HTTP/1.1\" {status} 9 \"-\" \"a\"\n",
                number / 600 % 60,
                number / 10 % 60,
            );
        }
    }
    let end = line_end_at(text.as_bytes(), 0.5);
    let parts = [&text.as_bytes()[..end], &text.as_bytes()[end..]];
    let whole = merged([0, 1].map(|n| survey(parts[n], n)));
    let [first, second] = [0, 1].map(|n| survey_within(1 << 18, parts[n], n));
    let bounded = merged([first, second]);
    let sum = |table: &KeyTable| -> (u64, u64) {
        let tallies = table.tallies.iter();
        tallies.fold((0, 0), |(requests, denials), tally| {
            (requests + tally.requests, denials + tally.denials)
        })
    };
    for ((bounded, what), (whole, _)) in bounded.tables().into_iter().zip(whole.tables()) {
        assert_eq!(sum(bounded), sum(whole), "{what}");
    }
    assert!(bounded.ip.tallies.len() < 20_000 && bounded.ip.pooled > 10_000);
    assert!(bounded.cut.is_made() && !whole.cut.is_made());
    let tally = |survey: &Survey, key: &[u8]| {
        let id = survey.ip.keys.get(key).expect("it is kept");
        survey.ip.tallies[id as usize]
    };
    assert_eq!(tally(&bounded, b"192.0.2.1"), tally(&whole, b"192.0.2.1"));
    let denied = whole.ip.denied().count();
    assert_eq!(bounded.ip.denied().count(), denied);
    let hours = |survey: &Survey| {
        survey
            .denied_hours
            .iter()
            .map(|(_, _, count)| count)
            .sum::<u64>()
    };
    assert_eq!(hours(&bounded), hours(&whole));
}

fn survey(text: &[u8], part: usize) -> Survey {
    survey_within(usize::MAX, text, part)
}

fn survey_within(room: usize, text: &[u8], part: usize) -> Survey {
    let formats: Vec<Option<Detected>> = vec![Some(
        format::detect(
            b"",
            &FormatSettings {
                log_format: Some("ncsa".into()),
                ..Default::default()
            },
        )
        .expect("a format by name"),
    )];
    let gate = Gate::new(&Settings::default(), i64::MAX);
    let mut shard = Shard::new(&formats, &gate, room);
    let middle = line_end_at(text, 0.5);
    for (number, (offset, bytes)) in [(0, &text[..middle]), (middle, &text[middle..])]
        .into_iter()
        .enumerate()
    {
        shard.read(&Chunk {
            source: 0,
            number: 2 * part + number,
            offset: offset as u64,
            bytes,
            directives: b"",
        });
    }
    shard.finish()
}

fn merged<const N: usize>(surveys: [Survey; N]) -> Survey {
    let mut all = Survey::default();
    surveys.into_iter().for_each(|survey| all.merge(survey));
    all
}

/// A survey without the order of its ids and chunks, which mean nothing.
fn canonical(mut survey: Survey) -> Value {
    let table = |table: &KeyTable| -> BTreeMap<String, String> {
        let tally = |id: u32| format!("{:?}", table.tallies[id as usize]);
        table
            .keys
            .iter()
            .map(|(id, key)| (String::from_utf8_lossy(key).into_owned(), tally(id)))
            .collect()
    };
    let routes: BTreeMap<String, String> = survey
        .template
        .keys
        .iter()
        .map(|(_, template)| {
            let mut route = Vec::new();
            survey.routes.canonical(template, &mut route);
            (
                format!("{template:?}"),
                String::from_utf8_lossy(&route).into_owned(),
            )
        })
        .collect();
    for source in &mut survey.sources {
        source.chunks.sort_by_key(|chunk| chunk.number);
    }
    json!({
        "sources": format!("{:?}", survey.sources),
        "timeline": format!("{:?}", survey.timeline.sorted()),
        "ip": table(&survey.ip),
        "user_agent": table(&survey.user_agent),
        "template": table(&survey.template),
        "user": table(&survey.user),
        "token": table(&survey.token),
        "host": table(&survey.host),
        "referer_host": table(&survey.referer_host),
        "routes": routes,
        "total": format!("{:?}", survey.total),
        "neighbours": survey.neighbours,
        "offsets": survey.offsets,
    })
}

#[test]
fn real_logs_are_the_same_in_every_way_of_reading() {
    let directory = tempfile::tempdir().expect("a directory");
    for case in ["nginx-limit-req", "apache-mod-evasive"] {
        let text = labelled(case);
        let plain = plainly().analyze(directory.path(), &text, None);
        for (n, chunk_bytes) in [1, 100, 4_096, 100_000, 1 << 20].into_iter().enumerate() {
            let compression = [None, Some("gzip"), Some("zstd")][n % 3];
            let way = Way {
                chunk_bytes,
                threads: 1 + n % 4,
                no_mmap: n % 2 == 1,
                compression,
            };
            assert_same(
                &plain,
                &way.analyze(directory.path(), &text, None),
                &format!("{case} {way:?}"),
            );
        }
    }
}

#[test]
fn the_order_of_arguments_changes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths: Vec<PathBuf> = ["a.log", "b.log", "c.log.1"]
        .map(|name| directory.path().join(name))
        .to_vec();
    for (seed, path) in paths.iter().enumerate() {
        fs::write(path, log(seed as u64)).expect("a log is written");
    }
    let analysis = |order: [usize; 3]| {
        let mut value =
            serde_json::to_value(analyze(&settings(&order.map(|n| &paths[n])))).expect("JSON");
        for list in ["spikes", "standing"] {
            for spike in value[list].as_array_mut().into_iter().flatten() {
                repeats_nothing(spike);
            }
        }
        value
    };
    let first = analysis([0, 1, 2]);
    for order in [[2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        assert_same(&first, &analysis(order), &format!("{order:?}"));
    }
}

#[test]
fn a_pipe_gives_what_the_file_gives() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("access.log");
    fs::write(&path, labelled("nginx-limit-req")).expect("a log is written");
    let run = |arguments: &[&str], stdin: Stdio| {
        let output = Command::new(env!("CARGO_BIN_EXE_forbid-logs"))
            .args(arguments)
            .args(["--format", "json"])
            .env("XDG_STATE_HOME", directory.path())
            .stdin(stdin)
            .output()
            .expect("the program runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        without_places(serde_json::from_slice(&output.stdout).expect("JSON"))
    };
    let from_file = run(&["analyze", &path.display().to_string()], Stdio::null());
    let mut cat = Command::new("cat")
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("cat runs");
    let from_pipe = run(&["analyze", "-"], cat.stdout.take().expect("a pipe").into());
    cat.wait().expect("cat ends");
    assert_same(&from_file, &from_pipe, "a pipe");
    let redirected = fs::File::open(&path).expect("the log opens");
    assert_same(
        &from_file,
        &run(&["analyze", "-"], redirected.into()),
        "a redirection",
    );
}

/// The log of a labelled case, unpacked.
fn labelled(case: &str) -> Vec<u8> {
    let directory = Path::new("fixtures/labelled").join(case);
    if let Ok(text) = fs::read(directory.join("access.log")) {
        return text;
    }
    let packed =
        fs::File::open(directory.join("access.log.gz")).expect("a labelled case has a log");
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut text)
        .expect("it unpacks");
    text
}
