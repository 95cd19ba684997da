//! Writes synthetic logs with known causes: `cargo run --release --example synth -- --list`.

use clap::Parser;
use forbid_logs::synth::{Format, generate, scenarios};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes of an average line of the combined format; --bytes divides by it.
const BYTES_PER_LINE: u64 = 200;

/// Writes access.log, truth.json and labels.tsv of named scenarios to DIR/NAME/.
#[derive(Parser)]
struct Arguments {
    /// Lists the scenarios.
    #[arg(long)]
    list: bool,
    /// A scenario, or `all`.
    #[arg(long, default_value = "all")]
    scenario: String,
    /// Seed; the same seed gives the same bytes on any machine.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Hours of traffic.
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// About how many lines of ordinary traffic.
    #[arg(long, default_value_t = 120_000)]
    lines: u64,
    /// About how many bytes instead, e.g. 500M or 1G.
    #[arg(long, value_parser = size)]
    bytes: Option<u64>,
    /// combined, common, vhost, extended or json.
    #[arg(long, default_value = "combined", value_parser = format)]
    format: Format,
    /// Where to write.
    #[arg(long, default_value = "synthetic")]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.list {
        let mut out = io::stdout().lock();
        for named in scenarios::all() {
            writeln!(out, "{:22} {}", named.name, named.about)?;
        }
        return Ok(());
    }
    let wanted = |name: &str| arguments.scenario == "all" || arguments.scenario == name;
    let names: Vec<&str> = scenarios::all()
        .map(|named| named.name)
        .filter(|name| wanted(name))
        .collect();
    anyhow::ensure!(
        !names.is_empty(),
        "no scenario `{}`; --list shows them",
        arguments.scenario
    );
    for (offset, name) in (0..).zip(names) {
        write(&arguments, name, arguments.seed.wrapping_add(offset))?;
    }
    Ok(())
}

fn write(arguments: &Arguments, name: &str, seed: u64) -> anyhow::Result<()> {
    let lines = arguments
        .bytes
        .map_or(arguments.lines, |bytes| bytes / BYTES_PER_LINE);
    let Some(scenario) = scenarios::build(name, seed, arguments.hours, lines, arguments.format)
    else {
        return Ok(());
    };
    let folder = arguments.out.join(name);
    fs::create_dir_all(&folder)?;
    let truth = generate(&scenario, &mut create(&folder, "access.log")?)?;
    serde_json::to_writer_pretty(create(&folder, "truth.json")?, &truth)?;
    truth.write_labels(&mut create(&folder, "labels.tsv")?)?;
    writeln!(
        io::stderr(),
        "{name}: {} lines, {} denials, {} spikes",
        truth.lines,
        truth.n403,
        truth.spikes.len()
    )?;
    Ok(())
}

fn create(folder: &Path, name: &str) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(
        1 << 20,
        File::create(folder.join(name))?,
    ))
}

fn format(name: &str) -> Result<Format, String> {
    let known = Format::ALL.into_iter().find(|(known, _)| *known == name);
    known.map(|(_, format)| format).ok_or(format!(
        "`{name}` is none of combined, common, vhost, extended, json"
    ))
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let factor = match unit.trim_end_matches("iB").trim_end_matches('B') {
        "" => 1,
        "K" | "k" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(format!("`{text}` is no size; write 500M or 2G")),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("`{text}` is no size; write 500M or 2G"))?;
    number
        .checked_mul(factor)
        .ok_or(format!("`{text}` is too large"))
}
