//! The whole product over HTTP, every test on both engines with a private database. A folder per area;
//! beside them what looks at all areas at once.

mod access;
mod access_matrix;
mod areas;
mod attack;
mod cycles;
mod everyday;
mod goals;
mod people;
mod platform;
mod requirements;
mod reviews;
mod simulation;
