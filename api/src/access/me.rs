//! The caller: identity, password and sessions.

use crate::access::accounts::roles_of;
use crate::access::reads::list_reads;
use crate::access::sign_in::{end_sessions, set_password};
use crate::access::words;
use crate::platform::app::seed;
use crate::platform::areas::Noun;
use crate::platform::auth::password;
use crate::platform::auth::throttle::Source;
use crate::platform::caller::{Actor, Caller};
use crate::platform::edge::peer;
use crate::platform::extract::Body;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use domain::access::account::Account;
use domain::core::change::Record;
use domain::core::id::AccountId;
use domain::policy::{Action, Permit, Principal};
use domain::policy::{Role, Scope};
use persistence::{Claim, Page, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// Kind of caller: `account` for a person, `api_key` for a program.
    #[schema(value_type = words::PrincipalKind)]
    pub kind: &'static str,
    /// Id of the person's account or of the program's key.
    pub id: Uuid,
    /// Login of the person; null for a program.
    #[schema(example = "li.na@example.com")]
    pub login: Option<String>,
    /// Name of the employee or of the key; null if there is none.
    #[schema(example = "Li Na")]
    pub name: Option<String>,
    /// Employee of the person, or of the person responsible for the key; null if there is none.
    pub employee_id: Option<Uuid>,
    /// True if the person holds a role that decides about others, but the account has no employee.
    /// The account can then give none of the two signatures that an action needs, until the command
    /// line binds it to an employee (`evenhand account issue --employee-number`).
    #[schema(example = false)]
    pub binding_needed: bool,
    /// Present credential of a person's account; null for a program.
    pub credential: Option<MyCredential>,
    /// Roles held today.
    pub roles: Vec<HeldRole>,
    /// Keys that the person is responsible for.
    pub keys: Vec<MyKey>,
    /// Scopes of the key that its owner's rights cover today.
    #[schema(value_type = HashSet<words::Scope>)]
    pub scopes: Vec<Scope>,
    /// The company of the caller.
    pub tenant: MyTenant,
}

/// A role held today.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRole {
    /// The role.
    #[schema(value_type = words::Role)]
    pub role: Role,
    /// Unit the role is held for; null for the whole company.
    pub org_unit_id: Option<Uuid>,
    /// Who gave the role; null if the command line did.
    pub given_by: Option<Doer>,
}

/// A person who did something to the caller's account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MyActor)]
pub struct Doer {
    /// Id of that person's account.
    pub account_id: Uuid,
    /// Name of the employee; otherwise the login.
    #[schema(example = "Li Na")]
    pub name: String,
}

/// The credential of the caller's account.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyCredential {
    /// When it was issued. Choosing a new password does not change this.
    pub issued_at: DateTime<Utc>,
    /// Who issued it; null if the command line did.
    pub issued_by: Option<Doer>,
}

/// A key the caller is responsible for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyKey {
    /// Id of the key.
    pub id: Uuid,
    /// Purpose of the key.
    #[schema(example = "HRIS sync")]
    pub name: String,
    /// Who created the key and has seen its secret.
    pub made_by: Option<Doer>,
}

/// The company of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyTenant {
    /// Short name of the company.
    #[schema(example = "acme")]
    pub slug: String,
    /// Name of the company.
    #[schema(example = "Acme Ltd.")]
    pub name: String,
    /// IANA time zone that decides business days.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
}

/// The caller, with who gave credential, roles and keys.
fn describe(store: &mut dyn Store, actor: &Actor) -> Result<MeView, Refusal> {
    let subject = &actor.subject;
    let profile = store.profile(&subject.principal)?.ok_or(Refusal::NotFound)?;
    let (scopes, held, keys) = match &subject.principal {
        Principal::Person(id) => {
            let keys = store.api_keys(Some(*id), &Page::ALL)?;
            (Vec::new(), roles_of(store, *id)?, keys)
        }
        Principal::Service { scopes, .. } => (scopes.clone(), Vec::new(), Vec::new()),
    };
    let held: Vec<_> = held.into_iter().filter(|role| role.days().contains(actor.today)).collect();
    let by = held.iter().filter_map(|role| role.given_by).chain(profile.credential_by);
    let by: Vec<_> = by.chain(keys.iter().filter_map(|key| key.made_by)).collect();
    let names = store.account_names(&by)?;
    let doer = |id: Option<AccountId>| {
        id.and_then(|id| Some(Doer { account_id: id.uuid(), name: names.get(&id)?.clone() }))
    };
    Ok(MeView {
        kind: subject.principal.kind(),
        id: subject.principal.id(),
        login: profile.login,
        name: profile.name,
        employee_id: subject.employee_id.map(Uuid::from),
        binding_needed: subject.employee_id.is_none() && held.iter().any(|it| it.role.decides()),
        credential: profile
            .credential_at
            .map(|issued_at| MyCredential { issued_at, issued_by: doer(profile.credential_by) }),
        roles: held
            .into_iter()
            .map(|held| HeldRole {
                role: held.role,
                org_unit_id: held.org_unit_id.map(Uuid::from),
                given_by: doer(held.given_by),
            })
            .collect(),
        keys: keys
            .into_iter()
            .map(|key| MyKey { id: key.id.uuid(), made_by: doer(key.made_by), name: key.name })
            .collect(),
        scopes,
        tenant: MyTenant {
            slug: profile.tenant_slug,
            name: profile.tenant_name,
            time_zone: profile.time_zone,
        },
    })
}

/// A change of the caller's password.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present password.
    #[schema(min_length = 1, max_length = 128, format = Password, example = "correct horse battery")]
    pub current_password: String,
    /// The new password.
    #[schema(min_length = 12, max_length = 128, format = Password, example = "staple in a haystack")]
    pub new_password: String,
}

/// Read the caller
///
/// Shows account or key, roles, scopes and company of the caller. For a person it also shows who
/// issued the credential and when, who gave each role, and the keys the person is responsible for.
#[utoipa::path(tag = "me", operation_id = "getMe",
    responses((status = 200, description = "The caller", body = MeView)),
    security(("bearer" = []), ("api_key" = [])))]
#[get("")]
async fn read(caller: Caller) -> Result<HttpResponse, Refusal> {
    let me = caller.read(describe).await?;
    caller.listed(&me, None)
}

/// Change the password of the caller
///
/// Needs the present password. All sessions end, including the caller's: sign in again.
#[utoipa::path(tag = "me", operation_id = "changeMyPassword", request_body = PasswordChange,
    responses((status = 204, description = "The password is changed")),
    security(("bearer" = [])))]
#[post("/password-change")]
async fn change_password(
    caller: Caller,
    body: Body<PasswordChange>,
) -> Result<HttpResponse, Refusal> {
    let Body { value: PasswordChange { current_password, new_password }, digest } = body;
    let known = caller
        .read(|store, actor| {
            let (account, _) = own_account(store, actor)?;
            store.credentials(Claim::Account(account.id))?.ok_or(Refusal::NotFound)
        })
        .await?;
    let app = &caller.app;
    let source = Source::Network(peer::source(caller.request(), app.settings.proxies));
    let claimed = known.account.id.to_string();
    let attempt = app.auth.throttle.attempt(&claimed, source, app.clock.steady())?;
    if !app.auth.passwords.verify(source, current_password, known.password_hash).await? {
        attempt.failed();
        return Err(Refusal::InvalidCredentials);
    }
    attempt.succeeded();
    password::check("/new_password", &new_password, &known.account.login)?;
    let hash = app.auth.passwords.hash(source, new_password, seed()).await?;
    let checked = known.account.session_epoch;
    caller
        .change(Some(digest), move |store, actor| {
            let (account, permit) = own_account(store, actor)?;
            if account.session_epoch != checked {
                return Err(Refusal::InvalidCredentials);
            }
            set_password(store, account, &hash, permit.rule(), actor.now)?;
            Ok(Reply::<()>::empty())
        })
        .await
}

/// End all sessions of the caller
///
/// Signs the caller out everywhere, including the present session, within a second.
#[utoipa::path(tag = "me", operation_id = "revokeMySessions",
    responses((status = 204, description = "Every session has ended")),
    security(("bearer" = [])))]
#[post("/session-revocation")]
async fn revoke_sessions(caller: Caller) -> Result<HttpResponse, Refusal> {
    caller.change(None, revoke_own_sessions).await
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("me", "The caller: account, roles and sessions.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    let me = scope("/me").service(read).service(change_password).service(revoke_sessions);
    config.service(me.service(list_reads));
}

/// Signs the caller out everywhere.
pub fn revoke_own_sessions(store: &mut dyn Store, actor: &Actor) -> Result<Reply<()>, Refusal> {
    let (account, permit) = own_account(store, actor)?;
    let record = Record::new("account.sessions_revoked", account.id, permit.rule());
    end_sessions(store, account, record, actor.now)?;
    Ok(Reply::empty())
}

/// The caller's account, to be changed by its owner.
fn own_account(store: &mut dyn Store, actor: &Actor) -> Result<(Account, Permit), Refusal> {
    match actor.subject.principal {
        Principal::Person(id) => {
            let sealed = store.account(id)?;
            actor.open(store, Action::AccountOwn, sealed)
        }
        // A key has no account of its own, so the policy refuses.
        Principal::Service { .. } => {
            actor.may(Action::AccountOwn)?;
            Err(Refusal::NotFound)
        }
    }
}
