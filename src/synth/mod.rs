//! Synthetic access logs with known causes: for benches, for tests, and as more truth to learn from.
//!
//! A simulation, not a template: visitors, programs, crawlers, monitors and scanners send requests
//! when they would, the server answers them with the same [policies](crate::policy) that `analyze`
//! replays, and clients react to the answers (retry, back off, give up). Every 403 is labelled with
//! the guard that gave it. The same seed gives the same bytes on any machine: all chance comes from
//! `random`, which uses no function whose last digit differs between platforms.
//! Because the machines are shared, such logs prove no attribution by themselves: real ones decide.

mod actor;
mod hostile;
mod line;
mod population;
mod random;
pub mod scenarios;
mod server;
mod session;
mod simulation;
mod site;
mod stream;
mod truth;

pub use line::Format;
pub use random::Random;
pub use server::{Body, Fact, Guard};
pub use stream::{Caller, Pace, Reaction, Shape, Stream, Targets};
pub use truth::{Label, Truth, TruthSpike};

use std::io::{self, Write};

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Seed of all chance.
    pub seed: u64,
    /// Hours of traffic.
    pub hours: f64,
    /// About how many requests the ordinary traffic has; streams come on top.
    pub requests: u64,
    /// What makes this log special.
    pub streams: Vec<Stream>,
    /// Of how many lines one is followed by a hostile one, as a share; see `hostile`.
    pub hostile: f64,
    /// How lines are written.
    pub format: Format,
}

/// Simulates a scenario and writes its log; returns what is true about it.
///
/// # Errors
/// When writing fails.
pub fn generate(scenario: &Scenario, out: &mut dyn Write) -> io::Result<Truth> {
    simulation::Simulation::new(scenario).run(out)
}

#[cfg(test)]
mod tests;
