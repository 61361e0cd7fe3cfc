//! Tests of the whole product over HTTP, on both engines, each with a private database. One folder
//! per area; the files beside them test all areas at once.

mod access;
mod access_matrix;
mod areas;
mod attack;
mod cycles;
mod everyday;
mod goals;
mod people;
mod platform;
mod registration;
mod requirements;
mod reviews;
mod simulation;
