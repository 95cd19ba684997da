//! The log that `bench` makes when it is given none: days of traffic with every cause in it.

use crate::synth::{Format, Scenario, generate, scenarios};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

/// The scenario: many causes over days, some at once, and hostile lines among the others.
pub const SCENARIO: &str = "mixed-days";

/// Of this size the log spans two days.
const SIZE_OF_TWO_DAYS: f64 = (256 << 20) as f64;
/// A spike must have room between the others, and nobody needs more than four days.
const LEAST_HOURS: f64 = 0.1;
const MOST_HOURS: f64 = 96.0;
/// An average line of the ordinary traffic.
const BYTES_PER_LINE: f64 = 201.0;

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

/// Writes a log of about `size` bytes, but at least some 2 MB, which the spikes take; `progress` gets the
/// bytes as they are written.
///
/// # Errors
/// Those of `out`.
pub fn write(
    seed: u64,
    size: u64,
    out: impl Write,
    progress: &dyn Fn(u64),
) -> io::Result<Generated> {
    // Squared, because spikes have a length of their own and would fill a log of a few hours.
    let part = size as f64 / SIZE_OF_TWO_DAYS;
    let hours = (48.0 * part * part).clamp(LEAST_HOURS, MOST_HOURS);
    // What the spikes, crawlers and monitors write depends on the seed; visitors fill the rest.
    let without_visitors = generate(&scenario(seed, hours, 0)?, &mut io::sink())?.bytes;
    let requests = size.saturating_sub(without_visitors) as f64 / BYTES_PER_LINE;
    let scenario = scenario(seed, hours, requests as u64)?;
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

fn scenario(seed: u64, hours: f64, requests: u64) -> io::Result<Scenario> {
    scenarios::build(SCENARIO, seed, hours, requests, Format::Combined)
        .ok_or_else(|| io::Error::other(format!("there is no scenario {SCENARIO}")))
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
        assert!((0.7..1.3).contains(&share), "{share}");
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
