//! The command `cargo initpath`: hands the process's arguments, environment and streams to
//! [`initpath::cli`] and its outcome to the caller.

use std::process::ExitCode;

use initpath::cli::{self, Environment};

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
    ExitCode::from(cli::run(std::env::args_os(), &environment, &mut out, &mut err).code())
}
