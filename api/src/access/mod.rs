//! Accounts, sign-in, roles and API keys; the audit log, the log of reads and the feed of events.

pub mod accounts;
pub mod api_keys;
pub mod audit_entries;
pub mod audit_heads;
pub mod events;
pub mod explanation;
pub mod me;
pub mod reads;
pub mod role_assignments;
pub mod sign_in;
pub mod tenant;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of the area.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(sign_in::routes)
        .configure(me::routes)
        .configure(tenant::routes)
        .configure(accounts::routes)
        .configure(role_assignments::routes)
        .configure(api_keys::routes)
        .configure(audit_entries::routes)
        .configure(audit_heads::routes)
        .configure(events::routes)
        .configure(explanation::routes);
}
