//! The command line.

mod account;
mod admin;
mod audit;
mod demo;
mod key;

use crate::access::audit_heads::publication;
use crate::areas::AREAS;
use crate::platform::app::App;
use crate::platform::clock::Clock;
use crate::platform::config::Settings;
use actix_web::web::Data;
use chrono::TimeDelta;
use clap::{Parser, Subcommand};
use domain::core::id::TenantId;
use persistence::{Database, DbError};
use std::error::Error;
use std::net::SocketAddr;
use uuid::Uuid;

/// Performance management a company can trust with its most sensitive data.
#[derive(Parser)]
#[command(name = "evenhand", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API.
    Serve(Settings),
    /// Serve a fictional company to try out, on this machine only.
    Demo(Settings),
    /// Bring the database schema up to date.
    Migrate(Migrate),
    /// Print the OpenAPI document.
    Openapi,
    /// Create companies and their first administrators.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Issue accounts whose credential no administrator may know.
    #[command(subcommand)]
    Account(account::Command),
    /// Check the audit log, or erase values from it.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Rotate the keys that sign tokens.
    #[command(subcommand)]
    Key(key::Command),
}

/// Runs a command.
pub async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    match cli.command {
        Command::Serve(settings) => serve_company(settings).await,
        Command::Demo(settings) => demo::run(settings).await,
        Command::Migrate(asked) => migrate(&asked),
        Command::Openapi => {
            print!("{}", crate::contract::text());
            Ok(())
        }
        Command::Admin(command) => admin::run(command).await,
        Command::Account(command) => account::run(command).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Key(command) => key::run(command).await,
    }
}

/// Options of a migration.
#[derive(clap::Args)]
struct Migrate {
    /// Grant this PostgreSQL role the rights that serving needs: full access to the records, only
    /// additions to the logs, and no change of the schema. It must not own anything and must not be
    /// the role that migrates.
    #[arg(long)]
    grant_to: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

fn migrate(asked: &Migrate) -> Result<(), Box<dyn Error>> {
    let url = &asked.settings.database_url;
    for name in Database::migrate(url)? {
        println!("{name}");
    }
    if let Some(role) = &asked.grant_to {
        Database::grant(url, role)?;
        println!("{role} may serve");
    }
    Ok(())
}

async fn serve_company(settings: Settings) -> Result<(), Box<dyn Error>> {
    let app = open_app(settings).await?;
    if app.db.read(nowhere(), |store| store.tenants()).await?.is_empty() {
        log::warn!(
            "there is no company yet; create one with \
             `evenhand admin create --tenant <short-name> --tenant-name <name> --login <login>`"
        );
    }
    if !app.settings.host.is_loopback() {
        log::warn!(
            "{} can be reached from other machines over plain HTTP: passwords and grades can be \
             read on the way unless a proxy in front uses TLS",
            app.settings.host
        );
    }
    serve(app, |address| println!("listening on http://{address}")).await
}

/// Opens the program on a database that is up to date.
async fn open_app(settings: Settings) -> Result<Data<App>, Box<dyn Error>> {
    crate::platform::edge::logging::start(&settings.log_format);
    bring_up_to_date(&settings.database_url)?;
    Ok(Data::new(App::open(settings, Clock::default(), &AREAS).await?))
}

/// Migrates a database. If it cannot be written but is up to date, it is served nevertheless, so
/// that reading works. Writes are still attempted, so that no restart is needed once they succeed.
fn bring_up_to_date(url: &str) -> Result<(), DbError> {
    match Database::migrate(url) {
        Err(DbError::Unavailable(why)) if Database::is_migrated(url)? => {
            log::error!(
                "the database takes no writes, so only reading works until it does again: {why}"
            );
            Ok(())
        }
        migrated => migrated.map(drop),
    }
}

/// Serves until the process is told to stop, and announces each address it listens on.
async fn serve(app: Data<App>, announce: impl Fn(SocketAddr)) -> Result<(), Box<dyn Error>> {
    let (server, addresses) = crate::platform::server::start(app.clone())?;
    actix_web::rt::spawn(crate::platform::jobs::runner::run(app.clone()));
    actix_web::rt::spawn(crate::platform::housekeeping::run(app.clone()));
    actix_web::rt::spawn(publication::run(app.clone()));
    addresses.into_iter().for_each(announce);
    crate::platform::server::run_until_signalled(app.clone(), server).await?;
    publication::publish_all(&app, TimeDelta::zero()).await;
    Ok(())
}

/// Data of the installation belongs to no tenant.
fn nowhere() -> TenantId {
    Uuid::nil().into()
}

/// Opens an up-to-date database for a command.
fn open(settings: &Settings) -> Result<Database, Box<dyn Error>> {
    Database::migrate(&settings.database_url)?;
    Ok(Database::open(&settings.database())?)
}
