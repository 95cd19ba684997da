//! Who was denied over the whole log: by client, route, token, address and window, in one grid.

use super::clock::{Clock, Precision};
use super::number::{share, thousands};
use super::sheet::{Piece, Sheet, Tint};
use super::wrap::{fit, pad_left, pad_right, width};
use crate::findings::{Analysis, Group, Moment};
use crate::output::Context;
use std::collections::HashSet;

/// Columns of the names of the dimensions.
const NAME: usize = 9;
/// Columns of the values where the terminal is wide: more only moves the numbers away.
const WIDEST_VALUE: usize = 56;
/// From this width on there is room for seconds.
const WIDE: usize = 100;

pub(super) fn write(analysis: &Analysis, context: &Context, clock: &Clock, sheet: &mut Sheet) {
    let rows = rows(analysis, context, clock, sheet);
    if rows.is_empty() {
        return;
    }
    let head = Row {
        name: "",
        value: String::new(),
        numbers: ["denials", "requests", "denied", "first-last"].map(str::to_owned),
    };
    let longest = rows.iter().map(|row| width(&row.value)).max().unwrap_or(0);
    let mut columns = columns(rows.iter().chain([&head]));
    let mut room = room(columns, sheet);
    let mut value = longest.min(WIDEST_VALUE).min(room);
    // Rows have to differ: more columns for the values, then those of the times too.
    if !are_distinct(&rows, value, sheet) {
        value = longest.min(room);
    }
    if !are_distinct(&rows, value, sheet) {
        columns[TIME] = 0;
        room = self::room(columns, sheet);
        value = longest.min(room);
    }
    sheet.blank();
    head.write(Tint::Faint, "", value, columns, sheet);
    let shown: Vec<String> = rows
        .chunk_by(|_, row| row.name.is_empty())
        .flat_map(|rows| fitted_apart(rows, value, sheet))
        .collect();
    for (row, shown) in rows.iter().zip(&shown) {
        row.write(Tint::Plain, shown, value, columns, sheet);
    }
}

/// The last of the numbers.
const TIME: usize = 3;

/// The widths of the numbers.
fn columns<'a>(rows: impl Iterator<Item = &'a Row>) -> [usize; 4] {
    let mut columns = [0; 4];
    for row in rows {
        for (column, number) in columns.iter_mut().zip(&row.numbers) {
            *column = width(number).max(*column);
        }
    }
    columns
}

/// What the names and numbers leave for the values.
fn room(columns: [usize; 4], sheet: &Sheet) -> usize {
    let shown = columns.iter().filter(|column| **column > 0);
    let numbers: usize = shown.map(|column| column + 2).sum();
    sheet.width().saturating_sub(NAME + numbers)
}

/// Whether no two values of a dimension look the same, cut in the middle to `limit` columns.
fn are_distinct(rows: &[Row], limit: usize, sheet: &Sheet) -> bool {
    let fitted = |row: &Row| fit(&row.value, limit, sheet.ellipsis());
    rows.chunk_by(|_, row| row.name.is_empty())
        .all(|rows| is_set(&rows.iter().map(fitted).collect::<Vec<_>>()))
}

fn is_set(values: &[String]) -> bool {
    values.iter().collect::<HashSet<_>>().len() == values.len()
}

/// The values of one dimension in at most `limit` columns: cut in the middle; where that makes some
/// look the same, what these have in common at the start is cut.
fn fitted_apart(rows: &[Row], limit: usize, sheet: &Sheet) -> Vec<String> {
    let ellipsis = sheet.ellipsis();
    let middle = |value: &str| fit(value, limit, ellipsis);
    let cut: Vec<String> = rows.iter().map(|row| middle(&row.value)).collect();
    rows.iter()
        .zip(&cut)
        .map(|(row, shown)| {
            let alike = rows.iter().zip(&cut);
            let alike = alike.filter(|(other, cut)| *cut == shown && other.value != row.value);
            let common = alike
                .map(|(other, _)| common_start(&row.value, &other.value))
                .min();
            let Some(common) = common else {
                return shown.clone();
            };
            let (start, rest) = row.value.split_at(common);
            let start: String = start.chars().take(limit / 4).collect();
            let used = width(&start) + width(ellipsis);
            let rest = fit(rest, limit.saturating_sub(used), ellipsis);
            fit(&format!("{start}{ellipsis}{rest}"), limit, ellipsis)
        })
        .collect()
}

/// Bytes that both start with.
fn common_start(one: &str, other: &str) -> usize {
    one.char_indices()
        .zip(other.chars())
        .find(|((_, c), other)| c != other)
        .map_or(one.len().min(other.len()), |((at, _), _)| at)
}

struct Row {
    name: &'static str,
    value: String,
    numbers: [String; 4],
}

impl Row {
    fn write(&self, tint: Tint, shown: &str, value: usize, columns: [usize; 4], sheet: &mut Sheet) {
        let [denials, requests, denied, time] = &self.numbers;
        let [
            denials_columns,
            requests_columns,
            denied_columns,
            time_columns,
        ] = columns;
        let time = if time_columns > 0 { time } else { "" };
        sheet.line(&[
            Piece::new(Tint::Strong, pad_right(self.name, NAME)),
            Piece::new(tint, pad_right(shown, value)),
            Piece::new(tint, format!("  {}", pad_left(denials, denials_columns))),
            Piece::new(tint, format!("  {}", pad_left(requests, requests_columns))),
            Piece::new(tint, format!("  {}", pad_left(denied, denied_columns))),
            Piece::new(tint, format!("  {time}")),
        ]);
    }
}

fn rows(analysis: &Analysis, context: &Context, clock: &Clock, sheet: &Sheet) -> Vec<Row> {
    let precision = if sheet.width() >= WIDE || clock.is_short() {
        Precision::Seconds
    } else {
        Precision::Minutes
    };
    let groups = &analysis.groups;
    let mut dimensions = vec![
        ("client", &groups.client),
        ("route", &groups.route),
        ("token", &groups.token),
        ("ip", &groups.ip),
    ];
    if context.verbose {
        dimensions.push(("network", &groups.prefix));
        dimensions.push(("user", &groups.user));
    }
    let mut rows: Vec<Row> = Vec::new();
    for (name, groups) in dimensions {
        let denied = groups.iter().filter(|group| group.denials > 0);
        for (at, group) in denied.take(context.top).enumerate() {
            rows.push(Row {
                name: if at == 0 { name } else { "" },
                value: sheet.shown(&group.value).into_owned(),
                numbers: numbers(group, clock.range(group.first, group.last, precision)),
            });
        }
    }
    rows.extend(windows(&groups.window, context, clock, sheet));
    rows
}

/// The windows with the most denials; their value is their time.
fn windows<'a>(
    windows: &'a [Group],
    context: &Context,
    clock: &'a Clock,
    sheet: &'a Sheet,
) -> impl Iterator<Item = Row> + 'a {
    let denied = windows.iter().filter(|group| group.denials > 0);
    denied.take(context.top).enumerate().map(|(at, group)| Row {
        name: if at == 0 { "window" } else { "" },
        value: match group.value.parse::<Moment>() {
            Ok(start) => clock.window(start),
            Err(_) => sheet.shown(&group.value).into_owned(),
        },
        numbers: numbers(group, String::new()),
    })
}

fn numbers(group: &Group, time: String) -> [String; 4] {
    [
        thousands(group.denials),
        thousands(group.requests),
        share(group.denials, group.requests),
        time,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn table(routes: [&str; 2], width: usize) -> String {
        let mut analysis = sample::one_spike();
        let groups = &mut analysis.groups.route;
        groups.truncate(2);
        for (group, route) in groups.iter_mut().zip(routes) {
            group.value = route.to_owned();
        }
        let context = Context {
            width,
            ..Context::default()
        };
        let mut sheet = Sheet::new(&context);
        write(&analysis, &context, &Clock::of(&analysis), &mut sheet);
        sheet.into_text()
    }

    #[test]
    fn routes_that_differ_in_the_middle_get_the_room_of_the_times() {
        let routes = [
            "/api/v1/organisations/alpha/settings/export",
            "/api/v1/organisations/gamma/settings/export",
        ];
        let text = table(routes, 80);
        assert!(routes.iter().all(|route| text.contains(route)), "{text}");
        assert!(!text.contains("first-last"), "{text}");
    }

    #[test]
    fn routes_too_long_for_the_page_show_where_they_differ() {
        let long = |name: &str| format!("{}{name}{}", "/same".repeat(20), "/end".repeat(20));
        let text = table([&long("/alpha"), &long("/gamma")], 80);
        assert!(
            text.contains("…alpha/") && text.contains("…gamma/"),
            "{text}"
        );
        assert!(text.lines().all(|line| width(line) <= 80), "{text}");
    }
}
