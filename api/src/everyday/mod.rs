//! What everybody has before them each day: what waits, how it stands, and passing it on.

pub mod dashboards;
pub mod handover;
pub mod to_dos;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of the area; those that lie below a noun of another area are to stand before it.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(handover::routes).configure(to_dos::routes).configure(dashboards::routes);
}
