//! Reads of other people's sensitive records: each is logged before it is answered, and the person
//! concerned sees who looked once the record is released.

use crate::access::me::Doer;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::Query;
use crate::platform::page::page_of;
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
    /// Logs that the caller is about to be shown what is on record about other people: reviews, each
    /// with the person it is about. To be waited for before anything of it goes out.
    ///
    /// # Errors
    /// 503 while nothing can be written: what nobody could know of later is not shown.
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

/// A look somebody else had at one's own released records.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReadOfMe)]
pub struct ReadView {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// `account` for a person, `api_key` for a program.
    #[schema(example = "account")]
    pub reader_kind: String,
    /// Which account or key.
    pub reader_id: Uuid,
    /// The person who looked; null for a program, and where the account is gone.
    pub reader: Option<Doer>,
    /// The employee who looked, or who answered for the program.
    pub employee_id: Option<Uuid>,
    /// What was asked for, by its name in this contract.
    #[schema(example = "getReview")]
    pub operation: String,
    /// One's reviews that were shown, in part or whole.
    pub review_ids: Vec<Uuid>,
}

page_of! {
    /// A page of looks.
    #[schema(as = ReadOfMePage)]
    pub struct ReadPage
    /// The looks, oldest first.
    of ReadView
}

/// What a client asks of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List who looked
///
/// Who has been shown the caller's reviews, results, ratings and scores, in lists and files as well,
/// oldest first; of each review once its result is released, and then from its beginning. What
/// somebody did, such as rating, is in `GET /v1/audit-entries`.
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
            // Whether there was a move stays in the room: it was a look at what a session compares.
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
