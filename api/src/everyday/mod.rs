//! Everyday work: to-dos, dashboards and handover.

pub mod dashboards;
pub mod handover;
pub mod to_dos;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of the area. Routes below nouns of other areas must be registered before those nouns.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(handover::routes).configure(to_dos::routes).configure(dashboards::routes);
}
