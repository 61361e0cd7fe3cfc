//! The `evenhand` program.

use api::cli::{self, Cli};
use clap::Parser;
use std::process::ExitCode;

/// Large requests are read, processed and freed by different threads. The allocator of glibc keeps
/// the memory that each thread has freed, and so grows with every import; this one shares it
/// between threads.
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
