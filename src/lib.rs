//! forbid-logs reads access logs and says why a server answered 403.
//!
//! ```text
//! bytes → chunks at newlines → lines → Record → Survey (merge) → Spikes
//!       → Examine: Rows (merge) → Policies replayed → Verdicts → Analysis → output
//! ```
//!
//! Dependencies point one way, left to right; `tests/layers.rs` holds it.

pub mod analysis;
pub mod bench;
pub mod cli;
pub mod directive;
pub mod escape;
pub mod evidence;
pub mod examine;
pub mod exit;
pub mod export;
pub mod filter;
mod find;
pub mod findings;
pub mod format;
pub mod gate;
pub mod input;
pub mod key;
pub mod output;
pub mod policy;
mod prefetch;
pub mod record;
pub mod report;
pub mod settings;
pub mod sidelog;
pub mod small_file;
pub mod spike;
pub mod stated;
pub mod survey;
pub mod synth;
pub mod time;
pub mod verdict;
pub mod whatif;
