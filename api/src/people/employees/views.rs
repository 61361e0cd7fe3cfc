//! What clients see and send of employees.

use super::duties::DutyCounts;
use crate::platform::caller::Actor;
use crate::platform::page::page_of;
use crate::platform::patch::nullable;
use crate::platform::schema::{word_list, words};
use chrono::{DateTime, NaiveDate, Utc};
use domain::core::id::{EmployeeId, OrgUnitId, PositionId};
use domain::people::employment::{Employment, EmploymentStatus};
use domain::people::org::{Assignment, Employee, EmployeeAction, ExternalId};
use domain::policy::{Action, Mask, Shown, Target, decide};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
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
    #[schema(required = true, example = "li.na@example.com")]
    pub email: Option<String>,
    /// Unit the person works in.
    #[schema(required = true)]
    pub org_unit_id: Option<Uuid>,
    /// Job of the catalogue.
    #[schema(required = true)]
    pub position_id: Option<Uuid>,
    /// Title on the door.
    #[schema(required = true, example = "Account Manager")]
    pub job_title: Option<String>,
    /// Line manager.
    #[schema(required = true)]
    pub manager_id: Option<Uuid>,
    /// First working day of the last employment that has begun by the day asked for, or of the first
    /// to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hire_date: Option<NaiveDate>,
    /// Its last working day; null until known.
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
    /// What is to be handed over, where a termination was asked for and anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub open_duties: Option<DutyCounts>,
    /// What the caller may do to the record today.
    #[schema(schema_with = word_list::<EmployeeAction>)]
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
    /// The people, in the order asked for; with `updated_since`, in the order of change.
    of EmployeeView
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
    #[schema(required = true)]
    pub effective_to: Option<NaiveDate>,
    /// Unit the person works in.
    #[schema(required = true)]
    pub org_unit_id: Option<Uuid>,
    /// Job of the catalogue.
    #[schema(required = true)]
    pub position_id: Option<Uuid>,
    /// Title on the door.
    #[schema(required = true, example = "Account Manager")]
    pub job_title: Option<String>,
    /// Line manager.
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

/// One period in which a person works here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Employment)]
pub struct EmploymentView {
    /// First working day.
    pub hire_date: NaiveDate,
    /// Last working day; null until known.
    #[schema(required = true)]
    pub last_day: Option<NaiveDate>,
    /// Why it ended or will end; null where nobody said. Absent for whoever may not see all of the
    /// person.
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
    /// The employments, oldest first. No day lies in two of them, and only the last may be open.
    of EmploymentView
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
    #[schema(
        min_length = 3,
        max_length = 254,
        format = "idn-email",
        example = "li.na@example.com"
    )]
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
        format = "idn-email",
        example = "na.li@example.com"
    )]
    pub email: Option<Option<String>>,
    /// First working day of the employment that is shown today.
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

/// Another employment of somebody who has left or will leave.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmployment {
    /// First working day, after the last one of the employment before.
    pub hire_date: NaiveDate,
    /// Last working day, if it is known.
    pub last_day: Option<NaiveDate>,
    /// Number given by the company, if it is another one than before.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^\S(.*\S)?$",
        nullable = false,
        example = "E-2043"
    )]
    pub employee_number: Option<String>,
    /// Why, for the audit log.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S", example = "Came back")]
    pub reason: Option<String>,
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
