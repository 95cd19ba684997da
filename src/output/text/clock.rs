//! Times as the log's own clock shows them, with a date only where the log spans more than a day.

use super::number;
use crate::findings::{Analysis, Moment};
use chrono::{Datelike, NaiveDateTime, TimeDelta};

/// The log's own clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    offset: TimeDelta,
    date: Date,
    windows: Precision,
    window_s: u64,
    is_short: bool,
}

/// How much of the date the log's span needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Date {
    Never,
    MonthAndDay,
    YearToo,
}

/// How exact a time is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// `09:43`.
    Minutes,
    /// `09:43:00`.
    Seconds,
}

impl Clock {
    /// The clock of an analysis.
    pub(super) fn of(analysis: &Analysis) -> Self {
        let mut clock = Clock {
            offset: TimeDelta::seconds(analysis.utc_offset_s.into()),
            date: Date::Never,
            windows: if analysis.window_s.is_multiple_of(60) {
                Precision::Minutes
            } else {
                Precision::Seconds
            },
            window_s: analysis.window_s,
            is_short: false,
        };
        if let (Some(start), Some(end)) = (analysis.input.start, analysis.input.end) {
            let (start, end) = (clock.local(start), clock.local(end));
            clock.is_short = end.signed_duration_since(start) < TimeDelta::hours(1);
            clock.date = match start {
                _ if start.date() == end.date() => Date::Never,
                _ if start.year() == end.year() => Date::MonthAndDay,
                _ => Date::YearToo,
            };
        }
        clock
    }

    /// `UTC+01:00`.
    fn offset_name(&self) -> String {
        let minutes = self.offset.num_minutes();
        match minutes {
            0 => "UTC".to_owned(),
            _ => format!(
                "UTC{}{:02}:{:02}",
                if minutes < 0 { '-' } else { '+' },
                minutes.abs() / 60,
                minutes.abs() % 60
            ),
        }
    }

    /// `09:43:00`, or `Mar 14 09:43:00` where the log spans days.
    pub(super) fn time(&self, moment: Moment, precision: Precision) -> String {
        self.shown(self.local(moment), precision)
    }

    /// The start of a window, as exact as windows are wide.
    pub(super) fn window(&self, start: Moment) -> String {
        self.time(start, self.windows)
    }

    /// The width of a window: `5 s`.
    pub(super) fn window_width(&self) -> String {
        number::duration(self.window_s)
    }

    /// Whether the log spans less than an hour, so that minutes are too coarse.
    pub(super) fn is_short(&self) -> bool {
        self.is_short
    }

    /// `09:43:00-10:04:36`, or `Mar 14 23:43:00-Mar 15 00:04:36` where the log spans days.
    pub(super) fn range(&self, start: Moment, end: Moment, precision: Precision) -> String {
        let (start, end) = (self.local(start), self.local(end));
        let until = if start.date() == end.date() {
            time_of_day(end, precision)
        } else {
            self.shown(end, precision)
        };
        let from = self.shown(start, precision);
        if from.ends_with(&until) && until.len() == precision.columns() {
            from
        } else {
            format!("{from}-{until}")
        }
    }

    /// `2026-03-14 09:00:00-10:59:58 UTC+01:00 (2 h)`: the one place where the offset stands.
    pub(super) fn span(&self, start: Moment, end: Moment) -> String {
        let (from, until) = (self.local(start), self.local(end));
        let until = if from.date() == until.date() {
            until.format("-%H:%M:%S")
        } else {
            until.format(" - %Y-%m-%d %H:%M:%S")
        };
        format!(
            "{}{until} {} ({})",
            from.format("%Y-%m-%d %H:%M:%S"),
            self.offset_name(),
            between(start, end)
        )
    }

    fn shown(&self, local: NaiveDateTime, precision: Precision) -> String {
        let time = time_of_day(local, precision);
        match self.date {
            Date::Never => time,
            Date::MonthAndDay => format!("{} {time}", local.format("%b %e")),
            Date::YearToo => format!("{} {time}", local.format("%Y-%m-%d")),
        }
    }

    /// Local time; UTC at the edges of the calendar, where the offset leads beyond it.
    fn local(&self, moment: Moment) -> NaiveDateTime {
        let utc = moment.naive_utc();
        utc.checked_add_signed(self.offset).unwrap_or(utc)
    }
}

impl Precision {
    fn columns(self) -> usize {
        match self {
            Precision::Minutes => "09:43".len(),
            Precision::Seconds => "09:43:00".len(),
        }
    }
}

fn time_of_day(local: NaiveDateTime, precision: Precision) -> String {
    match precision {
        Precision::Minutes => local.format("%H:%M").to_string(),
        Precision::Seconds => local.format("%H:%M:%S").to_string(),
    }
}

/// The time between two moments, for people.
pub(super) fn between(start: Moment, end: Moment) -> String {
    let seconds = end.signed_duration_since(start).num_seconds();
    number::duration(seconds.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn moment(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_in_the_offset_of_the_log() {
        let clock = Clock::of(&sample::one_spike());
        let (start, end) = (
            moment("2026-03-14T08:43:00Z"),
            moment("2026-03-14T09:04:36Z"),
        );
        assert_eq!(clock.offset_name(), "UTC+01:00");
        assert_eq!(clock.time(start, Precision::Seconds), "09:43:00");
        assert_eq!(
            clock.range(start, end, Precision::Seconds),
            "09:43:00-10:04:36"
        );
        assert_eq!(clock.range(start, start, Precision::Minutes), "09:43");
        assert_eq!(
            clock.span(start, end),
            "2026-03-14 09:43:00-10:04:36 UTC+01:00 (22 min)"
        );
    }

    #[test]
    fn dates_stand_where_the_span_needs_them() {
        let clock = Clock::of(&sample::three_spikes());
        let (start, end) = (
            moment("2026-03-14T08:43:00Z"),
            moment("2026-03-15T09:04:36Z"),
        );
        assert_eq!(
            clock.range(start, end, Precision::Minutes),
            "Mar 14 09:43-Mar 15 10:04"
        );
        assert_eq!(
            clock.range(start, start, Precision::Minutes),
            "Mar 14 09:43"
        );
    }

    #[test]
    fn offsets_west_of_greenwich_and_absurd_times_are_shown() {
        let mut analysis = sample::empty();
        analysis.utc_offset_s = -12_600;
        let clock = Clock::of(&analysis);
        assert_eq!(clock.offset_name(), "UTC-03:30");
        assert!(!clock.time(Moment::MIN_UTC, Precision::Seconds).is_empty());
        assert!(
            !clock
                .range(Moment::MIN_UTC, Moment::MAX_UTC, Precision::Seconds)
                .is_empty()
        );
    }
}
