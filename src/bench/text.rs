//! The report for people: a table per number of threads, the other programs, and what each row is.

use super::report::{Log, Measure, Report, Run};
use super::stage::{Kind, Stage};
use super::{Spread, peers::Peer};
use crate::escape;
use crate::output::text::number::{bytes, counted, duration as span, thousands};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = header(report);
    for run in &report.runs {
        lines.push(String::new());
        lines.extend(table(run));
    }
    if !report.peers.is_empty() {
        lines.push(String::new());
        lines.extend(peers(&report.peers));
    }
    lines.push(String::new());
    lines.extend(legend());
    if !report.warnings.is_empty() {
        lines.push(String::new());
        lines.extend(
            report
                .warnings
                .iter()
                .map(|warning| format!("note: {warning}")),
        );
    }
    for line in lines {
        // Paths, models and versions are foreign text.
        writeln!(out, "{}", escape::terminal(line.trim_end()))?;
    }
    Ok(())
}

fn header(report: &Report) -> Vec<String> {
    let machine = &report.machine;
    let mut on = vec![counted(machine.cores as u64, "core", "cores")];
    on.splice(0..0, machine.cpu.clone());
    on.extend(
        machine
            .memory_bytes
            .map(|size| format!("{} of memory", bytes(size))),
    );
    on.push(machine.system.clone());
    let method = &report.method;
    let how = format!(
        "medians of {}, {} before to warm up; input by {}",
        counted(method.rounds as u64, "round", "rounds"),
        method.warm_up,
        method.input
    );
    let mut lines = vec![format!("machine   {}", on.join(", "))];
    lines.extend(log(&report.log));
    lines.push(format!("measured  {how}"));
    lines
}

fn log(log: &Log) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &log.files {
        let packed = file.compression.as_ref();
        let packed = packed.map_or(String::new(), |packed| format!(", {packed}"));
        let path = escape::terminal(&file.path);
        lines.push(format!("log       {path}  {}{packed}", file.format));
    }
    lines.push(format!(
        "          {}, {}, {}, {} found",
        bytes(log.bytes),
        counted(log.lines, "line", "lines"),
        counted(log.denials, "denial", "denials"),
        counted(log.spikes as u64, "spike", "spikes"),
    ));
    if let Some(made) = &log.generated {
        lines.push(format!(
            "          made by seed {}: {} of {}, {} of {}, {}",
            made.seed,
            span((made.hours * 3600.0) as u64),
            made.scenario,
            counted(made.spikes as u64, "spike", "spikes"),
            counted(made.denials.len() as u64, "cause", "causes"),
            counted(made.hostile_lines, "hostile line", "hostile lines"),
        ));
    }
    lines
}

fn table(run: &Run) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<12} {:>9} {:>7} {:>10} {:>9} {:>10} {:>8} {:>9}",
        counted(run.threads as u64, "thread", "threads"),
        "time",
        "spread",
        "per second",
        "lines/s",
        "x newlines",
        "x memory",
        "peak"
    )];
    lines.extend(run.stages.iter().map(row));
    lines
}

fn row(measure: &Measure) -> String {
    let indent = match measure.stage.kind() {
        Kind::Part => "  ",
        _ => "",
    };
    let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| bytes(rate as u64));
    format!(
        "{:<12} {:>9} {:>7} {:>10} {:>9} {:>10} {:>8} {:>9}",
        format!("{indent}{}", measure.stage.name()),
        duration(measure.seconds.median),
        width(&measure.seconds),
        rate(measure.bytes_per_s),
        measure.lines_per_s.map_or("-".to_owned(), many),
        times(measure.times_newlines),
        times(measure.times_memory),
        measure.peak_memory_bytes.map_or("-".to_owned(), bytes),
    )
}

fn peers(peers: &[Peer]) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<12} {:>9} {:>7} {:>10} {:>10}",
        "others", "time", "spread", "x newlines", "analyze is"
    )];
    for peer in peers {
        match (&peer.seconds, &peer.failed) {
            (Some(seconds), _) => lines.push(format!(
                "{:<12} {:>9} {:>7} {:>10} {:>10}",
                peer.name,
                duration(seconds.median),
                width(seconds),
                times(peer.times_newlines),
                peer.analyze_takes_times
                    .map_or("-".to_owned(), |times| format!("{} x", scaled(times))),
            )),
            (None, failed) => {
                let why = failed.as_deref().unwrap_or("did not run");
                lines.push(format!("{:<12} {why}", peer.name));
            }
        }
    }
    for peer in peers {
        lines.push(format!("  {}: {} ({})", peer.name, peer.does, peer.version));
    }
    lines
}

fn legend() -> Vec<String> {
    let mut lines: Vec<String> = Stage::ALL
        .into_iter()
        .map(|stage| format!("{:<9} {}", stage.name(), stage.does()))
        .collect();
    lines.push(
        "Rates are of the whole log. spread: slowest less fastest round, of the median. peak: most\n\
         memory resident meanwhile, with the program itself and what earlier stages left to reuse."
            .to_owned(),
    );
    lines
        .iter()
        .flat_map(|line| line.lines().map(str::to_owned))
        .collect()
}

/// Seconds as `1.23 s`, `45.6 ms` or `789 us`.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{} s", scaled(s)),
        s if s >= 1e-3 => format!("{} ms", scaled(s * 1e3)),
        s => format!("{:.0} us", s * 1e6),
    }
}

/// Three digits that count.
fn scaled(number: f64) -> String {
    match number {
        n if n >= 100.0 => thousands(n.round() as u64),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or("-".to_owned(), scaled)
}

fn width(spread: &Spread) -> String {
    let width = spread.width();
    width.map_or("-".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// Counts as `1.23 M`.
fn many(count: f64) -> String {
    let mut text = String::new();
    let (number, unit) = match count {
        n if n >= 1e9 => (n / 1e9, " G"),
        n if n >= 1e6 => (n / 1e6, " M"),
        n if n >= 1e3 => (n / 1e3, " k"),
        n => (n, ""),
    };
    let _ = write!(text, "{}{unit}", scaled(number));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::samples;

    #[test]
    fn figures_have_three_digits() {
        let shown = [12.345, 1.2345, 0.0456, 0.000_789].map(duration);
        assert_eq!(shown, ["12.3 s", "1.23 s", "45.6 ms", "789 us"]);
        assert_eq!(many(2e6), "2.00 M");
        assert_eq!(many(12.0), "12.0");
        assert_eq!(scaled(1234.5), "1,235");
        assert_eq!(times(None), "-");
    }

    #[test]
    fn a_row_shows_time_rate_and_ratio() {
        let run = Run::of(2, &samples::laps(), &samples::log());
        let lines = table(&run);
        assert!(lines[0].starts_with("2 threads"));
        let row = lines.iter().find(|line| line.starts_with("lines")).unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(
            words[..10],
            [
                "lines", "500", "ms", "40", "%", "400.0", "MB", "2.00", "M", "5.00"
            ]
        );
    }

    #[test]
    fn names_of_files_cannot_steer_the_terminal() {
        let mut log = samples::log();
        log.files[0].path = "\x1b[2J.log".to_owned();
        let text = super::log(&log).join("\n");
        assert!(
            text.contains(r"\x1b[2J.log") && !text.contains('\x1b'),
            "{text}"
        );
    }
}
