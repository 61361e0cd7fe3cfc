//! The databases of a run: creates, copies and removes them.

use crate::Result;
use std::fs;
use std::path::PathBuf;
use tests::postgres::{Cluster, Durability};

/// Where the databases of a run are; dropping this removes them.
pub enum Engine {
    /// SQLite files in a folder.
    Sqlite(PathBuf),
    /// PostgreSQL databases in a throwaway cluster that commits as in production.
    Postgres(Cluster),
}

/// The endings of the files that belong to an SQLite database.
const FILES: [&str; 4] = ["", "-wal", "-shm", ".lock"];

impl Engine {
    /// SQLite in a new temporary folder.
    pub fn sqlite() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("evenhand-bench-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self::Sqlite(folder))
    }

    /// PostgreSQL, with the server programs in `bin`.
    pub fn postgres(bin: &std::path::Path) -> Self {
        Self::Postgres(Cluster::start(bin, Durability::Full))
    }

    /// The address of a database.
    pub fn url(&self, name: &str) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.join(name).display()),
            Self::Postgres(cluster) => cluster.url(name),
        }
    }

    /// Creates an empty database.
    pub fn create(&self, name: &str) {
        if let Self::Postgres(cluster) = self {
            cluster.create_database(name, None);
        }
    }

    /// Copies a database; nobody may be connected to it.
    pub fn copy(&self, from: &str, to: &str) -> Result<()> {
        match self {
            Self::Sqlite(folder) => {
                for file in FILES {
                    let source = folder.join(format!("{from}{file}"));
                    if source.exists() {
                        fs::copy(source, folder.join(format!("{to}{file}")))?;
                    }
                }
            }
            Self::Postgres(cluster) => cluster.create_database(to, Some(from)),
        }
        Ok(())
    }

    /// Removes a database.
    pub fn remove(&self, name: &str) {
        match self {
            Self::Sqlite(folder) => {
                for file in FILES {
                    // Some of these files exist only at times.
                    let _ = fs::remove_file(folder.join(format!("{name}{file}")));
                }
            }
            Self::Postgres(cluster) => cluster.drop_database(name),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Self::Sqlite(folder) = self {
            let _ = fs::remove_dir_all(folder);
        }
    }
}
