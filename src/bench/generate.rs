//! The log that `bench` makes when it is given none: days of traffic with every cause in it.

use crate::synth::{Format, generate, scenarios};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

/// The scenario: many causes over days, some at once, and hostile lines among the others.
pub const SCENARIO: &str = "mixed-days";

/// From this size on the log spans days; smaller ones span less, or spikes would be all of it.
const SIZE_OF_DAYS: u64 = 256 << 20;
/// Hours that it spans then.
const MOST_HOURS: f64 = 72.0;
const LEAST_HOURS: f64 = 0.5;
/// What crawlers, monitors and the spikes of the scenario write, however long and busy the log is.
const BYTES_OF_SPIKES_PER_HOUR: f64 = 350e3;
/// An average line of the ordinary traffic.
const BYTES_PER_LINE: f64 = 190.0;

/// How a log was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generated {
    /// Seed; the same seed and size give the same bytes on any machine.
    pub seed: u64,
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Hours that it spans.
    pub hours: f64,
    /// Hostile lines.
    pub hostile_lines: u64,
    /// Spikes that are in it.
    pub spikes: usize,
    /// Denials by their true cause.
    pub denials: BTreeMap<&'static str, u64>,
}

/// Writes a log of about `size` bytes; `progress` gets the bytes as they are written.
///
/// # Errors
/// Those of `out`.
pub fn write(
    seed: u64,
    size: u64,
    out: impl Write,
    progress: &dyn Fn(u64),
) -> io::Result<Generated> {
    let hours = (size as f64 / SIZE_OF_DAYS as f64 * MOST_HOURS).clamp(LEAST_HOURS, MOST_HOURS);
    let ordinary = (size as f64 - hours * BYTES_OF_SPIKES_PER_HOUR).max(0.0);
    let requests = (ordinary / BYTES_PER_LINE) as u64;
    let scenario = scenarios::build(SCENARIO, seed, hours, requests, Format::Combined)
        .ok_or_else(|| io::Error::other(format!("there is no scenario {SCENARIO}")))?;
    let counted = Counted { out, progress };
    let truth = generate(&scenario, &mut BufWriter::with_capacity(1 << 20, counted))?;
    Ok(Generated {
        seed,
        scenario: SCENARIO,
        hours,
        hostile_lines: truth.hostile,
        spikes: truth.spikes.len(),
        denials: truth.c403,
    })
}

/// Tells of the bytes that go through.
struct Counted<'a, W> {
    out: W,
    progress: &'a dyn Fn(u64),
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        (self.progress)(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_log_has_about_its_size_and_several_causes() {
        let (size, told) = (8 << 20, Cell::new(0));
        let mut bytes = Vec::new();
        let made = write(3, size, &mut bytes, &|more| told.set(told.get() + more)).unwrap();
        assert_eq!(told.get(), bytes.len() as u64);
        let share = bytes.len() as f64 / size as f64;
        assert!((0.5..2.0).contains(&share), "{share}");
        assert!(made.hostile_lines > 0 && made.spikes >= 8, "{made:?}");
        assert!(made.denials.len() >= 8, "{made:?}");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write(1, 4 << 20, Full, &|_| {}).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
