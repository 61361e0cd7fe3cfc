//! How fast Evenhand is: beside bare actix-web on the raw driver for single requests, beside the
//! engine's own bulk path for many rows. Ratios of one run, each measured in rounds that take
//! turns, because figures of two runs or two machines say nothing about each other.

mod bare;
mod cycle;
mod engine;
mod http;
mod load;
mod machine;
mod people;
mod product;
mod raw;
mod report;
mod requests;
mod server;
mod suite;

use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use engine::Engine;
use std::path::PathBuf;
use std::time::Duration;

/// Whatever went wrong; a run that is not whole is no run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Measure, and write what was measured.
    Run(Options),
    /// Be the bare server.
    Bare(bare::Settings),
}

/// What is measured, and how long.
#[derive(clap::Args)]
struct Options {
    /// The day of the run.
    #[arg(long)]
    date: NaiveDate,
    /// The page to write.
    #[arg(long)]
    output: PathBuf,
    /// The engines to measure.
    #[arg(long, env = "EVENHAND_TEST_ENGINES", value_delimiter = ',', required = true)]
    engines: Vec<String>,
    /// The folder of PostgreSQL's server programs.
    #[arg(long, env = "EVENHAND_TEST_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
    /// What to measure; everything, if nothing is named.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// People in the company.
    #[arg(long, default_value_t = 100_000)]
    people: usize,
    /// Rounds of single requests and exports.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Rounds of bulk upserts.
    #[arg(long, default_value_t = 3)]
    bulk_rounds: usize,
    /// Seconds in which one server is loaded.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// A part of a run that can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Bulk upserts.
    Bulk,
    /// Exports.
    Export,
    /// Reads of one employee.
    Read,
    /// Pages of 50 employees.
    List,
    /// Changes of one employee.
    Change,
    /// Ratings that are handed in.
    Submission,
    /// The dashboard of a manager.
    Team,
    /// Check-ins on goals with a short and with a long history.
    CheckIn,
    /// Cycles from launch to publication.
    Cycle,
    /// Exports of ratings.
    Ratings,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }

    fn window(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Role::Run(options) => run(&options),
        Role::Bare(settings) => bare::serve(&settings),
    }
}

fn run(options: &Options) -> Result<()> {
    let machine = machine::describe()?;
    let mut page = format!(include_str!("page.md"), date = options.date, machine = machine);
    for engine in &options.engines {
        let engine = match (&engine[..], &options.postgres_bin) {
            ("sqlite", _) => Engine::sqlite()?,
            ("postgres", Some(bin)) => Engine::postgres(bin),
            (other, _) => return Err(format!("no engine {other} here").into()),
        };
        let section = suite::run(&engine, options)?.markdown();
        println!("{section}");
        page += &format!("\n{section}");
    }
    std::fs::remove_file(product::key_file())?;
    Ok(std::fs::write(&options.output, page)?)
}

/// Waits for the client's side of something. The raw drivers block, so nothing else is async.
fn wait<R>(work: impl Future<Output = Result<R>>) -> Result<R> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
