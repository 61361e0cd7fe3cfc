//! Who is calling.

use crate::app::App;
use crate::caller::Actor;
use crate::refusal::Refusal;
use actix_web::HttpRequest;

/// Settles who is calling from the credentials of a request.
pub async fn authenticate(_app: &App, _request: &HttpRequest) -> Result<Actor, Refusal> {
    Err(Refusal::Unauthenticated("no credentials"))
}
