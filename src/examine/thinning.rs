//! Which of the denied addresses are kept, where their requests alone are too many to keep: an attack.
//!
//! Of ordinary addresses one in so many is kept whole, by a hash of the address, so that who is denied,
//! when and beside what stays as it was. An address that by itself has a large part of the requests is
//! not left to chance: all of it is kept in one second of so many, so that the shape of the time stays.
//! Each kept row stands for as many as its address's share says.

use crate::key::intern::{in_share, share_hash};
use crate::survey::Survey;
use crate::survey::tally::Tally;

/// An address with one in so many of the rows that there is room for is thinned by time.
const LARGE_PART: u64 = 8;

/// What is kept of denied addresses.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Thinning {
    /// Of ordinary addresses, one in this many (a power of two) is kept; 0 and 1 keep all.
    addresses: u32,
    /// Addresses with more requests than this are thinned by time.
    large: u64,
}

impl Thinning {
    /// The least thinning at which the requests of denied addresses fit `room`, and that Survey left.
    pub(super) fn to_fit(survey: &Survey, room: u64) -> Thinning {
        let mut thinning = Thinning {
            addresses: survey.cut.denied_share,
            large: u64::MAX,
        };
        let mut step = thinning.addresses.trailing_zeros();
        while thinning.kept(survey) > room && step < 31 {
            step += 1;
            // Past a share of one in 16, large addresses themselves are what is too many.
            let large = (room / LARGE_PART) >> (step.max(4) - 4);
            thinning = Thinning {
                addresses: 1 << step,
                large: large.max(1),
            };
        }
        thinning
    }

    /// Whether anything is left out.
    pub(super) fn is_needed(self) -> bool {
        self.addresses > 1
    }

    /// Requests of denied addresses that are kept, about.
    pub(super) fn kept(self, survey: &Survey) -> u64 {
        let kept = |(address, tally): (&[u8], &Tally)| match self.weight(tally, share_hash(address))
        {
            0 => 0,
            weight if self.is_large(tally) => tally.requests / u64::from(weight),
            _ => tally.requests,
        };
        survey.ip.denied().map(kept).sum()
    }

    /// How many requests one that is kept of this address stands for; 0 if none is kept.
    pub(super) fn weight(self, tally: &Tally, hash: u64) -> u32 {
        match () {
            () if self.addresses <= 1 || tally.denials == 0 => 1,
            () if self.is_large(tally) => {
                let seconds = tally.requests.div_ceil(self.large).clamp(1, 1 << 30);
                seconds.next_power_of_two() as u32
            }
            () if in_share(hash, self.addresses) => self.addresses,
            () => 0,
        }
    }

    /// Whether a request of this address at this time is kept.
    #[inline]
    pub(super) fn keeps(self, tally: &Tally, hash: u64, time_ms: i64) -> bool {
        if self.addresses <= 1 || tally.denials == 0 {
            return true;
        }
        let weight = self.weight(tally, hash);
        match self.is_large(tally) {
            true => time_ms.div_euclid(1000).rem_euclid(i64::from(weight)) == 0,
            false => weight > 0,
        }
    }

    fn is_large(self, tally: &Tally) -> bool {
        tally.requests > self.large
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(clients: &[(u32, u64)]) -> Survey {
        let mut survey = Survey::default();
        for (number, (addresses, requests)) in clients.iter().enumerate() {
            for address in 0..*addresses {
                let id = survey.ip.id(format!("{number}.{address}").as_bytes());
                for second in 0..*requests as i64 {
                    survey.ip.count_id(id, second * 1000, true);
                }
            }
        }
        survey
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let survey = survey(&[(10, 100)]);
        let thinning = Thinning::to_fit(&survey, 1000);
        assert!(!thinning.is_needed());
        assert_eq!(thinning.kept(&survey), 1000);
    }

    #[test]
    fn many_addresses_are_sampled_whole() {
        let survey = survey(&[(2000, 10)]);
        let thinning = Thinning::to_fit(&survey, 6000);
        let kept = thinning.kept(&survey);
        assert!(
            thinning.is_needed() && (2000..=6000).contains(&kept),
            "{kept}"
        );
    }

    #[test]
    fn one_large_address_is_thinned_by_time_and_never_lost() {
        let survey = survey(&[(1, 50_000), (100, 10)]);
        let thinning = Thinning::to_fit(&survey, 9000);
        let (large, hash) = (&survey.ip.tallies[0], share_hash(survey.ip.keys.bytes(0)));
        let weight = thinning.weight(large, hash);
        assert!(thinning.kept(&survey) <= 9000 && weight > 1);
        let kept = (0..50_000)
            .filter(|second| thinning.keeps(large, hash, second * 1000))
            .count();
        assert_eq!(kept as u64, 50_000u64.div_ceil(u64::from(weight)));
    }

    #[test]
    fn many_large_addresses_fit_too() {
        let survey = survey(&[(40, 2000)]);
        let thinning = Thinning::to_fit(&survey, 3000);
        assert!(thinning.kept(&survey) <= 3000);
    }
}
