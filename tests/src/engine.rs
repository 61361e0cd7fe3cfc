//! The database engines under test.

use crate::postgres::Cluster;
use std::fmt;
use std::io::Write;
use std::sync::Once;

/// A database engine; every test runs on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite; each test has its own file.
    Sqlite,
    /// PostgreSQL; each test has its own database in one throwaway cluster.
    Postgres,
}

impl Engine {
    /// Both engines.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The name in `EVENHAND_TEST_ENGINES` and in the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Whether this run tests the engine: as `EVENHAND_TEST_ENGINES` says or, without that
    /// variable, if the engine is installed. Prints once which engine is left out, even when output
    /// is captured.
    pub fn is_tested(self) -> bool {
        let named = crate::variable("EVENHAND_TEST_ENGINES");
        let tested = match &named {
            Some(list) => list.split(',').any(|name| name.trim() == self.name()),
            None => self == Self::Sqlite || Cluster::programs().is_some(),
        };
        if !tested {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                let _ = writeln!(std::io::stderr(), "NOT TESTED IN THIS RUN: {self}");
            });
        }
        tested
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
