//! Parse, run, print the error, exit.

use forbid_logs::cli;
use forbid_logs::exit::ExitCode;

fn main() -> std::process::ExitCode {
    match cli::run() {
        Ok(code) => code.into(),
        Err(error) => {
            cli::message::say_error(&error);
            ExitCode::NothingUsable.into()
        }
    }
}
