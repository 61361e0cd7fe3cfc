//! The `evenhand` program.

use api::cli::{self, Cli};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = actix_web::rt::System::new().block_on(cli::run(Cli::parse()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evenhand: {error}");
            ExitCode::FAILURE
        }
    }
}
