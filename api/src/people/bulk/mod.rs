//! Bulk import and export of people and units.

pub mod export;
pub mod import;

use crate::people::words;
use crate::platform::app::new_id;
use crate::platform::areas;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{self, read_body};
use crate::platform::files::decode::{Format, Rows, SentRow, decode};
use crate::platform::jobs::{self, SYNCHRONOUS_ROWS};
use crate::platform::parameters::Query;
use crate::platform::patch::nullable;
use crate::platform::places::Place;
use crate::platform::problem::{Language, ProblemError};
use crate::platform::refusal::Refusal;
use crate::platform::reply::Reply;
use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post};
use chrono::NaiveDate;
use domain::core::id::TenantId;
use domain::people::import::{PersonRow, UnitRow};
use domain::people::org::OrgUnitKind;
use domain::text_enum;
use import::{Import, Noun, Options, People, RowOf, Units};
use persistence::Store;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// A row of an import of employees. An absent property stays as it is, null clears it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployeeRow {
    /// Employee number given by the company; identifies the person.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "E-0043")]
    pub employee_number: String,
    /// Full name of the person.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Li Na")]
    pub name: String,
    /// Work e-mail address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 3,
        max_length = 254,
        format = "idn-email",
        example = "li.na@example.com"
    )]
    pub email: Option<Option<String>>,
    /// Code of the unit the person works in.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "SALES-EU")]
    pub org_unit_code: Option<Option<String>>,
    /// Code of the person's position.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "SALES-REP")]
    pub position_code: Option<Option<String>>,
    /// Job title.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Sales Representative"
    )]
    pub job_title: Option<Option<String>>,
    /// Employee number of the line manager, who exists already or is in the same request.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "E-0007")]
    pub manager_employee_number: Option<Option<String>>,
    /// First working day. The first assignment of a new employee begins on this day.
    #[schema(example = "2024-03-01")]
    pub hire_date: NaiveDate,
    /// Last working day.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<NaiveDate>, example = "2027-06-30")]
    pub termination_date: Option<Option<NaiveDate>>,
    /// Ids in other systems, by system. null removes the id of that system; systems that are not
    /// named stay as they are. In CSV, one column `external_ids.<system>` for each system.
    #[serde(default)]
    #[schema(schema_with = external_ids_schema)]
    pub external_ids: BTreeMap<String, Option<String>>,
}

fn external_ids_schema() -> Object {
    let value = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .min_length(Some(1))
        .max_length(Some(200));
    let name =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9_-]{1,40}$")).build();
    ObjectBuilder::new()
        .description(Some(
            "Ids in other systems, by system. null removes the id of that system; systems that are \
             not named stay as they are. In CSV, one column `external_ids.<system>` for each system.",
        ))
        .property_names(Some(name))
        .additional_properties(Some(AdditionalProperties::RefOr(value.build().into())))
        .max_properties(Some(20))
        .examples([serde_json::json!({ "workday": "21-0043" })])
        .build()
}

impl SentRow for EmployeeRow {
    type Row = PersonRow;

    fn at(self, row: usize) -> PersonRow {
        PersonRow {
            row,
            employee_number: self.employee_number,
            name: self.name,
            email: self.email,
            org_unit_code: self.org_unit_code,
            position_code: self.position_code,
            job_title: self.job_title,
            manager_employee_number: self.manager_employee_number,
            hire_date: self.hire_date,
            termination_date: self.termination_date,
            external_ids: self.external_ids,
        }
    }
}

/// A row of an import of org units.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitRow {
    /// Code of the unit; identifies it.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "SALES-EU")]
    pub code: String,
    /// Name of the unit.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Sales Europe")]
    pub name: String,
    /// Kind of the unit.
    #[schema(value_type = words::OrgUnitKind)]
    pub kind: OrgUnitKind,
    /// Code of the parent unit, which exists already or is in the same request.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "SALES")]
    pub parent_code: Option<Option<String>>,
}

impl SentRow for OrgUnitRow {
    type Row = UnitRow;

    fn at(self, row: usize) -> UnitRow {
        let Self { code, name, kind, parent_code } = self;
        UnitRow { row, code, name, kind, parent_code }
    }
}

text_enum! {
    /// Result of a row.
    pub enum RowOutcome {
        /// The row created a record.
        Created = "created",
        /// The row changed a record.
        Updated = "updated",
        /// The row changed nothing.
        Unchanged = "unchanged",
        /// The row has faults, or depends on a row that has.
        Failed = "failed",
    }
}

/// Result of one row.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RowResult {
    /// Index of the row in the request, from 0.
    #[schema(example = 17)]
    pub row: usize,
    /// Key of the row; null if it could not be read.
    #[schema(example = "E-0043")]
    pub key: Option<String>,
    /// Result of the row.
    #[schema(value_type = words::RowOutcome)]
    pub outcome: RowOutcome,
    /// Id of the record; null if the row failed, and for new records in a dry run.
    pub id: Option<Uuid>,
    /// Reasons for a failure: up to 20 faults and, if there are more, their number (`more_faults`).
    pub errors: Vec<ProblemError>,
    /// Things to check although the row was accepted: a manager who is no longer employed, people
    /// whose manager leaves, an assignment that was ignored because the person leaves.
    #[serde(default)]
    #[schema(required = true)]
    pub warnings: Vec<ProblemError>,
}

/// Result of an import or of a dry run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportResult {
    /// true for a dry run: nothing was saved, and the result shows what would happen.
    pub dry_run: bool,
    /// Number of rows that created a record.
    #[schema(example = 12)]
    pub created: usize,
    /// Number of rows that changed a record.
    #[schema(example = 3)]
    pub updated: usize,
    /// Number of rows that changed nothing.
    #[schema(example = 275)]
    pub unchanged: usize,
    /// Number of rows that failed.
    #[schema(example = 0)]
    pub failed: usize,
    /// Number of rows with warnings.
    #[serde(default)]
    #[schema(required = true, example = 1)]
    pub warned: usize,
    /// Every row of a request of up to 1,000 rows. For larger requests, the first 1,000 rows that
    /// failed, followed by rows with warnings. The counts always cover all rows.
    pub rows: Vec<RowResult>,
}

/// Query parameters of an import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Check and report everything, but save nothing.
    #[param(default = false)]
    dry_run: Option<bool>,
    /// true: save all rows or none. false: save every valid row; rows that depend on a failed one
    /// fail with it.
    #[param(default = true)]
    atomic: Option<bool>,
    /// First day of the new units, jobs and managers; today if absent. Assignments planned for
    /// later days stay as they are.
    effective_from: Option<NaiveDate>,
    /// Allow more people to leave at once than the limit of ten and one in twenty.
    #[param(default = false)]
    allow_mass_deactivation: Option<bool>,
    /// New names for CSV columns, as `theirs:ours,theirs:ours`; `theirs:` leaves a column out.
    #[param(example = "login:name,department_code:org_unit_code,gender:")]
    columns: Option<String>,
}

/// The body of a bulk request. It is read only after the caller's permission is checked.
pub struct BulkBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for BulkBody {
    type Error = Refusal;
    type Future = Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl BulkBody {
    /// Reads the body. It has its own size limit, and waits until enough of the memory set aside
    /// for bulk bodies is free.
    async fn receive(mut self, tenant: TenantId) -> Result<Received, Refusal> {
        let format = Format::of(&self.request)?;
        let app = extract::app(&self.request)?;
        let limit = app.settings.bulk_limit;
        let mebibytes = extract::announced_length(&self.request).unwrap_or(limit).div_ceil(1 << 20);
        let wait = Duration::from_secs(app.settings.database_wait);
        let place = app.bulk_bodies.take(tenant, mebibytes.max(1), wait).await?;
        let bytes = read_body(&self.request, &mut self.payload, limit).await?;
        Ok(Received { bytes, format, _place: place })
    }
}

/// The body of a bulk request in memory, with the memory reserved for it.
struct Received {
    bytes: Bytes,
    format: Format,
    _place: Place,
}

/// Import employees
///
/// Creates and changes employees by `employee_number`: up to 50,000 rows as a JSON array, NDJSON or
/// CSV. A CSV file may begin with a byte order mark, use commas, semicolons or tabs, and be encoded
/// as `charset=utf-8`, `gb18030` or `gbk`; an empty cell clears the value. An exported file can be
/// imported as it is. Managers may be anywhere in the request; loops are refused and named. A hire
/// date after the last working day of a known person is a new employment. A person who has left is
/// not moved to another unit, job or manager; such a row gets a warning, as does a leaver who still
/// manages others. The whole import is refused if more than ten people and more than one in twenty
/// would leave, unless `allow_mass_deactivation` is set. Up to 1,000 rows are imported at once and
/// the answer is the result; more rows become a job, which `Location` names.
#[utoipa::path(tag = "employees", operation_id = "importEmployees", params(ImportQuery),
    request_body(content(
        (Vec<EmployeeRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"name\":\"Li Na\",\"hire_date\":\"2024-03-01\"}\n")),
        (String = "text/csv", example = json!("employee_number,name,hire_date\nE-0043,Li Na,2024-03-01\n")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/employees/bulk")]
async fn import_employees(
    caller: Caller,
    query: Query<ImportQuery>,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    accept::<People>(caller, query.0, body).await
}

/// Import org units
///
/// Creates and changes org units by `code`. Formats and rules are those of the import of employees.
#[utoipa::path(tag = "org-units", operation_id = "importOrgUnits", params(ImportQuery),
    request_body(content(
        (Vec<OrgUnitRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"code\":\"SALES\",\"name\":\"Sales\",\"kind\":\"division\",\"parent_code\":\"CO\"}\n")),
        (String = "text/csv", example = json!("code,name,kind,parent_code\nSALES,Sales,division,CO\n")),
    )),
    responses(
        (status = 200, description = "The result of each row", body = ImportResult),
        (status = 202, description = "The job that imports the rows", body = jobs::JobView),
    ),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/org-units/bulk")]
async fn import_org_units(
    caller: Caller,
    query: Query<ImportQuery>,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    accept::<Units>(caller, query.0, body).await
}

/// The noun.
pub const NOUN: areas::Noun = areas::Noun::of(routes);

fn routes(config: &mut ServiceConfig) {
    config.service(import_employees).service(import_org_units).service(export::export_employees);
}

/// Imports the rows of a request at once, or makes a job of them.
async fn accept<N: Noun>(
    caller: Caller,
    query: ImportQuery,
    body: BulkBody,
) -> Result<HttpResponse, Refusal> {
    import::authority(&caller.actor, N::ACTION)?;
    let options = Options {
        dry_run: query.dry_run.unwrap_or(false),
        atomic: query.atomic.unwrap_or(true),
        effective_from: query.effective_from.unwrap_or(caller.actor.today),
        allow_mass_deactivation: query.allow_mass_deactivation.unwrap_or(false),
        language: Language::asked(caller.request()),
    };
    let tenant = caller.actor.subject.tenant;
    let (rows, digest) = read_rows::<N>(query.columns, body.receive(tenant).await?).await?;
    let import = Import::new(new_id(), options, rows);
    if import.total <= SYNCHRONOUS_ROWS {
        let work = move |store: &mut dyn Store, actor: &Actor| {
            N::import(store, actor, &import, &|_| ()).map(Reply::done)
        };
        return caller.change_bulk(Some(digest), work).await;
    }
    import.check()?;
    let ticket = jobs::Ticket::with_id(&caller, import.id);
    let import = Arc::new(import);
    let (made, rows) = (ticket.clone(), Arc::clone(&import));
    let work = move |store: &mut dyn Store, actor: &Actor| {
        let rule = import::authority(actor, N::ACTION)?.rule();
        let view = made.submit::<N>(store, actor, rule, rows.total, &rows)?;
        Ok(Reply::accepted(view, 1, made.location()))
    };
    let response = caller.change(Some(digest), work).await?;
    ticket.hand_over::<N>(&response, import);
    Ok(response)
}

/// Reads rows on a separate thread, because it can take a while.
#[expect(clippy::disallowed_methods, reason = "the body's place bounds these threads")]
async fn read_rows<N: Noun>(
    columns: Option<String>,
    body: Received,
) -> Result<(Rows<RowOf<N>>, [u8; 32]), Refusal> {
    let reading = tokio::task::spawn_blocking(move || {
        let Received { bytes, format, _place } = body;
        let rows = decode::<N::Sent>(format, columns.as_deref(), &bytes)?;
        Ok((rows, Sha256::digest(&bytes).into()))
    });
    reading.await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
}
