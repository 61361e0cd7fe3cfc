//! The database engines under test.

use crate::postgres::Cluster;
use std::fmt;
use std::io::Write;
use std::sync::Once;

/// An engine every test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file of its own for each test.
    Sqlite,
    /// A database of its own for each test, in one throwaway cluster.
    Postgres,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Its name in `EVENHAND_TEST_ENGINES` and in the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Whether this run tests it: as `EVENHAND_TEST_ENGINES` says, else if it is there. What is
    /// left out is said once, past the capturing of output.
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
