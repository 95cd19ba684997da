//! What `bench` reports: the types behind `--format json`, schema `forbid-logs.bench/1`.
//!
//! All rates are of the whole log, so that stages can be compared: a stage that reads a tenth of it in
//! a tenth of the time has the same rate as one that reads all. What cannot be told is null.

use super::machine::Machine;
use super::peers::Peer;
use super::round::Lap;
use super::spread::Spread;
use super::stage::{Kind, Stage};
use super::{generate::Generated, limits::Memory};
use crate::findings::{Analysis, Skipped};
use serde::Serialize;

/// Name and version of the schema of these types.
pub const SCHEMA: &str = "forbid-logs.bench/1";

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Name and version of this schema.
    pub schema: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// What it was measured on.
    pub machine: Machine,
    /// What was read.
    pub log: Log,
    /// How it was measured.
    pub method: Method,
    /// One entry per number of threads.
    pub runs: Vec<Run>,
    /// Other programs, with `--peers`.
    pub peers: Vec<Peer>,
    /// What the reader has to know to trust the rest.
    pub warnings: Vec<String>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Log {
    /// How it was made, if it was.
    pub generated: Option<Generated>,
    /// Its files.
    pub files: Vec<LogFile>,
    /// Bytes after decompression.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
    /// Lines that are requests within the filters.
    pub parsed: u64,
    /// Lines that were not counted, by reason.
    pub skipped: Skipped,
    /// Denials.
    pub denials: u64,
    /// Spikes that `analyze` found.
    pub spikes: usize,
}

/// One file of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogFile {
    /// Path as given or found.
    pub path: String,
    /// Name of the format.
    pub format: String,
    /// `gzip`, `zstd`, `bzip2`, `xz` or null.
    pub compression: Option<String>,
    /// Bytes after decompression.
    pub bytes: u64,
}

impl Log {
    /// A log of which nothing was read.
    pub fn none() -> Log {
        Log {
            generated: None,
            files: Vec::new(),
            bytes: 0,
            lines: 0,
            parsed: 0,
            skipped: Skipped::default(),
            denials: 0,
            spikes: 0,
        }
    }

    /// The log that an analysis was of.
    pub fn of(analysis: &Analysis, generated: Option<Generated>) -> Log {
        let files = analysis.input.files.iter().map(|file| LogFile {
            path: file.path.clone(),
            format: file.format.clone(),
            compression: file.compression.clone(),
            bytes: file.bytes,
        });
        Log {
            generated,
            files: files.collect(),
            bytes: analysis.input.files.iter().map(|file| file.bytes).sum(),
            lines: analysis.input.lines,
            parsed: analysis.input.parsed,
            skipped: analysis.input.skipped,
            denials: analysis.totals.denials,
            spikes: analysis.spikes.len(),
        }
    }
}

/// How it was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Method {
    /// Rounds that count.
    pub rounds: usize,
    /// Rounds before them that do not; they bring the log into the system's cache.
    pub warm_up: usize,
    /// Always `median`.
    pub statistic: &'static str,
    /// How files are read: `mmap` or `read`.
    pub input: &'static str,
    /// How peak memory was measured; null where it could not be.
    pub memory: Option<&'static str>,
}

/// The stages with one number of threads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Threads.
    pub threads: usize,
    /// The stages, in their order.
    pub stages: Vec<Measure>,
}

/// The figures of one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// The stage.
    pub stage: Stage,
    /// What it is for.
    pub kind: Kind,
    /// What is done while the clock runs.
    pub does: &'static str,
    /// Seconds over the rounds.
    pub seconds: Spread,
    /// Bytes per second, of the log (of what it reads, for `memory`); null for `open` and `write`.
    pub bytes_per_s: Option<f64>,
    /// Lines per second, of the log; null for `memory`, `open` and `write`.
    pub lines_per_s: Option<f64>,
    /// Its time as a multiple of the time that counting the newlines takes.
    pub times_newlines: Option<f64>,
    /// Its time per byte as a multiple of that of reading memory.
    pub times_memory: Option<f64>,
    /// Most memory resident while it ran, in bytes: the median of the rounds.
    pub peak_memory_bytes: Option<u64>,
}

impl Run {
    /// The figures of the laps of all rounds.
    pub fn of(threads: usize, laps: &[Lap], log: &Log) -> Run {
        let seconds = |stage: Stage| {
            let of_stage: Vec<f64> = laps
                .iter()
                .filter(|lap| lap.stage == stage)
                .map(|lap| lap.seconds)
                .collect();
            Spread::of(&of_stage)
        };
        let newlines_s = seconds(Stage::Newlines).map(|spread| spread.median);
        let memory = seconds(Stage::Memory).map(|spread| spread.median);
        let memory_s_per_byte = memory.map(|s| s / Memory::BYTES as f64);
        let measure = |stage: Stage| {
            let seconds = seconds(stage)?;
            let own_s = Some(seconds.median);
            let is_memory = stage == Stage::Memory;
            let bytes = if is_memory { Memory::BYTES } else { log.bytes };
            let s_per_byte = ratio(own_s, Some(bytes as f64));
            Some(Measure {
                stage,
                kind: stage.kind(),
                does: stage.does(),
                seconds,
                bytes_per_s: ratio(Some(bytes as f64), own_s).filter(|_| stage.depends_on_log()),
                lines_per_s: ratio(Some(log.lines as f64), own_s)
                    .filter(|_| stage.depends_on_log() && !is_memory),
                times_newlines: ratio(own_s, newlines_s).filter(|_| !is_memory),
                times_memory: ratio(s_per_byte, memory_s_per_byte),
                peak_memory_bytes: middle_peak(laps, stage),
            })
        };
        Run {
            threads,
            stages: Stage::ALL.into_iter().filter_map(measure).collect(),
        }
    }

    /// The median time of a stage, in seconds.
    pub fn seconds(&self, stage: Stage) -> Option<f64> {
        let measure = self.stages.iter().find(|measure| measure.stage == stage)?;
        Some(measure.seconds.median)
    }
}

fn middle_peak(laps: &[Lap], stage: Stage) -> Option<u64> {
    let of_stage = laps.iter().filter(|lap| lap.stage == stage);
    let mut peaks = of_stage
        .map(|lap| lap.peak_bytes)
        .collect::<Option<Vec<u64>>>()?;
    peaks.sort_unstable();
    peaks.get(peaks.len() / 2).copied()
}

/// `a / b`, where that is a number.
pub fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a? / b?).filter(|ratio| ratio.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::samples;

    #[test]
    fn rates_and_ratios_follow_from_the_medians() {
        let run = Run::of(2, &samples::laps(), &samples::log());
        let lines = run.stages.iter().find(|m| m.stage == Stage::Lines).unwrap();
        assert_eq!(lines.seconds.median, 0.5);
        assert_eq!(lines.bytes_per_s, Some(400e6));
        assert_eq!(lines.lines_per_s, Some(2e6));
        assert_eq!(lines.times_newlines, Some(5.0));
        assert_eq!(lines.peak_memory_bytes, Some(30 << 20));
        let memory = run
            .stages
            .iter()
            .find(|m| m.stage == Stage::Memory)
            .unwrap();
        assert_eq!(memory.times_memory, Some(1.0));
        assert_eq!((memory.times_newlines, memory.lines_per_s), (None, None));
        assert_eq!(run.seconds(Stage::Analyze), None);
    }

    #[test]
    fn an_empty_log_divides_nothing_by_zero() {
        let log = Log {
            bytes: 0,
            lines: 0,
            ..samples::log()
        };
        let laps: Vec<Lap> = samples::laps()
            .into_iter()
            .map(|lap| Lap {
                seconds: 0.0,
                ..lap
            })
            .collect();
        let run = Run::of(1, &laps, &log);
        assert!(!run.stages.is_empty());
        for measure in run.stages {
            let rates = [
                measure.bytes_per_s,
                measure.times_newlines,
                measure.times_memory,
            ];
            assert!(rates.into_iter().flatten().all(f64::is_finite));
        }
    }

    #[test]
    fn one_round_without_a_peak_leaves_none() {
        let mut laps = samples::laps();
        laps[0].peak_bytes = None;
        let stage = laps[0].stage;
        assert_eq!(middle_peak(&laps, stage), None);
    }
}
