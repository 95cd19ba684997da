//! Spikes: when denials exceed what the rest of the log and the exposure explain.

pub mod scan;
