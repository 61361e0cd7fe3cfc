//! Measures how fast Evenhand is: single requests beside bare actix-web on the raw driver, many
//! rows beside the bulk path of the engine. The results are ratios within one run, measured in
//! rounds that take turns, because figures of two runs or two machines cannot be compared.

mod bare;
mod checks;
mod cycle;
mod engine;
mod http;
mod load;
mod machine;
mod measurements;
mod people;
mod product;
mod raw;
mod report;
mod requests;
mod server;
mod suite;
mod workbook;

use chrono::NaiveDate;
use clap::{Parser, Subcommand};
use engine::Engine;
use std::path::PathBuf;
use std::time::Duration;

/// Any error; a run that is not complete has no result.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Measure and write the results.
    Run(Options),
    /// Act as the bare server.
    Bare(bare::Settings),
}

/// What is measured, and for how long.
#[derive(clap::Args)]
struct Options {
    /// The date of the run.
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
    /// Number of people in the company.
    #[arg(long, default_value_t = 100_000)]
    people: usize,
    /// Number of rounds of single requests and exports.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Rounds of bulk upserts.
    #[arg(long, default_value_t = 3)]
    bulk_rounds: usize,
    /// Seconds for which each server is loaded.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// A part of a run that can be measured alone.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Bulk upserts.
    Bulk,
    /// Bulk upserts of a workbook.
    Workbook,
    /// Exports.
    Export,
    /// Reads of one employee.
    Read,
    /// Pages of 50 employees.
    List,
    /// The same pages, compressed.
    Compressed,
    /// Searches among all employees.
    Search,
    /// Changes of one employee.
    Change,
    /// Submissions of ratings.
    Submission,
    /// The dashboard of a manager's team.
    Team,
    /// The list of the reviews of a manager's team.
    Reviews,
    /// Check-ins on goals with a short and a long history.
    CheckIn,
    /// Bulk reports of measurements.
    Measurements,
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

/// Runs the client side of a measurement. The raw drivers block, so nothing else is async.
fn wait<R>(work: impl Future<Output = Result<R>>) -> Result<R> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
