//! Log of reads of other people's sensitive records. Each is logged before it is answered, and the
//! person concerned sees who looked once the record is released.

use crate::access::me::Doer;
use crate::access::words;
use crate::platform::caller::{Actor, Caller};
use crate::platform::page::page_of;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use domain::access::look::Look;
use domain::core::id::AccountId;
use domain::policy::Action;
use persistence::{After, Context, Page, SeenEntry, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

impl Caller {
    /// Logs that the caller is about to see reviews of other people, each with the person it is
    /// about. Await this before sending anything.
    ///
    /// # Errors
    /// 503 if the log cannot be written: nothing is shown that could not be found out later.
    pub async fn shown(
        &self,
        operation: &'static str,
        reviews: impl IntoIterator<Item = (Uuid, Uuid)>,
    ) -> Result<(), Refusal> {
        let mut look = Look::new(operation, &self.actor.subject);
        for (review, person) in reviews {
            look.add(review.into(), person.into());
        }
        if look.subjects.is_empty() {
            return Ok(());
        }
        let context = Context { now: self.app.clock.now(), ..self.context() };
        let noted = self.app.db.write(context, move |store| store.note_look(look.clone())).await;
        noted.map_err(Refusal::LookNotLogged)
    }
}

/// One request by which somebody else was shown the caller's released records.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReadOfMe)]
pub struct ReadView {
    /// Id of the look.
    pub id: Uuid,
    /// When the records were shown.
    pub at: DateTime<Utc>,
    /// Kind of reader: `account` for a person, `api_key` for a program.
    #[schema(value_type = words::PrincipalKind)]
    pub reader_kind: String,
    /// Id of the account or key.
    pub reader_id: Uuid,
    /// The person who looked; null for a program, and if the account no longer exists.
    pub reader: Option<Doer>,
    /// Employee who looked, or who was responsible for the program; null if there was none.
    pub employee_id: Option<Uuid>,
    /// The request, by its operation id in this contract.
    #[schema(example = "getReview")]
    pub operation: String,
    /// The caller's reviews that were shown, in part or whole.
    pub review_ids: Vec<Uuid>,
}

page_of! {
    /// A page of looks.
    #[schema(as = ReadOfMePage)]
    pub struct ReadPage
    /// The looks, oldest first.
    of ReadView
}

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadQuery {
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// List reads of the caller's records
///
/// Lists who has been shown the caller's reviews, results, ratings and scores, including lists and
/// files, oldest first. The looks at a review are listed, back to its beginning, once its result is
/// released. Actions such as rating are in `GET /v1/audit-entries`.
#[utoipa::path(tag = "me", operation_id = "listReadsOfMe", params(ReadQuery),
    responses((status = 200, description = "A page of looks", body = ReadPage)),
    security(("bearer" = [])))]
#[get("/reads")]
pub(crate) async fn list_reads(
    caller: Caller,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, Refusal> {
    let request = caller.page(query.0.limit, query.0.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller.snapshot(move |store, actor| looks(store, actor, &page)).await?;
    caller.answer::<ReadPage, _>(
        &request,
        rows,
        |(last, _)| After::Position(*last),
        |(_, view)| view,
    )
}

fn looks(
    store: &mut dyn Store,
    actor: &Actor,
    page: &Page,
) -> Result<Vec<(i64, ReadView)>, Refusal> {
    actor.may(Action::ReadEntryRead)?;
    let Some(me) = actor.subject.employee_id else { return Ok(Vec::new()) };
    let seen = store.looks_at(me, page)?;
    let readers = seen.iter().filter(|seen| seen.entry.reader_kind == "account");
    let readers: Vec<AccountId> = readers.map(|seen| seen.entry.reader_id.into()).collect();
    let names = store.account_names(&readers)?;
    let view = |SeenEntry { entry, reviews }: SeenEntry| {
        let name = names.get(&entry.reader_id.into());
        let view = ReadView {
            id: entry.id,
            at: entry.at,
            reader_kind: entry.reader_kind,
            reader_id: entry.reader_id,
            reader: name.map(|name| Doer { account_id: entry.reader_id, name: name.clone() }),
            employee_id: entry.employee_id.map(Uuid::from),
            // Whether a move existed stays confidential, so this is shown as a look at a session's
            // reviews.
            operation: match entry.operation.as_str() {
                "getMove" | "listMoves" => "listComparedReviews".to_owned(),
                _ => entry.operation,
            },
            review_ids: reviews.into_iter().map(Uuid::from).collect(),
        };
        (entry.position, view)
    };
    Ok(seen.into_iter().map(view).collect())
}
