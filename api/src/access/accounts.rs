//! Accounts: the logins of people.

use crate::access::role_assignments::somebody_remains;
use crate::access::sign_in::end_sessions;
use crate::access::words;
use crate::platform::app::{new_id, seed};
use crate::platform::areas::{Noun, target};
use crate::platform::auth::secret::{Secret, withheld};
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{Body, PathId};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use crate::platform::seen::Seen;
use crate::platform::words::Told;
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

/// Validity of a setup token.
const SETUP: TimeDelta = TimeDelta::days(7);

/// The login of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Id of the account.
    pub id: Uuid,
    /// Login name for signing in; upper and lower case are the same.
    #[schema(example = "li.na@example.com")]
    pub login: String,
    /// Employee the account belongs to; null for an operator.
    pub employee_id: Option<Uuid>,
    /// Status of the account: whether it may sign in.
    #[schema(value_type = words::AccountStatus)]
    pub status: AccountStatus,
    /// When the present credential was issued. Choosing a new password does not change this.
    pub credential_at: DateTime<Utc>,
    /// Account that issued the credential and so may know it; null if the command line did.
    pub credential_by: Option<Uuid>,
    /// Transitions the caller may ask for now.
    #[schema(value_type = HashSet<words::AccountAction>)]
    pub allowed_actions: Vec<AccountTransition>,
    /// Setup token with which the person chooses a password, valid for 7 days. Only in the answer
    /// that creates the account or resets its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "evs_0197c9a85f3e7a519c7d0d8b1f0f6a11_5f0c")]
    pub setup_token: Option<String>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    pub created_at: DateTime<Utc>,
    /// When the record was last changed.
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

/// Transitions that the caller may ask for, given the status of the account.
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
    of AccountView, created by Action::AccountWrite
}

/// A new account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Login name for signing in; unique, where upper and lower case are the same.
    #[schema(
        min_length = 1,
        max_length = 254,
        pattern = r"^\S+$",
        format = "key",
        example = "li.na@example.com"
    )]
    pub login: String,
    /// Employee the account will belong to.
    pub employee_id: Option<Uuid>,
}

/// The employee an account will belong to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBinding {
    /// Id of the employee.
    #[schema(example = "0197c9a8-5f3e-7a51-9c7d-0d8b1f0f6a11")]
    pub employee_id: Uuid,
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccountQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant.
    updated_since: Option<DateTime<Utc>>,
}

/// List accounts
///
/// Lists the logins of the company, in the order of creation; with `updated_since`, in the order of
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

/// Create an account
///
/// Creates an account without a password. The answer shows, only once, a setup token with which the
/// person chooses a password within 7 days (`POST /v1/auth/password-setup`); a replay shows null
/// instead. The account that issues a credential may know it. Until another account issues a new
/// credential, the new account has no power over the issuer's records, and the two people cannot
/// give the two signatures that an action needs. Nobody may issue the credential of a person who
/// decides about them (`separation-of-duties`).
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
/// Shows the login of a person. Everybody may read their own.
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
/// Allows a deactivated account to sign in again, with its previous password.
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
/// Prevents the account from signing in, and ends its sessions and tokens within a second. At least
/// one permanent HR administrator must remain (`guard-failed`).
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
/// Removes the password, ends the sessions and shows, only once, a new setup token. For an account
/// with a role that decides about others, or with the auditor's role, only the command line can
/// issue a credential (`credentials-to-owner`). Nobody may issue the credential of a person who
/// decides about them (`separation-of-duties`).
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
/// Links an account without an employee to an employee, which cannot be undone. The account can
/// then hold roles that decide about others. It can give one of the two signatures of an action
/// only after somebody else has renewed its credential. Nobody may bind their own account
/// (`credentials-to-owner`); use the command line for the first administrator's (`evenhand account
/// issue`).
#[utoipa::path(tag = "accounts", operation_id = "bindAccount", request_body = NewBinding,
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 200, description = "The account of the employee", body = AccountView)),
    security(("bearer" = [])))]
#[post("/{id}/employee")]
async fn bind(caller: Caller, id: PathId, body: Body<NewBinding>) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            bind_account(store, actor, id, &seen, value.employee_id.into())
        })
        .await
}

async fn transit(
    caller: Caller,
    id: PathId,
    transition: AccountTransition,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let id = id.0.into();
    let setup = Secret::setup_token(caller.actor.subject.tenant, seed());
    caller
        .change(None, move |store, actor| {
            transit_account(store, actor, id, &seen, transition, &setup)
        })
        .await
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("accounts", "Logins of people.")],
    records: &[(Action::AccountRead, |store, actor, _, id| {
        target(actor, store.account(id.into())?)
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
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

/// Creates an account whose owner must still choose a password.
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
/// 409 if the login is taken or the employee has an account already.
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

/// Checks that the caller may link an account, whose credential the caller issues or may have, to a
/// person.
///
/// # Errors
/// 422 if there is no such person; 403 by `separation-of-duties` if that person decides about the
/// caller, or about somebody the caller may be: as a manager above, or as the manager responsible
/// for a review.
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

/// Moves an account to another status, if the caller has read its current version.
pub fn transit_account(
    store: &mut dyn Store,
    actor: &Actor,
    id: AccountId,
    seen: &Seen,
    transition: AccountTransition,
    setup: &Secret,
) -> Result<Reply<AccountView>, Refusal> {
    store.lock_lines()?;
    let sealed = store.account(id)?;
    let (before, permit) = actor.open_seen(store, Action::AccountWrite, sealed, seen)?;
    let Some(status) = before.status.after(transition) else {
        let allowed = allowed_actions(actor, &before);
        return Err(Refusal::StateConflict {
            current_state: Told::new(before.status),
            allowed_actions: Told::all(allowed.iter().copied()),
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

/// Refuses to show an administrator the credential of a person with more power.
fn may_reset(store: &mut dyn Store, actor: &Actor, account: &Account) -> Result<(), Refusal> {
    let lasts = |held: &RoleAssignment| held.valid_to.is_none_or(|last| actor.today <= last);
    let mut held = roles_of(store, account.id)?.into_iter().filter(lasts);
    if held.any(|held| held.role.guards_credential()) {
        let why = Violation::new("", "command_line_issues");
        return Err(Refusal::ForbiddenBecause(CREDENTIALS_TO_OWNER, why));
    }
    account.employee_id.map_or(Ok(()), |person| may_issue_for(store, actor, person))
}

/// Links an account without an employee to an employee.
pub fn bind_account(
    store: &mut dyn Store,
    actor: &Actor,
    id: AccountId,
    seen: &Seen,
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
    let (before, permit) = actor.open_seen(store, Action::AccountWrite, sealed, seen)?;
    if before.employee_id.is_some() {
        return Err(Refusal::GuardFailed(vec![Violation::new("", "account_bound")]));
    }
    may_be_of(store, actor, person)?;
    // Who links the account might have made it for themselves, so they count as its issuer.
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

/// Ends the sessions of an account and sets it back to the status before its first password.
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

/// Removes the password of an account, so that its owner must choose one with a setup token.
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
