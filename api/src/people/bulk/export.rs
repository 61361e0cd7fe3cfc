//! Export of employees.

use crate::platform::app::new_id;
use crate::platform::caller::Caller;
use crate::platform::files::export::{Export, Format, Line, Sink, deliver};
use crate::platform::files::xlsx::Cell;
use crate::platform::parameters::Query;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use domain::core::change::Record;
use domain::policy::{Action, Mask, Visibility, visibility};
use persistence::{ExportRow, Store};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use utoipa::IntoParams;

/// Fixed columns of the file; columns of external ids follow. New columns are only added at the
/// end.
const COLUMNS: [&str; 9] = [
    "employee_number",
    "name",
    "email",
    "org_unit_code",
    "position_code",
    "job_title",
    "manager_employee_number",
    "hire_date",
    "termination_date",
];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Day whose units, jobs and managers are shown; today if absent. People who begin later are
    /// shown with the values of their first day.
    as_of: Option<NaiveDate>,
    /// true: begin a CSV file with a byte order mark, which some spreadsheets need to read Chinese.
    #[param(default = false)]
    bom: Option<bool>,
}

/// Export employees
///
/// Exports everyone the caller may export, sorted by employee number, as CSV (UTF-8), NDJSON or
/// XLSX according to `Accept`, from one consistent snapshot. The columns are those of the import,
/// with one `external_ids.<system>` for each system in use; importing the file again changes
/// nothing. CSV cells that a spreadsheet would treat as a formula begin with an apostrophe; in XLSX
/// they are text. NDJSON ends with a line `{"rows":...,"sha256":"..."}`, whose hash covers every
/// byte before it, so that a truncated file is noticed. That line contains `withheld`, the number
/// of people left out, if there are people whose accounts the caller could act through. The audit
/// log records who exported how many lines.
#[utoipa::path(tag = "employees", operation_id = "exportEmployees", params(ExportQuery),
    responses((status = 200, description = "The file", content(
        (String = "text/csv", example = json!("employee_number,name,email,org_unit_code,position_code,job_title,manager_employee_number,hire_date,termination_date\nE-0043,Li Na,li.na@example.com,SALES-EU,SALES-REP,,E-0007,2024-03-01,\n")),
        (String = "application/x-ndjson", example = json!("{\"employee_number\":\"E-0043\",\"name\":\"Li Na\"}\n{\"rows\":1,\"sha256\":\"9f86d081884c7d65\"}\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("a workbook of one sheet")),
    ))),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/employees/export")]
pub async fn export_employees(
    caller: Caller,
    query: Query<ExportQuery>,
) -> Result<HttpResponse, Refusal> {
    let format = Format::of(caller.request())?;
    let today = caller.actor.today;
    let day = query.0.as_of.unwrap_or(today);
    // Today's units decide who may be exported, whatever day is shown.
    let shown = visibility(&caller.actor.subject, Action::EmployeeExport, today)?;
    let export = Export {
        operation: "exportEmployees",
        format,
        bom: format == Format::Csv && query.0.bom.unwrap_or(false),
        name: format!("employees-{day}"),
        record: Record::new("export.made", new_id(), shown.rule())
            .field("content", None::<&str>, "employees")
            .field("as_of", None::<String>, day.to_string()),
    };
    deliver(&caller, export, move |store, sink| write_people(store, &shown, day, sink)).await
}

/// A person as a line of the file, with the properties of an import.
#[derive(Serialize)]
struct Person<'r> {
    employee_number: &'r str,
    name: &'r str,
    email: Option<&'r str>,
    org_unit_code: Option<&'r str>,
    position_code: Option<&'r str>,
    job_title: Option<&'r str>,
    manager_employee_number: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hire_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_date: Option<Option<NaiveDate>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ids: Option<&'r BTreeMap<String, String>>,
    #[serde(skip)]
    systems: &'r [String],
}

impl<'r> Person<'r> {
    /// `wide` shows more than the fields of the directory.
    fn new(row: &'r ExportRow, systems: &'r [String], wide: bool) -> Self {
        Self {
            employee_number: &row.employee_number,
            name: &row.name,
            email: row.email.as_deref(),
            org_unit_code: row.org_unit_code.as_deref(),
            position_code: row.position_code.as_deref(),
            job_title: row.job_title.as_deref(),
            manager_employee_number: row.manager_employee_number.as_deref(),
            hire_date: wide.then_some(row.hire_date),
            termination_date: wide.then_some(row.termination_date),
            external_ids: wide.then_some(&row.external_ids),
            systems,
        }
    }
}

impl Line for Person<'_> {
    fn cells(&self) -> Vec<Cell<'_>> {
        let mut cells = vec![
            Cell::Text(self.employee_number),
            Cell::Text(self.name),
            Cell::text(self.email),
            Cell::text(self.org_unit_code),
            Cell::text(self.position_code),
            Cell::text(self.job_title),
            Cell::text(self.manager_employee_number),
            Cell::day(self.hire_date),
            Cell::day(self.termination_date.flatten()),
        ];
        let external_id = |system| self.external_ids.and_then(|ids| ids.get(system));
        cells.extend(
            self.systems.iter().map(|system| Cell::text(external_id(system).map(String::as_str))),
        );
        cells
    }
}

/// Writes the whole file.
fn write_people(
    store: &mut dyn Store,
    shown: &Visibility,
    day: NaiveDate,
    sink: &mut Sink<'_>,
) -> Result<(), Refusal> {
    let units = store.visible_units(shown)?;
    // A person found through a unit is shown in full; the mask limits only a list of everyone.
    let wide = shown.everyone().is_none_or(|mask| mask >= Mask::Metadata);
    let systems = if wide { store.external_systems()? } else { Vec::new() };
    let external: Vec<_> = systems.iter().map(|name| format!("external_ids.{name}")).collect();
    sink.columns(COLUMNS.into_iter().chain(external.iter().map(String::as_str)))?;
    let mut written = Ok(());
    let withheld = store.export(shown, &units, day, &mut |row| {
        written = sink.line(&Person::new(&row, &systems, wide));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    if withheld > 0 {
        sink.withhold(withheld);
    }
    written
}
