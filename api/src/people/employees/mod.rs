//! Employees: people with their units, jobs and managers over time.

pub mod audit_details;
pub mod cases;
pub mod duties;
pub mod powers;
mod views;

use crate::people::org_units::{DayQuery, HistoryQuery};
use crate::people::words;
use crate::platform::app::new_id;
use crate::platform::areas::{Noun, target};
use crate::platform::caller::Caller;
use crate::platform::extract::{Body, PathId, RuledBody};
use crate::platform::parameters::Query;
use crate::platform::problem::Violation;
use crate::platform::refusal::Refusal;
use actix_web::{HttpResponse, get, patch, post};
use cases::reading;
pub use cases::*;
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::core::time::Period;
use domain::core::tree::Reach;
use domain::people::employment::EmploymentStatus;
use domain::people::org::ExternalId;
use domain::people::search::Search;
use domain::policy::Action;
use persistence::{After, EmployeeFilter, EmployeeOrder};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
pub use views::*;

/// Query parameters of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EmployeeQuery {
    /// Only people of whose name, employee number or e-mail address a part begins so. Of a Chinese name each
    /// character begins a part, of other names each word; pinyin and its initials count as the name. Case,
    /// width, accents, spaces and punctuation make no difference, and no character is a wildcard.
    #[param(max_length = 200, pattern = r"\S", example = "lixm")]
    q: Option<String>,
    /// Only these people: ids separated by commas, at most 200. Ids of nobody the caller may see are
    /// left out.
    #[param(min_length = 36)]
    ids: Option<String>,
    /// Only people of exactly this unit.
    org_unit_id: Option<Uuid>,
    /// Only people of this unit and of all units below it.
    within_org_unit_id: Option<Uuid>,
    /// Only people who report directly to this person.
    manager_id: Option<Uuid>,
    /// Only people in this position.
    position_id: Option<Uuid>,
    /// Only people with this status. Callers who see only the directory see only active people.
    #[param(value_type = Option<words::EmployeeStatus>)]
    status: Option<EmploymentStatus>,
    /// Only the person with this employee number.
    employee_number: Option<String>,
    /// Only the person with this id in another system, as `system:value`.
    #[param(pattern = "^[a-z0-9_-]{1,40}:.+$", example = "workday:21-0043")]
    external_id: Option<String>,
    /// Day for which units, jobs and managers are shown and filtered; today if absent. For another
    /// day, only people whose history the caller may read are shown.
    as_of: Option<NaiveDate>,
    /// Sort order: by creation, employee number or name. Not together with `q`.
    #[param(value_type = Option<words::EmployeeSort>)]
    sort: Option<EmployeeOrder>,
    /// Maximum number of items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only items changed at or after this instant, sorted by change. Not together with `q`.
    updated_since: Option<DateTime<Utc>>,
    /// Whether to say how many items the whole list has.
    count: Option<bool>,
}

/// Most ids to ask for at once.
const MOST_IDS: usize = 200;

impl EmployeeQuery {
    fn filter(&self, today: NaiveDate) -> Result<EmployeeFilter, Refusal> {
        let malformed = |name: &str, code| {
            Refusal::Malformed(vec![Violation::new(format!("/query/{name}"), code)])
        };
        if self.sort.is_some() && (self.updated_since.is_some() || self.q.is_some()) {
            return Err(malformed("sort", "not_allowed"));
        }
        if self.q.is_some() && self.updated_since.is_some() {
            return Err(malformed("updated_since", "not_allowed"));
        }
        let search = match self.q.as_deref().map(Search::of) {
            Some(None) => return Err(malformed("q", "pattern")),
            search => search.flatten(),
        };
        let external_id = match self.external_id.as_deref().map(|pair| pair.split_once(':')) {
            None => None,
            Some(Some((system, value))) => {
                Some(ExternalId { system: system.to_owned(), value: value.to_owned() })
            }
            Some(None) => return Err(malformed("external_id", "pattern")),
        };
        Ok(EmployeeFilter {
            as_of: self.as_of.unwrap_or(today),
            search,
            ids: self.ids.as_deref().map(people).transpose()?,
            org_unit_id: self.org_unit_id.map(OrgUnitId::from),
            within_org_unit_id: self.within_org_unit_id.map(OrgUnitId::from),
            manager_id: self.manager_id.map(EmployeeId::from),
            position_id: self.position_id.map(PositionId::from),
            status: self.status,
            employee_number: self.employee_number.clone(),
            external_id,
            order: self.sort.unwrap_or(EmployeeOrder::Id),
        })
    }
}

/// The people that a list of ids names.
fn people(ids: &str) -> Result<Vec<EmployeeId>, Refusal> {
    let malformed = |violation| Refusal::Malformed(vec![violation]);
    let count = ids.split(',').count();
    if count > MOST_IDS {
        return Err(malformed(Violation::new("/query/ids", "too_many").with("max", MOST_IDS)));
    }
    let id = |text: &str| text.trim().parse().map(|id: Uuid| id.into());
    let ids: Result<Vec<_>, _> = ids.split(',').map(id).collect();
    ids.map_err(|_| malformed(Violation::new("/query/ids", "not_a_uuid")))
}

/// List employees
///
/// Lists the people the caller may see, each with the fields the caller may see of that person. Filters
/// narrow each other. `q` searches: whose number begins so comes first, then whose name does, then whose
/// name has it inside, then whose e-mail address does. With `updated_since` they are sorted by change: to mirror the list, remember the largest
/// `updated_at` seen. People are never deleted; a person who leaves is terminated.
#[utoipa::path(tag = "employees", operation_id = "listEmployees", params(EmployeeQuery),
    responses((status = 200, description = "A page of employees", body = EmployeePage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("")]
async fn list(caller: Caller, query: Query<EmployeeQuery>) -> Result<HttpResponse, Refusal> {
    let query = query.0;
    let request = caller.page(query.limit, query.cursor.as_deref(), query.updated_since)?;
    let filter = query.filter(caller.actor.today)?;
    let (order, search, page) = (filter.order, filter.search.clone(), request.page.clone());
    let (rows, total) = caller
        .list(query.count, move |store, actor, is_counted| {
            list_employees(store, actor, filter.clone(), &page, is_counted)
        })
        .await?;
    let place =
        |(last, at): &(EmployeeView, DateTime<Utc>)| match (query.updated_since, search, order) {
            (Some(_), ..) => After::Updated(*at, last.id),
            (_, Some(search), _) => After::Text(search.place(last).unwrap_or_default(), last.id),
            (_, _, EmployeeOrder::Id) => After::Id(last.id),
            (_, _, EmployeeOrder::EmployeeNumber) => {
                After::Text(last.employee_number.clone(), last.id)
            }
            (_, _, EmployeeOrder::Name) => After::Text(last.name.clone(), last.id),
        };
    let part = request.cut(&caller.app, rows, place);
    caller.answer_counted::<EmployeePage, _>(part, total, |(view, _)| view)
}

/// Create an employee
///
/// Adds a person with the first unit, job and manager. Refused if the reporting line would form a
/// loop or be too deep, or if the manager is not employed.
#[utoipa::path(tag = "employees", operation_id = "createEmployee", request_body = NewEmployee,
    responses((status = 201, description = "The new employee", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("")]
async fn create(
    caller: Caller,
    RuledBody(body): RuledBody<NewEmployee>,
) -> Result<HttpResponse, Refusal> {
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
/// Shows one person, with the fields the caller may see. `as_of` shows unit, job, manager and
/// status on another day, if the caller may read the person's history.
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
            let (employee, target) = actor.show(store, reading(actor, day), sealed)?;
            Ok(EmployeeView::new(actor, &employee, &target, day))
        })
        .await?;
    caller.found(view.version, &view)
}

/// Change an employee
///
/// Merge patch of employee number, name, e-mail, hire date and external ids. Use assignments to
/// change unit, job or manager, a termination to end an employment, and a new employment for a
/// person who comes back.
#[utoipa::path(tag = "employees", operation_id = "updateEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee")),
    request_body(content = EmployeePatch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The employee as changed", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[patch("/{id}")]
async fn update(
    caller: Caller,
    id: PathId,
    RuledBody(body): RuledBody<EmployeePatch>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            update_employee(store, actor, id, &seen, value.clone())
        })
        .await
}

/// Assign an employee
///
/// Gives a person another unit, job or manager from a day on, past or future. An assignment planned
/// for a later day is kept; one that begins on the same day is replaced. Refused if, on any of
/// those days, the reporting line would form a loop or be too deep, or if the person or the manager
/// is not employed on the first day.
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
    let seen = caller.seen()?;
    let (id, assignment) = (id.0.into(), new_id().into());
    let Body { value, digest } = body;
    caller
        .change(Some(digest), move |store, actor| {
            assign_employee(store, actor, id, &seen, assignment, value.clone())
        })
        .await
}

/// List the assignments of an employee
///
/// Lists past, present and planned units, jobs and managers of the person, oldest first.
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
            actor.show(store, Action::EmployeeHistory, sealed)?;
            Ok(store.assignments(id, &page)?)
        })
        .await?;
    caller.answer::<AssignmentPage, _>(
        &request,
        rows,
        |last| After::Day(last.period.start),
        AssignmentView::from,
    )
}

/// Read a reporting line
///
/// Lists everyone above a person on a day, from the line manager up. Any day other than today
/// requires permission to read the person's history.
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
            let (employee, _) = actor.show(store, reading(actor, day), sealed)?;
            let employee = employee.outline();
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
/// Sets the last working day, past or future, of the present employment, otherwise of the next one.
/// It can be changed until it has passed.
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
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            terminate_employee(store, actor, id, &seen, &value)
        })
        .await
}

/// Reinstate an employee
///
/// Removes the last working day, even if it has passed, unless the person has been hired again.
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
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            reinstate_employee(store, actor, id, &seen, &value)
        })
        .await
}

/// Hire an employee again
///
/// Adds another employment for a person who has left or is about to leave. It begins after the last
/// working day of the previous one, under the same employee number or a new one. Between the two
/// employments the person is not employed. Earlier roles do not return by themselves; unit, job and
/// manager continue as before until another assignment begins.
#[utoipa::path(tag = "employees", operation_id = "rehireEmployee",
    params(("id" = Uuid, Path, description = "Id of the employee")), request_body = NewEmployment,
    responses((status = 200, description = "The employee as of today", body = EmployeeView)),
    security(("bearer" = []), ("api_key" = ["people:write"])))]
#[post("/{id}/employments")]
async fn rehire(
    caller: Caller,
    id: PathId,
    body: Body<NewEmployment>,
) -> Result<HttpResponse, Refusal> {
    let seen = caller.seen()?;
    let (id, Body { value, digest }) = (id.0.into(), body);
    caller
        .change(Some(digest), move |store, actor| {
            rehire_employee(store, actor, id, &seen, value.clone())
        })
        .await
}

/// List the employments of an employee
///
/// Lists past, present and future employments of the person, oldest first.
#[utoipa::path(tag = "employees", operation_id = "listEmployments",
    params(("id" = Uuid, Path, description = "Id of the employee"), HistoryQuery),
    responses((status = 200, description = "A page of employments", body = EmploymentPage)),
    security(("bearer" = []), ("api_key" = ["people:read"])))]
#[get("/{id}/employments")]
async fn employments(
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
            let (person, _) = actor.show(store, Action::EmployeeHistory, sealed)?;
            let view = |employment| EmploymentView::new(&person.along(employment));
            Ok(store.employments(id, &page)?.into_iter().map(view).collect())
        })
        .await?;
    caller.answer::<EmploymentPage, _>(&request, rows, |last| After::Day(last.hire_date), |row| row)
}

/// The noun.
pub const NOUN: Noun = Noun {
    tags: &[("employees", "People, their units, jobs and reporting lines.")],
    records: &[(Action::EmployeeRead, |store, actor, _, id| {
        target(actor, store.employee(id.into(), actor.today)?)
    })],
    ..Noun::of(routes)
};

fn routes(config: &mut ServiceConfig) {
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
            .service(reinstate)
            .service(rehire)
            .service(employments)
            .service(duties::open_duties),
    );
}
