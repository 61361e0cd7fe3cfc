//! The areas, each listed once: what they bring along, and who may know whom.

use crate::access::{explanation, sign_in, tenant};
use crate::cycles::moves::CycleMoves;
use crate::everyday::{cards, handover, me};
use crate::goals::bulk::GoalDrafts;
use crate::goals::measurement_import::Measurements;
use crate::people::bulk;
use crate::people::bulk::people::People;
use crate::people::bulk::positions::Positions;
use crate::people::bulk::units::Units;
use crate::platform::areas::{Areas, Noun};
use crate::platform::edge::{docs, health};
use crate::platform::imports::ImportResult;
use crate::platform::job_reports;
use crate::platform::jobs::{self, BatchResult, Kind};
use crate::platform::labels;
use crate::reviews::ResultsComputation;
use crate::reviews::computation::ResultsWork;
use crate::{access, contract, cycles, everyday, goals, people, reviews};
use domain::everyday::job::JobKind;
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// The platform and the areas, each of which may know those before it.
pub const ORDER: &[&str] =
    &["platform", "access", "people", "reviews", "goals", "cycles", "everyday"];

/// The nouns under `/v1`, area by area, in the order in which documents show them. Routes below the path
/// of another noun stand before that noun.
pub const NOUNS: &[&[Noun]] = &[
    &[handover::NOUN, bulk::NOUN, sign_in::NOUN, me::NOUN, labels::NOUN, tenant::NOUN],
    people::NOUNS,
    access::NOUNS,
    cycles::NOUNS,
    goals::NOUNS,
    reviews::NOUNS,
    &[job_reports::NOUN, jobs::NOUN],
    everyday::NOUNS,
    &[explanation::NOUN],
];

/// What describes and watches the API, beside `/v1`.
pub const META: &[Noun] = &[health::NOUN, docs::NOUN];

/// All that the platform is told of the areas.
pub static AREAS: Areas =
    Areas { nouns: NOUNS, routes, work, cards: cards::beside, contract: contract::document };

/// Everything the contract knows: the API under `/v1`, and what describes and watches it.
pub fn routes(config: &mut ServiceConfig) {
    for noun in META {
        config.configure(noun.routes);
    }
    config.service(NOUNS.concat().iter().fold(scope("/v1"), |v1, noun| v1.configure(noun.routes)));
}

fn work(kind: JobKind) -> Kind {
    match kind {
        JobKind::EmployeeImport => Kind::of::<People>(),
        JobKind::OrgUnitImport => Kind::of::<Units>(),
        JobKind::PositionImport => Kind::of::<Positions>(),
        JobKind::MeasurementImport => Kind::of::<Measurements>(),
        JobKind::GoalImport => Kind::of::<GoalDrafts>(),
        JobKind::CycleTransition => Kind::of::<CycleMoves>(),
        JobKind::ResultComputation => Kind::of::<ResultsWork>(),
    }
}

/// What came of a job.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum JobResult {
    /// Of an import.
    Import(ImportResult),
    /// Of computing results.
    Results(ResultsComputation),
    /// Of work on what belongs to one resource.
    Batch(BatchResult),
}
