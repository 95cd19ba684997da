//! The policies' turns: each sees what those before it admitted, key by key and in the order of time.

use super::scope::{Arrivals, Compiled};
use crate::policy::limiter::Limiter;

/// The number of the policy that denies each request, none for those that are admitted; and whether
/// requests had to be spread over whole seconds.
pub(super) fn run(arrivals: &Arrivals, policies: &[Compiled]) -> (Vec<Option<u8>>, bool) {
    let spread = arrivals
        .all
        .iter()
        .all(|arrival| arrival.time_ms % 1000 == 0);
    let mut denied_by: Vec<Option<u8>> = vec![None; arrivals.all.len()];
    for (number, policy) in (0u8..).zip(policies) {
        let mut turns: Vec<(u32, i64, usize)> = (0..arrivals.all.len())
            .filter(|at| denied_by[*at].is_none())
            .filter_map(|at| {
                let key = arrivals.key(at, usize::from(number))?;
                Some((key, arrivals.all[at].time_ms, at))
            })
            .collect();
        let Some(machine) = &policy.machine else {
            for (_, _, at) in turns {
                denied_by[at] = Some(number);
            }
            continue;
        };
        turns.sort_unstable();
        for of_key in turns.chunk_by(|a, b| a.0 == b.0) {
            let mut machine = machine.clone();
            for under_stamp in of_key.chunk_by(|a, b| a.1 == b.1) {
                let count = under_stamp.len() as i64;
                for (place, (_, time_ms, at)) in (0..).zip(under_stamp) {
                    let within = if spread {
                        (2 * place + 1) * 500 / count
                    } else {
                        0
                    };
                    if !machine.admit(time_ms + within) {
                        denied_by[*at] = Some(number);
                    }
                }
            }
        }
    }
    (denied_by, spread && !arrivals.all.is_empty())
}
