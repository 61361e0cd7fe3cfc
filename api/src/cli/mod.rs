//! The command line.

mod admin;
mod key;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Settings;
use actix_web::web::Data;
use clap::{Parser, Subcommand};
use domain::id::TenantId;
use persistence::Database;
use std::error::Error;
use uuid::Uuid;

/// Performance management a company can trust with its most sensitive data.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
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
    /// Make companies and their first administrators.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Change the keys that sign tokens.
    #[command(subcommand)]
    Key(key::Command),
}

/// Runs the command of a command line.
pub async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    match cli.command {
        Command::Serve(settings) => serve(settings).await,
        Command::Migrate(settings) => {
            for name in Database::migrate(&settings.database_url)? {
                println!("{name}");
            }
            Ok(())
        }
        Command::Openapi => {
            print!("{}", crate::contract::text());
            Ok(())
        }
        Command::Admin(command) => admin::run(command).await,
        Command::Key(command) => key::run(command).await,
    }
}

async fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    crate::edge::logging::start(&settings.log_format);
    Database::migrate(&settings.database_url)?;
    let app = Data::new(App::open(settings, Clock::default()).await?);
    if app.db.read(nowhere(), |store| store.tenants()).await?.is_empty() {
        log::warn!(
            "there is no company yet; make one with \
             `evenhand admin create --tenant <short-name> --tenant-name <name> --login <login>`"
        );
    }
    let (server, addresses) = crate::server::start(app.clone())?;
    for address in addresses {
        println!("listening on http://{address}");
    }
    actix_web::rt::spawn(crate::jobs::runner::run(app.clone()));
    crate::server::run_until_signalled(app, server).await?;
    Ok(())
}

/// What belongs to the installation belongs to no tenant.
fn nowhere() -> TenantId {
    Uuid::nil().into()
}

/// Opens an up-to-date database for a command.
fn open(settings: &Settings) -> Result<Database, Box<dyn Error>> {
    Database::migrate(&settings.database_url)?;
    Ok(Database::open(&settings.database())?)
}
