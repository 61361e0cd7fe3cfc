//! When heads are signed, and where they are published: in the feed of events, in the log of the
//! service, and in a file if one is configured.
//!
//! They are signed at every start and stop and at fixed intervals, whether or not anything
//! happened: a head signed after each entry would disclose entries that a reader is not shown.

use super::AuditHeadView;
use super::signing::HeadKey;
use crate::platform::app::{App, new_id};
use crate::platform::caller::system_context;
use actix_web::web::Data;
use chrono::TimeDelta;
use domain::core::change::Record;
use domain::core::id::TenantId;
use domain::core::time::Timestamp;
use persistence::audit::{AuditHead, PUBLISHED};
use persistence::{DbError, Store};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Rule that the audit log records for a signed head.
const RULE: &str = "schedule";

/// Permissions of a new file for heads: only its owner may read and write it.
const PRIVATE: u32 = 0o600;

/// Signs and publishes heads until the program ends: at once, then at intervals.
pub async fn run(app: Data<App>) {
    let minutes = app.settings.audit_head_minutes.get();
    let mut every = TimeDelta::zero();
    loop {
        publish_all(&app, every).await;
        every = TimeDelta::minutes(minutes.into());
        tokio::time::sleep(Duration::from_secs(60 * u64::from(minutes))).await;
    }
}

/// Signs and publishes a head for every company whose last head is at least `every` old. Failures
/// are logged and tried again the next time.
pub async fn publish_all(app: &App, every: TimeDelta) {
    let tenants = app.db.read(Uuid::nil().into(), |store| store.tenants()).await;
    let tenants = tenants.unwrap_or_else(|error| {
        log::warn!("no audit head was signed: {error}");
        Vec::new()
    });
    for tenant in tenants {
        match publish(app, tenant.id, every).await {
            Ok(Some(head)) => announce(app, &AuditHeadView::new(tenant.id, &head)),
            Ok(None) => {}
            Err(error) => log::warn!("no audit head of {} was signed: {error}", tenant.slug),
        }
    }
}

/// Signs and saves a head if the last one is old enough; another replica may have done so.
async fn publish(
    app: &App,
    tenant: TenantId,
    every: TimeDelta,
) -> Result<Option<AuditHead>, DbError> {
    let (now, id) = (app.clock.now(), new_id());
    let key = Arc::new(HeadKey::of(&app.key_file));
    let unit = move |store: &mut dyn Store| {
        let last = store.last_audit_head()?;
        if last.as_ref().is_some_and(|last| now < last.at + every) {
            return Ok(None);
        }
        let number = last.map_or(1, |last| last.number + 1);
        sign(store, &key, tenant, number, id, now).map(Some)
    };
    app.db.write(system_context(tenant, now), unit).await
}

fn sign(
    store: &mut dyn Store,
    key: &HeadKey,
    tenant: TenantId,
    number: i64,
    id: Uuid,
    at: Timestamp,
) -> Result<AuditHead, DbError> {
    let ends = store.ends()?.ok_or(DbError::Missing)?;
    let mut head = AuditHead {
        number,
        id,
        at,
        audit: ends.audit,
        reads: ends.reads,
        public_key: Vec::new(),
        signature: Vec::new(),
    };
    key.sign(tenant, &mut head);
    store.keep_audit_head(&head)?;
    let mut record = Record::new(PUBLISHED, id, RULE);
    let view = AuditHeadView::new(tenant, &head);
    if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(view) {
        record.event = fields;
    }
    store.note(record)?;
    Ok(head)
}

/// Publishes a saved head outside the database: in the log and the file.
fn announce(app: &App, head: &AuditHeadView) {
    let line = serde_json::to_string(head).unwrap_or_default();
    log::info!("audit head {line}");
    let Some(file) = &app.settings.audit_head_file else { return };
    if let Err(error) = append(file, &line) {
        log::warn!("the audit head was not appended to {}: {error}", file.display());
    }
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(PRIVATE).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}
