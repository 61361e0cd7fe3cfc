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
    /// Serve a fictional company to look around in, on this machine only.
    Demo(Settings),
    /// Bring the database schema up to date.
    Migrate(Migrate),
    /// Print the OpenAPI document.
    Openapi,
    /// Make companies and their first administrators.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Issue accounts whose credential no administrator is to know.
    #[command(subcommand)]
    Account(account::Command),
    /// Look after the audit log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Change the keys that sign tokens.
    #[command(subcommand)]
    Key(key::Command),
}

/// Runs the command of a command line.
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

/// What to migrate.
#[derive(clap::Args)]
struct Migrate {
    /// Grant this PostgreSQL role what serving needs: all of the records, adding to the logs alone,
    /// and nothing of the schema. It owns nothing and is not the one that migrates.
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
            "there is no company yet; make one with \
             `evenhand admin create --tenant <short-name> --tenant-name <name> --login <login>`"
        );
    }
    if !app.settings.host.is_loopback() {
        log::warn!(
            "{} is not this machine alone, and what is said there is plain HTTP: passwords and \
             grades can be read on the way unless a proxy in front speaks TLS",
            app.settings.host
        );
    }
    serve(app, |address| println!("listening on http://{address}")).await
}

/// The program on a database that is up to date.
async fn open_app(settings: Settings) -> Result<Data<App>, Box<dyn Error>> {
    crate::platform::edge::logging::start(&settings.log_format);
    bring_up_to_date(&settings.database_url)?;
    Ok(Data::new(App::open(settings, Clock::default(), &AREAS).await?))
}

/// Migrates a database. One that takes no writes is served as it is, if it is up to date: who wants to
/// read can. Each write is tried all the same, so that what takes some again needs no restart.
fn bring_up_to_date(url: &str) -> Result<(), DbError> {
    match Database::migrate(url) {
        Err(DbError::Unavailable(why)) if Database::is_migrated(url)? => {
            log::error!(
                "the database takes no writes, so reading is all there is until it does: {why}"
            );
            Ok(())
        }
        migrated => migrated.map(drop),
    }
}

/// Serves until told to go, and announces each address it listens on.
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

/// What belongs to the installation belongs to no tenant.
fn nowhere() -> TenantId {
    Uuid::nil().into()
}

/// Opens an up-to-date database for a command.
fn open(settings: &Settings) -> Result<Database, Box<dyn Error>> {
    Database::migrate(&settings.database_url)?;
    Ok(Database::open(&settings.database())?)
}
