//! What clients see and send about employees.

use super::duties::DutyCounts;
use crate::people::words;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::patch::nullable;
use crate::platform::relations::{Kept, differs};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::people::employment::{Employment, EmploymentStatus};
use domain::people::org::{Assignment, Employee, EmployeeAction, ExternalId};
use domain::people::search::Named;
use domain::policy::{Action, Mask, Shown, Target, decide};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// An id of the person in another system, such as an HRIS.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ExternalId)]
#[serde(deny_unknown_fields)]
pub struct ExternalIdView {
    /// Name of the other system.
    #[schema(pattern = "^[a-z0-9_-]{1,40}$", example = "workday")]
    pub system: String,
    /// Id of the person in that system.
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

/// A person, with unit, job and manager on one day. Dates of employment, status and ids in other
/// systems are absent if the caller may see only the directory.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Employee)]
pub struct EmployeeView {
    /// Id of the employee.
    pub id: Uuid,
    /// Employee number given by the company, unique in the tenant.
    #[schema(example = "E-0043")]
    pub employee_number: String,
    /// Full name of the person.
    #[schema(example = "Li Na")]
    pub name: String,
    /// Work e-mail address; null if there is none.
    #[schema(required = true, example = "li.na@example.com")]
    pub email: Option<String>,
    /// Unit the person works in; null if none.
    #[schema(required = true)]
    pub org_unit_id: Option<Uuid>,
    /// Position in the catalogue of jobs; null if none.
    #[schema(required = true)]
    pub position_id: Option<Uuid>,
    /// Job title; null if none.
    #[schema(required = true, example = "Account Manager")]
    pub job_title: Option<String>,
    /// Line manager; null if none.
    #[schema(required = true)]
    pub manager_id: Option<Uuid>,
    /// First working day of the latest employment that began on or before the day shown; if none
    /// has, of the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hire_date: Option<NaiveDate>,
    /// Last working day of that employment; null while it is open-ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<NaiveDate>, required = false)]
    pub termination_date: Option<Option<NaiveDate>>,
    /// Whether the person is employed on the day shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = words::EmployeeStatus, required = false)]
    pub status: Option<EmploymentStatus>,
    /// Ids in other systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub external_ids: Option<Vec<ExternalIdView>>,
    /// Counts of duties to hand over. Present only in the answer to a termination, if there are
    /// any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub open_duties: Option<DutyCounts>,
    /// Actions the caller may take on the record today.
    #[schema(value_type = HashSet<words::EmployeeAction>)]
    pub allowed_actions: Vec<EmployeeAction>,
    /// Version of the record: starts at 1 and grows by 1 with each change.
    #[schema(example = 1)]
    pub version: i32,
    /// When the record was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub created_at: Option<DateTime<Utc>>,
    /// When the record was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updated_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a EmployeeView> for Named<'a> {
    fn from(view: &'a EmployeeView) -> Self {
        let email = view.email.as_deref();
        Self { number: &view.employee_number, name: &view.name, email }
    }
}

impl EmployeeView {
    /// The person as far as `actor`, who stands to it as `target` says, sees it; state as of `day`.
    pub(super) fn new(
        actor: &Actor,
        seen: &Shown<Employee>,
        target: &Target,
        day: NaiveDate,
    ) -> Self {
        let (employee, wide) = (seen.outline(), seen.at(Mask::Metadata));
        let writable = decide(&actor.subject, Action::EmployeeWrite, target).permit.is_some();
        let allowed_actions =
            if writable { employee.possible_actions(actor.today) } else { Vec::new() };
        let employment = wide.map(|employee| employee.employments.shown(day).period);
        let assignment = employee.assignment.as_ref();
        Self {
            id: employee.id.uuid(),
            employee_number: employee.employee_number.clone(),
            name: employee.name.clone(),
            email: employee.email.clone(),
            org_unit_id: assignment.and_then(|now| now.org_unit_id).map(OrgUnitId::uuid),
            position_id: assignment.and_then(|now| now.position_id).map(PositionId::uuid),
            job_title: assignment.and_then(|now| now.job_title.clone()),
            manager_id: assignment.and_then(|now| now.manager_id).map(EmployeeId::uuid),
            hire_date: employment.map(|period| period.start),
            termination_date: employment.map(|period| period.end),
            status: wide.map(|employee| employee.status(day)),
            external_ids: wide.map(|employee| {
                employee.external_ids.iter().cloned().map(ExternalIdView::from).collect()
            }),
            open_duties: None,
            allowed_actions,
            version: employee.version,
            created_at: wide.map(|employee| employee.created_at),
            updated_at: wide.map(|employee| employee.updated_at),
        }
    }
}

page_of! {
    /// A page of employees.
    pub struct EmployeePage
    /// The people, in the requested order; with `q`, those who fit best first; with `updated_since`, in
    /// the order of change.
    of EmployeeView, counted, created by Action::EmployeeWrite
}

/// A period with one unit, job and manager of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub struct AssignmentView {
    /// Id of the assignment.
    pub id: Uuid,
    /// First day of the assignment.
    pub effective_from: NaiveDate,
    /// Last day of the assignment; null if it is open-ended.
    #[schema(required = true)]
    pub effective_to: Option<NaiveDate>,
    /// Unit the person works in; null if none.
    #[schema(required = true)]
    pub org_unit_id: Option<Uuid>,
    /// Position in the catalogue of jobs; null if none.
    #[schema(required = true)]
    pub position_id: Option<Uuid>,
    /// Job title; null if none.
    #[schema(required = true, example = "Account Manager")]
    pub job_title: Option<String>,
    /// Line manager; null if none.
    #[schema(required = true)]
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

page_of! {
    /// A page of a person's assignments.
    pub struct AssignmentPage
    /// The assignments, oldest first; each ends on the day before the next begins.
    of AssignmentView
}

/// A period in which a person is employed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Employment)]
pub struct EmploymentView {
    /// First working day.
    pub hire_date: NaiveDate,
    /// Last working day; null while it is open-ended.
    #[schema(required = true)]
    pub last_day: Option<NaiveDate>,
    /// Reason why it ended or will end; null if none was given. Absent for callers who may not see
    /// all fields of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, required = false, example = "Resigned")]
    pub reason: Option<Option<String>>,
}

impl EmploymentView {
    /// An employment as far as its reader sees it.
    pub(super) fn new(shown: &Shown<Employment>) -> Self {
        let employment = shown.outline();
        Self {
            hire_date: employment.hire_date(),
            last_day: employment.last_day(),
            reason: shown.at(Mask::Full).map(|employment| employment.reason.clone()),
        }
    }
}

page_of! {
    /// A page of a person's employments.
    pub struct EmploymentPage
    /// The employments, oldest first. They do not overlap, and only the last one may be open-ended.
    of EmploymentView
}

/// A manager in a reporting line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineManager)]
pub struct LineManagerView {
    /// Number of steps up from the person: 1 is the line manager.
    #[schema(minimum = 1, maximum = 32, example = 1)]
    pub level: usize,
    /// Employee id of the manager.
    pub employee_id: Uuid,
    /// Employee number of the manager.
    #[schema(example = "E-0007")]
    pub employee_number: String,
    /// Full name of the manager.
    #[schema(example = "Wang Wei")]
    pub name: String,
}

/// The managers above a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportingLine)]
pub struct ReportingLineView {
    /// Managers, from the line manager up.
    pub items: Vec<LineManagerView>,
}

/// A person has one id in each system.
fn one_per_system(ids: &[ExternalIdView]) -> Kept {
    differs(ids, "system", |id| id.system.clone())
}

/// A new employee, with the first assignment.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewEmployee {
    /// Employee number given by the company, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        example = "E-0043"
    )]
    pub employee_number: String,
    /// Full name of the person.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        example = "Li Na"
    )]
    pub name: String,
    /// Work e-mail address.
    #[schema(
        min_length = 3,
        max_length = 254,
        format = "idn-email",
        example = "li.na@example.com"
    )]
    pub email: Option<String>,
    /// First working day.
    pub hire_date: NaiveDate,
    /// Ids in other systems, at most one per system.
    #[serde(default)]
    #[schema(max_items = 20)]
    #[validate(custom(function = "one_per_system"))]
    pub external_ids: Vec<ExternalIdView>,
    /// First day of the assignment; the hire date if absent.
    #[schema(nullable = false)]
    pub effective_from: Option<NaiveDate>,
    /// Unit the person works in.
    pub org_unit_id: Option<Uuid>,
    /// Position in the catalogue of jobs.
    pub position_id: Option<Uuid>,
    /// Job title.
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

/// A merge patch of an employee: an absent property stays as it is, null clears it.
#[derive(Clone, Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EmployeePatch {
    /// Employee number given by the company, unique in the tenant.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        nullable = false,
        example = "E-0043"
    )]
    pub employee_number: Option<String>,
    /// Full name of the person.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\S(.*\S)?$",
        format = "name",
        nullable = false,
        example = "Li Na"
    )]
    pub name: Option<String>,
    /// Work e-mail address; null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(
        value_type = Option<String>,
        min_length = 3,
        max_length = 254,
        format = "idn-email",
        example = "na.li@example.com"
    )]
    pub email: Option<Option<String>>,
    /// First working day of the employment shown today.
    #[schema(nullable = false)]
    pub hire_date: Option<NaiveDate>,
    /// Ids in other systems, at most one per system; replaces all of them.
    #[schema(max_items = 20, nullable = false)]
    #[validate(custom(function = "one_per_system"))]
    pub external_ids: Option<Vec<ExternalIdView>>,
}

/// Another unit, job or manager from a day on. An absent property stays as it was on that day, null
/// clears it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// First day of the assignment.
    pub effective_from: NaiveDate,
    /// Unit the person works in.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub org_unit_id: Option<Option<Uuid>>,
    /// Position in the catalogue of jobs.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub position_id: Option<Option<Uuid>>,
    /// Job title.
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
    /// Reason, for the audit log.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S", example = "Resigned")]
    pub reason: String,
}

/// Another employment of a person who has left or will leave.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmployment {
    /// First working day, after the last working day of the previous employment.
    pub hire_date: NaiveDate,
    /// Last working day; absent if it is not known.
    pub last_day: Option<NaiveDate>,
    /// New employee number; the previous one if absent.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        format = "key",
        nullable = false,
        example = "E-2043"
    )]
    pub employee_number: Option<String>,
    /// Reason, for the audit log.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S", example = "Came back")]
    pub reason: Option<String>,
}

/// Removal of the last working day of an employment.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReinstatement {
    /// Reason, for the audit log.
    #[schema(
        min_length = 1,
        max_length = 1000,
        pattern = r"\S",
        example = "Resignation withdrawn"
    )]
    pub reason: String,
}
