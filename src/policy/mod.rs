//! Policies: what a server applies to decide between admit and deny.
//!
//! One implementation serves three uses: replay inside `analyze` ("which policy would have given
//! just these answers?"), `whatif` ("what if the limit were 25/s?"), and synthetic logs.
//! [`limiter`] holds the machines, [`rule`] the policy as data with its text form, [`known`] the rules that
//! somebody expects.

pub mod fit;
pub mod known;
pub mod limiter;
pub mod replay;
pub mod rule;
