//! Role assignments: who holds which role, for which unit.

use crate::access::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, found};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId, RuledBody};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::relations::{Kept, unbroken};
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use actix_web::{HttpResponse, delete, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::access::account::{RoleAssignment, RoleAssignmentAction};
use domain::core::change::{Change, Record};
use domain::core::id::RoleAssignmentId;
use domain::core::text::TextEnum;
use domain::policy::{Action, Protected, Role, Target};
use persistence::{RoleFilter, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

/// A role that an account holds for some time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RoleAssignment)]
pub struct RoleAssignmentView {
    /// Id of the role assignment.
    pub id: Uuid,
    /// Account that holds the role.
    pub account_id: Uuid,
    /// The role.
    #[schema(value_type = words::Role)]
    pub role: Role,
    /// Unit the role is held for, including all units below it; only for `hrbp`.
    pub org_unit_id: Option<Uuid>,
    /// First day of the role.
    pub valid_from: NaiveDate,
    /// Last day of the role; null if it is held until revoked.
    pub valid_to: Option<NaiveDate>,
    /// Account that gave the role; null if the command line did.
    pub given_by: Option<Uuid>,
    /// Actions that the caller's rights allow now; unmet conditions can still refuse them.
    #[schema(value_type = HashSet<words::RoleAssignmentAction>)]
    pub allowed_actions: Vec<RoleAssignmentAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
    pub updated_at: DateTime<Utc>,
    /// When the role was revoked; shown only in lists with `updated_since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime<Utc>>,
}

impl RoleAssignmentView {
    fn new(actor: &Actor, assignment: RoleAssignment) -> Self {
        let target = assignment.target(actor.today);
        Self {
            allowed_actions: match assignment.deleted_at {
                None => actor.offers(Action::RoleAssignmentWrite, &target),
                Some(_) => Vec::new(),
            },
            id: assignment.id.uuid(),
            account_id: assignment.account_id.uuid(),
            role: assignment.role,
            org_unit_id: assignment.org_unit_id.map(Uuid::from),
            valid_from: assignment.valid_from,
            valid_to: assignment.valid_to,
            given_by: assignment.given_by.map(Uuid::from),
            version: assignment.version,
            created_at: assignment.created_at,
            updated_at: assignment.updated_at,
            deleted_at: assignment.deleted_at,
        }
    }
}

page_of! {
    /// A page of role assignments.
    pub struct RoleAssignmentPage
    /// The assignments, in the order of creation; with `updated_since`, in the order of change.
    of RoleAssignmentView, created by Action::RoleAssignmentWrite
}

/// A role to give to an account.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[validate(schema(function = "unit_of_role"), schema(function = "days_in_order"))]
#[serde(deny_unknown_fields)]
pub struct NewRoleAssignment {
    /// Account that will hold the role.
    pub account_id: Uuid,
    /// The role.
    #[schema(value_type = words::Role)]
    pub role: Role,
    /// Unit the role is held for, including all units below it: required for `hrbp`, not allowed
    /// otherwise.
    pub org_unit_id: Option<Uuid>,
    /// First day of the role; today if absent.
    pub valid_from: Option<NaiveDate>,
    /// Last day of the role; if absent, it is held until revoked.
    pub valid_to: Option<NaiveDate>,
}

/// HR business partners have a unit, other roles have none.
fn unit_of_role(new: &NewRoleAssignment) -> Kept {
    let code = match (new.role == Role::Hrbp, new.org_unit_id) {
        (true, None) => "required",
        (false, Some(_)) => "not_allowed",
        _ => return Ok(()),
    };
    unbroken(code, [("/org_unit_id".to_owned(), None::<String>)])
}

/// The last day is not before the first, if both are given.
fn days_in_order(new: &NewRoleAssignment) -> Kept {
    let is_broken = new.valid_from.zip(new.valid_to).is_some_and(|(from, to)| to < from);
    unbroken("period_invalid", is_broken.then(|| ("/valid_to".to_owned(), None::<String>)))
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RoleAssignmentQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant; revoked ones are included as tombstones.
    updated_since: Option<DateTime<Utc>>,
    /// Only role assignments of this account.
    account_id: Option<Uuid>,
    /// Only assignments of this role.
    #[param(value_type = Option<words::Role>)]
    role: Option<Role>,
}

/// List role assignments
///
/// Lists who holds which role. Everybody may list their own by `account_id`. With `updated_since`
/// they are sorted by change, and revoked assignments appear with `deleted_at`.
#[utoipa::path(tag = "role-assignments", operation_id = "listRoleAssignments",
    params(RoleAssignmentQuery),
    responses((status = 200, description = "A page of role assignments", body = RoleAssignmentPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<RoleAssignmentQuery>) -> Result<HttpResponse, Refusal> {
    let Query(RoleAssignmentQuery { limit, cursor, updated_since, account_id, role }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let filter = RoleFilter { account_id: account_id.map(Into::into), role };
    let rows = caller
        .read(move |store, actor| {
            let target = Target { account: filter.account_id, ..Target::default() };
            actor.may_about(Action::RoleAssignmentRead, &target)?;
            Ok(store.role_assignments(filter, &page)?)
        })
        .await?;
    caller.answer::<RoleAssignmentPage, _>(
        &request,
        rows,
        |last| request.place(last.id.uuid(), last.updated_at),
        |assignment| RoleAssignmentView::new(&caller.actor, assignment),
    )
}

/// Give a role
///
/// The role takes effect within a second of the start of its first day. Nobody may give a role to
/// themselves. All roles except the auditor's require an account that belongs to an employee
/// (`guard-failed`). The person who gave the role by which somebody signs cannot be the second
/// person to sign, until somebody else gives that role again. When an account gets a role that
/// decides about others, an unused setup token that an administrator has seen becomes void.
#[utoipa::path(tag = "role-assignments", operation_id = "createRoleAssignment",
    request_body = NewRoleAssignment,
    responses((status = 201, description = "The new role assignment", body = RoleAssignmentView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(
    caller: Caller,
    RuledBody(body): RuledBody<NewRoleAssignment>,
) -> Result<HttpResponse, Refusal> {
    let id = RoleAssignmentId::from(new_id());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_role_assignment(store, actor, id, value.clone())
        })
        .await
}

/// Read a role assignment
///
/// Shows one role of one account. Everybody may read their own.
#[utoipa::path(tag = "role-assignments", operation_id = "getRoleAssignment",
    params(("id" = Uuid, Path, description = "Id of the role assignment")),
    responses((status = 200, description = "The role assignment", body = RoleAssignmentView)),
    security(("bearer" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = RoleAssignmentId::from(id.0);
    let assignment = caller
        .read(move |store, actor| {
            let sealed = store.find(id)?;
            Ok(actor.open(store, Action::RoleAssignmentRead, sealed)?.0)
        })
        .await?;
    caller.found(assignment.version, &RoleAssignmentView::new(&caller.actor, assignment))
}

/// Revoke a role
///
/// Takes effect within a second. Nobody may revoke their own role, and at least one permanent HR
/// administrator must remain (`guard-failed`).
#[utoipa::path(tag = "role-assignments", operation_id = "deleteRoleAssignment",
    params(("id" = Uuid, Path, description = "Id of the role assignment")),
    responses((status = 204, description = "The role is revoked")),
    security(("bearer" = [])))]
#[delete("/{id}")]
async fn remove(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    caller.change(None, move |store, actor| revoke_role_assignment(store, actor, id, &seen)).await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("role-assignments", "Who holds which role, for which units.")],
    records: &[(Action::RoleAssignmentRead, found::<RoleAssignmentId, RoleAssignment>)],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/role-assignments").service(list).service(create).service(read).service(remove),
    );
}

/// Gives a role to somebody else's account.
pub fn create_role_assignment(
    store: &mut dyn Store,
    actor: &Actor,
    id: RoleAssignmentId,
    new: NewRoleAssignment,
) -> Result<Reply<RoleAssignmentView>, Refusal> {
    actor.may(Action::RoleAssignmentWrite)?;
    let account = store.account(new.account_id.into())?;
    let account = account.ok_or_else(|| Refusal::unknown("/account_id", new.account_id))?;
    let permit = actor.may_about(Action::RoleAssignmentWrite, &account.target(actor.today))?;
    let assignment = RoleAssignment {
        id,
        account_id: new.account_id.into(),
        role: new.role,
        org_unit_id: new.org_unit_id.map(Into::into),
        valid_from: new.valid_from.unwrap_or(actor.today),
        valid_to: new.valid_to,
        given_by: Some(actor.subject.principal.id().into()),
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
        deleted_at: None,
    };
    if assignment.valid_to.is_some_and(|last| last < assignment.valid_from) {
        return Err(Refusal::invalid("/valid_to", "period_invalid"));
    }
    if let Some(unit) = assignment.org_unit_id
        && store.org_unit(unit, actor.today)?.is_none()
    {
        return Err(Refusal::unknown("/org_unit_id", unit.uuid()));
    }
    let (account, _) = actor.open(store, Action::AccountRead, Some(account))?;
    if account.employee_id.is_none() && new.role.needs_employee() {
        return Err(Refusal::GuardFailed(vec![Violation::new("/account_id", "employee_needed")]));
    }
    if account.credential_by.is_some() && new.role.guards_credential() {
        store.void_setup_tokens(account.id)?;
    }
    add_role_assignment(store, assignment.clone(), permit.rule())?;
    let view = RoleAssignmentView::new(actor, assignment);
    Ok(Reply::created(view, 1, format!("/v1/role-assignments/{id}")))
}

/// Adds a role assignment.
pub fn add_role_assignment(
    store: &mut dyn Store,
    assignment: RoleAssignment,
    rule: &'static str,
) -> Result<(), Refusal> {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string());
    let record = Record::new("role_assignment.created", assignment.id, rule)
        .field("account_id", None::<String>, assignment.account_id.to_string())
        .field("role", None::<String>, assignment.role.as_str())
        .field("org_unit_id", None::<String>, text(assignment.org_unit_id.map(Uuid::from)))
        .field("valid_from", None::<String>, assignment.valid_from.to_string())
        .field("valid_to", None::<String>, assignment.valid_to.map(|day| day.to_string()));
    Ok(store.create(Change::new(assignment, record))?)
}

/// Refuses a change that would leave no permanent HR administrator.
///
/// # Errors
/// 422 if nobody is left whose role, account and employment have no end.
pub fn somebody_remains(store: &mut dyn Store, actor: &Actor) -> Result<(), Refusal> {
    if store.hr_admin_remains(actor.today)? {
        return Ok(());
    }
    Err(Refusal::GuardFailed(vec![Violation::new("", "last_administrator")]))
}

/// Revokes a role, unless no permanent HR administrator would remain.
pub fn revoke_role_assignment(
    store: &mut dyn Store,
    actor: &Actor,
    id: RoleAssignmentId,
    seen: &Seen,
) -> Result<Reply<RoleAssignmentView>, Refusal> {
    store.lock_lines()?;
    let sealed = store.find(id)?;
    let (before, permit) = actor.open_seen(store, Action::RoleAssignmentWrite, sealed, seen)?;
    let role = before.role;
    let after = RoleAssignment {
        version: before.version + 1,
        updated_at: actor.now,
        deleted_at: Some(actor.now),
        ..before
    };
    let record = Record::new("role_assignment.deleted", id, permit.rule());
    store.update(Change::new(after, record))?;
    if role == Role::HrAdmin {
        somebody_remains(store, actor)?;
    }
    Ok(Reply::empty())
}
