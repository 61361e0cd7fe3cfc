//! Sign-in, sign-out, and choosing a password with a setup token.

use crate::platform::app::{App, new_id, seed};
use crate::platform::areas::Noun;
use crate::platform::auth::principal::business_day;
use crate::platform::auth::refresh::RefreshToken;
use crate::platform::auth::throttle::Source;
use crate::platform::auth::token::{self, Claims};
use crate::platform::auth::{device, password, principal, secret};
use crate::platform::caller::system_context;
use crate::platform::edge::peer;
use crate::platform::extract::{self, Body};
use crate::platform::problem::RequestId;
use crate::platform::refusal::Refusal;
use crate::platform::reply::{self, Reply};
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::TimeDelta;
use domain::access::account::{Account, AccountStatus, Lasting, Presented, Session, login_key};
use domain::core::change::{Change, Record};
use domain::core::id::{AccountId, SessionId, TenantId};
use domain::core::text::TextEnum;
use domain::core::time::Timestamp;
use persistence::{Claim, Context, SigningKey, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Credentials for signing in.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Short name of the company.
    #[schema(min_length = 2, max_length = 40, pattern = "^[a-z0-9-]+$", example = "acme")]
    pub tenant: String,
    /// Login name; upper and lower case are the same.
    #[schema(min_length = 1, max_length = 254, example = "li.na@example.com")]
    pub login: String,
    /// Password.
    #[schema(min_length = 1, max_length = 128, format = Password, example = "correct horse battery")]
    pub password: String,
    /// Device token of an earlier sign-in with this login. With it, failed attempts of others do
    /// not make this sign-in wait. An invalid token is ignored.
    #[serde(default)]
    #[schema(max_length = 1024, example = "MDE5N2M5YTg1ZjNlN2E1MQ")]
    pub device_token: Option<String>,
}

/// A refresh token.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Refresh token of the latest answer.
    #[schema(min_length = 1, max_length = 1024, example = "MDE5N2M5YTg1ZjNlN2E1MQ")]
    pub refresh_token: String,
}

/// A password chosen with a setup token.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSetup {
    /// Setup token, as shown when the account was created or its password reset.
    #[schema(
        min_length = 1,
        max_length = 256,
        example = "evs_0197c9a85f3e7a519c7d0d8b1f0f6a11_5f0c"
    )]
    pub setup_token: String,
    /// New password.
    #[schema(min_length = 12, max_length = 128, format = Password, example = "correct horse battery")]
    pub password: String,
}

/// Tokens of a session.
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    /// Access token; send it in the header `Authorization: Bearer`.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 600)]
    pub expires_in: i64,
    /// Refresh token for the next pair of tokens; works once.
    #[schema(example = "MDE5N2M5YTg1ZjNlN2E1MQ")]
    pub refresh_token: String,
    /// Seconds until the session ends, unless the refresh token is used before.
    #[schema(example = 2_592_000)]
    pub refresh_expires_in: i64,
    /// Only after a sign-in: a token to keep on this device and send with the next sign-in. It
    /// gives no access, and is valid for 180 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "MDE5N2M5YTg1ZjNlN2E1MQ")]
    pub device_token: Option<String>,
}

/// Sign in
///
/// Checks login and password and opens a session. A wrong login and a wrong password get the same
/// answer. After many failed attempts with one login from one address, further attempts must wait
/// (429), each longer than the one before. A device that has signed in before does not wait because
/// of other people's attempts if it sends its `device_token`.
#[utoipa::path(tag = "auth", operation_id = "signIn", request_body = SignIn,
    responses((status = 200, description = "Tokens of the new session", body = TokenPair)))]
#[post("/token")]
async fn sign_in(request: HttpRequest, body: Body<SignIn>) -> Result<HttpResponse, Refusal> {
    let app = extract::app(&request)?;
    let now = app.clock.now();
    let SignIn { tenant: slug, login, password, device_token } = body.value;
    let address = peer::source(&request, app.settings.proxies);
    let claimed = format!("{slug}/{}", login_key(&login));
    let device = device_token.and_then(|token| device::open(&app.keys, &claimed, &token, now));
    let source = device.map_or(Source::Network(address), Source::Device);
    let attempt = app.auth.throttle.attempt(&claimed, source, app.clock.steady())?;

    let nowhere = TenantId::from(Uuid::nil());
    let tenant = app.db.read(nowhere, move |store| store.tenant_by_slug(&slug)).await?;
    let tenant = tenant.unwrap_or(nowhere);
    let typed = login.clone();
    let known = app.db.read(tenant, move |store| store.credentials(Claim::Login(&typed))).await?;
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    let right = app.auth.passwords.verify(source, password, hash).await?;

    let context = context(&request, tenant, now);
    let account = known.map(|known| known.account);
    let opened = match account.clone().filter(|_| right) {
        Some(account) => open_session(&app, &context, account).await,
        None => Err(Refusal::InvalidCredentials),
    };
    if let Err(Refusal::InvalidCredentials) = opened {
        attempt.failed();
        if tenant != nowhere {
            let refused = account.map_or(Uuid::nil(), |account| account.id.uuid());
            let record = Record::new("session.refused", refused, "invalid-credentials")
                .field("login", None::<String>, login)
                .field("address", None::<String>, address.to_string());
            app.db.write(context, move |store| store.refuse_session(record.clone())).await?;
        }
        return Err(Refusal::InvalidCredentials);
    }
    let pair = opened?;
    attempt.succeeded();
    let key = signing_key(&app, now)?;
    let device = device::seal(&key, &claimed, device.unwrap_or_else(new_id), now);
    send(TokenPair { device_token: Some(device), ..pair })
}

/// Get new tokens
///
/// Exchanges a refresh token for a new pair of tokens. Each refresh token works once. If it is sent
/// again within 10 seconds, because the answer was lost, it gets the same next refresh token. If it
/// is sent later, somebody may have a copy, and the session ends (`refresh-reused`). Even if it is
/// used, a session ends some days after the sign-in (30, unless the operator has configured another
/// number).
#[utoipa::path(tag = "auth", operation_id = "refreshTokens", request_body = Refresh,
    responses((status = 200, description = "New tokens of the session", body = TokenPair)))]
#[post("/refresh")]
async fn refresh(request: HttpRequest, body: Body<Refresh>) -> Result<HttpResponse, Refusal> {
    let app = extract::app(&request)?;
    let now = app.clock.now();
    let presented = open(&app, &body.value)?;
    let lasts = lasting(&app);
    let unit = move |store: &mut dyn Store| refresh_session(store, presented, now, lasts);
    let context = context(&request, presented.tenant, now);
    match app.db.write(context, unit).await? {
        Some((session, epoch)) => send(pair(&app, presented.tenant, &session, epoch, now)?),
        None => Err(Refusal::RefreshReused),
    }
}

/// Sign out
///
/// Ends the session of a refresh token, with all its tokens. Ending it a second time does no harm.
#[utoipa::path(tag = "auth", operation_id = "signOut", request_body = Refresh,
    responses((status = 204, description = "The session has ended")))]
#[post("/logout")]
async fn sign_out(request: HttpRequest, body: Body<Refresh>) -> Result<HttpResponse, Refusal> {
    let app = extract::app(&request)?;
    let now = app.clock.now();
    let presented = open(&app, &body.value)?;
    let unit = move |store: &mut dyn Store| -> Result<(), Refusal> {
        match store.session(presented.session)?.filter(|session| session.is_open(now)) {
            Some(session) => end_session(store, session, "refresh-token", "signed out", now),
            None => Ok(()),
        }
    };
    app.db.write(context(&request, presented.tenant, now), unit).await?;
    reply::send(&Reply::<()>::empty().store()?, false)
}

/// Choose a password with a setup token
///
/// Activates an invited account, or sets its new password; all its sessions end. The token works
/// once.
#[utoipa::path(tag = "auth", operation_id = "setUpPassword", request_body = PasswordSetup,
    responses((status = 204, description = "The password is set")))]
#[post("/password-setup")]
async fn set_up_password(
    request: HttpRequest,
    body: Body<PasswordSetup>,
) -> Result<HttpResponse, Refusal> {
    const INVALID: Refusal = Refusal::Unauthenticated("no valid setup token");
    let app = extract::app(&request)?;
    let now = app.clock.now();
    let PasswordSetup { setup_token, password } = body.value;
    let tenant = secret::setup_token_tenant(&setup_token).ok_or(INVALID)?;
    let token = secret::hash(&setup_token);
    let claimed = token.clone();
    let claim = move |store: &mut dyn Store| store.credentials(Claim::SetupToken(&claimed, now));
    let known = app.db.read(tenant, claim).await?.ok_or(INVALID)?;
    password::check("/password", &password, &known.account.login)?;
    let source = Source::Network(peer::source(&request, app.settings.proxies));
    let hash = app.auth.passwords.hash(source, password, seed()).await?;
    let unit = move |store: &mut dyn Store| {
        let now = store.instant();
        let known = store.credentials(Claim::SetupToken(&token, now))?;
        let account = known.map(|known| known.account);
        let open = account.filter(|account| account.status != AccountStatus::Deactivated);
        let open = open.ok_or(INVALID)?;
        let standing = store.standing(open.id)?.ok_or(INVALID)?;
        business_day(&standing, now)?;
        set_password(store, open, &hash, "setup-token", now)
    };
    let context = acting(context(&request, tenant, now), known.account.id);
    app.db.write(context, unit).await?;
    reply::send(&Reply::<()>::empty().store()?, false)
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("auth", "Signing in and out, and choosing a password.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/auth").service(sign_in).service(refresh).service(sign_out).service(set_up_password),
    );
}

/// Sets the password of an account, which ends its sessions and voids its setup tokens.
pub fn set_password(
    store: &mut dyn Store,
    before: Account,
    hash: &str,
    rule: &'static str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let record = Record::new("account.password_set", before.id, rule)
        .transition(before.status.as_str(), AccountStatus::Active.as_str());
    store.set_password_hash(before.id, Some(hash))?;
    end_sessions(store, Account { status: AccountStatus::Active, ..before }, record, now)?;
    Ok(())
}

/// Saves a changed account with the next session epoch, and ends its sessions and setup tokens, so
/// that nothing issued earlier is valid.
pub fn end_sessions(
    store: &mut dyn Store,
    account: Account,
    record: Record,
    now: Timestamp,
) -> Result<Account, Refusal> {
    let account = Account {
        session_epoch: account.session_epoch + 1,
        version: account.version + 1,
        updated_at: now,
        ..account
    };
    store.update_account(Change::new(account.clone(), record))?;
    store.revoke_sessions(account.id, now)?;
    store.void_setup_tokens(account.id)?;
    Ok(account)
}

/// Opens a session for an account whose password was just checked.
async fn open_session(
    app: &App,
    context: &Context,
    account: Account,
) -> Result<TokenPair, Refusal> {
    let (tenant, now) = (context.tenant, context.now);
    let session = Session {
        id: SessionId::from(new_id()),
        account_id: account.id,
        generation: 1,
        created_at: now,
        rotated_at: now,
        expires_at: lasting(app).end(now, now),
        revoked_at: None,
    };
    let (opened, epoch) = (session.clone(), account.session_epoch);
    let context = acting(context.clone(), account.id);
    let unit = move |store: &mut dyn Store| {
        let (id, account_id) = (session.id, session.account_id);
        let record = Record::new("session.created", id, "password").field(
            "account_id",
            None::<String>,
            account_id.to_string(),
        );
        store.create_session(Change::new(session.clone(), record))?;
        match may_sign_in(store, tenant, account_id, id, now)? {
            // The account's password has not changed since it was checked.
            Some(current) if current == epoch => Ok(()),
            _ => Err(Refusal::InvalidCredentials),
        }
    };
    app.db.write(context, unit).await?;
    pair(app, tenant, &opened, epoch, now)
}

/// Exchanges a refresh token; none if it was used before, which has ended the session.
fn refresh_session(
    store: &mut dyn Store,
    presented: RefreshToken,
    now: Timestamp,
    lasts: Lasting,
) -> Result<Option<(Session, i32)>, Refusal> {
    const ENDED: Refusal = Refusal::Unauthenticated("the session has ended");
    let found = store.session(presented.session)?;
    let lives =
        |session: &Session| session.is_open(now) && now < lasts.end(session.created_at, now);
    let mut session = found.filter(lives).ok_or(ENDED)?;
    let account = session.account_id;
    let epoch = may_sign_in(store, presented.tenant, account, session.id, now)?.ok_or(ENDED)?;
    match session.presented(presented.generation, now) {
        Presented::Current => {
            session.generation += 1;
            session.rotated_at = now;
            session.expires_at = lasts.end(session.created_at, now);
            store.rotate_session(&session)?;
        }
        Presented::Repeated => {}
        Presented::Reused => {
            end_session(store, session, "refresh-reused", "refresh token reused", now)?;
            return Ok(None);
        }
    }
    Ok(Some((session, epoch)))
}

fn end_session(
    store: &mut dyn Store,
    session: Session,
    rule: &'static str,
    reason: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let record = Record::new("session.revoked", session.id, rule).because(reason).field(
        "account_id",
        None::<String>,
        session.account_id.to_string(),
    );
    store.revoke_session(Change::new(Session { revoked_at: Some(now), ..session }, record))?;
    Ok(())
}

/// The session epoch of the account, if it may act in the session.
fn may_sign_in(
    store: &mut dyn Store,
    tenant: TenantId,
    account: AccountId,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<i32>, Refusal> {
    let found = store.signed_in(account, session)?;
    let found = found.filter(|found| principal::signed_in(tenant, account, found, now).is_ok());
    Ok(found.map(|found| found.session_epoch))
}

fn open(app: &App, body: &Refresh) -> Result<RefreshToken, Refusal> {
    let token = RefreshToken::open(&app.keys, &body.refresh_token);
    token.ok_or(Refusal::Unauthenticated("no valid refresh token"))
}

/// The tokens of a session in its present state.
fn pair(
    app: &App,
    tenant: TenantId,
    session: &Session,
    epoch: i32,
    now: Timestamp,
) -> Result<TokenPair, Refusal> {
    let key = signing_key(app, now)?;
    let lifetime = TimeDelta::minutes(app.settings.access_minutes);
    let claims = Claims::new(tenant, session.account_id, session.id, epoch, now, lifetime);
    let next = RefreshToken { tenant, session: session.id, generation: session.generation };
    Ok(TokenPair {
        access_token: token::issue(&key, &claims)?,
        token_type: "Bearer",
        expires_in: lifetime.num_seconds(),
        refresh_token: next.seal(&key),
        refresh_expires_in: (session.expires_at - now).num_seconds(),
        device_token: None,
    })
}

fn signing_key(app: &App, now: Timestamp) -> Result<SigningKey, Refusal> {
    app.keys.signing(now).ok_or_else(|| Refusal::Internal("there is no signing key".to_owned()))
}

fn lasting(app: &App) -> Lasting {
    Lasting {
        idle: TimeDelta::days(app.settings.session_days),
        longest: TimeDelta::days(app.settings.session_max_days),
    }
}

/// The context of a caller who is not signed in yet.
fn context(request: &HttpRequest, tenant: TenantId, now: Timestamp) -> Context {
    Context { request_id: RequestId::of(request), ..system_context(tenant, now) }
}

/// The same context, once the account is known.
fn acting(context: Context, account: AccountId) -> Context {
    Context { actor_kind: "account", actor_id: Some(account.uuid()), ..context }
}

fn send(pair: TokenPair) -> Result<HttpResponse, Refusal> {
    reply::send(&Reply::done(pair).store()?, false)
}
