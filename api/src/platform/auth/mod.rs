//! Authentication: identifies the caller by the credentials of a request and the present records.

pub mod device;
pub mod password;
pub mod principal;
pub mod refresh;
pub mod secret;
pub mod throttle;
pub mod token;

use crate::platform::app::App;
use crate::platform::caller::Actor;
use crate::platform::refusal::Refusal;
use actix_web::HttpRequest;
use actix_web::http::header;

/// State of signing in and authentication that requests share.
#[derive(Default)]
pub struct Auth {
    /// Principals, cached for half a second.
    pub principals: principal::Principals,
    /// Access tokens, cached for half a second.
    pub tokens: principal::Cache<String, token::Signed>,
    /// Threads on which passwords are hashed.
    pub passwords: password::Passwords,
    /// Delays after failed sign-ins.
    pub throttle: throttle::SignIns,
}

/// Identifies the caller by the credentials of a request.
pub async fn authenticate(app: &App, request: &HttpRequest) -> Result<Actor, Refusal> {
    let now = app.clock.now();
    let principal = match credential(request)? {
        Credential::ApiKey(text) => principal::of_api_key(app, text, now).await?,
        Credential::AccessToken(text) => {
            let claims = token::verify(&app.auth.tokens, &app.keys.ring(), text, now)?;
            principal::of_session(app, &claims, now).await?
        }
    };
    Ok(Actor { subject: principal.subject, now, today: principal.today, zone: principal.zone })
}

enum Credential<'r> {
    AccessToken(&'r str),
    ApiKey(&'r str),
}

fn credential(request: &HttpRequest) -> Result<Credential<'_>, Refusal> {
    let text = |name| request.headers().get(name).map(header::HeaderValue::to_str);
    if let Some(header) = text(header::AUTHORIZATION) {
        let parts = header.ok().and_then(|header| header.split_once(' '));
        let bearer = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, credential) = bearer.ok_or(Refusal::Unauthenticated("no bearer credentials"))?;
        let credential = credential.trim();
        return Ok(if credential.starts_with(secret::API_KEY) {
            Credential::ApiKey(credential)
        } else {
            Credential::AccessToken(credential)
        });
    }
    match text(header::HeaderName::from_static("x-api-key")) {
        Some(Ok(key)) => Ok(Credential::ApiKey(key.trim())),
        Some(Err(_)) => Err(Refusal::Unauthenticated("the key is not text")),
        None => Err(Refusal::Unauthenticated("no credentials")),
    }
}
