//! Time as logs write it and as people ask for it.
//!
//! [`Clock`] turns the stamp of a line into milliseconds since the Unix epoch, UTC; [`Pattern`] does so
//! for an Apache `%{format}t`; [`parse_moment`] and [`parse_span`] read `--since`, `--until` and
//! `--window`. All civil arithmetic is integer arithmetic of our own: chrono is asked only for the
//! rules of a named time zone, once per minute of log. A stamp that names no real moment is refused.

mod argument;
mod civil;
mod pattern;
mod stamp;

pub use argument::{Moment, TimeError, parse_moment, parse_span};
pub use civil::Civil;
pub use pattern::{Partial, Pattern, PatternError};
pub use stamp::{Clock, Directives, Instant};
