//! `report` under everything that happens to logs and to runs: appends, rotation by rename and by copy,
//! compression, loss, and death at any instant. In the end every line is counted once.

mod day;
mod killed;
mod logs;
mod losses;
mod place;
mod rotation;
#[path = "../running/mod.rs"]
mod running;
mod sets;
