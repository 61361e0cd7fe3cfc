//! Export of ratings as a file.

use crate::platform::app::new_id;
use crate::platform::areas::Noun;
use crate::platform::auth::principal::zone;
use crate::platform::caller::{Actor, Caller};
use crate::platform::files::export::{Export, Format, Line, Sink, deliver};
use crate::platform::files::xlsx::Cell;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::core::text::TextEnum;
use domain::policy::{
    Action, FIELD_MASKED, Mask, Relations, Shown, Visibility, decide, visibility,
};
use domain::reviews::form::Results;
use domain::scoring::scale::Grade;
use domain::state::review::State;
use persistence::{RatingFilter, RatingRow, Store};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// Columns of the file. New columns are only added at the end.
const COLUMNS: [&str; 15] = [
    "employee_number",
    "name",
    "department_code",
    "manager_employee_number",
    "cycle_code",
    "policy_code",
    "policy_version",
    "population",
    "state",
    "performance",
    "composite",
    "computed_grade",
    "calibrated_grade",
    "final_grade",
    "acknowledged_on",
];

/// Query parameters of the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RatingExportQuery {
    /// Only ratings of this cycle.
    cycle_id: Option<Uuid>,
    /// Only ratings of people whose grades are distributed in this department.
    department_id: Option<Uuid>,
    /// true: begin a CSV file with a byte order mark, which some spreadsheets need to read Chinese.
    #[param(default = false)]
    bom: Option<bool>,
}

/// Export ratings
///
/// Exports every rating the caller may export, sorted by employee number and cycle, as CSV (UTF-8),
/// NDJSON or XLSX according to `Accept`, from one consistent snapshot. Department, manager,
/// population and policy are those of the launch. Columns keep their names and order; new columns
/// are only added at the end: `employee_number`, `name`, `department_code`,
/// `manager_employee_number`, `cycle_code`, `policy_code`, `policy_version`, `population`, `state`,
/// `performance`, `composite` (points with two decimal places), `computed_grade` (of the
/// composite), `calibrated_grade` (if a session moved it), `final_grade`, `acknowledged_on` (date
/// in the company's time zone). If the caller may know of a review but not of its result, scores,
/// grades and `acknowledged_on` are empty; NDJSON leaves scores and grades out. For auditors,
/// department and population are empty as well, and a filter by department returns nothing. CSV
/// cells that a spreadsheet would treat as a formula begin with an apostrophe; in XLSX they are
/// text. NDJSON ends with a line `{"rows":...,"withheld":...,"sha256":"..."}`, whose hash covers
/// every byte before it, so that a truncated file is noticed. `withheld` is the number of ratings
/// that belong to the file but may not be shown to the caller yet: the caller's own, and for a
/// program all that are not released. The audit log records who exported how many lines.
#[utoipa::path(tag = "ratings", operation_id = "exportRatings", params(RatingExportQuery),
    responses((status = 200, description = "The file", content(
        (String = "text/csv", example = json!("employee_number,name,department_code,manager_employee_number,cycle_code,policy_code,policy_version,population,state,performance,composite,computed_grade,calibrated_grade,final_grade,acknowledged_on\nE-0043,Li Na,SALES,E-0007,2026H1,STANDARD,3,everyone,acknowledged,104.50,101.20,B,A,A,2026-07-30\n")),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"name\":\"Li Na\",\"final_grade\":\"A\"}\n{\"rows\":1,\"withheld\":0,\"sha256\":\"9f86d081884c7d65\"}\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook of one sheet")),
    ))),
    security(("bearer" = []), ("api_key" = ["ratings:export"])))]
#[get("/export")]
async fn export_ratings(
    caller: Caller,
    query: Query<RatingExportQuery>,
) -> Result<HttpResponse, Refusal> {
    let format = Format::of(caller.request())?;
    let Query(RatingExportQuery { cycle_id, department_id, bom }) = query;
    let today = caller.actor.today;
    let shown = visibility(&caller.actor.subject, Action::RatingExport, today)?;
    if shown.everyone() == Some(Mask::Metadata) && department_id.is_some() {
        return Err(Refusal::Forbidden(FIELD_MASKED));
    }
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    let export = Export {
        format,
        bom: format == Format::Csv && bom.unwrap_or(false),
        operation: "exportRatings",
        name: format!("ratings-{today}"),
        record: Record::new("export.made", new_id(), shown.rule())
            .field("content", None::<&str>, "ratings")
            .field("cycle_id", None::<String>, id(cycle_id))
            .field("department_id", None::<String>, id(department_id)),
    };
    let filter = RatingFilter {
        cycle_id: cycle_id.map(Into::into),
        department_id: department_id.map(Into::into),
    };
    let actor = caller.actor.clone();
    deliver(&caller, export, move |store, sink| write_ratings(store, &actor, &shown, &filter, sink))
        .await
}

/// The noun.
pub const NOUN: Noun =
    Noun { tags: &[("ratings", "What came of the reviews, as a file.")], ..Noun::of(routes) };

fn routes(config: &mut ServiceConfig) {
    config.service(scope("/ratings").service(export_ratings));
}

/// A rating as a line of the file.
#[derive(Serialize)]
struct Rating<'r> {
    employee_number: &'r str,
    name: &'r str,
    department_code: Option<&'r str>,
    manager_employee_number: Option<&'r str>,
    cycle_code: &'r str,
    policy_code: &'r str,
    policy_version: i32,
    population: Option<&'r str>,
    state: State,
    #[serde(flatten)]
    result: Option<Outcome>,
    acknowledged_on: Option<NaiveDate>,
}

/// The columns for callers who may know the result.
#[derive(Serialize)]
struct Outcome {
    performance: Option<String>,
    composite: Option<String>,
    computed_grade: Option<Grade>,
    calibrated_grade: Option<Grade>,
    final_grade: Option<Grade>,
}

impl Outcome {
    fn new(results: &Results) -> Self {
        Self {
            performance: results.performance.map(|score| score.to_string()),
            composite: results.composite.map(|score| score.to_string()),
            computed_grade: results.computed_grade,
            calibrated_grade: results.calibrated_grade,
            final_grade: results.final_grade,
        }
    }
}

impl Line for Rating<'_> {
    fn cells(&self) -> Vec<Cell<'_>> {
        let result = self.result.as_ref();
        let score = |score: fn(&Outcome) -> &Option<String>| {
            let score = result.and_then(|result| score(result).as_deref());
            score.map_or(Cell::Empty, Cell::Decimal)
        };
        let grade = |grade: fn(&Outcome) -> Option<Grade>| {
            Cell::text(result.and_then(grade).map(Grade::as_str))
        };
        vec![
            Cell::Text(self.employee_number),
            Cell::Text(self.name),
            Cell::text(self.department_code),
            Cell::text(self.manager_employee_number),
            Cell::Text(self.cycle_code),
            Cell::Text(self.policy_code),
            Cell::Whole(self.policy_version),
            Cell::text(self.population),
            Cell::Text(self.state.as_str()),
            score(|shown| &shown.performance),
            score(|shown| &shown.composite),
            grade(|shown| shown.computed_grade),
            grade(|shown| shown.calibrated_grade),
            grade(|shown| shown.final_grade),
            Cell::day(self.acknowledged_on),
        ]
    }
}

/// Writes the whole file. The query restricts the rows first; then each rating is decided on by its
/// stage.
fn write_ratings(
    store: &mut dyn Store,
    actor: &Actor,
    visible: &Visibility,
    filter: &RatingFilter,
    sink: &mut Sink<'_>,
) -> Result<(), Refusal> {
    let profile = store.profile(&actor.subject.principal)?.ok_or(Refusal::NotFound)?;
    let zone = zone(&profile.time_zone)?;
    let units = store.visible_units(visible)?;
    sink.columns(COLUMNS.into_iter())?;
    let (mut written, mut withheld) = (Ok(()), 0);
    store.export_ratings(filter, visible, &units, &mut |sealed, in_units| {
        let mut target = sealed.target(actor.today);
        target.relations = Relations { in_units, ..Relations::default() };
        let permit = decide(&actor.subject, Action::RatingExport, &target).permit;
        let Some(permit) = permit else {
            withheld += 1;
            return ControlFlow::Continue(());
        };
        let read = decide(&actor.subject, Action::ReviewRead, &target).permit;
        let line = |shown: Shown<RatingRow>| {
            let (row, known) = (shown.outline(), shown.at(Mask::Full));
            sink.shows(row.review.id, row.review.employee_id);
            // What a review shows to whoever may know of it, a file shows of a draft.
            let framed = known.is_some() || read.is_some_and(|permit| permit.mask() == Mask::Full);
            let day = row.acknowledged_at.map(|at| at.with_timezone(&zone).date_naive());
            sink.line(&Rating {
                employee_number: &row.employee_number,
                name: &row.name,
                department_code: row.department_code.as_deref().filter(|_| framed),
                manager_employee_number: row.manager_employee_number.as_deref(),
                cycle_code: &row.cycle_code,
                policy_code: &row.policy_code,
                policy_version: row.policy_version,
                population: row.population.as_deref().filter(|_| framed),
                state: row.review.state,
                result: known.map(|row| Outcome::new(&row.review.results)),
                acknowledged_on: day.filter(|_| known.is_some()),
            })
        };
        written = sealed.show(&permit).map_err(Refusal::from).and_then(line);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    sink.withhold(withheld);
    written
}
