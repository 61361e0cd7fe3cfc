//! Databases of either engine: made, copied, removed.

use crate::Result;
use std::fs;
use std::path::PathBuf;
use tests::postgres::{Cluster, Durability};

/// Where the databases of a run are kept; dropping it removes them.
pub enum Engine {
    /// Files in a folder.
    Sqlite(PathBuf),
    /// Databases of a throwaway cluster that commits as in production.
    Postgres(Cluster),
}

/// What SQLite adds to the name of a database.
const FILES: [&str; 4] = ["", "-wal", "-shm", ".lock"];

impl Engine {
    /// SQLite, in a new folder under the system's temporary one.
    pub fn sqlite() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("evenhand-bench-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self::Sqlite(folder))
    }

    /// PostgreSQL, with the server's programs in `bin`.
    pub fn postgres(bin: &std::path::Path) -> Self {
        Self::Postgres(Cluster::start(bin, Durability::Full))
    }

    /// Where to connect for a database.
    pub fn url(&self, name: &str) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", folder.join(name).display()),
            Self::Postgres(cluster) => cluster.url(name),
        }
    }

    /// Makes an empty database.
    pub fn create(&self, name: &str) {
        if let Self::Postgres(cluster) = self {
            cluster.create_database(name, None);
        }
    }

    /// Copies a database to which nobody is connected.
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
                    // Not all of them exist at all times.
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
