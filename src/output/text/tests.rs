//! The report as people see it, compared with the files in `snapshots/`.
//!
//! After a wanted change: run with `UPDATE_SNAPSHOTS=1`, then read the difference as a reader would.

use super::*;
use crate::output::sample;
use proptest::prelude::*;
use std::fs;
use std::path::Path;

fn written(analysis: &Analysis, context: &Context) -> String {
    let mut bytes = Vec::new();
    Text.write(analysis, context, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn wide(width: usize) -> Context {
    Context {
        source: "access.log".to_owned(),
        width,
        ..Context::default()
    }
}

#[track_caller]
fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/output/text/snapshots")
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{} differs; UPDATE_SNAPSHOTS=1 rewrites it. Now:\n{text}",
        path.display()
    );
}

macro_rules! snapshots {
    ($($name:ident: $analysis:expr, $context:expr;)*) => {
        $(
            #[test]
            fn $name() {
                assert_snapshot(stringify!($name), &written(&$analysis, &$context));
            }
        )*
    };
}

snapshots! {
    one_spike_80: sample::one_spike(), wide(80);
    one_spike_120: sample::one_spike(), wide(120);
    one_spike_verbose: sample::one_spike(), Context { verbose: true, ..wide(100) };
    one_spike_ascii: sample::one_spike(), Context { unicode: false, ..wide(80) };
    three_spikes_80: sample::three_spikes(), wide(80);
    three_spikes_120: sample::three_spikes(), wide(120);
    standing_only_80: sample::standing_only(), wide(80);
    empty_80: sample::empty(), wide(80);
    hostile_80: sample::hostile(), wide(80);
}

#[test]
fn one_spike_in_colour() {
    let context = Context {
        color: true,
        ..wide(80)
    };
    let text = written(&sample::one_spike(), &context);
    assert_snapshot("one_spike_color", &text.replace('\x1b', "\\e"));
    let mut plain = String::new();
    for (at, part) in text.split('\x1b').enumerate() {
        plain.push_str(if at == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        });
    }
    assert_eq!(plain, written(&sample::one_spike(), &wide(80)));
}

#[test]
fn the_common_case_fits_one_screen() {
    let lines = written(&sample::one_spike(), &wide(80)).lines().count();
    assert!((24..=52).contains(&lines), "{lines} lines");
}

#[test]
fn ascii_only_means_ascii_only() {
    for analysis in [sample::three_spikes(), sample::hostile()] {
        let context = Context {
            unicode: false,
            ..wide(80)
        };
        let text = written(&analysis, &context);
        assert!(
            text.bytes()
                .all(|b| b == b'\n' || b == b' ' || b.is_ascii_graphic())
        );
    }
}

#[test]
fn lines_outside_of_the_filters_are_told_from_an_empty_log() {
    let mut analysis = sample::empty();
    analysis.input.lines = 1_200;
    analysis.input.skipped.filtered = 1_200;
    let text = written(&analysis, &wide(80));
    assert!(
        text.contains("of 1,200 lines, 1,200 lie outside of --since"),
        "{text}"
    );
}

#[test]
fn a_log_without_denials_says_so() {
    let mut analysis = sample::standing_only();
    analysis.standing.clear();
    analysis.shares.clear();
    analysis.groups = Default::default();
    analysis.totals.denials = 0;
    let text = written(&analysis, &wide(80));
    assert!(text.contains("No denials"), "{text}");
}

/// The lines but for those of commands, which may be wider than the page: they are to be pasted.
fn without_commands(text: &str) -> Vec<&str> {
    let mut is_command = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        is_command =
            line.starts_with("  reproduce  ") || (is_command && line.starts_with(&" ".repeat(13)));
        if !is_command {
            lines.push(line);
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_line_overflows_and_nothing_is_obeyed(
        value in prop_oneof![any::<String>(), "[ -~\x1b\u{202e}é京]{0,90}"],
        width in 0..200usize,
        unicode: bool,
        verbose: bool,
    ) {
        let analysis = sample::hostile_with(&value);
        let context = Context { unicode, verbose, ..wide(width) };
        let text = written(&analysis, &context);
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        for line in without_commands(&text) {
            prop_assert!(wrap::width(line) <= width.clamp(40, 120), "{}", line);
        }
    }
}

#[test]
fn advice_stands_once_per_cause_and_mechanism_and_causes_are_spelt_in_words() {
    let mut analysis = sample::one_spike();
    let mut again = analysis.spikes[0].clone();
    again.reason = Some("rate_limit and ip_acl explain it; /ip_acl_x does not".to_owned());
    analysis.spikes.push(again);
    let text = written(&analysis, &wide(100));
    assert_eq!(text.matches("  server ").count(), 1, "{text}");
    assert!(
        text.contains("rate limit and ip acl explain it; /ip_acl_x does not"),
        "{text}"
    );
    let context = Context {
        verbose: true,
        ..wide(100)
    };
    let text = written(&analysis, &context);
    assert_eq!(text.matches("  server ").count(), 2, "{text}");
}

#[test]
fn a_window_that_was_not_replayed_is_called_a_guess() {
    let mut analysis = sample::one_spike();
    assert!(!written(&analysis, &wide(100)).contains("is a guess"));
    let spike = &mut analysis.spikes[0];
    spike.mechanism = None;
    if let Some(limit) = spike.rule.as_mut().and_then(|rule| rule.limit.as_mut()) {
        limit.window_s = Some(60.0);
    }
    let text = written(&analysis, &wide(100));
    assert!(text.contains("the window is a guess"), "{text}");
}
