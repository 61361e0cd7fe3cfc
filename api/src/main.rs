//! The `evenhand` program.

use actix_web::web::Data;
use api::app::App;
use api::clock::Clock;
use api::config::Settings;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Performance management a company can trust with its most sensitive data.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API.
    Serve(Settings),
    /// Bring the database schema up to date.
    Migrate(Settings),
    /// Print the OpenAPI document.
    Openapi,
}

fn main() -> ExitCode {
    let result = actix_web::rt::System::new().block_on(run(Cli::parse().command));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evenhand: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Command::Serve(settings) => {
            persistence::Database::migrate(&settings.database_url)?;
            let app = Data::new(App::open(settings, Clock::default()).await?);
            let (server, addresses) = api::server::start(app.clone())?;
            actix_web::rt::spawn(api::jobs::runner::run(app));
            for address in addresses {
                println!("listening on http://{address}");
            }
            server.await?;
        }
        Command::Migrate(settings) => {
            for name in persistence::Database::migrate(&settings.database_url)? {
                println!("{name}");
            }
        }
        Command::Openapi => print!("{}", api::contract::text()),
    }
    Ok(())
}
