//! Progress of long runs, on standard error and only where that is a terminal.

use crate::analysis::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::Duration;

/// Draws a bar, or nothing.
pub struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar that draws on a terminal unless it is unwanted. It appears only after half a second, so
    /// that short runs stay quiet.
    pub fn new(wanted: bool) -> Bar {
        if !wanted || !stderr().is_terminal() {
            return Bar(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        bar.set_style(ProgressStyle::default_spinner());
        Bar(Some(bar))
    }
}

impl Bar {
    /// Shows what is being done, where nobody knows how long it takes.
    pub fn tell(&self, what: &str) {
        let Some(bar) = &self.0 else { return };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(500));
    }
}

impl Progress for Bar {
    fn begin(&self, what: &'static str, bytes: Option<u64>) {
        let Some(bar) = &self.0 else { return };
        let template = match bytes {
            Some(_) => {
                "{msg:>10} [{bar:30}] {bytes}/{total_bytes} {binary_bytes_per_sec} eta {eta}"
            }
            None => "{msg:>10} {spinner} {bytes} {binary_bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        if let Some(bytes) = bytes {
            bar.set_length(bytes);
        }
        bar.reset();
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(500));
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
