//! Every route, one line per noun.

use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything under `/v1`.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/v1")
            .configure(crate::tenant::routes)
            .configure(crate::bulk::routes)
            .configure(crate::org_units::routes)
            .configure(crate::positions::routes)
            .configure(crate::employees::routes)
            .configure(crate::audit_entries::routes)
            .configure(crate::events::routes)
            .configure(crate::jobs::routes),
    );
}
