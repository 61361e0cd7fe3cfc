//! Import of positions.

use crate::platform::app::new_id;
use crate::platform::caller::{Actor, Caller};
use crate::platform::files::decode::SentRow;
use crate::platform::imports::{
    BulkBody, ImportOf, ImportQuery, ImportResult, Nothing, Noun, accept, authority, conclude,
    record,
};
use crate::platform::jobs;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, post};
use domain::core::import::Planned;
use domain::everyday::job::JobKind;
use domain::people::import::{PositionRow, plan_positions};
use domain::people::org::Position;
use domain::policy::Action;
use persistence::Store;
use serde::Deserialize;
use utoipa::ToSchema;

/// A row of an import of positions. An absent property stays as it is. A new position needs a title and
/// a level.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PositionRow)]
pub struct SentPosition {
    /// Code of the position; identifies it.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "SALES-REP"
    )]
    pub code: String,
    /// Name of the job.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Sales Representative"
    )]
    pub title: Option<String>,
    /// Job level, 1 (entry) to 30 (top).
    #[serde(default)]
    #[schema(value_type = i32, required = false, minimum = 1, maximum = 30, example = 4)]
    pub level: Option<i32>,
}

impl SentRow for SentPosition {
    type Row = PositionRow;
    const KEYS: &'static [&'static str] = &["code"];

    fn at(self, row: usize, unread: Vec<String>) -> PositionRow {
        let Self { code, title, level } = self;
        PositionRow { row, code, title, level, unread }
    }
}

/// Import positions
///
/// Creates and changes positions by `code`: up to 50,000 rows as a JSON array, NDJSON, CSV or XLSX, read
/// as in the import of employees. A code twice in the request, also in other case, is refused. A refusal
/// names every fault of every row, with its line and key. Up to 1,000 rows are imported at once and the
/// answer is the result; more rows become a job, which `Location` names, with a report on every row.
#[utoipa::path(tag = "positions", operation_id = "importPositions", params(ImportQuery),
    request_body(content(
        (Vec<SentPosition> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"code\":\"SALES-REP\",\"title\":\"Sales Representative\",\"level\":4}\n")),
        (String = "text/csv", example = json!("code,title,level\nSALES-REP,Sales Representative,4\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/positions/bulk")]
pub(super) async fn import_positions(
    caller: Caller,
    query: Query<ImportQuery>,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    accept::<Positions>(caller, query.0, |nothing, _| nothing, body).await
}

/// Import of positions.
pub struct Positions;

impl Noun for Positions {
    type Sent = SentPosition;
    type Mapping = Nothing;
    type More = Nothing;
    const JOB: JobKind = JobKind::PositionImport;

    fn admit(actor: &Actor) -> Result<&'static str, Refusal> {
        Ok(authority(actor, Action::PositionWrite)?.rule())
    }

    fn import(
        store: &mut dyn Store,
        actor: &Actor,
        import: &ImportOf<Self>,
        progress: &dyn Fn(usize),
    ) -> Result<ImportResult, Refusal> {
        let rule = Self::admit(actor)?;
        store.begin_import()?;
        let known = store.positions_by_code()?;
        let plan = plan_positions(known, &import.rows, actor.now, &mut new_id);
        let key = |row: &PositionRow| Some((row.row, row.key()?.to_owned()));
        let id = |position: &Position| position.id.uuid();
        let (result, changes) = conclude(import, plan, key, id)?;
        if !import.options.dry_run {
            let of_position = |Planned { before, after, .. }: &Planned<Position>| match before {
                Some(before) => record("position.updated", after.id.uuid(), rule, import.id)
                    .changed(&**before, &**after),
                None => {
                    record("position.created", after.id.uuid(), rule, import.id).created(&**after)
                }
            };
            let records = changes.iter().map(of_position).collect();
            store.save_positions(&changes, records)?;
            progress(import.total);
        }
        Ok(result)
    }
}
