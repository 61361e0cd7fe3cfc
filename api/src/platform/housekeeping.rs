//! Housekeeping: deletes data that is stored for a limited time.

use crate::platform::app::App;
use crate::platform::caller::system_context;
use crate::platform::jobs::report;
use actix_web::web::Data;
use chrono::TimeDelta;
use domain::core::id::TenantId;
use persistence::DbError;
use std::time::Duration;
use uuid::Uuid;

/// How long the answer to a request with an `Idempotency-Key` is stored for retries.
const REPLIES_KEPT: TimeDelta = TimeDelta::hours(24);
/// Interval between two runs.
const PERIOD: Duration = Duration::from_secs(3600);

/// Runs until the program ends.
pub async fn run(app: Data<App>) {
    loop {
        if let Err(error) = forget(&app).await {
            log::warn!("housekeeping was not finished: {error}");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Deletes expired data, tenant by tenant.
pub async fn forget(app: &App) -> Result<(), DbError> {
    let now = app.clock.now();
    let tenants = app.db.read(TenantId::from(Uuid::nil()), |store| store.tenants()).await?;
    for tenant in tenants {
        let unit = move |store: &mut dyn persistence::Store| {
            store.forget_replies(now - REPLIES_KEPT)?;
            store.forget_job_reports(now - report::KEPT)
        };
        app.db.write(system_context(tenant.id, now), unit).await?;
    }
    Ok(())
}
