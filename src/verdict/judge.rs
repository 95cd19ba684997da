//! From evidence to a cause with a probability: weights are added per cause and put through a softmax
//! whose temperature is fitted on labelled logs (`calibration.toml`).
//!
//! Log-likelihood ratios of tests that look at different things add up; the priors stand for how often
//! a cause is met at all. Where the best cause stays under the band of `leaning`, the honest answer is
//! `undetermined`, with the reason.

use super::calibration::{Calibration, calibration};
use crate::evidence::stated::LEAVES_A_FEW;
use crate::findings::{Alternative, Band, Cause, Evidence, EvidenceKind};

/// Denials under which behaviour alone is at most `leaning`.
const FEW_DENIALS: u64 = 20;
/// Probability from which a cause is `likely`.
pub const LIKELY: f64 = 0.8;
/// Probability from which a cause is `leaning`.
pub const LEANING: f64 = 0.6;
/// What behaviour alone can reach: `certain` is for servers that state it.
const MOST_BY_BEHAVIOUR: f64 = 0.98;

/// A cause, how sure, and what else it could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The cause, or undetermined.
    pub cause: Cause,
    /// Calibrated probability; none when undetermined.
    pub confidence: Option<f64>,
    /// Band of the confidence.
    pub band: Band,
    /// Why undetermined.
    pub reason: Option<String>,
    /// The other causes worth naming, most likely first.
    pub alternatives: Vec<Alternative>,
}

impl Judgement {
    /// The same with the band that its confidence lies in.
    pub fn in_its_band(mut self) -> Judgement {
        if self.band != Band::Certain {
            self.band = match self.confidence {
                None => Band::Undetermined,
                Some(p) if p >= LIKELY => Band::Likely,
                Some(_) => Band::Leaning,
            };
        }
        self
    }
}

/// Whether the server itself names a cause.
pub(super) fn is_stated(evidence: &[Evidence]) -> bool {
    evidence.iter().any(|e| e.kind == EvidenceKind::Stated)
}

/// Weighs the evidence on a group of denials; `is_bare` where the log does not show whom the server admitted.
pub fn judge(evidence: &[Evidence], denials: u64, is_bare: bool) -> Judgement {
    let calibration = calibration();
    let stated = evidence.iter().find(|e| e.kind == EvidenceKind::Stated);
    if let Some(stated) = stated {
        return Judgement {
            cause: stated.r#for,
            confidence: Some(calibration.stated),
            band: Band::Certain,
            reason: None,
            alternatives: Vec::new(),
        };
    }
    let ranked = probabilities(evidence, calibration);
    let (best, raw) = ranked[0];
    let ceiling = if denials < FEW_DENIALS || is_bare {
        LIKELY - 0.01
    } else {
        MOST_BY_BEHAVIOUR
    };
    let confidence = raw.min(ceiling);
    let rest = |skip: usize| {
        ranked[skip..]
            .iter()
            .filter(|(_, p)| *p >= 0.05)
            .take(3)
            .map(|(cause, p)| Alternative {
                cause: *cause,
                confidence: rounded(*p),
            })
            .collect::<Vec<_>>()
    };
    if confidence < LEANING {
        return Judgement {
            cause: Cause::Undetermined,
            confidence: None,
            band: Band::Undetermined,
            reason: Some(reason(evidence, &ranked)),
            alternatives: rest(0),
        };
    }
    Judgement {
        cause: best,
        confidence: Some(rounded(confidence)),
        band: if confidence >= LIKELY {
            Band::Likely
        } else {
            Band::Leaning
        },
        reason: None,
        alternatives: rest(1),
    }
}

/// Three digits: more would claim a precision that no calibration has.
fn rounded(probability: f64) -> f64 {
    (probability * 1000.0).round() / 1000.0
}

fn probabilities(evidence: &[Evidence], calibration: &Calibration) -> Vec<(Cause, f64)> {
    let causes = &Cause::ALL[..Cause::ALL.len() - 1];
    let score = |cause: Cause| -> f64 {
        let weights: f64 = evidence
            .iter()
            .filter(|e| e.r#for == cause)
            .map(|e| e.weight)
            .sum();
        (weights + calibration.prior(cause)) / calibration.temperature
    };
    let scores: Vec<(Cause, f64)> = causes.iter().map(|cause| (*cause, score(*cause))).collect();
    let highest = scores.iter().map(|(_, s)| *s).fold(f64::MIN, f64::max);
    // "None of these" takes part too: without any evidence nothing is likely. But a server that leaves
    // a few causes leaves no others.
    let none = match evidence.iter().any(|e| e.test == LEAVES_A_FEW) {
        true => 0.0,
        false => (calibration.unknown / calibration.temperature - highest).exp(),
    };
    let total: f64 = scores.iter().map(|(_, s)| (s - highest).exp()).sum::<f64>() + none;
    let mut ranked: Vec<(Cause, f64)> = scores
        .into_iter()
        .map(|(cause, s)| (cause, (s - highest).exp() / total))
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked
}

fn reason(evidence: &[Evidence], ranked: &[(Cause, f64)]) -> String {
    if evidence.iter().all(|e| e.weight <= 0.5) {
        return "too little to go by: no test found a pattern in these denials".to_string();
    }
    let ((first, p), (second, q)) = (ranked[0], ranked[1]);
    if q > 0.5 * p {
        return format!(
            "{} and {} explain these denials about equally well; nothing in the log crosses them",
            first.name(),
            second.name()
        );
    }
    format!("the evidence for {} is too weak", first.name())
}
