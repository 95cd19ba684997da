//! Requests and denials over the whole span in one glance, with the spikes marked below.
//!
//! Each column stands for the same whole number of windows (or each window for the same number of
//! columns, in a short log), so that heights compare. A few requests with absurd times do not
//! squeeze the rest into one column: they are left out, and counted below.

use super::clock::{Clock, Precision};
use super::number::{counted, thousands};
use super::sheet::{Piece, Sheet, Tint};
use super::wrap::{pad_right, width};
use crate::findings::{Analysis, Moment, Spike, TimelineWindow};
use chrono::TimeDelta;

/// Columns of the labels on the left.
const LABEL: usize = 11;
/// Columns kept for the largest value on the right.
const LARGEST: usize = 14;
/// Rows of spike marks; more would push the verdicts off the screen.
const LANES: usize = 3;
/// At most one in this many requests is left out at each end as having an absurd time.
const ABSURD: u64 = 1_000;

const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BLOCKS: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '#', '@'];

pub(super) fn write(analysis: &Analysis, clock: &Clock, sheet: &mut Sheet) {
    let drawn = without_absurd_ends(&analysis.timeline, &analysis.spikes);
    let room = sheet.width().saturating_sub(LABEL + LARGEST);
    let Some(scale) = Scale::of(drawn, analysis.window_s, room) else {
        return;
    };
    sheet.blank();
    let requests = scale.sums(drawn, |window| window.requests);
    let denials = scale.sums(drawn, |window| window.denials);
    row("requests", Tint::Plain, &requests, sheet);
    row("denials", Tint::Strong, &denials, sheet);
    for lane in lanes(&analysis.spikes, &scale, sheet.unicode()) {
        sheet.line(&[
            Piece::new(Tint::Faint, pad_right(lane.label, LABEL)),
            Piece::plain(lane.marks.iter().collect::<String>()),
        ]);
    }
    axis(&scale, clock, sheet);
    let left_out = (analysis.timeline.iter().map(|w| w.requests).sum::<u64>())
        .saturating_sub(drawn.iter().map(|w| w.requests).sum());
    if left_out > 0 {
        let requests = counted(left_out, "request", "requests");
        let note = format!("{requests} with times far from all others not drawn");
        sheet.sentence(LABEL, Tint::Faint, &note, 2);
    }
}

fn row(label: &str, tint: Tint, values: &[u64], sheet: &mut Sheet) {
    let largest = values.iter().copied().max().unwrap_or(0);
    let blocks = if sheet.unicode() {
        BLOCKS
    } else {
        ASCII_BLOCKS
    };
    let bars: String = values
        .iter()
        .map(|value| block(*value, largest, blocks))
        .collect();
    sheet.line(&[
        Piece::new(Tint::Faint, pad_right(label, LABEL)),
        Piece::new(tint, bars),
        Piece::new(Tint::Faint, format!(" max {}", thousands(largest))),
    ]);
}

/// Empty only for none: a single denial is seen.
fn block(value: u64, largest: u64, blocks: [char; 9]) -> char {
    let height = (u128::from(value) * 8).div_ceil(u128::from(largest.max(1)));
    usize::try_from(height)
        .ok()
        .and_then(|height| blocks.get(height))
        .copied()
        .unwrap_or(' ')
}

fn axis(scale: &Scale, clock: &Clock, sheet: &mut Sheet) {
    let precision = if scale.seconds_per_column < 60 {
        Precision::Seconds
    } else {
        Precision::Minutes
    };
    let mut marks = vec![' '; scale.columns];
    let last = clock.time(scale.end, precision);
    let middle = clock.time(scale.moment(scale.columns / 2), precision);
    let first = clock.time(scale.moment(0), precision);
    place(&mut marks, &first, 0);
    place(
        &mut marks,
        &last,
        scale.columns.saturating_sub(width(&last)),
    );
    place(&mut marks, &middle, scale.columns / 2);
    let column = format!(" {}", scale.column_name());
    sheet.line(&[
        Piece::plain(" ".repeat(LABEL)),
        Piece::new(Tint::Faint, marks.into_iter().collect::<String>()),
        Piece::new(Tint::Faint, column),
    ]);
}

/// Puts the text there unless it would touch what stands there already.
fn place(marks: &mut [char], text: &str, at: usize) -> bool {
    let length = text.chars().count();
    let around = at.saturating_sub(1)..(at + length + 1).min(marks.len());
    let is_free = at + length <= marks.len()
        && marks
            .get(around)
            .is_some_and(|place| place.iter().all(|mark| *mark == ' '));
    if is_free {
        for (mark, c) in marks.iter_mut().skip(at).zip(text.chars()) {
            *mark = c;
        }
    }
    is_free
}

/// How time becomes columns.
#[derive(Debug)]
struct Scale {
    first: Moment,
    /// End of the last window.
    end: Moment,
    seconds_per_column: u64,
    columns: usize,
    /// Columns per window, where there are fewer windows than columns.
    stretch: usize,
}

impl Scale {
    /// None for less than two windows: there is nothing to compare.
    fn of(drawn: &[TimelineWindow], window_s: u64, room: usize) -> Option<Self> {
        let (first, last) = (drawn.first()?.start, drawn.last()?.start);
        let window_s = window_s.max(1);
        let windows = seconds_between(first, last) / window_s + 1;
        if windows < 2 || room == 0 {
            return None;
        }
        let room_wide = room as u64;
        let windows_per_column = windows.div_ceil(room_wide);
        let stretch = (room_wide / windows).max(1) as usize;
        let columns = windows.div_ceil(windows_per_column) as usize * stretch;
        let width = TimeDelta::try_seconds(i64::try_from(window_s).ok()?)?;
        Some(Scale {
            first,
            end: last.checked_add_signed(width).unwrap_or(last),
            seconds_per_column: windows_per_column.saturating_mul(window_s),
            columns,
            stretch,
        })
    }

    fn column(&self, moment: Moment) -> usize {
        let bin = seconds_between(self.first, moment) / self.seconds_per_column;
        usize::try_from(bin)
            .unwrap_or(usize::MAX)
            .saturating_mul(self.stretch)
            .min(self.columns - 1)
    }

    fn moment(&self, column: usize) -> Moment {
        let bins = (column / self.stretch) as u64;
        let seconds = bins.saturating_mul(self.seconds_per_column);
        i64::try_from(seconds)
            .ok()
            .and_then(TimeDelta::try_seconds)
            .and_then(|delta| self.first.checked_add_signed(delta))
            .unwrap_or(self.first)
    }

    fn sums(&self, drawn: &[TimelineWindow], value: fn(&TimelineWindow) -> u64) -> Vec<u64> {
        let mut sums = vec![0_u64; self.columns];
        for window in drawn {
            let from = self.column(window.start);
            for sum in sums.iter_mut().skip(from).take(self.stretch) {
                *sum = sum.saturating_add(value(window));
            }
        }
        sums
    }

    fn column_name(&self) -> String {
        let name = if self.stretch == 1 { "col" } else { "step" };
        // One unit only: two do not fit beside the axis.
        let (number, unit) = match self.seconds_per_column {
            s if s % 86_400 == 0 => (s / 86_400, "d"),
            s if s % 3_600 == 0 => (s / 3_600, "h"),
            s if s % 60 == 0 => (s / 60, "min"),
            s => (s, "s"),
        };
        format!("{name} = {} {unit}", thousands(number))
    }
}

/// A row of marks under the timeline.
struct Lane {
    label: &'static str,
    marks: Vec<char>,
}

/// Marks of the spikes in as few rows as they need without touching.
fn lanes(spikes: &[Spike], scale: &Scale, unicode: bool) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for spike in spikes {
        let (at, mark) = mark(spike, scale, unicode);
        let is_placed = lanes
            .iter_mut()
            .any(|lane| place(&mut lane.marks, &mark, at));
        if !is_placed && lanes.len() < LANES {
            let mut lane = Lane {
                label: if lanes.is_empty() { "spikes" } else { "" },
                marks: vec![' '; scale.columns],
            };
            place(&mut lane.marks, &mark, at);
            lanes.push(lane);
        }
    }
    lanes
}

/// `├──1-1──┤` from the first column to the last, or `▲1-1` where that is too narrow.
fn mark(spike: &Spike, scale: &Scale, unicode: bool) -> (usize, String) {
    let [from, line, to, up] = if unicode {
        ['├', '─', '┤', '▲']
    } else {
        ['|', '-', '|', '^']
    };
    let second = TimeDelta::try_seconds(1).unwrap_or_default();
    let last_moment = spike.end.checked_sub_signed(second).unwrap_or(spike.end);
    let first = scale.column(spike.start);
    let last = scale.column(last_moment.max(spike.start)) + scale.stretch - 1;
    let columns = last.min(scale.columns - 1) + 1 - first;
    let id = spike.id.as_str();
    let id_columns = id.chars().count();
    if columns < id_columns + 2 {
        // The arrow points at the start; the id stands on the side where there is room.
        if first + 1 + id_columns <= scale.columns {
            return (first, format!("{up}{id}"));
        }
        return (first.saturating_sub(id_columns), format!("{id}{up}"));
    }
    let lines = columns - id_columns - 2;
    let (left, right) = (lines / 2, lines - lines / 2);
    let line = |columns: usize| line.to_string().repeat(columns);
    (
        first,
        format!("{from}{}{id}{}{to}", line(left), line(right)),
    )
}

/// The windows without the far ends that hold next to nothing and yet take most of the time.
fn without_absurd_ends<'a>(
    timeline: &'a [TimelineWindow],
    spikes: &[Spike],
) -> &'a [TimelineWindow] {
    let total: u64 = timeline.iter().map(|window| window.requests).sum();
    let is_needed = |window: &TimelineWindow| {
        spikes
            .iter()
            .any(|spike| window.start >= spike.start && window.start < spike.end)
    };
    let end_of = |windows: &mut dyn Iterator<Item = &TimelineWindow>| {
        let mut left_out = 0;
        windows
            .take_while(|window| {
                left_out += window.requests;
                left_out <= total / ABSURD && !is_needed(window)
            })
            .count()
    };
    let front = end_of(&mut timeline.iter());
    let back = end_of(&mut timeline.iter().rev());
    let core = timeline
        .get(front..timeline.len().saturating_sub(back))
        .unwrap_or(timeline);
    if seconds_of(core).saturating_mul(4) < seconds_of(timeline) {
        core
    } else {
        timeline
    }
}

fn seconds_of(windows: &[TimelineWindow]) -> u64 {
    match (windows.first(), windows.last()) {
        (Some(first), Some(last)) => seconds_between(first.start, last.start),
        _ => 0,
    }
}

fn seconds_between(start: Moment, end: Moment) -> u64 {
    let seconds = end.signed_duration_since(start).num_seconds();
    u64::try_from(seconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Context, sample};

    fn drawn(analysis: &Analysis) -> Vec<String> {
        let mut sheet = Sheet::new(&Context::default());
        write(analysis, &Clock::of(analysis), &mut sheet);
        sheet.into_text().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_single_denial_is_seen() {
        assert_eq!(block(0, 1_000_000, BLOCKS), ' ');
        assert_eq!(block(1, 1_000_000, BLOCKS), '▁');
        assert_eq!(block(1_000_000, 1_000_000, BLOCKS), '█');
        assert_eq!(block(u64::MAX, u64::MAX, BLOCKS), '█');
        assert_eq!(block(0, 0, BLOCKS), ' ');
    }

    #[test]
    fn one_window_is_no_timeline() {
        let mut analysis = sample::one_spike();
        analysis.timeline.truncate(1);
        assert!(drawn(&analysis).is_empty());
    }

    #[test]
    fn a_spike_stands_below_its_denials() {
        let lines = drawn(&sample::one_spike());
        let (denials, spikes) = (&lines[2], &lines[3]);
        let from = spikes.chars().position(|c| c == '├').unwrap();
        let to = spikes.chars().position(|c| c == '┤').unwrap();
        for (column, c) in denials.chars().enumerate().skip(LABEL).take(from - LABEL) {
            assert!(c < '▄', "{column} of {denials}");
        }
        assert!(
            denials
                .chars()
                .skip(from + 1)
                .take(to - from - 1)
                .all(|c| c > '▄')
        );
    }

    #[test]
    fn one_absurd_stamp_does_not_squeeze_the_rest() {
        let mut analysis = sample::one_spike();
        let before = drawn(&analysis);
        let mut absurd = analysis.timeline[0];
        absurd.start = "9999-12-31T23:59:59Z".parse().unwrap();
        absurd.requests = 2;
        absurd.denials = 0;
        analysis.timeline.push(absurd);
        let after = drawn(&analysis);
        assert_eq!(after[1..before.len()], before[1..]);
        assert!(
            after.last().unwrap().contains("2 requests with times far"),
            "{after:?}"
        );
    }

    #[test]
    fn many_spikes_take_few_rows() {
        let mut analysis = sample::one_spike();
        analysis.spikes = (0..20).map(|_| analysis.spikes[0].clone()).collect();
        assert_eq!(drawn(&analysis).len(), 1 + 2 + LANES + 1);
    }

    #[test]
    fn a_short_log_uses_the_whole_width() {
        let mut analysis = sample::one_spike();
        analysis.timeline.truncate(5);
        analysis.spikes.clear();
        let lines = drawn(&analysis);
        assert!(width(&lines[1]) > 60, "{lines:?}");
    }
}
