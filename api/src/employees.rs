//! Employees: people, their units, jobs and managers from day to day.

use crate::app::new_id;
use crate::caller::{Actor, Caller};
use crate::extract::{Body, PathId, Query};
use crate::org_units::{DayQuery, HistoryQuery};
use crate::patch::nullable;
use crate::problem::Violation;
use crate::refusal::{Refusal, line_fault};
use crate::reply::Reply;
use crate::schema::words;
use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use domain::change::{Change, Record};
use domain::id::{AssignmentId, EmployeeId, OrgUnitId, PositionId};
use domain::org::{
    Assignment, Employee, EmployeeAction, EmploymentStatus, ExternalId, Height, Reach, TreeFault,
    check_line, insert_stretch,
};
use domain::policy::{
    Action, FIELD_MASKED, Mask, Permit, Relations, Sealed, Target, Visibility, authorise, decide,
    relations_matter, visibility,
};
use domain::text::TextEnum;
use domain::time::Period;
use persistence::{After, DbError, EmployeeFilter, EmployeeOrder, Page, Store};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

/// An id in another system, such as an HRIS.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ExternalId)]
#[serde(deny_unknown_fields)]
pub struct ExternalIdView {
    /// Name of the system.
    #[schema(pattern = "^[a-z0-9_-]{1,40}$", example = "workday")]
    pub system: String,
    /// The id there.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "21-0043")]
    pub value: String,
}

impl From<ExternalId> for ExternalIdView {
    fn from(ExternalId { system, value }: ExternalId) -> Self {
        Self { system, value }
    }
}

impl From<ExternalIdView> for ExternalId {
    fn from(ExternalIdView { system, value }: ExternalIdView) -> Self {
        Self { system, value }
    }
}

/// A person, with unit, job and manager on one day. Dates of employment, state and ids in other
/// systems are absent where the caller may see the directory only.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Employee)]
pub struct EmployeeView {
    /// Its id.
    pub id: Uuid,
    /// Number given by the company, unique in the tenant.
    #[schema(example = "E-0043")]
    pub employee_number: String,
    /// Name shown to people.
    #[schema(example = "Li Na")]
    pub name: String,
    /// Work address.
    #[schema(example = "li.na@example.com")]
    pub email: Option<String>,
    /// Unit the person works in.
    pub org_unit_id: Option<Uuid>,
    /// Job of the catalogue.
    pub position_id: Option<Uuid>,
    /// Title on the door.
    #[schema(example = "Account Manager")]
    pub job_title: Option<String>,
    /// Line manager.
    pub manager_id: Option<Uuid>,
    /// First working day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hire_date: Option<NaiveDate>,
    /// Last working day; null until known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NaiveDate>, required = false)]
    pub termination_date: Option<Option<NaiveDate>>,
    /// Whether the person works here on the day asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::<EmploymentStatus>)]
    pub status: Option<EmploymentStatus>,
    /// Ids in other systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub external_ids: Option<Vec<ExternalIdView>>,
    /// What the caller may do to the record today.
    #[schema(schema_with = actions)]
    pub allowed_actions: Vec<EmployeeAction>,
    /// Counts changes, from 1.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub created_at: Option<DateTime<Utc>>,
    /// When the record was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updated_at: Option<DateTime<Utc>>,
}

fn actions() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new().items(words::<EmployeeAction>()).build()
}

impl EmployeeView {
    /// The person as `actor` may see it, who stands to it as `target` says; state as of `day`.
    fn new(actor: &Actor, employee: Employee, target: &Target, mask: Mask, day: NaiveDate) -> Self {
        let writable = decide(&actor.subject, Action::EmployeeWrite, target).permit.is_some();
        let allowed_actions =
            if writable { employee.possible_actions(actor.today) } else { Vec::new() };
        let wide = mask >= Mask::Metadata;
        let status = employee.status(day);
        let assignment = employee.assignment;
        let (org_unit_id, position_id, job_title, manager_id) = match assignment {
            Some(now) => (now.org_unit_id, now.position_id, now.job_title, now.manager_id),
            None => (None, None, None, None),
        };
        let external_ids = employee.external_ids.into_iter().map(ExternalIdView::from);
        Self {
            id: employee.id.uuid(),
            employee_number: employee.employee_number,
            name: employee.name,
            email: employee.email,
            org_unit_id: org_unit_id.map(OrgUnitId::uuid),
            position_id: position_id.map(PositionId::uuid),
            job_title,
            manager_id: manager_id.map(EmployeeId::uuid),
            hire_date: wide.then_some(employee.hire_date),
            termination_date: wide.then_some(employee.termination_date),
            status: wide.then_some(status),
            external_ids: wide.then(|| external_ids.collect()),
            allowed_actions,
            version: employee.version,
            created_at: wide.then_some(employee.created_at),
            updated_at: wide.then_some(employee.updated_at),
        }
    }
}

/// A page of employees.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmployeePage {
    /// The people, in the order asked for; with `updated_since`, in the order of change.
    pub items: Vec<EmployeeView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// One stretch of a person's unit, job and manager.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub struct AssignmentView {
    /// Its id.
    pub id: Uuid,
    /// First day.
    pub effective_from: NaiveDate,
    /// Last day; null until further notice.
    pub effective_to: Option<NaiveDate>,
    /// Unit the person works in.
    pub org_unit_id: Option<Uuid>,
    /// Job of the catalogue.
    pub position_id: Option<Uuid>,
    /// Title on the door.
    #[schema(example = "Account Manager")]
    pub job_title: Option<String>,
    /// Line manager.
    pub manager_id: Option<Uuid>,
}

impl From<Assignment> for AssignmentView {
    fn from(assignment: Assignment) -> Self {
        Self {
            id: assignment.id.uuid(),
            effective_from: assignment.period.start,
            effective_to: assignment.period.end,
            org_unit_id: assignment.org_unit_id.map(OrgUnitId::uuid),
            position_id: assignment.position_id.map(PositionId::uuid),
            job_title: assignment.job_title,
            manager_id: assignment.manager_id.map(EmployeeId::uuid),
        }
    }
}

/// A page of a person's assignments.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentPage {
    /// The assignments, oldest first; each ends on the day before the next begins.
    pub items: Vec<AssignmentView>,
    /// Goes on behind the last item; null on the last page.
    pub next_cursor: Option<String>,
}

/// One manager of a reporting line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineManager)]
pub struct LineManagerView {
    /// Steps up from the person: 1 is the line manager.
    #[schema(minimum = 1, maximum = 32, example = 1)]
    pub level: usize,
    /// The manager.
    pub employee_id: Uuid,
    /// Number given by the company.
    #[schema(example = "E-0007")]
    pub employee_number: String,
    /// Name shown to people.
    #[schema(example = "Wang Wei")]
    pub name: String,
}

/// Everyone above a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportingLine)]
pub struct ReportingLineView {
    /// The managers, from the nearest up.
    pub items: Vec<LineManagerView>,
}

/// A new employee, with the first assignment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmployee {
    /// Number given by the company, unique in the tenant.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\S(.*\S)?$", example = "E-0043")]
    pub employee_number: String,
    /// Name shown to people.
    #[schema(min_length = 1, max_length = 200, pattern = r"^\S(.*\S)?$", example = "Li Na")]
    pub name: String,
    /// Work address.
    #[schema(min_length = 3, max_length = 254, format = "email", example = "li.na@example.com")]
    pub email: Option<String>,
    /// First working day.
    pub hire_date: NaiveDate,
    /// Ids in other systems, one per system.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_ids: Vec<ExternalIdView>,
    /// First day of the assignment; the hire date if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
    /// Unit the person works in.
    pub org_unit_id: Option<Uuid>,
    /// Job of the catalogue.
    pub position_id: Option<Uuid>,
    /// Title on the door.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Account Manager"
    )]
    pub job_title: Option<String>,
    /// Line manager.
    pub manager_id: Option<Uuid>,
}

/// A merge patch of an employee: absent is unchanged, null is cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployeePatch {
    /// Number given by the company, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "E-0043"
    )]
    pub employee_number: Option<String>,
    /// Name shown to people.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "Li Na"
    )]
    pub name: Option<String>,
    /// Work address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 3,
        max_length = 254,
        format = "email",
        example = "na.li@example.com"
    )]
    pub email: Option<Option<String>>,
    /// First working day.
    #[schema(nullable = false)]
    pub hire_date: Option<NaiveDate>,
    /// Ids in other systems, one per system; replaces them all.
    #[schema(max_items = 20, nullable = false)]
    pub external_ids: Option<Vec<ExternalIdView>>,
}

/// Another unit, job or manager from a day on. What is absent stays as it was on that day; null
/// clears it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// First day.
    pub effective_from: NaiveDate,
    /// Unit the person works in.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub org_unit_id: Option<Option<Uuid>>,
    /// Job of the catalogue.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub position_id: Option<Option<Uuid>>,
    /// Title on the door.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        example = "Senior Account Manager"
    )]
    pub job_title: Option<Option<String>>,
    /// Line manager.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub manager_id: Option<Option<Uuid>>,
}

/// The end of an employment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTermination {
    /// Last working day.
    pub last_day: NaiveDate,
    /// Why, for the audit log.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S", example = "Resigned")]
    pub reason: String,
}

/// The end of an employment taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReinstatement {
    /// Why, for the audit log.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"\S",
        example = "Resignation withdrawn"
    )]
    pub reason: String,
}

/// What a client asks of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EmployeeQuery {
    /// Only people of this very unit.
    org_unit_id: Option<Uuid>,
    /// Only people of this unit and of all units below.
    within_org_unit_id: Option<Uuid>,
    /// Only people who report directly to this one.
    manager_id: Option<Uuid>,
    /// Only people in this state. Who may see the directory only, sees active people only.
    #[param(schema_with = words::<EmploymentStatus>)]
    status: Option<EmploymentStatus>,
    /// Only the person with this number.
    employee_number: Option<String>,
    /// Only the person with this id in another system, as `system:value`.
    #[param(pattern = "^[a-z0-9_-]{1,40}:.+$", example = "workday:21-0043")]
    external_id: Option<String>,
    /// The day whose units, jobs and managers are shown and asked for; today if absent. Another day
    /// than today shows only people whose history the caller may read.
    as_of: Option<NaiveDate>,
    /// The order: of creation, of numbers or of names.
    #[param(schema_with = words::<EmployeeOrder>)]
    sort: Option<EmployeeOrder>,
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only items changed at or after this instant, in the order of change.
    updated_since: Option<DateTime<Utc>>,
}

impl EmployeeQuery {
    fn filter(&self, today: NaiveDate) -> Result<EmployeeFilter, Refusal> {
        let malformed = |name: &str, code| {
            Refusal::Malformed(vec![Violation::new(format!("/query/{name}"), code)])
        };
        if self.sort.is_some() && self.updated_since.is_some() {
            return Err(malformed("sort", "not_allowed"));
        }
        let external_id = match self.external_id.as_deref().map(|pair| pair.split_once(':')) {
            None => None,
            Some(Some((system, value))) => {
                Some(ExternalId { system: system.to_owned(), value: value.to_owned() })
            }
            Some(None) => return Err(malformed("external_id", "pattern")),
        };
        Ok(EmployeeFilter {
            as_of: self.as_of.unwrap_or(today),
            org_unit_id: self.org_unit_id.map(OrgUnitId::from),
            within_org_unit_id: self.within_org_unit_id.map(OrgUnitId::from),
            manager_id: self.manager_id.map(EmployeeId::from),
            status: self.status,
            employee_number: self.employee_number.clone(),
            external_id,
            order: self.sort.unwrap_or(EmployeeOrder::Id),
        })
    }
}

/// List employees
///
/// The people the caller may see, each with the fields the caller may see of that person. With
/// `updated_since` the order is that of change: mirror the list by remembering the largest
/// `updated_at` seen. People are never deleted; who leaves is terminated.
#[utoipa::path(tag = "employees", operation_id = "listEmployees", params(EmployeeQuery),
    responses((status = 200, description = "A page of employees", body = EmployeePage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<EmployeeQuery>) -> Result<HttpResponse, Refusal> {
    let query = query.0;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let filter = query.filter(caller.actor.today)?;
    let (order, page) = (filter.order, request.page.clone());
    let rows = caller
        .read(move |store, actor| list_employees(store, actor, filter.clone(), &page))
        .await?;
    let (rows, next_cursor) =
        request.cut(&caller.app, rows, |(last, at)| match (query.updated_since, order) {
            (Some(_), _) => After::Updated(*at, last.id),
            (None, EmployeeOrder::Id) => After::Id(last.id),
            (None, EmployeeOrder::EmployeeNumber) => {
                After::Text(last.employee_number.clone(), last.id)
            }
            (None, EmployeeOrder::Name) => After::Text(last.name.clone(), last.id),
        });
    let items = rows.into_iter().map(|(view, _)| view).collect();
    let page = EmployeePage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Create an employee
///
/// Adds a person with the first unit, job and manager. Refused if the reporting line would run in a
/// loop or be too deep.
#[utoipa::path(tag = "employees", operation_id = "createEmployee", request_body = NewEmployee,
    responses((status = 201, description = "The new employee", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("")]
async fn create(caller: Caller, body: Body<NewEmployee>) -> Result<HttpResponse, Refusal> {
    let (id, assignment) = (new_id().into(), new_id().into());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            create_employee(store, actor, id, assignment, value.clone())
        })
        .await
}

/// Read an employee
///
/// One person, with the fields the caller may see. `as_of` shows unit, job, manager and state of
/// another day to whoever may read the person's history.
#[utoipa::path(tag = "employees", operation_id = "getEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee"), DayQuery),
    responses((status = 200, description = "The employee", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}")]
async fn read(caller: Caller, id: PathId, query: Query<DayQuery>) -> Result<HttpResponse, Refusal> {
    let (id, day) = (id.0.into(), query.0.as_of);
    let view = caller
        .read(move |store, actor| {
            let day = day.unwrap_or(actor.today);
            let sealed = store.employee(id, day)?;
            let (employee, permit, target) = open(store, actor, reading(actor, day), sealed)?;
            Ok(EmployeeView::new(actor, employee, &target, permit.mask(), day))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Change an employee
///
/// Merge patch of number, name, address, hire date and external ids. Unit, job and manager change
/// by assignments, the end of the employment by termination.
#[utoipa::path(tag = "employees", operation_id = "updateEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee")),
    request_body(content = EmployeePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The employee as changed", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    body: Body<EmployeePatch>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            update_employee(store, actor, id, expected, value.clone())
        })
        .await
}

/// Assign an employee
///
/// Gives a person another unit, job or manager from a day on, in the past or in the future. An
/// assignment planned for a later day is kept; one that begins on the same day is replaced. Refused
/// if on any of those days the reporting line would run in a loop or be too deep.
#[utoipa::path(tag = "employees", operation_id = "assignEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee")), request_body = NewAssignment,
    responses((status = 200, description = "The employee as of today", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/{id}/assignments")]
async fn assign(
    caller: Caller,
    id: PathId,
    body: Body<NewAssignment>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (id, assignment) = (id.0.into(), new_id().into());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            assign_employee(store, actor, id, expected, assignment, value.clone())
        })
        .await
}

/// List the assignments of an employee
///
/// Which unit, job and manager the person had, has and will have, oldest first.
#[utoipa::path(tag = "employees", operation_id = "listAssignments",
    params(("id" = Uuid, Path, description = "Id of the employee"), HistoryQuery),
    responses((status = 200, description = "A page of assignments", body = AssignmentPage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}/assignments")]
async fn assignments(
    caller: Caller,
    id: PathId,
    query: Query<HistoryQuery>,
) -> Result<HttpResponse, Refusal> {
    let (id, query) = (id.0.into(), query.0);
    let request = caller.page(query.limit, query.cursor.as_deref(), None)?;
    let page = request.page.clone();
    let rows = caller
        .snapshot(move |store, actor| {
            let sealed = store.employee(id, actor.today)?;
            actor.open(store, Action::EmployeeHistory, sealed)?;
            Ok(store.assignments(id, &page)?)
        })
        .await?;
    let (rows, next_cursor) = request.cut(&caller.app, rows, |last| After::Day(last.period.start));
    let items = rows.into_iter().map(AssignmentView::from).collect();
    let page = AssignmentPage { items, next_cursor: next_cursor.clone() };
    caller.listed(&page, next_cursor.as_deref())
}

/// Read a reporting line
///
/// Everyone above a person on a day, from the line manager up. Another day than today asks for the
/// right to read the person's history.
#[utoipa::path(tag = "employees", operation_id = "getReportingLine",
    params(("id" = Uuid, Path, description = "Id of the employee"), DayQuery),
    responses((status = 200, description = "The reporting line", body = ReportingLineView)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}/reporting-line")]
async fn reporting_line(
    caller: Caller,
    id: PathId,
    query: Query<DayQuery>,
) -> Result<HttpResponse, Refusal> {
    let (id, day) = (id.0.into(), query.0.as_of);
    let (version, line) = caller
        .snapshot(move |store, actor| {
            let day = day.unwrap_or(actor.today);
            let sealed = store.employee(id, day)?;
            let (employee, _, _) = open(store, actor, reading(actor, day), sealed)?;
            let line = store.managers_above(id, None, Period { start: day, end: Some(day) })?;
            Ok((employee.version, line))
        })
        .await?;
    let above = line.into_iter().skip(1).map(|Reach { steps, node, key, name, .. }| {
        LineManagerView { level: steps - 1, employee_id: node.uuid(), employee_number: key, name }
    });
    caller.found(version, &ReportingLineView { items: above.collect() })
}

/// Terminate an employee
///
/// Sets the last working day, in the past or in the future. As long as it has not passed, it may be
/// set again.
#[utoipa::path(tag = "employees", operation_id = "terminateEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee")), request_body = NewTermination,
    responses((status = 200, description = "The employee as changed", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/{id}/termination")]
async fn terminate(
    caller: Caller,
    id: PathId,
    body: Body<NewTermination>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            terminate_employee(store, actor, id, expected, &value)
        })
        .await
}

/// Reinstate an employee
///
/// Takes the last working day back, whether it has passed or not.
#[utoipa::path(tag = "employees", operation_id = "reinstateEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee")),
    request_body = NewReinstatement,
    responses((status = 200, description = "The employee as changed", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/{id}/reinstatement")]
async fn reinstate(
    caller: Caller,
    id: PathId,
    body: Body<NewReinstatement>,
) -> Result<HttpResponse, Refusal> {
    let expected = caller.expected_version()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            reinstate_employee(store, actor, id, expected, &value)
        })
        .await
}

/// Routes of the noun.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/employees")
            .service(list)
            .service(create)
            .service(read)
            .service(update)
            .service(assign)
            .service(assignments)
            .service(reporting_line)
            .service(terminate)
            .service(reinstate),
    );
}

/// What reading a person on a day asks for: another day than today is history, past or planned.
fn reading(actor: &Actor, day: NaiveDate) -> Action {
    if day == actor.today { Action::EmployeeRead } else { Action::EmployeeHistory }
}

/// Opens a person like [`Actor::open`], and tells how the caller stands to it. The directory shows
/// nobody who has left.
fn open(
    store: &mut dyn Store,
    actor: &Actor,
    action: Action,
    sealed: Option<Sealed<Employee>>,
) -> Result<(Employee, Permit, Target), Refusal> {
    let sealed = sealed.ok_or(Refusal::NotFound)?;
    let mut target = sealed.target();
    actor.relate(store, action, &mut target, actor.today)?;
    let permit = authorise(&actor.subject, action, &target)?;
    let employee = sealed.open(&permit)?;
    let gone = employee.status(actor.today) == EmploymentStatus::Terminated;
    if gone && permit.mask() == Mask::Directory {
        return Err(Refusal::NotFound);
    }
    Ok((employee, permit, target))
}

/// A person as of today, if the caller may change it and has read its newest version.
fn open_to_write(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    expected: i32,
) -> Result<(Employee, Permit, Target), Refusal> {
    let sealed = store.employee(id, actor.today)?;
    let opened = open(store, actor, Action::EmployeeWrite, sealed)?;
    if opened.0.version == expected { Ok(opened) } else { Err(Refusal::Stale) }
}

/// The people of a page as the caller may see them, each with when it was last changed.
pub fn list_employees(
    store: &mut dyn Store,
    actor: &Actor,
    mut filter: EmployeeFilter,
    page: &Page,
) -> Result<Vec<(EmployeeView, DateTime<Utc>)>, Refusal> {
    let action = reading(actor, filter.as_of);
    let visible = visibility(&actor.subject, action, actor.today)?;
    narrow(&mut filter, &visible, page)?;
    let day = filter.as_of;
    let rows = store.employees(&filter, &visible, page)?;
    let view = |(sealed, relations): (Sealed<Employee>, Relations)| {
        let target = Target { relations, ..sealed.target() };
        let permit = authorise(&actor.subject, action, &target)?;
        let employee = sealed.open(&permit)?;
        let changed = employee.updated_at;
        Ok((EmployeeView::new(actor, employee, &target, permit.mask(), day), changed))
    };
    rows.into_iter().map(view).collect()
}

/// Keeps filter and order to the fields the caller sees of everyone in the list: what is masked in
/// the answer must not be told by who is in it.
fn narrow(filter: &mut EmployeeFilter, visible: &Visibility, page: &Page) -> Result<(), Refusal> {
    if visible.everyone() != Some(Mask::Directory) {
        return Ok(());
    }
    let asks_for_state = filter.status == Some(EmploymentStatus::Terminated);
    if asks_for_state || filter.external_id.is_some() || page.updated_since.is_some() {
        return Err(Refusal::Forbidden(FIELD_MASKED));
    }
    filter.status = Some(EmploymentStatus::Active);
    Ok(())
}

/// Adds a person with the first assignment.
pub fn create_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    assignment_id: AssignmentId,
    new: NewEmployee,
) -> Result<Reply<EmployeeView>, Refusal> {
    let start = new.effective_from.unwrap_or(new.hire_date);
    let assignment = Assignment {
        id: assignment_id,
        employee_id: id,
        period: Period { start, end: None },
        org_unit_id: new.org_unit_id.map(OrgUnitId::from),
        position_id: new.position_id.map(PositionId::from),
        job_title: new.job_title,
        manager_id: new.manager_id.map(EmployeeId::from),
    };
    let (permit, target) = may_place(store, actor, &assignment)?;
    let employee = Employee {
        id,
        employee_number: new.employee_number,
        name: new.name,
        email: new.email,
        hire_date: new.hire_date,
        termination_date: None,
        assignment: Some(assignment.clone()),
        external_ids: one_per_system(new.external_ids)?,
        version: 1,
        created_at: actor.now,
        updated_at: actor.now,
    };
    store.lock_lines()?;
    check_references(store, &assignment)?;
    let alone = [Height { levels: 1, days: assignment.period }];
    check_manager(store, &employee, &assignment, &alone)?;
    let record = Record::new("employee.created", id, permit.rule())
        .field("employee_number", None::<String>, employee.employee_number.clone())
        .field("name", None::<String>, employee.name.clone())
        .field("email", None::<String>, employee.email.clone())
        .field("hire_date", None::<String>, employee.hire_date.to_string())
        .field("external_ids", None::<String>, texts(&employee.external_ids));
    let record = assigned(record, None, &assignment);
    store
        .create_employee(Change::new(employee.clone(), record))
        .map_err(|error| taken(error, &employee))?;
    let shown = Employee {
        assignment: Some(assignment).filter(|first| first.period.contains(actor.today)),
        ..employee
    };
    let view = EmployeeView::new(actor, shown, &target, permit.mask(), actor.today);
    Ok(Reply::created(view, 1, format!("/v1/employees/{id}")))
}

/// Changes a person that is still in the version the caller has read.
pub fn update_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    expected: i32,
    patch: EmployeePatch,
) -> Result<Reply<EmployeeView>, Refusal> {
    let (before, permit, target) = open_to_write(store, actor, id, expected)?;
    let external_ids = patch.external_ids.map(one_per_system).transpose()?;
    let after = Employee {
        employee_number: patch.employee_number.unwrap_or_else(|| before.employee_number.clone()),
        name: patch.name.unwrap_or_else(|| before.name.clone()),
        email: patch.email.unwrap_or_else(|| before.email.clone()),
        hire_date: patch.hire_date.unwrap_or(before.hire_date),
        external_ids: external_ids.unwrap_or_else(|| before.external_ids.clone()),
        ..changed(&before, actor)
    };
    if after.termination_date.is_some_and(|last| last < after.hire_date) {
        return Err(Refusal::invalid("/hire_date", "period_invalid"));
    }
    let record = Record::new("employee.updated", id, permit.rule())
        .field("employee_number", before.employee_number, after.employee_number.clone())
        .field("name", before.name, after.name.clone())
        .field("email", before.email, after.email.clone())
        .field("hire_date", before.hire_date.to_string(), after.hire_date.to_string())
        .field("external_ids", texts(&before.external_ids), texts(&after.external_ids));
    store
        .update_employee(Change::new(after.clone(), record))
        .map_err(|error| taken(error, &after))?;
    if before.external_ids != after.external_ids {
        store
            .replace_external_ids(id, &after.external_ids)
            .map_err(|error| taken(error, &after))?;
    }
    Ok(reply(actor, after, &permit, &target))
}

/// Gives a person another unit, job or manager from a day on.
pub fn assign_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    expected: i32,
    assignment_id: AssignmentId,
    new: NewAssignment,
) -> Result<Reply<EmployeeView>, Refusal> {
    let (before, permit, target) = open_to_write(store, actor, id, expected)?;
    store.lock_lines()?;
    let history = store.assignments(id, &Page::ALL)?;
    let insertion = insert_stretch(
        history.iter().map(|assignment| assignment.period.start),
        new.effective_from,
    );
    let was = history.iter().find(|other| other.period.contains(new.effective_from));
    let was_replaced = was.filter(|_| insertion.replaced);
    let assignment = Assignment {
        id: was_replaced.map_or(assignment_id, |replaced| replaced.id),
        employee_id: id,
        period: insertion.period,
        org_unit_id: match new.org_unit_id {
            Some(unit) => unit.map(OrgUnitId::from),
            None => was.and_then(|was| was.org_unit_id),
        },
        position_id: match new.position_id {
            Some(position) => position.map(PositionId::from),
            None => was.and_then(|was| was.position_id),
        },
        job_title: match new.job_title {
            Some(title) => title,
            None => was.and_then(|was| was.job_title.clone()),
        },
        manager_id: match new.manager_id {
            Some(manager) => manager.map(EmployeeId::from),
            None => was.and_then(|was| was.manager_id),
        },
    };
    may_place(store, actor, &assignment)?;
    check_references(store, &assignment)?;
    let below = store.levels_of_people(id, assignment.period)?;
    check_manager(store, &before, &assignment, &below)?;
    store.assign(&assignment, &insertion)?;
    let record = assigned(Record::new("employee.assigned", id, permit.rule()), was, &assignment);
    let mut after = changed(&before, actor);
    if assignment.period.contains(actor.today) {
        after.assignment = Some(assignment);
    }
    store.update_employee(Change::new(after.clone(), record))?;
    Ok(reply(actor, after, &permit, &target))
}

/// Sets the last working day of a person who has not left yet.
pub fn terminate_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    expected: i32,
    termination: &NewTermination,
) -> Result<Reply<EmployeeView>, Refusal> {
    let (before, permit, target) = open_to_write(store, actor, id, expected)?;
    require(&before, EmployeeAction::Termination, actor)?;
    if termination.last_day < before.hire_date {
        return Err(Refusal::invalid("/last_day", "period_invalid"));
    }
    let after =
        Employee { termination_date: Some(termination.last_day), ..changed(&before, actor) };
    let record = Record::new("employee.terminated", id, permit.rule());
    end_or_resume(store, actor, record.because(&termination.reason), &before, &after)?;
    Ok(reply(actor, after, &permit, &target))
}

/// Takes the last working day of a person back.
pub fn reinstate_employee(
    store: &mut dyn Store,
    actor: &Actor,
    id: EmployeeId,
    expected: i32,
    reinstatement: &NewReinstatement,
) -> Result<Reply<EmployeeView>, Refusal> {
    let (before, permit, target) = open_to_write(store, actor, id, expected)?;
    require(&before, EmployeeAction::Reinstatement, actor)?;
    let after = Employee { termination_date: None, ..changed(&before, actor) };
    let record = Record::new("employee.reinstated", id, permit.rule());
    end_or_resume(store, actor, record.because(&reinstatement.reason), &before, &after)?;
    Ok(reply(actor, after, &permit, &target))
}

fn end_or_resume(
    store: &mut dyn Store,
    actor: &Actor,
    record: Record,
    before: &Employee,
    after: &Employee,
) -> Result<(), Refusal> {
    let text = |employee: &Employee| employee.termination_date.map(|day| day.to_string());
    let state = |employee: &Employee| employee.status(actor.today).as_str();
    let record = record.transition(state(before), state(after)).field(
        "termination_date",
        text(before),
        text(after),
    );
    Ok(store.update_employee(Change::new(after.clone(), record))?)
}

/// Refuses what the state of a person does not allow.
fn require(employee: &Employee, action: EmployeeAction, actor: &Actor) -> Result<(), Refusal> {
    let possible = employee.possible_actions(actor.today);
    if possible.contains(&action) {
        return Ok(());
    }
    Err(Refusal::StateConflict {
        current_state: employee.status(actor.today).as_str(),
        allowed_actions: possible.into_iter().map(TextEnum::as_str).collect(),
    })
}

fn changed(employee: &Employee, actor: &Actor) -> Employee {
    Employee { version: employee.version + 1, updated_at: actor.now, ..employee.clone() }
}

fn reply(actor: &Actor, after: Employee, permit: &Permit, target: &Target) -> Reply<EmployeeView> {
    let version = after.version;
    let view = EmployeeView::new(actor, after, target, permit.mask(), actor.today);
    Reply::changed(view, version)
}

/// Whether the caller may write a person who is placed as the assignment says: who is limited to
/// some units neither hires into others nor hands people over to them.
fn may_place(
    store: &mut dyn Store,
    actor: &Actor,
    assignment: &Assignment,
) -> Result<(Permit, Target), Refusal> {
    let about = assignment.employee_id;
    let mut target = Target { id: about.uuid(), about: Some(about), ..Target::default() };
    if let (true, Some(unit)) =
        (relations_matter(&actor.subject, Action::EmployeeWrite, &target), assignment.org_unit_id)
    {
        let first = assignment.period.start;
        let line = store.units_above(unit, None, Period { start: first, end: Some(first) })?;
        let own = actor.subject.units_of_interest();
        target.relations.in_units = line.iter().any(|reach| own.contains(&reach.node));
    }
    let decision = decide(&actor.subject, Action::EmployeeWrite, &target);
    match decision.permit {
        Some(permit) => Ok((permit, target)),
        None => Err(Refusal::Forbidden(decision.rule)),
    }
}

/// Refuses an assignment that names what is not there, every such name at once.
fn check_references(store: &mut dyn Store, assignment: &Assignment) -> Result<(), Refusal> {
    let known = store.known(assignment)?;
    let named = [
        ("/org_unit_id", assignment.org_unit_id.map(Uuid::from), known.org_unit),
        ("/position_id", assignment.position_id.map(Uuid::from), known.position),
        ("/manager_id", assignment.manager_id.map(Uuid::from), known.manager),
    ];
    let unknown: Vec<_> = named
        .into_iter()
        .filter(|(_, _, known)| !known)
        .filter_map(|(pointer, id, _)| {
            Some(Violation::new(pointer, "unknown_reference").with("value", id?))
        })
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Refusal::Invalid(unknown)) }
}

/// Refuses a manager by whom a reporting line would run in a loop or be too deep on any day.
fn check_manager(
    store: &mut dyn Store,
    employee: &Employee,
    assignment: &Assignment,
    below: &[Height],
) -> Result<(), Refusal> {
    let pointer = "/manager_id";
    let Some(manager) = assignment.manager_id else { return Ok(()) };
    if manager == employee.id {
        return Err(Refusal::ReportingLoop(vec![Violation::new(pointer, "self_reference")]));
    }
    let above = store.managers_above(manager, Some(employee.id), assignment.period)?;
    check_line(employee.id, &employee.employee_number, &above, below).map_err(|fault| {
        let violation = line_fault(pointer, &fault);
        match fault {
            TreeFault::Loop(_) => Refusal::ReportingLoop(vec![violation]),
            TreeFault::TooDeep(_) => Refusal::Invalid(vec![violation]),
        }
    })
}

/// External ids, sorted, if no system is named twice.
fn one_per_system(ids: Vec<ExternalIdView>) -> Result<Vec<ExternalId>, Refusal> {
    let mut systems = HashSet::new();
    let twice: Vec<_> = ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !systems.insert(id.system.as_str()))
        .map(|(number, id)| {
            Violation::new(format!("/external_ids/{number}/system"), "duplicate_in_request")
                .with("value", &id.system)
        })
        .collect();
    if !twice.is_empty() {
        return Err(Refusal::Invalid(twice));
    }
    let mut ids: Vec<_> = ids.into_iter().map(ExternalId::from).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// External ids as the audit log shows them.
fn texts(ids: &[ExternalId]) -> Vec<String> {
    ids.iter().map(|ExternalId { system, value }| format!("{system}:{value}")).collect()
}

/// Names the key that another employee has already.
fn taken(error: DbError, employee: &Employee) -> Refusal {
    match &error {
        DbError::Duplicate { table, .. } if table == "employee" => {
            Refusal::taken(error, "/employee_number", &employee.employee_number)
        }
        _ => Refusal::taken(error, "/external_ids", &texts(&employee.external_ids).join(", ")),
    }
}

/// Adds to a record what an assignment changes against the one in force before.
fn assigned(record: Record, was: Option<&Assignment>, now: &Assignment) -> Record {
    let unit = |a: &Assignment| a.org_unit_id.map(|id| id.to_string());
    let position = |a: &Assignment| a.position_id.map(|id| id.to_string());
    let title = |a: &Assignment| a.job_title.clone();
    let manager = |a: &Assignment| a.manager_id.map(|id| id.to_string());
    record
        .field("effective_from", None::<String>, now.period.start.to_string())
        .field("org_unit_id", was.and_then(unit), unit(now))
        .field("position_id", was.and_then(position), position(now))
        .field("job_title", was.and_then(title), title(now))
        .field("manager_id", was.and_then(manager), manager(now))
}
