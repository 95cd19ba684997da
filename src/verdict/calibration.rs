//! The fitted numbers behind confidences, with the corpus and the date of the fit.

use crate::findings::Cause;
use std::sync::OnceLock;

/// Numbers of `calibration.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Divides the sum of weights: above 1 the weights were overconfident.
    pub temperature: f64,
    /// Confidence of a cause that the server states.
    pub stated: f64,
    /// Weight of "none of these causes".
    pub unknown: f64,
    priors: Vec<(Cause, f64)>,
}

impl Calibration {
    /// How common a cause is, as a weight.
    pub fn prior(&self, cause: Cause) -> f64 {
        self.priors
            .iter()
            .find(|(c, _)| *c == cause)
            .map_or(0.0, |(_, weight)| *weight)
    }

    /// Reads `name = number` lines below the tables that the file documents.
    fn parse(text: &str) -> Calibration {
        let number = |name: &str, otherwise: f64| {
            text.lines()
                .filter_map(|line| line.split('#').next()?.split_once('='))
                .find(|(key, _)| key.trim() == name)
                .and_then(|(_, value)| value.trim().parse().ok())
                .unwrap_or(otherwise)
        };
        Calibration {
            temperature: number("temperature", 1.0),
            stated: number("stated", 0.99),
            unknown: number("unknown", 0.0),
            priors: Cause::ALL
                .iter()
                .map(|cause| (*cause, number(cause.name(), 0.0)))
                .collect(),
        }
    }
}

/// The calibration that this program was built with.
pub fn calibration() -> &'static Calibration {
    static CALIBRATION: OnceLock<Calibration> = OnceLock::new();
    CALIBRATION.get_or_init(|| Calibration::parse(include_str!("calibration.toml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_the_file() {
        let text = include_str!("calibration.toml");
        for name in ["temperature", "stated", "unknown"].into_iter().chain(
            Cause::ALL
                .iter()
                .filter(|c| **c != Cause::Undetermined)
                .map(|cause| cause.name()),
        ) {
            let found = text
                .lines()
                .filter(|line| line.trim_start().starts_with(&format!("{name} =")))
                .count();
            assert_eq!(found, 1, "{name}");
        }
    }
}
