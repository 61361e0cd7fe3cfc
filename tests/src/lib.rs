//! What all tests share: engines, private databases, a company with people in every role, and a
//! client that checks every answer against the contract.

pub mod app;
pub mod attacker;
pub mod calls;
pub mod client;
pub mod contract;
pub mod cycles;
pub mod engine;
pub mod goals;
pub mod golden;
pub mod postgres;
pub mod process;
pub mod reviews;
pub mod sessions;
pub mod sheet;
pub mod simulation;
pub mod sql;
pub mod tampering;
pub mod tokens;
pub mod world;

pub use app::TestApp;
pub use client::{Answer, Client};
pub use engine::Engine;

/// An environment variable that configures a test run.
#[expect(clippy::disallowed_methods, reason = "the tests have no settings but these")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Turns test functions that take a [`TestApp`] into tests on each engine: `name::sqlite` and
/// `name::postgres`.
#[macro_export]
macro_rules! on_each_engine {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::app::run($crate::Engine::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::app::run($crate::Engine::Postgres, super::$name);
            }
        }
    )*};
}
