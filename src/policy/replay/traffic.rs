//! The arrivals of a limiter's scope, by key and in time order.

/// One request within the scope of a limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Stamp in milliseconds since the epoch; whole seconds where the log has no more.
    pub time_ms: i64,
    /// What the limiter counts apart: any number that stands for the address, token, …
    pub key: u32,
    /// Whether the log denied it.
    pub denied: bool,
    /// How long it took, in milliseconds, where the log tells; the stamp is that of its end.
    pub duration_ms: Option<u32>,
}

/// The requests of one key under one stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The stamp.
    pub time_ms: i64,
    /// Requests under this stamp.
    pub requests: u32,
    /// Of these, denied.
    pub denied: u32,
}

impl Cell {
    /// Requests that were admitted.
    pub fn admitted(&self) -> u32 {
        self.requests - self.denied
    }
}

/// Arrivals grouped by key, made ready for many replays.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    cells: Vec<Cell>,
    /// Key and the end of its cells.
    ends: Vec<(u32, usize)>,
    /// The arrivals by key and stamp, where the log tells how long each took.
    timed: Vec<Arrival>,
    whole_seconds: bool,
    requests: u64,
    denials: u64,
}

impl Traffic {
    /// Groups arrivals, in whatever order they come.
    pub fn new(arrivals: &[Arrival]) -> Traffic {
        let mut sorted = arrivals.to_vec();
        // Under one stamp they stay in the order of the log, which is that of their ends.
        sorted.sort_by_key(|arrival| (arrival.key, arrival.time_ms));
        let mut traffic = Traffic {
            whole_seconds: arrivals.iter().all(|arrival| arrival.time_ms % 1000 == 0),
            requests: arrivals.len() as u64,
            denials: arrivals.iter().filter(|arrival| arrival.denied).count() as u64,
            ..Traffic::default()
        };
        for of_key in sorted.chunk_by(|a, b| a.key == b.key) {
            for under_stamp in of_key.chunk_by(|a, b| a.time_ms == b.time_ms) {
                traffic.cells.push(Cell {
                    time_ms: under_stamp[0].time_ms,
                    requests: under_stamp.len() as u32,
                    denied: under_stamp.iter().filter(|arrival| arrival.denied).count() as u32,
                });
            }
            traffic.ends.push((of_key[0].key, traffic.cells.len()));
        }
        if sorted
            .iter()
            .all(|arrival| arrival.duration_ms.is_some() || arrival.denied)
        {
            traffic.timed = sorted;
        }
        traffic
    }

    /// All arrivals.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// All denials.
    pub fn denials(&self) -> u64 {
        self.denials
    }

    /// The arrivals by key, then in the order of the log, where it tells how long each of the admitted ones took.
    pub(crate) fn timed(&self) -> Option<&[Arrival]> {
        (!self.timed.is_empty()).then_some(self.timed.as_slice())
    }

    /// Each key with its cells in time order.
    pub fn keys(&self) -> impl Iterator<Item = (u32, &[Cell])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|&(_, end)| end));
        starts
            .zip(&self.ends)
            .map(|(start, &(key, end))| (key, &self.cells[start..end]))
    }

    /// Writes when the requests of a cell arrived: at its stamp, or spread over its second, evenly
    /// or scattered as chance would have it (the same way each time).
    ///
    /// Scatter matters to limiters without a burst, which admit by the gap before a request:
    /// at an even pace of half the limit all pass, by chance only some.
    pub(crate) fn instants(&self, cell: &Cell, scattered: bool, into: &mut Vec<i64>) {
        into.clear();
        let requests = i64::from(cell.requests);
        if !self.whole_seconds {
            into.extend((0..requests).map(|_| cell.time_ms));
        } else if !scattered {
            into.extend((0..requests).map(|i| cell.time_ms + (2 * i + 1) * 500 / requests));
        } else {
            scatter(cell, into);
        }
    }

    /// Width of a stamp in seconds.
    pub(crate) fn stamp_s(&self) -> f64 {
        if self.whole_seconds { 1.0 } else { 0.001 }
    }
}

/// Random instants within the second of a cell, sorted: gaps are exponential, made to fit.
fn scatter(cell: &Cell, into: &mut Vec<i64>) {
    let mut state = cell.time_ms as u64;
    let mut gap = || {
        // splitmix64; the top 53 bits are a number above zero and up to one.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = (((mixed ^ (mixed >> 31)) >> 11) + 1) as f64 / (1u64 << 53) as f64;
        -unit.ln() * 1e6
    };
    let mut sum = 0.0;
    for _ in 0..cell.requests {
        sum += gap();
        into.push(sum as i64);
    }
    sum += gap();
    for instant in into {
        *instant = cell.time_ms + (*instant as f64 * 1000.0 / sum) as i64;
    }
}
