//! Units, positions and people with their employments and assignments, and bulk import and export.

pub mod bulk;
mod card;
pub mod employees;
pub mod org_units;
pub mod positions;

pub use card::PersonCard;
use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of the area.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(bulk::routes)
        .configure(org_units::routes)
        .configure(positions::routes)
        .configure(employees::routes);
}
