//! All settings, from command-line flags or environment variables.

use clap::Args;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of a running server.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// Database: `sqlite://path` or `postgres://user:password@host/name`.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://evenhand.sqlite",
        hide_env_values = true
    )]
    pub database_url: String,
    /// File with the secret of this installation, created at the first start. All replicas share
    /// it, and a restored database needs it. By default it lies beside the SQLite file, with the
    /// same name and `.key`; with PostgreSQL it is `evenhand.key` in the working directory.
    #[arg(long, env = "EVENHAND_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// Minutes between two signed heads of each company's audit log. One more is signed at every
    /// start and stop.
    #[arg(long, env = "EVENHAND_AUDIT_HEAD_MINUTES", default_value = "60")]
    pub audit_head_minutes: NonZeroU32,
    /// File that every signed head is appended to, one line of JSON each. Put it on storage that
    /// the database administrators cannot write to.
    #[arg(long, env = "EVENHAND_AUDIT_HEAD_FILE")]
    pub audit_head_file: Option<PathBuf>,
    /// Address to listen on.
    #[arg(long, env = "EVENHAND_HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free port.
    #[arg(long, env = "EVENHAND_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Number of connections for reading from the database.
    #[arg(long, env = "EVENHAND_READERS", default_value_t = 8)]
    pub readers: u32,
    /// Number of threads that serve connections; 0 means one per core.
    #[arg(long, env = "EVENHAND_WORKERS", default_value_t = 0)]
    pub workers: usize,
    /// Number of units of work that may wait to be written.
    #[arg(long, env = "EVENHAND_WRITE_QUEUE", default_value_t = 1024)]
    pub write_queue: usize,
    /// Seconds that a request may wait for the database before it is answered with 503.
    #[arg(long, env = "EVENHAND_DATABASE_WAIT", default_value_t = 2)]
    pub database_wait: u64,
    /// Number of connections open at once, as far as the operating system allows. A further
    /// connection replaces the one that has been idle longest; if none is idle, it is answered with
    /// 503.
    #[arg(long, env = "EVENHAND_MAX_CONNECTIONS", default_value_t = 4096)]
    pub max_connections: usize,
    /// Number of connections open at once from one address. Does not apply behind your own reverse
    /// proxies.
    #[arg(long, env = "EVENHAND_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 1024)]
    pub max_connections_per_address: usize,
    /// Number of your own reverse proxies in front, each of which appends to `X-Forwarded-For`.
    /// With 0, that header is ignored.
    #[arg(long, env = "EVENHAND_PROXIES", default_value_t = 0)]
    pub proxies: usize,
    /// Seconds within which the head of a request must arrive.
    #[arg(long, env = "EVENHAND_HEAD_SECONDS", default_value_t = 5)]
    pub head_seconds: u64,
    /// Seconds that a connection may stay open between two requests.
    #[arg(long, env = "EVENHAND_KEEP_ALIVE_SECONDS", default_value_t = 30)]
    pub keep_alive_seconds: u64,
    /// Seconds within which a request body must arrive; large bodies get more time.
    #[arg(long, env = "EVENHAND_BODY_SECONDS", default_value_t = 15)]
    pub body_seconds: u64,
    /// Seconds within which a request must be answered.
    #[arg(long, env = "EVENHAND_ANSWER_SECONDS", default_value_t = 30)]
    pub answer_seconds: u64,
    /// Maximum size of a request body in bytes, except for bulk requests.
    #[arg(long, env = "EVENHAND_BODY_LIMIT", default_value_t = 1 << 20)]
    pub body_limit: usize,
    /// Maximum size of the body of a bulk request in bytes.
    #[arg(long, env = "EVENHAND_BULK_LIMIT", default_value_t = 64 << 20)]
    pub bulk_limit: usize,
    /// Number of requests that a principal may make per minute.
    #[arg(long, env = "EVENHAND_RATE_PER_MINUTE", default_value = "6000")]
    pub rate_per_minute: NonZeroU32,
    /// Number of requests served at once; further ones are answered with 503.
    #[arg(long, env = "EVENHAND_MAX_IN_FLIGHT", default_value_t = 1024)]
    pub max_in_flight: usize,
    /// Token for `/metrics`, sent as `Authorization: Bearer`.
    #[arg(long, env = "EVENHAND_METRICS_TOKEN", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// Serve `/metrics` to this machine without a token. Do not use it behind a proxy on this
    /// machine.
    #[arg(long, env = "EVENHAND_METRICS_LOCAL")]
    pub metrics_local: bool,
    /// Origins that browsers may call from, separated by commas; none by default.
    #[arg(long, env = "EVENHAND_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Format of the log: `plain` or `json`.
    #[arg(long, env = "EVENHAND_LOG_FORMAT", default_value = "plain", value_parser = ["plain", "json"])]
    pub log_format: String,
    /// Minutes until an access token expires.
    #[arg(long, env = "EVENHAND_ACCESS_MINUTES", default_value_t = 10)]
    pub access_minutes: i64,
    /// Days that a session lasts without being used.
    #[arg(long, env = "EVENHAND_SESSION_DAYS", default_value_t = 30)]
    pub session_days: i64,
    /// Days that a session lasts at most.
    #[arg(long, env = "EVENHAND_SESSION_MAX_DAYS", default_value_t = 30)]
    pub session_max_days: i64,
    /// Seconds that running requests get to finish at shutdown.
    #[arg(long, env = "EVENHAND_SHUTDOWN_SECONDS", default_value_t = 20)]
    pub shutdown_seconds: u64,
}

impl Settings {
    /// The path of the key file.
    pub fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| {
            match persistence::Database::file(&self.database_url) {
                Some(database) => database.with_added_extension("key"),
                None => "evenhand.key".into(),
            }
        })
    }

    /// The options with which the database is opened.
    pub fn database(&self) -> persistence::Options {
        persistence::Options {
            url: self.database_url.clone(),
            readers: self.readers,
            queue: self.write_queue,
            wait: Duration::from_secs(self.database_wait),
        }
    }
}
