//! Who was denied over the whole log: by client, route, token, address and window, in one grid.

use super::clock::{Clock, Precision};
use super::number::{share, thousands};
use super::sheet::{Piece, Sheet, Tint};
use super::wrap::{pad_left, pad_right, width};
use crate::findings::{Analysis, Group, Moment};
use crate::output::Context;

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
    let mut columns = [0; 4];
    for row in rows.iter().chain([&head]) {
        for (column, number) in columns.iter_mut().zip(&row.numbers) {
            *column = width(number).max(*column);
        }
    }
    let numbers: usize = columns.iter().map(|column| column + 2).sum();
    let longest = rows.iter().map(|row| width(&row.value)).max().unwrap_or(0);
    let room = sheet.width().saturating_sub(NAME + numbers);
    let value = longest.min(WIDEST_VALUE).min(room);
    sheet.blank();
    head.write(Tint::Faint, value, columns, sheet);
    for row in &rows {
        row.write(Tint::Plain, value, columns, sheet);
    }
}

struct Row {
    name: &'static str,
    value: String,
    numbers: [String; 4],
}

impl Row {
    fn write(&self, tint: Tint, value: usize, columns: [usize; 4], sheet: &mut Sheet) {
        let [denials, requests, denied, time] = &self.numbers;
        let [denials_columns, requests_columns, denied_columns, _] = columns;
        let shown = sheet.fitted(&self.value, value);
        sheet.line(&[
            Piece::new(Tint::Strong, pad_right(self.name, NAME)),
            Piece::new(tint, pad_right(&shown, value)),
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
