//! Bulk import and export of people and units.

pub mod export;
pub mod people;
pub mod terms;
pub mod units;

use crate::platform::areas;
use utoipa_actix_web::service_config::ServiceConfig;

/// The noun.
pub const NOUN: areas::Noun = areas::Noun::of(routes);

fn routes(config: &mut ServiceConfig) {
    config
        .service(people::import_employees)
        .service(units::import_org_units)
        .service(export::export_employees);
}
