//! Fits are tried on arrivals that the machines themselves answered, with the noise of real logs,
//! and on answers that no limiter gave.

use super::*;
use crate::policy::limiter::{
    Concurrency, Hold, LeakyBucket, Limiter, SlidingWindow, WeightedWindow,
};
use crate::policy::replay::Arrival;

/// A small generator (splitmix64), so that tests depend on no crate's stream of numbers.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

/// One client's behaviour.
#[derive(Clone, Copy)]
struct Client {
    /// Requests per second at normal times and in its busy stretch.
    calm: f64,
    busy: f64,
    from_s: f64,
    until_s: f64,
    /// After a denial it waits for this many seconds at first, doubling up to 64 times; none: it goes on.
    back_off_s: Option<f64>,
}

const HOUR_S: f64 = 3600.0;
const START_S: f64 = 1_770_000_000.0;

/// Lets a client run against its machine; stamps are cut to seconds after up to 300 ms of service.
fn run(client: Client, key: u32, mut machine: impl Limiter, chance: &mut Chance) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let (mut now, mut waits) = (chance.exponential(1.0 / client.calm.max(0.01)), 0);
    while now < HOUR_S {
        let time_ms = ((START_S + now) * 1000.0) as i64;
        let denied = !machine.admit(time_ms);
        let served = if denied { 2.0 } else { 300.0 * chance.unit() };
        let stamp = time_ms + served as i64;
        arrivals.push(Arrival {
            time_ms: stamp - stamp.rem_euclid(1000),
            key,
            denied,
            duration_ms: None,
        });
        let busy = (client.from_s..client.until_s).contains(&now);
        let rate = if busy { client.busy } else { client.calm };
        let mut gap = chance.exponential(1.0 / rate);
        if !busy && now < client.from_s {
            gap = gap.min(client.from_s - now);
        }
        waits = if denied { waits + 1 } else { 0 };
        if let Some(first) = client.back_off_s.filter(|_| denied) {
            gap += first * f64::from(1 << waits.min(6));
        }
        now += gap;
    }
    arrivals
}

fn fleet<L: Limiter>(clients: &[Client], machine: impl Fn() -> L, seed: u64) -> Traffic {
    let mut chance = Chance(seed);
    let of = |(key, client): (usize, &Client)| run(*client, key as u32, machine(), &mut chance);
    let arrivals: Vec<Arrival> = clients.iter().enumerate().flat_map(of).collect();
    Traffic::new(&arrivals)
}

fn client(calm: f64, busy: f64) -> Client {
    Client {
        calm,
        busy,
        from_s: 1200.0,
        until_s: 2700.0,
        back_off_s: None,
    }
}

fn within(found: f64, truth: f64, share: f64) -> bool {
    (found - truth).abs() <= share * truth + 1e-9
}

#[test]
fn leaky_buckets_are_recovered() {
    for (n, (rate, burst, overload)) in [
        (1.0, 10, 3.0),
        (0.5, 8, 3.0),
        (2.0, 30, 1.3),
        (10.0, 20, 2.0),
        (25.0, 50, 10.0),
        (0.2, 5, 6.0),
        (5.0, 0, 2.0),
    ]
    .into_iter()
    .enumerate()
    {
        for keys in [1, 5] {
            let clients = vec![client(rate * 0.15, rate * overload); keys];
            let traffic = fleet(&clients, || LeakyBucket::new(rate, burst), n as u64);
            let fitted = best(&traffic)
                .unwrap_or_else(|| panic!("no fit for {rate}/s x{overload}, {keys} keys"));
            let context = format!(
                "{rate}/s burst {burst} x{overload}, {keys} keys: {:?}",
                fitted.limit
            );
            assert_eq!(fitted.limit.algorithm, Algorithm::LeakyBucket, "{context}");
            assert!(
                within(fitted.limit.rate_per_s.unwrap(), rate, 0.05),
                "{context}"
            );
            let found = f64::from(fitted.limit.burst.unwrap());
            assert!(
                (found - f64::from(burst)).abs() <= (0.2 * f64::from(burst)).max(1.0),
                "{context}"
            );
            assert!(
                fitted.precision > 0.9 && fitted.coverage > 0.9,
                "{context} {fitted:?}"
            );
        }
    }
}

#[test]
fn leaky_buckets_with_clients_that_back_off() {
    let mut backing_off = client(0.05, 4.0);
    backing_off.back_off_s = Some(0.5);
    let traffic = fleet(&[backing_off; 12], || LeakyBucket::new(0.5, 8), 7);
    let limit = best(&traffic).expect("a fit").limit;
    assert!(within(limit.rate_per_s.unwrap(), 0.5, 0.1), "{limit:?}");
    assert!(
        within(f64::from(limit.burst.unwrap()), 8.0, 0.2),
        "{limit:?}"
    );
}

#[test]
fn fixed_windows_are_recovered() {
    for (n, (budget, window_s, overload)) in [
        (30, 60.0, 3.0),
        (60, 60.0, 5.0),
        (20, 10.0, 2.0),
        (100, 300.0, 4.0),
    ]
    .into_iter()
    .enumerate()
    {
        let rate = f64::from(budget) / window_s;
        let window_ms = (window_s * 1000.0) as i64;
        let machine = || crate::policy::limiter::FixedWindow::new(budget, window_ms, 0);
        for keys in [1, 4] {
            let clients = vec![client(rate * 0.2, rate * overload); keys];
            let traffic = fleet(&clients, machine, 40 + n as u64);
            let limit = best(&traffic).expect("a fit").limit;
            assert_eq!(limit.algorithm, Algorithm::FixedWindow, "{limit:?}");
            assert_eq!(limit.window_s, Some(window_s), "{limit:?}");
            assert!(
                within(f64::from(limit.limit.unwrap()), f64::from(budget), 0.05),
                "{limit:?}"
            );
        }
    }
}

#[test]
fn windows_that_count_rejects_are_recovered() {
    for seed in 0..4 {
        let clients = [client(0.05, 5.0), client(0.1, 3.0)];
        let exact = fleet(&clients, || SlidingWindow::new(90, 60_000), seed);
        let proxy = fleet(&clients, || WeightedWindow::new(90, 60_000), seed);
        for traffic in [exact, proxy] {
            let fitted = sliding_window(&traffic).expect("a fit");
            assert!(
                within(f64::from(fitted.limit.limit.unwrap()), 90.0, 0.1),
                "{fitted:?}"
            );
            assert!(
                fitted.coverage > 0.95 && fitted.jumps > Some(0.6),
                "{fitted:?}"
            );
        }
    }
}

#[test]
fn holds_are_recovered_with_their_interval() {
    for (limit, window_s, hold_s, renewed) in
        [(15, 4, 30, true), (30, 10, 60, true), (20, 10, 120, false)]
    {
        // A client that bursts, is denied for a while, and comes back after pauses of all lengths.
        let mut chance = Chance(3 + limit);
        let mut arrivals = Vec::new();
        for key in 0..3 {
            let mut machine = Hold::new(limit as u32, window_s * 1000, hold_s * 1000, renewed);
            let mut now = 0.0;
            while now < 2.0 * HOUR_S {
                for _ in 0..(60.0 + 60.0 * chance.unit()) as u32 {
                    now += chance.exponential(0.12);
                    let time_ms = ((START_S + now) * 1000.0) as i64;
                    let denied = !machine.admit(time_ms);
                    arrivals.push(Arrival {
                        time_ms: time_ms - time_ms.rem_euclid(1000),
                        key,
                        denied,
                        duration_ms: None,
                    });
                }
                now += hold_s as f64 * (0.3 + 1.4 * chance.unit());
            }
        }
        let fitted = hold(&Traffic::new(&arrivals)).expect("a fit");
        let (low, high) = fitted.hold_between_s.unwrap();
        assert!(
            low <= hold_s as f64 + 1.0 && high >= hold_s as f64 - 1.0,
            "{fitted:?}"
        );
        assert!(
            within(fitted.limit.hold_s.unwrap(), hold_s as f64, 0.1),
            "{fitted:?}"
        );
        assert_eq!(fitted.limit.renewed.unwrap_or(true), renewed, "{fitted:?}");
        assert!(
            within(f64::from(fitted.limit.limit.unwrap()), limit as f64, 0.2),
            "{fitted:?}"
        );
    }
}

/// A machine that answers as something else than a limiter does.
struct Other<F: FnMut(i64) -> bool>(F);

impl<F: FnMut(i64) -> bool> Limiter for Other<F> {
    fn admit(&mut self, time_ms: i64) -> bool {
        (self.0)(time_ms)
    }
}

#[test]
fn a_coin_is_no_limiter() {
    for seed in 0..6 {
        for share in [0.3, 0.7, 0.95] {
            let machine = || {
                let mut coin = Chance(1000 + seed);
                Other(move |_| coin.unit() >= share)
            };
            let traffic = fleet(&[client(0.2, 3.0)], machine, seed);
            assert_eq!(best(&traffic), None, "seed {seed}, {share}");
        }
    }
}

#[test]
fn a_list_pushed_in_the_middle_is_no_limiter() {
    for seed in 0..6 {
        for keys in [1, 6] {
            let pushed = ((START_S + 1900.0) * 1000.0) as i64;
            for (calm, busy) in [(0.5, 0.5), (0.2, 2.0), (3.0, 3.0)] {
                let clients = vec![client(calm, busy); keys];
                let traffic = fleet(&clients, || Other(move |time| time < pushed), seed);
                assert_eq!(
                    best(&traffic),
                    None,
                    "seed {seed}, {keys} keys, {calm} {busy}"
                );
            }
        }
    }
}

#[test]
fn a_retry_storm_against_a_list_is_no_limiter() {
    for seed in 0..6 {
        let pushed = START_S + 1900.0;
        let mut chance = Chance(seed);
        let mut arrivals = Vec::new();
        let mut now = START_S;
        while now < START_S + HOUR_S {
            let denied = now >= pushed;
            arrivals.push(Arrival {
                time_ms: now as i64 * 1000,
                key: 0,
                denied,
                duration_ms: None,
            });
            now += chance.exponential(if denied { 0.1 } else { 2.0 });
        }
        assert_eq!(best(&Traffic::new(&arrivals)), None, "seed {seed}");
    }
}

#[test]
fn a_steady_client_against_a_method_rule_is_no_limiter() {
    for every in [2, 3, 4] {
        let mut chance = Chance(every);
        let arrival = |i: u64| {
            let time_s = START_S as i64 + (i as f64 * 0.7 + 0.1 * chance.unit()) as i64;
            Arrival {
                time_ms: time_s * 1000,
                key: 0,
                denied: !i.is_multiple_of(every),
                duration_ms: None,
            }
        };
        let arrivals: Vec<Arrival> = (0..5000).map(arrival).collect();
        assert_eq!(best(&Traffic::new(&arrivals)), None, "every {every}");
    }
}

/// Requests of two keys that take some seconds each, answered by a machine per key and stamped at their end.
fn long_requests(mut admits: impl FnMut(u32, i64, u32) -> bool, seed: u64) -> Vec<Arrival> {
    let mut chance = Chance(seed);
    let mut arrivals = Vec::new();
    for key in 0..2 {
        let mut now = 0.0;
        while now < HOUR_S {
            now += chance.exponential(1.0);
            let time_ms = ((START_S + now) * 1000.0) as i64;
            let duration_ms = (3000.0 + 6000.0 * chance.unit()) as u32;
            let denied = !admits(key, time_ms, duration_ms);
            let taken_ms = if denied { 0 } else { duration_ms };
            let end_ms = time_ms + i64::from(taken_ms);
            arrivals.push((
                end_ms,
                Arrival {
                    time_ms: end_ms - end_ms.rem_euclid(1000),
                    key,
                    denied,
                    duration_ms: Some(taken_ms),
                },
            ));
        }
    }
    arrivals.sort_by_key(|(end_ms, _)| *end_ms);
    arrivals.into_iter().map(|(_, arrival)| arrival).collect()
}

#[test]
fn requests_in_flight_are_told_by_their_durations() {
    for (limit, seed) in [(3, 1), (4, 2), (5, 3)] {
        let mut machines = [Concurrency::new(limit), Concurrency::new(limit)];
        let arrivals = long_requests(
            |key, time_ms, duration_ms| machines[key as usize].admit_for(time_ms, duration_ms),
            seed,
        );
        let fitted = best(&Traffic::new(&arrivals)).expect("a fit");
        assert_eq!(fitted.limit.algorithm, Algorithm::Concurrency, "{fitted:?}");
        assert_eq!(fitted.limit.limit, Some(limit), "{fitted:?}");
    }
}

#[test]
fn a_bucket_over_long_requests_is_no_limit_of_those_in_flight() {
    for seed in 1..4 {
        let bucket = LeakyBucket::new(0.5, 3);
        let mut machines = [bucket.clone(), bucket];
        let arrivals = long_requests(
            |key, time_ms, _| machines[key as usize].admit(time_ms),
            seed,
        );
        assert_eq!(concurrency(&Traffic::new(&arrivals)), None, "seed {seed}");
    }
}
