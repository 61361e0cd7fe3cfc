//! Bulk import and export of people and units.

pub mod export;
pub mod import;
pub mod mapping;

use crate::people::words;
use crate::platform::app::new_id;
use crate::platform::areas;
use crate::platform::caller::{Actor, Caller};
use crate::platform::extract::{self, read_body};
use crate::platform::files::dates::DateFormat;
use crate::platform::files::decode::{Rows, SentRow, decode};
use crate::platform::files::format::Format;
use crate::platform::files::table::Reading;
use crate::platform::jobs::report::RowOutcome;
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
use domain::people::import::{OrgUnitBy, PersonRow, UnitRow};
use domain::people::org::OrgUnitKind;
use import::{Import, Noun, Options, People, RowOf, Units};
use mapping::ImportMapping;
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

/// A row of an import of employees. An absent property stays as it is, null clears it. A new employee
/// needs a name and a hire date.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployeeRow {
    /// Employee number given by the company; identifies the person.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "E-0043"
    )]
    pub employee_number: String,
    /// Full name of the person.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Li Na"
    )]
    pub name: Option<String>,
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
    /// Code of the unit the person works in, or its name with `org_unit_by=name`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, example = "SALES-EU")]
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
    /// Employee number of the line manager, who exists already or is in the same request; what else
    /// `manager_by` says.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 254, example = "E-0007")]
    pub manager_employee_number: Option<Option<String>>,
    /// First working day. The first assignment of a new employee begins on this day.
    #[serde(default)]
    #[schema(value_type = NaiveDate, required = false, example = "2024-03-01")]
    pub hire_date: Option<NaiveDate>,
    /// Last working day; 9999-12-31 stands for none.
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
    const KEYS: &'static [&'static str] =
        &["employee_number", "manager_employee_number", "org_unit_code", "position_code"];

    fn at(self, row: usize, unread: Vec<String>) -> PersonRow {
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
            unread,
        }
    }
}

/// A row of an import of org units. An absent property stays as it is, null clears it. A new unit needs
/// a name and a kind.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitRow {
    /// Code of the unit; identifies it.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "SALES-EU"
    )]
    pub code: String,
    /// Name of the unit.
    #[serde(default)]
    #[schema(
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Sales Europe"
    )]
    pub name: Option<String>,
    /// Kind of the unit.
    #[serde(default)]
    #[schema(value_type = words::OrgUnitKind, required = false)]
    pub kind: Option<OrgUnitKind>,
    /// Code of the parent unit, which exists already or is in the same request.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "SALES")]
    pub parent_code: Option<Option<String>>,
}

impl SentRow for OrgUnitRow {
    type Row = UnitRow;
    const KEYS: &'static [&'static str] = &["code", "parent_code"];

    fn at(self, row: usize, unread: Vec<String>) -> UnitRow {
        let Self { code, name, kind, parent_code } = self;
        UnitRow { row, code, name, kind, parent_code, unread }
    }
}

/// Result of one row.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RowResult {
    /// Index of the row in the request, from 0.
    #[schema(example = 17)]
    pub row: usize,
    /// Line of the row in the file, from 1; null in a JSON array.
    #[serde(default)]
    #[schema(required = true, example = 19)]
    pub line: Option<usize>,
    /// Key of the row; null if it could not be read.
    #[schema(example = "E-0043")]
    pub key: Option<String>,
    /// Result of the row.
    #[schema(value_type = crate::platform::words::RowOutcome)]
    pub outcome: RowOutcome,
    /// Id of the record; null if the row failed, and for new records in a dry run.
    pub id: Option<Uuid>,
    /// Reasons for a failure: up to 20 faults and, if there are more, their number (`more_faults`).
    pub errors: Vec<ProblemError>,
    /// Things to check although the row was accepted: a manager who is no longer employed, people
    /// whose manager leaves, an assignment that was ignored because the person leaves, a new person
    /// with the e-mail address of another one.
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
    /// Things to check about the file as a whole: an encoding or a form of days that had to be guessed,
    /// columns without heading, formulas, sheets that were left out. The pointers name columns.
    #[serde(default)]
    #[schema(required = true)]
    pub warnings: Vec<ProblemError>,
    /// Every row of a request of up to 1,000 rows. For larger requests, the first 1,000 rows that
    /// failed, followed by rows with warnings; the report of the job has all rows. The counts always
    /// cover all rows.
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
    /// Allow more new people at once than the limit of ten and one in five.
    #[param(default = false)]
    allow_mass_creation: Option<bool>,
    /// Allow a property to be cleared for more people at once than the limit of ten and one in twenty.
    #[param(default = false)]
    allow_mass_clearing: Option<bool>,
    /// New names for the columns of a table, as `theirs:ours,theirs:ours`; `theirs:` leaves a column
    /// out, and a heading with a comma stands in quotes.
    #[param(example = "login:name,department_code:org_unit_code,gender:")]
    columns: Option<String>,
    /// Leave out the columns of a table that are no property.
    #[param(default = false)]
    ignore_unknown_columns: Option<bool>,
    /// How the days of a table are written. Without it, `YYYY-MM-DD` and other forms that begin with the
    /// year are read.
    #[param(value_type = Option<words::DateFormat>)]
    date_format: Option<DateFormat>,
    /// The encoding of a table, whatever `Content-Type` declares: a label of the WHATWG Encoding
    /// Standard.
    #[param(max_length = 40, example = "gb18030")]
    encoding: Option<String>,
    /// The sheet of a workbook; the first visible one if absent.
    #[param(max_length = 100, example = "People")]
    sheet: Option<String>,
    /// What the rows have in place of the employee numbers of managers: `email`, `name` or
    /// `external_ids.<system>`. A name must mean only one person; `Last, First` is `First Last`.
    #[param(
        default = "employee_number",
        pattern = r"^(employee_number|email|name|external_ids\.[a-z0-9_-]{1,40})$"
    )]
    manager_by: Option<String>,
    /// What the rows have in place of the codes of units.
    #[param(value_type = Option<words::OrgUnitBy>)]
    org_unit_by: Option<OrgUnitBy>,
    /// All of this as one JSON object: `columns` (heading to property; null leaves out),
    /// `ignore_others`, `date_format`, `encoding`, `sheet`, `manager_by`, `org_unit_by`, and `values`
    /// (by property, what a cell stands for; null for an empty cell). A parameter of its own counts more.
    #[param(
        example = r#"{"columns":{"EmpID":"employee_number","Hire, date:":"hire_date"},"ignore_others":true,"date_format":"MM/DD/YYYY","manager_by":"name"}"#
    )]
    mapping: Option<String>,
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
        let largest = limit.div_ceil(1 << 20);
        let needed = (mebibytes.max(1) * format.weight()).min(largest.max(1));
        let place = app.bulk_bodies.take(tenant, needed, wait).await?;
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
/// Creates and changes employees by `employee_number`: up to 50,000 rows as a JSON array, NDJSON, CSV or
/// XLSX. A table may use commas, semicolons or tabs (or begin with `sep=;`), in any encoding that
/// `charset=` declares; a byte order mark counts more, and what is not declared is found out, with a
/// warning. Headings are compared without regard to case, blanks at the ends of cells do not count, an
/// empty cell clears the value, and a missing column leaves it as it is. `mapping` reads the file of any
/// other system as it is: headings, days, managers and units by name. Of a workbook the first visible
/// sheet is read, with the last values of formulas. An exported file can be imported as it is. Managers
/// may be anywhere in the request; loops are refused and named. A hire date after the last working day
/// of a known person is a new employment. A person who has left is not moved to another unit, job or
/// manager; such a row gets a warning, as does a leaver who still manages others. A refusal names every
/// fault of every row, with its line and key. The whole import is refused if more than ten people and
/// more than one in twenty would leave, more than one in five would be new, or a column seems to have
/// come empty, unless `allow_mass_deactivation`, `allow_mass_creation` or `allow_mass_clearing` is set.
/// Up to 1,000 rows are imported at once and the answer is the result; more rows become a job, which
/// `Location` names, with a report on every row.
#[utoipa::path(tag = "employees", operation_id = "importEmployees", params(ImportQuery),
    request_body(content(
        (Vec<EmployeeRow> = "application/json"),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"name\":\"Li Na\",\"hire_date\":\"2024-03-01\"}\n")),
        (String = "text/csv", example = json!("employee_number,name,hire_date\nE-0043,Li Na,2024-03-01\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
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
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook")),
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
    let (reading, references) = ImportMapping::of(&query)?;
    let options = Options {
        dry_run: query.dry_run.unwrap_or(false),
        atomic: query.atomic.unwrap_or(true),
        effective_from: query.effective_from.unwrap_or(caller.actor.today),
        allow_mass_deactivation: query.allow_mass_deactivation.unwrap_or(false),
        allow_mass_creation: query.allow_mass_creation.unwrap_or(false),
        allow_mass_clearing: query.allow_mass_clearing.unwrap_or(false),
        references,
        language: Language::asked(caller.request()),
    };
    let tenant = caller.actor.subject.tenant;
    let (rows, digest) = read_rows::<N>(reading, body.receive(tenant).await?).await?;
    let import = Import::new(new_id(), options, rows);
    // What is refused for its form is planned at once, so that the answer names its other faults too.
    if import.total <= SYNCHRONOUS_ROWS || import.is_refused() {
        let work = move |store: &mut dyn Store, actor: &Actor| {
            N::import(store, actor, &import, &|_| ()).map(Reply::done)
        };
        return caller.change_bulk(Some(digest), work).await;
    }
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
    reading: Reading,
    body: Received,
) -> Result<(Rows<RowOf<N>>, [u8; 32]), Refusal> {
    let reading = tokio::task::spawn_blocking(move || {
        let Received { bytes, format, _place } = body;
        let rows = decode::<N::Sent>(format, &reading, &bytes)?;
        Ok((rows, Sha256::digest(&bytes).into()))
    });
    reading.await.unwrap_or_else(|error| Err(Refusal::Internal(error.to_string())))
}
