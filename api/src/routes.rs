//! Every route, one line per noun.

use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything the contract knows: the API under `/v1`, and what describes and watches it.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(crate::edge::health::routes).configure(crate::edge::docs::routes);
    config.service(
        scope("/v1")
            .configure(crate::auth::sign_in::routes)
            .configure(crate::me::routes)
            .configure(crate::tenant::routes)
            .configure(crate::bulk::routes)
            .configure(crate::org_units::routes)
            .configure(crate::positions::routes)
            .configure(crate::employees::routes)
            .configure(crate::accounts::routes)
            .configure(crate::role_assignments::routes)
            .configure(crate::api_keys::routes)
            .configure(crate::audit_entries::routes)
            .configure(crate::audit_heads::routes)
            .configure(crate::events::routes)
            .configure(crate::jobs::routes)
            .configure(crate::access::routes)
            .configure(crate::policies::routes)
            .configure(crate::cycles::routes)
            .configure(crate::participants::routes)
            .configure(crate::goals::routes)
            .configure(crate::reviews::routes)
            .configure(crate::reviews::results::routes)
            .configure(crate::to_dos::routes)
            .configure(crate::dashboards::routes)
            .configure(crate::calibration::routes)
            .configure(crate::ratings::routes),
    );
}
