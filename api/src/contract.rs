//! The contract: the OpenAPI document, generated from the handlers and their types.

use utoipa::OpenApi;
use utoipa_actix_web::AppExt;

#[derive(OpenApi)]
#[openapi(info(
    title = "Evenhand",
    description = "Performance management: goals, reviews, calibration and their consequences."
))]
struct Base;

/// The document as it is served, committed and linted.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, document) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Base::openapi())
        .configure(crate::routes::routes)
        .split_for_parts();
    document
}
