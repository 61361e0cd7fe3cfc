//! Audit heads: signed ends of a company's audit log and log of reads. A copy kept where nobody who
//! can write to the database can reach it reveals whether entries were cut off or rewritten, with
//! `evenhand audit verify --head`.

pub mod publication;
pub mod signing;

use crate::platform::areas::Noun;
use crate::platform::caller::Caller;
use crate::platform::files::decode::hex;
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use domain::core::id::TenantId;
use domain::policy::Action;
use persistence::After;
use persistence::audit::{AuditHead, KeptHead};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// The signed end of a company's logs at one instant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditHead)]
pub struct AuditHeadView {
    /// Id of the head.
    pub id: Uuid,
    /// Id of the company.
    pub tenant_id: Uuid,
    /// Number of the head, counted per company from 1 without gaps.
    #[schema(example = 42)]
    pub number: i64,
    /// When the head was signed.
    pub at: DateTime<Utc>,
    /// SHA-256 over the ends of both logs, in hexadecimal.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: String,
    /// Public Ed25519 key of the installation, which verifies the signature, in Base64.
    #[schema(example = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")]
    pub public_key: String,
    /// Ed25519 signature over company, number, id, instant and hash, in Base64.
    #[schema(
        example = "5VZDAMNgrHKQhuLMgG6CioSHfx64JOzCRYFOQnNPMNrcSLtAfjhJtBzkKVBIGDMc7Nr0vnCQTCzJTRGQFDUFBw=="
    )]
    pub signature: String,
}

impl AuditHeadView {
    /// The head in the form in which it is published.
    pub fn new(tenant: TenantId, head: &AuditHead) -> Self {
        Self {
            id: head.id,
            tenant_id: tenant.uuid(),
            number: head.number,
            at: head.at,
            hash: hex(&head.hash()),
            public_key: BASE64.encode(&head.public_key),
            signature: BASE64.encode(&head.signature),
        }
    }

    /// The head in the form that is compared with the database; none if a field is malformed.
    pub fn kept(&self) -> Option<KeptHead> {
        Some(KeptHead {
            tenant: self.tenant_id.into(),
            number: self.number,
            id: self.id,
            at: self.at,
            hash: bytes(&self.hash)?,
            public_key: BASE64.decode(&self.public_key).ok()?,
            signature: BASE64.decode(&self.signature).ok()?,
        })
    }
}

/// The bytes of a hexadecimal text.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

page_of! {
    /// A page of audit heads.
    pub struct AuditHeadPage
    /// The heads, oldest first.
    of AuditHeadView
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditHeadQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// List audit heads
///
/// Lists signed ends of the company's audit log and log of reads, oldest first. One is signed at
/// every start and stop of the service and at fixed intervals, whether or not anything happened.
/// Keep copies where nobody who can write to the database can reach them; `evenhand audit verify
/// --head` compares the database with them. The same heads are published as events
/// (`audit_head.published`) and as lines of the service's log.
#[utoipa::path(tag = "audit-heads", operation_id = "listAuditHeads", params(AuditHeadQuery),
    responses((status = 200, description = "A page of audit heads", body = AuditHeadPage)),
    security(("bearer" = [])))]
#[get("")]
async fn list(caller: Caller, query: Query<AuditHeadQuery>) -> Result<HttpResponse, Refusal> {
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let heads = caller
        .read(move |store, actor| {
            actor.may(Action::AuditHeadRead)?;
            Ok(store.audit_heads(page.after_position(), page.limit)?)
        })
        .await?;
    let tenant = caller.actor.subject.tenant;
    caller.answer::<AuditHeadPage, _>(
        &request,
        heads,
        |last| After::Position(last.number),
        |head| AuditHeadView::new(tenant, &head),
    )
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("audit-heads", "Signed ends of the audit log, to be kept elsewhere.")],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/audit-heads").service(list));
}
