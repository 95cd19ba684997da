//! forbid-logs reads access logs and says why a server answered 403.
//!
//! ```text
//! bytes → chunks at newlines → lines → Record → Survey (merge) → Spikes
//!       → Examine: Rows (merge) → Policies replayed → Verdicts → Analysis → output
//! ```
//!
//! Dependencies point one way, left to right; `tests/layers.rs` holds it.

pub mod findings;
pub mod policy;
pub mod record;
pub mod settings;
pub mod synth;
