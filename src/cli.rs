//! The command line: typed arguments → validated settings → run → output. One file per command.

mod analyze;
mod arguments;
mod bench;
mod export;
mod fail_on;
mod formats;
pub mod message;
mod overwrite;
mod progress;
mod reading;
mod report;
mod size;
mod skipped;
mod terminal;
mod whatif;

use crate::exit::ExitCode;
use arguments::{Arguments, Command};
use clap::Parser;

/// Runs the program with the arguments of this process. Errors are for main to print.
///
/// # Errors
/// Whatever left nothing usable: exit code 2.
pub fn run() -> anyhow::Result<ExitCode> {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // clap prints help and version to standard output, everything else to standard error.
            let _ = error.print();
            return Ok(if error.use_stderr() {
                ExitCode::NothingUsable
            } else {
                ExitCode::Analysed
            });
        }
    };
    match arguments.command {
        Command::Analyze(arguments) => analyze::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Formats(arguments) => formats::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Whatif(arguments) => whatif::run(&arguments),
    }
}
