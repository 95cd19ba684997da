//! `--fail-on`: which spikes make a run exit with 1. Those that `--known` expects never do.

use super::message;
use crate::exit::ExitCode;
use crate::findings::{Cause, Family, Spike};
use std::str::FromStr;

/// A family or cause (or any), and how many denials a spike must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailOn {
    what: What,
    least: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Any,
    New,
    Family(Family),
    Cause(Cause),
}

impl FailOn {
    /// The first spike that meets the condition; `is_new` tells those that no earlier run has seen.
    fn met<'a>(&self, spikes: &'a [Spike], is_new: &dyn Fn(&Spike) -> bool) -> Option<&'a Spike> {
        spikes.iter().find(|spike| {
            spike.denials >= self.least
                && spike.known.is_none()
                && match self.what {
                    What::Any => true,
                    What::New => is_new(spike),
                    What::Family(family) => spike.family == family,
                    What::Cause(cause) => spike.cause == cause,
                }
        })
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<FailOn, String> {
        let (name, least) = match text.split_once(':') {
            Some((name, least)) => (
                name,
                least
                    .parse()
                    .map_err(|_| format!("{least:?} is not a number of denials"))?,
            ),
            None => (text, 1),
        };
        let families = [
            Family::Acl,
            Family::RateLimit,
            Family::BotFilter,
            Family::Undetermined,
        ];
        let what = if name == "any" {
            What::Any
        } else if name == "new" {
            What::New
        } else if let Some(family) = families.into_iter().find(|family| family.name() == name) {
            What::Family(family)
        } else if let Some(cause) = Cause::ALL.into_iter().find(|cause| cause.name() == name) {
            What::Cause(cause)
        } else {
            let causes = Cause::ALL.map(Cause::name).join(", ");
            return Err(format!(
                "unknown cause {name:?}; known are any, new, acl, {causes}"
            ));
        };
        Ok(FailOn { what, least })
    }
}

/// The exit code that the conditions ask for, with the reason on standard error.
pub fn fail_on(
    conditions: &[FailOn],
    spikes: &[Spike],
    is_new: &dyn Fn(&Spike) -> bool,
) -> ExitCode {
    let mut met = conditions.iter().filter_map(|c| c.met(spikes, is_new));
    let Some(spike) = met.next() else {
        return ExitCode::Analysed;
    };
    message::say(&format!(
        "--fail-on: spike {} ({}) has {} denials",
        spike.id,
        spike.cause.name(),
        spike.denials
    ));
    ExitCode::FailOnMet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_counts_are_read() {
        let fail_on: FailOn = "acl:50".parse().expect("a family");
        assert_eq!(
            fail_on,
            FailOn {
                what: What::Family(Family::Acl),
                least: 50
            }
        );
        assert!("ip_acl".parse::<FailOn>().is_ok());
        assert!("new:20".parse::<FailOn>().is_ok());
        assert!("any:x".parse::<FailOn>().is_err());
        assert!("weather".parse::<FailOn>().is_err());
    }
}
