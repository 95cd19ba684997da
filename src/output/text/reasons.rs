//! Why this cause: the strongest sentences for it, and what contradicts it.

use super::sheet::Sheet;
use super::spike::{Depth, NEAR};
use crate::findings::{Band, Evidence, EvidenceKind, Spike};
use std::collections::HashSet;

/// Evidence of less weight is not worth a line.
const WEAK: f64 = 0.3;
/// Evidence for another cause contradicts only from this weight on.
const CONTRADICTS: f64 = 1.0;

/// Writes the strongest sentences of each side; returns whether some were left out.
pub(super) fn write(spike: &Spike, depth: Depth, sheet: &mut Sheet) -> bool {
    let is_open = spike.band == Band::Undetermined;
    let mut said = HashSet::new();
    let support = sentences(spike, &mut said, |evidence| {
        is_open || supports(evidence, spike)
    });
    let against = sentences(spike, &mut said, |evidence| {
        !is_open && contradicts(evidence, spike)
    });
    let most_against = depth.sentences.div_ceil(3);
    let label = if is_open { "seen" } else { "because" };
    for (label, sentences, most) in [
        (label, &support, depth.sentences),
        ("but", &against, most_against),
    ] {
        let mut label = label;
        for sentence in sentences.iter().take(most) {
            sheet.entry(label, sentence, depth.lines);
            label = "";
        }
    }
    support.len() > depth.sentences || against.len() > most_against
}

/// For the cause, or against another.
fn supports(evidence: &Evidence, spike: &Spike) -> bool {
    (evidence.r#for == spike.cause) == (evidence.weight > 0.0)
}

/// Against the cause, or strongly for another that is still likely. Who answered tells little of
/// other causes: one program may deny for many reasons.
fn contradicts(evidence: &Evidence, spike: &Spike) -> bool {
    if evidence.r#for == spike.cause {
        return evidence.weight < 0.0;
    }
    let is_near = spike
        .alternatives
        .iter()
        .any(|other| other.cause == evidence.r#for && other.confidence >= NEAR);
    is_near && evidence.weight >= CONTRADICTS && evidence.kind != EvidenceKind::Responder
}

/// The sentences of the wanted evidence that were not said yet, strongest first.
fn sentences<'a>(
    spike: &'a Spike,
    said: &mut HashSet<&'a str>,
    is_wanted: impl Fn(&Evidence) -> bool,
) -> Vec<&'a str> {
    let mut wanted: Vec<&Evidence> = spike
        .evidence
        .iter()
        .filter(|evidence| evidence.weight.abs() >= WEAK && is_wanted(evidence))
        .collect();
    // What speaks for the cause itself comes before what speaks against others.
    wanted.sort_by(|one, other| {
        let direct = |evidence: &Evidence| evidence.r#for == spike.cause && evidence.weight > 0.0;
        direct(other)
            .cmp(&direct(one))
            .then(other.weight.abs().total_cmp(&one.weight.abs()))
    });
    // One test may weigh on several causes with one sentence.
    wanted
        .into_iter()
        .map(|evidence| evidence.text.as_str())
        .filter(|text| said.insert(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Alternative, Cause};
    use crate::output::{Context, sample};

    /// The report on a rate limit, with bot filter an alternative and this evidence besides.
    fn report(added: Evidence) -> String {
        let mut spike = sample::one_spike().spikes.remove(0);
        spike.evidence.retain(|evidence| evidence.weight > 0.0);
        spike.alternatives = vec![Alternative {
            cause: Cause::BotFilter,
            confidence: 0.06,
        }];
        spike.evidence.push(added);
        let mut sheet = Sheet::new(&Context::default());
        write(&spike, Depth::of(1, true), &mut sheet);
        sheet.into_text()
    }

    fn added(cause: Cause, kind: EvidenceKind, weight: f64) -> Evidence {
        Evidence {
            r#for: cause,
            kind,
            weight,
            text: "the added sentence".to_owned(),
            ..sample::one_spike().spikes[0].evidence[0].clone()
        }
    }

    #[test]
    fn only_what_contradicts_stands_behind_but() {
        use EvidenceKind::{Behaviour, Responder};
        let line = "but        the added sentence";
        for (cause, kind, weight) in [
            (Cause::RateLimit, Behaviour, -0.4),
            (Cause::RateLimit, Responder, -0.4),
            (Cause::BotFilter, Behaviour, 1.2),
        ] {
            assert!(
                report(added(cause, kind, weight)).contains(line),
                "{cause:?}"
            );
        }
        for (cause, kind, weight) in [
            (Cause::BotFilter, Behaviour, 0.9),
            (Cause::BotFilter, Responder, 2.0),
            (Cause::IpAcl, Behaviour, 3.0),
        ] {
            let text = report(added(cause, kind, weight));
            assert!(!text.contains("but "), "{text}");
        }
    }

    #[test]
    fn no_sentence_stands_on_both_sides() {
        let mut twice = added(Cause::BotFilter, EvidenceKind::Behaviour, 2.0);
        twice.text = sample::one_spike().spikes[0].evidence[0].text.clone();
        assert!(!report(twice).contains("but "));
    }
}
