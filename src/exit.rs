//! How the program ends: the exit codes of every command, and which one wins.
//!
//! Several may hold at once: two of three files failed and `--fail-on` was met. Then the one that a
//! caller must not miss wins: nothing usable (2), then `--fail-on` met (1), then in part (3).

use std::process;

/// What the exit code tells a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExitCode {
    /// `0`: analysed; an empty log too, and a reader that closed the pipe early.
    #[default]
    Analysed,
    /// `1`: analysed, and `--fail-on` was met.
    FailOnMet,
    /// `2`: nothing usable: bad arguments, no readable input, unknown format, state held by another run.
    NothingUsable,
    /// `3`: analysed in part: inputs failed or shrank, or more was skipped than `--max-skipped`.
    InPart,
}

impl ExitCode {
    /// The number that the shell sees.
    pub fn number(self) -> u8 {
        match self {
            ExitCode::Analysed => 0,
            ExitCode::FailOnMet => 1,
            ExitCode::NothingUsable => 2,
            ExitCode::InPart => 3,
        }
    }

    /// The one of two codes that a caller must not miss.
    #[must_use]
    pub fn and(self, other: ExitCode) -> ExitCode {
        if self.urgency() >= other.urgency() {
            self
        } else {
            other
        }
    }

    fn urgency(self) -> u8 {
        match self {
            ExitCode::Analysed => 0,
            ExitCode::InPart => 1,
            ExitCode::FailOnMet => 2,
            ExitCode::NothingUsable => 3,
        }
    }
}

impl FromIterator<ExitCode> for ExitCode {
    /// The one of many codes that a caller must not miss; `Analysed` for none.
    fn from_iter<I: IntoIterator<Item = ExitCode>>(codes: I) -> Self {
        codes
            .into_iter()
            .fold(ExitCode::Analysed, |most_urgent, code| {
                most_urgent.and(code)
            })
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        process::ExitCode::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode::{self, Analysed, FailOnMet, InPart, NothingUsable};

    const ALL: [ExitCode; 4] = [Analysed, FailOnMet, NothingUsable, InPart];

    #[test]
    fn numbers_are_those_of_the_contract() {
        assert_eq!(ALL.map(ExitCode::number), [0, 1, 2, 3]);
    }

    #[test]
    fn two_wins_over_one_and_one_over_three() {
        assert_eq!(NothingUsable.and(FailOnMet), NothingUsable);
        assert_eq!(FailOnMet.and(InPart), FailOnMet);
        assert_eq!(NothingUsable.and(InPart), NothingUsable);
        assert_eq!(InPart.and(Analysed), InPart);
    }

    #[test]
    fn order_does_not_matter() {
        for one in ALL {
            assert_eq!(one.and(one), one);
            assert_eq!(one.and(Analysed), one);
            for other in ALL {
                assert_eq!(one.and(other), other.and(one));
                for third in ALL {
                    assert_eq!(one.and(other).and(third), one.and(other.and(third)));
                }
            }
        }
    }

    #[test]
    fn many_codes_become_one() {
        assert_eq!([].into_iter().collect::<ExitCode>(), Analysed);
        assert_eq!(
            [InPart, FailOnMet, Analysed]
                .into_iter()
                .collect::<ExitCode>(),
            FailOnMet
        );
        assert_eq!(ALL.into_iter().collect::<ExitCode>(), NothingUsable);
    }
}
