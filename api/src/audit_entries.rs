//! Audit entries: who did what, when, and by which rule.

use crate::caller::{Actor, Caller};
use crate::extract::{PathId, Query};
use crate::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::policy::{Action, Mask, Target, authorise};
use persistence::{After, AuditEntry, AuditFilter, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditEntryView {
    /// Its id.
    pub id: Uuid,
    /// Place in the tenant's hash chain, from 1 without gaps.
    #[schema(example = 42)]
    pub position: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// `account`, `api_key` or `system`.
    #[schema(example = "account")]
    pub actor_kind: String,
    /// Which account or key; absent for the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<Uuid>,
    /// The account whose authority was used, when it is not the actor's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Uuid>,
    /// Noun and participle; also the type of the event.
    #[schema(example = "position.updated")]
    pub action: String,
    /// The noun.
    #[schema(example = "position")]
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    /// State before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "active")]
    pub from: Option<String>,
    /// State after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "deactivated")]
    pub to: Option<String>,
    /// Why, in the actor's words; shown to auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Left the company")]
    pub reason: Option<String>,
    /// Rule of the access policy that allowed it.
    #[schema(example = "hr-admin")]
    pub rule: String,
    /// The request that asked for it.
    #[schema(example = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub request_id: String,
    /// By field, the value before and after; shown to auditors, absent once erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({ "title": ["Clerk", "Senior Clerk"] }))]
    pub details: Option<BTreeMap<String, serde_json::Value>>,
    /// SHA-256 over this entry and the hash before it, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
}

impl AuditEntryView {
    fn new(entry: AuditEntry, mask: Mask) -> Self {
        let full = mask == Mask::Full;
        let details = entry.details.filter(|_| full);
        Self {
            id: entry.id,
            position: entry.position,
            at: entry.at,
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id,
            on_behalf_of: entry.on_behalf_of,
            action: entry.action,
            resource: entry.resource,
            resource_id: entry.resource_id,
            from: entry.from_state,
            to: entry.to_state,
            reason: entry.reason.filter(|_| full),
            rule: entry.rule,
            request_id: entry.request_id,
            details: details.and_then(|text| serde_json::from_str(&text).ok()),
            hash: entry.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// A page of audit entries.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryPage {
    /// The entries, oldest first.
    pub items: Vec<AuditEntryView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// What a client asks of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditEntryQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only what this account or key did.
    actor_id: Option<Uuid>,
    /// Only what was done to this resource.
    resource_id: Option<Uuid>,
    /// Only this action, such as `position.updated`.
    action: Option<String>,
    /// At or after this instant.
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    until: Option<DateTime<Utc>>,
}

/// What the caller may see of the log.
struct Sight {
    mask: Mask,
    own: Vec<Uuid>,
    only_own: bool,
}

impl Sight {
    /// The whole log for those whose work it is; for anyone else what was done to their own
    /// records. Nobody sees the values and reasons of entries about themselves.
    fn of(actor: &Actor) -> Result<Self, Refusal> {
        let subject = &actor.subject;
        let employee = subject.employee_id.map(|id| id.uuid());
        let own: Vec<Uuid> = employee.into_iter().chain([subject.principal.id()]).collect();
        let refused = match actor.may(Action::AuditEntryRead) {
            Ok(permit) => return Ok(Self { mask: permit.mask(), own, only_own: false }),
            Err(refused) => refused,
        };
        let id = subject.principal.id();
        let mine = Target {
            id,
            about: subject.employee_id,
            account: Some(id.into()),
            ..Target::default()
        };
        let permit = authorise(subject, Action::AuditEntryRead, &mine).map_err(|_| refused)?;
        Ok(Self { mask: permit.mask(), own, only_own: true })
    }

    fn show(&self, entry: AuditEntry) -> AuditEntryView {
        let mask = if self.own.contains(&entry.resource_id) { Mask::Metadata } else { self.mask };
        AuditEntryView::new(entry, mask)
    }
}

/// List audit entries
///
/// The tenant's log, oldest first. HR administrators see who did what and when, auditors also the
/// values and the reason; anyone else sees what was done to their own record and account.
#[utoipa::path(tag = "audit-entries", operation_id = "listAuditEntries", params(AuditEntryQuery),
    responses((status = 200, description = "A page of audit entries", body = AuditEntryPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<AuditEntryQuery>) -> Result<HttpResponse, Refusal> {
    let Query(query) = query;
    let request = caller.page(query.limit, query.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let filter = AuditFilter {
        actor_id: query.actor_id,
        resource_ids: query.resource_id.map(|id| vec![id]),
        action: query.action,
        from: query.from,
        until: query.until,
    };
    let sight = Sight::of(&caller.actor)?;
    let filter = narrow(filter, &sight);
    let rows = caller.read(move |store, _| Ok(store.audit_entries(&filter, &page)?)).await?;
    let (rows, next_cursor) = request.cut(&caller.app, rows, |last| After::Position(last.position));
    let items = rows.into_iter().map(|entry| sight.show(entry)).collect();
    let page = AuditEntryPage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

fn narrow(mut filter: AuditFilter, sight: &Sight) -> AuditFilter {
    if sight.only_own {
        let asked = filter.resource_ids.take();
        let visible = |id: &Uuid| asked.as_ref().is_none_or(|asked| asked.contains(id));
        filter.resource_ids = Some(sight.own.iter().copied().filter(visible).collect());
    }
    filter
}

/// Read an audit entry
///
/// One line of the log.
#[utoipa::path(tag = "audit-entries", operation_id = "getAuditEntry",
    params(("id" = Uuid, Path, description = "Id of the audit entry")),
    responses((status = 200, description = "The audit entry", body = AuditEntryView)),
    security(("bearer" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let view = caller.read(move |store, actor| read_entry(store, actor, id.0)).await?;
    caller.found(1, &view)
}

fn read_entry(store: &mut dyn Store, actor: &Actor, id: Uuid) -> Result<AuditEntryView, Refusal> {
    let sight = Sight::of(actor).map_err(|_| Refusal::NotFound)?;
    let entry = store.audit_entry(id)?.ok_or(Refusal::NotFound)?;
    if sight.only_own && !sight.own.contains(&entry.resource_id) {
        return Err(Refusal::NotFound);
    }
    Ok(sight.show(entry))
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(scope("/audit-entries").service(list).service(read));
}
