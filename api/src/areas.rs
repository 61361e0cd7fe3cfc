//! The areas, each listed once: what they bring along, and who may know whom.

use crate::cycles::moves::CycleMoves;
use crate::people::bulk::ImportResult;
use crate::people::bulk::import::{People, Units};
use crate::platform::areas::Areas;
use crate::platform::edge;
use crate::platform::jobs::{self, BatchResult, Kind};
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

/// All that the platform is told of the areas.
pub static AREAS: Areas = Areas { routes, work, contract: contract::document };

/// Everything the contract knows: the API under `/v1`, and what describes and watches it.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(edge::health::routes).configure(edge::docs::routes);
    config.service(
        scope("/v1")
            .configure(jobs::routes)
            .configure(everyday::routes)
            .configure(access::routes)
            .configure(people::routes)
            .configure(reviews::routes)
            .configure(goals::routes)
            .configure(cycles::routes),
    );
}

fn work(kind: JobKind) -> Kind {
    match kind {
        JobKind::EmployeeImport => Kind::of::<People>(),
        JobKind::OrgUnitImport => Kind::of::<Units>(),
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
