//! Accounts: logins of people.

use crate::access::role_assignments::somebody_remains;
use crate::access::sign_in::end_sessions;
use crate::platform::app::{new_id, seed};
use crate::platform::auth::secret::{Secret, withheld};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId, Query};
use crate::platform::page::page_of;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::schema::{word_list, words};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::account::{Account, AccountStatus, AccountTransition, RoleAssignment};
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, EmployeeId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use domain::policy::Role;
use domain::policy::{Action, CREDENTIALS_TO_OWNER, Protected, SEPARATION_OF_DUTIES, authorise};
use persistence::{DbError, Page, RoleFilter, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// How long a setup token is good.
const SETUP: TimeDelta = TimeDelta::days(7);

/// The login of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Its id.
    pub id: Uuid,
    /// What the person types to sign in, compared without case.
    #[schema(example = "li.na@example.com")]
    pub login: String,
    /// The employee this person is; null for an operator.
    pub employee_id: Option<Uuid>,
    /// Whether it may sign in.
    #[schema(schema_with = words::<AccountStatus>)]
    pub status: AccountStatus,
    /// When its present credential was issued, whatever password the owner has chosen since.
    pub credential_at: DateTime<Utc>,
    /// The account that issued it, and may know it; null if the command line did.
    pub credential_by: Option<Uuid>,
    /// Transitions the caller may ask for now.
    #[schema(schema_with = word_list::<AccountTransition>)]
    pub allowed_actions: Vec<AccountTransition>,
    /// Shown once, in the answer that made it: lets the person choose a password, for 7 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "evs_0197c9a85f3e7a519c7d0d8b1f0f6a11_5f0c")]
    pub setup_token: Option<String>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl AccountView {
    fn new(actor: &Actor, account: Account) -> Self {
        Self {
            allowed_actions: allowed_actions(actor, &account),
            id: account.id.uuid(),
            login: account.login,
            employee_id: account.employee_id.map(Uuid::from),
            status: account.status,
            credential_at: account.credential_at,
            credential_by: account.credential_by.map(Uuid::from),
            setup_token: None,
            version: account.version,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// What the caller may do to an account in its status.
fn allowed_actions(actor: &Actor, account: &Account) -> Vec<AccountTransition> {
    let target = account.target(actor.today);
    if authorise(&actor.subject, Action::AccountWrite, &target).is_err() {
        return Vec::new();
    }
    let all = AccountTransition::ALL.iter().copied();
    all.filter(|step| account.status.after(*step).is_some()).collect()
}

page_of! {
    /// A page of accounts.
    pub struct AccountPage
    /// The accounts, in the order of creation; with `updated_since`, in the order of change.
    of AccountView
}

/// A new account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// What the person types to sign in, unique without regard to case.
    #[schema(min_length = 1, max_length = 254, pattern = r"^\S+$", example = "li.na@example.com")]
    pub login: String,
    /// The employee this person is.
    pub employee_id: Option<Uuid>,
}

/// The employee an account is to belong to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBinding {
    /// The employee this person is.
    #[schema(example = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub employee_id: Uuid,
}

/// What a client asks of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccountQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
}

/// List accounts
///
/// Logins of the company, in the order of creation, or with `updated_since` in the order of
/// change. Accounts are never deleted, only deactivated.
#[utoipa::path(tag = "accounts", operation_id = "listAccounts", params(AccountQuery),
    responses((status = 200, description = "A page of accounts", body = AccountPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<AccountQuery>) -> Result<HttpResponse, Refusal> {
    let Query(AccountQuery { limit, cursor, updated_since }) = query;
    let request = caller.page(limit, cursor.as_deref(), updated_since)?;
    let page = request.page.clone();
    let rows = caller
        .read(move |store, actor| {
            actor.may(Action::AccountRead)?;
            Ok(store.accounts(&page)?)
        })
        .await?;
    caller.answer::<AccountPage, _>(
        &request,
        rows,
        |last| request.place(last.id.uuid(), last.updated_at),
        |row| AccountView::new(&caller.actor, row),
    )
}

/// Invite somebody
///
/// Makes an account without a password. The answer shows, once, a setup token with which the
/// person chooses one (`POST /v1/auth/password-setup`) within 7 days. A replay shows null instead.
/// Whoever issues a credential may know it: until somebody else has issued another one, the account
/// has no power over their records, and both sign nothing together that takes two persons. Nobody
/// issues the credential of somebody who decides about them (`separation-of-duties`).
#[utoipa::path(tag = "accounts", operation_id = "createAccount", request_body = NewAccount,
    responses((status = 201, description = "The invited account", body = AccountView)),
    security(("bearer" = [])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewAccount>) -> Result<HttpResponse, Refusal> {
    let id = AccountId::from(new_id());
    let setup = Secret::setup_token(caller.actor.subject.tenant, seed());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_account(store, actor, id, value.clone(), &setup)
        })
        .await
}

/// Read an account
///
/// The login of a person. Everybody may read their own.
#[utoipa::path(tag = "accounts", operation_id = "getAccount",
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "The account", body = AccountView)),
    security(("bearer" = [])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    let id = id.0.into();
    let account = caller
        .read(move |store, actor| {
            let sealed = store.account(id)?;
            Ok(actor.open(store, Action::AccountRead, sealed)?.0)
        })
        .await?;
    caller.found(account.version, &AccountView::new(&caller.actor, account))
}

/// Activate an account
///
/// Lets a deactivated account sign in again, with the password it had.
#[utoipa::path(tag = "accounts", operation_id = "activateAccount",
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "The active account", body = AccountView)),
    security(("bearer" = [])))]
#[post("/{id}/activation")]
async fn activate(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, AccountTransition::Activation).await
}

/// Deactivate an account
///
/// Keeps it from signing in and ends its sessions and tokens within a second. Somebody must remain
/// who is HR administrator without end (`guard-failed`).
#[utoipa::path(tag = "accounts", operation_id = "deactivateAccount",
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "The deactivated account", body = AccountView)),
    security(("bearer" = [])))]
#[post("/{id}/deactivation")]
async fn deactivate(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, AccountTransition::Deactivation).await
}

/// Reset a password
///
/// Takes the password away, ends the sessions and shows, once, a new setup token. The credential
/// of an account with a role that decides, or the auditor's, comes from the command line alone
/// (`credentials-to-owner`), and nobody issues that of somebody who decides about them
/// (`separation-of-duties`).
#[utoipa::path(tag = "accounts", operation_id = "resetAccountPassword",
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "The invited account", body = AccountView)),
    security(("bearer" = [])))]
#[post("/{id}/password-reset")]
async fn reset_password(caller: Caller, id: PathId) -> Result<HttpResponse, Refusal> {
    transit(caller, id, AccountTransition::PasswordReset).await
}

/// Bind an account to an employee
///
/// Says which employee the person is, of an account that belongs to none: it can then hold roles
/// that decide, and sign what takes two persons once somebody else has renewed its credential.
/// Nobody says this of the own account (`credentials-to-owner`): that of the first administrator is
/// bound from the command line (`evenhand account issue`). It cannot be undone.
#[utoipa::path(tag = "accounts", operation_id = "bindAccount", request_body = NewBinding,
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "The account of the employee", body = AccountView)),
    security(("bearer" = [])))]
#[post("/{id}/employee")]
async fn bind(caller: Caller, id: PathId, body: Body<NewBinding>) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let id = id.0.into();
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            bind_account(store, actor, id, expected, value.employee_id.into())
        })
        .await
}

async fn transit(
    caller: Caller,
    id: PathId,
    transition: AccountTransition,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let id = id.0.into();
    let setup = Secret::setup_token(caller.actor.subject.tenant, seed());
    caller
        .change(None, move |store, actor| {
            transit_account(store, actor, id, expected, transition, &setup)
        })
        .await
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/accounts")
            .service(list)
            .service(create)
            .service(read)
            .service(activate)
            .service(deactivate)
            .service(reset_password)
            .service(bind),
    );
}

/// Makes an account that waits for its owner to choose a password.
pub fn create_account(
    store: &mut dyn Store,
    actor: &Actor,
    id: AccountId,
    new: NewAccount,
    setup: &Secret,
) -> Result<Reply<AccountView>, Refusal> {
    let permit = actor.may(Action::AccountWrite)?;
    let account = Account {
        id,
        login: new.login,
        employee_id: new.employee_id.map(Into::into),
        status: AccountStatus::Invited,
        session_epoch: 1,
        credential_by: Some(actor.subject.principal.id().into()),
        credential_at: actor.now,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    if let Some(person) = account.employee_id {
        may_be_of(store, actor, person)?;
    }
    add_account(store, account.clone(), permit.rule())?;
    expect_password(store, id, setup, actor.now)?;
    let view = with_setup_token(actor, account, setup);
    let kept = withheld(&view, "setup_token");
    Ok(Reply::created(view, 1, format!("/v1/accounts/{id}")).replayed_as(kept))
}

/// Adds an account.
///
/// # Errors
/// 409 when login or employee have one already.
pub fn add_account(
    store: &mut dyn Store,
    account: Account,
    rule: &'static str,
) -> Result<(), Refusal> {
    let person = account.employee_id.map(|id| id.to_string());
    let login = account.login.clone();
    let record = Record::new("account.created", account.id, rule)
        .field("login", None::<String>, login.clone())
        .field("employee_id", None::<String>, person.clone());
    store.create_account(Change::new(account, record)).map_err(|error| match (&error, person) {
        (DbError::Duplicate { column, .. }, Some(person)) if column.starts_with("employee") => {
            Refusal::taken(error, "/employee_id", &person)
        }
        _ => Refusal::taken(error, "/login", &login),
    })
}

/// Refuses to let an account whose credential the caller issues, or may have, belong to a person.
///
/// # Errors
/// 422 when there is no such person; 403 by `separation-of-duties` when that person decides about
/// whoever the caller is or may be: a manager above, or who answers for a review.
fn may_be_of(store: &mut dyn Store, actor: &Actor, person: EmployeeId) -> Result<(), Refusal> {
    if store.employee(person, actor.today)?.is_none() {
        return Err(Refusal::unknown("/employee_id", person.uuid()));
    }
    may_issue_for(store, actor, person)
}

fn may_issue_for(store: &mut dyn Store, actor: &Actor, person: EmployeeId) -> Result<(), Refusal> {
    for me in actor.subject.persons() {
        let above = store.relations(Some(person), me, &[], actor.today)?.chain_manager;
        if above || store.answers_for(person, me)? {
            let why = Violation::new("", "decides_about_issuer");
            return Err(Refusal::ForbiddenBecause(SEPARATION_OF_DUTIES, why));
        }
    }
    Ok(())
}

/// Moves an account that is still in the version the caller has read to another status.
pub fn transit_account(
    store: &mut dyn Store,
    actor: &Actor,
    id: AccountId,
    expected: i32,
    transition: AccountTransition,
    setup: &Secret,
) -> Result<Reply<AccountView>, Refusal> {
    store.lock_lines()?;
    let sealed = store.account(id)?;
    let (before, permit) = actor.open(store, Action::AccountWrite, sealed)?;
    if before.version != expected {
        return Err(Refusal::Stale);
    }
    let Some(status) = before.status.after(transition) else {
        let allowed = allowed_actions(actor, &before);
        return Err(Refusal::StateConflict {
            current_state: before.status.as_str(),
            allowed_actions: allowed.iter().map(|step| step.as_str()).collect(),
        });
    };
    let rule = permit.rule();
    let action = match transition {
        AccountTransition::Activation => "account.activated",
        AccountTransition::Deactivation => "account.deactivated",
        AccountTransition::PasswordReset => {
            may_reset(store, actor, &before)?;
            let by = Some(actor.subject.principal.id().into());
            let after = invite_again(store, before.issued(by, actor.now), rule, actor.now)?;
            expect_password(store, id, setup, actor.now)?;
            let version = after.version;
            let view = with_setup_token(actor, after, setup);
            let kept = withheld(&view, "setup_token");
            return Ok(Reply::changed(view, version).replayed_as(kept));
        }
    };
    let is_administrator = roles_of(store, id)?.iter().any(|held| held.role == Role::HrAdmin);
    let record = Record::new(action, id, rule).transition(before.status.as_str(), status.as_str());
    let after = end_sessions(store, Account { status, ..before }, record, actor.now)?;
    if is_administrator && transition == AccountTransition::Deactivation {
        somebody_remains(store, actor)?;
    }
    let version = after.version;
    Ok(Reply::changed(AccountView::new(actor, after), version))
}

/// Refuses to show an administrator the credential of somebody with more power than that.
fn may_reset(store: &mut dyn Store, actor: &Actor, account: &Account) -> Result<(), Refusal> {
    let lasts = |held: &RoleAssignment| held.valid_to.is_none_or(|last| actor.today <= last);
    let mut held = roles_of(store, account.id)?.into_iter().filter(lasts);
    if held.any(|held| held.role.guards_credential()) {
        let why = Violation::new("", "command_line_issues");
        return Err(Refusal::ForbiddenBecause(CREDENTIALS_TO_OWNER, why));
    }
    account.employee_id.map_or(Ok(()), |person| may_issue_for(store, actor, person))
}

/// Lets an account that belongs to nobody belong to an employee.
pub fn bind_account(
    store: &mut dyn Store,
    actor: &Actor,
    id: AccountId,
    expected: i32,
    person: EmployeeId,
) -> Result<Reply<AccountView>, Refusal> {
    store.lock_lines()?;
    let sealed = store.account(id)?;
    let me = actor.subject.principal.id();
    if id.uuid() == me {
        actor.open(store, Action::AccountOwn, sealed)?;
        let why = Violation::new("", "command_line_issues");
        return Err(Refusal::ForbiddenBecause(CREDENTIALS_TO_OWNER, why));
    }
    let (before, permit) = actor.open(store, Action::AccountWrite, sealed)?;
    if before.version != expected {
        return Err(Refusal::Stale);
    }
    if before.employee_id.is_some() {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "account_bound")]));
    }
    may_be_of(store, actor, person)?;
    // Whoever says who somebody is could say it of an account of their own.
    let credential_by = before.credential_by.or(Some(me.into()));
    let before = Account { credential_by, ..before };
    let after = bound(store, before, person, permit.rule(), actor.now)?;
    if roles_of(store, id)?.iter().any(|held| held.role == Role::HrAdmin) {
        somebody_remains(store, actor)?;
    }
    let version = after.version;
    Ok(Reply::changed(AccountView::new(actor, after), version))
}

/// Saves that an account belongs to an employee.
pub fn bound(
    store: &mut dyn Store,
    before: Account,
    person: EmployeeId,
    rule: &'static str,
    now: Timestamp,
) -> Result<Account, Refusal> {
    let (version, employee_id) = (before.version + 1, Some(person));
    let after = Account { employee_id, version, updated_at: now, ..before };
    let name = person.to_string();
    let record =
        Record::new("account.bound", after.id, rule).field("employee_id", None::<String>, &*name);
    let saved = store.update_account(Change::new(after.clone(), record));
    saved.map_err(|error| Refusal::taken(error, "/employee_id", &name))?;
    Ok(after)
}

/// The roles of an account that are not revoked.
pub fn roles_of(store: &mut dyn Store, id: AccountId) -> Result<Vec<RoleAssignment>, Refusal> {
    let filter = RoleFilter { account_id: Some(id), role: None };
    Ok(store.role_assignments(filter, &Page::ALL)?)
}

/// Ends the sessions of an account, which is from now on as if it had never had a password.
pub fn invite_again(
    store: &mut dyn Store,
    before: Account,
    rule: &'static str,
    now: Timestamp,
) -> Result<Account, Refusal> {
    let status = AccountStatus::Invited;
    let record = Record::new("account.password_reset", before.id, rule)
        .transition(before.status.as_str(), status.as_str());
    end_sessions(store, Account { status, ..before }, record, now)
}

/// Leaves an account without a password and lets its owner choose one with a setup token.
pub fn expect_password(
    store: &mut dyn Store,
    id: AccountId,
    setup: &Secret,
    now: Timestamp,
) -> Result<(), Refusal> {
    store.set_password_hash(id, None)?;
    Ok(store.create_setup_token(id, &setup.hash, now + SETUP)?)
}

fn with_setup_token(actor: &Actor, account: Account, setup: &Secret) -> AccountView {
    AccountView { setup_token: Some(setup.text.clone()), ..AccountView::new(actor, account) }
}
