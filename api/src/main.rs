//! The `evenhand` program.

use api::cli::{self, Cli};
use clap::Parser;
use std::process::ExitCode;

/// Large requests are read, worked on and let go by different threads. The allocator of glibc keeps
/// what each of them has freed to itself, and grows with every import; this one shares it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
