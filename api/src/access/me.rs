//! The caller's own password and sessions.

use crate::access::sign_in::{end_sessions, set_password};
use crate::platform::app::seed;
use crate::platform::auth::password;
use crate::platform::auth::throttle::Source;
use crate::platform::caller::{Actor, Caller};
use crate::platform::edge::peer;
use crate::platform::extract::Body;
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use actix_web::{HttpResponse, post};
use domain::access::account::Account;
use domain::core::change::Record;
use domain::policy::{Action, Permit, Principal};
use persistence::{Claim, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// Change the password of the caller
///
/// Needs the present password. All sessions end, including the caller's: sign in again.
#[utoipa::path(tag = "me", operation_id = "changeMyPassword", request_body = PasswordChange,
    responses((status = 204, description = "The password is changed")),
    security(("bearer" = [])))]
#[post("/password-change")]
pub(crate) async fn change_password(
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
pub(crate) async fn revoke_sessions(caller: Caller) -> Result<HttpResponse, Refusal> {
    caller.change(None, revoke_own_sessions).await
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
