//! Whatever stands in a log, nothing panics, every line is counted, and no byte of it gets out raw.

mod content;
mod running;

use content::{compressed, is_hazard};
use forbid_logs::analysis::AnalysisError;
use forbid_logs::findings::Analysis;
use forbid_logs::output::{self, Context, Format};
use forbid_logs::settings::FormatSettings;
use proptest::prelude::*;
use proptest::sample::Index;
use running::{assert_sums, settings, try_analyze};
use std::fs;
use std::path::{Path, PathBuf};

/// One thing that is done to a line.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    CutFront(Index),
    Insert(Index, Vec<u8>),
    /// Replaces a run of digits.
    Number(Index, String),
    /// Doubles a part.
    Double(Index, Index),
    /// Swaps two bytes, such as a quote and a space.
    Swap(Index, Index),
}

impl Damage {
    fn to(&self, line: &mut Vec<u8>) {
        if line.is_empty() {
            return;
        }
        let length = line.len();
        match self {
            Damage::Flip(at, bits) => line[at.index(length)] ^= bits,
            Damage::Cut(at) => line.truncate(at.index(length)),
            Damage::CutFront(at) => drop(line.drain(..at.index(length))),
            Damage::Insert(at, bytes) => {
                let at = at.index(length);
                line.splice(at..at, bytes.iter().copied());
            }
            Damage::Number(at, number) => {
                let from = at.index(length);
                let Some(start) = (from..length).find(|n| line[*n].is_ascii_digit()) else {
                    return;
                };
                let end = (start..length)
                    .find(|n| !line[*n].is_ascii_digit())
                    .unwrap_or(length);
                line.splice(start..end, number.bytes());
            }
            Damage::Double(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let part = line[from.min(to)..from.max(to)].to_vec();
                line.splice(from.min(to)..from.min(to), part);
            }
            Damage::Swap(one, other) => line.swap(one.index(length), other.index(length)),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let numbers = [
        "0",
        "00000000000000000000",
        "4294967296",
        "9223372036854775807",
        "18446744073709551616",
        "99999999999999999999999999999999999999999",
        "1e400",
        "-9",
        "253402300800",
        "4030",
        "60",
    ];
    let bytes = prop_oneof![
        Just(vec![0]),
        Just(b"\x1b[31m".to_vec()),
        Just("\u{202e}\u{feff}".as_bytes().to_vec()),
        Just(b"\xff\xc3\xed\xa0\x80".to_vec()),
        Just(b"\"\\\"".to_vec()),
        Just(b"%00%ff%".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        prop::collection::vec(any::<u8>(), 1..9),
        Just(vec![b'a'; 70_000]),
    ];
    let at = any::<Index>;
    prop_oneof![
        (at(), 1u8..=255).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        at().prop_map(Damage::Cut),
        at().prop_map(Damage::CutFront),
        (at(), bytes).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (at(), prop::sample::select(numbers.to_vec()))
            .prop_map(|(at, n)| Damage::Number(at, n.to_string())),
        (at(), at()).prop_map(|(from, to)| Damage::Double(from, to)),
        (at(), at()).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

/// Lines of real formats, most of one log of one format, and most of them whole.
fn damaged_log() -> impl Strategy<Value = Vec<u8>> {
    let line = (
        any::<Index>(),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(damage(), 1..4)],
    );
    let log = prop::sample::select(samples());
    (log, prop::collection::vec(line, 1..60), any::<bool>()).prop_map(|(sample, lines, ends)| {
        let sample = fs::read(sample).expect("a sample is read");
        let sample: Vec<&[u8]> = sample.split(|byte| *byte == b'\n').collect();
        let mut log = Vec::new();
        for (at, damages) in &lines {
            let mut line = at.get(&sample).to_vec();
            damages.iter().for_each(|damage| damage.to(&mut line));
            log.extend(line);
            log.push(b'\n');
        }
        if !ends {
            log.pop();
        }
        log
    })
}

fn samples() -> Vec<PathBuf> {
    let formats = fs::read_dir("fixtures/formats").expect("there are formats");
    let mut samples: Vec<PathBuf> = formats
        .map(|entry| entry.expect("an entry").path().join("sample.log"))
        .collect();
    let hostile = fs::read_dir("fixtures/hostile").expect("there are hostile logs");
    samples.extend(
        hostile
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|e| e == "log")),
    );
    samples.sort();
    samples
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_lines_are_counted_and_never_shown_raw(log in damaged_log(), threads in 1usize..=2) {
        let file = tempfile::Builder::new().suffix(".log").tempfile().expect("a file");
        fs::write(file.path(), &log).expect("a log is written");
        check(file.path(), &log, threads, &FormatSettings::default());
    }

    #[test]
    fn any_bytes_at_all_are_survived(log in prop::collection::vec(any::<u8>(), 0..3_000)) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), &log).expect("a log is written");
        check(file.path(), &log, 1, &FormatSettings::default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn damaged_archives_are_read_as_far_as_they_go(
        compression in prop::sample::select(vec!["gzip", "zstd", "bzip2", "xz"]),
        damages in prop::collection::vec(damage(), 1..3),
        times in 1usize..200,
    ) {
        let text = fs::read("fixtures/formats/mixed/sample.log").expect("a sample is read").repeat(times);
        let mut packed = compressed(compression, &text);
        damages.iter().for_each(|damage| damage.to(&mut packed));
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), &packed).expect("a log is written");
        match try_analyze(&settings(&[file.path()])) {
            Ok(outcome) => assert_sums(&outcome.analysis, compression),
            Err(AnalysisError::UnknownFormat(_) | AnalysisError::Input(_)) => {}
            Err(error) => panic!("{compression}: {error}"),
        }
    }
}

#[test]
fn every_fixture_adds_up() {
    for path in samples() {
        let bytes = fs::read(&path).expect("a fixture is read");
        let settings = fs::read_to_string(path.with_file_name("settings.json"));
        let settings: serde_json::Value = settings.map_or(serde_json::Value::Null, |text| {
            serde_json::from_str(&text).expect("settings are JSON")
        });
        let format = FormatSettings {
            log_format: settings["log_format"].as_str().map(String::from),
            ..FormatSettings::default()
        };
        check(&path, &bytes, 2, &format);
    }
}

fn check(path: &Path, log: &[u8], threads: usize, format: &FormatSettings) {
    let mut settings = settings(&[path]);
    settings.threads = threads;
    settings.format = format.clone();
    match try_analyze(&settings) {
        Ok(outcome) => {
            // Damage may make a first line look compressed; what then cannot be read is a trouble.
            if outcome.troubles.is_empty() {
                let (lines, least) = (outcome.analysis.input.lines, lines_in(log));
                // Each element of an array on one line counts as a line.
                let fits = lines == least || lines > least && may_hold_several(log);
                assert!(fits, "{lines} for {least} lines of {}", path.display());
            }
            assert_sums(&outcome.analysis, &path.display().to_string());
            assert_shown_safely(&outcome.analysis);
        }
        Err(AnalysisError::UnknownFormat(_) | AnalysisError::Input(_)) => {}
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Whether a line begins as those do that hold several records, or objects stand side by side.
fn may_hold_several(log: &[u8]) -> bool {
    const HEADS: [&[u8]; 7] = [
        b"[{", b"[ ", b"{ ", b"{\"rec", b"{\"Rec", b"{\"val", b"{\"mes",
    ];
    let log = log.strip_prefix(b"\xef\xbb\xbf").unwrap_or(log);
    let is_side_by_side = log.windows(2).any(|pair| pair == b"}{");
    is_side_by_side
        || log
            .split(|byte| *byte == b'\n')
            .any(|line| HEADS.iter().any(|head| line.starts_with(head)))
}

/// Newlines, and a last line without one.
fn lines_in(log: &[u8]) -> u64 {
    let newlines = log.iter().filter(|byte| **byte == b'\n').count() as u64;
    newlines + u64::from(log.last().is_some_and(|byte| *byte != b'\n'))
}

fn assert_shown_safely(analysis: &Analysis) {
    let context = Context {
        verbose: true,
        ..Context::default()
    };
    for format in Format::all() {
        let mut shown = Vec::new();
        output::render(format, analysis, &context, &mut shown).expect("memory takes all");
        let text = String::from_utf8(shown)
            .expect("outputs are UTF-8")
            .replace("\r\n", "\n");
        let raw = text.chars().find(|c| *c != '\n' && is_hazard(*c));
        assert_eq!(raw, None, "{} shows it raw", format.name());
        if format.name() == "json" {
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON output is JSON");
        }
    }
}
